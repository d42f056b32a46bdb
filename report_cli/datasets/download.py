"""Fetches an official archive: resumes what was broken off, and keeps nothing but the very archive.

Standard library only. The unfinished file lies beside the folder of archives, which so holds whole ones alone.
"""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from report_cli import files
from report_cli.datasets.spec import Archive
from report_cli.errors import DataError

# Is told the bytes that are there and the bytes of the whole.
Tell = Callable[[int, int], None]

_BLOCK_BYTES = 1 << 18
# Broken off so often in a row without a single byte more, a connection is given up.
_ATTEMPTS = 3
_SPARE_BYTES = 64 << 20


@dataclass(frozen=True)
class Patience:
    """How long a silent server is waited for, and how long between two attempts; in seconds."""

    silence_s: float = 30.0
    pause_s: float = 1.0


class _BrokenOff(Exception):  # noqa: N818 -- says what happened; it never leaves this module
    """The connection ended early; the rest can be asked for."""


def fetch(archive: Archive, cache: Path, tell: Tell, patience: Patience = Patience()) -> Path:
    """Return where the archive lies in the user's `cache`, after fetching what is not there yet.

    Raises:
        DataError: it can't be reached, or what is offered is not the archive. What was fetched of it stays, and the
            next call goes on from there; nothing of a file that proved to be another one stays.
    """
    from filelock import FileLock, Timeout

    target = cache / "archives" / archive.name
    try:
        files.make_folder(cache / "fetching")
        with FileLock(cache / "fetching" / f"{archive.name}.lock", timeout=0):
            if not _is_whole(target, archive):
                _fetch(archive, _Unfinished(cache / "fetching", archive), tell, patience)
                _publish(cache / "fetching" / f"{archive.name}.part", target)
    except Timeout as error:
        raise DataError(f"{archive.name} is being fetched by another process", "wait for it") from error
    except OSError as error:
        raise DataError(f"{archive.name} can't be stored in {cache}: {error.strerror or error}") from error
    return target


class _Unfinished:
    """The part of an archive that is there, and the tag under which the server knew the whole."""

    def __init__(self, folder: Path, archive: Archive) -> None:
        self.archives = folder.parent / "archives"
        self.path = folder / f"{archive.name}.part"
        self.tag_path = folder / f"{archive.name}.tag"

    @property
    def size_bytes(self) -> int:
        """The number of bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def tag(self) -> str:
        """The server's tag, or nothing."""
        with suppress(OSError, ValueError):
            return self.tag_path.read_text(encoding="ascii").strip()
        return ""

    def begin(self, tag: str) -> None:
        """Drop what is there; what comes now has this tag."""
        files.remove(self.path)
        files.write_text(self.tag_path, tag)

    def drop(self) -> None:
        """Drop all."""
        files.remove(self.path)
        files.remove(self.tag_path)


def _fetch(archive: Archive, unfinished: _Unfinished, tell: Tell, patience: Patience) -> None:
    """Bring the unfinished file to the archive's size and check it."""
    failures = 0
    while unfinished.size_bytes != archive.size_bytes:
        before = unfinished.size_bytes
        if before > archive.size_bytes:
            unfinished.drop()
            continue
        _check_space(archive, unfinished)
        try:
            _append(archive, unfinished, tell, patience)
        except _BrokenOff as error:
            failures = 0 if unfinished.size_bytes > before else failures + 1
            if failures == _ATTEMPTS:
                raise _unreachable(archive, unfinished, str(error)) from error
            time.sleep(patience.pause_s * failures)
    found = files.digest(unfinished.path)
    if found != archive.sha256:
        unfinished.drop()
        raise DataError(
            f"{archive.address} gave a file that is not the archive: sha256 {found} where it has {archive.sha256}",
            f"try again; if it stays so, the archive was changed: see {archive.page}",
        )


def _append(archive: Archive, unfinished: _Unfinished, tell: Tell, patience: Patience) -> None:
    """Ask for what is missing and write it; _BrokenOff when the connection ends before."""
    start = unfinished.size_bytes
    with _opened(archive, unfinished, patience) as answer:
        if answer.status == http.HTTPStatus.PARTIAL_CONTENT:
            if not (answer.headers.get("Content-Range") or "").startswith(f"bytes {start}-"):
                unfinished.drop()
                raise _BrokenOff("the server sent another range than was asked for")
        else:
            _check_offer(archive, unfinished, answer)
            unfinished.begin(_strong_tag(answer))
        with files.growing(unfinished.path) as file:
            _copy(answer, file, archive, tell)
    if unfinished.size_bytes > archive.size_bytes:
        unfinished.drop()
        raise DataError(f"{archive.address} gave more than the {archive.size_bytes} bytes of the archive")


