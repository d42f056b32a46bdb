"""All that is wrong with a document is told in one build: each fault once, with its place, and no fault of a fault."""

import re

import pytest

from report_cli.errors import CollectedError, ReportError, UsageError
from tests.report.conftest import Desk


def faults(desk: Desk, text: str) -> list[str]:
    """Return what is wrong with a document of this text, without the file's name."""
    desk.write(text, front='+++\ntitle = "T"\n+++\n')
    with pytest.raises(ReportError) as caught:
        desk.build(formats=("html",))
    errors = caught.value.errors if isinstance(caught.value, CollectedError) else (caught.value,)
    return [error.message.removeprefix("templates/documents/paper.md:") for error in errors]


def test_every_fault_of_a_template_is_told(desk: Desk) -> None:
    """What a call, a filter or a name finds wrong hides nothing that stands behind it, in any file."""
    desk.write('<< value("net.nothing") >>\n\n<< "a" + 1 >>\n', "answers", "q01")
    text = """<< valu("net.loss") >> << value("net.acuracy") >>
<< value("net.loss")|percnt >> << title("nett") >>
<% for point, v in points("nett.loss") %>
<< v.mean >>
<% endfor %>
<< answer("q01") >>
<< nothing >> << value("net.loss").min >>
<< figure("net.curve", caption="c") >>, and [](#fig-net-curve)
"""
    assert faults(desk, text) == [
        "templates/answers/q01.md:1: unknown metric of net 'nothing'",
        "templates/answers/q01.md:3: text + a number can't be computed",
        "4: unknown name 'valu'",
        "4: unknown metric of net 'acuracy'",
        "5: unknown filter 'percnt'",
        "5: unknown experiment 'nett'",
        "6: unknown experiment 'nett'",
        "10: unknown name 'nothing'",
        "10: unknown part of a value 'min'",
        "11: unknown figure of net 'curve'",
    ]


def test_every_fault_of_the_text_is_told(desk: Desk) -> None:
    """Labels, citations, formulas, images, notes and links are looked at with the values that could be had."""
    text = r"""See [](#sec-x) and [@wrong], [@knuth1984].

$$ \frac{a $$ and $\tag{1}$ and $\nonsense$.

### Skips {#sec-a}

# A {#sec-a}

![](images/x.png)

A[^1] and [text](nowhere) << value("net.acuracy") >>
"""
    told = faults(desk, text)
    assert [each.split(":")[0] for each in told] == ["4", "4", "6", "6", "6", "8", "10", "12", "14", "14", "14"]
    for words in ("unknown citation", "'sec-x'", r"\tag", "malformed formula", r"\nonsense", "skips a level"):
        assert sum(words in each for each in told) >= 1, words
    for words in ("duplicate label", "no such file", "unknown note", "leads nowhere", "unknown metric"):
        assert sum(words in each for each in told) == 1, words


@pytest.mark.parametrize(
    ("front", "told"),
    [
        ('subtitle = "S"', ["no title"]),
        ('titel = "T"', ["unknown key in the front matter 'titel'"]),
        ('title = "T"\ndate = 3', ["date"]),
        ("title = T", ["not valid TOML"]),
        ('title = "<< nothing >>"\nsubtitle = "<< valeu >>"', ["unknown name 'nothing'", "unknown name 'valeu'"]),
        ('title = "T"\nabstract = "<b>A</b>"', ["<b> is HTML"]),
        ('title = "T"\nbibliography = "no.bib"', ["bibliography is no file"]),
    ],
)
def test_what_is_wrong_with_the_front_matter_hides_nothing(desk: Desk, front: str, told: list[str]) -> None:
    """What is wrong below is told with it, but for what only follows from it."""
    desk.write('See << value("net.x") >> [@knuth1984].\n\n<< valu("a") >>\n', front=f"+++\n{front}\n+++\n")
    with pytest.raises(CollectedError) as caught:
        desk.build(formats=("html",))
    messages = [error.message for error in caught.value.errors]
    wanted = [*told, "unknown metric of net 'x'", "unknown name 'valu'"]
    assert len(messages) == len(wanted), messages
    for words, message in zip(wanted, messages, strict=True):
        assert words in message
        assert message.startswith("templates/documents/paper.md:")


