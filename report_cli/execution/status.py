"""The state of every run that is asked for, and why it is or isn't up to date."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from report_cli.errors import unknown
from report_cli.execution.plan import Step
from report_cli.execution.workspace import Workspace
from report_cli.keys import difference
from report_cli.settings import written
from report_cli.store.freshness import closest
from report_cli.store.run import Run, one_line

# What people read for a state.
WORDS = {
    "fresh": "up to date",
    "elsewhere": "from another machine",
    "stale": "out of date",
    "missing": "not run",
    "failed": "failed",
    "forced": "forced",
}


class Status(msgspec.Struct, frozen=True):
    """One run that a profile asks for: its state (fresh, elsewhere, stale, missing, failed) and why."""

    step: Step

    def __repr__(self) -> str:
        return f"<Status of {self.step.label}: {self.told}>"

    @property
    def state(self) -> str:
        """The state in a word; up to date and computed in another environment is "elsewhere"."""
        return "elsewhere" if self.step.state == "fresh" and self.step.elsewhere else self.step.state

    @property
    def words(self) -> str:
        """The state as people read it."""
        return WORDS[self.state]

    @property
    def reason(self) -> str:
        """Why; where it was computed when that was elsewhere, and why it was accepted."""
        step, parts = self.step, [self.step.reason]
        if step.state == "fresh" and step.run is not None:
            accepted = step.run.manifest.accepted
            parts = [f"accepted: {one_line(accepted[-1].reason)}"] if accepted else parts
            parts += [f"computed with {step.elsewhere}"] if step.elsewhere else []
        return ", ".join(parts)

    @property
    def remark(self) -> str:
        """The reason as it stands beside the state, which it doesn't say again."""
        if self.state == "missing":
            # What was not run with a profile or parameters is half a sentence without its beginning.
            return "" if self.reason == "never run" else self.reason.removeprefix("never run; ")
        said = "up to date" if self.state == "elsewhere" else self.words
        return self.reason.removeprefix(said).lstrip(", ")

    @property
    def told(self) -> str:
        """State and reason as people read them."""
        spoken = self.state in ("missing", "failed") or self.reason == self.words
        return self.reason if spoken else f"{self.words}: {self.reason}"

    @property
    def key(self) -> str:
        """The key of the run that answers, or the beginning of the one that would."""
        return self.step.run.key if self.step.run else self.step.lock_name


class Explanation(msgspec.Struct, frozen=True):
    """The stored run that is most like a step without an answer, what differs, and the code of its key by file."""

    compared_with: str | None
    differences: tuple[str, ...]
    files: Mapping[str, tuple[str, ...]]


class StoredRun(msgspec.Struct, frozen=True):
    """A stored run, in what it differs from its profile or from others of it, and why it is no answer any more."""

    run: Run
    kept: bool
    outdated: str
    # Parameters that its profile once had otherwise.
    differing: Mapping[str, Any] = {}

    @property
    def words(self) -> str:
        return WORDS["stale" if self.outdated else "fresh"]

    @property
    def setting(self) -> str:
        """What was set beside the profile, or isn't the same in all its runs, and the seed: epochs=5 seed=1."""
        manifest = self.run.manifest
        return " ".join(written({**self.differing, **manifest.point, **manifest.overrides, "seed": self.run.seed}))


def stored(workspace: Workspace, names: Sequence[str]) -> list[StoredRun]:
    """Return the stored runs of experiments (names or patterns), those of any profile, --set and images among them, in
    the order in which they were stored.

    Raises:
        UsageError: nothing that is declared or stored has such a name.
    """
    there = sorted({*workspace.experiments, *workspace.store.experiments()})
    chosen: dict[str, None] = {}
    for pattern in names:
        found = [name for name in there if pattern == "all" or fnmatchcase(name, pattern)]
        if not found:
            raise unknown("experiment", pattern, there)
        chosen |= dict.fromkeys(found)
    judge = workspace.judge
    found_runs = []
    for name in chosen:
        runs = sorted({run.key: run for run in reversed(judge.runs(name))}.values(), key=lambda run: run.age)
        for run in runs:
            outdated = "; ".join(filter(None, judge.outdated(run)))
            found_runs.append(StoredRun(run, workspace.store.keeps(run), outdated, _differing(run, runs)))
    return found_runs


def _differing(run: Run, runs: Sequence[Run]) -> dict[str, Any]:
    """Return the parameters of a run that others of its profile have otherwise, though no one set them."""
    others = [other for other in runs if other.profile == run.profile and not other.manifest.overrides]
    names = set(run.parameters) - {*run.point, *run.manifest.overrides}
    return {
        name: run.parameters[name]
        for name in sorted(names)
        if any(name in other.parameters and other.parameters[name] != run.parameters[name] for other in others)
    }


def explain(workspace: Workspace, step: Step) -> Explanation:
    """Return what the key of a run is made of, by file, and what differs from the stored run most like it."""
    older = None if step.run else closest(workspace.store.runs(step.experiment.name), step.question)
    changes = difference.between(older.manifest.recipe, step.recipe.parts) if older else []
    code = {**step.recipe.parts["code"], **((step.recipe.parts["data"] or {}).get("code") or {})}
    listed: dict[str, list[str]] = {}
    for definition in sorted(code):
        name, _, inner = definition.partition(":")
        listed.setdefault(workspace.judge.file_of(name), []).append(inner)
    return Explanation(
        older.key if older else None,
        tuple(change.sentence(workspace.judge.is_function, workspace.judge.file_of) for change in changes),
        {path: tuple(names) for path, names in listed.items()},
    )
