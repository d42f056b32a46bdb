from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from experiments import catsdogs_comparison, catsdogs_images, catsdogs_transfer, transfer
from experiments.datasets import VGG16
from experiments.models import vgg16
from report_cli import stats
from report_cli.datasets.images import ImageData, Raw, assemble
from report_cli.errors import RunError
from report_cli.experiment import Experiment
from report_cli.training import transfer as frozen
from tests.training.memory import InterruptionError, MemoryFigures, MemoryRecord, MemoryRun

WIDTH = 1 / 32
SIZES = {"train": 24, "validation": 12, "test": 12, "size": 32, "split_seed": 1, "epochs": 2, "batch_size": 12}
STEPS = (
    catsdogs_transfer.catsdogs_vgg16_frozen,
    catsdogs_transfer.catsdogs_vgg16_finetuned,
    catsdogs_transfer.catsdogs_vgg16_augmented,
)
FROZEN, TUNED, AUGMENTED = STEPS


def _params(experiment: Experiment, **changes: Any) -> Any:
    return replace(experiment.params["smoke"], **{**SIZES, "learning_rate": 1e-3, **changes})


@pytest.fixture(scope="module")
def images() -> ImageData:
    """Two classes of noise, one darker; cat 1275 is among them."""
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 2
    pixels = (rng.integers(0, 200, (80, 32, 32, 3)) + 55 * labels[:, None, None, None]).astype(np.uint8)
    names = np.array([f"{('cat', 'dog')[label]}.{1241 + place // 2}" for place, label in enumerate(labels)])
    nothing = Raw(np.empty(0, np.int64), pixels[:0])
    return assemble("dogs-vs-cats", "noise", "drawn", "noise", ("cat", "dog"), Raw(labels, pixels, names), nothing)


@pytest.fixture(scope="module")
def base() -> MemoryRecord:
    """What vgg16-pretrain records, of an untrained base."""
    record = MemoryRecord()
    rng = np.random.default_rng(0)
    for name, shape in vgg16.weight_shapes(WIDTH).items():
        scale = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 0.1
        record.trained[name] = rng.normal(0, scale, shape).astype(np.float32)
    record.arrays |= {"mean": np.full(3, 0.5), "std": np.full(3, 0.25)}
    return record


@pytest.fixture(scope="module")
def steps(images: ImageData, base: MemoryRecord) -> dict[str, MemoryRecord]:
    """All three steps, each measured once."""
    done = {"vgg16-pretrain": base}
    for experiment in STEPS:
        record = MemoryRecord(done)
        experiment.measure(_params(experiment), images, record)
        done[experiment.name] = record
    return done


@pytest.mark.parametrize("experiment", STEPS, ids=lambda e: e.name)
def test_measures_what_it_declares(experiment: Experiment, steps: dict[str, MemoryRecord]) -> None:
    """A step records every declared metric and no other, and predictions that agree with them."""
    record = steps[experiment.name]
    assert set(record.scalars) == set(experiment.metrics)
    assert len(record.history) == 2
    labels, p = record.arrays["test_labels"], record.arrays["test_predictions"]
    assert p.shape == labels.shape == (12,)
    assert record.scalars["test_accuracy"] == ((p > 0.5) == (labels == 1)).mean()
    assert record.scalars["test_loss"] == pytest.approx(-np.log(np.where(labels == 1, p, 1 - p)).mean())
    rights = [round(12 * record.scalars[f"{part}_accuracy"]) for part in ("validation", "test")]
    assert np.trace(record.arrays["confusion"]) == 12 * record.scalars["test_accuracy"]
    assert record.arrays["confusion"].sum(axis=1).tolist() == [6, 6]
    assert record.arrays["classes"].tolist() == ["cat", "dog"]
    assert record.scalars["test_validation_z"] == stats.two_shares_z(rights[0], 12, rights[1], 12)
    assert record.scalars["width"] == WIDTH
    assert record.scalars["parameters"] == record.scalars["base_parameters"] + record.scalars["head_parameters"]
    assert sum(array.size for array in record.trained.values()) == (
        record.scalars["head_parameters"] + record.scalars["tuned_parameters"]
    )


@pytest.mark.parametrize("experiment", STEPS, ids=lambda e: e.name)
def test_draws_what_it_declares(experiment: Experiment, steps: dict[str, MemoryRecord]) -> None:
    """The figures come from the stored arrays alone, with texts that count what is shown."""
    figures = MemoryFigures()
    assert experiment.draw is not None
    experiment.draw(MemoryRun(steps[experiment.name]), figures)
    assert tuple(figures.figures) == experiment.figures
    if experiment is AUGMENTED:
        mirrored = int(steps[experiment.name].arrays["sample_views"][..., 0].sum())
        assert f"Of the 14 views {mirrored} are mirrored" in figures.alts["samples"]
        assert len(figures.figures["samples"].axes) == 16


