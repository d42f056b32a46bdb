import re

import lxml.html
import pytest

from report_cli import files
from report_cli.errors import UsageError
from tests.report.conftest import BOOK, FRONT, SVG, Desk


def test_paragraphs_end_with_more_than_a_word_in_print(desk: Desk) -> None:
    """The last two words of a paragraph stay in one line of print; the screen breaks lines itself."""
    body = desk.body(
        "A paragraph that is longer than a line of print and of which the end is *one* last word.\n\nA b c."
    )
    assert body.print.count('<span class="glue">last word.</span></p>') == 1
    assert "glue" not in body.print[body.print.index("A b c.") :]
    assert "glue" not in body.screen


def test_a_value_links_to_its_run_in_every_position(desk: Desk) -> None:
    """Prose, headings, captions and cells show a value as <data> with a link to its run."""
    value = '<< value("net.accuracy")|percent >>'
    tree = desk.tree(
        f"# Reaches {value}\n\nIt is {value}, **{value}**.\n\n"
        f'<< figure("net.curves", caption="Up to " ~ value("net.accuracy")|percent) >>\n\n'
        f"| a |\n|---|\n| {value} |\n\n: At {value}. {{#tbl-a}}\n"
    )
    found = tree.xpath(".//data[@value='0.7383']/a[@href='#run-net-0abc' and text()='73.8\u202f%']")
    assert sorted(data.getparent().getparent().tag for data in found) == [
        "caption", "figcaption", "h2", "p", "strong", "td",
    ]  # fmt: skip


def test_a_value_says_what_it_was_computed_from(desk: Desk) -> None:
    """A value names its metrics, and all of its runs where there are several."""
    desk.store("net", {"accuracy": (0.7, "fraction")}, seed=1)
    both = desk.tree('<< value("net.accuracy") >> and << value("facts.sum") - value("net.accuracy") >>').iter("data")
    assert [(data.get("data-from"), data.get("data-runs")) for data in both] == [
        ("net.accuracy", "net-0abc net-1abc"),
        ("facts.sum, net.accuracy", "facts-0abc net-0abc net-1abc"),
    ]
    (one,) = desk.tree('<< value("facts.sum") >>').iter("data")
    assert (one.get("data-from"), one.get("data-runs")) == ("facts.sum", None)


def test_a_value_in_math_or_a_link_is_plain_text(desk: Desk) -> None:
    """Inside a formula a value is TeX, inside a link plain text, for no link holds an element."""
    tree = desk.tree('# A {#sec-a}\n\n$x = << value("net.weights")|integer >>$ [at << value("net.loss") >>](#sec-a)')
    assert tree.xpath("string(.//mtext)") == "1,791,786"
    assert [len(link) for link in tree.iter("a")] == [0]
    assert "at 0.6380" in tree.text_content()


def test_everything_is_numbered_and_referred_to(desk: Desk) -> None:
    """Empty references read as what they refer to, and everything is numbered in order."""
    tree = desk.tree(
        "# One {#sec-one}\n\n## Inner {#sec-in}\n\n# Two {.unnumbered}\n\n# Three {#sec-three}\n\n"
        "@sec-in. [](#sec-three) [@fig-net-curves] @fig-b [](#tbl-t) @eq-e [words](#eq-e)\n\n"
        '<< figure("net.curves", caption="a") >>\n\n<< figure("net.curves", caption="b", label="fig-b") >>\n\n'
        "| a |\n|---|\n| 1 |\n\n: Caption {#tbl-t}\n\n$$ a $$\n\n$$ b $$ {#eq-e}\n"
    )
    words = [link.text_content().replace("\xa0", " ") for link in tree.xpath(".//p/a")]
    assert words == ["Section 1.1", "Section 2", "Figure 1", "Figure 2", "Table 1", "Equation (1)", "words"]
    assert tree.xpath("string(.//div[@id='eq-e']/span[@class='no'])") == "(1)"
    assert [h.text_content() for h in tree.iter("h2", "h3")] == ["1 One", "1.1 Inner", "Two", "2 Three"]


