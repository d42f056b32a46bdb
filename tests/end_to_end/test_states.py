"""What `status`, `why`, `show` and `runs` say of results: plain words, one line where many runs are alike."""

import json
import os
import re
import shlex

import pytest

from report_cli import api
from report_cli.project import Project
from tests.conftest import Command, Write, edit
from tests.end_to_end.conftest import state

GRID = """
    import report_cli as report


    @report.experiment(
        "sum",
        title="A sum",
        metrics={"test_sum": report.Metric("", "the sum"), "b": report.Metric("", "what was added")},
        profiles={"a": 1, "b": 2},
        grid=report.grid(b=[1, 2, 3]),
        seeds=2,
    )
    def total(params, record):
        if record.seed == 1 and params.b == 7:
            raise ValueError("no such b")
        record(test_sum=params.a + params.b, b=params.b)


    @report.experiment(
        "double", title="Twice", metrics={"x": report.Metric("", "x")}, profiles={"c": 2}, needs=("sum",)
    )
    def double(params, record):
        record(x=params.c * sum(record.need("sum").metric("test_sum")))
"""

ONE = """
    @report.experiment("{name}", title="T", metrics={{"x": report.Metric("", "x")}}, profiles={{"a": 1}})
    def {name}(params, record):
        record(x=params.a)
"""
MANY = "    import report_cli as report\n" + "".join(
    ONE.format(name=name) for name in ("one", "two", "three", "four", "five")
)


@pytest.fixture
def grid(report: Command, write: Write) -> Command:
    """Return the command line of a project with a sweep of six runs, and one run that needs all of them."""
    write("experiments/sums.py", GRID)
    done = report("run", "all")
    assert done.returncode == 0, done.stderr
    return report


def test_a_sweep_is_one_line(grid: Command, project: Project) -> None:
    """Seeds and points with one state and reason are folded; --all, and the name in full, tell each of them."""
    assert [line.split("  ")[0] for line in grid("status", "*").stdout.splitlines()] == ["run", "sum", "double"]
    assert re.search(r"^sum  \(6 runs\) +up to date", grid("status", "*").stdout, re.MULTILINE)
    assert grid("status", "s*").stdout.count("sum") == 1
    assert grid("status", "sum").stdout.count("sum b=") == 6
    assert grid("status", "--all").stdout.count("sum b=") == 6
    assert len(json.loads(grid("status", "--json").stdout)["runs"]) == 7
    assert grid("why", "sum").stdout.count("made of") == 1
    assert grid("why", "sum", "--all").stdout.count("made of") == 6
    shown = grid("show", "*").stdout
    assert "test_sum" in shown
    assert re.search(r"b=3 seed 1 +up to date +4 +3$", shown, re.MULTILINE)
    assert "sum b=3 seed 1" in grid("show", "sum", "--all").stdout


def test_a_new_point_was_never_run(grid: Command, project: Project) -> None:
    """What was measured at other points is no older answer, whatever of the code changes."""
    edit(project.experiments / "sums.py", "b=[1, 2, 3]", "b=[1, 2, 4]")
    assert re.search(r"^sum b=4 seed 1 +not run +\S+$", grid("status", "sum").stdout, re.MULTILINE)
    edit(project.experiments / "sums.py", "params.a + params.b", "params.b + params.a")
    told = grid("status", "sum").stdout
    assert re.search(r"^sum b=4 seed 0 +not run +\S+$", told, re.MULTILINE)
    assert re.search(r"^sum b=2 seed 0 +out of date +\S+ +total\(\) in .* changed$", told, re.MULTILINE)


def test_a_document_is_told_in_numbers_and_reasons(grid: Command, project: Project, write: Write) -> None:
    """What is up to date is counted, what isn't has its reason and time, and the command that mends it is named."""
    write("templates/documents/d.md", '+++\ntitle = "D"\n+++\n\n<< value("double.x") >>\n')
    assert grid("status").stdout.splitlines()[:3] == [
        "d  not written yet",
        "● 7 up to date",
        "nothing to run; the page is to be written: report build d",
    ]
    assert grid("build", "--to", "html").returncode == 0
    assert re.match(r"d  page written today at \d\d:\d\d\n● 7 up to date\n\n", grid("status").stdout)
    edit(project.experiments / "sums.py", "params.c * sum", "1 * params.c * sum")
    assert re.search(
        r"\n● 6 up to date\n○ double  out of date  [\d.]+ s  double\(\) in .* changed\n"
        r"1 to run, about [\d.]+ s: report build d\n",
        grid("status").stdout,
    )
    assert grid("run", "double", "--force").returncode == 0
    assert re.match(
        r"d  page is out of date, written today at \d\d:\d\d: results of double changed\n"
        r"● 7 up to date\nnothing to run; .*: report build d\n",
        grid("status").stdout,
    )
    told = json.loads(grid("status", "--json").stdout)
    assert told["version"] == 1
    (document,) = told["documents"]
    assert (document["name"], document["page"], len(document["runs"])) == ("d", "older", 7)
    assert document["reason"] == "results of double changed"


