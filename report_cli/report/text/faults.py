"""What is wrong with a template, in the words of its author: where, what, and what may have been meant."""

import re
from collections.abc import Collection
from typing import Any

import jinja2

from report_cli.errors import PLACE, ReportError, UsageError, unknown
from report_cli.report.text.lines import BUFFERED
from report_cli.report.text.values import PARTS, Untouchable

# Filters of Jinja that no template has: they would turn a value into a number that has forgotten its run; `int` and
# `float` even into a silent 0.
NUMBERS = ("int", "float", "round", "sum", "safe", "tojson", "xmlattr", "pprint", "filesizeformat")
REMOVED = "values are numbers: compute with them, and write them with percent, decimals(n), integer or scientific"
LITERAL = r"where << is to be shown, write \<<"
# Tags that have an end, and those that have none.
_PAIRED = ("if", "for", "with", "block", *BUFFERED)
_SINGLE = ("set", "else", "elif", "include", "import", "from", "extends")
# How the kinds of things in a template are called.
_KINDS = {
    "Value": "a value",
    "Shown": "a written number",
    **dict.fromkeys(("int", "float"), "a number"),
    "str": "text",
    **dict.fromkeys(("list", "tuple"), "a list"),
    "dict": "a dictionary",
    "Count": "a count of seeds",
    "Outcome": "an outcome",
    "Comparison": "a comparison",
    **dict.fromkeys(("generator", "range"), "a list"),
    **dict.fromkeys(("function", "method"), "a function"),
    "bool": "true or false",
    "NoneType": "nothing",
}
_COMPUTE = "values are computed with each other and with numbers; text is joined with ~"
_WRITE = "write numbers with percent, decimals(n), integer, scientific or duration, and join them with ~"
# What Python says of a sum, a loop or a call that can't be, what it is in words, and what to do.
_SPOKEN = (
    (
        r"unsupported operand type\(s\) for (\S+?)(?: or pow\(\))?: '(\w+)' and '(\w+)'",
        "{1} {0} {2} can't be computed",
        _COMPUTE,
    ),
    (r'can only concatenate (\w+) \(not "(\w+)"\) to', "{0} + {1} can't be computed", _COMPUTE),
    (r"'(\S+)' not supported between instances of '(\w+)' and '(\w+)'", "{1} {0} {2} can't be compared", ""),
    (r"'(\w+)' object is not callable", "{0} can't be called", "take away the ( ) behind it"),
    (
        r"(?:cannot unpack non-iterable (\w+) object|'(\w+)' object is not iterable)",
        "{0} can't be gone through",
        "a loop takes a list, points(...) or rows(...)",
    ),
    (r"'(\w+)' object (?:has no attribute|cannot be interpreted)", "{0} doesn't fit here", ""),
    (
        r"(?:%\w format: a real number is required|must be real number), not (\w+)",
        "{0} is not put into a text with %",
        _WRITE,
    ),
    (r"unsupported format string passed to (\w+)\.__format__", "{0} is not put into a text with format", _WRITE),
    (r"not enough values to unpack", "there are more names than values for them", ""),
    (r"too many values to unpack", "there are more values than names for them", ""),
    (r"(?:\w+\.)*(?:do_)?(\w+)\(\) (?:got|takes|missing)", "{0} doesn't take these arguments", ""),
    (r"(?:float |integer )?(?:division|modulo) by zero", "division by zero", ""),
)  # fmt: skip


def locate(error: Exception, fallback: str, templates: Collection[str] = (), known: Any = None) -> ReportError:
    """Return `error` with the template and line it comes from, and what may have been meant.

    `templates` are the names of those that can be included, `known` an environment whose filters and tests there are.
    """
    where, told = fallback, error if isinstance(error, ReportError) else UsageError("")
    if isinstance(error, jinja2.TemplateSyntaxError):
        line, told = _syntax(error, known)
        # Where a comment is never closed, Jinja gives the file as the name.
        where = f"{error.filename or error.name or fallback}:{line}"
    else:
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename.startswith("templates/"):
                where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
            trace = trace.tb_next
        if isinstance(error, jinja2.TemplateNotFound):
            told = unknown("template", str(error.name), templates)
        elif not isinstance(error, ReportError):
            told = spoken(str(error) or type(error).__name__)
    if PLACE.match(told.message):
        return told  # It knows its place.
    return type(told)(f"{where}: {told.message}", told.hint)


