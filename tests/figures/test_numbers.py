"""The numbers that a figure tells beside showing them."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from report_cli.figures import comparison, confusion, curves, images, numbers, predictions, style

HISTORY = [
    {"epoch": e, "loss": 2 / e, "accuracy": 0.1 * e, "validation_loss": 1.0, "validation_accuracy": 0.5}
    for e in range(1, 4)
]


def tables(figure: Figure, _: str = "") -> list[dict[str, Any]]:
    """Return what a figure tells; its alternative text is passed by."""
    style.lay_out(figure)
    return numbers.tables(figure)


def said(table: dict[str, Any]) -> list[list[Any]]:
    """Return what the cells of a table say, without their places."""
    return [[content for content, *_ in row] for row in table["rows"]]


def test_curves_tell_their_numbers_by_epoch() -> None:
    """Each axes has a table under its title: a row an epoch, a column a series, each number where it is drawn."""
    loss, accuracy = tables(*curves.learning_curves(HISTORY))
    assert (loss["title"], loss["head"]) == ("loss (nats)", ["epoch", "training", "validation"])
    assert said(loss) == [[1, 2, 1], [2, 1, 1], [3, pytest.approx(2 / 3, abs=1e-5), 1]]
    assert said(accuracy)[2] == [3, pytest.approx(30), 50]
    (_, x, y), (_, later, lower) = (row[1] for row in loss["rows"][:2])
    assert 0 < x < later < 200
    assert 0 < y < lower < 46 / 25.4 * 72


def test_panels_have_the_words_of_those_beside_them() -> None:
    """What is written once for a row or a column of axes is in the title of each of their tables."""
    found = tables(*curves.side_by_side([HISTORY, HISTORY], ["one", "two"], 2))
    titles = ["one · loss (nats)", "two · loss (nats)", "one · accuracy (%)", "two · accuracy (%)"]
    assert [table["title"] for table in found] == titles
    assert {table["head"][0] for table in found} == {"epoch"}


def test_intervals_and_names_on_an_axis_are_told() -> None:
    """A number is told with the ends of its interval; where one axis has names, these are the rows."""
    accuracy = np.array([[0.5, 0.6], [0.6, 0.7]])
    interval = np.stack([accuracy - 0.1, accuracy + 0.1], axis=-1)
    (table,) = tables(*comparison.accuracy_by_size(["a", "b"], np.array([100, 1000]), accuracy, interval))
    assert said(table) == [[100, [50, 40, 60], [60, 50, 70]], [1000, [60, 50, 70], [70, 60, 80]]]
    times = {"forward": np.array([[1.0, 2.0], [1.0, 4.0]])}
    (table,) = tables(*comparison.speed_ratios(["control", "other"], times, np.array([1.0, 1.5])))
    assert table["head"] == ["", "multiply-adds", "one repeat", "all repeats"]
    assert said(table)[2:] == [["other", 1.5, 2, 3], ["other", "", 4, ""]]


def test_cells_and_pictures_tell_what_they_are() -> None:
    """A cell of a confusion matrix tells its count, a picture its class and what it was taken for, each in its area."""
    (table,) = tables(*confusion.matrix(np.array([[8, 2], [1, 9]]), ["cat", "dog"]))
    assert table["head"] == ["true class", "predicted cat", "predicted dog"]
    assert said(table) == [["cat", 8, 2], ["dog", 1, 9]]
    (_, x, y, width, height), (_, right, *_) = table["rows"][0][1:]
    assert right == pytest.approx(x + width, abs=0.2)
    assert width == pytest.approx(height, abs=0.2)
    assert y > 0
    pixels = np.zeros((2, 8, 8, 3), np.uint8)
    (table,) = tables(*predictions.errors(pixels, ["cat", "dog"], ["dog", "cat"], np.array([0.9, 0.75])))
    assert said(table) == [["cat", "dog", 90], ["dog", "cat", 75]]
    assert [len(cell) for cell in table["rows"][1]] == [5, 1, 1]
    maps = np.zeros((3, 6, 6), np.uint8)
    (table,) = tables(*images.channels("cat", pixels[0], maps, [1, 2, 3], ["edges", "nothing", "red"]))
    assert said(table) == [["1", "edges"], ["2", "nothing"], ["3", "red"]]


def test_pictures_are_told_without_the_title_of_another() -> None:
    """A title of one picture is untrue of the next; what all have in common stays."""
    for titles, expected in ((["right", "wrong"], ""), (["of cats", "of cats"], "of cats")):
        with style.style():
            figure = style.new_figure(40)
            for place, (axes, title) in enumerate(zip(figure.subplots(1, 2), titles, strict=True)):
                axes.imshow(np.eye(3))
                axes.set_title(title)
                numbers.explain(axes, {"number": float(place)})
        (table,) = tables(figure)
        assert (table["title"], said(table)) == (expected, [[0], [1]])


@pytest.mark.parametrize("turned", [False, True])
def test_bars_tell_their_ends(turned: bool) -> None:
    """A bar shows its whole number at its end, within the figure."""
    with style.style():
        figure = style.new_figure(40)
        axes = figure.add_subplot()
        (axes.barh if turned else axes.bar)(["a", "b"], [37_748_736, 9_437_184], label="multiply-adds")
    (table,) = tables(figure)
    assert said(table) == [["a", 37_748_736], ["b", 9_437_184]]
    (_, *first), (_, *second) = (row[1] for row in table["rows"])
    width, height = 72 * figure.get_size_inches()
    for x, y in (first, second):
        assert 0 < x < width
        assert 0 < y < height
    assert first[0] > second[0] if turned else first[1] < second[1]


def test_what_has_no_label_is_not_told() -> None:
    """As in matplotlib's legends; a line across the whole axes is a series without points."""
    with style.style():
        figure = style.new_figure(40)
        axes = figure.add_subplot()
        axes.plot([1, 2], [3, 4])
        axes.axhline(3.5, label="chance")
        assert tables(figure) == []
        axes.plot([1, 2], [3, np.nan], label="told")
    (table,) = tables(figure)
    assert (table["head"], said(table)) == (["", "told"], [[1, 3]])


def test_words_over_pictures_keep_their_ground() -> None:
    """A theme of the page may not change the colour of words that stand on a picture or on colours of an author's."""
    for draw, expected in (
        (lambda axes: axes.imshow(np.eye(3)), True),
        (lambda axes: axes.pcolormesh(np.eye(3)), True),
        (lambda axes: axes.pcolormesh(np.eye(3), cmap=style.TINT), False),
        (lambda axes: axes.plot([0, 2], [0, 2]), False),
    ):
        with style.style():
            figure = style.new_figure(40)
            axes = figure.add_subplot()
            draw(axes)
            axes.text(1, 1, "words")
        style.lay_out(figure)
        assert numbers.has_ground(figure) == expected


def test_no_word_of_an_axis_that_is_off_stands_on_a_picture() -> None:
    """Its ticks still have words, which no one sees."""
    pixels, heat = np.zeros((3, 8, 8, 3), np.uint8), np.eye(8, dtype=np.float32)[None].repeat(3, axis=0)
    facts = [("right", "cat", "cat", "97 %"), ("wrong", "dog", "cat", "80 %"), ("doubtful", "dog", "dog", "52 %")]
    for regions in (heat > 0.5, np.zeros((0, 8, 8), bool)):
        figure, _ = images.heatmaps(pixels, heat, regions, facts)
        style.lay_out(figure)
        assert not numbers.has_ground(figure)
