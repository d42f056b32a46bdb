"""`report verify`: whether a PDF shows what its runs measured, and whether what is stored is what was written."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from report_cli import wording
from report_cli.cli import completion
from report_cli.cli.console import emit, emit_json
from report_cli.cli.options import Json
from report_cli.cli.run import listening
from report_cli.cli.session import open_workspace
from report_cli.errors import ReportError, UsageError

if TYPE_CHECKING:
    from report_cli.report.verify import Verification

# So many differences are told in the terminal; JSON has all.
MOST = 12


def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE.pdf", help="The PDF of a report of this project.", show_default=False)
    ] = None,
    retrain: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Measure this experiment once more, and compare it over its seeds.",
            autocompletion=completion.experiments,
        ),
    ] = "",
    store: Annotated[bool, typer.Option("--store", help="Read every file of every stored run.")] = False,
    json: Json = False,
) -> None:
    """Check a PDF against its stored runs, or the store.

    The PDF is only read, and rendered anew from the runs. Metrics are computed again from stored predictions.

    Example: report verify build/report/homework4.pdf
    """
    if file is not None and not store:
        _verify_file(file, retrain, json)
    elif store and file is None and not retrain:
        _verify_store(json)
    else:
        raise UsageError("name either a PDF or --store", "report verify FILE.pdf, or report verify --store")


def _verify_file(file: Path, retrain: str, json: bool) -> None:
    import msgspec

    from report_cli import api

    with listening() as listener:
        outcome = api.verify(file, retrain=retrain, folder=Path.cwd(), listener=listener)
    if json:
        emit_json(**msgspec.to_builtins(outcome), holds=outcome.holds)
    else:
        _show(outcome)
    if not outcome.holds:
        raise ReportError(*_reason(outcome))


def _show(outcome: "Verification") -> None:
    emit(f"{outcome.file}: {outcome.verdict}")
    if outcome.commit:
        emit(f"by its own word built from {_commit(outcome)}")
    if not outcome.is_exact:
        emit("not compared: shapes of letters, places on a page, lines and boxes behind the text")
    if outcome.measured_again:
        again = wording.listing(outcome.measured_again, "and")
        emit(f"{again} ran again since, with the same results: of that run the file's own time and commit are shown")
    for difference in outcome.differences[:MOST]:
        emit(f"  {difference.sentence()}")
    if len(outcome.differences) > MOST:
        emit(f"  and {len(outcome.differences) - MOST} more differences (--json lists all)")
    rests = [value.rests_on for value in outcome.values if value.verdict == "verified"]
    if rests:
        parts = {
            "predictions": "follow from stored predictions",
            "retrained": "were measured again",
            "stored": "are as stored",
        }
        told = [f"{rests.count(name)} {words}" for name, words in parts.items() if name in rests]
        emit(f"{len(rests)} of {len(outcome.values)} values hold: {wording.listing(told, 'and')}")
    if outcome.holds and outcome.unverified:
        emit(f"unverified without --retrain: what {wording.listing(outcome.unverified, 'and')} measured")
    for claim in outcome.claims:
        emit(f"claim {claim.id}: {claim.verdict}")


def _reason(outcome: "Verification") -> tuple[str, str]:
    if outcome.made_by_other and outcome.verdict != "differs":
        other = wording.listing(outcome.made_by_other, "and")
        commit = _commit(outcome) if outcome.commit else "a project without commits"
        hint = "only what was committed before it was built can be brought back, and compared"
        if outcome.commit and outcome.clean:
            hint = f"git checkout {outcome.commit[:12]}, and verify again"
        return (
            f"{outcome.file} was built from {commit}, with other {other} than today's: it can't be compared here",
            hint,
        )
    count = len(outcome.differences)
    return f"{outcome.file} differs from what its runs give in {count} {'place' if count == 1 else 'places'}", ""


def _commit(outcome: "Verification") -> str:
    return f"commit {outcome.commit[:12]}" + ("" if outcome.clean else " with uncommitted changes")


def _verify_store(json: bool) -> None:
    from report_cli import api

    checked = api.verify_store(open_workspace())
    damaged = [(name, key, fault) for name, key, fault in checked if fault]
    if json:
        emit_json(runs=[{"experiment": name, "key": key, "fault": fault or None} for name, key, fault in checked])
    else:
        emit(f"{len(checked)} runs, {len(damaged)} damaged")
    if damaged:
        faults = "; ".join(f"{name}/{key}: {fault}" for name, key, fault in damaged)
        names = " ".join(dict.fromkeys(name for name, *_ in damaged))
        raise ReportError(faults, f"report run {names} --force; then report keep {names}, if they are in git")
