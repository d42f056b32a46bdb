"""Expected failures: what happened, and what to do about it. Only `__main__` turns them into output."""

import difflib
from collections.abc import Iterable


class ReportError(Exception):
    """The work failed (exit code 1).

    `message` says what happened with the offending value; `hint` is a command or the valid choices.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ReportError):
    """The command line, the configuration or a template names something that doesn't exist (exit code 2)."""

    exit_code = 2


class DataError(ReportError):
    """Images are missing, malformed or not what they claim to be (exit code 1)."""


class RunError(ReportError):
    """An experiment failed; its failure is recorded, and no result of it is used (exit code 1)."""


def unknown(what: str, name: str, choices: Iterable[str]) -> UsageError:
    """Return the error for a `name` that is none of `choices`, near misses first."""
    known = sorted(set(choices))
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = "did you mean " + " or ".join(near) + "?" if near else "known: " + (", ".join(known) or "none")
    return UsageError(f"unknown {what} {name!r}", hint)
