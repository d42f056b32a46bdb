"""Figures whose SVG runs scripts, reads files, reaches the network, or never ends."""

from tests.fault.hostile.page import FIGURE, HTTP, SECRET, Bait, Page
from tests.report.conftest import Desk

BOX = '<rect width="9" height="9"/>'
SPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
SIZE = 'width="396" height="120" viewBox="0 0 396 120"'
LETTERS = "style=\"font-family:'Source Sans 3'\""
FLAW, FOREIGN = "the PDF has a flaw", "not part of the report"
# Found before anything is laid out.
DAMAGED, OUTSIDE = "can't be shown", "it refers to an image outside itself"
LAUGHS = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
TEN = '<use href="#{}"/>' * 10
USES = "".join(f'<g id="a{i}">{TEN.replace("{}", f"a{i - 1}")}</g>' for i in range(1, 8))

# What stands inside, what stands before, attributes, and what the PDF makes of it.
INSIDE: dict[str, tuple[str, str | None]] = {
    "a script": (f"<script>fetch('{HTTP}/script')</script>{BOX}", None),
    "a script from elsewhere": (f'<script href="{HTTP}/a.js"/>{BOX}', None),
    "a handler": (f'<g onclick="alert(1)" onload="fetch(\'{HTTP}/load\')">{BOX}</g>', None),
    "an image of a file": (f'<image href="file://{SECRET}" width="9" height="9"/>', OUTSIDE),
    "an image of the passwords": ('<image xlink:href="file:///etc/passwd" width="9" height="9"/>', OUTSIDE),
    "an image upward": ('<image href="../../../etc/passwd" width="9" height="9"/>', OUTSIDE),
    "an image of the network": (f'<image xlink:href="{HTTP}/a.png" width="9" height="9"/>', OUTSIDE),
    "a use of the network": (f'<use href="{HTTP}/a.svg#a"/>{BOX}', None),
    "a use of a file": (f'<use xlink:href="file://{SECRET}#a"/>{BOX}', None),
    "an imported style": (f"<style>@import url({HTTP}/a.css);</style>{BOX}", FLAW),
    "an imported file": (f'<style>@import "file://{SECRET}";</style>{BOX}', FLAW),
    "an address in a style": (f"<style>rect {{ fill: url({HTTP}/a.svg#x) }}</style>{BOX}", None),
    "an address as a colour": (f'<rect width="9" height="9" fill="url({HTTP}/a.svg#x)"/>', None),
    "a mask": (f'<rect width="9" height="9" mask="url({HTTP}/a.svg#x)"/>', None),
    "a marker": (f'<path d="M0 0 L9 9" marker-end="url({HTTP}/a.svg#x)"/>', None),
    "a filter": (f'<filter id="f"><feImage href="{HTTP}/a"/></filter><rect width="9" filter="url(#f)"/>', None),
    "a font": (f"<style>@font-face {{ font-family: x; src: url({HTTP}/a.ttf) }}</style>{BOX}", FOREIGN),
    "a frame": (f'<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="{HTTP}/"/></foreignObject>', None),
    "HTML": ('<foreignObject><body xmlns="http://www.w3.org/1999/xhtml" onload="alert(1)"/></foreignObject>', None),
    "a link to a script": (f'<a href="javascript:alert(1)">{BOX}</a>', None),
    "a link to a file": (f'<a href="file://{SECRET}">{BOX}</a>', None),
    "an animation": (f'<a href="#"><set attributeName="href" to="javascript:alert(1)"/>{BOX}</a>', None),
    "a use of itself": ('<g id="a"><use href="#a"/></g>', FLAW),
    "a PostScript file": (
        '<image href="data:application/postscript,%25!PS-Adobe-3.0 EPSF" width="9" height="9"/>',
        OUTSIDE,
    ),
    "an image of nothing": ('<image href="data:image/png;base64,AAAA" width="9" height="9"/>', DAMAGED),
    "a depth of 2,000": ("<g>" * 2000 + "</g>" * 2000, FLAW),
    "uses of uses": (f'<g id="a0">{BOX}</g>{USES}', "laying out the PDF takes more than"),
}
BEFORE: dict[str, tuple[str, str | None]] = {
    "an entity of a file": (f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file://{SECRET}">]>', FLAW),
    "an entity of the network": (f'<!DOCTYPE svg [<!ENTITY x SYSTEM "{HTTP}/entity">]>', FLAW),
    "an outside definition": (f'<!DOCTYPE svg SYSTEM "{HTTP}/a.dtd" [<!ENTITY x "y">]>', None),
    "an entity of a definition": (f'<!DOCTYPE svg [<!ENTITY % p SYSTEM "{HTTP}/a.dtd"> %p;<!ENTITY x "y">]>', FLAW),
    "a billion laughs": (f'<!DOCTYPE svg [<!ENTITY a0 "ha">{LAUGHS}<!ENTITY x "&a9;">]>', DAMAGED),
    "a style sheet": (f'<?xml-stylesheet href="{HTTP}/a.css"?><!DOCTYPE svg [<!ENTITY x "y">]>', None),
}


def drawn(name: str, svg: str, says: str | None) -> list[Page]:
    """Return the PDF with this figure; the screen's page refuses what acts or asks."""

    def make(desk: Desk, bait: Bait) -> None:
        desk.figures["net"]["curves"].path("print.svg").write_text(bait.into(svg))
        desk.write(FIGURE)

    return [Page(f"figure: {name}", make, says, formats=("pdf",))]


def pages() -> list[Page]:
    found = []
    for name, (inside, says) in INSIDE.items():
        found += drawn(name, f"<svg {SPACES} {SIZE}>{inside}</svg>", says)
    for name, (before, says) in BEFORE.items():
        found += drawn(name, f'{before}<svg {SPACES} {SIZE}><text x="9" y="20" {LETTERS}>&x;</text></svg>', says)
    found += drawn("no drawing", "<html/>", None)
    found += drawn("nothing", "", DAMAGED)
    found += drawn("no XML", "\x89PNG\r\n", DAMAGED)
    return found
