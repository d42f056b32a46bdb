"""Records each case of `make fault`, passes over those that passed with the same code, and ends with a table."""

import json
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CASES = ROOT / "build" / "fault" / "cases.jsonl"


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


def code() -> str:
    """Return one digest of the program and of these tests: with other code, every case is run again."""
    state = sha256()
    for folder in (ROOT / "report_cli", ROOT / "tests" / "fault", ROOT / "templates"):
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
            state.update(f"{path.relative_to(ROOT)} {sha256(path.read_bytes()).hexdigest()};".encode())
    return state.hexdigest()


def recorded() -> Iterator[dict[str, Any]]:
    """Yield the newest record of each case that was run with this code."""
    if CASES.exists():
        wanted = code()
        cases = [json.loads(line) for line in CASES.read_text().splitlines()]
        yield from {case["case"]: case for case in cases if case["code"] == wanted}.values()


class Recorder:
    """Appends one line a case, as soon as it is over."""

    def __init__(self) -> None:
        self._code = code()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            CASES.parent.mkdir(parents=True, exist_ok=True)
            case = {"case": report.nodeid, "outcome": report.outcome, "seconds": round(report.duration, 2)}
            with CASES.open("a") as file:
                file.write(json.dumps({**case, "figures": dict(report.user_properties), "code": self._code}) + "\n")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("faults")
        tests = defaultdict(list)
        for case in recorded():
            tests[case["case"].partition("[")[0]].append(case)
        for name, cases in sorted(tests.items()):
            passed = sum(case["outcome"] == "passed" for case in cases)
            what = name.removeprefix("tests/fault/test_").replace(".py::test_", ": ").replace("_", " ")
            terminalreporter.write_line(f"{passed:5} of {len(cases):5}  {what}  {_figures(cases)}".rstrip())


def _figures(cases: list[dict[str, Any]]) -> str:
    """Sum up what the cases measured; of a figure whose name begins with "most" the highest is shown."""
    names = sorted({name for case in cases for name in case["figures"]})
    values = {name: [case["figures"][name] for case in cases if name in case["figures"]] for name in names}
    return ", ".join(f"{name} {(max if name.startswith('most ') else sum)(values[name]):g}" for name in names)
