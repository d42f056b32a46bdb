"""The MathML of pandoc, made to say what LaTeX means: the screen shows it, and print is made from it."""

import itertools
import re
from typing import TYPE_CHECKING

from report_cli.report.html.latex import CARRIED, CARRIER, STACKED, has_upright_bold, is_display

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

THIN = "thin"  # the class of space beside a name, which typst sets by itself
SMALL = "font-size: 0.7em"  # scriptlevel isn't allowed on a table
PAIR = re.compile(r"padding-(right|left): 0")
_UPRIGHT = {0x1D468 + letter: 0x1D400 + letter for letter in range(52)}  # bold letters, from slanted to upright
_BESIDE = {"munder": "msub", "mover": "msup", "munderover": "msubsup"}
_BELOW = {beside: below for below, beside in _BESIDE.items()}
_SCRIPTED = (*_BESIDE, *_BELOW)
_PLACED = (*_SCRIPTED, "mfrac", "mroot")  # whose parts are told by their places
_IN_SCRIPT = f"ancestor::*[preceding-sibling::*][parent::{' or parent::'.join(_SCRIPTED)}]"
_SIGNS = set("∑∏∐⋃⋂⨁⨂⨀⨄⋁⋀⨆")
_BINARY = set("+−±∓⋅×∗")
_BARS = {"∥": "‖", "∣": "|"}
_ARROWS = {"\u20ee": "←", "\u20ef": "→"}  # those below letters, as browsers stretch them
_NAMES = {CARRIER.format(command[1:]): command for command in CARRIED}
_MARKED = re.compile(r"\\var(?:lim|inj|proj)")  # which pandoc has beside: it reads a name with a bar or an arrow
_LINES = ("align", "gather", "split", "eqnarray")
_TABLES = re.compile(r"\\begin\{(?!equation)(\w+)|\\(substack)(?![A-Za-z])")


def finish(markup: str, tex: str, *, display: bool) -> "Element":
    """Return pandoc's MathML of `tex` in the form that both media use."""
    from lxml import etree

    try:
        math = etree.fromstring(markup.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "", 1))
    except etree.XMLSyntaxError as error:  # nested hundreds of levels deep
        raise RuntimeError(f"error: {error}") from error
    is_high = is_display(tex, display)
    if is_high != display:
        math.set("displaystyle", str(is_high).lower())
    math.set("display", "block" if display else "inline")
    # Pandoc forgets which environment a table was; they come in the order in which they are written.
    tables, names = list(math.iter("mtable")), ["".join(pair) for pair in _TABLES.findall(tex)]
    for table, name in zip(tables, names, strict=False):
        table.set("class", name)
    for node in list(math.iter()):
        _settle(node, tex)
    for row in list(math.iter("mrow", "mtd", "mstyle")):
        _pair_bars(row)
    _place(math, is_high, tex)
    for node in list(math.iter()):
        _space(node)
    for node in list(math.iter("mrow", *_SCRIPTED)):
        _space_inner(node)
    return math


def is_name(node: "Element") -> bool:
    """Return whether a node is the name of a function like lim, perhaps with a bar above or an arrow below."""
    if node.tag in ("mover", "munder") and node[1].get("accent"):
        return is_name(node[0])
    if node.tag == "mrow" and len(node) == 2 and node[1].text == "\u2061":
        return True
    return node.tag == "mi" and len(node.text or "") > 1 and node.get("mathvariant") == "normal"


def _settle(node: "Element", tex: str) -> None:
    """Correct what is wrong about one element, wherever it stands."""
    match node.tag:
        case "mi":
            _settle_letter(node, tex)
        case "mo":
            _settle_sign(node, tex)
        case "menclose":  # browsers no longer draw it
            node.tag = "mrow"
            node.attrib.pop("notation")
            node.set("style", "border: thin solid; padding: 3pt")
        case "munder" if (command := _NAMES.get((node[1].text or "").strip())) is not None:
            _carry(node, command)
        case "mover" if sum(len(letter.text or "") for letter in node[0].iter("mi", "mn")) == 1:
            # A hat over one letter is as wide as it is drawn; browsers would draw it as wide as they can.
            if node[1].get("accent") == "true":
                node[1].set("stretchy", "false")
        case "mtable" if len(node) > 1 and not "".join(node[-1].itertext()).strip():
            node.remove(node[-1])  # \\\\ at the end of the last row begins none
        case "mtd":
            _align(node)
        case "annotation":
            node.text = tex


