"""What a sentence claims, and whether it holds: outcomes with three values, and how they combine (Kleene's logic)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from report_cli.errors import UsageError

HOLDS, REFUTED, UNDECIDED = "holds", "refuted", "undecided"


@dataclass(frozen=True)
class Outcome:
    """Whether something holds, is refuted or undecided, and what that rests on.

    `evidence` has the texts and values to be shown one after the other. As a condition it is true where it holds.
    """

    verdict: str
    evidence: tuple[Any, ...] = ()

    def __bool__(self) -> bool:
        return self.verdict == HOLDS

    def __invert__(self) -> "Outcome":
        """Return the opposite: what is undecided stays so."""
        opposite = {HOLDS: REFUTED, REFUTED: HOLDS, UNDECIDED: UNDECIDED}
        return Outcome(opposite[self.verdict], self.evidence)


@dataclass(frozen=True)
class Claim:
    """A sentence that is watched: `name` is its own in the document, `where` says FILE:LINE."""

    name: str
    sentence: str
    outcome: Outcome
    evidence: str
    where: str


def decided(holds: bool, *evidence: Any) -> Outcome:
    """Return the outcome of what is true or false."""
    return Outcome(HOLDS if holds else REFUTED, evidence)


def at_least(count: int, outcomes: Sequence[Outcome]) -> Outcome:
    """Return whether so many of the outcomes hold: undecided where those that are undecided decide it.

    Raises:
        UsageError: there is no outcome, of which all would hold.
    """
    if not outcomes:
        raise UsageError("there is nothing to hold", "give it outcomes: every(a < b, compare(c, d).greater)")
    hold = sum(outcome.verdict == HOLDS for outcome in outcomes)
    may = hold + sum(outcome.verdict == UNDECIDED for outcome in outcomes)
    evidence: tuple[Any, ...] = ()
    # Two values may be the same number and of other runs, so evidence is told apart by its objects.
    for part in {tuple(map(id, outcome.evidence)): outcome.evidence for outcome in outcomes}.values():
        evidence += ("; ", *part) if evidence else part
    return Outcome(HOLDS if hold >= count else UNDECIDED if may >= count else REFUTED, evidence)


def every(*outcomes: Outcome) -> Outcome:
    """Return whether all hold."""
    return at_least(len(outcomes), outcomes)


def some(*outcomes: Outcome) -> Outcome:
    """Return whether at least one holds."""
    return at_least(1, outcomes)


def neither(*outcomes: Outcome) -> Outcome:
    """Return whether not one holds."""
    return ~some(*outcomes)


def both(first: Any, second: Callable[[], Any]) -> Any:
    """Return `first and second()` as templates mean it: of outcomes, whether both hold.

    Where the first is refuted the second isn't asked for, as it may have no meaning then.

    Raises:
        UsageError: the first is an outcome, and the second is none.
    """
    if not isinstance(first, Outcome):
        return first and second()
    return first if first.verdict == REFUTED else every(first, _outcome(second()))


def either(first: Any, second: Callable[[], Any]) -> Any:
    """Return `first or second()` as templates mean it: of outcomes, whether one holds.

    Where the first holds the second isn't asked for.

    Raises:
        UsageError: the first is an outcome, and the second is none.
    """
    if not isinstance(first, Outcome):
        return first or second()
    return first if first.verdict == HOLDS else some(first, _outcome(second()))


def opposite(outcome: Any) -> Any:
    """Return `not outcome` as templates mean it: what is undecided stays so."""
    return ~outcome if isinstance(outcome, Outcome) else not outcome


def _outcome(given: Any) -> Outcome:
    if not isinstance(given, Outcome):
        raise UsageError(
            "what stands behind `and` or `or` has no outcome", "compare values: a < b, compare(a, b).greater"
        )
    return given


def most(*outcomes: Outcome) -> Outcome:
    """Return whether more than half hold."""
    return at_least(len(outcomes) // 2 + 1, outcomes)
