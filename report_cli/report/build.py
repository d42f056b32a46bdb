"""Builds a document: gather, render, and swap the finished files in; nothing heavy is loaded when nothing changed."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from report_cli import files, wording
from report_cli.errors import ReportError, unknown
from report_cli.experiment import Experiment, parameters
from report_cli.keys import environment
from report_cli.keys.canonical import digest
from report_cli.project import FORMATS, PAGES, PROVENANCE, VIEWS, Edition, Project, folder_of, stem_of
from report_cli.report.text import front
from report_cli.report.text.context import Context, Selection
from report_cli.report.text.templates import folders, names
from report_cli.store.manifest import Commit
from report_cli.store.run import FigureFile, Run

__all__ = ["FORMATS", "Built", "Selection", "build", "check_warnings", "survey", "unused_answers"]

# What of the settings is shown on a page.
SHOWN = ("author", "id", "course", "date", "lang")

# The packages that turn templates into pages: another version of one may make another page.
CONVERTERS = (
    *("fonttools", "jinja2", "lxml", "nh3", "pikepdf", "pillow", "pypandoc_binary", "scipy", "typst", "weasyprint"),
)

# What inputs of a page are called: three before the name of their experiment, and whether it is a draft.
RESULTS, FIGURES, DECLARED, DRAFT = "results of ", "figures of ", "the declaration of ", "draft"
# What editors and tools leave beside a file: no page reads it.
LEFT_BEHIND = re.compile(r"\..*|#.*#|.*(~|\.(bak|orig|rej|swp))")
# So many inputs that changed are told.
MOST = 3

# Where the shipped fonts, or those in their place, lie among the templates.
FONTS = "style/fonts/"
DOCUMENTS = "documents/"


class Built(msgspec.Struct, frozen=True):
    """The files of a built document and its warnings; `written` is False when nothing had changed."""

    document: str
    paths: tuple[Path, ...]
    written: bool
    warnings: tuple[str, ...] = ()


class Survey(msgspec.Struct, frozen=True):
    """What a document takes: experiments in the order of taking, and the answers that it includes.

    `inputs` is the digest of what it was found in.
    """

    inputs: str
    experiments: tuple[str, ...]
    answers: tuple[str, ...]


class Stamp(msgspec.Struct, frozen=True):
    """What a build noted: the digests of its inputs, of the images and code that it shows, and of its files.

    Inputs have the names that people give them. `links_pdf` is whether the page links to the PDF beside it.
    """

    inputs: dict[str, str]
    shown: dict[str, str]
    outputs: dict[str, str]
    links_pdf: bool
    warnings: tuple[str, ...]


def survey(
    project: Project, document: str, experiments: Mapping[str, Experiment], code: str, section: str = ""
) -> Survey:
    """Return what `document`, or a section of it, takes, found by rendering it with placeholders.

    `code` is a digest of this program.

    Raises:
        UsageError: a template is malformed, or names an experiment, metric, figure, answer or section that doesn't
            exist: so a mistyped name fails before anything is trained.
    """
    if document not in project.documents:
        raise unknown("document", document, project.documents)
    inputs = digest(
        {
            "package": _package(code),
            "templates": [_folder(folder, "*.md") for folder in folders(project)],
            "experiments": {name: _declared(item) for name, item in experiments.items()},
            "parameters": {
                name: sorted({field for params in item.params.values() for field in parameters(params)})
                for name, item in experiments.items()
            },
        }
    )
    path = project.build / "survey" / f"{stem_of(document, section=section)}.json"
    try:
        kept = msgspec.convert(files.read_json(path), Survey)
        if kept.inputs == inputs:
            return kept
    except (OSError, ValueError):
        pass  # Absent or damaged: surveyed anew.
    found = _surveyed(project, document, section, experiments, inputs)
    files.write_json(path, msgspec.to_builtins(found))
    return found


def _surveyed(
    project: Project, document: str, section: str, experiments: Mapping[str, Experiment], inputs: str
) -> Survey:
    from report_cli.report.text import manuscript

    dry = Context(experiments, selection=None, draft=True)
    source = manuscript.write(project, document, dry, section=section, whole=False)
    if source.faults.errors:
        from report_cli.report.html import compose

        compose.compose(project, source, dry.ledger)  # raises, with what else is wrong
    answers = {Path(name).stem for name in source.sources if name.startswith("templates/answers/")}
    # A branch that placeholders don't take may be the one that the results take.
    elsewhere = sorted(manuscript.mentions(source) & experiments.keys() - dry.ledger.experiments.keys())
    return Survey(inputs, (*dry.ledger.experiments, *elsewhere), tuple(sorted(answers)))


def unused_answers(project: Project, surveys: Iterable[Survey]) -> list[str]:
    """Return a warning for each answer of the project that none of these documents includes: one may be forgotten."""
    written = set(names(project, "answers"))
    unused = sorted(written.difference(*(each.answers for each in surveys)))
    return [f"no document includes templates/answers/{name}.md" for name in unused]


def build(
    project: Project,
    document: str,
    edition: Edition,
    selection: Selection,
    experiments: Mapping[str, Experiment],
    code: str,
    *,
    profile: str = "quick",
    tell: Callable[[str], None] = lambda told: None,
    stage: Callable[[str], None] = lambda name: None,
    commit: Callable[[], Commit | None] = lambda: None,
) -> Built:
    """Bring the files of `document` up to date with `selection` and return them.

    `code` is a digest of all sources of this program: any module may decide how a page looks. A view other than the
    solution, and a section alone, get files of their own, with their names in theirs. A failing build leaves the
    previous report untouched. `tell` is called with where the numbers come from, `stage` with what begins: the text,
    and the formats; `commit` returns that of the project, which the PDF names.

    Raises:
        UsageError: a template names something that doesn't exist, or is malformed.
        ReportError: a result is missing and the report is no draft, or Pango is (the HTML is written then); a warning
            of a strict build.
    """
    for name in edition.formats:
        if name not in FORMATS:
            raise unknown("format", name, FORMATS)
    if edition.view not in VIEWS:
        raise unknown("view", edition.view, VIEWS)
    stem = stem_of(document, edition.view, edition.section)
    paths = {name: project.reports / f"{stem}.{name}" for name in FORMATS if name in edition.formats}
    origin = parts(project, document, _taken(experiments, selection), code)
    inputs = _inputs(origin, stem, selection, edition.draft, profile)
    stamp = _stamped(project, stem, inputs)
    if stamp is not None and not _altered(paths, stamp, project.reports, stem):
        check_warnings(stamp.warnings, edition.strict)
        return Built(document, tuple(paths.values()), written=False, warnings=stamp.warnings)
    # Rendering loads the converters; an unchanged report returns above without them.
    from report_cli.report.page import render

    context = Context(experiments, selection, edition.draft)
    outputs, links_pdf = (stamp.outputs, stamp.links_pdf) if stamp else ({}, False)
    has_pdf = _intact(project.reports / f"{stem}.pdf", outputs.get("pdf"))
    made = {
        "view": edition.view,
        "section": edition.section,
        "draft": edition.draft,
        "commit": msgspec.to_builtins(commit()),
        "parts": digests(origin),
    }
    rendered = render(project, document, context, tuple(paths), made, stage=stage, has_pdf=has_pdf)
    tell(f"{document}, {rendered.numbers}")
    check_warnings(rendered.warnings, edition.strict)
    written = {name: paths[name] for name in rendered.contents}
    folder = folder_of(stem)
    written |= {f"{folder}/{name}": project.reports / folder / name for name in rendered.beside}
    for path, content in zip(written.values(), (*rendered.contents.values(), *rendered.beside.values()), strict=True):
        files.write_bytes(path, content)
    # A format that was built from the same inputs before is still what it was.
    outputs |= {name: files.digest(path) for name, path in written.items()}
    if "html" in written:
        links_pdf = has_pdf or "pdf" in written
    noted = Stamp(inputs, {**rendered.images, **rendered.code}, outputs, links_pdf, rendered.warnings)
    files.write_json(_stamp(project, stem), msgspec.to_builtins(noted))
    if rendered.failure is not None:
        raise rendered.failure
    return Built(document, tuple(paths.values()), written=True, warnings=rendered.warnings)


def outdated(
    project: Project,
    document: str,
    selection: Selection,
    experiments: Mapping[str, Experiment],
    code: str,
    profile: str,
) -> list[str]:
    """Return why a build would write the pages of `document` that are there anew; nothing where it leaves them.

    Of experiments that `selection` hasn't got nothing is said.
    """
    paths = {name: path for name in PAGES if (path := project.reports / f"{document}.{name}").is_file()}
    origin = parts(project, document, _taken(experiments, selection), code)
    inputs = _inputs(origin, document, selection, False, profile)
    stamp = _noted(project, document)
    if stamp is None:
        return ["what it was made of isn't known"]
    known = {kind + name for kind in (RESULTS, FIGURES, DECLARED) for name in selection.runs}
    names = [*inputs, *(name for name in stamp.inputs if name not in inputs)]
    others = [name for name in names if inputs.get(name) != stamp.inputs.get(name)]
    changed = [name for name in others if name in known or not name.startswith((RESULTS, FIGURES, DECLARED))]
    changed += [name for name, digest_ in stamp.shown.items() if not _intact(project.root / name, digest_)]
    reasons = []
    if DRAFT in changed:
        changed.remove(DRAFT)
        reasons.append("it is a draft")
    if changed:
        told = changed[:MOST] + ([f"{len(changed) - MOST} more"] if len(changed) > MOST else [])
        reasons.append(f"{wording.listing(told)} changed")
    altered = _altered(paths, stamp, project.reports, document)
    return [*reasons, altered] if altered else reasons


def check_warnings(warnings: Sequence[str], strict: bool) -> None:
    """Raise ReportError for `warnings` of a strict build."""
    if strict and warnings:
        raise ReportError("; ".join(warnings), "without --strict these are warnings")


def _stamp(project: Project, document: str) -> Path:
    return project.reports / f"{document}.json"


def _noted(project: Project, document: str) -> Stamp | None:
    """Return what the last build noted, or None."""
    try:
        return msgspec.convert(files.read_json(_stamp(project, document)), Stamp)
    except (OSError, ValueError):
        return None  # Absent or damaged: built anew.


def _stamped(project: Project, document: str, inputs: Mapping[str, str]) -> Stamp | None:
    """Return what the last build of the same inputs noted, or None."""
    stamp = _noted(project, document)
    if stamp is None or stamp.inputs != inputs:
        return None
    # Which images and code a document shows is known by rendering it; the same inputs show the same.
    return stamp if all(_intact(project.root / name, digest_) for name, digest_ in stamp.shown.items()) else None


def _altered(paths: Mapping[str, Path], stamp: Stamp, reports: Path, stem: str) -> str:
    """Return which of these formats, and of the files that lie beside any of them, is not what was written, if any.

    A page links to the PDF beside it: one that was made without it, or whose PDF is gone, is another page.
    """
    outputs = stamp.outputs
    names = outputs.keys() - set(FORMATS)
    if paths.keys() <= set(PAGES):
        names = {name for name in names if "html" in paths and name.endswith(f"/{PROVENANCE}")}
    beside = {name: reports / name for name in names}
    for name, path in {**paths, **beside}.items():
        if not _intact(path, outputs.get(name)):
            return f"{path.name} is {'not as it was written' if name in outputs else 'of an earlier build'}"
    has_pdf = "pdf" in paths or _intact(reports / f"{stem}.pdf", outputs.get("pdf"))
    if "html" in paths and stamp.links_pdf != has_pdf:
        return f"{stem}.html {'lacks the link to its PDF' if has_pdf else 'leads to a PDF that is gone'}"
    return ""


def _intact(path: Path, digest_: str | None) -> bool:
    try:
        return digest_ is not None and files.digest(path) == digest_
    except OSError:
        return False


def _inputs(
    origin: Mapping[str, Any],
    document: str,
    selection: Selection,
    draft: bool,
    profile: str,
) -> dict[str, str]:
    """Return the digests of everything that the pages are made of, by what people call it."""
    own, *inherited = origin["templates"]
    runs, figures, missing = selection.runs, selection.figures, selection.missing
    inputs = {
        **{f"templates/{name}": each for name, each in own.items()},
        **origin["named"],
        **{
            RESULTS + name: [missing.get(name), *(_run(run, selection.behind) for run in runs.get(name, ()))]
            for name in {**runs, **missing}
        },
        **{FIGURES + name: [_figure(each) for each in drawn.values()] for name, drawn in figures.items()},
        **{DECLARED + name: each for name, each in origin["experiments"].items()},
        **{f"{name} in pyproject.toml": each for name, each in origin["settings"].items()},
        "the profile": profile,
        "the fonts": origin["fonts"],
        "the program": [origin["program"], inherited],
        **{f"the version of {name}": environment.version(name) for name in CONVERTERS},
        "its name": document,
        DRAFT: draft,
    }
    return {name: digest(each) for name, each in inputs.items()}


def _taken(experiments: Mapping[str, Experiment], selection: Selection) -> dict[str, Experiment]:
    return {name: experiments[name] for name in {**selection.runs, **selection.missing}}


def parts(
    project: Project, document: str, experiments: Mapping[str, Experiment], code: str
) -> dict[str, dict[str, Any] | list[Any]]:
    """Return what pages are made by, beside results and packages: this program, the texts of the project, and what the
    experiments declare that the document takes.
    """
    # What another document says is nothing to this one, unless a template includes it.
    others = {f"{DOCUMENTS}{name}.md" for name in project.documents if name != document}
    if others:
        texts = "".join(path.read_text(encoding="utf-8", errors="replace") for path in project.templates.rglob("*.md"))
        others = {name for name in others if name not in texts}
    folders_ = [
        {name: d for name, d in _folder(folder, "*").items() if name not in others} for folder in folders(project)
    ]
    return {
        "program": _package(code),
        "templates": [{n: d for n, d in files_.items() if not n.startswith(FONTS)} for files_ in folders_],
        "fonts": [
            *({n: d for n, d in files_.items() if n.startswith(FONTS)} for files_ in folders_),
            {name: files.digest(path) for name, path in project.fonts.items()},
        ],
        "named": {name: files.digest(project.root / name) for name in front.files(project, document)},
        "experiments": {name: _declared(item) for name, item in experiments.items()},
        "settings": asdict(project.settings),
    }


def digests(origin: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of what pages are made by, for whoever asks later whether it is still the same.

    Fonts are left out: with others the same is said, and only looks different.
    """
    shown = {name: origin["settings"][name] for name in SHOWN}
    return {name: digest(part) for name, part in ({**origin, "settings": shown}).items() if name != "fonts"}


def _package(code: str) -> dict[str, str]:
    # Of the program's files those in Python are in its code.
    filters = {path.name: files.digest(path) for path in sorted(Path(__file__).parent.glob("html/*.lua"))}
    return {"version": environment.version("coursework-report"), "code": code, **filters}


def _folder(folder: Path, pattern: str) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): files.digest(path)
        for path in sorted(folder.rglob(pattern))
        if path.is_file() and not LEFT_BEHIND.fullmatch(path.name)
    }


def _declared(experiment: Experiment) -> list[Any]:
    metrics = {name: [m.unit, m.words, m.of] for name, m in sorted(experiment.metrics.items())}
    return [experiment.title, metrics, list(experiment.figures), experiment.grid]


def _run(run: Run, behind: Mapping[str, Run]) -> list[Any]:
    # The manifest has the digest of every file of the run. A run behind it may come out as before.
    rests_on = [[each.key, behind[each.key].outputs if each.key in behind else None] for each in run.manifest.behind]
    return [run.key, run.manifest.manifest_digest, rests_on]


def _figure(figure: FigureFile) -> list[str]:
    return [figure.name, figure.alt, *figure.sha256.values()]
