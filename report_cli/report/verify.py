"""Whether a PDF shows what its runs measured: for whoever has the file and the project, and trusts neither blindly.

The file is only read. What it should show is rendered anew, by the program and templates of today, from the stored runs
that it names; and metrics are computed again from stored predictions.
"""

import difflib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from report_cli.errors import ReportError, UsageError
from report_cli.experiment import Experiment
from report_cli.project import STUDENT, Project
from report_cli.report import build, evidence, provenance
from report_cli.report.evidence import Check
from report_cli.report.pdf import content
from report_cli.report.pdf.content import Content, Piece, plain
from report_cli.report.provenance import Claim, ListedRun, ListedValue, Provenance
from report_cli.report.text.context import Context, Selection
from report_cli.store import manifest as manifests
from report_cli.store.run import Remeasurement, Results, Run
from report_cli.store.store import Store

if TYPE_CHECKING:
    from report_cli.report.page import Page

VERIFIED = "verified"
OTHER_RENDERER = "same content, other renderer"
# Nobody is accused where program or templates are not those that made the file.
OTHER_VERSION = "built from another version"
DIFFERS = "differs"
# Other versions of these lay the same content out in another way; those of anything else may change the content.
LAYOUT = ("fonts", "fonttools", "harfbuzz", "pango", "pillow", "pydyf", "weasyprint", "zlib")
# So many characters of a text are told, before and after where it differs.
AROUND = 30


class Evidence(msgspec.Struct, frozen=True):
    """A PDF and what it carries: `raw` is its provenance as it stands; `whole` is False where it was changed."""

    name: str
    pdf: bytes
    text: str
    raw: dict[str, Any]
    facts: Provenance
    whole: bool


class Difference(msgspec.Struct, frozen=True):
    """Something that is not as it should be; `page` is 0 where it is on none, `run` the key that a value links to."""

    what: str
    found: str
    expected: str
    page: int = 0
    run: str = ""

    def sentence(self) -> str:
        """Return it in words."""
        where = f"page {self.page}: " if self.page else ""
        return f"{where}{self.what} is {self.found or 'not there'}, and should be {self.expected or 'absent'}"


class ValueVerdict(msgspec.Struct, frozen=True, rename={"origins": "from"}):
    """A value with its verdict; it `rests_on` "predictions" that are stored, was "retrained", or is as "stored"."""

    text: str
    number: float
    origins: list[str]
    runs: list[str]
    verdict: str
    rests_on: str


class Verification(msgspec.Struct, frozen=True):
    """What became of a PDF. `commit` is the one that it names, `clean` whether it says that nothing was uncommitted;
    `made_by_other` names what of program and templates is another than today's, `measured_again` the experiments whose
    runs have other times here, and the same outputs; `unverified` those of which nothing is known but what is stored.
    """

    file: str
    document: str
    verdict: str
    commit: str
    clean: bool = True
    made_by_other: list[str] = []
    differences: list[Difference] = []
    values: list[ValueVerdict] = []
    claims: list[Claim] = []
    unverified: list[str] = []
    measured_again: list[str] = []

    @property
    def holds(self) -> bool:
        return self.verdict in (VERIFIED, OTHER_RENDERER)

    @property
    def is_exact(self) -> bool:
        """Whether all of the file was compared, or more isn't worth it."""
        return self.verdict != OTHER_RENDERER


def examine(path: Path) -> Evidence:
    """Return what the PDF at `path` carries.

    Raises:
        ReportError: it is no PDF of a report, encrypted, damaged or far too large.
    """
    pdf, text = content.attachment(path)
    try:
        raw, whole = provenance.opened(text)
        return Evidence(path.name, pdf, text, raw, msgspec.convert(raw, Provenance), whole)
    except ValueError as error:
        raise ReportError(f"{path.name}: its {provenance.NAME} is malformed: {error}") from error