def _copy(answer: http.client.HTTPResponse, file: BinaryIO, archive: Archive, tell: Tell) -> None:
    while file.tell() <= archive.size_bytes:
        tell(file.tell(), archive.size_bytes)
        with _network():
            block = answer.read1(_BLOCK_BYTES)
        if not block:
            break
        file.write(block)
    if file.tell() < archive.size_bytes:
        raise _BrokenOff(f"the connection ended after {file.tell()} of {archive.size_bytes} bytes")
    tell(file.tell(), archive.size_bytes)


@contextmanager
def _opened(archive: Archive, unfinished: _Unfinished, patience: Patience) -> Iterator[http.client.HTTPResponse]:
    """Yield the server's answer; a refusal is a DataError, what may pass is _BrokenOff."""
    # The addresses are the catalogue's, and the checksum decides what is believed.
    request = urllib.request.Request(archive.address, headers=_headers(unfinished))  # noqa: S310
    try:
        with _network():
            answer = urllib.request.urlopen(request, timeout=patience.silence_s)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        why = f"the server says {error.code} {error.reason}"
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            unfinished.drop()
        elif error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR and error.code != http.HTTPStatus.TOO_MANY_REQUESTS:
            raise _unreachable(archive, unfinished, why) from error
        raise _BrokenOff(why) from error
    with answer:
        yield answer


@contextmanager
def _network() -> Iterator[None]:
    """Turn what goes wrong on the way into _BrokenOff; an answer with an error is passed on."""
    try:
        yield
    except urllib.error.HTTPError:
        raise
    except TimeoutError as error:
        raise _BrokenOff("the server is silent") from error
    except urllib.error.URLError as error:
        raise _BrokenOff(str(getattr(error.reason, "strerror", None) or error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOff(f"the connection broke off ({type(error).__name__})") from error


def _headers(unfinished: _Unfinished) -> dict[str, str]:
    headers = {"User-Agent": "report-cli", "Accept-Encoding": "identity"}
    if unfinished.size_bytes:
        headers["Range"] = f"bytes={unfinished.size_bytes}-"
        if unfinished.tag:
            # Were the file another one by now, the server would send all of it instead of the rest.
            headers["If-Range"] = unfinished.tag
    return headers


def _check_offer(archive: Archive, unfinished: _Unfinished, answer: http.client.HTTPResponse) -> None:
    """Raise DataError when the headers show that this is not the archive."""
    by_hand = _by_hand(archive, unfinished)
    kind = answer.headers.get_content_type()
    if kind in ("text/html", "application/xhtml+xml"):
        raise DataError(f"{archive.address} answered with a web page instead of the archive", by_hand)
    length = answer.headers.get("Content-Length")
    if length is not None and length != str(archive.size_bytes):
        raise DataError(f"{archive.address} offers {length} bytes where the archive has {archive.size_bytes}", by_hand)


def _strong_tag(answer: http.client.HTTPResponse) -> str:
    tag = answer.headers.get("ETag") or ""
    return tag if tag.startswith('"') and tag.isascii() else ""


def _check_space(archive: Archive, unfinished: _Unfinished) -> None:
    needed = archive.size_bytes - unfinished.size_bytes + _SPARE_BYTES
    free = files.free_bytes(unfinished.path.parent)
    if free < needed:
        raise DataError(
            f"{archive.name} needs {needed >> 20} MiB, and {free >> 20} MiB are free in {unfinished.path.parent}",
            "free space, or name another cache folder with REPORT_CACHE",
        )


def _is_whole(target: Path, archive: Archive) -> bool:
    if not target.is_file() or target.stat().st_size != archive.size_bytes:
        return False
    return files.digest(target) == archive.sha256


def _publish(part: Path, target: Path) -> None:
    files.move(part, target)
    files.remove(part.with_suffix(".tag"))


def _unreachable(archive: Archive, unfinished: _Unfinished, why: str) -> DataError:
    there = unfinished.size_bytes
    kept = f"; {there} of {archive.size_bytes} bytes are here, and the next fetch goes on from there" if there else ""
    return DataError(f"{archive.address} can't be fetched: {why}{kept}", _by_hand(archive, unfinished))


def _by_hand(archive: Archive, unfinished: _Unfinished) -> str:
    return f"try again, or fetch it in another way (see {archive.page}) and put it into {unfinished.archives}"
