"""A project with everything that a key is made of, and a bench on which it is changed."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from report_cli import project
from report_cli.datasets import load
from report_cli.datasets.source import Source
from report_cli.execution import plan as plans
from report_cli.execution.plan import Request
from report_cli.execution.workspace import DataChoice, Workspace
from report_cli.keys import environment
from tests.datasets.making import Pictures, pictures, write_layout

HELPERS = '''
    """Helpers of the measuring function."""

    import functools

    from experiments.models.numbers import *

    OFFSET = 4
    UNUSED = 5


    def scaled(x, by=6):
        return by * deeper(x)


    def deeper(x):
        """Not a part of the key."""
        # Nor this.
        return x + 7 + STARRED


    def unused(x):
        return x + 8


    def traced(function):
        @functools.wraps(function)
        def inner(x):
            return function(x) + 9
        return inner


    class Base:
        BIAS = 10

        def apply(self, x):
            return x + self.BIAS


    class Derived(Base):
        pass
'''
MEASURED = '''
    """An experiment with everything that a key is made of."""

    from dataclasses import dataclass

    import keras

    import report_cli as report
    from experiments.models import helpers
    from report_cli.training.augment import Augmentation, Views

    def drawn():
        from experiments.models.drawing import draw_images

        return draw_images()


    TINY = report.Images("tiny", "Tiny", 3, 4, 4, 30, 6, ("cat", "dog", "fox"), drawn="toy-objects", draw=drawn)
    METRIC = report.Metric("", "what it is")


    @dataclass(frozen=True)
    class Params:
        epochs: int = 11
        rate: float = 0.5
        width: int = 21

        @property
        def doubled(self):
            return self.epochs * 2


    def draw(results, figures):
        figures.add("none", 12, alt="")


    @helpers.traced
    def third(x):
        return x / 3


    @report.experiment("base", title="Base", metrics={"v": METRIC}, profiles=Params())
    def base(params, record):
        record(v=float(params.epochs + 13))


    @report.experiment(
        "main", title="Main", metrics={"v": METRIC}, profiles=Params(rate=0.25), data=TINY, needs=("base",),
        grid=report.grid(width=[22, 23]), seeds={"smoke": 1, "quick": 2, "full": 3}, draw=draw,
    )
    def main(params, data, record):
        """What is it?"""

        def local(x):
            return x - 14

        split = data.split(train=params.epochs, seed=1)
        views = Views(split.train.pixels, split.train.ids, record.seed, 1, Augmentation())[:]
        record.classifier(keras.Sequential(views), split, params)
        kernels = record.pretrained(None)
        parts = [helpers.scaled(params.doubled), helpers.OFFSET, helpers.Derived().apply(15), third(16), local(17)]
        record(v=sum(parts) + (lambda x: x * 18)(1) + len(kernels))
'''
FILES = {
    "experiments/measured.py": MEASURED,
    "experiments/__init__.py": "",
    "experiments/models/__init__.py": "",
    "experiments/models/helpers.py": HELPERS,
    "experiments/models/drawing.py": "UNIT = 1000\n\n\ndef draw_images():\n    return UNIT\n",
    "experiments/models/numbers.py": '"""Numbers."""\n\nSTARRED = 19\nSPARE = 20\n',
}


def forget() -> None:
    """Let what is known of the machine be asked anew."""
    for known in vars(environment).values():
        if hasattr(known, "cache_clear"):
            known.cache_clear()


@dataclass
class Bench:
    """A project, a copy of the program whose code may be edited, and what is asked: a change works on these."""

    root: Path
    package: Path
    patch: pytest.MonkeyPatch
    images: Pictures = field(default_factory=pictures)
    layout: str = "class folders"
    real: bool = False
    settings: tuple[str, ...] = ()
    name: str = "main"
    seed: int = 0
    profile: str = "quick"
    point: int = 0

    def key(self) -> str:
        """Return the key that a command which starts now would look for."""
        folder = self.root / f"images-{time.monotonic_ns()}"
        choice = DataChoice(write_layout(self.layout, folder, self.images) if self.real else None, "--data")
        workspace = Workspace.open(project.find(self.root), pytest.fail)
        forget()

        def read_in(source: Source) -> Source:
            return load.read_in(source, workspace.cache)

        request = Request(self.profile, choice, self.settings)
        plan = plans.make(workspace, [workspace.experiments[self.name]], request, read_in)
        (step,) = (s for s in plan.steps if s.name == (self.name, self.point, self.seed))
        return step.lock_name

    def edit(self, name: str, old: str, new: str) -> None:
        path = (self.package.parent if name.startswith("report_cli/") else self.root) / name
        text = path.read_text()
        assert text.count(old) == 1, f"{name}: {old}"
        path.write_text(text.replace(old, new))
