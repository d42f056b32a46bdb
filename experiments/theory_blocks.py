"""Questions about the inception block and the residual block: shapes, parameters and costs."""

import numpy as np

import report_cli as report
from experiments import theory_definitions as definitions

METRICS = {
    **definitions.counts(
        q17_size="height and width of the example block's input",
        q17_channels="channels of the example block's input",
        q17_output_channels="channels of the example block's output, all branches together",
        q17_bottleneck="filters of the 1x1 convolution before the 5x5 one",
        q17_filters="filters of the 5x5 convolution",
        q17_direct_parameters="parameters of the 5x5 path without a bottleneck",
        q17_bottleneck_parameters="parameters of the 5x5 path with the bottleneck",
        q17_direct_multiply_adds="multiply-adds of the 5x5 path without a bottleneck",
        q17_bottleneck_multiply_adds="multiply-adds of the 5x5 path with the bottleneck",
        q17_ours_size="height and width of the input of this report's inception and residual blocks",
        q17_ours_channels="channels of that input",
        q17_ours_output_size="height and width of the output of this report's inception block",
        q17_ours_output_channels="channels of that output",
        q17_ours_parameters="parameters of this report's inception block",
        q18_filters="filters of the 3x3 convolutions of this report's residual block",
        q18_parameters="parameters of this report's residual block",
        q18_projection_channels="channels after a 1x1 projection in the example of question 18",
        q18_projection_parameters="parameters of that projection",
    ),
    "q17_saving": report.Metric("", "multiply-adds without the bottleneck divided by those with it"),
}


def question_17(record: report.Record) -> None:
    """What a bottleneck saves in an inception block, and the shapes of this report's block.

    The example is block "inception (3a)" of Szegedy et al., Going deeper with convolutions (2015), table 1: four
    branches with filters before and in their last convolution, 0 where there is no convolution before.
    """
    size, channels = 28, 192
    branches = np.array([[0, 64], [96, 128], [16, 32], [0, 32]])
    bottleneck, filters = (int(count) for count in branches[2])
    parameters, multiply_adds = definitions.convolution_parameters, definitions.convolution_multiply_adds
    direct_cost = multiply_adds(size, 5, channels, filters)
    reduced_cost = multiply_adds(size, 1, channels, bottleneck) + multiply_adds(size, 5, bottleneck, filters)
    record.array("q17_branches", branches)
    record(
        q17_size=size,
        q17_channels=channels,
        q17_output_channels=int(branches[:, 1].sum()),
        q17_bottleneck=bottleneck,
        q17_filters=filters,
        q17_direct_parameters=parameters(5, channels, filters),
    )
    reduced = parameters(1, channels, bottleneck) + parameters(5, bottleneck, filters)
    record(
        q17_bottleneck_parameters=reduced,
        q17_direct_multiply_adds=direct_cost,
        q17_bottleneck_multiply_adds=reduced_cost,
        q17_saving=direct_cost / reduced_cost,
    )
    _our_inception(record)


def question_18(record: report.Record) -> None:
    """Parameters of this report's residual block, and of a projection that doubles the channels on a shortcut."""
    channels, filters = 64, 128
    parameters = definitions.convolution_parameters
    weighted = parameters(3, channels, filters) + parameters(3, filters, filters) + parameters(1, filters, channels)
    record(
        q18_filters=filters,
        q18_parameters=weighted,
        q18_projection_channels=2 * channels,
        q18_projection_parameters=parameters(1, channels, 2 * channels),
    )


def _our_inception(record: report.Record) -> None:
    """Follow an image of 32x32 through both blocks of the control network and the inception block after them."""
    size = 32
    for _ in range(2):
        same = definitions.output_size(size, 3, padding=1)
        size = definitions.output_size(definitions.output_size(same, 3), 2, stride=2)
    channels = filters = 64
    branches = 3
    record(
        q17_ours_size=size,
        q17_ours_channels=channels,
        q17_ours_output_size=definitions.output_size(size, 3),
        q17_ours_output_channels=branches * filters,
    )
    # Every branch begins with a convolution of the input; the second branch has one more.
    leading = branches * definitions.convolution_parameters(3, channels, filters)
    total = leading + definitions.convolution_parameters(3, filters, filters)
    record(q17_ours_parameters=total)
