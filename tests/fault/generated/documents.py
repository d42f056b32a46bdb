"""Whole documents: front matter, blocks within blocks, parts, and a bibliography."""

import textwrap
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.fault.generated.spans import (
    ATTRIBUTES,
    DIRECTIVES,
    LABELS,
    MISTAKES,
    NUMBERS,
    PLAIN,
    SIGNS,
    SPANS,
    STRANGE,
    TEX,
    rare,
)

Text = st.SearchStrategy[str]


def _indented(text: str, by: int, first: str) -> str:
    return first + textwrap.indent(text, " " * by)[by:] if text.strip() else first


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


def _cells(text: str) -> str:
    return text.replace("\n", " ")


@st.composite
def _table(draw: st.DrawFn) -> str:
    """Draw a table of pipes, mostly with as many cells in each row."""
    columns = draw(st.integers(1, 4))
    rule = "|" + "|".join(draw(st.sampled_from(["---", ":--", "--:", ":-:"])) for _ in range(columns)) + "|"
    rows = [
        "| " + " | ".join(_cells(draw(SPANS)) for _ in range(columns)) + " |" for _ in range(draw(st.integers(1, 4)))
    ]
    caption = draw(
        st.one_of(st.just(""), st.builds("\n\n: {} {{#{}}}".format, SPANS, LABELS), st.builds("\n\n: {}".format, SPANS))
    )
    loop = draw(st.booleans())
    body = ["<% for n in [1, 2] %>", *rows[1:], "<% endfor %>"] if loop else rows[1:]
    return "\n".join([rows[0], rule, *body]) + caption


LINES = st.lists(SPANS, min_size=1, max_size=3).map("\n".join)
LEAF = st.one_of(
    LINES,
    LINES,
    st.builds(
        "{} {} {}".format, st.sampled_from(["#", "##", "###"]), SPANS.map(_cells), st.one_of(st.just(""), ATTRIBUTES)
    ),
    st.builds("$$ {} $$ {}".format, TEX, st.one_of(st.sampled_from(["", "."]), LABELS.map("{{#{}}}".format))),
    st.builds(
        "```{}\n{}\n```".format, st.sampled_from(["", "python", "{.jinja}", "{.python .numberLines}", "{=html}"]), LINES
    ),
    LINES.map(lambda text: textwrap.indent(text, "    ")),
    _table(),
    st.builds(
        '<< figure("net.curves", caption={!r}, label={!r}) >>'.format, PLAIN, st.integers(0, 10**6).map("fig-{}".format)
    ),
    st.builds("![{}](images/{}){}".format, SPANS.map(_cells), st.sampled_from(["a.svg", "a.png"]), ATTRIBUTES),
    st.sampled_from(
        ["***", "[x]: https://example.org", "<!-- a\nb -->", "| a\n| b", "Term\n:   what it is", "---\na: b\n---"]
    ),
    st.sampled_from(
        ["+---+---+\n| a | b |\n+===+===+\n| c | d |\n+---+---+", "  a  b\n --- ---\n  1  2", "(@a) one\n\nSee (@a)."]
    ),
    st.builds("<% set x = {} %>\n\n<< x >>".format, NUMBERS),
    st.builds("<% macro m(a) %>{}<% endmacro %>\n\n<< m(1) >>".format, SPANS),
    st.sampled_from(
        ['<< section("s") >>', '<< answer("a") >>', "<% for p, v in points('net.loss') %>\n\n<< v >>\n\n<% endfor %>"]
    ),
)


def _within(block: Text) -> Text:
    several = st.lists(block, min_size=1, max_size=3).map("\n\n".join)
    items = st.lists(several, min_size=1, max_size=3)
    marks = st.sampled_from(["-", "1.", "3)", "(a)", "(@)", "- [x]", "#.", "i."])
    return st.one_of(
        several,
        st.builds(
            lambda mark, all_, gap: gap.join(_indented(each, 4, f"{mark:<4}") for each in all_),
            marks,
            items,
            st.sampled_from(["\n", "\n\n"]),
        ),
        several.map(_quoted),
        st.builds("::: {}\n{}\n:::".format, st.one_of(ATTRIBUTES, st.just("question")), several),
        st.builds(lambda text: _indented(text, 4, "Term\n:   "), several),
        st.builds(
            lambda note, text: _indented(text, 4, f"See.[^{note}]\n\n[^{note}]: "),
            st.integers(0, 10**6),
            rare(LINES, several, one_in=5),
        ),
        st.builds("<% if true %>\n{}\n<% endif %>".format, several),
    )


FLAWS = st.sampled_from(
    [
        "<% if x %>",
        "<% endfor %>",
        "```\nopen",
        "::: {.a}",
        "<b>x</b>",
        "\\begin{align}",
        "<% for %>",
        "<<",
        "$$ x",
        "\\[x\\]",
    ]
)
BLOCKS = st.recursive(rare(LEAF, FLAWS, SIGNS, STRANGE, one_in=120), _within, max_leaves=6)
# What the spans refer to.
PRELUDE = """# A {#sec-a}

$$ x $$ {#eq-a}

<< figure("net.curves", caption="c") >>

| a | b |
|---|---|
| 1 | 2 |

: T {#tbl-a}

"""
BODIES = st.lists(BLOCKS, min_size=1, max_size=4).map("\n\n".join)

