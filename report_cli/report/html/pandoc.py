"""Markdown to HTML: the one call of pandoc, whose complaints come back with the author's file and line."""

import re
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from report_cli.errors import Faults, UsageError, unknown
from report_cli.project import Project
from report_cli.report.deadline import overdue
from report_cli.report.html.blocks import THEOREMS
from report_cli.report.text.code import REMARK, replace_outside
from report_cli.report.text.front import Front
from report_cli.report.text.lines import DEFINITION, Places
from report_cli.report.text.manuscript import PART, Manuscript

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Metadata in the text could name files and addresses (csl, bibliography): citeproc reads them outside pandoc's sandbox.
READER = (
    "markdown-raw_html-raw_tex-raw_attribute-auto_identifiers-native_divs-native_spans"
    "-yaml_metadata_block-pandoc_title_block"
)
WRITER = (
    "--columns=10000",
    "--katex",
    "--shift-heading-level-by=1",
    "--citeproc",
    "--metadata=link-citations",
    f"--lua-filter={Path(__file__).with_name('lists.lua')}",
)
REFERENCES = "\n\n# {} {{#sec-references .unnumbered}}\n\n::: {{#refs}}\n:::\n"
BIBLIOGRAPHY = "templates/references.bib"
BIBTEX = re.compile(r"^\s*@\w+\s*\{\s*([^\s,]+)", re.MULTILINE)
_NO_ENTRY = re.compile(r"@(?:comment|string|preamble)\b", re.IGNORECASE)
# How the labels begin that @ refers to.
LABELS = ("fig", "tbl", "sec", "eq", "lst", *THEOREMS.values())
REFERENCE = re.compile(r"\[@({0})\]|(?<![\w\\@.-])@({0})".format(rf"(?:{'|'.join(LABELS)})-[\w:.-]*\w"))
NOTE = re.compile(r"(?<!\\)\[\^([^\]\s]{1,200})\](?!:)")
# The box of an item [ ] or [x], which is no control on a page.
_TASK = re.compile(r'<input type="checkbox"[^>]*>')
# Labels that pandoc gives to notes and to the list of references.
MADE = re.compile(r"(?<!\\)\{#(fn\d+|fnref\d+|refs|sec-references)(?=[\s}])")
STRAY_LABEL = re.compile(r"\{#[\w:.-]+")
FENCE = re.compile(r"^[ \t>]*(:{3,}[^\n]*?)[ \t]*$", re.MULTILINE)


def convert(
    project: Project, text: str, source: str, target: str, *options: str, fails: str = "--fail-if-warnings"
) -> str:
    """Return what `write` does as text."""
    return write(project, text, source, target, *options, fails=fails).decode()


def write(
    project: Project, text: str, source: str, target: str, *options: str, fails: str = "--fail-if-warnings"
) -> bytes:
    """Return `text`, in the format `source`, as a file of the format `target`; in its sandbox pandoc knows no time.

    Raises:
        RuntimeError: pandoc fails; the message is all that it says.
        OverdueError: it takes more than the project's time limit.
    """
    # The copy that came with the program: pages of another pandoc on this machine would differ from the next one's.
    program = metadata.distribution("pypandoc_binary").locate_file("pypandoc/files/pandoc")
    command: list[str] = [
        str(program),
        f"--from={source}",
        f"--to={target}",
        "--output=-",
        "--wrap=none",
        "--sandbox",
        fails,
        *options,
    ]
    limit_s = project.settings.time_limit
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise overdue("pandoc", limit_s) from error
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    return done.stdout


