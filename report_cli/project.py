"""A project: the folder whose pyproject.toml has [tool.report], and where things are in it."""

import datetime
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from report_cli import files
from report_cli.errors import UsageError, unknown
from report_cli.experiment import PROFILES
from report_cli.settings import typed

PACKAGE = Path(__file__).parent
# What a document is written as: pages, and files for other programs.
PAGES = ("html", "pdf")
FORMATS = (*PAGES, "docx", "md", "tex")
# To whom it is shown: the whole, questions alone with room for answers, the whole with points.
SOLUTION, STUDENT, GRADER = VIEWS = ("solution", "student", "grader")


@dataclass(frozen=True)
class Edition:
    """How a document is written: as what, for whom, and whole or a section of it alone.

    A draft marks what is missing; to a strict one a warning is an error.
    """

    formats: Sequence[str] = PAGES
    draft: bool = False
    strict: bool = False
    view: str = SOLUTION
    section: str = ""


def stem_of(document: str, view: str = SOLUTION, section: str = "") -> str:
    """Return what the names of the files of a document begin with, or of one section of it alone."""
    parts = (f"section-{section}" if section else "", view if view != SOLUTION else "")
    return ".".join((document, *filter(None, parts)))


# What a page attaches, or has beside it in this folder.
PROVENANCE = "provenance.json"


def folder_of(stem: str) -> str:
    """Return the name of the folder of the files that a document needs beside it."""
    return f"{stem}.files"


@dataclass(frozen=True)
class Settings:
    """The keys of [tool.report]; each may be left out.

    `fonts` are files of the project, for characters that no shipped font has.
    `time_limit` is how many seconds a template, pandoc and the layout of the PDF may take each, by the clock. `ray` has
    what a run takes of a node of a Ray cluster: num_cpus, num_gpus.
    """

    author: str = ""
    id: str = ""
    course: str = ""
    date: str = ""
    lang: str = "en"
    profile: str = "quick"
    data: str = ""
    fonts: tuple[str, ...] = ()
    time_limit: int = 300
    parameters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ray: tuple[tuple[str, float], ...] = ()

    def of(self, experiment: str) -> tuple[str, ...]:
        """Return the parameters set for `experiment` by [tool.report.parameters."PATTERN"], as for --set."""
        return tuple(s for pattern, settings in self.parameters for s in settings if fnmatchcase(experiment, pattern))


@dataclass(frozen=True)
class Project:
    """A project folder and its settings. Creating one reads nothing; `find` does."""

    root: Path
    settings: Settings
    # Where all output goes, below the root.
    output: str = "build"

    @property
    def experiments(self) -> Path:
        return self.root / "experiments"

    @property
    def kept(self) -> Path:
        """Runs in git, written by `report keep` alone."""
        return self.experiments / "results"

    @property
    def templates(self) -> Path:
        return self.root / "templates"

    @property
    def documents(self) -> tuple[str, ...]:
        """The names of the project's documents, sorted."""
        return tuple(path.stem for path in files.sources(self.templates / "documents", "*.md"))

    @property
    def images(self) -> Path:
        """Where an author's own images lie, as a rule."""
        return self.root / "images"

    @property
    def fonts(self) -> dict[str, Path]:
        """The fonts of the settings that are there; the page tells of one that isn't."""
        return {name: path for name in self.settings.fonts if (path := self.root / name).is_file()}

    @property
    def template_folders(self) -> tuple[Path, ...]:
        """Where templates and styles are looked up: the project first, then what the package carries."""
        # In the checkout of this package both are one folder, which is read once.
        return tuple(dict.fromkeys((self.templates, inherited_templates())))

    @property
    def build(self) -> Path:
        return self.root / self.output

    @property
    def runs(self) -> Path:
        return self.build / "runs"

    @property
    def figures(self) -> Path:
        return self.build / "figures"

    @property
    def reports(self) -> Path:
        return self.build / "report"

    @property
    def logs(self) -> Path:
        return self.build / "logs"

    @property
    def memory(self) -> Path:
        """What commands leave one another of what they worked out from unchanged texts."""
        return self.build / "memory"

    @property
    def scratch(self) -> Path:
        """Unfinished output, on the same file system as the store so that one rename commits it."""
        return self.build / "tmp"


