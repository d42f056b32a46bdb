"""Fetches a published file: resumes what was broken off, and keeps nothing but the very file.

Standard library only. The unfinished file lies beside the folder of archives, which so holds whole ones alone.
"""

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from report_cli import files, wording
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
    target = cache / "archives" / archive.name
    try:
        with files.locked(cache / "fetching" / f"{archive.name}.lock"):
            algorithm, wanted = archive.checksum
            if not target.is_file() or _checksum(target, algorithm) != wanted:
                _Download(archive, cache, patience).bring(tell, target)
    except TimeoutError as error:
        raise DataError(f"{archive.name} is being fetched by another process", "wait for it") from error
    except OSError as error:
        raise DataError(f"{archive.name} can't be stored in {cache}: {error.strerror or error}") from error
    return target


class _Download:
    """The part of an archive that is there, with the tag under which the server knew the whole."""

    def __init__(self, archive: Archive, cache: Path, patience: Patience) -> None:
        self.archive, self.patience = archive, patience
        self.path = cache / "fetching" / f"{archive.name}.part"
        self.tag_path = self.path.with_suffix(".tag")
        self.by_hand = (
            f"try again, or fetch it in another way (see {archive.page}) and put it into {cache / 'archives'}"
        )

    @property
    def size_bytes(self) -> int:
        """The number of bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def drop(self) -> None:
        files.remove(self.path)
        files.remove(self.tag_path)

    def bring(self, tell: Tell, target: Path) -> None:
        """Bring the unfinished file to the archive's size, check it and give it its name `target`."""
        archive, failures = self.archive, 0
        while (before := self.size_bytes) != archive.size_bytes:
            if before > archive.size_bytes:
                self.drop()
                continue
            needed, free = archive.size_bytes - before + _SPARE_BYTES, files.free_bytes(self.path.parent)
            if free < needed:
                raise DataError(
                    f"{archive.name} needs {wording.size(needed)}, and {wording.size(free)} are free in"
                    f" {self.path.parent}",
                    "free space, or name another cache folder with REPORT_CACHE",
                )
            try:
                self.append(tell)
            except _BrokenOff as error:
                failures = 0 if self.size_bytes > before else failures + 1
                if failures == _ATTEMPTS:
                    raise self.unreachable(str(error)) from error
                time.sleep(self.patience.pause_s * failures)
        algorithm, wanted = archive.checksum
        if (found := _checksum(self.path, algorithm)) != wanted:
            self.drop()
            raise DataError(
                f"{archive.address} gave a file that is not the archive: {algorithm} {found} where it has {wanted}",
                f"try again; if it stays so, the archive was changed: see {archive.page}",
            )
        files.move(self.path, target)
        files.remove(self.tag_path)

    def append(self, tell: Tell) -> None:
        """Ask for what is missing and write it.

        Raises:
            _BrokenOff: the connection ended before; DataError: it is another file, or the server refuses it.
        """
        start = self.size_bytes
        headers = {"User-Agent": "report-cli", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            # Were the file another one by now, the server would send all of it instead of the rest.
            if self.tag_path.exists() and (tag := self.tag_path.read_text(encoding="ascii", errors="replace").strip()):
                headers["If-Range"] = tag
        # The addresses are those that the project declares, and the checksum decides what is believed.
        request = urllib.request.Request(self.archive.address, headers=headers)  # noqa: S310
        try:
            with _network():
                answer = urllib.request.urlopen(request, timeout=self.patience.silence_s)  # noqa: S310
        except urllib.error.HTTPError as error:
            error.close()
            why = f"the server says {error.code} {error.reason}"
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                self.drop()
            elif error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR and error.code != http.HTTPStatus.TOO_MANY_REQUESTS:
                raise self.unreachable(why) from error
            raise _BrokenOff(why) from error
        with answer:
            if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
                self.begin(answer)
            elif not (answer.headers.get("Content-Range") or "").startswith(f"bytes {start}-"):
                self.drop()
                raise _BrokenOff("the server sent another range than was asked for")
            with files.growing(self.path) as file:
                self.copy(answer, file, tell)
        if self.size_bytes > self.archive.size_bytes:
            self.drop()
            raise DataError(f"{self.archive.address} gave more than the {self.archive.size_bytes} bytes of the archive")

    def begin(self, answer: http.client.HTTPResponse) -> None:
        """Drop what is there for what comes now; DataError when its headers show that it is not the archive."""
        archive, length = self.archive, answer.headers.get("Content-Length")
        if answer.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
            raise DataError(f"{archive.address} answered with a web page instead of the archive", self.by_hand)
        if length not in (None, str(archive.size_bytes)):
            message = f"{archive.address} offers {length} bytes where the archive has {archive.size_bytes}"
            raise DataError(message, self.by_hand)
        tag = answer.headers.get("ETag") or ""
        files.remove(self.path)
        # A weak tag says nothing about bytes.
        files.write_text(self.tag_path, tag if tag.startswith('"') and tag.isascii() else "")

    def copy(self, answer: http.client.HTTPResponse, file: BinaryIO, tell: Tell) -> None:
        whole = self.archive.size_bytes
        while file.tell() <= whole:
            tell(file.tell(), whole)
            with _network():
                block = answer.read1(_BLOCK_BYTES)
            if not block:
                break
            file.write(block)
        if file.tell() < whole:
            raise _BrokenOff(f"the connection ended after {file.tell()} of {whole} bytes")
        tell(file.tell(), whole)

    def unreachable(self, why: str) -> DataError:
        there, whole = self.size_bytes, self.archive.size_bytes
        kept = f"; {there} of {whole} bytes are here, and the next fetch goes on from there" if there else ""
        return DataError(f"{self.archive.address} can't be fetched: {why}{kept}", self.by_hand)


@contextmanager
def _network() -> Iterator[None]:
    """Turn what goes wrong on the way into _BrokenOff; an answer with an error is passed on."""
    try:
        yield
    except urllib.error.HTTPError:
        raise
    except TimeoutError as error:
        raise _BrokenOff("the server is silent") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        why = getattr(reason, "strerror", None) or str(reason)
        raise _BrokenOff(f"the connection broke off ({why or type(error).__name__})") from error


def _checksum(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
