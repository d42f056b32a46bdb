"""Shows one page to browsers of this machine, and tells them when there is a newer one or something is wrong."""

import base64
import html
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from report_cli.errors import UsageError

HOST = "127.0.0.1"
# A comment line now and then: it fails where the browser is gone, and the thread that served it ends.
BEAT_S = 15.0
MANY_PARTS = 2000
POLICY = b'<meta http-equiv="Content-Security-Policy" content="'
# Figures and fonts are the megabytes of a page: served on their own, a browser takes those it knows from its memory.
EMBEDDED = re.compile(rb"data:(image/(?:svg\+xml|webp)|font/woff2);base64,([A-Za-z0-9+/=]{1000,})")
SCRIPT = """<script>
{
  const page = "PAGE";
  const box = document.createElement("pre");
  box.setAttribute("role", "alert");
  box.style.cssText = "position:fixed;inset:auto 0 0 0;z-index:99;margin:0;padding:1em 1.5em;max-height:60vh;" +
    "overflow:auto;white-space:pre-wrap;font:16px/1.5 monospace;color:#fff;background:#7a1212;border:0";
  new EventSource("/events").onmessage = (event) => {
    const now = JSON.parse(event.data);
    if (now.page !== page) { location.reload(); return; }
    box.textContent = now.error;
    if (now.error) document.body.append(box); else box.remove();
  };
}
</script>"""
EMPTY = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>report watch</title></head>
<body><h1>There is no page yet</h1><pre style="white-space:pre-wrap">{error}</pre></body></html>"""


class Preview:
    """What browsers are shown: the last good page, and below it what is wrong now. Any thread may ask."""

    def __init__(self, pdf: Path | None = None) -> None:
        self.pdf = pdf
        self.parts: dict[str, tuple[str, bytes]] = {}
        self._changed = threading.Condition()
        self._page: bytes | None = None
        self._served = b""
        self._error = ""
        self._count = 0

    def show(self, page: bytes) -> None:
        """From now on show `page`, with its figures and fonts at addresses of their own; nothing is wrong any more."""
        parts: dict[str, tuple[str, bytes]] = {}

        def take(match: re.Match[bytes]) -> bytes:
            address = f"/parts/{sha256(match[2]).hexdigest()[:32]}"
            parts[address] = match[1].decode(), base64.b64decode(match[2])
            return address.encode()

        served = EMBEDDED.sub(take, page)
        with self._changed:
            self._page, self._served, self._error = page, served, ""
            # A browser may still ask for what the page before had.
            self.parts = {**self.parts, **parts} if len(self.parts) < MANY_PARTS else parts
            self._tell()

    def fail(self, error: str) -> None:
        """From now on show `error` beside the last good page."""
        with self._changed:
            self._error = error
            self._tell()

    def page(self) -> bytes:
        """Return the page as it is served: with the script that reloads it."""
        with self._changed:
            content = self._served if self._page is not None else EMPTY.format(error=html.escape(self._error)).encode()
            return _live(content, self._name())

    def events(self) -> Iterator[bytes]:
        """Yield what to send to a browser that listens: first how things are, then each change."""
        last = -1
        while True:
            with self._changed:
                changed = last != self._count or self._changed.wait(BEAT_S)
                last = self._count
                facts = {"page": self._name(), "error": self._error if self._page is not None else ""}
            yield f"data: {json.dumps(facts)}\n\n".encode() if changed else b":\n\n"

    def _tell(self) -> None:
        self._count += 1
        self._changed.notify_all()

    def _name(self) -> str:
        """Return what the page is known by, in this process and the next."""
        content = self._page if self._page is not None else self._error.encode()
        return sha256(content).hexdigest()[:16]


def _live(page: bytes, name: str) -> bytes:
    """Return `page` with the script. It stands before the page's own policy, which would forbid it, and opens that
    for this server."""
    script = SCRIPT.replace("PAGE", name).encode()
    head, policy, rest = page.partition(POLICY)
    if not policy:
        return page + script
    rules, end, body = rest.partition(b'"')
    for kind in (b"img-src ", b"font-src "):
        rules = rules.replace(kind, kind + b"'self' ")
    return head + script + policy + b"connect-src 'self'; " + rules + end + body


@contextmanager
def serve(preview: Preview, port: int | None, fallback: int) -> Iterator[str]:
    """Serve `preview` within the block and yield the address; without a `port`, on `fallback` or any that is free.

    Raises:
        UsageError: another program uses `port`.
    """
    server = None
    for candidate in (port,) if port is not None else (fallback, 0):
        with suppress(OSError):
            server = _Server(preview, candidate)
            break
    if server is None:
        raise UsageError(f"port {port} is taken, or not yours to take", "leave --port out to get one that is free")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, preview: Preview, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.preview = preview


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        own = {f"{name}:{self.server.server_port}" for name in (HOST, "localhost")}
        # A page of some other site may lead its own name to this address; then the browser sends that name.
        if self.headers.get("Host", "") not in own:
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        address, pdf = self.path.partition("?")[0], self.server.preview.pdf
        if address == "/":
            self._send("text/html; charset=utf-8", self.server.preview.page())
        elif address == "/favicon.ico":  # Every browser asks, and an error would stand in its console.
            self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()
        elif address == "/events":
            self._head("text/event-stream")
            with suppress(ConnectionError):  # the browser went elsewhere
                for event in self.server.preview.events():
                    self.wfile.write(event)
        elif pdf is not None and address == f"/{pdf.name}" and pdf.is_file():
            self._send("application/pdf", pdf.read_bytes())
        elif (part := self.server.preview.parts.get(address)) is not None:
            self._send(*part, kept=True)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing: the terminal is for the author."""

    def _send(self, kind: str, content: bytes, *, kept: bool = False) -> None:
        self._head(kind, "max-age=31536000, immutable" if kept else "no-store")
        self.wfile.write(content)

    def _head(self, kind: str, keep: str = "no-store") -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", keep)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
