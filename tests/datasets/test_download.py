"""Archives are fetched whole or not at all, and what was fetched before a break is not fetched again."""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from experiments.datasets import CIFAR10, DOGS_VS_CATS
from report_cli.datasets import download, spec
from report_cli.datasets import source as sources
from report_cli.datasets.download import Patience
from report_cli.datasets.spec import Archive
from report_cli.errors import DataError
from tests.datasets.making import kaggle, photos, write_zip

CONTENT = np.random.default_rng(0).bytes(700_000)
HASTY = Patience(silence_s=0.3, pause_s=0.0)


@dataclass
class Site:
    """A server and how it behaves: `stops` are the numbers of bytes after which it hangs up, one an answer."""

    content: bytes = CONTENT
    tag: str = '"one"'
    stops: list[int] = field(default_factory=list)
    resumes: bool = True
    silent: bool = False
    status: int = 200
    kind: str = "application/octet-stream"
    location: str = ""
    length: bool = True
    shift: int = 0
    asked: list[str] = field(default_factory=list)
    sent: int = 0
    address: str = ""


class Handler(BaseHTTPRequestHandler):
    site: Site

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        site = self.site
        wanted = self.headers.get("Range") or ""
        site.asked.append(wanted)
        if site.location and not self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", site.location)
            self.end_headers()
            return
        if site.status >= 400:
            self.send_error(site.status)
            return
        known = self.headers.get("If-Range") in (None, site.tag)
        start = int(wanted[6:-1]) if wanted and site.resumes and known else 0
        self.send_response(206 if start else 200)
        if start:
            size = len(site.content)
            self.send_header("Content-Range", f"bytes {start + site.shift}-{size - 1}/{size}")
        self.send_header("ETag", site.tag)
        self.send_header("Content-Type", site.kind)
        if site.length:
            self.send_header("Content-Length", str(len(site.content) - start))
        self.end_headers()
        stop = site.stops.pop(0) if site.stops else len(site.content)
        with contextlib.suppress(OSError):
            # Counted before: whoever got the last byte may look at once.
            site.sent += max(0, stop - start)
            self.wfile.write(site.content[start:stop])
            if site.silent and stop < len(site.content):
                self.wfile.flush()
                self.connection.recv(1)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Serve on this machine; a proxy of the person who runs the tests is passed by."""
    monkeypatch.setenv("no_proxy", "*")
    site = Site()
    handler = type("Here", (Handler,), {"site": site})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        site.address = f"http://127.0.0.1:{server.server_port}/archive.zip"
        yield site
        server.shutdown()
        thread.join()


@pytest.fixture
def fetch(site: Site, tmp_path: Path) -> Callable[[], Path]:
    return lambda: download.fetch(published(site), tmp_path, lambda *_: None, HASTY)


def published(site: Site, content: bytes = CONTENT) -> Archive:
    return Archive(site.address, "http://page.example", len(content), sha256(content).hexdigest(), "free to use")


def test_an_archive_is_stored_whole(site: Site, fetch: Callable[[], Path], tmp_path: Path) -> None:
    """The file lies among the archives under its name, and nothing unfinished is left."""
    path = fetch()
    assert path == tmp_path / "archives" / "archive.zip"
    assert path.read_bytes() == CONTENT
    assert {p.name for p in (tmp_path / "fetching").iterdir()} <= {"archive.zip.lock"}


def test_what_is_there_is_not_fetched_again(site: Site, fetch: Callable[[], Path]) -> None:
    """A second call asks the server nothing; a damaged file is replaced."""
    path = fetch()
    assert fetch() == path
    assert site.asked == [""]
    path.write_bytes(CONTENT[:-1] + b"x")
    assert fetch().read_bytes() == CONTENT


@pytest.mark.parametrize("stop", [0, 1, 4_096, 262_144, 300_001, 699_999])
def test_a_connection_that_breaks_off_is_resumed(stop: int, site: Site, fetch: Callable[[], Path]) -> None:
    """Wherever it breaks, the rest is asked for, and no byte is sent twice."""
    site.stops = [stop]
    assert fetch().read_bytes() == CONTENT
    assert site.asked == ["", f"bytes={stop}-" if stop else ""]
    assert site.sent == len(CONTENT)


def test_a_fetch_goes_on_after_the_program_ended(site: Site, fetch: Callable[[], Path], tmp_path: Path) -> None:
    """What a call that gave up has left is used by the next; until then there are no archives."""
    site.stops = [300_000, *[0] * 9]
    site.resumes = True
    with pytest.raises(DataError, match="300000 of 700000 bytes are here") as caught:
        fetch()
    assert site.address in caught.value.message
    assert str(tmp_path / "archives") in caught.value.hint
    assert not (tmp_path / "archives").exists()
    site.stops = []
    assert fetch().read_bytes() == CONTENT
    assert site.sent == len(CONTENT)


def test_many_breaks_are_no_failure_as_long_as_it_goes_on(site: Site, fetch: Callable[[], Path]) -> None:
    """Only attempts that bring nothing count."""
    site.stops = list(range(50_000, 700_000, 50_000))
    assert fetch().read_bytes() == CONTENT


def test_a_silent_server_is_asked_again(site: Site, fetch: Callable[[], Path]) -> None:
    """A stalled connection is given up after the patience, and resumed."""
    site.silent, site.stops = True, [200_000]
    assert fetch().read_bytes() == CONTENT
    assert site.asked == ["", "bytes=200000-"]


def test_another_version_is_fetched_from_its_beginning(site: Site, fetch: Callable[[], Path]) -> None:
    """When the tag changed meanwhile, parts of two files are never put together."""
    site.content, site.tag, site.stops = bytes(700_000), '"old"', [300_000, *[300_000] * 9]
    with pytest.raises(DataError):
        fetch()
    site.content, site.tag, site.stops = CONTENT, '"new"', []
    assert fetch().read_bytes() == CONTENT


def test_a_server_that_cannot_resume_sends_all(site: Site, fetch: Callable[[], Path]) -> None:
    """An answer with the whole file replaces what was there."""
    site.resumes, site.stops = False, [300_000]
    assert fetch().read_bytes() == CONTENT


def test_another_range_than_was_asked_for_is_not_used(site: Site, fetch: Callable[[], Path]) -> None:
    """A server that answers with a range of its own choice is asked for all again."""
    site.shift, site.stops = 5, [300_000]
    assert fetch().read_bytes() == CONTENT
    assert site.asked[-1] == ""


def test_a_file_with_another_checksum_is_dropped(site: Site, fetch: Callable[[], Path], tmp_path: Path) -> None:
    """The same size is not enough, and the next call begins anew."""
    site.content = CONTENT[:-1] + b"x"
    with pytest.raises(DataError, match=f"sha256 {sha256(site.content).hexdigest()}"):
        fetch()
    assert not (tmp_path / "archives").exists()
    site.content = CONTENT
    assert fetch().read_bytes() == CONTENT


def test_damage_to_what_was_fetched_is_noticed(site: Site, fetch: Callable[[], Path], tmp_path: Path) -> None:
    """The checksum is over the file on disk, not over what came through the net."""
    site.stops = [300_000, *[0] * 9]
    with pytest.raises(DataError):
        fetch()
    part = tmp_path / "fetching" / "archive.zip.part"
    part.write_bytes(b"x" + part.read_bytes()[1:])
    site.stops = []
    with pytest.raises(DataError, match="not the archive"):
        fetch()


@pytest.mark.parametrize("length", [True, False])
def test_another_size_is_refused(length: bool, site: Site, fetch: Callable[[], Path]) -> None:
    """Announced or not, more bytes than the archive has are never stored."""
    site.content, site.length = CONTENT * 3, length
    with pytest.raises(DataError, match=r"2100000 bytes where|more than the 700000 bytes"):
        fetch()


def test_a_web_page_is_not_an_archive(site: Site, fetch: Callable[[], Path], tmp_path: Path) -> None:
    """A log-in page of a network is named as such, and the hint says how else to get the archive."""
    site.kind = "text/html; charset=utf-8"
    with pytest.raises(DataError, match="a web page instead of the archive") as caught:
        fetch()
    assert "http://page.example" in caught.value.hint
    assert str(tmp_path / "archives") in caught.value.hint


def test_a_moved_archive_is_followed(site: Site, fetch: Callable[[], Path]) -> None:
    """A redirection leads to the same file, also for the rest after a break."""
    site.location, site.stops = site.address.replace("/archive", "/moved"), [1000]
    assert fetch().read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "times"), [(404, 1), (403, 1), (500, 3), (429, 3)])
def test_refusals_are_one_error(status: int, times: int, site: Site, fetch: Callable[[], Path]) -> None:
    """What may pass is tried a few times, what won't is not."""
    site.status = status
    with pytest.raises(DataError, match=f"the server says {status}"):
        fetch()
    assert len(site.asked) == times


