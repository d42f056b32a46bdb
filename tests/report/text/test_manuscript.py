import re

import pytest

from report_cli.errors import CollectedError, ReportError, UsageError
from report_cli.report.build import survey
from report_cli.report.text import manuscript
from report_cli.report.text.coverage import coverage
from tests.report.conftest import Desk


def failure(desk: Desk, text: str, draft: bool = False) -> ReportError:
    desk.write(text)
    with pytest.raises(ReportError) as caught:
        manuscript.write(desk.project, "paper", desk.context(draft))
    return caught.value


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("It is <% if 1 %>good<% else %>bad<% endif %>\nand more", "It is good\nand more"),
        ("A word<# a remark #>\nnext", "A word\nnext"),
        ("<% for x in [1, 2] %>\n- x<% if x > 1 %>, last<% endif %>\n<% endfor %>\nend", "- x\n- x, last\nend"),
        ("<% if 1 %><# a remark #>\nyes\n<% endif %>\n", "yes\n"),
        ("Words <% raw %>\n<% if x %>\n<% endraw %>", "Words \n<% if x %>"),
        ("Text\n<% set a = [\n1] %><% set b = 2 %>\nmore", "Text\nmore"),
        ("Text\n<# a\nb #><% set b = 2 %>\nmore", "Text\nmore"),
        ("Text <# see <% if %> #>\nmore", "Text \nmore"),
        ("a<% set x = [\n  1,\n] %>\nb<% if 1 -%>\n c<% endif +%>\nd", "a\nbc\nd"),
    ],
)
def test_a_tag_behind_words_leaves_them_the_end_of_their_line(desk: Desk, text: str, rendered: str) -> None:
    """A line of tags alone leaves nothing behind; words before a tag stay apart from those of the next line."""
    assert desk.markdown(text).strip("\n") == rendered.strip("\n")


def test_several_seeds_give_their_mean(desk: Desk) -> None:
    """A value of an experiment with several seeds is their mean, and its spread can be shown."""
    desk.store("net", {"accuracy": (0.7583, "fraction")}, seed=1)
    text = '<% set v = value("net.accuracy") %><< v.n >>: << v|percent >> ± << v.spread|percent(2) >>'
    assert desk.markdown(text) == "2: 74.8\u202f% ± 1.41\u202f%"


def test_arithmetic_and_conditions_work_in_templates(desk: Desk) -> None:
    """Templates compute with values and decide by them."""
    text = '<% if value("net.accuracy") > 0.7 %><< ((1 - value("net.accuracy")) * 100)|decimals(1) >><% endif %>'
    assert desk.markdown(text) == "26.2"


def test_parameters_titles_and_labels_can_be_asked_for(desk: Desk) -> None:
    """A template takes parameters of the runs used, titles and the images' label."""
    text = '<< parameter("net", "epochs") >>, << parameter("net", "widths") >>, << parameter("net", "augment") >>, '
    text += '<< title("net") >>, << images_label("net") >>'
    assert desk.markdown(text) == "3, 32, 64, no, A network, drawn images"


def test_a_matrix_is_latex(desk: Desk) -> None:
    """A stored array becomes a bracketed matrix, whole numbers without decimals."""
    assert desk.markdown('$$<< matrix("facts.grid") >>$$') == (r"$$\begin{bmatrix}45 & 45 \\ 54 & 54\end{bmatrix}$$")


def test_a_matrix_has_no_minus_before_nothing(desk: Desk) -> None:
    """A zero that carries a sign, as a product with a negative number may, is shown as 0."""
    desk.store("facts", {"sum": (45, "count")}, arrays={"zeros": [[-0.0, 0.0], [-1.0, 2.0]]})
    assert desk.markdown('<< matrix("facts.zeros") >>') == r"\begin{bmatrix}0 & 0 \\ -1 & 2\end{bmatrix}"


