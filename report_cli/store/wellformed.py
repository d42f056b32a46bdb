"""Whether what a stored run says has the form the program gives it: in what others send, a digest proves little."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Test = Callable[[Any], bool]


def check_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Raise ValueError unless `content` is the manifest of a run in `folder`, every field of its type."""
    for name, fits in _FIELDS.items():
        if name not in content or not fits(content[name]):
            raise ValueError(f"its manifest has no proper {name!r}")
    accepted = content.get("accepted", [])
    if not isinstance(accepted, list) or not all(map(_is_acceptance, accepted)):
        raise ValueError("its manifest has no proper 'accepted'")
    if content["experiment"] != folder.parent.name:
        raise ValueError(f"its manifest is of {content['experiment']!r}")


def check_measured(content: Any) -> None:
    """Raise ValueError unless `content` is what a recorder writes: scalars with units, and a history of numbers."""
    if not isinstance(content, dict) or not _each(_is_scalar)(content.get("scalars")):
        raise ValueError("measured.json has no proper scalars")
    history = content.get("history")
    if not isinstance(history, list) or not all(_each(_is_number)(row) for row in history):
        raise ValueError("measured.json has no proper history")


def _each(fits: Test) -> Test:
    """Return the test for a mapping all of whose values fit."""
    return lambda value: isinstance(value, dict) and all(fits(item) for item in value.values())


def _has(**fields: Test) -> Test:
    """Return the test for a mapping that has these fields."""
    return lambda value: isinstance(value, dict) and all(n in value and fits(value[n]) for n, fits in fields.items())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and isinstance(value, int)


def _is_recipe(value: Any) -> bool:
    parts = {"parameters", "code", "needs"}
    if not isinstance(value, dict) or not all(isinstance(value.get(part, {}), dict) for part in parts):
        return False
    images = value.get("images")
    return "parameters" in value and (images is None or _has(drawn=_is_text)(images) or _is_pixels(images))


def _is_acceptance(value: Any) -> bool:
    texts = {"reason": _is_text, "when": _is_text, "from": _is_text}
    changes = isinstance(value, dict) and value.get("changes")
    return _has(**texts)(value) and isinstance(changes, list) and all(map(_is_text, changes))


_is_scalar = _has(value=_is_number, unit=_is_text)
_is_pixels = _has(kind=_is_text, pixels=_is_text)
_is_images = _has(name=_is_text, label=_is_text, origin=_is_text)
_FIELDS: Mapping[str, Test] = {
    "experiment": _is_text,
    "recipe": _is_recipe,
    "recipe_digest": _is_text,
    "output_digest": _is_text,
    "environment": _each(_is_text),
    "profile": lambda value: value is None or _is_text(value),
    "seed": _is_whole,
    "images": lambda value: value is None or _is_images(value),
    "needs": _each(_has(key=_is_text, outputs=_is_text)),
    "times": _has(started=_is_text, finished=_is_text, duration_s=_is_number),
    "files": _each(_has(size=_is_whole, sha256=_is_text)),
}
