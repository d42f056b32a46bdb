"""`report gc`: what nothing asks for any more goes, and nothing else."""

import json
import re
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from report_cli import api, files
from report_cli.keys import key
from report_cli.project import Project
from report_cli.store import gc, manifest
from report_cli.store.store import ASKED, Store
from tests.conftest import Command, Write, edit
from tests.fault.disk import Disk, Killed

CHAIN = """
    import report_cli as report


    @report.experiment(
        "after", title="After", metrics={"v": report.Metric("", "v")}, profiles={"by": 2.0}, needs=("walk",)
    )
    def after(params, record):
        record(v=params.by * record.need("walk").scalars["end"])
"""


def step(walk: Path, value: str) -> None:
    """Change a line that is executed."""
    walk.write_text(re.sub(r"STEP = .*", f"STEP = {value}", walk.read_text()))


def keys(project: Project, name: str = "walk") -> set[str]:
    """Return the whole own runs of an experiment."""
    return {p.parent.name for p in project.runs.glob(f"{name}/*/manifest.json") if not p.parent.suffix}


def lines(done: "subprocess.CompletedProcess[str]") -> list[str]:
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def tree(project: Project) -> set[str]:
    """Return every file and folder in build; locks hold nothing."""
    return {str(p.relative_to(project.root)) for p in project.build.rglob("*") if p.suffix != ".lock"}


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_that_can_be_asked_for_is_freed(report: Command, walk: Path, project: Project) -> None:
    """Results of other parameters, other seeds and unfinished work of the code as it is all stay."""
    for options in ([], ["--set", "epochs=3"], ["--seeds", "2"], ["--profile", "smoke", "--set", "epochs=4"]):
        lines(report("run", "walk", *options))
    assert report("run", "walk", "--set", "fail=die").returncode == 1
    before = tree(project)
    assert list(project.runs.glob("walk/*.checkpoint/epoch-00001.npz"))
    done = report("gc")
    assert lines(done) == []
    assert "nothing to free" in done.stderr
    assert tree(project) == before


def test_a_stale_run_goes_when_its_question_is_answered_anew(report: Command, drawn: Path, project: Project) -> None:
    """The last answer stays, stale as it is, and can be accepted; --dry-run says what goes, and nothing else goes."""
    lines(report("run", "walk"))
    (first,) = keys(project)
    figures = list(project.figures.glob("walk/*"))
    step(drawn, "2.0")
    assert lines(report("gc")) == []
    lines(report("run", "walk", "--set", "epochs=3"))
    assert lines(report("gc")) == [], "what answers another question is no substitute"
    lines(report("run", "walk"))
    before = tree(project)
    told = lines(report("gc", "--dry-run"))
    assert [line.split()[0] for line in told[:-1]] == [
        *(str(figure.relative_to(project.root)) for figure in figures),
        str((project.runs / "walk" / first).relative_to(project.root)),
    ]
    assert "a run it shows is gone" in told[0]
    assert "its code changed;" in told[1]
    assert told[1].endswith("is up to date")
    assert told[2].startswith("would free")
    assert tree(project) == before
    assert lines(report("gc")) == [*told[:-1], told[-1].replace("would free", "freed")]
    assert first not in keys(project)
    assert len(keys(project)) == 2
    assert lines(report("gc")) == []
    assert "nothing to run" in report("run", "walk").stderr


def test_of_stale_runs_the_newest_stays(report: Command, walk: Path, project: Project) -> None:
    """After two edits without a new run the latest result of the question can still be accepted."""
    lines(report("run", "walk"))
    (first,) = keys(project)
    time.sleep(1.1)  # manifests tell whole seconds
    step(walk, "2.0")
    lines(report("run", "walk"))
    (second,) = keys(project) - {first}
    step(walk, "3.0")
    told = lines(report("gc"))
    assert any(line.endswith(f"its code changed; {second} is newer") for line in told)
    assert keys(project) == {second}
    lines(report("accept", "walk", "--reason", "for a test"))


