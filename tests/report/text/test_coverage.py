"""Where the numbers of a document come from, and those of which no one knows it."""

from dataclasses import replace

import pytest

from report_cli.errors import ReportError
from report_cli.report.text import manuscript
from report_cli.report.text.coverage import Coverage, coverage
from tests.report.conftest import Desk

ASKS = 'It reaches << value("net.accuracy")|percent >>.\n\n'


def covered(desk: Desk, text: str, asks: str = ASKS) -> Coverage:
    desk.write(asks + text)
    context = desk.context()
    return coverage(manuscript.write(desk.project, "paper", context), context.ledger)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("The loss is 0.638 after 20 epochs.", ["0.638", "20"]),
        ("It is −3 or -4 and 1,791,786; 1e-5 too.", ["−3", "-4", "1,791,786", "1e-5"]),
        ("| Model | Accuracy |\n|:--|--:|\n| A | 73.8 |\n\n: Of 3 models. {#tbl-a}", ["73.8", "3"]),
        ("# Results of 2 networks {#sec-a}", ["2"]),
        ("## Seen\n\n1. first\n2. second with 7\n   and more\n3. third", ["7"]),
        ("It rises to\n93. That is much,\n(73) too.", ["93", "73"]),
        ("From 70-75 % of 93/100 images, 1995-1999.", ["70", "75", "93", "1995", "1999"]),
        ("2.5× faster, 3x as fast, 12 s, 1.2s, 85ms, 50k and 1.5M.", ["2.5", "3", "12", "1.2", "85", "50", "1.5"]),
        ("At p<.05, ~0.73, a^b^ ^0.74^ and {0.75}.", [".05", "0.73", "0.74", "0.75"]),
    ],
)
def test_typed_numbers_are_found(desk: Desk, text: str, numbers: list[str]) -> None:
    """A number in prose, a table, a caption or a heading that is typed is told."""
    assert [number for number, _ in covered(desk, text).typed] == numbers


@pytest.mark.parametrize(
    "text",
    [
        "A 3×3 convolution of VGG16 on CIFAR-10, layer conv2.",
        "Code `x = 3`, a formula $x_1 = 2$ and $$ y = 4 $$ {#eq-a}",
        "```\n5 epochs\n```",
        "See [](#sec-1), [the page](https://example.org/2/3), [@knuth1984, p. 3].\n\n# A {#sec-1}",
        "[64 filters]{.typed}, [a [link](#sec-b) and 5]{.typed}\n\n# B {#sec-b}",
        "<< 0.95|percent >> of << constant(0.7383)|percent >>",
        '<< value("net.accuracy").n >> runs of << title("net") >>',
        '<< parameter("net", "widths") >> and << images_label("net") >>',
        "A note.[^1]\n\n[^1]: The note.",
        '<< results(rows=["net"], columns=["accuracy"], caption="All.", label="tbl-r") >>',
        "Water is H~2~O, an area m^2^; 2x2 windows, the 16th layer, a 10-class task, layer2, in 1/m.",
        "In the 1990s 5s looked like 6s.",
    ],
)
def test_what_is_given_or_a_name_is_none_of_them(desk: Desk, text: str) -> None:
    """Names with digits, code, formulas, labels, citations, given numbers and texts of runs are no typed results."""
    desk.experiments["net"] = replace(desk.experiments["net"], title="A network of 20 epochs")
    assert not covered(desk, text).typed


def test_results_and_given_numbers_are_counted(desk: Desk) -> None:
    """The build says how many numbers are results, given and typed."""
    text = '<< value("net.loss") >> << constant(2) >> << value("net.loss").n >> 3'
    assert str(covered(desk, text)) == "numbers: 3 from results, 1 given, 1 typed"
    unasked = covered(desk, "All 78.5 % of 50.", asks="")
    assert str(unasked) == "numbers: none from results, so typed ones are not looked for"


def test_parts_that_ask_for_no_results_and_answers_may_have_numbers(desk: Desk) -> None:
    """Numbers of the questions stand in answers, and a part without results has none to be taken for one."""
    desk.write("Stride 2 of 5.", "sections", "setup")
    desk.write('Here 3 makes << value("net.loss") >>.', "answers", "q01")
    assert not covered(desk, '<< section("setup") >>\n<< answer("q01") >>').typed


def test_a_strict_build_fails_by_typed_numbers(desk: Desk) -> None:
    """Typed numbers are a warning with file and line, one for each file; a strict build fails."""
    told: list[str] = []
    desk.write(f"{ASKS}The loss is 0.6.\n\nIt took 20 epochs.\n")
    built = desk.build(formats=("html",), tell=told.append)
    assert built.warnings == (
        "templates/documents/paper.md: typed numbers that no result gives: 0.6 (line 6), 20 (line 8)",
    )
    assert told[-1] == "paper, numbers: 1 from results, 0 given, 2 typed"
    with pytest.raises(ReportError, match="typed numbers"):
        desk.build(formats=("html",), strict=True)
