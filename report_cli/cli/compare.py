"""`report compare`: experiments against each other, by the tests that a report uses."""

from typing import TYPE_CHECKING, Annotated

import typer

from report_cli.cli import completion
from report_cli.cli.console import emit, emit_json, emit_table
from report_cli.cli.options import Data, Json, Profile
from report_cli.cli.progress import ProgressListener
from report_cli.cli.run import number
from report_cli.cli.session import open_request
from report_cli.settings import written

if TYPE_CHECKING:
    from report_cli.report.compare import Compared

OVER = {"seeds": "seeds", "images": "examples", "losses": "examples", "shares": "others"}


def compare(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="Experiments by name or pattern (cifar-*), or all; NAME PARAMETER=VALUE is one point of a grid.",
            autocompletion=completion.experiments,
            show_default=False,
        ),
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric", "-m", help="Compare this one alone. Can be repeated.", autocompletion=completion.metrics
        ),
    ] = None,
    profile: Profile = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """Compare experiments, or points of a grid, two at a time.

    Over seeds where there are several, else image by image; p is adjusted over the pairs of a metric. A name alone
    stands for all points of its grid.

    Example: report compare cifar-control cifar-inception -m test_accuracy
    """
    import msgspec

    from report_cli import api

    workspace, request = open_request(profile, data)
    found = api.compare(workspace, names, request, metric or (), ProgressListener())
    if json:
        emit_json(comparisons=msgspec.to_builtins(found))
        return
    numbers = ("first is", "second is", "difference", "95 % interval", "p")
    columns = ("metric", "first", "second", *numbers, "verdict", "over")
    emit_table(columns, [_row(each) for each in found], right=numbers)
    for reason in dict.fromkeys(each.reason for each in found if each.reason):
        emit(f"not compared: {reason}")


def _row(each: "Compared") -> tuple[str, ...]:
    from report_cli.report.text.formats import p_value

    first, second = map(number, each.results)
    names = (" ".join([name, *written(point)]) for name, point in zip(each.experiments, each.points, strict=True))
    start = (each.metric, *names, first, second, number(each.difference))
    if each.low is None or each.high is None or each.p is None:
        return (*start, "", "", "not compared", "")
    ends = f"{number(each.low)} to {number(each.high)}"
    return (*start, ends, p_value(each.p)[0], each.verdict, f"{each.n} {OVER[each.over]}")
