"""HTML to a PDF that passes PDF/A-3a and PDF/UA-1, the same bytes every time, from nothing but memory."""

import contextlib
import ctypes.util
import datetime
import gc
import importlib
import io
import logging
import mimetypes
import warnings
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from report_cli.errors import Faults, ReportError
from report_cli.keys import environment
from report_cli.report.html.compose import ASSETS, AT, ITEM
from report_cli.report.html.fonts import EMOJI
from report_cli.report.pdf import floats, formulas, lines
from report_cli.report.provenance import NAME

UA_NAMESPACE = "http://www.aiim.org/pdfua/ns/id/"
# PDF/A allows only properties that are declared; this declares the one that says PDF/UA.
UA_PROPERTIES = f"""
<rdf:Description rdf:about="" xmlns:pdfuaid="{UA_NAMESPACE}" pdfuaid:part="1"/>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
<pdfaSchema:namespaceURI>{UA_NAMESPACE}</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 that the file follows</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
</rdf:RDF>"""
# Paper that stays empty on each side, whatever reaches into the margins: 10 mm.
MARGIN_PX = 10 / 25.4 * 96
# Ink may reach a little below its line.
SLACK_PX = 6
# A figure whose letters have 8 points has 6 at least.
LEAST_SCALE = 0.75
LOWER = "make it lower, or two of it"
NAMES = {"table": "table", "td": "table", "th": "table", "img": "figure or formula", "pre": "block of code"}
# Those that draw, convert and lay out.
PACKAGES = ("fonttools", "lxml", "matplotlib", "nh3", "pillow", "pydyf", "pypandoc_binary", "typst", "weasyprint")
UNDATED = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


def load() -> None:
    """Import the renderer. OSError when Pango is missing; what it prints then has no place among results."""
    with contextlib.redirect_stdout(io.StringIO()):
        importlib.import_module("weasyprint")


