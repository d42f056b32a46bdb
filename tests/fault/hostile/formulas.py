"""Formulas that try to get out of LaTeX into typst, MathML or a file."""

from tests.fault.hostile.page import HTTP, SECRET, Page, text

MALFORMED = "paper.md:6: malformed formula"
# Commands that are known, and have no form in print.
NOT_SET = "paper.md:6: a formula can't be set with"
FORMULAS: dict[str, str | None] = {
    f'\\text{{") #read("{SECRET}") ("}}': None,
    f'\\text{{\\") + read("{SECRET}") + (\\"}}': MALFORMED,
    f'\\mbox{{#read("{SECRET}")}}': None,
    f'\\text{{]] #import "{HTTP}/x.typ" [[}}': None,
    f'\\tag{{") #read("{SECRET}") ("}} x': NOT_SET,
    "\\# read": None,
    "x \\quad // y \\quad /* z": None,
    f'#read("{SECRET}")': MALFORMED,
    f'\\operatorname{{") #read("{SECRET}") ("}}': MALFORMED,
    f'\\color{{x") #read("{SECRET}") ("}} x': NOT_SET,
    "\\text{</mtext><script>alert(1)</script>}": None,
    "\\text{</annotation></semantics></math><img src=x onerror=alert(1)>}": None,
    "<script>alert(1)</script>": None,
    "\\href{javascript:alert(1)}{x}": MALFORMED,
    f"\\url{{{HTTP}/url}}": MALFORMED,
    f"\\input{{{SECRET}}}": MALFORMED,
    f"\\includegraphics{{{SECRET}}}": MALFORMED,
    "\\htmlClass{x}{y}": MALFORMED,
    "\\htmlStyle{background:url(x)}{y}": MALFORMED,
    "\\unicode{x3c}": MALFORMED,
    "\\require{html}x": MALFORMED,
    "\\def\\a{\\a\\a}\\a": NOT_SET,
    "\\newcommand{\\a}{\\b\\b}\\newcommand{\\b}{\\a\\a}\\a": MALFORMED,
    "\\catcode`\\@=0 @input x": MALFORMED,
}


def pages() -> list[Page]:
    return [
        text(f"formula: {tex[:40]}", f"Text\n\nA ${tex}$ b.", says, formats=("html",) if says else ("html", "pdf"))
        for tex, says in FORMULAS.items()
    ]
