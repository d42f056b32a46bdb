"""Where in the templates something was written, for messages about what is found only after rendering.

Every line of a template ends in a mark that names it. The marks go through Jinja with the text, through loops and
includes, and are taken out of the rendered Markdown again, line by line.
While a template is rendered, the frames of its code tell the line.
"""

import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from report_cli.report.text.code import REMARK, SHIELD, TICKED, WITHIN, blank, blanked, blocks
from report_cli.report.text.escape import PRIVATE

# A line ends in its mark between two private-use characters; values have two others.
OPEN, CLOSE = "\ue002", "\ue003"
MARK = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")
# What these make may be filtered or compared before it is shown, so it goes without marks and counts as its first use.
BUFFERED = ("macro", "call", "filter", "claim")
# No page can hold these: control characters, separators of lines that are none here, and what is no character.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
DISPLAY = rf"(?<!\\)\$\$(?P<display>{WITHIN})(?<!\\)\$\$"
INLINE = r"(?<![\\$])\$(?=[^\s$])(?P<inline>(?:\\.|(?!\n[ >]*\n)[^$\\])+)(?<=\S)\$(?!\d)"
OPAQUE = re.compile(rf"{TICKED.pattern}|{DISPLAY}|{INLINE}", re.DOTALL | re.MULTILINE)
RULE = r":?-++:?[ ]*+"
TAG = re.compile(r"<#(?:(?!#>|<#).)*#>|<%(?:(?!<%).)*?%>", re.DOTALL)
# What Jinja shows as it is typed.
RAW = re.compile(r"<%[+-]?\s*raw\s*-?%>(?:(?!<%[+-]?\s*(?:end)?raw\b).)*<%[+-]?\s*endraw\s*[+-]?%>", re.DOTALL)
# Where a note is defined, and what refers to one, by its name or with its text.
DEFINITION = re.compile(r"^ {0,3}\[\^([^\]\s]+)\]:", re.MULTILINE)
NOTE_REFERENCE = re.compile(r"(?<!\\)(?:\[\^([^\]\s]+)\]|\^\[)")
# An address of a kind that no page links to.
SCHEME = r"(?!(?:https?|mailto):)[A-Za-z][\w+.-]*:[^\s<>)]*"
# Where no line is known.
NOWHERE = "the document"
TABLE = re.compile(
    rf"^[ >]*+(?:\|[ ]*+)?{RULE}(?:\|[ ]*+{RULE})+(?:\|[ ]*+)?$|^[ >]*+\|[ ]*+{RULE}\|[ ]*+$", re.MULTILINE
)


class Marking(Extension):
    """Ends each line of a template's own text with a mark that says FILE:LINE, and leaves it its end.

    Jinja takes away the end of a line behind a tag: that of a line of tags alone, and of one with words before the tag,
    too, whose last word would then be one with the first of the next line.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Return a template in which a tag behind words keeps the end of its line."""

        # With what isn't words blanked, whatever lines it goes over.
        words = TAG.sub(blanked, RAW.sub(blanked, source))
        raw = [match.span() for match in RAW.finditer(source)]

        def with_end(tag: re.Match[str]) -> str:
            if not source.startswith("\n", tag.end()) or tag[0][-3] in "+-":
                return tag[0]
            has_words = words[words.rfind("\n", 0, tag.start()) + 1 : tag.start()].strip()
            is_raw = any(start <= tag.start() < end for start, end in raw)
            return f"{tag[0][:-2]}+{tag[0][-2:]}" if has_words and not is_raw else tag[0]

        return TAG.sub(with_end, source)

    def filter_stream(self, stream: TokenStream) -> TokenStream | Iterator[Token]:
        return _mark(stream, stream.filename) if stream.filename else stream


def _mark(stream: TokenStream, name: str) -> Iterator[Token]:
    # How many blocks without marks are open, the words of the tag that is read, and its line.
    depth, tag, line = 0, list[str](), 1
    for token in stream:
        line = token.lineno
        if token.type == "block_begin":
            tag = []
        elif token.type == "block_end":
            kind = tag[0] if tag else ""
            if kind in BUFFERED or (kind == "set" and "=" not in tag):
                depth += 1
            elif kind in ("endset", *(f"end{name}" for name in BUFFERED)):
                depth -= 1
        elif token.type == "data":
            *whole, rest = token.value.split("\n")
            if not depth:
                ends = [f"{part}{OPEN}{name}:{line + n}{CLOSE}\n" for n, part in enumerate(whole)]
                token = Token(line, "data", "".join((*ends, rest)))
            line += len(whole)
        else:
            tag.append(token.value)
        yield token
    yield Token(line, "data", f"{OPEN}{name}:{line}{CLOSE}")


