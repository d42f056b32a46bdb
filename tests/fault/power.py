"""What a disk may hold after a loss of power, worked out from the changes that were made on it.

Content that was not forced onto the disk may be old, partly there, or zeros. Of the names that changed in a folder
since it was last forced, any first few may have arrived. Which of these it is, chance decides.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.fault.disk import Change


@dataclass
class File:
    """A file's content, and what of it is certainly on the disk."""

    content: bytes = b""
    forced: bytes = b""


Tree = dict[str, "File | None"]  # a path, and its file; None is a folder


@dataclass
class Naming:
    """A change of names, and the folder that has to be forced for it to last."""

    change: Change
    folder: str
    file: File | None = None
    forced: bool = False


@dataclass
class Power:
    """A disk that held `before` when the changes began."""

    before: Tree
    now: Tree = field(default_factory=dict)
    namings: list[Naming] = field(default_factory=list)

    @classmethod
    def on(cls, root: Path) -> "Power":
        """Return the disk as it is, all of it forced."""
        tree: Tree = {}
        for path in sorted(root.rglob("*")):
            content = path.read_bytes() if path.is_file() else b""
            tree[path.relative_to(root).as_posix()] = File(content, content) if path.is_file() else None
        return cls(tree, dict(tree))

    def lost(self, changes: Iterable[Change], chance: random.Random) -> dict[str, bytes | None]:
        """Return what may be there after these changes and then no power: paths, with content or None for folders."""
        for change in changes:
            self._apply(change)
        tree = dict(self.before)
        for naming in self._survivors(chance):
            _name(tree, naming)
        return {path: None if file is None else _remains(file, chance) for path, file in tree.items()}

    def _survivors(self, chance: random.Random) -> list[Naming]:
        """Return the changes of names that lasted: those that were forced, and the first few others of each folder."""
        pending: dict[str, int] = Counter(naming.folder for naming in self.namings if not naming.forced)
        left = {folder: chance.randint(0, count) for folder, count in pending.items()}
        lasting: set[int] = set()
        for n, naming in enumerate(self.namings):
            if naming.forced or left[naming.folder] > 0:
                lasting.add(n)
            if not naming.forced:
                left[naming.folder] -= 1
        for n in sorted(lasting, reverse=True):
            # A new name that lasted brings what it names along, wherever that was created.
            change = self.namings[n].change
            if change.call == "replace":
                made = [
                    m for m in range(n) if change.path in (self.namings[m].change.path, self.namings[m].change.target)
                ]
                lasting.update(made[-1:])
        return [self.namings[n] for n in sorted(lasting)]

    def _apply(self, change: Change) -> None:
        file = self.now.get(change.path)
        if change.call == "write":
            assert file is not None
            file.content += change.content
        elif change.call == "fsync" and file is not None:
            file.forced = file.content
        elif change.call == "fsync":
            for naming in self.namings:
                naming.forced |= naming.folder == change.path
        elif change.call != "chmod":
            new = File() if change.call == "create" else None
            naming = Naming(change, PurePosixPath(change.target or change.path).parent.as_posix(), new)
            self.namings.append(naming)
            _name(self.now, naming)


def _name(tree: Tree, naming: Naming) -> None:
    """Carry out a change of names, unless what it is about never arrived."""
    change, parent = naming.change, naming.folder
    if parent != "." and tree.get(parent, naming) is not None:
        return
    inside = [path for path in tree if path == change.path or path.startswith(f"{change.path}/")]
    if change.call in ("create", "mkdir"):
        tree[change.path] = naming.file
    elif change.call in ("unlink", "rmdir"):
        for path in inside:
            del tree[path]
    elif change.call == "replace" and inside:
        for path in [p for p in tree if p == change.target or p.startswith(f"{change.target}/")]:
            del tree[path]
        for path in inside:
            tree[change.target + path.removeprefix(change.path)] = tree.pop(path)


def _remains(file: File, chance: random.Random) -> bytes:
    if file.content == file.forced:
        return file.content
    part = file.content[: chance.randint(0, len(file.content))]
    return chance.choice([file.forced, file.content, part, bytes(len(file.content))])


def write(root: Path, left: dict[str, bytes | None]) -> None:
    """Make a real folder of what is left."""
    for path, content in sorted(left.items()):
        if content is None:
            (root / path).mkdir(parents=True, exist_ok=True)
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
