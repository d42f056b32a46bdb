"""Registering experiments and setting their parameters: mistakes show at once, with what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from report_cli.errors import ReportError, UsageError
from report_cli.execution import registry
from report_cli.execution.parameters import override
from report_cli.experiment import Experiment, every_profile, experiment
from report_cli.project import Project, find

Write = Callable[[str, str], Path]


@dataclass(frozen=True)
class Params:
    epochs: int = 5
    rate: float = 0.1
    name: str = "a"
    layers: tuple[int, ...] = (32, 64)
    augment: bool = False
    limit: int | None = None


@experiment("toy", title="Toy", metrics={}, profiles=every_profile(Params()))
def toy(params: Params, images: None, record: Any) -> None:
    """Nothing."""


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("epochs=7", "epochs", 7),
        ("rate=1", "rate", 1.0),
        ("name=b=c", "name", "b=c"),
        ("layers=8,16,32", "layers", (8, 16, 32)),
        ("augment=true", "augment", True),
        ("limit=9", "limit", 9),
    ],
)
def test_a_parameter_is_set_in_its_own_type(setting: str, name: str, value: object) -> None:
    """--set gives a value of the parameter's type, and only it counts as changed."""
    params, changed = override(toy, "quick", [setting])
    assert getattr(params, name) == value
    assert type(getattr(params, name)) is type(value)
    assert changed == {name: value}


def test_a_value_that_changes_nothing_is_no_override() -> None:
    """Setting a parameter to what it is leaves the run what it is."""
    assert override(toy, "quick", ["epochs=5", "limit=none"])[1] == {}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("epoch=7", "unknown parameter of toy 'epoch'"),
        ("epochs=x", "not a whole number"),
        ("augment=1", "not true or false"),
        ("layers=8,x", "not a whole number"),
        ("epochs", "has no value"),
    ],
)
def test_a_wrong_setting_is_a_usage_error(setting: str, message: str) -> None:
    """A parameter that doesn't exist or a value of another type is refused."""
    with pytest.raises(UsageError, match=message):
        override(toy, "quick", [setting])


def test_profiles_must_be_complete() -> None:
    """An experiment has parameters for every profile, or it isn't one."""
    with pytest.raises(UsageError, match="smoke"):
        experiment("toy", title="", metrics={}, profiles={"smoke": Params()})(toy.measure)


def test_parameters_must_be_frozen() -> None:
    """Parameters that could change after they were hashed are refused."""

    @dataclass
    class Loose:
        epochs: int = 1

    with pytest.raises(UsageError, match="frozen"):
        experiment("toy", title="", metrics={}, profiles=every_profile(Loose()))(toy.measure)


EXPERIMENT = """
    from dataclasses import dataclass

    from report_cli.experiment import every_profile, experiment


    @dataclass(frozen=True)
    class Params:
        epochs: int = 1


    @experiment("{name}", title="T", metrics={{}}, profiles=every_profile(Params()), needs={needs})
    def measure(params, data, record):
        pass
"""


def loaded(project: Project) -> dict[str, Experiment]:
    return registry.load(project, registry.sources(project))


def test_every_file_in_the_folder_is_registered(project: Project, write: Write) -> None:
    """A new experiment is one new file; nothing else names it."""
    for name in ("b", "a"):
        write(f"experiments/{name}.py", EXPERIMENT.format(name=name, needs="()"))
    assert list(loaded(project)) == ["a", "b"]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (EXPERIMENT.format(name="a", needs="()"), EXPERIMENT.format(name="a", needs="()"), "two experiments are named"),
        (EXPERIMENT.format(name="abc", needs="()"), EXPERIMENT.format(name="b", needs="('abd',)"), "did you mean abc"),
        ("1 / 0", "", "experiments/first.py can't be imported: ZeroDivisionError"),
    ],
)
def test_a_mistake_in_the_folder_is_named(
    project: Project, write: Write, first: str, second: str, message: str
) -> None:
    """Two equal names, a need that doesn't exist, or a module that raises is one clear error."""
    write("experiments/first.py", first)
    write("experiments/second.py", second)
    with pytest.raises(ReportError) as caught:
        loaded(project)
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_patterns_select_experiments(project: Project, write: Write) -> None:
    """Names, globs and "all" select, each experiment once."""
    for name in ("cifar-a", "cifar-b", "theory"):
        write(f"experiments/{name.replace('-', '_')}.py", EXPERIMENT.format(name=name, needs="()"))
    experiments = loaded(project)
    assert [e.name for e in registry.select(experiments, ["cifar-*", "cifar-a"])] == ["cifar-a", "cifar-b"]
    assert len(registry.select(experiments, ["all"])) == 3
    with pytest.raises(UsageError, match="unknown experiment 'cifr-a'"):
        registry.select(experiments, ["cifr-a"])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("autor = 'x'", "did you mean author"),
        ("profile = 'quik'", "did you mean quick"),
        ("author = 3", "must be text"),
        ("author = ", "not valid TOML"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(tmp_path: Path, table: str, message: str) -> None:
    """An unknown key, profile or type in [tool.report] is a usage error."""
    (tmp_path / "pyproject.toml").write_text(f"[tool.report]\n{table}\n")
    with pytest.raises(UsageError) as caught:
        find(tmp_path)
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_a_project_is_found_from_below(project: Project) -> None:
    """The program works from any folder of the project."""
    below = project.templates / "answers"
    assert find(below).root == project.root


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("cifar-control", "epochs=0", "epochs must be above 0, not 0"),
        ("cifar-control", "learning_rate=-1", "learning_rate must be above 0, not -1.0"),
        ("catsdogs-vgg16-frozen", "dropout=1.5", "dropout must be from 0 to below 1, not 1.5"),
        ("vgg16-pretrain", "width=0", "width must be above 0, not 0.0"),
    ],
)
def test_an_impossible_parameter_fails_before_anything_runs(name: str, setting: str, message: str) -> None:
    """What no training can mean is a usage error when it is set, not a failure of the run."""
    here = find(Path(__file__).parent)
    with pytest.raises(UsageError, match=message):
        override(loaded(here)[name], "quick", [setting])
