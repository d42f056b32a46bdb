"""Parameters as they are asked for: those of a profile, at a point of a grid, with what is set on the command line."""

import dataclasses
import typing
from collections.abc import Sequence
from typing import Any

from report_cli.errors import UsageError, unknown
from report_cli.experiment import Experiment, Point, parameters
from report_cli.settings import parse


def override(experiment: Experiment, profile: str, point: Point, settings: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """Return the parameters of `profile` at `point` with `settings` ("epochs=5") applied, and what these changed.

    Raises:
        UsageError: a parameter that doesn't exist, or a value that isn't of its type.
    """
    params = dataclasses.replace(experiment.params[profile], **point)
    known = parameters(params)
    types = typing.get_type_hints(type(params), type(params).__init__.__globals__) if settings else {}
    changed: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"--set {setting!r} has no value", "write it as --set NAME=VALUE")
        if name not in known:
            raise unknown(f"parameter of {experiment.name}", name, known)
        if name in point:
            raise UsageError(f"{experiment.name} runs over a grid of {name}, so it can't be set")
        value = parse(name, text, types[name])
        if value != known[name]:
            changed[name] = value
    try:
        return dataclasses.replace(params, **changed), changed
    except ValueError as error:  # the dataclass checks its own values
        raise UsageError(f"{experiment.name}: {error}") from error
