"""Answers and sections: Markdown with Jinja in delimiters that collide with neither LaTeX nor Markdown."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache, partial, wraps
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from report_cli.errors import UsageError, unknown
from report_cli.project import Project
from report_cli.report.deadline import deadline
from report_cli.report.text import formats, lines, tables, templates, words
from report_cli.report.text import front as fronts
from report_cli.report.text.code import foreign, replace_outside, shield
from report_cli.report.text.comparisons import t_interval
from report_cli.report.text.context import Context
from report_cli.report.text.escape import PRIVATE, escape
from report_cli.report.text.formats import Written
from report_cli.report.text.front import FRONT, Front
from report_cli.report.text.lines import Places
from report_cli.report.text.sentences import PREDICATES, Claims, ClaimTag
from report_cli.report.text.values import MARK, PIECE, Count, Shown, Untouchable, Value, errors_above
from report_cli.report.text.words import Language
from report_cli.store.run import FigureFile

DELIMITERS: dict[str, Any] = {
    "block_start_string": "<%",
    "block_end_string": "%>",
    "variable_start_string": "<<",
    "variable_end_string": ">>",
    "comment_start_string": "<#",
    "comment_end_string": "#>",
}
# Before the name of a note in a part: its number, and a hyphen.
PART = "part"
NOTE = re.compile(r"^\[\^([^\]\s]+)\]:", re.MULTILINE)
# Filters of Jinja that make other text of a text, or look into it.
TEXT_FILTERS = (
    *("capitalize", "center", "count", "forceescape", "indent", "length", "list", "lower", "replace", "reverse"),
    *("slice", "striptags", "title", "truncate", "upper", "urlencode", "urlize", "wordcount", "wordwrap"),
)
# Those among them for which a number within a sentence is a word like others.
_WORDS = ("capitalize", "indent", "lower", "replace", "title", "upper", "wordcount", "wordwrap")


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

    `places` has the lines of its title block before those of the `body`.
    """

    places: Places = field(default_factory=Places)
    body: Places = field(default_factory=Places)
    front: Front = field(default_factory=Front)
    figures: dict[str, Figure] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    claims: Claims = field(default_factory=Claims)

    @property
    def markdown(self) -> str:
        return self.body.markdown

    @property
    def language(self) -> Language:
        return words.of(self.front.lang)

    @property
    def head(self) -> tuple[str, ...]:
        """The keys of the front matter whose text is a block each at the beginning of the Markdown, in order."""
        return tuple(key for key in fronts.HEAD if getattr(self.front, key).strip())


def write(project: Project, document: str, context: Context) -> Manuscript:
    """Return the rendered manuscript of `document`.

    Raises:
        UsageError: a template is malformed or names something that doesn't exist (template and line in the message).
        ReportError: a value has no result.
    """
    if document not in templates.documents(project):
        raise unknown("document", document, templates.documents(project))
    return _Author(project, context).document(document)


def mentions(manuscript: Manuscript) -> set[str]:
    """Return the experiments that the templates name as constants, also in branches that were not rendered."""
    return {name for text in manuscript.sources.values() for name in _constants(text)}


@lru_cache(maxsize=256)  # `report watch` asks again after every edit of one template.
def _constants(text: str) -> frozenset[str]:
    tree = jinja2.Environment(**DELIMITERS, extensions=[ClaimTag]).parse(text)  # noqa: S701 - only parsed
    return frozenset(
        str(call.args[0].value).partition(".")[0]
        for call in tree.find_all(jinja2.nodes.Call)
        if isinstance(call.node, jinja2.nodes.Name) and call.args and isinstance(call.args[0], jinja2.nodes.Const)
    )


class _Compiled(jinja2.BytecodeCache):
    """Templates compiled in this process: a build renders them twice, `report watch` after every edit."""

    def __init__(self) -> None:
        self.code: dict[str, tuple[str, Any]] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        checksum, code = self.code.get(bucket.key, ("", None))
        bucket.code = code if checksum == bucket.checksum else None

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        self.code[bucket.key] = (bucket.checksum, bucket.code)


_compiled = cache(_Compiled)


