"""Numbered listings, figures of several parts, theorems, pages across and appendices of one's own."""

import io

import lxml.html
import pikepdf
import pytest

from report_cli.errors import UsageError
from report_cli.report.build import Built
from tests.report.conftest import FRONT, Desk, furnish
from tests.report.judges import judge

TEXT = """
# Theory

See @lst-f, @lst-g, @fig-both, @fig-a, @fig-b, @thm-p, @lem-l, @exm-e, @sec-raw, @sec-in, [](#provenance) [@knuth1984].

``` {.python #lst-f caption="What read_file does, at << value("net.accuracy")|percent >>."}
x = << 1 >> # code
```

::: {#lst-g}
```
y = 2
```

With $x^2$ it reaches << value("net.accuracy")|percent >>.
:::

::: {.lemma #lem-l}
- Item
:::

::: {.theorem #thm-p name="Pythagoras"}
In *any* triangle:

$$ a^2 $$ {#eq-a}
:::

::: {.proof}
By [](#lem-l).
:::

::: {.theorem}
Another.
:::

::: {.example #exm-e}
An example.
:::

::: {#fig-both .wide}
<< figure("net.curves", caption="One", label="fig-a") >>
<< figure("net.curves", caption="Two", label="fig-b") >>

Both, at << value("net.accuracy")|percent >>.
:::

<< figure("net.curves", caption="Alone") >>

::: {.landscape}
| a | b |
|---|---|
| 1 | 2 |

: Wide. {#tbl-w .wide}
:::

After the table.

# Raw data {#sec-raw .appendix}

## Inner {#sec-in}

# More {.appendix}
"""
Report = tuple[Desk, Built]


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Report:
    desk = furnish(tmp_path_factory.mktemp("blocks"))
    desk.write(TEXT, front=FRONT.replace("+++\n", '+++\npaper = "letter"\n', 1))
    return desk, desk.build(formats=("html", "pdf", "md"))


@pytest.fixture(scope="module")
def page(blocks: Report) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(blocks[1].paths[0].read_text())


