"""The program's entry, and the one place that turns errors into output and exit codes.

0 done; 1 the work failed; 2 usage or configuration; 3 internal error, with a log; 130 interrupted.
"""

import errno
import os
import sys
from pathlib import Path
from typing import NoReturn

from report_cli.cli.commands import app
from report_cli.errors import ReportError

# A disk that is full or can't be written is the machine's state, not a bug of the program.
NOT_OURS = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT)


def main() -> None:
    """Run the command line."""
    # An error's hint says "again with --debug": it has to work in any place.
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    try:
        app(arguments, prog_name="report")
    except ReportError as error:
        _show_traceback()
        print(f"error: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno not in NOT_OURS:
            _internal(error)
        _show_traceback()
        place = f"{_shown(error.filename)}: " if error.filename else ""
        print(f"error: {place}can't be read or written: {error.strerror}", file=sys.stderr)
        print("hint: free some space, or give yourself the right to write there", file=sys.stderr)
        sys.exit(1)
    except Exception as error:  # a bug of ours: keep the traceback where it can be sent from
        _internal(error)


def _internal(error: Exception) -> NoReturn:
    _show_traceback()
    print(f"internal error: {type(error).__name__}: {error}", file=sys.stderr)
    print(f"hint: {_log()}", file=sys.stderr)
    sys.exit(3)


def _shown(filename: object) -> str:
    """Return a path as seen from here, if it is below."""
    path = Path(str(filename))
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _show_traceback() -> None:
    if "--debug" in sys.argv[1:] or os.environ.get("REPORT_DEBUG"):
        import traceback

        traceback.print_exc()


def _log() -> str:
    """Write the traceback into the project's logs and return where it is."""
    import traceback

    from report_cli import files, project

    try:
        here = project.find(Path.cwd())
        path = here.logs / "internal-error.log"
        files.write_text(path, traceback.format_exc())
    except Exception:  # whatever is wrong with the project, the first error is the one to tell
        return "run it again with --debug to see where it happened"
    return f"log: {path.relative_to(here.root).as_posix()}"


if __name__ == "__main__":
    main()
