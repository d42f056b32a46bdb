import keras
import pytest

from report_cli.errors import RunError
from report_cli.training.cost import layer_costs, multiply_adds


def test_costs_from_shapes() -> None:
    """Convolutions and dense layers cost what their shapes say, with stride, groups and nesting; others nothing."""
    layers = keras.layers
    inner = keras.Sequential([keras.Input((4, 4, 8)), layers.Conv2D(6, 1, groups=2), layers.BatchNormalization()])
    model = keras.Sequential(
        [keras.Input((9, 9, 3)), layers.Conv2D(8, 3, strides=2), inner, layers.Flatten(), layers.Dense(10)]
    )
    costs = {cost.name: cost for cost in layer_costs(model)}
    first, second, normalisation, flatten, dense = costs.values()
    assert first.multiply_adds == 4 * 4 * 8 * 3 * 3 * 3
    assert first.output == (4, 4, 8)
    assert second.multiply_adds == 4 * 4 * 6 * 8 // 2
    assert normalisation.multiply_adds == flatten.multiply_adds == 0
    assert dense.multiply_adds == 96 * 10
    assert dense.parameters == 97 * 10
    assert multiply_adds(model) == sum(cost.multiply_adds for cost in costs.values())
    assert sum(cost.parameters for cost in costs.values()) == model.count_params()


def test_unknown_layer_with_weights_is_refused() -> None:
    """A layer whose multiplications we can't count is an error, not a zero."""
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.DepthwiseConv2D(3)])
    with pytest.raises(RunError, match="DepthwiseConv2D"):
        multiply_adds(model)
