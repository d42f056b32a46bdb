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
        ("1 == 1", "holds"),
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


def test_equal_numbers_are_evidence(desk: Desk) -> None:
    """What is said to be equal is shown with both numbers."""
    assert "500 = 7" in desk.markdown('<% claim "it", constant(500) == 7 %>It is so.<% endclaim %>')


def test_sentences_keep_their_spaces(desk: Desk) -> None:
    """Claims in a row, one a line, stay sentences with spaces between them."""
    tag = '<% claim "{0}", 1 < 2 %>Sentence {0}.<% endclaim %>'
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
        ('<% claim "a b", 1 < 2 %>It.<% endclaim %>', "'a b' is no name of a claim"),
        ('<% claim "a", 1 < 2 %> <% endclaim %>', "the claim a has no sentence"),
        ('<% claim "a", 1 < 2 %>x<% endclaim %><% claim "a", 1 < 2 %>y<% endclaim %>', "duplicate claim 'a', first at"),
        ('<% claim "a", 1 < 2 %>It.', "<% claim %> is never closed"),
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
        '<% claim "good", 1 < 2 %>Good.<% endclaim %>\n<% claim "bad", value("net.loss") > 1 %>Bad.<% endclaim %>\n'
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
