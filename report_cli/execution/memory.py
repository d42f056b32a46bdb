"""What a command leaves the next one of what it worked out from texts, so that an unchanged project costs little.

All of it goes by the sha256 of everything it was made of: it is never out of date, at most of no use. Absent, damaged
or of another Python, it is worked out anew and nothing is said.
"""

import contextlib
import sys
from hashlib import sha256
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import msgspec

from report_cli import files
from report_cli.keys.sources import Reach

# Another Python compiles to other code, and has other modules of its own.
PYTHON = f"{sys.version} {MAGIC_NUMBER.hex()} {sys.flags.optimize}"


class Memory(msgspec.Struct, frozen=True):
    """The `code` of modules by path and digest; and what was found with the digests of packages in `sources` and, of
    the modules beside the experiments, in `beside`: what functions reach, and which manifests are whole, by digest."""

    python: str = PYTHON
    code: dict[str, bytes] = {}
    sources: dict[str, str] = {}
    beside: dict[str, str] = {}
    reached: dict[str, Reach] = {}
    manifests: set[str] = set()


def read(path: Path) -> Memory:
    """Return what is remembered in `path`; nothing where no part of it can be relied on."""
    try:
        content = path.read_bytes()
        if content[:32] == sha256(content[32:]).digest():
            memory = msgspec.msgpack.decode(content[32:], type=Memory)
            return memory if memory.python == PYTHON else Memory()
    except (OSError, ValueError):
        pass
    return Memory()


def write(path: Path, memory: Memory) -> None:
    """Remember `memory` in `path`; where that can't be written, the next command works it out again."""
    content = msgspec.msgpack.encode(memory)
    with contextlib.suppress(OSError):
        files.write_bytes(path, sha256(content).digest() + content)
