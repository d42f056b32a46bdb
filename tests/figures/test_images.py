import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from report_cli.figures import curves, images
from tests.drawing import to_svg

RNG = np.random.default_rng(0)
FACTS = [["right", "cat", "cat", "99 %"], ["wrong", "dog", "cat", "80 %"]]
CURVES = np.array(
    [[[1, 9.0, 0.5, 0.7, 0.5], [2, 0.4, 0.8, 0.9, 0.6]], [[1, 0.7, 0.5, 0.8, 0.5], [2, 0.6, 0.7, 0.6, 0.7]]]
)
KNOWN = (["red"] * 5, np.zeros(5), np.arange(5))
COLUMNS = ["epoch", "loss", "accuracy", "validation_loss", "validation_accuracy"]


def _pixels(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape).astype(np.uint8)


def _figures() -> dict[str, Figure]:
    regions = np.zeros((2, 16, 16), np.bool_)
    regions[:, 4:8, 4:8] = True
    heat = np.linspace(0, 1, 2 * 16 * 16, dtype=np.float32).reshape(2, 16, 16)
    image = np.arange(24 * 24 * 3).reshape(24, 24, 3).astype(np.uint8)
    maps = np.arange(32 * 22 * 22).reshape(32, 22, 22).astype(np.uint8)
    illustrations = {
        "few": images.channels("cat", image, maps, range(1, 33), ["none"] * 32),
        "many": images.channels("cat", image, maps.repeat(4, axis=0)[:, :6, :6], range(1, 129), ["none"] * 128),
        "patterns": images.patterns(np.stack([image] * 5), np.stack([np.stack([image[:9, :9]] * 4)] * 5), *KNOWN, 9),
        "heatmaps": images.heatmaps(np.stack([image] * 2), heat, regions, FACTS),
        "unknown": images.heatmaps(np.stack([image] * 2), heat, regions[:0], FACTS),
        "choice": curves.side_by_side(curves.histories(COLUMNS, CURVES), ["a", "b"], classes=2),
    }
    return {name: figure for name, (figure, _) in illustrations.items()}


@pytest.mark.parametrize("name", ["few", "many", "patterns", "heatmaps", "unknown", "choice"])
def test_figures_are_small_and_the_same_every_time(name: str) -> None:
    """The same arrays give the same SVG of the text width, and pictures are stored in their own resolution."""
    first, second = (to_svg(_figures()[name]) for _ in range(2))
    assert first == second
    assert len(first) < 400_000
    width = re.search(rb'width="([0-9.]+)pt"', first)
    assert width
    assert float(width[1]) == pytest.approx(140 / 25.4 * 72, abs=0.1)


def test_a_mosaic_keeps_every_pixel() -> None:
    """Tiles stand in rows with gaps between them, unchanged; the last row may be shorter."""
    tiles = _pixels(5, 4, 3, 3)
    whole = images.mosaic(tiles, 3, 2)
    assert whole.shape == (2 * (4 + 2) - 2, 3 * 5 - 2, 3)
    np.testing.assert_array_equal(whole[:4, :3], tiles[0])
    np.testing.assert_array_equal(whole[6:10, 5:8], tiles[4])
    assert (whole[6:, 10:] == images.GROUND).all()


def test_large_maps_are_stored_smaller() -> None:
    """Maps with more pixels than print shows are averaged: the picture in the file has at most 80 a tile."""
    maps = np.zeros((32, 148, 148), np.uint8)
    figure, _ = images.channels("cat", _pixels(150, 150, 3), maps, range(1, 33), ["none"] * 32)
    grid = figure.axes[1].images[0].get_array()
    assert grid is not None
    assert grid.shape[1] == 8 * 74 + 7 * 4


def test_channels_have_their_numbers() -> None:
    """Every map has the number of its channel above it; the last row is as long as it has maps."""
    numbers = [n for n in range(1, 71) if n not in (1, 41)]
    figure, text = images.channels("cat", _pixels(9, 9, 3), _pixels(68, 9, 9), numbers, ["none"] * 68)
    assert [int(text.get_text()) for axes in figure.axes for text in axes.texts] == numbers
    assert "beside 68 channel maps" in text
    assert sum(len(axes.patches) for axes in figure.axes) == len(numbers), "each has an edge"
    widths = [axes.images[0].get_array().shape[1] for axes in figure.axes[1:]]
    assert widths == [12 * 9 + 11] * 5 + [8 * 9 + 7]


def test_texts_say_what_is_shown() -> None:
    """Alternative texts are made of the numbers: matches, patterns, where it is hottest, and how losses end."""
    matches = ["brightness", "brightness", "silent"]
    _, text = images.channels("cat.1275", _pixels(9, 9, 3), _pixels(3, 9, 9), [1, 2, 3], matches)
    assert "cat.1275" in text
    assert "brightness: 2; silent: 1" in text
    facts = ["red", "light and dark"], np.array([0.0, 2.5]), np.array([3, 9]), 12
    _, text = images.patterns(_pixels(2, 9, 9, 3), _pixels(2, 4, 9, 9, 3), *facts)
    assert "Filter 1: red, no wave, 3 cats among 12 images." in text
    assert "Filter 2: light and dark, period 2.5 pixels" in text
    heat = np.zeros((2, 9, 9), np.float32)
    heat[0, 8, 0] = 1
    _, text = images.heatmaps(_pixels(2, 9, 9, 3), heat, np.zeros((0, 9, 9), np.bool_), FACTS)
    assert "Right: a cat, named cat at 99 %; hottest at the bottom left." in text
    assert "Wrong: a dog, named cat at 80 %; without heat." in text
    _, text = curves.side_by_side(curves.histories(COLUMNS, CURVES), ["a", "b"], classes=2)
    assert "2 networks over their epochs" in text
    assert "a: training loss 0.40 and validation loss 0.90 at the end, lowest 0.70 in epoch 1" in text


def test_the_loss_axis_shows_what_is_compared() -> None:
    """The loss axis is common and ends above the highest validation loss, whatever a training loss begins with."""
    axes = _figures()["choice"].axes
    assert axes[0].get_ylim() == axes[1].get_ylim() == pytest.approx((0, 0.99))


def test_views_have_no_minus_before_nothing() -> None:
    """What rounds to nothing is +0 below a view, whichever side it comes from, and a half goes away from zero."""
    views = np.array([[[0, -0.004, 0.125, -0.3, 1]]])
    figure, words = images.augmented_views(np.zeros((1, 2, 4, 4, 3), np.uint8), views, ["cat"])
    assert figure.axes[1].texts[0].get_text() == "+0°, ×1.00\n+0 %, +13 %\n"
    assert "by up to 13% of the size, turned by up to 0 degrees" in words
