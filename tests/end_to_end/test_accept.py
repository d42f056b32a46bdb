"""`report accept`: a result outlives a harmless change of code, and every place that shows it says so."""

import json
import subprocess
from pathlib import Path

import pytest

from report_cli.project import Project
from report_cli.store import manifest
from tests.conftest import Command, Write, edit
from tests.end_to_end.conftest import folders, state, states
from tests.end_to_end.test_needs import CHAIN

HOSTILE = '<script>alert(1)</script> {{ 7*7 }} << 7*7 >> & "it" \x1b[31mred'
CHANGE = "STEP in experiments/walk.py changed"


@pytest.fixture
def stale(report: Command, walk: Path) -> Path:
    """Run the walk, then change a line that is executed."""
    assert report("run", "walk").returncode == 0
    edit(walk, "STEP = 1.0", "STEP = 1.00 * 1")
    return walk


@pytest.fixture
def chain(report: Command, write: Write) -> Path:
    """Run an experiment and the one that it needs."""
    path = write("experiments/chain.py", CHAIN)
    assert report("run", "top").returncode == 0
    return path


def accept(report: Command, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return report("accept", *arguments, "--reason", "the same number")


def test_an_accepted_result_is_up_to_date(report: Command, stale: Path, project: Project) -> None:
    """The same files answer the changed code, with the reason and what changed; nothing is run, the old run stays."""
    (old,) = folders(project)
    done = accept(report, "walk")
    assert done.returncode == 0, done.stderr
    assert CHANGE in done.stdout
    (new,) = [folder for folder in folders(project) if folder != old]
    before, after = manifest.read(old), manifest.read(new)
    assert (after.files, after.output_digest) == (before.files, before.output_digest)
    (entry,) = after.accepted
    assert (entry.reason, entry.former, entry.changes) == ("the same number", old.name, [CHANGE])
    run = states(report)["walk"]
    assert (run["state"], run["key"]) == ("fresh", new.name)
    for command in (["status", "--all"], ["show", "walk"], ["why", "walk"]):
        assert "accepted: the same number" in report(*command).stdout
    assert old.name in report("why", "walk").stdout
    assert "nothing to run" in report("run", "walk").stderr


def test_accepting_twice_keeps_both_reasons_until_it_is_measured(
    report: Command, stale: Path, project: Project
) -> None:
    """Accepted again, a result tells every change it was kept across, also after `keep`; measuring ends that."""
    assert accept(report, "walk").returncode == 0
    edit(stale, "STEP = 1.00 * 1", "STEP = 2 / 2")
    assert report("accept", "walk", "--reason", "a fraction").returncode == 0
    assert report("keep", "walk").returncode == 0
    (kept,) = (project.kept / "walk").iterdir()
    assert [entry.reason for entry in manifest.read(kept).accepted] == ["the same number", "a fraction"]
    assert "nothing to accept" in accept(report, "walk").stderr
    edit(stale, "STEP = 2 / 2", "STEP = 3 / 3")
    assert accept(report, "walk").returncode == 0
    assert report("run", "walk", "--force").returncode == 0
    assert states(report)["walk"]["accepted"] == []


def test_a_changed_input_is_accepted(report: Command, write: Write, walk: Path) -> None:
    """A file that a run has read may change harmlessly, too; the reason names it."""
    edit(walk, "saved = record", "open('notes.txt').close()\n    saved = record")
    notes = write("notes.txt", "one")
    assert report("run", "walk").returncode == 0
    notes.write_text("two")
    assert "notes.txt changed" in accept(report, "walk").stdout
    assert state(report)[0] == "fresh"


def test_a_result_from_elsewhere_stays_from_there(report: Command, walk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepting doesn't pretend that a result was computed here."""
    from report_cli.keys import environment

    assert report("run", "walk").returncode == 0
    edit(walk, "STEP = 1.0", "STEP = 2 / 2")
    monkeypatch.setattr(environment, "_version", lambda package: "9.9")
    assert accept(report, "walk").returncode == 0
    where, why = state(report)
    assert where == "elsewhere"
    assert "accepted: the same number" in why
    assert "here 9.9" in why


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"epochs": 6', '"epochs": 7', "epochs is 7, was 6"),
        ('"wait_s": 0.0', '"wait_s": 0.0, "more": 1', "more is 1, was not there"),
    ],
)
def test_more_than_code_is_refused(report: Command, walk: Path, project: Project, old: str, new: str, why: str) -> None:
    """Another parameter is another question: nothing is stored, and the error says what to run."""
    assert report("run", "walk").returncode == 0
    edit(walk, old, new)
    refused = accept(report, "walk")
    assert refused.returncode == 1
    assert why in refused.stderr
    assert "report run walk" in refused.stderr
    assert len(folders(project)) == 1


