"""One digest for equal content: sorted keys, floats in hex, types told apart."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from report_cli.errors import UsageError


def digest(value: Any) -> str:
    """Return the sha256 of the canonical form of `value`, in hex.

    Raises:
        UsageError: it is no text, number, boolean, None, or tuple, list or mapping of these.
    """
    return sha256(json.dumps(_canonical(value), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, str | int) or value is None:
        return value
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, Mapping):
        return {"map": {str(k): _canonical(v) for k, v in value.items()}}
    if isinstance(value, tuple | list):
        return [_canonical(v) for v in value]
    raise UsageError(
        f"{value!r} can't be part of a key",
        "parameters are text, numbers, booleans, None, or tuples and dictionaries of these",
    )
