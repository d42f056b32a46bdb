from collections.abc import Callable

import keras
import numpy as np
import pytest

from experiments import theory_blocks, theory_stacks
from experiments.models import control, inception, residual
from report_cli.training import backend
from report_cli.training.cost import multiply_adds
from tests.training.memory import MemoryRecord

layers = keras.layers


@pytest.fixture(scope="module")
def facts() -> MemoryRecord:
    """What the questions about several layers record."""
    record = MemoryRecord()
    theory_stacks.question_5(record)
    theory_stacks.question_6(record)
    theory_stacks.questions_15_and_16(record)
    theory_blocks.question_17(record)
    theory_blocks.question_18(record)
    return record


def _stack(depth: int, dilations: list[int], pooling: bool, padding: str) -> keras.Model:
    """Return convolutions with positive weights; pooling by the mean has the windows of pooling by the maximum."""
    inputs = x = keras.Input((128, 128, 1))
    for number in range(depth):
        if pooling and number:
            x = layers.AveragePooling2D(2)(x)
        weights = keras.initializers.Constant(0.1)
        x = layers.Conv2D(1, 3, padding=padding, dilation_rate=dilations[number], kernel_initializer=weights)(x)
    return keras.Model(inputs, x)


def _seen(model: keras.Model) -> int:
    """Return how many pixels along an axis the middle output of `model` depends on."""
    middle = model.output_shape[1] // 2
    scores: Callable[[object], object] = lambda x: model(x, training=False)[:, middle, middle, 0]  # noqa: E731
    _, gradient = backend.gradient(scores)(np.zeros((1, 128, 128, 1), np.float32))
    return int((np.abs(gradient[0, :, :, 0]).sum(axis=1) > 0).sum())


@pytest.mark.parametrize(
    ("row", "dilations", "pooling"), [(0, [1] * 5, False), (1, [1, 2, 4, 8, 16], False), (2, [1] * 5, True)]
)
def test_question_5_sees_what_keras_sees(facts: MemoryRecord, row: int, dilations: list[int], pooling: bool) -> None:
    """The receptive fields are the pixels with a gradient in stacks of Keras layers."""
    fields = facts.arrays["q5_fields"][row]
    assert [_seen(_stack(depth, dilations, pooling, "same")) for depth in (1, 3, 5)] == fields[[0, 2, 4]].tolist()


def test_question_5_shrinks_as_keras_shrinks(facts: MemoryRecord) -> None:
    """The sizes of the maps are those of stacks of Keras layers."""
    plain = [_stack(depth, [1] * 5, False, "valid").output_shape[1] for depth in range(1, 6)]
    pooled = [_stack(depth, [1] * 5, True, "same").output_shape[1] for depth in range(1, 6)]
    np.testing.assert_array_equal(facts.arrays["q5_sizes"], [plain, pooled])
    names = ("q5_field_first", "q5_field_plain", "q5_field_dilated", "q5_field_pooled")
    assert [facts.scalars[name] for name in names] == [3, 11, 63, 78]
    assert (facts.scalars["q5_input_size"], facts.scalars["q5_layers"]) == (128, 5)
    assert (facts.scalars["q5_size_valid"], facts.scalars["q5_size_pooled"]) == (plain[-1], pooled[-1])
    fields = facts.arrays["q5_fields"]
    told = [facts.scalars[f"q5_field_{name}"] for name in ("first", "plain", "dilated", "pooled")]
    assert told == [fields[0, 0], *fields[:, -1]], "which the gradients in Keras confirm"


def test_question_6_agrees_with_keras(facts: MemoryRecord) -> None:
    """Multiply-adds, weights and activations are those of Keras layers: constant, fourfold, half."""
    costs = facts.arrays["q6_costs"]
    sizes, channels = facts.arrays["q6_sizes"], facts.arrays["q6_channels"]
    for place, (size, count) in enumerate(zip(sizes.tolist(), channels.tolist(), strict=True)):
        convolution = layers.Conv2D(count, 3, padding="same", use_bias=False)
        model = keras.Sequential([keras.Input((size, size, count)), convolution])
        activations = np.prod(model.output_shape[1:])
        assert costs[:, place].tolist() == [multiply_adds(model), model.count_params(), activations]
    assert (facts.scalars["q6_weights_ratio"], facts.scalars["q6_activations_ratio"]) == (4, 0.5)
    told = [facts.scalars[f"q6_{name}_{end}"] for name in ("weights", "activations") for end in ("first", "last")]
    assert told == [costs[1, 0], costs[1, -1], costs[2, 0], costs[2, -1]]
    assert facts.scalars["q6_multiply_adds"] == costs[0, 0]
    np.testing.assert_array_equal(costs[:, 1:] / costs[:, :-1], [[1, 1], [4, 4], [0.5, 0.5]])


