"""A small project with stored runs, written by hand: the report wing needs no training to be tested."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import lxml.html
import msgspec
import numpy as np
import pytest

from report_cli import files
from report_cli.experiment import PROFILES, Experiment, Metric
from report_cli.project import Edition, Project, Settings
from report_cli.report.build import Built, Selection, build
from report_cli.report.html import compose
from report_cli.report.html.compose import Body
from report_cli.report.text import manuscript
from report_cli.report.text.context import Context
from report_cli.store import manifest as manifests
from report_cli.store.manifest import Manifest
from report_cli.store.run import FigureFile, Results, Run

SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="396" height="120" viewBox="0 0 396 120">
<path d="M40 100 L120 60 L200 40 L380 30" fill="none" stroke="#1b4f8f" stroke-width="1.5"/>
<path d="M40 10 V100 H390" fill="none" stroke="#16181d"/>
<clipPath id="box"><path d="M0 0H396V120H0z"/></clipPath>
<g clip-path="url(#box)"><g id="series-0-1"><path d="M0 0h1"/></g>
<text x="200" y="116" style="font-size: 9px; font-family: 'Source Sans 3'">epoch</text></g>
<g id="name-0-2"><text x="340" y="22" style="font-size: 9px; font-family: 'Source Sans 3'">path</text></g></svg>"""
FONT = "; font-family: 'Source Sans 3'"
NUMBERS = """[{"title": "loss (nats)", "head": ["epoch", "path"], "rows":
[[[1], [0.5, 40, 100]], [[2], [0.25, 120, 60]], [[3], [[0.125, 0.1, 0.15], 200, 40]], [[4], [1791.5, 380, 30]]]},
{"title": "", "head": ["true class", "predicted cat"], "rows": [[["cat"], [8, 250, 60, 100, 30]]]}]"""
FRONT = '+++\ntitle = "A small report"\n+++\n'
HEAD = "::: {.head}\n[A small report]{.title}\n:::\n"


@dataclass(frozen=True)
class Params:
    epochs: int = 3
    rate: float = 0.03
    widths: tuple[int, ...] = (32, 64)
    augment: bool = False


def nothing(params: Any, record: Any) -> None:
    """Measure nothing; the runs are written by hand."""


@dataclass
class Desk:
    """A project, its experiments and its store, with one method per thing that a test wants to do."""

    project: Project
    experiments: dict[str, Experiment]
    runs: dict[str, Results]
    figures: dict[str, dict[str, FigureFile]]
    missing: dict[str, str]
    options: tuple[str, ...] = ()
    behind: dict[str, Run] = field(default_factory=dict)

    @property
    def selection(self) -> Selection:
        return Selection(self.runs, self.figures, self.missing, self.options, self.behind)

    def write(self, body: str, folder: str = "documents", name: str = "paper", front: str = FRONT) -> Path:
        path = self.project.templates / folder / f"{name}.md"
        files.write_text(path, (front if folder == "documents" else "") + body)
        return path

    def store(
        self,
        experiment: str,
        metrics: Mapping[str, tuple[float, str]],
        seed: int = 0,
        arrays: Mapping[str, Any] | None = None,
        tables: Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, float]] = (),
        **facts: Any,
    ) -> Run:
        """Write a run that measured these numbers (with their units) and put it into the selection."""
        folder = self.project.runs / experiment / f"{experiment}-{seed}abc"
        declared = self.experiments[experiment]
        known = {
            name: replace(declared.metrics.get(name, Metric("", "a number")), unit=unit)
            for name, (_, unit) in metrics.items()
        }
        self.experiments[experiment] = replace(declared, metrics={**declared.metrics, **known})
        measured = {"metrics": {name: number for name, (number, _) in metrics.items()}, "history": list(history)}
        files.write_text(folder / "measured.json", json.dumps(measured))
        for name, values in (arrays or {}).items():
            files.make_folder(folder / "arrays")
            np.save(folder / "arrays" / f"{name}.npy", np.asarray(values))
        for name, table in (tables or {}).items():
            files.write_text(folder / "tables" / f"{name}.json", json.dumps(table))
        content = {
            "experiment": experiment,
            "recipe": {"parameters": {"epochs": 3, "rate": 0.03, "widths": [32, 64], "augment": False}},
            "recipe_digest": "5e" * 32,
            "environment": {"python": "3.11", "package keras": "3.15.1"},
            "inputs": {"files": {}, "folders": {}, "variables": {}},
            "profile": "quick",
            "overrides": {},
            "point": {},
            "seed": seed,
            "data": {"name": "cifar10", "label": "drawn images", "origin": "drawn"},
            "needs": {},
            "behind": [],
            "times": {"started": "2026-11-22T10:00:00Z", "finished": "2026-11-22T10:03:20Z", "duration_s": 200.0},
            "code": None,
            "warnings": [],
            "unwatched": [],
        }
        manifests.write(folder, msgspec.convert(content | facts, Manifest))
        run = Run(folder, manifests.read(folder))
        others = [other for other in self.runs.get(experiment, Results(experiment, ())) if other.seed != seed]
        self.runs[experiment] = Results(experiment, (*others, run))
        self.missing.pop(experiment, None)
        return run

    def draw(self, experiment: str, name: str, alt: str = "A rising curve.") -> None:
        folder = self.project.figures / experiment
        contents = {"print.svg": SVG, "screen.svg": SVG.replace(FONT, ""), "numbers.json": NUMBERS}
        for ending, content in contents.items():
            files.write_text(folder / f"{name}.{ending}", content)
        digests = {ending: files.digest(folder / f"{name}.{ending}") for ending in contents}
        self.figures.setdefault(experiment, {})[name] = FigureFile(name, alt, folder, digests)

    def build(self, code: str = "code", *, tell: Callable[[str], None] = lambda told: None, **edition: Any) -> Built:
        return build(self.project, "paper", Edition(**edition), self.selection, self.experiments, code, tell=tell)

    def context(self, draft: bool = False) -> Context:
        return Context(self.experiments, self.selection, draft)

    def markdown(self, text: str, draft: bool = False) -> str:
        """Return the rendered Markdown below the title of a document with this text, its values as text."""
        self.write(text)
        context = self.context(draft)
        places = manuscript.write(self.project, "paper", context).places
        return context.ledger.text(places.markdown).removeprefix(HEAD).strip()

    def body(self, text: str, draft: bool = False, front: str = FRONT) -> Body:
        """Return the composed body of a document with this text."""
        self.write(text, front=front)
        context = self.context(draft)
        return compose.compose(self.project, manuscript.write(self.project, "paper", context), context.ledger)

    def tree(self, text: str, draft: bool = False) -> Any:
        """Return the parsed screen form of a document with this text."""
        return lxml.html.fragment_fromstring(self.body(text, draft).screen, create_parent="div")