def test_a_heading_with_a_number_of_its_own_gets_no_other(desk: Desk) -> None:
    """It is counted, so that the next one has the same number as ever, and called by its own number."""
    body = desk.body("# A\n\n[](#q) [](#r)\n\n## Question 10: Depth {#q}\n\n## Rest {#r}\n")
    assert [(h.number, h.title) for h in body.headings] == [("1", "A"), ("", "Question 10: Depth"), ("1.2", "Rest")]
    assert "Question\N{NO-BREAK SPACE}10</a>" in body.screen
    assert "Section\N{NO-BREAK SPACE}1.2</a>" in body.screen


@pytest.mark.parametrize(
    ("code", "title"), [("en", "Question 10: Depth"), ("de", "Frage 10: Tiefe"), ("fr", "Question 10 : profondeur")]
)
def test_only_a_question_has_a_number_of_its_own(desk: Desk, code: str, title: str) -> None:
    """Other words with a number begin what a section is about: it keeps its number."""
    front = FRONT.replace("title", f'lang = "{code}"\ntitle')
    rest = [
        {"en": "Frage 1: Depth", "de": "Question 1: Tiefe", "fr": "Phase 1 : plus"}[code],
        "Windows 11: what changes",
    ]
    headings = desk.body("".join(f"# {each}\n\n" for each in (title, *rest)), front=front).headings
    assert [(each.number, each.title) for each in headings] == [("", title), ("2", rest[0]), ("3", rest[1])]


def test_the_contents_show_values_and_formulas_as_text(desk: Desk) -> None:
    """Headings appear in the contents as plain text, formulas in words."""
    headings = desk.body('# Up to << value("net.accuracy")|percent >>\n\n## The $x^2$ case\n').headings
    assert [(h.number, h.title) for h in headings] == [("1", "Up to 73.8\u202f%"), ("1.1", "The x squared case")]


TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n"
FIGURE = '<< figure("net.curves", caption="c") >>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("See [](#fig-none).", "paper.md:4: unknown label 'fig-none'"),
        (
            'See [](#tbl-a).\n<< results(rows="net", columns=["nothing"], caption="A.", label="tbl-a") >>',
            "paper.md:5: unknown metric 'nothing'",
        ),
        ("See @fig-none and [@tbl-none].", "paper.md:4: unknown label 'fig-none'"),
        ("# A {#sec-a}\n\n# B {#sec-a}\n", "paper.md:6: duplicate label 'sec-a'"),
        (f"{TABLE}\n: A {{#tbl-a}}\n\n{TABLE}\n: B {{#tbl-a .wide}}\n", "paper.md:14: duplicate label 'tbl-a'"),
        ("$$ a $$ {#eq-a}\n\n$$ b $$ {#eq-a}", "paper.md:6: duplicate label 'eq-a'"),
        ("# A {#provenance}\n", "paper.md:4: the label 'provenance' is the page's own"),
        ("# A\n\n### C\n", "paper.md:6: the heading 'C' skips a level"),
        ("Text [x](other.html)", "paper.md:4: the link 'other.html' leads nowhere"),
        ("Text [x](javascript:alert)", "paper.md:4: the link 'javascript:alert' leads nowhere"),
        ("[a](https://a.org)\n\n[x]: ftp://b\n\nSee [x].", "paper.md:6: the link 'ftp://b' leads nowhere"),
        ("[a](https://a.org)\n\nSee [x]() now.", "paper.md:6: the link '' leads nowhere"),
        ("[a](https://a.org)\n\nSee <ftp://b/c> now.", "paper.md:6: the link 'ftp://b/c' leads nowhere"),
        ("See `](a b)`.\n\nText [x](<a b>)", "paper.md:6: the link 'a b' leads nowhere"),
        ("It is done[^p], once.[^q]\n\n[^q]: Two:\n\n    - one\n\n[^p]: x", "paper.md:8: a footnote holds a list"),
        ("A[^a], one.^[Two.] B[^b]\n\n[^a]: A.\n\n[^b]: Bone.\n\n    - one", "paper.md:10: a footnote holds a list"),
        ("![c](picture.png)", "paper.md:4: the image 'picture.png' can't be shown: there is no such file"),
        (f"Text.\n\nSee. {FIGURE} and more.", "paper.md:6: the figure net.curves stands within other text"),
        ("[a]{#x} [](#x)", "paper.md:4: 'x' has no number"),
        (
            '<< figure("net.curves", caption="a") >>\n\n<< figure("net.curves", caption="b") >>',
            "duplicate label 'fig-net",
        ),
        ("Fine.\n\nA formula $\\frac{a$ here", "paper.md:6: malformed formula $\\frac{a$"),
        ("`$\\frac{a$` is none\n\n$$\nx +\n\\nocommand{y}\n$$", "paper.md:7: malformed formula $x +\n\\nocommand{y}$"),
        ("Text\n\n$$ a + b\n\nmore", "paper.md:6: a formula is never closed"),
        ("Text\n\n```python\nx = 1\n\n# B\n", "paper.md:6: a block of code is never closed"),
        ("Text\n\n::: {.question}\nWhat?", "paper.md:6: a block is never closed"),
        (
            "| a | b |\n|---|---|\n| 1 | $x|y$ |\n| 1 \\| 2 | `|` |\n| 1 | 2 | 3 |\n",
            "paper.md:8: a row of the table has 3",
        ),
        ("A[^q] and `[^x]`\n\nB[^r]\n\n[^q]: note", "paper.md:6: unknown note 'r'"),
        ("A\n\n[^q]: note", "paper.md:6: nothing refers to the note 'q'"),
        ("A[^q]\n\n[^q]: one\n\n[^q]: two", "paper.md:8: the note 'q' is defined twice"),
        ("Text\n\n> A\n>\n> ::: {.x}\n> B\n\nC", "paper.md:8: a block is never closed"),
        (
            "-   A\n\n    ::: {.x}\n    B\n    :::\n\n-   C\n\n    ::: {.y}\n    D\n\nE",
            "paper.md:12: a block is never closed",
        ),
        ("A\n\nB^[one ^[two] three]", "paper.md:6: a footnote holds a footnote"),
        ("A[^q]\n\n[^q]: one[^r]\n\n[^r]: two", "paper.md:6: a footnote holds a footnote"),
        ("- A\n\n    ::: {.x}\n    B\n    :::\n", "paper.md:6: '::: {.x}' is shown as text"),
        ("A\n::: {.x}\nB\n:::\n", "paper.md:5: '::: {.x}' is shown as text"),
        ("# A {#sec-a\n", "paper.md:4: '{#sec-a' is shown as text"),
        ('$a$\n\n$$ \\frac{<< value("net.loss") >> $$', "paper.md:6: malformed formula"),
    ],
)
def test_a_flaw_is_an_error_with_its_line(desk: Desk, text: str, message: str) -> None:
    """What is found after rendering still names the file and line where it was written."""
    with pytest.raises(UsageError, match=re.escape(message)):
        desk.body(text)


def test_a_flaw_in_a_part_names_the_line_of_the_part(desk: Desk) -> None:
    """Loops, conditions, macros, calls over several lines and parts before it don't move the line of a flaw."""
    desk.write("One.\n\nTwo[^n].\n\n[^n]: A\n", "answers", "a")
    desk.write(
        "\n<% for i in range(3) %>\nLine << i >>\n\n<% endfor %>\n<% if 1 %>\n@sec-none\n<% endif %>", "answers", "b"
    )
    macro = "<% macro rows() %>\n1\n\n2\n<% endmacro %>\n<% set note %>\nx\n\ny\n<% endset %>\n"
    figure = '<< figure("net.curves",\n  caption="a\nb") >>'
    with pytest.raises(UsageError, match=r"^templates/answers/b.md:7: unknown label 'sec-none'"):
        desk.body(f'{macro}<< rows() >> << note >>\n\n<< answer("a") >>\n\n{figure}\n\n<< answer("b") >>\n')


