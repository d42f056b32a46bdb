"""Test images are read once by every experiment that is tested, and not before the last step of its trainings.

Every result on them is checked against the least loss that is possible at its accuracy.
"""

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import pytest

from experiments import catsdogs_best, catsdogs_images, cifar, cifar_comparison, cifar_less_data
from experiments.models import vgg16
from report_cli.datasets import split
from report_cli.datasets.images import ImageData, Part
from report_cli.training import losses
from report_cli.training.losses import Score
from tests.experiments import pets, registered, small
from tests.training.memory import MemoryRecord

STEP, TEST = "step", "test"
TESTED_ON_OBJECTS = (
    "cifar-control",
    "cifar-control-20",
    "cifar-inception",
    "cifar-inception-deep",
    "cifar-less-data",
    "cifar-matched",
    "cifar-residual",
    "cifar-residual-deep",
)
TESTED_ON_PETS = ("catsdogs-best", "catsdogs-vgg16-augmented", "catsdogs-vgg16-finetuned", "catsdogs-vgg16-frozen")
# These are tested on nothing.
NOT_TESTED = ("vgg16-pretrain", *catsdogs_best.CANDIDATES)
# These look at a network that is finished, and train nothing.
EXPLAINING = ("catsdogs-activations", "catsdogs-filters", "catsdogs-gradcam")
OBJECTS = replace(cifar.PROFILES["smoke"], train=60, validation=20, test=40, batch_size=20)
WIDTH = 1 / 32


EXPERIMENTS = registered.by_name()


@dataclass(frozen=True)
class Watched:
    """Images, or one part of them, that tell when their test part or their pixels are read."""

    of: Any
    told: str
    events: list[str]

    def __getattr__(self, name: str) -> Any:
        if name == self.told:
            self.events.append(TEST)
        return getattr(self.of, name)

    def __len__(self) -> int:
        return len(self.of)


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happened, in order: training steps, and test images that were read."""
    told: list[str] = []
    step = keras.Model.train_on_batch

    def train(model: keras.Model, *arguments: Any, **options: Any) -> Any:
        told.append(STEP)
        return step(model, *arguments, **options)

    monkeypatch.setattr(keras.Model, "train_on_batch", train)
    return told


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[Score]:
    """Results on test images that were checked against the floor; those after an epoch are checked elsewhere."""
    told: list[Score] = []
    monkeypatch.setattr(losses, "check_floor", told.append)
    return told


def _objects(images: ImageData) -> MemoryRecord:
    """Return a record with the runs that less data needs."""
    test = split.stratified(images.test, {"test": OBJECTS.test}, OBJECTS.split_seed)["test"]
    needs = {}
    for network in cifar_comparison.NETWORKS:
        run = MemoryRecord()
        run.history = [{"epoch": epoch} for epoch in range(1, OBJECTS.epochs + 1)]
        run.array("test_ids", test.ids)
        run.scalars = {"train_images": OBJECTS.train, "test_accuracy": 0.5}
        needs[f"cifar-{network}"] = run
    return MemoryRecord(needs)


def _pets(images: ImageData) -> MemoryRecord:
    """Return a record with the runs that the choice of the best network and the transfer steps need."""
    parts = catsdogs_images.select(images, _pet_params("catsdogs-best"))
    needs = {"vgg16-pretrain": MemoryRecord()}
    for name, shape in vgg16.weight_shapes(WIDTH).items():
        needs["vgg16-pretrain"].trained[name] = np.random.default_rng(0).normal(0, 0.1, shape).astype(np.float32)
    needs["vgg16-pretrain"].arrays = {"mean": np.full(3, 0.5), "std": np.full(3, 0.25)}
    for name in catsdogs_best.CANDIDATES:
        needs[name] = MemoryRecord()
        needs[name].arrays = {"validation_ids": parts["validation"].ids, "size": np.array(pets.SIDE)}
        needs[name].history = [dict.fromkeys(catsdogs_best.COLUMNS, 0.5)]
        needs[name].scalars = {"settled_validation_loss": 1, "learning_rate": 1e-3, "momentum": 0.9, "dropout": 0.5}
    frozen = EXPERIMENTS["catsdogs-vgg16-frozen"]
    needs[frozen.name] = MemoryRecord(dict(needs))
    frozen.measure(_pet_params(frozen.name), images, needs[frozen.name])
    return MemoryRecord(needs)


def _pet_params(name: str) -> Any:
    return replace(EXPERIMENTS[name].params["smoke"], **pets.SIZES, epochs=2, batch_size=12)


def test_every_experiment_with_images_is_looked_at() -> None:
    """An experiment with images is tested on them, or is known not to be."""
    named = {*TESTED_ON_OBJECTS, *TESTED_ON_PETS, *NOT_TESTED, *EXPLAINING}
    assert {name for name, experiment in EXPERIMENTS.items() if experiment.data} == named


@pytest.mark.parametrize("name", TESTED_ON_OBJECTS)
def test_objects_are_read_once_after_all_trainings(
    name: str, events: list[str], checked: list[Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many networks an experiment trains, the test part is asked for once, when all of them are finished; the
    result of each is checked."""
    small.build_small(monkeypatch)
    images, experiment = small.noise(), EXPERIMENTS[name]
    params = (
        cifar_less_data.Params(**vars(OBJECTS), sizes=(20, 40), watched=10) if name == "cifar-less-data" else OBJECTS
    )
    experiment.measure(params, Watched(images, "test", events), _objects(images))
    assert len(checked) == {"cifar-less-data": 6, "cifar-matched": 3}.get(name, 1)
    assert events.count(TEST) == 1
    assert events[-1] == TEST
    assert len(events) > 1


@pytest.mark.parametrize("name", TESTED_ON_PETS)
def test_pets_are_read_once_after_training(
    name: str, events: list[str], checked: list[Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pixels of the test images are asked for once, when training is over, and the result is checked."""
    images = pets.noise()
    record, select = _pets(images), catsdogs_images.select
    events.clear()
    checked.clear()

    def watched(images: ImageData, params: catsdogs_images.Choice) -> dict[str, Part]:
        parts = select(images, params)
        return {**parts, "test": Watched(parts["test"], "pixels", events)}  # type: ignore[dict-item]

    monkeypatch.setattr(catsdogs_images, "select", watched)
    EXPERIMENTS[name].measure(_pet_params(name), images, record)
    assert checked == [Score(record.scalars["test_loss"], record.scalars["test_accuracy"])]
    assert events.count(TEST) == 1
    assert events[-1] == TEST
    assert len(events) > 1


@pytest.mark.parametrize("name", NOT_TESTED)
def test_the_others_read_no_test_image(name: str, events: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is trained to be chosen from, or to be built on, never asks for test images."""
    images: Any = small.noise() if name == "vgg16-pretrain" else pets.noise()
    select = catsdogs_images.select

    def watched(images: ImageData, params: catsdogs_images.Choice) -> dict[str, Part]:
        parts = select(images, params)
        return {**parts, "test": Watched(parts["test"], "pixels", events)}  # type: ignore[dict-item]

    monkeypatch.setattr(catsdogs_images, "select", watched)
    if name == "vgg16-pretrain":
        images = Watched(images, "test", events)
        params = replace(EXPERIMENTS[name].params["smoke"], train=60, validation=20, width=WIDTH)
    else:
        params = _pet_params(name)
    EXPERIMENTS[name].measure(params, images, MemoryRecord())
    assert set(events) == {STEP}
