"""Parameters as they are asked for, and their values as --set takes them: written so that the same is read again."""

import dataclasses
import math
import re
import typing
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from report_cli.errors import UsageError, unknown
from report_cli.experiment import Experiment, Point, parameters


def override(experiment: Experiment, profile: str, point: Point, settings: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """Return the parameters of `profile` at `point` with `settings` ("epochs=5") applied, and what these changed.

    Raises:
        UsageError: a parameter that doesn't exist, or a value that isn't of its type.
    """
    params = dataclasses.replace(experiment.params[profile], **point)
    known = parameters(params)
    types = _types(params) if settings else {}
    changed: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"--set {setting!r} has no value", "write it as --set NAME=VALUE")
        if name not in known:
            raise unknown(f"parameter of {experiment.name}", name, known)
        if name in point:
            raise UsageError(
                f"{experiment.name} runs over a grid of {name}, so {name} can't be set",
                "change grid=report.grid(...) of the experiment",
            )
        value = parse(name, text, types[name])
        if value != known[name]:
            changed[name] = value
    try:
        made = dataclasses.replace(params, **changed)
        parameters(made)
    except ValueError as error:  # the dataclass checks its own values
        raise UsageError(f"{experiment.name}: {error}") from error
    except UsageError as error:  # and may compute some of others
        raise UsageError(f"{experiment.name} has {error.message}", error.hint) from error
    return made, changed


def placed(words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return names with the settings that follow each, as other words or in its own ("leaves measures=both")."""
    found: list[tuple[str, list[str]]] = []
    for word in words:
        name, *settings = re.split(r"\s+(?=\w+=)", word.strip())
        if found and re.match(r"\w+=", name):
            found[-1][1].extend([name, *settings])
        else:
            found.append((name, settings))
    return found


def points(experiment: Experiment, profile: str, settings: Sequence[str]) -> list[Point]:
    """Return the points of the grid of `profile` at which parameters are as `settings` ("rate=0.1") say: all without.

    Raises:
        UsageError: the grid hasn't got such a parameter, or such a point.
    """
    chosen, types = list(experiment.grid[profile]), _types(experiment.params[profile])
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"{setting!r} behind {experiment.name} has no value", "write it as PARAMETER=VALUE")
        if name not in chosen[0]:
            raise unknown(f"parameter in the grid of {experiment.name}", name, chosen[0])
        there = dict.fromkeys(typed(point[name]) for point in chosen)
        wanted: Any = text
        with suppress(UsageError):  # What is of another type is at no point.
            wanted = parse(name, text, types[name])
        chosen = [point for point in chosen if point[name] == wanted or typed(point[name]) == text]
        if not chosen:
            raise UsageError(f"{experiment.name} has no point with {setting}", f"there are {', '.join(there)}")
    return chosen


def _types(params: Any) -> dict[str, Any]:
    return typing.get_type_hints(type(params), type(params).__init__.__globals__)


def parse(name: str, text: str, kind: Any) -> Any:
    """Return the value that a text sets a parameter to, which has this type.

    Raises:
        UsageError: it is none of this type, or no text can be.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if type(None) in arguments:
        if text == "none":
            return None
        return parse(name, text, next(a for a in arguments if a is not type(None)))
    if origin is tuple:
        return tuple(parse(name, part, arguments[0]) for part in text.split(",") if part)
    if kind is bool:
        if text not in ("true", "false"):
            raise UsageError(f"--set {name}={text}: not true or false")
        return text == "true"
    if kind not in (int, float, str):
        raise UsageError(f"--set {name}: a parameter of type {kind} can't be set on the command line")
    try:
        value = kind(text)
    except ValueError as error:
        words = {int: "a whole number", float: "a number"}
        raise UsageError(f"--set {name}={text}: not {words.get(kind, 'valid')}") from error
    if kind is float and not math.isfinite(value):
        raise UsageError(f"--set {name}={text}: not a finite number")
    return value


def written(values: Mapping[str, Any]) -> list[str]:
    """Return parameters as --set and `placed` take them: a point of a grid, or what was set by hand."""
    return [f"{name}={typed(value)}" for name, value in values.items()]


def typed(value: object) -> str:
    """Return the text that `parse` reads as this value of a parameter, whose tuples are lists in a manifest."""
    if isinstance(value, tuple | list):
        return ",".join(map(typed, value))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
