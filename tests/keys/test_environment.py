"""The environment of a run: what it imports, and the machine."""

import pytest

from report_cli.keys import environment as environments
from report_cli.keys.difference import environments as differences
from report_cli.keys.environment import current, environment


def packages(*imported: str) -> set[str]:
    return {name.removeprefix("package ") for name in environment(imported) if name.startswith("package ")}


def test_only_what_is_imported_is_listed() -> None:
    """A run of numpy has neither keras nor a backend; scikit-learn brings what it is built on, keras its backend."""
    assert packages() == set()
    assert packages("numpy", "report_cli") == {"numpy"}
    assert packages("sklearn") == {"scikit-learn", "numpy", "scipy"}
    assert packages("keras") == {"keras", "numpy", "tensorflow"}
    assert not {"backend", "onednn", "precision"} & set(environment(["numpy", "sklearn"]))
    assert environment(["keras"])["backend"] == "tensorflow"


def test_versions_are_those_of_the_installed_packages() -> None:
    """A package is found by the name that is imported, whatever it is installed as; one that isn't there is absent."""
    from importlib.metadata import version

    there = environment(["sklearn", "no_such_package"])
    assert there["package scikit-learn"] == version("scikit-learn")
    assert there["package no_such_package"] == "absent"
    assert all(isinstance(value, str) for value in there.values())


def test_another_version_is_another_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a package that a run imported changes, the difference names it; others have no part in it."""
    before = environment(["sklearn"])
    assert current(before) == before
    monkeypatch.setattr(environments, "_version", lambda name: "9.9" if name == "scikit-learn" else "1.0")
    told = differences(before, current(before))
    assert "scikit-learn" in told
    assert "here 9.9" in told
    only = environment(["numpy"])
    monkeypatch.setattr(environments, "_version", lambda name: "8.8" if name == "scikit-learn" else "1.0")
    assert current(only) == only
