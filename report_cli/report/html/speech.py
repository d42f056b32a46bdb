"""Formulas in words, for whoever listens to the page."""

import unicodedata
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Signs whose names in Unicode are not what is said.
SIGNS = {
    "=": "equals", "+": "plus", "−": "minus", "-": "minus", "×": "times", "⋅": "times", "·": "times", "/": "over",
    "<": "is less than", ">": "is greater than", "≤": "is at most", "≥": "is at least", "≈": "is about",
    "≠": "is not equal to", "≡": "is congruent to", "∝": "is proportional to", "≪": "is much less than",
    "≫": "is much greater than", "∼": "distributed as", "~": "distributed as", "≔": "is defined as",
    "≜": "is defined as", "∈": "in", "∉": "not in", "⊂": "is a proper subset of", "⊆": "is a subset of",
    "∪": "united with", "∩": "intersected with", "∖": "without", "\\": "without", "∅": "the empty set", "∀": "for all",
    "∃": "there is", "¬": "not", "∧": "and", "∨": "or", "⇒": "implies", "⇔": "if and only if", "→": "to",
    "↦": "maps to", "←": "becomes", "⟂": "is perpendicular to", "⊥": "is perpendicular to", "∂": "partial",
    "∇": "gradient", "∞": "infinity", "∗": "convolved with", "*": "star", "∘": "composed with",
    "⊙": "times, element by element", "⊕": "direct sum", "⊗": "tensor product", "±": "plus or minus",
    "⌊": "the floor of", "⌋": "", "⌈": "the ceiling of", "⌉": "", "⟨": "the inner product of", "⟩": "",
    "′": "prime", "″": "double prime", "…": "and so on", "⋯": "and so on", "⋮": "and so on", "⋱": "and so on",
    "%": "percent", "!": "factorial", "∣": "given", "∥": "parallel to", "(": "(", ")": ")", "[": "[", "]": "]",
    "{": "{", "}": "}", ",": ",", ".": ".", ";": ";", ":": ":", "&": "and", "|": "given",
    "": "", "\u2061": "", "\u2062": "", "\u2063": "", "\u2064": "",
}  # fmt: skip
# What takes its bounds from below and above, or beside it where a line of text leaves no room.
LARGE = {
    "∑": "the sum", "∏": "the product", "∫": "the integral", "∬": "the double integral", "∮": "the closed integral",
    "⋃": "the union", "⋂": "the intersection", "lim": "the limit", "max": "the maximum", "min": "the minimum",
    "sup": "the supremum", "inf": "the infimum", "argmax": "the argument of the maximum",
    "argmin": "the argument of the minimum",
}  # fmt: skip
POWERS = {
    "2": "squared", "3": "cubed", "⊤": "transposed", "T": "transposed", "∘": "degrees", "′": "prime",
    "″": "double prime", "*": "star", "∗": "star", "†": "dagger",
}  # fmt: skip
ACCENTS = {
    "^": "hat", "\u0302": "hat", "¯": "bar", "‾": "bar", "\u0304": "bar", "~": "tilde", "\u0303": "tilde",
    "→": "vector", "\u20d7": "vector", "\u0307": "dot", "˙": "dot", "\u0308": "double dot", "_": "underlined",
}  # fmt: skip
BRACES = ("⏟", "⏞", "︸", "︷")
LETTERS = {
    "ℝ": "the real numbers", "ℕ": "the natural numbers", "ℤ": "the integers", "ℚ": "the rational numbers",
    "ℂ": "the complex numbers", "𝔼": "the expectation", "ℙ": "the probability", "ℏ": "h bar", "ℓ": "l", "𝟙": "one",
}  # fmt: skip
STYLES = {"DOUBLE-STRUCK": "double-struck", "SCRIPT": "script", "FRAKTUR": "fraktur", "BLACK-LETTER": "fraktur"}
PAIRS = {"|": "the absolute value of", "‖": "the norm of", "∥": "the norm of"}


class _UnspeakableError(Exception):
    """A formula has a part for which there are no words here."""


def speak(mathml: str) -> str | None:
    """Return the formula in words, or None where there are none: its TeX is the better text then."""
    from lxml import html

    try:
        words = _say(html.fragment_fromstring(mathml))
    except (_UnspeakableError, RecursionError):
        return None
    words = " ".join(words.split()).replace("arg the ", "the argument of the ")
    for sign, tight in ((" ,", ","), (" ;", ";"), ("( ", "("), (" )", ")"), (",,", ","), (",;", ";")):
        words = words.replace(sign, tight)
    return words.rstrip(",;")


def _say(node: "HtmlElement") -> str:
    name = str(node.tag)
    match name:
        case "semantics":
            return _say(node[0])
        case "math" | "mrow" | "mstyle" | "mpadded" | "mtd" | "menclose":
            return _row(list(node))
        case "mtext":
            return " ".join((node.text or "").split())
        case "mi" | "mn":
            return _letters((node.text or "").strip())
        case "mo":
            sign = (node.text or "").strip()
            return SIGNS[sign] if sign in SIGNS else " ".join(unicodedata.name(c, "").lower() for c in sign)
        case "mspace" | "mphantom":
            return ""
        case "mtable":
            return _table(node, fence="")
        case "msqrt" if len(node):
            return f"the square root of {_group(_row(list(node)))}"
        case _:
            return _shape(name, node)


