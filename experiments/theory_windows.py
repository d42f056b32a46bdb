"""Questions about one convolution or pooling layer: what its windows give, its shape and its parameters."""

import numpy as np

import report_cli as report
from experiments import theory_definitions as definitions

METRICS = {
    **definitions.counts(
        q1_size="height and width of the output in question 1",
        q2_size="height and width of the output in question 2",
        q2_inside="image pixels under a window of question 2 that touches no padding, per channel",
        q2_edge="image pixels under a window at an edge",
        q2_corner="image pixels under a window in a corner",
        q3_taps="weights of the filter of question 3 along each axis",
        q3_rate="dilation rate in question 3",
        q3_kernel="pixels that the dilated filter of question 3 reaches over, in height and width",
        q3_padding="zeros on every side in question 3",
        q3_size="height and width of the output in question 3",
        q3_size_padding_1="height and width of the output in question 3 if the padding were one, as in question 2",
        q3_pixels="image pixels under the weights of every window in question 3, per channel",
        q7_input_size="height and width of the input in question 7",
        q7_input_channels="channels of the input in question 7",
        q7_kernel="height and width of a filter in question 7",
        q7_height="height of the output in question 7",
        q7_width="width of the output in question 7",
        q7_channels="channels of the output in question 7, one per filter",
        q7_weights_per_filter="weights of one filter in question 7, without its bias",
        q7_parameters="weights and biases of the layer in question 7",
        q8_stride="stride in question 8",
        q8_size="height and width of the output in question 8",
        q8_covered="rows of the input that lie under some window in question 8",
        q8_dropped="rows of the input that lie under no window in question 8",
        q9_filters="filters of the 1x1 convolution in question 9",
        q9_weights_per_filter="weights of one filter in question 9, without its bias",
        q9_parameters="weights and biases of the layer in question 9",
        q11_size="height and width of the output in question 11",
    ),
    "q4_pattern": report.Metric("", "response of the template in question 4 to its own pattern"),
    "q4_contrast": report.Metric("", "response of the template to its own pattern with twice the contrast"),
    "q4_flat": report.Metric("", "response of the template to a bright patch without any pattern"),
    "q4_flat_cosine": report.Metric("", "cosine of the angle between the template and the bright patch"),
    "q4_pattern_centred": report.Metric("", "response of the zero-mean template to the pattern"),
    "q4_flat_centred": report.Metric("", "response of the zero-mean template to the bright patch"),
    "q4_contrast_centred": report.Metric(
        "", "response of the zero-mean template to the pattern with twice the contrast"
    ),
    "q8_positions": report.Metric(
        "fraction", "positions of the window in question 8 as a fraction of those in question 7"
    ),
    "q9_saving": report.Metric("", "parameters of the 3x3 layer of question 7 divided by those of question 9"),
    "q11_kept": report.Metric("fraction", "outputs of question 11 as a fraction of the inputs"),
}


def question_1(record: report.Record) -> None:
    """Convolve the image with one 3x3x3 filter of ones, without padding."""
    image, kernel = definitions.exercise_image(), definitions.exercise_kernel()
    for channel, name in enumerate(definitions.CHANNELS):
        record.array(f"q1_{name}", image[:, :, channel])
        part = definitions.convolve(image[:, :, [channel]], kernel[:, :, [channel]])
        record.array(f"q1_{name}_output", part[:, :, 0])
    output = definitions.convolve(image, kernel)
    record.array("q1_kernel", kernel[:, :, :, 0])
    record.array("q1_output", output[:, :, 0])
    record(q1_size=output.shape[0])


def question_2(record: report.Record) -> None:
    """The same with zero padding of one pixel, which keeps the size."""
    image, kernel, padding = definitions.exercise_image(), definitions.exercise_kernel(), 1
    output = definitions.convolve(image, kernel, padding=padding)
    pixels = definitions.convolve(np.ones((4, 4, 1), np.int64), kernel[:, :, :1], padding=padding)[:, :, 0]
    record.array("q2_padded", definitions.pad(image, padding).sum(axis=2))
    record.array("q2_output", output[:, :, 0])
    record(
        q2_size=output.shape[0],
        q2_inside=int(pixels[1, 1]),
        q2_edge=int(pixels[0, 1]),
        q2_corner=int(pixels[0, 0]),
    )


