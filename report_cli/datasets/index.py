"""What is known of files that were seen before, so that planning need not read them again.

A signature (path, size, modification time) only saves reading: training verifies the pixels against the digest.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from report_cli import files
from report_cli.datasets import layouts
from report_cli.datasets.spec import LAYOUTS, PARTS, Images

# Counts up when ids, digests or checks change, so that nothing of the former code is believed.
FORMAT = 2


@dataclass(frozen=True)
class Entry:
    """What was found at a signature: the classes of each part (class folders only) and the digest once read in."""

    classes: dict[str, list[str]]
    digest: str | None = None


def signature(kind: Images, path: Path, layout: str) -> str:
    """Return the name under which what is known of `path` as a source of `kind` is kept.

    Raises:
        OSError: `path` can't be read.
    """
    state = sha256(
        json.dumps([FORMAT, asdict(replace(kind, draw=None)), layout, str(path.resolve())], sort_keys=True).encode()
    )
    if LAYOUTS[layout].container == "folder":
        for name, folder in _folders(kind, path, layout):
            state.update(repr((name, _stats(folder))).encode(errors="surrogateescape"))
    else:
        stat = path.stat()
        state.update(f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ino}".encode())
    return state.hexdigest()


def entries(kind: Images, path: Path, layout: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield (name relative to `path`, entry) of what belongs to the images in a folder, in the order of the names.

    Unpacked archives lie in the folder itself, class folders in train/<class>/. Hidden entries are left out.
    """
    photos = LAYOUTS[layout].format == "photos"
    for name, folder in _folders(kind, path, layout):
        for entry in layouts.visible(folder):
            # Class folders are in the list themselves; beside photographs lie other folders.
            if not entry.is_dir() or (name not in PARTS and not photos):
                yield f"{name}/{entry.name}".removeprefix("/"), entry


def _folders(kind: Images, path: Path, layout: str) -> Iterator[tuple[str, str]]:
    """Yield (name relative to `path`, path) of the folders that hold the images' files, or folders of them."""
    if LAYOUTS[layout].format == "photos":
        yield from layouts.photo_folders(path, kind.classes)
        return
    if LAYOUTS[layout].format != "folders":
        yield "", str(path)
        return
    for part in PARTS:
        yield part, f"{path}/{part}"
        yield from ((f"{part}/{entry.name}", entry.path) for entry in layouts.visible(path / part) if entry.is_dir())


def _stats(folder: str) -> list[tuple[str, int, int]]:
    """Return (name, size, time) of the files in `folder` by name; this runs for every image of a large set."""
    with os.scandir(folder) as found:
        return sorted(
            (entry.name, (stat := entry.stat()).st_size, stat.st_mtime_ns)
            for entry in found
            if not entry.name.startswith(".")
        )


def look_up(cache: Path, signature: str) -> Entry | None:
    """Return what is known at `signature`, or None; an entry that can't be read counts as none."""
    try:
        content = files.read_json(_path(cache, signature))
        classes = {part: [str(name) for name in content["classes"][part]] for part in content["classes"]}
        digest = content["digest"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if digest is not None and not re.fullmatch("[0-9a-f]{64}", str(digest)):
        return None
    return Entry(classes, digest)


def note(cache: Path, signature: str, entry: Entry) -> None:
    """Remember `entry`: one file a signature, so that two processes never overwrite each other's."""
    files.write_json(_path(cache, signature), asdict(entry))


def _path(cache: Path, signature: str) -> Path:
    return cache / "index" / f"{signature}.json"
