"""The diagrams of the theoretical answers, drawn from the arrays and scalars of `theory`."""

from report_cli.experiment import Figures, StoredRun


def convolution(run: StoredRun, figures: Figures) -> None:
    """Question 1: each channel with its slice of the filter, and the sum of the three."""
    from report_cli import diagrams, plots
    from report_cli.diagrams import CELL_MM, Window

    kernel, output = run.array("q1_kernel"), run.array("q1_output")
    size = kernel.shape[0]
    with plots.style():
        figure, axes = diagrams.canvas(140, 76)
        for x, text in ((30, "image"), (59, "filter"), (84, "per channel")):
            diagrams.label(axes, text, x, 3)
        for channel, name in enumerate(("red", "green", "blue")):
            top = 7 + 23 * channel
            middle = top + 2 * CELL_MM
            diagrams.label(axes, name, 18, middle, align="right")
            diagrams.grid(axes, run.array(f"q1_{name}"), 20, top, Window(0, 0, size, size))
            diagrams.label(axes, "*", 45.7, middle, size=14)
            diagrams.grid(axes, kernel[:, :, channel], 51.5, middle - 1.5 * CELL_MM)
            diagrams.label(axes, "=", 72.5, middle)
            diagrams.grid(axes, run.array(f"q1_{name}_output"), 79, middle - CELL_MM, Window(0, 0, 1, 1))
            diagrams.arrow(axes, (91, middle), (109, 40 + 2.5 * (channel - 1)))
        diagrams.label(axes, "output (sum)", 116, 31)
        diagrams.grid(axes, output, 111, 40 - CELL_MM, Window(0, 0, 1, 1))
    parts = [int(run.array(f"q1_{name}_output")[0, 0]) for name in ("red", "green", "blue")]
    figures.add(
        "q1_convolution",
        figure,
        alt=(
            f"Three channels of 4 by 4 numbers, each with the {size} by {size} window at its top left marked, times a "
            f"filter of ones. The window gives {parts[0]} in red, {parts[1]} in green and {parts[2]} in blue, together "
            f"{int(output[0, 0])}, the top left of the output with rows {_rows(output.tolist())}."
        ),
    )


def inception(run: StoredRun, figures: Figures) -> None:
    """Question 17: four parallel branches between the input and the concatenation."""
    from report_cli import diagrams
    from report_cli.diagrams import Box

    branches = run.array("q17_branches").tolist()
    channels, total = run.scalars["q17_channels"], run.scalars["q17_output_channels"]
    (_, one), (before_three, three), (before_five, five), (_, pooled) = branches
    column, top, bottom = (19.0, 53.0, 87.0, 121.0), 24.0, 41.0
    boxes = [
        Box("input", f"input, {channels:.0f} channels", 70, 6, width=128),
        Box("a2", f"1×1 convolution\n{one} filters", column[0], bottom, height=11, strong=True),
        Box("b1", f"1×1 convolution\n{before_three} filters", column[1], top, height=11),
        Box("b2", f"3×3 convolution\n{three} filters", column[1], bottom, height=11, strong=True),
        Box("c1", f"1×1 convolution\n{before_five} filters", column[2], top, height=11),
        Box("c2", f"5×5 convolution\n{five} filters", column[2], bottom, height=11, strong=True),
        Box("d1", "3×3 max pooling\nstride 1", column[3], top, height=11),
        Box("d2", f"1×1 convolution\n{pooled} filters", column[3], bottom, height=11, strong=True),
        Box("output", f"concatenation, {total:.0f} channels", 70, 59, width=128),
    ]
    arrows = [("input", "a2"), ("a2", "output")]
    for branch in "bcd":
        arrows += [("input", f"{branch}1"), (f"{branch}1", f"{branch}2"), (f"{branch}2", "output")]
    figures.add(
        "q17_inception",
        diagrams.blocks(boxes, arrows, 140, 65),
        alt=(
            f"An input of {channels:.0f} channels goes through four branches side by side: a 1 by 1 convolution with "
            f"{one} filters; a 1 by 1 with {before_three}, then a 3 by 3 with {three}; a 1 by 1 with {before_five}, "
            f"then a 5 by 5 with {five}; a 3 by 3 max pooling, then a 1 by 1 with {pooled}. Their outputs are "
            f"concatenated to {total:.0f} channels."
        ),
    )


def _rows(matrix: list[list[float]]) -> str:
    return " and ".join(", ".join(f"{number:g}" for number in row) for row in matrix)