def test_kept_results_are_never_touched(report: Command, walk: Path, project: Project) -> None:
    """What is in git stays, stale or of an experiment that is gone."""
    lines(report("run", "walk"))
    lines(report("keep", "walk"))
    step(walk, "2.0")
    lines(report("run", "walk"))
    kept = contents(project.kept)
    lines(report("gc"))
    walk.unlink()
    lines(report("gc"))
    assert contents(project.kept) == kept
    assert keys(project) == set()


def test_what_needs_a_stale_run_is_stale(report: Command, walk: Path, write: Write, project: Project) -> None:
    """A run made from a run of former code goes with it once both are answered anew, whatever happens in between."""
    write("experiments/after.py", CHAIN)
    lines(report("run", "after"))
    former = keys(project), keys(project, "after")
    step(walk, "2.0")
    lines(report("run", "after"))
    told = lines(report("gc", "--dry-run"))
    assert any("walk, which it needs, is out of date" in line for line in told)
    runs = [line.split()[0] for line in told if line.startswith("build/runs")]
    assert [Path(path).parent.name for path in runs] == ["after", "walk"], "the other way round a kill would hide it"
    lines(report("gc"))
    assert not keys(project) & former[0]
    assert not keys(project, "after") & former[1]
    assert "nothing to run" in report("run", "after").stderr


@pytest.mark.parametrize("change", ["gone", "parameters"])
def test_what_can_never_be_an_answer_again_goes(report: Command, drawn: Path, project: Project, change: str) -> None:
    """Runs, failures and progress of an experiment that is gone, or has other parameters now, go with their figures."""
    lines(report("run", "walk"))
    assert report("run", "walk", "--set", "fail=die").returncode == 1
    if change == "gone":
        drawn.unlink()
        reason, figure = "there is no experiment walk any more", "nothing draws it any more"
    else:
        edit(drawn, '"epochs": 6', '"epochs": 6, "more": 1')
        reason, figure = "walk has other parameters now", "a run it shows is gone"
    told = lines(report("gc"))
    assert sorted(line.split("  ")[2] for line in told[:-1]) == sorted(
        [figure, f"progress of a run: {reason}", f"record of a failure: {reason}", reason]
    )
    assert [p for p in tree(project) if "walk/" in p] == []


def test_leftovers_of_killed_commands_go(report: Command, walk: Path, project: Project) -> None:
    """Damaged runs set aside, progress towards a finished run, scratch folders and half-freed runs are freed."""
    lines(report("run", "walk"))
    (stored,) = keys(project)
    store = Store.of(project, pytest.fail)
    (run,) = store.runs("walk")
    spared = tree(project)
    progress = store.checkpoints("walk", stored.rpartition("-")[0], {})
    for folder in (progress, store.beside("walk", "1-2", "damaged"), store.beside("walk", "1-2", "freed")):
        files.write_bytes(folder / "x", bytes(1000))
    files.write_json(progress / ASKED, run.manifest.recipe)
    (project.scratch / "dead").mkdir()
    (project.scratch / "dead.lock").touch()
    found = json.loads(report("gc", "--dry-run", "--json").stdout)["waste"]
    assert {each["path"].rpartition("/")[2]: each["reason"] for each in found} == {
        progress.name: "progress of a run: it is finished",
        "1-2.damaged": "a damaged run that was set aside",
        "1-2.freed": "left by a report gc that was killed",
        "dead": "left by a command that was killed",
    }
    assert next(each["size_bytes"] for each in found if each["path"].endswith("damaged")) == 1000
    lines(report("gc"))
    assert tree(project) == spared
    assert list(project.scratch.iterdir()) == []


def test_what_other_machines_computed_goes(report: Command, walk: Path, project: Project) -> None:
    """Features of frozen layers that another machine or other packages computed are freed, those of this one stay."""
    lines(report("run", "walk"))
    cache = api.open_workspace(project.root).cache
    here, there = key.computed(cache) / "features" / "a", cache / "computed" / "other" / "features" / "b"
    for folder in (here, there):
        files.write_bytes(folder / "features.bin", bytes(1000))
    line, _ = lines(report("gc"))
    assert "computed by another machine or other packages" in line
    assert here.exists()
    assert not there.exists()


