"""The store: what is committed is whole, what is damaged is named, and nothing else suffers."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from report_cli import files
from report_cli.keys.key import digest, key
from report_cli.project import Project
from report_cli.store import manifest
from report_cli.store.store import Run, Store

HERE = {"python": "3.11", "device": "cpu"}
THERE = {"python": "3.13", "device": "gpu"}


def measured(value: float) -> dict[str, Any]:
    return {"scalars": {"accuracy": {"value": value, "unit": "fraction"}}, "history": [{"epoch": 1}]}


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def store(project: Project, warnings: list[str]) -> Store:
    return Store.of(project, warnings.append)


@pytest.fixture
def commit(store: Store) -> Callable[..., Run]:
    """Return a function that commits a small run of the experiment "toy"."""

    def commit_run(value: float = 0.5, environment: dict[str, str] = HERE, recipe: str = "r" * 64) -> Run:
        facts: dict[str, Any] = {
            "experiment": "toy",
            "recipe": {"parameters": {}},
            "recipe_digest": recipe,
            "environment": environment,
            "profile": "quick",
            "seed": 0,
            "images": None,
            "needs": {},
            "times": {"started": "", "finished": "", "duration_s": 1.0},
        }
        with files.scratch_folder(store.scratch, "toy") as folder:
            files.write_json(folder / "measured.json", measured(value))
            files.write_bytes(folder / "arrays" / "x.npy", b"not really an array")
            return store.commit(folder, "toy", key(recipe, digest(environment)), facts)

    return commit_run


def reopened(store: Store) -> Store:
    """Return the store as the next command sees it: each command checks every run once."""
    return dataclasses.replace(store, _seen={})


def test_a_committed_run_is_found(store: Store, commit: Callable[..., Run]) -> None:
    """What was committed comes back by its recipe, with its numbers."""
    commit(0.75)
    found = store.find("toy", "r" * 64, HERE)
    assert found is not None
    assert found.scalars == {"accuracy": 0.75}
    assert found.history == [{"epoch": 1}]
    assert store.find("toy", "s" * 64, HERE) is None


def test_own_environment_comes_first(store: Store, commit: Callable[..., Run]) -> None:
    """A run from another environment answers, but one from this environment is preferred."""
    commit(0.25, THERE)
    elsewhere = store.find("toy", "r" * 64, HERE)
    assert elsewhere is not None
    assert elsewhere.scalars["accuracy"] == 0.25
    commit(0.5, HERE)
    found = store.find("toy", "r" * 64, HERE)
    assert found is not None
    assert found.scalars["accuracy"] == 0.5


def test_kept_runs_are_found(store: Store, commit: Callable[..., Run]) -> None:
    """A run in the kept layer answers when the own layer has none."""
    run = commit()
    (store.kept / "toy").mkdir(parents=True)
    run.folder.rename(store.kept / "toy" / run.key)
    assert store.find("toy", "r" * 64, HERE) is not None


@pytest.mark.parametrize("name", ["manifest.json", "measured.json", "arrays/x.npy"])
def test_every_changed_byte_is_seen(store: Store, commit: Callable[..., Run], warnings: list[str], name: str) -> None:
    """A run with any byte changed is not used, and the damage is named."""
    run = commit()
    path = run.folder / name
    original = path.read_bytes()
    for position in range(len(original)):
        path.write_bytes(original[:position] + bytes([original[position] ^ 0x15]) + original[position + 1 :])
        assert reopened(store).find("toy", "r" * 64, HERE) is None, position
    assert len(warnings) == len(original)
    assert run.key in warnings[0]
    path.write_bytes(original)
    assert reopened(store).find("toy", "r" * 64, HERE) is not None


def test_damage_hides_no_other_run(store: Store, commit: Callable[..., Run], warnings: list[str]) -> None:
    """Beside a damaged entry all others stay usable."""
    damaged, whole = commit(recipe="a" * 64), commit(recipe="b" * 64)
    (damaged.folder / "measured.json").unlink()
    (damaged.folder.parent / "stray.txt").write_text("not a run")
    assert [run.key for run in reopened(store).runs("toy")] == [whole.key]
    assert len(warnings) == 1


def test_a_file_that_is_not_listed_is_damage(store: Store, commit: Callable[..., Run]) -> None:
    """A file that someone put into a run makes it unusable: its manifest lists every file."""
    (commit().folder / "extra.txt").write_text("hello")
    assert reopened(store).find("toy", "r" * 64, HERE) is None


def test_nothing_is_left_of_a_commit_that_fails(store: Store, project: Project) -> None:
    """When measuring raises, the scratch folder is gone and the store is as it was."""

    def measure() -> None:
        with files.scratch_folder(store.scratch, "toy") as folder:
            files.write_json(folder / "measured.json", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        measure()
    assert list(project.scratch.iterdir()) == []
    assert not project.runs.exists()


def test_a_failure_is_remembered_until_a_success(store: Store, commit: Callable[..., Run]) -> None:
    """A failed run is recorded, is never found, and its record goes when the run succeeds."""
    name = key("r" * 64, digest(HERE))
    store.fail("toy", name, "it broke", "worker.log", {})
    failure = store.failure("toy", name)
    assert failure is not None
    assert failure.message == "it broke"
    assert store.find("toy", "r" * 64, HERE) is None
    commit()
    assert store.failure("toy", name) is None


def test_writing_replaces_whole_files(tmp_path: Path) -> None:
    """A write that fails half-way leaves the old content and no temporary file."""
    path = tmp_path / "a.json"
    files.write_json(path, {"old": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, {"new": float("nan")})
    with pytest.raises(TypeError):
        files.write_bytes(path, "text, not bytes")  # type: ignore[arg-type]
    assert files.read_json(path) == {"old": 1}
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["a.json"]


def test_a_manifest_of_another_schema_is_refused(tmp_path: Path) -> None:
    """A run written by another version of the store is not read as if it were ours."""
    files.write_json(tmp_path / manifest.NAME, {"schema": 999})
    with pytest.raises(ValueError, match="schema"):
        manifest.read(tmp_path)


def test_damaged_runs_are_set_aside(store: Store, commit: Callable[..., Run], warnings: list[str]) -> None:
    """A damaged run is renamed to a name that is never read, replaces one set aside before, and is named with why."""
    first, whole = commit(recipe="a" * 64), commit(recipe="b" * 64)
    aside = first.folder.with_name(f"{first.key}.damaged")
    for content in ("once", "twice"):
        (first.folder / "measured.json").write_text(content)
        later = reopened(store)
        assert [run.key for run in later.runs("toy")] == [whole.key]
        later.set_damaged_aside()
        assert not first.folder.exists()
        assert (aside / "measured.json").read_text() == content
        assert [run.key for run in reopened(store).runs("toy")] == [whole.key]
        assert f"toy/{first.key} is damaged and not used: measured.json was changed" in warnings[-2]
        assert warnings[-1].endswith(f"aside: build/runs/toy/{first.key}.damaged")
        commit(recipe="a" * 64)
    assert len(warnings) == 4


def test_a_run_that_was_damaged_is_seen_when_it_is_whole_again(store: Store, commit: Callable[..., Run]) -> None:
    """What another process put in the place of a damaged run while this one looked elsewhere is used, and stays."""
    run = commit()
    content = (run.folder / "measured.json").read_bytes()
    (run.folder / "measured.json").unlink()
    here = reopened(store)
    assert here.find("toy", "r" * 64, HERE) is None
    (run.folder / "measured.json").write_bytes(content)
    here.set_damaged_aside()
    assert here.find("toy", "r" * 64, HERE) is not None


def test_a_damaged_run_that_another_process_holds_is_left_to_it(store: Store, commit: Callable[..., Run]) -> None:
    """Nobody renames a folder whose lock is held: its holder is about to replace it."""
    run = commit()
    (run.folder / "measured.json").unlink()
    here = reopened(store)
    assert here.find("toy", "r" * 64, HERE) is None
    with store.lock("toy", run.key, lambda: None):
        here.set_damaged_aside()
        assert run.folder.is_dir()
        files.write_json(run.folder / "measured.json", measured(0.5))
    assert here.find("toy", "r" * 64, HERE) is not None, "what its holder put there is seen"


@pytest.mark.parametrize("what", ["folder", "file", "link"])
def test_damage_never_blocks_a_commit(store: Store, commit: Callable[..., Run], what: str) -> None:
    """Whatever lies in the place of a run, a new one takes the place and the other is kept aside."""
    target = store.folder("toy", key("r" * 64, digest(HERE)))
    target.parent.mkdir(parents=True)
    if what == "folder":
        (target / "arrays").mkdir(parents=True)
    elif what == "file":
        target.write_text("not a run")
    else:
        target.symlink_to("nowhere")
    commit()
    commit()
    assert reopened(store).find("toy", "r" * 64, HERE) is not None
    assert os.path.lexists(target.with_name(f"{target.name}.damaged"))


def test_kept_runs_are_never_renamed(store: Store, commit: Callable[..., Run], warnings: list[str]) -> None:
    """A damaged run in git is only named, with the command that restores it."""
    kept = store.keep(commit())
    files.remove_folder(store.own)
    (kept.folder / "measured.json").write_text("{}")
    here = reopened(store)
    assert here.find("toy", "r" * 64, HERE) is None
    here.set_damaged_aside()
    assert kept.folder.is_dir()
    (told,) = warnings
    assert told.endswith(f"git restore experiments/results/toy/{kept.key}")


def test_a_run_of_another_version_is_not_damaged(store: Store, commit: Callable[..., Run], warnings: list[str]) -> None:
    """A whole run of another schema is not used, and stays for the version that wrote it."""
    run = commit()
    body = {name: value for name, value in run.manifest.items() if name != "manifest_digest"} | {"schema": 2}
    files.write_json(run.folder / manifest.NAME, {**body, "manifest_digest": digest(body)})
    here = reopened(store)
    assert here.find("toy", "r" * 64, HERE) is None
    here.set_damaged_aside()
    assert run.folder.is_dir()
    assert warnings == [f"run toy/{run.key} is not used: its manifest is of schema 2, not 1"]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff", "[]", "{}", '{"schema": NaN}'])
def test_a_malformed_manifest_is_damage(store: Store, commit: Callable[..., Run], text: str) -> None:
    """Whatever a manifest holds instead of itself, the run is damaged, and that is all."""
    run = commit()
    (run.folder / manifest.NAME).write_text(text, encoding="latin-1")
    assert reopened(store).find("toy", "r" * 64, HERE) is None
