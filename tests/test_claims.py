"""Outcomes with three values, and how they combine."""

from itertools import product

from report_cli.claims import HOLDS, REFUTED, UNDECIDED, Outcome, every, most, neither, some

ALL = (HOLDS, REFUTED, UNDECIDED)


def filled(verdicts: tuple[str, ...]) -> list[tuple[bool, ...]]:
    """Return the ways in which the undecided ones may turn out."""
    return list(product(*[{HOLDS: [True], REFUTED: [False], UNDECIDED: [True, False]}[each] for each in verdicts]))


def test_quantifiers_are_decided_by_what_is_decided() -> None:
    """A quantifier holds if it does however the undecided turn out, and is refuted if it never does."""
    oracles = {every: all, some: any, neither: lambda truths: not any(truths), most: lambda t: sum(t) * 2 > len(t)}
    for count in (1, 2, 3):
        for verdicts in product(ALL, repeat=count):
            for quantifier, oracle in oracles.items():
                possible = {bool(oracle(truths)) for truths in filled(verdicts)}
                expected = UNDECIDED if len(possible) > 1 else HOLDS if possible == {True} else REFUTED
                assert quantifier(*map(Outcome, verdicts)).verdict == expected


def test_as_a_condition_only_what_holds_is_true() -> None:
    """A template's `if` takes the branch of what holds alone."""
    assert [bool(Outcome(verdict)) for verdict in ALL] == [True, False, False]


def test_evidence_is_told_once() -> None:
    """Two claims that rest on the same comparison name it once."""
    first = Outcome(HOLDS, ("a",))
    assert every(first, first, Outcome(HOLDS, ("b",))).evidence == ("a", "; ", "b")