def test_a_result_with_other_parameters_stands_in_no_way(report: Command, stale: Path) -> None:
    """The closest run by count has other parameters; the one that differs in code alone is taken."""
    edit(stale, "np.zeros(3)", "np.zeros(3) + 0")
    assert report("run", "walk", "--set", "epochs=3").returncode == 0
    assert accept(report, "walk").returncode == 0


def test_without_a_result_or_a_reason_nothing_is_accepted(report: Command, walk: Path, project: Project) -> None:
    """What never ran or failed has nothing to accept, and without words there is no reason."""
    refused = accept(report, "walk")
    assert refused.returncode == 1
    assert "never run" in refused.stderr
    for reason in ("", "  ", "\x1b\x07"):
        refused = report("accept", "walk", "--reason", reason)
        assert refused.returncode == 2
        assert "reason is empty" in refused.stderr
    assert report("accept", "walk").returncode == 2
    edit(walk, '"fail": ""', '"fail": "forget"')
    assert report("run", "walk").returncode == 1
    refused = accept(report, "walk")
    assert refused.returncode == 1
    assert "failed" in refused.stderr
    assert folders(project) == []


def test_what_is_needed_is_accepted_first(report: Command, chain: Path, walk: Path) -> None:
    """Names in any order are accepted in the order of needs; what needs a stale one is refused, and all with it."""
    edit(chain, "record(value=params.value)", "record(value=1 * params.value)")
    refused = accept(report, "top")
    assert refused.returncode == 1
    assert "base, which it needs, is not up to date" in refused.stderr
    assert "report accept base top" in refused.stderr
    done = accept(report, "to*", "base")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["base", "top"]
    assert {name: run["state"] for name, run in states(report).items()} == {
        "base": "fresh",
        "top": "fresh",
        "walk": "missing",
    }


def test_the_outcome_of_a_need_decides(report: Command, chain: Path) -> None:
    """Where a need came out equal, accepting what needs it is right; where it came out differently, it is refused."""
    edit(chain, "record(value=params.value)", "record(value=1 * params.value)")
    assert report("run", "base").returncode == 0
    assert accept(report, "top").returncode == 0
    assert {run["state"] for run in states(report).values()} == {"fresh"}
    edit(chain, "record(value=1 * params.value)", "record(value=2 * params.value)")
    assert report("run", "base").returncode == 0
    refused = accept(report, "top")
    assert refused.returncode == 1
    assert "came out differently" in refused.stderr


def test_the_report_prints_the_reason_as_text(report: Command, paper: Path, stale: Path, project: Project) -> None:
    """The appendix says why and across what; nothing in the reason is markup, a template or a control character."""
    import lxml.html
    import pikepdf

    assert report("accept", "walk", "--reason", HOSTILE).returncode == 0
    built = report("build", "paper", "--no-run")
    assert built.returncode == 0, built.stderr
    page = lxml.html.parse(project.reports / "paper.html").getroot()
    (fact,) = page.xpath('//tbody[@class="run"]//div[dt="Accepted"]/dd')
    shown = HOSTILE.replace("\x1b", "")
    assert shown in fact.text_content()
    assert CHANGE in fact.text_content()
    assert not page.xpath("//main//script")
    with pikepdf.open(project.reports / "paper.pdf") as pdf:
        (attached,) = pdf.attachments.values()
        (run,) = json.loads(attached.get_file().read_bytes())["runs"]
    assert [entry["reason"] for entry in run["accepted"]] == [shown]
