"""The computed facts behind the theoretical questions: numpy from the definition, the same under every profile.

One function per question; each records what its answer shows as q<number>_<name>.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from report_cli.experiment import Figures, Record, StoredRun, every_profile, experiment

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Params:
    """The facts have no budget and nothing to set."""


METRICS = {
    "q1_size": "height and width of the output in question 1",
    "q7_input_size": "height and width of the input in question 7",
    "q7_input_channels": "channels of the input in question 7",
    "q7_kernel": "height and width of a filter in question 7",
    "q7_height": "height of the output in question 7",
    "q7_width": "width of the output in question 7",
    "q7_channels": "channels of the output in question 7, one per filter",
    "q7_weights_per_filter": "weights of one filter in question 7, without its bias",
    "q7_parameters": "weights and biases of the layer in question 7",
    "q17_size": "height and width of the example block's input",
    "q17_channels": "channels of the example block's input",
    "q17_output_channels": "channels of the example block's output, all branches together",
    "q17_bottleneck": "filters of the 1x1 convolution before the 5x5 one",
    "q17_filters": "filters of the 5x5 convolution",
    "q17_direct_parameters": "parameters of the 5x5 path without a bottleneck",
    "q17_bottleneck_parameters": "parameters of the 5x5 path with the bottleneck",
    "q17_direct_multiply_adds": "multiply-adds of the 5x5 path without a bottleneck",
    "q17_bottleneck_multiply_adds": "multiply-adds of the 5x5 path with the bottleneck",
    "q17_saving": "multiply-adds without the bottleneck divided by those with it",
    "q17_ours_size": "height and width of the input of this report's inception block",
    "q17_ours_channels": "channels of that input",
    "q17_ours_output_size": "height and width of the output of this report's inception block",
    "q17_ours_output_channels": "channels of that output",
    "q17_ours_parameters": "parameters of this report's inception block",
}


def draw(run: StoredRun, figures: Figures) -> None:
    """Draw the diagrams of the answers."""
    from experiments import theory_figures

    theory_figures.convolution(run, figures)
    theory_figures.inception(run, figures)


@experiment(
    "theory",
    title="Computed facts of the theoretical questions",
    metrics=METRICS,
    profiles=every_profile(Params()),
    cost_s={"smoke": 1, "quick": 1, "full": 1},
    figures=("q1_convolution", "q17_inception"),
    draw=draw,
)
def theory(params: Params, images: None, record: Record) -> None:
    """What do the definitions of convolution and pooling give for the inputs of the questions?

    Command: report run theory

    Expected: exact numbers without spread; the tests compare each with the Keras layer.

    Cost: a second.
    """
    question_1(record)
    question_2(record)
    question_7(record)
    question_17(record)


def question_1(record: Record) -> None:
    """Convolve the image with one 3x3x3 filter of ones, without padding."""
    import numpy as np

    image, kernel = exercise_image(), np.ones((3, 3, 3, 1), np.int64)
    for channel, name in enumerate(("red", "green", "blue")):
        record.array(f"q1_{name}", image[:, :, channel])
        part = convolve(image[:, :, [channel]], kernel[:, :, [channel]])
        record.array(f"q1_{name}_output", part[:, :, 0])
    output = convolve(image, kernel)
    record.array("q1_kernel", kernel[:, :, :, 0])
    record.array("q1_output", output[:, :, 0])
    record.scalar("q1_size", output.shape[0], "count")


def question_2(record: Record) -> None:
    """The same with zero padding of one pixel, which keeps the size."""
    import numpy as np

    output = convolve(exercise_image(), np.ones((3, 3, 3, 1), np.int64), padding=1)
    record.array("q2_output", output[:, :, 0])


def question_7(record: Record) -> None:
    """Output shape and parameters of a layer of 16 filters 3x3 on an input of 128x128x32, without padding."""
    size, channels, kernel, filters = 128, 32, 3, 16
    output = output_size(size, kernel)
    record.scalar("q7_input_size", size, "count")
    record.scalar("q7_input_channels", channels, "count")
    record.scalar("q7_kernel", kernel, "count")
    record.scalar("q7_height", output, "count")
    record.scalar("q7_width", output, "count")
    record.scalar("q7_channels", filters, "count")
    record.scalar("q7_weights_per_filter", kernel * kernel * channels, "count")
    record.scalar("q7_parameters", convolution_parameters(kernel, channels, filters), "count")


def question_17(record: Record) -> None:
    """What a bottleneck saves in an inception block, and the shapes of this report's block.

    The example is block "inception (3a)" of Szegedy et al., Going deeper with convolutions (2015), table 1: four
    branches with filters before and in their last convolution, 0 where there is no convolution before.
    """
    import numpy as np

    size, channels = 28, 192
    branches = np.array([[0, 64], [96, 128], [16, 32], [0, 32]])
    bottleneck, filters = (int(count) for count in branches[2])
    direct = convolution_parameters(5, channels, filters)
    reduced = convolution_parameters(1, channels, bottleneck) + convolution_parameters(5, bottleneck, filters)
    direct_cost = size * size * 5 * 5 * channels * filters
    reduced_cost = size * size * (channels * bottleneck + 5 * 5 * bottleneck * filters)
    record.array("q17_branches", branches)
    record.scalar("q17_size", size, "count")
    record.scalar("q17_channels", channels, "count")
    record.scalar("q17_output_channels", int(branches[:, 1].sum()), "count")
    record.scalar("q17_bottleneck", bottleneck, "count")
    record.scalar("q17_filters", filters, "count")
    record.scalar("q17_direct_parameters", direct, "count")
    record.scalar("q17_bottleneck_parameters", reduced, "count")
    record.scalar("q17_direct_multiply_adds", direct_cost, "count")
    record.scalar("q17_bottleneck_multiply_adds", reduced_cost, "count")
    record.scalar("q17_saving", direct_cost / reduced_cost)
    _our_block(record)


def _our_block(record: Record) -> None:
    """Follow an image of 32x32 through both blocks of the control network and the inception block after them."""
    size = 32
    for _ in range(2):
        same = output_size(size, 3, padding=1)
        size = output_size(output_size(same, 3), 2, stride=2)
    channels = filters = 64
    branches = 3
    record.scalar("q17_ours_size", size, "count")
    record.scalar("q17_ours_channels", channels, "count")
    record.scalar("q17_ours_output_size", output_size(size, 3), "count")
    record.scalar("q17_ours_output_channels", branches * filters, "count")
    # Every branch begins with a convolution of the input; the second branch has one more.
    leading = branches * convolution_parameters(3, channels, filters)
    record.scalar("q17_ours_parameters", leading + convolution_parameters(3, filters, filters), "count")


def exercise_image() -> "NDArray[Any]":
    """Return the image of the questions (4, 4, 3): red all ones, green all twos, blue with rows 1, 2, 3, 4."""
    import numpy as np

    rows = np.arange(1, 5)[:, None] * np.ones((1, 4), np.int64)
    return np.stack([np.ones((4, 4), np.int64), np.full((4, 4), 2), rows], axis=-1)


def convolve(
    image: "NDArray[Any]", kernels: "NDArray[Any]", *, padding: int = 0, stride: int = 1, dilation: int = 1
) -> "NDArray[Any]":
    """Return the cross-correlation (H', W', F) of an image (H, W, C) with kernels (k, k, C, F), as networks use it.

    Each output is the sum over a window of the products of pixels and weights; `padding` zeros are put around the
    image, the window moves by `stride`, and its taps are `dilation` pixels apart.
    """
    import numpy as np

    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
    kernel, filters = kernels.shape[0], kernels.shape[3]
    height, width = (output_size(n, kernel, padding=padding, stride=stride, dilation=dilation) for n in image.shape[:2])
    reach = dilation * (kernel - 1) + 1
    output = np.zeros((height, width, filters), image.dtype)
    for row, column in np.ndindex(height, width):
        top, left = row * stride, column * stride
        window = padded[top : top + reach : dilation, left : left + reach : dilation]
        output[row, column] = (window[:, :, :, None] * kernels).sum(axis=(0, 1, 2))
    return output


def output_size(size: int, kernel: int, *, padding: int = 0, stride: int = 1, dilation: int = 1) -> int:
    """Return how many positions a window has along `size` pixels; pixels that fill no further step are dropped."""
    reach = dilation * (kernel - 1) + 1
    return (size + 2 * padding - reach) // stride + 1


def convolution_parameters(kernel: int, channels: int, filters: int) -> int:
    """Return weights and biases of a convolution with square kernels: filters x (kernel x kernel x channels + 1)."""
    return filters * (kernel * kernel * channels + 1)
