import re
from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

from report_cli.figures import diagrams, images, style

HISTORY = [
    {"epoch": e, "loss": 2 / e, "accuracy": 0.1 * e, "validation_loss": 1 + (e - 3) ** 2, "validation_accuracy": 0.5}
    for e in range(1, 6)
]
COUNTS = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])
CLASSES = ["cat", "dog", "owl"]


def _figures() -> dict[str, Figure]:
    boxes = [diagrams.Box("a", "top", 20, 6), diagrams.Box("b", "below\nit", 20, 25, height=12, strong=True)]
    return {
        "curves": curves.learning_curves(HISTORY),
        "confusion": confusion.matrix(COUNTS, CLASSES),
        "blocks": diagrams.blocks(boxes, [("a", "b")], 40, 32),
    }


@pytest.mark.parametrize("name", ["curves", "confusion", "blocks"])
@pytest.mark.parametrize("text", [True, False])
def test_svg_is_the_same_bytes_every_time(name: str, text: bool) -> None:
    """The same numbers give the same SVG, drawn anew or written twice, without a date."""
    first, second = _figures()[name], _figures()[name]
    svg = style.to_svg(first, text=text)
    assert svg == style.to_svg(first, text=text) == style.to_svg(second, text=text)
    assert b"date" not in svg
    assert b"Matplotlib" not in svg


def test_other_numbers_are_another_picture() -> None:
    """The SVG depends on the numbers."""
    other = [dict(row, loss=row["loss"] + 0.5) for row in HISTORY]
    drawn = [style.to_svg(curves.learning_curves(history), text=True) for history in (HISTORY, other)]
    assert drawn[0] != drawn[1]


def test_text_is_text_or_paths() -> None:
    """In print the letters stay selectable text in the shipped sans; on screens they are outlines."""
    figure = _figures()["confusion"]
    printed, screen = style.to_svg(figure, text=True).decode(), style.to_svg(figure, text=False).decode()
    assert ">cat</text>" in printed
    assert "'Source Sans 3'" in printed
    assert "<text" not in screen
    assert "<path" in screen


def test_images_in_svg_are_never_smoothed() -> None:
    """Every embedded image says that its pixels stay as they are."""
    figure = Figure()
    figure.add_subplot().imshow(COUNTS)
    svg = style.to_svg(figure, text=True).decode()
    assert svg == style.to_svg(figure, text=True).decode()
    images = re.findall(r"<image[^>]*>", svg)
    assert images
    assert all('image-rendering="crisp-edges"' in image for image in images)


@pytest.mark.parametrize("name", ["curves", "confusion"])
def test_figures_fill_the_text_width(name: str) -> None:
    """A figure has its final size, 140 mm wide, so that its letters have the size they are meant to have."""
    svg = style.to_svg(_figures()[name], text=True).decode()
    found = re.search(r'width="([\d.]+)pt"', svg)
    assert found
    assert float(found[1]) == pytest.approx(140 / 25.4 * 72, abs=0.01)


@pytest.mark.parametrize(("train", "validation"), [(0.5, 0.5), (0.5, 0.501), (0.9, 0.1), (0.1, 0.9)])
def test_line_labels_never_overlap(train: float, validation: float) -> None:
    """The names of the lines stand apart even where the lines end together, the upper line's name above."""
    history = [
        {"epoch": e, "loss": t, "accuracy": t, "validation_loss": v, "validation_accuracy": v}
        for e, t, v in ((1, 0.0, 1.0), (2, train, validation))
    ]
    figure = curves.learning_curves(history)
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = {text.get_text(): text.get_window_extent() for text in axes.texts}
        for one, other in combinations(boxes.values(), 2):
            assert not one.overlaps(other)
        if train != validation:
            assert (boxes["training"].y0 > boxes["validation"].y0) == (train > validation)


