"""Where every number of a report comes from: the appendix that the reader sees and the file attached to the PDF."""

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from statistics import stdev
from typing import Any

import msgspec

from report_cli import files
from report_cli.errors import ReportError
from report_cli.experiment import PROFILES, Experiment
from report_cli.keys.canonical import digest
from report_cli.project import PROVENANCE
from report_cli.report.html.uses import Place
from report_cli.report.text import formats, words
from report_cli.report.text.values import Ledger, Value
from report_cli.report.text.words import Language
from report_cli.settings import written
from report_cli.store.manifest import Acceptance, Behind, Commit, Manifest
from report_cli.store.run import Run, one_line

NAME = PROVENANCE
SCHEMA = 3
# So many changes of code that a result was accepted across are told.
MOST_CHANGES = 3


class BuildFacts(msgspec.Struct, frozen=True, rename={"tools": "with"}):
    """What of a document was built, and by what: digests of program, templates and settings, its commit, versions."""

    view: str
    draft: bool
    commit: Commit | None
    parts: dict[str, str]
    tools: dict[str, str | dict[str, str]]
    section: str = ""
    # Digests of the files whose code is shown, and of what the figures of an experiment were drawn by.
    sources: dict[str, str] = {}
    drawings: dict[str, str] = {}


class ListedTimes(msgspec.Struct, frozen=True):
    """When a run ended, and how long it took."""

    finished: str
    duration_s: float


class ListedRun(msgspec.Struct, frozen=True):
    """A run of a report, as far as others read it."""

    experiment: str
    key: str
    outputs: str
    seed: int
    point: dict[str, Any]
    asked: dict[str, Any]
    environment: dict[str, str]
    inputs: dict[str, dict[str, str | None]]
    behind: list[Behind]
    times: ListedTimes | None = None
    code: Commit | None = None
    accepted: list[Acceptance] = []


class ListedValue(msgspec.Struct, frozen=True, rename={"origins": "from"}):
    """A value of a report; of several seeds how many, and their sample standard deviation. `part` is that of Value."""

    text: str
    number: float
    unit: str
    origins: list[str]
    runs: list[str]
    seeds: int = 1
    spread: float = 0.0
    part: str = ""


class Claim(msgspec.Struct, frozen=True):
    """What a sentence of a report claims, and whether it holds."""

    id: str
    verdict: str


class Provenance(msgspec.Struct, frozen=True):
    """What provenance.json says. `code` has the digests of definitions by a name that runs share, `behind` the runs on
    which `runs` rest and that are no part of these."""

    document: str
    made: BuildFacts
    runs: list[ListedRun]
    code: dict[str, dict[str, str]]
    values: list[ListedValue]
    figures: dict[str, str]
    images: dict[str, str]
    claims: list[Claim] = []
    behind: list[ListedRun] = []


@dataclass(frozen=True)
class Entry:
    """The runs of one experiment in the appendix: keys, which values link to, with their names, and labelled facts.

    `metrics` has what its shown numbers mean, by the names that values have; `command` repeats the runs, the latest of
    which ended at the ISO date `day`; `uses` are the places of the report that show something of them.
    """

    keys: tuple[tuple[str, str], ...]
    name: str
    title: str
    facts: tuple[tuple[str, str], ...]
    metrics: tuple[tuple[str, str], ...]
    command: str
    code: tuple[str, ...]
    data: str
    day: str
    date: str
    duration_s: float
    duration: str
    uses: tuple[Place, ...]


@dataclass(frozen=True)
class Appendix:
    """One entry for each experiment; `shared` has the facts that are the same for all runs, told once."""

    entries: tuple[Entry, ...]
    shared: tuple[tuple[str, str], ...]


