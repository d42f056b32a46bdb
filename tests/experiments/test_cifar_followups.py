from dataclasses import replace
from itertools import combinations
from typing import Any

import keras
import numpy as np
import pytest

from experiments import cifar, cifar_comparison, cifar_less_data, cifar_matched, cifar_speed, cifar_training
from report_cli import stats
from report_cli.datasets import split
from report_cli.datasets.images import ImageData
from report_cli.errors import RunError
from report_cli.experiment import Experiment
from report_cli.training import fit
from tests.experiments.small import Built, build_small, noise
from tests.training.memory import InterruptionError, MemoryFigures, MemoryRecord, MemoryRun

PARAMS = replace(cifar.PROFILES["smoke"], train=60, validation=20, test=40, batch_size=20, learning_rate=3e-3)
LESS = cifar_less_data.Params(**vars(PARAMS), sizes=(20, 40), watched=10)


@pytest.fixture(scope="module")
def images() -> ImageData:
    return noise()


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> Built:
    return build_small(monkeypatch)


def _finished(right: str, name: str = "") -> MemoryRecord:
    """Return a run whose network has the images with a 1 in `right` right; every label is 0."""
    record = MemoryRecord()
    wrong = np.array([mark != "1" for mark in right]).astype(int)
    record.array("test_predictions", np.eye(2)[wrong])
    record.array("test_labels", np.zeros(len(right), int))
    record.array("test_ids", np.array([f"{name}{number}" for number in range(len(right))]))
    return record


def _whole(images: ImageData) -> dict[str, MemoryRecord]:
    """Return runs of the three networks under PARAMS, as less data needs them."""
    test = split.stratified(images.test, {"test": PARAMS.test}, PARAMS.split_seed)["test"]
    runs = {}
    for number, name in enumerate(cifar_less_data.cifar_less_data.needs_of(None), start=1):
        runs[name] = MemoryRecord()
        runs[name].history = [{"epoch": epoch} for epoch in range(1, PARAMS.epochs + 1)]
        runs[name].array("test_ids", test.ids)
        runs[name].scalar("train_images", PARAMS.train)
        runs[name].scalar("test_accuracy", number / 10)
    return runs


def _check_figures(experiment: Experiment, record: MemoryRecord) -> MemoryFigures:
    figures = MemoryFigures()
    assert experiment.draw is not None
    experiment.draw(MemoryRun(record), figures)
    assert tuple(figures.figures) == experiment.figures
    return figures


def test_comparison_counts_what_only_one_network_has_right() -> None:
    """Each pair is compared on the same images, and the p-values of the pairs are adjusted together."""
    control, inception, residual = "1111110000", "1111001111", "1111110001"
    needs = {
        "cifar-control": _finished(control),
        "cifar-inception": _finished(inception),
        "cifar-residual": _finished(residual),
    }
    record = MemoryRecord(needs)
    cifar_comparison.cifar_comparison.measure(cifar_comparison.Params(), None, record)
    assert set(record.scalars) == set(cifar_comparison.cifar_comparison.metrics)
    assert record.scalars["control_inception_only_first"] == 2
    assert record.scalars["control_inception_only_second"] == 4
    assert record.scalars["control_inception_difference"] == pytest.approx(0.2)
    raw = [stats.mcnemar(2, 4), stats.mcnemar(0, 1), stats.mcnemar(3, 2)]
    pairs = ("control_inception", "control_residual", "inception_residual")
    assert [record.scalars[f"{pair}_p"] for pair in pairs] == stats.holm(raw)
    assert record.scalars["test_images"] == 10
    assert record.scalars["detectable"] == stats.detectable_difference(0.6, 10)


def test_comparison_needs_the_same_test_images() -> None:
    """Networks that were tested on different images are not compared."""
    needs = {name: _finished("1100", name) for name in cifar_comparison.cifar_comparison.needs_of(None)}
    with pytest.raises(RunError, match="different images"):
        cifar_comparison.cifar_comparison.measure(cifar_comparison.Params(), None, MemoryRecord(needs))


