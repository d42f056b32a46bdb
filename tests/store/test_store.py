"""The store: what is committed is whole, what is damaged is named, and nothing else suffers."""

import lzma
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from report_cli import files
from report_cli.errors import ReportError
from report_cli.keys.canonical import digest
from report_cli.keys.environment import environment
from report_cli.keys.inputs import NOTHING
from report_cli.keys.key import Recipe, lock_name, run_name
from report_cli.keys.sources import Reach, Sources
from report_cli.project import Project
from report_cli.store import manifest
from report_cli.store import run as runs
from report_cli.store import store as stores
from report_cli.store.freshness import Judge, Question, Verdict
from report_cli.store.manifest import Manifest, Times
from report_cli.store.run import Run
from report_cli.store.store import Store

HERE = environment(["numpy"])
THERE = {**HERE, "python": "2.7", "device": "gpu"}
CODE = Reach({}, frozenset(), frozenset({"numpy"}), False)
Commit = Callable[..., Run]


def recipe(value: int = 1) -> Recipe:
    return Recipe({"experiment": "toy", "parameters": {"value": value}}, CODE)


def measured(value: float) -> dict[str, Any]:
    return {"metrics": {"accuracy": value}, "history": [{"epoch": 1}]}


RECIPE = recipe()


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def store(project: Project, warnings: list[str]) -> Store:
    return Store.of(project, warnings.append)


@pytest.fixture
def commit(store: Store) -> Commit:
    """Return a function that commits a small run of the experiment "toy"."""

    def commit_run(
        value: float = 0.5,
        where: Mapping[str, str] = HERE,
        asked: Recipe = RECIPE,
        inputs: Mapping[str, Any] = NOTHING,
        needs: Mapping[str, list[str]] | None = None,
    ) -> Run:
        facts = Manifest(
            experiment="toy",
            recipe=dict(asked.parts),
            recipe_digest=asked.digest,
            environment=dict(where),
            inputs={kind: dict(noted) for kind, noted in inputs.items()},
            profile="quick",
            overrides={},
            point={},
            seed=0,
            data=None,
            needs=dict(needs or {}),
            behind=[],
            times=Times("", "", 1.0),
            code=None,
            warnings=[],
            unwatched=[],
        )
        with files.scratch_folder(store.scratch, "toy") as folder:
            files.write_json(folder / "measured.json", measured(value))
            (folder / "arrays").mkdir()
            np.save(folder / "arrays" / "x.npy", np.arange(3))
            return store.commit(folder, facts)

    return commit_run


def reopened(store: Store) -> Store:
    """Return the store as the next command sees it: each command reads every manifest once."""
    return Store(store.own, store.kept, store.figure_folder, store.scratch, store.tell)


def answer(store: Store, project: Project, needs: Mapping[str, list[str]] | None = {}, **options: Any) -> Verdict:
    """Return what the next command is told of the toy."""
    judge = Judge(reopened(store), {}, Sources({}), project.root, lambda data: None)
    return judge.answer(Question("toy", recipe(), "quick", 0, needs, **options))


def found(store: Store) -> list[str]:
    return [run.key for run in reopened(store).runs("toy")]


def test_a_committed_run_answers(store: Store, commit: Commit, project: Project) -> None:
    """What was committed comes back by its recipe, with its numbers, and answers no other recipe."""
    assert answer(store, project).state == "missing"
    commit(0.25, asked=recipe(2))
    assert answer(store, project).state == "stale"
    run = commit(0.75)
    verdict = answer(store, project)
    assert verdict.run == run
    assert run.key == run_name(recipe().digest, HERE, NOTHING)
    assert verdict.run.scalars == {"accuracy": 0.75}
    assert verdict.run.history == [{"epoch": 1}]
    assert verdict.run.array("x").tolist() == [0, 1, 2]


def test_own_environment_comes_first_then_kept_then_key(store: Store, commit: Commit, project: Project) -> None:
    """Of several runs of one recipe one from here is taken first, then one in git, then by key."""
    others = [commit(0.1, {**THERE, "device": device}) for device in ("a", "b", "c")]
    first = min(others, key=lambda run: run.key)
    assert answer(store, project).run == first
    other = max(others, key=lambda run: run.key)
    kept = store.keep(other)
    assert answer(store, project).run == other, "the copy that has its weights"
    assert store.keeps(other)
    assert answer(store, project, strict_env=True).state == "stale"
    own = commit(0.5, HERE)
    assert answer(store, project).run == answer(store, project, strict_env=True).run == own
    store.keep(own)
    assert answer(store, project).run == own
    files.remove_folder(store.own)
    assert found(store) == sorted([kept.key, own.key])


