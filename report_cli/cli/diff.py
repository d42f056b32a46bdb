"""`report diff`: what changed between two PDFs of a report, and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from report_cli.cli.console import emit, emit_json, emit_table
from report_cli.cli.options import Json

if TYPE_CHECKING:
    from report_cli.report.diff import Change, ValueChange


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD.pdf", help="A PDF of a report.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW.pdf", help="A newer one.", show_default=False)],
    json: Json = False,
) -> None:
    """Show what changed between two PDFs of a report, and why.

    Which values moved, claims flipped, figures and sentences changed. All is taken from the two files; no project is
    needed.

    Example: report diff old.pdf build/report/homework4.pdf
    """
    import msgspec

    from report_cli import api

    found = api.diff(old, new)
    if json:
        emit_json(**msgspec.to_builtins(found))
        return
    if found.values:
        columns = ("value", "was", "is", "", "because")
        emit_table(columns, [_row(value) for value in found.values], right=("was", "is"))
    for changed in (*found.claims, *found.figures, *found.prose):
        emit(_told(changed))
    for kind, causes in found.causes.items():
        emit(f"{kind}: {', '.join(causes)}")
    if not (found.values or found.claims or found.figures or found.prose or found.causes):
        emit("nothing differs")


def _row(value: "ValueChange") -> tuple[str, ...]:
    point = ", ".join(f"{name}={content}" for name, content in value.point.items())
    name = ", ".join(value.origins) + (f" ({point})" if point else "")
    name += f", {value.part.replace('_', ' ')}" if value.part else ""
    noise = "" if value.p is None else "seed noise" if value.is_noise else "beyond seed noise"
    more = f" and {len(value.causes) - 1} more" if len(value.causes) > 1 else ""
    return name, value.before, value.after, noise, (value.causes[0] + more) if value.causes else ""


def _told(changed: "Change") -> str:
    if not changed.before or not changed.after:
        verb = "is gone" if changed.before else "is new"
        return f"{changed.what} {verb}" + (f": {changed.before or changed.after}" if changed.what == "text" else "")
    if changed.what.startswith("figure"):
        return f"{changed.what} changed"
    return f"{changed.what}: {changed.after}\n  was: {changed.before}"
