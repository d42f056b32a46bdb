from dataclasses import replace

import keras
import numpy as np
import pytest

from experiments import vgg16 as pretraining
from experiments.models import vgg16
from report_cli.datasets.images import ImageData, Raw, assemble
from report_cli.errors import RunError
from report_cli.training import fit, transfer
from report_cli.training.cost import multiply_adds
from tests.training.memory import MemoryRecord, start

WIDTH = 1 / 32
PARAMS = replace(
    pretraining.vgg16_pretrain.params["smoke"], train=40, validation=20, batch_size=20, width=WIDTH, epochs=1
)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    start(0)


@pytest.fixture(scope="module")
def images() -> ImageData:
    """Ten classes of noise."""
    pixels = np.random.default_rng(0).integers(0, 256, (80, 32, 32, 3)).astype(np.uint8)
    nothing = Raw(np.empty(0, np.int64), pixels[:0])
    return assemble("cifar10", "noise", "drawn", "noise", tuple("abcdefghij"), Raw(np.arange(80) % 10, pixels), nothing)


def test_the_base_is_that_of_keras() -> None:
    """At full width names, shapes and order of the weights are those of VGG16 in Keras; 14,714,688 in all."""
    ours = vgg16.build((32, 32, 3))
    theirs = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    assert ours.count_params() == 14_714_688
    assert [layer.name for layer in ours.layers[1:]] == [layer.name for layer in theirs.layers[1:]]
    assert [(w.path, w.shape) for w in ours.weights] == [(w.path, w.shape) for w in theirs.weights]
    assert {w.path: tuple(w.shape) for w in ours.weights} == vgg16.weight_shapes()
    assert ours.output_shape == theirs.output_shape


def test_the_head_and_the_tuned_block_have_the_sizes_of_the_assignment() -> None:
    """The head on 150 pixels has 2,097,665 parameters; block 5 adds 7,079,424 to what is trained."""
    model = vgg16.classifier((150, 150, 3), 1.0, 0.5)
    assert model.get_layer("block5_pool").output.shape[1:] == (4, 4, 512)
    assert model.count_params() == 16_812_353
    sizes = {weight.path: int(np.prod(weight.shape)) for weight in model.weights}
    assert sum(size for path, size in sizes.items() if not path.startswith("block")) == 2_097_665
    assert sum(size for path, size in sizes.items() if path.startswith("block5")) == 7_079_424


def test_the_parts_make_the_whole() -> None:
    """The blocks up to 4 followed by block 5 compute what the base computes."""
    whole = vgg16.build((32, 32, 3), WIDTH)
    arrays = fit.weights(whole)
    below = vgg16.build((32, 32, 3), WIDTH, last=4)
    inputs = keras.Input(below.output_shape[1:])
    above = keras.Model(inputs, vgg16.blocks(inputs, WIDTH, first=5))
    for part in (below, above):
        transfer.load(part, arrays)
    images = np.random.default_rng(0).normal(size=(3, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(above(below(images))), np.asarray(whole(images)), atol=1e-6)


def test_width_scales_every_convolution() -> None:
    """A quarter of the width has a quarter of the filters in each convolution, and the same layers."""
    quarter, full = vgg16.convolutions(0.25), vgg16.convolutions()
    assert len(full) == 13
    assert [4 * layer.filters for layer in quarter] == [layer.filters for layer in full]
    assert [layer.name for layer in quarter] == [layer.name for layer in full]


def test_multiply_adds_are_those_of_the_published_network() -> None:
    """At 224 pixels the thirteen convolutions take 15.3 billion multiply-adds, as is well known."""
    assert multiply_adds(vgg16.build((224, 224, 3))) == 15_346_630_656


def test_the_folded_base_computes_what_the_normalised_one_does() -> None:
    """With trained-looking averages and factors, both give the same features in inference."""
    rng = np.random.default_rng(0)
    inputs = keras.Input((32, 32, 3))
    normalised = keras.Model(inputs, vgg16.blocks(inputs, 1 / 8, normalised=True))
    for variable in normalised.weights:
        if "_norm/" in variable.path:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape).astype(np.float32))
    folded = vgg16.build((32, 32, 3), 1 / 8)
    arrays = vgg16.fold(fit.weights(normalised), 1 / 8)
    assert {name: array.shape for name, array in arrays.items()} == vgg16.weight_shapes(1 / 8)
    transfer.load(folded, arrays)
    images = rng.normal(size=(4, 32, 32, 3)).astype(np.float32)
    expected = np.asarray(normalised(images, training=False))
    assert expected.std() > 0.01
    np.testing.assert_allclose(np.asarray(folded(images)), expected, rtol=1e-4, atol=1e-4 * expected.max())


def test_pretraining_records_a_base(images: ImageData) -> None:
    """A run records weights of the standard shapes, and how images have to be normalised."""
    record = MemoryRecord()
    pretraining.vgg16_pretrain.measure(PARAMS, images, record)
    assert set(record.scalars) == set(pretraining.vgg16_pretrain.metrics)
    assert {name: array.shape for name, array in record.trained.items()} == vgg16.weight_shapes(WIDTH)
    # What was trained has a head and normalisation beside the base that is handed on.
    assert record.scalars["parameters"] == vgg16.pretraining((32, 32, 3), 10, WIDTH, 0.1).count_params()
    assert record.arrays["validation_logits"].shape == (20, 10)
    assert record.arrays["mean"].shape == record.arrays["std"].shape == (3,)


def test_a_poor_base_fails_instead_of_being_transferred(images: ImageData) -> None:
    """Below the least accuracy the run fails and records no weights; the full profile asks for 60 %."""
    record = MemoryRecord()
    with pytest.raises(RunError, match="less than the 99% below which it is not transferred"):
        pretraining.vgg16_pretrain.measure(replace(PARAMS, least_accuracy=0.99), images, record)
    assert record.trained == {}
    assert pretraining.vgg16_pretrain.params["full"].least_accuracy == 0.6
    assert set(pretraining.vgg16_pretrain.seeds.values()) == {1}
