"""What a command works on: a project, its code as read at the start, its experiments, its store, its data."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from report_cli import files
from report_cli.errors import UsageError, unknown
from report_cli.execution import registry
from report_cli.execution.registry import Registry
from report_cli.experiment import Experiment
from report_cli.keys.sources import Node, Sources
from report_cli.project import Project
from report_cli.store.freshness import Judge
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
            same = all((m := self.snapshot.module(name)) and m.digest == d for name, d in kept["beside"].items())
            if same and kept["sources"] == self.snapshot.digest():
                nodes = {key: Node(digest, *map(tuple, parts)) for key, (digest, *parts) in kept["nodes"].items()}
                self.snapshot.nodes.update(nodes)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # Absent or damaged: walked anew.

    def remember(self) -> None:
        """Keep what was found in the sources for the next command."""
        nodes = {key: [n.digest, n.uses, n.packages, n.methods] for key, n in self.snapshot.nodes.items()}
        beside = self.snapshot.read_beside()
        files.write_json(self._walked, {"sources": self.snapshot.digest(), "beside": beside, "nodes": nodes})

    @property
    def _walked(self) -> Path:
        return self.project.build / "survey" / "sources.json"

    @cached_property
    def registry(self) -> Registry:
        """What the project declares: experiments, data sets, weights, and the files that can't be imported."""
        loaded = registry.load(self.project, self.snapshot)
        for pattern, _ in self.project.settings.parameters:
            if not any(fnmatchcase(name, pattern) for name in loaded.experiments):
                raise unknown("experiment in [tool.report.parameters]:", pattern, loaded.experiments)
        return loaded

    @property
    def experiments(self) -> dict[str, Experiment]:
        return self.registry.experiments

    @cached_property
    def judge(self) -> Judge:
        """Decides which stored runs answer what is asked."""
        return Judge(self.store, self.experiments, self.snapshot, self.project.root)

    @property
    def cache(self) -> Path:
        """The user's cache: fetched archives and decoded images, shared by all projects."""
        return user_cache()


def user_cache() -> Path:
    """Return the cache of the user of this process."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "report"
    return Path(os.environ.get("REPORT_CACHE") or default)


@dataclass(frozen=True)
class DataChoice:
    """Where real images are looked for, and who said so; no folder means drawn images."""

    folder: Path | None
    origin: str


def choose_data(workspace: Workspace, data: Path | None) -> DataChoice:
    """Return the choice: --data, REPORT_DATA, [tool.report] data, archives in the user's cache, drawn images."""
    configured, fetched = workspace.project.settings.data, workspace.cache / "archives"
    variable = os.environ.get("REPORT_DATA")
    named = [
        (data, "--data"),
        (Path(variable) if variable else None, "REPORT_DATA"),
        (workspace.project.root / configured if configured else None, "[tool.report] data"),
    ]
    for folder, origin in named:
        if folder is None:
            continue
        if not folder.exists():
            raise UsageError(f"{origin}: there is no {folder}", "name a folder with image archives, or an archive")
        return DataChoice(folder, origin)
    return DataChoice(fetched, "fetched") if fetched.is_dir() else DataChoice(None, "drawn")
