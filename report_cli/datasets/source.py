"""Searches a folder, and the folders in it, for the archives and layouts that are sources of a kind of images."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from report_cli.datasets import index, layouts
from report_cli.datasets.spec import LAYOUTS, PARTS, Images
from report_cli.errors import AbsentError, DataError, UsageError


@dataclass(frozen=True)
class Found:
    """A source of images; `digest` is None when it has not been read in yet."""

    path: Path
    layout: str
    digest: str | None


def find(kind: Images, start: Path, cache: Path) -> Found:
    """Return the source of `kind` that `start` is or holds, by the order of preference of the kind's layouts.

    Raises:
        UsageError: `start` does not exist.
        DataError: it can't be read; AbsentError: nothing in it is such a source.
    """
    if not start.exists():
        raise UsageError(
            f"no such folder or archive of images: {start}", "give a folder that exists with --data FOLDER"
        )
    try:
        candidates = list(_candidates(start))
        misses: list[str] = []
        for layout in kind.layouts:
            for path in (path for path in candidates if _is_called(kind, path, layout)):
                found = _recognise(kind, path, layout, cache, misses)
                if found is not None:
                    return found
    except OSError as error:
        place = error.filename or start
        raise DataError(f"{place}: can't be read: {error.strerror}", "mend or remove it") from error
    message = f"no {kind.title} images in {start}" + "".join(f"; {miss}" for miss in misses)
    raise AbsentError(message, "looked for: " + "; ".join(LAYOUTS[layout].entry for layout in kind.layouts))


def _candidates(start: Path) -> Iterator[Path]:
    """Yield `start`, what is in it and what is in the folders in it, the nearest first."""
    yield start
    if not start.is_dir():
        return
    children = layouts.visible(start)
    yield from (Path(child.path) for child in children)
    for child in children:
        if child.is_dir():
            # A folder that may not be entered holds no images for us.
            with suppress(PermissionError):
                yield from (Path(entry.path) for entry in layouts.visible(Path(child.path)))


def _is_called(kind: Images, path: Path, layout: str) -> bool:
    """Whether the names of `path`, and of what is in it, are those that a source in `layout` has."""
    wanted = LAYOUTS[layout]
    if wanted.format not in ("folders", "photos"):
        return path.name == wanted.entry and (path.is_dir() if wanted.container == "folder" else path.is_file())
    if wanted.container == "zip":
        return path.suffix.lower() == ".zip" and path.is_file()
    if wanted.format == "photos":
        # A folder that may not be entered holds no images for us.
        with suppress(PermissionError):
            return path.is_dir() and layouts.may_hold_photos(path, kind.classes)
        return False
    return all((path / part).is_dir() for part in PARTS)


def _recognise(kind: Images, path: Path, layout: str, cache: Path, misses: list[str]) -> Found | None:
    """Return the source at `path` if it is one; what it lacks is added to `misses`."""
    signature = index.signature(kind, path, layout)
    entry = index.look_up(cache, signature)
    if entry is None:
        try:
            entry = index.Entry(_classes(kind, path, layout))
        except DataError as error:
            misses.append(error.message)
            return None
        # Only saves time: a cache that can't be written must not keep anyone from planning.
        with suppress(OSError):
            index.note(cache, signature, entry)
    match LAYOUTS[layout].format:
        case "folders":
            miss = _missing(kind, entry.classes)
        case "photos":
            miss = _unlike(kind, entry.classes.get("train", []))
        case _:
            miss = ""
    if miss:
        misses.append(f"{path.name} {miss}")
        return None
    return Found(path, layout, entry.digest)


def _classes(kind: Images, path: Path, layout: str) -> dict[str, list[str]]:
    """Return the names of the class folders in train/ and test/; nothing for official archives."""
    wanted = LAYOUTS[layout]
    if wanted.format not in ("folders", "photos"):
        return {}
    if wanted.format == "photos":
        return {"train": _photo_classes(kind, path, _names(kind, path, layout))}
    if wanted.container == "folder":
        return {p: [entry.name for entry in layouts.visible(path / p) if entry.is_dir()] for p in PARTS}
    classes: dict[str, set[str]] = {part: set() for part in PARTS}
    for name in _names(kind, path, layout):
        place = layouts.split_name(name)
        if place is not None:
            classes[place.part].add(place.class_name)
    return {part: sorted(names) for part, names in classes.items()}


def _names(kind: Images, path: Path, layout: str) -> list[str]:
    if LAYOUTS[layout].container == "folder":
        return [name for name, _ in index.entries(kind, path, layout)]
    # Opening a zip takes time and imports; the index spares both from the second time on.
    from report_cli.datasets.readers.archive import zip_names

    return zip_names(path)


def _photo_classes(kind: Images, path: Path, names: list[str]) -> list[str]:
    """Return the classes of photographs as they are spelled; DataError when they lie in several folders."""
    found = [place for name in names if (place := layouts.photo(name, kind.classes))]
    prefixes = sorted({place.prefix for place in found})
    if len(prefixes) > 1:
        shown = ", ".join(f"{prefix or '.'}/" for prefix in prefixes[:3])
        raise DataError(f"{path.name} has images in several folders: {shown}")
    inner = [name for name in names if name.lower().rsplit("/", 1)[-1] == "train.zip"]
    if not found and inner:
        raise DataError(f"{path.name} holds {inner[0]}: unpack it, and put {inner[0]} in its place")
    return sorted({place.folder for place in found})


def _missing(kind: Images, classes: dict[str, list[str]]) -> str:
    """Return what keeps folders of these classes from being images of `kind`, or nothing."""
    for part in PARTS:
        if not classes.get(part):
            return f"has no class folders in {part}/"
        if len(classes[part]) != kind.class_count:
            return (
                f"has {len(classes[part])} class folders in {part}/ where {kind.title} has {kind.class_count} classes"
            )
    if classes["train"] != classes["test"]:
        odd = sorted(set(classes["train"]) ^ set(classes["test"]))
        return f"has class folders in only one of train/ and test/: {', '.join(odd)}"
    return ""


def _unlike(kind: Images, folders: list[str]) -> str:
    """Return what keeps photographs of these classes, as they are spelled, from being images of `kind`, or nothing."""
    odd = [folder for folder in folders if not layouts.class_of(folder, kind.classes)]
    present = {layouts.class_of(folder, kind.classes) for folder in folders} - {None}
    wanted = f"where {kind.title} has {' and '.join(kind.classes)}"
    if not present:
        return f"has no images of {' or '.join(kind.classes)}"
    if odd:
        return f"has {len(folders)} folders of images, among them {odd[0]}, {wanted}"
    absent = [name for name in kind.classes if name not in present]
    return f"has no images of {' or '.join(absent)} {wanted}" if absent else ""
