"""What stands within a line: words of many scripts, formulas, directives, notes, links, and these in one another."""

from hypothesis import strategies as st

# Nearly all letters are those that the fonts have; a document with another one ends with the error that says so.
PLAIN = st.text("abcdeXYZ éßøñčžΩλжяЩ 0123456789 .,;:!?'\"()-–…%&/=+", min_size=1, max_size=12)
STRANGE = st.sampled_from(
    [
        *(
            "漢字",
            "עברית",
            "العربية",
            "हिन्दी",
            "😀",
            "👩‍🔬",
            "𝔘𝔫𝔦",
            "e\u0301\u0323",
            "a\u00ad",
            "\u200b",
            "\u202eabc",
            "\ufeff",
        ),
        *("\u00a0", "\u2028", "\x0b", "\x85", "ﬁ", "İıſ", "\ue000", "\x7f"),
    ]
)
SIGNS = st.sampled_from(
    [
        *(
            "*",
            "_",
            "`",
            "[",
            "]",
            "(",
            ")",
            "<",
            ">",
            "#",
            "|",
            "~",
            "^",
            "$",
            "\\",
            "{",
            "}",
            "@",
            "!",
            "-",
            "+",
            ":",
        ),
        *(
            "<<",
            ">>",
            "<%",
            "%>",
            "<#",
            "$$",
            "**",
            "[^",
            "](",
            "![",
            ":::",
            "```",
            "<!--",
            "-->",
            "{#",
            "\\<<",
            "&amp;",
        ),
        *(
            "&#0;",
            "&nbsp;",
            "\\\\",
            "--",
            "---",
            "...",
            "1.",
            "(@)",
            "(a)",
            "[ ]",
            "http://a.b",
            "<https://a.b>",
            "a@b.c",
        ),
    ]
)
TEX = st.recursive(
    st.sampled_from(
        [
            *(
                "x",
                "1",
                "0,5",
                "\\alpha",
                "\\infty",
                "\\sum_{i=1}^n i",
                "a+b",
                "\\text{if } x",
                "\\mathbb{R}",
                "<",
                "\\,",
            ),
            *(
                "\\quad",
                "f(x)",
                "\\lVert x \\rVert",
                "\\dots",
                "\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}",
                "x'",
                "\\%",
            ),
            *("\\begin{cases} 1 & x \\\\ 2 & y \\end{cases}", "é", "\\nope"),
            *(
                '<< value("net.loss") >>',
                '<< matrix("facts.grid") >>',
                "\\{",
                "\\#",
                "\\operatorname*{argmin}_x",
                "\\text{$x$}",
            ),
        ]
    ),
    lambda tex: st.one_of(
        st.builds("{}_{{{}}}".format, tex, tex),
        st.builds("{}^{{{}}}".format, tex, tex),
        st.builds("\\frac{{{}}}{{{}}}".format, tex, tex),
        st.builds("\\sqrt{{{}}}".format, tex),
        st.builds("\\hat{{{}}}".format, tex),
        st.builds("\\left({}\\right)".format, tex),
        st.builds("\\begin{{aligned}}{}&={}\\\\&={}\\end{{aligned}}".format, tex, tex, tex),
        st.builds("{} {}".format, tex, tex),
    ),
    max_leaves=5,
)


def rare(common: st.SearchStrategy[str], *others: st.SearchStrategy[str], one_in: int = 30) -> st.SearchStrategy[str]:
    """Return a strategy that mostly draws from the first and now and then from one of the others."""
    return st.integers(1, one_in).flatmap(lambda n: st.one_of(others) if n == one_in else common)


