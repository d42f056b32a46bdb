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

import jinja2
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from report_cli.errors import ReportError, UsageError, unknown
from report_cli.report.pdf import limits

# A line ends in its mark between two private-use characters; values have two others.
OPEN, CLOSE = "\ue002", "\ue003"
MARK = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")
# What these make may be filtered or compared before it is shown, so it goes without marks and counts as its first use.
BUFFERED = ("macro", "call", "filter")
FENCED = r"^[ >]*(?P<fence>`{3,}|~{3,})[^`\n]*\n.*?(?:^[ >]*(?P=fence)[`~]*[ ]*$|(?P<open>\Z))"
WITHIN = r"(?:(?!\n[ >]*\n).)+?"  # neither code nor a formula reaches over an empty line
TICKED = rf"(?<!`)(?P<ticks>`{{1,4}})(?!`){WITHIN}(?<!`)(?P=ticks)(?!`)"
DISPLAY = rf"(?<!\\)\$\$(?P<display>{WITHIN})(?<!\\)\$\$"
INLINE = r"(?<![\\$])\$(?=[^\s$])(?P<inline>(?:\\.|(?!\n[ >]*\n)[^$\\])+)(?<=\S)\$(?!\d)"
OPAQUE = re.compile(rf"{FENCED}|{TICKED}|{DISPLAY}|{INLINE}", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^[ >]*#{1,6}[ \t]+\S", re.MULTILINE)
RULE = r":?-++:?[ ]*+"
TABLE = re.compile(
    rf"^[ >]*+(?:\|[ ]*+)?{RULE}(?:\|[ ]*+{RULE})+(?:\|[ ]*+)?$|^[ >]*+\|[ ]*+{RULE}\|[ ]*+$", re.MULTILINE
)


class Marking(Extension):
    """Ends each line of a template's own text with a mark that says FILE:LINE."""

    def filter_stream(self, stream: TokenStream) -> TokenStream | Iterator[Token]:
        return _marked(stream, stream.filename) if stream.filename else stream


def _marked(stream: TokenStream, name: str) -> Iterator[Token]:
    depth, block, line = 0, list[str](), 1
    for token in stream:
        line = token.lineno
        if token.type == "block_begin":
            block = []
        elif token.type == "block_end":
            depth += _deeper(block)
        elif token.type == "data":
            parts = token.value.split("\n")
            if not depth:
                ends = [f"{part}{_mark(name, line + n)}\n" for n, part in enumerate(parts[:-1])]
                token = Token(line, "data", "".join((*ends, parts[-1])))
            line += len(parts) - 1
        else:
            block.append(token.value)
        yield token
    yield Token(line, "data", _mark(name, line))


def _mark(name: str, line: int) -> str:
    return f"{OPEN}{name}:{line}{CLOSE}"


def _deeper(block: list[str]) -> int:
    """Return 1 where a block begins whose text goes without marks, -1 where it ends."""
    kind = block[0] if block else ""
    if kind in BUFFERED or (kind == "set" and "=" not in block):
        return 1
    return -1 if kind in ("endset", *(f"end{name}" for name in BUFFERED)) else 0


@dataclass(frozen=True)
class Places:
    """The rendered Markdown of a document, and the "FILE:LINE" that each of its lines comes from."""

    markdown: str = ""
    lines: tuple[str, ...] = ("the document",)

    def of_line(self, number: int) -> str:
        """Return where line `number` of the Markdown, counted from 1, was written."""
        return self.lines[max(0, min(number, len(self.lines)) - 1)]

    def of_text(self, needle: str, nth: int = 0) -> str:
        """Return the `nth` place where `needle` is written, the last one when there are fewer."""
        return self._nth([match.start() for match in re.finditer(re.escape(needle), self.markdown)], nth)

    def of_formula(self, text: str) -> str:
        """Return the first place where the formula `text` is written."""
        return self.of_offset(self._formulas[text]) if text in self._formulas else self.of_text(text)

    def of_label(self, label: str, nth: int = 0) -> str:
        """Return the `nth` place where something gets `label`."""
        pattern = rf"\{{#{re.escape(label)}[\s}}]"
        return self._nth([match.start() for match in re.finditer(pattern, self.markdown)], nth)

    def of_reference(self, label: str) -> str:
        """Return the first place that refers to `label`."""
        pattern = rf"(?:\(#|@){re.escape(label)}(?![\w:-])"
        return self._nth([match.start() for match in re.finditer(pattern, self.markdown)], 0)

    def of_heading(self, nth: int) -> str:
        """Return where the `nth` heading was written, counted from 0."""
        return self._nth([match.start() for match in HEADING.finditer(self.prose)], nth)

    def of_block(self, kind: str, nth: int) -> str:
        """Return where the `nth` block of the class `kind` begins."""
        pattern = rf"^[ >]*:{{3,}}[^\n]*\b{kind}\b"
        return self._nth([match.start() for match in re.finditer(pattern, self.prose, re.MULTILINE)], nth)

    def of_table(self, nth: int) -> str:
        """Return where the head of the `nth` table of the pages was written."""
        return self._nth(self._tables, nth)

    def of_offset(self, offset: int) -> str:
        """Return where the character at `offset` of the Markdown was written."""
        return self.of_line(bisect_right(self._starts, offset))

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
        return next((match.start() for match in OPAQUE.finditer(self.markdown) if match["open"] is not None), None)

    def _nth(self, starts: list[int], nth: int) -> str:
        if not starts:
            return self.lines[0].rpartition(":")[0] or self.lines[0]
        return self.of_offset(starts[min(nth, len(starts) - 1)])

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.markdown))]

    @cached_property
    def _formulas(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for match in OPAQUE.finditer(self.markdown):
            for kind in ("display", "inline"):
                text = match[kind]
                if text is not None:
                    found.setdefault(text.strip(), match.start(kind) + len(text) - len(text.lstrip()))
        return found

    @cached_property
    def _tables(self) -> list[int]:
        return [max(match.start() - 1, 0) for match in TABLE.finditer(self.prose)]

    @cached_property
    def prose(self) -> str:
        """The Markdown with its code and formulas blanked out, at the same length."""
        return OPAQUE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), self.markdown)


