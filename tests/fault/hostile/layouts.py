"""A project's own layout and style that name what is not part of the report, or lead out of the sandbox."""

from collections.abc import Callable

from report_cli import files
from tests.fault.hostile.page import HTTP, SECRET, Bait, Page, inherited
from tests.report.conftest import Desk

FOREIGN, FLAW, LARGE = "not part of the report", "the PDF has a flaw", "the PDF can't be laid out"
PAGE = "partials/page.html"
# Where `layout` puts a body.
UNSAFE = f"templates/{PAGE}:{1 + inherited(PAGE).partition('<body>')[0].count(chr(10))}: "

STYLES: dict[str, tuple[str, str | None]] = {
    "a picture of the network": (f"p {{ background: url({HTTP}/a.png) }}", FOREIGN),
    "a picture of a file": (f"p {{ background: url(file://{SECRET}) }}", FOREIGN),
    "a picture upward": ("p { background: url(../../../etc/passwd) }", FOREIGN),
    "content": (f"p::before {{ content: url({HTTP}/a.png) }}", FOREIGN),
    "content of a file": (f'p::before {{ content: url("file://{SECRET}") }}', FOREIGN),
    "a list": (f"p {{ display: list-item; list-style-image: url({HTTP}/a.png) }}", FOREIGN),
    "a border": (f"p {{ border: 1px solid; border-image-source: url({HTTP}/a.png) }}", FOREIGN),
    "a font": (f"@font-face {{ font-family: q; src: url({HTTP}/q.ttf) }} p {{ font-family: q }}", FOREIGN),
    "a font in a file": (f"@font-face {{ font-family: q; src: url(file://{SECRET}) }}", FOREIGN),
    "a page": (f"@page {{ background: url({HTTP}/a.png) }}", FOREIGN),
    "a letter written in code": (f"p {{ background: \\75 rl({HTTP}/a.png) }}", FOREIGN),
    "a late import": (f"@import url({HTTP}/a.css);", FOREIGN),
    "huge letters": ("p { font-size: 1e300pt }", LARGE),
    "a huge gap": ("p { letter-spacing: 1e30px }", LARGE),
    "a huge width": ("p { width: 1e300px }", None),
    "a huge height": ("p { height: 1e9px }", None),
    "a loop of variables": (":root { --a: var(--b); --b: var(--a) } p { color: var(--a) }", FLAW),
}
BODIES: dict[str, tuple[str, str | None]] = {
    "an attachment": (f"<link rel=attachment href='file://{SECRET}'>", FOREIGN),
    "an attachment from the network": (f"<link rel=attachment href='{HTTP}/a'>", FOREIGN),
    "a link that attaches": (f"<p><a rel=attachment href='file://{SECRET}'>x</a></p>", FOREIGN),
    "an image": (f"<img src='{HTTP}/x.png' alt='x'>", FOREIGN),
    "an image of a file": (f"<img src='file://{SECRET}' alt='x'>", FOREIGN),
    "a style sheet": (f"<link rel=stylesheet href='{HTTP}/a.css'>", FOREIGN),
    "an imported style": (f"<style>@import '{HTTP}/a.css';</style>", FOREIGN),
    "an object": (f"<object data='file://{SECRET}'>x</object>", FOREIGN),
    "an embedded file": (f"<embed src='{HTTP}/a.svg'>", FOREIGN),
    "another base": (f"<base href='{HTTP}/'><img src='x.png' alt='x'>", FOREIGN),
    "a class": ("{{ ''.__class__.__mro__ }}", UNSAFE),
    "globals": ("{{ cycler.__init__.__globals__.os.popen('id').read() }}", UNSAFE),
    "globals of a function": ("{{ lipsum.__globals__['os'].environ }}", UNSAFE),
    "its own context": ("{{ self._TemplateReference__context }}", UNSAFE),
    "a format": ("{{ '{0.__class__.__mro__}'.format(front) }}", UNSAFE),
    "an attribute by name": ("{{ ''|attr('__class__') }}", UNSAFE),
    "a mapped attribute": ("{{ ['']|map(attribute='__class__')|list }}", None),
    "a joined name": ("{{ ''['__cla' ~ 'ss__'].__mro__ }}", UNSAFE),
    "an include": ("{% include '/etc/passwd' %}", UNSAFE),
    "an include upward": ("{% include '../../../../../../etc/passwd' %}", UNSAFE),
    "an undefined name": ("{{ nothing }}", UNSAFE),
    "a division by zero": ("{{ 1 / 0 }}", UNSAFE),
    "a malformed tag": ("{% if %}", UNSAFE),
}


def style(rules: str, name: str = "print.css") -> Callable[[Desk, Bait], None]:
    """Return what adds `rules` to the project's own style, of print if not another."""

    def make(desk: Desk, bait: Bait) -> None:
        sheet = f"{inherited(f'style/{name}')}\n{bait.into(rules)}\n"
        files.write_text(desk.project.templates / "style" / name, sheet)
        desk.write("# A\n\nText")

    return make


def layout(body: str) -> Callable[[Desk, Bait], None]:
    """Return what puts `body` at the beginning of the project's own layout."""

    def make(desk: Desk, bait: Bait) -> None:
        whole = inherited(PAGE).replace("<body>", f"<body>{bait.into(body)}")
        files.write_text(desk.project.templates / PAGE, whole)
        desk.write("# A\n\nText")

    return make


def endless() -> list[Page]:
    """What takes too long to lay out, or can't be."""

    def nested(desk: Desk, bait: Bait) -> None:
        desk.write("> " * 200 + "deep")

    return [
        Page("layout: quotes in quotes", nested, "can't be laid out", formats=("pdf",)),
        # The paper of the front matter, or the usual one, takes its place.
        Page("style: a page without end", style("@page { size: 1e300px 1e300px }"), formats=("pdf",)),
    ]


def pages() -> list[Page]:
    found = [Page(f"style: {n}", style(rules), says, formats=("pdf",)) for n, (rules, says) in STYLES.items()]
    found += [Page(f"layout: {n}", layout(body), says, formats=("pdf",)) for n, (body, says) in BODIES.items()]
    named = {n: rules for n, (rules, says) in STYLES.items() if says == FOREIGN and "written" not in n}
    named["an end of the style"] = "</style><script>alert(1)</script>"
    found += [Page(f"screen: {n}", style(rules, "page.css"), "templates/style/page.css:") for n, rules in named.items()]
    return [*found, *endless()]
