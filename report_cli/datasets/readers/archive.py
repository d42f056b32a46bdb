"""Reads the files inside tar.gz and zip archives and in folders, without unpacking anything to disk.

Only regular files are read. A link, a device, a name that leaves the archive, a name that occurs twice or differs from
another only in capitals, or more bytes than such images can have is an error that names archive and member.
"""

import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from report_cli.datasets import index
from report_cli.datasets.layouts import is_hidden
from report_cli.datasets.spec import LAYOUTS, PARTS, Images
from report_cli.errors import DataError

# What the standard library raises for archives that are cut short, damaged, encrypted or no archives at all.
_UNREADABLE = (
    *(OSError, EOFError, ValueError, OverflowError, LookupError, RuntimeError),
    *(struct.error, zlib.error, tarfile.TarError, zipfile.BadZipFile),
)
_MOST_IMAGES = 200_000
_LARGEST_IMAGE_BYTES = 4096 * 4096 * 3
_LARGEST_DIRECTORY_BYTES = 64 << 20


@dataclass(frozen=True)
class Member:
    """A file in an archive or folder; `opened` returns it, `most` is the number of bytes that are read at most."""

    archive: str
    name: str
    opened: Callable[[], IO[bytes] | None]
    most: int

    def read(self) -> bytes:
        """Return the content; must be called before the next member is taken. DataError when it's damaged."""
        with _readable(self.archive, self.name):
            file = self.opened()
            if file is None:
                raise OSError("it has no content")
            with file:
                content = file.read(self.most + 1)
        if len(content) > self.most:
            raise DataError(f"{self.archive}: {self.name} unpacks to more than {self.most} bytes")
        return content


@dataclass(frozen=True)
class Limits:
    """What an archive may hold at most; more is a mistake or an attack (a small archive that unpacks to terabytes)."""

    members: int
    member_bytes: int
    total_bytes: int


