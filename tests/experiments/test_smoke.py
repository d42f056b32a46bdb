"""Every experiment of the assignment, run by the program in the smallest profile."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from report_cli import api
from report_cli.execution import registry
from report_cli.experiment import PROFILES, Experiment, parameters
from report_cli.keys.key import code
from report_cli.project import find
from report_cli.store.run import Results, Run
from tests.experiments.registered import by_name

ROOT = Path(__file__).resolve().parents[2]
TRAINED = [name for name, experiment in by_name().items() if experiment.data]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("homework")


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, Results]:
    """The results of all experiments in a copy of the project."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "experiments", folder / "experiments", ignore=shutil.ignore_patterns("results"))
    command = [sys.executable, "-m", "report_cli", "run", "all", "--profile", "smoke"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1_800, check=False)
    assert run.returncode == 0, run.stderr[-3_000:]
    return {name: api.results(name, profile="smoke", folder=folder) for name in by_name()}


def _runs(results: dict[str, Results]) -> Iterator[tuple[Experiment, Run]]:
    for name, experiment in by_name().items():
        assert len(results[name]) == len(experiment.grid["smoke"]) * experiment.seeds["smoke"]
        yield from ((experiment, run) for run in results[name])


def test_every_experiment_records_and_draws_what_it_declares(results: dict[str, Results]) -> None:
    """Each run has the declared metrics, and what a test says follows from the logits that are stored."""
    for experiment, run in _runs(results):
        assert set(run.scalars) == set(experiment.metrics)
        if "test_accuracy" in run.scalars:
            logits, labels = run.array("test_logits"), run.array("test_labels")
            right = (logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(axis=1)) == labels
            assert run.scalars["test_accuracy"] == right.mean()
            assert run.scalars["test_images"] == len(labels) == len(set(run.array("test_ids").tolist()))
            assert np.trace(run.array("confusion")) == right.sum()


@pytest.mark.parametrize("profile", PROFILES)
def test_networks_of_one_data_set_are_tested_on_the_same_images(profile: str) -> None:
    """The text compares any two of them, in every profile."""
    tests: dict[str, set[tuple[int, int]]] = {}
    for experiment in by_name().values():
        chosen = parameters(experiment.params[profile])
        if experiment.data and "test" in chosen:
            tests.setdefault(experiment.data.name, set()).add((chosen["test"], chosen["split_seed"]))
    assert {name: len(counts) for name, counts in tests.items()} == {"cifar10": 1, "dogs-vs-cats": 1}


def _score(logits: NDArray[Any], labels: NDArray[Any]) -> tuple[float, float]:
    """Return mean cross-entropy and accuracy, by the definition."""
    z = logits.astype(np.float64)
    if z.shape[1] == 1:
        z = np.concatenate([0 * z, z], axis=1)
    shifted = z - z.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    # Equal logits name the first class, as no logit above 0 does.
    return float(-logs[np.arange(len(labels)), labels].mean()), float((z.argmax(axis=1) == labels).mean())


