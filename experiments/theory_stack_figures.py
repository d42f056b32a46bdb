"""The diagrams of the questions about several layers, drawn from the arrays of `theory`."""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullFormatter, ScalarFormatter

import report_cli as report
from report_cli.figures import diagrams, style
from report_cli.figures.diagrams import Box


def receptive_field(run: "report.Run") -> style.Illustration:
    """Question 5: receptive field and map size by depth, with and without pooling."""
    fields, sizes = run.array("q5_fields").tolist(), run.array("q5_sizes").tolist()
    seen = {"plain": fields[0], "dilated": fields[1], "with pooling": fields[2]}
    left_over = {"plain": sizes[0], "with pooling": sizes[1]}
    figure = style.new_figure(42)
    left, right = figure.subplots(1, 2)
    _lines(left, seen)
    _lines(right, left_over)
    left.set_title("receptive field (pixels)", loc="left")
    right.set_title("height and width of the map (pixels)", loc="left")
    parts = [
        f"{what}, {name}: {', '.join(f'{value:g}' for value in values)}"
        for what, lines in (("receptive field", seen), ("map", left_over))
        for name, values in lines.items()
    ]
    alt = f"Two line charts over {len(fields[0])} convolutions, on logarithmic scales. In pixels: {'; '.join(parts)}."
    return figure, alt


def _lines(axes: Axes, lines: dict[str, list[float]]) -> None:
    """Draw the lines on a logarithmic scale, their names at their ends and apart from each other."""
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    looks = {"plain": (style.GREY, (0, (4, 1.5))), "dilated": (style.GREY, (0, (1, 1.2)))}
    depth = range(1, 1 + max(len(values) for values in lines.values()))
    below = 0.0
    for name, values in sorted(lines.items(), key=lambda item: item[1][-1]):
        colour, dashes = looks.get(name, (style.ACCENT, "-"))
        axes.plot(depth, values, color=colour, linestyle=dashes, marker="o", markersize=2.5, label=name)
        below = max(values[-1], 1.75 * below)
        words = style.ACCENT if dashes == "-" else diagrams.SOFT
        axes.annotate(name, (1.03, below), xycoords=("axes fraction", "data"), va="center", color=words)
    axes.set_xticks(list(depth))
    axes.set_xlabel("convolution")


def channels(run: "report.Run") -> style.Illustration:
    """Question 6: multiply-adds, weights and activations of three layers as bars."""
    sizes, counts, costs = run.array("q6_sizes"), run.array("q6_channels"), run.array("q6_costs")
    maps = [f"{size}×{size}×{count}" for size, count in zip(sizes, counts, strict=True)]
    names = ("multiply-adds", "weights", "activations")
    figure = style.new_figure(36)
    panels = figure.subplots(1, 3, width_ratios=(1.25, 1, 1))
    for axes, name, values in zip(panels, names, costs, strict=True):
        colour = style.ACCENT if name == "multiply-adds" else style.GREY
        bars = axes.bar(maps, values, width=0.62, color=colour, label=name)
        axes.bar_label(bars, [f"{value:,}" for value in values], padding=1.5, fontsize=8)
        axes.set_title(name, loc="left")
        axes.set_ylim(0, 1.28 * max(values))
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="x", length=0)
    parts = [f"{name} {', '.join(f'{value:,}' for value in row)}" for name, row in zip(names, costs, strict=True)]
    alt = f"Bars for three layers with maps of {', '.join(maps)}: {'; '.join(parts)}."
    return figure, alt


def schedule(run: "report.Run") -> style.Illustration:
    """Question 16: what is trained on the source task, with a new head, and while fine-tuning."""
    *blocks, head = run.array("q16_blocks").tolist()
    tuned = int(run.scalars["q16_tuned_parameters"])
    last = len(blocks)
    steps = (
        ("source task", "old head", set(range(last + 1)), "all parameters trained\non the large data set"),
        ("1. train the head", "new head", {last}, f"{head:,} trained,\nusual learning rate"),
        ("2. fine-tune the top", "new head", {last - 1, last}, f"{tuned:,} trained,\nsmall learning rate"),
    )
    figure, axes = diagrams.canvas(140, 36)
    for place, (name, top, trained, words) in enumerate(steps):
        y = 5.5 + 12.5 * place
        diagrams.label(axes, name, 0.5, y, align="left")
        texts = [*(f"block {number}" for number in range(1, last + 1)), top]
        boxes = [
            Box(text, text, 33 + 13 * position, y, width=12, strong=position in trained)
            for position, text in enumerate(texts[:-1])
        ]
        boxes.append(Box(top, top, 34.7 + 13 * last, y, width=15.4, strong=last in trained))
        for box in boxes:
            diagrams.box(axes, box)
        diagrams.label(axes, words, 139.6, y, align="right", colour=diagrams.SOFT)
    return figure, (
        f"Three rows of {last} blocks and a head. On the source task everything is trained; then the blocks are "
        f"frozen and a new head with {head:,} parameters is trained; then the head and block {last}, together "
        f"{tuned:,} parameters, with a small learning rate."
    )


