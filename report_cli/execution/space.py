"""How much room things take, and whether there is enough for a run before it starts."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from report_cli.errors import RunError

if TYPE_CHECKING:
    from report_cli.store.store import Store

# A small run, its figures, and what the report and the logs take beside it.
LEAST_BYTES = 200_000_000
# The run that is being written, and two checkpoints of which the older one goes when the newer one is there.
COPIES = 3


def check_room(store: "Store", experiment: str) -> None:
    """Raise RunError where the disk has less room than a run of `experiment` may need, as far as former ones tell."""
    largest = max((size_bytes(folder) for folder in _former(store, experiment)), default=0)
    needed, free = max(LEAST_BYTES, COPIES * largest), free_bytes(store.own)
    if free < needed:
        place = store.shown(store.own.parent)
        raise RunError(
            f"only {words(free)} free in {place}, and a run of {experiment} needs about {words(needed)}", "report gc"
        )


def free_bytes(place: Path) -> int:
    """Return how many bytes can be written at `place`, which need not exist yet."""
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def size_bytes(path: Path) -> int:
    """Return how many bytes a file holds, or all files of a folder; what goes away meanwhile counts nothing."""
    total = 0
    for file in [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]:
        with suppress(FileNotFoundError):
            total += 0 if file.is_dir() and not file.is_symlink() else file.lstat().st_size
    return total


def words(size: int) -> str:
    """Return a size for people: 870 bytes, 14 kB, 12 MB, 3.2 GB."""
    if size < 1000:
        return f"{size} bytes"
    for unit, factor in (("kB", 1e3), ("MB", 1e6)):
        if size < factor * 999.5:
            return f"{size / factor:.0f} {unit}"
    return f"{size / 1e9:.1f} GB"


def _former(store: "Store", experiment: str) -> list[Path]:
    """Return the own runs and checkpoints of `experiment`."""
    found = (store.own / experiment).glob("*")
    return [folder for folder in found if folder.suffix in ("", ".checkpoint") and folder.is_dir()]