def test_a_flaw_that_a_macro_writes_names_its_call(desk: Desk) -> None:
    """What a macro or a call wrote over several lines is found at the line that asked for it."""
    macro = "<% macro rows() %>\n1\n\n@sec-none\n\n2\n<% endmacro %>\n"
    with pytest.raises(UsageError, match=r"^templates/documents/paper.md:12: unknown label 'sec-none'"):
        desk.body(f"{macro}\n<< rows() >>\n\nMore.\n")


def test_what_is_escaped_is_text(desk: Desk) -> None:
    """A label, a formula's sign and a note that are written with a backslash are shown."""
    text = desk.tree(r"Costs \$\$5, write \{#sec-a}, \[^n] and \@fig-x, or `@fig-x` and `{#x}`.").text_content()
    assert text.strip() == "Costs $$5, write {#sec-a}, [^n] and @fig-x, or @fig-x and {#x}."


def test_a_private_character_is_refused(desk: Desk) -> None:
    """The characters that stand for values and places in a rendered template can't be written in one."""
    desk.write("Text\n\n\ue0000\ue001", "answers", "a")
    with pytest.raises(UsageError, match=r"templates/answers/a.md:3: U\+E000 is a private character"):
        desk.body('<< answer("a") >>')


def test_raw_html_and_raw_tex_are_text(desk: Desk) -> None:
    """Nothing in an answer becomes HTML but what Markdown makes."""
    tree = desk.tree('A \\<script>alert(1)\\</script> \\textbf{x}\n\n[a]{onclick="x" style="color:red" .b}\n')
    assert not tree.xpath(".//script | .//*[@onclick] | .//*[@style]")
    assert "<script>alert(1)</script> \\textbf{x}" in tree.text_content()


def test_a_remark_is_not_shown(desk: Desk) -> None:
    """What stands between <!-- and --> is left out, lines below keep their places, and code shows it as it is."""
    text = "Before <!-- a\n\nremark --> after.\n\n    <!-- code -->\n\n`<!-- c -->`"
    assert desk.tree(text).text_content().split() == ["Before", "after.", "<!--", "code", "-->", "<!--", "c", "-->"]
    with pytest.raises(UsageError, match=r"paper.md:9: unknown label 'sec-x'"):
        desk.body("One <!-- a\n\nb\n\n--> two.\n[](#sec-x)")


def test_metadata_in_the_text_is_text(desk: Desk) -> None:
    """A document can't tell pandoc which files and addresses to read."""
    tree = desk.tree("---\ncsl: http://127.0.0.1:1/x.csl\nbibliography: /etc/passwd\n---\n\nText [@knuth1984].\n")
    assert "Knuth 1984" in tree.text_content()
    assert "csl: http" in tree.text_content()


def test_a_footnote_stands_where_it_is_referred_to(desk: Desk) -> None:
    """A footnote is moved to its reference, and the list at the end is gone."""
    tree = desk.tree("Word[^n] goes on.\n\n[^n]: A *note* with $x$.\n")
    paragraph = tree.find(".//p")
    assert re.sub(r"\s+", " ", paragraph.xpath("string(./span[@class='fn'])")).startswith("A note with")
    assert paragraph.find("span").tail == " goes on."
    assert not tree.xpath(".//section | .//li")


