from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments import catsdogs_comparison, catsdogs_transfer, catsdogs_transfer_controls
from experiments.catsdogs import SHOWN, split_of
from experiments.datasets import VGG16
from experiments.models import vgg16
from report_cli.datasets.images import ImageData
from report_cli.errors import RunError
from report_cli.experiment import Experiment
from report_cli.training.augment import Augmentation, Views
from tests.experiments import pets
from tests.training.memory import InterruptionError, MemoryRecord, MemoryRun, start

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
    return pets.noise(side=32)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("computed")


@pytest.fixture(scope="module")
def base() -> MemoryRun:
    """What vgg16-pretrain records, of an untrained base."""
    record = MemoryRecord()
    rng = np.random.default_rng(0)
    for name, shape in vgg16.weight_shapes(WIDTH).items():
        scale = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 0.1
        record.trained[name] = rng.normal(0, scale, shape).astype(np.float32)
    record.arrays |= {"mean": np.full(3, 0.5), "std": np.full(3, 0.25)}
    return MemoryRun(record)


@pytest.fixture(scope="module")
def steps(images: ImageData, base: MemoryRun, cache: Path) -> dict[str, MemoryRun]:
    """All three steps, each measured once."""
    done = {"vgg16-pretrain": base}
    for experiment in STEPS:
        record, params = MemoryRecord(done, cache=cache), _params(experiment)
        start(0)
        experiment.measure(params, images, record)
        done[experiment.name] = MemoryRun(record, **vars(params))
    return done


@pytest.mark.parametrize("experiment", STEPS, ids=lambda e: e.name)
def test_measures_what_it_declares(experiment: Experiment, steps: dict[str, MemoryRun]) -> None:
    """A step records every declared metric and no other, and sizes that agree with its weights."""
    run = steps[experiment.name]
    assert set(run.scalars) == set(experiment.metrics)
    assert len(run.history) == 2
    assert run.scalars["width"] == WIDTH
    assert run.scalars["parameters"] == run.scalars["base_parameters"] + run.scalars["head_parameters"]
    trained = sum(array.size for array in run.trained.values())
    assert trained == run.scalars["head_parameters"] + run.scalars["tuned_parameters"]


def test_only_what_is_to_be_tuned_is_trained(steps: dict[str, MemoryRun], base: MemoryRun) -> None:
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


def test_a_frozen_weight_that_moves_fails_the_run(images: ImageData, base: MemoryRun, cache: Path) -> None:
    """When training changes a weight that was to stay as it is in the base, the run fails and names it."""

    class Moving(MemoryRecord):
        def classifier(self, model: Any, *arguments: Any, **options: Any) -> list[dict[str, float]]:
            history = super().classifier(model, *arguments, **options)
            model.weights[0].assign_add(np.full(model.weights[0].shape, 1e-6, np.float32))
            return history

    record = Moving({"vgg16-pretrain": base}, cache=cache)
    with pytest.raises(RunError, match="block1_conv1/kernel was to stay frozen"):
        FROZEN.measure(_params(FROZEN, epochs=1), images, record)


def test_the_frozen_beginning_is_computed_once(images: ImageData, base: MemoryRun, tmp_path: Path) -> None:
    """Two seeds of a step have the features of the base in common, and keep those of each part of the images once."""
    for seed in (0, 1):
        record = MemoryRecord({"vgg16-pretrain": base}, seed=seed, cache=tmp_path)
        start(seed)
        FROZEN.measure(_params(FROZEN, epochs=1), images, record)
        assert len(list((tmp_path / "features").iterdir())) == 3


def test_controls_change_one_thing_each(images: ImageData, steps: dict[str, MemoryRun], cache: Path) -> None:
    """One control has the frozen step's training with pixels from 0 to 1, the other the tuned step's with no block."""
    rescaled = catsdogs_transfer_controls.catsdogs_vgg16_rescaled
    assert rescaled.params == FROZEN.params
    record = MemoryRecord(steps, cache=cache)
    start(0)
    rescaled.measure(_params(rescaled), images, record)
    assert "mean" not in record.arrays
    assert record.history != steps[FROZEN.name].history
    pixels = catsdogs_transfer_controls.from_0_to_1(np.array([[0, 255]], np.uint8))
    assert np.asarray(pixels).tolist() == [[0.0, 1.0]]
    longer = catsdogs_transfer_controls.catsdogs_vgg16_longer
    assert longer.params == TUNED.params
    record = MemoryRecord(steps, cache=cache)
    start(0)
    longer.measure(_params(longer), images, record)
    assert {name for name in record.trained if name.startswith("block")} == set()
    assert record.scalars["tuned_parameters"] == 0
    near = np.abs(record.trained["hidden/kernel"] - steps[FROZEN.name].trained["hidden/kernel"]).max()
    assert near < np.abs(record.trained["hidden/kernel"] - steps[AUGMENTED.name].trained["hidden/kernel"]).max()


@pytest.mark.parametrize("change", [{"base": "imagenet"}, {"split_seed": 2}, {"test": 10}])
def test_a_head_of_another_base_or_split_is_refused(change: dict[str, Any], steps: dict[str, MemoryRun]) -> None:
    """Tuning a head that saw other features, or images that are test images now, would be no comparison."""
    assert catsdogs_transfer.head_of(steps[FROZEN.name], _params(TUNED))
    with pytest.raises(RunError, match=f"trained with {next(iter(change))}="):
        catsdogs_transfer.head_of(steps[FROZEN.name], _params(TUNED, **change))


