"""Expected failures: what happened, and what to do about it. Only `__main__` turns them into output."""

import difflib
import errno
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from report_cli import wording

# A disk that is full or can't be written is the machine's state, not a bug of the program.
MACHINE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
# Where in a message its file and line are: templates/documents/paper.md:12, or with a column behind.
PLACE = re.compile(r"(?<![\w/])(?P<file>[\w./-]+\.\w+):(?P<line>\d+)(?::(?P<column>\d+))?")
# So much is shown of a line.
EXCERPT = 100
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

    def lines(self, kind: str = "error", root: Path | None = None) -> str:
        """Return what happened and what to do in a line each, as a terminal and the page of `report watch` show it.

        In between stands the line at fault, where the message names one of a file below `root`.
        """
        hint = f"\nhint: {' '.join(self.hint.split())}" if self.hint else ""
        message = " ".join(self.message.split())
        return wording.printable(f"{kind}: {message}{_excerpt(message, root) if root else ''}{hint}")


def _excerpt(message: str, root: Path) -> str:
    """Return the line that a message names, below it a caret where the message tells the column or quotes a word."""
    place = PLACE.search(message)
    try:
        text = (
            (root / place["file"]).read_text(encoding="utf-8-sig").split("\n")[int(place["line"]) - 1] if place else ""
        )
    except (OSError, ValueError, IndexError):
        return ""
    if place is None or not text.strip():
        return ""
    start, width = int(place["column"] or 0) - 1, 1
    quoted = (re.compile(rf"(?<!\w){re.escape(word)}(?!\w)") for word in re.findall(r"'([^']+)'", message))
    found = [list(word.finditer(text)) for word in quoted]
    if start < 0 and (once := [each[0] for each in found if len(each) == 1]):
        start, width = once[0].start(), len(once[0][0])
    # Of a whole paragraph in a line what is around the fault is enough.
    cut = max(0, start + width - EXCERPT + 20)
    text, start = text.expandtabs(1)[cut : cut + EXCERPT], start - cut
    margin = " " * len(place["line"])
    caret = f"\n  {margin} | {' ' * start}{'^' * min(width, EXCERPT)}" if start >= 0 else ""
    return f"\n  {place['line']} | {text.rstrip()}{caret}"


class UsageError(ReportError):
    """The command line, the configuration or a template names something that doesn't exist (exit code 2)."""

    exit_code = 2


class DataError(ReportError):
    """Images are missing, malformed or not what they claim to be (exit code 1)."""


class AbsentError(DataError):
    """Where images were looked for, there are none of the kind (exit code 1)."""


class RunError(ReportError):
    """An experiment failed; its failure is recorded, and no result of it is used (exit code 1)."""


class ResultError(ReportError):
    """A page can't show a result, wherever it asks for it: told once, with the first place (exit code 1)."""


class CollectedError(UsageError):
    """Errors that don't hinder one another, told together; the exit code is that of the first."""

    def __init__(self, errors: Iterable[ReportError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(error.message for error in self.errors), self.errors[0].hint)
        self.exit_code = self.errors[0].exit_code

    def lines(self, kind: str = "error", root: Path | None = None) -> str:
        """Return each of them as it tells itself, and how many there are."""
        told = [error.lines(kind, root) for error in self.errors]
        more = " at least" if len(told) == Faults.MOST else ""
        return "\n\n".join([*told, f"{len(told)} errors{more}"])


class Faults:
    """Takes errors that don't hinder one another, each once, to raise them together."""

    MOST = 20

    def __init__(self) -> None:
        self.errors: dict[str, ReportError] = {}
        # Where a result was asked for, by what is wrong with it.
        self._places: dict[str, set[str]] = {}
        # Whether what was left out for an error may have had labels that something else refers to.
        self.is_partial = False
        # The error raised last: on its way out it passes `noting` blocks, which must not take it again.
        self._raised: ReportError | None = None

    def note(self, error: ReportError) -> None:
        """Take an error; raise all that there are where they are many."""
        errors = error.errors if isinstance(error, CollectedError) else (error,)
        for each in errors if error is not self._raised else ():
            told = each.message
            if isinstance(each, ResultError) and (place := PLACE.match(told)):
                told = told[place.end() :]
                self._places.setdefault(told, set()).add(place[0])
            self.errors.setdefault(told, each)
        if len(self.errors) >= self.MOST:
            self.check()

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Take the error that the block raises."""
        try:
            yield
        except ReportError as error:
            self.note(error)

    def check(self) -> None:
        """Raise what was taken: one error as it is, several together."""
        errors = sorted((self._counted(told, error) for told, error in self.errors.items()), key=_order)
        if errors:
            self._raised = errors[0] if len(errors) == 1 else CollectedError(errors)
            raise self._raised

    def _counted(self, told: str, error: ReportError) -> ReportError:
        """Return an error that says in how many places more it is the same."""
        more = len(self._places.get(told, ())) - 1
        if more < 1:
            return error
        place = error.message.removesuffix(told)
        return type(error)(f"{place} and {more} more {'place' if more == 1 else 'places'}{told}", error.hint)


def _order(error: ReportError) -> tuple[str, int]:
    place = PLACE.match(error.message)
    return (place["file"], int(place["line"])) if place else ("", 0)


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
