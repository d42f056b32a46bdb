"""`report new`: a project that builds at once, the files of `_scaffold` copied into a folder."""

import re
import unicodedata
from pathlib import Path
from typing import Annotated

import typer

from report_cli import wording
from report_cli.cli.console import emit, say
from report_cli.errors import UsageError

SCAFFOLD = Path(__file__).parents[1] / "_scaffold"
NETWORK = '["h5py", "keras", "tensorflow"]'


def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder to make.", show_default=False)],
    keras: Annotated[bool, typer.Option("--keras", help="Add a network in Keras, with a document of its own.")] = False,
) -> None:
    """Make a new project that builds at once.

    It is named as its folder, and has two experiments with their tests, one of them on a CSV file, an image, and
    two documents. A file that is already in the folder stays as it is.
    Example: report new homework5
    """
    import shlex

    from report_cli import files

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} exists and is not a folder", "name another one")
    if (folder / "pyproject.toml").exists():
        raise UsageError(
            f"{folder / 'pyproject.toml'} exists already: there is a project in this folder",
            "name another folder; in a project of yours, a table [tool.report] in that file is all that is needed",
        )
    called, title = _names(folder.resolve().name)
    fill = {
        "@NAME@": called,
        "@TITLE@": title,
        "@TODAY@": wording.timestamp()[:10],
        "@DEPENDENCIES@": NETWORK if keras else "[]",
    }
    kinds = ("project", "keras") if keras else ("project",)
    for source in sorted(path for kind in kinds for path in (SCAFFOLD / kind).rglob("*") if path.is_file()):
        if "__pycache__" in source.parts:
            continue
        # A file that tools would take for their own in this repository ends in .txt here.
        name = Path(*source.relative_to(SCAFFOLD).parts[1:])
        name = name.with_suffix("") if name.suffix == ".txt" else name
        if (folder / name).exists():
            lacking = _lacking(source, folder / name) if name.name == ".gitignore" else []
            say(f"kept {folder / name}" + (f"; write into it {' and '.join(lacking)}" if lacking else ""))
            continue
        text = source.read_text(encoding="utf-8")
        for gap, content in fill.items():
            text = text.replace(gap, content)
        try:
            files.write_text(folder / name, text)
        except OSError as error:
            raise UsageError(f"{folder} can't be written: {error.strerror}", "name another folder") from error
        say(f"wrote {folder / name}")
    emit(f"cd {shlex.quote(str(folder))} && report build all")


def _names(folder: str) -> tuple[str, str]:
    """Return what the project and its document are called: as the folder is, where a title can be of its letters."""
    letters = unicodedata.normalize("NFKD", folder).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "-", letters).strip("-")
    title = re.sub(r"[\s_-]+", " ", folder).strip()
    # The fonts have all letters of Latin-1; what isn't a letter may be Markdown.
    is_plain = re.fullmatch(r"[\w .,]+", title) and title.isprintable() and ord(max(title)) < 256
    return name or "my-report", f"{title[0].upper()}{title[1:]}" if is_plain else "My report"


def _lacking(ours: Path, there: Path) -> list[str]:
    """Return the lines of our .gitignore that another has in none of their forms."""
    ignored = {each.strip().strip("/") for each in there.read_text(encoding="utf-8", errors="replace").splitlines()}
    return [line for line in ours.read_text(encoding="utf-8").split() if line.strip("/") not in ignored]