def test_a_range_beyond_the_end_begins_anew(site: Site, fetch: Callable[[], Path], tmp_path: Path) -> None:
    """What is longer than the archive can't be a part of it."""
    (tmp_path / "fetching").mkdir()
    (tmp_path / "fetching" / "archive.zip.part").write_bytes(bytes(800_000))
    assert fetch().read_bytes() == CONTENT
    assert site.asked == [""]


def test_no_network_is_one_error_with_the_address(tmp_path: Path) -> None:
    """Where no server answers, the address is in the message and the place for the file in the hint."""
    archive = Archive("http://127.0.0.1:9/archive.zip", "http://page.example", 9, "0" * 64, "")
    with pytest.raises(DataError, match=re.escape("http://127.0.0.1:9/archive.zip can't be fetched")) as caught:
        download.fetch(archive, tmp_path, lambda *_: None, HASTY)
    assert str(tmp_path / "archives") in caught.value.hint


def test_two_at_a_time_are_one_too_many(site: Site, tmp_path: Path) -> None:
    """A second process doesn't write into the same file."""
    from filelock import FileLock

    (tmp_path / "fetching").mkdir()
    with (
        FileLock(tmp_path / "fetching" / "archive.zip.lock"),
        pytest.raises(DataError, match="by another process"),
    ):
        download.fetch(published(site), tmp_path, lambda *_: None, HASTY)


