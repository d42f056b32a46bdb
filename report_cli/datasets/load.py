"""Reads data in, once, and loads it, verified, as often as it is needed."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from report_cli import files
from report_cli.datasets import cache as decoded
from report_cli.datasets import index
from report_cli.datasets.images import Decoded, ImageData
from report_cli.datasets.readers import cifar, pictures, table
from report_cli.datasets.readers.archive import members
from report_cli.datasets.readers.table import TableData
from report_cli.datasets.source import Source, table_digest
from report_cli.datasets.spec import LAYOUTS, PARTS, Images, Table
from report_cli.errors import DataError

_CHANGED = "run the same command again to use what is there now"


def read_in(source: Source, cache: Path) -> Source:
    """Return `source` with its digest, after its images were decoded, checked and stored in `cache`.

    Tables and drawn images are returned at once, and so are those that another process stored while this one waited.

    Raises:
        DataError: the images are not what is declared, or `cache` can't be written. Nothing is stored then.
    """
    if source.layout is None:
        return source
    former = _known(source, cache)
    with _alone(cache):
        now = _known(source, cache)
        if former is None and now is not None and decoded.has(cache, now):
            return replace(source, digest=now)
        return replace(source, digest=_read_in(source, cache))


def load(source: Source, cache: Path) -> ImageData | TableData:
    """Return the data of `source`: a table, images that are drawn, or those of the decoded cache.

    Where the decoded cache is damaged or absent, the images are read in again.

    Raises:
        DataError: as `read_in`, or the source no longer has the content it had when it was read in.
    """
    if isinstance(source.data, Table):
        assert source.path is not None
        read = table.read(source.data, source.path)
        if table_digest(source.data, source.path) != source.digest:
            raise DataError(f"{source.label} has changed since the run was planned", _CHANGED)
        return read
    if source.layout is None:
        assert source.data.draw is not None, f"{source.data.name} is not drawn"
        drawn: ImageData = source.data.draw()
        return drawn
    digest = source.digest or read_in(source, cache).digest or ""
    images = decoded.read(cache, digest, source)
    if images is None:
        with _alone(cache):
            now = _read_in(source, cache)
        images = decoded.read(cache, now, source) if now == digest else None
    if images is None:
        raise DataError(f"{source.label}: its images are no longer those that were read in before", _CHANGED)
    return images


def _read_in(source: Source, cache: Path) -> str:
    """Store the images of `source` and return their digest; the index, which makes them known, is written last."""
    data, path, layout = _facts(source)
    format_, before = LAYOUTS[layout].format, _signature(source)
    with files.scratch_folder(cache / "tmp", "reading") as scratch:
        with closing(members(data, path, layout)) as found:
            match format_:
                case "photos":
                    images = pictures.read_photos(found, path.name, data, scratch)
                case "folders":
                    images = Decoded(*pictures.read_folders(found, path.name, data))
                case "binary" | "pickled":
                    images = Decoded(*cifar.read(found, path.name, data, format_))
        _check(data, path.name, images)
        if _signature(source) != before:
            raise DataError(f"{path.name} changed while it was read", "wait until it is complete, then try again")
        digest = decoded.write(cache, images, data.side)
    parts = {"folders": PARTS, "photos": ("train",)}.get(format_, ())
    index.note(cache, before, index.Entry(dict.fromkeys(parts, sorted(images.classes)), digest))
    return digest


def _check(data: Images, archive: str, images: Decoded) -> None:
    """Raise DataError unless classes and counts are those that are declared."""
    classes = images.classes
    both = f"{data.title} needs {data.class_count} classes in both parts"
    if len(set(classes)) != len(classes) or len(classes) != data.class_count:
        raise DataError(f"{archive} has {len(classes)} classes: {', '.join(classes)}", both)
    if odd := sorted(set(classes) - set(data.classes or classes)):
        message = f"{archive} has classes that {data.title} hasn't: {', '.join(odd)}"
        raise DataError(message, "its classes: " + ", ".join(data.classes))
    for part in PARTS:
        labels, wanted = images.parts[part].labels, data.count(part)
        if wanted is not None and len(labels) != wanted:
            raise DataError(f"{archive} has {len(labels)} images in {part} where {data.title} has {wanted}")
        present = dict(zip(classes, np.bincount(labels, minlength=len(classes)), strict=True))
        few = [name for name, count in present.items() if count < data.fewest]
        if wanted != 0 and few and data.fewest == 1:
            raise DataError(f"{archive} has no images of {', '.join(few)} in {part}", both)
        if wanted != 0 and few:
            counts = " and ".join(f"{count} of {name}" for name, count in present.items())
            needed = f"{data.title} needs {data.fewest} of each class or more"
            raise DataError(f"{archive} has images: {counts}", needed)


def _facts(source: Source) -> tuple[Images, Path, str]:
    assert isinstance(source.data, Images)
    assert source.path is not None
    assert source.layout is not None
    return source.data, source.path, source.layout


def _known(source: Source, cache: Path) -> str | None:
    """Return the digest under which the index has the file or folder as it is now."""
    entry = index.look_up(cache, _signature(source))
    return None if entry is None else entry.digest


def _signature(source: Source) -> str:
    data, path, layout = _facts(source)
    try:
        return index.signature(data, path, layout)
    except OSError as error:
        raise DataError(f"{path.name} can't be read: {error.strerror}") from error


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Let one process at a time read in: the others find it done."""
    try:
        with files.locked(cache / "reading.lock", waiting=lambda: None):
            yield
    except OSError as error:
        message = f"the images can't be stored in {cache}: {error.strerror or error}"
        raise DataError(message, "free space, or give another cache folder") from error
