"""Tables of results, asked for by rows and columns."""

from dataclasses import replace

import pytest

from report_cli.errors import ReportError, UsageError
from report_cli.report.text import manuscript
from report_cli.report.text.coverage import coverage
from tests.report.conftest import Desk


def table(desk: Desk, arguments: str) -> list[str]:
    text = desk.markdown(f'<< results({arguments}, caption="Results.", label="tbl-r") >>')
    text = text.replace("\N{NO-BREAK SPACE}", " ").replace(r"\(", "(").replace(r"\)", ")").replace(r"\%", "%")
    return [line for line in text.split("\n") if line.startswith(("|", ":"))]


def seeds(desk: Desk, name: str, accuracies: tuple[float, ...], losses: tuple[float, ...]) -> None:
    for seed, (accuracy, loss) in enumerate(zip(accuracies, losses, strict=True)):
        desk.store(name, {"accuracy": (accuracy, "fraction"), "loss": (loss, "nats")}, seed=seed)


def test_rows_and_columns_make_a_table(desk: Desk) -> None:
    """A row an experiment, a column a metric: mean ± standard deviation, and the number of runs."""
    seeds(desk, "net", (0.70, 0.72, 0.74), (0.6, 0.5, 0.7))
    seeds(desk, "idle", (0.6,), (0.9,))
    rows = table(desk, 'rows=["net", "idle"], columns=["accuracy", "loss"]')
    assert rows == [
        "|  | Accuracy (%) | Loss (nats) | Runs |",
        "| :--- | ---: | ---: | ---: |",
        "| A network | 72.0 ± 2.0 | 0.600 ± 0.100 | 3 |",
        "| Another network | 60.0 | 0.900 | 1 |",
        ": Results. {#tbl-r}",
    ]


def test_what_is_small_is_not_nothing(desk: Desk) -> None:
    """A cell whose digits would all be zeros has those that count, and so has its standard deviation."""
    for seed, number in enumerate((1e-5, 2e-5)):
        desk.store("net", {"accuracy": (number, "fraction"), "time": (number, "s"), "loss": (0.0, "nats")}, seed=seed)
    rows = table(desk, 'rows=["net"], columns=["accuracy", "time", "loss"]')
    assert rows[2] == "| A network | 0.0015 ± 0.00071 | 1.5 × 10⁻⁵ ± 7.1 × 10⁻⁶ | 0.000 | 2 |"


def test_headings_and_digits_may_be_given(desk: Desk) -> None:
    """Rows and columns take headings, a column its digits; a metric that a row has not is a dash."""
    columns = 'columns={"Right": "accuracy", "Weights": "weights"}, digits={"accuracy": 2}'
    seeds(desk, "idle", (0.6,), (0.9,))
    rows = table(desk, f'rows={{"Ours": "net", "Theirs*": "idle"}}, {columns}')
    assert rows[0] == "|  | Right (%) | Weights |"
    assert rows[2:4] == ["| Ours | 73.83 | 1,791,786 |", r"| Theirs\* | 60.00 | – |"]


@pytest.mark.parametrize(("order", "bold"), [('highest=["accuracy"]', 2), ('lowest=["loss"]', 3)])
def test_the_best_is_marked_where_it_is_significantly_best(desk: Desk, order: str, bold: int) -> None:
    """The best of a column is bold only if it is better than each other row by more than chance."""
    seeds(desk, "net", (0.70, 0.71, 0.72, 0.70), (0.6, 0.5, 0.55, 0.6))
    seeds(desk, "idle", (0.60, 0.61, 0.63, 0.60), (0.9, 0.8, 0.84, 0.91))
    arguments = f'rows=["net", "idle"], columns=["accuracy", "loss"], {order}'
    assert table(desk, arguments)[2].split("|")[bold].strip().startswith("**")
    seeds(desk, "idle", (0.60, 0.81, 0.63, 0.70), (0.9, 0.3, 0.84, 0.51))
    assert not any("**" in row for row in table(desk, arguments))


def test_a_best_that_no_one_can_tell_is_an_error(desk: Desk) -> None:
    """With one run each and no predictions, nothing says which row is the best."""
    seeds(desk, "net", (0.7,), (0.6,))
    seeds(desk, "idle", (0.6,), (0.9,))
    with pytest.raises(ReportError, match="no stored predictions"):
        table(desk, 'rows=["net", "idle"], columns=["accuracy"], highest=["accuracy"]')


def test_a_mean_of_counts_is_no_count(desk: Desk) -> None:
    """The mean of 10 and 11 is 10.5, and that of 1 and 3 is no whole number of things either."""
    for seed, (first, second) in enumerate(((10, 1), (11, 3))):
        desk.store("net", {"hits": (first, "count"), "misses": (second, "count")}, seed=seed)
    assert table(desk, 'rows=["net"], columns=["hits", "misses"]')[2] == "| A network | 10.5 ± 0.7 | 2.0 ± 1.4 | 2 |"


def test_a_column_has_one_unit(desk: Desk) -> None:
    """Seconds and milliseconds don't stand below one head."""
    desk.store("net", {"pace": (2.5, "s")})
    desk.store("idle", {"pace": (900.0, "ms")})
    with pytest.raises(UsageError, match=r"net\.pace is in s, idle\.pace in ms"):
        table(desk, 'rows=["net", "idle"], columns=["pace"]')


