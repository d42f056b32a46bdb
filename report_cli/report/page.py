"""One document, from its templates to the bytes of its files, in memory."""

import base64
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from report_cli.errors import Faults, ReportError, UsageError
from report_cli.project import STUDENT, Project, folder_of, stem_of
from report_cli.report import export, provenance
from report_cli.report.deadline import OverdueError, deadline
from report_cli.report.html import compose, fonts, images, numbering
from report_cli.report.html.compose import ASSETS, Body
from report_cli.report.html.numbering import APPENDIX, Heading
from report_cli.report.pdf import pango, pdf
from report_cli.report.text import manuscript, templates, words
from report_cli.report.text.context import Context
from report_cli.report.text.faults import locate
from report_cli.report.text.front import HEAD, TEXTS, Author, Front
from report_cli.report.text.lines import CONTROL, no_text
from report_cli.report.text.manuscript import Figure, Manuscript
from report_cli.report.text.values import Ledger
from report_cli.store.run import PRINT, Run

POLICY = (
    "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; "
    "script-src 'sha256-{}'; base-uri 'none'; form-action 'none'"
)

STYLES = ("page.css", "screen.css", "figures.css")

ASKS = re.compile(r"@import\b[^;]{0,200}|url\(\s*['\"]?(?!data:|#)[^)]{0,200}\)?|</(?:style|script)", re.IGNORECASE)

# Megabytes of pictures, in which there is nothing to read.
DATA = re.compile(r'(?<==")data:[^"]*')


# The page's script, feature by feature: they stand in one block in this order.
SCRIPTS = (
    *("dom.js", "sorting.js", "stops.js", "figures.js", "numbers.js", "notes.js"),
    *("places.js", "boxes.js", "contents.js", "page.js"),
)


@dataclass(frozen=True)
class Page:
    """The content of each format, what its author should know, and what kept a format from being made (no Pango).

    `images` has the sha256 of the author's own images by their paths in the project, `provenance` what is attached to
    the PDF. `beside` has the files that lie beside the HTML and those formats that are no pages, in a folder.
    """

    contents: dict[str, bytes]
    warnings: tuple[str, ...] = ()
    failure: ReportError | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, bytes] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    # Where its numbers come from, in words.
    numbers: str = ""
    # The sha256 of the files whose code it shows, by their paths in the project.
    code: Mapping[str, str] = field(default_factory=dict)


def render(
    project: Project,
    document: str,
    context: Context,
    formats: tuple[str, ...],
    made: Mapping[str, Any],
    attached: str = "",
    stage: Callable[[str], None] = lambda name: None,
    *,
    has_pdf: bool = False,
) -> Page:
    """Return `document` in each of `formats`.

    `made` tells the PDF's provenance by what and where it was built. With `attached` that text is attached instead.
    `stage` is called with what begins: the text, and the formats. With `has_pdf` the PDF of the same inputs is there.

    Raises:
        UsageError: a template, style or layout is malformed, asks for what isn't part of the report, or takes more than
            the time limit.
        ReportError: a result is missing, profiles are mixed, or the PDF can't be laid out.
    """
    stage("text")
    source = manuscript.write(project, document, context, section=made.get("section", ""), whole=False)
    failure = _no_pdf() if "pdf" in formats else None
    is_printed = "pdf" in formats and failure is None
    others = [name for name in formats if name in export.WRITERS]
    stem = stem_of(document, made["view"], made.get("section", ""))
    folder = folder_of(stem)
    contents, beside = dict[str, bytes](), dict[str, bytes]()
    with _in_document(document):
        body, facts, attachment = _gather(project, document, source, context, made)
        made = attachment["made"]
        facts["files"] = [*([f"{stem}.pdf"] if has_pdf or is_printed else []), f"{folder}/{provenance.NAME}"]
        if "html" in formats:
            stage("HTML")
            contents["html"] = _screen(project, facts, body, source).encode()
        if is_printed:
            stage("PDF")
            attachment["made"] = {**made, "with": {**pdf.versions(), "fonts": fonts.digests(project)}}
            contents["pdf"] = _print(project, facts, body, source, attached or provenance.sealed(attachment))
        if others:
            stage(", ".join(others))
            page = _printable(project, facts, body, source, "file")
            toc = source.language["contents"] if source.front.toc else ""
            exported, beside = export.write(project, page, body, others, toc, folder)
            contents |= exported
        if others or "html" in formats:
            beside[provenance.NAME] = provenance.sealed(attachment | {"made": made}).encode()
    return Page(
        contents=contents,
        warnings=body.warnings,
        failure=failure,
        images=body.images,
        beside=beside,
        provenance=attachment,
        numbers=str(body.numbers),
        code=source.code,
    )


