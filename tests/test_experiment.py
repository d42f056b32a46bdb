"""Declaring experiments and setting their parameters: mistakes show at once, with what to do."""

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pytest

from report_cli.errors import UsageError
from report_cli.experiment import check_positive, check_share, experiment, grid, parameters
from report_cli.project import Project, find
from report_cli.settings import override, typed


@dataclass(frozen=True)
class Params:
    epochs: int = 5
    rate: float = 0.1
    name: str = "a"
    layers: tuple[int, ...] = (32, 64)
    augment: bool = False
    limit: int | None = None

    def __post_init__(self) -> None:
        check_positive(self, "epochs")
        check_share(self, "rate")


@experiment("toy", title="Toy", metrics={}, profiles=Params())
def toy(params: Params, record: Any) -> None:
    """Nothing."""


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("epochs=7", "epochs", 7),
        ("rate=0", "rate", 0.0),
        ("name=b=c", "name", "b=c"),
        ("layers=8,16,32", "layers", (8, 16, 32)),
        ("augment=true", "augment", True),
        ("limit=9", "limit", 9),
    ],
)
def test_a_parameter_is_set_in_its_own_type(setting: str, name: str, value: object) -> None:
    """--set gives a value of the parameter's type, and only it counts as changed."""
    params, changed = override(toy, "quick", {}, [setting])
    assert getattr(params, name) == value
    assert type(getattr(params, name)) is type(value)
    assert changed == {name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate", 1e-7), ("name", "b=c"), ("layers", (8, 16)), ("layers", ()), ("augment", True), ("limit", 9)],
)
def test_what_is_written_is_read_again(name: str, value: object) -> None:
    """A value as it is written for --set is the same again, also where it comes out of a manifest."""
    for kept in (value, msgspec.to_builtins(value), msgspec.json.decode(msgspec.json.encode(value))):
        assert override(toy, "quick", {}, [f"{name}={typed(kept)}"])[1] == {name: value}
    assert override(toy, "quick", {}, [f"limit={typed(None)}", f"augment={typed(False)}"])[1] == {}


def test_a_value_that_changes_nothing_is_no_override() -> None:
    """Setting a parameter to what it is leaves the run what it is."""
    assert override(toy, "quick", {}, ["epochs=5", "limit=none"])[1] == {}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("epoch=7", "parameter of toy 'epoch'"),
        ("epochs=x", "not a whole number"),
        ("augment=1", "not true or false"),
        ("layers=8,x", "not a whole number"),
        ("epochs", "no value"),
        ("epochs=0", "epochs must be above 0, not 0"),
        ("rate=1.5", "rate must be from 0 to below 1, not 1.5"),
    ],
)
def test_a_wrong_setting_is_a_usage_error(setting: str, words: str) -> None:
    """A parameter that doesn't exist, a value of another type, or one that no run can mean is refused."""
    with pytest.raises(UsageError, match=words):
        override(toy, "quick", {}, [setting])


def test_a_point_of_a_grid_settles_its_parameters() -> None:
    """The parameters at a point are those of the profile with its values; what a grid runs over can't be set."""
    assert grid(epochs=[1, 2], name=["x", "y"])[1] == {"epochs": 1, "name": "y"}
    params, changed = override(toy, "quick", {"epochs": 9}, ["limit=3"])
    assert (params.epochs, params.limit, changed) == (9, 3, {"limit": 3})
    with pytest.raises(UsageError, match="grid of epochs"):
        override(toy, "quick", {"epochs": 9}, ["epochs=3"])


@pytest.mark.parametrize(
    ("profiles", "smoke", "quick", "full"),
    [
        ({"a": 1}, 1, 1, 1),
        ({"full": {"a": 3}}, 3, 3, 3),
        ({"smoke": {"a": 1}, "full": {"a": 3}}, 1, 3, 3),
        ({"smoke": {"a": 1}, "quick": {}, "full": {"a": 3}}, 1, 3, 3),
        ({"quick": {"a": 2}}, 2, 2, 2),
    ],
)
def test_a_profile_takes_from_the_next_larger_one(profiles: Any, smoke: int, quick: int, full: int) -> None:
    """What a profile leaves out is as in the next larger one; the largest that is given stands for what is above."""
    made = experiment("toy", title="", metrics={}, profiles=profiles)(toy.measure)
    assert [parameters(made.params[p]) for p in ("smoke", "quick", "full")] == [{"a": a} for a in (smoke, quick, full)]