def test_an_element_of_an_array_is_a_value_or_text(desk: Desk) -> None:
    """One element of a stored array can be asked for: a number computes and shows like a value, text is escaped."""
    desk.store(
        "facts", {"sum": (45, "count")}, arrays={"names": ["a*b \t c\u00a0d", "no"], "grid": [[45, 45], [54, 54]]}
    )
    text = '<< (element("facts.grid", 1, 0) / 4)|decimals(1) >> << element("facts.names", 0) >>'
    text += '<% if element("facts.names", 1) == "no" %> no match<% endif %>'
    assert desk.markdown(text) == "13.5 a\\*b c\u00a0d no match"


ROWS = '(rows("facts.rows"{})|first).n'


@pytest.mark.parametrize("call", ['element("facts.grid", 0, 1{})', 'matrix("facts.grid"{})', ROWS])
def test_of_several_seeds_one_is_named(desk: Desk, call: str) -> None:
    """An array or table is that of one run: of several seeds it takes the one that is named, and none by itself."""
    metrics = {"sum": (45.0, "count")}
    for seed in (0, 1):
        stored = {
            "arrays": {"grid": [[1, 10 + seed], [2, 3]]},
            "tables": {"rows": {"columns": ["n"], "rows": [[10 + seed]]}},
        }
        desk.store("facts", metrics, seed=seed, profile=None, data=None, **stored)
    told = failure(desk, f"$<< {call.format('')} >>$")
    assert "paper.md:4: facts has 2 seeds" in told.message
    assert told.hint == "name one: seed=0"
    for seed in (0, 1):
        assert str(10 + seed) in desk.markdown(f"$<< {call.format(f', seed={seed}')} >>$")
    absent = failure(desk, f"$<< {call.format(', seed=7')} >>$")
    assert absent.message.endswith("facts has no seed 7")
    assert absent.hint == "there are 0, 1"


def test_an_element_that_is_not_there_is_an_error(desk: Desk) -> None:
    """An index outside the array, or with another number of axes, is an error that says the shape."""
    for index in ("2, 0", "-1, 0", "1"):
        error = failure(desk, f'<< element("facts.grid", {index}) >>')
        assert "facts.grid has the shape (2, 2)" in error.message
    assert "never run" in desk.markdown('<< element("idle.grid", 1, 0) >>', draft=True)


def test_what_was_never_run_may_turn_out_to_be_text(desk: Desk) -> None:
    """Nobody knows yet whether an element is a number: it equals no word, and a filter of text leaves it as it is."""
    text = (
        '<< "yes" if element("idle.names", 0) == "no" else "open" >> << element("idle.names", 0)|replace("a", "b") >>'
    )
    shown = desk.markdown(text, draft=True)
    assert shown.startswith("open ")
    assert "never run" in shown


def test_latex_and_markdown_attributes_are_left_alone(desk: Desk) -> None:
    """The delimiters collide with neither LaTeX nor Markdown."""
    text = r"$\{a_{n}\} \ll {{x}}$ {#eq-a} {% x %} \<b>"
    assert desk.markdown(text) == text


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        ('<< value("nett.accuracy") >>', "unknown experiment 'nett'", "net"),
        ('<< value("net.acuracy") >>', "unknown metric of net 'acuracy'", "accuracy"),
        ('<< figure("net.curve", caption="c") >>', "unknown figure of net 'curve'", "curves"),
        ('<< parameter("net", "epoch") >>', "unknown parameter of net 'epoch'", "epochs"),
        ('<< matrix("facts.gird") >>', "unknown array of facts 'gird'", "grid"),
        ('<< answer("q1") >>', "unknown answer 'q1'", "q01"),
        ('<< section("rest") >>', "unknown section 'rest'", "results"),
        ('<< images_label("facts") >>', "facts uses no images", "an experiment with images"),
        ('<< value("net") >>', "'net' names no metric", "experiment.metric"),
    ],
)
def test_an_unknown_name_is_an_error_with_its_line(desk: Desk, call: str, message: str, hint: str) -> None:
    """A name that nothing declares is reported with template, line and near misses."""
    desk.write("An answer.", "answers", "q01")
    desk.write("Results.", "sections", "results")
    error = failure(desk, f"\n# A title\n\n{call}\n")
    assert isinstance(error, UsageError)
    assert error.message.startswith(f"templates/documents/paper.md:7: {message}")
    assert hint in error.hint