@contextmanager
def _in_document(document: str) -> Iterator[None]:
    """Inside, an error of what takes too long names the file of `document`, unless it names a template itself."""
    try:
        yield
    except OverdueError as error:
        if error.message.startswith("templates/"):
            raise
        raise OverdueError(f"templates/documents/{document}.md: {error.message}", error.hint) from error


def _gather(
    project: Project, document: str, source: Manuscript, context: Context, made: Mapping[str, Any]
) -> tuple[Body, dict[str, Any], dict[str, Any]]:
    """Return the body of a document, what its layouts take, and what is attached to it."""
    ledger, language, view = context.ledger, source.language, made["view"]
    body = compose.compose(project, source, ledger, view)
    figures = {label: f for label, f in source.figures.items() if f.file and f'"{label}"' in body.print}
    runs = _behind(context.used(), ledger, figures) if view == STUDENT else context.used()
    appendix = Heading(2, numbering.next_appendix(body.headings), language["provenance"], APPENDIX)
    behind = context.selection.behind if context.selection else {}
    label = provenance.label(runs, made["draft"], language, behind)
    drawn = {label: f.file.sha256[PRINT] for label, f in figures.items() if f.file}
    attachment = provenance.attachment(document, runs, ledger, drawn, body.images, behind) | _digests(body)
    attachment["made"] = {
        **made,
        "sources": {} if view == STUDENT else dict(source.code),
        "drawings": _drawings(context, figures),
    }
    attachment["claims"] = [] if view == STUDENT else source.claims.listed(ledger)
    facts = {
        **_facts(project, source, body, ledger),
        "label": label,
        "draft": made["draft"],
        "headings": (*body.headings, *([appendix] if runs else [])),
        "provenance": appendix,
        "appendix": provenance.appendix(runs, context.experiments, language, body.uses, behind),
        "view": view,
        "document": document,
        "claims": attachment["claims"],
    }
    return body, facts, attachment


def _no_pdf() -> ReportError | None:
    """Return why no PDF can be written here, if so."""
    try:
        pdf.load()
    except OSError:
        return ReportError("Pango is missing, so no PDF was written", pango.hint())
    return None


def _facts(project: Project, source: Manuscript, body: Body, ledger: Ledger) -> dict[str, Any]:
    """Return what layouts take from the document itself."""
    front, settings, language = source.front, project.settings, source.language
    return {
        "front": {
            **{key: ledger.text(getattr(front, key)) for key in TEXTS},
            **body.titles,
            "toc": front.toc,
            "iso_date": front.date,
        },
        "authors": front.author or ([Author(settings.author)] if settings.author else []),
        # It is that of the author whom the settings name.
        "id": "" if front.author else settings.id,
        "course": front.course,
        "logo": images.logo(project, front.logo, front.places["logo"]) if front.logo else "",
        "words": language,
        "number": lambda number: words.number(f"{number:g}", language),
        "settings": settings,
        "date": words.date(front.date, language),
        "questions": body.questions,
    }


def _behind(runs: tuple[Run, ...], ledger: Ledger, figures: Mapping[str, Figure]) -> tuple[Run, ...]:
    """Return the runs of the values and figures that are shown."""
    keys = {key for entry in ledger.entries for key in entry.value.runs}
    names = {figure.name.partition(".")[0] for figure in figures.values()}
    return tuple(run for run in runs if run.key in keys or run.experiment in names)


def _drawings(context: Context, figures: Mapping[str, Figure]) -> dict[str, str]:
    """Return what the figures that are shown are drawn with, by experiment."""
    drawn_by = context.selection.drawn_by if context.selection else {}
    names = {figure.name.partition(".")[0] for figure in figures.values()}
    return {name: drawn_by[name] for name in sorted(names & drawn_by.keys())}


def _digests(body: Body) -> dict[str, str]:
    """Return the digests of the HTML of a body, and of its words alone."""
    from lxml import html

    markup = "".join(forms[0] for forms in body.head.values()) + body.screen
    words = "".join(html.fragment_fromstring(DATA.sub("", markup), create_parent="div").text_content().split())
    return {name: sha256(text.encode()).hexdigest() for name, text in (("html", markup), ("prose", words))}