def test_a_footnote_of_several_paragraphs_is_whole(desk: Desk) -> None:
    """Each of its paragraphs begins a line; another block has no room in a note, and is named."""
    note = "Word[^n] goes on.\n\n[^n]: First.\n\n    Second *one*.\n"
    (span,) = desk.tree(note).find_class("fn")
    assert [part.strip() for part in span.xpath(".//text()") if part.strip()] == ["First.", "Second", "one", "."]
    assert len(span.findall("br")) == 1
    blocks = {"- an item": "list", "```\n    code\n    ```": "block of code", "# Head": "heading", "***": "rule"}
    for block, what in blocks.items():
        desk.write(f"# A\n\n{note}\n    {block}\n")
        with pytest.raises(UsageError, match=rf"paper\.md:\d+: a footnote holds a {what}"):
            desk.build(formats=("html",))


def test_what_is_cited_is_listed(desk: Desk) -> None:
    """A citation reads as author and year, links to its entry, and only what is cited is listed."""
    other = BOOK.replace("knuth1984", "other1999").replace("1984", "1999")
    files.write_text(desk.project.templates / "references.bib", f"{BOOK}\n{other}\n")
    body = desk.body("# A\n\nAs known [@knuth1984, ch. 3].\n")
    tree = lxml.html.fragment_fromstring(body.screen, create_parent="div")
    assert "(Knuth 1984, ch. 3)" in " ".join(tree.text_content().split())
    (link,) = tree.xpath(".//p//a")
    assert [entry.get("id") for entry in tree.xpath(".//*[@class='csl-entry']")] == ["ref-knuth1984"]
    assert link.get("href") == "#ref-knuth1984"
    assert [heading.title for heading in body.headings] == ["A", "References"]
    assert not desk.tree("Nothing cited, mail to a\\@b.org.").xpath(".//*[@id='sec-references' or @id='refs']")


@pytest.mark.parametrize(
    ("text", "bibliography", "message"),
    [
        ("# A\n\nAs in [@knuth1948].", BOOK, "paper.md:6: unknown citation in templates/references.bib: 'knuth1948'"),
        ("[@knuth1984]", BOOK + "\n\n@book{broken, title = {A", "templates/references.bib:3: unexpected end of input"),
        ("[@knuth1984]", f"{BOOK}\n\n{BOOK}", "references.bib:3: the key 'knuth1984' is that of line 1, too"),
    ],
)
def test_a_citation_that_leads_nowhere_is_an_error(desk: Desk, text: str, bibliography: str, message: str) -> None:
    """A key that the bibliography lacks, and a bibliography that can't be read, name their place."""
    if bibliography:
        files.write_text(desk.project.templates / "references.bib", bibliography)
    with pytest.raises(UsageError, match=re.escape(message)):
        desk.body(text)


@pytest.mark.parametrize(
    "label", ["page-text", "page-contents", "provenance", "run-net-0abc", "fn1", "fnref2", "refs", "sec-references"]
)
def test_ids_of_the_page_are_no_labels(desk: Desk, label: str) -> None:
    """A label that is an id of the page itself is an error with its line."""
    with pytest.raises(UsageError, match=rf"paper\.md:6: the label '{label}' is the page's own"):
        desk.body(f"# One\n\n# Two {{#{label}}}\n")


@pytest.mark.parametrize(
    "block",
    ["::: {#cb-note}\nWords\n:::", "::: {#cb1-1}\nWords\n:::", "```{.python #code-a}\ny = 1\n```", "# Two {#cb1}"],
)
def test_labels_beside_code_lead_somewhere(desk: Desk, block: str) -> None:
    """What pandoc numbers in code takes no label away, and code may have one; its lines have none."""
    label = re.findall(r"#([\w-]+)\}", block)[0]
    tree = desk.tree(f"# One\n\n```python\nx = 1\n```\n\n{block}\n\nSee [here](#{label}).\n")
    assert len(tree.xpath(f".//*[@id='{label}']")) == 1
    assert not tree.xpath(".//pre//*[@id] | .//pre//a")


