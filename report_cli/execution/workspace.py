"""What a command works on: a project, its code as read at the start, its experiments, its store, its data."""

import os
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from report_cli import files
from report_cli.errors import UsageError, unknown
from report_cli.execution import memory, registry
from report_cli.execution.memory import Memory
from report_cli.execution.registry import Registry
from report_cli.experiment import Experiment
from report_cli.keys.sources import Sources
from report_cli.project import PACKAGE, Project

if TYPE_CHECKING:
    from report_cli.store.freshness import Judge
    from report_cli.store.store import Store


class Workspace(msgspec.Struct, frozen=True, dict=True):
    """Everything is read at its first use and then stays what it was."""

    project: Project
    snapshot: Sources
    # Called with what is odd in the store.
    tell: Callable[[str], None]

    def __repr__(self) -> str:
        return f"<Workspace of {self.project.root}>"

    @classmethod
    def open(cls, project: Project, tell: Callable[[str], None]) -> "Workspace":
        return cls(project, registry.sources(project), tell)

    def recall(self) -> None:
        """Take what was found in these very sources and manifests before, so that none is walked or checked again."""
        kept, snapshot = self._memory, self.snapshot
        # What checks manifests is this program's.
        if kept.sources.get(PACKAGE.name) == snapshot.digests[PACKAGE.name]:
            self.store.whole.update(kept.manifests)
        same = all((m := snapshot.module(name)) and m.digest == d for name, d in kept.beside.items())
        if same and kept.sources == snapshot.digests:
            snapshot.reached.update(kept.reached)

    def remember(self) -> None:
        """Keep what was found in sources and manifests for the next command."""
        kept, snapshot, whole = self._memory, self.snapshot, self.store.whole
        if snapshot.reached != kept.reached or not whole <= kept.manifests:
            sources, beside = dict(snapshot.digests), snapshot.read_beside()
            self._keep(sources=sources, beside=beside, reached=snapshot.reached, manifests=whole)

    def _keep(self, **found: Any) -> None:
        changed = msgspec.structs.replace(self._memory, **found)
        vars(self)["_memory"] = changed
        memory.write(self.project.memory, changed)

    @cached_property
    def _memory(self) -> Memory:
        return memory.read(self.project.memory)

    @cached_property
    def registry(self) -> Registry:
        """What the project declares: experiments, data sets, weights, and the files that can't be imported."""
        known = self._memory.code
        self.snapshot.code.update(known)
        loaded = registry.load(self.project, self.snapshot)
        if not self.snapshot.code.keys() <= known.keys():
            identities = {module.identity for module in self.snapshot.read()}
            self._keep(code={name: code for name, code in self.snapshot.code.items() if name in identities})
        for pattern, _ in self.project.settings.parameters:
            # It may be in a file that can't be imported: that blocks no other.
            if not loaded.broken and not any(fnmatchcase(name, pattern) for name in loaded.experiments):
                raise unknown("experiment in [tool.report.parameters]:", pattern, loaded.experiments)
        return loaded

    @property
    def experiments(self) -> dict[str, Experiment]:
        return self.registry.experiments

    # Listing what is declared needs no stored runs, so these two are imported for what does.
    @cached_property
    def store(self) -> "Store":
        """The finished runs."""
        from report_cli.store.store import Store

        return Store.of(self.project, self.tell)

    @property
    def judge(self) -> "Judge":
        """Decides which stored runs answer what is asked, by what is there from now on."""
        from report_cli.datasets.source import own_content
        from report_cli.store.freshness import Judge

        root = self.project.root
        return Judge(
            self.store, self.experiments, self.snapshot, root, lambda data: own_content(data, root), self._fonts
        )

    @cached_property
    def _fonts(self) -> dict[str, str]:
        # A judge is made for every step and figure; fonts have megabytes.
        return {name: files.digest(path) for name, path in self.project.fonts.items()}

    @property
    def cache(self) -> Path:
        """The user's cache: fetched archives and decoded images, shared by all projects."""
        return user_cache()


def user_cache() -> Path:
    """Return the cache of the user of this process."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "report"
    return Path(os.environ.get("REPORT_CACHE") or default)


class DataChoice(msgspec.Struct, frozen=True):
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
