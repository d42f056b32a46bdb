import numpy as np

from report_cli.figures import confusion

COUNTS = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])
CLASSES = ["cat", "dog", "owl"]


def test_confusion_shows_percent_of_the_true_class() -> None:
    """Cells are percent of their row; empty cells and classes without images stay empty."""
    figure, _ = confusion.matrix(COUNTS, CLASSES)
    axes = figure.axes[0]
    shown = {tuple(map(int, text.get_position())): text.get_text() for text in axes.texts}
    assert shown == {(0, 0): "80", (1, 0): "20", (0, 1): "10", (1, 1): "90"}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat (10)", "dog (10)", "owl (0)"]


def test_halves_of_a_percent_are_rounded_up() -> None:
    """A half goes up, in the cells and in the words about them."""
    counts = np.array([[115, 85], [27, 173]])
    figure, words = confusion.matrix(counts, CLASSES[:2])
    assert [text.get_text() for text in figure.axes[0].texts] == ["58", "43", "14", "87"]
    assert "dog (87%), worst cat (58%)" in words


def test_confusion_in_words() -> None:
    """The alternative text counts what is right and names the best class, the worst and the commonest mistake."""
    _, words = confusion.matrix(COUNTS[:2, :2], CLASSES[:2])
    assert "20 test images in 2 classes: 17 lie" in words
    assert "Best recognised is dog (90%), worst cat (80%)." in words
    assert "takes cat for dog, in 2 images." in words


def test_confusion_in_words_knows_absent_classes_and_perfection() -> None:
    """A class without images is neither best nor worst, and without a mistake none is named."""
    _, words = confusion.matrix(np.diag([4, 4, 0]), CLASSES)
    assert "owl" not in words
    assert "mistake" not in words


def test_what_is_nearly_all_is_not_all() -> None:
    """A class with few mistakes among many images isn't recognised in 100 % of them."""
    counts = np.array([[999, 1], [0, 1000]])
    figure, words = confusion.matrix(counts, CLASSES[:2])
    assert [text.get_text() for text in figure.axes[0].texts] == [">99", "<1", "100"]
    assert "dog (100%), worst cat (99.9%)" in words