def test_made_ids_leave_labels_alone(desk: Desk) -> None:
    """A heading without a label gets an id that no label has."""
    headings = desk.body("# One\n\n# Two {#section-1}\n\n# Three {#section-3}\n\n# Four\n").headings
    targets = [heading.target for heading in headings]
    assert len(set(targets)) == 4
    assert targets[1:3] == ["section-1", "section-3"]


def test_looks_and_languages_of_words_are_kept(desk: Desk) -> None:
    """Underlined, marked and small words, the language of a part and the boxes of tasks come onto the page."""
    tree = desk.tree("[a]{.underline} [b]{.mark} [c]{.smallcaps} [Wort]{lang=de}\n\n- [ ] open\n- [x] done\n")
    assert [tree.xpath(f"string(.//{tag})") for tag in ("u", "mark", "span[@class='smallcaps']")] == ["a", "b", "c"]
    assert tree.xpath("string(.//span[@lang='de'])") == "Wort"
    assert [item.text_content().strip() for item in tree.iter("li")] == ["☐ open", "☑ done"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("What we need:\n- first", ":7: an item of a list right below text"),
        ("What we need:\n1. first", ":7: an item of a list right below text"),
        ("#No space", ":6: a heading needs a space after its #"),
        ("A sentence\n# A heading", ":7: a heading right below text"),
        ("#\u00a0A heading", ":6: the space after # is a no-break space"),
        ("The results:\n| A | B |\n|---|---|\n| 1 | 2 |", ":7: a table right below text"),
        ("###### Six", ":6: a heading of the sixth level"),
        ("What we need:\na) first", ":7: an item of a list right below text"),
        ("What we need:\n(ii) second", ":7: an item of a list right below text"),
        ("They say:\n> words", ":7: a quotation right below text"),
        ("Text\n***", ":7: a line across the page right below text"),
        ("| A | B |\n| 1 | 2 |", ":6: rows without a line of dashes"),
        ("Some ==marked words== here", ":6: ==words== are no mark"),
        ("A. one\nB. two", ":6: a list with capital letters"),
        ("See [this] (https://example.org).", ":6: a link has no space"),
        ('Some [words]{style="color: red"}', ":6: style= is not shown"),
        ("::: {.a align=right}\nWords\n:::", ":6: align= is not shown"),
        ("## Two {.unnumbered title=x}", ":6: title= is not shown"),
    ],
)
def test_markdown_that_is_shown_as_text_is_told(desk: Desk, text: str, told: str) -> None:
    """What looks like Markdown and is shown as typed is a warning with its line."""
    (warning,) = desk.body(f"# One\n\n{text}\n").warnings
    assert f"paper.md{told}" in warning


@pytest.mark.parametrize(
    "text",
    [
        "- a\n- b\n  more\n- c",
        "1. a\n2. b",
        "| A | B |\n|---|---|\n| 1 | 2 |\n\n: Caption. {#tbl-a}",
        "> quoted\n> - a",
        "text\n- `a`"[5:],
        "```\ntext\n# remark\n- x\n```",
        "$$x\n- y$$",
        "See #1 and\n#2 for more.",
        "a -\nb",
        "| a line\n| another",
        "One[^1] and two[^2].\n\n[^1]: One.\n[^2]: Two.",
        "where x == y and y == z",
        "#. one\n#. two",
        "A. Turing was here.",
        "+---+---+\n| a | b |\n+===+===+\n| c | d |\n+---+---+",
        "::: {.question points=4 space=8cm}\nWhy?\n:::\n\nSo.",
        '::: {.theorem #thm-a name="Euler"}\nIt is.\n:::',
        '[Wort]{lang=de .mark} and [x]{dir="rtl"} and {a=1} and `[x]{style=1}`',
        '::: {.note lang="fr"}\nUn mot "x=1".\n:::',
        "e.g. this\ni.e. that\nJ. Doe",
        "`a ==b== c` [see] (below)",
    ],
)
def test_markdown_that_is_read_is_not_told(desk: Desk, text: str) -> None:
    """Lists, tables, quotations, code and formulas are no doubt."""
    assert not desk.body(f"# One\n\n{text}\n").warnings


