"""One table of all that was measured, after the last benchmark: medians, ratios and their spread over the repeats."""

import platform
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

import pytest

from report_cli.keys import environment

Note = Callable[[str, Sequence[float], Sequence[float], str], None]
ROWS: list[tuple[str, ...]] = []


@pytest.fixture
def note() -> Note:
    """Return what notes a row: what was measured, the other's and our figures by repeat, their unit.

    A ratio is that of one repeat, the larger figure over the smaller, so that it says how many times better ours is
    where a rate is given, or a time.
    """

    def add(what: str, others: Sequence[float], ours: Sequence[float], unit: str) -> None:
        rate = "/s" in unit
        ratios = [b / a if rate else a / b for a, b in zip(others, ours, strict=True)]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        ROWS.append((what, *(f"{median(each):.4g}" for each in (others, ours)), unit, f"{median(ratios):.2f}", spread,
                     str(len(ratios))))  # fmt: skip

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not ROWS:
        return
    table = [("", "others", "ours", "unit", "ratio", "spread", "n"), *ROWS]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    terminalreporter.section("costs")
    terminalreporter.line(_machine())
    for row in table:
        terminalreporter.line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _machine() -> str:
    """Return the machine and the versions of what was measured, in a line."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    packages = []
    for package in ("keras", "tensorflow", "numpy", "weasyprint"):
        try:
            packages.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    where = environment.environment({"keras"})
    return (
        f"{len(names)} x {names[0] if names else platform.machine()}, {where['instructions']}, {where['precision']},"
        f" Python {platform.python_version()}, {', '.join(packages)}"
    )