def test_augmented_training_resumes_as_if_uninterrupted(
    images: ImageData, steps: dict[str, MemoryRun], base: MemoryRun, cache: Path
) -> None:
    """Interrupted after the first epoch and resumed, augmentation and result are the same to the last bit."""
    params = _params(AUGMENTED)
    interrupted = MemoryRecord({"vgg16-pretrain": base}, stop_after=1, cache=cache)
    start(0)
    with pytest.raises(InterruptionError):
        AUGMENTED.measure(params, images, interrupted)
    again = MemoryRecord({"vgg16-pretrain": base}, checkpoint=interrupted.checkpoint, cache=cache)
    start(0)
    AUGMENTED.measure(params, images, again)
    whole = steps[AUGMENTED.name]
    assert again.history == whole.history
    assert again.scalars == whole.scalars
    np.testing.assert_array_equal(again.arrays["test_logits"], whole.arrays["test_logits"])


def test_samples_are_what_the_network_saw(images: ImageData, steps: dict[str, MemoryRun]) -> None:
    """The first of the views shown is that of the first epoch; the image itself comes first."""
    params, record = _params(AUGMENTED), steps[AUGMENTED.name]
    train = split_of(images, params).train
    amounts = Augmentation(params.flip, params.shift, params.rotation, params.zoom)
    seen = Views(train.pixels, train.ids, 0, 1, amounts)[:]
    for row, label in enumerate((0, 1)):
        place = np.flatnonzero(train.labels == label)[0]
        np.testing.assert_array_equal(record.arrays["sample_images"][row, 0], train.pixels[place])
        np.testing.assert_array_equal(record.arrays["sample_images"][row, 1], seen[place])


def test_the_published_base_needs_no_run_and_gets_its_own_inputs() -> None:
    """With ImageNet weights nothing is pretrained, and images are prepared as those weights know them."""
    params = _params(FROZEN, base="imagenet")
    assert FROZEN.needs_of(params) == ()
    assert TUNED.needs_of(_params(TUNED, base="imagenet")) == (FROZEN.name,)
    assert TUNED.needs_of(_params(TUNED)) == (FROZEN.name, "vgg16-pretrain")
    asked = []

    class Published(MemoryRecord):
        def pretrained(self, weights: Any) -> dict[str, Any]:
            asked.append(weights)
            return {name: np.zeros(shape, np.float32) for name, shape in vgg16.weight_shapes().items()}

    arrays, inputs = catsdogs_transfer.pretrained(params, Published())
    assert asked == [VGG16]
    assert set(arrays) == set(vgg16.weight_shapes())
    pixels = np.array([[[[10, 20, 30]]]], np.uint8)
    np.testing.assert_allclose(inputs(pixels), [[[[30 - 103.939, 20 - 116.779, 10 - 123.68]]]], rtol=1e-6)
    with pytest.raises(ValueError, match="not cifar10 or imagenet"):
        _params(FROZEN, base="laion")


def test_steps_on_other_bases_are_not_compared(steps: dict[str, MemoryRun]) -> None:
    """The steps say something about each other on one base alone."""
    other = MemoryRun(base="imagenet")
    record = MemoryRecord({**steps, "catsdogs-best": MemoryRun(), TUNED.name: other})
    with pytest.raises(RunError, match="frozen, finetuned, augmented were not built on one base"):
        catsdogs_comparison.catsdogs_comparison.measure(record)


def test_the_images_are_shared_and_cat_1275_is_tested(images: ImageData) -> None:
    """All steps have one split, classes in equal shares; the cat that the assignment names is a test image."""
    split = split_of(images, _params(FROZEN))
    assert SHOWN in split.test.names
    parts = (split.train, split.validation, split.test)
    ids = np.concatenate([part.ids for part in parts])
    assert len(ids) == len(set(ids.tolist())) == 48
    for part in parts:
        assert np.bincount(part.labels).tolist() == [len(part) // 2] * 2
        assert part.pixels.shape[1:] == (32, 32, 3)


@pytest.mark.parametrize("profile", ["smoke", "quick", "full"])
def test_augmentation_alone_differs(profile: str) -> None:
    """With augmented images a new head has the epochs, the rate and the images that it has without."""
    plain, augmented = (vars(experiment.params[profile]) for experiment in (FROZEN, AUGMENTED))
    assert plain == {name: augmented[name] for name in plain}


def test_full_is_the_protocol_of_the_assignment() -> None:
    """The full profile has the assignment's images, epochs and rate of fine-tuning."""
    for experiment, epochs in ((FROZEN, 20), (TUNED, 15), (AUGMENTED, 20)):
        full = experiment.params["full"]
        assert (full.train, full.validation, full.test, full.size, full.batch_size) == (2_400, 800, 800, 150, 32)
        assert (full.epochs, full.dropout, full.base) == (epochs, 0.5, "imagenet")
        assert experiment.seeds["full"] == 3
    assert TUNED.params["full"].learning_rate == 1e-5
