"""What a filter prefers: an image that makes it respond, found by gradient ascent on the pixels."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.interpret import receptive_field
from report_cli.training import backend

# What counts below the threshold of the filter's ReLU.
LEAK = 0.01


@dataclass(frozen=True)
class Ascent:
    """How to climb: in inputs' units, `rate` is the root mean square of a step, before `decay`, the part of the
    departure from grey that is taken back after it; `noise` is the standard deviation of the grey noise at the start;
    `smoothing` is how often the gradient is averaged with its neighbours, which keeps single pixels from standing out.
    """

    steps: int
    rate: float
    decay: float
    noise: float
    smoothing: int = 0


@dataclass(frozen=True, eq=False)
class PreferredInputs:
    """Inputs (K, S, S, C) that filters prefer, and their mean responses (K,) at the start and at the end.

    A response that is not above 0 means that the filter stayed silent.
    """

    inputs: NDArray[np.float32]
    before: NDArray[np.float64]
    after: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PixelRange:
    """What inputs can be: the values of grey, black and white in each channel, (C,)."""

    grey: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]


def maximise_activation(
    model: keras.Model,
    name: str,
    count: int,
    bounds: PixelRange,
    ascent: Ascent,
    generator: np.random.Generator,
    side: int,
) -> PreferredInputs:
    """Return inputs of `side` pixels that maximise the mean activation of the first `count` filters of layer `name`.

    From x_0, grey noise, each step takes filter k from x_t to

        x_(t+1) = clip(c + (1 - decay) (x_t + rate g_t / rms(g_t) - c)),   g_t = S dF_k/dx at x_t,

    with c grey, clip to `bounds`, S the averaging of the gradient with its neighbours (`smoothing` times 1 2 1 along
    both axes), and rms over all values of the gradient of one input, so that weak and strong filters climb alike. F_k
    is the mean over positions of max(z, 0.01 z), z the convolution with its bias: below the threshold of the filter's
    ReLU a hundredth counts, so that a filter that is silent at the start can wake. Where the gradient is 0, x stays.

    Source of the form: Erhan et al., Visualizing higher-layer features of a deep network (2009), section 3.1; Simonyan
    et al., Deep inside convolutional networks (2014), section 2, with its L2 penalty on the input as a decay.
    """
    convolution = model.get_layer(name)
    below = receptive_field.before(model, name, side)
    own = np.eye(count, convolution.filters, dtype=np.float32)[:, None, None, :]

    def responses(inputs: Any) -> Any:
        """Return the mean response of filter k to input k."""
        response = convolution.convolution_op(below(inputs, training=False), convolution.kernel) + convolution.bias
        leaky = keras.ops.maximum(response, LEAK * response)
        return keras.ops.mean(keras.ops.sum(leaky * own, axis=-1), axis=(1, 2))

    slope = backend.gradient(responses)
    noise = generator.normal(0, ascent.noise, (count, side, side, len(bounds.grey)))
    inputs = (bounds.grey + noise).clip(bounds.low, bounds.high).astype(np.float32)
    before: NDArray[np.float64] | None = None
    for _ in range(ascent.steps):
        activation, gradient = slope(inputs)
        before = activation if before is None else before
        gradient = _smooth(gradient, ascent.smoothing)
        size = np.sqrt((gradient**2).mean(axis=(1, 2, 3), keepdims=True))
        moved = inputs + ascent.rate * gradient / np.maximum(size, 1e-12)
        moved = moved - ascent.decay * (moved - bounds.grey)
        inputs = np.where(size > 0, moved.clip(bounds.low, bounds.high), inputs).astype(np.float32)
    after, _ = slope(inputs)
    return PreferredInputs(inputs, after if before is None else before, after)


def _smooth(gradient: NDArray[Any], times: int) -> NDArray[Any]:
    """Return the gradient (K, S, S, C) averaged with the weights 1 2 1 along both axes, so many times."""
    from scipy.ndimage import convolve1d

    for _ in range(times):
        for axis in (1, 2):
            gradient = convolve1d(gradient, [0.25, 0.5, 0.25], axis, mode="nearest")
    return gradient