def _screen(project: Project, facts: dict[str, Any], body: Body, source: Manuscript) -> str:
    texts = [_style(project, name) for name in SCRIPTS]
    words = f"const WORDS = {json.dumps(dict(facts['words']), ensure_ascii=False)};"
    # It runs before the browser lays out the end of the page, as a module wouldn't: what it makes is laid out once. In
    # a block its names stay its own.
    script = "\n".join(('"use strict"; {', words, *texts, "}"))
    # The browser runs this script and no other, and asks no one for anything.
    policy = POLICY.format(base64.b64encode(sha256(script.encode()).digest()).decode())
    more = {
        "medium": "screen",
        "body": _trusted(body.screen),
        "head": {key: _trusted(body.head[key][0] if key in body.head else "") for key in HEAD},
        "script": _trusted(script),
        "policy": policy,
    }
    page = _fill(project, facts, **more, style="")
    _check_characters(project, page, source)
    styles = [_style(project, name) for name in STYLES]
    style = "".join((fonts.for_screen(project, DATA.sub("", page)), *styles, _own_style(project, source.front)))
    return _fill(project, facts, **more, style=_trusted(style))


def _printable(project: Project, facts: dict[str, Any], body: Body, source: Manuscript, medium: str) -> str:
    head = {key: _trusted(body.head[key][1] if key in body.head else "") for key in HEAD}
    more = {"body": _trusted(body.print), "head": head}
    page = _fill(project, facts, medium=medium, **more, style="", script="")
    _check_characters(project, page, source)
    return page


def _print(project: Project, facts: dict[str, Any], body: Body, source: Manuscript, attached: str) -> bytes:
    page = _printable(project, facts, body, source, "print")
    rules, files = fonts.for_print(project, ASSETS, DATA.sub("", page))
    paper = f"@page {{ size: {source.front.paper} }}\n@page landscape {{ size: {source.front.paper} landscape }}\n"
    if source.front.paper == "letter":  # 18 mm lower: a caption stays below its figure.
        paper += "figure > img { max-height: 202mm }\n"
    styles = [rules + _style(project, "page.css") + _style(project, "print.css") + paper]
    styles.append(_own_style(project, source.front))
    with deadline("laying out the PDF", project.settings.time_limit):
        assets, description = {**files, **body.assets}, facts["words"]["attachment"]
        return pdf.to_pdf(page, styles, assets, attached, source.front.date, description)


def _check_characters(project: Project, page: str, source: Manuscript) -> None:
    """Refuse a character that would be taken from a font of the machine, or shown as an empty box, or is no text."""
    from lxml import html

    def place(character: str) -> str:
        front, settings = source.front, project.settings
        # What the title block takes as it is stands in no line of the text.
        facts = [(where, getattr(front, key)) for key, where in front.places.items() if key not in HEAD]
        facts.append(("[tool.report]", (settings.author, settings.id)))
        return next((where for where, fact in facts if character in str(fact)), source.places.of_text(character))

    if control := CONTROL.search(page):
        raise UsageError(f"{place(control[0])}: {no_text(control[0])}", "take it out")
    text = html.document_fromstring(DATA.sub("", page)).text_content()
    faults = Faults()
    for character in fonts.without_glyph(project, text):
        name = f"{character!r} (U+{ord(character):04X}, {unicodedata.name(character, 'no name').lower()})"
        faults.note(
            UsageError(f"{place(character)}: no font of the report has the character {name}", fonts.NO_FONT_HINT)
        )
    faults.check()


def _trusted(text: str) -> Markup:
    """Mark what nh3 has cleaned, or a style sheet or script of the project, as HTML."""
    return Markup(text)  # noqa: S704


def _fill(project: Project, facts: dict[str, Any], **more: Any) -> str:
    environment = SandboxedEnvironment(
        loader=jinja2.FunctionLoader(lambda name: templates.read(project, f"partials/{name}")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    try:
        with deadline("rendering", project.settings.time_limit):
            return environment.get_template("page.html").render(facts | more)
    except Exception as error:
        raise locate(error, "templates/partials/page.html") from error


def _style(project: Project, name: str) -> str:
    return _checked(templates.require(project, f"style/{name}"), f"templates/style/{name}")


def _own_style(project: Project, front: Front) -> str:
    """Return the style that the document adds to ours."""
    return _checked(project.root / front.style, front.style) if front.style else ""


def _checked(path: Path, name: str) -> str:
    """Return the style sheet or script at `path`, which is known as `name`."""
    text = path.read_text(encoding="utf-8")
    # The PDF's fetcher would refuse it as well, but a browser would have to ask.
    if asks := ASKS.search(text):
        where = f"{name}:{text.count(chr(10), 0, asks.start()) + 1}"
        raise UsageError(
            f"{where}: {asks[0].strip()} is not part of the report", "a style may hold url(data:...) alone"
        )
    return text