def words(element: lxml.html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def test_everything_is_numbered_by_its_kind(page: lxml.html.HtmlElement) -> None:
    """References read as what they refer to; appendices have letters, the provenance the next one."""
    assert [words(link).replace("\xa0", " ") for link in page.xpath("(//main//p)[1]//a")] == [
        "Listing 1", "Listing 2", "Figure 1", "Figure 1a", "Figure 1b", "Theorem 1", "Lemma 1", "Example 1",
        "Appendix A", "Appendix A.1", "Appendix C", "Knuth 1984",
    ]  # fmt: skip
    assert [words(heading) for heading in page.xpath("//h2 | //main/h3")] == [
        "1 Theory", "References", "A Raw data", "A.1 Inner", "B More", "C Provenance",
    ]  # fmt: skip
    contents = page.xpath("//nav//li")
    assert [words(line) for line in contents][1:] == ["References", "A Raw data", "A.1 Inner", "B More", "C Provenance"]


def test_captions_hold_values_and_formulas(page: lxml.html.HtmlElement) -> None:
    """Listings and figures of several parts have captions with values; code stays code, without anchors."""
    first, second = page.find_class("listing")
    assert [words(each.find("figcaption")) for each in (first, second)] == [
        "Listing 1. What read_file does, at 73.8 %.", "Listing 2. With x2x^2 it reaches 73.8 %.",
    ]  # fmt: skip
    assert len(page.xpath("//figure[contains(@class, 'listing')]/figcaption//data")) == 2
    assert second.findall(".//math")
    assert words(first.find(".//pre")) == "x = << 1 >> # code"
    assert not page.xpath("//pre//a | //pre//@id")
    (several,) = page.find_class("several")
    assert (several.get("id"), several.get("class"), several[0].get("class")) == (
        "fig-both",
        "several wide",
        "parts of-2",
    )
    assert [words(caption) for caption in several.iter("figcaption")] == [
        "(a) One",
        "(b) Two",
        "Figure 1. Both, at 73.8 %.",
    ]
    assert words(page.get_element_by_id("fig-net-curves").find("figcaption")) == "Figure 2. Alone"


def test_theorems_begin_with_their_names(page: lxml.html.HtmlElement) -> None:
    """Each kind is counted by itself; a proof has no number and ends with its sign."""
    blocks = [page.find_class(kind) for kind in ("lemma", "theorem", "proof")]
    assert [words(block)[:33] for kind in blocks for block in kind] == [
        "Lemma 1. Item", "Theorem 1 (Pythagoras). In any tr", "Theorem 2. Another.", "Proof. By Lemma 1. □",
    ]  # fmt: skip


def test_a_page_across_is_the_only_one(blocks: Report) -> None:
    """The paper of one page is turned; what comes after stands upright again."""
    with pikepdf.open(io.BytesIO(blocks[1].paths[1].read_bytes())) as document:
        sizes = [(round(float(p.mediabox[2])), round(float(p.mediabox[3]))) for p in document.pages]
    assert sizes.count((792, 612)) == 1
    assert set(sizes[sizes.index((792, 612)) + 1 :]) == {(612, 792)}


def test_blocks_pass_the_validators(blocks: Report) -> None:
    """The page is valid HTML, the PDF valid PDF/UA-1 and PDF/A-3a."""
    assert judge("htmlcheck.sh", blocks[1].paths[0]).returncode == 0
    for flavour in ("ua1", "3a"):
        result = judge("verapdf.sh", flavour, blocks[1].paths[1])
        assert result.returncode == 0, result.stdout


def test_markdown_keeps_every_caption(blocks: Report) -> None:
    """What has no caption in Markdown is followed by it as text."""
    text = " ".join(blocks[1].paths[2].read_text().split())
    assert "``` python x = << 1 >> # code ``` Listing 1. What read_file does, at [73.8 %]" in text
    assert "Figure 1. Both, at [73.8 %]" in text
    assert "**Theorem 1 (Pythagoras).** In *any* triangle" in text


@pytest.mark.parametrize(
    ("lang", "names"), [("de", "Satz 1. Anhang A"), ("fr", "Théorème 1. Annexe A"), ("es", "Teorema 1. Apéndice A")]
)
def test_blocks_have_the_words_of_a_language(desk: Desk, lang: str, names: str) -> None:
    """Theorems and appendices are called as in the language of the page."""
    text = "@thm-a. @sec-a\n\n::: {.theorem #thm-a}\nA\n:::\n\n# A {#sec-a .appendix}\n"
    desk.write(text, front=FRONT.replace("+++\n", f'+++\nlang = "{lang}"\n', 1))
    page = lxml.html.document_fromstring(desk.build(formats=("html",)).paths[0].read_text())
    assert words(page.find(".//main//p")).replace("\xa0", " ") == names


CODE = "```\nx\n```\n"
FIGURE = '<< figure("net.curves", caption="c") >>\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("``` {.python #lst-a}\nx\n```\n", "the listing 'lst-a' has no caption"),
        ("``` {#lst-a}\nx\n```\n", "the listing 'lst-a' has no caption"),
        ('``` {.python #a caption="C"}\nx\n```\n', "the label 'a' must start with lst-"),
        ('``` {#lst-a caption="C $x$"}\nx\n```\n', r"'\$x\$' would be shown as text"),
        (f"::: {{#lst-a}}\nText\n\n{CODE}\nCaption\n:::\n", "the listing 'lst-a' is not one block of code"),
        (f"::: {{#lst-a}}\n{CODE}:::\n", "the block 'lst-a' has no caption"),
        (f"::: {{.wide #fig-a}}\n{FIGURE}\nCaption\n:::\n", "the figure 'fig-a' has no parts side by side"),
        (f"::: {{#fig-a}}\n{FIGURE}\nText\n\nCaption\n:::\n", "the figure 'fig-a' has no parts side by side"),
        ("::: {#fig-a}\n:::\n", "the block 'fig-a' has no caption"),
        ("::: {.theorem #a}\nT\n:::\n", "the label 'a' must start with thm-"),
        ("::: {.lemma #thm-a}\nT\n:::\n", "the label 'thm-a' must start with lem-"),
        ("::: {#thm-a}\nT\n:::\n", "'thm-a' is the label of no theorem"),
        ("::: {.theorem}\n:::\n", "the theorem is empty"),
        ('::: {.theorem name="*P*"}\nT\n:::\n', "'.P.' would be shown as text"),
        ('::: {.theorm name="Pi"}\nT\n:::\n', "name= belongs to a theorem and its kind"),
        ('::: {#fig-a caption="C"}\nT\n:::\n', "caption= belongs to code"),
        ("See [](#prf-a).\n\n::: {.proof #prf-a}\nT\n:::\n", "'prf-a' has no number"),
        ("See @thm-none.\n", "unknown label 'thm-none'"),
        ("# B {.landscape}\n", "a page across is a block"),
    ],
)  # fmt: skip
def test_misuse_names_file_and_line(desk: Desk, text: str, message: str) -> None:
    """What lacks a part, or has a label of another kind, is an error where it is written."""
    with pytest.raises(UsageError, match=rf"^templates/documents/paper.md:6: {message}"):
        desk.body(f"Text.\n\n{text}")


def test_a_page_across_is_a_block(desk: Desk) -> None:
    """A table of that class is an error with its line, past the blocks that have it rightly."""
    table = "| a |\n|---|\n| 1 |\n"
    with pytest.raises(UsageError, match=r"paper.md:14: a page across is a block"):
        desk.body(f"::: {{.landscape}}\n{table}:::\n\n{table}\n: C {{#tbl-a .landscape}}\n")


def test_appendices_come_last(desk: Desk) -> None:
    """A section after an appendix, one on another level, and more than there are letters are errors."""
    for text, line in (
        ("# A {.appendix}\n\n# B\n", 6),
        ("# A\n\n## B {.appendix}\n", 6),
        ("# A {.appendix}\n\n" * 26, 54),
    ):
        with pytest.raises(UsageError, match=rf"paper.md:{line}: '[AB]' (can't stand here|is one appendix too many)"):
            desk.body(text)


def test_claims_are_listed_after_references(desk: Desk) -> None:
    """Both lists belong to the text and stand before its appendices; the claims are read last."""
    claim = '<% claim "high", value("net.accuracy") > 0.5 %>It is high.<% endclaim %>'
    tree = desk.tree(f"# A\n\n{claim} See [@knuth1984].\n\n# Raw data {{#sec-raw .appendix}}\n\nWords.\n")
    assert [words(heading) for heading in tree.iter("h2")] == ["1 A", "References", "Claims", "A Raw data"]
    alone = desk.tree(f"# A\n\n{claim} See [@knuth1984].\n")
    assert [words(heading) for heading in alone.iter("h2")] == ["1 A", "References", "Claims"]
