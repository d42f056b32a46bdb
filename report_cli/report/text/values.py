"""A number with where it came from, and the ledger of every number that a document shows."""

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from report_cli.claims import UNDECIDED, Outcome, decided
from report_cli.errors import ReportError, ResultError, UsageError, unknown
from report_cli.report.text import formats, words
from report_cli.report.text.formats import Written
from report_cli.report.text.words import Language
from report_cli.stats import cleared

# A shown value travels through Jinja, pandoc and nh3 as its place in the ledger, spelled in private-use characters,
# which all three pass on untouched in every position: prose, captions, attributes and formulas. Their digits are such
# characters, too, so that no text filter of a sentence turns one number into another.
OPEN, CLOSE = "\ue000", "\ue001"
DIGITS = "".join(chr(0xE010 + digit) for digit in range(10))
MARK = re.compile(f"{OPEN}([{DIGITS}]+){CLOSE}")
# Whoever writes p = << gain.p >> doesn't know yet that it may be < 0.001, which takes the place of the sign.
_EQUALS = re.compile(rf"=[ \t]*(\s*{MARK.pattern})")
# Where a number comes from that is no result of a run.
GIVEN = ("given",)
# What a template may write behind the dot of a value; all else would lose where the number comes from.
PARTS = ("n", "spread", "low", "high")
# What is left of a mark that was cut to pieces.
PIECE = re.compile(f"[{OPEN}{CLOSE}{DIGITS}]")
_SPELLED, _READ = str.maketrans("0123456789", DIGITS), str.maketrans(DIGITS, "0123456789")


@dataclass(frozen=True)
class Entry:
    """One shown value: its text in prose, its TeX in formulas."""

    text: str
    tex: str
    value: "Value"
    # The ends of its 95 % interval, where it has one.
    interval: str = ""


@dataclass
class Ledger:
    """What a document has taken while its templates were rendered, in order, and the language it is shown in."""

    entries: list[Entry] = field(default_factory=list)
    experiments: dict[str, None] = field(default_factory=dict)
    # Titles, labels and other texts of runs that were taken: numbers in them are no one's claim.
    texts: set[str] = field(default_factory=set)
    language: Language = field(default_factory=lambda: words.of("en"))

    def write(self, value: "Value", written: Written, interval: Sequence[Written] = ()) -> str:
        """Return the mark that stands for `value` until the last step."""
        text, tex = written if value.missing else (words.number(part, self.language) for part in written)
        ends = [words.number(end[0], self.language) for end in interval]
        self.entries.append(Entry(text, tex, value, self.language["from_to"].strip("()").format(*ends) if ends else ""))
        return f"{OPEN}{str(len(self.entries) - 1).translate(_SPELLED)}{CLOSE}"

    def entry(self, digits: str) -> Entry:
        """Return what the mark with these digits stands for."""
        return self.entries[int(digits.translate(_READ))]

    def text(self, marked: str) -> str:
        """Return `marked` with every mark replaced by its text."""
        return MARK.sub(lambda match: self.entry(match[1]).text, self.with_signs(marked))

    def with_signs(self, marked: str) -> str:
        """Return `marked` without an equals sign before a number that comes with a sign of its own."""
        return _EQUALS.sub(lambda match: match[1 if self.entry(match[2]).text.startswith("<") else 0], marked)

    def tex(self, marked: str) -> str:
        """Return `marked` with every mark replaced by its TeX."""
        return MARK.sub(lambda match: self.entry(match[1]).tex, self.with_signs(marked))


Number = int | float
Operand: TypeAlias = "Value | Number"
Units = Callable[[str | None, str | None], str]


class Untouchable:
    """What a page shows as a number, and what no template takes for text: to change it so would lose where it is from.

    All of these raise UsageError.
    """

    def _refuse(self, *_: object) -> Any:
        raise UsageError(
            f"{self.name} is a number, not text: it can't be cut, joined with +, searched or compared with text",
            "write it with percent, decimals(n) or another filter for numbers; join with ~; compare numbers",
        )

    __len__ = __iter__ = __contains__ = __mod__ = _refuse

    def __repr__(self) -> str:
        return self.name

    def __getitem__(self, key: object) -> Any:
        # Jinja looks here for an attribute that there isn't.
        if isinstance(key, str):
            raise unknown("part of a value", key, PARTS)
        return self._refuse(key)

    @property
    def name(self) -> str:
        return "a value"