def test_deeper_compares_each_network_with_its_simpler_one() -> None:
    """The more complicated networks are compared with those that they extend."""
    needs = {name: _finished("1100") for name in ("cifar-inception", "cifar-residual", "cifar-residual-deep")}
    record = MemoryRecord({**needs, "cifar-inception-deep": _finished("1110")})
    cifar_comparison.cifar_deeper.measure(cifar_comparison.Params(), None, record)
    assert set(record.scalars) == set(cifar_comparison.cifar_deeper.metrics)
    assert record.scalars["inception_inception_deep_difference"] == 0.25
    assert record.scalars["residual_residual_deep_p"] == 1


def test_less_data_measures_what_it_declares(images: ImageData, built: Built) -> None:
    """Every network is trained once on every subset, and the whole set comes from the runs that are there."""
    needs = _whole(images)
    record = MemoryRecord(needs)
    cifar_less_data.cifar_less_data.measure(LESS, images, record)
    assert set(record.scalars) == set(cifar_less_data.cifar_less_data.metrics)
    once = [f"{n}.build" for n in cifar_comparison.NETWORKS for _ in LESS.sizes]
    assert [name for name, _ in built.calls] == [*once, *once], "to be trained, and to be tested"
    assert record.arrays["sizes"].tolist() == [20, 40, 60]
    right = record.arrays["predicted"] == record.arrays["test_labels"]
    np.testing.assert_allclose(right.mean(axis=2), record.arrays["accuracy"][:, :-1])
    for row, network in enumerate(cifar_comparison.NETWORKS):
        whole = needs[f"cifar-{network}"].scalars["test_accuracy"]
        assert record.arrays["accuracy"][row, -1] == record.scalars[f"{network}_largest_accuracy"] == whole
    np.testing.assert_array_equal(record.arrays["test_ids"], needs["cifar-control"].arrays["test_ids"])
    assert "at 20, " in _check_figures(cifar_less_data.cifar_less_data, record).alts["accuracy"]


def test_less_data_subsets_are_nested(images: ImageData) -> None:
    """A smaller subset is part of every larger one, and of the training images of the whole set."""
    part = split.stratified(images.train, {"train": 60, "validation": 20}, PARAMS.split_seed)["train"]
    subsets = [set(split.take(part, size, PARAMS.split_seed).ids) for size in (20, 40, 60)]
    assert all(small < large for small, large in combinations(subsets, 2))
    assert subsets[-1] == set(part.ids)


def test_less_data_goes_on_where_it_was_interrupted(images: ImageData, built: Built) -> None:
    """Interrupted in a later training and resumed, a run ends with the same results as an uninterrupted one."""
    needs = _whole(images)
    params = replace(LESS, sizes=(20,))
    whole, interrupted = MemoryRecord(needs, seed=3), MemoryRecord(needs, seed=3, stop_after=3)
    cifar_less_data.cifar_less_data.measure(params, images, whole)
    with pytest.raises(InterruptionError):
        cifar_less_data.cifar_less_data.measure(params, images, interrupted)
    built.calls.clear()
    resumed = MemoryRecord(needs, seed=3, checkpoint=interrupted.checkpoint)
    cifar_less_data.cifar_less_data.measure(params, images, resumed)
    assert resumed.scalars == whole.scalars
    assert resumed.history == whole.history
    assert len(built.calls) == 2 + 3, "the first of the three trainings was finished; all are built for the test"


