"""Random edits of random projects: what the store answers is what a run without any store would give."""

import contextlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from report_cli.errors import ReportError
from report_cli.keys import dependencies, inputs, sources
from report_cli.project import Project, Settings
from tests.fault.cases import numbered
from tests.fault.inline import run
from tests.fault.projects import NEEDS, Authored, oracle

EDITS = 5
Answer = Callable[[Authored], tuple[dict[str, float], list[str]]]


@dataclass
class Count:
    """What came of some edits: answers that were stale, and runs for nothing.

    Of code that no one can follow by reading, all sources count. Of other code a run for nothing is one too many, above
    all for the sake of a figure.
    """

    stale: int = 0
    needless: int = 0
    followed: int = 0
    for_figures: int = 0


def in_this_process(made: Authored) -> tuple[dict[str, float], list[str]]:
    """Bring all experiments up to date; return what they measured, and which were run for it."""
    path = sys.path[:]
    try:
        finished = run(Project(made.root, Settings()), *NEEDS)
    finally:
        # Listing imports the modules, too: what they put there would outlive this command.
        sys.path[:] = path
    values = {name: finished.outcome.results(name).scalars["value"] for name in NEEDS}
    return values, [name for name in NEEDS if f"finished {name}" in finished.said]


def by_the_program(made: Authored) -> tuple[dict[str, float], list[str]]:
    """Do the same as a person does."""
    done = subprocess.run(
        [sys.executable, "-m", "report_cli", "run", *NEEDS, "--json"],
        cwd=made.root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **made.variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in (1, 2):  # it failed, or could not even be imported
        raise ReportError(done.stderr)
    assert done.returncode == 0, done.stderr
    values = {each["experiment"]: each["metrics"]["value"] for each in json.loads(done.stdout)["runs"]}
    return values, [name for name in NEEDS if f"] {name}: done in" in done.stderr]


def count(made: Authored, case: int, answer: Answer, edits: int = EDITS, kind: str = "") -> Count:
    """Edit a project a few times, in one way or any; return what came of it."""
    chance, found = random.Random(case), Count()
    known = {name: {value} for name, value in oracle(made).items()}
    assert known.keys() == NEEDS.keys(), f"case {case}: {sorted(made.parts)}"
    answer(made)
    for _ in range(edits):
        what = f"case {case}: {made.edit(chance, kind)} in {sorted(made.parts)}"
        true = oracle(made)
        try:
            values, trained = answer(made)
        except ReportError as error:
            if true.keys() == NEEDS.keys():
                raise AssertionError(f"{what}: {error.message}") from error
            # The edit broke the code: there is nothing to compare.
            continue
        for name in NEEDS:
            found.stale += values[name] != true.get(name)
            needless = name in trained and true.get(name) in known[name]
            found.needless += needless
            found.followed += needless and not made.dynamic(name)
            found.for_figures += needless and not made.dynamic(name) and "drawing" in what
            assert values[name] == true.get(name), f"{what}: {name}"
            known[name].add(values[name])
    return found


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Authored]:
    """Return a function that makes the project of a case, in which this process then is; its parts may be named."""

    def make(case: int, *parts: str) -> Authored:
        project = Authored.at_random(tmp_path / str(case) / "project", random.Random(10_000 + case), parts)
        monkeypatch.chdir(project.root)
        return project

    return make


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Return what answers in this process, with the variables of a project in its environment."""

    def answer(project: Authored) -> tuple[dict[str, float], list[str]]:
        with monkeypatch.context() as patch:
            for name in ("NUMBER_A", "NUMBER_B"):
                patch.delenv(name, raising=False)
            for name, value in project.variables.items():
                patch.setenv(name, value)
            return in_this_process(project)

    return answer


@numbered(300, fast=2)
def test_random_edits(
    made: Callable[..., Authored], here: Answer, case: int, record_property: Callable[[str, object], None]
) -> None:
    """After every edit the store gives what the code, and what it reads, would give now."""
    found = count(made(case), case, here)
    record_property("edits", EDITS)
    record_property("stale hits", found.stale)
    record_property("needless runs", found.needless)
    record_property("needless runs of code that can be followed", found.followed)
    assert found.for_figures == 0


@numbered(20, fast=1)
def test_random_edits_by_the_program(
    made: Callable[..., Authored], case: int, record_property: Callable[[str, object], None]
) -> None:
    """The same holds for the program as people run it, with its worker in a process of its own."""
    found = count(made(case), case, by_the_program, edits=3)
    record_property("edits", 3)
    record_property("stale hits", found.stale)
    record_property("needless runs", found.needless)
    record_property("needless runs of code that can be followed", found.followed)
    assert found.for_figures == 0


CODE = ("helpers", "names made by a module", "a module beside experiments", "a table read at import")
FILES = ("a file beside the experiment", "a table read at import", "a hidden file", "a database")
# What the watch might not see: what there is of it in a project, and how that is edited.
UNSEEN = {
    "file": (FILES, "data"),
    "folder": (("a listed folder", "a walked folder", *CODE[:2]), "folder"),
    "variable": (("a variable of the environment", "a variable at import", *CODE[:2]), "variable"),
    "module": (("a package outside the project", "a package elsewhere in the project", *FILES[:2]), "number"),
}


def stale(made: Callable[..., Authored], answer: Answer, parts: tuple[str, ...], kind: str) -> bool:
    """Whether some edit of a kind gets a stale answer."""
    for case in range(5):
        with contextlib.suppress(AssertionError):
            count(made(case, *parts), case, answer, kind=kind)
            continue
        return True
    return False


def test_a_key_of_time_and_size_is_noticed(
    made: Callable[..., Authored], here: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Did the key go by time and size of a file, some edit would be answered by an old result."""

    def node(found: sources.Sources, key: str) -> sources.Node:
        module = found.module(key.partition(":")[0])
        assert module is not None
        stat, whole = module.path.stat(), real(found, key)
        return whole._replace(digest=f"{stat.st_mtime_ns} {stat.st_size}")

    real = dependencies._node
    monkeypatch.setattr(dependencies, "_node", node)
    assert stale(made, here, CODE, "same")


@pytest.mark.parametrize("unseen", UNSEEN)
def test_an_unseen_input_is_noticed(
    made: Callable[..., Authored], here: Answer, monkeypatch: pytest.MonkeyPatch, unseen: str
) -> None:
    """Were one kind of input not noted, some edit would be answered by an old result."""
    monkeypatch.setattr(inputs.Watch, unseen, lambda *_: None)
    assert stale(made, here, *UNSEEN[unseen])
