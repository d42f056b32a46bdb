"""The diagrams of the questions about windows, drawn from the arrays of `theory`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import report_cli as report
from experiments.theory_definitions import CHANNELS
from report_cli.figures import diagrams
from report_cli.figures.diagrams import CELL_MM, Window
from report_cli.figures.style import Illustration

# The star of a convolution stands high in its line. As a formula it would make paths of all words of its figure.
STAR_MM = 1.2


def convolution(run: "report.Run") -> Illustration:
    """Question 1: each channel with its slice of the filter, and the sum of the three."""
    kernel, output = run.array("q1_kernel"), run.array("q1_output")
    size = kernel.shape[0]
    figure, axes = diagrams.canvas(140, 61)
    for x, text in ((31, "image"), (58, "filter"), (82, "per channel")):
        diagrams.label(axes, text, x, 2.5)
    step = 4 * CELL_MM + 1.4
    centre = 6 + step + 2 * CELL_MM
    for channel, name in enumerate(CHANNELS):
        top = 6 + step * channel
        middle = top + 2 * CELL_MM
        diagrams.label(axes, name, 20, middle, align="right")
        diagrams.grid(axes, run.array(f"q1_{name}"), 22.4, top, Window(0, 0, size, size))
        diagrams.label(axes, "*", 45.6, middle + STAR_MM, size=14)
        diagrams.grid(axes, kernel[:, :, channel], 51.5, middle - 1.5 * CELL_MM)
        diagrams.label(axes, "=", 71, middle)
        diagrams.grid(axes, run.array(f"q1_{name}_output"), 77.7, middle - CELL_MM, Window(0, 0))
        diagrams.arrow(axes, (88, middle), (107, centre + 2.2 * (channel - 1)))
    diagrams.label(axes, "output (sum)", 113.3, centre - CELL_MM - 3.5)
    diagrams.grid(axes, output, 109, centre - CELL_MM, Window(0, 0))
    parts = [int(run.array(f"q1_{name}_output")[0, 0]) for name in CHANNELS]
    return figure, (
        f"Three channels of 4 by 4 numbers, each with the {size} by {size} window at its top left marked, times a "
        f"filter of ones. The window gives {parts[0]} in red, {parts[1]} in green and {parts[2]} in blue, together "
        f"{int(output[0, 0])}, the top left of the output with rows {_rows(output)}."
    )


def padding(run: "report.Run") -> Illustration:
    """Question 2: the sum of the channels with a ring of zeros, and the output of the same size."""
    padded, output = run.array("q2_padded"), run.array("q2_output")
    figure, axes = diagrams.canvas(140, 33)
    middle = 5.5 + 3 * CELL_MM
    for x, text in ((39, "sum of the channels, padded"), (73.5, "filter"), (101.6, "output")):
        diagrams.label(axes, text, x, 2.5)
    diagrams.grid(axes, padded, 26, middle - 3 * CELL_MM, Window(0, 0, 3, 3), border=1)
    diagrams.label(axes, "*", 59.5, middle + STAR_MM, size=14)
    diagrams.grid(axes, run.array("q1_kernel")[:, :, 0], 67, middle - 1.5 * CELL_MM)
    diagrams.label(axes, "=", 86.5, middle)
    diagrams.grid(axes, output, 93, middle - 2 * CELL_MM, Window(0, 0))
    return figure, (
        f"The sum of the three channels, 4 by 4 numbers with rows {_rows(padded[1:-1, 1:-1])}, inside a ring of "
        f"zeros. The 3 by 3 window at the top left covers four pixels of the image and gives {int(output[0, 0])}, "
        f"the top left of the output with rows {_rows(output)}."
    )


def dilation(run: "report.Run") -> Illustration:
    """Question 3: the taps of the dilated filter on the padded sum of the channels."""
    padded, output = run.array("q3_padded"), run.array("q3_output")
    reach = int(run.scalars["q3_kernel"])
    border, step = int(run.scalars["q3_padding"]), (reach - 1) // 2
    spread = np.full((reach, reach), np.nan)
    spread[::step, ::step] = run.array("q1_kernel")[:, :, 0]
    taps = [Window(row, column) for row in range(0, reach, step) for column in range(0, reach, step)]
    figure, axes = diagrams.canvas(140, 41)
    middle = 5.5 + 4 * CELL_MM
    for x, text in ((34.2, "sum of the channels, padded"), (77.7, "filter, dilated"), (111.6, "output")):
        diagrams.label(axes, text, x, 2.5)
    diagrams.grid(axes, padded, 17, middle - 4 * CELL_MM, *taps, border=border)
    diagrams.label(axes, "*", 59, middle + STAR_MM, size=14)
    diagrams.grid(axes, spread, 67, middle - reach / 2 * CELL_MM)
    diagrams.label(axes, "=", 96, middle)
    diagrams.grid(axes, output, 103, middle - 2 * CELL_MM, Window(0, 0))
    return figure, (
        f"The sum of the three channels inside {border} rings of zeros. The nine weights lie {step} pixels apart "
        f"and reach over {reach} by {reach} pixels; at the top left, {int(run.scalars['q3_pixels'])} of them meet "
        f"the image and give {int(output[0, 0])}, the top left of the output with rows {_rows(output)}."
    )


def template(run: "report.Run") -> Illustration:
    """Question 4: a template, four patches, and what the template says to each."""
    patches, names = run.array("q4_patches"), [str(name) for name in run.array("q4_names")]
    rows = {
        "response": [f"{value:g}" for value in run.array("q4_response")],
        "cosine": [f"{value:.2f}" for value in run.array("q4_cosine")],
        "zero-mean response": [f"{value:g}" for value in run.array("q4_centred")],
    }
    darkest = float(patches.max())
    figure, axes = diagrams.canvas(140, 38)
    for x, patch, name in zip((50, 75, 100, 125), patches, names, strict=True):
        diagrams.label(axes, name, x, 2.5)
        diagrams.grid(axes, patch, x - 1.5 * CELL_MM, 5.5, darkest=darkest)
    diagrams.label(axes, "template", 17, 2.5)
    diagrams.grid(axes, run.array("q4_template"), 17 - 1.5 * CELL_MM, 5.5, darkest=darkest)
    for place, (name, values) in enumerate(rows.items()):
        y = 23.5 + 5.2 * place
        diagrams.label(axes, name, 3, y, align="left", colour=diagrams.SOFT)
        for x, value in zip((50, 75, 100, 125), values, strict=True):
            diagrams.label(axes, value, x, y)
    parts = [
        f"{name}: response {response}, cosine {cosine}, zero-mean response {centred}"
        for name, response, cosine, centred in zip(names, *rows.values(), strict=True)
    ]
    alt = f"A template, a bright stripe of 3 by 3 pixels, and its response to four patches. {'; '.join(parts)}."
    return figure, alt


def pooling(run: "report.Run") -> Illustration:
    """Question 11: each channel and its pooled map."""
    figure, axes = diagrams.canvas(140, 24)
    middle = 5.5 + 2 * CELL_MM
    parts = []
    for left, name in zip((5, 52, 99), CHANNELS, strict=True):
        output = run.array(f"q11_{name}_output")
        diagrams.label(axes, name, left + 2 * CELL_MM, 2.5)
        diagrams.grid(axes, run.array(f"q11_{name}"), left, 5.5, Window(0, 0, 2, 2), Window(2, 2, 2, 2))
        diagrams.arrow(axes, (left + 18.8, middle), (left + 25.4, middle))
        diagrams.grid(axes, output, left + 27, middle - CELL_MM, Window(0, 0), Window(1, 1))
        parts.append(f"{name} becomes {_rows(output)}")
    alt = f"Each channel of 4 by 4 numbers is pooled to 2 by 2, two opposite windows marked: {'; '.join(parts)}."
    return figure, alt


def _rows(matrix: NDArray[Any]) -> str:
    rows = [", ".join(f"{number:g}" for number in row) for row in matrix.tolist()]
    return f"{'; '.join(rows[:-1])} and {rows[-1]}"