def test_one_epoch_and_a_rounding_error() -> None:
    """A single epoch is one whole tick, and what differs by rounding alone is not drawn as a difference."""
    row = {"epoch": 1, "loss": 2.3, "accuracy": 0.1, "validation_loss": 2.3, "validation_accuracy": 0.1 + 1e-9}
    figure = curves.learning_curves([row])
    figure.draw_without_rendering()
    for axes in figure.axes:
        low, high = axes.get_xlim()
        assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [1]
        low, high = axes.get_ylim()
        assert high - low >= 0.009 * high
        assert not axes.yaxis.get_offset_text().get_text()


def test_curves_in_words() -> None:
    """The alternative text gives both ends of each line and the best epoch, from the history."""
    words = curves.describe_learning_curves(HISTORY)
    assert "over 5 epochs" in words
    assert "Training loss goes from 2.00 to 0.40." in words
    assert "Validation accuracy goes from 50.0% to 50.0%." in words
    assert "lowest in epoch 3, at 1.00." in words


def test_confusion_shows_percent_of_the_true_class() -> None:
    """Cells are percent of their row; empty cells and classes without images stay empty."""
    axes = confusion.matrix(COUNTS, CLASSES).axes[0]
    shown = {tuple(map(int, text.get_position())): text.get_text() for text in axes.texts}
    assert shown == {(0, 0): "80", (1, 0): "20", (0, 1): "10", (1, 1): "90"}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat (10)", "dog (10)", "owl (0)"]


def test_halves_of_a_percent_are_rounded_up() -> None:
    """A half goes up, in the cells and in the words about them."""
    counts = np.array([[115, 85], [27, 173]])
    shown = [text.get_text() for text in confusion.matrix(counts, CLASSES[:2]).axes[0].texts]
    assert shown == ["58", "43", "14", "87"]
    assert "dog (87%), worst cat (58%)" in confusion.describe(counts, CLASSES[:2])


def test_views_have_no_minus_before_nothing() -> None:
    """What rounds to nothing is +0 below a view, whichever side it comes from, and a half goes away from zero."""
    views = np.array([[[0, -0.004, 0.125, -0.3, 1]]])
    figure = images.augmented_views(np.zeros((1, 2, 4, 4, 3), np.uint8), views, ["cat"])
    assert figure.axes[1].texts[0].get_text() == "+0°, ×1.00\n+0 %, +13 %\n"
    assert "by up to 13% of the size, turned by up to 0 degrees" in images.describe_augmented_views(views, ["cat"])


def test_confusion_in_words() -> None:
    """The alternative text counts what is right and names the best class, the worst and the commonest mistake."""
    words = confusion.describe(COUNTS[:2, :2], CLASSES[:2])
    assert "20 test images in 2 classes: 17 lie" in words
    assert "Best recognised is dog (90%), worst cat (80%)." in words
    assert "takes cat for dog, in 2 images." in words


def test_confusion_in_words_knows_absent_classes_and_perfection() -> None:
    """A class without images is neither best nor worst, and without a mistake none is named."""
    words = confusion.describe(np.diag([4, 4, 0]), CLASSES)
    assert "owl" not in words
    assert "mistake" not in words


def test_style_leaves_others_alone() -> None:
    """Outside of our figures matplotlib has its own settings again."""
    import matplotlib

    before = dict(matplotlib.rcParams)
    _figures()
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("values", [[0.5, 0.5, 0.5], [0.0, 0.01, 0.99], [0.98, 0.99, 1.0], [0.2, 0.5, 0.9]])
def test_spread_keeps_order_distance_and_bounds(values: list[float]) -> None:
    """Places keep the order of the values, the gap between them, and stay within bounds; free values stay put."""
    places = style._spread(values, 0.1, 0.0, 1.0)
    assert all(above - below >= 0.1 - 1e-9 for below, above in pairwise(places))
    assert places[0] >= -1e-9
    assert places[-1] <= 1 + 1e-9
    if values == [0.2, 0.5, 0.9]:
        assert places == values