def limits(kind: Images, layout: str) -> Limits:
    """Return what a source of `kind` may hold: the pixels, half as much again, and some text."""
    image_bytes = kind.height * kind.width * 3 if kind.height and kind.width else _LARGEST_IMAGE_BYTES
    counts = [kind.count(part) for part in PARTS]
    count = sum(_MOST_IMAGES if known is None else known for known in counts)
    total = min(count * (image_bytes * 3 // 2 + 1024) + (16 << 20), 64 << 30)
    if LAYOUTS[layout].format not in ("folders", "photos"):
        return Limits(1000, total, total)
    return Limits(2 * count + 1000, image_bytes * 2 + (64 << 10), total)


def zip_names(path: Path) -> list[str]:
    """Return the names in the zip at `path`; DataError when it isn't one."""
    with _readable(path.name), _Capped(io.FileIO(path)) as file, zipfile.ZipFile(file) as archive:
        return archive.namelist()


def members(kind: Images, path: Path, layout: str) -> Generator[Member, None, None]:
    """Yield the files of the source of `kind` at `path`, hidden ones left out.

    Raises:
        DataError: the source can't be read or holds what it shouldn't.
    """
    container = {"tar": _in_tar, "zip": _in_zip, "folder": _in_folder}[LAYOUTS[layout].container]
    gate = _Gate(path.name, limits(kind, layout), LAYOUTS[layout].container == "folder")
    with _readable(path.name):
        yield from container(kind, path, layout, gate)


class _Gate:
    """Lets regular files through, each name once, up to the limits."""

    def __init__(self, archive: str, limits: Limits, on_disk: bool) -> None:
        self.archive = archive
        self.on_disk = on_disk
        self.limits = limits
        self.names: set[str] = set()
        self.folded: dict[str, str] = {}
        self.total_bytes = 0

    def enter(self, name: str, size_bytes: int, regular: bool) -> str:
        """Return the name in plain form ("./a" is "a")."""
        parts = [part for part in name.split("/") if part != "."]
        if ".." in parts or "" in parts or "\\" in name or ":" in parts[0] or not name.isprintable():
            raise DataError(f"{self.archive}: the member name {name!r} does not stay inside the archive")
        if not regular:
            raise DataError(f"{self.archive}: {name} is no regular file but a link, a device or a folder")
        plain = "/".join(parts)
        if plain in self.names:
            raise DataError(f"{self.archive}: {name} occurs twice")
        self.names.add(plain)
        # Unpacked on many a machine, one of the two would be lost: this would be another set of images there.
        other = self.folded.setdefault(plain.lower(), plain)
        if other != plain and not self.on_disk:
            raise DataError(f"{self.archive}: {other} and {plain} differ only in capital letters")
        self.total_bytes += size_bytes
        if len(self.names) > self.limits.members:
            raise DataError(f"{self.archive}: more than {self.limits.members} files")
        most = min(self.limits.member_bytes, self.limits.total_bytes - self.total_bytes + size_bytes)
        if size_bytes > most:
            raise DataError(f"{self.archive}: {name} unpacks to {size_bytes} bytes where at most {most} can be images")
        return plain


class _Capped(io.BufferedReader):
    """A file from which a zip's directory can't be read into memory when it is absurdly large."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LARGEST_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"its directory has {size} bytes")
        return super().read(size)


class _Counted(io.RawIOBase):
    """The unpacked bytes of a gzip file, up to `limit`: tar headers are read before anyone can check their size."""

    def __init__(self, file: gzip.GzipFile, archive: str, limit: int) -> None:
        self.file = file
        self.archive = archive
        self.left = limit

    def read(self, size: int = -1, /) -> bytes:
        content = self.file.read(size)
        self.left -= len(content)
        if self.left < 0:
            raise DataError(f"{self.archive}: unpacks to more bytes than its images can have")
        return content


def _in_tar(kind: Images, path: Path, layout: str, gate: _Gate) -> Iterator[Member]:
    # Tar adds at most a kilobyte to each file.
    most = gate.limits.total_bytes + (gate.limits.members << 10)
    with gzip.open(path) as packed:
        counted = _Counted(packed, path.name, most)
        with tarfile.open(fileobj=counted, mode="r|") as archive:
            for info in archive:
                if info.isdir():
                    continue
                regular = info.type in (tarfile.REGTYPE, tarfile.AREGTYPE)
                name = gate.enter(info.name, info.size, regular)
                if not is_hidden(name):
                    yield Member(path.name, name, partial(archive.extractfile, info), info.size)
        # The checksum of a gzip file is at its end, behind what tar reads.
        while counted.read(1 << 20):
            pass


def _in_zip(kind: Images, path: Path, layout: str, gate: _Gate) -> Iterator[Member]:
    with _Capped(io.FileIO(path)) as file, zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            mode = info.external_attr >> 16
            if info.filename.endswith("/"):
                continue
            name = gate.enter(info.filename, info.file_size, stat.S_IFMT(mode) in (0, stat.S_IFREG))
            # Others may take far more memory to unpack than their size tells.
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DataError(f"{path.name}: {name} is compressed in a way other than deflate")
            if not is_hidden(name):
                yield Member(path.name, name, partial(archive.open, info), info.file_size)


def _in_folder(kind: Images, path: Path, layout: str, gate: _Gate) -> Iterator[Member]:
    for name, entry in index.entries(kind, path, layout):
        if entry.is_dir() and LAYOUTS[layout].format != "folders":
            continue
        gate.enter(name, entry.stat().st_size, entry.is_file())
        yield Member(path.name, name, partial(io.FileIO, entry.path), gate.limits.member_bytes)


@contextmanager
def _readable(archive: str, name: str = "") -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        where = f"{archive}: {name}" if name else archive
        # An OSError in full would print the whole path.
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DataError(f"{where} can't be read: {why}", "it is damaged or incomplete: fetch it again") from error