NUMBERS = st.sampled_from(
    [
        *(
            'value("net.loss")',
            'value("net.accuracy")|percent',
            'value("net.weights")|integer',
            'value("net.time")',
            "1",
            "7 / 3",
        ),
        *(
            'parameter("net", "rate")',
            'parameter("net", "widths")',
            'element("facts.grid", 0, 1)',
            'value("facts.sum") * 2',
        ),
        *(
            '(value("net.loss") - value("net.accuracy"))|decimals(3)',
            'value("net.loss")|scientific',
            'value("net.time")|duration',
        ),
        *('title("net")', 'images_label("net")', '("about " ~ value("net.loss"))|upper'),
    ]
)
MISTAKES = st.sampled_from(
    [
        *(
            'value("net.los")',
            'value("idle.accuracy")',
            "value()",
            "nothing",
            'value("net.loss")|int',
            'value("net.loss")|replace("1", "2")',
        ),
        *(
            'figure("net.curves")',
            'figure("net.curves", caption="")',
            "1 +",
            '"a" "b"',
            'element("facts.grid", 9, 9)',
            "1 / 0",
            "x.y.z",
        ),
        *(
            'value("net.loss")|percent(-1)',
            'value("net.loss")|decimals("a")',
            'value("net.loss")[0]',
            'value("net.loss").low',
            "[]",
            "{}",
        ),
        *(
            'value("net.accuracy") / 0',
            "range(3)",
            "value",
            'matrix("facts.sum")',
            'value("net.time")|percent',
            "1e999",
            "none",
            "2 ** 10000",
        ),
        *(
            'value("net.loss")|decimals(400)',
            '"%d"|format(value("net.loss"))',
            'section("nowhere")',
            'answer("paper")',
            "1 < 2",
            "loop.index",
            'z("net.accuracy", "net.loss")',
        ),
    ]
)
# Every document defines these.
KNOWN = st.sampled_from(["sec-a", "eq-a", "tbl-a", "fig-net-curves"])
LABELS = rare(
    st.builds(
        "{}{}".format, st.sampled_from(["sec-", "eq-", "tbl-", "fig-", "x", "é", "x.y:z"]), st.integers(0, 10**6)
    ),
    st.sampled_from(["sec-a", "refs", "page-text", "run-x", "section-1", "1", "provenance"]),
)
DIRECTIVES = st.builds("<< {} >>".format, NUMBERS)
ATTRIBUTES = st.builds(
    "{{{}}}".format,
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    ".glue",
                    ".wide",
                    ".question",
                    ".unnumbered",
                    ".underline",
                    ".mark",
                    ".smallcaps",
                    ".a.b",
                    ".é",
                    "lang=de",
                ]
            ),
            st.sampled_from(
                [
                    'title="x y"',
                    'style="color:red"',
                    "width=50%",
                    "width=9in",
                    "onclick=x",
                    "alt=\"<< value('net.loss') >>\"",
                    "-",
                    "=",
                ]
            ),
            LABELS.map("#{}".format),
        ),
        max_size=3,
    ).map(" ".join),
)
LEAVES = st.one_of(
    PLAIN,
    PLAIN,
    DIRECTIVES,
    st.builds("${}$".format, TEX),
    st.builds("`{}`".format, st.one_of(PLAIN, SIGNS)),
    st.builds("`{}`{{.jinja}}".format, DIRECTIVES),
    st.builds("[](#{})".format, KNOWN),
    st.builds("@{}".format, KNOWN),
    st.sampled_from(["[@knuth1984]", "[-@knuth1984, p. 3; @two]", "@knuth1984 [ch. 2]", "<!-- remark -->", "<# no #>"]),
    st.sampled_from(["https://example.org", "\\\n", "  \n", "\n"]),
)


def _within(text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{} {}".format, text, text),
        st.builds("{}{}".format, text, text),
        st.builds("*{}*".format, text),
        st.builds("**{}**".format, text),
        st.builds("~~{}~~".format, text),
        st.builds("H~{}~".format, text),
        st.builds("x^{}^".format, text),
        st.builds('"{}"'.format, text),
        st.builds("[a {}]{}".format, text, ATTRIBUTES),
        st.builds("[a {}](https://example.org)".format, text),
        st.builds("[a {}](#{})".format, text, KNOWN),
        st.builds(" ^[{}]".format, LEAVES),
        st.builds("<% if {} > 0 %>{}<% endif %>".format, st.sampled_from(['value("net.loss")', "1"]), text),
    )


BROKEN = st.one_of(
    st.builds("[](#{})".format, LABELS),
    st.sampled_from(
        ["![a](images/a.svg)", "![](images/a.svg){alt=x}", "[^1]", "[@nobody]", "[a](b)", "<b>", "\\(x\\)"]
    ),
)
SPANS = st.recursive(
    rare(LEAVES, STRANGE, SIGNS, MISTAKES.map("<< {} >>".format), BROKEN, one_in=120), _within, max_leaves=6
)