VALUE = st.one_of(PLAIN, DIRECTIVES, st.builds("{} {}".format, PLAIN, DIRECTIVES), st.builds("${}$".format, TEX), SPANS)
LITERAL = st.one_of(VALUE.map(repr), VALUE.map(lambda text: "'''" + text.replace("'", "’") + "'''"))
WRONG = st.sampled_from(
    [
        '"30.11.2026"',
        '"xx"',
        "1",
        "true",
        "[]",
        "{}",
        '""',
        "2026-02-30",
        "nan",
        "[1, [2]]",
        "'''",
        '"\\x"',
        '{ name = "A", x = 1 }',
        '"no/such.css"',
        '"../x"',
        '"\\u0000"',
    ]
)
AUTHOR = st.one_of(
    LITERAL,
    st.lists(LITERAL, max_size=2).map(lambda names: f"[{', '.join(names)}]"),
    st.builds('{{ name = {}, affiliation = {}, email = "a@b.c" }}'.format, LITERAL, LITERAL),
)
KEYS: dict[str, Text] = {
    "subtitle": LITERAL, "kicker": LITERAL, "short_title": LITERAL, "course": LITERAL, "author": AUTHOR,
    "abstract": st.one_of(LITERAL, BLOCKS.map(lambda text: "'''\n" + text.replace("'''", "") + "\n'''")),
    "date": st.sampled_from(["2026-11-30", '"2026-11-30"', "2026-11-30T10:00:00Z", '""']),
    "lang": st.sampled_from(['"de"', '"en"', '"fr"', '"es"']), "paper": st.sampled_from(['"a4"', '"letter"']),
    "toc": st.sampled_from(["true", "false"]), "logo": st.sampled_from(['"images/a.svg"', '"images/a.png"']),
    "style": st.just('"my.css"'),
}  # fmt: skip


@st.composite
def fronts(draw: st.DrawFn) -> str:
    """Draw front matter, mostly TOML with a title."""
    keys = draw(st.lists(st.sampled_from(sorted(KEYS)), max_size=4, unique=True))
    lines = [f"title = {draw(rare(LITERAL, WRONG))}"]
    lines += [f"{key} = {draw(rare(KEYS[key], WRONG))}" for key in keys]
    lines += draw(
        st.sampled_from([[]] * 99 + [["titel = 1"], ["places = {}"], ["a.b = 1"], ["[author]", 'name = "A"']])
    )
    return (
        "+++\n"
        + "\n".join(lines)
        + draw(rare(st.just("\n+++\n\n"), st.sampled_from(["\n", "\n++\n", "\r\n+++\r\n", "\n+++"])))
    )


FIELD = st.one_of(
    PLAIN,
    st.sampled_from(
        [
            "{\\'E}cole",
            "A {B} C",
            "Knuth, D. and Li, 李",
            "1--2",
            "$x^2$",
            "\\textbf{x}",
            "\\nope",
            "{",
            "}",
            "\\url{http://a.b}",
            "a & b",
            "<b>",
            "2020-13",
        ]
    ),
)


@st.composite
def entries(draw: st.DrawFn) -> str:
    """Draw an entry of a bibliography, mostly a whole one."""
    kind = draw(st.sampled_from(["book", "article", "misc", "online", "Book", "string", "comment", "nope"]))
    key = draw(st.sampled_from(["knuth1984", "two", "two", "é", "a b", ""]))
    names = st.sampled_from(["author", "title", "year", "journal", "date", "url", "crossref", "doi", "month", "pages"])
    fields = [f"{name} = {{{draw(FIELD)}}}" for name in draw(st.lists(names, max_size=4, unique=True))]
    return f"@{kind}{{{key}, {', '.join(fields)}" + draw(
        rare(st.just("}\n"), st.sampled_from(["", "}}", ",,}", '"}']), one_in=15)
    )


@dataclass(frozen=True)
class Pages:
    """The files of a document, by their paths in the project."""

    files: dict[str, str] = field(default_factory=dict)


@st.composite
def pages(draw: st.DrawFn) -> Pages:
    """Draw a document with the parts that it may include and a bibliography."""
    whole = "@book{knuth1984, author = {Knuth, D.}, title = {T}, year = 1984}\n@misc{two, title = {Two}}\n"
    return Pages(
        {
            "templates/documents/paper.md": draw(fronts()) + PRELUDE + draw(BODIES),
            "templates/answers/a.md": draw(rare(SPANS, BODIES, one_in=3)),
            "templates/sections/s.md": draw(
                rare(st.just("# S\n\n<< answer('a') >>"), BODIES, MISTAKES.map("<< {} >>".format), one_in=4)
            ),
            "templates/references.bib": draw(
                rare(st.just(whole), st.lists(entries(), max_size=3).map("".join), one_in=3)
            ),
        }
    )
