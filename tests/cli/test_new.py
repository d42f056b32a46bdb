"""The project that `report new` makes."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest


def _new(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "report_cli", "new", str(folder)], capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert _new(tmp_path / "homework").returncode == 0
    return tmp_path / "homework"


def test_it_is_installable_without_an_index(folder: Path) -> None:
    """`pip install -e .` needs nothing but the build backend, so no other program of our name can come in."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "install"]
    options = ["--no-index", "--no-build-isolation", "--dry-run", "--quiet", "--report", "-"]
    finished = subprocess.run([*pip, *options, "--editable", str(folder)], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert [item["metadata"]["name"] for item in json.loads(finished.stdout)["install"]] == ["my-report"]


def test_its_settings_are_dated(folder: Path) -> None:
    """The date is today's, as a date of TOML; nothing of the template is left unfilled."""
    settings = tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["report"]
    assert settings["date"].year >= 2026
    assert "@" not in (folder / "pyproject.toml").read_text()


def test_files_of_a_user_stay(folder: Path) -> None:
    """In a folder with files of one's own those stay, and are named; another project's settings are a refusal."""
    (folder / "README.md").write_text("mine")
    refused = _new(folder)
    assert refused.returncode == 2
    assert "pyproject.toml exists" in refused.stderr
    (folder / "pyproject.toml").unlink()
    again = _new(folder)
    assert again.returncode == 0
    assert f"kept {folder / 'README.md'}" in again.stderr
    assert (folder / "README.md").read_text() == "mine"
    assert (folder / "pyproject.toml").is_file()
