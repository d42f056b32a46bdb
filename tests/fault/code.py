"""What a case can depend on: with other code than it passed with, it is run again."""

from collections.abc import Iterator
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
# These never write a page: they only run experiments, and look at the store. So nothing of how pages are made can
# change what becomes of them, and an hour of cases outlives a change of style. Whoever is not named here depends on
# everything. That none of them loads a module of pages is tested.
WITHOUT_PAGES = (
    "test_kills.py",
    "test_disk_failures.py",
    "test_power_loss.py",
    "test_byte_flips.py",
    "test_concurrent.py",
    "test_keys.py",
    "test_stale_hits.py",
)
# What makes pages and figures, below report_cli.
PAGES = ("report/*", "figures/*")
SHARED = ("requirements.lock", "tests/conftest.py", "tests/walking.py", "tests/datasets/making.py")


def files(test: str) -> Iterator[Path]:
    """Yield the files that the cases of the module `test` can depend on."""
    here = ROOT / "tests" / "fault"
    pages = test not in WITHOUT_PAGES
    yield from (ROOT / name for name in SHARED)
    for path in _under(ROOT / "report_cli"):
        if pages or not any(fnmatch(path.relative_to(ROOT / "report_cli").as_posix(), name) for name in PAGES):
            yield path
    for path in _under(here):
        # Another test decides nothing about this one, nor does what is said of them afterwards.
        other = path.parent == here and path.name.startswith("test_") and path.name != test
        if not other and path.name not in ("conftest.py", "table.py"):
            yield path
    if pages:
        yield from _under(ROOT / "templates")
        yield from _under(ROOT / "tests" / "report")


def code(test: str) -> str:
    """Return one digest of all these files."""
    state = sha256()
    for path in sorted(files(test)):
        state.update(f"{path.relative_to(ROOT)} {sha256(path.read_bytes()).hexdigest()};".encode())
    return state.hexdigest()


def _under(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
