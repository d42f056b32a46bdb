"""Documents, answers and sections that are malformed, never end, or are no text."""

from collections.abc import Mapping

from tests.fault.malformed.case import Case, files

BUILD = ("build", "paper", "--to", "html")
FRONT = b'+++\ntitle = "A paper"\n+++\n'
PAPER = "templates/documents/paper.md"
HERE = PAPER + ":"

# The line of each is 4, behind the front matter.
TEMPLATES: dict[str, tuple[str, str]] = {
    "an expression that stays open": ("<< value(", ""),
    "a block that stays open": ("<% if 1 %>", ""),
    "a loop that stays open": ("<% for a in range(3) %>", ""),
    "a remark that stays open": ("<# to myself", ""),
    "an end without a beginning": ("<% endfor %>", "endfor"),
    "an unknown tag": ("<% import_all %>", "import_all"),
    "an unknown filter": ("<< 1|shorten >>", "shorten"),
    "an unknown test": ("<< 1 is shiny >>", "shiny"),
    "an undefined name": ("<< nothing >>", "unknown name 'nothing'"),
    "an undefined attribute": ("<< range(3).nothing.more >>", "nothing"),
    "an unknown experiment": ('<< value("walks.end") >>', "unknown experiment 'walks'"),
    "a name that is a number": ("<< value(3) >>", ""),
    "a name that is a list": ("<< value([]) >>", ""),
    "an argument too many": ('<< title("walk", 2, 3) >>', ""),
    "an argument of another name": ('<< figure("walk.path", titel="x") >>', ""),
    "an answer that isn't there": ('<< answer("q99") >>', "unknown answer 'q99'"),
    "an answer outside": ('<< answer("../documents/paper") >>', "unknown answer"),
    "a section that is a number": ("<< section(1) >>", ""),
    "a section that is a list": ("<< section([]) >>", ""),
    "an include of itself": ('<% include "documents/paper.md" %>', ""),
    "an import of itself": ('<% import "documents/paper.md" as p %>', ""),
    "an extension of itself": ('<% extends "documents/paper.md" %>', ""),
    "an include outside": ('<% include "../pyproject.toml" %>', ""),
    "an include of a password file": ('<% include "/etc/passwd" %>', ""),
    "a macro that calls itself": ("<% macro m() %><< m() >><% endmacro %><< m() >>", ""),
    "division by zero": ("<< 1 / 0 >>", "division"),
    "a class": ("<< ''.__class__.__mro__ >>", "unsafe"),
    "the globals of a function": ("<< value.__globals__ >>", "unsafe"),
    "a way out through format": ("<< '{0.__class__}'.format(value) >>", ""),
    "a method of a function": ("<< title.__func__.__code__ >>", ""),
    "modules": ("<< self.__init__.__globals__ >>", ""),
    "a long range": ("<% for i in range(10**9) %>x<% endfor %>", "range"),
    "a range in a range": (
        "<% for i in range(99999) %><% for j in range(99999) %><% endfor %><% endfor %>",
        "takes more than 5 s",
    ),
    "deep brackets": ("<< " + "(" * 5000 + "1" + ")" * 5000 + " >>", ""),
    "deep lists": ("<< " + "[" * 3000 + "]" * 3000 + " >>", ""),
    "deep blocks": ("<% if 1 %>" * 300 + "x" + "<% endif %>" * 300, ""),
    "deep loops": ("<% for i in range(1) %>" * 60 + "x" + "<% endfor %>" * 60, ""),
    "many signs": ("<< " + "-" * 5000 + "1 >>", ""),
    "many sums": ("<< " + "1+" * 20_000 + "1 >>", ""),
    "a number of 10,000 digits": ("<< " + "9" * 10_000 + " >>", ""),
    "a matrix of nothing": ('<< matrix("walk") >>', "'walk' names no array"),
    "a figure in a figure": ('<< figure(figure("a.b", caption="c"), caption="d") >>', ""),
    "a filter of text": ('<< "a"|percent >>', "'a' is no number"),
    "digits that are text": ('<< 0.5|percent("a") >>', ""),
    "digits below zero": ("<< 0.5|percent(-1) >>", ""),
    "a billion digits": ("<< 0.5|decimals(1000000000) >>", ""),
    "infinity": ("<< (10**300 * 1.0 * 10**300)|integer >>", ""),
    "an infinite duration": ("<< (10**300 * 1.0 * 10**300)|duration >>", ""),
}

