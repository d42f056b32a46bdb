"""Sentences that are watched: the tag `claim`, and the list of claims at the end of a document."""

import re

import pytest

from report_cli.errors import ReportError
from report_cli.report.text import manuscript
from tests.report.conftest import Desk


def failure(desk: Desk, text: str) -> str:
    desk.write(text)
    with pytest.raises(ReportError) as caught:
        manuscript.write(desk.project, "paper", desk.context())
    return caught.value.message


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        ('value("net.accuracy") > 0.7', "holds"),
        ('value("net.accuracy") < 0.7', "refuted"),
        ('between(value("net.accuracy"), 0.7, 0.8)', "holds"),
        ('between(value("net.accuracy"), 0.75, 0.8)', "refuted"),
        ('twice(value("net.weights"), constant(900000))', "holds"),
        ('half(value("net.weights"), constant(900000))', "refuted"),
        ('times(value("net.weights"), constant(600000), 3)', "holds"),
        ('about(value("net.accuracy"), 0.75)', "holds"),
        ('about(value("net.accuracy"), 0.75, within=0.01)', "refuted"),
        ('rising(0.1, value("net.loss"), value("net.accuracy"))', "holds"),
        ('falling(0.1, value("net.loss"), value("net.accuracy"))', "refuted"),
        ('every(value("net.loss") > 0, value("net.accuracy") > 0)', "holds"),
        ('neither(value("net.loss") > 0, value("net.accuracy") > 0)', "refuted"),
        ('some(value("net.loss") > 1, value("net.accuracy") > 0)', "holds"),
        ('most(value("net.loss") > 1, value("net.loss") > 0, value("net.accuracy") > 0)', "holds"),
        ('value("net.loss") == value("net.loss")', "holds"),
        ('value("net.loss") == 7', "refuted"),
        ("constant(1) == 1", "holds"),
    ],
)
def test_a_claim_has_a_verdict(desk: Desk, outcome: str, verdict: str) -> None:
    """A sentence carries the sign of its verdict, which leads to its place in the list of claims."""
    text = desk.markdown(f'<% claim "it", {outcome} %>It is so.<% endclaim %>')
    assert text.startswith("It is so.[[")
    assert f"](#claim-it)]{{.verdict .{verdict}}}" in text
    assert f"- [It is so.]{{#claim-it}} [{'✓' if verdict == 'holds' else '✗'} {verdict}]" in text


@pytest.mark.parametrize(
    ("sentence", "outcome", "verdict"),
    [
        ("the loss of the frozen base is possible", "constant(0.03216) >= 0.6931 * (1 - constant(0.855))", "refuted"),
        ("the loss of the tuned base is possible", "constant(0.10004) >= 0.6931 * (1 - constant(0.88999))", "holds"),
        ("the loss of the control is possible", "constant(0.63801) >= 0.6931 * (1 - constant(0.7383))", "holds"),
        ("augmentation helps", "compare(share(0.87, 800), share(0.855, 800)).greater", "undecided"),
        ("augmentation is not told apart", "compare(share(0.87, 800), share(0.855, 800)).undecided", "holds"),
        ("its p is 0.38", "about(compare(share(0.87, 800), share(0.855, 800)).p, 0.38, within=0.02)", "holds"),
        (
            "validation and test of the control agree",
            "compare(share(0.78, 10000), share(0.7383, 10000), margin=0.01).equivalent",
            "refuted",
        ),
    ],
)
def test_sentences_of_the_published_report(desk: Desk, sentence: str, outcome: str, verdict: str) -> None:
    """As claims over the numbers that it gives, what it says comes out as it should."""
    outcome = re.sub(r"share\((\S+), (\d+)\)", r'constant(\1, "fraction", of=\2)', outcome)
    assert f".{verdict}}}" in desk.markdown(f'<% claim "published", {outcome} %>{sentence}<% endclaim %>')


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        ("not gain.greater", "undecided"),
        ("not gain.different", "undecided"),
        ('gain.greater or value("net.accuracy") > 0.9', "undecided"),
        ('gain.greater or value("net.accuracy") > 0.1', "holds"),
        ('gain.greater and value("net.accuracy") > 0.9', "refuted"),
        ('gain.greater and value("net.accuracy") > 0.1', "undecided"),
        ('0.1 < value("net.accuracy") < 0.9 and not value("idle.accuracy") > 0.9', "holds"),
        ('0.1 < value("net.accuracy") < 0.2 < value("idle.accuracy")', "refuted"),
        ('compared["gain"] is defined and compared.gain.greater', "undecided"),
        ('0 and compared["nothing"].greater or gain.undecided', "holds"),
    ],
)
def test_words_of_logic_have_three_values(desk: Desk, outcome: str, verdict: str) -> None:
    """`not`, `and`, `or` and chains are as ~, every and some: what is undecided stays so, and all is evidence."""
    for seed, (high, low) in enumerate(((0.70, 0.69), (0.72, 0.73), (0.71, 0.705))):
        desk.store("net", {"accuracy": (high, "")}, seed=seed)
        desk.store("idle", {"accuracy": (low, "")}, seed=seed)
    gain = '<% set gain = compare("net.accuracy", "idle.accuracy") %><% set compared = {"gain": gain} %>'
    text = desk.markdown(f'{gain}<% set said = {outcome} %><% claim "it", said %>It is so.<% endclaim %>')
    assert f"](#claim-it)]{{.verdict .{verdict}}}" in text
    (evidence,) = re.findall(r"\} \[(.*)\]\{\.evidence\}", text)
    for number in re.findall(r"(?<=[<>] )0\.\d", outcome):
        assert number in evidence
    assert ("*p* = " in evidence) == ("gain" in outcome)