def _recomputed(run: Run) -> dict[str, float]:
    """Return what the metrics of a trained classifier have to be, from its stored logits, labels and history alone."""
    losses = {"validation": "validation_loss", "test": "test_loss"}
    scores = {
        part: _score(run.array(f"{part}_logits"), run.array(f"{part}_labels"))
        for part in losses
        if f"{part}_logits" in run.arrays
    }
    last = run.history[-1]
    expected = {"train_loss": last["loss"], "train_accuracy": last["accuracy"], "learning_rate": last["learning_rate"]}
    if "test" in scores:
        expected |= {"test_loss": scores["test"][0], "test_accuracy": scores["test"][1]}
        expected["test_images"] = len(set(run.array("test_ids").tolist()))
    if "validation" in scores:
        best = min(run.history, key=lambda row: row["validation_loss"])
        expected |= {f"best_{name}": best[name] for name in ("epoch", "validation_loss", "validation_accuracy")}
        expected |= {name: last[name] for name in ("validation_loss", "validation_accuracy")}
        expected["validation_images"] = len(set(run.array("validation_ids").tolist()))
        # The stored logits are those of the weights that were kept: of the best epoch, or of the last.
        kept = "best_validation" if "best_train_loss" in run.scalars else "validation"
        expected |= {f"{kept}_loss": scores["validation"][0], f"{kept}_accuracy": scores["validation"][1]}
    if "best_train_loss" in run.scalars:
        expected |= {"best_train_loss": best["loss"], "best_train_accuracy": best["accuracy"]}
    if "settled_epochs" in run.scalars:
        curve = np.array([row["validation_loss"] for row in run.history])
        expected |= {
            "settled_epochs": -(-len(curve) // 6),
            "settled_validation_loss": np.median(curve[-(-len(curve) // 6) * -1 :]),
            "highest_validation_loss": curve.max(),
            "validation_loss_range": np.ptp(curve),
            "validation_loss_swing": abs(np.diff(curve)).mean(),
        }
    return expected


def test_the_report_is_made_of_them(results: dict[str, Results], folder: Path) -> None:
    """As `make quick` makes it of larger runs: every figure is drawn, every table and sentence filled in."""
    shutil.copytree(ROOT / "templates", folder / "templates")
    command = [sys.executable, "-m", "report_cli", "build", "all", "--profile", "smoke", "--to", "html"]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-3_000:]
    assert "drawn images" in (folder / "build" / "report" / "homework4.html").read_text(encoding="utf-8")


def test_metrics_of_every_training_follow_from_what_is_stored(results: dict[str, Results]) -> None:
    """Losses, accuracies and counts of each network are those of the stored logits, labels, ids and history."""
    recomputed = 0
    for experiment, run in _runs(results):
        if "train_loss" in run.scalars:
            expected = _recomputed(run)
            assert len(expected) >= 6, experiment.name
            assert {name: run.scalars[name] for name in expected} == pytest.approx(expected, rel=1e-6), experiment.name
            classes = 10 if "cifar" in experiment.name or "pretrain" in experiment.name else 2
            assert run.scalars["chance_loss"] == pytest.approx(np.log(classes))
            assert run.scalars["chance_accuracy"] == 1 / classes
            recomputed += 1
    assert recomputed > 15


def test_the_surest_errors_are_kept(results: dict[str, Results]) -> None:
    """Of the test images that are named wrong the surest are stored, the surest first, with their pixels."""
    for _, run in _runs(results):
        if "errors" not in run.arrays:
            continue
        z, labels, kept = run.array("test_logits").astype(np.float64), run.array("test_labels"), run.array("errors")
        z = np.concatenate([0 * z, z], axis=1) if z.shape[1] == 1 else z
        confidence = 1 / np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1)
        wrong = z.argmax(axis=1) != labels
        assert wrong[kept].all()
        assert len(kept) == len(run.array("error_pixels")) == min(32, wrong.sum())
        assert (np.diff(confidence[kept]) <= 1e-9).all()


def test_explanations_follow_from_what_is_stored(results: dict[str, Results]) -> None:
    """Counts, medians and shares of activations, filters and heat are those of the stored arrays."""
    seen, filters, heat = (results[f"catsdogs-{name}"].run() for name in ("activations", "filters", "gradcam"))
    for layer in ("first", "deeper"):
        names, shares = seen.array(f"{layer}_match"), seen.array(f"{layer}_chance_shares")
        assert seen.scalars[f"{layer}_unmatched"] == (names == "no clear match").sum()
        assert seen.scalars[f"{layer}_silent"] == (names == "silent").sum()
        clear = ~np.isin(names, ["no clear match", "silent"])
        assert seen.scalars[f"{layer}_clear"] == pytest.approx(clear.sum() / max((names != "silent").sum(), 1))
        assert seen.scalars[f"{layer}_chance"] == pytest.approx(shares.mean())
        assert seen.scalars[f"{layer}_chance_highest"] == shares.max()
    for layer in ("first", "last"):
        alive = filters.array(f"{layer}_colour") != "silent"
        periods, even = filters.array(f"{layer}_periods"), filters.array(f"{layer}_even")
        shares = filters.array(f"{layer}_wave_shares")
        assert ((periods > 0) == (alive & ~even & (shares > 0.15))).all()
        assert filters.scalars[f"{layer}_waves"] == (periods > 0).sum()
        assert filters.scalars[f"{layer}_even"] == even.sum()
        assert filters.scalars[f"{layer}_period"] == (np.median(periods[periods > 0]) if (periods > 0).any() else 0)
        assert filters.scalars[f"{layer}_alive"] == alive.sum()
    warm = int(heat.scalars["warm"])
    means = {"centre": "centre", "region": "in_region", "other": "in_other", "area": "region"}
    for array, metric in means.items():
        shares = heat.array(f"{array}_shares")
        # Of photographs no one knows the region that decides.
        known = array == "centre" or heat.scalars["masked"]
        assert len(shares) == (warm if known else 0), "all shares are about the same images"
        assert heat.scalars[metric] == pytest.approx(shares.mean() if len(shares) else 0)
    gain = heat.array("region_shares") - heat.array("other_shares")
    if len(gain) > 1:
        assert heat.scalars["gain"] == pytest.approx(gain.mean())
        assert heat.scalars["gain_error"] == pytest.approx(gain.std(ddof=1) / np.sqrt(warm))


def test_speed_follows_from_the_stored_times(results: dict[str, Results]) -> None:
    """A ratio is that of sums over the repeats, its spread the sample deviation of the repeats' own ratios."""
    run = results["cifar-speed"].run()
    networks = ["control", "inception", "residual", "pooled_control", "pooled_inception", "pooled_residual"]
    for what in ("image", "epoch"):
        times = dict(zip(networks, run.array(f"{what}_s").T, strict=True))
        for name, first, second in [*((n, n, "control") for n in networks), ("residual_inception", *networks[2:0:-1])]:
            ratio = times[first].sum() / times[second].sum()
            assert run.scalars[f"{name}_{what}_ratio"] == pytest.approx(ratio)
            single = times[first] / times[second]
            assert run.scalars[f"{name}_{what}_ratio_spread"] == pytest.approx(single.std(ddof=1))
        assert len(times["control"]) == run.scalars["repeats"]
    (machine,) = run.table("machine")
    assert machine["processor"]
    assert min(machine["cores"], machine["threads"]) >= 1


def test_inputs_are_what_the_keys_already_know(results: dict[str, Results]) -> None:
    """No run reads a module or a file beyond the code that its key follows, so none goes stale by an unrelated edit."""
    for experiment, run in _runs(results):
        assert run.manifest.inputs == {"files": {}, "folders": {}, "variables": {}}, experiment.name
        assert not run.manifest.unwatched


@pytest.mark.parametrize("name", TRAINED)
def test_no_training_reaches_statistics(name: str) -> None:
    """Intervals and tests belong to the report: an edit of them retrains nothing."""
    project = find(ROOT)
    reached = code(by_name()[name], registry.sources(project)).digests
    assert not [key for key in reached if key.startswith("report_cli.stats:")]
    assert not [key for key in reached if key.startswith(("report_cli.figures", "report_cli.store"))]
    assert any(key.startswith("report_cli.datasets.") for key in reached)
