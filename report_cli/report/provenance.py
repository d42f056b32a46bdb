"""Where every number of a report comes from: the appendix that the reader sees and the file attached to the PDF."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from report_cli.errors import ReportError
from report_cli.experiment import Experiment
from report_cli.keys import difference
from report_cli.report.text import formats
from report_cli.report.text.values import Ledger
from report_cli.store.store import Run

NAME = "provenance.json"


@dataclass(frozen=True)
class Entry:
    """One run in the appendix: labelled facts, in the order of reading."""

    target: str
    name: str
    title: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Appendix:
    """One entry per run; `environment` is told once where all runs share it, else in each entry."""

    entries: tuple[Entry, ...]
    environment: str


def appendix(runs: Iterable[Run], experiments: Mapping[str, Experiment]) -> Appendix:
    """Return the appendix of a report made from `runs`."""
    runs = tuple(runs)
    environments = {_environment(run) for run in runs}
    shared = environments.pop() if len(environments) == 1 else ""
    found = [
        Entry(f"run-{r.key}", _name(r), experiments[r.experiment].title, tuple(_facts(r, with_environment=not shared)))
        for r in runs
    ]
    return Appendix(tuple(found), shared)


def label(runs: Iterable[Run], draft: bool) -> str:
    """Return what every page must say about its runs; empty where all are `full` runs on real images
    with the profile's own parameters.

    Raises:
        ReportError: the runs are of different profiles, and the report is no draft.
    """
    runs = list(runs)
    profiles = sorted({run.profile for run in runs if run.profile is not None})
    if len(profiles) > 1 and not draft:
        experiments = {profile: next(r.experiment for r in runs if r.profile == profile) for profile in profiles}
        told = ", ".join(f"{name} ({profile})" for profile, name in experiments.items())
        raise ReportError(f"a report never mixes profiles: {told}", "report build all --profile PROFILE")
    parts = [f"{profile} profile" for profile in profiles if profile != "full"]
    if any(run.manifest.get("overrides") for run in runs):
        parts.append("changed parameters")
    if any(run.images is not None and run.images["origin"] == "embedded" for run in runs):
        parts.append("embedded images")
    return " · ".join(parts)


def attachment(document: str, runs: Iterable[Run], ledger: Ledger) -> dict[str, Any]:
    """Return the content of provenance.json: every run of the report, and every value that it shows."""
    return {
        "schema": 1,
        "document": document,
        "runs": [_listed(run) for run in runs],
        "values": [
            {
                "text": entry.text,
                "number": entry.value.number,
                "unit": entry.value.unit,
                "from": list(entry.value.origins),
                "runs": list(entry.value.runs),
            }
            for entry in ledger.entries
            if not entry.value.missing
        ],
    }


def _listed(run: Run) -> dict[str, Any]:
    return {
        "experiment": run.experiment,
        "key": run.key,
        "recipe": run.recipe,
        "environment": dict(run.manifest["environment"]),
        "profile": run.profile,
        "seed": run.seed,
        "images": None if run.images is None else run.images["label"],
        "accepted": [asdict(acceptance) for acceptance in run.accepted],
        "files": {name: entry["sha256"] for name, entry in run.manifest["files"].items()},
    }


def _name(run: Run) -> str:
    return f"{run.experiment}, seed {run.seed}"


def _environment(run: Run) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {content}" for name, content in sorted(run.environment.items()))


def _facts(run: Run, *, with_environment: bool) -> Iterable[tuple[str, str]]:
    manifest = run.manifest
    yield "Run", run.key
    yield "Profile", run.profile or "the same in every profile"
    if run.images is not None:
        yield "Images", str(run.images["label"])
    yield "Duration", formats.duration(manifest["times"]["duration_s"])[0]
    overridden = manifest.get("overrides") or {}
    stated = manifest["recipe"].get("parameters", {})
    if stated:
        yield "Parameters", _settings(stated)
    if overridden:
        yield "Overridden", _settings(overridden)
    if with_environment:
        yield "Computed with", _environment(run)
    for accepted in run.accepted:
        changes = "; ".join(difference.shortened(list(accepted.changes)))
        yield "Accepted", f"{accepted.reason} (on {accepted.when[:10]}, although {changes})"


def _settings(settings: Mapping[str, object]) -> str:
    space = "\N{NO-BREAK SPACE}"
    return ", ".join(f"{name}{space}={space}{_plain(content)}" for name, content in sorted(settings.items()))


def _plain(content: object) -> str:
    if isinstance(content, list | tuple):
        return "(" + ", ".join(map(_plain, content)) + ")"
    return "none" if content is None else str(content)
