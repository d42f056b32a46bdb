"""`report accept`: a result outlives a harmless change of code, and every place that shows it says so."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from report_cli.project import Project
from report_cli.store import manifest
from tests.conftest import Command
from tests.end_to_end.test_needs import CHAIN

HOSTILE = '<script>alert(1)</script> {{ 7*7 }} << 7*7 >> & "it" \x1b[31mred'


@pytest.fixture
def stale(report: Command, walk: Path) -> Path:
    """Run the walk, then change a line that is executed."""
    assert report("run", "walk").returncode == 0
    edit(walk, "STEP = 1.0", "STEP = 1.00 * 1")
    return walk


@pytest.fixture
def chain(report: Command, write: Callable[[str, str], Path]) -> Path:
    """Run an experiment and the one that it needs."""
    path = write("experiments/chain.py", CHAIN)
    assert report("run", "top").returncode == 0
    return path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def status(report: Command) -> dict[str, Any]:
    return {run["run"]: run for run in json.loads(report("status", "--json").stdout)}


def accept(report: Command, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return report("accept", *arguments, "--reason", "the same number")


def folders(project: Project, name: str) -> list[Path]:
    return sorted(p for p in (project.runs / name).iterdir() if p.is_dir())


def test_an_accepted_result_is_up_to_date(report: Command, stale: Path, project: Project) -> None:
    """The same files answer the changed code, with the reason and what changed; nothing is run, the old run stays."""
    (old,) = folders(project, "walk")
    done = accept(report, "walk")
    assert done.returncode == 0, done.stderr
    assert "code experiments.walk:STEP changed" in done.stdout
    (new,) = [folder for folder in folders(project, "walk") if folder != old]
    before, after = manifest.read(old), manifest.read(new)
    assert after["files"] == before["files"]
    assert after["output_digest"] == before["output_digest"]
    (entry,) = after["accepted"]
    assert (entry["reason"], entry["from"]) == ("the same number", old.name)
    assert entry["changes"] == ["code experiments.walk:STEP changed"]
    run = status(report)["walk"]
    assert (run["state"], run["reason"], run["key"]) == ("fresh", "accepted: the same number", new.name)
    for command in (["status"], ["show", "walk"], ["why", "walk"]):
        assert "accepted: the same number" in report(*command).stdout
    assert old.name in report("why", "walk").stdout
    assert "nothing to run" in report("run", "walk").stderr


def test_accepting_twice_keeps_both_reasons(report: Command, stale: Path, project: Project) -> None:
    """Accepted again, a result tells every change it was kept across, also after `keep`."""
    assert accept(report, "walk").returncode == 0
    edit(stale, "STEP = 1.00 * 1", "STEP = 2 / 2")
    assert report("accept", "walk", "--reason", "a fraction").returncode == 0
    assert report("keep", "walk").returncode == 0
    (kept,) = (project.kept / "walk").iterdir()
    assert [entry["reason"] for entry in manifest.read(kept)["accepted"]] == ["the same number", "a fraction"]


def test_measuring_again_ends_the_acceptance(report: Command, stale: Path) -> None:
    """A result that was measured with the changed code takes the place of the accepted one."""
    assert accept(report, "walk").returncode == 0
    assert report("run", "walk", "--force").returncode == 0
    assert status(report)["walk"]["accepted"] == []
    assert status(report)["walk"]["reason"] == "up to date"


def test_a_result_from_elsewhere_stays_from_there(report: Command, walk: Path) -> None:
    """Accepting doesn't pretend that a result was computed here."""
    assert report("run", "walk", TF_ENABLE_ONEDNN_OPTS="0").returncode == 0
    edit(walk, "STEP = 1.0", "STEP = 2 / 2")
    assert accept(report, "walk").returncode == 0
    run = status(report)["walk"]
    assert run["state"] == "elsewhere"
    assert run["reason"].startswith("accepted: the same number, computed with onednn 0, here")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("epochs: int = 6", "epochs: int = 7", "epochs is 7, was 6"),
        ("wait_s: float = 0.0", "wait_s: float = 0.0\n    more: int = 1", "more is 1, was not there"),
    ],
)
def test_more_than_code_is_refused(report: Command, walk: Path, project: Project, old: str, new: str, why: str) -> None:
    """Another parameter is another question: nothing is stored, and the error says what to run."""
    assert report("run", "walk").returncode == 0
    edit(walk, old, new)
    refused = accept(report, "walk")
    assert refused.returncode == 1
    assert f"walk can't be accepted: {why}" in refused.stderr
    assert "report run walk" in refused.stderr
    assert len(folders(project, "walk")) == 1