def declare(name: str, title: str, *metrics: str, figures: tuple[str, ...] = ()) -> Experiment:
    declared = {metric: Metric("", "a number") for metric in metrics}
    return Experiment(name, title, nothing, dict.fromkeys(PROFILES, Params()), declared, figures=figures)


def furnish(root: Path) -> Desk:
    settings = Settings(author="A. Student", id="0000000", course="Deep Learning", date="2026-11-22")
    declared = [
        declare("net", "A network", "accuracy", "loss", "weights", "time", figures=("curves",)),
        declare("facts", "Computed facts", "sum"),
        declare("idle", "Another network", "accuracy", figures=("curves",)),
    ]
    desk = Desk(Project(root, settings), {e.name: e for e in declared}, {}, {}, {"idle": "never run"})
    desk.store(
        "net",
        {"accuracy": (0.7383, "fraction"), "loss": (0.638, ""), "weights": (1791786, "count"), "time": (200.4, "s")},
    )
    grid = np.array([[45, 45], [54, 54]])
    desk.store("facts", {"sum": (45, "count")}, arrays={"grid": grid}, profile=None, data=None)
    desk.draw("net", "curves")
    files.write_text(desk.project.templates / "references.bib", BOOK + "\n")
    return desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A project with one finished experiment, `net`, one of computed facts, `facts`, and one that never ran, `idle`."""
    return furnish(tmp_path)


BOOK = "@book{knuth1984, author = {Knuth, Donald E.}, title = {The {TeX}book}, year = {1984}, publisher = {A-W}}"
PAPER = r"""
# Theory {#sec-theory}

::: {.question}
What is the output of $f(x) = x^2$?
:::

The layer sums to << value("facts.sum") >> with $<< value("net.weights")|integer >>$ weights.[^1] See [](#eq-size).

$$ o = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1 $$ {#eq-size}

$$ << matrix("facts.grid") >> $$

Others say so, too [@knuth1984, ch. 3].

[^1]: A note with $W x$ and << value("net.loss") >>.

```python
def f(x): return x + 1  # a comment
```

## Accuracy of << value("net.accuracy")|percent >> {#sec-accuracy}

As [](#fig-net-curves) and [](#tbl-results) show, *it* works → [elsewhere](https://example.org).

<< figure("net.curves", caption="The path of " ~ title("net") ~ " to " ~ value("net.accuracy")|percent) >>

| Model | Weights | Accuracy |
|:------|--------:|:--------:|
| << title("net") >> | << value("net.weights")|integer >> | **<< value("net.accuracy")|percent >>** |

: Scores on << images_label("net") >>. {#tbl-results}
"""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, Built]:
    """A report with one of everything, in both formats. Read only."""
    desk = furnish(tmp_path_factory.mktemp("paper"))
    desk.write(PAPER)
    return desk, desk.build()
