"""Keeps a stored result across a change that someone knows to be harmless, and says so from then on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from report_cli import files, wording
from report_cli.errors import ReportError
from report_cli.keys import difference, inputs
from report_cli.keys.key import lock_name
from report_cli.store.freshness import Question, closest, uses
from report_cli.store.manifest import Acceptance, Behind
from report_cli.store.run import Run
from report_cli.store.store import Store

# A result stays true when only the text of its code changed; what it was computed from is judged by its outputs.
HARMLESS = ("code", "needs")


@dataclass(frozen=True)
class Candidate:
    """A stale question, the run that is to answer it, and what changed, in words."""

    question: Question
    source: Run
    changes: Sequence[str]


def candidate(store: Store, root: Path, question: Question, label: str) -> Candidate:
    """Return the closest stored run that differs in nothing but code and inputs, computed from the same outputs.

    Raises:
        ReportError: there is no result to keep, or more than code changed.
    """

    def refused(why: str) -> ReportError:
        hint = f"only a change of code or inputs is accepted; run it: report run {question.experiment} --profile "
        return ReportError(f"{label} can't be accepted: {why}", hint + question.profile)

    def more_than_code(run: Run) -> list[str]:
        changes = difference.between(run.manifest.recipe, question.recipe.parts)
        return [change.sentence() for change in changes if change.part not in HARMLESS]

    needs = question.needs
    if needs is None:
        raise refused("what it needs is not up to date")
    stored = list(store.runs(question.experiment))
    found = closest(stored, question, lambda run: not more_than_code(run) and uses(run, needs))
    if found is None:
        nearest = closest(stored, question)
        if nearest is None:
            raise refused("it was never run in this profile")
        raise refused("; ".join(more_than_code(nearest)) or "what it needs came out differently")
    code = [change.sentence() for change in difference.between(found.manifest.recipe, question.recipe.parts)]
    return Candidate(question, found, [*code, *inputs.changed(found.manifest.inputs, root)])


def accept(
    store: Store,
    root: Path,
    accepted: Candidate,
    reason: str,
    asked: Mapping[str, Any],
    behind: Sequence[Behind],
    waiting: Callable[[], None],
) -> Run:
    """Store a copy of the candidate's run as the answer to what is asked now, with the reason in its manifest.

    `asked` has profile, overrides and point of the question, `behind` the runs it rests on now.
    """
    source, question = accepted.source, accepted.question
    former = source.manifest
    name = lock_name(question.recipe.digest, former.environment)
    with (
        store.lock(question.experiment, name, waiting),
        files.scratch_folder(store.scratch, name) as folder,
    ):
        for file in former.files:
            files.write_bytes(folder / file, source.content(file))
        entry = Acceptance(reason, wording.timestamp(), source.key, list(accepted.changes))
        manifest = msgspec.structs.replace(
            former,
            recipe=dict(question.recipe.parts),
            recipe_digest=question.recipe.digest,
            inputs=inputs.now(former.inputs, root),
            needs={name: list(each) for name, each in (question.needs or {}).items()},
            behind=list(behind),
            accepted=[*former.accepted, entry],
            **asked,
        )
        return store.commit(folder, manifest)
