"""Which files of a source are no images, and why: kept beside the decoded images, so that a page can say so.

Standard library only: the command line reads it without numpy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report_cli import files

FILE = "exclusions.json"


@dataclass(frozen=True)
class Skipped:
    """A file that was left out: its name in the archive or folder, and the reason for people."""

    name: str
    reason: str


@dataclass(frozen=True)
class Exclusions:
    """What isn't as its name says: files left out, and files read although they are of the other format."""

    skipped: tuple[Skipped, ...] = ()
    mislabelled: tuple[str, ...] = ()


NOTHING_LEFT_OUT = Exclusions()


def to_json(exclusions: Exclusions) -> Any:
    """Return `exclusions` as JSON."""
    skipped = {each.name: each.reason for each in exclusions.skipped}
    return {"skipped": skipped, "mislabelled": list(exclusions.mislabelled)}


def from_json(content: Mapping[str, Any]) -> Exclusions:
    """Return what `to_json` wrote; ValueError, KeyError, TypeError or AttributeError when it didn't."""
    skipped = tuple(Skipped(str(name), str(reason)) for name, reason in sorted(content["skipped"].items()))
    return Exclusions(skipped, tuple(str(name) for name in content["mislabelled"]))


def read(cache: Path, digest: str) -> Exclusions:
    """Return what was left out when the images with this digest were read in last; nothing where none were."""
    try:
        return from_json(files.read_json(cache / "decoded" / digest / FILE))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return NOTHING_LEFT_OUT