def test_numbers_have_the_digits_that_they_should(desk: Desk) -> None:
    """A parameter is shown as it was set, and a number that a template computes with at most four digits."""
    text = '<< parameter("net", "rate") >> << 7 / 3 >> << 2 * 3 >> << 0.5 >> << -1 / 8 >> << [1.0]|first >>'
    assert desk.markdown(text) == "0.03 2.333 6 0.5 −0.125 1"


def test_a_given_number_stays_itself_in_a_template_that_was_compiled_before(desk: Desk) -> None:
    """Rendered again from compiled code, a typed number behind a filter is no other value of the new rendering."""
    text = '<< value("net.loss")|decimals >>, << 0.95|percent >>, << value("net.accuracy")|percent >>'
    first = desk.markdown(text)
    assert first == "0.64, 95.0\u202f%, 73.8\u202f%"
    assert desk.markdown(text) == first


NUMBER = 'value("net.loss")'


@pytest.mark.parametrize(
    "text",
    [
        *(f"{NUMBER}|{each}" for each in ("scientific|replace('2', '1')", "replace('.', ',')", "length", "reverse")),
        *(f"{NUMBER}|decimals(2)|{each}" for each in ("upper", "list", "truncate(2)", "first", "join('-')")),
        f"({NUMBER}|decimals(2))[:3]",
        f"{NUMBER}[0]",
        f"{NUMBER}|decimals(2) == '0.64'",
        f"'0.64' != {NUMBER}|decimals(2)",
        f"{NUMBER} == '0.64'",
        f"'4' in ({NUMBER}|percent)",
        f"({NUMBER}|percent) + ' of them'",
        f"({NUMBER}|decimals(2)) > ({NUMBER}|decimals(1))",
        f"({NUMBER} ~ ' nats')|length",
        f"('about ' ~ {NUMBER})|reverse",
        f"('about ' ~ {NUMBER})|escape",
        f"('about ' ~ {NUMBER})[:8]",
        f"'%.7s' % ('about ' ~ {NUMBER})",
    ],
)
def test_a_number_is_never_changed_as_text(desk: Desk, text: str) -> None:
    """What would make another text of a number, or of a part of it, is an error with its line."""
    error = failure(desk, f"\n<< {text} >>")
    assert isinstance(error, UsageError)
    assert error.message.startswith("templates/documents/paper.md:5: ")


def test_text_around_numbers_may_be_changed(desk: Desk) -> None:
    """What is done to a sentence leaves the numbers in it what they are, and a number may be joined to text."""
    text = f"<< ('Loss: ' ~ {NUMBER}|decimals(2) ~ ' nats in 2 runs')|replace('2', 'two')|upper >>"
    assert desk.markdown(text) == "LOSS: 0.64 NATS IN TWO RUNS"
    assert desk.markdown(f"<< ['a', {NUMBER}]|join(' ') >>") == "a 0.6380"
    assert desk.markdown(f"<< [{NUMBER}, {NUMBER}]|length >> << {NUMBER}|e >>") == "2 0.6380"


