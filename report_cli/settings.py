"""Values of parameters as --set takes them: read from text, and written so that the same is read again."""

import math
import typing
from typing import Any

from report_cli.errors import UsageError


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


def typed(value: object) -> str:
    """Return the text that `parse` reads as this value of a parameter, whose tuples are lists in a manifest."""
    if isinstance(value, tuple | list):
        return ",".join(map(typed, value))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
