from itertools import combinations, pairwise

import pytest
from matplotlib.figure import Figure

from report_cli.figures import curves

HISTORY = [
    {"epoch": e, "loss": 2 / e, "accuracy": 0.1 * e, "validation_loss": 1 + (e - 3) ** 2, "validation_accuracy": 0.5}
    for e in range(1, 6)
]


@pytest.mark.parametrize(("train", "validation"), [(0.5, 0.5), (0.5, 0.501), (0.9, 0.1), (0.1, 0.9)])
def test_line_labels_never_overlap(train: float, validation: float) -> None:
    """The names of the lines stand apart even where the lines end together, the upper line's name above."""
    history = [
        {"epoch": e, "loss": t, "accuracy": t, "validation_loss": v, "validation_accuracy": v}
        for e, t, v in ((1, 0.0, 1.0), (2, train, validation))
    ]
    figure, _ = curves.learning_curves(history)
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
    figure, _ = curves.learning_curves([row])
    figure.draw_without_rendering()
    for axes in figure.axes:
        low, high = axes.get_xlim()
        assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [1]
        low, high = axes.get_ylim()
        assert high - low >= 0.009 * high
        assert not axes.yaxis.get_offset_text().get_text()


def test_curves_in_words() -> None:
    """The alternative text gives both ends of each line and the best epoch, from the history."""
    _, words = curves.learning_curves(HISTORY)
    assert "over 5 epochs" in words
    assert "Training loss goes from 2.00 to 0.40." in words
    assert "Validation accuracy goes from 50.0% to 50.0%." in words
    assert "lowest in epoch 3, at 1.00." in words


@pytest.mark.parametrize("values", [[0.5, 0.5, 0.5], [0.0, 0.01, 0.99], [0.98, 0.99, 1.0], [0.2, 0.5, 0.9]])
def test_names_at_the_ends_keep_order_distance_and_bounds(values: list[float]) -> None:
    """Names keep the order of the ends, stand apart, and stay within the axes; the names of ends far apart stay put."""
    axes = Figure().add_subplot()
    axes.set_ylim(0, 1)
    curves.label_ends(axes, dict(zip("abc", values, strict=True)), ("k", "k", "k"))
    places = {text.get_text(): text.xy[1] for text in axes.texts}
    assert list(places) == ["a", "b", "c"]
    assert all(above - below > 0.04 for below, above in pairwise(places.values()))
    assert places["a"] >= -1e-9
    assert places["c"] <= 1 + 1e-9
    if values == [0.2, 0.5, 0.9]:
        assert list(places.values()) == values