def _row(nodes: Sequence["HtmlElement"]) -> str:
    """Return the words of nodes side by side, some of which belong together."""
    words, at = [], 0
    while at < len(nodes):
        node, sign = nodes[at], _mo(nodes[at])
        end = next((i for i in range(at + 1, len(nodes)) if sign in PAIRS and _mo(nodes[i]) == sign), 0)
        after = nodes[at + 1] if at + 1 < len(nodes) else None
        if sign and after is not None and after.tag == "mtable":
            closed = at + 2 < len(nodes) and _mo(nodes[at + 2]) != ""
            words.append(_table(after, fence=sign if closed else "cases"))
            at += 3 if closed else 2
        elif end:
            words.append(f"{PAIRS[sign]} {_group(_row(nodes[at + 1 : end]))},")
            at = end + 1
        elif sign == "(" and after is not None and after.get("linethickness") == "0":
            words.append(_say(after))
            at += 3
        else:
            # Upright single letters spell one word.
            word = [other.text for other in takewhile(_is_upright_letter, nodes[at:])]
            words.append("".join(word) if len(word) > 1 else _say(node))
            at += max(len(word), 1)
    return " ".join(words)


def _is_upright_letter(node: "HtmlElement") -> bool:
    letter = node.text or ""
    return node.tag == "mi" and node.get("mathvariant") == "normal" and len(letter) == 1 and letter.isalpha()


def _mo(node: "HtmlElement") -> str:
    return (node.text or "").strip() if node.tag == "mo" else ""


def _letters(text: str) -> str:
    """Return letters as they are, Greek ones by name, those of another style with the name of the style."""
    if text in SIGNS:
        return SIGNS[text]
    return text if text.isascii() else " ".join(map(_letter, text))


def _letter(letter: str) -> str:
    if letter in LETTERS or letter in SIGNS:
        return LETTERS.get(letter) or SIGNS[letter]
    plain = unicodedata.normalize("NFKC", letter)
    styled = unicodedata.name(letter, "")
    style = next((name for word, name in STYLES.items() if word in styled.split()), "")
    if not style and styled.startswith("MATHEMATICAL") and "BOLD" in styled.split():
        style = "bold"
    kind, _, name = unicodedata.name(plain[0], "").partition(" LETTER ")
    if kind.startswith("GREEK"):
        plain = ("capital " if "CAPITAL" in kind else "") + name.lower()
    elif not plain.isalnum():
        plain = styled.lower()
    return f"{style} {plain}".strip()


def _table(node: "HtmlElement", fence: str) -> str:
    columns = max(len(row) for row in node)
    aligned = any(cell.get("columnalign") == "right" for row in node for cell in row)
    if fence == "cases" or (not fence and (columns == 1 or aligned)):
        lines = "; ".join(" ".join(_say(cell) for cell in row) for row in node)
        return f"one of: {lines};" if fence else f"{lines};"
    rows = [", ".join(_say(cell) for cell in row) for row in node]
    if columns == 1 or len(rows) == 1:
        return f"the {'column' if columns == 1 else 'row'} {', '.join(rows)};"
    kind = "determinant of the matrix" if fence in ("|", "∣") else "matrix"
    return f"the {kind} with rows: {'; '.join(rows)};"


def _shape(name: str, node: "HtmlElement") -> str:
    if not len(node):
        raise _UnspeakableError(name)  # The parser drops what is nested hundreds of levels deep.
    base = node[0].text_content().replace("\u2061", "").strip()
    parts = [_say(child) for child in node]
    if base in LARGE and name in ("msub", "msup", "msubsup", "munder", "munderover"):
        return _large(base, name, parts)
    match name, parts:
        case "mfrac", [above, below]:
            word = "choose" if node.get("linethickness") == "0" else "over"
            return f"{_group(above)} {word} {_group(below)}"
        case "msup", [below, power]:
            return f"{_group(below)} {_power(node[1], power)}"
        case "msub", [below, index]:
            return f"{below} of order {index}," if below.startswith("the norm of") else f"{below} sub {_group(index)}"
        case "msubsup", [below, index, power]:
            return f"{below} sub {_group(index)} {_power(node[2], power)}"
        case (("munder" | "mover"), [inner, mark]):
            return _accent(node, inner, mark)
        case "munderover", [inner, below, above]:
            return f"{inner} with {_group(below)} below and {_group(above)} above"
        case "mroot", [inner, order]:
            root = {"2": "square root", "3": "cube root"}.get(order, f"root of order {order}")
            return f"the {root} of {_group(inner)}"
        case _:
            raise _UnspeakableError(name)


def _large(base: str, name: str, parts: list[str]) -> str:
    match name, parts[1:]:
        case (("msub" | "munder"), [below]):
            return f"{LARGE[base]} {'as' if base == 'lim' else 'over'} {below.rstrip(';')} of"
        case _, [above]:
            return f"{LARGE[base]} up to {above} of"
        case _, [below, above]:
            return f"{LARGE[base]} from {below} to {above} of"
    raise _UnspeakableError(name)


def _power(node: "HtmlElement", words: str) -> str:
    if power := POWERS.get(node.text_content().strip()):
        return power
    in_brackets = words.startswith("(") and words.endswith(")")  # an index, not an exponent
    return f"superscript {words}" if in_brackets else f"to the power {_group(words)}"


def _accent(node: "HtmlElement", inner: str, mark: str) -> str:
    sign = node[1].text_content().strip()
    if sign in BRACES:
        return _group(inner)
    if node[0].tag == node.tag and node[0][1].text_content().strip() in BRACES:
        return f"{inner}, which is {mark},"
    if sign in ACCENTS and node[0].tag != "mo":
        return f"{_group(inner)} {ACCENTS[sign]}"
    return f"{inner} with {_group(mark)} {'below' if node.tag == 'munder' else 'above'}"


def _group(words: str) -> str:
    words = words.strip()
    closed = words.startswith("(") and words.endswith(")") and words.count("(") == 1
    return f"({words.rstrip(',;')})" if " " in words and not closed else words