def to_html(project: Project, manuscript: Manuscript) -> str:
    """Return the Markdown of a manuscript as HTML that is not yet cleaned, with what it cites listed at the end.

    Among the `faults` is what pandoc can't make sense of: in the Markdown or in the bibliography, which may lack what
    is cited.
    """
    places, language, front, faults = manuscript.places, manuscript.language, manuscript.front, manuscript.faults
    check(places, faults)
    places = _without_remarks(places)
    # `@fig-name`, which pandoc would take for a citation, becomes `[](#fig-name)`.
    linked = replace_outside(places.markdown, places.prose, REFERENCE, lambda match: f"[](#{match[1] or match[2]})")
    bibliographies = _bibliographies(project, front)
    _check_keys(bibliographies)
    options = [f"--bibliography={path}" for path in bibliographies.values()]
    options += [f"--csl={project.root / front.csl}"] if front.csl else []
    if language["lang"] != "en":  # Citations and quotations as the language has them.
        options += [f"--metadata=lang={language['lang']}", "--html-q-tags"]
    linked += REFERENCES.format(language["references"])
    try:
        return _TASK.sub(_box, convert(project, linked, READER, "html5", *WRITER, *options))
    except RuntimeError as error:
        warnings = re.findall(r"^\[WARNING\] .*(?:\n .*)*", str(error), re.MULTILINE)
    for message in warnings:
        faults.note(_complaint(" ".join(message.split()), places, bibliographies))
    try:
        # With all its warnings it makes a page, in which other faults are found.
        return convert(project, linked, READER, "html5", *WRITER, *options, fails="--quiet")
    except RuntimeError as error:
        faults.note(_complaint(" ".join(str(error).split()), places, bibliographies))
        faults.check()
        raise


def _box(task: re.Match[str]) -> str:
    return "\N{BALLOT BOX WITH CHECK} " if "checked" in task[0] else "\N{BALLOT BOX} "


def _without_remarks(places: Places) -> Places:
    """Return the text without <!-- remarks --> in its prose; its lines stay."""
    text = replace_outside(places.markdown, places.prose, REMARK, lambda match: "\n" * match[0].count("\n"))
    return Places(text, places.lines)


def check(places: Places, faults: Faults) -> None:
    """Note what pandoc would pass over in silence: code, a formula or the cells of a row that don't end
    where they should, as it would take what follows for code or for text; a note that is referred to and not defined,
    as it would show its name."""
    if (start := places.unclosed_code()) is not None:
        raise UsageError(f"{places.of_offset(start)}: a block of code is never closed", "end it with the same fence")
    if ragged := places.ragged_row():
        where, cells, columns = ragged
        faults.note(
            UsageError(f"{where}: a row of the table has {cells} cells, its head {columns}", "escape a | as \\|")
        )
    if sign := re.search(r"(?<!\\)\$\$", places.prose):
        where = places.of_offset(sign.start())
        raise UsageError(f"{where}: a formula is never closed", "end it with $$ before the next empty line")
    if label := MADE.search(places.prose):
        where = places.of_offset(label.start())
        raise UsageError(f"{where}: the label {label[1]!r} is the page's own", "choose another")
    notes = set(DEFINITION.findall(places.prose))
    for match in NOTE.finditer(places.prose):
        if (name := match[1]) not in notes:
            where = places.of_offset(match.start())
            faults.note(UsageError(f"{where}: unknown note {name!r}", f"define it: [^{name}]: ..."))


# What begins a line as Markdown has it, and is text where it stands right below other text: what it is.
_BELOW_TEXT = (
    (re.compile(r"(?:[-*+]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)])[ \t]+\S"), "an item of a list"),
    (re.compile(r"#{1,6}[ \t]+\S"), "a heading"),
    (re.compile(r"\|.*\|[ \t]*$"), "a table"),
    (re.compile(r">[ \t]+\S"), "a quotation"),
    (re.compile(r"\[\^[^\]\s]+\]:"), "a note"),
    (re.compile(r"(?:\*[ \t]*){3,}$"), "a line across the page"),
)
_ITEM = re.compile(r"\s*(?:[-*+]|\(?\w{1,4}[.)]|:|\[\^[^\]\s]+\]:)[ \t]+\S")
# What looks like a heading, a mark or a link, and is none.
_UNREAD = (
    (re.compile(r"#{1,6}[^\s#{}\d.]"), "a heading needs a space after its #"),
    (re.compile(r"#{1,6}\N{NO-BREAK SPACE}"), "the space after # is a no-break space, so this is no heading"),
    (re.compile(r"#{6,}[ \t]"), "a heading of the sixth level is shown as text: five are the deepest"),
    (re.compile(r"(?:.*\s)?==[^\s=](?:[^=\n]*[^\s=])?==(?!=)"), "==words== are no mark: write [words]{.mark}"),
    (
        re.compile(r".*(?<!\\)\][ \t]\((?:https?:|mailto:|#|[\w/.-]+\.(?:png|jpe?g|svg|webp)\))"),
        "a link has no space before its (",
    ),
)
# What stands in braces behind a part, a block or a heading, and the keys that the pages take.
_BRACES = re.compile(r"(?:(?<!\\)[\])]|^:{3,}[ \t]*|^#{1,5}[ \t].*[ \t])\{([^{}]*)\}")
_SHOWN = ("lang", "dir", "width", "alt", "name", "points", "space")
_CAPITAL = re.compile(r"[A-Z]\.[ ]\S")
_ROW = re.compile(r"\|.*\|[ \t]*$")
_RULE = re.compile(r"[ \t]*[|:+-][ \t|:+=-]*$")


