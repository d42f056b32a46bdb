"""What the store no longer needs, and why: nothing that may still answer a question is among it.

A run is judged by its own parameters, images and seed and the code as it is now, so results of any profile, of --set
and of other images stay. A stale one stays while it is the last answer to its question: it may yet be accepted.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from report_cli import files
from report_cli.execution import space
from report_cli.execution.workspace import Workspace
from report_cli.experiment import PROFILES, Experiment, parameters
from report_cli.keys import key as fingerprint
from report_cli.store.store import ASKED, DAMAGED, FREED, Run


@dataclass(frozen=True)
class Waste:
    """What can be freed, why, and the run (experiment and key) whose lock that needs; scratch folders need none."""

    path: Path
    reason: str
    size_bytes: int
    run: tuple[str, str] | None = None


def find(workspace: Workspace) -> list[Waste]:
    """Return what can be freed, in the order in which that is safe; changes nothing."""
    return list(_Search(workspace).waste())


def free(workspace: Workspace, waste: Waste) -> bool:
    """Remove `waste`; False where another process uses it."""
    if waste.run is None:
        files.sweep(waste.path.parent)
        return not waste.path.exists()
    try:
        workspace.store.free(waste.path, *waste.run)
    except TimeoutError:
        return False
    return True


@dataclass
class _Search:
    workspace: Workspace
    _code: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def waste(self) -> Iterator[Waste]:
        used = self._used_elsewhere()
        own = [r for r in self._runs if r.folder.is_relative_to(self.workspace.store.own) and r.recipe not in used]
        # What needs others goes first: were the others gone, nothing would tell that it is stale.
        old = {run.folder: why for run in sorted(own, key=self._depth, reverse=True) if (why := self._superseded(run))}
        yield from self._figures([run for run in self._runs if run.folder not in old])
        yield from self._unfinished()
        for folder, why in old.items():
            yield _waste(folder, why)
        for scratch in (self.workspace.store.scratch, self.workspace.cache / "tmp"):
            for folder in files.abandoned(scratch):
                yield Waste(folder, "left by a command that was killed", space.size_bytes(folder))

    @cached_property
    def _runs(self) -> list[Run]:
        store = self.workspace.store
        names = {p.name for layer in (store.own, store.kept) for p in layer.glob("*") if p.is_dir()}
        found = (run for name in sorted(names) for run in store.runs(name))
        # One whose recipe is not what its key was made of was written by something else; it is left alone.
        return [run for run in found if fingerprint.digest(run.manifest["recipe"]) == run.recipe]

    @cached_property
    def _recipes(self) -> Mapping[str, list[Run]]:
        return _grouped(self._runs, lambda run: run.recipe)

    @cached_property
    def _questions(self) -> Mapping[str, list[Run]]:
        return _grouped(self._runs, _question)

    def _used_elsewhere(self) -> set[str]:
        """Return the recipes of the runs that other processes use for the run they are at."""
        store, used = self.workspace.store, set()
        for path in store.own.glob("*/*.checkpoint"):
            try:
                with store.lock(path.parent.name, path.name.partition(".")[0]):
                    pass
            except TimeoutError:
                needs = _content(path / ASKED).get("needs")
                used |= set(map(str, needs.values())) if isinstance(needs, dict) else set()
        return used

    def _superseded(self, run: Run) -> str:
        """Return why `run` will answer nothing any more; empty where it may."""
        impossible, stale = self._judged(run.experiment, run.manifest["recipe"])
        if impossible or not stale:
            return impossible
        for other in self._questions[_question(run)]:
            if not any(self._judged(other.experiment, other.manifest["recipe"])):
                return f"{stale}; {other.key} is up to date"
            if other.age > run.age:
                return f"{stale}; {other.key} is newer"
        return ""

    def _judged(self, name: str, parts: Any) -> tuple[str, str]:
        """Return why a recipe can't be asked for any more: never again, or with the code as it is; empty where it can.

        What is no recipe is left alone.
        """
        try:
            impossible = self._impossible(name, parts)
            return impossible, "" if impossible else self._stale(name, parts)
        except (KeyError, TypeError, AttributeError):
            return "", ""

    def _impossible(self, name: str, parts: Mapping[str, Any]) -> str:
        """Return why not even `report accept` can make this recipe an answer."""
        experiment = self.workspace.experiments.get(name)
        if experiment is None:
            return f"there is no experiment {name} any more"
        if set(parts["parameters"]) != set(parameters(experiment.params[PROFILES[0]])):
            return f"{name} has other parameters now"
        images = parts.get("images")
        if (images and images["kind"]) != (experiment.data and experiment.data.name):
            return f"{name} uses other images now"
        return ""

    def _stale(self, name: str, parts: Mapping[str, Any]) -> str:
        experiment, images = self.workspace.experiments[name], parts.get("images") or {}
        if parts.get("code") != self._measuring(experiment):
            return "its code changed"
        if "drawn" in images and images != self._drawn(experiment):
            return "the code that draws its images changed"
        for need, recipe in parts["needs"].items():
            # Of what is not stored nothing is known.
            if any(any(self._judged(need, run.manifest["recipe"])) for run in self._recipes.get(recipe, ())):
                return f"{need}, which it needs, is out of date"
        return ""

    def _measuring(self, experiment: Experiment) -> Mapping[str, str]:
        if experiment.name not in self._code:
            self._code[experiment.name] = fingerprint.code(experiment, self.workspace.snapshot)
        return self._code[experiment.name]

    def _drawn(self, experiment: Experiment) -> Mapping[str, Any]:
        return fingerprint.images_identity(experiment.data, None, self.workspace.snapshot)

    def _depth(self, run: Run) -> int:
        needed = map(str, run.manifest["recipe"].get("needs", {}).values())
        return 1 + max((self._depth(found) for recipe in needed for found in self._recipes.get(recipe, ())), default=0)

    def _figures(self, runs: list[Run]) -> Iterator[Waste]:
        """Yield the folders of figures that no run of `runs` would take its figures from."""
        store, drawn = self.workspace.store, set()
        for run in runs:
            experiment = self.workspace.experiments.get(run.experiment)
            if experiment is not None and experiment.draw is not None:
                drawing = fingerprint.figure_key(experiment, run.outputs, self.workspace.snapshot)
                drawn.add(store.figure_target(run, drawing))
        keys = {(run.experiment, run.key) for run in runs}
        for folder in sorted(store.figure_folder.glob("*/*-*-*")):
            key, _, _ = folder.name.rpartition("-")
            if folder not in drawn:
                there = (folder.parent.name, key) in keys
                yield _waste(folder, "drawn by other code" if there else "its run is gone", key)

    def _unfinished(self) -> Iterator[Waste]:
        """Yield what lies beside the places of runs and is of no use any more."""
        for path in sorted(self.workspace.store.own.glob("*/*.*")):
            if path.suffix == f".{FREED}":
                yield _waste(path, "left by a report gc that was killed")
            elif path.suffix == f".{DAMAGED}":
                yield _waste(path, "a damaged run that was set aside")
            elif path.suffix == ".checkpoint":
                why = self._finished(path) or "".join(self._judged(path.parent.name, _content(path / ASKED)))
                if why:
                    yield _waste(path, f"progress of a run: {why}")
            elif path.name.endswith(".failed.json"):
                why = "".join(self._judged(path.parent.name, _content(path).get("recipe")))
                if why:
                    yield _waste(path, f"record of a failure: {why}")

    def _finished(self, checkpoints: Path) -> str:
        """Return that the very run these checkpoints lead to is there (same key, from the same outputs), or nothing."""
        store, name = self.workspace.store, checkpoints.parent.name
        for run in (r for r in self._runs if r.folder == store.folder(name, checkpoints.name.partition(".")[0])):
            used = {need: facts["outputs"] for need, facts in run.manifest["needs"].items()}
            if store.checkpoints(name, run.key, used) == checkpoints:
                return "it is finished"
        return ""


def _grouped(runs: list[Run], name: Callable[[Run], str]) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(name(run), []).append(run)
    return found


def _question(run: Run) -> str:
    """Return what was asked, without the code that answered it."""
    parts = run.manifest["recipe"]
    images = {name: part for name, part in (parts.get("images") or {}).items() if name != "code"}
    return fingerprint.digest([run.experiment, parts["parameters"], images, run.seed])


def _waste(path: Path, reason: str, key: str = "") -> Waste:
    return Waste(path, reason, space.size_bytes(path), (path.parent.name, key or path.name.partition(".")[0]))


def _content(path: Path) -> Any:
    try:
        content = files.read_json(path)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
