"""The environment of a run: what it imports, and the machine."""

from pathlib import Path

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


def test_versions_are_read_as_python_reads_them() -> None:
    """Every installed distribution has the version that `importlib.metadata` tells, however its name is spelled."""
    from importlib import metadata

    names = {each.metadata["Name"] for each in metadata.distributions()}
    assert {name: environments.version(name) for name in names} == {name: metadata.version(name) for name in names}
    assert environments.version("PyTest_RANDOMLY") == metadata.version("pytest-randomly")
    with pytest.raises(ModuleNotFoundError):
        environments.version("no-such-package")


def test_another_installed_version_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next command sees a package that was upgraded, in place or in a folder that comes first."""
    monkeypatch.syspath_prepend(tmp_path / "first")
    monkeypatch.syspath_prepend(tmp_path / "site")

    def install(folder: str, version: str) -> None:
        described = tmp_path / folder / f"tool_box-{version}.dist-info"
        described.mkdir(parents=True)
        (described / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: tool-box\nVersion: {version}\n\nVersion: 0\n"
        )

    def seen() -> str:
        for known in (environments._version, environments._installed):
            known.cache_clear()
        return environment(["tool_box"])["package tool_box"]

    assert seen() == "absent"
    install("first", "1.0")
    assert seen() == "1.0"
    install("site", "2.0+local")
    assert seen() == "2.0+local"
    (tmp_path / "site" / "tool_box-2.0+local.dist-info").rename(tmp_path / "gone")
    install("site", "3.0")
    assert seen() == "3.0"
    monkeypatch.undo()
    assert seen() == "absent"
