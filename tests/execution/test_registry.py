"""What the files of `experiments/` declare: each works, or is refused with its file and line."""

from typing import Any

import pytest

from report_cli import api
from report_cli.errors import ReportError
from report_cli.execution.registry import Registry
from report_cli.project import Project
from tests.conftest import Command, Write, edit

EXPERIMENT = """
    import report_cli as report


    @report.experiment("{name}", title="T", metrics={{}}, profiles={{"epochs": 1}}, needs={needs})
    def measure(params, record):
        pass
"""
HEAD = """\
import functools
import report_cli as report

def measure(params, record, factor=1):
    record(x=factor * params.a)

FACTS = dict(title="T", metrics={"x": report.Metric("", "x")})
"""
ODD = '\nreport.experiment("odd", profiles={"a": 1}, **FACTS)(measure)\n'


def loaded(project: Project) -> Registry:
    return api.open_workspace(project.root).registry


def test_every_file_in_the_folder_is_registered(project: Project, write: Write) -> None:
    """A new experiment is one new file; nothing else names it, and it knows where it is declared."""
    for name in ("b", "a"):
        write(f"experiments/{name}.py", EXPERIMENT.format(name=name, needs="()"))
    registry = loaded(project)
    assert list(registry.experiments) == ["a", "b"]
    assert (registry.experiments["a"].module, registry.experiments["a"].line) == ("experiments.a", 4)


def test_patterns_select_experiments(project: Project, write: Write) -> None:
    """Names, globs and "all" select, each experiment once."""
    for name in ("cifar-a", "cifar-b", "theory"):
        write(f"experiments/{name.replace('-', '_')}.py", EXPERIMENT.format(name=name, needs="()"))
    registry = loaded(project)
    assert [e.name for e in registry.select(["cifar-*", "cifar-a"])] == ["cifar-a", "cifar-b"]
    assert len(registry.select(["all"])) == 3
    with pytest.raises(ReportError, match="experiment 'cifr-a'"):
        registry.select(["cifr-a"])


def test_what_editors_and_systems_leave_is_no_experiment(project: Project, write: Write) -> None:
    """Hidden files, backups and links to nowhere are neither read nor told, nor in the way of a document."""
    write("experiments/first.py", EXPERIMENT.format(name="a", needs="()"))
    for folder in (project.experiments, project.experiments / "datasets"):
        folder.mkdir(exist_ok=True)
        for name in ("._first.py", ".#first.py", "#first.py", "first.py~", "first.py.bak", ".first.py.swp"):
            (folder / name).write_bytes(b"\0\5\26\7")
        (folder / "gone.py").symlink_to("nowhere.py")
    registry = loaded(project)
    assert list(registry.experiments) == ["a"]
    assert not registry.broken


def refusal(project: Project) -> str:
    errors = loaded(project).broken.values()
    return " ".join(f"{error.message} {error.hint}" for error in errors)


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (EXPERIMENT.format(name="a", needs="()"), ("'a'", "experiments/first.py:4", "experiments/second.py:4")),
        (
            EXPERIMENT.format(name="b", needs="('abd',)"),
            ("experiments/second.py:4", "'b'", "'abd'", "did you mean abc"),
        ),
        (EXPERIMENT.format(name="b", needs="('b',)"), ("experiments/second.py:4", "b -> b")),
        (EXPERIMENT.format(name="b", needs="lambda params: params.sise"), ("experiments/second.py:4", "'sise'")),
        ("1 / 0", ("experiments/second.py:1", "division by zero")),
        ("x = = 1", ("experiments/second.py:1",)),
        ("import report_cli as report\nreport.nothing", ("experiments/second.py:2", "nothing")),
        (
            'import report_cli as report\n\nDATA = report.Table("t", "T", file="b.csv", target="x")',
            ("experiments/second.py", "'t'", "experiments/data.py"),
        ),
    ],
)
def test_a_mistake_in_a_file_is_named_and_blocks_no_other(
    project: Project, write: Write, report: Command, second: str, words: tuple[str, ...]
) -> None:
    """A name given twice, a need that doesn't exist, or a module that raises is told with its place; `abc` runs."""
    write("experiments/abc.py", EXPERIMENT.format(name="abc", needs="()"))
    write("experiments/data.py", 'import report_cli as report\n\nDATA = report.Table("t", "T", file="a", target="x")')
    write("experiments/first.py", EXPERIMENT.format(name="a", needs="()"))
    write("experiments/second.py", second)
    told = refusal(project)
    assert all(word in told for word in words), told
    for command in (("list",), ("status", "abc"), ("show", "abc"), ("run", "abc")):
        done = report(*command)
        assert done.returncode == 0, done.stderr
        assert "warning: experiments/" in done.stderr
    every = report("run", "all")
    assert every.returncode == 2
    assert "nothing to run: all is up to date" not in every.stderr
    assert "experiments/second.py" in every.stderr.partition("error: ")[2]
    assert report("status", "--check", "abc").returncode == 0
    assert report("status", "--check").returncode == 2


