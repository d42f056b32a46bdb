"""The numbers behind a figure and the places where it shows them: a table for each of its axes.

Those are of what has a label, as in matplotlib's own legends, and what `Explained` says.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.transforms import Transform

from report_cli.figures.style import TINT

# With these the ids of what shows a series begin, and of what says its name.
SERIES, NAME = "series-", "name-"
# What a cell says: words, a number, or a number and the ends of its interval.
Content = str | float | list[float]
# (left, top, right, bottom), in the coordinates of the data.
Area = tuple[float, float, float, float]
# x and y of a point, the number shown there, and the ends of its interval if it has one.
Point = tuple[float, float, list[float]]
# Its name, its parts and its points.
Series = tuple[str, list[Artist], list[Point]]


class Explained(Artist):
    """Draws nothing, and says what parts of its axes show: `rows` of cells below `head`.

    `areas` are by row and column. That of a first cell shows what the whole row says.
    """

    def __init__(
        self, head: Sequence[str], rows: Sequence[Sequence[Content]], areas: Mapping[tuple[int, int], Area]
    ) -> None:
        super().__init__()
        self.set_in_layout(False)
        self.head, self.rows, self.areas = head, rows, areas


def explain(axes: Axes, facts: Mapping[str, Content]) -> None:
    """Say of `axes`, which show one thing, what it is."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    axes.add_artist(Explained(list(facts), [list(facts.values())], {(0, 0): (left, top, right, bottom)}))


def tables(figure: Figure) -> list[dict[str, Any]]:
    """Return title, head and rows of the tables of a figure that is laid out; what shows a series gets its id.

    A cell is a list: what it says, then its place in points from the left top: x and y, for an area width and height.
    """
    shown = {axes: [each for each in _series(axes) if not each[0].startswith("_")] for axes in figure.axes}
    _name_parts(figure, shown)
    found = []
    for axes, series in shown.items():
        points: dict[str, list[tuple[Point, Transform]]] = {}
        for name, artists, of_series in series:
            if of_series:
                points.setdefault(name, []).extend((point, _transform(artists[0])) for point in of_series)
        if points:
            found.append(_table(axes, points))
        for table in (_explained(axes, each) for each in axes.findobj(Explained)):
            # One thing after the other, each without the title of another.
            if found and found[-1]["head"] == table["head"]:
                found[-1]["rows"] += table["rows"]
                if found[-1]["title"] != table["title"]:
                    found[-1]["title"] = ""
            else:
                found.append(table)
    return found


def _name_parts(figure: Figure, shown: Mapping[Axes, list[Series]]) -> None:
    """Give what shows a series, and what says its name, ids with the number of that series."""
    names = list(dict.fromkeys(name for series in shown.values() for name, _, _ in series))
    count = itertools.count()
    for number, name in enumerate(names):
        parts = [part for series in shown.values() for each, artists, _ in series if each == name for part in artists]
        for part in parts:
            part.set_gid(f"{SERIES}{number}-{next(count)}")
        for text in figure.findobj(Text):
            if text.get_text() == name:
                text.set_gid(f"{NAME}{number}-{next(count)}")


