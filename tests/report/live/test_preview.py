import base64
import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from report_cli.errors import UsageError
from report_cli.report.live.preview import Preview, serve

PAGE = (
    b'<!DOCTYPE html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src x"><p>'
)


@pytest.fixture
def preview(tmp_path: Path) -> Preview:
    return Preview(tmp_path / "paper.pdf")


@pytest.fixture
def address(preview: Preview) -> Iterator[str]:
    """Serve the preview on a port that is free."""
    with serve(preview, 0, 0) as address:
        yield address


def get(address: str, path: str = "/", host: str = "") -> tuple[int, bytes]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request("GET", path, headers={"Host": host} if host else {})
    response = connection.getresponse()
    return response.status, response.read()


def event(sent: Iterator[bytes]) -> dict[str, str]:
    found: dict[str, str] = json.loads(next(sent).removeprefix(b"data: "))
    return found


def test_a_page_is_served_with_the_script_that_reloads_it(preview: Preview, address: str) -> None:
    """The served page has the script before its policy, which is opened for the server alone; nothing else differs."""
    preview.show(PAGE)
    status, served = get(address)
    assert status == 200
    plain = re.sub(rb"(?s)<script>.*</script>", b"", served)
    assert plain.replace(b"connect-src 'self'; ", b"") == PAGE
    assert served.index(b"<script>") < served.index(b"Content-Security-Policy")
    assert b"content=\"connect-src 'self'; default-src x" in served


def test_figures_and_fonts_are_served_on_their_own(preview: Preview, address: str) -> None:
    """What makes a page large has addresses of its own, the same as long as it is the same, and may be kept."""
    figure, font = b"<svg>" + b"x" * 2000, b"font" * 500
    coded = base64.b64encode(figure)
    page = PAGE.replace(b"default-src x", b"default-src x; img-src data:; font-src data:")
    page += b'<img src="data:image/svg+xml;base64,' + coded + b'">'
    preview.show(page + b"url(data:font/woff2;base64," + base64.b64encode(font) + b")")
    served = get(address)[1]
    assert coded not in served
    assert b"img-src 'self' data:; font-src 'self' data:" in served
    first, second = re.findall(r"/parts/[0-9a-f]{32}", served.decode())
    assert (get(address, first), get(address, second)) == ((200, figure), (200, font))
    assert get(address, first, "evil.example")[0] == 403
    preview.show(page + b"more")
    assert first.encode() in get(address)[1]
    assert get(address, second)[0] == 200


def test_a_browser_hears_of_pages_and_errors(preview: Preview, address: str) -> None:
    """A browser learns which page is the newest, and what is wrong; the last good page stays until there is another."""
    preview.show(PAGE)
    sent = preview.events()
    first = event(sent)
    assert first["page"].encode() in get(address)[1]
    assert first["error"] == ""
    preview.fail("error: <no> label")
    assert event(sent) == {"page": first["page"], "error": "error: <no> label"}
    assert b"<no>" not in get(address)[1]
    preview.show(PAGE)
    assert event(sent) == first
    preview.show(PAGE + b"more")
    assert event(sent)["page"] != first["page"]


def test_before_the_first_page_the_error_is_the_page(preview: Preview, address: str) -> None:
    """Where nothing could be built yet, the page says why, as text, and reloads when that changes."""
    sent = preview.events()
    empty = event(sent)
    preview.fail("error: <b> is wrong")
    assert b"error: &lt;b&gt; is wrong" in get(address)[1]
    assert event(sent)["page"] != empty["page"]


def test_nothing_but_the_report_is_served(preview: Preview, address: str, tmp_path: Path) -> None:
    """No other file can be had, no folder is listed, and a name that was led to this address is refused."""
    preview.show(PAGE)
    (tmp_path / "secret.txt").write_text("secret")
    for path in ("/secret.txt", "/../secret.txt", "/%2e%2e/secret.txt", "/paper.pdf", "/x//", "/events/"):
        assert get(address, path)[0] == 404
    (tmp_path / "paper.pdf").write_bytes(b"%PDF")
    assert get(address, "/paper.pdf") == (200, b"%PDF")
    assert get(address, "/favicon.ico") == (204, b"")
    port = urlsplit(address).port
    assert get(address, host=f"localhost:{port}")[0] == 200
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port}.evil.example"):
        assert get(address, host=host)[0] == 403
        assert get(address, "/events", host)[0] == 403


def test_a_port_that_is_taken(preview: Preview, address: str) -> None:
    """A port that was asked for and is taken is an error; otherwise another one is found."""
    port = urlsplit(address).port
    assert port is not None
    with pytest.raises(UsageError, match=f"port {port} is taken"), serve(preview, port, 0):
        pass
    with serve(preview, None, port) as other:
        assert urlsplit(other).port != port
