"""Notices that files have changed, by asking for their times: some hundred files take a few milliseconds."""

import os
from collections.abc import Iterator

from report_cli.project import Project

Times = dict[str, tuple[int, int, int]]


def of_pages(project: Project) -> Times:
    """Return the state of what pages are made of: templates, sections, answers, partials and styles."""
    return dict(_seen(_below(*(str(folder) for folder in project.template_folders))))


def of_results(project: Project) -> Times:
    """Return the state of what results come from: settings, experiments, and the finished and failed runs."""
    code = (path for path in _below(str(project.experiments)) if path.endswith(".py"))
    runs = [*project.runs.glob("*/*/manifest.json"), *project.runs.glob("*/*.failed.json")]
    others = [project.root / "pyproject.toml", *project.kept.glob("*/*/manifest.json")]
    return dict(_seen(code)) | dict(_seen(str(path) for path in runs + others))


def _below(*folders: str) -> Iterator[str]:
    for folder in folders:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue  # There is none, or no longer.
        for entry in entries:
            if entry.name.startswith(".") or entry.name == "__pycache__":
                continue
            if entry.is_dir():
                yield from _below(entry.path)
            else:
                yield entry.path


def _seen(paths: Iterator[str]) -> Iterator[tuple[str, tuple[int, int, int]]]:
    for path in paths:
        try:
            found = os.stat(path)  # noqa: PTH116 - ten times a second for each file
        except OSError:
            continue
        yield path, (found.st_mtime_ns, found.st_size, found.st_ino)