def has_ground(figure: Figure) -> bool:
    """Whether words of a figure stand on pictures or on foreign colours, which no theme of a page may change."""
    parts = figure.findobj()
    grounds: list[Artist] = [each for each in parts if isinstance(each, AxesImage)]
    grounds += [each for each in parts if isinstance(each, QuadMesh) and each.get_cmap().name != TINT.name]
    grounds += [each for each in parts if isinstance(each, ContourSet) and each.filled]
    areas = [ground.get_window_extent() for ground in grounds]
    off = [axis for axes in figure.axes if not axes.axison for axis in (axes.xaxis, axes.yaxis)]
    unseen = {text for axis in off for text in axis.findobj(Text)}
    texts = [each for each in parts if isinstance(each, Text) and each not in unseen]
    shown = [text for text in texts if text.get_visible() and text.get_text()]
    words = [text.get_window_extent() for text in shown]
    # By their middle: a label beside a picture may touch it.
    return any(area.contains((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2) for area in areas for box in words)


def _series(axes: Axes) -> Iterator[Series]:
    """Yield the series of axes; that of a line across all of them has no points."""
    for container in axes.containers:
        if isinstance(container, ErrorbarContainer):
            line, caps, bars = container
            ends = [_ends(segment) for each in bars for segment in each.get_segments()]
            pairs = zip(line.get_xydata().tolist(), ends, strict=True)
            yield str(container.get_label()), [line, *caps, *bars], [(x, y, interval) for (x, y), interval in pairs]
        elif isinstance(container, BarContainer):
            boxes = [bar.get_bbox() for bar in container.patches]
            upright = container.orientation != "horizontal"
            yield (
                str(container.get_label()),
                [*container.patches],
                [((b.x0 + b.x1) / 2, b.y1, []) if upright else (b.x1, (b.y0 + b.y1) / 2, []) for b in boxes],
            )
    for part in (*axes.lines, *axes.collections):
        if isinstance(part, PathCollection):
            places = np.asarray(part.get_offsets()).tolist()
        elif isinstance(part, Line2D) and all(part.get_transform().contains_branch_seperately(axes.transData)):
            places = np.asarray(part.get_xydata()).tolist()
        else:
            places = []
        yield str(part.get_label()), [part], [(x, y, []) for x, y in places]


def _ends(segment: Any) -> list[float]:
    (x, y), (other_x, other_y) = segment.tolist()
    return sorted((x, other_x) if y == other_y else (y, other_y))


def _transform(part: Artist) -> Transform:
    if isinstance(part, PathCollection):
        return part.get_offset_transform()
    # That of a patch also stretches its own shape, of size one, to the place in its axes.
    return part.get_data_transform() if isinstance(part, Patch) else part.get_transform()


def _table(axes: Axes, series: Mapping[str, Sequence[tuple[Point, Transform]]]) -> dict[str, Any]:
    """Return a row for each place on the axis across, or on the one along the side where that has names."""
    across, side = _names(axes.xaxis), _names(axes.yaxis)
    turned = bool(side) and not across
    rows: dict[tuple[float, int], dict[str, list[Any]]] = {}
    for name, points in series.items():
        times: Counter[float] = Counter()
        for (x, y, ends), transform in points:
            at, number = (y, x) if turned else (x, y)
            if np.isfinite((x, y, *ends)).all():
                place = _place(axes, transform.transform((x, y)))
                rows.setdefault((at, times[at]), {})[name] = [_short([number, *ends] if ends else number), *place]
                times[at] += 1
    names, first, other = (side, "ylabel", "xlabel") if turned else (across, "xlabel", "ylabel")
    return {
        "title": " · ".join(dict.fromkeys(filter(None, (_words(axes, "title"), _words(axes, other))))),
        "head": [_words(axes, first), *series],
        "rows": [
            [[names.get(at, _short(at))], *(rows[at, time].get(name, [""]) for name in series)]
            for at, time in sorted(rows)
        ],
    }


def _explained(axes: Axes, explained: Explained) -> dict[str, Any]:
    rows: list[list[list[Any]]] = [
        [[cell if isinstance(cell, str) else _short(cell)] for cell in row] for row in explained.rows
    ]
    for (row, column), (left, top, right, bottom) in explained.areas.items():
        (x, y), (end_x, end_y) = (_place(axes, axes.transData.transform(p)) for p in ((left, top), (right, bottom)))
        rows[row][column] += [x, y, round(end_x - x, 1), round(end_y - y, 1)]
    return {"title": _words(axes, "title"), "head": list(explained.head), "rows": rows}


def _names(axis: Axis) -> dict[float, str]:
    """Return what is written at the ticks of an axis by their places, nothing where that is numbers."""
    places = [float(place) for place in axis.get_majorticklocs()]
    names = dict(zip(places, axis.get_major_formatter().format_ticks(places), strict=True))
    numbers = [re.fullmatch(r"[-−]?[\d,.]*(e[-−]?\d+)?|\$.*\$", name) for name in names.values()]
    return {} if all(numbers) else names


def _words(axes: Axes, name: str) -> str:
    """Return the title or label of axes; it may stand at those above them, below or at the left."""
    here = axes.get_position()
    aligned = [axes, *axes.get_figure(root=True).axes]  # type: ignore[union-attr]
    for each in aligned:
        there = each.get_position()
        if there.y0 == here.y0 if name == "ylabel" else there.x0 == here.x0:
            words = each.get_title("left") or each.get_title() if name == "title" else getattr(each, f"get_{name}")()
            if words:
                return str(words)
    return ""


def _place(axes: Axes, point: Any) -> list[float]:
    figure = axes.get_figure(root=True)
    assert figure is not None
    x, y = np.asarray(point) * 72 / figure.dpi
    return [round(float(x), 1), round(72 * float(figure.get_size_inches()[1]) - float(y), 1)]


def _short(number: float | list[float]) -> float | list[float]:
    """Return a number, or one with the ends of its interval, in as many digits as anyone reads; a count has all."""
    if isinstance(number, list):
        return [float(f"{each:.6g}") for each in number]
    return float(number) if float(number).is_integer() else float(f"{number:.6g}")
