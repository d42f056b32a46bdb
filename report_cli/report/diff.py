"""In what two PDFs of reports differ, and why, told from the files alone."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec

from report_cli.keys import difference
from report_cli.report.pdf import content
from report_cli.report.provenance import ListedRun, ListedValue, Provenance
from report_cli.report.verify import Evidence

# A difference of means that chance gives in fewer cases is no noise of the seeds.
NOISE = 0.05
END = re.compile(r"(?<=[.!?])\s+(?=\S)")
# So many characters of prose are told, around the first difference.
MOST = 200


# Whether two values that stand in the same place are of the same results, and both.
Match = tuple[bool, ListedValue, ListedValue]


class ValueChange(msgspec.Struct, frozen=True, rename={"origins": "from"}):
    """A value that is another one now; `part` is that of Value. `p` says how probable such a difference is by the seeds
    alone (Welch's test), None where one of both has no several seeds; `causes` tell what of its runs changed."""

    origins: list[str]
    part: str
    point: dict[str, Any]
    before: str
    after: str
    change: float
    p: float | None
    causes: list[str]

    @property
    def is_noise(self) -> bool:
        return self.p is not None and self.p >= NOISE


class Change(msgspec.Struct, frozen=True):
    """A claim, figure, image or passage that is another one now; empty where it wasn't or isn't there."""

    what: str
    before: str
    after: str


class ReportChanges(msgspec.Struct, frozen=True):
    """In what a PDF differs from an older one; `causes` are those of all runs and of the program, by kind."""

    values: list[ValueChange]
    claims: list[Change]
    figures: list[Change]
    prose: list[Change]
    causes: dict[str, list[str]]


def compare(old: Evidence, new: Evidence) -> ReportChanges:
    """Return in what `new` differs from `old`.

    Raises:
        ReportError: a file can't be read.
    """
    before, after = old.facts, new.facts
    claims = [{claim.id: claim.verdict for claim in facts.claims} for facts in (before, after)]
    pictures = [{**facts.figures, **facts.images} for facts in (before, after)]
    matched = list(_matched(before, after))
    return ReportChanges(
        list(_values(before, after, matched)),
        _changes("claim", *claims),
        _changes("figure", *pictures),
        [*_exchanged(matched), *_prose(old, new)],
        _causes(before, after),
    )


def _changes(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    return [Change(f"{what} {name}", (was or "")[:12], (now or "")[:12]) for name, was, now in _others(before, after)]


def _values(before: Provenance, after: Provenance, matched: Sequence[Match]) -> Iterator[ValueChange]:
    """Yield the values that moved: those of the same results, in the order in which both files show them."""
    runs = {run.key: run for run in after.runs}
    told = set()
    for is_same, old, new in matched:
        moved = tuple(new.origins), new.part, tuple(new.runs), old.number, new.number
        if not is_same or old.number == new.number or moved in told:
            continue
        told.add(moved)
        pairs = _pairs(_rests(old, before), _rests(new, after))
        causes = list(dict.fromkeys(chain.from_iterable(_why(*pair, before, after) for pair in pairs)))
        point = next((runs[key].point for key in new.runs if key in runs), {})
        change = new.number - old.number
        yield ValueChange(new.origins, new.part, point, old.text, new.text, change, _noise(old, new), causes)


def _exchanged(matched: Sequence[Match]) -> list[Change]:
    """Return the values in whose place stands one of other results, or the same one written otherwise."""
    changes = []
    for is_same, old, new in matched:
        texts = [f"{each.text} ({', '.join(each.origins)})" for each in (old, new)]
        if texts[0] != texts[1] and not is_same:
            changes.append(Change("value", *texts))
        elif old.number == new.number and old.text != new.text:
            changes.append(Change(f"value {', '.join(new.origins)}", old.text, new.text))
    return list(dict.fromkeys(changes))


def _matched(before: Provenance, after: Provenance) -> Iterator[Match]:
    """Yield values that stand in the same place, and whether they are of the same results."""
    there, here = map(_names, (before, after))
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, there, here, autojunk=False).get_opcodes():
        if kind == "equal" or (kind == "replace" and i2 - i1 == j2 - j1):
            for old, new in zip(before.values[i1:i2], after.values[j1:j2], strict=True):
                yield kind == "equal", old, new


def _names(facts: Provenance) -> list[str]:
    """Return what each value is of, whatever its runs are called: its origins, part, unit, points of a grid unless it
    is all of them, and the seed of a single run that isn't the first."""
    runs = {run.key: run for run in facts.runs}
    whole: dict[str, set[str]] = {}
    for run in facts.runs:
        whole.setdefault(run.experiment, set()).add(repr(sorted(run.point.items())))
    names = []
    for value in facts.values:
        of = [runs[key] for key in value.runs if key in runs]
        points = {repr(sorted(run.point.items())) for run in of}
        if len(points) > 1 and points == set().union(*(whole[run.experiment] for run in of)):
            points = set()
        seeds = {run.seed for run in of} - {0} if len(value.runs) == 1 else set()
        names.append(repr((value.origins, value.part, value.unit, sorted(points), sorted(seeds))))
    return names


def _noise(old: ListedValue, new: ListedValue) -> float | None:
    if min(old.seeds, new.seeds) < 2 or not old.spread + new.spread:
        return None
    from scipy.stats import ttest_ind_from_stats

    samples = (old.number, old.spread, old.seeds, new.number, new.spread, new.seeds)
    return float(ttest_ind_from_stats(*samples, equal_var=False).pvalue)


def _rests(value: ListedValue, facts: Provenance) -> list[ListedRun]:
    """Return the runs on which a value rests, at any distance."""
    there = {run.key: run for run in (*facts.behind, *facts.runs)}
    own = [there[key] for key in value.runs if key in there]
    keys = dict.fromkeys([*value.runs, *(each.key for run in own for each in run.behind)])
    return [there[key] for key in keys if key in there]


def _pairs(old: Sequence[ListedRun], new: Sequence[ListedRun]) -> Iterator[tuple[ListedRun, ListedRun]]:
    """Yield runs of the same experiment, point and seed."""
    there = {(run.experiment, repr(sorted(run.point.items())), run.seed): run for run in old}
    for run in new:
        twin = there.get((run.experiment, repr(sorted(run.point.items())), run.seed))
        if twin is not None:
            yield twin, run


def _why(old: ListedRun, new: ListedRun, before: Provenance, after: Provenance) -> list[str]:
    """Return, each with its kind first, what of a run changed."""
    parts = [
        {**run.asked, "code": facts.code.get(str(run.asked.get("code")), {})}
        for run, facts in ((old, before), (new, after))
    ]
    causes = []
    for each in difference.between(*parts):
        sentence = each.sentence().replace(", which is out of date", ", which changed")
        causes.append(f"{each.part}: {sentence}")
    for name, was, now in _others(old.environment, new.environment):
        causes.append(f"environment: {name.removeprefix('package ')} is {now}, was {was}")
    for kind in sorted(old.inputs.keys() | new.inputs.keys()):
        others = _others(old.inputs.get(kind, {}), new.inputs.get(kind, {}))
        causes += [f"inputs: {name} changed" for name, *_ in others]
    if not causes and old.outputs != new.outputs:
        causes.append("environment: the same run measured something else")
    return causes


def _others(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return what two mappings have otherwise: name, before and after."""
    names = sorted(before.keys() | after.keys())
    return [(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]


def _causes(before: Provenance, after: Provenance) -> dict[str, list[str]]:
    """Return what changed in any run, and in what pages are made by, by its kind."""
    causes: dict[str, list[str]] = {}
    if before.document != after.document:
        causes["document"] = [f"it is {after.document}, was {before.document}"]
    if counts := list(_counts(before, after)):
        causes["runs"] = counts
    told = (_why(*pair, before, after) for pair in _pairs([*before.runs, *before.behind], [*after.runs, *after.behind]))
    for cause in dict.fromkeys(chain.from_iterable(told)):
        kind, _, sentence = cause.partition(": ")
        causes.setdefault(kind, []).append(sentence)
    page = [*_others(before.made.parts, after.made.parts), *_others(before.made.tools, after.made.tools)]
    if page:
        causes["page"] = [f"other {name}" for name, *_ in page]
    return causes


def _counts(before: Provenance, after: Provenance) -> Iterator[str]:
    """Yield of which experiments there are other seeds, or points of a grid, than before."""
    for what, part in (
        ("seeds", lambda run: str(run.seed)),
        ("points", lambda run: ", ".join(f"{name}={at}" for name, at in sorted(run.point.items()))),
    ):
        was, now = (_by_experiment(facts, part) for facts in (before, after))
        for name in sorted(was.keys() & now.keys()):
            if was[name] != now[name]:
                yield f"{name} has {len(now[name])} {what}, had {len(was[name])}"


def _by_experiment(facts: Provenance, part: Callable[[ListedRun], str]) -> dict[str, set[str]]:
    parts: dict[str, set[str]] = {}
    for run in facts.runs:
        parts.setdefault(run.experiment, set()).add(part(run))
    return parts


def _prose(old: Evidence, new: Evidence) -> Iterator[Change]:
    """Yield the passages that were reworded: with values left out, since these are told by themselves."""
    if old.pdf == new.pdf:
        return
    before, after = (_sentences(content.read(file.pdf, file.name)) for file in (old, new))
    # Where lines end is no difference.
    there, here = ([content.plain(sentence) for sentence in sentences] for sentences in (before, after))
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, there, here, autojunk=False).get_opcodes():
        if kind != "equal":
            yield Change("text", *_excerpts(" ".join(before[i1:i2]), " ".join(after[j1:j2])))


def _excerpts(before: str, after: str) -> tuple[str, str]:
    """Return what of two long passages surrounds the first character in which they differ."""
    pairs = enumerate(zip(before, after, strict=False))
    at = next((place for place, (was, now) in pairs if was != now), min(len(before), len(after)))
    begin = max(0, at - MOST // 2) if max(len(before), len(after)) > MOST else 0
    was, now = (f"{'…' * bool(begin)}{text[begin : begin + MOST]}" for text in (before, after))
    return was if before else "", now if after else ""


def _sentences(shown: content.Content) -> list[str]:
    """Return the sentences of a PDF, but for its appendix and notes."""
    pieces = (piece for piece in (*shown.text, *shown.floats) if piece.kind != "picture")
    text = " ".join("…" if piece.kind == "value" else piece.words for piece in pieces)
    return [sentence for sentence in END.split(text) if sentence]