def appendix(
    runs: Iterable[Run],
    experiments: Mapping[str, Experiment],
    language: Language,
    uses: Mapping[str, Sequence[Place]],
    behind: Mapping[str, Run],
) -> Appendix:
    """Return the appendix of a report made from `runs`, in its language; `uses` has where they are used.

    `behind` has the stored runs on which they rest, by their keys.
    """
    runs = tuple(runs)
    shared = {name: texts[0] for name, texts in _origins(runs, behind, language).items() if len(texts) == 1}
    entries = []
    for name, each in groupby(runs, key=lambda run: run.experiment):
        group = tuple(each)
        origins = _origins(group, behind, language)
        own = [(label, " / ".join(texts)) for label, texts in origins.items() if label not in shared]
        day = max(run.manifest.times.finished for run in group)[:10]
        duration_s = sum(run.manifest.times.duration_s for run in group)
        places = (name, *(f"run-{run.key}" for run in group))
        entries.append(
            Entry(
                keys=tuple((run.key, _name(run, language)) for run in group),
                name=_described(name, group, language),
                title=experiments[name].title,
                facts=(*_facts(group, behind, language), *own),
                metrics=tuple(
                    (at, m.words)
                    for metric, m in experiments[name].metrics.items()
                    if (at := f"{name}.{metric}") in uses
                ),
                command=_command(experiments[name], group),
                # The program's own code is that of its version.
                code=tuple(n for n in group[0].manifest.recipe.get("code", {}) if not n.startswith("report_cli")),
                data=language["list"].join(_data(group)),
                day=day,
                date=words.date(day, language),
                duration_s=duration_s,
                duration=words.number(formats.duration(duration_s)[0], language),
                uses=tuple(dict.fromkeys(place for at in places for place in uses.get(at, ()))),
            )
        )
    common = [(name, shared.pop(name)) for name in (language["profile"], language["code"]) if name in shared]
    if place := ", ".join(f"{name} {text}" for name, text in sorted(shared.items())):
        common.append((language["computed_with"], place))
    return Appendix(tuple(entries), tuple(common))


def label(runs: Iterable[Run], draft: bool, language: Language, behind: Mapping[str, Run]) -> str:
    """Return what every page must say about the runs behind it, at any distance; empty where all are `full` runs on
    real images with the profile's own parameters. `behind` is that of `appendix`.

    Raises:
        ReportError: the runs are of different profiles, and the report is no draft.
    """
    runs = tuple(runs)
    rests = list(_rested_on(runs))
    profiles: dict[str, str] = {}
    for fact in rests:
        if fact.profile is not None:
            profiles.setdefault(fact.profile, fact.experiment)
    if len(profiles) > 1 and not draft:
        mixed = ", ".join(f"{name} ({profile})" for profile, name in sorted(profiles.items()))
        raise ReportError(f"a report never mixes profiles: {mixed}", "report build all --profile PROFILE")
    is_short = bool(profiles.keys() - {"full"})
    is_drawn = any(fact.data is not None and fact.data.origin == "drawn" for fact in rests)
    trains = any(run.manifest.times.epochs for run in _rests(runs, behind))
    short = "short" if trains else "short_runs"
    words = {(True, True): "short_drawn", (True, False): short, (False, True): "drawn"}.get((is_short, is_drawn))
    parts = [language[words]] if words else []
    if any(fact.overrides for fact in rests):
        parts.append(language["changed"])
    return " · ".join(parts)


def attachment(
    document: str,
    runs: Iterable[Run],
    ledger: Ledger,
    figures: Mapping[str, str],
    images: Mapping[str, str],
    behind: Mapping[str, Run],
) -> dict[str, Any]:
    """Return what provenance.json says of the results: every run, figure and image of the report, and every value.

    `figures` has the sha256 of drawn figures by their labels, `images` those of images of the author's own by paths;
    `behind` is that of `appendix`.
    """
    runs = tuple(runs)
    rests = _rests(runs, behind)
    return {
        "schema": SCHEMA,
        "document": document,
        "runs": [_listed(run) for run in runs],
        "behind": [_listed(run) for run in rests[len(runs) :]],
        # Most runs share their code: the seeds and points of an experiment do.
        "code": {
            _code(run): {name: d[:16] for name, d in run.manifest.recipe.get("code", {}).items()} for run in rests
        },
        "values": [_shown(entry.text, entry.value) for entry in ledger.entries if not entry.value.missing],
        "figures": dict(figures),
        "images": dict(images),
    }


def sealed(facts: Mapping[str, Any]) -> str:
    """Return the text of provenance.json, with a digest of all that it says."""
    body = {name: content for name, content in facts.items() if name != "digest"}
    return files.json_text({**body, "digest": digest(body)})


