"""A report in another language: everything that the page says by itself is in it."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import lxml.html
import pytest

from report_cli.errors import UsageError
from report_cli.report.build import Built
from report_cli.report.text import words
from tests.report.conftest import Desk, furnish
from tests.report.judges import judge

# What belongs to the store, which is in English here, is no word of the page.
GERMAN = r"""
# Theorie {#sec-theorie}

Er sagt "die 'Hälfte' davon"; die Summe ist << value("facts.sum") >> bei $<< value("net.weights")|integer >>$ Gewichten,
also $x = << value("net.loss") >>$ aus << 7 / 3 >> und << value("net.time") >>. Siehe @eq-summe, @fig-net-curves,
@tbl-werte, @sec-theorie und [](#provenance); << 0.955|percent >>, << parameter("net", "augment") >>.

$$ \sum_{k=1}^{K} x_k = 0,5 $$ {#eq-summe}

Andere auch [@knuth1984, S. 3; @zwei2020].

<< figure("net.curves", caption="Der Weg zu << x >>") >>

| Modell | Gewichte | Verlust |
|:-------|---------:|--------:|
| Eins | << value("net.weights")|integer >> | << value("net.loss") >> |
| Zwei | 12,5 | 1.234,5 |

: Werte. {#tbl-werte}
"""
BOOK = "@book{zwei2020, author = {Ahn, B. and Behn, C.}, title = {Zwei}, year = {2020}, publisher = {V}}\n"
Report = tuple[Desk, Built]


def write(root: Path, lang: str) -> Report:
    desk = furnish(root)
    for name, experiment in desk.experiments.items():
        desk.experiments[name] = replace(experiment, title="Ein Netz")
    desk.store("net", {"loss": (0.638, ""), "weights": (1791786, "count"), "time": (12.4, "s")}, seed=1,
               data={"name": "c", "label": "CIFAR-10", "origin": "drawn"}, overrides={"rate": 0.5})  # fmt: skip
    desk.runs["net"] = type(desk.runs["net"])("net", desk.runs["net"].runs[1:])
    desk.draw("net", "curves", alt="Eine Kurve.")
    with (desk.project.templates / "references.bib").open("a") as file:
        file.write(BOOK)
    desk.write(GERMAN, front=f'+++\ntitle = "Ein Bericht"\nlang = "{lang}"\n+++\n')
    return desk, desk.build()


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return write(tmp_path_factory.mktemp("german"), "de")


def texts(report: Report) -> dict[str, str]:
    """Return what is read and heard of each format."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    html, pdf = report[1].paths
    page = lxml.html.document_fromstring(html.read_text())
    for element in page.xpath("//script | //style | //annotation | //code[@class='command']"):
        element.drop_tree()
    heard = page.xpath("//@alt | //@title | //@aria-label")
    told = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout
    return {
        name: " ".join(text.replace("provenance.json", "").split())
        for name, text in (("html", f"{page.text_content()} {heard}"), ("pdf", told))
    }


def test_a_german_page_is_german(german: Report) -> None:
    """Names, references, dates, quotations, citations, numbers and notes read as in German, in both formats."""
    for name, text in texts(german).items():
        for phrase in (
            "Inhalt", "22. November 2026", "kurze Trainings mit gezeichneten Bildern · geänderte Parameter",
            "„die ‚Hälfte‘ davon“", "1.791.786", "0,6380", "12,4 s", "Gleichung (1)", "Abbildung 1", "Tabelle 1",
            "Abschnitt 1", "Anhang A", "95,5 %", "nein", "(Knuth 1984, 3; Ahn und Behn 2020)", "Literatur", "Herkunft",
            "rate = 0,03", "epochs = 3; rate", "(32; 64)", "Startwert 1", "Berechnet mit", "keras 3.15.1", "2,333",
        ):  # fmt: skip
            assert phrase.lower() in text.lower(), (name, phrase)


def test_no_english_word_is_left_on_a_german_page(german: Report) -> None:
    """No word of the table is English on the page, nor in what its script says."""
    english, language, pages = words.of("en"), words.of("de"), texts(german)
    script = german[1].paths[0].read_text().partition("<script>")[2]
    for meaning, phrase in english.items():
        for part in filter(str.isalpha, re.split(r"[^\w ]+", phrase.replace("{}", "|"))):
            if part.lower() in language[meaning].lower() or meaning in ("lang", "date"):
                continue
            for name, text in pages.items():
                assert not re.search(rf"\b{part}\b", text, re.IGNORECASE), (meaning, part, name)
        if phrase != language[meaning] and phrase[0].isupper():
            assert f'"{phrase}"' not in script
    assert '"lang": "de"' in script


@pytest.mark.parametrize("flavour", ["ua1", "3a"])
def test_a_german_pdf_passes_the_validator(german: Report, flavour: str) -> None:
    """It says its language, and is valid PDF/UA-1 and PDF/A-3a."""
    result = judge("verapdf.sh", flavour, german[1].paths[1])
    assert result.returncode == 0, result.stdout


def test_a_german_page_passes_the_checker(german: Report) -> None:
    """The page has no error that the W3C's checker finds, and says its language."""
    assert '<html lang="de"' in german[1].paths[0].read_text()
    result = judge("htmlcheck.sh", german[1].paths[0])
    assert result.returncode == 0, result.stderr[:2000]


@pytest.mark.parametrize(
    ("lang", "phrases"),
    [
        ("fr", ("Sommaire", "«\u202fdie “Hälfte” davon\u202f»", "Tableau\xa01", "Ahn et Behn", "1\u202f791\u202f786")),
        ("es", ("Índice", "«die “Hälfte” davon»", "Tabla\xa01", "Ahn y Behn", "Figura\xa01")),
    ],
)
def test_other_languages_build(tmp_path: Path, lang: str, phrases: tuple[str, ...]) -> None:
    """French and Spanish have all their characters in the fonts of both formats."""
    page = lxml.html.document_fromstring(write(tmp_path, lang)[1].paths[0].read_text()).text_content()
    for phrase in phrases:
        assert phrase in page


def test_points_meet_at_the_comma(german: Report) -> None:
    """Numbers of a column have room behind them by their decimals, whatever groups their digits."""
    page = lxml.html.document_fromstring(german[1].paths[0].read_text())
    rooms = {c.text_content(): c.get("style") for c in page.xpath("//td[@class='right']")}
    assert rooms["1.791.786"]
    assert rooms["12,5"] is None


def test_an_unknown_language_is_an_error(desk: Desk) -> None:
    """It names the known ones, and where it was asked for."""
    desk.write("Text", front='+++\ntitle = "T"\nlang = "nl"\n+++\n')
    with pytest.raises(UsageError, match=r"^templates/documents/paper.md:3: unknown lang 'nl'") as caught:
        desk.build(formats=("html",))
    assert caught.value.hint == "known: en, de, fr, es"
    desk.project = replace(desk.project, settings=replace(desk.project.settings, lang="nl"))
    desk.write("Text")
    with pytest.raises(UsageError, match=r"unknown lang 'nl'"):
        desk.build(formats=("html",))


def test_the_language_of_the_settings_is_that_of_every_document(desk: Desk) -> None:
    """A document without a language of its own has that of the project."""
    desk.project = replace(desk.project, settings=replace(desk.project.settings, lang="de"))
    desk.write("# A")
    assert "Inhalt" in desk.build(formats=("html",)).paths[0].read_text()


def test_a_draft_says_so_in_its_language(desk: Desk) -> None:
    """Marks of a draft and its placeholders are words of the page, too."""
    text = (
        'Bis << value("idle.accuracy") >> $<< value("idle.accuracy") >>$.\n\n<< figure("idle.curves", caption="c") >>'
    )
    desk.write(text, front='+++\ntitle = "T"\nlang = "de"\n+++\n')
    page = lxml.html.document_fromstring(desk.build(formats=("html",), draft=True).paths[0].read_text()).text_content()
    for phrase in (
        "ENTWURF",
        "[idle.accuracy: noch nie gelaufen]",
        "[fehlt]",
        "[Abbildung idle.curves: kein Ergebnis]",
    ):
        assert phrase in page
