"""Where images lie: what the names of files and folders say about part, class and number.

Standard library only: a source is recognised by its names alone.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from report_cli.datasets.spec import PARTS

# What people and archives call the parts of a set that is one pool here.
_POOLED = ("train", "validation", "valid", "val", "test", "test1")
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
    prefix, *place = name.rsplit("/", 3) if name.count("/") > 2 else ("", *name.split("/"))
    if len(place) != 3 or place[0] not in PARTS or not place[2] or is_hidden(name):
        return None
    return Place(prefix, place[0], place[1])


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
    outside = above[:-2] if len(above) > 1 and above[-2].lower() in _POOLED else above[:-1]
    return PhotoPlace("/".join(outside), folder, _number(stem, folder, classes))


def class_of(folder: str, classes: Sequence[str]) -> str | None:
    """Return the class that is meant by `folder`: "cat", "Cat" and "cats" are the same."""
    return next((name for name in classes if folder.lower() in (name, f"{name}s")), None)


def photo_folders(path: Path, classes: Sequence[str]) -> list[tuple[str, str]]:
    """Return (name relative to `path`, path) of the folders in which photographs of a set at `path` lie.

    They are class folders, in `path` or in train, validation and test; else train, else `path` itself.
    """
    pooled = [entry for entry in visible(path) if entry.is_dir() and entry.name.lower() in _POOLED]
    found = []
    for prefix, folder in [("", str(path)), *((f"{entry.name}/", entry.path) for entry in pooled)]:
        inside = [entry for entry in visible(folder) if entry.is_dir() and entry.name.lower() not in _POOLED]
        if any(class_of(entry.name, classes) for entry in inside):
            found += [(prefix + entry.name, entry.path) for entry in inside]
    flat = [(entry.name, entry.path) for entry in pooled if entry.name.lower() == "train"]
    return found or flat or [("", str(path))]


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
    """Whether `name` is what systems leave behind in folders and archives (.DS_Store, __MACOSX/...)."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def visible(folder: Path | str) -> list[os.DirEntry[str]]:
    """Return the entries of `folder` by name, without those whose name starts with a dot."""
    with os.scandir(folder) as found:
        return sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)


def _number(stem: str, folder: str, classes: Sequence[str]) -> int | None:
    """Return N of the names "N" and "<class>.N" in a folder of that class."""
    match = re.fullmatch(r"(?:([a-z]+)[._-])?(\d{1,9})", stem.lower(), re.ASCII)
    if match is None or (match[1] and class_of(match[1], classes) != class_of(folder, classes)):
        return None
    return int(match[2])
