"""The mutation matrix: each thing a result depends on changes its key, and nothing else does."""

import os
import platform
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PosixPath
from types import SimpleNamespace

import pytest

from report_cli.execution import registry
from report_cli.keys import environment, key
from report_cli.project import PACKAGE
from tests.datasets.making import pictures
from tests.fault.bench import FILES, MEASURED, Bench, forget
from tests.fault.cases import FAULT


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    root, package = tmp_path / "project", tmp_path / "program" / "report_cli"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(registry, "PACKAGE", package)
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text))
    (root / "pyproject.toml").write_text("[tool.report]\n")
    yield Bench(root, package, monkeypatch)
    forget()


ANOTHER = SimpleNamespace(major=3, minor=99)


class Gpu(PosixPath):
    """A machine on which every device file is there."""

    def exists(self, **_: bool) -> bool:
        return True


Change = Callable[[Bench], object]
HELPER, MAIN = "experiments/models/helpers.py", "experiments/measured.py"


def edited(name: str, old: str, new: str) -> Change:
    return lambda bench: bench.edit(name, old, new)


def appended(name: str) -> Change:
    def change(bench: Bench) -> None:
        with (bench.package.parent / name).open("a") as file:
            file.write("\n\ndef more(x):\n    return x\n")

    return change


def asked(**what: object) -> Change:
    return lambda bench: vars(bench).update(what)


def configured(text: str) -> Change:
    return lambda bench: (bench.root / "pyproject.toml").write_text(text)


def installed(package: str) -> Change:
    real = environment.version

    def change(bench: Bench) -> None:
        bench.patch.setattr(environment, "version", lambda name: "9.9" if name == package else real(name))

    return change


def set_to(variable: str, value: str) -> Change:
    return lambda bench: bench.patch.setenv(variable, value)


def other_pixel(bench: Bench) -> None:
    bench.images.pixels["train"][3][0, 0, 0] ^= 1


def other_label(bench: Bench) -> None:
    bench.images.labels["train"][3] = (bench.images.labels["train"][3] + 1) % 3


def other_part(bench: Bench) -> None:
    train, test = bench.images.pixels["train"], bench.images.pixels["test"]
    train[0], test[0] = test[0].copy(), train[0].copy()


