"""Which parts of a Markdown text are code: nothing that comes before pandoc may change or follow what stands there.

Source: the manual of pandoc, "Verbatim (code) blocks" and "Verbatim".
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

WITHIN = r"(?:(?!\n[ >]*\n).)+?"  # what is inline reaches over no empty line
TICKED = re.compile(
    rf"(?<!`)(?P<ticks>`{{1,4}})(?!`){WITHIN}(?<!`)(?P=ticks)(?!`)(?P<attributes>\{{[^}}\n]*\}})?", re.DOTALL
)
_FENCE = re.compile(r"[ >]*(`{3,}|~{3,})(.*)")
# What begins an item of a list, a note or a definition: lines below that are indented are its text.
_ITEM = re.compile(
    r"(?P<mark> *(?:[-+*]|\(?(?:\d+|[A-Za-z]|[ivxIVX]+|#|@[\w-]*)[.)]|:|\[\^[^\]\s]+\]:))(?P<space> +|$)"
)
_QUOTE = re.compile(r"(?: {0,3}> ?)+")
# Whoever writes this class on code has its templates filled in.
ASKED = re.compile(r"\s?\.jinja\b")
# Stands in what would be a delimiter of a template and is none, until the template is rendered.
SHIELD = "\ue004"
_DELIMITER = re.compile(r"<(?=[<%#])")


class Block(NamedTuple):
    """A block of code in a text: from its first character to behind its last; `head` is the line of its fence."""

    start: int
    end: int
    head: str = ""
    is_closed: bool = True


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced and indented blocks of code in `text`, in order."""
    start, fence, head = 0, "", ""
    is_blank, is_code, is_quoted = True, False, False
    # The columns at which the text of the open items begins; those around a quotation wait for its end.
    columns: list[int] = []
    around: list[int] = []
    at = 0
    for line in text.splitlines(keepends=True):
        quote = _QUOTE.match(line)
        if (quote is not None) != is_quoted and line.strip() and not fence:
            is_quoted = quote is not None
            columns, around = ([], columns) if is_quoted else (around, [])
        wide = (line[quote.end() :] if quote else line).expandtabs(4)
        indent = len(wide) - len(wide.lstrip(" "))
        opening = _FENCE.match(line)
        if fence:
            if opening and opening[1].startswith(fence) and not opening[2].strip("`~ \n"):
                yield Block(start, at + len(line.rstrip("\n")), head)
                fence, is_blank, is_code = "", False, False
        elif opening and "`" not in opening[2] and (indent < 4 or columns):
            start, fence, head = at, opening[1], opening[2]
        elif not line.strip(" >\n\t"):
            is_blank = True
        else:
            item = _ITEM.match(wide)
            columns = [column for column in columns if column <= indent] if is_blank or item else columns
            deep = indent - (columns[-1] if columns else 0) >= 4
            # A tag of a template is none, however far in it stands.
            is_code = deep and (is_blank or is_code) and not wide.lstrip().startswith(("<%", "<#"))
            if is_code:
                yield Block(at, at + len(line.rstrip("\n")))
            elif item and not deep:
                columns.append(_column(item, indent))
            is_blank = False
        at += len(line)
    if fence:
        yield Block(start, len(text), head, is_closed=False)


def _column(item: re.Match[str], indent: int) -> int:
    """Return the column at which the text of an item begins; of notes and definitions, four behind its mark."""
    if item[0].lstrip().startswith((":", "[^")):
        return indent + 4
    return item.end("mark") + (len(item["space"]) if 0 < len(item["space"]) < 5 else 1)


def blanked(match: re.Match[str]) -> str:
    """Return what matches, blanked out at the same length and with the same lines."""
    return re.sub(r"[^\n]", " ", match[0])


def blank(text: str, spans: Iterable[Block]) -> str:
    """Return `text` with these parts blanked out, at the same length and with the same lines."""
    return spliced(text, ((span.start, span.end, re.sub(r"[^\n]", " ", text[span.start : span.end])) for span in spans))


def spliced(text: str, parts: Iterable[tuple[int, int, str]], outside: Callable[[str], str] = str) -> str:
    """Return `text` with a new text from each start to its end, in order, and `outside` called on all between them."""
    pieces, last = [], 0
    for start, end, new in parts:
        pieces += [outside(text[last:start]), new]
        last = end
    return "".join((*pieces, outside(text[last:])))


def replace_outside(text: str, prose: str, pattern: re.Pattern[str], new: Callable[[re.Match[str]], str]) -> str:
    """Return `text` with what matches in `prose`, the same text with its code blanked out, replaced by `new`."""
    return spliced(text, ((match.start(), match.end(), new(match)) for match in pattern.finditer(prose)))


def shield(text: str) -> str:
    r"""Return a template whose code is no template, but where its class .jinja asks for it. \<< is none, too.

    What is said of code on its fence, such as a caption, is not code.
    """
    found = list(blocks(text))
    spans = [
        (
            b.start + (text[b.start : b.end] + "\n").index("\n") * (bool(b.head) and not ASKED.search(b.head)),
            b.end,
            b.head,
        )
        for b in found
    ]
    spans += [(m.start(), m.end(), m["attributes"] or "") for m in TICKED.finditer(blank(text, found))]
    parts = []
    for start, end, attributes in sorted(spans):
        code, asked = text[start:end], ASKED.search(attributes)
        new = code.replace(asked[0], "", 1) if asked else _DELIMITER.sub(f"<{SHIELD}", code)
        parts.append((start, end, new))
    return spliced(text, parts, _literal)


# What looks like other markup, and would be shown as it is typed: pattern, what it is, and what to write.
_FOREIGN = (
    (re.compile(r"\\begin\{(\w+\*?)\}"), r"\begin{{{0}}} outside a formula", "a formula stands between $$ and $$"),
    (
        re.compile(r"\\\[[^\n]*?\\\]"),
        "{0} is no formula here",
        "write $$...$$; a bracket that is to be shown needs one backslash: \\[1]",
    ),
    (re.compile(r"\\\([^\n]*?\\\)"), "{0} is no formula here", "write $...$; parentheses need no backslash"),
    (
        re.compile(
            r"</?(?:a|abbr|b|big|blockquote|br|center|code|dd|details|div|dl|dt|em|font|h[1-6]|hr|i|iframe|img|kbd|li|mark|ol|p"
            r"|pre|s|script|small|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|th|thead|tr|tt|u|ul|video)"
            r"(?:\s[^<>\n]*=[^<>\n]*)?\s*/?>",
            re.IGNORECASE,
        ),
        "{0} is HTML, which is shown as text",
        r"write Markdown: **bold**, *italic*, H~2~O, x^2^; to show it as it is, write \<b>",
    ),
)
_TAGS = re.compile(r"<<.*?>>|<%.*?%>|<#.*?#>", re.DOTALL)
REMARK = re.compile(r"<!--.*?-->", re.DOTALL)


def foreign(template: str, prose: str) -> tuple[int, str, str] | None:
    """Return the line of what looks like other markup in a template, what is wrong and what to write, or None.

    `prose` is the template without its code and formulas, at the same length.
    """
    for what in (_TAGS, REMARK):
        prose = what.sub(blanked, prose)
    for pattern, told, hint in _FOREIGN:
        for match in pattern.finditer(prose):
            if template[max(match.start() - 1, 0)] != "\\":
                line = template.count("\n", 0, match.start()) + 1
                return line, told.format(match[1] if match.groups() else match[0]), hint
    return None


def _literal(prose: str) -> str:
    return re.sub(rf"\\{_DELIMITER.pattern}", f"<{SHIELD}", prose)