def question_3(record: report.Record) -> None:
    """The same with taps two pixels apart; zero padding of two pixels keeps the size."""
    image, kernel, dilation, padding = definitions.exercise_image(), definitions.exercise_kernel(), 2, 2
    output = definitions.convolve(image, kernel, padding=padding, dilation=dilation)
    pixels = definitions.convolve(np.ones((4, 4, 1), np.int64), kernel[:, :, :1], padding=padding, dilation=dilation)
    assert pixels.min() == pixels.max()
    record.array("q3_padded", definitions.pad(image, padding).sum(axis=2))
    record.array("q3_output", output[:, :, 0])
    taps = kernel.shape[0]
    record(
        q3_taps=taps,
        q3_rate=dilation,
        q3_kernel=definitions.effective_kernel(taps, dilation),
        q3_padding=padding,
        q3_size=output.shape[0],
        q3_size_padding_1=definitions.output_size(4, taps, padding=1, dilation=dilation),
        q3_pixels=int(pixels.max()),
    )


def question_4(record: report.Record) -> None:
    """A bright stripe as template against four patches, before and after its mean is taken off."""
    stripe = np.array([[0, 1, 0]] * 3)
    patches = np.stack([stripe, 2 * stripe, np.full((3, 3), 3), stripe.T])
    response = (patches * stripe).sum(axis=(1, 2))
    cosine = response / (np.linalg.norm(stripe) * np.sqrt((patches**2).sum(axis=(1, 2))))
    # The weights in thirds sum to zero; whole numbers first, so that no rounding is left over.
    centred = (patches * (3 * stripe - stripe.sum() // 3)).sum(axis=(1, 2)) / 3
    record.array("q4_template", stripe)
    record.array("q4_patches", patches)
    record.array("q4_names", np.array(["same pattern", "twice the contrast", "bright and flat", "other pattern"]))
    record.array("q4_response", response)
    record.array("q4_cosine", cosine)
    record.array("q4_centred", centred)
    for place, name in enumerate(("pattern", "contrast", "flat")):
        record(**{f"q4_{name}": int(response[place]), f"q4_{name}_centred": float(centred[place])})
    record(q4_flat_cosine=float(cosine[2]))


def question_7(record: report.Record) -> None:
    """Output shape and parameters of a layer of 16 filters 3x3 on an input of 128x128x32, without padding."""
    size, channels, kernel, filters = 128, 32, 3, 16
    output = definitions.output_size(size, kernel)
    record(
        q7_input_size=size,
        q7_input_channels=channels,
        q7_kernel=kernel,
        q7_height=output,
        q7_width=output,
        q7_channels=filters,
        q7_weights_per_filter=kernel * kernel * channels,
        q7_parameters=definitions.convolution_parameters(kernel, channels, filters),
    )


def question_8(record: report.Record) -> None:
    """The layer of question 7 with stride 2: its windows leave out what fills no further step."""
    size, kernel, stride = 128, 3, 2
    output = definitions.output_size(size, kernel, stride=stride)
    covered = (output - 1) * stride + kernel
    record(
        q8_stride=stride,
        q8_size=output,
        q8_covered=covered,
        q8_dropped=size - covered,
        q8_positions=output**2 / definitions.output_size(size, kernel) ** 2,
    )


def question_9(record: report.Record) -> None:
    """A 1x1 convolution from 32 to 16 channels."""
    channels, filters = 32, 16
    parameters = definitions.convolution_parameters(1, channels, filters)
    record(
        q9_filters=filters,
        q9_weights_per_filter=channels,
        q9_parameters=parameters,
        q9_saving=definitions.convolution_parameters(3, channels, filters) / parameters,
    )


def question_11(record: report.Record) -> None:
    """Pool the image by its maximum over windows of 2x2 with stride 2."""
    image = definitions.exercise_image()
    output = definitions.max_pool(image, 2)
    for channel, name in enumerate(definitions.CHANNELS):
        record.array(f"q11_{name}", image[:, :, channel])
        record.array(f"q11_{name}_output", output[:, :, channel])
    record(q11_size=output.shape[0], q11_kept=output.size / image.size)
