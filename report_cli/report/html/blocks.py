"""What an author sets apart: numbered listings, figures of several parts, theorems and their kind, pages across."""

import re
from typing import TYPE_CHECKING

from report_cli.errors import UsageError
from report_cli.report.text.lines import Places

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# The kinds of blocks that are counted, each by itself, and how their labels begin.
THEOREMS = {
    "theorem": "thm",
    "lemma": "lem",
    "proposition": "prp",
    "corollary": "cor",
    "definition": "def",
    "example": "exm",
}
PROOF = "proof"
END_OF_PROOF = "\N{NO-BREAK SPACE}□"
LANDSCAPE = "landscape"
# So many parts of a figure stand side by side.
MOST_COLUMNS = 3
MOST_PARTS = 26  # They have letters.
# What is Markdown, where only plain text is shown.
_MARKDOWN = re.compile(r"\$[^$]+\$|`[^`]+`|\*[^*\s][^*]*\*|\]\(|\[?@[a-z]|\[\^")


def set_apart(body: "HtmlElement", places: Places) -> None:
    """Give blocks their shapes; `numbering` gives them their numbers.

    Raises:
        UsageError: a block lacks a caption or a part, has one too many, or a label of another kind.
    """
    _set_listings(body, places)
    for block in body.xpath(".//div[starts-with(@id, 'fig-') or starts-with(@id, 'lst-')]"):
        _set_caption(block, places)
    for listing in body.xpath(".//pre[starts-with(@id, 'lst-')] | .//div[@id and @class='sourceCode']"):
        if listing.get("id").startswith("lst-"):
            where = places.of_label(listing.get("id"))
            raise UsageError(
                f"{where}: the listing {listing.get('id')!r} has no caption", 'add caption="what it shows"'
            )
    _check_theorems(body, places)
    for element in body.find_class(LANDSCAPE):
        if element.tag != "div":
            where = places.of_class(LANDSCAPE)
            raise UsageError(
                f"{where}: a page across is a block", f"write ::: {{.{LANDSCAPE}}} before and ::: after it"
            )


def title(block: "HtmlElement", words: str) -> None:
    """Let a theorem or a proof begin with `words`, and with the name that its author gives it."""
    name = block.attrib.pop("name", "")
    label = block.makeelement("span", {"class": "kind"})
    label.text = f"{words} ({name})." if name else f"{words}."
    if block[0].tag != "p":
        block.insert(0, block.makeelement("p", {}))
    first = block[0]
    label.tail, first.text = f" {(first.text or '').lstrip()}", None
    first.insert(0, label)


def end(proof: "HtmlElement") -> None:
    """Let a proof end with its sign."""
    sign = proof.makeelement("span", {"class": "qed"})
    sign.text = END_OF_PROOF
    if proof[-1].tag != "p":
        proof.append(proof.makeelement("p", {}))
    proof[-1].append(sign)


def _set_listings(body: "HtmlElement", places: Places) -> None:
    """Make a figure of each block of code that has a caption."""
    for code in body.xpath(".//*[@data-caption]"):
        caption, label = code.attrib.pop("data-caption"), code.attrib.pop("id", "")
        where = places.of_label(label) if label else places.of_text(f'caption="{caption}')
        if code.tag == "div" and code.get("class") != "sourceCode":
            raise UsageError(f"{where}: caption= belongs to code", "the last paragraph of a block is its caption")
        _check_plain(caption, where, "write ::: {#lst-name}, the code, the caption as Markdown, :::")
        _check_label(label, "lst", where)
        words = code.makeelement("figcaption", {})
        words.text = caption
        _figure(code, label, words)


def _figure(code: "HtmlElement", label: str, caption: "HtmlElement") -> "HtmlElement":
    figure = code.makeelement("figure", {"class": "listing", **({"id": label} if label else {})})
    figure.tail, code.tail = code.tail, None
    code.getparent().replace(code, figure)
    figure.extend([code, caption])
    return figure


def _set_caption(block: "HtmlElement", places: Places) -> None:
    """Make a figure of a block with the label of a figure or listing: its last paragraph is the caption."""
    label = block.get("id")
    where, kind = places.of_label(label), block.get("class", "")
    if kind == "sourceCode":
        return
    parts = list(block)
    caption = parts.pop() if parts else block
    if caption.tag != "p":
        raise UsageError(f"{where}: the block {label!r} has no caption", "write it as its last paragraph")
    if label.startswith("lst-"):
        if len(parts) != 1 or not (parts[0].tag == "pre" or parts[0].get("class") == "sourceCode"):
            raise UsageError(
                f"{where}: the listing {label!r} is not one block of code", "above its caption, code alone"
            )
    elif any(part.tag != "figure" for part in parts) or not 2 <= len(parts) <= MOST_PARTS:
        hint = "above its caption it has two or more figures or images, each in a paragraph of its own"
        raise UsageError(f"{where}: the figure {label!r} has no parts side by side", hint)
    block.tag, caption.tag = "figure", "figcaption"
    if label.startswith("lst-"):
        block.set("class", f"listing {kind}".strip())
        return
    rows = -(-len(parts) // MOST_COLUMNS)
    row = block.makeelement("div", {"class": f"parts of-{-(-len(parts) // rows)}"})
    block.set("class", f"several {kind}".strip())
    row.extend(parts)
    block.insert(0, row)


def _check_theorems(body: "HtmlElement", places: Places) -> None:
    for kind, prefix in (*THEOREMS.items(), (PROOF, "")):
        for count, block in enumerate(block for block in body.find_class(kind) if block.tag == "div"):
            where = places.of_block(kind, count)
            if not len(block):
                raise UsageError(f"{where}: the {kind} is empty", "write its text before the :::")
            _check_label(block.get("id", ""), prefix, where)
            _check_plain(block.get("name", ""), where, "a name is plain text: say the rest in the block")
    for block in body.xpath(".//div[@name]"):
        if not {*THEOREMS, PROOF}.intersection(block.classes):
            where = places.of_text(f'name="{block.get("name")}"')
            raise UsageError(
                f"{where}: name= belongs to a theorem and its kind", f"known: {', '.join(THEOREMS)}, {PROOF}"
            )
    for block in body.xpath(".//div[@id]"):
        prefix, hyphen, _ = block.get("id").partition("-")
        kinds = [kind for kind, begins in THEOREMS.items() if hyphen and begins == prefix]
        if kinds and kinds[0] not in block.classes:
            where = places.of_label(block.get("id"))
            raise UsageError(
                f"{where}: {block.get('id')!r} is the label of no {kinds[0]}", f"write ::: {{.{kinds[0]} #...}}"
            )


def _check_label(label: str, prefix: str, where: str) -> None:
    if label and prefix and not label.startswith(f"{prefix}-"):
        raise UsageError(f"{where}: the label {label!r} must start with {prefix}-")


def _check_plain(text: str, where: str, hint: str) -> None:
    if markdown := _MARKDOWN.search(text):
        raise UsageError(f"{where}: {markdown[0]!r} would be shown as text", hint)
