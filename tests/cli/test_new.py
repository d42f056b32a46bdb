"""The project that `report new` makes."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import run_here


def _new(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "report_cli", "new", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


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
    assert [item["metadata"]["name"] for item in json.loads(finished.stdout)["install"]] == ["homework"]


def test_its_settings_are_dated(folder: Path) -> None:
    """The date is today's, as a date of TOML; nothing of the template is left unfilled."""
    settings = tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["report"]
    assert settings["date"].year >= 2026
    for name in ("pyproject.toml", "README.md", "templates/documents/report.md", "templates/documents/summary.md"):
        assert "@" not in (folder / name).read_text()


@pytest.mark.parametrize(
    ("name", "called", "title"),
    [
        ("homework5", "homework5", "Homework5"),
        ("lab_on-optics", "lab-on-optics", "Lab on optics"),
        ("Übung 3", "Ubung-3", "Übung 3"),
        ('5 "<<x>>" *y*', "5-x-y", "My report"),
        ("実験", "my-report", "My report"),
    ],
)
def test_it_is_named_as_its_folder(tmp_path: Path, name: str, called: str, title: str) -> None:
    """Project, document and README are called as the folder is; a name that no title can be gets a plain one."""
    assert run_here(tmp_path, "new", name).returncode == 0
    project = tomllib.loads((tmp_path / name / "pyproject.toml").read_text())["project"]
    assert project["name"] == called
    documents = tmp_path / name / "templates" / "documents"
    assert f'title = "{title}"\n' in (documents / "report.md").read_text()
    assert f'title = "{title}: results"\n' in (documents / "summary.md").read_text()
    assert (tmp_path / name / "README.md").read_text().startswith(f"# {title}\n")


def test_a_folder_that_is_there_gives_its_name(tmp_path: Path) -> None:
    """Made in the working directory, it is named as that is."""
    (tmp_path / "optics").mkdir()
    assert run_here(tmp_path / "optics", "new", ".").returncode == 0
    assert '"Optics"' in (tmp_path / "optics" / "templates" / "documents" / "report.md").read_text()


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


def test_what_a_gitignore_lacks_is_told(folder: Path) -> None:
    """One that is there stays, and what would get into git is named; one that has it in any form is fine."""
    (folder / "pyproject.toml").unlink()
    (folder / ".gitignore").write_text("__pycache__\n")
    assert f"kept {folder / '.gitignore'}; write into it /build/\n" in _new(folder).stderr
    (folder / "pyproject.toml").unlink()
    (folder / ".gitignore").write_text("build/\n__pycache__/\n")
    assert f"kept {folder / '.gitignore'}\n" in _new(folder).stderr


def test_its_tests_pass(folder: Path) -> None:
    """The second command of its README tests its experiments, and leaves nothing where reports look for results."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    tested = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout
    assert not (folder / "build").exists()


def test_only_a_project_with_a_network_needs_keras(folder: Path) -> None:
    """No file of a new project imports keras, so that it builds where there is none."""
    assert not [path for path in folder.rglob("*.*") if "keras" in path.read_text(encoding="utf-8")]


def test_a_network_is_added_where_it_is_asked_for(tmp_path: Path) -> None:
    """`--keras` adds an experiment that trains in seconds, with a document, a test, and what it installs."""
    pytest.importorskip("keras")
    assert _new(tmp_path / "deep", "--keras").returncode == 0
    settings = tomllib.loads((tmp_path / "deep" / "pyproject.toml").read_text())
    assert "keras" in settings["project"]["dependencies"]
    built = run_here(tmp_path / "deep", "build", "network", "--profile", "smoke", "--to", "html")
    assert built.returncode == 0, built.stderr
    assert built.stdout.strip() == "build/report/network.html"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_network.py"]
    tested = subprocess.run(command, cwd=tmp_path / "deep", capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout
