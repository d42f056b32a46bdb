"""What a page must not reach: a server that counts requests, and canaries looked for in all that comes out."""

import base64
import io
import json
import re
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import lxml.html
import pikepdf

from report_cli.project import inherited_templates
from report_cli.report.page import SCRIPTS
from report_cli.report.text import words

# Of processor time: the machine may have other things to do.
SECONDS = 30
EMBEDDED = re.compile(rb"data:[\w/+.-]+;base64,([A-Za-z0-9+/=]+)")
FOREIGN = ("script", "iframe", "object", "embed", "link", "base", "form", "input", "svg", "video", "foreignobject")
LINKS = ("#", "http://", "https://", "mailto:")
NAMES = {"USER": "canaryuser", "LOGNAME": "canaryuser", "HOSTNAME": "canaryhost", "API_TOKEN": "canarytoken"}


@contextmanager
def server() -> Iterator[tuple[str, list[str]]]:
    """Yield the address of a server on this machine, and the list of what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"canarynet")

        def log_message(self, *_: object) -> None:
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{site.server_port}", asked
    finally:
        site.shutdown()
        thread.join()
        site.server_close()


class HungError(BaseException):
    """A page took longer than any that ends."""


@contextmanager
def in_time() -> Iterator[None]:
    """Raise HungError when the block takes too much processor time, again and again until it ends."""

    def end(*_: object) -> None:
        raise HungError

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def canaries(folder: Path, project: Path) -> tuple[Path, Mapping[str, str]]:
    """Write a secret file into `folder`; return it, and everything that no output may have in it, by name."""
    secret = folder / "secret"
    # It is many things at once, so that whatever reads it can make something of it.
    secret.write_text("@book{knuth1984, title = {canaryfile}, author = {canaryfile}, year = 1984}\n")
    passwords = Path("/etc/passwd").read_text().splitlines()[0]
    return secret, {
        "the secret file": "canaryfile",
        "the password file": passwords,
        "an answer of the server": "canarynet",
        "the path of the project": str(project),
        "the home of the user": "/canaryhome",
        **{name: value for name, value in NAMES.items() if name != "LOGNAME"},
    }


def found(content: bytes, wanted: Mapping[str, str]) -> list[str]:
    """Return the names of the canaries in a file, whatever it is packed in."""
    parts = [content, *(base64.b64decode(match[1]) for match in EMBEDDED.finditer(content))]
    if content.startswith(b"%PDF"):
        parts += _inside(content)
    return [name for name, text in wanted.items() if any(text.encode() in part for part in parts)]


def _inside(content: bytes) -> Iterator[bytes]:
    """Yield everything in a PDF: streams (pages, attachments, metadata, fonts) inflated, and texts decoded."""
    with pikepdf.open(io.BytesIO(content)) as document:
        for each in document.objects:
            if isinstance(each, pikepdf.Stream):
                try:
                    yield each.read_bytes()
                except pikepdf.PdfError:  # pixels in a form of their own
                    yield each.read_raw_bytes()
            yield from _texts(each)


def _texts(value: Any, depth: int = 0) -> Iterator[bytes]:
    if isinstance(value, pikepdf.String):
        yield str(value).encode()
    elif depth < 50 and isinstance(value, pikepdf.Dictionary | pikepdf.Stream):
        for item in dict(value.items()).values():
            if not getattr(item, "is_indirect", False):
                yield from _texts(item, depth + 1)
    elif depth < 50 and isinstance(value, pikepdf.Array):
        for item in value:
            if not getattr(item, "is_indirect", False):
                yield from _texts(item, depth + 1)


def active(page: bytes) -> list[str]:
    """Return what in an HTML page could run or be fetched, beside the report's own script."""
    tree = lxml.html.document_fromstring(page.decode())
    # Its icon is a part of the page.
    icon = tree.xpath("//head/link[@rel='icon'][starts-with(@href, 'data:image/svg+xml,')]")
    for element in icon:
        element.drop_tree()
    # Charts stand in the page; what is in one is judged as the rest.
    charts = tree.xpath("//figure//svg[starts-with(@class, 'chart')][@role='img']")
    flaws = [f"<{element.tag}>" for element in tree.iter(*FOREIGN) if element not in charts and not _own(element)]
    for element in tree.iter(lxml.html.etree.Element):
        flaws += [f"{name} of <{element.tag}>" for name in element.attrib if name.startswith("on")]
    flaws += [
        f"a link to {to}" for to in tree.xpath("//@href[not(ancestor::p/@class='files')]") if not to.startswith(LINKS)
    ]
    flaws += [f"an image {source[:40]}" for source in tree.xpath("//@src") if not source.startswith("data:image/")]
    return flaws


def _own(element: Any) -> bool:
    """Return whether an element is the report's own script, behind the words of the page's language."""
    script = "\n".join((inherited_templates() / "style" / name).read_text() for name in SCRIPTS)
    own = [f"const WORDS = {json.dumps(words.of(code), ensure_ascii=False)};" for code in words.LANGUAGES]
    begin, _, rest = (element.text or "").partition("\n")
    first, _, rest = rest.partition("\n")
    parts = begin == '"use strict"; {' and first in own and rest == f"{script}\n}}"
    return element.tag == "script" and not element.attrib and parts


def shown(page: bytes) -> str:
    """Return the text of an HTML page, spaces made one."""
    return " ".join(lxml.html.document_fromstring(page.decode()).text_content().split())
