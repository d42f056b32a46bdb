from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

import report_cli as report
from report_cli.datasets.images import ImageData, Part, Raw, assemble
from report_cli.datasets.split import Split
from report_cli.training import classify, frozen, losses
from report_cli.training.augment import Augmentation, Views
from report_cli.training.classify import ERRORS
from tests.training.memory import InterruptionError, MemoryFigures, MemoryRecord, MemoryRun, start

AMOUNTS = Augmentation(flip=True, shift=0.1, rotation=10, zoom=0.1)


@dataclass(frozen=True)
class Params:
    epochs: int = 3
    batch_size: int = 20
    learning_rate: float = 3e-3


@dataclass(frozen=True)
class PreciseParams(Params):
    precision: str = "auto"


def _noise(classes: int) -> ImageData:
    """Return classes of coloured noise."""
    rng = np.random.default_rng(0)
    colours = rng.integers(90, 166, (classes, 1, 1, 3))

    def part(count: int) -> Raw:
        labels = np.arange(count) % classes
        return Raw(labels, (colours[labels] + rng.integers(-90, 90, (count, 8, 8, 3))).astype(np.uint8))

    names = tuple("zyxwvutsrq"[:classes])
    return assemble("noise", "noise", "drawn", "noise", names, part(120), part(60))


@pytest.fixture(params=[2, 10], ids=["two classes", "ten classes"])
def split(request: pytest.FixtureRequest) -> Split[Part]:
    return _noise(request.param).split(train=60, validation=20, test=60)


@pytest.fixture
def two() -> Split[Part]:
    return _noise(2).split(train=60, validation=20, test=40)


def _model(split: Split[Part]) -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(split.shape),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(1 if split.classes == 2 else split.classes),
        ]
    )


def _on_frozen_base(split: Split[Part], rate: float = 0.2) -> keras.Model:
    layers = keras.layers
    images = keras.Input(split.shape)
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, activation="relu")(images))
    base = keras.Model(images, layers.MaxPooling2D(2)(x), name="base")
    base.trainable = False
    inputs = keras.Input(split.shape)
    x = layers.Dropout(rate)(layers.Flatten()(base(inputs, training=False)))
    return keras.Model(inputs, layers.Dense(1, name="logit")(x))


def _train(
    split: Split[Part],
    record: MemoryRecord,
    build: Callable[[Split[Part]], keras.Model] = _model,
    params: Params = Params(),
    **options: Any,
) -> keras.Model:
    start(record.seed)
    model = build(split)
    assert record.classifier(model, split, params, **options) == record.history
    return model


