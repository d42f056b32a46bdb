"""What a notebook calls: functions that return what the commands print, and print nothing."""

from pathlib import Path

import pytest

import report_cli as report
from report_cli import api
from report_cli.errors import ReportError
from report_cli.project import Project
from tests.conftest import Command, Write, edit

EXPERIMENT = """
    import numpy as np
    import report_cli as report


    @report.experiment(
        "dice", title="Dice", metrics={"mean": report.Metric("", "mean")}, grid=report.grid(sides=[6, 20]), seeds=2,
        profiles={"smoke": {"rolls": 10, "sides": 6}, "quick": {"rolls": 100, "sides": 6}},
    )
    def dice(params, record):
        rolls = np.random.default_rng(record.seed).integers(1, params.sides + 1, params.rolls)
        record.array("rolls", rolls)
        record.table("counts", [{"face": f, "count": int((rolls == f).sum())} for f in range(1, params.sides + 1)])
        record.weights({"rolls": rolls})
        record(mean=rolls.mean())
"""
PAPER = '+++\ntitle = "P"\n+++\n\n# A\n\nIt is << value("one.mean")|decimals(2) >>.\n'
ONE = EXPERIMENT.replace('"dice"', '"one"').replace("grid=report.grid(sides=[6, 20]), seeds=2,", "")


