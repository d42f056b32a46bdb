"""Answers and sections: Markdown with Jinja in delimiters that collide with neither LaTeX nor Markdown."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial, wraps
from typing import Any

import jinja2
from jinja2 import nodes

from report_cli import wording
from report_cli.errors import Faults, ReportError, UsageError, unknown
from report_cli.project import Project
from report_cli.report.deadline import deadline
from report_cli.report.text import faults, formats, lines, listings, tables, templates, words
from report_cli.report.text import front as fronts
from report_cli.report.text.code import foreign, replace_outside, shield
from report_cli.report.text.comparisons import t_interval
from report_cli.report.text.context import Context
from report_cli.report.text.environment import DELIMITERS, TEXT_FILTERS, Environment, called, compiled, for_text
from report_cli.report.text.escape import PRIVATE, escape
from report_cli.report.text.formats import Written
from report_cli.report.text.front import FRONT, Front
from report_cli.report.text.lines import Places
from report_cli.report.text.sentences import PREDICATES, Claims, ClaimTag
from report_cli.report.text.values import MARK, PIECE, Count, Shown, Untouchable, Value, errors_above
from report_cli.report.text.words import Language
from report_cli.store.run import FigureFile

# The folders of what a document includes.
PARTS = ("sections", "answers")
# The class of the section that is built alone.
ALONE = "built-alone"
# Before the name of a note in a part: its number, and a hyphen.
PART = "part"
# What no page can hold, and what stands for values until the last step.
NO_TEXT = re.compile(f"{PRIVATE.pattern}|{lines.CONTROL.pattern}")
NOTE = re.compile(r"^\[\^([^\]\s]+)\]:", re.MULTILINE)


@dataclass(frozen=True)
class Figure:
    """A figure where a template puts it: its file (None for a placeholder) and the line that asked for it."""

    name: str
    label: str
    file: FigureFile | None
    where: str


@dataclass
class Manuscript:
    """A document's Markdown, where its lines come from, and everything that its templates asked for.

    `places` begins with the lines of its title block. Where a `section` is built alone, `sources` are those of it.
    """

    section: str = ""
    places: Places = field(default_factory=Places)
    front: Front = field(default_factory=Front)
    figures: dict[str, Figure] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    # The sha256 of the files whose code it shows, by their paths in the project.
    code: dict[str, str] = field(default_factory=dict)
    claims: Claims = field(default_factory=Claims)
    # What is wrong with it; where that was, a placeholder stands.
    faults: Faults = field(default_factory=Faults)

    @property
    def language(self) -> Language:
        return words.of(self.front.lang)

    def shows(self, where: str) -> bool:
        """Return whether what stands at "FILE:LINE" is shown."""
        return not self.section or where.partition(":")[0] in self.sources

    @property
    def head(self) -> tuple[str, ...]:
        """The keys of the front matter whose text is a block each at the beginning of the Markdown, in order."""
        return tuple(key for key in fronts.HEAD if getattr(self.front, key).strip())


def write(project: Project, document: str, context: Context, *, section: str = "", whole: bool = True) -> Manuscript:
    """Return the rendered manuscript of `document`; unless it is to be `whole`, one that knows its own faults.

    Of what is not in `section`, if one is named, only what labels, headings and numbers it has is as it will be.

    Raises:
        UsageError: a template is malformed or names something that doesn't exist (template and line in the message).
        ReportError: a value has no result.
    """
    if document not in project.documents:
        raise unknown("document", document, project.documents)
    manuscript = _Author(project, context, section).document(document)
    if whole or manuscript.faults.is_partial:
        manuscript.faults.check()
    return manuscript


def mentions(manuscript: Manuscript) -> set[str]:
    """Return what the templates name, or have before the dot of a name, also in branches that were not rendered."""
    constants = (node.value for text in manuscript.sources.values() for node in _parsed(text).find_all(nodes.Const))
    return {constant.partition(".")[0] for constant in constants if isinstance(constant, str)}


def calls(text: str) -> set[str]:
    """Return what a template calls by name."""
    functions = (call.node for call in _parsed(text).find_all(nodes.Call))
    return {function.name for function in functions if isinstance(function, nodes.Name)}


@lru_cache(maxsize=256)  # `report watch` asks again after every edit of one template.
def _parsed(text: str) -> nodes.Template:
    return jinja2.Environment(**DELIMITERS, extensions=[ClaimTag]).parse(text)  # noqa: S701 - only parsed


class _Author:
    def __init__(self, project: Project, context: Context, section: str = "") -> None:
        self.project = project
        self.context = context
        self.context.elsewhere = bool(section)
        self.manuscript = Manuscript(section)
        self.open: list[str] = []
        self.included: list[str] = []
        # Whether the section that is built alone was met.
        self.is_met = not section
        self.environment = self._environment()

    def document(self, name: str) -> Manuscript:
        path = f"documents/{name}.md"
        try:
            with deadline("rendering", self.project.settings.time_limit):
                front = fronts.read(self.project, name, self.manuscript.faults)
                self.context.ledger.language = words.of(front.lang)
                texts: dict[str, Any] = dict.fromkeys(fronts.TEXTS, "")
                for key in fronts.TEXTS:
                    with self.manuscript.faults.noting():
                        texts[key] = self._filled(front, key)
                front = self.manuscript.front = replace(front, **texts)
                places = lines.read(self.environment.get_template(path).render())
                if not self.is_met:
                    raise self._not_included(name, self.manuscript.section)
                # The page takes its head from the beginning of the document again.
                for key in reversed(self.manuscript.head):
                    try:
                        block = self._abstract(front) if key == "abstract" else _line(front, key)
                    except ReportError as error:
                        self.manuscript.faults.note(error)
                        self.manuscript.faults.is_partial = True
                        continue
                    places = block.followed_by(places)
                if claims := self.manuscript.claims.markdown(self.manuscript.language):
                    count = claims.count("\n") + 1
                    places = places.followed_by(Places(claims, (f"templates/{path}",) * count))
                places = replace(places, markdown=self.context.ledger.with_signs(places.markdown))
                self.manuscript.places = places
                self._check_numbers(places)
        except Exception as error:  # noqa: BLE001 -- a template may raise anything
            # Once, out here: the traceback's last frame inside a template is the line at fault.
            self.manuscript.faults.note(self._located(error, f"templates/{path}"))
            self.manuscript.faults.check()
        return self.manuscript

    def _not_included(self, document: str, name: str) -> UsageError:
        """Return the error for a section that is none of a document, with what can be named, and what can't and why."""
        there = dict.fromkeys(each for folder in PARTS for each in templates.names(self.project, folder))
        others = [each for each in there if each not in self.included]
        error = unknown(f"section or answer of {document}", name, self.included)
        if name in others:
            error = UsageError(f"{document} doesn't include {name!r}, so it has no section of that name")
        hint = f"{error.hint} " if error.hint.startswith("did") else ""
        hint += f"{document} includes {wording.listing(list(dict.fromkeys(self.included))) or 'none'}"
        return UsageError(error.message, f"{hint}; not included: {', '.join(others)}" if others else hint)

    def _filled(self, front: Front, key: str) -> str:
        text = getattr(front, key)
        try:
            # An escape of TOML may bring one; the abstract has been looked through as templates are.
            if key != "abstract" and (stray := NO_TEXT.search(text)):
                raise UsageError(lines.no_text(stray[0]), "take it out")
            return self.environment.from_string(text).render()
        except Exception as error:
            where = front.places.get(key, "")
            if isinstance(error, jinja2.TemplateSyntaxError):  # It counts its lines from 1.
                path, _, line = where.rpartition(":")
                where, error.lineno = path, int(line) + error.lineno - 1
            raise self._located(error, where) from error

    def _located(self, error: Exception, where: str) -> ReportError:
        return faults.locate(error, where, self.environment.names, self.environment)

    def _abstract(self, front: Front) -> Places:
        """Return the abstract as a block of Markdown of its own."""
        path, _, line = front.places.get("abstract", "").rpartition(":")
        first = int(line or 1)
        checked = replace(front, abstract=self._checked(front.abstract, path, first))
        block = ["::: {.abstract}", *lines.read(self._filled(checked, "abstract")).markdown.split("\n"), ":::", ""]
        return Places("\n".join(block), tuple(f"{path}:{max(first, first + i - 1)}" for i in range(len(block))))

    def _check_numbers(self, places: Places) -> None:
        """Raise UsageError where a template cut a number to pieces."""
        for line, where in zip(places.markdown.split("\n"), places.lines, strict=True):
            if PIECE.search(MARK.sub("", line)):
                raise UsageError(
                    f"{where}: a number was cut to pieces", "change the text around it before it is put in"
                )

    def _environment(self) -> Environment:
        environment = Environment(
            self.manuscript.faults,
            self.context.ledger,
            sorted(
                path.relative_to(self.project.templates).as_posix() for path in self.project.templates.rglob("*.md")
            ),
            **DELIMITERS,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=self._typed,
            extensions=[lines.Marking, ClaimTag],
            bytecode_cache=compiled(),
            loader=jinja2.FunctionLoader(self._load),
        )
        context = self.context
        environment.globals = {
            "section": lambda name: self._include("sections", "section", name),
            "answer": lambda name: self._include("answers", "answer", name),
            "value": context.value,
            "points": context.points,
            "compare": context.compare,
            "results": partial(tables.results, context),
            "constant": context.constant,
            "claim": self._claim,
            **{predicate.__name__: predicate for predicate in PREDICATES},
            "z": lambda first, second: errors_above(context.value(first), context.value(second)),
            "t_interval": t_interval,
            "parameter": context.parameter,
            "matrix": self._matrix,
            "element": lambda name, *index, **point: _text(context.element(name, *index, **point)),
            "rows": context.table,
            "figure": self._figure,
            "source": self._source,
            "title": lambda name: escape(context.title(name)),
            "images_label": lambda name: escape(context.images_label(name)),
            "range": environment.globals["range"],
        }
        environment.globals = {name: called(name, function) for name, function in environment.globals.items()}
        for name in faults.NUMBERS:
            environment.filters.pop(name)
        for name in TEXT_FILTERS:
            environment.filters[name] = for_text(name, environment.filters[name])
        written = (formats.percent, formats.percentage, formats.decimals, formats.integer, formats.scientific)
        environment.filters |= {write.__name__: self._filter(write) for write in (*written, formats.duration)}
        environment.filters |= {"escape": _escape, "e": _escape}
        for name, apply in environment.filters.items():
            environment.filters[name] = wraps(apply)(partial(environment.note, apply))
        return environment

    def _load(self, name: str) -> tuple[str, str, Callable[[], bool]]:
        text, path, current = templates.read(self.project, name)
        # Front matter becomes empty lines, so that line numbers stay those of the file.
        text = self._checked(FRONT.sub(lambda match: "\n" * match[0].count("\n"), text), path)
        if not self.context.elsewhere:
            self.manuscript.sources[path] = text
        return text, path, current

    def _checked(self, text: str, path: str, first: int = 1) -> str:
        """Return a text that begins at the line `first` of `path`, its code made to be no template.

        Raises:
            UsageError: it has a private or a control character, HTML or LaTeX.
        """
        if stray := NO_TEXT.search(text):
            line = first + text.count("\n", 0, stray.start())
            raise UsageError(f"{path}:{line}: {lines.no_text(stray[0])}", "take it out")
        text = shield(text)
        if found := foreign(text, Places(text).prose):
            raise UsageError(f"{path}:{first - 1 + found[0]}: {found[1]}", found[2])
        return text

    def _include(self, folder: str, what: str, name: str) -> str:
        path = f"{folder}/{name}.md"
        names = templates.names(self.project, folder)
        if name not in names:
            raise unknown(what, name, names)
        if path in self.open:
            raise UsageError(f"{what} {name!r} includes itself")
        self.is_met |= name == self.manuscript.section
        begins = self.context.elsewhere and name == self.manuscript.section
        if begins:
            self.context.elsewhere = False
            assert self.environment.cache is not None
            self.environment.cache.clear()  # What it takes from templates that others took before is a source of it.
        self.open.append(path)
        try:
            markdown = self.environment.get_template(path).render()
        finally:
            self.open.pop()
            self.context.elsewhere |= begins
        self.included.append(name)
        markdown = _own_notes(markdown, len(self.included))
        return f"\n::: {{.{ALONE}}}\n{markdown}\n\n:::\n" if begins else f"\n{markdown}\n"

    def _claim(self, name: str, outcome: Any, *, caller: Callable[[], str]) -> str:
        return caller() if self.context.elsewhere else self.manuscript.claims.claim(name, outcome, caller=caller)

    def _matrix(self, name: str, **point: Any) -> str:
        array = self.context.array(name, **point)
        if array is None:
            return r"\begin{bmatrix}\cdot\end{bmatrix}"
        if array.ndim != 2 or array.size > 400:
            raise UsageError(f"{name} has the shape {array.shape}", "matrix takes a small array with two axes")
        whole = array.dtype.kind in "iu" or bool((array == array.round()).all())
        spelled = [
            [f"{x or 0:.0f}" if whole else self._number(formats.rounded(x)[1]) for x in row] for row in array.tolist()
        ]
        rows = [" & ".join(row) for row in spelled]
        return r"\begin{bmatrix}" + r" \\ ".join(rows) + r"\end{bmatrix}"

    def _number(self, text: str) -> str:
        return words.number(text, self.context.ledger.language)

    def _typed(self, content: object) -> object:
        """Return a number that a template computes from typed ones as `rounded` does, a count of seeds as a value,
        other numbers and texts as they are; what is neither is noted as a fault."""
        if isinstance(content, Count):
            return content.value
        is_plain = content is None or isinstance(content, str | int | float | jinja2.Undefined)
        if not is_plain and type(content).__str__ is object.__str__:
            return self.environment.note(_refuse, content)
        return self._number(formats.rounded(content)[0]) if isinstance(content, float) else content

    def _filter(self, write: Callable[..., Written]) -> Callable[..., Shown | str]:
        exact = called(write.__name__, write)

        # With the context, so that Jinja doesn't compute it while it compiles: a mark belongs to one rendering.
        @jinja2.pass_context
        def apply(_: object, value: object, *digits: int, **named: int) -> Shown | str:
            value = value.value if isinstance(value, Count) else value
            if isinstance(value, Value):
                return value.show(lambda number: exact(number, *digits, **named))
            if isinstance(value, int | float) and not isinstance(value, bool):
                return self.context.constant(value).show(lambda number: exact(number, *digits, **named))
            if isinstance(value, jinja2.Undefined):
                value._fail_with_undefined_error()
            what = repr(value) if isinstance(value, str) else faults.kind_of(value)
            hint = "one filter writes a number" if isinstance(value, Shown) else "take one number of it, or a value"
            raise UsageError(f"{what} is no number for the filter {write.__name__}", hint)

        return apply

    def _figure(self, name: str, caption: str, label: str = "", wide: bool = False) -> str:
        file = self.context.figure(name)
        label = label or "fig-" + re.sub(r"[^A-Za-z0-9]+", "-", name)
        where = lines.here()
        if not str(caption).strip():
            raise UsageError(f"the figure {name} needs a caption", 'say what it shows: caption="..."')
        if label in self.manuscript.figures:
            first = self.manuscript.figures[label].where
            raise UsageError(f"duplicate label {label!r}, first at {first}", 'give one of them label="fig-..."')
        if not label.startswith("fig-"):
            raise UsageError(f"the label {label!r} of a figure must start with fig-")
        self.manuscript.figures[label] = Figure(name, label, file, where)
        return f"\n![{' '.join(str(caption).split())}]({label}){{#{label}{' .wide' if wide else ''}}}\n"

    def _source(self, name: str, caption: str = "", label: str = "") -> str:
        module, code = listings.source(self.project, name)
        path = module.path.relative_to(self.project.root).as_posix()
        self.manuscript.code[path] = module.digest
        definition = name.rpartition(":")[2]
        label = label or "lst-" + re.sub(r"[^A-Za-z0-9]+", "-", definition).strip("-")
        return listings.listing(code, " ".join(str(caption).split()) or f"`{definition}`, `{path}`", label)