def opened(text: str) -> tuple[dict[str, Any], bool]:
    """Return what provenance.json says, and whether it is as it was written; ValueError where it is none."""
    facts = files.from_json(text)
    if not isinstance(facts, dict) or facts.get("schema") != SCHEMA:
        raise ValueError("another version of this program wrote it, or none")
    return facts, sealed(facts) == text


def _shown(text: str, value: Value) -> dict[str, Any]:
    shown = {"text": text, "number": value.number, "unit": value.unit}
    seeds = {"seeds": value.n, "spread": stdev(value.samples)} if value.n > 1 else {}
    part = {"part": value.part} if value.part else {}
    return {**shown, **seeds, **part, "from": list(value.origins), "runs": list(value.runs)}


def _code(run: Run) -> str:
    return digest(run.manifest.recipe.get("code", {}))[:16]


def _listed(run: Run) -> dict[str, Any]:
    m = run.manifest
    return {
        "experiment": run.experiment,
        "key": run.key,
        "recipe": m.recipe_digest,
        "outputs": m.output_digest,
        "asked": {**m.recipe, "code": _code(run)},
        "environment": dict(m.environment),
        "inputs": dict(m.inputs),
        "profile": m.profile,
        "seed": run.seed,
        "point": dict(m.point),
        "data": m.data and m.data.label,
        "behind": msgspec.to_builtins(m.behind),
        "times": {"finished": m.times.finished, "duration_s": m.times.duration_s},
        "code": msgspec.to_builtins(m.code),
        "accepted": msgspec.to_builtins(m.accepted),
        "warnings": msgspec.to_builtins(m.warnings),
        "files": {name: entry.sha256 for name, entry in m.files.items()},
    }


def _name(run: Run, language: Language) -> str:
    point = (f"{name}={_plain(value, language)}" for name, value in run.point.items())
    return ", ".join([run.experiment, *point, language["seed"].format(run.seed)])


def _rests(runs: Sequence[Run], behind: Mapping[str, Run]) -> list[Run]:
    """Return `runs`, and after them what they rest on, as far as it is stored."""
    there = {run.key: run for run in runs}
    wanted = dict.fromkeys(each.key for run in runs for each in run.manifest.behind)
    return [*runs, *(behind[key] for key in wanted if key in behind and key not in there)]


def _rested_on(runs: Iterable[Run]) -> Iterator[Manifest | Behind]:
    """Yield what is known of every run that counts, of those behind these whether they are stored or not."""
    for run in runs:
        yield run.manifest
        yield from run.manifest.behind


def _data(runs: Sequence[Run]) -> list[str]:
    """Return what the data is called on which runs rest."""
    return list(dict.fromkeys(fact.data.label for fact in _rested_on(runs) if fact.data is not None))


def _origins(runs: Sequence[Run], behind: Mapping[str, Run], language: Language) -> dict[str, list[str]]:
    """Return where runs, and what they rest on, were computed, fact by fact: mostly the same for all of a report."""
    origins: dict[str, dict[str, None]] = {}
    for run in _rests(runs, behind):
        m = run.manifest
        facts = {name.removeprefix("package "): content for name, content in m.environment.items()}
        if run.profile is not None:
            facts[language["profile"]] = run.profile
        if m.code is not None:
            commit = language["commit" if m.code.clean else "uncommitted"]
            facts[language["code"]] = commit.format(m.code.commit[:12])
        for name, text in facts.items():
            origins.setdefault(name, {})[text] = None
    return {name: list(texts) for name, texts in origins.items()}