def stored(file: Evidence, experiments: Mapping[str, Experiment], store: Store) -> tuple[dict[str, Results], list[Run]]:
    """Return the stored runs that `file` names, by experiment, and those on which they rest.

    Where a run was repeated since, with the same outputs, its times and commit are those that the file has.

    Raises:
        ReportError: a run is not stored here.
    """
    facts = file.facts
    rests = {each.key: each.experiment for run in facts.runs for each in run.behind}
    # Names of the file are compared with names, and never used as paths.
    names = {run.experiment for run in facts.runs} | set(rests.values())
    there = {run.key: run for name in sorted(names & experiments.keys()) for run in store.runs(name)}
    absent = [
        f"{run.experiment} {run.key[:8]}"
        for run in (*facts.runs, *facts.behind)
        if run.key not in there or there[run.key].experiment != run.experiment
    ]
    if absent:
        what = f"{len(absent)} of the runs of {file.name} are not stored in this project: {', '.join(absent[:3])}"
        raise ReportError(what, "verify it where its results are: in the repository of the report, at its commit")
    runs: dict[str, list[Run]] = {}
    for each in facts.runs:
        runs.setdefault(each.experiment, []).append(_as_told(there[each.key], each))
    taken = {run.key for run in facts.runs}
    listed = {run.key: run for run in facts.behind}
    behind = [_as_told(there[key], listed.get(key)) for key in rests if key in there and key not in taken]
    return {name: Results(name, tuple(each)) for name, each in runs.items()}, behind


def _as_told(run: Run, listed: ListedRun | None) -> Run:
    """Return a run that was repeated since, with the times and the commit that a file says of it; others as they are.

    Whoever accepted a result across a change said so before it was repeated.
    """
    m = run.manifest
    if listed is None or listed.times is None or listed.outputs != run.outputs:
        return run
    if m.times.finished <= listed.times.finished:
        return run
    times = msgspec.structs.replace(m.times, finished=listed.times.finished, duration_s=listed.times.duration_s)
    accepted = m.accepted or listed.accepted
    return Run(run.folder, msgspec.structs.replace(m, times=times, code=listed.code, accepted=accepted))


def _is_repeated(run: Run) -> bool:
    return manifests.read(run.folder).times != run.manifest.times


def retrained(outcome: Verification, name: str, again: Sequence[Remeasurement]) -> Verification:
    """Return the outcome for a file of which the experiment `name` was measured again."""
    wrong = [each for each in again if not each.agrees]
    differences = [
        Difference(
            f"{name}.{each.metric} of run {each.key[:8]}", f"{each.stored:g}", f"{each.measured:g} as measured again"
        )
        for each in wrong
    ]
    bad = {(each.key, f"{name}.{each.metric}") for each in wrong}
    values = [
        msgspec.structs.replace(
            value,
            rests_on="retrained",
            verdict=DIFFERS if any((k, o) in bad for k in value.runs for o in value.origins) else value.verdict,
        )
        if any(origin.startswith(f"{name}.") for origin in value.origins)
        else value
        for value in outcome.values
    ]
    return msgspec.structs.replace(
        outcome,
        verdict=DIFFERS if wrong else outcome.verdict,
        differences=[*outcome.differences, *differences],
        values=values,
        unverified=[each for each in outcome.unverified if each != name],
    )