MATTERS: dict[str, Change] = {
    "a parameter of --set": asked(settings=("epochs=3",)),
    "a parameter in pyproject.toml": configured("[tool.report.parameters.main]\nepochs = 3\n"),
    "a parameter of the profile": edited(MAIN, "Params(rate=0.25)", "Params(rate=0.26)"),
    "a default of a parameter": edited(MAIN, "epochs: int = 11", "epochs: int = 12"),
    "the type of a parameter": edited(MAIN, "epochs: int = 11", "epochs: float = 11.0"),
    "a property of the parameters": edited(MAIN, "self.epochs * 2", "self.epochs * 3"),
    "the name of the experiment": lambda b: (b.edit(MAIN, '"main", title', '"other", title'), asked(name="other")(b)),
    "the seed": asked(seed=1),
    "the measuring function": edited(MAIN, "x: x * 18", "x: x * 19"),
    "a function inside it": edited(MAIN, "x - 14", "x - 15"),
    "a helper": edited(HELPER, "by * deeper(x)", "by - deeper(x)"),
    "a default argument": edited(HELPER, "by=6", "by=7"),
    "a helper of a helper": edited(HELPER, "x + 7", "x + 8"),
    "a constant": edited(HELPER, "OFFSET = 4", "OFFSET = 5"),
    "a constant that a star imports": edited("experiments/models/numbers.py", "STARRED = 19", "STARRED = 20"),
    "a base class": edited(HELPER, "BIAS = 10", "BIAS = 11"),
    "a decorator": edited(HELPER, "function(x) + 9", "function(x) + 8"),
    "the program's training": edited("report_cli/training/fit.py", "range(len(history) + 1, epochs", "range(1, epochs"),
    "the program's steps": edited("report_cli/training/backend.py", "logits[:, 0] > 0", "logits[:, 0] >= 0"),
    "the program's dropout": edited("report_cli/training/fused.py", "_BITS = 16", "_BITS = 15"),
    "the program's precision": edited("report_cli/training/precision.py", "    keras.layers.Softmax,\n", ""),
    "what it computes once": edited("report_cli/training/frozen.py", "BATCH = 50", "BATCH = 51"),
    "the program's losses": edited(
        "report_cli/training/losses.py", "from_logits=True)\n    else", "from_logits=False)\n    else"
    ),
    "what its training records": edited("report_cli/training/classify.py", "ERRORS = 32", "ERRORS = 33"),
    "the program's split": edited("report_cli/datasets/split.py", 'name == "train", name', 'name != "train", name'),
    "the program's normalisation": edited("report_cli/datasets/normalise.py", "1 / (255 *", "1 / (256 *"),
    "the program's augmentation": edited(
        "report_cli/training/augment.py", "numbers[:, :1] < 0.5", "numbers[:, :1] < 0.4"
    ),
    "what that code imports": edited("report_cli/datasets/resize.py", "BILINEAR", "BICUBIC"),
    "how a session of Keras begins": edited(
        "report_cli/training/backend.py", "set_random_seed(seed)", "set_random_seed(seed + 1)"
    ),
    "how many threads share a sum": lambda bench: bench.patch.setattr(environment, "THREADS", 99),
    "the instructions of the processor": lambda b: b.patch.setattr(environment, "_instructions", lambda: "another"),
    "a point of the grid": asked(point=1),
    "the values of the grid": edited(MAIN, "width=[22, 23]", "width=[24, 23]"),
    "the code that draws the images": edited("experiments/models/drawing.py", "UNIT = 1000", "UNIT = 1001"),
    "embedded or real images": asked(real=True),
    "what is needed": edited(MAIN, "params.epochs + 13", "params.epochs + 14"),
    "a parameter of what is needed": configured("[tool.report.parameters.base]\nepochs = 3\n"),
    "the form of recipes": lambda bench: bench.patch.setattr(key, "SCHEMA", 99),
    "the version of Keras": installed("keras"),
    "the version of the backend": installed("tensorflow"),
    "the version of numpy": installed("numpy"),
    "the version of Pillow": installed("pillow"),
    "the backend": set_to("KERAS_BACKEND", "jax"),
    "oneDNN": set_to("TF_ENABLE_ONEDNN_OPTS", "0"),
    "the version of Python": lambda b: b.patch.setattr(
        environment, "sys", SimpleNamespace(version_info=ANOTHER, path=sys.path)
    ),
    "the device": lambda bench: bench.patch.setattr(environment, "Path", Gpu),
    "the operating system": lambda bench: bench.patch.setattr(platform, "system", lambda: "Other"),
    "the architecture": lambda bench: bench.patch.setattr(platform, "machine", lambda: "other"),
}
PIXELS_MATTER: dict[str, Change] = {
    "one bit of one pixel": other_pixel,
    "one label": other_label,
    "an image for training and one for testing exchanged": other_part,
}


def moved(bench: Bench) -> None:
    bench.root = bench.root.rename(bench.root.with_name("another place"))


def touched(bench: Bench) -> None:
    for path in bench.root.rglob("*"):
        os.utime(path, (0, 2**32))


def with_other_ends_of_lines(bench: Bench) -> None:
    for path in bench.root.rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def committed(bench: Bench) -> None:
    subprocess.run(["git", "init", "-q", bench.root], check=True)


def added(name: str, text: str) -> Change:
    def change(bench: Bench) -> None:
        (bench.root / name).parent.mkdir(parents=True, exist_ok=True)
        (bench.root / name).write_text(textwrap.dedent(text))

    return change