class Shown(Untouchable):
    """A value as a filter has written it: `mark` stands for it until the last step."""

    def __init__(self, mark: str, name: str) -> None:
        self._mark = mark
        self._name = name

    def __str__(self) -> str:
        return self._mark

    @property
    def name(self) -> str:
        return self._name

    __add__ = __radd__ = __lt__ = __gt__ = __le__ = __ge__ = Untouchable._refuse

    def __eq__(self, other: object) -> bool:
        return bool(self._refuse(other))

    def __hash__(self) -> int:
        return hash(self._mark)


def _common(left: str | None, right: str | None) -> str:
    if left is None or right is None or left == right:
        return left or right or ""
    return ""


def _scaled(left: str | None, right: str | None) -> str:
    return (left or "") if right is None else (right or "") if left is None else ""


def _ratio(left: str | None, right: str | None) -> str:
    return (left or "") if right is None else ""


def _arithmetic(
    operate: Callable[[float, float], float], units: Units
) -> tuple["Callable[[Value, Operand], Value]", "Callable[[Value, Number], Value]"]:
    """Return an operator of values, and the same for a number on its left."""
    return (
        lambda value, other: _combine(operate, value, other, units),
        lambda value, other: _combine(operate, other, value, units),
    )


def _order(holds: Callable[[float, float], bool], sign: str) -> "Callable[[Value, Operand], Outcome]":
    return lambda value, other: _ordered(holds, sign, value, other)


