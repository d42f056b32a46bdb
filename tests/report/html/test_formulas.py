"""Formulas on the screen and in print: every command of the user's guide of amsmath is set or refused."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree
from lxml.etree import _Element as Element

from report_cli.errors import Faults, UsageError
from report_cli.project import Project, Settings
from report_cli.report.html import formulas, typst_math
from report_cli.report.html.formulas import Formula, Typeset
from tests.report.conftest import Desk
from tests.report.html.amsmath import REFUSED, SET
from tests.report.judges import judge

NORMS = (
    r"\lVert x\rVert_2^2",
    r"\left\lVert x\right\rVert_2^2",
    r"\|x\|_2^2",
    r"\left\|x\right\|_2^2",
    r"\Vert x\Vert_2^2",
)
# A space, and how wide it is in em.
SPACES = {
    r"\,": 0.167, r"\thinspace": 0.167, r"\:": 0.222, r"\medspace": 0.222, r"\;": 0.278, r"\thickspace": 0.278,
    r"\!": -0.167, r"\negthinspace": -0.167, r"\negmedspace": -0.222, r"\negthickspace": -0.278, r"\quad": 1,
    r"\qquad": 2, r"\enspace": 0.5, r"\mspace{-3mu}": -0.167, r"\mkern 9mu": 0.5,
}  # fmt: skip
# What LaTeX sets below a sign or a name, and the same beside it.
BELOW = {
    r"\operatorname*{argmin}_w": r"\operatorname{argmin}_w",
    r"\lim_x": r"\log_x",
    r"\varlimsup_n": r"\overline{\log}_n",
    r"\sum_i": r"\sum\nolimits_i",
    r"\bigoplus_i": r"\bigoplus\nolimits_i",
    r"\iint\limits_V": r"\iint_V",
}
# Formulas whose form in print depends on what is in them: a higher one, and a lower one.
HIGHER = {
    r"\left(\vphantom{\int} x\right)": r"\left(x\right)",
    r"\dbinom{n}{k}": r"\tbinom{n}{k}",
    r"\left\lVert\frac{a}{b}\right\rVert": r"\lVert x\rVert",
    r"\Bigl( x": r"\bigl( x",
    r"\begin{matrix} a \\ b \end{matrix}": r"\begin{smallmatrix} a \\ b \end{smallmatrix}",
    r"\sum_{\substack{a \\ b}} x": r"\sum_a x",
    r"\dfrac{a}{b}": r"\tfrac{a}{b}",
}
SAMPLES = ("ab", r"\exp(x)", r"\exp\left(x\right)", r"\exp\!\left(x\right)", *NORMS, *(rf"a{s} b" for s in SPACES))
# Plain bars, and the same with bars that open and close.
BARS = {
    r"|a| + |b|": r"\lvert a\rvert + \lvert b\rvert",
    r"\|a\| - \|b\|": r"\lVert a\rVert - \lVert b\rVert",
    r"\|a\|^2 \cdot \Vert b\Vert": r"\lVert a\rVert^2 \cdot \lVert b\rVert",
    r"||x| - |y||": r"\lvert\lvert x\rvert - \lvert y\rvert\rvert",
    r"\||x| \times y\|": r"\lVert\lvert x\rvert \times y\rVert",
    r"|-x| = |x||y|": r"\lvert-x\rvert = \lvert x\rvert\lvert y\rvert",
    r"(|a| + b)": r"(\lvert a\rvert + b)",
}
# Formulas, and how much wider they are than others, in em: the thin space beside what \left and \right enclose, none
# behind the comma of a number, and none before a script, which no letter pushes away.
WIDER = {
    (r"f\left(x\right)", r"f(x)"): 0.167,
    (r"\left(x\right) y", r"(x) y"): 0.167,
    (r"\left(x\right) = y", r"(x) = y"): 0,
    (r"z_{f\left(x\right)}", r"z_{f(x)}"): 0,
    (r"\mathrm{ReLU}\begin{bmatrix} x \end{bmatrix}", r"\mathrm{ReLU}\!\begin{bmatrix} x \end{bmatrix}"): 0.167,
    (r"1{,}234", r"1234"): 0.25,
    (r"Y_R", r"X_R"): -0.03,
}
ALL = (*SET, *SAMPLES, *BARS, *BARS.values(), *BELOW, *BELOW.values(), *HIGHER, *HIGHER.values(), *sum(WIDER, ()))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"), Settings())


@pytest.fixture(scope="module")
def math(project: Project) -> dict[str, Element]:
    """The display formulas as the screen has them."""
    return dict(zip(SET, formulas.to_mathml(project, [Formula(tex, True) for tex in SET]), strict=True))


@pytest.fixture(scope="module")
def printed(project: Project) -> Callable[[str], Typeset]:
    """What print has of a display formula, made of all of them at once."""
    made = formulas.typeset(project, [Formula(tex, True) for tex in ALL], str, Faults())
    return lambda tex: made[Formula(tex, True)]


@pytest.mark.parametrize("tex", SET)
def test_a_command_is_set_with_all_its_signs(math: dict[str, Element], tex: str) -> None:
    """Nothing that LaTeX shows is lost on the screen, and print shows the same letters."""
    signs = "".join(math[tex].xpath(".//text()[not(parent::annotation)]")).replace("\u2061", "")
    assert signs == SET[tex]
    equation = typst_math.write(math[tex])
    escaped = [chr(int(code, 16)) for code in re.findall(r"\\u\{(\w+)\}", equation)]
    letters = [*escaped, *"".join(re.findall(r'upright\("([^"]*)"\)', equation))]
    assert sorted(filter(str.isalnum, letters)) == sorted(filter(str.isalnum, signs))


@pytest.mark.parametrize("tex", SET)
def test_a_command_has_its_place_in_print(printed: Callable[[str], Typeset], tex: str) -> None:
    """Each formula is a picture with ink that reaches across its baseline or stands near it."""
    formula = printed(tex)
    assert "data-glyphs" in formula.svg or "<path" in formula.svg
    assert formula.width > 0.2
    assert -formula.height < formula.depth < formula.height


@pytest.mark.parametrize("tex", REFUSED)
def test_what_is_not_set_is_refused_with_its_line(desk: Desk, tex: str) -> None:
    """A command that would be lost is an error that says where it is and what to write."""
    with pytest.raises(UsageError, match=re.escape(f"paper.md:6: a formula can't be set with {REFUSED[tex]}")) as error:
        desk.body(f"Text\n\n$$ {tex} $$\n")
    assert error.value.hint


@pytest.mark.parametrize("space", SPACES)
def test_spaces_are_as_wide_in_print(printed: Callable[[str], Typeset], space: str) -> None:
    """A space between two letters is as wide as in LaTeX."""
    assert printed(rf"a{space} b").width - printed("ab").width == pytest.approx(SPACES[space], abs=0.002)


@pytest.mark.parametrize(("tex", "other"), WIDER)
def test_letters_and_signs_stand_as_in_latex(printed: Callable[[str], Typeset], tex: str, other: str) -> None:
    """What stands beside brackets that grow, in a number, and at the foot of a letter has its distance."""
    assert printed(tex).width - printed(other).width == pytest.approx(WIDER[tex, other], abs=0.01)


def test_a_negative_space_pulls_a_bracket_to_its_name(printed: Callable[[str], Typeset]) -> None:
    """What stands behind a negative space stands a little nearer, not over what is before it."""
    near, plain = printed(r"\exp\!\left(x\right)").width, printed(r"\exp\left(x\right)").width
    assert 0.1 < plain - near < 0.2


def test_all_ways_to_write_a_norm_are_one_picture(printed: Callable[[str], Typeset]) -> None:
    """The bars have one form and one distance, and scripts stand at them."""
    pictures = [printed(tex) for tex in NORMS]
    for picture in pictures:
        assert picture.width == pytest.approx(pictures[0].width, abs=0.01)
        assert picture.height == pytest.approx(pictures[0].height, abs=0.05)


@pytest.mark.parametrize("tex", BARS)
def test_plain_bars_are_as_those_that_open_and_close(printed: Callable[[str], Typeset], tex: str) -> None:
    """A sign between two norms has the same space, on the screen and in print, however the bars are written."""
    plain, named = printed(tex), printed(BARS[tex])
    assert plain.width == pytest.approx(named.width, abs=0.01)
    shown = [re.sub(r"<annotation.*?</annotation>", "", each.mathml) for each in (plain, named)]
    signs = [re.findall(r"<(m[io])[^>]*>([^<]*)", each) for each in shown]
    assert signs[0] == signs[1]


@pytest.mark.parametrize("tex", [r"P(A|B)", r"p(x|y) p(y|z)", r"\left.f\right|_0 + |x"])
def test_bars_without_partners_stay_as_they_are(project: Project, tex: str) -> None:
    """A bar that parts two things neither opens nor closes."""
    (math,) = formulas.to_mathml(project, [Formula(tex, False)])
    assert {bar.get("form") for bar in math.iter("mo") if bar.text == "|" and bar.get("stretchy") == "false"} == {
        "prefix"
    }


def test_rows_and_cells_may_be_empty(project: Project) -> None:
    """An empty cell keeps its place, and a line break at the end of the last row begins no other."""
    for tex, rows in (
        (r"\begin{pmatrix} a & \\ & b \end{pmatrix}", 2),
        (r"\begin{matrix} a \\ b \\ \end{matrix}", 2),
        (r"\begin{cases} a & b \\ c & d \\ \end{cases}", 2),
        (r"\begin{aligned} a &= b \\ &= c \\ \end{aligned}", 2),
        (r"\begin{matrix} a \\ \\ b \end{matrix}", 3),
    ):
        formula = Formula(tex, True)
        made = formulas.typeset(project, [formula], str, Faults())[formula]
        assert made.mathml.count("<mtr>") == rows
        assert rows < made.height < rows + 1.3


def test_what_is_enclosed_may_stand_in_a_fraction_or_a_root(project: Project) -> None:
    """No space gets between the two parts of a fraction or a root: they are told by their places."""
    for tex in (r"\frac{a}{\begin{pmatrix} 1 \\ 2 \end{pmatrix}}", r"\sqrt[\left(n\right)]{\left(x\right)}"):
        formula = Formula(tex, True)
        made = formulas.typeset(project, [formula], str, Faults())[formula]
        assert [len(part) for part in etree.fromstring(made.mathml).iter("mfrac", "mroot")] == [2]


@pytest.mark.parametrize("tex", BELOW)
def test_limits_stand_below_in_print(printed: Callable[[str], Typeset], tex: str) -> None:
    """What LaTeX sets below a sign or a name makes it deeper, not wider."""
    assert printed(tex).depth > printed(BELOW[tex]).depth + 0.05


@pytest.mark.parametrize("tex", HIGHER)
def test_print_has_the_sizes_of_latex(printed: Callable[[str], Typeset], tex: str) -> None:
    """Brackets grow with what they enclose, and small forms are smaller."""
    assert printed(tex).height > printed(HIGHER[tex]).height + 0.1


def test_limits_stand_beside_where_a_line_has_no_room(project: Project) -> None:
    """In text and in fractions, both forms have the limits of a sum and of a maximum beside them."""
    text = [Formula(r"\sum_i \max_i x", False), Formula(r"\frac{\sum_i x}{\max_i x}", True)]
    for math in formulas.to_mathml(project, text):
        assert not math.xpath(".//munder")
        assert len(math.xpath(".//msub")) == 2
        assert "limits(" not in typst_math.write(math)


def test_the_style_may_begin_a_formula(project: Project) -> None:
    """A formula in a line of text can have the limits of one of its own."""
    (math,) = formulas.to_mathml(project, [Formula(r"\displaystyle\sum_i x", False)])
    assert (math.get("display"), math.get("displaystyle")) == ("inline", "true")
    assert len(math.xpath(".//munder")) == 1
    assert typst_math.write(math).startswith("$display(")


def test_a_name_stands_apart_from_letters(project: Project) -> None:
    """Browsers set no space beside the name of a function: log p has it, log(p) does not."""
    apart, bracket = formulas.to_mathml(project, [Formula(r"2\log p", False), Formula(r"\log(p)", False)])
    assert len(apart.xpath(".//mspace")) == 2
    assert not bracket.xpath(".//mspace")


def test_tables_keep_their_own_sizes(project: Project) -> None:
    """A small matrix among aligned lines is small, and the lines and the matrix beside it are not."""
    small, other = r"\begin{smallmatrix} a \\ b \end{smallmatrix}", r"\begin{pmatrix} a \\ b \end{pmatrix}"
    tex = rf"\begin{{aligned}} x &= {other} \\ y &= {small} \end{{aligned}}"
    (math,) = formulas.to_mathml(project, [Formula(tex, True)])
    sizes = [(table.get("displaystyle"), table.get("style")) for table in math.iter("mtable")]
    assert sizes == [("true", None), (None, None), (None, "font-size: 0.7em")]
    assert typst_math.write(math).count("script(") == 2


def test_all_commands_are_valid_on_the_screen(printed: Callable[[str], Typeset], tmp_path: Path) -> None:
    """The MathML of every command is what HTML allows."""
    page = tmp_path / "page.html"
    shown = "".join(f"<p>{printed(tex).mathml}</p>" for tex in SET)
    page.write_text(f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Formulas</title>{shown}</html>')
    assert judge("htmlcheck.sh", page).stderr == ""
