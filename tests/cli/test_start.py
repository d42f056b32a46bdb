"""What every command loads, and what it must not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from report_cli.cli.app import COMMANDS
from report_cli.project import Project
from tests.conftest import Command, Write

TOY = """
    import report_cli as report


    @report.experiment("toy", title="T", metrics={"x": report.Metric("", "x")}, profiles={"a": 1})
    def toy(params, record):
        record(x=params.a)
"""
ROOT = Path(__file__).parent.parent.parent
HEAVY = (
    "keras",
    "tensorflow",
    "matplotlib",
    "numpy",
    "weasyprint",
    "pypandoc",
    "typst",
    "PIL",
    "lxml",
    "nh3",
    "pikepdf",
    "rich",
    "scipy",
    "pandas",
    "jinja2",
)
SCRIPT = f"""
import sys
from report_cli.__main__ import main
sys.argv = ["report", *sys.argv[1:]]
try:
    main()
finally:
    print("loaded:", *[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["list"], ["status"], ["why", "theory"], ["gc", "--dry-run"], ["run", "--help"]],
)
def test_nothing_heavy_is_loaded(arguments: list[str]) -> None:
    """Help, list, status and why import no package that trains, draws or renders.

    What a document takes is found by rendering it, and remembered as long as no template changes.
    """
    if arguments == ["status"]:
        subprocess.run([sys.executable, "-m", "report_cli", *arguments], cwd=ROOT, capture_output=True, check=True)
    finished = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.splitlines()[-1].split() == ["loaded:"]


def test_a_project_with_nothing_to_do_loads_nothing_heavy(project: Project, write: Write, report: Command) -> None:
    """A build that changes nothing, and what looks at its runs, load none of what made them and the page."""
    write("experiments/toy.py", TOY)
    write("templates/documents/paper.md", '+++\ntitle = "T"\n+++\n\nIt is << value("toy.x") >>.\n')
    assert report("build", "all", "--to", "html").returncode == 0
    for arguments in (["build", "all", "--to", "html"], ["verify", "--store"], ["status"], ["why", "toy"], ["list"]):
        finished = subprocess.run(
            [sys.executable, "-c", SCRIPT, *arguments], cwd=project.root, capture_output=True, text=True
        )
        assert finished.returncode == 0, finished.stderr
        assert finished.stderr.splitlines()[-1].split() == ["loaded:"], arguments


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    """Each command says what it does, in a line of its own and in the list of commands, with the same words."""
    everything, own = (
        subprocess.run(
            [sys.executable, "-m", "report_cli", *each, "--help"], capture_output=True, text=True, check=True
        )
        for each in ([], [command])
    )
    line = next(line for line in everything.stdout.splitlines() if line.split()[:1] == [command])
    assert f"  {line.split(maxsplit=1)[1]}\n" in own.stdout


def test_help_of_one_command_imports_no_other() -> None:
    """The list of commands imports none of their modules, and the help of one command imports its own alone."""
    script = "import sys; from report_cli.cli.app import app; app(standalone_mode=False); print(*sorted(sys.modules))"
    for arguments, own in ([], set()), (["gc"], {"report_cli.cli.gc"}):
        shown = subprocess.run(
            [sys.executable, "-c", script, *arguments, "--help"], capture_output=True, text=True, check=True
        )
        imported = {name for name in shown.stdout.splitlines()[-1].split() if name.startswith("report_cli.cli.")}
        commands = {f"report_cli.cli.{path.stem}" for path in (ROOT / "report_cli" / "cli").glob("*.py")}
        shared = {f"report_cli.cli.{name}" for name in ("app", "completion", "console", "options", "session")}
        assert imported & commands - shared == own


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("run th", ["theory"]),
        ("build --to d", ["docx"]),
        ("build --to html,t", ["html,tex"]),
        ("watch --to html,", ["html,pdf"]),
        ("run theory --profile q", ["quick"]),
        ("run cifar-control --set t", ["train", "test"]),
        ("run cifar-control --set ep", ["epochs=2", "epochs=4", "epochs=50"]),
        ("run cifar-control --set epochs=5", ["epochs=50"]),
        ("show catsdogs-vgg16-frozen --set base=c", ["base=cifar10"]),
        ("run nothing-like-it --set ep", []),
        ("compare cifar-control -m test_acc", ["test_accuracy"]),
    ],
)
def test_completion_names_what_there_is(typed: str, completed: list[str]) -> None:
    """The shell completes the names of experiments from the project's own files, and formats one after the other."""
    count = str(len(typed.split()))
    variables = {"_REPORT_COMPLETE": "complete_bash", "COMP_WORDS": f"report {typed}", "COMP_CWORD": count}
    finished = subprocess.run(
        [sys.executable, "-m", "report_cli"], cwd=ROOT, env=os.environ | variables, capture_output=True, text=True
    )
    assert finished.stdout.split() == completed


@pytest.mark.parametrize("arguments", ["list", "show toy", "status"])
def test_a_terminal_of_few_characters_gets_what_it_can_show(project: Project, write: Write, arguments: str) -> None:
    """What an encoding hasn't got is replaced in what is printed, and no error."""
    write("experiments/toy.py", TOY.replace('"T"', '"\N{GREEK SMALL LETTER PI} \N{SNOWMAN}"'))
    command = [sys.executable, "-m", "report_cli", *arguments.split()]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(command, cwd=project.root, env=variables, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"toy" in done.stdout
