import json
from typing import Any

import pytest

from report_cli import files
from report_cli.keys.key import digest
from report_cli.project import Project
from report_cli.store import manifest
from report_cli.store.store import Store

MEASURED: Any = {"scalars": {"end": {"value": 1.0, "unit": ""}}, "history": [{"epoch": 1}]}


def stored(project: Project, measured: Any, **changes: Any) -> tuple[int, list[str]]:
    """Return how many runs the store finds in one with these facts, and what it says about the others."""
    folder = project.runs / "walk" / "key"
    files.write_json(folder / "measured.json", measured)
    facts = {
        "experiment": "walk",
        "recipe": {"parameters": {}},
        "recipe_digest": "r",
        "environment": {},
        "profile": None,
        "seed": 0,
        "images": None,
        "needs": {},
        "times": {"started": "", "finished": "", "duration_s": 1.0},
    }
    manifest.write(folder, {**facts, **changes})
    said: list[str] = []
    return len(list(Store.of(project, said.append).runs("walk"))), said


def test_a_whole_run_is_used(project: Project) -> None:
    """What the program writes passes."""
    assert stored(project, MEASURED) == (1, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("experiment", "other"),
        ("experiment", "../../walk"),
        ("recipe", []),
        ("recipe", {"parameters": {}, "code": []}),
        ("recipe", {"parameters": {}, "images": {"kind": "pets"}}),
        ("seed", "first"),
        ("seed", True),
        ("environment", 3),
        ("needs", {"base": "key"}),
        ("times", {}),
        ("images", "pets"),
        ("accepted", "yes"),
        ("accepted", [{"reason": "a", "when": "b", "from": "c"}]),
        ("accepted", [{"reason": "a", "when": "b", "from": "c", "changes": [1]}]),
    ],
)
def test_a_manifest_of_another_form_is_named_and_not_used(project: Project, name: str, value: object) -> None:
    """A manifest whose digest is right but whose fields are not is damage like any other."""
    found, said = stored(project, MEASURED, **{name: value})
    assert found == 0
    assert said[0].startswith("run walk/key is damaged and not used: its manifest")


@pytest.mark.parametrize(
    "measured",
    [
        None,
        {"history": []},
        {"scalars": []},
        {"scalars": {"end": 1.0}, "history": []},
        {"scalars": {"end": {"value": 1.0}}, "history": []},
        {"scalars": {"end": {"value": "1", "unit": ""}}, "history": []},
        {"scalars": {}, "history": ["long"]},
    ],
)
def test_measurements_of_another_form_are_not_used(project: Project, measured: Any) -> None:
    """The same holds for what was measured."""
    found, said = stored(project, measured)
    assert found == 0
    assert "measured.json has no proper" in said[0]


def test_json_without_end_is_no_json(project: Project) -> None:
    """Nesting that exhausts the parser is an error like other malformed text, as is a manifest of another digest."""
    with pytest.raises(ValueError, match="nested too deeply"):
        files.from_json("[" * 200_000)
    assert digest(json.loads("{}")) == digest(files.from_json("{}"))
