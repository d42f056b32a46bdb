"""How long a plan says that runs take."""

import json
import shutil

import pytest

from report_cli.execution.estimate import DOUBT_S
from report_cli.project import Project
from tests.conftest import Command, Write
from tests.end_to_end.conftest import folders

NETS = """
    import time

    import report_cli as report

    SAID = {"metrics": {"x": report.Metric("", "x")}, "title": "T"}


    @report.experiment(
        "net",
        profiles={
            "smoke": {"epochs": 1, "train": 10},
            "quick": {"epochs": 4, "train": 100},
            "full": {"epochs": 50, "train": 1_000, "test": 100, "batch_size": 8, "split_seed": 1, "wait_s": 0.0},
        },
        cost_s={"smoke": 5, "quick": 20, "full": 900},
        **SAID,
    )
    def net(params, record):
        time.sleep(params.wait_s)
        record(x=params.epochs)


    @report.experiment("sum", profiles={"terms": 100, "seed": 2}, cost_s=lambda params: params.terms**2 / 1_000, **SAID)
    def total(params, record):
        record(x=params.terms)
"""


@pytest.fixture
def nets(report: Command, write: Write) -> Command:
    """Return the command line of a project whose experiments declare what they cost."""
    write("experiments/nets.py", NETS)
    return report


def estimate_s(report: Command, name: str, *settings: str, profile: str = "quick") -> float:
    """Return how long a run is said to take with these settings."""
    arguments = [word for setting in settings for word in ("--set", setting)]
    done = report("run", name, "--profile", profile, *arguments, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    told: float = json.loads(done.stdout)["estimate_s"]
    return told


def test_an_estimate_follows_the_parameters(nets: Command) -> None:
    """Epochs and images take time in proportion, more test images more of it; seeds and batches take none."""
    assert estimate_s(nets, "net") == 20
    assert estimate_s(nets, "net", "epochs=500") == 20 * 125
    assert estimate_s(nets, "net", "epochs=8", "train=200") == 80
    assert estimate_s(nets, "net", "test=200") == 40
    assert estimate_s(nets, "net", "test=10", "batch_size=64", "split_seed=9") == 20
    assert estimate_s(nets, "net", "epochs=5", profile="full") == 90


def test_no_run_takes_less_than_a_start(nets: Command) -> None:
    """The smallest budget is nearly all start-up, which a single epoch needs as well."""
    assert estimate_s(nets, "net", "epochs=1", "train=1") == 5


def test_an_author_says_what_parameters_cost(nets: Command) -> None:
    """A cost that is a function of the parameters is taken as it is."""
    assert estimate_s(nets, "sum") == 10
    assert estimate_s(nets, "sum", "terms=1000") == 1_000


def test_earlier_runs_tell_more_than_the_author(nets: Command, project: Project) -> None:
    """What like parameters took here before is scaled; other experiments take as much shorter than declared."""
    assert nets("run", "net", "--profile", "quick", "--set", "wait_s=0.4").returncode == 0
    (folder,) = folders(project, "net")
    took_s = json.loads((folder / "manifest.json").read_text())["times"]["duration_s"]
    assert estimate_s(nets, "net") == pytest.approx(took_s)
    assert estimate_s(nets, "net", "epochs=400") == pytest.approx(100 * took_s)
    assert estimate_s(nets, "sum") == pytest.approx(10 * (took_s + 10) / (20 + 10))
    assert estimate_s(nets, "sum", "terms=1000") == pytest.approx(1_000 * (took_s + DOUBT_S) / (20 + DOUBT_S))


def test_kept_results_say_nothing_of_this_machine(nets: Command, project: Project) -> None:
    """They may have been measured anywhere, beside anything."""
    assert nets("run", "net", "--profile", "quick").returncode == 0
    assert nets("keep", "net", "--profile", "quick").returncode == 0
    assert estimate_s(nets, "net", "epochs=8") < 40, "the own run tells"
    shutil.rmtree(project.runs)
    assert estimate_s(nets, "net", "epochs=8") == 40
    assert estimate_s(nets, "sum") == 10


def test_a_cost_of_nothing_tells_no_share(nets: Command, project: Project) -> None:
    """A function may say 0 for some parameters: what was run with them takes as long with others, and the reverse."""
    assert nets("run", "sum", "--set", "terms=0").returncode == 0
    (folder,) = folders(project, "sum")
    took_s = json.loads((folder / "manifest.json").read_text())["times"]["duration_s"]
    assert estimate_s(nets, "sum") == pytest.approx(took_s)
    assert nets("run", "sum").returncode == 0
    assert estimate_s(nets, "sum", "terms=0", "seed=3") > 0


def test_a_build_with_long_parameters_asks_first(nets: Command, project: Project, write: Write) -> None:
    """Parameters of the project that take hours make a build ask, however short the profile is."""
    write("templates/documents/d.md", '+++\ntitle = "D"\n+++\n\n<< value("net.x") >>\n')
    settings = project.root / "pyproject.toml"
    settings.write_text(settings.read_text() + "[tool.report.parameters.net]\nepochs = 500\n")
    done = nets("build", "--to", "html")
    assert done.returncode == 2
    assert "42 min" in done.stderr
    assert not list(project.runs.rglob("measured.json"))