@pytest.mark.parametrize("second", ["gain", 'value("net.accuracy")', '"words"', "1 < 2"])
def test_what_stands_behind_or_is_an_outcome(desk: Desk, second: str) -> None:
    """A comparison that doesn't say what it claims, a number and words are not taken for true."""
    shares = 'constant(0.7, "fraction", of=100), constant(0.6, "fraction", of=100)'
    claim = f'<% set gain = compare({shares}) %><% claim "a", value("net.accuracy") > 2 or {second} %>It.<% endclaim %>'
    assert "has no outcome" in failure(desk, claim)


def test_what_is_decided_asks_no_further(desk: Desk) -> None:
    """A condition guards what stands behind it."""
    text = '<% claim "it", value("net.accuracy") < 0 and 1 / 0 > 2 %>It is so.<% endclaim %>'
    assert ".refuted}" in desk.markdown(text)


def test_typed_numbers_alone_are_no_outcome(desk: Desk) -> None:
    """A claim rests on results, or on numbers that say that they are none: what Python finds true has no evidence."""
    shares = 'constant(0.7, "fraction", of=100), constant(0.6, "fraction", of=100)'
    for outcome in ("1 < 2", f'compare({shares}).verdict != "greater"'):
        assert "has no outcome" in failure(desk, f'<% claim "a", {outcome} %>It.<% endclaim %>')


@pytest.mark.parametrize("outcome", ["every()", "neither()", "rising()", 'rising(value("net.accuracy"))'])
def test_of_nothing_nothing_holds(desk: Desk, outcome: str) -> None:
    """Quantifiers without outcomes are errors."""
    assert "there is nothing to hold" in failure(desk, f'<% claim "a", {outcome} %>It.<% endclaim %>')


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        ("about(constant(0.55), 0.5)", "holds"),
        ("constant(0.29) - 0.28 >= 0.01", "holds"),
        ("constant(0.29) - 0.28 > 0.01", "refuted"),
        ("constant(0.29) - 0.28 == 0.01", "holds"),
        ("times(constant(-2), 2, -1)", "holds"),
        ("times(constant(-2.5), 2, -1)", "refuted"),
        ("times(constant(6), 2, constant(3))", "holds"),
    ],
)
def test_the_last_binary_digits_decide_nothing(desk: Desk, outcome: str, verdict: str) -> None:
    """Numbers that are equal but for what their computation has left are equal."""
    assert f".{verdict}}}" in desk.markdown(f'<% claim "it", {outcome} %>It is so.<% endclaim %>')


def test_equal_numbers_of_two_runs_are_both_evidence(desk: Desk) -> None:
    """Each of them is shown, with its own run behind it."""
    desk.store("idle", {"accuracy": (0.5, "")})
    desk.store("net", {"accuracy": (0.5, "")})
    outcome = 'every(value("net.accuracy") > 0.2, value("idle.accuracy") > 0.2)'
    text = desk.markdown(f'<% claim "it", {outcome} %>It is so.<% endclaim %>')
    assert len(re.findall(r"0\.5000 > 0\.2", text)) == 2


def test_evidence_has_few_digits(desk: Desk) -> None:
    """A typed number is written with four digits and in groups."""
    assert "> 0.3333" in desk.markdown('<% claim "it", constant(500) > 1 / 3 %>It is so.<% endclaim %>')
    assert "< 12,345,678" in desk.markdown('<% claim "it", constant(500) < 12345678 %>It is so.<% endclaim %>')


def test_equal_numbers_are_evidence(desk: Desk) -> None:
    """What is said to be equal is shown with both numbers."""
    assert "500 = 7" in desk.markdown('<% claim "it", constant(500) == 7 %>It is so.<% endclaim %>')