@pytest.fixture
def here(project: Project, write: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write two experiments and a page, and go to the project's folder, as a notebook does."""
    write("experiments/dice.py", EXPERIMENT)
    write("experiments/one.py", ONE)
    write("templates/documents/paper.md", PAPER)
    monkeypatch.chdir(project.root)
    return project.root


def test_a_notebook_runs_and_reads(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Running, judging, reading and building print nothing, and results are one type over profiles, points, seeds."""
    assert {status.state for status in report.status()} == {"missing"}
    results = report.run("dice", "one", profile="smoke")
    assert {name: len(each) for name, each in results.items()} == {"dice": 4, "one": 1}
    assert results["one"].scalars["mean"] == results["one"].array("rolls").mean()
    assert results["one"].weights()["rolls"].tolist() == results["one"].array("rolls").tolist()
    assert sum(row["count"] for row in results["one"].table("counts")) == 10
    assert results["dice"].run(seed=1, sides=20).array("rolls").max() > 6
    with pytest.raises(ReportError, match="4 runs"):
        results["dice"].scalars  # noqa: B018
    with pytest.raises(ReportError, match="2 runs with sides=6"):
        results["dice"].run(sides=6)
    with pytest.raises(ReportError, match="no run with sides=9") as caught:
        results["dice"].run(sides=9)
    assert caught.value.hint == "there are 6, 20"
    with pytest.raises(ReportError, match="'maen'"):
        results["one"].metric("maen")

    report.run("one", profile="quick", settings=["rolls=50"])
    both = report.results("one")
    assert [run.manifest.profile for run in both] == ["quick", "smoke"]
    frame = both.to_pandas()
    assert list(frame["rolls"]) == [50, 10]
    assert list(frame["mean"]) == both.metric("mean")
    assert len(report.results("one", profile="smoke")) == 1
    assert len(report.results("dice").where(sides=6)) == 2
    (state,) = report.status("one", profile="smoke")
    assert (state.state, state.key) == ("fresh", report.results("one", profile="smoke").runs[0].key)

    (built,) = report.build("paper", profile="smoke", formats=("html",))
    assert built.written
    mean = results["one"].scalars["mean"]
    assert f"{mean:.2f}" in (here / "build" / "report" / "paper.html").read_text()
    assert capfd.readouterr() == ("", "")


def test_what_a_notebook_shows_is_short(here: Path) -> None:
    """Results, runs and states say what they are of in a line, and points are in the order of their numbers."""
    report.run("dice", profile="smoke")
    results = report.results("dice")
    assert repr(results) == "<Results of dice: 4 runs, each with mean>"
    assert repr(results.runs[0]).startswith("<Run of dice sides=6 seed=0: mean=")
    assert [run.point["sides"] for run in results] == [6, 6, 20, 20]
    assert repr(report.status("one")[0]) == "<Status of one: never run>"
    (results.runs[0].folder / "measured.json").write_text("{}")
    assert "can't be read" in repr(report.results("dice"))
    assert repr(report.results("one")) == "<Results of one: 0 runs>"


def test_points_of_a_grid_are_found_by_lists_and_texts(here: Path, write: Write) -> None:
    """A tuple is a list in a manifest, and means the same; what is there is told in its order."""
    text = EXPERIMENT.replace('"dice"', '"faces"').replace("sides=[6, 20]", "sides=[6, 20], faces=[(10, 2), (9,)]")
    write("experiments/faces.py", text.replace('"sides": 6', '"sides": 6, "faces": ()').replace("seeds=2", "seeds=1"))
    write("templates/documents/paper.md", PAPER + "<< value('faces.mean', sides=6, faces=(9,)) >>\n")
    results = report.run("faces", profile="smoke")["faces"]
    assert results.run(sides=6, faces=(9,)).point == {"sides": 6, "faces": [9]}
    with pytest.raises(report.ReportError) as caught:
        results.run(faces=(3,))
    assert caught.value.hint == "there are [9], [10, 2]"
    assert report.build("paper", profile="smoke", formats=("html",))[0].written


def test_a_notebook_is_told_of_a_broken_file(here: Path, write: Write) -> None:
    """It is a warning with its place, and the error of who asks for what may be in it."""
    write("experiments/bad.py", "1 / 0\n")
    with pytest.warns(UserWarning, match=r"experiments/bad\.py:1: division by zero") as told:
        report.run("one", profile="smoke")
    assert told[0].filename == __file__
    for call in (report.results, report.status, report.run):
        with pytest.warns(UserWarning, match="zero"), pytest.raises(report.ReportError, match="division by zero"):
            call("bad")


def test_mistakes_are_errors_with_near_misses(here: Path) -> None:
    """What doesn't exist raises the error that the command line prints, and exits nothing."""
    for call in (
        lambda: report.run("dise"),
        lambda: report.results("dise"),
        lambda: report.status("dise"),
        lambda: report.build("papre"),
        lambda: report.run("dice", profile="quik"),
        lambda: report.run("dice", seeds=0),
    ):
        with pytest.raises(ReportError):
            call()
    with pytest.raises(AttributeError, match="nothing"):
        report.nothing  # noqa: B018


def test_results_are_those_of_the_code_as_it_is(here: Path) -> None:
    """After an edit a stale run is no result any more, until it is put back."""
    report.run("one", profile="smoke")
    edit(here / "experiments" / "one.py", "rolls.mean()", "rolls.mean() * 1")
    assert len(report.results("one")) == 0
    edit(here / "experiments" / "one.py", "rolls.mean() * 1", "rolls.mean()")
    assert len(report.results("one")) == 1


def test_results_are_those_of_the_table_as_it_is(project: Project, write: Write, report: Command) -> None:
    """After a cell was edited, what was computed from the old table is no result any more, until it is put back."""
    write("data/walks.csv", "length,mood\n1,3\n2,4\n3,5\n4,6\n")
    write(
        "experiments/walks.py",
        """
        import report_cli as report

        WALKS = report.Table("walks", "Walks", file="data/walks.csv", target="mood")


        METRICS = {"mean": report.Metric("", "mean")}


        @report.experiment("mood", title="M", data=WALKS, metrics=METRICS, profiles={"a": 1})
        def mood(params, data, record):
            record(mean=float(data.target.mean()))
        """,
    )
    assert report("run", "mood").returncode == 0
    assert api.results("mood", folder=project.root).scalars["mean"] == 4.5
    edit(project.root / "data/walks.csv", "4,6", "4,8")
    assert len(api.results("mood", folder=project.root)) == 0
    assert report("run", "mood").returncode == 0
    assert api.results("mood", folder=project.root).scalars["mean"] == 5
    edit(project.root / "data/walks.csv", "4,8", "4,6")
    assert api.results("mood", folder=project.root).scalars["mean"] == 4.5
    (project.root / "data/walks.csv").unlink()
    assert len(api.results("mood", folder=project.root)) == 0


def test_the_only_document_needs_no_name(here: Path, report: Command) -> None:
    """Where there are several, one is to be named."""
    done = report("build", "--profile", "smoke", "--to", "html")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "build/report/paper.html"
    (here / "templates/documents/second.md").write_text(PAPER)
    asked = report("build")
    assert asked.returncode == 2
    assert "name one: paper, second, or all" in asked.stderr


def test_the_log_of_a_run_has_what_its_code_raised(here: Path, report: Command) -> None:
    """The log that the hint names holds the traceback."""
    edit(here / "experiments" / "one.py", "record.array(", "record.array(*1 / 0, ")
    failed = report("run", "one")
    assert failed.returncode == 1
    (log,) = (here / "build" / "logs").glob("one-*.log")
    assert log.name in failed.stderr
    assert "experiments/one.py" in log.read_text()
    assert "ZeroDivisionError" in log.read_text()


def test_a_flipped_byte_is_found_by_what_reads_it(here: Path, report: Command) -> None:
    """`status` reads manifests alone; `verify --store` reads every byte, and an array is checked when it is read."""
    api.run("one", "dice", profile="smoke")
    verified = report("verify", "--store")
    assert verified.returncode == 0, verified.stderr
    assert "5 runs" in verified.stdout
    (run,) = api.results("one")
    path = run.folder / "arrays" / "rolls.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    (status,) = api.status("one", profile="smoke")
    assert status.state == "fresh"
    found = report("verify", "--store")
    assert found.returncode == 1
    assert f"one/{run.key}: arrays/rolls.npy" in found.stderr
    (again,) = api.results("one")
    assert again.scalars, "what is whole can be read"
    with pytest.raises(ReportError, match=r"arrays/rolls\.npy"):
        again.array("rolls")
    assert report("verify").returncode == 2