def test_who_asks_for_what_can_not_be_used_learns_why(project: Project, write: Write, report: Command) -> None:
    """A name given twice means neither, also for who needs it; the error is that one, not of another broken file."""
    write("experiments/aaa.py", "1 / 0")
    for name in ("pi copy", "pi"):
        write(f"experiments/{name}.py", EXPERIMENT.format(name="pi", needs="()"))
    write("experiments/third.py", EXPERIMENT.format(name="third", needs="('pi',)"))
    for name in ("pi", "third"):
        failed = report("run", name)
        assert failed.returncode == 2
        assert "error: experiments/" in failed.stderr
        assert "aaa.py" not in failed.stderr.partition("error: ")[2]
        with pytest.warns(UserWarning, match="experiments/"), pytest.raises(ReportError, match=f"'{name}'"):
            api.results(name, folder=project.root)


def test_a_need_of_other_parameters_is_named(project: Project, write: Write, report: Command) -> None:
    """What is needed only with --set is known when that is planned."""
    write("experiments/one.py", EXPERIMENT.format(name="one", needs="lambda p: ('gone',) if p.epochs > 1 else ()"))
    assert report("run", "one").returncode == 0
    failed = report("run", "one", "--set", "epochs=2")
    assert failed.returncode == 2
    assert "one needs 'gone'" in failed.stderr


def test_parameters_for_a_broken_file_block_no_other(project: Project, write: Write, report: Command) -> None:
    """What pyproject.toml sets for an experiment may be meant for one in a file that can't be imported."""
    (project.root / "pyproject.toml").write_text("[tool.report.parameters]\nbad = {epochs = 2}\n")
    write("experiments/one.py", EXPERIMENT.format(name="one", needs="()"))
    write("experiments/bad.py", "1 / 0")
    assert report("run", "one").returncode == 0


def test_one_broken_file_does_not_block_the_others(report: Command, write: Write, project: Project) -> None:
    """What the other files declare is listed, judged and run; the broken one is told each time, and asked for fails."""
    write("experiments/good.py", HEAD + '\nreport.experiment("good", profiles={"a": 3}, **FACTS)(measure)')
    broken = write("experiments/broken.py", EXPERIMENT.format(name="bad", needs="()") + "\n    1 / 0\n")
    for command in (("list",), ("status",), ("run", "good"), ("show", "good"), ("why", "good")):
        done = report(*command)
        assert done.returncode == 0, done.stderr
        assert "good" in done.stdout
        assert "experiments/broken.py" in done.stderr
        assert "division by zero" in done.stderr
    failed = report("run", "bad")
    assert failed.returncode == 2
    assert "error: experiments/broken.py" in failed.stderr
    edit(broken, "1 / 0", "1 / 1")
    assert report("list").stderr == ""
    assert list(loaded(project).experiments) == ["bad", "good"]


@pytest.mark.parametrize(
    "body",
    [
        'report.experiment(f"loop-{a}", profiles={"a": a}, **FACTS)(measure)',
        '@report.experiment(f"loop-{a}", profiles={"a": a}, **FACTS)\n    def own(params, record): record(x=params.a)',
    ],
)
def test_experiments_made_in_a_loop(report: Command, write: Write, body: str) -> None:
    """Of experiments that are declared in a loop each is there and runs with its own parameters."""
    write("experiments/loop.py", HEAD + f"\nfor a in (1, 2):\n    {body}\n")
    done = report("run", "loop-*")
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()] == [["loop-1", "x", "1"], ["loop-2", "x", "2"]]