def _cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row.strip().removeprefix("|").removesuffix("|"))) + 1


def read(marked: str) -> Places:
    """Return a rendered template without its marks, and what they said."""
    here, places, lines = "the document", [], []
    for line in reversed(marked.split("\n")):
        # A line without a mark was made by a call, and the mark of the call comes after what it made.
        here = (MARK.findall(line) or [here])[-1]
        places.append(here)
        lines.append(MARK.sub("", line))
    return Places("\n".join(reversed(lines)), tuple(reversed(places)))


def here() -> str:
    """Return the template and line whose rendering is under way."""
    frame = sys._getframe()
    while frame is not None:
        template: Any = frame.f_globals.get("__jinja_template__")
        if template is not None and template.filename:
            return f"{template.filename}:{template.get_corresponding_lineno(frame.f_lineno)}"
        frame = frame.f_back  # type: ignore[assignment]
    return "the document"


def located(error: Exception, fallback: str, environment: jinja2.Environment) -> ReportError:
    """Return `error` with the template and line it comes from, and what may have been meant in `environment`."""
    hint = _meant(error, environment) if isinstance(error, jinja2.TemplateError) else ""
    if isinstance(error, jinja2.TemplateSyntaxError):
        told = error.message or "malformed template"
        return UsageError(f"{error.filename or fallback}:{error.lineno}: {told}", hint)
    where, trace = fallback, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith("templates/"):
            where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    if isinstance(error, ReportError):
        if error.message.startswith("templates/"):
            return error  # It knows its place.
        return type(error)(f"{where}: {error.message}", error.hint)
    if isinstance(error, MemoryError):
        return UsageError(f"{where}: it takes more than {limits.MEMORY_BYTES >> 20} MiB of memory")
    return UsageError(f"{where}: {error or type(error).__name__}", hint)


def _meant(error: jinja2.TemplateError, environment: jinja2.Environment) -> str:
    """Return the hint for a name that isn't there: near misses, or what there is."""
    kinds = (
        (r"'(\w+)' is undefined", environment.globals),
        (r"No filter named '(\w+)'", environment.filters),
        (r"No test named '(\w+)'", environment.tests),
    )
    for pattern, known in kinds:
        if name := re.match(pattern, error.message or ""):
            return unknown("name", name[1], known).hint
    return ""
