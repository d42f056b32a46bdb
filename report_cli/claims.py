"""What a sentence claims, and whether it holds: outcomes with three values, and how they combine (Kleene's logic)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    """Return whether so many of the outcomes hold: undecided where those that are undecided decide it."""
    hold = sum(outcome.verdict == HOLDS for outcome in outcomes)
    may = hold + sum(outcome.verdict == UNDECIDED for outcome in outcomes)
    evidence: tuple[Any, ...] = ()
    for part in dict.fromkeys(outcome.evidence for outcome in outcomes):
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


def most(*outcomes: Outcome) -> Outcome:
    """Return whether more than half hold."""
    return at_least(len(outcomes) // 2 + 1, outcomes)