def test_a_bibliography_in_another_encoding_is_named(desk: Desk) -> None:
    """A bibliography that is no UTF-8 is at fault itself, and not the document that cites from it."""
    (desk.project.templates / "references.bib").write_bytes(BOOK.replace("Knuth", "Kn\xfcth").encode("latin-1"))
    with pytest.raises(UsageError, match=r"^templates/references\.bib is not UTF-8 text"):
        desk.body("[@knuth1984]")


def test_code_is_highlighted_without_links(desk: Desk) -> None:
    """Highlighted code has no line anchors that a keyboard would stop at."""
    tree = desk.tree("```python\nx = 1\n```\n")
    assert tree.xpath("string(.//pre)").strip() == "x = 1"
    assert not tree.xpath(".//pre//a | .//pre//*[@id]")
    assert tree.xpath(".//pre//span[@class='dv']")


def test_a_short_table_stays_on_one_page(desk: Desk) -> None:
    """A table of a few rows is kept together with its caption, a long one may be split."""
    rows = "| 1 |\n"
    short, long = (desk.tree(f"| a |\n|---|\n{rows * count}\n: C {{#tbl-c}}\n") for count in (3, 40))
    assert short.xpath(".//div[@class='scroll short']/table/caption")
    assert long.xpath(".//div[@class='scroll']/table/caption")


def test_cells_keep_their_alignment_as_classes(desk: Desk) -> None:
    """A table's columns are aligned by class, not by style attributes."""
    tree = desk.tree("| a | b | c |\n|:--|--:|:-:|\n| 1 | 2 | 3 |\n")
    assert [cell.get("class") for cell in tree.iter("td")] == [None, "right", "center"]


def test_a_header_that_is_a_formula_has_a_name(desk: Desk) -> None:
    """Words say what it is to whoever can't hear a formula; beside words of its own it needs none."""
    tree = desk.tree("| $A^f$ | in $n$ |\n|:--|:--|\n| $k$ | 1 |\n| $s$ | 2 |\n")
    assert tree.xpath(".//math/@aria-label") == ["A to the power f", "k", "s"]


def test_an_empty_header_is_no_header_on_screen(desk: Desk) -> None:
    """A header cell without content is an ordinary cell of the page."""
    tree = desk.tree("|   | b | $x$ |\n|---|---|---|\n| 1 | 2 | 3 |\n")
    assert [cell.tag for cell in tree.xpath(".//thead/tr/*")] == ["td", "th", "th"]


def test_a_formula_stays_with_its_punctuation(desk: Desk) -> None:
    """No line breaks between a bracket, a formula and the comma after it."""
    glued = desk.tree("A ($x$, $y$) b $z$ c").xpath(".//span[@class='glue']")
    assert [(g.text, g[0].tail) for g in glued] == [("(", ","), (None, ")")]


def test_a_stretch_is_what_stands_between_two_headings(desk: Desk) -> None:
    """On the screen alone, where the browser lays out those that are near; headings are where links lead to."""
    body = desk.body("Words.\n\n# A\n\n## B\n\nMore.\n\n### C\n\n- item\n\n# D\n\nLast.\n")
    tree = lxml.html.fragment_fromstring(body.screen, "div")
    assert [block.get("class") or block.tag for block in tree] == ["stretch", "h2", "h3", "stretch", "h2", "stretch"]
    assert [block.tag for block in tree[3]] == ["p", "h4", "ul"]
    assert "stretch" not in body.print