def unknown_part(thing: object, name: object) -> UsageError:
    """Return the error for something that a thing in a template hasn't got."""
    if isinstance(thing, Untouchable):
        return unknown("part of a value", str(name), PARTS)
    if isinstance(thing, dict):
        return unknown("part", str(name), map(str, thing))
    if isinstance(thing, list | tuple) and isinstance(name, int):
        return UsageError(f"there is no element {name} in a list of {len(thing)}", "elements count from 0")
    return UsageError(f"{kind_of(thing)} has no part {str(name)!r}")


def kind_of(thing: object) -> str:
    """Return what a thing in a template is called."""
    return _KINDS.get(type(thing).__name__, "this")


def unknown_filter(kind: str, name: str, known: Collection[str]) -> UsageError:
    """Return the error for a filter or test that there isn't."""
    error = unknown(kind, name, known)
    return UsageError(error.message, REMOVED if name in NUMBERS else error.hint)


def spoken(text: str) -> UsageError:
    """Return the error for what Python says, in words that a template has."""
    text = " ".join(text.split())
    for pattern, sentence, hint in _SPOKEN:
        if match := re.match(pattern, text):
            return UsageError(sentence.format(*(_KINDS.get(part, part) for part in filter(None, match.groups()))), hint)
    return UsageError(text)


def _syntax(error: jinja2.TemplateSyntaxError, environment: Any) -> tuple[int, UsageError]:
    """Return the line of what Jinja can't read, and what is wrong there."""
    told, source, line = error.message or "malformed template", error.source or "", error.lineno
    if environment is None:
        return line, UsageError(told)  # Layouts have other delimiters than templates, those of Jinja's own words.
    if told.startswith("Unexpected end of template") and (left := _unclosed(source)):
        tag, line = left
        return line, UsageError(f"<% {tag} %> is never closed", f"end it with <% end{tag} %>")
    if stray := re.match(r"Encountered unknown tag '(\w+)'", told):
        return line, _stray(stray[1], re.search(r"innermost block that needs to be closed is '(\w+)'", told))
    if absent := re.match(r"No (filter|test) named '(\w+)'", told):
        known = environment.filters if absent[1] == "filter" else environment.tests
        return line, unknown_filter(absent[1], absent[2], known)
    text = "\n".join(source.split("\n")[:line])
    text = text[max(text.rfind("<<"), text.rfind("<%"), 0) :]
    if open_ := re.match(r"expected token 'end of (print|statement) (?:statement|block)', got '(.*)'", told):
        begin, end = ("<<", ">>") if open_[1] == "print" else ("<%", "%>")
        before = "" if " " in open_[2] else f" before {open_[2]!r}"  # Jinja's own words are no words of the template.
        return line, UsageError(f"{begin} is not closed{before}", f"end it with {end}; {LITERAL}")
    if re.match(r"unexpected char ['\"]['\"]['\"]", told):
        return line, UsageError("a text in quotation marks is never closed", LITERAL)
    if told.startswith("unexpected '") and text.count("(") + text.count("[") > text.count(")") + text.count("]"):
        return line - text.count("\n"), UsageError("a bracket is never closed", f"end it with ) or ]; {LITERAL}")
    if told.startswith("Expected an expression"):
        return line, UsageError("an expression is missing", LITERAL)
    if told.startswith("Missing end of comment"):
        return line, UsageError("<# is never closed", "end it with #>")
    return line, UsageError(told, LITERAL)


def _stray(name: str, open_: re.Match[str] | None) -> UsageError:
    if name.startswith("end") and open_:
        return UsageError(f"<% {name} %> stands where <% {open_[1]} %> is to end", f"write <% end{open_[1]} %>")
    if name in ("else", "elif") or (name.startswith("end") and name[3:] in (*_PAIRED, "set")):
        begin = "if" if name.startswith("el") else name[3:]
        return UsageError(
            f"<% {name} %> ends nothing: no <% {begin} %> is open", f"take it away, or begin with <% {begin} %>"
        )
    return unknown("tag", name, (*_PAIRED, *_SINGLE, *(f"end{each}" for each in _PAIRED)))


def _unclosed(template: str) -> tuple[str, int] | None:
    """Return the name and line of the innermost tag that has no end."""
    opened: list[tuple[str, int]] = []
    for tag in re.finditer(r"<%[-+]?\s*(\w+)((?:(?!%>).)*)%>", template, re.DOTALL):
        name = tag[1]
        if name.startswith("end") and opened and opened[-1][0] == name.removeprefix("end"):
            opened.pop()
        elif name in _PAIRED or (name == "set" and "=" not in tag[2]):
            opened.append((name, template.count("\n", 0, tag.start()) + 1))
    return opened[-1] if opened else None