def test_missing_results_are_told_together(desk: Desk) -> None:
    """Each result that isn't there is told with the command, as a failure of the work."""
    desk.figures.clear()
    desk.write('<< value("idle.accuracy") >>\n\n<< figure("net.curves", caption="c") >>\n')
    with pytest.raises(CollectedError) as caught:
        desk.build(formats=("html",))
    assert caught.value.exit_code == 1
    assert [error.hint for error in caught.value.errors] == ["report run idle", "report run net"]


def test_a_fault_in_a_loop_is_told_once_and_many_end_the_build(desk: Desk) -> None:
    """A fault is told once for its place; after twenty others no more are looked for."""
    assert len(faults(desk, '<% for i in range(50) %><< value("net.x") >><% endfor %>\n')) == 1
    assert len(faults(desk, '<< value("net.x") >>\n' * 50)) == 20


def test_a_file_that_can_not_be_read_is_told_with_the_others(desk: Desk) -> None:
    """Malformed answers are told one each, beside what the document itself has wrong."""
    desk.write("<% if 1 %>\n", "answers", "q01")
    desk.write("<< value( >>\n", "answers", "q02")
    text = '<< answer("q01") >>\n<< answer("q02") >>\n<< value("net.x") >>\n'
    assert faults(desk, text) == [
        "templates/answers/q01.md:1: <% if %> is never closed",
        "templates/answers/q02.md:1: a bracket is never closed",
        "6: unknown metric of net 'x'",
    ]


def test_a_mended_template_is_read_anew(desk: Desk) -> None:
    """A fault that was told is told again until it is mended, also in the same process."""
    for _ in range(2):
        assert faults(desk, "<< value('net.loss')|percnt >>") == ["4: unknown filter 'percnt'"]
    desk.write("<< value('net.loss')|percent >>")
    assert desk.build(formats=("html",)).written