def test_matched_interrupted_in_its_test_ends_the_same(
    images: ImageData, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while the second network is tested, the run trains nothing again and ends with the same results."""
    whole, interrupted = MemoryRecord(seed=3), MemoryRecord(seed=3)
    cifar_matched.cifar_matched.measure(PARAMS, images, whole)
    test, tested = cifar_training.test, []

    def killed(*arguments: Any) -> cifar_training.Tested:
        tested.append(1)
        if len(tested) == 2:
            raise InterruptionError
        return test(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(cifar_training, "test", killed)
        with pytest.raises(InterruptionError):
            cifar_matched.cifar_matched.measure(PARAMS, images, interrupted)
    monkeypatch.setattr(fit, "fit", None)
    resumed = MemoryRecord(seed=3, checkpoint=interrupted.checkpoint)
    cifar_matched.cifar_matched.measure(PARAMS, images, resumed)
    assert resumed.scalars == whole.scalars
    assert resumed.history == whole.history
    for name, array in whole.arrays.items():
        np.testing.assert_array_equal(resumed.arrays[name], array)


def test_networks_are_tested_with_the_weights_of_their_last_epoch(images: ImageData, built: Built) -> None:
    """A network of several makes of the test images what it makes of them when it is trained and tested alone."""
    several, alone = MemoryRecord(seed=3), MemoryRecord(seed=3)
    cifar_matched.cifar_matched.measure(PARAMS, images, several)
    cifar.cifar_control.measure(PARAMS, images, alone)
    predicted = alone.arrays["test_predictions"].argmax(axis=1)
    np.testing.assert_array_equal(several.arrays["predicted"][0], predicted)
    assert several.scalars["control_test_loss"] == alone.scalars["test_loss"]


@pytest.mark.parametrize("changes", [{"train": 80}, {"epochs": 3}, {"test": 30}])
def test_less_data_refuses_runs_with_other_training(changes: dict[str, int], images: ImageData) -> None:
    """The whole set must have been trained on as long as the subsets are, on as many images as they are chosen from."""
    with pytest.raises(RunError, match="60 training images, 2 epochs and 40 test images, not"):
        cifar_less_data.cifar_less_data.measure(replace(LESS, **changes), images, MemoryRecord(_whole(images)))


@pytest.mark.parametrize("sizes", [(), (40, 20), (20, 20), (0, 20), (20, 60)])
def test_less_data_refuses_sizes_that_do_not_grow(sizes: tuple[int, ...]) -> None:
    """Sizes grow from above 0 to below the whole set."""
    with pytest.raises(ValueError, match="sizes must grow"):
        replace(LESS, sizes=sizes)


def test_matched_measures_what_it_declares(images: ImageData, built: Built) -> None:
    """The three networks with average pooling are trained in turn; history and predictions are kept for each."""
    record = MemoryRecord()
    cifar_matched.cifar_matched.measure(PARAMS, images, record)
    assert set(record.scalars) == set(cifar_matched.cifar_matched.metrics)
    once = [f"pooled.build_{network}" for network in cifar_comparison.NETWORKS]
    assert [name for name, _ in built.calls] == [*once, *once], "to be trained, and to be tested"
    assert [(row["training"], row["epoch"]) for row in record.history] == [(n, e) for n in (1, 2, 3) for e in (1, 2)]
    right = (record.arrays["predicted"] == record.arrays["test_labels"]).mean(axis=1)
    assert right.tolist() == [record.scalars[f"{network}_test_accuracy"] for network in cifar_comparison.NETWORKS]
    assert record.scalars["parameter_range"] == 0, "the small networks of the test are alike"
    assert len({tuple(predicted) for predicted in record.arrays["predicted"].tolist()}) == 1, "whenever it is trained"
    assert "3 networks" in _check_figures(cifar_matched.cifar_matched, record).alts["curves"]


def test_speed_measures_what_it_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times of every network and their ratios to the control's, repeat by repeat, are recorded and drawn."""

    def small() -> dict[str, keras.Model]:
        models = {}
        for width, network in enumerate(cifar_speed.TIMED, start=1):
            inputs = keras.Input(cifar_speed.SHAPE)
            pooled = keras.layers.Flatten()(keras.layers.AveragePooling2D(16)(inputs))
            models[network] = keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Dense(width)(pooled)))
            models[network].compile("rmsprop", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return models

    monkeypatch.setattr(cifar_speed, "_models", small)
    record = MemoryRecord()
    cifar_speed.cifar_speed.measure(cifar_speed.PROFILES["smoke"], None, record)
    assert set(record.scalars) == set(cifar_speed.cifar_speed.metrics)
    ratios = record.arrays["image_ratios"]
    assert ratios.shape == (2, 6)
    assert (ratios[:, 0] == 1).all()
    assert record.scalars["control_image_ratio"] == 1
    assert record.scalars["control_epoch_ratio_spread"] == 0
    assert record.scalars["residual_image_ratio"] == pytest.approx(ratios[:, 2].mean())
    assert record.arrays["multiply_add_ratios"].tolist() == [1, *(w * 22 / 22 for w in range(2, 7))]
    assert "2 repeats" in _check_figures(cifar_speed.cifar_speed, record).alts["ratios"]