def shown_as_text(places: Places) -> list[str]:
    """Return a warning for each line that looks like Markdown and will be shown as it is typed."""
    warnings, above, lines = [], "", [*places.prose.split("\n"), ""]
    for number, line in enumerate(lines[:-1], start=1):
        where, told = places.of_line(number), [what for pattern, what in _UNREAD if pattern.match(line)]
        if not above and _CAPITAL.match(line) and _CAPITAL.match(lines[number]):
            told.append("a list with capital letters needs two spaces after A.")
        for braces in _BRACES.findall(re.sub(r'"[^"]*"', "", line)):
            keys = [key for key in re.findall(r"(?:^|\s)([\w-]+)=", braces) if key not in _SHOWN]
            told += [f"{key}= is not shown: a part may have a label, classes, {', '.join(_SHOWN)}" for key in keys]
        if not above and _ROW.match(line) and _ROW.match(lines[number]) and not _RULE.match(lines[number]):
            told.append("rows without a line of dashes below the first are no table: |---|---|")
        # Below an item of a list, a row of a table, a quotation or what is indented, lines are parts of the same.
        if above and above[0] not in " \t|>:#+" and not _ITEM.match(above):
            for pattern, what in _BELOW_TEXT:
                if pattern.match(line):
                    told.append(f"{what} right below text is shown as text: leave an empty line before it")
        warnings += [f"{where}: {each}" for each in told]
        above = line.rstrip()
    return warnings


def check_shown(text: str, places: Places, faults: Faults) -> None:
    """Note what is shown as `text` and was meant to be none: labels, notes, beginnings of blocks."""
    # Pandoc leaves a reference within a note as it is.
    inner = {note[1] for note in NOTE.finditer(text)} & set(DEFINITION.findall(places.prose))
    for note in NOTE.finditer(places.prose):
        if note[1] in inner:
            told = f"{places.of_offset(note.start())}: a footnote holds a footnote, {_authors_name(note[1])!r}"
            faults.note(UsageError(told, "write the inner one into the outer one's text"))
    for fence in FENCE.finditer(places.prose):
        if re.search(rf"(?:^|\s){re.escape(fence[1])}", text, re.MULTILINE):
            hint = "it stands where the text of its paragraph, item or note begins, with an empty line before the block"
            faults.note(UsageError(f"{places.of_offset(fence.start(1))}: {fence[1]!r} is shown as text", hint))
    # What was written with a backslash is meant to be shown.
    labels = set(re.findall(rf"(?<!\\){STRAY_LABEL.pattern}", places.prose)) if STRAY_LABEL.search(text) else set()
    for stray in STRAY_LABEL.finditer(text):
        if stray[0] in labels:
            where = places.of_text(stray[0])
            hint = "a label closes with } and ends a heading, a formula or a caption"
            faults.note(UsageError(f"{where}: {stray[0]!r} is shown as text, so it labels nothing", hint))


def _authors_name(note: str) -> str:
    """Return what the author calls a note: without the number of its part, which keeps notes of two parts apart."""
    return re.sub(rf"^({PART}\d+-)+", "", note)


def check_sources(project: Project, body: "HtmlElement", manuscript: Manuscript) -> None:
    """Note each link of a reference that leads nowhere, where its bibliography has it, and take it out."""
    for entry in body.xpath(".//div[starts-with(@id, 'ref-')]"):
        for link in entry.xpath(".//a"):
            if link.get("href", "").startswith(("http://", "https://", "mailto:", "#")):
                continue
            key, address = entry.get("id").removeprefix("ref-"), unquote(link.get("href", ""))
            where, written = _of_entry(_bibliographies(project, manuscript.front), key, address)
            manuscript.faults.note(
                UsageError(f"{where}: the address {written!r} of {key} leads nowhere", "write it with https://")
            )
            link.drop_tag()


