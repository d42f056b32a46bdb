"""Random edits of code: what the store answers is what a run without any store would give."""

import os
import random
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from report_cli.keys import dependencies, sources
from report_cli.project import Project
from tests.fault.cases import numbered
from tests.fault.inline import made, run

EDITS = 5
HELPERS = '''
    """Helpers, of which some are used."""

    import functools
    from dataclasses import dataclass
    from experiments.models import constants
    from experiments.models.constants import *
    from experiments.models.shapes import Square as Box

    TABLE = {"a": 2, "b": 3}
    OFFSET = 4


    def twice(x):
        # Doubles.
        return 2 * x


    def unused(x):
        return 1000 * x


    def scaled(x, by=5):
        return by * x


    def traced(function):
        @functools.wraps(function)
        def inner(x):
            return function(x) + 6
        return inner


    @traced
    def third(x):
        return x / 3


    class Base:
        BIAS = 7

        def apply(self, x):
            return x + self.BIAS


    class Derived(Base):
        def apply(self, x):
            return super().apply(x) * 8


    @dataclass(frozen=True)
    class Settings:
        width: int = 9

        @property
        def area(self):
            return self.width * 10


    def chosen(name):
        return {"twice": twice, "scaled": scaled}[name]


    def total(x):
        def local(y):
            return y - 11
        parts = [twice(x), scaled(x), third(x), Derived().apply(x), local(x), (lambda z: z * 12)(x)]
        parts += [Settings().area, TABLE["a"], OFFSET, constants.DEEP, STARRED, Box(13).area()]
        return sum(parts) + chosen("twice")(14)
'''
CONSTANTS = '''
    """Numbers."""

    DEEP = 15
    STARRED = 16
    SPARE = 17
'''
SHAPES = '''
    """A class in a module of its own."""


    class Shape:
        SIDES = 18


    class Square(Shape):
        def __init__(self, side):
            self.side = side

        def area(self):
            return self.side * self.side + self.SIDES
'''
MEASURED = '''
    """The experiment."""

    from dataclasses import dataclass

    from report_cli.experiment import every_profile, experiment

    UNIT = 19


    @dataclass(frozen=True)
    class Params:
        start: int = 20

        @property
        def shifted(self):
            return self.start + 21


    def draw(run, figures):
        figures.add("none", 22, alt="")


    @experiment("sum", title="A sum 23", metrics={"value": "24"}, profiles=every_profile(Params()))
    def summed(params, data, record):
        """Returns 25."""
        from experiments.models.helpers import total

        record.scalar("value", float(total(params.shifted) + UNIT))
'''
FILES = {
    "experiments/summed.py": MEASURED,
    "experiments/__init__.py": "",
    "experiments/models/__init__.py": "",
    "experiments/models/helpers.py": HELPERS,
    "experiments/models/constants.py": CONSTANTS,
    "experiments/models/shapes.py": SHAPES,
}


def furnished(root: Path) -> Project:
    """Return a project whose experiment adds up what many kinds of definitions give."""
    project = made(root)
    (root / "experiments" / "walk.py").unlink()
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(textwrap.dedent(text))
    return project


def edit(root: Path, chance: random.Random) -> str:
    """Change something in a file, as people do, and say what."""
    path = root / chance.choice([name for name, text in FILES.items() if text])
    lines = path.read_text().splitlines()
    kind = chance.choice(["number", "number", "number", "same size", "comment", "blank", "operator", "swap"])
    at = chance.choice([n for n, line in enumerate(lines) if any(c.isdigit() for c in line)])
    if kind in ("number", "same size"):
        digits = [n for n, c in enumerate(lines[at]) if c.isdigit()]
        n = chance.choice(digits)
        digit = chance.choice("123456789") if kind == "same size" else chance.choice(["31", "57", "4"])
        lines[at] = lines[at][:n] + digit + lines[at][n + 1 :]
    elif kind == "comment":
        lines.insert(0, f"# A remark, number {chance.random()}.")
    elif kind == "blank":
        lines.append("")
    elif kind == "operator":
        starred = [n for n, line in enumerate(lines) if " * " in line]
        if starred:
            n = chance.choice(starred)
            lines[n] = lines[n].replace(" * ", " + ", 1)
    else:
        lines = [line.replace("OFFSET = 4", "OFFSET = 26").replace("BIAS = 7", "BIAS = 27") for line in lines]
    times = path.stat()
    path.write_text("\n".join(lines) + "\n")
    if kind == "same size":
        # Neither size nor time tell that anything changed.
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return f"{kind} in {path.name}:{at + 1}"


def oracle(root: Path) -> float:
    """Return what the experiment measures, from nothing but its text."""
    with fresh_imports(root):
        namespace: dict[str, object] = {}
        exec(compile((root / "experiments/summed.py").read_text(), "summed.py", "exec"), namespace)

        class Taken:
            value = 0.0

            def scalar(self, name: str, value: float) -> None:
                self.value = value

        taken = Taken()
        measured = namespace["summed"].measure  # type: ignore[attr-defined]
        measured(namespace["Params"](), None, taken)  # type: ignore[operator]
        return taken.value


@contextmanager
def fresh_imports(root: Path) -> Iterator[None]:
    """Import the project's modules from its files, past every cache."""
    ours = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "experiments"}
    finders, wrote = sys.meta_path[:], sys.dont_write_bytecode
    sys.meta_path[:] = [finder for finder in finders if "Snapshot" not in type(finder).__name__]
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    sys.path_importer_cache.clear()
    try:
        yield
    finally:
        sys.path.remove(str(root))
        sys.meta_path[:], sys.dont_write_bytecode = finders, wrote
        for name in [name for name in sys.modules if name.partition(".")[0] == "experiments"]:
            del sys.modules[name]
        sys.modules.update(ours)


def stale_hits(project: Project, case: int) -> tuple[int, int]:
    """Edit the code a few times; return how often the store's answer was stale, and how often a run was needless."""
    chance = random.Random(case)
    stale = needless = 0
    known = {oracle(project.root)}
    run(project, "sum")
    for _ in range(EDITS):
        what = edit(project.root, chance)
        try:
            true = oracle(project.root)
        except Exception:  # noqa: BLE001 - an edit may break the code; then there is nothing to compare
            continue
        finished = run(project, "sum")
        (found,) = finished.outcome.runs.values()
        stale += found.scalars["value"] != true
        needless += bool(finished.plan.todo) and true in known
        known.add(true)
        assert found.scalars["value"] == true, f"case {case}: {what}"
    return stale, needless


@numbered(300, fast=6)
def test_random_edits(tmp_path: Path, case: int, record_property: Callable[[str, object], None]) -> None:
    """After every edit of code the store gives what the code as it is would measure."""
    stale, needless = stale_hits(furnished(tmp_path), case)
    record_property("edits", EDITS)
    record_property("stale hits", stale)
    record_property("needless runs", needless)
    assert stale == 0


def by_time_and_size(module: sources.Module) -> str:
    stat = module.path.stat()
    return f"{stat.st_mtime_ns} {stat.st_size}"


def test_a_key_of_time_and_size_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Did the key go by time and size of a file, some edit would be answered by an old result."""

    def node(found: sources.Sources, key: str) -> sources.Node:
        module = found.module(key.partition(":")[0])
        assert module is not None
        return sources.Node(by_time_and_size(module), real(found, key).uses)

    def all_is_well() -> None:
        for case in range(60):
            stale_hits(furnished(tmp_path / str(case)), case)

    real = dependencies._node
    monkeypatch.setattr(dependencies, "_node", node)
    with pytest.raises(AssertionError, match="same size"):
        all_is_well()