def test_only_what_is_to_be_tuned_is_trained(steps: dict[str, MemoryRecord], base: MemoryRecord) -> None:
    """Frozen steps train the head alone; tuning trains block 5 from the base's weights and goes on with the head."""
    tuned = steps[TUNED.name]
    assert {name for name in steps[FROZEN.name].trained if name.startswith("block")} == set()
    assert {name.split("_")[0] for name in tuned.trained if name.startswith("block")} == {"block5"}
    moved = np.abs(tuned.trained["block5_conv1/kernel"] - base.trained["block5_conv1/kernel"]).max()
    assert 0 < moved < 0.1
    assert tuned.scalars["tuned_parameters"] == sum(
        array.size for name, array in base.trained.items() if name.startswith("block5")
    )
    near = np.abs(tuned.trained["hidden/kernel"] - steps[FROZEN.name].trained["hidden/kernel"]).max()
    other = np.abs(tuned.trained["hidden/kernel"] - steps[AUGMENTED.name].trained["hidden/kernel"]).max()
    assert near < other


def test_a_frozen_weight_that_moves_fails_the_run(
    images: ImageData, base: MemoryRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a frozen weight isn't what the base brought, nothing is recorded as a result."""
    load = frozen.load

    def load_and_change(model: Any, arrays: Any) -> None:
        load(model, arrays)
        model.weights[0].assign_add(np.full(model.weights[0].shape, 1e-6, np.float32))

    monkeypatch.setattr(frozen, "load", load_and_change)
    record = MemoryRecord({"vgg16-pretrain": base})
    with pytest.raises(RunError, match="block1_conv1/kernel was to stay frozen"):
        FROZEN.measure(_params(FROZEN, epochs=1), images, record)
    assert record.scalars == {}


def test_a_head_of_another_base_or_split_is_refused(images: ImageData, steps: dict[str, MemoryRecord]) -> None:
    """Tuning a head that saw other features, or images that are test images now, would be no comparison."""
    run = MemoryRun(steps[FROZEN.name])
    test = catsdogs_images.select(images, _params(TUNED))["test"]
    assert transfer.head_of(run, "cifar10", test)
    with pytest.raises(RunError, match="trained on the base cifar10, not imagenet"):
        transfer.head_of(run, "imagenet", test)
    with pytest.raises(RunError, match="another split"):
        transfer.head_of(run, "cifar10", catsdogs_images.select(images, _params(TUNED, split_seed=2))["test"])


def test_augmented_training_resumes_as_if_uninterrupted(
    images: ImageData, steps: dict[str, MemoryRecord], base: MemoryRecord
) -> None:
    """Interrupted after the first epoch and resumed, augmentation and result are the same to the last bit."""
    params = _params(AUGMENTED)
    interrupted = MemoryRecord({"vgg16-pretrain": base}, stop_after=1)
    with pytest.raises(InterruptionError):
        AUGMENTED.measure(params, images, interrupted)
    again = MemoryRecord({"vgg16-pretrain": base}, checkpoint=interrupted.checkpoint)
    AUGMENTED.measure(params, images, again)
    whole = steps[AUGMENTED.name]
    assert again.history == whole.history
    assert again.scalars == whole.scalars
    np.testing.assert_array_equal(again.arrays["test_predictions"], whole.arrays["test_predictions"])


def test_samples_are_what_the_network_saw(images: ImageData, steps: dict[str, MemoryRecord]) -> None:
    """The first of the views shown is that of the first epoch; the image itself comes first."""
    from report_cli.training.augment import Augmentation, augment

    params, record = _params(AUGMENTED), steps[AUGMENTED.name]
    train = catsdogs_images.select(images, params)["train"]
    seen = augment(train.pixels, train.ids, 0, 1, Augmentation(params.flip, params.shift, params.rotation, params.zoom))
    for row, label in enumerate((0, 1)):
        place = np.flatnonzero(train.labels == label)[0]
        np.testing.assert_array_equal(record.arrays["sample_images"][row, 0], train.pixels[place])
        np.testing.assert_array_equal(record.arrays["sample_images"][row, 1], seen[place])


def test_the_published_base_needs_no_run_and_gets_its_own_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ImageNet weights nothing is pretrained, and images are prepared as those weights know them."""
    params = _params(FROZEN, base="imagenet")
    assert FROZEN.needs_of(params) == ()
    assert TUNED.needs_of(_params(TUNED, base="imagenet")) == (FROZEN.name,)
    assert TUNED.needs_of(_params(TUNED)) == (FROZEN.name, "vgg16-pretrain")
    record = MemoryRecord()
    arrays = dict.fromkeys(vgg16.weight_shapes(), np.zeros(1))
    monkeypatch.setattr(record, "pretrained", lambda weights: {VGG16: arrays}[weights], raising=False)
    found = transfer.base_of("imagenet", record)
    assert found.prepare is vgg16.imagenet_inputs
    assert set(found.weights) == set(vgg16.weight_shapes())
    with pytest.raises(ValueError, match="not cifar10 or imagenet"):
        _params(FROZEN, base="laion")


def _scratch(steps: dict[str, MemoryRecord], right: int) -> MemoryRecord:
    """Return what the best network from scratch records, with the first `right` images of the steps right."""
    record, step = MemoryRecord(), steps[FROZEN.name]
    labels = step.arrays["test_labels"]
    answers = np.where(np.arange(len(labels)) < right, labels, 1 - labels)
    record.arrays = {
        "test_ids": step.arrays["test_ids"],
        "test_labels": labels,
        "test_predictions": 0.1 + 0.8 * answers,
    }
    return record


def test_the_comparison_counts_pairs(steps: dict[str, MemoryRecord]) -> None:
    """The counts are those of the stored predictions, of training from scratch and of the steps."""
    comparison = catsdogs_comparison.catsdogs_comparison
    record = MemoryRecord({**steps, "catsdogs-best": _scratch(steps, 9)})
    comparison.measure(catsdogs_comparison.Params(12), None, record)
    assert set(record.scalars) == set(comparison.metrics)
    labels = steps[FROZEN.name].arrays["test_labels"]
    first, second = (steps[e.name].arrays["test_predictions"] for e in (FROZEN, AUGMENTED))
    right = [(p > 0.5) == (labels == 1) for p in (first, second)]
    assert record.scalars["frozen_augmented_only_first"] == (right[0] & ~right[1]).sum()
    assert record.scalars["frozen_augmented_only_second"] == (right[1] & ~right[0]).sum()
    assert record.scalars["frozen_low"] < right[0].mean() < record.scalars["frozen_high"]
    assert record.scalars["scratch_right"] == 9
    assert record.scalars["scratch_frozen_only_first"] == (~right[0][:9]).sum()
    assert record.scalars["scratch_frozen_only_second"] == right[0][9:].sum()


@pytest.mark.parametrize("name", ["catsdogs-best", TUNED.name])
def test_networks_with_other_test_images_are_not_compared(name: str, steps: dict[str, MemoryRecord]) -> None:
    """One network that was tested on other images makes the comparison an error, and so does a step on another base."""
    runs = {**steps, "catsdogs-best": _scratch(steps, 9)}
    arrays = {**runs[name].arrays, "test_ids": runs[name].arrays["test_labels"].astype(str)}
    with pytest.raises(RunError, match="scratch, frozen, finetuned, augmented were not tested on the same images"):
        _compare({**runs, name: _with(arrays)})
    with pytest.raises(RunError, match="frozen, finetuned, augmented were not built on one base"):
        _compare({**runs, TUNED.name: _with({**steps[TUNED.name].arrays, "base": np.array("imagenet")})})


def _with(arrays: dict[str, Any]) -> MemoryRecord:
    record = MemoryRecord()
    record.arrays = arrays
    return record


def _compare(runs: dict[str, MemoryRecord]) -> None:
    catsdogs_comparison.catsdogs_comparison.measure(catsdogs_comparison.Params(12), None, MemoryRecord(runs))


def test_the_images_are_shared_and_cat_1275_is_tested(images: ImageData) -> None:
    """All steps have one split, classes in equal shares; the cat that the assignment names is a test image."""
    parts = catsdogs_images.select(images, _params(FROZEN))
    assert catsdogs_images.SHOWN in parts["test"].names
    ids = np.concatenate([part.ids for part in parts.values()])
    assert len(ids) == len(set(ids.tolist())) == 48
    for part in parts.values():
        assert np.bincount(part.labels).tolist() == [len(part) // 2] * 2
        assert part.pixels.shape[1:] == (32, 32, 3)


def test_full_is_the_protocol_of_the_assignment() -> None:
    """The full profile has the assignment's images, epochs and rate of fine-tuning."""
    for experiment, epochs in ((FROZEN, 20), (TUNED, 15), (AUGMENTED, 20)):
        full = experiment.params["full"]
        assert (full.train, full.validation, full.test, full.size, full.batch_size) == (2_400, 800, 800, 150, 32)
        assert (full.epochs, full.dropout, full.base) == (epochs, 0.5, "cifar10")
        assert experiment.seeds["full"] == 3
    assert TUNED.params["full"].learning_rate == 1e-5