def test_one_function_under_two_names(report: Command, write: Write) -> None:
    """A function that measures two experiments, the one declared on the other, runs as both."""
    write(
        "experiments/two.py",
        """
        import report_cli as report

        FACTS = {"title": "T", "metrics": {"x": report.Metric("", "x")}}


        @report.experiment("two", profiles={"a": 2}, **FACTS)
        @report.experiment("one", profiles={"a": 1}, **FACTS)
        def measure(params, record):
            record(x=params.a)
        """,
    )
    done = report("run", "all")
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()] == [["one", "x", "1"], ["two", "x", "2"]]


@pytest.mark.parametrize("made", ["functools.partial(measure, factor=2)", "lambda params, record: record(x=1)"])
def test_what_can_not_be_followed_is_refused(project: Project, write: Write, made: str) -> None:
    """A partial or a lambda has no code of its own name: it is refused with file and line."""
    write("experiments/odd.py", HEAD + f'\nreport.experiment("odd", profiles={{"a": 1}}, **FACTS)({made})\n')
    told = refusal(project)
    assert "experiments/odd.py:9" in told
    assert "'odd'" in told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "Odd Name"}, ("Odd Name", "small letters")),
        ({"name": "all"}, ("all",)),
        ({"seeds": 0}, ("seeds=0",)),
        ({"seeds": True}, ("seeds=True", "whole number")),
        ({"seeds": None}, ("seeds=None", "whole number")),
        ({"seeds": 2.5}, ("seeds=2.5", "whole number")),
        ({"seeds": {"full": 3}}, ("seeds", "smoke")),
        ({"seeds": {"smoke": 1, "quick": 0, "full": 3}}, ("seeds",)),
        ({"grid": ()}, ("grid", "empty")),
        ({"grid": ({"a": 1}, {"a": 1})}, ("grid", "equal")),
        ({"grid": ({"a": 1}, {"a": 1.0})}, ("grid", "equal")),
        ({"grid": ({"b": 1},)}, ("grid", "'b'", "known: a")),
        ({"metrics": {"x": "a number"}}, ("'x'", "Metric(")),
        ({"profiles": {"smoke": {"a": 1}, "quick": {"b": 1}}}, ("'a'", "larger profile")),
        ({"profiles": {"smoke": {"a": 1}, "fulll": {"a": 2}}}, ("profile 'fulll'", "did you mean full")),
        ({"profiles": {"smok": {"a": 1}, "qick": {"a": 2}}}, ("profile 'smok'", "did you mean smoke")),
        ({"profiles": {"full": {"a": 1}, "a": 2}}, ("profile 'a'", "known: full, quick, smoke")),
        ({"needs": "a"}, ("needs='a'", '("a",)')),
        ({"figures": "curve"}, ("figures='curve'", '("curve",)')),
        ({"profiles": 3}, ("parameters",)),
    ],
)
def test_a_mistake_in_a_declaration_has_its_place(
    project: Project, write: Write, change: dict[str, Any], words: tuple[str, ...]
) -> None:
    """What can't be an experiment is one error with file, line, name and what is wrong."""
    facts: dict[str, Any] = {"profiles": {"a": 1}, **change}
    name = facts.pop("name", "odd")
    write("experiments/odd.py", HEAD + f"\nreport.experiment({name!r}, **{{**FACTS, **{facts!r}}})(measure)\n")
    told = refusal(project)
    assert "experiments/odd.py:9" in told, told
    assert all(word in told for word in (name, *words)), told


@pytest.mark.parametrize(
    ("unit", "words"),
    [("percent", 'Metric("fraction"'), ("%", "0.731 for 73.1 %"), ("counts", 'Metric("count"'), ("sec", 'Metric("s"')],
)
def test_a_unit_that_is_written_otherwise_is_named(project: Project, write: Write, unit: str, words: str) -> None:
    """Nothing would write such a metric in percent, or as a duration."""
    write("experiments/odd.py", HEAD.replace('Metric("",', f'Metric("{unit}",') + ODD)
    told = refusal(project)
    assert "experiments/odd.py:9" in told, told
    assert words in told


@pytest.mark.parametrize(("points", "words"), [("", "no parameter"), ('a="adam"', "one text")])
def test_a_grid_goes_over_lists(project: Project, write: Write, points: str, words: str) -> None:
    """A grid over nothing is no sweep, and a text no list of its letters."""
    write("experiments/odd.py", HEAD + ODD.replace("**FACTS", f"grid=report.grid({points}), **FACTS"))
    told = refusal(project)
    assert "experiments/odd.py:9" in told, told
    assert words in told
