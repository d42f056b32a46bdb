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
from report_cli.keys.key import digest, environment

ROOT = Path(__file__).parents[2]
RECIPES = """
import json, pathlib
from report_cli import project
from report_cli.execution import registry
from report_cli.keys import key as fingerprint
here = project.find(pathlib.Path.cwd())
sources = registry.sources(here)
found = {}
for name, experiment in registry.load(here, sources).items():
    images = experiment.data and fingerprint.images_identity(experiment.data, None, sources)
    for profile, params in experiment.params.items():
        found[f"{name} {profile}"] = fingerprint.recipe(experiment, params, 0, sources, images, {}).digest
print(json.dumps(found))
"""


def test_types_are_told_apart() -> None:
    """1, 1.0, True and "1" are different parameters."""
    assert len({digest(value) for value in (1, 1.0, True, "1", None)}) == 5


def test_order_of_names_does_not_matter() -> None:
    """A dictionary has no order, a tuple has one, and a list is the same as a tuple."""
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest((1, 2)) == digest([1, 2]) != digest((2, 1))


def test_what_has_no_canonical_form_is_refused() -> None:
    """A value that could be spelled in two ways is no part of a key."""

    @dataclass(frozen=True)
    class Odd:
        pass

    with pytest.raises(UsageError, match="can't be part of a key"):
        digest({"odd": Odd()})


def test_environment_names_the_versions_that_decide_numbers() -> None:
    """The environment is flat text, so that two of them can be compared line by line."""
    found = environment()
    assert found["backend"] == "tensorflow"
    assert found["keras"].startswith("3.")
    assert all(isinstance(value, str) for value in found.values())


def _pythons() -> dict[str, tuple[str, dict[str, str]]]:
    """Return {version: (interpreter, environment)} of each supported Python here, the one that runs the tests first."""
    tried = [(name, dict(os.environ)) for name in (sys.executable, "python3.11", "python3.12", "python3.13")]
    if shutil.which("pyenv"):
        versions = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True).stdout.split()
        tried += [("python", {**os.environ, "PYENV_VERSION": v}) for v in versions if v[:4] in ("3.11", "3.12", "3.13")]
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for name, variables in tried:
        if not shutil.which(name):
            continue
        question = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
        asked = subprocess.run([name, "-c", question], capture_output=True, text=True, env=variables)
        if asked.returncode == 0:
            found.setdefault(asked.stdout.strip(), (name, variables))
    return found


def test_recipes_are_the_same_on_every_python() -> None:
    """Each Python that is here computes the same recipe digest for every experiment and profile."""
    digests = {}
    for version, (python, environment_) in _pythons().items():
        variables = {**environment_, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": version[-1]}
        asked = subprocess.run([python, "-c", RECIPES], cwd=ROOT, env=variables, capture_output=True, text=True)
        assert asked.returncode == 0, asked.stderr
        digests[version] = json.loads(asked.stdout)
    assert digests
    first = next(iter(digests.values()))
    assert first
    assert all(other == first for other in digests.values())
