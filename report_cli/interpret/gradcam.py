"""Where a network looks: heatmaps of what speaks for a class, from the gradient of its score."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.interpret import receptive_field
from report_cli.training import backend

BATCH = 50


def heatmaps(
    model: keras.Model, name: str, inputs: NDArray[np.float32], signs: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return one map (h, w) for each of the inputs (N, H, W, C): what in layer `name` speaks for the chosen class.

    `model` gives one logit, before any sigmoid; `signs` (N,) is 1 where the map is to explain class 1 and -1 where
    it is to explain class 0. The map is ReLU(sum_k a_k A_k), a_k the spatial mean of the gradient by channel A_k.

    Source: Selvaraju et al., Grad-CAM (2017), equations 1 and 2.
    """
    lower, upper = receptive_field.up_to(model, name), receptive_field.after(model, name)
    slope = backend.gradient(lambda maps: upper(maps, training=False)[:, 0])
    batches = []
    for start in range(0, len(inputs), BATCH):
        maps = lower.predict_on_batch(inputs[start : start + BATCH])
        _, gradient = slope(maps)
        weights = gradient.mean(axis=(1, 2), keepdims=True) * signs[start : start + BATCH, None, None, None]
        batches.append((weights * maps).sum(axis=-1, dtype=np.float64).clip(0))
    return np.concatenate(batches)


def upsample(
    maps: NDArray[np.float64], field: receptive_field.ReceptiveField, size: int, side: int
) -> NDArray[np.float64]:
    """Return maps (N, h, w) of images of `size` pixels over squares of `side` pixels, (N, side, side).

    Linear between the centres of the receptive fields, constant beyond the outermost.
    """
    pixels = (np.arange(side) + 0.5) * size / side - 0.5
    at = (pixels - field.first - (field.size - 1) / 2) / field.stride
    # How much each unit counts at each pixel, (side, h) and (side, w).
    rows, columns = ((1 - abs(at.clip(0, count - 1)[:, None] - np.arange(count))).clip(0) for count in maps.shape[1:])
    larger: NDArray[np.float64] = rows @ maps @ columns.T
    return larger


def heat_share(maps: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return which part of the heat (N, side, side) lies in `mask` (N, side, side), (N,); NaN where there is none."""
    total = maps.sum(axis=(1, 2))
    inside = (maps * mask).sum(axis=(1, 2))
    return np.where(total > 0, inside / np.where(total > 0, total, 1), np.nan)


@contextmanager
def shuffled(layers: Iterable[keras.Layer], seed: int) -> Iterator[None]:
    """Within the block the values of each weight of `layers` are in random order: what they learned is lost.

    Heat that stays the same doesn't show what the network learned. Source: Adebayo et al., Sanity checks for saliency
    maps (2018), section 3.1, where the weights are drawn anew.
    """
    generator = np.random.default_rng(seed)
    layers = list(layers)
    before = [layer.get_weights() for layer in layers]
    for layer, arrays in zip(layers, before, strict=True):
        layer.set_weights([generator.permutation(array.ravel()).reshape(array.shape) for array in arrays])
    yield
    for layer, arrays in zip(layers, before, strict=True):
        layer.set_weights(arrays)


def rank_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Spearman's correlation over the positions of two maps, for each of (N, h, w); NaN where one is even."""
    from scipy.stats import rankdata

    a, b = (rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (first, second))
    a, b = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (a, b))
    scale = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.where(scale > 0, (a * b).sum(axis=1) / np.where(scale > 0, scale, 1), np.nan)