def test_figures_bring_their_files_and_alternative_texts(desk: Desk) -> None:
    """The figure stands within the page, print names it as an asset; both carry the stored alternative text."""
    desk.draw("net", "curves", alt='Rises to "0.7" & more.')
    body = desk.body('<< figure("net.curves", caption="c", wide=true) >>')
    assert body.assets["figures/fig-net-curves.svg"] == SVG.encode()
    screen, printed = (lxml.html.fragment_fromstring(f, "div").find(".//figure") for f in (body.screen, body.print))
    assert screen.get("class") == printed.get("class") == "wide"
    drawing = screen.find("div/svg")
    assert (drawing.get("role"), drawing.get("aria-label")) == ("img", 'Rises to "0.7" & more.')
    assert printed.find("img").get("alt") == 'Rises to "0.7" & more.'


def test_print_formulas_carry_words_and_sizes(desk: Desk) -> None:
    """A formula in print is an image on the baseline, with the formula in words as its alternative text."""
    body = desk.body(r"The length $\frac{n}{s}$ is odd.")
    assert 'alt="n over s"' in body.print
    depth = re.search(r"vertical-align:-([\d.]+)em", body.print)
    assert depth is not None
    assert 0.3 < float(depth[1]) < 1
    assert "<mfrac>" in body.screen


@pytest.mark.parametrize("tex", [r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "-", "{}^2", r"\bar{x}_{i_j}", "x"])
def test_any_formula_has_its_place_in_a_line(desk: Desk, tex: str) -> None:
    """Lines above one another, and ink that doesn't reach the baseline, have a valid height beside the text."""
    shift = re.search(r"height:([\d.]+)em;vertical-align:(-?[\d.]+)em;", desk.body(f"A ${tex}$ b.").print)
    assert shift is not None
    assert -float(shift[1]) < float(shift[2]) < float(shift[1])


def test_letters_of_other_styles_are_letters_of_their_own(desk: Desk) -> None:
    """Browsers ignore mathvariant, so double-struck and script letters are the characters of Unicode; a hat over one
    letter isn't stretched."""
    tree = desk.tree(
        r"$\mathbb{R}$ $\mathcal{L}$ $\mathfrak{g}$ $\mathbf{Wx}$ $\boldsymbol{W}$ $\hat{y}$ $\widehat{ab}$"
    )
    assert [element.text for element in tree.xpath(".//math[not(.//mover)]//mi")] == ["ℝ", "ℒ", "𝔤", "𝐖", "𝐱", "𝑾"]
    assert [mark.get("stretchy") for mark in tree.xpath(".//mover/mo")] == ["false", None]


@pytest.mark.parametrize(
    "tex",
    [
        r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
        r"\begin{aligned} a &= b + c \\ &= d \end{aligned}",
        r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}",
    ],
)
def test_formulas_of_several_lines_are_set_in_both_forms(desk: Desk, tex: str) -> None:
    """Cases, aligned lines and matrices are tables of two rows on the screen and higher than a line in print."""
    body = desk.body(f"Text\n\n$$ {tex} $$ {{#eq-a}}\n\nSee @eq-a.\n")
    assert body.screen.count("<mtr>") == 2
    height = re.search(r"height:([\d.]+)em", body.print)
    assert height is not None
    assert 2 < float(height[1]) < 4


def test_a_known_formula_is_not_made_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A formula that was typeset before is read from its file, damaged files are made again."""
    first = desk.body("A $x+1$.")
    kept = next((desk.project.build / "math").glob("*.json"))
    entry = files.read_json(kept)
    files.write_json(kept, entry | {"words": "remembered"})
    assert 'alt="remembered"' in desk.body("A $x+1$.").print
    kept.write_text("{")
    assert desk.body("A $x+1$.").print == first.print


def test_a_draft_has_a_box_for_a_missing_figure(desk: Desk) -> None:
    """A figure without a run is a marked box in a draft, in its place and with its number."""
    tree = desk.tree('<< figure("idle.curves", caption="c") >>', draft=True)
    assert tree.xpath("string(.//figure/span[@class='missing'])") == "[figure idle.curves: no result]"
    assert tree.xpath("string(.//figcaption)") == "Figure 1. c"
