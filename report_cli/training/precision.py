"""Which layers of a network compute in bfloat16: those whose sums a processor or GPU does much faster in it.

Weights, optimizer and every sum over a batch or over positions stay in float32, and so do the logits: the form of
mixed precision of Micikevicius et al., Mixed precision training (2018), section 3, with bfloat16, which needs no
scaling of the loss (Kalamkar et al., A study of bfloat16 for deep learning training (2019)).
"""

from typing import Any

import keras

from report_cli.errors import RunError
from report_cli.experiment import Record

_FLOAT32 = (
    keras.layers.BatchNormalization,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.Normalization,
    keras.layers.Rescaling,
    keras.layers.Softmax,
)


def chosen(params: Any, record: Record) -> str:
    """Return the precision that `params` name, or that of this machine where they have none or "auto"."""
    precision: str = getattr(params, "precision", "auto")
    return record.precision if precision == "auto" else precision


def set_precision(model: keras.Model, precision: str) -> None:
    """Let the layers of `model` compute in `precision`, "float32" or "bfloat16", from now on.

    In bfloat16 its last layer, batch normalisation, global pooling and everything that has to do with the scale of
    inputs or probabilities stay in float32. The variables of a model are float32 in either.

    Raises:
        RunError: it is neither.
    """
    if precision not in ("float32", "bfloat16"):
        raise RunError(f"precision is {precision!r}", "use auto, float32 or bfloat16")
    layers = list(_layers(model))
    for layer in layers:
        mixed = precision == "bfloat16" and layer is not layers[-1] and not isinstance(layer, _FLOAT32)
        layer.dtype_policy = "mixed_bfloat16" if mixed else "float32"


def _layers(model: keras.Model) -> "list[keras.Layer]":
    """Return the layers of `model` in order, those of nested models in their place."""
    nested = (_layers(layer) if isinstance(layer, keras.Model) else [layer] for layer in model.layers)
    return [layer for layers in nested for layer in layers]
