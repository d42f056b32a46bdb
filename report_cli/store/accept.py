"""Keeps a stored result across a change of code that someone knows to be harmless, and says so from then on."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from report_cli import files, wording
from report_cli.errors import ReportError
from report_cli.execution.plan import Plan, Step
from report_cli.execution.planner import closest
from report_cli.execution.workspace import Workspace
from report_cli.experiment import Experiment
from report_cli.keys import difference
from report_cli.keys import key as fingerprint
from report_cli.store import manifest
from report_cli.store.store import Run, Store

# A result stays true when only the text of its code changed; what it was computed from is judged by its outputs.
HARMLESS = ("code", "needs")
Needs = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Candidate:
    """A stale step, the run that is to answer it, and the runs it needs as manifests name them (key and outputs)."""

    step: Step
    source: Run
    needs: Needs

    @property
    def key(self) -> str:
        """The key under which the run is stored again: what is asked now, where it was computed then."""
        return fingerprint.key(self.step.recipe.digest, fingerprint.digest(self.source.environment))

    @property
    def changes(self) -> list[str]:
        """What changed, in words."""
        return difference.sentences(self.source.manifest["recipe"], self.step.recipe.parts, limit=None)


def judge(workspace: Workspace, made: Plan, chosen: Collection[Experiment]) -> list[Candidate]:
    """Return the stale steps of `chosen` with the runs that may answer them, those that are needed first.

    Raises:
        ReportError: there is no result to keep, or more than code changed.
    """
    # What answers each step so far, as manifests name it.
    answers: dict[tuple[str, int], Mapping[str, str]] = {}
    found = []
    for step in made.steps:
        name = (step.experiment.name, step.seed)
        needs = {need: answers[need, seed] for need, seed in step.needs if (need, seed) in answers}
        if step.run is not None and step.run.used(_outputs(needs)):
            answers[name] = {"key": step.run.key, "outputs": step.run.outputs}
        elif step.experiment in chosen:
            candidate = Candidate(step, _source(workspace, step, needs), needs)
            answers[name] = {"key": candidate.key, "outputs": candidate.source.outputs}
            found.append(candidate)
    return found


def accept(store: Store, candidate: Candidate, reason: str, waiting: Callable[[], None]) -> Run:
    """Store a copy of the candidate's run as the answer to what is asked now, with the reason in its manifest."""
    source, name = candidate.source, candidate.step.experiment.name
    with (
        store.lock(name, candidate.key, waiting),
        files.scratch_folder(store.scratch, candidate.key) as folder,
    ):
        for file in source.manifest["files"]:
            files.copy(source.folder / file, folder / file)
        try:
            manifest.verify(folder, source.manifest)
        except ValueError as error:
            raise ReportError(f"the run {name}/{source.key} changed while it was copied: {error}") from error
        return store.commit(folder, name, candidate.key, _facts(candidate, reason))


def _facts(candidate: Candidate, reason: str) -> dict[str, Any]:
    step, source = candidate.step, candidate.source
    entry = {"reason": reason, "when": wording.now(), "from": source.key, "changes": candidate.changes}
    former = {name: fact for name, fact in source.manifest.items() if name not in ("files", "manifest_digest")}
    return {
        **former,
        "recipe": step.recipe.parts,
        "recipe_digest": step.recipe.digest,
        "profile": step.profile if step.experiment.has_profiles else None,
        "overrides": dict(step.order.overrides),
        "needs": dict(candidate.needs),
        "accepted": [*former.get("accepted", ()), entry],
    }


def _source(workspace: Workspace, step: Step, needs: Needs) -> Run:
    """Return the closest stored run that differs in nothing but code and was computed from the same outputs."""
    if step.state in ("missing", "failed"):
        raise _refused(step, f"it is {step.state} ({step.reason})")
    for need, _ in step.needs:
        if need not in needs:
            both = f"{need} {step.experiment.name}"
            raise ReportError(
                f"{step.label} can't be accepted: {need}, which it needs, is not up to date",
                f"report run {need}, or accept both: report accept {both} --reason TEXT",
            )

    def eligible(run: Run) -> bool:
        return not _more_than_code(run, step) and run.used(_outputs(needs))

    asked = (workspace, step.experiment, step.profile, step.seed, step.recipe)
    if found := closest(*asked, eligible):
        return found
    nearest = closest(*asked)
    if nearest is None:
        raise _refused(step, "it was never run in this profile")
    raise _refused(step, "; ".join(_more_than_code(nearest, step)) or "what it needs came out differently")


def _more_than_code(run: Run, step: Step) -> list[str]:
    changes = difference.between(run.manifest["recipe"], step.recipe.parts)
    return [change.sentence() for change in changes if change.part not in HARMLESS]


def _outputs(needs: Needs) -> dict[str, str]:
    return {name: facts["outputs"] for name, facts in needs.items()}


def _refused(step: Step, why: str) -> ReportError:
    hint = f"only a change of code is accepted; run it: report run {step.experiment.name} --profile {step.profile}"
    return ReportError(f"{step.label} can't be accepted: {why}", hint)
