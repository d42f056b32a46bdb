"""What leaves the machine in a report or in git tells nothing of the machine and of who uses it."""

import subprocess
from pathlib import Path

from report_cli.project import Project
from tests.conftest import Command, Write, edit
from tests.fault.hostile.watching import found

VARIABLES = {
    "USER": "canaryuser",
    "LOGNAME": "canaryuser",
    "HOSTNAME": "canaryhost",
    "HOST": "canaryhost",
    "API_TOKEN": "canarytoken",
    "EMAIL": "canarymail",
}
REMOTE = "https://canarygit:canarypassword@example.org/x.git"
PAPER = """
    +++
    title = "A paper"
    +++
    It ends at << value("walk.end") >>, $x$.

    << figure("walk.path", caption="c") >>
"""


def test_no_output_tells_of_the_machine(
    report: Command, drawn: Path, project: Project, write: Write, tmp_path: Path
) -> None:
    """Pages, figures, manifests, kept results and a recorded failure hold no path, user, host, token or address."""
    home = tmp_path / "canaryhome"
    home.mkdir()
    variables = {**VARIABLES, "HOME": str(home)}
    for command in (["init", "-q"], ["remote", "add", "origin", REMOTE]):
        subprocess.run(["git", *command], cwd=project.root, check=True)
    write("templates/documents/paper.md", PAPER)
    edit(drawn, "saved = record", "print(TOKEN)\n    saved = record")
    edit(drawn, "STEP = 1.0", 'STEP = 1.0\nTOKEN = os.environ.get("API_TOKEN")')
    for command in (("build", "paper"), ("keep", "walk")):
        done = report(*command, **variables)
        assert done.returncode == 0, done.stderr
    told = "raise LookupError(f'{__file__} {pathlib.Path.home()}/a b/data.npz /mnt/canarydisk/c.txt')"
    edit(drawn, 'raise LookupError("no such step")', told)
    assert report("run", "walk", "--set", "fail=raise", "--set", "epochs=2", **variables).returncode == 1
    with (project.root / "pyproject.toml").open("a") as settings:
        settings.write('[tool.report.parameters.walk]\nfail = "raise"\nepochs = 2\n')
    draft = report("build", "paper", "--draft", "--no-run", **variables)
    assert draft.returncode == 0, draft.stderr
    assert b": experiments/walk.py " in (project.reports / "paper.html").read_bytes()
    places = (project.reports, project.figures, project.runs, project.kept, project.build / "survey")
    outputs = {path: path.read_bytes() for folder in places for path in folder.rglob("*") if path.is_file()}
    for ending in ("paper.html", "paper.pdf", "path.print.svg", "manifest.json", "failed.json"):
        assert any(path.name.endswith(ending) for path in outputs), ending
    wanted = {"the path of the project": str(project.root), "the folder around": str(tmp_path), "a name": "canary"}
    leaks = {path.relative_to(project.root): names for path, text in outputs.items() if (names := found(text, wanted))}
    assert leaks == {}
