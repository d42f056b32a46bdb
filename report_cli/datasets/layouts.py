"""Where images lie: what the names of files and folders say about part, class and number.

Standard library only: a source is recognised by its names alone.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from report_cli.datasets.spec import LAYOUTS, PARTS, Images

# What people and archives call the parts of a set that is one pool here.
_POOLED = ("train", "training", "training_set", "validation", "valid", "val", "test", "test1", "test_set")
# Files with other endings (Thumbs.db, readme.txt) are no images; the endings of other formats say that one was meant.
_ENDINGS = (".jpg", ".jpeg", ".jfif", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Place:
    """Where a file lies among class folders; `prefix` is what comes before train/ or test/."""

    prefix: str
    part: str
    class_name: str


@dataclass(frozen=True)
class PhotoPlace:
    """Where a photograph lies; `prefix` comes before what is the same for a whole source, `folder` is its class as
    the source spells it, `number` the one in its file's name or None.
    """

    prefix: str
    folder: str
    number: int | None


def split_name(name: str) -> Place | None:
    """Return where the file `name` lies among class folders, or None when it isn't [.../]train/<class>/<file>."""
    *above, part, class_name, file = ["", "", *name.split("/")]
    if part not in PARTS or not file or is_hidden(name):
        return None
    return Place("/".join(above).strip("/"), part, class_name)


def photo(name: str, classes: Sequence[str]) -> PhotoPlace | None:
    """Return where the photograph `name` lies, or None when the file is none or has no class.

    Known are [.../]<class>.N.jpg, [.../]<folder>/<file> and the same below train, validation and test, which are one
    pool. Files right in one of these without a class in their name are the unlabelled ones of a competition.
    """
    *above, file = name.split("/")
    stem, dot, ending = file.rpartition(".")
    if dot + ending.lower() not in _ENDINGS or is_hidden(name):
        return None
    folder = above[-1] if above else ""
    numbered = re.fullmatch(r"([a-z]+)\.(\d{1,9})", stem, re.ASCII | re.IGNORECASE)
    if numbered and class_of(numbered[1], classes) and not class_of(folder, classes):
        return PhotoPlace("/".join(above), numbered[1], int(numbered[2]))
    if not folder or folder.lower() in _POOLED:
        return None
    outside = above[:-1]
    while outside and outside[-1].lower() in _POOLED:
        outside.pop()
    # The names "N" and "<class>.N" in a folder of that class have a number.
    match = re.fullmatch(r"(?:([a-z]+)[._-])?(\d{1,9})", stem.lower(), re.ASCII)
    named = match is not None and (not match[1] or class_of(match[1], classes) == class_of(folder, classes))
    return PhotoPlace("/".join(outside), folder, int(match[2]) if match and named else None)


def class_of(folder: str, classes: Sequence[str]) -> str | None:
    """Return the class that is meant by `folder`: "cat", "Cat" and "cats" are the same."""
    return next((name for name in classes if folder.lower() in (name, f"{name}s")), None)


def folders(data: Images, path: Path, layout: str) -> Iterator[tuple[str, str]]:
    """Yield (name relative to `path`, path) of the folders that hold the images' files, or folders of them."""
    match LAYOUTS[layout].format:
        case "photos":
            yield from photo_folders(path, data.classes)
        case "folders":
            for part in PARTS:
                yield part, f"{path}/{part}"
                yield from ((f"{part}/{each.name}", each.path) for each in visible(path / part) if each.is_dir())
        case _:
            yield "", str(path)


def entries(data: Images, path: Path, layout: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield (name relative to `path`, entry) of what belongs to the images in a folder, in the order of the names.

    Unpacked archives lie in the folder itself, class folders in train/<class>/.
    """
    photos = LAYOUTS[layout].format == "photos"
    for name, folder in folders(data, path, layout):
        for entry in visible(folder):
            # Class folders are in the list themselves; beside photographs lie other folders.
            if not entry.is_dir() or (name not in PARTS and not photos):
                yield f"{name}/{entry.name}".removeprefix("/"), entry


def photo_folders(path: Path, classes: Sequence[str]) -> list[tuple[str, str]]:
    """Return (name relative to `path`, path) of the folders in which photographs of a set at `path` lie.

    They are class folders, in `path` or in train, validation and test; else train, else `path` itself.
    """
    found, flat = [], []
    for prefix, folder in _pools("", str(path)):
        inside = [entry for entry in visible(folder) if entry.is_dir()]
        of_classes = [entry for entry in inside if entry.name.lower() not in _POOLED]
        if any(class_of(entry.name, classes) for entry in of_classes):
            found += [(prefix + entry.name, entry.path) for entry in of_classes]
        if not prefix:
            flat = [(entry.name, entry.path) for entry in inside if entry.name.lower() == "train"]
    return found or flat or [("", str(path))]


def _pools(prefix: str, folder: str) -> Iterator[tuple[str, str]]:
    """Yield (name with a slash, path) of `folder` and of the train, validation and test folders in it, at any depth."""
    yield prefix, folder
    for entry in visible(folder):
        if entry.name.lower() in _POOLED and entry.is_dir():
            yield from _pools(f"{prefix}{entry.name}/", entry.path)


def may_hold_photos(path: Path, classes: Sequence[str]) -> bool:
    """Whether the folder at `path` has photographs of one of the classes where they are looked for."""
    for name, folder in photo_folders(path, classes):
        if class_of(name.rpartition("/")[2], classes):
            return True
        names = (f"{name}/{entry.name}".removeprefix("/") for entry in visible(folder))
        if any((place := photo(each, classes)) and class_of(place.folder, classes) for each in names):
            return True
    return False


def is_hidden(name: str) -> bool:
    """Whether `name` is what systems and editors leave behind (.DS_Store, __MACOSX/..., ._1.png, 1.png~)."""
    return any(part.startswith(".") or part == "__MACOSX" or part.endswith("~") for part in name.split("/"))


def visible(folder: Path | str) -> list[os.DirEntry[str]]:
    """Return the entries of `folder` by name, without hidden ones, backups and links that lead nowhere."""
    with os.scandir(folder) as found:
        whole = (e for e in found if not is_hidden(e.name) and not (e.is_symlink() and not Path(e.path).exists()))
        return sorted(whole, key=lambda entry: entry.name)
