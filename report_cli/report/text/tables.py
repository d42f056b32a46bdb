"""Tables of results, asked for by rows and columns."""

from collections.abc import Callable, Mapping, Sequence

from report_cli.claims import every
from report_cli.errors import UsageError, unknown
from report_cli.report.text import formats
from report_cli.report.text.comparisons import check_machines, check_units
from report_cli.report.text.context import Context
from report_cli.report.text.escape import escape
from report_cli.report.text.formats import NO_BREAK
from report_cli.report.text.values import Value

# Digits after the point where no one says how many, by unit; fractions are shown in percent.
DIGITS = {"fraction": 1, "s": 1, "count": 1}
NOTHING = "–"

Names = Sequence[str] | Mapping[str, str]
Column = list[Value | None]


def results(
    context: Context,
    rows: str | Names,
    columns: Names,
    caption: str,
    label: str,
    highest: Sequence[str] = (),
    lowest: Sequence[str] = (),
    digits: Mapping[str, int] | None = None,
    wide: bool = False,
) -> str:
    """Return a table in Markdown: a row for each experiment, or each point of its grid, a column for each metric.

    Both may be given with their headings. A cell is the mean ± the standard deviation over the seeds, whose number is
    the last column if any row has several; where an experiment doesn't declare a metric there is a dash. In a column of
    `highest` or `lowest` the best is bold if it is better than each other row, by comparisons that are one family.
    `digits` are those after the point.

    Raises:
        UsageError: a name that nothing declares, a column without any number, or with numbers of several units.
        ReportError: a best that can't be told, or times of different machines.
    """
    if not caption.strip() or not label.startswith("tbl-"):
        raise UsageError("a table of results needs a caption and a label that starts with tbl-", 'label="tbl-models"')
    experiments = _headed([rows] if isinstance(rows, str) else rows, context.title)
    metrics = _headed(columns, _capitalized)
    lines = [(name, point) for name in experiments for point in context.grid(name)]
    declared = {metric for name in experiments for metric in context.experiments[name].metrics}
    for name in metrics:
        if name not in declared:
            raise unknown("metric", name, declared)
    for name in (*highest, *lowest, *(digits or {})):
        if name not in metrics:
            raise unknown("column", name, metrics)
    values: dict[str, Column] = {metric: [context.find(*line, metric) for line in lines] for metric in metrics}
    for column in values.values():
        known = [value for value in column if value is not None]
        check_machines(context.by_key(), known)
        check_units(known)
    # Of a single experiment the parameters of its grid are columns, else they stand behind its title.
    swept = list(lines[0][1]) if len(experiments) == 1 else []
    points = [
        {field: context.setting(name, field, content) for field, content in point.items()} for name, point in lines
    ]
    heads = [[point[name] for name in swept] for point in points]
    if not swept:
        heads = [[_titled(experiments[name], point)] for (name, _), point in zip(lines, points, strict=True)]
    best = {metric: _best(context, values[metric], metric in lowest) for metric in (*highest, *lowest)}
    body = [
        [*head, *(_cell(column[at], (digits or {}).get(name), best.get(name) == at) for name, column in values.items())]
        for at, head in enumerate(heads)
    ]
    first = [
        *([escape(_capitalized(name)) for name in swept] or [""]),
        *(_unit(head, values[name]) for name, head in metrics.items()),
    ]
    # Numbers stand to the right, names of rows to the left.
    rule = [*("---:" if _is_number(lines, name) else ":---" for name in swept or [""]), *("---:" for _ in metrics)]
    table = [first, rule, *body]
    counts = [[value.n for value in row if value is not None] for row in zip(*values.values(), strict=True)]
    if any(max(row, default=0) > 1 for row in counts):
        runs = [context.ledger.language["runs"], "---:", *(str(max(row).value) if row else NOTHING for row in counts)]
        table = [[*row, cell] for row, cell in zip(table, runs, strict=True)]
    text = "\n".join(f"| {' | '.join(row)} |" for row in table)
    return f"\n{text}\n\n: {' '.join(caption.split())} {{#{label}{' .wide' if wide else ''}}}\n"


def _is_number(lines: Sequence[tuple[str, Mapping[str, object]]], swept: str) -> bool:
    """Return whether a parameter of a grid is a number at each of its points."""
    contents = [point.get(swept) for _, point in lines]
    return all(isinstance(content, int | float) and not isinstance(content, bool) for content in contents)


def _headed(names: Names, heading: Callable[[str], str]) -> dict[str, str]:
    """Return names with their headings, which a mapping gives the other way round."""
    if isinstance(names, Mapping):
        return {name: head for head, name in names.items()}
    return {name: heading(name) for name in names}


def _capitalized(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _titled(heading: str, point: Mapping[str, str]) -> str:
    return ", ".join([escape(heading), *(f"{escape(name)} = {content}" for name, content in point.items())])


def _unit(heading: str, column: Column) -> str:
    """Return a heading with the unit of its numbers."""
    unit = next(value.unit for value in column if value is not None)
    shown = {"fraction": "%", "count": ""}.get(unit, unit)
    return escape(f"{heading} ({shown})" if shown else heading)


def _cell(value: Value | None, digits: int | None, is_best: bool) -> str:
    if value is None:
        return NOTHING
    whole = value.unit == "count" and float(value.number).is_integer() and len(set(value.samples)) < 2
    after = digits if digits is not None else 0 if whole else DIGITS.get(value.unit, 3)
    text = _decimals(value, after)
    if value.n > 1 and (spread := value.spread).number:
        # One line: parted, the two would be read as cells of their own.
        digits = max(after, 1) if value.unit == "count" else after
        text += f"{NO_BREAK}±{NO_BREAK}{_decimals(spread, digits)}"
    return f"**{text}**" if is_best else text


def _decimals(value: Value, digits: int) -> str:
    write = formats.percentage if value.unit == "fraction" else formats.decimals
    return str(value.show(lambda number: write(number, digits)))


def _best(context: Context, column: Column, lowest: bool) -> int | None:
    """Return which row is better than each other one, None where no row is."""
    known = [(at, value) for at, value in enumerate(column) if value is not None and not value.missing]
    if len(known) < 2 or len(known) < len([value for value in column if value is not None]):
        return None
    at, best = (min if lowest else max)(known, key=lambda each: each[1].number)
    family = [(best, value) for other, value in known if other != at]
    outcomes = [context.compare(*pair, family=family) for pair in family]
    return at if every(*(each.smaller if lowest else each.greater for each in outcomes)) else None
