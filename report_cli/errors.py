"""Expected failures: what happened, and what to do about it. Only `__main__` turns them into output."""

import difflib
import errno
import re
from collections.abc import Iterable
from pathlib import Path

from report_cli import wording

# A disk that is full or can't be written is the machine's state, not a bug of the program.
MACHINE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
# Where in a message its file and line are: templates/documents/paper.md:12, or with a column behind.
PLACE = re.compile(r"(?<![\w/])(?P<file>[\w./-]+\.\w+):(?P<line>\d+)(?::(?P<column>\d+))?")
_NO_FOLDER = (errno.EEXIST, errno.ENOTDIR)


class ReportError(Exception):
    """The work failed (exit code 1).

    `message` says what happened with the offending value; `hint` is a command or the valid choices.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        # Whether a warning has said it already: as an error it is then not said again.
        self.is_told = False

    def lines(self, kind: str = "error") -> str:
        """Return what happened and what to do in a line each, as a terminal and the page of `report watch` show it."""
        hint = f"\nhint: {' '.join(self.hint.split())}" if self.hint else ""
        return wording.printable(f"{kind}: {' '.join(self.message.split())}{hint}")


class UsageError(ReportError):
    """The command line, the configuration or a template names something that doesn't exist (exit code 2)."""

    exit_code = 2


class DataError(ReportError):
    """Images are missing, malformed or not what they claim to be (exit code 1)."""


class AbsentError(DataError):
    """Where images were looked for, there are none of the kind (exit code 1)."""


class RunError(ReportError):
    """An experiment failed; its failure is recorded, and no result of it is used (exit code 1)."""


def unknown(what: str, name: str, choices: Iterable[str]) -> UsageError:
    """Return the error for a `name` that is none of `choices`, near misses first."""
    known = sorted(set(choices))
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {wording.listing(near, 'or')}?" if near else "known: " + (", ".join(known) or "none")
    return UsageError(f"unknown {what} {name!r}", hint)


def of_machine(error: OSError) -> ReportError | None:
    """Return the error for what is wrong with the machine's disk, None where `error` is about something else."""
    if error.errno not in (*MACHINE, *_NO_FOLDER):
        return None
    path = Path(str(error.filename or ""))
    here = Path.cwd()
    place = f"{path.relative_to(here) if path.is_relative_to(here) else path}: " if error.filename else ""
    if error.errno in _NO_FOLDER:
        return ReportError(f"{place}a file lies where a folder belongs", "move the file away")
    hint = "free some space, for instance with report gc, or give yourself the right to write there"
    return ReportError(f"{place}can't be read or written: {error.strerror}", hint)