def test_a_result_with_other_parameters_stands_in_no_way(report: Command, stale: Path) -> None:
    """The closest run by count has other parameters; the one that differs in code alone is taken."""
    text = stale.read_text()
    stale.write_text(text.replace("np.zeros(3)", "np.zeros(3) + 0"))
    assert report("run", "walk", "--set", "epochs=3").returncode == 0
    assert accept(report, "walk").returncode == 0


def test_what_never_ran_can_not_be_accepted(report: Command, walk: Path) -> None:
    """Where there is no result, none is kept."""
    refused = accept(report, "walk")
    assert refused.returncode == 1
    assert "walk can't be accepted: it is missing (never run)" in refused.stderr


def test_what_failed_can_not_be_accepted(report: Command, stale: Path) -> None:
    """Code that fails is no harmless change."""
    edit(stale, "import time\n", "import time\n\n    raise LookupError\n")
    assert report("run", "walk").returncode == 1
    refused = accept(report, "walk")
    assert refused.returncode == 1
    assert "it is failed" in refused.stderr


@pytest.mark.parametrize("reason", ["", "  ", "\x1b\x07"])
def test_a_reason_is_needed(report: Command, stale: Path, reason: str) -> None:
    """Without words there is no reason, and no acceptance."""
    refused = report("accept", "walk", "--reason", reason)
    assert refused.returncode == 2
    assert "the reason is empty" in refused.stderr
    assert report("accept", "walk").returncode == 2


def test_what_is_up_to_date_needs_no_reason(report: Command, walk: Path, project: Project) -> None:
    """Accepting what is fresh stores nothing."""
    assert report("run", "walk").returncode == 0
    assert "nothing to accept" in accept(report, "walk").stderr
    assert len(folders(project, "walk")) == 1


def test_what_is_needed_is_accepted_first(report: Command, chain: Path) -> None:
    """Names in any order are accepted in the order of needs; on its own, what needs a stale one is refused."""
    edit(chain, 'record.scalar("value", params.value)', 'record.scalar("value", 1 * params.value)')
    refused = accept(report, "top")
    assert refused.returncode == 1
    assert "top can't be accepted: base, which it needs, is not up to date" in refused.stderr
    assert "report accept base top" in refused.stderr
    done = accept(report, "to*", "base")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["base", "top"]
    assert {run["state"] for run in status(report).values()} == {"fresh"}


def test_a_need_that_came_out_equal_is_enough(report: Command, chain: Path) -> None:
    """Where what is needed was run again with the same outcome, accepting alone what needs it is right."""
    edit(chain, 'record.scalar("value", params.value)', 'record.scalar("value", 1 * params.value)')
    assert report("run", "base").returncode == 0
    assert accept(report, "top").returncode == 0
    assert {run["state"] for run in status(report).values()} == {"fresh"}


def test_a_need_that_came_out_differently_is_refused(report: Command, chain: Path) -> None:
    """What was computed from another outcome is another result."""
    edit(chain, 'record.scalar("value", params.value)', 'record.scalar("value", 2 * params.value)')
    assert report("run", "base").returncode == 0
    refused = accept(report, "top")
    assert refused.returncode == 1
    assert "top can't be accepted: what it needs came out differently" in refused.stderr


def test_nothing_is_accepted_when_one_is_refused(report: Command, chain: Path, walk: Path) -> None:
    """Of several names all are accepted or none."""
    edit(chain, 'record.scalar("value", params.value)', 'record.scalar("value", 1 * params.value)')
    assert accept(report, "all").returncode == 1
    assert status(report)["base"]["state"] == "stale"


def test_the_report_prints_the_reason_as_text(
    report: Command, stale: Path, project: Project, write: Callable[[str, str], Path]
) -> None:
    """The appendix says why and across what; nothing in the reason is markup, a template or a control character."""
    import lxml.html
    import pikepdf

    write("templates/documents/paper.md", '+++\ntitle = "P"\n+++\n\n# A\n\n<< value("walk.end") >>\n')
    assert report("accept", "walk", "--reason", HOSTILE).returncode == 0
    built = report("build", "paper", "--no-run")
    assert built.returncode == 0, built.stderr
    page = lxml.html.parse(project.reports / "paper.html").getroot()
    (fact,) = page.xpath('//section[@class="run"]//div[dt="Accepted"]/dd')
    shown = HOSTILE.replace("\x1b", "")
    assert fact.text_content().startswith(f"{shown} (on 20")
    assert fact.text_content().endswith("although code experiments.walk:STEP changed)")
    assert not page.xpath("//main//script")
    with pikepdf.open(project.reports / "paper.pdf") as pdf:
        (attached,) = pdf.attachments.values()
        (run,) = json.loads(attached.get_file().read_bytes())["runs"]
    assert [entry["reason"] for entry in run["accepted"]] == [shown]
