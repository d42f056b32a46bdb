"""Formulas in words, for whoever listens to the page."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

SIGNS = {
    "=": "equals", "+": "plus", "−": "minus", "-": "minus", "×": "times", "⋅": "times", "·": "times", "/": "over",
    "<": "is less than", ">": "is greater than", "≤": "is at most", "≥": "is at least", "≈": "is about",
    "≠": "is not equal to", "∈": "in", "∑": "the sum", "∏": "the product", "∂": "d", "→": "to", "∗": "convolved with",
    "∞": "infinity", "⌊": "the floor of", "⌋": "", "⌈": "the ceiling of", "⌉": "", "(": "(", ")": ")", "[": "[",
    "]": "]", "{": "{", "}": "}", "|": "|", "∥": "norm", "‖": "norm", "′": "prime", "…": "and so on",
    "⋯": "and so on", "⋮": "and so on", "∫": "the integral", "±": "plus or minus", "∘": "composed with",
    "⊙": "times, element by element", "∇": "gradient", "~": "distributed as", "∼": "distributed as", "%": "percent",
    "": "", "\u2061": "", "\u2062": "", "&": "",
    ",": ",", ".": ".", ";": ";", ":": ":", "!": "factorial", "∣": "given", "≔": "is defined as",
}  # fmt: skip
POWERS = {"2": "squared", "3": "cubed", "⊤": "transposed", "T": "transposed"}


class _UnspeakableError(Exception):
    """A formula has a part for which there are no words here."""


def speak(mathml: str) -> str | None:
    """Return the formula in words, or None where there are none: its TeX is the better text then."""
    from lxml import html

    try:
        words = _say(html.fragment_fromstring(mathml))
    except _UnspeakableError:
        return None
    return " ".join(words.replace(" ,", ",").replace("( ", "(").replace(" )", ")").split())


def _say(node: "HtmlElement") -> str:
    name = str(node.tag)
    if name == "semantics":
        return _say(node[0])
    if name in ("math", "mrow", "mstyle", "mpadded", "mtd"):
        return " ".join(_say(child) for child in node)
    if name in ("mi", "mn", "mtext"):
        return " ".join((node.text or "").split())
    if name == "mspace":
        return ""
    if name == "mo":
        sign = (node.text or "").strip()
        if sign not in SIGNS:
            raise _UnspeakableError(sign)
        return SIGNS[sign]
    if name == "mtable":
        return _table(node)
    return _shape(name, [_say(child) for child in node])


def _table(node: "HtmlElement") -> str:
    rows = [", ".join(_say(cell) for cell in row) for row in node]
    return f"the matrix with rows: {'; '.join(rows)};"


def _shape(name: str, parts: list[str]) -> str:
    match name, parts:
        case "mfrac", [above, below]:
            return f"{_group(above)} over {_group(below)}"
        case "msup", [base, power]:
            return f"{base} {POWERS.get(power) or f'to the power {_group(power)}'}"
        case "msub", [base, index]:
            return f"{base} sub {_group(index)}"
        case "msubsup", [base, index, power]:
            return f"{base} sub {_group(index)}, upper {_group(power)},"
        case "munder", [base, below]:
            return f"{base} over {below} of"
        case "munderover", [base, below, above]:
            return f"{base} from {below} to {above} of"
        case "msqrt", _:
            return f"the square root of {_group(' '.join(parts))}"
        case _:
            raise _UnspeakableError(name)


def _group(words: str) -> str:
    return f"({words})" if " " in words.strip() else words