def test_figures_of_former_drawing_code_go(report: Command, drawn: Path, project: Project) -> None:
    """When `draw` changed, the figures drawn anew stay and the others go; the run stays."""
    lines(report("run", "walk"))
    (old,) = project.figures.glob("walk/*")
    edit(drawn, "figsize=(2, 1)", "figsize=(3, 1)")
    lines(report("run", "walk"))
    (line, _) = lines(report("gc"))
    assert line.split("  ")[0] == str(old.relative_to(project.root))
    assert line.endswith("drawn by other code")
    assert len(list(project.figures.glob("walk/*"))) == 1
    assert len(keys(project)) == 1


def test_what_another_process_uses_is_left(report: Command, walk: Path, project: Project) -> None:
    """A run whose lock is held stays, and so does the scratch folder of a process that is alive."""
    lines(report("run", "walk"))
    (stored,) = keys(project)
    walk.unlink()
    store = Store.of(project, pytest.fail)
    with store.lock("walk", stored.rpartition("-")[0]), files.scratch_folder(project.scratch, "mine") as folder:
        done = report("gc")
        assert f"left build/runs/walk/{stored}: another process uses it" in done.stderr
        assert done.returncode == 0
        assert folder.is_dir()
    assert keys(project) == {stored}
    assert lines(report("gc"))[-1].startswith("freed")
    assert keys(project) == set()


def test_what_a_run_under_way_needs_is_left(report: Command, walk: Path, write: Write, project: Project) -> None:
    """While another process is at a run, the runs that it was started with stay, stale as they may be."""
    write("experiments/after.py", CHAIN)
    lines(report("run", "after"))
    (former,) = keys(project)
    store = Store.of(project, pytest.fail)
    (run,) = store.runs("after")
    step(walk, "2.0")
    lines(report("run", "walk"))
    files.write_json(store.checkpoints("after", "1-2", {}) / ASKED, run.manifest.recipe)
    with store.lock("after", "1-2"):
        lines(report("gc"))
        assert former in keys(project)
    lines(report("gc"))
    assert former not in keys(project)


def test_a_killed_gc_leaves_no_half_run(project: Project, walk: Path, report: Command) -> None:
    """Killed at any change of the disk, each run is whole or gone, and the next gc ends the work."""
    lines(report("run", "walk"))
    source = {p: p.read_bytes() for p in project.build.rglob("*") if p.is_file()}
    walk.unlink()
    for at in range(1, 100):
        for path, content in source.items():
            files.write_bytes(path, content)
        complaints: list[str] = []
        workspace = api.open_workspace(project.root, complaints.append)
        disk = Disk(project.root, at=at)
        try:
            with disk.watched():
                for waste in api.waste(workspace):
                    gc.free(workspace.store, waste)
        except Killed:
            pass
        list(Store.of(project, complaints.append).runs("walk"))
        assert complaints == []
        again = api.open_workspace(project.root, complaints.append)
        assert all(gc.free(again.store, waste) for waste in api.waste(again))
        assert [p for p in tree(project) if "walk/" in p] == []
        if not disk.happened:
            return
    raise AssertionError("it makes fewer changes than that")


def test_code_that_cannot_be_read_frees_nothing(report: Command, walk: Path, project: Project) -> None:
    """Without all experiments nobody knows what is wanted: it is an error, and nothing goes."""
    lines(report("run", "walk"))
    before = tree(project)
    walk.write_text("def broken(:\n")
    done = report("gc")
    assert done.returncode == 2
    assert "experiments/walk.py:1" in done.stderr
    assert tree(project) == before


def test_a_run_whose_recipe_is_not_its_own_is_left(report: Command, walk: Path, project: Project) -> None:
    """A manifest made by something else, here one that needs itself, hinders nothing and is not touched."""
    lines(report("run", "walk"))
    (stored,) = keys(project)
    (run,) = Store.of(project, pytest.fail).runs("walk")
    forged = {**run.manifest.recipe, "needs": {"walk": [run.manifest.recipe_digest]}, "code": {}}
    (run.folder / manifest.NAME).unlink()
    manifest.write(run.folder, msgspec.structs.replace(run.manifest, recipe=forged))
    lines(report("gc"))
    assert keys(project) == {stored}