class _Environment(SandboxedEnvironment):
    """Refuses `1 << 3 and 4 >> 2`: what is true of typed numbers is nothing to show, and was not meant to be."""

    def _parse(self, source: str, name: str | None, filename: str | None) -> jinja2.nodes.Template:
        tree = super()._parse(source, name, filename)
        for shown in (node for output in tree.find_all(jinja2.nodes.Output) for node in output.nodes):
            logical = isinstance(shown, jinja2.nodes.And | jinja2.nodes.Or | jinja2.nodes.Not | jinja2.nodes.Compare)
            if logical and not any(shown.find_all((jinja2.nodes.Name, jinja2.nodes.Call))):
                raise jinja2.TemplateSyntaxError("<< >> shows what is typed there", shown.lineno, name, filename)
        return tree


class _Author:
    def __init__(self, project: Project, context: Context) -> None:
        self.project = project
        self.context = context
        self.manuscript = Manuscript()
        self.open: list[str] = []
        self.included = 0
        self.environment = self._environment()

    def document(self, name: str) -> Manuscript:
        path = f"documents/{name}.md"
        try:
            with deadline("rendering", self.project.settings.time_limit):
                front = fronts.read(self.project, name)
                self.context.ledger.language = words.of(front.lang)
                texts: dict[str, Any] = {key: self._filled(front, key) for key in fronts.TEXTS}
                front = self.manuscript.front = replace(front, **texts)
                places = self.manuscript.body = lines.read(self.environment.get_template(path).render())
                # The page takes its head from the beginning of the document again.
                for key in reversed(self.manuscript.head):
                    block = self._abstract(front) if key == "abstract" else _line(front, key)
                    places = block.followed_by(places)
                if claims := self.manuscript.claims.markdown(self.manuscript.language):
                    count = claims.count("\n") + 1
                    places = places.followed_by(Places(claims, (f"templates/{path}",) * count))
                self.manuscript.places = places
                self._check_numbers(places)
        except Exception as error:
            # Once, out here: the traceback's last frame inside a template is the line at fault.
            raise lines.locate(error, f"templates/{path}", self.environment) from error
        return self.manuscript

    def _filled(self, front: Front, key: str) -> str:
        try:
            return self.environment.from_string(getattr(front, key)).render()
        except Exception as error:
            where = front.places.get(key, "")
            if isinstance(error, jinja2.TemplateSyntaxError):  # It counts its lines from 1.
                path, _, line = where.rpartition(":")
                where, error.lineno = path, int(line) + error.lineno - 1
            raise lines.locate(error, where, self.environment) from error

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

    def _environment(self) -> SandboxedEnvironment:
        environment = _Environment(
            **DELIMITERS,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
            finalize=self._typed,
            extensions=[lines.Marking, ClaimTag],
            bytecode_cache=_compiled(),
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
            "claim": self.manuscript.claims.claim,
            **{predicate.__name__: predicate for predicate in PREDICATES},
            "z": lambda first, second: errors_above(context.value(first), context.value(second)),
            "t_interval": t_interval,
            "parameter": lambda name, field_name: _text(context.parameter(name, field_name)),
            "matrix": self._matrix,
            "element": lambda name, *index, **point: _text(context.element(name, *index, **point)),
            "rows": context.table,
            "figure": self._figure,
            "title": lambda name: escape(context.title(name)),
            "images_label": lambda name: escape(context.images_label(name)),
            "range": environment.globals["range"],
        }
        environment.globals = {name: _called(name, function) for name, function in environment.globals.items()}
        for name in lines.NUMBERS:
            environment.filters.pop(name)
        for name in TEXT_FILTERS:
            environment.filters[name] = _for_text(name, environment.filters[name])
        written = (formats.percent, formats.decimals, formats.integer, formats.scientific, formats.duration)
        environment.filters |= {function.__name__: self._filter(function) for function in written}
        environment.filters |= {"escape": _escape, "e": _escape}
        return environment

    def _load(self, name: str) -> tuple[str, str, Callable[[], bool]]:
        text, path, current = templates.read(self.project, name)
        # Front matter becomes empty lines, so that line numbers stay those of the file.
        text = self._checked(FRONT.sub(lambda match: "\n" * match[0].count("\n"), text), path)
        self.manuscript.sources[path] = text
        return text, path, current

    def _checked(self, text: str, path: str, first: int = 1) -> str:
        """Return a text that begins at the line `first` of `path`, its code made to be no template.

        Raises:
            UsageError: it has a private character, HTML or LaTeX.
        """
        if stray := PRIVATE.search(text):
            line = first + text.count("\n", 0, stray.start())
            code = f"U+{ord(stray[0]):04X}"
            raise UsageError(f"{path}:{line}: {code} is a private character, which no font has", "take it out")
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
        self.open.append(path)
        try:
            markdown = self.environment.get_template(path).render()
        finally:
            self.open.pop()
        self.included += 1
        return f"\n{_own_notes(markdown, self.included)}\n"

    def _matrix(self, name: str, **point: Any) -> str:
        array = self.context.array(name, **point)
        if array is None:
            return r"\begin{bmatrix}\cdot\end{bmatrix}"
        if array.ndim != 2 or array.size > 400:
            raise UsageError(f"{name} has the shape {array.shape}", "matrix takes a small array with two axes")
        whole = array.dtype.kind in "iu" or bool((array == array.round()).all())
        spelled = [[f"{x or 0:.0f}" if whole else self._number(f"{x:.4g}") for x in row] for row in array.tolist()]
        rows = [" & ".join(row) for row in spelled]
        return r"\begin{bmatrix}" + r" \\ ".join(rows) + r"\end{bmatrix}"

    def _number(self, text: str) -> str:
        return words.number(text, self.context.ledger.language)

    def _typed(self, content: object) -> object:
        """Return a number that a template computes from typed ones with at most four digits, a count of seeds as a
        value, anything else as it is."""
        if isinstance(content, Count):
            return content.value
        return self._number(formats.exact(float(f"{content:.4g}"))[0]) if isinstance(content, float) else content

    def _filter(self, write: Callable[..., Written]) -> Callable[..., Shown | str]:
        def apply(value: object, *digits: int) -> Shown | str:
            if isinstance(value, Value):
                return value.show(lambda number: write(number, *digits))
            if isinstance(value, int | float):
                return self.context.constant(value).show(lambda number: write(number, *digits))
            raise UsageError(f"{value!r} is no number", "filters take a value, a result of arithmetic, or a number")

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