def test_documents_and_experiments_are_told_apart(grid: Command, project: Project, write: Write) -> None:
    """Whoever names one for the other is told the command for it; another document is nothing to a page."""
    write("templates/documents/d.md", '+++\ntitle = "D"\n+++\n\n<< value("double.x") >>\n')
    for command in ("status", "why", "run", "show"):
        refused = grid(command, "d")
        assert refused.returncode == 2
        assert "hint: report build d" in refused.stderr
    assert "hint: report run sum" in grid("build", "sum").stderr
    assert grid("build", "d", "--to", "html").returncode == 0
    other = write("templates/documents/other.md", '+++\ntitle = "Other"\n+++\n\nWords.\n')
    assert grid("status").stdout.startswith("d  page written today")
    including = '+++\ntitle = "D"\n+++\n\n<< value("double.x") >>\n<% include "documents/other.md" %>\n'
    write("templates/documents/d.md", including)
    assert grid("build", "d", "--to", "html").returncode == 0
    edit(other, "Words", "Others")
    assert "templates/documents/other.md changed" in grid("status").stdout


def test_a_page_is_out_of_date_for_what_its_own_experiments_declare(
    grid: Command, project: Project, write: Write
) -> None:
    """Another title of one of them is a reason; an experiment that it takes nothing from is none."""
    write("templates/documents/d.md", '+++\ntitle = "D"\n+++\n\n<< value("double.x") >>\n')
    assert grid("build", "--to", "html").returncode == 0
    write("experiments/many.py", MANY)
    assert grid("status").stdout.startswith("d  page written today")
    edit(project.experiments / "sums.py", "Twice", "Two times")
    assert "the declaration of double changed\n" in grid("status").stdout


