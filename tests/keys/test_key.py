"""Keys: equal for the same question on every machine and Python, different for every other question."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from report_cli.errors import UsageError
from report_cli.execution import plan as plans
from report_cli.execution.plan import Request
from report_cli.execution.workspace import DataChoice, Workspace
from report_cli.keys import environment as environments
from report_cli.keys.canonical import digest
from report_cli.keys.key import Recipe, lock_name, run_name
from report_cli.project import Project
from tests.conftest import Write

RECIPES = """
import json, sys, pathlib
from report_cli import project
from report_cli.execution import registry
from report_cli.keys import key
here = project.find(pathlib.Path.cwd())
sources = registry.sources(here)
loaded = registry.load(here, sources)
recipes = {}
for name, experiment in loaded.experiments.items():
    for profile, params in experiment.params.items():
        recipes[f"{name} {profile}"] = key.recipe(experiment, params, 0, sources, None, {}).digest
print(json.dumps([recipes, sorted(loaded.broken)]))
"""


def test_types_are_told_apart() -> None:
    """1, 1.0, True and "1" are different parameters; a dictionary has no order, a tuple is a list."""
    assert len({digest(value) for value in (1, 1.0, True, "1", None)}) == 5
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest((1, 2)) == digest([1, 2]) != digest((2, 1))


def test_what_has_no_canonical_form_is_refused() -> None:
    """A value that could be spelled in two ways is no part of a key."""

    @dataclass(frozen=True)
    class Odd:
        pass

    with pytest.raises(UsageError, match="can't be part of a key"):
        digest({"odd": Odd()})


def test_a_run_is_named_by_recipe_environment_and_inputs() -> None:
    """A change of each changes the name; lock and checkpoints go by recipe and environment alone."""
    names = {
        run_name(recipe, {"python": python}, {"files": {"a": content}})
        for recipe in ("r" * 64, "s" * 64)
        for python in ("3.11", "3.12")
        for content in (None, "x")
    }
    assert len(names) == 8
    assert len({name.rpartition("-")[0] for name in names}) == 4
    assert lock_name("r" * 64, {"python": "3.11"}) in {name.rpartition("-")[0] for name in names}


NETWORK = """
    import keras

    import report_cli as report

    METRIC = report.Metric("", "what it is")


    @report.experiment("network", title="Network", metrics={"v": METRIC}, profiles={"precision": "auto"})
    def network(params, record):
        record(v=len(keras.layers.Dense(1).weights))


    @report.experiment("plain", title="Plain", metrics={"v": METRIC}, profiles={"x": 1})
    def plain(params, record):
        record(v=len(keras.layers.Dense(1).weights))
"""


def test_the_precision_that_is_asked_for_is_that_of_the_environment(
    project: Project, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run computes, and is kept, in the precision of its parameters; where they name none, in the machine's."""
    write("experiments/network.py", NETWORK)
    monkeypatch.setattr(environments, "machine_precision", lambda: "bfloat16")
    workspace = Workspace.open(project, pytest.fail)

    def recipe(name: str, *settings: str) -> Recipe:
        request = Request("quick", DataChoice(None, "drawn"), settings)
        (step,) = plans.make(workspace, [workspace.experiments[name]], request, pytest.fail).steps
        return step.recipe

    asked = [recipe("network"), recipe("plain"), recipe("network", "precision=float32")]
    assert [each.environment["precision"] for each in asked] == ["bfloat16", "bfloat16", "float32"]
    assert asked[0].digest != asked[2].digest


def _pythons() -> dict[str, tuple[str, dict[str, str]]]:
    """Return {version: (interpreter, environment)} of each supported Python here, the one that runs the tests first."""
    tried = [(name, dict(os.environ)) for name in (sys.executable, "python3.11", "python3.12", "python3.13")]
    if shutil.which("pyenv"):
        versions = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True).stdout.split()
        tried += [("python", {**os.environ, "PYENV_VERSION": v}) for v in versions if v[:4] in ("3.11", "3.12", "3.13")]
    here: dict[str, tuple[str, dict[str, str]]] = {}
    for name, variables in tried:
        if not shutil.which(name):
            continue
        question = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
        asked = subprocess.run([name, "-c", question], capture_output=True, text=True, env=variables)
        if asked.returncode == 0:
            here.setdefault(asked.stdout.strip(), (name, variables))
    return here


def test_recipes_are_the_same_on_every_python() -> None:
    """Each Python that is here computes the same recipe digest for every experiment and profile of the homework."""
    root = Path(__file__).parents[2]
    digests = {}
    for version, (python, environment) in _pythons().items():
        variables = {**environment, "PYTHONPATH": str(root), "PYTHONHASHSEED": version[-1]}
        asked = subprocess.run([python, "-c", RECIPES], cwd=root, env=variables, capture_output=True, text=True)
        assert asked.returncode == 0, asked.stderr
        digests[version] = json.loads(asked.stdout)
    assert digests
    first, broken = next(iter(digests.values()))
    assert first
    assert broken == []
    assert all(other == [first, broken] for other in digests.values())
