"""Reads images in, once, and loads them, verified, as often as they are needed."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from filelock import FileLock

from report_cli import files
from report_cli.datasets import cache as decoded
from report_cli.datasets import index
from report_cli.datasets.images import Decoded, ImageData
from report_cli.datasets.readers import cifar, photos, pictures
from report_cli.datasets.readers.archive import members
from report_cli.datasets.readers.binary import BINARY
from report_cli.datasets.readers.pickled import PICKLED
from report_cli.datasets.spec import LAYOUTS, PARTS, Images, Source
from report_cli.errors import DataError


def read_in(source: Source, cache: Path) -> Source:
    """Return `source` with its digest, after its images were decoded, checked and stored in `cache`.

    Embedded images are returned at once, and so are those that another process stored while this one waited for it.

    Raises:
        DataError: the images are not what their kind must be, or `cache` can't be written. Nothing is stored then.
    """
    if source.path is None or source.layout is None:
        return source
    kind = source.data
    former = _known(kind, source.path, source.layout, cache)
    with _alone(cache):
        now = _known(kind, source.path, source.layout, cache)
        if former is None and now is not None and decoded.has(cache, now):
            return replace(source, digest=now)
        return replace(source, digest=_read_in(source.path, source.layout, cache, kind))


def load(source: Source, cache: Path) -> ImageData:
    """Return the images of `source`: drawn, or from the decoded cache and verified against the digest.

    Where the decoded cache is damaged or absent, the images are read in again.

    Raises:
        DataError: as `read_in`, or the source no longer has the images it had when it was read in.
    """
    if source.path is None or source.layout is None:
        assert source.data.draw is not None, f"{source.data.name} is not drawn"
        drawn: ImageData = source.data.draw()
        return drawn
    digest = source.digest or read_in(source, cache).digest or ""
    images = decoded.read(cache, digest, source)
    if images is None:
        with _alone(cache):
            now = _read_in(source.path, source.layout, cache, source.data)
        images = decoded.read(cache, now, source) if now == digest else None
    if images is None:
        raise DataError(
            f"{source.label}: its images are no longer those that were read in before",
            "run the same command again to use what is there now",
        )
    return images


def _read_in(path: Path, layout: str, cache: Path, kind: Images) -> str:
    """Store the images at `path` and return their digest; the index, which makes them known, is written last."""
    before = _signature(kind, path, layout)
    with files.scratch_folder(cache / "tmp", "reading") as scratch:
        found = _decode(path, layout, kind, scratch)
        _check_classes(kind, path.name, found.classes)
        _check_counts(kind, path.name, found)
        if _signature(kind, path, layout) != before:
            raise DataError(f"{path.name} changed while it was read", "wait until it is complete, then try again")
        digest = decoded.write(cache, found, kind.side)
    by_name = {
        "folders": dict.fromkeys(PARTS, sorted(found.classes)),
        "photos": {"train": sorted(found.classes)},
    }
    index.note(cache, before, index.Entry(by_name.get(LAYOUTS[layout].format, {}), digest))
    return digest


def _decode(path: Path, layout: str, kind: Images, scratch: Path) -> Decoded:
    with closing(members(kind, path, layout)) as found:
        match LAYOUTS[layout].format:
            case "photos":
                return photos.read(found, path.name, kind, scratch)
            case "folders":
                return Decoded(*pictures.read(found, path.name, kind))
            case "binary":
                return Decoded(*cifar.read(BINARY, found, path.name, kind))
            case "pickled":
                return Decoded(*cifar.read(PICKLED, found, path.name, kind))


def _check_classes(kind: Images, archive: str, classes: tuple[str, ...]) -> None:
    """Raise DataError unless the classes are those of the kind."""
    if len(set(classes)) != len(classes) or len(classes) != kind.class_count:
        raise DataError(
            f"{archive} has {len(classes)} classes: {', '.join(classes)}",
            f"{kind.title} needs {kind.class_count} classes in both parts",
        )
    if kind.classes and set(classes) != set(kind.classes):
        odd = ", ".join(sorted(set(classes) - set(kind.classes)))
        raise DataError(
            f"{archive} has classes that {kind.title} hasn't: {odd}", "its classes: " + ", ".join(kind.classes)
        )


def _check_counts(kind: Images, archive: str, found: Decoded) -> None:
    """Raise DataError unless each part has the images that the kind needs."""
    for part in PARTS:
        labels, wanted = found.parts[part].labels, kind.count(part)
        if wanted is not None and len(labels) != wanted:
            raise DataError(f"{archive} has {len(labels)} images in {part} where {kind.title} has {wanted}")
        present = dict(zip(found.classes, np.bincount(labels, minlength=len(found.classes)), strict=True))
        few = [name for name, images in present.items() if images < kind.fewest]
        if wanted == 0 or not few:
            continue
        if kind.fewest == 1:
            raise DataError(
                f"{archive} has no images of {', '.join(few)} in {part}",
                f"{kind.title} needs {kind.class_count} classes in both parts",
            )
        counts = " and ".join(f"{images} of {name}" for name, images in present.items())
        raise DataError(f"{archive} has images: {counts}", f"{kind.title} needs {kind.fewest} of each class or more")


def _known(kind: Images, path: Path, layout: str, cache: Path) -> str | None:
    """Return the digest under which the index has the file or folder as it is now."""
    entry = index.look_up(cache, _signature(kind, path, layout))
    return None if entry is None else entry.digest


def _signature(kind: Images, path: Path, layout: str) -> str:
    try:
        return index.signature(kind, path, layout)
    except OSError as error:
        raise DataError(f"{path.name} can't be read: {error.strerror}") from error


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Let one process at a time read in: the others find it done."""
    try:
        files.make_folder(cache)
        with FileLock(cache / "reading.lock"):
            yield
    except OSError as error:
        raise DataError(
            f"the images can't be stored in {cache}: {error.strerror or error}",
            "free space, or give another cache folder",
        ) from error
