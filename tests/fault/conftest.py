"""Records each case of `make fault`, passes over those that passed with the same code, and ends with a table."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.fault import table
from tests.fault.code import ROOT, code

CASES = ROOT / "build" / "fault" / "cases.jsonl"
Record = dict[str, Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="record fault cases, and pass over those that passed")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--record") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--record"):
        passed = {case["case"] for case in recorded() if case["outcome"] == "passed"}
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid in passed])
        items[:] = [item for item in items if item.nodeid not in passed]


def recorded() -> Iterator[Record]:
    """Yield the newest record of each case that was run with this code."""
    if CASES.exists():
        cases = [json.loads(line) for line in CASES.read_text().splitlines()]
        yield from {case["case"]: case for case in cases if case["code"] == _code(case["case"])}.values()


@cache
def _code_of(file: str) -> str:
    return code(Path(file).name)


def _code(case: str) -> str:
    """Return the digest of what a case can depend on, as it was when this was first asked."""
    return _code_of(case.partition("::")[0])


class Recorder:
    """Appends one line a case, as soon as it is over."""

    def __init__(self) -> None:
        self._wanted: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._want(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._want(ids)

    def _want(self, cases: Iterable[str]) -> None:
        self._wanted.update(cases)
        for case in self._wanted:
            _code(case)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            CASES.parent.mkdir(parents=True, exist_ok=True)
            case = {"case": report.nodeid, "outcome": report.outcome, "seconds": round(report.duration, 2)}
            figures, digest = dict(report.user_properties), _code(report.nodeid)
            with CASES.open("a") as file:
                file.write(json.dumps({**case, "figures": figures, "code": digest}) + "\n")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        found = {case["case"]: case for case in recorded()}
        terminalreporter.section("faults")
        for line in table.lines(found, self._wanted | set(found)):
            terminalreporter.write_line(line)