def test_a_cache_that_cannot_be_written(site: Site, tmp_path: Path) -> None:
    """Where the cache should be there is a file."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DataError, match="can't be stored"):
        download.fetch(published(site), tmp_path / "taken", lambda *_: None, HASTY)


def test_a_full_disk_is_noticed_before(site: Site, fetch: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked for when there is no room for it."""
    usage = type("Usage", (), {"free": 1 << 20})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(DataError, match="1 MB are free"):
        fetch()
    assert not site.asked


def test_progress_counts_what_is_there_and_ends_with_all(site: Site, tmp_path: Path) -> None:
    """Whoever waits sees growing numbers of bytes, from what an earlier fetch left up to the whole."""
    told: list[tuple[int, int]] = []
    site.stops = [300_000]
    download.fetch(published(site), tmp_path, lambda done, total: told.append((done, total)), HASTY)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_a_fetched_archive_is_found_without_being_named(site: Site, tmp_path: Path) -> None:
    """Among the archives of the cache it is recognised by what is in it."""
    content = write_zip(tmp_path / "a.zip", kaggle(photos())).read_bytes()
    site.content = content
    download.fetch(published(site, content), tmp_path, lambda *_: None, HASTY)
    assert sources.choose(DOGS_VS_CATS, tmp_path / "archives", tmp_path).label == "Dogs vs. Cats from archive.zip"


def test_official_archives_are_asked_for_by_their_names() -> None:
    """Every archive has the name that is looked for, and is asked for over TLS."""
    for archive in (CIFAR10.published, DOGS_VS_CATS.published):
        assert archive is not None
        assert archive.address.startswith("https://")
        assert re.fullmatch("[0-9a-f]{64}", archive.sha256)
    assert CIFAR10.published is not None
    assert CIFAR10.published.name == spec.LAYOUTS["python archive"].entry
