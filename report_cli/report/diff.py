"""In what two PDFs of reports differ, and why, told from the files alone."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
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
# So many characters of prose are told.
MOST = 200


class ValueChange(msgspec.Struct, frozen=True, rename={"origins": "from"}):
    """A value that is another one now. `p` says how probable such a difference is by the seeds alone (Welch's test),
    None where one of both has no several seeds; `causes` tell what of its runs changed."""

    origins: list[str]
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
    return ReportChanges(
        list(_values(before, after)),
        _changes("claim", *claims),
        _changes("figure", *pictures),
        list(_prose(old, new)),
        _causes(before, after),
    )


def _changes(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    return [Change(f"{what} {name}", (was or "")[:12], (now or "")[:12]) for name, was, now in _others(before, after)]


def _values(before: Provenance, after: Provenance) -> Iterator[ValueChange]:
    """Yield the values that moved: those with the same origins, in the order in which both files show them."""
    old_runs, new_runs = ({run.key: run for run in facts.runs} for facts in (before, after))
    there = [_name(value, old_runs) for value in before.values]
    here = [_name(value, new_runs) for value in after.values]
    told = set()
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, there, here, autojunk=False).get_opcodes():
        if kind != "equal":
            continue
        for old, new, name in zip(before.values[i1:i2], after.values[j1:j2], there[i1:i2], strict=True):
            if old.number == new.number or (name, old.text, new.text) in told:
                continue
            told.add((name, old.text, new.text))
            runs = [new_runs[key] for key in new.runs if key in new_runs]
            pairs = _pairs(_rests(old, before), _rests(new, after))
            causes = list(dict.fromkeys(chain.from_iterable(_why(*pair, before, after) for pair in pairs)))
            point = runs[0].point if runs else {}
            yield ValueChange(new.origins, point, old.text, new.text, new.number - old.number, _noise(old, new), causes)


def _name(value: ListedValue, runs: Mapping[str, ListedRun]) -> str:
    """Return what a value is of, whatever its runs are called: its origins, unit, points and, of one run, its seed."""
    points = sorted({repr((sorted(runs[k].point.items()), runs[k].seed)) for k in value.runs if k in runs})
    return repr((value.origins, value.unit, points if value.seeds == 1 else len(points) > 1))


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
    told = (_why(*pair, before, after) for pair in _pairs([*before.runs, *before.behind], [*after.runs, *after.behind]))
    for cause in dict.fromkeys(chain.from_iterable(told)):
        kind, _, sentence = cause.partition(": ")
        causes.setdefault(kind, []).append(sentence)
    page = [*_others(before.made.parts, after.made.parts), *_others(before.made.tools, after.made.tools)]
    if page:
        causes["page"] = [f"other {name}" for name, *_ in page]
    return causes


def _prose(old: Evidence, new: Evidence) -> Iterator[Change]:
    """Yield the passages that were reworded: with values left out, since these are told by themselves."""
    if old.pdf == new.pdf:
        return
    before, after = (_sentences(content.read(file.pdf, file.name)) for file in (old, new))
    # Where lines end is no difference.
    there, here = ([content.plain(sentence) for sentence in sentences] for sentences in (before, after))
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, there, here, autojunk=False).get_opcodes():
        if kind != "equal":
            yield Change("text", " ".join(before[i1:i2])[:MOST], " ".join(after[j1:j2])[:MOST])


def _sentences(shown: content.Content) -> list[str]:
    """Return the sentences of a PDF, but for its appendix and notes."""
    pieces = (piece for piece in (*shown.text, *shown.floats) if piece.kind != "picture")
    text = " ".join("…" if piece.kind == "value" else piece.words for piece in pieces)
    return [sentence for sentence in END.split(text) if sentence]
