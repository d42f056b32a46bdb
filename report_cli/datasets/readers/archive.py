"""Reads the files inside tar.gz and zip archives and in folders, without unpacking anything to disk."""

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

from report_cli.datasets import layouts
from report_cli.datasets.spec import LAYOUTS, Images
from report_cli.errors import DataError

# What the standard library raises for archives that are cut short, damaged, encrypted or no archives at all.
_UNREADABLE = (
    *(OSError, EOFError, ValueError, OverflowError, LookupError, RuntimeError, MemoryError),
    *(struct.error, zlib.error, tarfile.TarError, zipfile.BadZipFile),
)
# A small archive can unpack to terabytes; no photograph and no batch of images is as large as this.
_LARGEST_BYTES = 256 << 20


@dataclass(frozen=True)
class Member:
    """A file in an archive or folder, of `size` bytes at most, which `open` opens."""

    archive: str
    name: str
    size: int
    open: Callable[[], IO[bytes] | None]

    def read(self) -> bytes:
        """Return the content; must be called before the next member is taken. DataError when it's damaged."""
        # Asked before anything is unpacked: reading up to the limit would need several times its memory.
        if self.size > _LARGEST_BYTES:
            raise DataError(f"{self.archive}: {self.name} unpacks to more than {_LARGEST_BYTES} bytes")
        with _readable(self.archive, self.name):
            file = self.open()
            if file is None:
                raise OSError("it has no content")
            with file:
                return file.read(self.size)


def zip_names(path: Path) -> list[str]:
    """Return the names in the zip at `path`; DataError when it isn't one."""
    with _readable(path.name), zipfile.ZipFile(path) as archive:
        return archive.namelist()


def members(data: Images, path: Path, layout: str) -> Generator[Member, None, None]:
    """Yield the files of the source of `data` at `path`, hidden ones left out.

    Raises:
        DataError: the source can't be read, or something that would be read is a link, a device or a folder.
    """
    with _readable(path.name):
        match LAYOUTS[layout].container:
            case "tar":
                files = _in_tar(path)
            case "zip":
                files = _in_zip(path)
            case _:
                entries = layouts.entries(data, path, layout)
                files = ((name, e.is_file(), e.stat().st_size, partial(io.FileIO, e.path)) for name, e in entries)
        for name, regular, size, opened in files:
            name = name.removeprefix("./")
            if layouts.is_hidden(name):
                continue
            if not regular:
                raise DataError(f"{path.name}: {name} is no regular file but a link, a device or a folder")
            yield Member(path.name, name, size, opened)


def _in_tar(path: Path) -> Iterator[tuple[str, bool, int, Callable[[], IO[bytes] | None]]]:
    with gzip.open(path) as packed:
        with tarfile.open(fileobj=packed, mode="r|") as archive:
            for info in archive:
                if not info.isdir():
                    yield info.name, info.isreg(), info.size, partial(archive.extractfile, info)
        # The checksum of a gzip file is at its end, behind what tar reads.
        while packed.read(1 << 20):
            pass


def _in_zip(path: Path) -> Iterator[tuple[str, bool, int, Callable[[], IO[bytes] | None]]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                regular = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
                yield info.filename, regular, info.file_size, partial(archive.open, info)


@contextmanager
def _readable(archive: str, name: str = "") -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        where = f"{archive}: {name}" if name else archive
        # An OSError in full would print the whole path.
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DataError(f"{where} can't be read: {why}", "it is damaged or incomplete: fetch it again") from error
