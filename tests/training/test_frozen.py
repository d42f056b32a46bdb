import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from report_cli.errors import RunError
from report_cli.training import backend, frozen
from report_cli.training.fit import Inputs, weights
from report_cli.training.precision import set_precision
from tests.training.memory import MemoryRecord, start

SHAPE = (8, 8, 3)
LAYERS = keras.layers
PIXELS = np.random.default_rng(0).integers(0, 256, (frozen.BATCH + 7, *SHAPE)).astype(np.uint8)


def _scaled(pixels: Any) -> Any:
    return keras.ops.cast(pixels, "float32") / 255


def _convolution(name: str, filters: int = 4, trainable: bool = False) -> keras.layers.Layer:
    return LAYERS.Conv2D(filters, 3, padding="same", activation="relu", name=name, trainable=trainable)


def _head(x: keras.KerasTensor) -> keras.KerasTensor:
    return LAYERS.Dense(2, name="logits")(LAYERS.Flatten(name="flatten")(x))


def _flat(*before: keras.layers.Layer) -> keras.Model:
    """Return a network with its layers one by one, the first convolution frozen, the second not."""
    inputs = keras.Input(SHAPE)
    x = inputs
    for layer in before:
        x = layer(x)
    x = LAYERS.MaxPooling2D(2, name="pool")(_convolution("frozen")(x))
    return keras.Model(inputs, _head(_convolution("tuned", trainable=True)(x)))


def _nested() -> keras.Model:
    """Return a head on a frozen base, as the guides of Keras write it."""
    images = keras.Input(SHAPE)
    x = LAYERS.BatchNormalization(name="norm")(LAYERS.Conv2D(4, 3, name="convolution")(images))
    base = keras.Model(images, LAYERS.ReLU(name="relu")(x), name="base")
    base.trainable = False
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, _head(base(inputs, training=False)))


def _sequential() -> keras.Model:
    model = keras.Sequential([keras.Input(SHAPE), _convolution("frozen")])
    for layer in (_convolution("tuned", trainable=True), LAYERS.Flatten(), LAYERS.Dense(2)):
        model.add(layer)
    return model


def _reused() -> keras.Model:
    """Return a network made of the layers of another one."""
    return keras.Sequential([*_flat().layers[:-1], LAYERS.Dense(2, name="new")])


def _with_operations() -> keras.Model:
    """Return a network in which tensors are added and averaged without a layer."""
    inputs = keras.Input(SHAPE)
    x = keras.ops.relu(_convolution("frozen", 3)(inputs) + inputs)
    return keras.Model(inputs, LAYERS.Dense(2)(keras.ops.mean(x, axis=(1, 2))))


def _around() -> keras.Model:
    """Return a network in which the images go around the frozen convolution, without a layer."""
    inputs = keras.Input(SHAPE)
    x = _convolution("tuned", 3, trainable=True)(_convolution("frozen", 3)(inputs))
    return keras.Model(inputs, _head(x + 2 * inputs))


def _augmented(before: keras.layers.Layer) -> keras.Model:
    """Return a network that augments images itself, as the guides of Keras write it, before a frozen base."""
    images = keras.Input(SHAPE)
    base = keras.Model(images, _convolution("convolution")(images), name="base")
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, _head(base(keras.Sequential([before], name="augmentation")(inputs), training=False)))


def _noisy(**options: bool) -> keras.Model:
    """Return a head on a frozen base that has a dropout within, called with these options."""
    images = keras.Input(SHAPE)
    base = keras.Model(images, LAYERS.Dropout(0.5)(_convolution("convolution")(images)), name="base")
    base.trainable = False
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, _head(base(inputs, **options)))


def _branched() -> keras.Model:
    """Return a network in which a shortcut goes from the first convolution around the second; both are frozen."""
    inputs = keras.Input(SHAPE)
    first = _convolution("first")(inputs)
    added = LAYERS.Add(name="add")([_convolution("second")(first), _convolution("third", trainable=True)(first)])
    return keras.Model(inputs, _head(added))


def _shortcut() -> keras.Model:
    """Return a network in which the images themselves go around the frozen convolution."""
    inputs = keras.Input(SHAPE)
    added = LAYERS.Concatenate(name="both")([_convolution("frozen")(inputs), _convolution("other", 3, True)(inputs)])
    return keras.Model(inputs, _head(added))