def verify(
    project: Project,
    file: Evidence,
    selection: Selection,
    experiments: Mapping[str, Experiment],
    code: str,
) -> Verification:
    """Return what becomes of `file`. `selection` has the runs that it names, and those on which they rest.

    Raises:
        ReportError: it is a draft, Pango is missing, or a stored run is damaged.
    """
    from report_cli.report.page import render

    facts = file.facts
    if facts.made.draft:
        # Why a result was missing is known to no run.
        raise ReportError(
            f"{file.name} is a draft, and shows what no run gives", "verify what is built without --draft"
        )
    commit = facts.made.commit.commit if facts.made.commit else ""

    def outcome(verdict: str, differences: Sequence[Difference], values: Sequence[ValueVerdict] = ()) -> Verification:
        rests = (*(run for runs in selection.runs.values() for run in runs), *selection.behind.values())
        names = sorted({run.experiment for run in rests})
        again = sorted({run.experiment for run in rests if _is_repeated(run)})
        clean = facts.made.commit is None or facts.made.commit.clean
        found = list(differences), list(values), facts.claims, names, again
        return Verification(file.name, facts.document, verdict, commit, clean, other, *found)

    other = _changed(project, facts, experiments, code)
    if not file.whole:
        # Of what was changed in itself nothing is worth comparing.
        return outcome(DIFFERS, [Difference(provenance.NAME, "changed after it was written", "as it was")])
    # A file for students names no runs of what it leaves out.
    context = Context(experiments, selection, draft=facts.made.view == STUDENT)
    try:
        page = render(project, facts.document, context, ("pdf",), file.raw["made"], file.text)
    except ReportError as error:
        if not other:
            raise
        return outcome(OTHER_VERSION, [Difference("the document of today", f"an error ({error.message})", "a page")])
    if page.failure is not None:
        raise page.failure
    other += _shown_otherwise(facts, page)
    here: dict[str, Any] = page.provenance["made"]["with"]
    tools = facts.made.tools
    changed = sorted(name for name in tools.keys() | here.keys() if tools.get(name) != here.get(name))
    other += [name for name in changed if name not in LAYOUT]
    differences = list(_attached(file.raw, page.provenance, passed_over={"html"} if changed else set()))
    built = page.contents["pdf"]
    if built != file.pdf:
        differences += _pages(content.read(file.pdf, file.name), content.read(built, "the page"))
        if not differences and not changed:
            differences.append(Difference("the file", "in other bytes than what is built here", "the same"))
    runs = list({run.key: run for run in (*context.used(), *selection.behind.values())}.values())
    checks = {run.key: evidence.check(run) for run in runs}
    metrics = [
        Difference(
            f"{run.experiment}.{name} of run {run.key[:8]}", f"{each.stored:g}", f"{each.computed:g} by its predictions"
        )
        for run in runs
        for name, each in checks[run.key].items()
        if not each.agrees
    ]
    values = _values(facts.values, page.provenance["values"], differences, checks)
    if differences and other and not metrics:
        return outcome(OTHER_VERSION, differences, values)
    verdict = DIFFERS if differences or metrics else VERIFIED if built == file.pdf else OTHER_RENDERER
    return outcome(verdict, [*differences, *metrics], values)


def _changed(project: Project, facts: Provenance, experiments: Mapping[str, Experiment], code: str) -> list[str]:
    """Return the parts by which the document was made that are others today."""
    try:
        taken = build.survey(project, facts.document, experiments, code, facts.made.section).experiments
    except UsageError:
        taken = ()  # What experiments a malformed document takes isn't known.
    parts = build.digests(build.parts(project, facts.document, {name: experiments[name] for name in taken}, code))
    return [name for name, digest in parts.items() if facts.made.parts.get(name) != digest]


def _shown_otherwise(facts: Provenance, page: "Page") -> list[str]:
    """Return what of the project's own pictures and code is another one today."""
    made = page.provenance["made"]
    kinds = {
        "images": (facts.images, page.images),
        "listed code": (facts.made.sources, made["sources"]),
        "drawing code or matplotlib": (facts.made.drawings, made["drawings"]),
    }
    return [
        name for name, (given, now) in kinds.items() if any(given[key] != now[key] for key in given.keys() & now.keys())
    ]


def _attached(given: Mapping[str, Any], built: Mapping[str, Any], passed_over: Collection[str]) -> Iterator[Difference]:
    """Yield in what a provenance differs from the one that is built here, beside by what it was made."""
    for name in sorted((given.keys() | built.keys()) - {"made", "digest", *passed_over}):
        before, after = _comparable(name, built.get(name)), _comparable(name, given.get(name))
        for key in sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k)):
            what = f"{name} {key}".strip()
            yield Difference(f"{what} in {provenance.NAME}", _told(after.get(key)), _told(before.get(key)))