def test_points_of_a_grid_are_rows(desk: Desk) -> None:
    """Of one experiment with a grid every point is a row, its parameters are columns."""
    points = ({"rate": 0.03}, {"rate": 0.1})
    desk.experiments["net"] = replace(desk.experiments["net"], grid=dict.fromkeys(("smoke", "quick", "full"), points))
    for number, point in enumerate(points):
        recipe = {"parameters": point}
        desk.store("net", {"accuracy": (0.7 + number / 10, "fraction")}, seed=number, point=point, recipe=recipe)
    rows = table(desk, 'rows="net", columns=["accuracy"]')
    assert rows[:4] == ["| Rate | Accuracy (%) |", "| ---: | ---: |", "| 0.03 | 70.0 |", "| 0.1 | 80.0 |"]
    (titled,) = [row for row in table(desk, 'rows=["net", "facts"], columns=["accuracy", "sum"]') if "0.03" in row]
    assert titled.startswith("| A network, rate = 0.03 | 70.0 |")


def test_words_of_a_grid_stand_to_the_left(desk: Desk) -> None:
    """They name their rows; numbers stand to the right, where their digits meet."""
    points = ({"by": "length"}, {"by": "both"})
    desk.experiments["net"] = replace(desk.experiments["net"], grid=dict.fromkeys(("smoke", "quick", "full"), points))
    for point in points:
        desk.store("net", {"accuracy": (0.7, "fraction")}, point=point, recipe={"parameters": point})
    assert table(desk, 'rows="net", columns=["accuracy"]')[1] == "| :--- | ---: |"


def test_every_number_of_a_table_is_a_result(desk: Desk) -> None:
    """Counts of runs and points of a grid are no typed numbers, and a number that is typed as a part of one is."""
    for number, rate in enumerate((0.03, 0.1)):
        recipe = {"parameters": {"rate": rate, "widths": [32, 64]}}
        desk.store("net", {"accuracy": (0.7, "fraction")}, seed=number, point={"rate": rate}, recipe=recipe)
    arguments = 'columns=["accuracy"], caption="Results.", label="tbl-r"'
    desk.write(
        f'<< results(rows="net", {arguments}) >>\n\n'
        '<< results(rows=["net", "facts"], columns=["accuracy", "sum"], caption="Both.", label="tbl-s") >>\n\n'
        'Of << parameter("net", "widths") >> it has 0.3264.\n'
    )
    context = desk.context()
    found = coverage(manuscript.write(desk.project, "paper", context), context.ledger)
    assert [number for number, _ in found.typed] == ["0.3264"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('rows=["nett"], columns=["accuracy"]', "unknown experiment 'nett'"),
        ('rows=["net"], columns=["acuracy"]', "unknown metric 'acuracy'"),
        ('rows=["net"], columns=["accuracy"], highest=["loss"]', "unknown column 'loss'"),
    ],
)
def test_an_unknown_name_is_an_error(desk: Desk, arguments: str, message: str) -> None:
    """What nothing declares is told."""
    with pytest.raises(ReportError, match=message):
        table(desk, arguments)


@pytest.mark.parametrize("flaw", ['caption=" ", label="tbl-r"', 'caption="Results.", label="models"'])
def test_a_table_has_a_caption_and_a_label_of_its_kind(desk: Desk, flaw: str) -> None:
    """Without a caption it would have no number, and no other label is referred to with @."""
    desk.write(f'<< results(rows=["net"], columns=["accuracy"], {flaw}) >>')
    with pytest.raises(ReportError, match=r"paper\.md:4: a table of results needs a caption and a label"):
        manuscript.write(desk.project, "paper", desk.context())


SLOW = {"device": "cpu", "instructions": "avx2", "package keras": "3.15.1"}


def test_times_of_different_machines_are_refused(desk: Desk) -> None:
    """A column of times takes results of one machine; versions of packages may differ, and so may what is no time."""
    desk.store("net", {"time": (2.0, "s"), "accuracy": (0.7, "fraction")}, environment=SLOW)
    other = {**SLOW, "package keras": "3.14.0"}
    desk.store("idle", {"time": (3.0, "s"), "accuracy": (0.6, "fraction")}, environment=other)
    both = 'rows=["net", "idle"], columns=["time", "accuracy"]'
    assert table(desk, both)[3].startswith("| Another network | 3.0 | 60.0 |")
    desk.store("idle", {"time": (1.0, "s"), "accuracy": (0.6, "fraction")}, environment={**SLOW, "device": "gpu"})
    for call in (both, 'rows=["net", "idle"], columns=["time"], lowest=["time"]'):
        with pytest.raises(ReportError, match=r"net\.time \(cpu, avx2\); idle\.time \(gpu, avx2\)") as caught:
            table(desk, call)
        assert caught.value.hint == "report run net idle --strict-env"
    assert table(desk, 'rows=["net", "idle"], columns=["accuracy"]')
    desk.write('<< compare("net.time", "idle.time").p >>')
    with pytest.raises(ReportError, match="times of different machines"):
        manuscript.write(desk.project, "paper", desk.context())
