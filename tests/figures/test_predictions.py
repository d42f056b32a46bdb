import numpy as np
import pytest

from report_cli.figures import predictions
from report_cli.figures.numbers import Explained

# Three images that the network is 80 %, 80 % and 60 % sure of; the second is wrong.
LOGITS = np.log(np.array([[0.8, 0.2], [0.8, 0.2], [0.4, 0.6]]))
LABELS = np.array([0, 1, 1])


def test_probabilities_are_those_of_the_logits() -> None:
    """Several logits make a softmax, one makes a sigmoid."""
    assert predictions.probabilities(LOGITS) == pytest.approx(np.exp(LOGITS))
    single = predictions.probabilities(np.log(np.array([[3.0], [1.0]])))
    assert single == pytest.approx(np.array([[0.25, 0.75], [0.5, 0.5]]))


def test_a_reliability_diagram_has_a_bar_for_each_tenth_of_confidence() -> None:
    """Bars are the shares of right images, dots the mean confidence; empty tenths have no bar."""
    figure, words = predictions.reliability(LOGITS, LABELS)
    upper, lower = figure.axes
    bars = {round(bar.get_x()): bar.get_height() for bar in upper.patches}
    assert bars == {60: pytest.approx(100), 80: pytest.approx(50)}
    assert [bar.get_height() for bar in lower.patches] == [0, 0, 0, 0, 0, 0, 1, 0, 2, 0]
    assert words.endswith(
        "At a mean confidence of 60%, 100% of 1 are right. At a mean confidence of 80%, 50% of 2 are right."
    )


def test_surest_mistakes_are_named() -> None:
    """Each picture has its class, what it was taken for and how surely; at most sixteen are shown."""
    pixels = np.zeros((20, 4, 4, 3), np.uint8)
    facts = ["cat"] * 20, ["dog"] * 20, np.full(20, 0.987)
    figure, words = predictions.errors(pixels, *facts)
    assert len(figure.axes) == 16
    assert figure.axes[0].texts[0].get_text() == "cat:\ndog\n99 %"
    assert words.startswith("The 16 images that are named wrong most surely: cat taken for dog at 98.7%;")


def test_a_tenth_without_images_says_nothing() -> None:
    """The numbers behind a reliability diagram are those of the tenths that have images."""
    figure, _ = predictions.reliability(np.array([[0.0, 9.0], [9.0, 0.0], [0.2, 0.0]]), np.array([1, 0, 1]))
    (explained,) = (each for each in figure.axes[0].artists if isinstance(each, Explained))
    assert [row[0] for row in explained.rows] == ["50 to 60", "90 to 100"]
    assert [row[3] for row in explained.rows] == [1, 2]