def test_an_error_names_the_included_file(desk: Desk) -> None:
    """The line at fault is that of the answer, not that of the document that includes it."""
    desk.write('Fine.\n\n<< value("net.none") >>\n', "answers", "q01")
    assert failure(desk, '<< answer("q01") >>').message.startswith("templates/answers/q01.md:3: unknown metric")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<< xyzzy >>", "unknown name 'xyzzy'"),
        ("<< value('net.loss' >>", "a bracket is never closed"),
        ("<< value('net.loss')|int >>", "unknown filter 'int'"),
        ("<< value('net.loss').min >>", "unknown part of a value 'min'"),
        ("<< figure('net.curves') >>", "figure needs a caption"),
        ("<< value() >>", "value needs a name"),
        ("<< title('net', 2) >>", "title takes fewer arguments"),
        ("<% if 1 %>\n\na", ":5: <% if %> is never closed"),
        ("<% for x in [1] %><% if x %><% endif %>\n", ":5: <% for %> is never closed"),
        ("<< 1 / 0 >>", "division by zero"),
        ("<< ''.__class__ >>", "unsafe"),
        ("<< value('net.loss') + 'a' >>", "a number + text can't be computed"),
        ("<< answer('loop') >>", "includes itself"),
        ("<< answer('../documents/paper') >>", "unknown answer"),
    ],
)
def test_a_malformed_template_is_a_usage_error(desk: Desk, text: str, message: str) -> None:
    """Whatever goes wrong inside a template is reported with its line, never as a traceback."""
    desk.write("<< answer('loop') >>", "answers", "loop")
    error = failure(desk, f"\n{text}")
    assert isinstance(error, UsageError)
    assert message in error.message
    assert re.match(r"templates/(documents/paper|answers/loop).md:\d+: ", error.message)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("<< valeu('net.loss') >>", "did you mean value?"),
        ("<< value('net.loss')|float >>", "values are numbers"),
        ("<< figure('net.curves') >>", 'write figure("EXPERIMENT.FIGURE", caption="...")'),
        (
            "<< xyzzy >>",
            "known: about, answer, between, claim, compare, constant, element, every, falling, figure",
        ),
        ("<< value('net.loss')|percnt >>", "did you mean percent"),
        ("<% if value('net.loss') is defind %>a<% endif %>", "did you mean defined"),
    ],
)
def test_an_unknown_word_of_a_template_names_near_misses(desk: Desk, text: str, hint: str) -> None:
    """A mistyped call, filter or test is told with what may have been meant."""
    assert failure(desk, text).hint.startswith(hint)


def test_a_missing_result_names_line_and_command(desk: Desk) -> None:
    """A result that doesn't exist is an error that says where it is used and what would make it."""
    error = failure(desk, '\nText << value("idle.accuracy") >>')
    assert error.exit_code == 1
    assert error.message == "templates/documents/paper.md:5: no result of idle: never run"
    assert error.hint == "report run idle"


def test_a_missing_result_is_told_once(desk: Desk) -> None:
    """However often it is asked for, the first place is named and the others are counted; each result has its error."""
    desk.store("facts", {"sum": (1e999, "")}, profile=None, data=None)
    error = failure(desk, 25 * '<< value("idle.accuracy") >>\n' + 2 * '<< value("facts.sum")|percent >>\n')
    assert isinstance(error, CollectedError)
    told = [each.message.removeprefix("templates/documents/paper.md:") for each in error.errors]
    assert told == [
        "4 and 24 more places: no result of idle: never run",
        "29 and 1 more place: facts.sum is inf, which is no result",
    ]
    assert error.lines(root=desk.project.root).splitlines()[1] == '  4 | << value("idle.accuracy") >>'


def test_many_missing_results_are_told_once_each(desk: Desk) -> None:
    """Where so many are missing that the build stops, too, none is told twice."""
    names = [f"sum_{number}" for number in range(20)]
    desk.store("facts", dict.fromkeys(names, (1e999, "")), profile=None, data=None)
    error = failure(desk, "".join(2 * f'<< value("facts.{name}")|percent >>\n' for name in names))
    assert isinstance(error, CollectedError)
    assert [each.message.partition(": ")[2].split()[0] for each in error.errors] == [f"facts.{name}" for name in names]


def test_the_hint_of_a_missing_result_has_the_options_of_the_build(desk: Desk) -> None:
    """The command that a hint names makes the very result that is missing, not that of another profile."""
    desk.options = ("--profile", "smoke", "--data", "my pets")
    assert failure(desk, '<< value("idle.accuracy") >>').hint == "report run idle --profile smoke --data 'my pets'"
    desk.figures.clear()
    drawn = failure(desk, '<< figure("net.curves", caption="c") >>')
    assert drawn.hint == "report run net --profile smoke --data 'my pets'"


