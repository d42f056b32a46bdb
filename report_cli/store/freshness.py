"""Whether a stored run answers a question: the one place that decides it, for plan, status, why, gc, accept and build."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from report_cli.keys import difference, inputs
from report_cli.keys.environment import current
from report_cli.keys.key import Recipe, lock_name
from report_cli.store.run import Run
from report_cli.store.store import Store

State = Literal["fresh", "missing", "stale", "failed", "forced"]
# The outputs of the runs that a run is computed from, by experiment; None where one is to be run first.
Outputs = Mapping[str, Sequence[str]] | None


@dataclass(frozen=True)
class Verdict:
    """What is stored for a question: `run` answers it where the state is fresh, and may where it is forced."""

    state: State
    reason: str
    run: Run | None = None


@dataclass(frozen=True)
class Question:
    """A recipe as it is asked: for an experiment, in a profile, with a seed, from runs with these outputs."""

    experiment: str
    recipe: Recipe
    profile: str
    seed: int
    needs: Outputs
    strict_env: bool = False


def judge(store: Store, root: Path, question: Question) -> Verdict:
    """Return the stored run that answers `question`, or why there is none.

    Of several, one from this environment comes first, then a kept one, then by key.
    """
    wanted = question.recipe.digest
    same = [r for r in store.runs(question.experiment, prefix=wanted[:16]) if r.manifest.recipe_digest == wanted]
    changes = {run.folder: inputs.changed(run.manifest.inputs, root) for run in same}
    unchanged = [run for run in same if not changes[run.folder]]
    alike = [run for run in unchanged if question.needs is not None and uses(run, question.needs)]
    usable = [run for run in alike if run.is_own or not question.strict_env]
    if usable:
        best = min(usable, key=lambda run: (not run.is_own, not store.is_kept(run), run.key))
        return Verdict("fresh", "up to date", best)
    failure = store.failure(question.experiment, lock_name(wanted, question.recipe.environment))
    if failure and not unchanged:
        return Verdict("failed", f"failed on {failure.when}: {failure.message}")
    if alike:
        there = alike[0].manifest.environment
        differing = difference.environments(there, current(there))
        return Verdict("stale", f"computed elsewhere ({differing}), and --strict-env asks for a run from here")
    if unchanged:
        return Verdict("stale", "what it needs was run again, or is to be")
    if same:
        return Verdict("stale", "; ".join(difference.shortened(min(changes.values(), key=len))))
    older = closest(store, question)
    if older is None:
        others = any(run.manifest.profile for run in store.runs(question.experiment))
        return Verdict("missing", f"never run with profile {question.profile}" if others else "never run")
    return Verdict("stale", "; ".join(difference.sentences(older.manifest.recipe, question.recipe.parts)))


def closest(store: Store, question: Question, eligible: Callable[[Run], bool] = lambda _: True) -> Run | None:
    """Return the stored run most like what is asked: same profile and seed, fewest differences, newest."""

    def likeness(run: Run) -> tuple[int, str, int]:
        return -len(difference.between(run.manifest.recipe, question.recipe.parts)), *run.age

    alike = (
        run
        for run in store.runs(question.experiment)
        if run.seed == question.seed and run.manifest.profile in (question.profile, None)
    )
    return max(filter(eligible, alike), key=likeness, default=None)


def uses(run: Run, outputs: Mapping[str, Sequence[str]]) -> bool:
    """Whether the run was computed from the runs with these outputs."""
    return run.manifest.needs == {name: list(each) for name, each in outputs.items()}


def elsewhere(run: Run) -> str:
    """Return how the environment of a run differs from this one ("keras 3.14, here 3.15"); empty where it doesn't."""
    return difference.environments(run.manifest.environment, current(run.manifest.environment))
