"""The chapters of the homework hold whatever was measured: with one seed or three, on drawn images or real ones."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from report_cli import files
from report_cli.experiment import Experiment, parameters
from report_cli.project import Project, Settings
from report_cli.report.text import lines, manuscript
from report_cli.report.text.context import Context, Selection
from report_cli.store import manifest as manifests
from report_cli.store.manifest import Data, Manifest, Times
from report_cli.store.run import Results, Run
from tests.experiments import registered

ROOT = Path(__file__).resolve().parents[1]


EXPERIMENTS = registered.by_name()


@dataclass(frozen=True)
class Case:
    """What was measured: in which profile, on which images and base, with how many seeds, and how it came out."""

    profile: str
    origin: str
    seeds: int
    luck: int
    base: str = "cifar10"


CASES = [
    *(Case("quick", "drawn", 1, luck) for luck in range(2)),
    *(Case("full", "real", 3, luck, "imagenet") for luck in range(4)),
    *(Case("full", "real", 1, luck, "imagenet") for luck in range(2)),
    Case("quick", "drawn", 3, 5),
]
# Images that every network is tested on; accuracies are twentieths.
IMAGES = 20


def _arrays(name: str, metrics: Mapping[str, float], rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """Return the arrays that the chapters ask for, and predictions that give the accuracies."""
    if name == "catsdogs-activations":
        return {
            f"{layer}_lists": np.array(["1 (0.71)", "none"])[rng.integers(0, 2, 13)] for layer in ("first", "deeper")
        }
    found: dict[str, NDArray[Any]] = {}
    for metric in metrics:
        if metric.endswith("test_accuracy"):
            found["test_ids"], found["test_labels"] = np.arange(IMAGES), np.zeros(IMAGES, np.int64)
            wrong = rng.permutation(IMAGES) >= round(metrics[metric] * IMAGES)
            found[metric.removesuffix("accuracy") + "predicted"] = wrong.astype(np.int64)
    return found


# Numbers that decide what is said, by the end of their names: for each as many kinds of results as there are sentences.
KINDS: Mapping[tuple[str, ...], tuple[float, ...]] = {
    ("chosen", "ends_lowest"): (1, 2, 3, 4),
    ("width",): (1, 0.25, 0.0625),
    ("gain",): (-5, -0.02, 0.02, 5),
    ("_ratio", "_focus", "_control"): (0.8, 1.0, 1.9),
    ("_spread", "margin", "_swing", "error"): (0.01, 0.3),
    ("cats", "dogs", "silent", "dead", "even", "waves", "unmatched", "others", "masked", "agreeing"): (0, 1, 2),
    ("epoch",): (4, 16, 30),
}
# The same for every seed.
SIZES = (
    "channels",
    "parameters",
    "multiply_adds",
    "images",
    "side",
    "layer",
    "field",
    "smallest",
    "largest",
    "steps",
    "repeats",
    "sizes",
    "settled_epochs",
    "warm",
)


def _scalar(metric: str, rng: np.random.Generator) -> float:
    """Return a possible number."""
    if metric.endswith(SIZES):
        return IMAGES if metric.endswith("images") else 30 + len(metric)
    kinds = next((numbers for ends, numbers in KINDS.items() if metric.endswith(ends)), (0.05, 0.3, 0.6, 0.95))
    return float(rng.choice(kinds))


def _store(folder: Path, experiment: Experiment, case: Case, point: Mapping[str, Any], seed: int) -> Run:
    rng = np.random.default_rng([case.luck, seed, *repr((experiment.name, point)).encode()])
    settings = {**parameters(experiment.params[case.profile]), **point}
    if "base" in settings:
        settings |= {"base": case.base}
    metrics = {metric: _scalar(metric, rng) for metric in experiment.metrics}
    files.write_json(folder / "measured.json", {"metrics": metrics, "history": []})
    (folder / "arrays").mkdir()
    for name, array in _arrays(experiment.name, metrics, rng).items():
        np.save(folder / "arrays" / f"{name}.npy", array)
    if experiment.name == "cifar-speed":
        row = ["A processor", 2, 4, rng.choice(["none", "A GPU"])]
        table = {"columns": ["processor", "cores", "threads", "gpu"], "rows": [row]}
        files.write_json(folder / "tables" / "machine.json", table)
    data = Data(experiment.data.name, case.origin, f"{case.origin} pictures") if experiment.data else None
    manifests.write(
        folder,
        Manifest(
            experiment=experiment.name,
            recipe={"parameters": settings},
            recipe_digest="",
            environment={},
            inputs={},
            profile=case.profile,
            overrides={},
            point=dict(point),
            seed=seed,
            data=data,
            needs={},
            behind=[],
            times=Times("2026-11-22T10:00:00Z", "2026-11-22T10:03:20Z", 200.0),
            code=None,
            warnings=[],
            unwatched=[],
        ),
    )
    return Run(folder, manifests.read(folder))


@cache
def _chapters(case: Case) -> str:
    """Return the chapters as Markdown with their numbers, the figures left out."""
    with TemporaryDirectory() as folder:
        return _render(Path(folder), case)


def _render(folder: Path, case: Case) -> str:
    results = {}
    for name, experiment in EXPERIMENTS.items():
        seeds = range(case.seeds if experiment.seeds["full"] > 1 else 1)
        runs = [
            _store(folder / name / f"{name}-{number}-{seed}", experiment, case, point, seed)
            for number, point in enumerate(experiment.grid[case.profile])
            for seed in seeds
        ]
        results[name] = Results(name, tuple(runs))
    context = Context(EXPERIMENTS, Selection(results, {}, {}), draft=True)
    author = manuscript._Author(Project(ROOT, Settings()), context)
    chapters = "".join(f'<< section("{name}") >>\n' for name in ("catsdogs", "transfer", "cifar10", "published"))
    rendered = lines.read(author.environment.from_string(chapters).render())
    return context.ledger.text(rendered.markdown)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.profile}-{case.origin}-{case.seeds}-{case.luck}")
def test_the_chapters_hold_for_other_results(case: Case) -> None:
    """Every branch can be written: no value is asked for that there isn't, and every sentence is a whole one."""
    text = _chapters(case)
    assert not re.findall(r"\bnan\b|not read|never run", text)
    prose = [line for line in text.splitlines() if line and not line.startswith(("|", ":", "!", "$", "#"))]
    assert not [line for line in prose if re.search(r"\s[.,;](\s|$)|[.,;:]{2}|\(\s|\s\)", line)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.profile}-{case.origin}-{case.seeds}-{case.luck}")
