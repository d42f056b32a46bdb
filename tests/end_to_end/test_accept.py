"""`report accept`: a result is kept across a harmless change of code, with the reason, and across nothing else."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from report_cli.project import Project

Report = Callable[..., "subprocess.CompletedProcess[str]"]
PAGE = '+++\ntitle = "P"\n+++\n\n# A\n\n<< value("walk.end")|decimals(2) >>\n'
REASON = "renamed <b>STEP</b> {{ 7 * 7 }}"


def edit(walk: Path) -> None:
    """Rename a constant: other code, the same numbers."""
    walk.write_text(walk.read_text().replace("STEP", "STRIDE"))


def scalars(report: Report) -> dict[str, float]:
    finished = report("run", "walk", "--json")
    assert finished.returncode == 0, finished.stderr
    (run,) = json.loads(finished.stdout)
    return dict(run["scalars"])


def test_an_accepted_result_is_kept_and_says_why(
    report: Report, walk: Path, write: Callable[[str, str], Path], project: Project
) -> None:
    """After a harmless edit the stored result answers again, and status and page print the reason as text."""
    write("templates/documents/paper.md", PAGE)
    before = scalars(report)
    edit(walk)
    assert "stale" in report("status").stdout
    accepted = report("accept", "walk", "--reason", REASON)
    assert accepted.returncode == 0, accepted.stderr
    assert f"accepted: {REASON}" in report("status").stdout
    again = report("run", "walk", "--json")
    assert "nothing to run" in again.stderr
    assert scalars(report) == before
    assert report("build", "paper", "--to", "html").returncode == 0
    page = (project.build / "report" / "paper.html").read_text()
    assert "renamed &lt;b&gt;STEP&lt;/b&gt; {{ 7 * 7 }}" in page
    assert "code experiments.walk:STRIDE is new" in page


def test_nothing_but_code_is_accepted(report: Report, walk: Path) -> None:
    """Other parameters, a result that was never there, and an empty reason are refused."""
    never = report("accept", "walk", "--reason", "why not")
    assert never.returncode == 1
    assert "never run" in never.stderr
    scalars(report)
    other = report("accept", "walk", "--reason", "why not", "--set", "epochs=2")
    assert other.returncode == 1
    assert "epochs is 2, was 6" in other.stderr
    edit(walk)
    assert report("accept", "walk", "--reason", "  ").returncode == 2
    assert "stale" in report("status").stdout
