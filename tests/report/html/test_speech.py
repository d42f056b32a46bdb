from pathlib import Path

import pytest
from lxml import etree

from report_cli.project import Project, Settings
from report_cli.report.html import formulas
from report_cli.report.html.formulas import Formula
from report_cli.report.html.speech import speak

WORDS = {
    r"\frac{\partial L}{\partial w_{ij}}": "(partial L) over (partial w sub (i j))",
    r"\sum_{k=1}^{K} x_k": "the sum from k equals 1 to K of x sub k",
    r"\prod_{i<j} (x_i - x_j)": "the product over i is less than j of (x sub i minus x sub j)",
    r"\int_0^1 f(x)\,dx": "the integral from 0 to 1 of f (x) d x",
    r"\lim_{n\to\infty} a_n": "the limit as n to infinity of a sub n",
    r"\arg\max_k z_k": "the argument of the maximum over k of z sub k",
    r"\hat{y} = \operatorname{softmax}(Wx + b)": "y hat equals softmax (W x plus b)",
    r"\bar{x}, \tilde{x}, \vec{v}, \dot{x}": "x bar, x tilde, v vector, x dot",
    r"\mathbb{R}^{n \times m}": "(the real numbers) to the power (n times m)",
    r"\mathcal{L}(\theta), \Delta t, \boldsymbol{\mu}": "script L (theta), capital delta t, bold mu",
    r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}": (
        "one of: x if x is greater than 0; 0 otherwise"
    ),
    r"\begin{aligned} a &= b + c \\ &= d \end{aligned}": "a equals b plus c; equals d",
    r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix} x": "the matrix with rows: 1, 2; 3, 4; x",
    r"\begin{pmatrix} a \\ b \end{pmatrix}": "the column a, b",
    r"\begin{vmatrix} 1 & 2 \\ 3 & 4 \end{vmatrix}": "the determinant of the matrix with rows: 1, 2; 3, 4",
    r"\left\lfloor \frac{n+2p-k}{s} \right\rfloor + 1": "the floor of (n plus 2 p minus k) over s plus 1",
    r"\lVert x \rVert_2 + |x + y|": "the norm of x, of order 2, plus the absolute value of (x plus y)",
    r"\sqrt{x} \sqrt[3]{x+1} \sqrt[n]{x}": (
        "the square root of x the cube root of (x plus 1) the root of order n of x"
    ),
    r"\binom{n}{k}": "n choose k",
    r"p(y \mid x)": "p (y given x)",
    r"A \subseteq B \cup C \setminus D": "A is a subset of B united with C without D",
    r"\forall x\ \exists y": "for all x there is y",
    r"\underbrace{a+b}_{n} + c": "(a plus b), which is n, plus c",
    r"x_{i,j}^{(l)} + x_i^2": "x sub (i, j) superscript (l) plus x sub i squared",
    r"f'(x) + f''(x)": "f prime (x) plus f double prime (x)",
    r"10^{-3} + n! - 90^\circ": "10 to the power (minus 3) plus n factorial minus 90 degrees",
    r"W^\top x^* \theta": "W transposed x star theta",
    r"\theta \leftarrow \theta - \eta \nabla L": "theta becomes theta minus eta gradient L",
    r"\mathrm{ReLU}(x) = \max(0, x)": "ReLU (x) equals max (0, x)",
    r"\neg p \land q \Rightarrow r": "not p and q implies r",
    r"a \bowtie b": "a bowtie b",
    r"\phantom{x} \boxed{y}": "y",
    r"\sum_{\substack{i<j \\ j<n}} a": "the sum over i is less than j; j is less than n of a",
}


@pytest.fixture(scope="module")
def spoken() -> dict[str, str | None]:
    """The words of all formulas, as pandoc makes MathML of them in one call."""
    project = Project(Path(), Settings())
    listed = [Formula(tex, False) for tex in WORDS]
    made = [etree.tostring(math, encoding="unicode", method="html") for math in formulas.to_mathml(project, listed)]
    return {each.tex: speak(mathml) for each, mathml in zip(listed, made, strict=True)}


@pytest.mark.parametrize("tex", WORDS)
def test_a_formula_has_words(spoken: dict[str, str | None], tex: str) -> None:
    """What is read aloud follows the formula's structure."""
    assert spoken[tex] == WORDS[tex]


def test_a_table_without_brackets_is_read_by_rows() -> None:
    """Numbers in columns that no bracket encloses are rows of a matrix."""
    rows = "<mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mi>a</mi></mtd></mtr>"
    assert speak(f"<math><mtable>{rows}</mtable></math>") == "the matrix with rows: 1, 2; a"


def test_an_unknown_part_has_no_words() -> None:
    """A formula with a part for which there are no words is not half read."""
    assert speak("<math><mi>x</mi><mmultiscripts><mi>x</mi></mmultiscripts></math>") is None


def test_what_is_nested_too_deeply_has_no_words() -> None:
    """Hundreds of fractions in one another, which the parser of HTML cuts short, are not half read."""
    deep = "<mfrac><mn>1</mn>" * 400 + "<mi>x</mi>" + "</mfrac>" * 400
    assert speak(f"<math>{deep}</math>") is None
