"""Questions about several layers: what they see, what they cost, which of them are trained."""

from collections.abc import Sequence

import numpy as np

import report_cli as report
from experiments import theory_definitions as definitions

# Filters of the convolutions of VGG16, block by block; all are 3x3 with padding, and every block ends in 2x2 pooling.
# Source: Simonyan and Zisserman, Very deep convolutional networks for large-scale image recognition (2015), table 1, D.
VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))

METRICS = {
    **definitions.counts(
        q5_input_size="height and width of the input in the example of question 5",
        q5_layers="convolutions in the example",
        q5_field_first="receptive field of the first convolution, in pixels along each axis",
        q5_field_plain="receptive field of the last convolution without pooling",
        q5_field_dilated="receptive field of the last convolution with dilation rates that double",
        q5_field_pooled="receptive field of the last convolution with pooling after each one before it",
        q5_size_valid="height and width of the last map without padding and without pooling",
        q5_size_pooled="height and width of the last map with padding, and pooling after each convolution before it",
        q6_multiply_adds="multiply-adds of each layer in the example of question 6",
        q6_weights_first="weights of the first layer in the example",
        q6_weights_last="weights of the last layer in the example",
        q6_activations_first="activations of the first layer in the example",
        q6_activations_last="activations of the last layer in the example",
        q15_input_size="height and width of the images in questions 15 and 16",
        q15_base_parameters="parameters of the convolution base of VGG16",
        q15_feature_size="height and width of what the base puts out",
        q15_feature_channels="channels of what the base puts out",
        q15_hidden="units of the hidden layer of the new head",
        q15_head_parameters="parameters of the new head",
        q16_block_parameters="parameters of the last block of the base",
        q16_tuned_parameters="parameters that are trained while the last block and the head are",
    ),
    "q6_weights_ratio": report.Metric("", "weights after doubling the channels divided by those before"),
    "q6_activations_ratio": report.Metric(
        "", "activations after doubling the channels and halving the sides divided by those before"
    ),
    "q16_tuned_share": report.Metric("fraction", "parameters of the last block as a fraction of those of the base"),
}


def question_5(record: report.Record) -> None:
    """Receptive field and map size after each of five 3x3 convolutions: alone, with growing dilation, with pooling.

    A kernel whose taps reach over k pixels adds (k - 1) x jump to the field, and a stride multiplies the jump:
    the distance, in pixels of the input, of neighbours in a map.
    """
    size, layers = 128, 5
    plain, _ = receptive_fields([1] * layers, pooling=False)
    dilated, _ = receptive_fields([2**layer for layer in range(layers)], pooling=False)
    pooled, jumps = receptive_fields([1] * layers, pooling=True)
    valid = [size - 2 * layer for layer in range(1, layers + 1)]
    shrunk = [size // jump for jump in jumps]
    record.array("q5_fields", np.array([plain, dilated, pooled]))
    record.array("q5_sizes", np.array([valid, shrunk]))
    record(
        q5_input_size=size,
        q5_layers=layers,
        q5_field_first=plain[0],
        q5_field_plain=plain[-1],
        q5_field_dilated=dilated[-1],
        q5_field_pooled=pooled[-1],
        q5_size_valid=valid[-1],
        q5_size_pooled=shrunk[-1],
    )


def receptive_fields(dilations: Sequence[int], *, pooling: bool) -> tuple[list[int], list[int]]:
    """Return, for each 3x3 convolution of a stack, its receptive field and the jump at its output, in pixels.

    With `pooling`, 2x2 max pooling of stride 2 lies between any two convolutions.
    """
    fields, jumps = [], []
    field = jump = 1
    for dilation in dilations:
        field += (definitions.effective_kernel(3, dilation) - 1) * jump
        fields.append(field)
        jumps.append(jump)
        if pooling:
            field, jump = field + jump, 2 * jump
    return fields, jumps


def question_6(record: report.Record) -> None:
    """What one 3x3 convolution costs where the sides of the maps halve and their channels double, twice."""
    sizes, channels = np.array([32, 16, 8]), np.array([64, 128, 256])
    weights = 9 * channels**2
    multiply_adds = [
        definitions.convolution_multiply_adds(int(size), 3, int(count), int(count))
        for size, count in zip(sizes, channels, strict=True)
    ]
    activations = sizes**2 * channels
    assert len(set(multiply_adds)) == 1
    record.array("q6_sizes", sizes)
    record.array("q6_channels", channels)
    record.array("q6_costs", np.stack([np.array(multiply_adds), weights, activations]))
    record(
        q6_multiply_adds=multiply_adds[0],
        q6_weights_ratio=float(weights[1] / weights[0]),
        q6_activations_ratio=float(activations[1] / activations[0]),
    )
    for name, counts in (("weights", weights), ("activations", activations)):
        record(**{f"q6_{name}_first": int(counts[0]), f"q6_{name}_last": int(counts[-1])})


def questions_15_and_16(record: report.Record) -> None:
    """Parameters of the convolution base of VGG16, of its last block, and of the head of this report."""
    size, hidden, channels = 150, 256, 3
    output, blocks = size, []
    for filters in VGG16:
        inputs = (channels, *filters)
        blocks.append(sum(definitions.convolution_parameters(3, *pair) for pair in zip(inputs, filters, strict=False)))
        channels, output = filters[-1], definitions.output_size(output, 2, stride=2)
    # A dense layer is a convolution whose window is its whole input.
    head = definitions.convolution_parameters(output, channels, hidden) + hidden + 1
    record.array("q16_blocks", np.array([*blocks, head]))
    record(
        q15_input_size=size,
        q15_base_parameters=sum(blocks),
        q15_feature_size=output,
        q15_feature_channels=channels,
        q15_hidden=hidden,
        q15_head_parameters=head,
        q16_block_parameters=blocks[-1],
        q16_tuned_parameters=blocks[-1] + head,
        q16_tuned_share=blocks[-1] / sum(blocks),
    )