def test_what_floats_is_spoken_of_before_it_comes(case: Case) -> None:
    """Each figure and table may float in print, so a sentence before it refers to it."""
    text = _chapters(case)
    labels = list(re.finditer(r"\{#((?:fig|tbl)-[\w-]+)", text))
    assert len(labels) > 25
    assert not [label[1] for label in labels if f"(#{label[1]})" not in text[: label.start()]]


@pytest.mark.parametrize("case", [CASES[0], CASES[2]], ids=["one seed", "three seeds"])
def test_tables_keep_their_columns(case: Case) -> None:
    """A cell never breaks its row: every row of a table has the columns of its head, and an empty line follows."""
    table_lines = _chapters(case).splitlines()
    rows = [number for number, line in enumerate(table_lines) if line.startswith("|")]
    assert len(rows) > 60
    for number in rows:
        below = table_lines[number + 1]
        assert not below or below.count("|") == table_lines[number].count("|"), table_lines[number]


def test_typed_percentages_are_set_like_measured_ones() -> None:
    """No line ends between a number and its percent sign, whoever wrote it, nor after the sign of a small p-value."""
    text = _chapters(CASES[0]) + _chapters(CASES[2])
    assert not re.findall(r"\d[ \n]%", text)
    assert "< 0.001" not in re.sub(r"\[< 0\.001\]\{\.glue\}|\$p < 0\.001\$", "", text)
