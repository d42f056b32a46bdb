"""Stored runs that were changed: every change is seen, named, and hurts no other run."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from report_cli.errors import ReportError
from report_cli.project import Project
from report_cli.store import manifest as manifests
from report_cli.store.run import Run
from report_cli.store.store import Store
from tests.fault.cases import numbered
from tests.fault.inline import made, run

CHANGES = 10


def damage(folder: Path, chance: random.Random) -> str:
    """Change something of a run, and say what: most often one bit, else a length, a name, a file more or less."""
    path = chance.choice(sorted(p for p in folder.rglob("*") if p.is_file()))
    content = path.read_bytes()
    kind = chance.choice(["bit"] * 6 + ["cut", "longer", "gone", "more", "renamed"])
    if kind == "bit":
        at = chance.randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :])
    elif kind == "cut":
        path.write_bytes(content[: chance.randrange(len(content))])
    elif kind == "longer":
        path.write_bytes(content + chance.randbytes(1))
    elif kind == "gone":
        path.unlink()
    elif kind == "more":
        path.with_name("more").write_bytes(content)
    else:
        path.rename(path.with_name("other"))
    return f"{kind} {path.relative_to(folder)}"


def read(run: Run) -> None:
    """Read all that anyone reads of a run."""
    assert run.scalars
    assert run.history
    for name in run.arrays:
        run.array(name)
    run.weights()


def verified(store: Store) -> dict[str, str]:
    """Return what is wrong with each stored run, by key."""
    faults = {run.key: store.verify(run) for run in store.runs("walk")}
    return faults | {each.folder.name: each.reason for each in store.damaged}


def undetected(project: Project, case: int) -> int:
    """Change a run in ten ways, one after another; return how many of them were not seen.

    A change of the manifest is seen by whoever looks for runs; one of another file when it is read, or the whole store
    is verified: then only a file too many can go unread.
    """
    chance, missed = random.Random(case), 0
    (hurt,), (other,) = (list((project.runs / "walk").glob(f"*{key}")) for key in keys(project))
    copy = hurt.with_name("copy.of")
    shutil.copytree(hurt, copy)
    for _ in range(CHANGES):
        what = damage(hurt, chance)
        complaints: list[str] = []
        store = Store.of(project, complaints.append)
        found = {run.folder: run for run in store.runs("walk")}
        assert other in found, f"case {case}: {what}"
        read(found[other])
        faults = verified(store)
        assert not faults[other.name], f"case {case}: {what}"
        seen = bool(faults[hurt.name])
        if hurt not in found:
            seen &= any(hurt.name in text for text in complaints)
        elif not what.startswith("more"):
            try:
                read(found[hurt])
                seen = False
            except ReportError as error:
                seen &= hurt.name in error.message
        missed += not seen
        shutil.rmtree(hurt)
        shutil.copytree(copy, hurt)
    return missed


def keys(project: Project) -> tuple[str, str]:
    """Store two runs, and return their keys."""
    first = run(project, "walk", settings=("epochs=2",))
    second = run(project, "walk", settings=("epochs=3",))
    return next(iter(first.outcome.runs.values())).key, next(iter(second.outcome.runs.values())).key


@numbered(100, fast=3)
def test_changed_runs(tmp_path: Path, case: int, record_property: Callable[[str, object], None]) -> None:
    """Ten changes of a stored run are all seen and named, the other run stays usable, and the run can be made anew."""
    project = made(tmp_path)
    missed = undetected(project, case)
    record_property("changes", CHANGES)
    record_property("undetected", missed)
    assert missed == 0
    (hurt, _) = keys(project)
    what = damage(project.runs / "walk" / hurt, random.Random(case))
    again = run(project, "walk", settings=("epochs=2",))
    if not again.epochs:
        # Its manifest is whole, so that it counts until a file is read.
        again = run(project, "walk", settings=("epochs=2",), force=True)
    assert again.epochs, what
    assert not any(verified(Store.of(project, print)).values()), what


def test_a_manifest_that_is_not_checked_is_noticed(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Were files not compared with their manifest, changes would go unseen, and the count says so."""
    monkeypatch.setattr(manifests, "verify", lambda *_: None)
    assert undetected(made(tmp_path), 0) > 0