def test_needs_and_inputs_decide_as_well(store: Store, commit: Commit, project: Project) -> None:
    """A run of other needed outcomes, or of a file that changed since, is no answer; the file is named."""
    (project.root / "a.csv").write_text("1")
    from report_cli.keys.inputs import now

    inputs = now({**NOTHING, "files": {"a.csv": None}}, project.root)
    commit(inputs=inputs, needs={"base": ["x"]})
    assert answer(store, project, {"base": ["x"]}).state == "fresh"
    assert answer(store, project, {"base": ["y"]}).state == "stale"
    assert answer(store, project, None).state == "stale", "what it needs is still to be run"
    (project.root / "a.csv").write_text("2")
    verdict = answer(store, project, {"base": ["x"]})
    assert verdict.state == "stale"
    assert "a.csv changed" in verdict.reason


def test_every_changed_byte_of_a_manifest_is_seen(store: Store, commit: Commit, warnings: list[str]) -> None:
    """A run with any byte of its manifest changed is not used, and the damage is named."""
    run = commit()
    path = run.folder / manifest.NAME
    original = path.read_bytes()
    for position in range(len(original)):
        path.write_bytes(original[:position] + bytes([original[position] ^ 0x15]) + original[position + 1 :])
        assert found(store) == [], position
    assert len(warnings) == len(original)
    assert run.key in warnings[0]
    path.write_bytes(original)
    assert found(store) == [run.key]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff", "[]", "{}", '{"schema": NaN}', '{"schema": 999}'])
def test_a_malformed_manifest_is_damage(store: Store, commit: Commit, warnings: list[str], text: str) -> None:
    """Whatever a manifest holds instead of itself, the run is damaged, and that is all."""
    run, whole = commit(), commit(asked=recipe(2))
    (run.folder / manifest.NAME).write_text(text, encoding="latin-1")
    (run.folder.parent / "stray.txt").write_text("not a run")
    assert found(store) == [whole.key]
    assert len(warnings) == 1


@pytest.mark.parametrize("name", ["measured.json", "arrays/x.npy"])
def test_other_files_are_checked_when_they_are_read(store: Store, commit: Commit, project: Project, name: str) -> None:
    """A status reads no such file; reading and verifying find each changed byte."""
    run = commit()
    path = run.folder / name
    original = path.read_bytes()
    read = {"measured.json": lambda run: run.scalars, "arrays/x.npy": lambda run: run.array("x")}[name]
    for position in range(len(original)):
        path.write_bytes(original[:position] + bytes([original[position] ^ 0x15]) + original[position + 1 :])
        assert answer(store, project).state == "fresh"
        with pytest.raises(ReportError, match=f"damaged: {name} was changed"):
            read(Run(run.folder, run.manifest))
        assert name in store.verify(run)
    path.unlink()
    assert "missing" in store.verify(run)
    path.write_bytes(original)
    assert store.verify(run) == ""
    (run.folder / "extra.txt").write_text("hello")
    assert "extra.txt" in store.verify(run)


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


def test_a_failure_is_remembered_until_a_success(store: Store, commit: Commit, project: Project) -> None:
    """A failed run is recorded, is the state of its question, and its record goes when the run succeeds."""
    name = lock_name(recipe().digest, HERE)
    store.fail("toy", name, f"no {project.root}/a.csv in /mnt/disk/data", "toy.log", {})
    verdict = answer(store, project)
    assert verdict.state == "failed"
    assert verdict.reason.endswith("no a.csv in data"), "it tells nothing of the machine"
    commit()
    assert store.failure("toy", name) is None
    assert answer(store, project).state == "fresh"


def spoil(run: Run, text: str) -> None:
    (run.folder / manifest.NAME).write_text(text)


def test_damaged_runs_are_set_aside(store: Store, commit: Commit, warnings: list[str]) -> None:
    """A damaged run is renamed to a name that is never read, replaces one set aside before, and is named with why."""
    first, whole = commit(asked=recipe(1)), commit(asked=recipe(2))
    aside = first.folder.with_name(f"{first.key}.damaged")
    for content in ("once", "twice"):
        spoil(first, content)
        later = reopened(store)
        assert [run.key for run in later.runs("toy")] == [whole.key]
        later.set_damaged_aside()
        assert not first.folder.exists()
        assert (aside / manifest.NAME).read_text() == content
        assert found(store) == [whole.key]
        assert f"toy/{first.key}" in warnings[-2]
        assert warnings[-1].endswith(f"build/runs/toy/{first.key}.damaged")
        commit(asked=recipe(1))
    assert len(warnings) == 4


def test_a_run_that_was_damaged_is_seen_when_it_is_whole_again(store: Store, commit: Commit) -> None:
    """What another process put in the place of a damaged run while this one looked elsewhere is used, and stays."""
    run = commit()
    content = (run.folder / manifest.NAME).read_text()
    spoil(run, "")
    here = reopened(store)
    assert list(here.runs("toy")) == []
    (run.folder / manifest.NAME).write_text(content)
    here.set_damaged_aside()
    assert list(here.runs("toy")) == [run]