@dataclass(frozen=True, eq=False, repr=False)
class Value(Untouchable):
    """A number, its unit, and its provenance: `origins` names what it was computed from, `runs` the keys of the runs.

    Several seeds give their mean; `samples` are the numbers of the `seeds`, in their order, where each belongs to one.
    `missing` is why there is no number. `counts` say of how many each sample of a fraction is a share; what is computed
    of one and typed numbers (1 - v, 100 * v) is `affine[0] + affine[1]` times that share. `part` says what it
    is of its origins where it is none of them: "computed", "spread", "end", "seeds", "difference", "p", ...
    """

    number: float
    unit: str
    origins: tuple[str, ...]
    runs: tuple[str, ...]
    ledger: Ledger = field(repr=False)
    samples: tuple[float, ...] = ()
    missing: str = ""
    counts: tuple[float, ...] = ()
    affine: tuple[float, float] = (0.0, 1.0)
    seeds: tuple[int, ...] = ()
    part: str = ""
    # Someone set it: it is written with the digits that it has.
    is_set: bool = False

    @property
    def n(self) -> "Count":
        """Count of seeds."""
        return Count(self)

    @property
    def spread(self) -> "Value":
        """Sample standard deviation over the seeds; ReportError with fewer than two."""
        if self.missing:
            return self
        if self.n < 2:
            raise ReportError(f"{self.name} has no spread: it comes from {self.n} run", "ask for .spread where .n > 1")
        from statistics import stdev

        number = cleared(stdev(self.samples), *self.samples)
        return Value(number, self.unit, self.origins, self.runs, self.ledger, part="spread")

    @property
    def low(self) -> "Value":
        """Lower end of the Wilson 95 % interval of a share: of the mean over the seeds, as of one test.

        All seeds see the same images, which count once, so the interval does not shrink with their number.
        """
        return self._end(0)

    @property
    def high(self) -> "Value":
        """Upper end of the same interval."""
        return self._end(1)

    def _end(self, end: int) -> "Value":
        if self.missing:
            return self
        return Value(self._wilson()[end], self.unit, self.origins, self.runs, self.ledger, part="end")

    def share(self) -> tuple[int, int]:
        """Return how many of how many a share stands for, by the mean over the seeds; ReportError where that isn't
        declared, or it is a share of nothing."""
        if not self.counts:
            raise ReportError(
                f"{self.name} has no interval: it isn't declared of how many it is a share",
                'declare it: Metric("fraction", "...", of="NAME OF THE COUNT")',
            )
        if self.affine != (0.0, 1.0):
            raise ReportError(f"{self.name} was computed with, and is no share any more", "take the share itself")
        return self._share()

    def _share(self) -> tuple[int, int]:
        total = round(sum(self.counts) / len(self.counts))
        if not total:
            raise ReportError(f"{self.name} has no interval: it is a share of 0", "don't ask for one of nothing")
        return round((self.number - self.affine[0]) / self.affine[1] * total), total

    def _wilson(self) -> tuple[float, float]:
        from report_cli.stats import wilson

        if not self.counts:
            self.share()  # which says that it is none
        interval = wilson(*self._share())
        low, high = sorted(self.affine[0] + self.affine[1] * end for end in (interval.low, interval.high))
        return low, high

    def over_seeds(self) -> tuple[float, float]:
        """Return the ends of Student's 95 % interval of the mean, by its samples, of which there are at least two."""
        from report_cli.stats import t_interval

        mean = t_interval(self.samples)
        # The number of a ratio is that of the means, and not quite the mean of its samples.
        return self.number - (mean.mean - mean.low), self.number + (mean.high - mean.mean)

    @property
    def name(self) -> str:
        return ", ".join(self.origins) or "a value"

    def show(self, write: Callable[[float], Written]) -> Shown:
        """Return this value as `write` writes it; ReportError when the number is not finite."""
        if self.missing:
            written = f"[{self.name}: {self.missing}]", rf"\text{{{self.ledger.language['missing']}}}"
        elif not math.isfinite(self.number):
            raise ResultError(f"{self.name} is {self.number}, which is no result", _again(self))
        else:
            written = write(self.number)
        return Shown(
            self.ledger.write(self, written, [self._as_end(end, write) for end in self._interval()]), self.name
        )

    def _as_end(self, end: float, write: Callable[[float], Written]) -> Written:
        """Return an end of the interval as `write` writes it, or as its unit asks where it is no whole number."""
        try:
            return write(end)
        except UsageError:
            return formats.plain(end, self.unit)

    def _interval(self) -> tuple[float, ...]:
        """Return the ends of the 95 % interval of a result: of a share as `low` and `high`, else over its seeds."""
        if self.missing or not self.runs or self.is_set:
            return ()
        if self.counts:
            return self._wilson() if sum(self.counts) else ()
        return self.over_seeds() if len(set(self.samples)) > 1 else ()

    def __str__(self) -> str:
        return str(self.show(formats.exact if self.is_set else partial(formats.plain, unit=self.unit)))

    def __bool__(self) -> bool:
        return self.number != 0

    __add__, __radd__ = _arithmetic(lambda a, b: cleared(a + b, a, b), _common)
    __sub__, __rsub__ = _arithmetic(lambda a, b: cleared(a - b, a, b), _common)
    __mul__, __rmul__ = _arithmetic(operator.mul, _scaled)
    __truediv__, __rtruediv__ = _arithmetic(operator.truediv, _ratio)
    __lt__, __le__ = _order(operator.lt, "<"), _order(operator.le, "≤")
    __gt__, __ge__ = _order(operator.gt, ">"), _order(operator.ge, "≥")

    def __neg__(self) -> "Value":
        return self * -1

    def __abs__(self) -> "Value":
        return self if self.missing or self.number >= 0 else -self

    def __eq__(self, other: object) -> Outcome:  # type: ignore[override]
        return self._compared(operator.eq, "=", other)

    def __ne__(self, other: object) -> Outcome:  # type: ignore[override]
        return self._compared(operator.ne, "≠", other)

    def _compared(self, holds: Callable[[float, float], bool], sign: str, other: object) -> Outcome:
        # What was never run may turn out to be text.
        if isinstance(other, str | Shown) and not self.missing:
            self._refuse(other)
        return _ordered(holds, sign, self, other) if isinstance(other, Value | int | float) else decided(sign == "≠")

    def __hash__(self) -> int:
        return hash(self.number)