def inherited_templates() -> Path:
    """Return the folder of partials and styles that every project inherits.

    In a wheel they lie inside the package; in a checkout, where the package is used in place, beside it.
    """
    inside = PACKAGE / "_templates"
    return inside if inside.is_dir() else PACKAGE.parent / "templates"


def find(start: Path) -> Project:
    """Return the project of `start`, found from there upward.

    Raises:
        UsageError: no pyproject.toml with [tool.report] above `start`, or a key in it that doesn't exist.
    """
    for folder in [start.resolve(), *start.resolve().parents]:
        path = folder / "pyproject.toml"
        if not path.is_file():
            continue
        try:
            tables = tomllib.loads(_text(path))
        except (ValueError, RecursionError) as error:
            place = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
            where, told = (f"{path.name}:{place[1]}", str(error)[: place.start()]) if place else (path.name, error)
            raise UsageError(f"{where} in {folder.name}/ is not valid TOML: {told}") from error
        tool = tables.get("tool")
        table = tool.get("report") if isinstance(tool, dict) else None
        if table is not None and not isinstance(table, dict):
            raise UsageError("[tool.report] must be a table", "write it as [tool.report] with one key a line")
        if table is not None:
            return Project(folder, _settings(table))
    raise UsageError(
        "no project here: no pyproject.toml with a [tool.report] table in this folder or above it",
        "make one with: report new FOLDER",
    )


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text") from error
    if text.startswith("\ufeff"):
        raise ValueError("it starts with a byte order mark; save it as UTF-8 without one")
    return text


def _settings(table: dict[str, Any]) -> Settings:
    known = [f.name for f in fields(Settings)]
    checks: dict[str, Callable[[Any], Any]] = {
        "date": lambda value: iso_date(value, "[tool.report] date"),
        "fonts": _files,
        "parameters": lambda value: tuple(_parameters(value)),
        "ray": lambda value: tuple(_resources(value)),
        "time_limit": _seconds,
    }
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise unknown("key in [tool.report]", key, known)
        if key not in checks and not isinstance(value, str):
            raise UsageError(f"[tool.report] {key} must be text, not {value!r}")
        values[key] = checks[key](value) if key in checks else value
    settings = Settings(**values)
    if settings.profile not in PROFILES:
        raise unknown("profile in [tool.report]", settings.profile, PROFILES)
    return settings


def _seconds(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UsageError(f"[tool.report] time_limit must be whole seconds, at least 1, not {value!r}")
    return value


def _files(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise UsageError(f"[tool.report] fonts must be a list of files, not {value!r}", 'fonts = ["fonts/NAME.ttf"]')
    return tuple(value)


def iso_date(value: Any, what: str) -> str:
    """Return a date of TOML, or a text that is one, as 2026-11-22; empty where it is empty; UsageError else."""
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    try:
        return datetime.date.fromisoformat(value).isoformat() if value else ""
    except (TypeError, ValueError) as error:
        raise UsageError(f"{what} is no date: {value!r}", "write it as 2026-11-22") from error


def _parameters(table: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (pattern of experiments, ("name=value", ...)), spelled as on the command line."""
    if not isinstance(table, dict) or not all(isinstance(settings, dict) for settings in table.values()):
        raise UsageError(
            "[tool.report] parameters must be a table per experiment", '[tool.report.parameters."NAME"] epochs = 5'
        )
    for pattern, settings in table.items():
        yield pattern, tuple(_setting(name, value) for name, value in settings.items())


def _setting(name: str, value: Any) -> str:
    try:
        return f"{name}={typed(value)}"
    except ValueError as error:  # Python writes no number of more than some thousand digits
        raise UsageError(f"[tool.report.parameters] {name} is too large a number") from error


def _resources(table: Any) -> Iterator[tuple[str, float]]:
    """Yield what a run takes of a node, by Ray's names."""
    for name, value in table.items() if isinstance(table, dict) else [("", table)]:
        if name not in ("num_cpus", "num_gpus"):
            raise unknown("key in [tool.report.ray]", name, ("num_cpus", "num_gpus"))
        if not isinstance(value, int | float) or isinstance(value, bool) or not value >= 0:
            raise UsageError(f"[tool.report.ray] {name} must be a number from 0, not {value!r}")
        yield name, value
