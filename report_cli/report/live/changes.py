"""Notices that files have changed, by asking for their times: some hundred files take a few milliseconds."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress

from report_cli.project import Project
from report_cli.report.text import front

Times = dict[str, tuple[int, int, int]]


def of_pages(project: Project, document: str) -> Times:
    """Return the state of what the pages of `document` are made of: templates, images, fonts, and files that its front
    matter names."""
    folders = *project.template_folders, project.images
    found = [path for folder in folders for path in _files(str(folder))]
    # Front matter that names a file which isn't there yet is malformed, and names none.
    named = [path for kind in ("css", "csl", "bib") for path in project.root.glob(f"*.{kind}")]
    named += [project.root / name for name in (*project.settings.fonts, *front.files(project, document))]
    return _times([*found, *map(str, named)])


def of_results(project: Project) -> Times:
    """Return the state of what results come from: settings, experiments, and the finished and failed runs."""
    code = (path for path in _files(str(project.experiments)) if path.endswith(".py"))
    runs = [*project.runs.glob("*/*/manifest.json"), *project.runs.glob("*/*.failed.json")]
    others = [project.root / "pyproject.toml", *project.kept.glob("*/*/manifest.json")]
    return _times([*code, *map(str, runs + others)])


def _files(folder: str) -> Iterator[str]:
    # Links in a circle end where the system follows no more of them.
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name[0] != "." and name != "__pycache__"]
        yield from (f"{place}/{name}" for name in names if name[0] != ".")


def _times(paths: Iterable[str]) -> Times:
    times: Times = {}
    for path in paths:
        with suppress(OSError):
            status = os.stat(path)  # noqa: PTH116 - ten times a second for each file
            times[path] = status.st_mtime_ns, status.st_size, status.st_ino
    return times