def test_a_non_finite_result_is_an_error(desk: Desk) -> None:
    """A number that is not finite is never shown."""
    desk.store("idle", {"accuracy": (1e999, "")})
    assert "idle.accuracy is inf" in failure(desk, '<< value("idle.accuracy") >>').message


def test_a_draft_marks_what_is_missing(desk: Desk) -> None:
    """In a draft a placeholder stands for a missing result, also after arithmetic."""
    text = '<< value("idle.accuracy")|percent >> << (1 - value("idle.accuracy"))|decimals(2) >>'
    assert desk.markdown(text, draft=True) == "[idle.accuracy: never run] [idle.accuracy: never run]"


def test_text_from_outside_stays_text(desk: Desk) -> None:
    """A label from outside is neither Markdown nor a template, and can't forge a value."""
    label = "*a* <% x %> <<7*7>> [l](x) $y$ \ue0000\ue001"
    desk.store("idle", {"accuracy": (0.5, "")}, data={"name": "x", "label": label, "origin": "real"})
    tree = desk.tree('Seen: << images_label("idle") >>')
    assert tree.text_content().strip() == "Seen: *a* <% x %> <<7*7>> [l](x) $y$ 0"


def test_notes_of_two_answers_keep_apart(desk: Desk) -> None:
    """Two answers may both have a footnote 1."""
    desk.write("A[^1]\n\n[^1]: first\n", "answers", "a")
    desk.write("B[^1]\n\n[^1]: second\n", "answers", "b")
    notes = desk.tree('<< answer("a") >>\n<< answer("b") >>').xpath(".//span[@class='fn']")
    assert [note.text_content().strip() for note in notes] == ["first", "second"]


def test_notes_of_parts_with_one_name_keep_apart(desk: Desk) -> None:
    """A section and an answer may have one name, with spaces and dots, and a part may come twice, or within another."""
    desk.write("A[^1]\n\n[^1]: first\n\n<< answer('a b.c') >>\n", "sections", "a b.c")
    desk.write("B[^1]\n\n[^1]: second\n", "answers", "a b.c")
    notes = desk.tree('<< section("a b.c") >>\n<< answer("a b.c") >>').xpath(".//span[@class='fn']")
    assert [note.text_content().strip() for note in notes] == ["first", "second", "second"]
    desk.write("B[^1] and [^2]\n\n[^1]: second\n", "answers", "a b.c")
    with pytest.raises(UsageError, match="unknown note '2'"):
        desk.tree('<< section("a b.c") >>')


def test_a_document_needs_a_title(desk: Desk) -> None:
    """Front matter without a title, with an unknown key or that is no TOML is an error."""
    for front, message in (
        ("", "no title"),
        ('+++\ntitle = "x"\n', "front matter is never closed"),
        ('+++\ntitel = "x"\n+++\n', "unknown key in the front matter 'titel'"),
        ("+++\ntitle = x\n+++\n", "not valid TOML"),
        ("+++\ntitle = 1\n+++\n", "must be text"),
    ):
        desk.write("Text", front=front)
        with pytest.raises(UsageError, match=re.escape(message)):
            manuscript.write(desk.project, "paper", desk.context())


def test_an_unknown_document_is_named(desk: Desk) -> None:
    """Building a document that doesn't exist lists those that do."""
    desk.write("Text")
    with pytest.raises(UsageError, match="unknown document 'papers'"):
        manuscript.write(desk.project, "papers", desk.context())


def test_the_experiments_of_a_document_are_found_without_runs(desk: Desk) -> None:
    """What a document takes is known before anything is trained, in the order of taking."""
    desk.write('<< figure("idle.curves", caption="c") >>', "answers", "a")
    desk.write('<< value("facts.sum") >> $<< matrix("facts.any") >>$ << answer("a") >> << images_label("net") >>')
    assert survey(desk.project, "paper", desk.experiments, "code").experiments == ("facts", "idle", "net")


