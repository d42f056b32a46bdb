"""The chapters of the homework hold whatever was measured: with one seed or three, on drawn images or real ones."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from report_cli import files
from report_cli.experiment import Experiment, parameters
from report_cli.project import Project, Settings
from report_cli.report.text import lines as places
from report_cli.report.text import manuscript
from report_cli.report.text.context import Context, Selection
from report_cli.store.store import Run
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
    *(Case("quick", "drawn", 1, luck) for luck in range(4)),
    *(Case("full", "real", 3, luck) for luck in range(4)),
    *(Case("full", "real", 1, luck) for luck in range(2)),
    *(Case("quick", "real", 1, luck) for luck in range(2)),
    Case("full", "real", 3, 4, "imagenet"),
    Case("quick", "drawn", 3, 5),
]


def _arrays(name: str, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """Return the arrays whose elements the chapters ask for."""
    if name == "catsdogs-activations":
        return {
            f"{layer}_lists": np.array(["1 (0.71)", "none"])[rng.integers(0, 2, 13)] for layer in ("first", "deeper")
        }
    if name != "catsdogs-filters":
        return {}
    found: dict[str, NDArray[Any]] = {}
    for layer in ("first", "last"):
        found[f"{layer}_colour"] = np.array(["red", "silent"])[rng.integers(0, 2, 16)]
        found[f"{layer}_periods"] = rng.choice([0.0, 7.5], 16)
        found[f"{layer}_top_cats"] = rng.integers(0, 41, 16)
        found[f"{layer}_focuses"], found[f"{layer}_controls"] = rng.uniform(0.5, 9, (2, 16))
    return found


# Numbers that decide what is said, by the end of their names: for each as many kinds of results as there are sentences.
KINDS: Mapping[tuple[str, ...], tuple[float, ...]] = {
    ("chosen",): (1, 2, 3, 4),
    ("width",): (1, 0.25, 0.0625),
    ("_p",): (0.0001, 0.02, 0.3),
    ("_z", "_difference", "gain"): (-5, -0.02, 0.02, 5),
    ("_ratio", "_focus", "_control"): (0.8, 1.0, 1.9),
    ("_spread", "margin", "_step", "error"): (0.01, 0.3),
    ("cats", "dogs", "silent", "dead", "cold", "beyond", "even", "unmatched", "wrong", "masked", "is_1275"): (0, 1, 2),
    ("only_first", "only_second", "epoch"): (4, 16, 30),
}
# The same for every seed.
SIZES = ("channels", "parameters", "multiply_adds", "images", "side", "layer", "field", "smallest", "largest")


def _scalar(metric: str, rng: np.random.Generator) -> float:
    """Return a possible number."""
    if metric.endswith(SIZES):
        return 30 + len(metric)
    kinds = next((numbers for ends, numbers in KINDS.items() if metric.endswith(ends)), (0.05, 0.3, 0.6, 0.95))
    return float(rng.choice(kinds))


def _store(folder: Path, experiment: Experiment, case: Case, seed: int) -> Run:
    rng = np.random.default_rng([case.luck, seed, *experiment.name.encode()])
    settings = parameters(experiment.params[case.profile])
    if "base" in settings:
        settings |= {"base": case.base}
    images = {"label": f"{case.origin} pictures", "origin": case.origin} if experiment.data else None
    scalars = {metric: {"value": _scalar(metric, rng), "unit": ""} for metric in experiment.metrics}
    files.write_json(folder / "measured.json", {"scalars": scalars, "history": []})
    (folder / "arrays").mkdir()
    for name, array in _arrays(experiment.name, rng).items():
        np.save(folder / "arrays" / f"{name}.npy", array)
    manifest = {"experiment": experiment.name, "recipe": {"parameters": settings}, "images": images, "seed": seed}
    return Run(folder, {**manifest, "profile": case.profile})


def _told(folder: Path, case: Case) -> str:
    """Return the three chapters as Markdown with their numbers, the figures left out."""
    runs = {
        name: tuple(
            _store(folder / f"{name}-{seed}", experiment, case, seed)
            for seed in range(case.seeds if experiment.seeds["full"] > 1 else 1)
        )
        for name, experiment in EXPERIMENTS.items()
    }
    context = Context(EXPERIMENTS, Selection(runs, {}, {}), draft=True)
    author = manuscript._Author(Project(ROOT, Settings()), context)
    chapters = "".join(f'<< section("{name}") >>\n' for name in ("catsdogs", "transfer", "cifar10"))
    rendered = places.read(author.environment.from_string(chapters).render())
    return context.ledger.text(rendered.markdown)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.profile}-{case.origin}-{case.seeds}-{case.luck}")
def test_the_chapters_hold_for_other_results(case: Case, tmp_path: Path) -> None:
    """Every branch can be written: no value is asked for that there isn't, and every sentence is a whole one."""
    told = _told(tmp_path, case)
    assert not re.findall(r"\bnan\b|not read|never run", told)
    prose = [line for line in told.splitlines() if line and not line.startswith(("|", ":", "!", "$", "#"))]
    assert not [line for line in prose if re.search(r"\s[.,;](\s|$)|[.,;:]{2}|\(\s|\s\)", line)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.profile}-{case.origin}-{case.seeds}-{case.luck}")
def test_what_floats_is_spoken_of_before_it_comes(case: Case, tmp_path: Path) -> None:
    """Each figure and table may float in print, so a sentence before it refers to it."""
    told = _told(tmp_path, case)
    labels = list(re.finditer(r"\{#((?:fig|tbl)-[\w-]+)", told))
    assert len(labels) > 30
    assert not [label[1] for label in labels if f"(#{label[1]})" not in told[: label.start()]]


@pytest.mark.parametrize("case", [CASES[0], CASES[4]], ids=["one seed", "three seeds"])
def test_tables_keep_their_columns(case: Case, tmp_path: Path) -> None:
    """A cell never breaks its row: every row of a table has the columns of its head, and an empty line follows."""
    lines = _told(tmp_path, case).splitlines()
    rows = [number for number, line in enumerate(lines) if line.startswith("|")]
    assert len(rows) > 80
    for number in rows:
        below = lines[number + 1]
        assert not below or below.count("|") == lines[number].count("|"), lines[number]


@pytest.mark.parametrize("seeds", [1, 3])
def test_drawn_images_say_nothing_about_architectures(seeds: int, tmp_path: Path) -> None:
    """On drawn images no conclusion is drawn about the architectures, however clear the results are."""
    told = _told(tmp_path, Case("quick", "drawn", seeds, 0))
    assert "nothing follows about the three architectures" in " ".join(told.split())
    assert "holds for the architectures" not in " ".join(told.split())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.profile}-{case.origin}-{case.seeds}-{case.luck}")
def test_a_word_is_explained_where_it_is_used(case: Case, tmp_path: Path) -> None:
    """The caption of the networks says what overfits means if and only if one of them does."""
    told = " ".join(_told(tmp_path, case).split())
    assert ("a network overfits where" in told) == (": it overfits" in told)


def test_typed_percentages_are_set_like_measured_ones(tmp_path: Path) -> None:
    """No line ends between a number and its percent sign, whoever wrote it, nor after the sign of a small p-value."""
    told = _told(tmp_path, CASES[0]) + _told(tmp_path / "several", CASES[4])
    assert not re.findall(r"\d[ \n]%", told)
    assert "< 0.001" not in re.sub(r"\[< 0\.001\]\{\.glue\}|\$p < 0\.001\$", "", told)
