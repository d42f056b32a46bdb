"""Formulas for print: from the MathML of the screen to the language of typst."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from report_cli.report.html.mathml import PAIR, SMALL, THIN, is_name

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LIMITS = ("munder", "mover", "munderover")
SCRIPTS = ("msub", "msup", "msubsup", *LIMITS)
ACCENTS = {"→": "\u20d7", "‾": "\u0304"}
OVER = {"⏞": "overbrace"}
UNDER = {"⏟": "underbrace", "_": "underline", "\u0331": "underline"}
BELOW = {"←": "\u20ee", "→": "\u20ef"}
ARROWS = set("←→↔⇐⇒⇔↦↩↪↼⇀⇌⇋")
EMPTY = '""'
CLASSES = {"prefix": "opening", "postfix": "closing"}


def write(math: "Element") -> str:
    """Return an equation of typst.

    Raises:
        RuntimeError: the MathML has an element that print can't set.
    """
    return f"${_style(math)}({_row(list(math)) or EMPTY})$"


def _set(node: "Element") -> str:
    if node.tag in PARTS:
        return PARTS[str(node.tag)](node)
    raise RuntimeError(f"error: print can't set <{node.tag}>")


def _row(nodes: "list[Element]") -> str:
    """Return nodes side by side; what grows with its content encloses it."""
    if len(nodes) == 2 and nodes[1].text == "\u2061":
        return f"op({_letters(nodes[0])}, limits: #false)"
    signs = [node[0] if node.tag in SCRIPTS else node for node in nodes]
    bars = [sign for sign in signs if sign.text in ("|", "‖") and sign.tag == "mo"]
    # Bars that have no partners are all alike, and stand by themselves.
    alone = len({bar.get("form") for bar in bars}) == 1
    parts = [""]
    for node in nodes:
        if not _grows(node):
            parts[-1] += _sign(node, plain=alone) if node in bars else _set(node)
        elif node.get("form") == "prefix":
            parts.append(_sign(node))
        elif node.get("form") == "postfix":
            parts[-2:] = ["".join(parts[:-2][-1:]) + f"lr({parts[-1]}{_sign(node)})"]
        else:
            parts[-1] += f"mid({_characters(node)})"
    while len(parts) > 1:
        parts[-2:] = [f"{parts[-2]}lr({parts[-1]})"]
    return parts[0]


def _grows(node: "Element") -> bool:
    return node.tag == "mo" and node.get("stretchy") == "true" and not node.get("minsize") and bool(node.get("form"))


def _characters(node: "Element") -> str:
    # An escaped character is no syntax, and without spaces between them none is set.
    return "".join(f"\\u{{{ord(character):x}}}" for character in node.text or "")


def _sign(node: "Element", *, plain: bool = False) -> str:
    kind, sign = CLASSES.get(node.get("form", ""), ""), _characters(node)
    if node.text in ("\u2061", "", None):
        return ""
    if kind:
        sign = f'class("{"normal" if plain else kind}", {sign})'
    if size := node.get("minsize"):
        return f"lr({sign}, size: #{float(size.rstrip('%')) / 100}em)"
    return sign


def _letters(node: "Element") -> str:
    if is_name(node):
        return _string(node)
    upright = node.get("mathvariant") == "normal"
    # A sign that pandoc has as a letter has no space around it, as a minus before a number.
    plain = len(node.text or "") == 1 and not (node.text or "").isalpha()
    letters = f'class("normal", {_characters(node)})' if plain else _characters(node)
    return f"upright({letters})" if upright else letters


def _string(node: "Element") -> str:
    text = (node.text or "").replace("\\", "\\\\").replace('"', '\\"')
    return f'upright("{text}")'


def _text(node: "Element") -> str:
    # Pandoc sets the space at either end beside the text, as browsers leave it out.
    node.text = (node.text or "").strip(" ")
    return _string(node) if node.text else ""


def _space(node: "Element") -> str:
    return "" if node.get("class") == THIN else f"#h({node.get('width', '0em')});"


def _scripts(node: "Element") -> str:
    base, *scripts = node
    if node.tag in LIMITS and len(scripts) == 1 and scripts[0].get("accent") == "true" and scripts[0].text:
        return _accent(node, base, scripts[0].text or "")
    inner = _set(base) or EMPTY
    if is_name(base):
        inner = f"op({_set(base)}, limits: #false)" if base.tag != "mrow" else _set(base)
    elif node.tag in LIMITS and base.text in ARROWS:
        inner = f"stretch({inner}, size: #(100% + 0.8em))"
    inner = f"{'limits' if node.tag in LIMITS else 'scripts'}({inner})"
    places = {"msub": "b", "munder": "b", "msup": "t", "mover": "t"}.get(str(node.tag), "bt")
    written = [f"{place}: {_set(script) or EMPTY}" for place, script in zip(places, scripts, strict=True)]
    return f"attach({inner}, {', '.join(written)})"


def _accent(node: "Element", base: "Element", mark: str) -> str:
    inner = _set(base)
    named = (OVER if node.tag == "mover" else UNDER).get(mark)
    if mark == "‾" and node[1].get("stretchy") != "false":
        named = "overline"
    if named is not None:
        return f"{named}({inner})"
    sign = ACCENTS.get(mark, mark) if node.tag == "mover" else BELOW.get(mark, mark)
    return f"accent({inner}, \\u{{{ord(sign[0]):x}}})"


def _fraction(node: "Element") -> str:
    above, below = map(_set, node)
    if node.get("linethickness") == "0":
        return f"mat(delim: #none, row-gap: #0.3em, {above}; {below})"
    return f"frac({above}, {below})"


def _table(node: "Element") -> str:
    style = "script" if node.get("style") == SMALL or _style(node) == "script" else _style(node[0])
    rows, gap = [], "0.4em" if style == "script" else "0.8em"
    for row in node:
        cells, right = [], ""
        for cell in row:
            content = _row(list(cell))
            is_pair = PAIR.search(cell.get("style", "")) is not None
            match cell.get("columnalign"):
                case "right" if is_pair:
                    right = f"{style}({content} &"
                    continue
                case "left" if is_pair:
                    cells.append(f"{right or style + '( &'} {content})")
                    gap, right = "0em" if cell.get("style", "").count("padding") == 2 else "2em", ""
                case "right":
                    cells.append(f"{style}({content} &)")
                case "left":
                    cells.append(f"{style}(& {content})")
                case _:
                    cells.append(f"{style}({content or EMPTY})")
        rows.append(", ".join([*cells, *([right + ")"] if right else [])]))
    row_gap = {"display": "0.65em", "inline": "0.35em", "script": "0.2em"}[style]
    return f"mat(delim: #none, column-gap: #{gap}, row-gap: #{row_gap}, {'; '.join(rows)})"


def _style(node: "Element") -> str:
    """Return the style that the parent of a node has for it."""
    parent = node.getparent()
    if parent is None:
        return (
            "display" if node.get("displaystyle", str(node.get("display") == "block").lower()) == "true" else "inline"
        )
    if parent.tag in SCRIPTS and node is not parent[0]:
        return "script"
    if high := parent.get("displaystyle"):
        return "display" if high == "true" else "inline"
    inherited = _style(parent)
    return "inline" if parent.tag in ("mfrac", "mtable") and inherited == "display" else inherited


def _group(node: "Element") -> str:
    inner = _row(list(node))
    if "border" in node.get("style", ""):
        return f"#box(stroke: 0.4pt, inset: 3pt, $display({inner})$);"
    if high := node.get("displaystyle"):
        return f"{'display' if high == 'true' else 'inline'}({inner})"
    return inner


def _padded(node: "Element") -> str:
    inner = _row(list(node[0]))
    if node.get("width"):
        return f"#box(width: 0pt, hide(${_style(node)}({inner})$));"
    return f"#context h(measure(${_style(node)}({inner})$).width);"


PARTS: "dict[str, Callable[[Element], str]]" = {
    "mrow": _group,
    "mstyle": _group,
    "semantics": lambda node: _set(node[0]),
    "mi": _letters,
    "mn": _characters,
    "mo": _sign,
    "mtext": _text,
    "mspace": _space,
    "mfrac": _fraction,
    "msqrt": lambda node: f"sqrt({_row(list(node))})",
    "mroot": lambda node: f"root({_set(node[1])}, {_set(node[0])})",
    "mtable": _table,
    "mphantom": lambda node: f"#hide(${_row(list(node))}$);",
    "mpadded": _padded,
    **dict.fromkeys(SCRIPTS, _scripts),
}
