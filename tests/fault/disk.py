"""A disk that records every change below a folder, and fails or stops at the change it is told to.

Changes are seen at the calls of `os`, so nothing in the program knows of it. In the process itself: kills that leave
no time to clean up, and failures of a call, without starting a process for each.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch


class Killed(BaseException):
    """The process ended here. What `finally` and `except` try afterwards no longer reaches the disk."""


@dataclass(frozen=True)
class Change:
    """One change: what was done, the path below the folder, and what was written there or the new path."""

    call: str
    path: str
    content: bytes = b""
    target: str = ""

    def __str__(self) -> str:
        return f"{self.call} {self.path}" + (f" -> {self.target}" if self.target else "")


@dataclass
class Disk:
    """`at` is the number (from 1) of the change that goes wrong; `error` is its errno, None kills.

    `lasting` fails all changes from there on, as a full disk does; `torn` lets half of a write through first.
    """

    root: Path
    at: int = 0
    error: int | None = None
    lasting: bool = False
    torn: bool = False
    changes: list[Change] = field(default_factory=list)
    happened: bool = False
    _files: dict[int, str] = field(default_factory=dict)

    @contextmanager
    def watched(self) -> Iterator["Disk"]:
        """Watch, and interfere, in this block."""
        real = {name: getattr(os, name) for name in ("open", "close", "write", "fsync", "replace", "unlink")}
        real |= {name: getattr(os, name) for name in ("mkdir", "rmdir", "chmod")}

        def opened(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
            inside = self._inside(path)
            if inside is None:
                return int(real["open"](path, flags, *args, **kwargs))
            if flags & (os.O_CREAT | os.O_TRUNC):
                descriptor = self._change(Change("create", inside), lambda: real["open"](path, flags, *args, **kwargs))
            else:
                descriptor = real["open"](path, flags, *args, **kwargs)
            self._files[descriptor] = inside
            return int(descriptor)

        def closed(descriptor: int) -> None:
            self._files.pop(descriptor, None)
            real["close"](descriptor)

        def written(descriptor: int, content: Any) -> int:
            if descriptor not in self._files:
                return int(real["write"](descriptor, content))
            change = Change("write", self._files[descriptor], bytes(content))
            half = bytes(content)[: len(content) // 2]
            act, tear = lambda: real["write"](descriptor, content), lambda: real["write"](descriptor, half)
            return int(self._change(change, act, tear))

        def synced(descriptor: int) -> None:
            if descriptor in self._files:
                # Nothing is forced onto the real disk: tests are about the order, and leave others their disk.
                self._change(Change("fsync", self._files[descriptor]), lambda: None)
            else:
                real["fsync"](descriptor)

        doubles: dict[str, Any] = {"open": opened, "close": closed, "write": written, "fsync": synced}
        doubles |= {call: self._on_path(real[call]) for call in ("replace", "unlink", "mkdir", "rmdir", "chmod")}
        # With folders' descriptors `shutil.rmtree` would name files without their folders.
        with patch.multiple(os, **doubles), patch("shutil._use_fd_functions", False):
            yield self

    def _on_path(self, real: Callable[..., None]) -> Callable[..., None]:
        def changed(path: Any, *args: Any, **kwargs: Any) -> None:
            inside = self._inside(path)
            if inside is None:
                return real(path, *args, **kwargs)
            target = self._inside(args[0]) if real.__name__ == "replace" else ""
            change = Change(real.__name__, inside, target=target or "")
            return self._change(change, lambda: real(path, *args, **kwargs))  # type: ignore[no-any-return]

        return changed

    def _inside(self, path: Any) -> str | None:
        relative = os.path.relpath(os.fsdecode(path), self.root)
        # A lock holds nothing: its file may be there or not.
        return None if relative.startswith("..") or relative.endswith(".lock") else relative

    def _change(self, change: Change, act: Callable[[], Any], tear: Callable[[], Any] = lambda: None) -> Any:
        failing = self.happened and (self.lasting or self.error is None)
        if not failing and not self.happened and len(self.changes) + 1 == self.at:
            self.happened = failing = True
            if self.torn:
                tear()
        if failing:
            if self.error is None:
                raise Killed(str(change))
            raise OSError(self.error, os.strerror(self.error), str(self.root / change.path))
        result = act()
        self.changes.append(change)
        return result