def test_questions_15_and_16_agree_with_keras(facts: MemoryRecord) -> None:
    """Base, last block and head have the parameters of VGG16 in Keras with that head."""
    side = int(facts.scalars["q15_input_size"])
    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(side, side, 3))
    features = base.output_shape[1:]
    dense = [layers.Dense(int(facts.scalars["q15_hidden"])), layers.Dropout(0.5), layers.Dense(1)]
    head = keras.Sequential([keras.Input(features), layers.Flatten(), *dense])
    for layer in base.layers:
        layer.trainable = layer.name.startswith("block5")
    tuned = sum(int(np.prod(weight.shape)) for weight in base.trainable_weights)
    size = facts.scalars["q15_feature_size"]
    assert features == (size, size, facts.scalars["q15_feature_channels"])
    blocks = [
        sum(layer.count_params() for layer in base.layers if layer.name.startswith(f"block{n}")) for n in range(1, 6)
    ]
    assert facts.arrays["q16_blocks"].tolist() == [*blocks, head.count_params()]
    assert facts.scalars["q15_base_parameters"] == base.count_params() == 14_714_688
    assert facts.scalars["q15_head_parameters"] == head.count_params() == 2_097_665
    assert facts.scalars["q16_block_parameters"] == tuned == 7_079_424
    assert facts.scalars["q16_tuned_parameters"] == tuned + head.count_params()
    assert facts.scalars["q16_tuned_share"] == tuned / base.count_params()


def test_question_17_agrees_with_keras(facts: MemoryRecord) -> None:
    """Parameters and multiply-adds of the 5x5 path are those of Keras layers with and without the bottleneck."""
    size, channels, bottleneck, filters = (
        int(facts.scalars[f"q17_{name}"]) for name in ("size", "channels", "bottleneck", "filters")
    )
    inputs = keras.Input((size, size, channels))
    direct = keras.Sequential([inputs, layers.Conv2D(filters, 5, padding="same")])
    reduced = keras.Sequential([inputs, layers.Conv2D(bottleneck, 1), layers.Conv2D(filters, 5, padding="same")])
    for model, name in ((direct, "direct"), (reduced, "bottleneck")):
        assert facts.scalars[f"q17_{name}_parameters"] == model.count_params()
        assert facts.scalars[f"q17_{name}_multiply_adds"] == multiply_adds(model)
    saving = multiply_adds(direct) / multiply_adds(reduced)
    assert facts.scalars["q17_saving"] == pytest.approx(saving)
    assert facts.arrays["q17_branches"][2].tolist() == [bottleneck, filters]
    ends = [layers.Conv2D(int(count), 1)(inputs) for count in facts.arrays["q17_branches"][:, 1]]
    assert layers.Concatenate()(ends).shape[-1] == facts.scalars["q17_output_channels"] == 256


def test_question_17_agrees_with_the_networks(facts: MemoryRecord) -> None:
    """The shapes and parameters of our block are those of the trained networks' layers."""
    network = inception.build((32, 32, 3), 10, 0.25)
    before, after = network.get_layer("block2_dropout").output.shape, network.get_layer("flatten").input.shape
    block = [layer for layer in network.layers if layer.name.startswith("inception")]
    assert tuple(before[2:]) == (facts.scalars["q17_ours_size"], facts.scalars["q17_ours_channels"])
    assert tuple(after[2:]) == (facts.scalars["q17_ours_output_size"], facts.scalars["q17_ours_output_channels"])
    assert sum(layer.count_params() for layer in block) == facts.scalars["q17_ours_parameters"]
    shared = control.blocks(keras.Input((32, 32, 3)), 0.25).shape
    assert shared == before


@pytest.fixture
def block() -> keras.Model:
    """Return the residual block of the residual network alone."""
    network = residual.build((32, 32, 3), 10, 0.25)
    return keras.Model(network.get_layer("block2_dropout").output, network.get_layer("residual_relu").output)


def test_question_18_agrees_with_the_network(facts: MemoryRecord, block: keras.Model) -> None:
    """The residual block has the stated filters and parameters and keeps the shape of its input."""
    assert block.count_params() == facts.scalars["q18_parameters"]
    assert block.get_layer("residual_a").filters == facts.scalars["q18_filters"]
    size, channels = facts.scalars["q17_ours_size"], facts.scalars["q17_ours_channels"]
    assert block.input_shape[1:] == block.output_shape[1:] == (size, size, channels)
    projection = layers.Conv2D(int(facts.scalars["q18_projection_channels"]), 1)
    projection.build((None, None, None, int(channels)))
    assert projection.count_params() == facts.scalars["q18_projection_parameters"]


def test_the_residual_block_can_be_the_identity(block: keras.Model) -> None:
    """With F zero the block gives back what is not negative, and passes the gradient on whole."""
    block.set_weights([np.zeros_like(weight) for weight in block.get_weights()])
    x = np.random.default_rng(0).uniform(0.1, 1, (1, 6, 6, 64)).astype(np.float32)
    scores, gradient = backend.gradient(lambda x: keras.ops.sum(block(x, training=False), axis=(1, 2, 3)))(x)
    np.testing.assert_allclose(scores, x.sum(), rtol=1e-5)
    np.testing.assert_array_equal(gradient, np.ones_like(x))
