import keras
import numpy as np
import pytest

from experiments import catsdogs_best
from experiments.models import (
    cnn_own,
    control,
    inception,
    inception_deep,
    pooled,
    reference,
    residual,
    residual_deep,
    tuned,
)
from report_cli.training.cost import layer_costs, multiply_adds

SHAPE, CLASSES, DROPOUT = (32, 32, 3), 10, 0.25


def test_control_has_the_published_size() -> None:
    """The control network has 1,250,858 parameters and gives logits, not probabilities."""
    model = control.build(SHAPE, CLASSES, DROPOUT)
    assert model.count_params() == 1_250_858
    assert model.output_shape == (None, 10)
    assert model.layers[-1].activation is keras.activations.linear


def test_inception_has_the_published_size() -> None:
    """The inception network has 1,791,786 parameters; its block makes 4x4x192 of 6x6x64 in three branches."""
    model = inception.build(SHAPE, CLASSES, DROPOUT)
    assert model.count_params() == 1_791_786
    block = model.get_layer("inception_concatenate")
    assert [tuple(tensor.shape[1:]) for tensor in block.input] == [(4, 4, 64)] * 3
    assert block.output.shape[1:] == (4, 4, 192)


def test_residual_has_the_published_size() -> None:
    """The residual network has 595,818 parameters; its block keeps 6x6x64, adds, and pooling halves the map."""
    model = residual.build(SHAPE, CLASSES, DROPOUT)
    assert model.count_params() == 595_818
    shapes = {
        name: model.get_layer(f"residual_{name}").output.shape[1:] for name in ("a", "b", "linear", "add", "pool")
    }
    assert shapes == {"a": (6, 6, 128), "b": (6, 6, 128), "linear": (6, 6, 64), "add": (6, 6, 64), "pool": (3, 3, 64)}
    assert model.get_layer("residual_linear").activation is keras.activations.linear
    assert model.get_layer("residual_linear").kernel_size == (1, 1)


def test_residual_adds_its_input() -> None:
    """With a block whose last weights are zero, the output is the input through a ReLU."""
    inputs = keras.Input((4, 4, 8))
    model = keras.Model(inputs, residual.residual(inputs, 16))
    linear = model.get_layer("residual_linear")
    linear.set_weights([np.zeros_like(weights) for weights in linear.get_weights()])
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 8)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(model(x)), np.maximum(x, 0), rtol=1e-6)


def test_deep_networks_have_the_size_that_they_state() -> None:
    """The deep residual network is within 2 % of the residual one in parameters and multiply-adds; the deep inception
    network within 3 % of the inception one in multiply-adds."""
    deep, plain = residual_deep.build(SHAPE, CLASSES, DROPOUT), residual.build(SHAPE, CLASSES, DROPOUT)
    assert deep.count_params() == 587_690
    assert deep.count_params() == pytest.approx(plain.count_params(), rel=0.02)
    assert multiply_adds(deep) == pytest.approx(multiply_adds(plain), rel=0.02)
    deep, plain = inception_deep.build(SHAPE, CLASSES, DROPOUT), inception.build(SHAPE, CLASSES, DROPOUT)
    assert deep.count_params() == 1_059_338
    assert deep.get_layer("inception2_concatenate").output.shape[1:] == (6, 6, 192)
    assert multiply_adds(deep) == pytest.approx(multiply_adds(plain), rel=0.03)


def test_pooled_networks_have_the_same_size() -> None:
    """With average pooling the three networks have the numbers of parameters that they state, within 2 %."""
    builders = (pooled.build_control, pooled.build_inception, pooled.build_residual)
    counts = [build(SHAPE, CLASSES, DROPOUT).count_params() for build in builders]
    assert counts == [66_218, 66_986, 65_970]
    assert max(counts) <= 1.02 * min(counts)


def test_tuned_networks_have_the_size_that_they_state() -> None:
    """The networks of our own give a logit for each class, or one for two, and have the parameters that they state."""
    models = (tuned.build_inception(SHAPE, CLASSES, DROPOUT), tuned.build_residual(SHAPE, CLASSES, DROPOUT))
    assert [model.count_params() for model in models] == [191_082, 484_074]
    assert {model.output_shape for model in models} == {(None, 10)}
    own = cnn_own.build((128, 128, 3), DROPOUT)
    assert own.count_params() == 1_179_633
    assert own.output_shape == (None, 1)


