"""Sentences that are watched: the tag `claim`, what a claim may say, and the list of all claims of a document."""

import itertools
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from report_cli import claims
from report_cli.claims import HOLDS, REFUTED, UNDECIDED, Claim, Outcome, decided
from report_cli.errors import UsageError
from report_cli.report.text import formats, lines
from report_cli.report.text.comparisons import Comparison
from report_cli.report.text.values import Ledger, Value, spelled
from report_cli.report.text.words import Language
from report_cli.stats import cleared

NAME = re.compile(r"[A-Za-z][\w-]*")
SIGNS = {HOLDS: "✓", REFUTED: "✗", UNDECIDED: "?"}
_LINE_END = re.compile(r"<%-?\s*endclaim\s*%>(?=\n)")
_NOTE = re.compile(r"\[\^[^\]\s]+\]")

Result = Value | float


class ClaimTag(Extension):
    """`<% claim "name", outcome %>Sentence.<% endclaim %>`: calls the global `claim` with the sentence."""

    tags = {"claim"}  # noqa: RUF012 - Jinja's name for it

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        # Else the line would end without a space before the next sentence: blocks take the newline behind them away.
        return _LINE_END.sub("<% endclaim +%>", source)

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        arguments = [parser.parse_expression()]
        while parser.stream.skip_if("comma"):
            arguments.append(parser.parse_expression())
        body = parser.parse_statements(("name:endclaim",), drop_needle=True)
        call = nodes.Call(nodes.Name("claim", "load"), arguments, [], None, None)
        return nodes.CallBlock(call, [], [], body).set_lineno(line)


class Claims:
    """The claims of a document, in the order of their sentences."""

    def __init__(self) -> None:
        self.made: dict[str, Claim] = {}

    def claim(self, name: str, outcome: Any, *, caller: Callable[[], str]) -> str:
        """Return the sentence as Markdown, with a sign for its verdict that leads to the list of claims.

        Raises:
            UsageError: the name is used twice or no name, `outcome` is none, or there is no sentence.
        """
        where = lines.here()
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name of a claim", "letters, digits and hyphens: inception-helps")
        if name in self.made:
            raise UsageError(f"duplicate claim {name!r}, first at {self.made[name].where}", "give one another name")
        if isinstance(outcome, Comparison):
            raise UsageError(
                f"the claim {name} doesn't say what it claims of a comparison",
                "take .greater, .smaller, .different, .equivalent or .undecided of it",
            )
        if not isinstance(outcome, Outcome):
            raise UsageError(f"the claim {name} has no outcome", "compare values: a < b, compare(a, b).greater, ...")
        sentence = " ".join(caller().split())
        if not sentence:
            raise UsageError(f"the claim {name} has no sentence")
        self.made[name] = Claim(name, sentence, outcome, "".join(map(str, outcome.evidence)), where)
        return f"{sentence}[[{SIGNS[outcome.verdict]}](#claim-{name})]{{.verdict .{outcome.verdict}}}"

    def markdown(self, language: Language) -> str:
        """Return the list of all claims with their evidence, as Markdown."""
        if not self.made:
            return ""
        items = [
            f"- [{_NOTE.sub('', claim.sentence)}]{{#claim-{claim.name}}} [{SIGNS[claim.outcome.verdict]} "
            f"{language[claim.outcome.verdict]}]{{.verdict .{claim.outcome.verdict}}}"
            + (f" [{claim.evidence}]{{.evidence}}" if claim.evidence else "")
            for claim in self.made.values()
        ]
        return "\n".join(
            ("", f"# {language['claims']} {{#claims .unnumbered}}", "", "::: {.claims}", *items, ":::", "")
        )

    def listed(self, ledger: Ledger) -> list[dict[str, str]]:
        """Return all claims as plain text, for provenance.json."""
        return [
            {
                "id": claim.name,
                "sentence": ledger.text(claim.sentence),
                "verdict": claim.outcome.verdict,
                "evidence": ledger.text(claim.evidence),
            }
            for claim in self.made.values()
        ]

    def warnings(self, ledger: Ledger) -> list[str]:
        """Return a warning for each claim that is refuted, in words for the terminal."""
        return [
            f"{claim.where}: the claim {claim.name} is refuted: {ledger.text(claim.evidence).replace('*p*', 'p')}"
            for claim in self.made.values()
            if claim.outcome.verdict == REFUTED
        ]


def about(a: Result, b: Result, within: float = 0.1) -> Outcome:
    """Return whether `a` is about equal to `b`: it differs by at most the share `within` of it."""
    return times(a, b, 1, within)


def times(a: Result, b: Result, factor: Result, within: Result = 0.1) -> Outcome:
    """Return whether `a` is about `factor` times `b`: their ratio differs by at most the share `within`."""
    ratio = a / b
    if not isinstance(ratio, Value):
        return decided(_is_near(ratio, factor, within), f"{formats.rounded(ratio)[0]} times")
    if ratio.missing:
        return Outcome(UNDECIDED, (ratio,))
    language = ratio.ledger.language
    evidence = (ratio, " = ", spelled(a, language), " / ", spelled(b, language))
    return decided(_is_near(ratio.number, factor, within), *evidence)


def _is_near(ratio: float, factor: Result, within: Result) -> bool:
    factor, within = (each.number if isinstance(each, Value) else each for each in (factor, within))
    # Not by the last binary digits: 0.55 / 0.5 is a tenth above 1.
    return cleared(abs(ratio - factor) - within * abs(factor), ratio, factor) <= 0


def twice(a: Result, b: Result, within: float = 0.1) -> Outcome:
    """Return whether `a` is about twice `b`."""
    return times(a, b, 2, within)


def half(a: Result, b: Result, within: float = 0.1) -> Outcome:
    """Return whether `a` is about half of `b`."""
    return times(a, b, 0.5, within)


def between(value: Result, low: Result, high: Result) -> Outcome:
    """Return whether `value` lies between the two, or on one of them."""
    ends = [_ordered(operator.ge, "≥", value, low), _ordered(operator.le, "≤", value, high)]
    return claims.every(*ends)


def rising(*results: Result) -> Outcome:
    """Return whether each result is larger than the one before it; UsageError with fewer than two."""
    pairs = itertools.pairwise(results)
    return claims.every(*[_ordered(operator.lt, "<", first, second) for first, second in pairs])


def falling(*results: Result) -> Outcome:
    """Return whether each result is smaller than the one before it."""
    return rising(*reversed(results))


def _ordered(holds: Callable[[Any, Any], Any], sign: str, first: Result, second: Result) -> Outcome:
    outcome = holds(first, second)
    if isinstance(outcome, Outcome):
        return outcome
    numbers = [formats.rounded(each)[0] for each in (first, second) if not isinstance(each, Value)]
    return decided(outcome, f" {sign} ".join(numbers))


PREDICATES: Sequence[Callable[..., Outcome]] = (
    *(about, times, twice, half, between, rising, falling),
    *(claims.every, claims.some, claims.neither, claims.most),
)