def _joined() -> keras.Model:
    """Return a network whose frozen beginning has two branches that are joined again."""
    inputs = keras.Input(SHAPE)
    first = _convolution("first")(inputs)
    joined = LAYERS.Concatenate(name="joined")([_convolution("left")(first), _convolution("right")(first)])
    return keras.Model(inputs, _head(joined))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    start(0)


@pytest.fixture
def record(tmp_path: Path) -> MemoryRecord:
    return MemoryRecord(cache=tmp_path / "computed")


@pytest.mark.parametrize(
    ("build", "last"),
    [
        (_flat, "pool"),
        (_nested, "flatten"),
        (_sequential, "frozen"),
        (_branched, "first"),
        (_joined, "flatten"),
        (_reused, "pool"),
        (_with_operations, "frozen"),
        (lambda: _flat(LAYERS.Dropout(0.0, name="none")), "pool"),
    ],
    ids=["flat", "nested", "sequential", "branched", "joined", "reused", "operations", "rate 0"],
)
def test_the_frozen_beginning_is_as_long_as_one_tensor_goes_on(build: Callable[[], keras.Model], last: str) -> None:
    """A network is cut after the last frozen layer from which alone it goes on, and both parts make the whole."""
    model = build()
    base, top = frozen.cut(model)
    assert base is not None
    assert base.layers[-1].name == last
    assert base.trainable_weights == []
    assert {id(v) for v in top.trainable_weights} == {id(v) for v in model.trainable_weights}
    assert {id(v) for v in (*base.weights, *top.weights)} == {id(v) for v in model.weights}
    images = np.random.default_rng(0).normal(size=(3, *SHAPE)).astype(np.float32)
    np.testing.assert_allclose(top(base(images)), model(images), atol=1e-6)


@pytest.mark.parametrize(
    "build",
    [
        lambda: keras.Sequential([keras.Input(SHAPE), LAYERS.Flatten(), LAYERS.Dense(2)]),
        lambda: _flat(_convolution("before", trainable=True)),
        lambda: _flat(LAYERS.Dropout(0.1)),
        lambda: _flat(LAYERS.GaussianNoise(0.1)),
        lambda: _flat(LAYERS.BatchNormalization(center=False, scale=False)),
        lambda: _augmented(LAYERS.RandomFlip("horizontal")),
        _noisy,
        lambda: _noisy(training=False),
        _shortcut,
        _around,
    ],
    ids=[
        "nothing frozen",
        "trained before",
        "dropout before",
        "noise before",
        "averages",
        "augmentation",
        "noisy",
        "said to be quiet",
        "shortcut",
        "around",
    ],
)
def test_without_a_frozen_beginning_the_model_stays_whole(build: Callable[[], keras.Model]) -> None:
    """A layer that is trained or random in training ends the beginning; without one the model itself comes back."""
    model = build()
    assert frozen.cut(model) == (None, model)


def test_dropout_ends_the_beginning() -> None:
    """What comes after a dropout is other in every step, so the cut is before it."""
    inputs = keras.Input(SHAPE)
    x = LAYERS.Dropout(0.5)(_convolution("first")(inputs))
    base, _ = frozen.cut(keras.Model(inputs, _head(_convolution("second")(x))))
    assert base is not None
    assert base.layers[-1].name == "first"


@pytest.mark.parametrize("keep", [True, False], ids=["on disk", "in memory"])
def test_features_are_those_of_the_beginning_on_prepared_images(record: MemoryRecord, keep: bool) -> None:
    """Features come in the order of the images, whatever the batches, and of prepared pixels, in inference mode."""
    model = _nested()
    base, top = frozen.cut(model)
    assert base is not None
    features = frozen.features(base, PIXELS, _scaled, record, keep=keep)
    np.testing.assert_allclose(features[:], base(_scaled(PIXELS), training=False), atol=1e-6)
    np.testing.assert_allclose(top(features[:]), model(_scaled(PIXELS), training=False), atol=1e-5)
    places = np.array([[3, 50], [0, 56]])
    np.testing.assert_array_equal(features[places], features[:][places])
    assert features.shape == (len(PIXELS), *base.output_shape[1:])
    assert record.cache.exists() == keep


