"""The finished runs, in two layers: own (`build/runs`) and kept (`experiments/results`)."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from report_cli import files, wording
from report_cli.errors import ReportError
from report_cli.keys.canonical import digest
from report_cli.keys.key import run_name
from report_cli.project import Project
from report_cli.store import manifest as manifests
from report_cli.store.manifest import Drawing, Manifest
from report_cli.store.run import ARRAY, COMPRESSED, FORMS, WEIGHTS, Failure, FigureFile, Run

# What all kept runs may take: they are in git, and everyone who clones the project fetches them.
KEPT_BYTES = 40_000_000
# Beside the place of a run: never read as one, because it has a suffix.
DAMAGED = "damaged"
FREED = "freed"
# In a folder of checkpoints: the recipe, by which `report gc` knows whether they are still wanted.
ASKED = "asked.json"
# The folders of an absolute path. A draft shows why a run failed, and goes to other people.
FOLDERS = re.compile(r"(?<![\w.:/~])/(?:[^\s/:'\"]+/)+")


class Damage(msgspec.Struct, frozen=True):
    """A folder in the place of a run that can't be used: damaged, or whole and written by another version."""

    folder: Path
    reason: str
    foreign: bool = False


class Store(msgspec.Struct, frozen=True):
    """The runs of a project. Reading never changes it; a damaged entry is named and hides no other.

    Manifests are checked when they are read, other files when these are. Those who write set damaged entries aside,
    under the run's lock: out of the way, and still there to look at.
    """

    own: Path
    kept: Path
    figure_folder: Path
    scratch: Path
    tell: Callable[[str], None]
    # The sha256 of manifests that are known to be whole.
    whole: set[str] = set()
    # A command reads each manifest once: what it has seen whole, it goes on using.
    _seen: dict[Path, Run | Damage] = {}

    @classmethod
    def of(cls, project: Project, tell: Callable[[str], None]) -> "Store":
        """Return the store of `project`; `tell` is called with a sentence for each damaged entry met."""
        return cls(project.runs, project.kept, project.figures, project.scratch, tell)

    def experiments(self) -> list[str]:
        """Return the names under which there are runs."""
        return sorted({p.name for layer in (self.own, self.kept) for p in layer.glob("*") if p.is_dir()})

    def runs(self, experiment: str, prefix: str = "") -> Iterator[Run]:
        """Yield the runs of `experiment` whose key begins with `prefix`, kept ones last."""
        self._restore(experiment)
        for layer in (self.own, self.kept):
            for folder in sorted((layer / experiment).glob(f"{prefix}*")):
                if folder.is_dir() and not folder.suffix:
                    run = self._open(folder)
                    if run is not None:
                        yield run

    def behind(self, runs: Iterable[Run]) -> dict[str, Run]:
        """Return by their keys those on which `runs` rest at any distance, as far as they are stored."""
        wanted = {each.key: each.experiment for run in runs for each in run.manifest.behind}
        # Names of a manifest are compared with names, and never used as paths.
        names = set(wanted.values()).intersection(self.experiments()) if wanted else ()
        there = {run.key: run for name in sorted(names) for run in self.runs(name)}
        return {key: there[key] for key in wanted if key in there}

    def is_kept(self, run: Run) -> bool:
        """Whether the run lies in the layer that is in git."""
        return run.folder.is_relative_to(self.kept)

    def keeps(self, run: Run) -> bool:
        """Whether the layer that is in git has the run."""
        return (self.kept / run.experiment / run.key).is_dir()

    def verify(self, run: Run) -> str:
        """Return what is wrong with the files of a run, or nothing."""
        try:
            manifests.verify(run.folder, run.manifest.files)
        except (ValueError, OSError) as error:
            return str(error)
        return ""

    def beside(self, experiment: str, name: str, suffix: str) -> Path:
        """Return the place beside a run for what belongs to it while it is not finished (lock, checkpoint, failure)."""
        return self.own / experiment / f"{name}.{suffix}"

    def checkpoints(self, experiment: str, name: str, needs: Mapping[str, Any]) -> Path:
        """Return where a run computed from these outputs of what it needs keeps its progress."""
        return self.beside(experiment, f"{name}.{digest(needs)[:8]}", "checkpoint")

    @contextmanager
    def lock(self, experiment: str, name: str, waiting: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold the lock of a run (its key, or the beginning that it has before it is finished); a kill frees it.

        `waiting` is called once when another process holds it; without it that raises TimeoutError.
        """
        with files.locked(self.beside(experiment, "-".join(name.split("-")[:2]), "lock"), waiting):
            yield

    def commit(self, staging: Path, manifest: Manifest) -> Run:
        """Turn the folder a run was measured into into a finished run: manifest last, then one rename."""
        name = run_name(manifest.recipe_digest, manifest.environment, manifest.inputs)
        manifests.write(staging, manifest)
        target = self.own / manifest.experiment / name
        if os.path.lexists(target) and not isinstance(_examined(target, whole=True), Run):
            self._set_aside(target)
        files.commit_folder(staging, target)
        lock_name = name.rpartition("-")[0]
        for checkpoint in target.parent.glob(f"{lock_name}*.checkpoint"):
            files.remove_folder(checkpoint)
        files.remove(self.beside(manifest.experiment, lock_name, "failed.json"))
        run = self._seen[target] = Run(target, manifests.read(target))
        return run

    def keep(self, run: Run, waiting: Callable[[], None] | None = None) -> Run:
        """Copy `run` into the kept layer, which is in git, with its arrays compressed and without its weights.

        `waiting` is that of `lock`.

        Raises:
            ReportError: all kept runs together would take more than KEPT_BYTES.
        """
        import lzma

        target = self.kept / run.experiment / run.key
        with self.lock(run.experiment, run.key, waiting), files.staged_folder(self.scratch, target) as folder:
            for name in run.manifest.files:
                content = run.content(name)
                if name.endswith(ARRAY):
                    files.write_bytes(folder / f"{name}{COMPRESSED}", lzma.compress(content))
                elif name != WEIGHTS:
                    files.write_bytes(folder / name, content)
            manifests.write(folder, run.manifest)
            size = files.size_bytes(self.kept) - files.size_bytes(target) + files.size_bytes(folder)
            if size > KEPT_BYTES:
                raise ReportError(
                    f"with {run.experiment}/{run.key} the kept results take {wording.size(size)},"
                    f" more than the {wording.size(KEPT_BYTES)} that are to be in git",
                    f"remove what is out of date from {self.shown(self.kept)}, or keep fewer seeds",
                )
        return Run(target, manifests.read(target))

    def fail(self, experiment: str, name: str, message: str, log: str, recipe: Mapping[str, Any]) -> None:
        """Record that the run was tried and failed; of paths on this machine the message keeps the file's name."""
        path = self.beside(experiment, name, "failed.json")
        told = FOLDERS.sub("", message.replace(f"{self.kept.parents[1]}/", "").replace(str(Path.home()), "~"))
        files.write_json(path, {"message": told, "when": wording.timestamp(), "log": log, "recipe": recipe})

    def failure(self, experiment: str, name: str) -> Failure | None:
        """Return how the run failed last time, or None."""
        try:
            return Failure(**files.read_json(self.beside(experiment, name, "failed.json")))
        except (OSError, ValueError, TypeError):
            return None

    def figures(
        self, experiment: str, figure_key: str, is_current: Callable[[Drawing], bool] = lambda _: True
    ) -> dict[str, FigureFile] | None:
        """Return the figures drawn under this key by name, or None where there are none that are current."""
        folder = self.figure_target(experiment, figure_key)
        drawing = self.drawing(folder)
        if drawing is None or not is_current(drawing):
            return None
        return {
            name: FigureFile(name, alt, folder, {end: drawing.files[f"{name}.{end}"].sha256 for end in FORMS})
            for name, alt in drawing.figures.items()
        }

    def drawing(self, folder: Path) -> Drawing | None:
        """Return the manifest of the figures in `folder`, None where they are not whole."""
        try:
            drawing = manifests.read_as(Drawing, folder, self.whole)
            manifests.verify(folder, drawing.files)
        except ValueError:
            return None
        return drawing

    def figure_target(self, experiment: str, figure_key: str) -> Path:
        return self.figure_folder / experiment / figure_key[:24]

    def free(self, path: Path, experiment: str, name: str) -> None:
        """Remove what belongs to the run `name`, under its lock: whole, or it is left; TimeoutError when it is in use.

        Killed meanwhile, it leaves no half of a run in the place of one.
        """
        with self.lock(experiment, name):
            if os.path.lexists(path):
                aside = path if path.suffix == f".{FREED}" else path.with_name(f"{path.name}.{FREED}")
                if aside != path:
                    files.discard(aside)
                    files.move(path, aside)
                files.discard(aside)
                self._seen.pop(path, None)

    @property
    def damaged(self) -> list[Damage]:
        """The damaged entries that were met, in either layer."""
        return [d for d in self._seen.values() if isinstance(d, Damage) and not d.foreign]

    def set_damaged_aside(self) -> None:
        """Rename the damaged own runs that were met to a name that is never read, and say so.

        A run that another process holds is left to it: it replaces the damaged one itself.
        """
        for damage in self.damaged:
            folder = damage.folder
            if folder.is_relative_to(self.own):
                with suppress(TimeoutError), self.lock(folder.parent.name, folder.name):
                    # Another process may have done it meanwhile, or put a whole run there.
                    if os.path.lexists(folder) and isinstance(_examined(folder, whole=True), Damage):
                        self._set_aside(folder)
                # Whoever held it may have put a whole run there.
                self._seen.pop(folder, None)

    def shown(self, path: Path) -> str:
        """Return a path of the store as seen from the project."""
        return path.relative_to(self.kept.parents[1]).as_posix()

    def _restore(self, experiment: str) -> None:
        """Put back runs whose replacement was killed half-way; one that is under way holds its lock."""
        for layer in (self.own, self.kept):
            for retired in (layer / experiment).glob(f"*{files.RETIRED}"):
                name = retired.name.removesuffix(files.RETIRED)
                with suppress(TimeoutError), self.lock(experiment, name):
                    files.restore(layer / experiment / name)

    def _set_aside(self, folder: Path) -> None:
        aside = folder.with_name(f"{folder.name}.{DAMAGED}")
        files.discard(aside)
        files.move(folder, aside)
        self.tell(f"set the damaged run {folder.parent.name}/{folder.name} aside: {self.shown(aside)}")

    def _open(self, folder: Path) -> Run | None:
        if folder not in self._seen:
            found = self._seen[folder] = _examined(folder, self.whole)
            if isinstance(found, Damage):
                self.tell(self._told(found))
        seen = self._seen[folder]
        return seen if isinstance(seen, Run) else None

    def _told(self, damage: Damage) -> str:
        name = f"{damage.folder.parent.name}/{damage.folder.name}"
        if damage.foreign:
            return f"run {name} is not used: {damage.reason}"
        kept = damage.folder.is_relative_to(self.kept)
        hint = f"; restore it with: git restore {self.shown(damage.folder)}" if kept else ""
        return f"run {name} is damaged and not used: {damage.reason}{hint}"


def _examined(folder: Path, known: set[str] | None = None, *, whole: bool = False) -> Run | Damage:
    """Return the run in `folder`, or what is wrong with it; `whole` reads every file of it. `known` as for `read`."""
    try:
        run = Run(folder, manifests.read(folder, known))
        if whole:
            manifests.verify(folder, run.manifest.files)
    except (ValueError, OSError, RecursionError) as error:
        return Damage(folder, str(error), isinstance(error, manifests.OtherSchemaError))
    return run
