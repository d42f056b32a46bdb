"""One malformed input: how it is made, the command that meets it, and what must be said about it."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

CHECK = ("data", "check", "given")


@dataclass(frozen=True)
class Place:
    """Where a case happens: the project is in `root`, its cache beside it, and sentinels around both."""

    around: Path

    @property
    def root(self) -> Path:
        return self.around / "project"

    @property
    def given(self) -> Path:
        """Where images are given."""
        return self.root / "given"

    @property
    def cache(self) -> Path:
        return self.around / "cache"

    @property
    def canary(self) -> Path:
        """What code from a file would make."""
        return self.around / "canary"

    def write(self, name: str, content: bytes) -> Path:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


@dataclass(frozen=True)
class Case:
    """`spoil` makes the malformed input, `command` meets it, and its answer must have all of `says` in it.

    `skipped` is for what is documented to be left out or done again: the command then succeeds; None is for damage that
    may leave something whole. `start` is what the project has: "bare", "source" (the experiment "walk"), "walk" (with a
    finished run, a kept one, and one that was killed), "built" (with its page), "weights" (one that reads weights).
    """

    name: str
    command: tuple[str, ...]
    spoil: Callable[[Place], None]
    says: tuple[str, ...] = ()
    skipped: bool | None = False
    start: str = "bare"

    def __str__(self) -> str:
        return self.name


def files(contents: Mapping[str, bytes]) -> Callable[[Place], None]:
    """Return what writes these files into the project."""

    def write(place: Place) -> None:
        for name, content in contents.items():
            place.write(name, content)

    return write


def flipped(content: bytes, seed: int, count: int = 1) -> bytes:
    """Return `content` with some bits changed, the same ones for the same seed."""
    dice, damaged = random.Random(seed), bytearray(content)
    for _ in range(count):
        damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
    return bytes(damaged)


def cut(content: bytes, share: float) -> bytes:
    """Return the beginning of `content`."""
    return content[: int(len(content) * share)]