def _of_entry(bibliographies: Mapping[str, Path], key: str, address: str) -> tuple[str, str]:
    """Return where `address` stands in the entry `key`, and what it is; without one, the first that is none."""
    for name, path in bibliographies.items():
        text = path.read_text(encoding="utf-8-sig")
        for entry in BIBTEX.finditer(text):
            if entry[1] == key:
                following = BIBTEX.search(text, entry.end())
                end = following.start() if following else len(text)
                other = re.escape(address) if address else r"(?!https?:)\b[A-Za-z][\w+.-]*:[^\s{},]+"
                found = re.compile(other).search(text, entry.end(), end)
                start = found.start() if found else entry.start(1)
                return f"{name}:{text.count(chr(10), 0, start) + 1}", found[0] if found else address
    return BIBLIOGRAPHY, address


def _bibliographies(project: Project, front: Front) -> dict[str, Path]:
    """Return the files with what may be cited, by their names."""
    names = [*([BIBLIOGRAPHY] if (project.root / BIBLIOGRAPHY).is_file() else []), *front.bibliography]
    return {name: project.root / name for name in names}


def _check_keys(bibliographies: Mapping[str, Path]) -> None:
    """Raise UsageError where two entries have one key: pandoc takes one of them and says nothing."""
    entries: dict[str, tuple[str, int]] = {}
    for name, path in bibliographies.items():
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise UsageError(f"{name} is not UTF-8 text", "save it as UTF-8") from error
        for match in BIBTEX.finditer(text):
            here = name, text.count("\n", 0, match.start(1)) + 1
            # An entry that is no reference has no key of its own: @comment{...}, @string{name = ...}.
            if not _NO_ENTRY.match(match[0].lstrip()) and (first := entries.setdefault(match[1], here)) != here:
                where = f"line {first[1]}" if first[0] == name else f"{first[0]}:{first[1]}"
                raise UsageError(
                    f"{name}:{here[1]}: the key {match[1]!r} is that of {where}, too", "give one of them another key"
                )


def _complaint(message: str, places: Places, bibliographies: Mapping[str, Path]) -> UsageError:
    """Return what pandoc says as an error with the place in the templates."""
    if "bibliography file" in message:
        position = re.search(r"\(line (\d+), column \d+\): *(.*)", message)
        line, what = position.groups() if position else ("1", message)
        name = next((name for name, path in bibliographies.items() if str(path) in message), BIBLIOGRAPHY)
        return UsageError(f"{name}:{line}: {what}")
    if citation := re.search(r"citation (\S+) not found", message):
        keys = [key for path in bibliographies.values() for key in BIBTEX.findall(path.read_text(encoding="utf-8"))]
        missing = unknown(f"citation in {', '.join(bibliographies) or BIBLIOGRAPHY}:", citation[1], keys)
        return UsageError(f"{places.of_reference(citation[1])}: {missing.message}", missing.hint)
    if twice := re.search(r"Duplicate identifier '([^']+)'", message):
        where = places.of_label(twice[1], 1)
        return UsageError(f"{where}: duplicate label {twice[1]!r}", "labels are unique in a document")
    # In a list, a quotation or a note it counts from where that begins ("_chunk line 3"), which it doesn't say.
    number = re.search(r"at line (\d+)", message)
    where = places.of_line(int(number[1])) if number else places.unclosed_block()
    if re.search(r"Div at (?:_chunk )?line [^.]* unclosed", message):
        return UsageError(f"{where}: a block is never closed", "end it with :::")
    if unused := re.search(r"Note with key '([^']+)' defined at", message):
        name = _authors_name(unused[1])
        return UsageError(f"{where}: nothing refers to the note {name!r}", f"refer to it: [^{name}]")
    if twice := re.search(r"Duplicate note reference '([^']+)'", message):
        name = _authors_name(twice[1])
        return UsageError(f"{where}: the note {name!r} is defined twice", "give one another name")
    warning = re.search(r"\[WARNING\] (.*?)(?: at line | Failing because|$)", message)
    return UsageError(f"{where}: {warning[1] if warning else message}")