def versions() -> dict[str, str]:
    """Return the versions of all that decides the bytes of a PDF, and the letters and lines in it."""
    from weasyprint.text.ffi import pango

    harfbuzz = ctypes.CDLL(ctypes.util.find_library("harfbuzz") or "libharfbuzz.so.0")
    harfbuzz.hb_version_string.restype = ctypes.c_char_p
    return {
        **{name: environment.version(name) for name in PACKAGES},
        "harfbuzz": harfbuzz.hb_version_string().decode(),
        "pango": str(pango.pango_version()),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


def to_pdf(
    html: str, styles: list[str], assets: Mapping[str, bytes], provenance: str, date: str, description: str = NAME
) -> bytes:
    """Return the PDF of `html` with `provenance`, which is described so, attached.

    `assets` maps a path below ASSETS to content; nothing else is ever read, from disk or network. `date` is ISO.

    Raises:
        ReportError: an address that is no asset, a warning of the renderer, a font that is not ours, or a page that
            can't be laid out.
    """
    from weasyprint.urls import FatalURLFetchingError

    try:
        with _no_flaws():
            content = _lay_out(html, styles, assets, provenance, date, description)
    except FatalURLFetchingError as error:  # A BaseException, which nothing above this would catch.
        raise ReportError(f"a page asks for something that is not part of the report: {error}") from error
    except ReportError:
        raise
    except Exception as error:
        raise ReportError(f"the PDF can't be laid out: {error}", "look for style rules with huge numbers") from error
    _check_fonts(content)
    return content


def _lay_out(
    html: str, styles: list[str], assets: Mapping[str, bytes], provenance: str, date: str, description: str
) -> bytes:
    import weasyprint
    from weasyprint.css.counters import CounterStyle
    from weasyprint.text.fonts import FontConfiguration

    # The styles share their counters, as their fonts.
    fetcher, configuration, counters = _fetcher(assets), FontConfiguration(), CounterStyle()
    when = datetime.datetime.fromisoformat(date).replace(tzinfo=datetime.UTC) if date else UNDATED
    # The search for cycles among the renderer's many small objects takes an eighth of its time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            # The renderer leaves its colour profile open until it is collected.
            warnings.simplefilter("ignore", ResourceWarning)
            sheets = [
                weasyprint.CSS(
                    string=style,
                    base_url=ASSETS,
                    url_fetcher=fetcher,
                    font_config=configuration,
                    counter_style=counters,
                )
                for style in styles
            ]
            page = weasyprint.HTML(string=html, base_url=ASSETS, url_fetcher=fetcher)
            with floats.figures(), lines.full():
                # Hints: the attributes by which pandoc writes how a list counts.
                document = page.render(
                    stylesheets=sheets,
                    font_config=configuration,
                    counter_style=counters,
                    pdf_variant="pdf/a-3a",
                    presentational_hints=True,
                )
            _check_edges(document)
            _declare_ua(document.metadata)
            attached = weasyprint.Attachment(
                string=provenance,
                name=NAME,
                description=description,
                relationship="Data",
                created=when,
                modified=when,
            )
            with _item_bodies(), formulas.letters():
                content: bytes = document.write_pdf(
                    pdf_variant="pdf/a-3a", attachments=[attached], finisher=_show_outline
                )
    finally:
        if collecting:
            gc.enable()
    return content


def _fetcher(assets: Mapping[str, bytes]) -> Any:
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class Assets(URLFetcher):  # type: ignore[misc]
        """Serves the report's own content and refuses every other address."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if url.startswith("data:"):
                return super().fetch(url, headers)  # the pixels inside one of our own figures
            content = assets.get(url.removeprefix(ASSETS)) if url.startswith(ASSETS) else None
            if content is None:
                # Inside a figure the renderer catches even this error, so it is logged as well.
                logging.getLogger("weasyprint").error("%s is not part of the report", url[:200])
                raise FatalURLFetchingError(url[:200])
            kind = mimetypes.guess_type(url)[0] or "application/octet-stream"
            return URLFetcherResponse(url, content, {"Content-Type": kind})

    return Assets(allowed_protocols={"data"})


@contextlib.contextmanager
def _item_bodies() -> Iterator[None]:
    """Inside, the body of an item of a list is tagged as one: the renderer does so for plain text alone."""
    from weasyprint.pdf import tags

    plain = tags._get_pdf_tag
    tags._get_pdf_tag = lambda name: "LBody" if name == ITEM else plain(name)
    try:
        yield
    finally:
        tags._get_pdf_tag = plain


def _show_outline(_: Any, pdf: Any) -> None:
    """Let viewers open the file with its outline beside the first page."""
    pdf.catalog["PageMode"] = "/UseOutlines"


def _declare_ua(metadata: Any) -> None:
    plain = metadata.generate_rdf_metadata

    def declared(*arguments: Any) -> bytes:
        text: str = plain(*arguments).decode()
        return text.replace("</rdf:RDF>", UA_PROPERTIES.strip()).encode()

    metadata.generate_rdf_metadata = declared


@contextlib.contextmanager
def _no_flaws() -> Iterator[None]:
    """Fail when the renderer logs a warning: what it only logs (an unreadable image) is a hole in the page."""
    logger, flaws = logging.getLogger("weasyprint"), dict[str, None]()

    def note(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.WARNING:
            flaws[record.getMessage()] = None
        return False  # It is told once.

    logger.addFilter(note)
    try:
        yield
    finally:
        logger.removeFilter(note)
    if flaws:
        raise ReportError(f"the PDF has a flaw: {'; '.join(flaws)}")


def _check_edges(document: Any) -> None:
    """Fail when tables, figures, formulas, code or words reach beyond an edge: what is cut off can't be read.

    Of a place the first of them is told, which has the others in it.
    """
    from weasyprint.formatting_structure.boxes import MarginBox

    where, faults = "", dict[str, ReportError]()
    is_wide = False
    for number, page in enumerate(document.pages, 1):
        for box in page._page_box.descendants():
            if isinstance(box, MarginBox):
                break  # The heads and feet of a page come last.
            element = box.element
            if element is not None and element.get(AT):
                where, is_wide = f"{element.get(AT)}: ", "wide" in element.get("class", "").split()
            if error := _cut_off(box, page._page_box, number, is_wide):
                faults.setdefault(where, ReportError(where + error.message, error.hint))
    together = Faults()
    for error in faults.values():
        together.note(error)
    together.check()


def _cut_off(box: Any, page: Any, number: int, is_wide: bool) -> ReportError | None:
    """Return what is wrong with a box that doesn't fit on its page, which is the one of this number."""
    if box.element_tag == "span" and box.element.get("class") == "fn" and box.position_y < page.margin_top - 1:
        return ReportError("a footnote is taller than a page", "write it into the text")
    kind = box.element_tag if box.element_tag in NAMES else "word" if hasattr(box, "text") else None
    if kind is None:
        return None
    width, height = (side if isinstance(side, int | float) else 0.0 for side in (box.width, box.height))
    # Wide tables reach 12 mm into each margin by design.
    edge, bottom = page.width + page.margin_left + page.margin_right - MARGIN_PX, page.margin_top + page.height
    if box.position_x + width > edge + 1 or box.position_x < MARGIN_PX - 1:
        flaw, hint = "wider", _narrower(NAMES.get(kind, kind), is_wide)
    elif box.position_y + height > bottom + SLACK_PX or _is_shrunk(box):
        flaw, hint = "taller", LOWER
    else:
        return None
    parts = [box] if kind == "word" else box.descendants()
    text = " ".join("".join(getattr(inner, "text", "") for inner in parts).split())
    told = f"on page {number} of the PDF a {NAMES.get(kind, kind)} is {flaw} than the page"
    return ReportError(f"{told}: {text[:60]}" if text else told, hint)


def _narrower(kind: str, is_wide: bool) -> str:
    """Return what makes something fit; a table that reaches into the margins already isn't told to."""
    if kind != "table":
        return "break it into lines"
    wider = "" if is_wide else "give the table {.wide}, or "
    return f"break its cells into lines, take a column away, {wider}put it on a page across: ::: {{.landscape}}"


def _is_shrunk(box: Any) -> bool:
    """Return whether a figure of a run is so high that its letters would be too small to read."""
    if box.element_tag != "img" or box.element.get("class") or box.element.get("style"):
        return False
    if not hasattr(box, "replacement"):
        return False  # It can't be read, which is told as a flaw.
    *_, ratio = box.replacement.get_intrinsic_size(1, box.style["font_size"])
    return bool(ratio and box.width / ratio > box.height / LEAST_SCALE)


def _check_fonts(content: bytes) -> None:
    """Fail when a font of the system got into the pages: the report would look different on the next machine."""
    import pikepdf

    # The file is read, and the renderer isn't asked, as it writes some that nobody can read, and says nothing of it.
    # Inside the PDF a font goes by the name that the style sheet gives it, with hyphens.
    ours = ("Report-", "Source-Sans-3", EMOJI)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        names = {
            str(font.get("/BaseFont", "")).partition("+")[2] or str(font.get("/BaseFont", ""))
            for font in pdf.objects
            if isinstance(font, pikepdf.Dictionary) and font.get("/Type") == "/Font"
        }
    foreign = sorted(name for name in names if not name.startswith(ours))
    if foreign:
        raise ReportError(
            f"the PDF uses a font of this machine: {', '.join(foreign)}",
            "a character is missing in templates/style/fonts; replace the character",
        )