def _line(front: Front, key: str) -> Places:
    """Return a line of the title block as a block of Markdown: in brackets, none of it begins a list or a heading."""
    block = ["::: {.head}", f"[{' '.join(getattr(front, key).split())}]{{.{key}}}", ":::", ""]
    return Places("\n".join(block), (front.places[key],) * len(block))


def _refuse(content: object) -> None:
    """Raise UsageError for what is neither number nor text."""
    raise UsageError(f"{faults.kind_of(content)} is neither number nor text", "show one part of it, or go through it")


def _own_notes(markdown: str, part: int) -> str:
    """Return a rendered part with its number before the names of its notes, so that two parts may both have a note 1.

    What looks like a note in its code stays.
    """
    outside = Places(lines.MARK.sub(lambda mark: " " * len(mark[0]), markdown)).prose
    notes = set(NOTE.findall(outside))
    return replace_outside(
        markdown,
        outside,
        re.compile(r"\[\^([^\]\s]+)\]"),
        lambda match: f"[^{PART}{part}-{match[1]}]" if match[1] in notes else match[0],
    )


def _text(content: Value | str) -> Value | str:
    return escape(content) if isinstance(content, str) else content


def _escape(content: object) -> str:
    """Escape text from outside; a number is none."""
    if isinstance(content, Untouchable):
        return str(content)
    if MARK.search(str(content)):
        raise UsageError("|escape takes text from outside, and this has a number of a run in it", "escape the rest")
    return escape(str(content))
