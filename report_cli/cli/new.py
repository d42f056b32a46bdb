"""`report new`: a project that builds at once, the files of `_scaffold` copied into an empty folder."""

from pathlib import Path
from typing import Annotated

import typer

from report_cli import wording
from report_cli.cli.console import emit, say
from report_cli.errors import UsageError

SCAFFOLD = Path(__file__).parents[1] / "_scaffold"


def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder to make.", show_default=False)],
) -> None:
    """Make a new project that builds at once.

    It has one experiment, one answer and one document. A file that is already in the folder stays as it is.
    Example: report new homework5
    """
    import shlex

    from report_cli import files

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} exists and is not a folder", "name another one")
    if (folder / "pyproject.toml").exists():
        raise UsageError(
            f"{folder / 'pyproject.toml'} exists, and holds the settings of another project",
            "name another folder, or give this project a table [tool.report]",
        )
    for source in sorted(p for p in SCAFFOLD.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        # A file that tools would take for their own in this repository ends in .txt here.
        name = source.relative_to(SCAFFOLD).with_suffix("") if source.suffix == ".txt" else source.relative_to(SCAFFOLD)
        if (folder / name).exists():
            say(f"kept {folder / name}")
            continue
        text = source.read_text(encoding="utf-8").replace("@TODAY@", wording.timestamp()[:10])
        try:
            files.write_text(folder / name, text)
        except OSError as error:
            raise UsageError(f"{folder} can't be written: {error.strerror}", "name another folder") from error
        say(f"wrote {folder / name}")
    emit(f"cd {shlex.quote(str(folder))} && report build all")
