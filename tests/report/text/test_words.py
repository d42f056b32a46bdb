import re
import string

import pytest

from report_cli.errors import UsageError
from report_cli.report.text import formats, words

LANGUAGES = [words.of(code) for code in words.LANGUAGES]


def test_every_language_has_every_word() -> None:
    """No language lacks a word, a place to fill in, a month or a quotation mark that another has."""
    for meaning, english in words.of("en").items():
        for language in LANGUAGES:
            assert language[meaning], (meaning, language["lang"])
            assert len(list(string.Formatter().parse(language[meaning]))) >= english.count("{}")
            assert language[meaning].count("{}") == english.count("{}"), meaning
            assert language[meaning].count("|") == english.count("|"), meaning


def test_no_word_stands_in_a_page_by_itself() -> None:
    """Whatever is asked of the table is in it: in layouts, the script and the program."""
    from report_cli.project import PACKAGE, inherited_templates

    asked = {
        name
        for path in inherited_templates().glob("*/*.*")
        if path.suffix in (".html", ".js")
        for name in re.findall(r"\bwords\.(\w+)|\bWORDS\.(\w+)|\bsay\(\"(\w+)\"", path.read_text())
    }
    asked |= {(name, "", "") for path in (PACKAGE / "report").rglob("*.py") for name in
              re.findall(r"language\[\"(\w+)\"\]", path.read_text())}  # fmt: skip
    names = {name for found in asked for name in found if name}
    assert names <= words.of("en").keys()
    assert len(names) > 40


@pytest.mark.parametrize(
    ("code", "number", "date", "first"),
    [
        ("en", "1,791,786.5", "22 November 2026", "1 March 2026"),
        ("de", "1.791.786,5", "22. November 2026", "1. März 2026"),
        ("fr", "1\u202f791\u202f786,5", "22 novembre 2026", "1er mars 2026"),
        ("es", "1\u202f791\u202f786,5", "22 de noviembre de 2026", "1 de marzo de 2026"),
    ],
)
def test_numbers_and_dates_are_those_of_the_language(code: str, number: str, date: str, first: str) -> None:
    """A number has the signs of the language, a date its order and months."""
    language = words.of(code)
    assert words.number("1,791,786.5", language) == number
    assert words.date("2026-11-22", language) == date
    assert words.date("2026-03-01", language) == first
    assert words.number("cut, 3. 4", language) == "cut, 3. 4"


def test_an_unknown_language_names_the_known_ones() -> None:
    """Whoever asks for another language is told which there are."""
    with pytest.raises(UsageError, match="unknown lang 'nl'") as caught:
        words.of("nl")
    assert caught.value.hint == "known: en, de, fr, es"


@pytest.mark.parametrize(
    ("tex", "told"),
    [
        ("0,5 + 2.5", r"\text{0,5} + 2.5"),
        (r"-1.791.786,5 \times 10^{6}", r"-\text{1.791.786,5} \times 10^{6}"),
        (r"\text{1.791,5 s} f(1, 2) x_{i,j}", r"\text{1.791,5 s} f(1, 2) x_{i,j}"),
        ("1\u202f791\\,\\%", "\\text{1\u202f791}\\,\\%"),
        (r"\hspace{0.125em} 1.791.786", r"\hspace{0.125em} \text{1.791.786}"),
    ],
)
def test_a_decimal_comma_in_a_formula_sets_no_space(tex: str, told: str) -> None:
    """A number with a comma is text in a formula; a comma before a space, and lengths, stay."""
    assert formats.upright(tex) == told
