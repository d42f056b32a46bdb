"""The way back: where runs and references are used."""

from tests.report.conftest import Desk


def test_entries_know_where_they_are_used(desk: Desk) -> None:
    """Each run, metric and reference has the sections, figures and tables that name it, each once, in order."""
    body = desk.body(
        '# One {#sec-one}\n\n<< value("net.loss") >> and << value("net.loss") >> [@knuth1984].\n\n'
        "## Question 7: Two {#sec-two}\n\n"
        '<< figure("net.curves", caption="At " ~ value("facts.sum")) >>\n\n[@knuth1984]\n\n'
        '| a |\n|---|\n| << value("net.loss") >> |\n\n: Caption {#tbl-t}\n\n'
        '# Three {.unnumbered}\n\n| a |\n|---|\n| << value("facts.sum") >> |\n'
    )
    assert body.uses == {
        "run-net-0abc": [("sec-one", "Section 1"), ("tbl-t", "Table 1")],
        "net.loss": [("sec-one", "Section 1"), ("tbl-t", "Table 1")],
        "facts.sum": [("fig-net-curves", "Figure 1"), ("section-3", "Three")],
        "ref-knuth1984": [("sec-one", "Section 1"), ("sec-two", "Question 7")],
        "net": [("fig-net-curves", "Figure 1")],
        "run-facts-0abc": [("fig-net-curves", "Figure 1"), ("section-3", "Three")],
    }
    assert 'Used in <a href="#sec-one">Section 1</a>, <a href="#sec-two">Question 7</a></span>' in body.screen
    assert "Used in" not in body.print
