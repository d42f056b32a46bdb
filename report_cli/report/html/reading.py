"""Markdown to HTML: one pandoc call, whose complaints come back with the author's file and line."""

import re
from pathlib import Path

from report_cli.errors import UsageError, unknown
from report_cli.report.html import pandoc
from report_cli.report.text.lines import Places

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
)
REFERENCES = "\n\n# References {#sec-references .unnumbered}\n\n::: {#refs}\n:::\n"
BIBLIOGRAPHY = "references.bib"
BIBTEX = re.compile(r"^\s*@\w+\s*\{\s*([^\s,]+)", re.MULTILINE)
REFERENCE = re.compile(r"\[@({0})\]|(?<![\w\\@.-])@({0})".format(r"(?:fig|tbl|sec|eq)-[\w:.-]*\w"))
NOTE = re.compile(r"(?<!\\)\[\^([^\]\s]{1,200})\](?!:)")
DEFINED = re.compile(r"^ {0,3}\[\^([^\]\s]+)\]:", re.MULTILINE)
STRAY_LABEL = re.compile(r"\{#[\w:.-]+")


# In one paragraph; pandoc takes twice as long for each further one, and hours for sixty.
MOST_OPEN = 10
BRACKET = re.compile(r"(?<!\\)[\[\]]")


def to_html(places: Places, bibliography: Path | None) -> str:
    """Return the Markdown in `places` as HTML that is not yet cleaned.

    Raises:
        UsageError: pandoc can't make sense of the Markdown or of the bibliography, which may lack what is cited.
    """
    _check_closed(places)
    _check_notes(places)
    _check_brackets(places)
    options = [*WRITER, *([f"--bibliography={bibliography}"] if bibliography else [])]
    try:
        return pandoc.convert(_linked(places) + REFERENCES, READER, "html5", *options)
    except RuntimeError as error:
        told = " ".join(str(error).partition("during conversion:")[2].split()) or str(error)
        raise _complaint(told, places, bibliography) from error


def check_shown(text: str, places: Places) -> None:
    """Raise UsageError where the label of something is shown as `text`, for then it labels nothing."""
    # What was written with a backslash is meant to be shown.
    written = set(re.findall(rf"(?<!\\){STRAY_LABEL.pattern}", places.prose)) if STRAY_LABEL.search(text) else set()
    for stray in STRAY_LABEL.finditer(text):
        if stray[0] in written:
            where = places.of_text(stray[0])
            hint = "a label closes with } and ends a heading, a formula or a caption"
            raise UsageError(f"{where}: {stray[0]!r} is shown as text, so it labels nothing", hint)


def _linked(places: Places) -> str:
    """Return the Markdown with `@fig-name`, which pandoc would take for a citation, as `[](#fig-name)`."""
    text, end, parts = places.markdown, 0, []
    for match in REFERENCE.finditer(places.prose):
        parts += [text[end : match.start()], f"[](#{match[1] or match[2]})"]
        end = match.end()
    return "".join((*parts, text[end:]))


def _check_closed(places: Places) -> None:
    """Raise UsageError where code, a formula or the cells of a row don't end where they should: pandoc would take what
    follows for code or for text, or leave it out."""
    if (start := places.unclosed_code()) is not None:
        raise UsageError(f"{places.of_offset(start)}: a block of code is never closed", "end it with the same fence")
    if ragged := places.ragged_row():
        where, cells, columns = ragged
        raise UsageError(f"{where}: a row of the table has {cells} cells, its head {columns}", "escape a | as \\|")
    if sign := re.search(r"(?<!\\)\$\$", places.prose):
        where = places.of_offset(sign.start())
        raise UsageError(f"{where}: a formula is never closed", "end it with $$ before the next empty line")


def _check_brackets(places: Places) -> None:
    """Raise UsageError for a paragraph with so many brackets that stay open that pandoc would never end."""
    for paragraph in re.finditer(r"(?:[^\n]*\S[^\n]*\n?)+", places.prose):
        brackets = [match[0] for match in BRACKET.finditer(paragraph[0])]
        if (left := brackets.count("[") - brackets.count("]")) > MOST_OPEN:
            where = places.of_offset(paragraph.start())
            raise UsageError(f"{where}: {left} brackets are never closed", "close them, or write them as \\[")


def _check_notes(places: Places) -> None:
    """Raise UsageError for a note that is referred to and not defined: pandoc would show its name."""
    defined = set(DEFINED.findall(places.prose))
    for match in NOTE.finditer(places.prose):
        if match[1] not in defined:
            name = match[1]
            raise UsageError(f"{places.of_offset(match.start())}: unknown note {name!r}", f"define it: [^{name}]: ...")


def _complaint(told: str, places: Places, bibliography: Path | None) -> UsageError:
    if "bibliography file" in told:
        place = re.search(r"\(line (\d+), column \d+\): *(.*)", told)
        line, what = place.groups() if place else ("1", told)
        return UsageError(f"templates/{BIBLIOGRAPHY}:{line}: {what}")
    if uncited := re.search(r"citation (\S+) not found", told):
        known = BIBTEX.findall(bibliography.read_text(encoding="utf-8")) if bibliography else ()
        missing = unknown(f"citation in templates/{BIBLIOGRAPHY}:", uncited[1], known)
        return UsageError(f"{places.of_reference(uncited[1])}: {missing.message}", missing.hint)
    if twice := re.search(r"Duplicate identifier '([^']+)'", told):
        where = places.of_label(twice[1], 1)
        return UsageError(f"{where}: duplicate label {twice[1]!r}", "labels are unique in a document")
    line = re.search(r"at line (\d+)", told)
    where = places.of_line(int(line[1]) if line else 1)
    if re.search(r"Div at line [^.]* unclosed", told):
        return UsageError(f"{where}: a block is never closed", "end it with :::")
    if unused := re.search(r"Note with key '([^']+)' defined at", told):
        name = _own(unused[1], where)
        return UsageError(f"{where}: nothing refers to the note {name!r}", f"refer to it: [^{name}]")
    if twice := re.search(r"Duplicate note reference '([^']+)'", told):
        return UsageError(f"{where}: the note {_own(twice[1], where)!r} is defined twice", "give one another name")
    warning = re.search(r"\[WARNING\] (.*?)(?: at line | Failing because|$)", told)
    return UsageError(f"{where}: {warning[1] if warning else told}")


def _own(note: str, where: str) -> str:
    """Return a note's name as its author wrote it: without that of the part, which keeps notes of two parts apart."""
    return note.removeprefix(f"{Path(where).name.partition('.')[0]}-")