def test_sentences_keep_their_spaces(desk: Desk) -> None:
    """Claims in a row, one a line, stay sentences with spaces between them."""
    tag = '<% claim "{0}", constant(1) < 2 %>Sentence {0}.<% endclaim %>'
    body = desk.markdown(f"Before.\n{tag.format('a')}\n{tag.format('b')}\nAfter, {tag.format('c')}; end.")
    lines = body.split("\n")
    assert [line.partition("[[")[0] for line in lines[:4]] == [
        "Before.",
        "Sentence a.",
        "Sentence b.",
        "After, Sentence c.",
    ]
    assert lines[3].endswith("]{.verdict .holds}; end.")


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ('<% claim "a", 1 %>It.<% endclaim %>', "templates/documents/paper.md:4: the claim a has no outcome"),
        ('<% claim "a b", constant(1) < 2 %>It.<% endclaim %>', "'a b' is no name of a claim"),
        ('<% claim "a", constant(1) < 2 %> <% endclaim %>', "the claim a has no sentence"),
        (
            '<% claim "a", constant(1) < 2 %>x<% endclaim %><% claim "a", constant(1) < 2 %>y<% endclaim %>',
            "duplicate claim 'a', first at",
        ),
        ('<% claim "a", constant(1) < 2 %>It.', "<% claim %> is never closed"),
        ('<% claim "a" %>It.<% endclaim %>', "claim needs an outcome"),
    ],
)
def test_a_malformed_claim_is_an_error_with_its_line(desk: Desk, claim: str, message: str) -> None:
    """What is no claim is told with file and line, and is the only fault."""
    told = failure(desk, claim)
    assert message in told
    assert "\n" not in told


def test_a_comparison_alone_claims_nothing(desk: Desk) -> None:
    """A comparison has to say which of its outcomes is claimed."""
    for seed in (0, 1):
        desk.store("net", {"accuracy": (0.7 + seed / 10, "")}, seed=seed)
        desk.store("idle", {"accuracy": (0.6, "")}, seed=seed)
    claim = '<% claim "a", compare("net.accuracy", "idle.accuracy") %>It.<% endclaim %>'
    assert "doesn't say what it claims" in failure(desk, claim)


def test_refuted_claims_are_warnings_which_a_strict_build_fails_by(desk: Desk) -> None:
    """A build tells what is refuted, with file and line; a strict one fails. Undecided ones are only listed."""
    desk.write(
        '<% claim "good", constant(1) < 2 %>Good.<% endclaim %>\n'
        '<% claim "bad", value("net.loss") > 1 %>Bad.<% endclaim %>\n'
    )
    built = desk.build(formats=("html",))
    assert built.warnings == ("templates/documents/paper.md:5: the claim bad is refuted: 0.6380 > 1",)
    with pytest.raises(ReportError, match="the claim bad is refuted"):
        desk.build(formats=("html",), strict=True)


def test_in_a_draft_what_was_never_run_is_undecided(desk: Desk) -> None:
    """A claim over a missing result is undecided in a draft, not refuted."""
    text = '<% claim "a", value("idle.accuracy") > 0.5 %>It.<% endclaim %>'
    assert ".undecided}" in desk.markdown(text, draft=True)


def test_the_list_of_claims_is_part_of_the_page(desk: Desk) -> None:
    """The page ends with all claims and their evidence, whose numbers lead to their runs; signs lead there."""
    claim = '<% claim "a", value("net.accuracy") > 0.5 %>It is *so*.[^1]<% endclaim %>'
    tree = desk.tree(f"# Results\n\n{claim}\n\n[^1]: A note.\n")
    assert [h.text_content() for h in tree.iter("h2")] == ["1 Results", "Claims"]
    (item,) = tree.xpath("//div[@class='claims']//li")
    assert item.text_content() == "It is so. ✓ holds 0.7383 > 0.5"
    assert item.xpath(".//data/a/@href") == ["#run-net-0abc"]
    assert tree.xpath("//p//span[@class='verdict holds']/a/@href") == ["#claim-a"]
    assert item.xpath(".//span[@id='claim-a']")


def test_claims_are_part_of_the_provenance(desk: Desk) -> None:
    """The file attached to the PDF lists every claim as it stands on the page."""
    import json

    import pikepdf

    desk.write('<% claim "a", value("net.accuracy") > 0.5 %>It is << value("net.accuracy")|percent >>.<% endclaim %>\n')
    built = desk.build(formats=("pdf",))
    with pikepdf.open(built.paths[0]) as pdf:
        listed = json.loads(pdf.attachments["provenance.json"].get_file().read_bytes())["claims"]
    assert listed == [{"id": "a", "sentence": "It is 73.8\u202f%.", "verdict": "holds", "evidence": "0.7383 > 0.5"}]
