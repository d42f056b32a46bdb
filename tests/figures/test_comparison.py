from itertools import combinations

import numpy as np
import pytest
from matplotlib.figure import Figure

from report_cli.figures import comparison
from tests.drawing import to_svg

NETWORKS = ("control", "inception", "residual")
SIZES = np.array([500, 1_000, 2_000])
ACCURACY = np.array([[0.2, 0.4, 0.6], [0.2, 0.4, 0.61], [0.1, 0.5, 0.6]])
INTERVAL = np.stack([ACCURACY - 0.02, ACCURACY + 0.03], axis=-1)
NAMES = ["control", "inception", "small control"]
TIMES = {
    "per image": np.array([[1, 1.1, 0.5], [3, 3.9, 2.1]]),
    "per epoch": np.array([[10, 12, 6], [30, 42, 24]]),
}
COST = np.array([1.0, 1.13, 0.94])


def _figures() -> dict[str, Figure]:
    return {
        "sizes": comparison.accuracy_by_size(NETWORKS, SIZES, ACCURACY, INTERVAL)[0],
        "speed": comparison.speed_ratios(NAMES, TIMES, COST)[0],
    }


@pytest.mark.parametrize("name", ["sizes", "speed"])
def test_same_bytes_every_time_at_full_width(name: str) -> None:
    """The same numbers give the same SVG, 140 mm wide."""
    first, second = (to_svg(_figures()[name]) for _ in range(2))
    assert first == second
    assert f'width="{140 / 25.4 * 72:.3f}'[:11].encode() in first


def test_names_of_lines_stand_apart() -> None:
    """Names at the ends of lines never overlap, even where the lines end together."""
    figure = _figures()["sizes"]
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_names_are_in_the_order_of_the_ends() -> None:
    """The line that ends highest has the highest name."""
    figure, _ = comparison.accuracy_by_size(NETWORKS, SIZES, ACCURACY + np.array([[0.02], [0], [0.04]]), INTERVAL)
    height = {text.get_text(): text.get_position()[1] for text in figure.axes[0].texts}
    assert height["residual"] > height["control"] > height["inception"]


def test_lines_differ_in_more_than_colour() -> None:
    """Each network has a marker of its own, and one line alone is solid."""
    lines = [container[0] for container in _figures()["sizes"].axes[0].containers]
    assert len({line.get_marker() for line in lines}) == 3
    assert [line.is_dashed() for line in lines] == [True, False, True]


def test_every_repeat_is_a_dot() -> None:
    """Each panel shows the ratios of every repeat, those of all repeats together, and those of multiply-adds."""
    for axes, measured in zip(_figures()["speed"].axes, TIMES.values(), strict=True):
        cost, dots, together = (collection.get_offsets() for collection in axes.collections[-3:])
        np.testing.assert_allclose(cost[:, 0], COST)
        np.testing.assert_allclose(sorted(dots[:, 0]), sorted((measured / measured[:, :1]).ravel()))
        np.testing.assert_allclose(together[:, 0], measured.sum(axis=0) / measured[:, 0].sum())


def test_alternative_texts_give_the_numbers() -> None:
    """What a figure shows is said with the numbers it shows."""
    _, words = comparison.accuracy_by_size(NETWORKS, SIZES, ACCURACY, INTERVAL)
    assert "Residual: 10.0% at 500, 50.0% at 1,000, 60.0% at 2,000." in words
    _, words = comparison.speed_ratios(NAMES, TIMES, COST)
    assert "2 repeats" in words
    assert "Inception: 1.25 per image, 1.35 per epoch; multiply-adds 1.13." in words
