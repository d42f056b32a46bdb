import re
from pathlib import Path

import keras
import numpy as np
import pytest

from experiments import theory, theory_definitions
from tests.training.memory import MemoryFigures, MemoryRecord, MemoryRun

ANSWER = Path(__file__).resolve().parents[2] / "templates" / "answers" / "q19-activations.md"


@pytest.fixture(scope="module")
def facts() -> MemoryRecord:
    """Everything that the experiment records."""
    record = MemoryRecord()
    theory.theory.measure(record)
    return record


def test_records_what_it_declares(facts: MemoryRecord) -> None:
    """Every declared fact is recorded, and no other."""
    assert set(facts.scalars) == set(theory.METRICS)


@pytest.mark.parametrize(("stride", "dilation", "padding"), [(1, 1, 0), (2, 1, 0), (1, 2, 2), (2, 1, 1), (1, 3, 3)])
def test_convolution_agrees_with_keras(stride: int, dilation: int, padding: int) -> None:
    """Stride, dilation and zero padding mean what they mean in Keras, on an image that isn't square."""
    rng = np.random.default_rng(0)
    image, kernels = rng.integers(-9, 9, (8, 11, 2)), rng.integers(-3, 3, (3, 3, 2, 4))
    layer = keras.layers.Conv2D(4, 3, strides=stride, dilation_rate=dilation, use_bias=False)
    padded = theory_definitions.pad(image, padding)[None].astype(np.float32)
    layer.build(padded.shape)
    layer.set_weights([kernels.astype(np.float32)])
    ours = theory_definitions.convolve(image, kernels, padding=padding, stride=stride, dilation=dilation)
    np.testing.assert_array_equal(ours, np.asarray(layer(padded))[0])


@pytest.mark.parametrize("size", [2, 3])
def test_max_pooling_agrees_with_keras(size: int) -> None:
    """Pooling is that of the Keras layer, also where the last rows and columns fill no window."""
    image = np.random.default_rng(0).integers(-9, 9, (7, 8, 3))
    theirs = np.asarray(keras.layers.MaxPooling2D(size)(image[None].astype(np.float32)))[0]
    np.testing.assert_array_equal(theory_definitions.max_pool(image, size), theirs)


def _drawn(record: MemoryRecord) -> MemoryFigures:
    figures = MemoryFigures()
    theory.draw(MemoryRun(record), figures)
    return figures


@pytest.fixture(scope="module")
def figures(facts: MemoryRecord) -> MemoryFigures:
    """The diagrams of what was recorded."""
    return _drawn(facts)


@pytest.fixture(scope="module")
def other_figures(facts: MemoryRecord) -> MemoryFigures:
    """The diagrams of arrays in which every number is larger by a thousand."""
    other = MemoryRecord()
    other.scalars = facts.scalars
    other.arrays = {name: array + 1000 if array.dtype.kind in "if" else array for name, array in facts.arrays.items()}
    return _drawn(other)


def test_draws_what_it_declares(figures: MemoryFigures) -> None:
    """Every declared figure is drawn, at the width of the text, with words that have no unfilled place."""
    assert set(figures.figures) == set(theory.theory.figures)
    assert {round(25.4 * figure.get_figwidth()) for figure in figures.figures.values()} == {140}
    assert not [name for name, alt in figures.alts.items() if "nan" in alt or "{" in alt or not alt.endswith(".")]
    drawn = [text.get_text() for text in figures.figures["q17_inception"].axes[0].texts]
    assert {"input, 192 channels", "concatenation, 256 channels", "5×5 convolution\n32 filters"} <= set(drawn)


@pytest.mark.parametrize(
    ("figure", "word", "other"),
    [
        ("q1_convolution", "rows 45, 45 and 54, 54", "rows 1045, 1045 and 1054, 1054"),
        ("q2_padding", "rows 18, 27, 27, 18;", "rows 1018, 1027, 1027, 1018;"),
        ("q3_dilation", "rows 20, 20, 20, 20;", "rows 1020, 1020, 1020, 1020;"),
        ("q4_template", "same pattern: response 3,", "same pattern: response 1003,"),
        ("q5_receptive_field", "plain: 3, 5, 7, 9, 11;", "plain: 1003, 1005, 1007, 1009, 1011;"),
        ("q6_channels", "weights 36,864,", "weights 37,864,"),
        ("q11_pooling", "blue becomes 2, 2 and 4, 4", "blue becomes 1002, 1002 and 1004, 1004"),
        ("q16_schedule", "2,097,665 parameters", "2,098,665 parameters"),
        ("q17_inception", "convolution with 64 filters", "convolution with 1064 filters"),
    ],
)
def test_a_diagram_follows_its_numbers(
    figures: MemoryFigures, other_figures: MemoryFigures, figure: str, word: str, other: str
) -> None:
    """What is said of a diagram comes from the recorded numbers: other numbers, another text."""
    assert word in figures.alts[figure]
    assert other not in figures.alts[figure]
    assert other in other_figures.alts[figure]


def test_the_code_of_question_19_runs() -> None:
    """The lines that question 19 shows give the output of every layer for one image."""
    text = ANSWER.read_text(encoding="utf-8")
    code = re.search(r"```python\n(.+?)```", text, re.DOTALL)
    assert code is not None
    first, second = keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.MaxPooling2D(2)
    network = keras.Sequential([keras.Input((8, 8, 3)), first, second])
    image = np.ones((8, 8, 3), np.float32)
    names = {"keras": keras, "network": network, "image": image, "preprocess": lambda pixels: pixels / 255}
    exec(code[1], names)
    assert [tuple(maps.shape) for maps in names["maps"]] == [(1, 6, 6, 4), (1, 3, 3, 4)]
