"""The program's entry, and the one place that turns errors into output and exit codes.

0 done; 1 the work failed; 2 usage or configuration; 3 internal error, with a log; 130 interrupted.
"""

import io
import os
import sys
from pathlib import Path
from typing import NoReturn

from report_cli.cli.app import app
from report_cli.errors import ReportError, of_machine


def main() -> None:
    """Run the command line."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # A terminal may have fewer characters than titles have.
    # An error's hint says "again with --debug": it has to work in any place.
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    try:
        app(arguments, prog_name="report")
    except ReportError as error:
        _expected(error)
    except OSError as error:
        known = of_machine(error)
        if known is None:
            _internal(error)
        _expected(known)
    except Exception as error:  # a bug of ours: keep the traceback where it can be sent from
        _internal(error)


def _expected(error: ReportError) -> NoReturn:
    _show_traceback()
    from report_cli.cli.console import say_error

    told = f"{error.message.partition(':')[0]} has to be mended first: see the warning"
    say_error((ReportError(told) if error.is_told else error).lines(root=_root()))
    sys.exit(error.exit_code)


def _root() -> Path | None:
    """Return the folder of the project, whose lines an error may show; None where that is what is wrong."""
    from report_cli import project

    try:
        return project.find(Path.cwd()).root
    except (ReportError, OSError):
        return None


def _internal(error: Exception) -> NoReturn:
    from report_cli.cli.console import say_error

    _show_traceback()
    say_error(ReportError(f"{type(error).__name__}: {error}", _log()).lines("internal error"))
    sys.exit(3)


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
