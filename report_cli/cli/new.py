"""A new project: the files in `_scaffold`, copied into an empty folder."""

from pathlib import Path

from report_cli import files, wording
from report_cli.errors import UsageError

SCAFFOLD = Path(__file__).parents[1] / "_scaffold"


def create(folder: Path) -> list[Path]:
    """Write a project that builds at once into `folder` and return its files.

    Raises:
        UsageError: the folder exists and is not empty, or can't be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is not an empty folder", "name another one")
    written = []
    for source in sorted(p for p in SCAFFOLD.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        name = source.relative_to(SCAFFOLD).with_suffix("") if source.suffix == ".txt" else source.relative_to(SCAFFOLD)
        text = source.read_text(encoding="utf-8").replace("@TODAY@", wording.now()[:10])
        try:
            files.write_text(folder / name, text)
        except OSError as error:
            raise UsageError(f"{folder} can't be written: {error.strerror}", "name another folder") from error
        written.append(folder / name)
    return written