OTHER = MEASURED.replace('"base"', '"base2"').replace('"main"', '"main2"').replace('"tiny"', '"tiny2"')
INDIFFERENT: dict[str, Change] = {
    "nothing": lambda bench: None,
    "the time of the files": touched,
    "the place of the project": moved,
    "the ends of lines": with_other_ends_of_lines,
    "a version control": committed,
    "a comment": edited(HELPER, "# Nor this.", "# Or that."),
    "a docstring": edited(HELPER, "Not a part of the key.", "Really not."),
    "the question": edited(MAIN, "What is it?", "What was it?"),
    "a blank line": edited(HELPER, "return x + 7", "\n    return x + 7"),
    "parentheses": edited(HELPER, "return by * deeper(x)", "return (by * (deeper(x)))"),
    "another spelling of a number": edited(MAIN, "x - 14", "x - 0xE"),
    "a title": edited(MAIN, 'title="Main"', 'title="Another"'),
    "what a metric is": edited(MAIN, '"", "what it is"', '"s", "what it was"'),
    "another value of the grid": edited(MAIN, "width=[22, 23]", "width=[22, 24]"),
    "the number of seeds": edited(MAIN, '"quick": 2', '"quick": 3'),
    "the drawing of figures": edited(MAIN, '"none", 12', '"none", 13'),
    "an unused function": edited(HELPER, "x + 8", "x + 9"),
    "an unused constant": edited(HELPER, "UNUSED = 5", "UNUSED = 6"),
    "an unused constant that a star imports": edited("experiments/models/numbers.py", "SPARE = 20", "SPARE = 21"),
    "another experiment": added("experiments/another.py", OTHER),
    "a template": added("templates/answers/new.md", "Text.\n"),
    "the author": configured('[tool.report]\nauthor = "A. Student"\n'),
    "a parameter set to what it is": asked(settings=("epochs=11",)),
    "parameters of another experiment": lambda b: (
        INDIFFERENT["another experiment"](b),
        configured("[tool.report.parameters.main2]\nepochs = 3\n")(b),
    ),
    "the profile, where it changes nothing": asked(profile="smoke"),
    "how the program takes down what is recorded": edited(
        "report_cli/execution/recorder.py", "{epoch:05d}", "{epoch:06d}"
    ),
    "how it runs": edited("report_cli/execution/runner.py", "COPIES = 3", "COPIES = 4"),
    "its messages": edited("report_cli/errors.py", "self.hint = hint", "self.hint = str(hint)"),
    "how it writes files": appended("report_cli/files.py"),
    "how it finds weights, which are known by their digest": edited("report_cli/datasets/weights.py", "*.h5", "*.hdf5"),
    "its progress": edited("report_cli/cli/progress.py", "EVERY_S = 10.0", "EVERY_S = 5.0"),
    "its manifest": edited("report_cli/store/manifest.py", 'NAME = "manifest.json"', 'NAME = "list.json"'),
    "its statistics": appended("report_cli/stats.py"),
    "the program's pages": appended("report_cli/report/html/compose.py"),
    "the program's command line": appended("report_cli/cli/console.py"),
    "the user": set_to("USER", "another"),
    "the home": set_to("HOME", "/nowhere"),
    "the time zone": set_to("TZ", "Asia/Kathmandu"),
    "the language": set_to("LC_ALL", "tr_TR.UTF-8"),
    "the seed of Python's hashes": set_to("PYTHONHASHSEED", "1"),
    "the version of a package that measures nothing": installed("weasyprint"),
}
PIXELS_INDIFFERENT: dict[str, Change] = {
    "the layout of the images": asked(layout="binary archive"),
    "the order of the images": asked(images=pictures(0, order=3)),
    "the code that draws embedded images": edited("experiments/models/drawing.py", "UNIT = 1000", "UNIT = 1001"),
}


def quick(changes: Iterable[str]) -> list[object]:
    """Return the changes, of which `make test` tries every ninth."""
    return [pytest.param(change, marks=[FAULT] if n % 9 else []) for n, change in enumerate(changes)]


@pytest.mark.parametrize("change", quick([*MATTERS, *PIXELS_MATTER]))
def test_what_matters(bench: Bench, change: str, record_property: Callable[[str, object], None]) -> None:
    """Each thing that decides a result changes its key."""
    bench.real = change in PIXELS_MATTER
    before = bench.key()
    (MATTERS | PIXELS_MATTER)[change](bench)
    seen = bench.key() != before
    record_property("changes seen", int(seen))
    assert seen


@pytest.mark.parametrize("change", quick([*INDIFFERENT, *PIXELS_INDIFFERENT]))
def test_what_does_not_matter(bench: Bench, change: str, record_property: Callable[[str, object], None]) -> None:
    """Nothing else does: no result is computed anew for it."""
    bench.real = change in PIXELS_INDIFFERENT
    before = bench.key()
    (INDIFFERENT | PIXELS_INDIFFERENT)[change](bench)
    same = bench.key() == before
    record_property("keys kept", int(same))
    assert same
