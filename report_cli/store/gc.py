"""What the store no longer needs, and why: nothing that may still answer a question is among it.

A run is judged by its own parameters, data and seed and the code as it is now, so results of any profile, of --set
and of other data stay. A stale one stays while it is the last answer to its question: it may yet be accepted.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from report_cli import files
from report_cli.keys import key
from report_cli.keys.canonical import digest
from report_cli.store.freshness import Judge
from report_cli.store.run import Run
from report_cli.store.store import ASKED, DAMAGED, FREED, Store


@dataclass(frozen=True)
class Waste:
    """What can be freed, why, and the run (experiment and key) whose lock that needs; scratch folders need none."""

    path: Path
    reason: str
    size_bytes: int
    run: tuple[str, str] | None = None


def find(judge: Judge, cache: Path) -> list[Waste]:
    """Return what can be freed here and in the user's `cache`, in the order in which that is safe; changes nothing."""
    return list(_Search(judge.store, judge, cache).waste())


def free(store: Store, waste: Waste) -> bool:
    """Remove `waste`; False where another process uses it."""
    if waste.run is None:
        if waste.path.parent.name == "computed":
            files.remove_folder(waste.path)
        files.sweep(waste.path.parent)
        return not waste.path.exists()
    try:
        store.free(waste.path, *waste.run)
    except TimeoutError:
        return False
    return True


@dataclass
class _Search:
    store: Store
    judge: Judge
    cache: Path

    def waste(self) -> Iterator[Waste]:
        used = self._used_elsewhere()
        own = [r for r in self._runs if not self.store.is_kept(r) and r.manifest.recipe_digest not in used]
        # What needs others goes first: were the others gone, nothing would tell that it is stale.
        old = {run.folder: why for run in sorted(own, key=self._depth, reverse=True) if (why := self._superseded(run))}
        yield from self._figures([run for run in self._runs if run.folder not in old])
        yield from self._unfinished()
        for folder, why in old.items():
            yield _waste(folder, why)
        for folder in (self.cache / "computed").glob("*"):
            if folder != key.computed(self.cache):
                yield Waste(folder, "computed by another machine or other packages", files.size_bytes(folder))
        for scratch in (self.store.scratch, self.cache / "tmp", key.computed(self.cache) / "tmp"):
            for folder in files.abandoned(scratch):
                yield Waste(folder, "left by a command that was killed", files.size_bytes(folder))

    @cached_property
    def _runs(self) -> list[Run]:
        stored = (run for name in self.store.experiments() for run in self.store.runs(name))
        # One whose recipe is not what its key was made of was written by something else; it is left alone.
        return [run for run in stored if digest(run.manifest.recipe) == run.manifest.recipe_digest]

    @cached_property
    def _recipes(self) -> Mapping[str, list[Run]]:
        return _grouped(self._runs, lambda run: run.manifest.recipe_digest)

    @cached_property
    def _questions(self) -> Mapping[str, list[Run]]:
        return _grouped(self._runs, _question)

    def _used_elsewhere(self) -> set[str]:
        """Return the recipes of the runs that other processes use for the run they are at."""
        used: set[str] = set()
        for path in self.store.own.glob("*/*.checkpoint"):
            try:
                with self.store.lock(path.parent.name, path.name.partition(".")[0]):
                    pass
            except TimeoutError:
                used.update(_needed(_content(path / ASKED)))
        return used

    def _superseded(self, run: Run) -> str:
        """Return why `run` will answer nothing any more; empty where it may."""
        impossible, stale = self.judge.outdated(run)
        if impossible or not stale:
            return impossible
        for other in self._questions[_question(run)]:
            if not any(self.judge.outdated(other)):
                return f"{stale}; {other.key} is up to date"
            if other.age > run.age:
                return f"{stale}; {other.key} is newer"
        return ""

    def _depth(self, run: Run) -> int:
        needed = _needed(run.manifest.recipe)
        return 1 + max((self._depth(other) for recipe in needed for other in self._recipes.get(recipe, ())), default=0)

    def _figures(self, runs: list[Run]) -> Iterator[Waste]:
        """Yield the folders of figures that were drawn from a run that is not among `runs`, or by other code."""
        keys = {run.key for run in runs}
        for folder in sorted(self.store.figure_folder.glob("*/*")):
            if folder.suffix or not folder.is_dir():
                continue
            drawing = self.store.drawing(folder)
            experiment = self.judge.experiments.get(folder.parent.name)
            if drawing is None or experiment is None or experiment.draw is None:
                yield _waste(folder, "nothing draws it any more", folder.name)
            elif not keys.issuperset(drawing.runs):
                yield _waste(folder, "a run it shows is gone", folder.name)
            elif not self.judge.figure_key(experiment, drawing.runs).startswith(folder.name):
                yield _waste(folder, "drawn by other code", folder.name)
            elif not self.judge.is_current(drawing):
                yield _waste(folder, "what it was drawn with has changed", folder.name)

    def _unfinished(self) -> Iterator[Waste]:
        """Yield what lies beside the places of runs and is of no use any more."""
        finished = {run.folder.name.rpartition("-")[0]: run for run in self._runs}
        for path in sorted(self.store.own.glob("*/*.*")):
            if path.suffix == f".{FREED}":
                yield _waste(path, "left by a report gc that was killed")
            elif path.suffix == f".{DAMAGED}":
                yield _waste(path, "a damaged run that was set aside")
            elif path.suffix == ".checkpoint":
                name = path.name.partition(".")[0]
                run = finished.get(name)
                there = run and self.store.checkpoints(run.experiment, name, run.manifest.needs) == path
                why = (
                    "it is finished"
                    if there
                    else "".join(self.judge.unanswerable(path.parent.name, _content(path / ASKED)))
                )
                if why:
                    yield _waste(path, f"progress of a run: {why}")
            elif path.name.endswith(".failed.json"):
                why = "".join(self.judge.unanswerable(path.parent.name, _content(path).get("recipe")))
                if why:
                    yield _waste(path, f"record of a failure: {why}")


def _grouped(runs: list[Run], name: Callable[[Run], str]) -> dict[str, list[Run]]:
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(name(run), []).append(run)
    return groups


def _question(run: Run) -> str:
    """Return what was asked, without the code that answered it."""
    parts = run.manifest.recipe
    data = {name: part for name, part in (parts.get("data") or {}).items() if name != "code"}
    return digest([run.experiment, parts["parameters"], data, run.seed])


def _needed(recipe: Any) -> list[str]:
    needs = recipe.get("needs") if isinstance(recipe, dict) else None
    return [str(r) for each in needs.values() for r in each] if isinstance(needs, dict) else []


def _waste(path: Path, reason: str, name: str = "") -> Waste:
    return Waste(path, reason, files.size_bytes(path), (path.parent.name, name or path.name.partition(".")[0]))


def _content(path: Path) -> Any:
    try:
        content = files.read_json(path)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
