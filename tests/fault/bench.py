"""A project with everything that a key is made of, and a bench on which it is changed."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from report_cli import project
from report_cli.datasets import load
from report_cli.datasets.source import Source
from report_cli.execution import planner
from report_cli.execution.plan import Wish
from report_cli.execution.workspace import ImageChoice, Workspace
from report_cli.keys import key as fingerprint
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

    from experiments.models import helpers
    from report_cli.datasets.spec import Images
    from report_cli.experiment import every_profile, experiment

    def drawn():
        from experiments.models.drawing import draw_images

        return draw_images()


    TINY = Images("tiny", "Tiny", 3, 4, 4, 30, 6, ("cat", "dog", "fox"), drawn="toy-objects", draw=drawn)


    @dataclass(frozen=True)
    class Params:
        epochs: int = 11
        rate: float = 0.5

        @property
        def doubled(self):
            return self.epochs * 2


    def draw(run, figures):
        figures.add("none", 12, alt="")


    @helpers.traced
    def third(x):
        return x / 3


    @experiment("base", title="Base", metrics={"v": "v"}, profiles=every_profile(Params()))
    def base(params, data, record):
        record.scalar("v", float(params.epochs + 13))


    @experiment(
        "main", title="Main", metrics={"v": "what it is"}, profiles=every_profile(Params(rate=0.25)), data=TINY,
        needs=("base",), seeds={"smoke": 1, "quick": 2, "full": 3},
    )
    def main(params, data, record):
        """What is it?"""
        from report_cli.datasets.weights import digest

        def local(x):
            return x - 14

        parts = [helpers.scaled(params.doubled), helpers.OFFSET, helpers.Derived().apply(15), third(16), local(17)]
        record.scalar("v", sum(parts) + (lambda x: x * 18)(1) + len(digest({})))
'''
FILES = {
    "experiments/measured.py": MEASURED,
    "experiments/__init__.py": "",
    "experiments/models/__init__.py": "",
    "experiments/models/helpers.py": HELPERS,
    "experiments/models/drawing.py": "UNIT = 1000\n\n\ndef draw_images():\n    return UNIT\n",
    "experiments/models/numbers.py": '"""Numbers."""\n\nSTARRED = 19\nSPARE = 20\n',
}


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

    def key(self) -> str:
        """Return the key that a command which starts now would look for."""
        folder = self.root / f"images-{time.monotonic_ns()}"
        choice = ImageChoice(write_layout(self.layout, folder, self.images) if self.real else None, "--data")
        workspace = Workspace.open(project.find(self.root), pytest.fail)
        fingerprint._environment.cache_clear()
        wish = Wish(self.profile, choice, self.settings)

        def read_in(source: Source) -> Source:
            return load.read_in(source, workspace.cache)

        plan = planner.make(workspace, [workspace.experiments[self.name]], wish, read_in)
        (step,) = (s for s in plan.steps if (s.experiment.name, s.seed) == (self.name, self.seed))
        return step.key

    def edit(self, name: str, old: str, new: str) -> None:
        path = (self.package.parent if name.startswith("report_cli/") else self.root) / name
        text = path.read_text()
        assert text.count(old) == 1, f"{name}: {old}"
        path.write_text(text.replace(old, new))