def test_parameters_must_be_frozen() -> None:
    """Parameters that could change after they were hashed are refused."""

    @dataclass
    class Loose:
        epochs: int = 1

    with pytest.raises(UsageError, match="frozen"):
        experiment("toy", title="", metrics={}, profiles=Loose())


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("autor = 'x'", "did you mean author"),
        ("profile = 'quik'", "did you mean quick"),
        ("author = 3", "must be text"),
        ("author = ", "pyproject.toml:2 in project/ is not valid TOML"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(project: Project, table: str, words: str) -> None:
    """An unknown key, profile or type in [tool.report] is a usage error."""
    (project.root / "pyproject.toml").write_text(f"[tool.report]\n{table}\n")
    with pytest.raises(UsageError) as caught:
        find(project.root)
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_a_project_is_found_from_below(project: Project) -> None:
    """The program works from any folder of the project."""
    assert find(project.templates / "answers").root == project.root


def test_a_class_of_parameters_may_have_any_name() -> None:
    """A generated class has a name that no author can give, so that the code of an author's class always counts."""
    made = experiment("x", title="X", metrics={}, profiles={"rate": 1})(test_a_class_of_parameters_may_have_any_name)
    assert not type(made.params["quick"]).__name__.isidentifier()


def test_a_number_is_a_float_where_any_profile_has_one() -> None:
    """A parameter that is 1 in smoke and 0.5 in full can be set to 0.25."""
    profiles = {"smoke": {"rate": 1}, "full": {"rate": 0.5}}
    made = experiment("x", title="X", metrics={}, profiles=profiles)(test_a_number_is_a_float_where_any_profile_has_one)
    assert override(made, "smoke", {}, ["rate=0.25"])[0].rate == 0.25


def test_numbers_of_numpy_are_stored_as_those_of_python() -> None:
    """A sweep over numpy's numbers, and parameters that are some, alone or in a tuple, are what Python's would be."""
    profiles = {"rate": np.float64(0.1), "n": np.int64(3), "on": np.bool_(True), "sizes": tuple(np.arange(2))}
    points = {"n": np.arange(1, 3), "rate": np.logspace(-1, 0, 2)}
    made = experiment("x", title="X", metrics={}, profiles=profiles, grid=grid(**points))(toy.measure)
    plain = {"rate": 0.1, "n": 3, "on": True, "sizes": (0, 1)}
    assert repr(parameters(made.params["full"])) == repr(plain)
    assert repr(made.grid["full"][:2]) == repr(({"n": 1, "rate": 0.1}, {"n": 1, "rate": 1.0}))
    own = experiment("x", title="X", metrics={}, profiles=Params(epochs=np.int64(7), rate=np.float64(0)))(toy.measure)
    assert repr(parameters(own.params["full"])) == repr(parameters(Params(epochs=7, rate=0.0)))


@dataclass(frozen=True)
class Derived:
    rate: float = 1.0
    half: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "half", self.rate / 2 if self.rate else np.nan)


@pytest.mark.parametrize(
    ("profiles", "points", "words"),
    [
        ({"n": float("nan")}, {}, "'n' that is nan"),
        ({"n": np.float64("inf")}, {}, "'n' that is inf"),
        ({"n": (1, float("nan"))}, {}, "'n' that is nan"),
        ({"n": 1.0}, {"n": [1.0, np.nan]}, "'n' that is nan"),
        ({"n": np.arange(3)}, {}, "'n' that is of the type ndarray"),
        ({"n": {1, 2}}, {}, "'n' that is of the type set"),
        ({"full": {"n": 1}, "smoke": {"n": 1j}}, {}, "'n' that is of the type complex"),
        (Derived(), {"rate": [1, 0]}, "'half' that is nan"),
    ],
)
def test_what_can_not_be_stored_is_no_parameter(profiles: Any, points: dict[str, Any], words: str) -> None:
    """It is found where it is declared, with file and line, not after a run was measured with it."""
    with pytest.raises(UsageError, match=rf"test_experiment.py:\d+: experiment 'x' has a parameter {words}"):
        experiment("x", title="X", metrics={}, profiles=profiles, grid=grid(**points) if points else ({},))


@pytest.mark.parametrize(("declared", "setting"), [({"name": "a"}, "name=\udcff"), (Derived(), "rate=0")])
def test_what_can_not_be_stored_is_not_set(declared: Any, setting: str) -> None:
    """What the command line says, or an author's class makes of it, is checked before anything runs."""
    made = experiment("x", title="X", metrics={}, profiles=declared)(toy.measure)
    with pytest.raises(UsageError, match=r"x has a parameter .* can't be stored"):
        override(made, "quick", {}, [setting])
