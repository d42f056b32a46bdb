"""Where every number of a report comes from: the appendix that the reader sees and the file attached to the PDF."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec

from report_cli.errors import ReportError
from report_cli.experiment import Experiment
from report_cli.keys import difference
from report_cli.report.text import formats
from report_cli.report.text.values import Ledger
from report_cli.store.manifest import Acceptance, Behind, Manifest
from report_cli.store.run import Run, one_line

NAME = "provenance.json"


@dataclass(frozen=True)
class Entry:
    """The runs of one experiment in the appendix: keys, which values link to, with their names, and labelled facts."""

    keys: tuple[tuple[str, str], ...]
    name: str
    title: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Appendix:
    """One entry for each experiment; `shared` has the facts that are the same for all runs, told once."""

    entries: tuple[Entry, ...]
    shared: tuple[tuple[str, str], ...]


def appendix(runs: Iterable[Run], experiments: Mapping[str, Experiment]) -> Appendix:
    """Return the appendix of a report made from `runs`."""
    runs = tuple(runs)
    shared = _agreed(runs)
    entries = []
    for name, each in groupby(runs, key=lambda run: run.experiment):
        group = tuple(each)
        origins = [_origin(run) for run in group]
        labels = dict.fromkeys(label for origin in origins for label in origin if label not in shared)
        own = [(label, " / ".join(dict.fromkeys(o[label] for o in origins if label in o))) for label in labels]
        seeds = sorted({run.seed for run in group})
        where = f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"seed {seeds[0]}"
        points = len({repr(sorted(run.point.items())) for run in group})
        entries.append(
            Entry(
                tuple((run.key, _name(run)) for run in group),
                f"{name}, {points} points, {where}" if points > 1 else f"{name}, {where}",
                experiments[name].title,
                (*_facts(group), *own),
            )
        )
    place = ", ".join(f"{name} {text}" for name, text in sorted(shared.items()) if name not in ("Profile", "Code"))
    common = {name: shared[name] for name in ("Profile", "Code") if name in shared}
    return Appendix(tuple(entries), (*common.items(), ("Computed with", place)) if place else tuple(common.items()))


def label(runs: Iterable[Run], draft: bool) -> str:
    """Return what every page must say about the runs behind it, at any distance; empty where all are `full` runs on
    real images with the profile's own parameters.

    Raises:
        ReportError: the runs are of different profiles, and the report is no draft.
    """
    rests: list[Behind | Manifest] = []
    for run in runs:
        rests += [*run.manifest.behind, run.manifest]
    profiles: dict[str, str] = {}
    for fact in rests:
        if fact.profile is not None:
            profiles.setdefault(fact.profile, fact.experiment)
    if len(profiles) > 1 and not draft:
        mixed = ", ".join(f"{name} ({profile})" for profile, name in sorted(profiles.items()))
        raise ReportError(f"a report never mixes profiles: {mixed}", "report build all --profile PROFILE")
    parts = [f"{profile} profile" for profile in sorted(profiles) if profile != "full"]
    if any(fact.overrides for fact in rests):
        parts.append("changed parameters")
    if any(fact.data is not None and fact.data.origin == "drawn" for fact in rests):
        parts.append("drawn images")
    return " · ".join(parts)


def attachment(document: str, runs: Iterable[Run], ledger: Ledger) -> dict[str, Any]:
    """Return the content of provenance.json: every run of the report, and every value that it shows."""
    return {
        "schema": 2,
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
    m = run.manifest
    return {
        "experiment": run.experiment,
        "key": run.key,
        "recipe": m.recipe_digest,
        "environment": dict(m.environment),
        "inputs": dict(m.inputs),
        "profile": m.profile,
        "seed": run.seed,
        "point": dict(m.point),
        "data": m.data and m.data.label,
        "behind": msgspec.to_builtins(m.behind),
        "code": msgspec.to_builtins(m.code),
        "accepted": msgspec.to_builtins(m.accepted),
        "files": {name: entry.sha256 for name, entry in m.files.items()},
    }


def _name(run: Run) -> str:
    return ", ".join([run.experiment, *(f"{name}={value}" for name, value in run.point.items()), f"seed {run.seed}"])


def _agreed(runs: Sequence[Run]) -> dict[str, str]:
    """Return the facts on which all runs that have them agree."""
    facts: dict[str, set[str]] = {}
    for run in runs:
        for name, text in _origin(run).items():
            facts.setdefault(name, set()).add(text)
    return {name: texts.pop() for name, texts in facts.items() if len(texts) == 1}


def _origin(run: Run) -> dict[str, str]:
    """Return where a run was computed, fact by fact: mostly the same for all runs of a report."""
    m = run.manifest
    origin = {name.removeprefix("package "): content for name, content in m.environment.items()}
    if m.profile is not None:
        origin["Profile"] = m.profile
    if m.code is not None:
        origin["Code"] = f"commit {m.code.commit[:12]}{'' if m.code.clean else ', with changes that are in no commit'}"
    return origin


def _facts(runs: Sequence[Run]) -> Iterable[tuple[str, str]]:
    first = runs[0].manifest
    if first.data is not None:
        yield "Data", first.data.label
    yield "Duration", formats.duration(sum(run.manifest.times.duration_s for run in runs))[0]
    grid = set(first.point)
    if stated := {n: v for n, v in first.recipe.get("parameters", {}).items() if n not in grid}:
        yield "Parameters", _settings(stated)
    for name in sorted(grid):
        yield f"Grid of {name}", ", ".join(dict.fromkeys(_plain(run.point[name]) for run in runs))
    if first.overrides:
        yield "Overridden", _settings(first.overrides)
    if first.behind:
        needed = dict.fromkeys(f"{each.experiment} {each.key}" for run in runs for each in run.manifest.behind)
        yield "Computed from", ", ".join(needed)
    files = dict.fromkeys(name for run in runs for name in run.manifest.inputs.get("files", {}))
    if files:
        yield "Files read", ", ".join(files)
    if unwatched := sorted({what for run in runs for what in run.manifest.unwatched}):
        yield "Not watched", ", ".join(unwatched)
    if warned := [warning for run in runs for warning in run.manifest.warnings]:
        count = sum(warning.count for warning in warned)
        yield "Warnings", f"{count}, the first: {warned[0].category}: {one_line(warned[0].message)}"
    for text in dict.fromkeys(_acceptance(accepted) for run in runs for accepted in run.manifest.accepted):
        yield "Accepted", text


def _acceptance(accepted: Acceptance) -> str:
    changes = "; ".join(difference.shortened([one_line(change) for change in accepted.changes]))
    return f"{one_line(accepted.reason)} (on {accepted.when[:10]}, although {changes})"


def _settings(settings: Mapping[str, object]) -> str:
    space = "\N{NO-BREAK SPACE}"
    return ", ".join(f"{name}{space}={space}{_plain(content)}" for name, content in sorted(settings.items()))


def _plain(content: object) -> str:
    if isinstance(content, list | tuple):
        return "(" + ", ".join(map(_plain, content)) + ")"
    return "none" if content is None else str(content)
