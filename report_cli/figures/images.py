"""Figures made of pictures: grids of channel maps, patterns beside patches, heatmaps over images, augmented views.

Every block of pictures is one small image in its own resolution, so that a figure stays small as a file.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from report_cli.figures import style
from report_cli.figures.numbers import Content, Explained, explain
from report_cli.figures.style import TEXT_WIDTH_MM, TINT, Illustration
from report_cli.wording import round_by_hand

Pixels = NDArray[np.uint8]
GROUND = 226
# Over pictures; the white of paper would be dark on a dark page.
OUTLINE = "#fefefe"
LABEL_PT = 8
# At most so many along a side of a tile: it is 15 mm wide in print, more would not be seen.
TILE_PX = 80
# What the number above a picture takes.
NUMBER_MM = 4.0
# From one line below a view to the next.
LINE_MM = 3.4


def mosaic(tiles: Pixels, columns: int, gap: int) -> Pixels:
    """Return tiles (N, h, w, 3) side by side in `columns`, as one image on a grey ground, `gap` pixels between them."""
    count, height, width = tiles.shape[:3]
    rows = -(-count // columns)
    step_y, step_x = height + gap, width + gap
    whole = np.full((rows * step_y - gap, columns * step_x - gap, 3), GROUND, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = (number // columns) * step_y, (number % columns) * step_x
        whole[top : top + height, left : left + width] = tile
    return whole


def channels(name: str, image: Pixels, maps: Pixels, numbers: Sequence[int], matches: Sequence[str]) -> Illustration:
    """Return the image (S, S, 3) beside the maps (K, h, w) of channels, numbered, the strongest response darkest.

    `name` is that of the image; `matches` say what each channel resembles.
    """
    columns = 8 if len(maps) <= 48 else 12
    rows = -(-len(maps) // columns)
    maps = _reduce(maps)
    size = maps.shape[1]
    gap = max(1, size // 16)
    scale = (TEXT_WIDTH_MM - 34) / (columns * (size + gap) - gap)
    above = NUMBER_MM / scale
    step = size + gap + above
    with style.style():
        figure = style.new_figure(max((rows * step - gap) * scale, 24) + 2)
        figure.set_layout_engine("none")
        place(figure, image, 0, 0, 24, 24)
        for first in range(0, len(maps), columns):
            tiles = TINT(maps[first : first + columns], bytes=True)[..., :3]
            top = (first // columns * step + above) * scale
            width = (len(tiles) * (size + gap) - gap) * scale
            axes = place(figure, mosaic(tiles, len(tiles), gap), 34, top, width, size * scale)
            row = numbers[first : first + columns]
            for column, number in enumerate(row):
                left = column * (size + gap)
                axes.text(left, -0.06 * size, str(number), fontsize=LABEL_PT, va="bottom")
                # A map that is nearly empty has an edge, too.
                axes.add_patch(Rectangle((left - 0.5, -0.5), size, size, fill=False, edgecolor=style.PALE, lw=0.5))
            areas = {(at, 0): (at * (size + gap), 0, at * (size + gap) + size, size) for at in range(len(row))}
            facts = [[str(number), match] for number, match in zip(row, matches[first : first + columns], strict=True)]
            axes.add_artist(Explained(["channel", "resembles"], facts, areas))
    resemblances = "; ".join(f"{kind}: {number}" for kind, number in Counter(matches).most_common())
    return figure, f"The image {name} beside {len(maps)} channel maps. What they resemble most: {resemblances}."


def patterns(
    preferred: Pixels,
    patches: Pixels,
    colours: Sequence[str],
    periods: NDArray[np.float64],
    cats: NDArray[np.int64],
    top: int,
) -> Illustration:
    """Return, for each filter, its pattern (K, S, S, 3) beside four patches of images (K, 4, s, s, 3), numbered.

    Said of each are its colour and period, and the `cats` among the `top` images of which patches are taken.
    """
    columns, step, side, above = 4, TEXT_WIDTH_MM / 4, 14.5, NUMBER_MM
    rows = -(-len(preferred) // columns)
    with style.style():
        figure = style.new_figure(rows * (side + above + 0.5))
        figure.set_layout_engine("none")
        for number, (pattern, block) in enumerate(zip(preferred, patches, strict=True)):
            row, column = divmod(number, columns)
            x, y = column * step, row * (side + above + 0.5)
            first = place(figure, _reduce(pattern[None])[0], x, y + above, side, side)
            first.set_title(str(number + 1), loc="left", fontsize=LABEL_PT, pad=1.5)
            facts: dict[str, Content] = {
                "filter": str(number + 1),
                "colour": colours[number],
                "period (pixels)": float(periods[number]) or "no wave",
            }
            explain(first, {**facts, f"cats among {top} images": int(cats[number])})
            place(figure, mosaic(block, 2, max(1, block.shape[1] // 16)), x + side + 1, y + above, side, side)
    parts = [f"The patterns that {len(colours)} filters prefer, each beside four patches of images."]
    for number, (colour, period, count) in enumerate(zip(colours, periods, cats, strict=True), start=1):
        wave = f"period {period:.1f} pixels" if period else "no wave"
        parts.append(f"Filter {number}: {colour}, {wave}, {count} cats among {top} images.")
    return figure, " ".join(parts)


def heatmaps(
    images: Pixels, heat: NDArray[np.float32], regions: NDArray[np.bool_], facts: Sequence[Sequence[str]]
) -> Illustration:
    """Return each image (N, S, S, 3) beside itself under its heat (N, s, s), 0 to 1.

    `regions` (N, s, s) are outlined where there are any; `facts` are kind, class, named class and its probability.
    """
    side, gap, step = 21.5, 1.0, TEXT_WIDTH_MM / 3
    with style.style():
        figure = style.new_figure(side + 9)
        figure.set_layout_engine("none")
        for number, (image, warmth) in enumerate(zip(images, heat, strict=True)):
            kind, class_name, named, probability = facts[number]
            x = number * step
            left = place(figure, image, x, 9, side, side)
            left.set_title(f"{kind}: a {class_name},\nnamed {named} at {probability}", loc="left", fontsize=8, pad=2)
            explain(left, {"image": kind, "true class": class_name, "predicted": named, "probability": probability})
            right = place(figure, _overlay(image, warmth), x + side + gap, 9, side, side)
            if len(regions):
                scale = image.shape[0] / warmth.shape[0]
                at = (np.arange(warmth.shape[0]) + 0.5) * scale - 0.5
                right.contour(at, at, regions[number], levels=[0.5], colors=OUTLINE, linewidths=0.8)
    parts = [f"{len(facts)} images, each beside itself under a heatmap."]
    for warmth, (kind, class_name, named, probability) in zip(heat, facts, strict=True):
        where = "without heat"
        if warmth.max() > 0:
            row, column = np.divmod(int(warmth.argmax()), warmth.shape[1])
            down = ("top", "middle", "bottom")[min(3 * row // warmth.shape[0], 2)]
            across = ("left", "centre", "right")[min(3 * column // warmth.shape[1], 2)]
            where = f"hottest at the {down} {across}"
        parts.append(f"{kind.capitalize()}: a {class_name}, named {named} at {probability}; {where}.")
    return figure, " ".join(parts)


def augmented_views(images: NDArray[np.uint8], views: NDArray[np.float64], classes: Sequence[str]) -> Illustration:
    """Return one row an image: the image, then its views, with what was done to it below each.

    `images` (N, 1 + V, H, W, 3) have the image first; `views` (N, V, 5) are whether it is mirrored, how far it is moved
    right and down (fractions), turned clockwise (degrees) and scaled.
    """
    rows, columns = images.shape[:2]
    with style.style():
        figure = style.new_figure(rows * (TEXT_WIDTH_MM / columns + 3 * LINE_MM + 1))
        grid: NDArray[Any] = figure.subplots(rows, columns, squeeze=False)
        for (row, column), axes in np.ndenumerate(grid):
            axes.imshow(images[row, column], interpolation="none")
            axes.set_axis_off()
            text = classes[row]
            done: Sequence[float | str] = [""] * 5
            if column:
                mirrored, right, down, turn, scale = views[row, column - 1].tolist()
                done = ["yes" if mirrored else "no", 100 * right, 100 * down, turn, scale]
                # A sign of its own length keeps the numbers of a row in line.
                text = (
                    f"{round_by_hand(turn, 0):+}°, ×{scale:.2f}\n"
                    f"{round_by_hand(right, 0, 100):+} %, {round_by_hand(down, 0, 100):+} %\n"
                    f"{'mirrored' if mirrored else ''}"
                ).replace("-", "\N{MINUS SIGN}")
            axes.text(0.5, -0.05, text, transform=axes.transAxes, ha="center", va="top", fontsize=8, linespacing=1.1)
            what = ("mirrored", "moved right (%)", "moved down (%)", "turned (°)", "scaled by")
            explain(axes, {"image": classes[row], **dict(zip(what, done, strict=True))})
    count, mirrored = views.shape[1], int(views[..., 0].sum())
    shift, turn = round_by_hand(np.abs(views[..., 1:3]).max(), 0, 100), round_by_hand(np.abs(views[..., 3]).max(), 0)
    smallest, largest = views[..., 4].min(), views[..., 4].max()
    alt = (
        f"{rows} rows of images, one for each class ({', '.join(classes)}): the image, then {count} views of it. "
        f"Of the {rows * count} views {mirrored} are mirrored; they are moved by up to {shift}% of the size, "
        f"turned by up to {turn} degrees, and scaled by {smallest:.2f} to {largest:.2f}."
    )
    return figure, alt


def place(figure: Figure, image: Pixels, x: float, y: float, width: float, height: float) -> Axes:
    """Return new axes with `image` in them: left top corner and size in mm, from the left top of the figure."""
    inches = figure.get_size_inches()
    across, down = 25.4 * inches[0], 25.4 * inches[1]
    axes = figure.add_axes((x / across, 1 - (y + height) / down, width / across, height / down))
    # Not resampled: the file holds the pixels as they are.
    axes.imshow(image, interpolation="none", aspect="auto")
    axes.set_axis_off()
    return axes


def _reduce(tiles: Pixels) -> Pixels:
    """Return tiles (N, h, w, ...) with every few pixels of larger ones joined to their mean."""
    step = -(-max(tiles.shape[1:3]) // TILE_PX)
    rows, columns = (size // step for size in tiles.shape[1:3])
    cut = tiles[:, : rows * step, : columns * step]
    joined = cut.reshape(len(tiles), rows, step, columns, step, *tiles.shape[3:])
    means: Pixels = np.rint(joined.mean(axis=(2, 4))).astype(np.uint8)
    return means


def _overlay(image: Pixels, heat: NDArray[np.float32]) -> Pixels:
    """Return `image`, grey, under the colours of `heat`, in the larger of both resolutions."""
    side = max(len(image), len(heat))
    at = np.arange(side)
    grey = image.mean(axis=2)[at * len(image) // side][:, at * len(image) // side]
    warmth = heat[at * len(heat) // side][:, at * len(heat) // side]
    colours: NDArray[Any] = matplotlib.colormaps["inferno"](warmth)[..., :3]
    mixed: Pixels = np.rint(0.45 * grey[..., None] + 0.55 * 255 * colours).astype(np.uint8)
    return mixed