def _facts(runs: Sequence[Run], behind: Mapping[str, Run], language: Language) -> Iterable[tuple[str, str]]:
    """Yield what is said of the runs of one experiment; parameters are their own, and the rest counts at any
    distance."""
    first, rests = runs[0].manifest, [run.manifest for run in _rests(runs, behind)]
    if data := _data(runs):
        yield language["data"], language["list"].join(data)
    duration = formats.duration(sum(run.manifest.times.duration_s for run in runs))[0]
    yield language["duration"], words.number(duration, language)
    grid = set(first.point)
    if stated := {n: v for n, v in first.recipe.get("parameters", {}).items() if n not in grid}:
        yield language["parameters"], _settings(stated, language)
    for name in sorted(grid):
        points = dict.fromkeys(_plain(run.point[name], language) for run in runs)
        yield language["grid"].format(name), language["list"].join(points)
    if overridden := dict.fromkeys(_overrides(runs, language)):
        yield language["overridden"], language["list"].join(overridden)
    if first.behind:
        yield language["computed_from"], "; ".join(_needed(runs, behind, language))
    if files := dict.fromkeys(name for m in rests for name in m.inputs.get("files", {})):
        yield language["files_read"], ", ".join(files)
    if unwatched := sorted({what for m in rests for what in m.unwatched}):
        yield language["not_watched"], ", ".join(unwatched)
    if warned := [warning for m in rests for warning in m.warnings]:
        count = sum(warning.count for warning in warned)
        first_warning = f"{warned[0].category}: {one_line(warned[0].message)}"
        yield language["warnings"], language["first_warning"].format(count, first_warning)
    for text in dict.fromkeys(_acceptance(accepted, language) for m in rests for accepted in m.accepted):
        yield language["accepted"], text


def _overrides(runs: Sequence[Run], language: Language) -> Iterator[str]:
    """Yield the parameters that aren't the profile's own; of another experiment its name stands before."""
    if own := runs[0].manifest.overrides:
        yield _settings(own, language)
    for each in chain.from_iterable(run.manifest.behind for run in runs):
        if each.overrides:
            yield f"{each.experiment}: {_settings(each.overrides, language)}"


def _needed(runs: Sequence[Run], behind: Mapping[str, Run], language: Language) -> Iterator[str]:
    """Yield each experiment that runs rest on, with the beginnings of the keys of its runs."""
    groups: dict[str, dict[str, Behind]] = {}
    for each in chain.from_iterable(run.manifest.behind for run in runs):
        groups.setdefault(each.experiment, {})[each.key] = each
    for name, group in groups.items():
        keys = [key[:8] + ("" if key in behind else f" ({language['not_stored']})") for key in group]
        yield f"{_described(name, group.values(), language)}: {', '.join(keys)}"


def _described(name: str, group: Collection[Run | Behind], language: Language) -> str:
    """Return the name of an experiment with its seeds, and its number of points where there are several."""
    seeds = sorted({each.seed for each in group})
    has_gaps = seeds[-1] - seeds[0] >= len(seeds)
    if len(seeds) == 1 or has_gaps:
        told = [language["seed"].format(seed) for seed in seeds]
    else:
        told = [language["seeds"].format(seeds[0], seeds[-1])]
    points = len({repr(sorted(each.point.items())) for each in group})
    counted = [language["points"].format(points)] if points > 1 else []
    return ", ".join((name, *counted, *told))


def _command(experiment: Experiment, runs: Sequence[Run]) -> str:
    """Return the command that repeats runs, as it has to be typed; real images are named by their folder."""
    profile = ["--profile", runs[0].profile] if runs[0].profile else []
    data = ["--data", "FOLDER"] if any(fact.data and fact.data.origin == "real" for fact in _rested_on(runs)) else []
    settings = [part for setting in written(runs[0].manifest.overrides) for part in ("--set", setting)]
    count = max(run.seed for run in runs) + 1
    usual = experiment.seeds[runs[0].profile or PROFILES[0]]
    seeds = ["--seeds", str(count)] if count != usual else []
    return shlex.join(["report", "run", experiment.name, *profile, *data, *settings, *seeds, "--force"])


def _acceptance(accepted: Acceptance, language: Language) -> str:
    changes = [one_line(change) for change in accepted.changes]
    if len(changes) > MOST_CHANGES:
        changes[MOST_CHANGES:] = [language["more"].format(len(changes) - MOST_CHANGES)]
    return language["acceptance"].format(one_line(accepted.reason), accepted.when[:10], "; ".join(changes))


def _settings(settings: Mapping[str, object], language: Language) -> str:
    space = "\N{NO-BREAK SPACE}"
    return language["list"].join(
        f"{name}{space}={space}{_plain(content, language)}" for name, content in sorted(settings.items())
    )


def _plain(content: object, language: Language) -> str:
    if isinstance(content, list | tuple):
        return "(" + language["list"].join(_plain(each, language) for each in content) + ")"
    if isinstance(content, float):
        return words.number(str(content), language)
    return language["none"] if content is None else str(content)