class Count(int):
    """How many seeds a value has: a number like others, that is shown with its runs."""

    value: Value

    def __new__(cls, counted: Value) -> "Count":
        count = super().__new__(cls, len(counted.samples))
        count.value = Value(int(count), "count", counted.origins, counted.runs, counted.ledger, part="seeds")
        return count


def errors_above(first: Value, second: Value) -> Value:
    """Return how many standard errors the share `first` lies above `second`, of other images: by the means over seeds.

    Raises:
        ReportError: it isn't declared of how many they are shares.
    """
    difference = first - second
    if difference.missing:
        return difference
    from report_cli.stats import two_shares_z

    z = two_shares_z(*second.share(), *first.share())
    return Value(z, "", difference.origins, difference.runs, first.ledger, part="computed")


def _combine(operate: Callable[[float, float], float], left: Operand, right: Operand, units: Units) -> Value:
    values = [operand for operand in (left, right) if isinstance(operand, Value)]
    # What was set, or is no result, is the same for every seed.
    varying = [value for value in values if not _is_fixed(value)] or values[:1]
    first = varying[0]
    missing = next((value.missing for value in values if value.missing), "")

    def applied(take: Callable[[Value], float]) -> float:
        operands = (take(o) if isinstance(o, Value) and not _is_fixed(o) else _number(o) for o in (left, right))
        return operate(*operands)

    # Runs of the same seeds are pairs; those of others have no samples in common.
    paired = not missing and (len(varying) == 1 or (bool(first.seeds) and first.seeds == varying[1].seeds))
    affine = 0.0, 0.0
    # Of a single share all is a straight line but what is divided by it.
    if paired and len(varying) == 1 and first.counts and not (units is _ratio and right is first):
        least = applied(lambda share: share.affine[0])
        affine = least, applied(lambda share: sum(share.affine)) - least
    unit = units(_unit(left), _unit(right))
    return Value(
        math.nan if missing else applied(lambda value: value.number),
        _in_percent(unit, left, right) if units is _scaled else "" if unit == "%" and units is _ratio else unit,
        tuple(dict.fromkeys(origin for value in values for origin in value.origins)),
        tuple(dict.fromkeys(key for value in values for key in value.runs)),
        first.ledger,
        tuple(applied(partial(_sample, at=at)) for at in range(len(first.samples))) if paired else (),
        missing,
        counts=first.counts if affine[1] else (),
        affine=affine if affine[1] else (0.0, 1.0),
        seeds=first.seeds if paired else (),
        part=(len(values) == 1 and values[0].part) or "computed",
    )


def _in_percent(unit: str, left: Operand, right: Operand) -> str:
    """Return the unit of a product: 100 times a fraction is in percent, and what becomes of percent is anyone's."""
    if unit == "fraction" and 100 in (_number(left), _number(right)):
        return "%"
    return "" if unit == "%" else unit


def _is_fixed(value: Value) -> bool:
    return not value.counts and not value.missing and (value.is_set or not value.runs)


def _ordered(holds: Callable[[float, float], bool], sign: str, left: "Value", right: "Operand") -> Outcome:
    """Return whether one number stands in this order to another: undecided where a result is missing."""
    # Whoever turns a value into text puts it among those that are shown.
    evidence = left, f" {sign} ", spelled(right, left.ledger.language)
    if left.missing or (isinstance(right, Value) and right.missing):
        return Outcome(UNDECIDED, evidence)
    number, other = left.number, _number(right)
    # Apart by no more than what their computation has left, they are equal.
    number = other if math.isclose(number, other, rel_tol=1e-12) else number
    return decided(holds(number, other), *evidence)


def spelled(operand: Operand, language: Language) -> "Value | str":
    """Return a number as evidence shows it: a value as it is, one that was typed with four digits."""
    return operand if isinstance(operand, Value) else words.number(formats.rounded(operand)[0], language)


def _number(operand: Operand) -> float:
    return operand.number if isinstance(operand, Value) else operand


def _sample(value: Value, at: int) -> float:
    return value.samples[at]


def _unit(operand: Operand) -> str | None:
    return operand.unit if isinstance(operand, Value) else None


def _again(value: Value) -> str:
    names = dict.fromkeys(origin.split(".")[0] for origin in value.origins)
    return f"report run {' '.join(names)} --force"