def test_a_damaged_run_that_another_process_holds_is_left_to_it(store: Store, commit: Commit) -> None:
    """Nobody renames a folder whose lock is held: its holder is about to replace it."""
    run = commit()
    content = (run.folder / manifest.NAME).read_text()
    spoil(run, "")
    here = reopened(store)
    assert list(here.runs("toy")) == []
    with store.lock("toy", run.key, lambda: None):
        here.set_damaged_aside()
        assert run.folder.is_dir()
        (run.folder / manifest.NAME).write_text(content)
    assert list(here.runs("toy")) == [run], "what its holder put there is seen"


@pytest.mark.parametrize("what", ["folder", "file", "link"])
def test_damage_never_blocks_a_commit(store: Store, commit: Commit, what: str) -> None:
    """Whatever lies in the place of a run, a new one takes the place and the other is kept aside."""
    target = store.own / "toy" / run_name(recipe().digest, HERE, NOTHING)
    target.parent.mkdir(parents=True)
    if what == "folder":
        (target / "arrays").mkdir(parents=True)
    elif what == "file":
        target.write_text("not a run")
    else:
        target.symlink_to("nowhere")
    commit()
    commit()
    assert found(store) == [target.name]
    assert os.path.lexists(target.with_name(f"{target.name}.damaged"))


def test_kept_arrays_are_compressed_and_the_same(store: Store, commit: Commit) -> None:
    """A kept run has its arrays in less room; they, and what it is known by, are those of the run."""
    run = commit()
    kept = store.keep(run)
    assert kept.arrays == run.arrays == ["x"]
    np.testing.assert_array_equal(kept.array("x"), run.array("x"))
    assert kept.outputs == run.outputs
    assert store.verify(kept) == ""
    assert store.keep(kept).manifest == kept.manifest
    assert [path.name for path in kept.folder.rglob("x.*")] == ["x.npy.xz"]


def test_kept_runs_take_little_room(store: Store, commit: Commit, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would take more room than there is isn't kept, and what is there stays; the same again takes no more."""
    first, second = commit(0.1), commit(0.2, asked=recipe(2))
    kept = store.keep(first)
    monkeypatch.setattr(stores, "KEPT_BYTES", files.size_bytes(store.kept))
    assert store.keep(first) == kept
    with pytest.raises(ReportError, match=r"more than the .* that are to be in git"):
        store.keep(second)
    assert not store.keeps(second)
    assert store.keeps(first)


def test_kept_runs_are_never_renamed(store: Store, commit: Commit, warnings: list[str]) -> None:
    """A damaged run in git is only named, with the command that restores it."""
    kept = store.keep(commit())
    files.remove_folder(store.own)
    spoil(kept, "{}")
    here = reopened(store)
    assert list(here.runs("toy")) == []
    here.set_damaged_aside()
    assert kept.folder.is_dir()
    (told,) = warnings
    assert told.endswith(f"git restore experiments/results/toy/{kept.key}")


def test_a_run_of_another_version_is_not_damaged(store: Store, commit: Commit, warnings: list[str]) -> None:
    """A whole run of another schema is not used, and stays for the version that wrote it."""
    run = commit()
    body = msgspec.to_builtins(run.manifest) | {"schema": 1}
    del body["manifest_digest"]
    files.write_json(run.folder / manifest.NAME, {**body, "manifest_digest": digest(body)})
    here = reopened(store)
    assert list(here.runs("toy")) == []
    here.set_damaged_aside()
    assert run.folder.is_dir()
    (told,) = warnings
    assert "schema 1" in told


def test_what_is_read_back_names_near_misses(commit: Commit) -> None:
    """An array, table or weights that a run doesn't have is one error with what there is."""
    run = commit()
    with pytest.raises(ReportError, match="array of toy 'y'"):
        run.array("y")
    with pytest.raises(ReportError, match="table of toy 'y'"):
        run.table("y")
    with pytest.raises(ReportError, match="no weights"):
        run.weights()


def test_a_folder_that_holds_another_experiments_run_is_damage(store: Store, commit: Commit, tmp_path: Path) -> None:
    """A run that was copied to another name answers nothing there."""
    run = commit()
    (store.own / "other").mkdir()
    run.folder.rename(store.own / "other" / run.key)
    assert list(reopened(store).runs("other")) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"not compressed", "not compressed"),
        (lzma.compress(b"x" * 99)[:-9], "cut off"),
        (lzma.compress(b"x" * 101), "gigabytes"),
    ],
)
def test_a_forged_array_fails_its_run(
    store: Store, commit: Commit, monkeypatch: pytest.MonkeyPatch, content: bytes, told: str
) -> None:
    """An array in git that is not what a compressed one is, or takes too much room, is damage of that run."""
    monkeypatch.setattr(runs, "ARRAY_BYTES", 100)
    kept = store.keep(commit())
    (kept.folder / "arrays" / "x.npy.xz").write_bytes(content)
    manifest.write(kept.folder, kept.manifest)
    forged = Run(kept.folder, manifest.read(kept.folder))
    with pytest.raises(ReportError, match=told):
        forged.array("x")
