"""Runs, kept runs, checkpoints and other files of the program, damaged in every way."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from report_cli import files as writing
from report_cli.keys.canonical import digest
from tests.fault.malformed.case import Case, Place, cut, flipped

RUNS = "build/runs/walk"
KEPT = "experiments/results/walk"


def the_run(place: Place, layer: str = RUNS) -> Path:
    """Return the folder of the only run in a layer."""
    (folder,) = (path for path in (place.root / layer).iterdir() if path.is_dir() and not path.suffix)
    return folder


def cases() -> list[Case]:
    return [*_damaged_files(), *_forged(), *_measured(), *_kept(), *_others()]


def _change(name: str, change: Callable[[bytes], bytes], layer: str = RUNS) -> Callable[[Place], None]:
    def spoil(place: Place) -> None:
        path = the_run(place, layer) / name
        path.write_bytes(change(path.read_bytes()))
        if layer == RUNS:
            shutil.rmtree(place.root / "experiments" / "results")

    return spoil


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda content: b"",
    "cut": lambda content: cut(content, 0.5),
    "with changed bits": lambda content: flipped(content, 1),
    "a login page": lambda content: b"<html></html>",
    "zeros": lambda content: bytes(len(content)),
    "a list": lambda content: b"[]\n",
    "a number": lambda content: b"1e999\n",
    "no UTF-8": lambda content: b'{"\xff": 1}',
    "deep": lambda content: b"[" * 200_000,
    "a long number": lambda content: b"9" * 100_000,
}


def _damaged_files() -> list[Case]:
    found = []
    for what, change in DAMAGE.items():
        name = "manifest.json"
        found.append(_case(f"{name} {what}", _change(name, change), ("status",), "is damaged and not used"))
        for name, command in (("measured.json", ("show", "walk")), ("arrays/position.npy", ("verify", "--store"))):
            found.append(_case(f"{name} {what}", _change(name, change), command, "walk", name, fails=True))
    return found


def _case(name: str, spoil: Callable[[Place], None], command: tuple[str, ...], *says: str, fails: bool = False) -> Case:
    start = "built" if command[0] == "build" else "walk"
    return Case(f"store: {name}", command, spoil, says, skipped=not fails, start=start)


def forge(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest of a run so that its digest is right."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    content.pop("manifest_digest")
    change(content)
    writing.write_json(path, {**content, "manifest_digest": digest(content)})


def _forged() -> list[Case]:
    """Manifests that are wrong and signed all the same."""

    def without(key: str) -> Callable[[Place], None]:
        return _forge(lambda content: content.pop(key))

    def with_(key: str, value: object) -> Callable[[Place], None]:
        return _forge(lambda content: content.update({key: value}))

    keys = (
        "experiment",
        "recipe",
        "recipe_digest",
        "environment",
        "profile",
        "seed",
        "point",
        "inputs",
        "data",
        "needs",
        "behind",
        "times",
        "files",
    )
    found = [_case(f"a manifest without {key}", without(key), ("status",), "is damaged and not used") for key in keys]
    values: Mapping[str, object] = {
        "recipe": [],
        "seed": "first",
        "environment": 3,
        "needs": [1],
        "times": {},
        "files": [],
        "experiment": "../../escaped",
        "data": "pets",
        "inputs": {"files": 3},
        "behind": [3],
    }
    found += [
        _case(f"a manifest with {key} {value!r}", with_(key, value), ("status",), "is damaged and not used")
        for key, value in values.items()
    ]
    listed = {"size": 3, "sha256": "0" * 64}
    for name in ("../../../outside", "/etc/passwd"):
        found.append(
            _case(f"a manifest that lists {name}", _forge(_listing(name, listed)), ("keep", "walk"), name, fails=True)
        )
    return found


def _listing(name: str, entry: object) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content["files"][name] = entry

    return change


def _forge(change: Callable[[dict[str, Any]], Any]) -> Callable[[Place], None]:
    def spoil(place: Place) -> None:
        forge(the_run(place), change)
        shutil.rmtree(place.root / "experiments" / "results")

    return spoil


def _measured() -> list[Case]:
    """A measured.json that is wrong, with a manifest that says so."""
    wrong: dict[str, object] = {
        "no metrics": {"history": []},
        "metrics in a list": {"metrics": [], "history": []},
        "a metric that is text": {"metrics": {"end": "much"}, "history": []},
        "a metric in a table": {"metrics": {"end": {"value": 1.0}}, "history": []},
        "a metric that is true": {"metrics": {"end": True}, "history": []},
        "a metric that is null": {"metrics": {"end": None}, "history": []},
        "another metric": {"metrics": {"start": 1.0}, "history": []},
        "a history that is text": {"metrics": {"end": 1.0}, "history": "long"},
        "nothing": None,
    }
    return [
        Case(
            f"store: measured.json with {name}, {command[0]}",
            command,
            _remeasure(content),
            ("walk",),
            start="walk",
            skipped=None,
        )
        for name, content in wrong.items()
        for command in (("build", "paper", "--to", "html"), ("show", "walk"))
    ]


def _remeasure(content: object) -> Callable[[Place], None]:
    def spoil(place: Place) -> None:
        folder = the_run(place)
        writing.write_json(folder / "measured.json", content)
        path = folder / "measured.json"
        entry = {"size": path.stat().st_size, "sha256": writing.digest(path)}
        forge(folder, _listing("measured.json", entry))
        shutil.rmtree(place.root / "experiments" / "results")

    return spoil


def _kept() -> list[Case]:
    found = []
    for name in ("manifest.json", "measured.json"):
        for what in ("emptied", "cut", "with changed bits", "a list"):
            spoil = _only_kept(_change(name, DAMAGE[what], KEPT))
            found.append(_case(f"kept {name} {what}", spoil, ("keep", "walk"), "walk", fails=True))

    def extra(place: Place) -> None:
        (the_run(place, KEPT) / "extra.py").write_text("import os; os.mkdir('canary')")

    def linked(place: Place) -> None:
        (the_run(place, KEPT) / "arrays" / "more.npy").symlink_to("/etc/passwd")

    found.append(_case("a kept run with more in it", _only_kept(extra), ("verify", "--store"), "extra.py", fails=True))
    found.append(
        _case("a kept run with a link in it", _only_kept(linked), ("verify", "--store"), "more.npy", fails=True)
    )
    return found


def _only_kept(change: Callable[[Place], None]) -> Callable[[Place], None]:
    def spoil(place: Place) -> None:
        change(place)
        shutil.rmtree(place.root / "build")

    return spoil


def _others() -> list[Case]:
    """Files of the program that only save time, or tell of a failure: damaged ones count as absent."""

    def everywhere(pattern: str, content: bytes) -> Callable[[Place], None]:
        def spoil(place: Place) -> None:
            for path in (place.root / "build").glob(pattern):
                path.write_bytes(content)

        return spoil

    texts = {
        "emptied": b"",
        "a list": b"[]",
        "null": b"null",
        "other keys": b'{"inputs": 1, "sources": 2}',
        "deep": b"[" * 200_000,
    }
    found = []
    for pattern in ("survey/*.json", "memory", "report/*.json", "math/*.json", "figures/walk/*/manifest.json"):
        for what, content in texts.items():
            spoil = everywhere(pattern, content)
            found.append(_case(f"{pattern} {what}", spoil, ("build", "paper", "--to", "html"), "paper.html"))
    for what, content in texts.items():

        def spoil(place: Place, content: bytes = content) -> None:
            folder = the_run(place)
            shutil.rmtree(place.root / "experiments" / "results")
            shutil.rmtree(folder)
            folder.with_name(folder.name + ".failed.json").write_bytes(content)

        found.append(_case(f"failed.json {what}", spoil, ("status",), "walk"))
    return found