# What pandoc, the numbering or the formulas stumble over; rendering these takes no result.
MARKDOWN: dict[str, tuple[str, str]] = {
    "a fence that stays open": ("```python\ncode", "a block of code is never closed"),
    "a display that stays open": ("$$ x + 1", "a formula is never closed"),
    "brackets that stay open": ("[" * 60 + "a", "pandoc takes more than 5 s"),
    "a private character": ("\ue000 12 \ue001 99 \ue000", "U+E000 is a private character"),
    "a formula with an open brace": ("Text $\\frac{1}{$ more.", "malformed formula"),
    "a formula with an unknown command": ("$\\nonsense{1}$", "malformed formula"),
    "a formula of endless macros": ("$\\newcommand{\\a}{\\a\\a}\\a$", ""),
    "a reference to nowhere": ("See [](#fig-none).", "unknown label 'fig-none'"),
    "a link to a file": ("[file](file:///etc/passwd)", ""),
    "a link to a script": ("[a](javascript:alert)", ""),
    "a link to a folder": ("[a](../secret.md)", "leads nowhere"),
    "a label twice": ("# A {#sec-a}\n\n# B {#sec-a}", "sec-a"),
    "a label of ours": ("# A {#provenance}", "provenance"),
    "a heading that skips": ("# A\n\n### B", "skips a level"),
    "an image from a file": ("![a](/etc/passwd)", "/etc/passwd"),
    "an image from the network": ("![a](http://127.0.0.1/x.png)", "http://127.0.0.1/x.png"),
    "an image of data": ("![a](data:image/png;base64,AAAA)", ""),
    "a div that stays open": ("::: {.question}\nWhat?", ":4: a block is never closed"),
    "raw HTML": ("<script>alert(1)</script><iframe src='file:///etc/passwd'></iframe>", ":4: <script> is HTML"),
    "a style": ("<style>body { background: url(http://127.0.0.1/) }</style>", ":4: <style> is HTML"),
    "a formula of deep fractions": ("$" + "\\frac{1}{" * 400 + "x" + "}" * 400 + "$", ":4: malformed formula"),
    "a note in a note": ("A[^1] note.\n\n[^1]: B[^2]\n\n[^2]: C", ":6: a footnote holds a footnote"),
    "a control character": ("\u0000", ":4: U+0000 is a control character"),
    "an unknown note twice": ("[^a]: x\n\n[^a]: y\n\nz[^a]", ""),
}

# Odd, and all the same a page.
PLAIN: dict[str, str] = {
    "a formula that stays open": "Text $x and no end.",
    "raw TeX": "\\input{/etc/passwd} \\write18{touch canary}",
    "deep quotes": "> " * 120 + "deep",
    "deep items": "\n".join("  " * depth + "- a" for depth in range(60)),
    "deep emphasis": "*a **b " * 60,
    "a table with holes": "| a | b |\n|---|\n| 1 |",
    "a formula of deep braces": "$" + "{" * 2000 + "x" + "}" * 2000 + "$",
    "a line of 200,000 letters": "a" * 200_000,
    "direction marks": "a \u202e b \u2066 c",
}


def cases() -> list[Case]:
    found = [_paper(name, text, HERE, says) for name, (text, says) in {**TEMPLATES, **MARKDOWN}.items()]
    for name, text in PLAIN.items():
        spoil = files({PAPER: FRONT + text.encode()})
        found.append(Case(f"document: {name}", BUILD, spoil, ("build/report/paper.html",), skipped=True))
    marked = files({PAPER: b"\xef\xbb\xbf" + FRONT + b"Text"})
    found.append(Case("document: a byte order mark", BUILD, marked, ("build/report/paper.html",), skipped=True))
    return [*found, *_files(), *_parts()]


def _paper(name: str, text: str, *says: str) -> Case:
    return Case(f"document: {name}", BUILD, files({PAPER: FRONT + text.encode()}), says)


def _files() -> list[Case]:
    wrong = {
        "no UTF-8": (FRONT + b"caf\xe9", "is not UTF-8 text"),
        "UTF-16": ((FRONT.decode() + "Text").encode("utf-16"), "paper.md"),
        "random bytes": (bytes(range(256)) * 20, "paper.md"),
        "nothing": (b"", "no title"),
        "front matter that stays open": (b'+++\ntitle = "A"\n', "paper.md"),
        "front matter that is no TOML": (b"+++\ntitle: A\n+++\n", "not valid TOML"),
        "front matter in YAML": (b"---\ntitle: A\n---\n", "no title"),
        "a title that is a number": (b"+++\ntitle = 1\n+++\n", "title in the front matter must be text"),
        "a title that is empty": (b'+++\ntitle = ""\n+++\n', "no title"),
        "a title that is a template": (b'+++\ntitle = "<< nothing >>"\n+++\n', "unknown name 'nothing'"),
        "an unknown key in front": (b'+++\ntitle = "A"\nauthr = "B"\n+++\n', "unknown key in the front matter 'authr'"),
        "deep front matter": (b"+++\ntitle = " + b"[" * 50_000 + b"\n+++\n", "paper.md"),
    }
    return [
        Case(f"document: {name}", BUILD, files({PAPER: text}), ("paper.md", says))
        for name, (text, says) in wrong.items()
    ]


def _parts() -> list[Case]:
    """What lies in answers and sections is named by its own file and line."""

    def case(name: str, answers: Mapping[str, bytes], *says: str) -> Case:
        paper = {PAPER: FRONT + b'<< answer("a") >>'}
        return Case(f"answer: {name}", BUILD, files({**paper, **answers}), says)

    a, b = "templates/answers/a.md", "templates/answers/b.md"
    crowd = {f"templates/answers/a{n}.md": f'<< answer("a{n + 1}") >>'.encode() for n in range(600)}
    return [
        case("an undefined name", {a: b"One.\n\n<< nothing >>"}, f"{a}:3: unknown name 'nothing'"),
        case("a tag that stays open", {a: b"One.\n<% if 1 %>"}, a),
        case("no UTF-8", {a: b"\xff\xfe"}, f"{a} is not UTF-8"),
        case("itself", {a: b'\n<< answer("a") >>'}, f"{a}:2:", "includes itself"),
        case("each other", {a: b'<< answer("b") >>', b: b'<< answer("a") >>'}, f"{b}:1:", "includes itself"),
        case("six hundred in turn", {a: b'<< answer("a0") >>', **crowd}, "templates/answers/a"),
        case("a formula", {a: b"One.\n\nTwo $\\frac{1}{$."}, f"{a}:3:", "malformed formula"),
        case("a reference", {a: b"One.\n\n[](#tbl-none)"}, f"{a}:3:", "tbl-none"),
    ]
