"""The Jinja of templates: what is wrong is noted with its place, and a placeholder lets the next fault be seen."""

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce, wraps
from typing import Any

import jinja2
from jinja2.compiler import CodeGenerator, Frame
from jinja2.sandbox import SandboxedEnvironment

from report_cli import claims
from report_cli.errors import CollectedError, Faults, UsageError, unknown
from report_cli.report.deadline import OverdueError
from report_cli.report.text import faults, lines
from report_cli.report.text.values import MARK, PARTS, Ledger, Untouchable, Value

DELIMITERS: dict[str, Any] = {
    "block_start_string": "<%",
    "block_end_string": "%>",
    "variable_start_string": "<<",
    "variable_end_string": ">>",
    "comment_start_string": "<#",
    "comment_end_string": "#>",
}
# Filters of Jinja that make other text of a text, or look into it.
TEXT_FILTERS = (
    *("capitalize", "center", "count", "forceescape", "indent", "length", "list", "lower", "replace", "reverse"),
    *("slice", "striptags", "title", "truncate", "upper", "urlencode", "urlize", "wordcount", "wordwrap"),
)
# Those among them for which a number within a sentence is a word like others.
_WORDS = ("capitalize", "indent", "lower", "replace", "title", "upper", "wordcount", "wordwrap")
# How each is written, for whoever wrote it otherwise.
USAGE = {
    "section": 'section("NAME")',
    "answer": 'answer("NAME")',
    **{name: f'{name}("EXPERIMENT.METRIC")' for name in ("value", "points")},
    "compare": 'compare("EXPERIMENT.METRIC", "EXPERIMENT.METRIC")',
    "results": 'results(rows=["EXPERIMENT"], columns=["METRIC"], caption="...", label="tbl-...")',
    "constant": 'constant(0.7383, "fraction")',
    "claim": '<% claim "NAME", OUTCOME %>Sentence.<% endclaim %>',
    **{name: f"{name}(a, b)" for name in ("about", "twice", "half")},
    "times": "times(a, b, 3)",
    "between": "between(a, LOW, HIGH)",
    **{name: f"{name}(a, b, ...)" for name in ("rising", "falling")},
    **{name: f"{name}(OUTCOME, OUTCOME, ...)" for name in ("every", "some", "most", "neither")},
    "z": 'z("EXPERIMENT.METRIC", "EXPERIMENT.METRIC")',
    "t_interval": "t_interval(value), or t_interval(mean, spread, n)",
    "parameter": 'parameter("EXPERIMENT", "PARAMETER")',
    "matrix": 'matrix("EXPERIMENT.ARRAY")',
    "element": 'element("EXPERIMENT.ARRAY", 0)',
    "rows": 'rows("EXPERIMENT.TABLE"), or rows("EXPERIMENT.TABLE", seed=0)',
    "figure": 'figure("EXPERIMENT.FIGURE", caption="...")',
    **{name: f'{name}("EXPERIMENT")' for name in ("title", "images_label")},
    "range": "range(10)",
    **{name: f"{name}, or {name}(2)" for name in ("percent", "percentage", "decimals", "scientific")},
    **{name: name for name in ("integer", "duration")},
}
# Arguments that are names, calls that render more, and calls whose labels others may refer to.
_NAMES = ("name", "field_name", "first", "second", "label")
_RENDERING = ("section", "answer", "figure", "claim")
_LABELLED = ("section", "answer", "figure", "results", "source")


class CompiledTemplates(jinja2.BytecodeCache):
    """Templates compiled in this process: a build renders them twice, `report watch` after every edit."""

    def __init__(self) -> None:
        self.code: dict[str, tuple[str, Any]] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        checksum, code = self.code.get(bucket.key, ("", None))
        bucket.code = code if checksum == bucket.checksum else None

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        # What a fault was left out of is not what the template says.
        if not getattr(bucket.environment, "noted", Faults()).errors:
            self.code[bucket.key] = (bucket.checksum, bucket.code)


compiled = cache(CompiledTemplates)


class Placeholder(Value):
    """Stands for what couldn't be had, whatever a template does with it: its fault is noted, and is the only one."""

    # What the sandbox asks of what is called.
    unsafe_callable = alters_data = False

    def _same(self, *_: Any, **__: Any) -> Any:
        return self

    __getitem__ = __call__ = __add__ = __radd__ = __mod__ = _same

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "jinja_pass_arg":
            raise AttributeError(name)
        return self

    def __iter__(self) -> Any:  # type: ignore[override]
        return iter(())

    def __len__(self) -> int:  # type: ignore[override]
        return 0

    def __contains__(self, item: object) -> bool:  # type: ignore[override]
        return False