def _refuse(*_: object) -> Callable[[NDArray[Any]], NDArray[Any]]:
    def predict(inputs: NDArray[Any]) -> NDArray[Any]:
        raise AssertionError("it computes")

    return predict


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_is_on_disk_is_not_computed_again(
    record: MemoryRecord, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time, in a model built anew, features are read, and are the same to the last bit and type."""

    def made() -> Inputs:
        start(0)
        model = _nested()
        set_precision(model, precision)
        base, _ = frozen.cut(model)
        assert base is not None
        return frozen.features(base, PIXELS, _scaled, record)

    first = made()
    assert str(first.dtype) == precision
    monkeypatch.setattr(backend, "predictor", _refuse)
    second = made()
    assert second.dtype == first.dtype
    assert second[:].tobytes() == first[:].tobytes()
    assert isinstance(second, np.memmap)


def _kept(record: MemoryRecord) -> list[Path]:
    return sorted((record.cache / "features").iterdir())


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("features.bin", _truncate),
        ("features.bin", _flip),
        ("features.bin", Path.unlink),
        ("about.json", _truncate),
        ("about.json", Path.unlink),
        ("about.json", lambda path: path.write_text("[]")),
        ("about.json", lambda path: path.write_text(json.dumps({**json.loads(path.read_text()), "dtype": "none"}))),
        ("about.json", lambda path: path.write_text(json.dumps({**json.loads(path.read_text()), "shape": [10**9]}))),
    ],
    ids=["truncated", "flipped", "gone", "cut off", "no words", "a list", "no such type", "too large"],
)
def test_what_is_damaged_is_computed_anew(record: MemoryRecord, name: str, damage: Callable[[Path], object]) -> None:
    """Features that are not what was written are never used; they are computed again in their place."""
    base, _ = frozen.cut(_nested())
    assert base is not None
    whole = np.array(frozen.features(base, PIXELS, _scaled, record)[:])
    (folder,) = _kept(record)
    damage(folder / name)
    np.testing.assert_array_equal(frozen.features(base, PIXELS, _scaled, record)[:], whole)
    assert _kept(record) == [folder]
    assert (folder / name).is_file()
    assert not list((record.cache / "tmp").glob("*")), "nothing is left behind"


def test_what_decides_features_decides_their_name(record: MemoryRecord) -> None:
    """Other weights, layers, inputs, preparation or precision are other features; the same again are not."""
    pixels = PIXELS[:5].copy()
    base, _ = frozen.cut(_flat())
    assert base is not None

    def kept() -> int:
        frozen.features(base, pixels, _scaled, record)
        return len(_kept(record))

    assert [kept(), kept()] == [1, 1]
    variable = base.weights[0]
    before = weights(base)[variable.path]
    changed = before.copy()
    changed.flat[3] = np.nextafter(changed.flat[3], 1, dtype=np.float32)
    variable.assign(changed)
    assert kept() == 2
    variable.assign(before)
    assert kept() == 2
    pixels[4, 7, 7, 2] ^= 1
    assert kept() == 3
    frozen.features(base, pixels, lambda each: _scaled(each) * 2, record)
    assert len(_kept(record)) == 4
    base.get_layer("pool").pool_size = (1, 1)
    assert kept() == 5
    base.get_layer("pool").pool_size = (2, 2)
    set_precision(base, "bfloat16")
    assert kept() == 6
    set_precision(base, "float32")
    assert kept() == 6


def test_too_little_room_is_an_error_before_anything_is_written(
    record: MemoryRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that is nearly full the run fails with the size and what makes room, and nothing is kept."""
    base, _ = frozen.cut(_nested())
    assert base is not None
    size = len(PIXELS) * 6 * 6 * 4 * 4
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2 * size - 1))
    with pytest.raises(RunError, match=f"features of {len(PIXELS)} images") as caught:
        frozen.features(base, PIXELS, _scaled, record)
    assert "report gc" in caught.value.hint
    assert not (record.cache / "features").exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2 * size))
    frozen.features(base, PIXELS, _scaled, record)


def test_much_is_said_before_it_is_written(record: MemoryRecord) -> None:
    """Features of many megabytes are announced with their size before they are on disk; small ones are not."""

    class Listening(MemoryRecord):
        def note(self, text: str) -> None:
            super().note(text)
            assert len(list(self.cache.rglob("*.bin"))) == 1, "the small ones"

    listening = Listening(cache=record.cache)
    for filters, notes in ((4, 0), (128, 1)):
        inputs = keras.Input((32, 32, 3))
        base = keras.Model(inputs, LAYERS.Conv2D(filters, 1)(inputs))
        frozen.features(base, np.zeros((20, 32, 32, 3), np.uint8), _scaled, listening)
        assert len(listening.notes) == notes
    assert "20 images" in listening.notes[0]
    assert "10" in listening.notes[0]
