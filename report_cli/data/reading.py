"""Reads images in, once, and loads them, verified, as often as they are needed."""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from filelock import FileLock

from report_cli.data import batches, decoded, folders, index
from report_cli.data.binary import BINARY
from report_cli.data.catalog import KINDS, LAYOUTS, PARTS, Kind, Source
from report_cli.data.images import Images, Raw, assemble
from report_cli.data.members import limits, members
from report_cli.data.pickled import PICKLED
from report_cli.errors import DataError


def read_in(source: Source, cache: Path, kinds: Mapping[str, Kind] = KINDS) -> Source:
    """Return `source` with its digest, after its images were decoded, checked and stored in `cache`.

    Embedded images are returned at once, and so are those that another process stored while this one waited for it.

    Raises:
        DataError: the images are not what their kind must be, or `cache` can't be written. Nothing is stored then.
    """
    if source.path is None or source.layout is None:
        return source
    kind = kinds[source.kind]
    former = _known(kind, source.path, source.layout, cache)
    with _alone(cache):
        now = _known(kind, source.path, source.layout, cache)
        if former is None and now is not None and decoded.has(cache, now):
            return replace(source, digest=now)
        images = _read_in(source, source.path, source.layout, cache, kind)
    return replace(source, digest=images.digest)


def load(source: Source, cache: Path, kinds: Mapping[str, Kind] = KINDS) -> Images:
    """Return the images of `source`: drawn, or from the decoded cache and verified against the digest.

    Where the decoded cache is damaged or absent, the images are read in again.

    Raises:
        DataError: as `read_in`, or the source no longer has the images it had when it was read in.
    """
    kind = kinds[source.kind]
    if source.path is None or source.layout is None:
        module, function = kind.generator.split(":")
        drawn: Images = getattr(importlib.import_module(module), function)()
        return drawn
    digest = source.digest or read_in(source, cache, kinds).digest or ""
    images = decoded.read(cache, digest, source)
    if images is None:
        with _alone(cache):
            images = _read_in(source, source.path, source.layout, cache, kind)
    if images.digest != digest:
        raise DataError(
            f"{source.label}: its images are no longer those that were read in before",
            "run the same command again to use what is there now",
        )
    return images


def _read_in(source: Source, path: Path, layout: str, cache: Path, kind: Kind) -> Images:
    """Return the images at `path` after storing them; the index, which makes them known, is written last."""
    before = _signature(kind, path, layout)
    classes, parts = _decode(path, layout, kind)
    _check(kind, path.name, classes, parts)
    images = assemble(source.kind, source.name, "real", source.label, classes, parts["train"], parts["test"])
    if _signature(kind, path, layout) != before:
        raise DataError(f"{path.name} changed while it was read", "wait until it is complete, then try again")
    decoded.write(cache, images)
    by_name = list(images.classes) if LAYOUTS[layout].format == "folders" else []
    index.note(cache, before, index.Entry(dict.fromkeys(PARTS, by_name) if by_name else {}, images.digest))
    return images


def _decode(path: Path, layout: str, kind: Kind) -> tuple[tuple[str, ...], dict[str, Raw]]:
    with closing(members(path, layout, limits(kind, layout))) as found:
        match LAYOUTS[layout].format:
            case "folders":
                return folders.read(found, path.name, kind)
            case "binary":
                return batches.read(BINARY, found, path.name, kind)
            case "pickled":
                return batches.read(PICKLED, found, path.name, kind)


def _check(kind: Kind, archive: str, classes: tuple[str, ...], parts: Mapping[str, Raw]) -> None:
    """Raise DataError unless classes and counts are those of the kind."""
    hint = f"{kind.title} needs {kind.class_count} classes in both parts"
    if len(set(classes)) != len(classes) or len(classes) != kind.class_count:
        raise DataError(f"{archive} has {len(classes)} classes: {', '.join(classes)}", hint)
    if kind.classes and set(classes) != set(kind.classes):
        odd = ", ".join(sorted(set(classes) - set(kind.classes)))
        raise DataError(
            f"{archive} has classes that {kind.title} hasn't: {odd}", "its classes: " + ", ".join(kind.classes)
        )
    for part in PARTS:
        count, wanted = len(parts[part].labels), kind.count(part)
        if wanted is not None and count != wanted:
            raise DataError(f"{archive} has {count} images in {part} where {kind.title} has {wanted}")
        present = np.bincount(parts[part].labels, minlength=len(classes))
        empty = [name for name, images in zip(classes, present, strict=True) if not images]
        if empty:
            raise DataError(f"{archive} has no images of {', '.join(empty)} in {part}", hint)


def _known(kind: Kind, path: Path, layout: str, cache: Path) -> str | None:
    """Return the digest under which the index has the file or folder as it is now."""
    entry = index.look_up(cache, _signature(kind, path, layout))
    return None if entry is None else entry.digest


def _signature(kind: Kind, path: Path, layout: str) -> str:
    try:
        return index.signature(kind, path, layout)
    except OSError as error:
        raise DataError(f"{path.name} can't be read: {error.strerror}") from error


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Let one process at a time read in: the others find it done."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "reading.lock"):
            yield
    except OSError as error:
        raise DataError(
            f"the images can't be stored in {cache}: {error.strerror or error}",
            "free space, or give another cache folder",
        ) from error