class ThreeValued(CodeGenerator):
    """Has `and`, `or`, `not` and `a < b < c` mean the same of outcomes as every, some and ~: Python would take what is
    undecided for false, and keep only the last of the evidence."""

    def visit_And(self, node: jinja2.nodes.BinExpr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write both(left, lambda: right)."""
        self._write_lazily("both", node, frame)

    def visit_Or(self, node: jinja2.nodes.BinExpr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write either(left, lambda: right)."""
        self._write_lazily("either", node, frame)

    def visit_Not(self, node: jinja2.nodes.UnaryExpr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write opposite(operand)."""
        self.write("environment.opposite(")
        self.visit(node.node, frame)
        self.write(")")

    def visit_Compare(self, node: jinja2.nodes.Compare, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write a comparison; a chain as its pairs."""
        if len(node.ops) == 1:
            super().visit_Compare(node, frame)
            return
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        pairs: list[jinja2.nodes.Expr] = [
            jinja2.nodes.Compare(left, [operand]) for left, operand in zip(sides[:-1], node.ops, strict=True)
        ]
        self.visit(reduce(jinja2.nodes.And, pairs), frame)

    def _write_lazily(self, function: str, node: jinja2.nodes.BinExpr, frame: Frame) -> None:
        self.write(f"environment.{function}(")
        self.visit(node.left, frame)
        self.write(", lambda: ")
        self.visit(node.right, frame)
        self.write(")")


class Environment(SandboxedEnvironment):
    """Notes what a call or a filter finds wrong, and goes on with a placeholder: the next fault is told with it.

    Refuses `1 << 3 and 4 >> 2`: what is true of typed numbers is nothing to show, and was not meant to be.
    """

    code_generator_class = ThreeValued
    both = staticmethod(claims.both)
    either = staticmethod(claims.either)
    opposite = staticmethod(claims.opposite)
    # What a tag calls goes into the text as it is; a placeholder in its place is no text yet.
    concat = staticmethod(lambda parts: "".join(map(str, parts)))

    def __init__(self, noted: Faults, ledger: Ledger, names: Sequence[str], **options: Any) -> None:
        self.noted = noted
        self.is_compiling = False
        self.lost = Placeholder(math.nan, "", (), (), ledger, (), "?")
        self.names = names
        super().__init__(**options)
        environment = self

        class Unknown(jinja2.StrictUndefined):
            """What is not there; Jinja asks it for a message where it is used, and ours comes with a hint."""

            @property
            def _undefined_message(self) -> str:
                if self._undefined_hint:
                    return self._undefined_hint
                if self._undefined_obj is jinja2.utils.missing:
                    raise unknown("name", self._undefined_name or "", environment.globals)
                raise faults.unknown_part(self._undefined_obj, self._undefined_name)

            def __str__(self) -> str:  # type: ignore[override]
                return str(environment.note(self._fail_with_undefined_error))

        self.undefined = Unknown

    def note(self, make: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Return what `make` makes, or a placeholder when it fails."""
        # While a template is compiled, Jinja tries what is constant: it fails again where it is rendered.
        if self.is_compiling or lines.here() == lines.NOWHERE:
            return make(*arguments, **named)
        if any(each is self.lost for each in arguments):
            return self.lost
        try:
            return make(*arguments, **named)
        except (OverdueError, CollectedError, RecursionError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 -- an expression of a template may raise anything
            self.noted.note(faults.locate(error, lines.here(), self.names, self))
            return self.lost

    def call(self, context: Any, function: Any, *arguments: Any, **named: Any) -> Any:
        """Call what a template calls."""
        made = self.note(super().call, context, function, *arguments, **named)
        # What isn't a value may have had labels.
        is_value = not isinstance(function, jinja2.Undefined) and not getattr(function, "is_labelled", True)
        self.noted.is_partial |= made is self.lost and not is_value
        return made

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Return whether a template may write this with a dot."""
        is_part = not isinstance(obj, Untouchable) or isinstance(obj, Placeholder) or attr in PARTS
        return is_part and super().is_safe_attribute(obj, attr, value)

    def unsafe_undefined(self, obj: Any, attribute: str) -> jinja2.Undefined:
        """Return what stands for a part that a template may not have."""
        if isinstance(obj, Untouchable):
            return self.undefined(obj=obj, name=attribute)
        return super().unsafe_undefined(obj, attribute)

    def getattr(self, thing: Any, attribute: str) -> Any:
        """Return what a template writes with a dot."""
        return self.note(super().getattr, thing, attribute)

    def getitem(self, thing: Any, argument: Any) -> Any:
        """Return what a template writes in brackets."""
        return self.note(super().getitem, thing, argument)

    def _generate(self, *arguments: Any, **named: Any) -> str:
        self.is_compiling = True
        try:
            return super()._generate(*arguments, **named)
        finally:
            self.is_compiling = False

    def _parse(self, source: str, name: str | None, filename: str | None) -> jinja2.nodes.Template:
        tree = super()._parse(source, name, filename)
        for shown in (node for output in tree.find_all(jinja2.nodes.Output) for node in output.nodes):
            logical = isinstance(shown, jinja2.nodes.And | jinja2.nodes.Or | jinja2.nodes.Not | jinja2.nodes.Compare)
            if logical and not any(shown.find_all((jinja2.nodes.Name, jinja2.nodes.Call))):
                raise jinja2.TemplateSyntaxError("<< >> shows what is typed there", shown.lineno, name, filename)
        for kind, known, nodes in (
            ("filter", self.filters, tree.find_all(jinja2.nodes.Filter)),
            ("test", self.tests, tree.find_all(jinja2.nodes.Test)),
        ):
            for node in nodes:
                if filename and node.name not in known:
                    error = faults.unknown_filter(kind, node.name, known)
                    self.noted.note(UsageError(f"{filename}:{node.lineno}: {error.message}", error.hint))
                    # In the place of it stands one that there is.
                    node.name, node.args, node.kwargs = {"filter": "e", "test": "none"}[kind], [], []
                    node.dyn_args = node.dyn_kwargs = None
        return tree


def called(name: str, function: Any) -> Any:
    """Return what a template calls as `name`, which says what is wrong with the arguments it gets."""
    signature = inspect.signature(function)

    def call(*arguments: object, **named: object) -> object:
        try:
            bound = signature.bind(*arguments, **named)
        except TypeError as error:
            raise _wrong(name, named, signature.parameters, str(error)) from error
        for parameter, given in bound.arguments.items():
            if isinstance(given, Placeholder):
                return given
            if isinstance(given, jinja2.Undefined):
                given._fail_with_undefined_error()
            if parameter in _NAMES and not isinstance(given, str):
                raise UsageError(f"{name} takes a name, not {given!r}", f"write {USAGE[name]}")
        try:
            return function(*arguments, **named)
        except (TypeError, AttributeError) as error:
            if name in _RENDERING:
                raise  # From within what it includes.
            told = faults.spoken(str(error))
            raise UsageError(f"{name}: {told.message}", told.hint or f"write {USAGE[name]}") from error

    call.is_labelled = name in _LABELLED  # type: ignore[attr-defined]
    return call


def _wrong(name: str, named: Mapping[str, object], known: Mapping[str, inspect.Parameter], told: str) -> UsageError:
    if stray := [each for each in named if each not in known]:
        return unknown(f"argument of {name}", stray[0], known)
    missing = re.search(r"missing a required argument: '(\w+)'", told)
    return UsageError(
        f"{name} needs {_one(missing[1])}" if missing else f"{name} takes fewer arguments", f"write {USAGE[name]}"
    )


def _one(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def for_text(name: str, apply: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter of Jinja that refuses numbers, and sentences with numbers that it would cut."""
    # Some filters get the environment or the context first.
    place = int(hasattr(apply, "jinja_pass_arg"))

    @wraps(apply)
    def guarded(*arguments: object, **named: object) -> object:
        value = arguments[place]
        # What was never run may turn out to be text.
        if isinstance(value, Value) and value.missing:
            return value
        cut = isinstance(value, str) and name not in _WORDS and MARK.search(value)
        if cut or isinstance(value, Untouchable):
            raise UsageError(
                f"|{name} takes text, and this has a number of a run in it",
                "write numbers with percent, percentage, decimals(n), integer, scientific or duration",
            )
        return apply(*arguments, **named)

    return guarded