def _loss(logits: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """Return the mean cross-entropy as a reader would compute it from the stored arrays."""
    z = logits.astype(np.float64)
    if z.shape[1] == 1:
        z = np.concatenate([np.zeros_like(z), z], axis=1)
    largest = z.max(axis=1)
    true = z[range(len(z)), labels]
    return float((largest + np.log(np.exp(z - largest[:, None]).sum(axis=1)) - true).mean())


def _named(logits: NDArray[np.float32]) -> NDArray[Any]:
    return logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(axis=1)


def test_what_is_recorded_follows_from_what_is_stored(split: Split[Part]) -> None:
    """Every declared metric is recorded and no other; numpy comes to the same from the stored logits and labels."""
    record = MemoryRecord()
    model = _train(split, record)
    scalars, arrays = record.scalars, record.arrays
    assert set(scalars) == set(report.CLASSIFIER["metrics"])
    assert [row["epoch"] for row in record.history] == [1, 2, 3]
    for name, part, last in (("validation", split.validation, record.history[-1]), ("test", split.test, scalars)):
        logits, labels = arrays[f"{name}_logits"], arrays[f"{name}_labels"]
        assert (logits.dtype, labels.dtype, arrays[f"{name}_ids"].dtype) == (np.float32, np.uint8, np.uint64)
        assert [f"{number:016x}" for number in arrays[f"{name}_ids"].tolist()] == part.ids.tolist()
        assert labels.tolist() == part.labels.tolist()
        for values in (last, scalars):
            assert (_named(logits) == labels).mean() == values[f"{name}_accuracy"]
            assert _loss(logits, labels) == pytest.approx(values[f"{name}_loss"], rel=1e-6)
    labels, named = arrays["test_labels"], _named(arrays["test_logits"])
    counts = [[((labels == i) & (named == j)).sum() for j in range(split.classes)] for i in range(split.classes)]
    assert arrays["confusion"].tolist() == counts
    assert tuple(arrays["classes"]) == split.class_names
    assert [scalars[f"{part}_images"] for part in ("train", "validation", "test")] == [60, 20, 60]
    assert sum(array.size for array in record.trained.values()) == scalars["parameters"] == model.count_params()
    assert scalars["best_validation_loss"] == min(row["validation_loss"] for row in record.history)
    assert (arrays["best_test_predicted"] == labels).mean() == scalars["best_test_accuracy"]


@pytest.mark.parametrize("best", [False, True])
def test_the_best_epoch_is_tested_beside_the_last(split: Split[Part], best: bool) -> None:
    """With `best` weights, predictions and test are those of the best epoch; without, it is tested beside the last."""
    # The validation images are named wrong, so the first epoch is the best.
    wrong = replace(split.validation, labels=(split.validation.labels + 1) % split.classes)
    record = MemoryRecord()
    _train(replace(split, validation=wrong), record, params=Params(learning_rate=0.03), best=best)
    scalars, arrays = record.scalars, record.arrays
    assert scalars["best_epoch"] < len(record.history)
    validated = "best_validation" if best else "validation"
    loss = _loss(arrays["validation_logits"], arrays["validation_labels"])
    assert loss == pytest.approx(scalars[f"{validated}_loss"], rel=1e-6)
    assert (scalars["best_test_loss"] == scalars["test_loss"]) is best
    named = _named(arrays["test_logits"]).astype(int)
    assert not best or arrays["best_test_predicted"].tolist() == named.tolist()


def test_errors_of_large_images_are_kept_small(split: Split[Part]) -> None:
    """Images of more than 75 pixels are shrunk to be kept."""
    start(0)
    large = replace(split.test, pixels=np.kron(split.test.pixels, np.ones((1, 10, 10, 1), np.uint8)))
    record, logits = MemoryRecord(), np.zeros((len(large), split.classes))
    logits[:, 0] = 1
    classify.record_test(logits, large, split.class_names, record)
    assert record.arrays["error_pixels"].shape[1:] == (75, 75, 3)


def test_errors_are_the_surest_wrong_answers(split: Split[Part]) -> None:
    """Kept are the test images that are named wrong, as many as there is room for, the surest first, with pixels."""
    record = MemoryRecord()
    _train(split, record, params=Params(epochs=1))
    logits, labels, errors = (record.arrays[name] for name in ("test_logits", "test_labels", "errors"))
    z = np.concatenate([-logits, logits], axis=1) / 2 if split.classes == 2 else logits
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    wrong = np.flatnonzero(_named(logits) != labels)
    assert len(wrong) > 5
    assert len(errors) == min(ERRORS, len(wrong)) == len(set(errors.tolist()))
    assert set(errors.tolist()) <= set(wrong.tolist())
    sure = p.max(axis=1)
    assert (np.diff(sure[errors]) <= 1e-6).all()
    rest = np.setdiff1d(wrong, errors)
    assert not len(rest) or sure[rest].max() <= sure[errors].min() + 1e-6
    np.testing.assert_array_equal(record.arrays["error_pixels"], split.test.pixels[errors])


def test_without_a_test_no_test_image_is_read(split: Split[Part]) -> None:
    """Where nothing is to be tested, the validation images are predicted and the test images never asked for."""

    def refuse() -> Part:
        raise AssertionError

    record = MemoryRecord()
    _train(replace(split, take_test=refuse), record, test=False)
    assert set(record.scalars) == set(report.TRAINING["metrics"])
    assert record.arrays["validation_ids"].tolist() == split.validation.numbers.tolist()
    assert not [name for name in record.arrays if name.startswith(("test", "error", "confusion"))]


def test_test_images_are_read_once_and_last(split: Split[Part], monkeypatch: pytest.MonkeyPatch) -> None:
    """The test images are taken once, after the last epoch, and their result is checked against the least loss."""
    record, events, checked = MemoryRecord(), [], []

    def taken(take: Callable[[], Part]) -> Part:
        events.append(len(record.history))
        return take()

    monkeypatch.setattr(losses, "check_floor", checked.append)
    _train(replace(split, take_test=lambda: taken(split.take_test)), record)
    assert events == [Params.epochs]
    assert [(each.loss, each.accuracy) for each in checked] == [
        (record.scalars["test_loss"], record.scalars["test_accuracy"])
    ]


@pytest.mark.parametrize("best", [False, True])
def test_an_interrupted_run_ends_the_same(split: Split[Part], best: bool) -> None:
    """The same seed gives the same numbers to the last bit, after other trainings and after an interruption."""
    first, interrupted = MemoryRecord(seed=3), MemoryRecord(seed=3, stop_after=2)
    _train(split, first, best=best)
    with pytest.raises(InterruptionError):
        _train(split, interrupted, best=best)
    again = MemoryRecord(seed=3, checkpoint=interrupted.checkpoint)
    _train(split, again, best=best)
    assert again.scalars == first.scalars
    assert again.history == first.history
    np.testing.assert_array_equal(again.arrays["test_logits"], first.arrays["test_logits"])
    other = MemoryRecord(seed=4)
    _train(split, other, best=best)
    assert other.scalars != first.scalars


def test_draws_what_is_declared(split: Split[Part]) -> None:
    """The figures come from stored results alone, with alternative texts computed from them."""
    record = MemoryRecord()
    _train(split, record)
    for declared in (report.CLASSIFIER, report.TRAINING):
        figures = MemoryFigures()
        declared["draw"](MemoryRun(record), figures)
        assert tuple(figures.figures) == declared["figures"]
        assert f"from {record.history[0]['loss']:.2f} to {record.history[-1]['loss']:.2f}" in figures.alts["curves"]


def test_a_model_keeps_what_it_was_compiled_with(two: Split[Part]) -> None:
    """A compiled model is trained by its own optimizer and loss, one that is not by RMSprop at the given rate."""

    def compiled(split: Split[Part], rate: float = 3e-3) -> keras.Model:
        model = _model(split)
        losses.compile_classifier(model, rate)
        return model

    def other(split: Split[Part]) -> keras.Model:
        model = _model(split)
        model.compile(keras.optimizers.Adam(1e-2), keras.losses.BinaryCrossentropy(from_logits=True))
        return model

    builds = (_model, compiled, lambda split: compiled(split, 3e-4), other)
    plain, same, slower, adam = records = [MemoryRecord() for _ in builds]
    for build, record in zip(builds, records, strict=True):
        _train(two, record, build)
    assert same.history == plain.history
    rates = [record.history[0]["learning_rate"] for record in (plain, slower, adam)]
    assert rates == pytest.approx([3e-3, 3e-4, 1e-2])
    assert slower.history[-1]["loss"] != plain.history[-1]["loss"] != adam.history[-1]["loss"]


@pytest.mark.parametrize(
    ("machine", "params", "expected"),
    [
        ("bfloat16", Params(epochs=1), "bfloat16"),
        ("bfloat16", PreciseParams(epochs=1), "bfloat16"),
        ("bfloat16", PreciseParams(epochs=1, precision="float32"), "float32"),
        ("float32", PreciseParams(epochs=1, precision="bfloat16"), "bfloat16"),
    ],
)
def test_parameters_go_before_the_machine(two: Split[Part], machine: str, params: Params, expected: str) -> None:
    """A network computes in the precision that its parameters say; where they say none, in that of the machine."""
    record = MemoryRecord(precision=machine)
    model = _train(two, record, params=params)
    assert model.layers[0].compute_dtype == expected
    assert model.layers[-1].compute_dtype == "float32"
    assert record.arrays["test_logits"].dtype == np.float32


def test_training_on_features_is_training_of_the_whole(
    two: Split[Part], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen base whose features are computed once gives the history and logits of a training of the whole model."""
    cached, whole = MemoryRecord(cache=tmp_path), MemoryRecord()
    model = _train(two, cached, _on_frozen_base)
    assert len(list((tmp_path / "features").iterdir())) == 3
    monkeypatch.setattr(frozen, "cut", lambda model: (None, model))
    _train(two, whole, _on_frozen_base)
    for ours, theirs in zip(cached.history, whole.history, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)
    np.testing.assert_allclose(cached.arrays["test_logits"], whole.arrays["test_logits"], atol=1e-4)
    for name in ("parameters", "multiply_adds"):
        assert cached.scalars[name] == whole.scalars[name]
    assert cached.scalars["parameters"] == model.count_params()
    assert set(cached.trained) == {"logit/kernel", "logit/bias"} < set(whole.trained)


@pytest.mark.parametrize(("views", "sets"), [(2, 4), (0, 2)])
def test_fixed_views_are_computed_once_each(two: Split[Part], tmp_path: Path, views: int, sets: int) -> None:
    """With a frozen base each of so many views is kept once, for any number of epochs; fresh views are not kept."""
    record = MemoryRecord(cache=tmp_path)
    params = Params(epochs=5)
    _train(two, record, lambda split: _on_frozen_base(split, 0.0), params, augmentation=AMOUNTS, views=views)
    # Those of the validation and the test images are kept in any case.
    assert len(list((tmp_path / "features").iterdir())) == sets
    other = MemoryRecord(cache=tmp_path, seed=1)
    _train(two, other, lambda split: _on_frozen_base(split, 0.0), params, augmentation=AMOUNTS, views=views)
    assert other.history != record.history


@pytest.mark.parametrize(("views", "expected"), [(2, [1, 2, 1, 2]), (0, [1, 2, 3, 4])])
def test_epochs_see_the_views_in_turn(
    two: Split[Part], monkeypatch: pytest.MonkeyPatch, views: int, expected: list[int]
) -> None:
    """Of two views odd epochs see the first and even ones the second; without a number each sees one of its own."""
    seen: list[int] = []

    def noted(*arguments: Any) -> Views:
        made = Views(*arguments)
        seen.append(made.epoch)
        return made

    monkeypatch.setattr(classify, "Views", noted)
    _train(two, MemoryRecord(), params=Params(epochs=4), augmentation=AMOUNTS, views=views)
    assert seen == expected
