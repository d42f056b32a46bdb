"""Listings of the project's own code."""

import lxml.html
import pytest

from report_cli import files
from report_cli.errors import UsageError
from tests.report.conftest import Desk

NET = '''"""Networks."""

RATE = 0.5


@cached
def net(x, name="<< $x$ ```"):
    """Return << 1 >>."""
    return x
'''


def test_the_source_of_a_definition_is_shown(desk: Desk) -> None:
    """The code is as it stands in the file, with its decorators, in a numbered listing that can be referred to."""
    files.write_text(desk.project.root / "experiments" / "models" / "small.py", NET)
    tree = desk.tree('See @lst-net.\n\n<< source("experiments.models.small:net", caption="A *net*.") >>\n')
    (listing,) = tree.xpath(".//figure[@class='listing sourceCode' or @class='listing']")
    assert listing.xpath("string(.//pre)").strip() == NET.partition("\n\n\n")[2].strip()
    assert listing.xpath("string(./figcaption)") == "Listing 1. A net."
    assert tree.xpath("string(.//p/a)") == "Listing\N{NO-BREAK SPACE}1"
    plain = desk.tree('<< source("experiments.models.small:RATE", label="lst-rate") >>')
    assert plain.xpath("string(.//figcaption)") == "Listing 1. RATE, experiments/models/small.py"


def test_a_listing_is_never_stale(desk: Desk) -> None:
    """An edit of the file makes the page anew; an edit of another file doesn't."""
    path = desk.project.root / "experiments" / "small.py"
    files.write_text(path, NET)
    desk.write('<< source("experiments.small:net") >>')
    assert desk.build(formats=("html",)).written
    files.write_text(path.with_name("other.py"), "x = 1\n")
    assert not desk.build(formats=("html",)).written
    files.write_text(path, NET.replace("return x", "return 2 * x"))
    page = desk.build(formats=("html",))
    assert page.written
    assert "return 2 * x" in lxml.html.parse(str(page.paths[0])).getroot().text_content()


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("net", "names no definition", "experiments.module:function"),
        ("experiments.none:net", "no module 'experiments.none'", ""),
        ("experiments.small:nett", "nett", "net"),
    ],
)
def test_what_is_not_there_is_told(desk: Desk, name: str, message: str, hint: str) -> None:
    """The error has the line of the template and what to write instead."""
    files.write_text(desk.project.root / "experiments" / "small.py", NET)
    with pytest.raises(UsageError) as caught:
        desk.tree(f'<< source("{name}") >>')
    assert "templates/documents/paper.md:4" in caught.value.message
    assert message in caught.value.message
    assert hint in caught.value.hint
