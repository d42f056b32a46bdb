"""What is known of files that were seen before, so that planning need not read them again.

A signature (path, size, modification time) only saves reading: training verifies the pixels against the digest.
"""

import json
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import msgspec

from report_cli import files
from report_cli.datasets import layouts
from report_cli.datasets.spec import LAYOUTS, Images

# Counts up when ids, digests or checks change, so that nothing of the former code is believed.
FORMAT = 3


class Entry(msgspec.Struct, frozen=True):
    """What was found at a signature: the classes of each part (class folders only) and the digest once read in."""

    classes: dict[str, list[str]]
    digest: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")] | None = None


def signature(data: Images, path: Path, layout: str) -> str:
    """Return the name under which what is known of `path` as a source of `data` is kept.

    Raises:
        OSError: `path` can't be read.
    """
    facts = [FORMAT, asdict(replace(data, draw=None, published=None)), layout, str(path.resolve())]
    state = sha256(json.dumps(facts, sort_keys=True).encode())
    if LAYOUTS[layout].container == "folder":
        for name, folder in layouts.folders(data, path, layout):
            stats = [(e.name, (s := e.stat()).st_size, s.st_mtime_ns) for e in layouts.visible(folder)]
            state.update(repr((name, stats)).encode(errors="surrogateescape"))
    else:
        stat = path.stat()
        state.update(f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ino}".encode())
    return state.hexdigest()


def look_up(cache: Path, signature: str) -> Entry | None:
    """Return what is known at `signature`, or None; an entry that can't be read counts as none."""
    try:
        return msgspec.convert(files.read_json(_path(cache, signature)), Entry)
    except (OSError, ValueError):
        return None


def note(cache: Path, signature: str, entry: Entry) -> None:
    """Remember `entry`: one file a signature, so that two processes never overwrite each other's."""
    files.write_json(_path(cache, signature), msgspec.to_builtins(entry))


def _path(cache: Path, signature: str) -> Path:
    return cache / "index" / f"{signature}.json"