def test_what_makes_a_page_out_of_date_is_told(grid: Command, project: Project, write: Write) -> None:
    """Templates, files and settings are named, results by their experiment, what is to be run below; few of many."""

    def reason() -> str:
        (document,) = json.loads(grid("status", "--json").stdout)["documents"]
        assert (document["page"] == "newer") == (document["reason"] == "")
        return str(document["reason"])

    page = write(
        "templates/documents/d.md", '+++\ntitle = "D"\n+++\n\n![A.](images/a.svg)\n\n<< value("double.x") >>\n'
    )
    image = write("images/a.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    assert grid("build", "--to", "html").returncode == 0
    assert reason() == ""
    edit(image, "9", "8")
    assert reason() == "images/a.svg changed"
    edit(page, '"D"', '"E"')
    edit(project.root / "pyproject.toml", "A. Student", "B. Student")
    assert reason() == "templates/documents/d.md, author in pyproject.toml and images/a.svg changed"
    for number in range(9):
        write(f"templates/answers/q{number}.md", "Text.\n")
    assert reason().endswith(" and 9 more changed")
    assert grid("build", "--to", "html", "--draft").returncode == 0
    assert reason() == "it is a draft"
    assert grid("build", "--to", "html").returncode == 0
    edit(project.experiments / "sums.py", "params.c * sum", "1 * params.c * sum")
    (document,) = json.loads(grid("status", "--json").stdout)["documents"]
    assert (document["page"], document["reason"]) == ("older", "")
    (project.reports / "d.html").write_text("mine")
    assert json.loads(grid("status", "--json").stdout)["documents"][0]["reason"] == "d.html is not as it was written"


def test_a_page_is_as_old_as_a_build_says(grid: Command, project: Project, write: Write) -> None:
    """Neither a needed run that came out as before, nor an older export, nor a page's time makes it one to be written;
    a changed template does. Another document that is written with it changes nothing."""
    for name, value in (("d", "'double.x'"), ("e", "'sum.b', b=3")):
        write(f"templates/documents/{name}.md", f'+++\ntitle = "D"\n+++\n\n<< value({value}) >>\n')

    def pages() -> list[str]:
        return [each["page"] for each in json.loads(grid("status", "--json").stdout)["documents"]]

    assert grid("build", "d", "--to", "html,md").returncode == 0
    assert pages() == ["newer", "absent"]
    assert grid("build", "all", "--to", "html").returncode == 0
    assert grid("build", "d", "--to", "html").stderr.endswith("d is up to date\n")
    for path in project.reports.glob("d.*"):
        os.utime(path, (0, 0))
    assert grid("run", "sum", "--force").returncode == 0
    assert pages() == ["newer", "older"]
    edit(project.templates / "documents" / "d.md", "title", "subtitle")
    assert pages()[0] == "older"


def test_of_a_new_project_what_was_never_run_is_a_number(report: Command, write: Write) -> None:
    """Runs that have only that in common to tell are counted; a document that can't be read hides no other."""
    write("experiments/many.py", MANY)
    write("templates/documents/bad.md", '+++\ntitle = "B"\n+++\n\n<< value("one.y") >>\n')
    done = report("status")
    assert "○ 5 not run\n5 to run, about 25 s: report run NAME" in done.stdout
    assert "one  not run" not in done.stdout
    assert "warning: bad can't be built: templates/documents/bad.md:5" in done.stderr


def test_a_check_fails_where_anything_is_to_be_run(grid: Command, project: Project) -> None:
    """`status --check` ends with 1 until all is up to date, and says the same."""
    assert grid("status", "--check").returncode == 0
    edit(project.experiments / "sums.py", "params.c * sum", "1 * params.c * sum")
    assert grid("status", "sum", "--check").returncode == 0
    assert "report run NAME --profile smoke\n" in grid("status", "--profile", "smoke").stdout
    done = grid("status", "--check")
    assert (done.returncode, done.stdout) == (1, grid("status").stdout)


def test_the_command_that_is_named_means_the_same_runs(grid: Command, project: Project) -> None:
    """It has the options of the question, so that it can be pasted, also with a folder whose name has a space."""
    edit(project.experiments / "sums.py", "params.c * sum", "1 * params.c * sum")
    images = project.root / "my images"
    images.mkdir()
    asked = ("--profile", "smoke", "--data", str(images), "--strict-env")
    assert f"report run NAME {shlex.join(asked)}\n" in grid("status", *asked).stdout
    assert "report run NAME\n" in grid("status", REPORT_DATA=str(images)).stdout


def test_why_begins_with_the_answer(grid: Command, project: Project) -> None:
    """The first line says why, for what is up to date, too; digests come last."""
    first, *others = grid("why", "double").stdout.splitlines()
    assert re.fullmatch(
        r"double: up to date: nothing that it rests on changed since it was run today at \d\d:\d\d", first
    )
    assert [line.split()[0] for line in others] == ["made", "experiments/sums.py:", "recipe", "key"]
    assert grid("why", "sum").stdout.startswith("sum b=1 seed 0 and 5 more runs: up to date: nothing")
    edit(project.experiments / "sums.py", "params.c * sum", "1 * params.c * sum")
    told = grid("why", "double").stdout.splitlines()
    assert told[:2] == ["double: out of date: double() in experiments/sums.py changed", "  made of"]


def test_what_was_run_otherwise_alone_is_told_in_a_sentence(grid: Command, write: Write) -> None:
    """Beside "not run" stands all of why: with which profile, or with which parameters."""
    profiles = '{"smoke": {"a": 1}, "quick": {"a": 2}, "full": {"a": 3}}'
    write(
        "experiments/one.py", "    import report_cli as report\n" + ONE.format(name="one").replace('{"a": 1}', profiles)
    )
    assert grid("run", "one").returncode == 0
    planned = grid("run", "one", "--profile", "smoke", "--dry-run").stdout
    assert re.search(r"^one +not run +[\d.]+ s +never run with profile smoke$", planned, re.MULTILINE)
    planned = grid("run", "double", "--set", "c=500", "--dry-run").stdout
    assert re.search(r"not run +[\d.]+ s +not run with these parameters \(nearest: c=2\)$", planned, re.MULTILINE)


def test_an_unknown_name_or_pattern_is_told(grid: Command) -> None:
    """A pattern that matches nothing is an error with near misses, in each of these commands."""
    for command in ("status", "why", "show", "runs"):
        wrong = grid(command, "summ")
        assert wrong.returncode == 2
        assert "hint: did you mean sum?" in wrong.stderr


def test_logs_of_a_pattern_are_printed(grid: Command, project: Project) -> None:
    """Each experiment that has a log is named before it; one alone prints its log, and none is an error."""
    edit(
        project.experiments / "sums.py", "def total(params, record):", "def total(params, record):\n    print(params.b)"
    )
    assert grid("run", "sum").returncode == 0
    assert grid("logs", "sum").stdout.strip() == "3"
    assert grid("logs", "*").stdout.splitlines()[-2:] == ["sum:", "3"]
    wrong = grid("logs", "smu")
    assert (wrong.returncode, "did you mean sum?" in wrong.stderr) == (2, True)


def test_all_stored_runs_are_listed(grid: Command, project: Project) -> None:
    """`report runs` has those of --set and of another profile, and which of them an edit has put out of date."""
    assert grid("run", "double", "--set", "c=5").returncode == 0
    assert grid("run", "double", "--profile", "smoke", "--set", "c=6").returncode == 0
    edit(project.experiments / "sums.py", "params.c * sum", "1 * params.c * sum")
    assert grid("run", "double").returncode == 0
    listed = grid("runs", "double").stdout
    assert re.search(r"c=5 seed=0 +out of date +today at \d\d:\d\d +own ", listed)
    edit(project.experiments / "sums.py", 'profiles={"c": 2}', 'profiles={"c": 3}')
    assert grid("run", "double").returncode == 0
    listed = grid("runs", "double").stdout
    for parameters in ("c=2", "c=3"):
        assert re.search(rf"any +{parameters} seed=0 +up to date ", listed)
    edit(project.experiments / "sums.py", 'profiles={"c": 3}', 'profiles={"c": 2}')
    runs = json.loads(grid("runs", "--json").stdout)["runs"]
    ends = [run["finished"] for run in runs if run["experiment"] == "double"]
    assert ends == sorted(ends)
    found = [(run["overrides"], bool(run["outdated"])) for run in runs if run["experiment"] == "double"]
    assert sorted(found, key=str) == [({"c": 5}, True), ({"c": 6}, True), ({}, False), ({}, False), ({}, True)]
    assert len(runs) == 11


def test_the_reason_is_a_sentence(grid: Command, project: Project, write: Write) -> None:
    """Functions are written as such; what another result waits for is named; parameters of --set are not an edit."""
    edit(project.experiments / "sums.py", "params.a + params.b", "params.b + params.a")
    told = grid("status").stdout
    assert "○ sum  (6 runs)  out of date  " in told
    assert "total() in experiments/sums.py changed" in told
    assert "needs sum, which is out of date" in told
    write("templates/documents/d.md", '+++\ntitle = "D"\n+++\n\n<< value("double.x") >>\n')
    done = grid("build", "--no-run", "--to", "html")
    assert "d.md:5: double is out of date: needs sum, which is out of date" in done.stderr


def test_other_parameters_were_not_run(grid: Command) -> None:
    """What was never run with the parameters of --set isn't out of date; the nearest run is named."""
    (told,) = json.loads(grid("show", "double", "--set", "c=500", "--json").stdout)["runs"]
    assert (told["state"], told["reason"]) == ("missing", "not run with these parameters (nearest: c=2)")


def test_a_failure_tells_when_and_where(report: Command, walk: object) -> None:
    """The state of what failed says the time as people do, the file and line, and the reason in words."""
    assert report("run", "walk", "--set", "fail=raise").returncode == 1
    (told,) = json.loads(report("show", "walk", "--set", "fail=raise", "--json").stdout)["runs"]
    assert told["state"] == "failed"
    assert re.fullmatch(r"failed today at \d\d:\d\d, experiments/walk.py:\d+: .*no such step", told["reason"])


def test_a_plan_of_a_build_is_shown(grid: Command, project: Project, write: Write) -> None:
    """`build --dry-run` runs and writes nothing, and says what would run and why."""
    write("templates/documents/d.md", '+++\ntitle = "D"\n+++\n\n<< value("double.x") >>\n')
    assert "nothing to run" in grid("build", "--dry-run").stdout
    edit(project.experiments / "sums.py", "params.c * sum", "1 * params.c * sum")
    shown = grid("build", "--dry-run").stdout
    assert re.search(r"double +out of date +.* double\(\) in experiments/sums.py changed", shown)
    assert not project.reports.exists()


def test_without_a_name_the_api_runs_all(report: Command, write: Write, project: Project) -> None:
    """`run()` of a notebook does what `report run all` does."""
    write("experiments/sums.py", GRID)
    assert {name: len(results) for name, results in api.run(folder=project.root).items()} == {"double": 1, "sum": 6}


def test_a_broken_file_is_told_once(report: Command, write: Write) -> None:
    """What a warning has said of a file isn't said again as the error of the command."""
    write("experiments/sums.py", GRID.replace("seeds=2", "seeds=0"))
    done = report("run", "sum")
    assert done.returncode == 2
    assert done.stderr.count("seeds=0") == 1
    assert done.stderr.splitlines()[-1].startswith("error: experiments/sums.py")
    assert "experiments/sums.py:" in done.stderr


def test_the_state_of_one_run_is_short(grid: Command) -> None:
    """A single run tells its key, and no reason where the state says it all."""
    assert state(grid, "double") == ("fresh", "up to date")
    assert grid("status", "double").stdout.count("up to date") == 1