@pytest.mark.parametrize(
    ("text", "told", "hint"),
    [
        ('<% include "nope.md" %>', "unknown template 'nope.md'", "known: "),
        ('<% include "answers/q1.md" %>', "unknown template 'answers/q1.md'", "did you mean answers/q01.md?"),
        ("<< figure('net.curves') >>", "figure needs a caption", 'write figure("EXPERIMENT.FIGURE", caption="...")'),
        ("<< figure('net.curves', captoin='c') >>", "unknown argument of figure 'captoin'", "did you mean caption?"),
        ("<< value(3) >>", "value takes a name, not 3", 'write value("EXPERIMENT.METRIC")'),
        ("<< value('net.loss')|decimals(1, 2) >>", "decimals takes fewer arguments", "write decimals, or decimals(2)"),
        ("<< value('net.loss')|decimals(n=2) >>", "unknown argument of decimals 'n'", "known: digits, number"),
        ("<< value('net.loss') ** 2 >>", "a value ** a number can't be computed", "values are computed"),
        ("<< value('net.loss') + 'a' >>", "a number + text can't be computed", "values are computed"),
        ("<< value('net.loss')() >>", "a value can't be called", "take away"),
        ("<% for a in 3 %><% endfor %>", "a number can't be gone through", "a loop takes a list"),
        ("<% for a, b in [[1]] %><% endfor %>", "there are more names than values for them", ""),
        ("<< (1).foo >>", "a number has no part 'foo'", ""),
        ("<< [1, 2][5] >>", "there is no element 5 in a list of 2", "elements count from 0"),
        ("<< {'ab': 1}.abc >>", "unknown part 'abc'", "did you mean ab?"),
        ("<% endif %>", "<% endif %> ends nothing: no <% if %> is open", "take it away"),
        ("<% if 1 %>x<% endfor %>", "<% endfor %> stands where <% if %> is to end", "write <% endif %>"),
        ("<% fro x in [] %>", "unknown tag 'fro'", "did you mean from, for"),
        ("<< value('net.loss' >>", "a bracket is never closed", "end it with ) or ]"),
        ("<< value(\n'net.loss' >>", "a bracket is never closed", "end it with ) or ]"),
        ("<< value('net.loss) >>", "a text in quotation marks is never closed", "where <<"),
        ("x = 1 << 3", "<< is not closed", "end it with >>"),
        ("<% if %>x<% endif %>", "an expression is missing", "where <<"),
        ("<# a", "<# is never closed", "end it with #>"),
        ('<< "%.2f" % value("net.loss") >>', "a value is not put into a text with %", "write numbers with percent"),
        ('<< "%.2f"|format(value("net.loss")) >>', "a value is not put into a text with %", "write numbers with"),
        ('<< "{:.2f}".format(value("net.loss")) >>', "a value is not put into a text with format", "write numbers"),
        ('<< constant("x") >>', "constant takes a number, not 'x'", "write constant(0.7383"),
        ('<< constant(0.5, of="x") >>', "constant takes a number, not 'x'", "write constant(0.7383"),
        ('<< constant(73.1, "fraction")|percent >>', "73.1 is no fraction", "write 0.731"),
        ('<< constant(0.5, "percent") >>', "constant of the unit 'percent'", 'write constant(..., "fraction")'),
        ("<< value('net.loss').upper() >>", "unknown part of a value 'upper'", "known: high, low, n, spread"),
        ("<< value('net.loss').number >>", "unknown part of a value 'number'", "known: high, low, n, spread"),
        ("<< value('net.loss').ledger >>", "unknown part of a value 'ledger'", "known: high, low, n, spread"),
        ("<< [value('net.loss'), 1]|decimals(2) >>", "a list is no number for the filter decimals", "take one"),
        ("<< points('net.loss')|decimals(2) >>", "a list is no number for the filter decimals", "take one"),
        ("<< value('net.loss')|percent|decimals >>", "a written number is no number for the filter", "one filter"),
        ("<< value('net.loss')|decimals(value('net.loss')) >>", "net.loss is not a count of digits", "0 to 12"),
        ("<< nothing|decimals >>", "unknown name 'nothing'", "known: "),
        ("<< [value('net.loss')] >>", "a list is neither number nor text", "show one part"),
        ("<< value('net.loss') > 1 >>", "an outcome is neither number nor text", "show one part"),
        ("<< value >>", "a function is neither number nor text", "show one part"),
        ("<< value(value('net.loss')) >>", "value takes a name, not net.loss", "write value("),
        ("<< value('net.loss', seed=7) >>", "net has no seed 7", "there are 0"),
        ("<< compare(1, 2) >>", "compare takes names and values, not 1", 'write "EXPERIMENT.METRIC"'),
        ("<< every(1) >>", "every: a number doesn't fit here", "write every(OUTCOME"),
    ],
)
def test_a_mistake_in_a_template_is_told_in_words(desk: Desk, text: str, told: str, hint: str) -> None:
    """What Jinja and Python say becomes one sentence without their words, with file and line and what to write.

    It is that of a part which a document includes, too.
    """
    desk.write("Fine.\n", "answers", "q01")
    desk.write(f"\n{text}\n", front='+++\ntitle = "T"\n+++\n')
    with pytest.raises(UsageError) as caught:
        desk.build(formats=("html",))
    assert caught.value.message.startswith(f"templates/documents/paper.md:5: {told}")
    assert caught.value.hint.startswith(hint)
    desk.write(f"\n{text}\n", "answers", "q01")
    desk.write("<< answer('q01') >>\n")
    with pytest.raises(UsageError, match=re.escape(f"templates/answers/q01.md:2: {told}")):
        desk.build(formats=("html",))
