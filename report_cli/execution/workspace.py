"""What a command works on: a project, its code as read at the start, its experiments, its store, its images."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from report_cli import files
from report_cli.datasets.spec import Images
from report_cli.errors import UsageError, unknown
from report_cli.execution import registry
from report_cli.experiment import Experiment
from report_cli.keys.sources import Node, Sources
from report_cli.project import Project
from report_cli.store.store import Store


@dataclass(frozen=True)
class Workspace:
    """Everything is read at its first use and then stays what it was."""

    project: Project
    snapshot: Sources
    store: Store

    @classmethod
    def open(cls, project: Project, tell: Callable[[str], None]) -> "Workspace":
        return cls(project, registry.sources(project), Store.of(project, tell))

    def recall(self) -> None:
        """Take what was found in these very sources before, so that an unchanged project isn't walked again."""
        try:
            kept = files.read_json(self._walked)
            if kept["sources"] == self.snapshot.digest():
                nodes = {key: Node(digest, tuple(uses)) for key, (digest, uses) in kept["nodes"].items()}
                self.snapshot.nodes.update(nodes)
        except (OSError, ValueError, KeyError, TypeError):
            pass  # Absent or damaged: walked anew.

    def remember(self) -> None:
        """Keep what was found in the sources for the next command."""
        nodes = {key: [node.digest, list(node.uses)] for key, node in self.snapshot.nodes.items()}
        files.write_json(self._walked, {"sources": self.snapshot.digest(), "nodes": nodes})

    @property
    def _walked(self) -> Path:
        return self.project.build / "survey" / "sources.json"

    @cached_property
    def experiments(self) -> dict[str, Experiment]:
        found = registry.load(self.project, self.snapshot)
        for pattern, _ in self.project.settings.parameters:
            if not any(fnmatchcase(name, pattern) for name in found):
                raise unknown("experiment in [tool.report.parameters]:", pattern, found)
        return found

    @cached_property
    def declared(self) -> dict[str, Images]:
        """The data sets that the project declares, by name."""
        _ = self.experiments  # from here on modules are imported from the snapshot
        return registry.declared(self.project, self.snapshot)

    @property
    def cache(self) -> Path:
        """The user's cache: fetched archives and decoded images, shared by all projects."""
        default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "report"
        return Path(os.environ.get("REPORT_CACHE") or default)


@dataclass(frozen=True)
class ImageChoice:
    """Where real images are looked for, and who said so; no folder means embedded images."""

    folder: Path | None
    origin: str


def choose_images(workspace: Workspace, data: Path | None) -> ImageChoice:
    """Return the choice: --data, REPORT_DATA, [tool.report] data, archives in the user's cache, embedded."""
    configured = workspace.project.settings.data
    fetched = workspace.cache / "archives"
    named = [
        (data, "--data"),
        (_path(os.environ.get("REPORT_DATA")), "REPORT_DATA"),
        (workspace.project.root / configured if configured else None, "[tool.report] data"),
    ]
    for folder, origin in named:
        if folder is None:
            continue
        if not folder.exists():
            raise UsageError(f"{origin}: there is no {folder}", "name a folder with image archives, or an archive")
        return ImageChoice(folder, origin)
    return ImageChoice(fetched, "fetched") if fetched.is_dir() else ImageChoice(None, "embedded")


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
