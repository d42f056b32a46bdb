"""Convolution and pooling as they are defined, in numpy; the tests compare each with the Keras layer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import report_cli as report

CHANNELS = ("red", "green", "blue")


def counts(**words: str) -> dict[str, report.Metric]:
    """Return the declarations of metrics that count something."""
    return {name: report.Metric("count", each) for name, each in words.items()}


def exercise_image() -> NDArray[Any]:
    """Return the image of the questions (4, 4, 3): red all ones, green all twos, blue with rows 1, 2, 3, 4."""
    rows = np.arange(1, 5)[:, None] * np.ones((1, 4), np.int64)
    return np.stack([np.ones((4, 4), np.int64), np.full((4, 4), 2), rows], axis=-1)


def exercise_kernel() -> NDArray[Any]:
    """Return the filter of the questions (3, 3, 3, 1): all ones."""
    return np.ones((3, 3, 3, 1), np.int64)


def convolve(
    image: NDArray[Any], kernels: NDArray[Any], *, padding: int = 0, stride: int = 1, dilation: int = 1
) -> NDArray[Any]:
    """Return the cross-correlation (H', W', F) of an image (H, W, C) with kernels (k, k, C, F), as networks use it.

    Each output is the sum over a window of the products of pixels and weights; `padding` zeros are put around the
    image, the window moves by `stride`, and its taps are `dilation` pixels apart.
    """
    padded = pad(image, padding)
    kernel, filters = kernels.shape[0], kernels.shape[3]
    height, width = (output_size(n, kernel, padding=padding, stride=stride, dilation=dilation) for n in image.shape[:2])
    reach = effective_kernel(kernel, dilation)
    output = np.zeros((height, width, filters), image.dtype)
    for row, column in np.ndindex(height, width):
        top, left = row * stride, column * stride
        window = padded[top : top + reach : dilation, left : left + reach : dilation]
        output[row, column] = (window[:, :, :, None] * kernels).sum(axis=(0, 1, 2))
    return output


def pad(image: NDArray[Any], padding: int) -> NDArray[Any]:
    """Return the image (H, W, C) with `padding` zeros on every side."""
    return np.pad(image, ((padding, padding), (padding, padding), (0, 0)))


def max_pool(image: NDArray[Any], size: int) -> NDArray[Any]:
    """Return the maximum of every window of `size` x `size` pixels, channel by channel; the windows don't overlap."""
    height, width, channels = image.shape
    rows, columns = height // size, width // size
    windows = image[: rows * size, : columns * size].reshape(rows, size, columns, size, channels)
    pooled: NDArray[Any] = windows.max(axis=(1, 3))
    return pooled


def max_pool_gradient(image: NDArray[Any], size: int, upstream: NDArray[Any]) -> NDArray[Any]:
    """Return the gradient by the image (H, W, C), given the one by the output of `max_pool`.

    Each output's gradient goes to the pixel that was its maximum, the first of equal ones; the others get none.
    """
    gradient = np.zeros_like(image)
    for row, column, channel in np.ndindex(*upstream.shape):
        window = image[row * size : (row + 1) * size, column * size : (column + 1) * size, channel]
        down, right = divmod(int(window.argmax()), size)
        gradient[row * size + down, column * size + right, channel] += upstream[row, column, channel]
    return gradient


def effective_kernel(kernel: int, dilation: int) -> int:
    """Return over how many pixels a kernel reaches whose taps are `dilation` pixels apart."""
    return kernel + (kernel - 1) * (dilation - 1)


def output_size(size: int, kernel: int, *, padding: int = 0, stride: int = 1, dilation: int = 1) -> int:
    """Return how many positions a window has along `size` pixels; pixels that fill no further step are dropped."""
    return (size + 2 * padding - effective_kernel(kernel, dilation)) // stride + 1


def convolution_parameters(kernel: int, channels: int, filters: int) -> int:
    """Return weights and biases of a convolution with square kernels: filters x (kernel x kernel x channels + 1)."""
    return filters * (kernel * kernel * channels + 1)


def convolution_multiply_adds(output: int, kernel: int, channels: int, filters: int) -> int:
    """Return the multiply-adds of a convolution whose output has `output` x `output` positions."""
    return output * output * kernel * kernel * channels * filters