def _line(front: Front, key: str) -> Places:
    """Return a line of the title block as a block of Markdown: in brackets, none of it begins a list or a heading."""
    block = ["::: {.head}", f"[{' '.join(getattr(front, key).split())}]{{.{key}}}", ":::", ""]
    return Places("\n".join(block), (front.places[key],) * len(block))


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


def _called(name: str, function: Any) -> Any:
    """Return what a template calls as `name`, which says what is wrong with the arguments it gets."""
    signature = inspect.signature(function)
    plain = signature.replace(
        parameters=[each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()],
        return_annotation=inspect.Signature.empty,
    )

    def call(*arguments: object, **named: object) -> object:
        try:
            signature.bind(*arguments, **named)
        except TypeError as error:
            raise UsageError(f"{name}: {error}", f"write {name}{plain}") from error
        return function(*arguments, **named)

    return call


def _for_text(name: str, apply: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter of Jinja that refuses numbers, and sentences with numbers that it would cut."""

    def refuse(value: object) -> None:
        cut = isinstance(value, str) and name not in _WORDS and MARK.search(value)
        if cut or isinstance(value, Untouchable):
            raise UsageError(
                f"|{name} takes text, and this has a number of a run in it",
                "write numbers with percent, decimals(n), integer, scientific or duration",
            )

    # Some filters get the environment or the context first.
    place = int(hasattr(apply, "jinja_pass_arg"))

    @wraps(apply)
    def guarded(*arguments: object, **named: object) -> object:
        value = arguments[place]
        # What was never run may turn out to be text.
        if isinstance(value, Value) and value.missing:
            return value
        refuse(value)
        return apply(*arguments, **named)

    return guarded


def _escape(content: object) -> str:
    """Escape text from outside; a number is none."""
    if isinstance(content, Untouchable):
        return str(content)
    if MARK.search(str(content)):
        raise UsageError("|escape takes text from outside, and this has a number of a run in it", "escape the rest")
    return escape(str(content))