def _comparable(name: str, part: Any) -> dict[str, Any]:
    if name in ("runs", "behind"):
        # Kept runs have other files than own ones, and the same outputs; times stand in the appendix.
        return {run["key"]: {k: v for k, v in run.items() if k not in ("files", "times")} for run in part or ()}
    if name == "values":
        return {f"{n + 1}": value for n, value in enumerate(part or ())}
    return part if isinstance(part, dict) else {"": part}


def _told(part: Any) -> str:
    if isinstance(part, dict) and "text" in part:
        return f"{part['text']} ({part.get('number')})"
    return "" if part is None else " ".join(str(part).split())[:60]


def _pages(shown: Content, built: Content) -> Iterator[Difference]:
    """Yield in what the pages of a PDF differ from those that are built here."""
    for name in ("text", "floats", "notes", "apart"):
        yield from _pieces(getattr(shown, name), getattr(built, name))
    tails = {_tail(text, built.headings) for text in built.outside} | {""}
    for number, text in enumerate(shown.outside, 1):
        if text not in built.outside and _tail(text, built.headings) not in tails:
            yield Difference("what stands around the text", repr(text[:80]), "as on the other pages", number)
    for extra in sorted(shown.extras - built.extras):
        yield Difference("something beside the text", extra, "")


def _tail(text: str, headings: Collection[str]) -> str:
    """Return what follows the heading in the head of a page: which heading that is depends on where pages end."""
    heading = max((each for each in headings if text.startswith(each)), key=len, default="")
    return text.removeprefix(heading)


def _pieces(shown: Sequence[Piece], built: Sequence[Piece]) -> Iterator[Difference]:
    before, after = [piece.same for piece in built], [piece.same for piece in shown]
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        for n in range(max(i2 - i1, j2 - j1)):
            expected = built[i1 + n] if i1 + n < i2 else None
            found = shown[j1 + n] if j1 + n < j2 else None
            yield _difference(found, expected)


def _difference(found: Piece | None, expected: Piece | None) -> Difference:
    there = found or expected
    assert there is not None
    names = {"text": "the text", "value": "a value", "picture": "a picture"}
    first, second = found.text if found else "", expected.text if expected else ""
    at = next((n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second)))
    page = there.page_at(at)
    if found and expected and first == second:
        if there.kind == "picture":
            return Difference(f"the picture {first[:40]!r}", "another drawing", "the one of its run", page)
        return Difference(f"the link of {first!r}", found.target, expected.target, page, expected.target[4:])
    cut = slice(max(0, at - AROUND), at + AROUND)
    reads, gives = (repr(text[cut]) if text else "" for text in (first, second))
    return Difference(names[there.kind], reads, gives, page, (expected or there).target[4:])


def _values(
    shown: Sequence[ListedValue],
    built: Sequence[Mapping[str, Any]],
    differences: Sequence[Difference],
    checks: Mapping[str, Mapping[str, Check]],
) -> list[ValueVerdict]:
    """Return the verdict on each value: as it is attached, as it stands on a page, and as it is stored."""
    misread = Counter((each.expected.strip("'"), each.run) for each in differences if each.what == "a value")
    judged = []
    for n, value in enumerate(shown):
        expected = msgspec.convert(built[n], ListedValue) if n < len(built) else None
        origins = [origin.rpartition(".")[2] for origin in value.origins]
        found = [checks.get(key, {}).get(name) for key in value.runs for name in origins]
        # Of several origins each run has its own metrics.
        known = [check for check in found if check is not None]
        every = len(known) >= max(len(value.runs), len(origins)) > 0
        place = plain(value.text), value.runs[0] if value.runs else ""
        wrong = value != expected or not all(check.agrees for check in known) or misread[place] > 0
        if misread[place] > 0:
            misread[place] -= 1
        verdict, rests_on = DIFFERS if wrong else VERIFIED, "predictions" if every else "stored"
        judged.append(ValueVerdict(value.text, value.number, value.origins, value.runs, verdict, rests_on))
    return judged