def no_text(character: str) -> str:
    """Return what is wrong with a private character or a control character."""
    kind = (
        "private character, which no font has" if PRIVATE.match(character) else "control character, which no page has"
    )
    return f"U+{ord(character):04X} is a {kind}"


@dataclass(frozen=True)
class Places:
    """The rendered Markdown of a document, and the "FILE:LINE" that each of its lines comes from."""

    markdown: str = ""
    lines: tuple[str, ...] = (NOWHERE,)

    def followed_by(self, other: "Places") -> "Places":
        """Return this text and below it another."""
        return Places(f"{self.markdown}\n{other.markdown}", (*self.lines, *other.lines))

    def of_line(self, number: int) -> str:
        """Return where line `number` of the Markdown, counted from 1, was written."""
        return self.lines[max(0, min(number, len(self.lines)) - 1)]

    def of_offset(self, offset: int) -> str:
        """Return where the character at `offset` of the Markdown was written."""
        return self.of_line(bisect_right(self._starts, offset))

    def of_text(self, needle: str, nth: int = 0) -> str:
        """Return the `nth` place where `needle` is written, the last one when there are fewer."""
        return self._nth(re.escape(needle), nth)

    def of_formula(self, text: str) -> str:
        """Return the first place where the formula `text` is written."""
        return self.of_offset(self._formulas[text]) if text in self._formulas else self.of_text(text)

    def of_note(self, number: str, text: str = "") -> str:
        """Return where `text` is written in the note of this number, counted from 0, or where that begins."""
        if not number:
            return self.of_text(text)
        reference = self.notes[int(number)]
        start, end = reference.start(), self.prose.find("\n\n", reference.end())
        if name := reference[1]:
            start = next((each.start() for each in DEFINITION.finditer(self.prose) if each[1] == name), start)
            # Its lines are indented.
            following = re.compile(r"\n[ \t]*\n(?=\S)").search(self.prose, start)
            end = following.start() if following else -1
        # A word may stand within another.
        whole = re.compile(rf"(?<!\w){re.escape(text)}" if text else "")
        found = whole.search(self.markdown, start, end if end > 0 else len(self.markdown))
        return self.of_offset(found.start() if found else start)

    @cached_property
    def notes(self) -> list[re.Match[str]]:
        """What refers to a note, in the order of the pages."""
        prose = REMARK.sub(blanked, self.prose)
        return list(NOTE_REFERENCE.finditer(DEFINITION.sub(blanked, prose)))

    def of_code(self, text: str) -> str:
        """Return the first place where `text` is written in a block of code."""
        within = (self.markdown.find(text, block.start, block.end) for block in blocks(self.markdown))
        offset = next((offset for offset in within if offset >= 0), None)
        return self.of_text(text) if offset is None else self.of_offset(offset)

    def link(self, address: str) -> tuple[str, str]:
        """Return the first place that links to `address`, and the address as it is written there.

        Without an address it is none, or one of those that no page may have.
        """
        name = f"{re.escape(address)}|{re.escape(unquote(address))}" if address else SCHEME
        empty = "" if address else "|(?=[)>])"
        forms = rf"(?:\]\(|^ {{0,3}}\[[^\]^][^\]]*\]:)[ ]*<?({name}{empty})(?=[\s>)]|$)|<({name})>"
        for match in re.finditer(forms, self.prose, re.MULTILINE):
            # An image is told by itself.
            if not re.search(r"!\[[^\[\]]*$", self.prose[: match.start()]):
                return self.of_offset(match.start()), match[1] or match[2] or ""
        return self.of_text(f"]({address}"), address

    def of_label(self, label: str, nth: int = 0) -> str:
        """Return the `nth` place where something gets `label`."""
        return self._nth(rf"\{{(?:[^{{}}\n]*\s)?#{re.escape(label)}[\s}}]", nth)

    def of_image(self, source: str, nth: int) -> str:
        """Return the `nth` place where the image with the address `source` is named.

        Without an address it is one of those that no page may have.
        """
        name = f"(?:{re.escape(source)}|{re.escape(unquote(source))})" if source else r"(?:\w+:[^\s)]*)?"
        return self._nth(rf"(?:\]\(|^\[[^\]]+\]:)[ ]*<?{name}(?=[\s>)]|$)", nth, prose=True)

    def of_reference(self, label: str) -> str:
        """Return the first place that refers to `label`."""
        return self._nth(rf"(?:\(#|@){re.escape(label)}(?![\w:-])", 0)

    def of_heading(self, nth: int) -> str:
        """Return where the `nth` heading was written, counted from 0."""
        return self._nth(r"^[ >]*#{1,6}[ \t]+\S", nth, prose=True)

    def of_block(self, kind: str, nth: int) -> str:
        """Return where the `nth` block of the class `kind` begins."""
        return self._nth(rf"^[ >]*:{{3,}}[^\n]*\b{kind}\b", nth, prose=True)

    def of_class(self, name: str) -> str:
        """Return the first place where something that is no block gets the class `name`."""
        return self._nth(rf"^(?![ >]*:::).*\{{[^{{}}\n]*\.{name}\b", 0)

    def of_table(self, nth: int) -> str:
        """Return where the head of the `nth` table of the pages was written, which is the line before its rule."""
        return self._nth(rf"\n?(?:{TABLE.pattern})", nth, prose=True)

    def ragged_row(self) -> tuple[str, int, int] | None:
        """Return where a row of a table has more cells than its head, and both counts, or None."""
        for rule in TABLE.finditer(self.prose):
            columns, end = _cells(rule[0]), self.prose.find("\n\n", rule.end())
            for row in re.compile(r"[^\n]+").finditer(self.prose, rule.end(), end if end > 0 else len(self.prose)):
                if "|" in row[0] and _cells(row[0]) > columns:
                    return self.of_offset(row.start()), _cells(row[0]), columns
        return None

    def unclosed_code(self) -> int | None:
        """Return the offset of the block of code that has no end, or None."""
        return next((block.start for block in blocks(self.markdown) if not block.is_closed), None)

    def unclosed_block(self) -> str:
        """Return where the first block between ::: and ::: begins that may have no end; the file where none is seen."""
        opened = list[int]()
        for fence in re.finditer(r"^[^:\n]*:{3,}[ \t]*([^:\s]?)", self.prose, re.MULTILINE):
            if fence[1]:
                opened.append(fence.start())
            elif opened:
                opened.pop()
        return self.of_offset(opened[0]) if opened else self.lines[0].rpartition(":")[0] or self.lines[0]

    @cached_property
    def prose(self) -> str:
        """The Markdown with its code and formulas blanked out, at the same length."""
        return OPAQUE.sub(blanked, self._outside)

    @cached_property
    def _outside(self) -> str:
        """The Markdown with its blocks of code blanked out, at the same length."""
        return blank(self.markdown, blocks(self.markdown))

    def _nth(self, pattern: str, nth: int, *, prose: bool = False) -> str:
        starts = [match.start() for match in re.finditer(pattern, self.prose if prose else self.markdown, re.MULTILINE)]
        if not starts:
            return self.lines[0].rpartition(":")[0] or self.lines[0]
        return self.of_offset(starts[min(nth, len(starts) - 1)])

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.markdown))]

    @cached_property
    def _formulas(self) -> dict[str, int]:
        offsets: dict[str, int] = {}
        for match in OPAQUE.finditer(self._outside):
            for kind in ("display", "inline"):
                text = match[kind]
                if text is not None:
                    offsets.setdefault(text.strip(), match.start(kind) + len(text) - len(text.lstrip()))
        return offsets


def _cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row.strip().removeprefix("|").removesuffix("|"))) + 1


def read(marked: str) -> Places:
    """Return a rendered template without its marks, and what they said."""
    here, places, lines = NOWHERE, [], []
    for line in reversed(marked.split("\n")):
        # A line without a mark was made by a call, and the mark of the call comes after what it made.
        here = (MARK.findall(line) or [here])[-1]
        places.append(here)
        lines.append(MARK.sub("", line).replace(SHIELD, ""))
    return Places("\n".join(reversed(lines)), tuple(reversed(places)))


def here() -> str:
    """Return the template and line whose rendering is under way."""
    frame = sys._getframe()
    while frame is not None:
        template: Any = frame.f_globals.get("__jinja_template__")
        # A text of the front matter is a template without a file, and who renders it knows its place.
        if template is not None and template.filename not in (None, "<template>"):
            return f"{template.filename}:{template.get_corresponding_lineno(frame.f_lineno)}"
        frame = frame.f_back  # type: ignore[assignment]
    return NOWHERE