@pytest.mark.parametrize(
    "call",
    [
        'compare("facts.sum", "idle.accuracy").p',
        'compare(b="idle.accuracy", a="facts.sum").p',
        'results(rows=["net", "idle"], columns=["accuracy"], caption="C.", label="tbl-r")',
    ],
)
def test_experiments_of_a_branch_not_taken_are_found_in_every_argument(desk: Desk, call: str) -> None:
    """A branch that placeholders don't take may be the one that results take, so whatever it names is needed."""
    desk.write(f'<% if value("net.accuracy") > 0.5 %><< {call} >><% endif %>')
    assert "idle" in survey(desk.project, "paper", desk.experiments, "code").experiments


def test_numbers_of_a_list_are_values(desk: Desk) -> None:
    """A parameter that is a list shows numbers that link to their run, and excuses no typed one."""
    desk.write('<< value("net.accuracy") >>: << parameter("net", "widths") >>, typed: 64.')
    context = desk.context()
    written = manuscript.write(desk.project, "paper", context)
    assert context.ledger.text(written.places.markdown).strip().endswith(": 32, 64, typed: 64.")
    assert [entry.value.runs for entry in context.ledger.entries] == [("net-0abc",)] * 3
    assert [number for number, _ in coverage(written, context.ledger).typed] == ["64"]


def test_a_byte_order_mark_is_passed_over(desk: Desk) -> None:
    """What editors on Windows put before the front matter is no part of it."""
    path = desk.write("Text")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert manuscript.write(desk.project, "paper", desk.context()).front.title == "A small report"


def test_the_interval_of_a_mean(desk: Desk) -> None:
    """Over several seeds a template takes the ends of Student's interval, as values of the same runs and unit."""
    desk.store("net", {"accuracy": (0.7583, "fraction")}, seed=1)
    text = '<% set i = t_interval(value("net.accuracy")) %><< i.low|percent >> to << i.high|percent >>'
    # 12.706 times a standard error of 0.01.
    assert desk.markdown(text) == "62.1\u202f% to 87.5\u202f%"
    context = desk.context()
    desk.write(text)
    manuscript.write(desk.project, "paper", context)
    assert {entry.value.runs for entry in context.ledger.entries} == {("net-0abc", "net-1abc")}


def test_the_interval_of_a_mean_with_its_spread(desk: Desk) -> None:
    """A mean that was measured with its standard deviation over repeats has an interval, too."""
    text = '<% set i = t_interval(value("net.loss"), value("net.accuracy"), 4) %><< i.low|decimals >> '
    text += "<< i.high|decimals >>"
    # 3.182 times 0.7383 / 2 around 0.638.
    assert desk.markdown(text) == "−0.54 1.81"


def test_one_run_has_no_interval(desk: Desk) -> None:
    """An interval over one seed is an error, in a draft a placeholder has the placeholder's."""
    error = failure(desk, '<< t_interval(value("net.accuracy")).low >>')
    assert "no interval" in error.message
    assert desk.markdown('<< t_interval(value("idle.accuracy")).low >>', draft=True) == "[idle.accuracy: never run]"


@pytest.mark.parametrize(
    ("front", "told"),
    [
        ('title = "A"\nsubtitel = "B"', ":3: unknown key in the front matter 'subtitel'"),
        ('title = "A"\n\nkicker = 3', ":4: kicker in the front matter must be text, not 3"),
        ('title = "A"\nsubtitle = B"', ":3: the front matter is not valid TOML"),
        ('title = "A', ":2: the front matter is not valid TOML"),
        ('title = "<< nothing >>"', ":2: unknown name 'nothing'"),
        ('title = "A"\nsubtitle = "caf\udce9"', " is not UTF-8 text"),
    ],
)
def test_front_matter_is_faulted_by_its_line(desk: Desk, front: str, told: str) -> None:
    """What is wrong in the front matter is told with the line of the file."""
    path = desk.project.templates / "documents" / "paper.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"+++\n{front}\n+++\nText.\n", errors="surrogateescape")
    with pytest.raises(UsageError, match=re.escape(f"templates/documents/paper.md{told}")):
        manuscript.write(desk.project, "paper", desk.context(False))