def inception(run: "report.Run") -> style.Illustration:
    """Question 17: four parallel branches between the input and the concatenation."""
    branches = run.array("q17_branches").tolist()
    channels, total = run.scalars["q17_channels"], run.scalars["q17_output_channels"]
    (_, one), (before_three, three), (before_five, five), (_, pooled) = branches
    column, top, bottom = (17.0, 52.0, 88.0, 123.0), 15.5, 28.5
    boxes = [
        Box("input", f"input, {channels:.0f} channels", 70, 3.5, width=134, height=6),
        Box("a2", f"1×1 convolution\n{one} filters", column[0], bottom, strong=True),
        Box("b1", f"1×1 convolution\n{before_three} filters", column[1], top),
        Box("b2", f"3×3 convolution\n{three} filters", column[1], bottom, strong=True),
        Box("c1", f"1×1 convolution\n{before_five} filters", column[2], top),
        Box("c2", f"5×5 convolution\n{five} filters", column[2], bottom, strong=True),
        Box("d1", "3×3 max pooling\nstride 1", column[3], top),
        Box("d2", f"1×1 convolution\n{pooled} filters", column[3], bottom, strong=True),
        Box("output", f"concatenation, {total:.0f} channels", 70, 41, width=134, height=6),
    ]
    arrows = [("input", "a2"), ("a2", "output")]
    for branch in "bcd":
        arrows += [("input", f"{branch}1"), (f"{branch}1", f"{branch}2"), (f"{branch}2", "output")]
    return diagrams.blocks(boxes, arrows, 140, 44.5), (
        f"An input of {channels:.0f} channels goes through four branches side by side: a 1 by 1 convolution with "
        f"{one} filters; a 1 by 1 with {before_three}, then a 3 by 3 with {three}; a 1 by 1 with {before_five}, "
        f"then a 5 by 5 with {five}; a 3 by 3 max pooling, then a 1 by 1 with {pooled}. Their outputs are "
        f"concatenated to {total:.0f} channels."
    )


def residual(run: "report.Run") -> style.Illustration:
    """Question 18: the convolutions of this report's block, with the shortcut around them."""
    names = ("q17_ours_size", "q17_ours_channels", "q18_filters")
    size, count, filters = (int(run.scalars[name]) for name in names)
    y, below = 13.0, 26.0
    figure, axes = diagrams.canvas(140, 31)
    axes.add_patch(Rectangle((20, 2.5), 91, 18, facecolor=style.PALE, edgecolor="none"))
    diagrams.label(axes, "F(x)", 65.5, 5.2)
    steps = [
        Box("x", f"x\n{size}×{size}×{count}", 8.5, y, width=15),
        Box("one", f"3×3 convolution\n{filters} filters, ReLU", 36, y, width=27, strong=True),
        Box("two", f"3×3 convolution\n{filters} filters, ReLU", 67.5, y, width=27, strong=True),
        Box("three", f"1×1 convolution\n{count} filters", 97.3, y, width=24, strong=True),
        Box("sum", "+", 117, y, width=6, height=6),
        Box("relu", "ReLU", 128, y, width=9.4, height=7),
    ]
    diagrams.row(axes, steps)
    diagrams.arrow(axes, (132.7, y), (136.8, y))
    diagrams.label(axes, "y", 138.4, y)
    diagrams.arrow(axes, (8.5, y + 4.5), (8.5, below), (117, below), (117, y + 3))
    diagrams.label(axes, "shortcut: x itself", 65.5, below + 2.6)
    return figure, (
        f"The input x of {size} by {size} by {count} goes through two 3 by 3 convolutions of {filters} filters "
        f"with ReLU and a linear 1 by 1 convolution of {count} filters, together F. A shortcut leads around them; "
        f"F of x and x are added, then a ReLU gives y."
    )
