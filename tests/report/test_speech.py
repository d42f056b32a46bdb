import pytest

from report_cli.report.speech import speak


@pytest.mark.parametrize(
    ("mathml", "words"),
    [
        ("<msup><mi>x</mi><mn>2</mn></msup>", "x squared"),
        ("<mfrac><mrow><mi>n</mi><mo>+</mo><mn>1</mn></mrow><mi>s</mi></mfrac>", "(n plus 1) over s"),
        (
            "<munderover><mo>∑</mo><mrow><mi>k</mi><mo>=</mo><mn>1</mn></mrow><mi>K</mi></munderover><mi>x</mi>",
            "the sum from k equals 1 to K of x",
        ),
        (
            "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mi>a</mi></mtd></mtr></mtable>",
            "the matrix with rows: 1, 2; a;",
        ),
        ("<msub><mi>x</mi><mi>k</mi></msub>", "x sub k"),
        ("<msqrt><mi>a</mi><mo>−</mo><mi>b</mi></msqrt>", "the square root of (a minus b)"),
    ],
)
def test_simple_formulas_have_words(mathml: str, words: str) -> None:
    """What is read aloud follows the formula's structure."""
    assert speak(f"<math><semantics><mrow>{mathml}</mrow><annotation>tex</annotation></semantics></math>") == words


def test_an_unknown_part_has_no_words() -> None:
    """A formula with a part for which there are no words is not half read."""
    assert speak("<math><mi>x</mi><mo>⋈</mo><mi>y</mi></math>") is None
    assert speak("<math><mphantom><mi>x</mi></mphantom></math>") is None
