import keras

from experiments.models import control, inception
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
