"""Citation styles and further bibliographies, which the front matter names."""

import pytest

from report_cli import files
from report_cli.errors import CollectedError, UsageError
from tests.report.conftest import Desk

STYLE = """<style xmlns="http://purl.org/net/xbiblio/csl" class="{}" version="1.0">
<info><title>Numbers</title><id>numbers</id><updated>2026-01-01T00:00:00Z</updated></info>
<citation><layout prefix="[" suffix="]"><text variable="citation-number"/></layout></citation>
<bibliography second-field-align="flush"><layout><text variable="citation-number" prefix="[" suffix="]"/>
<text variable="title" prefix=" "/></layout></bibliography></style>"""
DEPENDENT = """<style xmlns="http://purl.org/net/xbiblio/csl" version="1.0"><info><title>B</title><id>b</id>
<updated>2026-01-01T00:00:00Z</updated><link href="http://www.zotero.org/styles/a" rel="independent-parent"/>
</info></style>"""
MORE = "@article{he2016,\n  author = {He, Kaiming},\n  title = {Deep {ResNets}},\n  year = {2016}\n}\n"
FRONT = '+++\ntitle = "T"\n{}\n+++\n'


def test_a_style_and_a_second_bibliography(desk: Desk) -> None:
    """Citations look as the style has them, of entries in both files, on the page and beside it."""
    files.write_text(desk.project.root / "numbers.csl", STYLE.format("in-text"))
    files.write_text(desk.project.root / "more.bib", MORE)
    desk.write("As @he2016 and [@knuth1984].", front=FRONT.format('csl = "numbers.csl"\nbibliography = ["more.bib"]'))
    page, markdown = (path.read_text() for path in desk.build(formats=("html", "md")).paths)
    assert '<a href="#ref-he2016">1</a>' in page
    assert "\n\\[1\\] Deep ResNets\n" in markdown
    assert "\n\\[2\\] The TeXbook\n" in markdown
    files.write_text(desk.project.root / "numbers.csl", STYLE.format("in-text").replace('prefix="["', 'prefix="("'))
    assert desk.build(formats=("html",)).written


def test_a_style_of_notes_makes_footnotes(desk: Desk) -> None:
    """What is cited stands in a footnote, as any other."""
    files.write_text(desk.project.root / "notes.csl", STYLE.format("note"))
    desk.write("Text.[@knuth1984]", front=FRONT.format('csl = "notes.csl"'))
    (path,) = desk.build(formats=("html",)).paths
    assert '<span class="fn">[1]' in path.read_text().replace('<a href="#ref-knuth1984">1</a>', "1")


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("url = {ftp://a.org/b}", "more.bib:5: the address 'ftp://a.org/b' of he2016 leads nowhere"),
    ],
)
def test_a_link_of_a_bibliography_names_its_line(desk: Desk, field: str, message: str) -> None:
    """An address that no page links to is told where the bibliography has it."""
    files.write_text(desk.project.root / "more.bib", MORE.replace("2016}\n}", f"2016}},\n  {field}\n}}"))
    desk.write("As @he2016 says.", front=FRONT.format('bibliography = ["more.bib"]'))
    with pytest.raises(UsageError, match=message):
        desk.build(formats=("html",))


@pytest.mark.parametrize(
    ("front", "content", "message"),
    [
        ('csl = "a.csl"', "no XML", "paper.md:3: a.csl is no XML"),
        ('csl = "a.csl"', "<style/>", "paper.md:3: a.csl is no citation style"),
        ('csl = "a.csl"', DEPENDENT, "paper.md:3: a.csl only names another style"),
        ('csl = "b.csl"', STYLE, "paper.md:3: csl is no file of the project: 'b.csl'"),
        ('bibliography = "a.csl"', MORE, "paper.md:3: a.csl is no BibTeX"),
        ('bibliography = ["a.bib", "c.bib"]', MORE, "paper.md:3: bibliography is no file of the project: 'c.bib'"),
        ('bibliography = "a.bib"', "@book{knuth1984,\n title = {A}}", "a.bib:1: .* that of templates/references.bib:1"),
        ('bibliography = "a.bib"', "@book{a,\n title = {A", "^a.bib:2: unexpected end of input"),
        ('bibliography = "a.bib"', MORE, "paper.md:6: unknown citation in templates/references.bib, a.bib: 'he2015'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_either_names_its_place(desk: Desk, front: str, content: str, message: str) -> None:
    """A style that pandoc would have to fetch, a key of two files, and the like, are errors."""
    for name in ("a.csl", "a.bib"):
        files.write_text(desk.project.root / name, content)
    desk.write("\n[@he2015]", front=FRONT.format(front))
    with pytest.raises(UsageError, match=message):
        desk.build(formats=("html",))


def test_a_bibliography_that_cannot_be_read_is_told_beside_what_the_text_lacks(desk: Desk) -> None:
    """Of what pandoc finds in the text it only warns, and of that file it ends."""
    files.write_text(desk.project.root / "templates" / "references.bib", "@misc{, title = {A}}\n")
    desk.write("\nA note.[^1]\n\n[^1]: One.\n\n[^1]: Another.")
    with pytest.raises(CollectedError) as caught:
        desk.build(formats=("html",))
    told = caught.value.lines()
    assert "templates/references.bib:1: unexpected" in told
    assert "the note '1' is defined twice" in told