def _settle_letter(node: "Element", tex: str) -> None:
    upright = (node.text or "").translate(_UPRIGHT)
    if has_upright_bold(tex) and upright != node.text:  # LaTeX has its letters upright; pandoc slants them.
        node.text = upright
        node.set("mathvariant", "bold")
    elif node.text == "∇":
        node.set("mathvariant", "normal")


def _settle_sign(node: "Element", tex: str) -> None:
    text, parent = node.text or "", node.getparent()
    if node.get("form"):
        if text == "‖" and not node.get("minsize"):
            node.set("stretchy", "false")  # \lVert is as high as a bracket, and only \left\lVert grows
        node.text = _BARS.get(text, text)
        if text == STACKED[0] and node.get("stretchy") == "true" and text not in tex and parent is not None:
            _stack(parent)
    elif text == "*":
        node.text = "∗"
    elif text == ":":
        node.set("lspace", "0.278em")
        node.set("rspace", "0.278em")
    elif parent is not None and text in _ARROWS:
        node.text = _ARROWS[text]
        parent.tag = "munder"
    elif text == "¯" and node.get("accent"):
        node.text = "‾"  # which the font can stretch
    if parent is not None and parent.tag in _SCRIPTED and node.get("minsize") and node is parent[0]:
        row = node.makeelement("mrow", {})  # without a row of its own, browsers leave it at its natural size
        parent.replace(node, row)
        row.append(node)


def _pair_bars(row: "Element") -> None:
    r"""Let plain bars open and close as \lvert and \rvert do, where each of them finds its partner.

    Pandoc has all bars of a kind alike, and takes a sign behind any of them for one before a number.
    """
    signs = [node[0] if node.tag in _SCRIPTED else node for node in row]
    forms: dict[Element, str] = {}
    opened: list[str] = []
    asks = True
    for sign in signs:
        text, form = sign.text or "", sign.get("form", "")
        if text in _BARS.values() and form and sign.get("stretchy") == "false" and not sign.get("minsize"):
            # It opens where none of its kind is open, and behind what asks for something.
            form = forms[sign] = "prefix" if asks or text not in opened else "postfix"
        if form == "prefix":
            opened.append(text)
        elif form == "postfix":
            last = opened.pop() if opened else ""
            if last != text and (last in _BARS.values() or text in _BARS.values()):
                return
        asks = text in _BINARY or (sign.tag == "mo" and form != "postfix")
    if set(opened).intersection(_BARS.values()):
        return
    for sign, form in forms.items():
        sign.set("form", form)
    for before, sign in itertools.pairwise(signs):
        if forms.get(before) == "postfix" and sign.tag == "mi" and sign.text in _BINARY:
            sign.tag = "mo"


def _stack(row: "Element") -> None:
    """Make the fraction between the brackets of STACKED that of \\dbinom, or of \\tbinom: it has no style."""
    opening, inner, closing = row
    opening.text, closing.text = "(", ")"
    if inner.tag == "mfrac":
        style = inner.makeelement("mstyle", {"displaystyle": "false"})
        row.replace(inner, style)
        style.append(inner)
    else:
        inner = inner[0]
    inner.set("linethickness", "0")


def _carry(node: "Element", command: str) -> None:
    """Turn what stood for a command into it."""
    inner = node[0]
    node.clear()
    node.tag = "mpadded"
    for size in ("height", "depth") if command == r"\hphantom" else ("width",):
        node.set(size, "0")
    phantom = node.makeelement("mphantom", {})
    phantom.append(inner)
    node.append(phantom)


def _align(cell: "Element") -> None:
    """Align a cell so that browsers do so, too: their own style centres, and a plain text-align stops all."""
    side, padding = cell.get("columnalign", "center"), PAIR.search(cell.get("style", ""))
    is_tight = any(table.get("class") in ("alignat", "alignedat") for table in list(cell.iterancestors("mtable"))[:1])
    cell.attrib.pop("style", None)
    if side != "center":
        style = f"text-align: {side}; text-align: -webkit-{side}"
        if padding is not None:
            style += "; padding-left: 0; padding-right: 0" if is_tight else f"; {padding[0]}"
        cell.set("style", style)


def _place(node: "Element", is_high: bool, tex: str) -> None:
    """Set scripts of signs and names below and above, or beside, as the style at their place has them."""
    if node.tag in _SCRIPTED and not node[-1].get("accent"):
        is_sign = node[0].text in _SIGNS
        if not is_high and (is_sign or is_name(node[0])) and r"\limits" not in tex:
            node.tag = _BESIDE.get(str(node.tag), str(node.tag))
        elif is_high and (is_sign or _is_marked_name(node[0], tex)) and r"\nolimits" not in tex:
            node.tag = _BELOW.get(str(node.tag), str(node.tag))
        if is_sign and node.tag in _BESIDE:
            node[0].set("movablelimits", "false")
    elif node.tag == "mtable":
        is_high = any(PAIR.search(cell.get("style", "")) for cell in node.iter("mtd"))
        if is_high := is_high or node.get("class", "").startswith(_LINES):
            node.set("displaystyle", "true")
        if node.get("class") == "smallmatrix":
            node.set("style", SMALL)
    for index, child in enumerate(node):
        is_low = node.tag in ("mfrac", "mroot") or (index > 0 and node.tag in _SCRIPTED)
        style = child.get("displaystyle") or str(is_high and not is_low).lower()
        _place(child, style == "true", tex)


def _is_marked_name(node: "Element", tex: str) -> bool:
    return node.tag in ("mover", "munder") and is_name(node) and _MARKED.search(tex) is not None


def _space(node: "Element") -> None:
    """Set the thin space of LaTeX between a name and what it is applied to, or what stands before it."""
    parent = node.getparent()
    applied = node[0] if node.tag in _SCRIPTED else node
    if parent is None or parent.tag not in ("mrow", "mtd", "mstyle", "semantics") or not is_name(applied):
        return
    after, before = node.getnext(), node.getprevious()
    thin = {"class": THIN, "width": "0.167em"}
    if after is not None and after.tag not in ("mo", "mspace", "annotation") and not _is_enclosed(after):
        node.addnext(node.makeelement("mspace", thin))
    if before is not None and (before.tag not in ("mo", "mspace") or before.get("form") == "postfix"):
        node.addprevious(node.makeelement("mspace", thin))


def _space_inner(node: "Element") -> None:
    r"""Set the thin space of LaTeX between what \left and \right enclose and letters or brackets beside it."""
    parent = node.getparent()
    if not _is_inner(node) or parent is None or parent.tag in _PLACED or node.xpath(_IN_SCRIPT):
        return
    after, before = node.getnext(), node.getprevious()
    while before is not None and before.tag == "mspace":
        before = before.getprevious()
    thin = {"width": "0.167em"}
    if before is not None and (before.tag != "mo" or before.get("form") == "postfix"):
        node.addprevious(node.makeelement("mspace", thin))
    if after is None or after.tag in ("mspace", "annotation") or _is_inner(after):
        return
    if after.tag != "mo" or after.get("form") == "prefix":
        node.addnext(node.makeelement("mspace", thin))


def _is_inner(node: "Element") -> bool:
    row = node[0] if node.tag in _SCRIPTED else node
    is_grown = _is_enclosed(node) and row[0].get("stretchy") == "true"
    return is_grown and not row.xpath("*[2]/descendant-or-self::*[@linethickness]")  # no binomial


def _is_enclosed(node: "Element") -> bool:
    base = node[0] if node.tag in _SCRIPTED else node
    return base.tag == "mrow" and len(base) > 0 and base[0].get("form") == "prefix"
