"""The wall-clock limit on a step of a build: a template or a layout that never ends is an error, not a standstill."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from report_cli.errors import UsageError

HINT = "look for what is too long or never ends, or raise time_limit in [tool.report]"


class OverdueError(UsageError):
    """A step of a build takes more than its time (exit code 2)."""


def overdue(step: str, seconds: int) -> OverdueError:
    """Return the error of a step that took more than `seconds`."""
    return OverdueError(f"{step} takes more than {seconds} s", HINT)


@contextmanager
def deadline(step: str, seconds: int) -> Iterator[None]:
    """Within the block, more than `seconds` by the clock end in an OverdueError that names `step`.

    Signals reach the main thread alone, where the program renders; in another thread there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    error = overdue(step, seconds)
    late = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal late
        late = True
        raise error

    before = signal.signal(signal.SIGALRM, end)
    # Again every second, for the renderer of figures catches any error and goes on.
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    except Exception as flaw:
        if late and flaw is not error:
            raise error from flaw
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    if late:
        raise error