def test_first_layer_of_the_reference_makes_patches_uncorrelated() -> None:
    """What it makes of smooth images has the covariance of noise but for the ridge; its parameters are as stated."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(16, 16, 16, 3)).cumsum(axis=1).cumsum(axis=2).astype(np.float32)
    model = reference.build((16, 16, 3), CLASSES)
    model.get_layer("whitened").set_weights([reference.whitening(images)["whitened/kernel"]])
    white = keras.Model(model.input, model.get_layer("whitened").output)
    patches = np.asarray(white(images))[: len(images)].reshape(-1, 12)
    second = patches.T @ patches / len(patches)
    np.testing.assert_allclose(second, np.eye(12), atol=5e-3)
    assert reference.build(SHAPE, CLASSES).count_params() == 1_974_928


def test_the_reference_takes_six_looks() -> None:
    """Outside training it sees an image moved and mirrored, and means over that; in training a square is hidden."""
    images = np.random.default_rng(0).normal(size=(6, 16, 16, 3)).astype(np.float32)
    assert reference.build((16, 16, 3), CLASSES)(images, training=False).shape == (6, CLASSES)
    looks = np.asarray(reference.Looks()(images, training=False)).reshape(6, *images.shape)
    np.testing.assert_array_equal(looks[1][:, 1:, 1:], images[:, :-1, :-1])
    np.testing.assert_array_equal(looks[2][:, :-1, :-1], images[:, 1:, 1:])
    np.testing.assert_array_equal(looks[3:], looks[:3, :, :, ::-1])
    np.testing.assert_allclose(
        reference.MeanOfLooks()(looks.reshape(36, 16, 16, 3), training=False),
        (2 * looks[0] + looks[1] + looks[2] + 2 * looks[3] + looks[4] + looks[5]) / 8,
    )
    hide = reference.Cutout(4)
    hidden = (np.asarray(hide(images, training=True)) != images).any(axis=3).sum(axis=(1, 2))
    assert ((hidden >= 4) & (hidden <= 16)).all()
    np.testing.assert_array_equal(np.asarray(hide(images, training=False)), images)


def test_convolutions_of_the_reference_begin_as_identities() -> None:
    """The first channels that a convolution gives are those that it gets; the others are of the usual size."""
    kernel = np.asarray(reference.Identity()((3, 3, 4, 8)))
    image = np.random.default_rng(0).normal(size=(1, 6, 6, 4)).astype(np.float32)
    seen = np.asarray(keras.ops.conv(image, kernel, padding="same"))
    np.testing.assert_allclose(seen[..., :4], image, rtol=1e-5, atol=1e-6)
    limit = np.sqrt(6 / (9 * 4 + 9 * 8))
    assert 0.8 * limit < np.abs(kernel[..., 4:]).max() <= limit
    np.testing.assert_array_equal(np.asarray(reference.Identity()((3, 3, 4, 2)))[1, 1], np.eye(4, 2))


def test_short_control_has_no_dropout_before_its_output() -> None:
    """Without the last dropout the network has the same parameters and two dropouts."""
    model = control.build(SHAPE, CLASSES, DROPOUT, last_dropout=False)
    assert model.count_params() == 1_250_858
    dropouts = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert dropouts == ["block1_dropout", "block2_dropout"]


def test_dropout_is_where_the_assignment_has_it() -> None:
    """Dropout follows each block and the hidden layer, with one rate."""
    model = control.build(SHAPE, CLASSES, DROPOUT)
    names = [layer.name for layer in model.layers]
    rates = {layer.name: layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)}
    assert rates == dict.fromkeys(["block1_dropout", "block2_dropout", "hidden_dropout"], DROPOUT)
    assert names.index("hidden_dropout") == names.index("logits") - 1


def test_multiply_adds_of_the_control() -> None:
    """The count is that of the layers by hand: output positions x filters x kernel x channels, and inputs x outputs."""
    model = control.build(SHAPE, CLASSES, DROPOUT)
    convolutions = 32**2 * 32 * 27 + 30**2 * 32 * 288 + 15**2 * 64 * 288 + 13**2 * 64 * 576
    assert multiply_adds(model) == convolutions + 6 * 6 * 64 * 512 + 512 * 10
    assert sum(cost.parameters for cost in layer_costs(model)) == model.count_params()


PETS = {1: 19_066_817, 2: 3_485_633, 3: 3_485_633, 4: 3_453_249}


@pytest.mark.parametrize("number", PETS)
def test_networks_for_pets_have_the_published_size(number: int) -> None:
    """At 150 pixels each network has the number of parameters of the assignment, one logit, and no padding."""
    model = catsdogs_best.build(number, 150)
    assert model.count_params() == PETS[number]
    assert model.output_shape == (None, 1)
    assert model.layers[-1].activation is keras.activations.linear
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {(layer.padding, layer.kernel_size, layer.activation.__name__) for layer in convolutions} == {
        ("valid", (3, 3), "relu")
    }


def test_layers_for_pets_are_in_the_order_of_the_assignment() -> None:
    """Normalisation and dropout are where the assignment or the reconstruction has them."""
    orders = {number: [layer.name for layer in catsdogs_best.build(number, 150).layers[1:]] for number in PETS}
    rest = ["conv2", "pool2", "conv3", "pool3", "conv4", "pool4", "flatten"]
    assert orders[1][:7] == ["conv1", "pool1", "conv2", "pool2", "norm2", "conv3", "pool3"]
    assert orders[2] == ["conv1", "pool1", "norm1", *rest, "dense1", "dense2", "logit"]
    assert orders[3] == ["conv1", "pool1", "norm1", *rest, "dropout", "dense1", "dense2", "logit"]
    assert orders[4] == ["conv1", "norm1", "pool1", *rest, "dense1", "logit"]
