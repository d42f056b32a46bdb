"""Which files of a source are no images, and why: kept beside the decoded images, so that a page can say so.

The command line reads it without numpy.
"""

from pathlib import Path

import msgspec

from report_cli import files

FILE = "exclusions.json"


class Exclusions(msgspec.Struct, frozen=True):
    """What isn't as its name says: files left out, with the reason for people, and files of the other format."""

    skipped: dict[str, str] = {}
    mislabelled: tuple[str, ...] = ()


NOTHING_LEFT_OUT = Exclusions()


def read(cache: Path, digest: str) -> Exclusions:
    """Return what was left out when the images with this digest were read in last; nothing where none were."""
    try:
        return msgspec.convert(files.read_json(cache / "decoded" / digest / FILE), Exclusions)
    except (OSError, ValueError):
        return NOTHING_LEFT_OUT
