"""What a template or its layout may take: time, memory, length. One that never ends is an error, not a standstill."""

import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from report_cli.errors import UsageError

# All in all the largest document here renders in a second, and pandoc reads it in two.
RENDER_S = 10
CONVERT_S = 20
MEMORY_BYTES = 512 << 20
MARKDOWN_BYTES = 4 << 20
# Laying out takes a second for some ten thousand characters.
PRINT_S = 20
PRINT_RATE = 4000
PRINT_BYTES = 2 << 30
PRINT_CELLS = 20_000
EXPONENT = 1000


class EndlessError(UsageError):
    """A template takes longer than any that ends."""


class Sandbox(SandboxedEnvironment):
    """Jinja's sandbox, in which a power can't keep the processor busy for hours where nothing can interrupt it."""

    intercepted_binops = frozenset({"**"})

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        if abs(right) > EXPONENT or abs(left) > 1 << 64:
            raise UsageError(f"the power {str(left)[:20]} ** {str(right)[:20]} is too large")
        return super().call_binop(context, operator, left, right)


@contextmanager
def rendering() -> Iterator[None]:
    """Within the block RENDER_S seconds of processor time end in EndlessError, and MEMORY_BYTES more in MemoryError."""
    with _ended_after(RENDER_S, "it takes", "look for loops that are too long"), _more_memory(MEMORY_BYTES):
        yield


@contextmanager
def printing(length: int) -> Iterator[None]:
    """Bound the layout of `length` characters likewise: a longer page may take longer."""
    hint = "look for tables, figures and style rules that are too large"
    with _ended_after(PRINT_S + length // PRINT_RATE, "the PDF takes", hint), _more_memory(PRINT_BYTES):
        yield


@contextmanager
def converting() -> Iterator[None]:
    """Within the block a process that is started may take CONVERT_S seconds of processor time; then it is ended."""
    own_s = int(time.process_time()) + 1
    with _soft(resource.RLIMIT_CPU, own_s + CONVERT_S), _soft(resource.RLIMIT_CORE, 0):
        yield


def check_cells(html: str) -> None:
    """Raise UsageError when a page has more cells than anyone reads; laying out 100,000 takes minutes."""
    count = html.count("<td")
    if count > PRINT_CELLS:
        raise UsageError(
            f"the tables of the PDF have {count:,} cells, more than {PRINT_CELLS:,}", "show a part, or draw a figure"
        )


def check_length(markdown: str) -> None:
    """Raise UsageError when a document is longer than any that is meant."""
    length = len(markdown.encode(errors="replace"))
    if length > MARKDOWN_BYTES:
        raise UsageError(
            f"the document has {length >> 20} MiB of Markdown, more than {MARKDOWN_BYTES >> 20}",
            "look for loops that are too long",
        )


@contextmanager
def _ended_after(seconds: int, what: str, hint: str) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # Signals reach the main thread alone; the program renders nowhere else.
        return

    error = EndlessError(f"{what} more than {seconds} s to render", hint)
    late = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal late
        late = True
        raise error

    # Processor time: on a busy machine a short template may take long by the clock.
    before = signal.signal(signal.SIGPROF, end)
    # Again every second, for the renderer of figures catches any error and goes on.
    signal.setitimer(signal.ITIMER_PROF, seconds, 1)
    try:
        yield
        if late:
            raise error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _more_memory(most: int) -> AbstractContextManager[None]:
    return _soft(resource.RLIMIT_AS, _address_space_bytes() + most)


@contextmanager
def _soft(limit: int, most: int) -> Iterator[None]:
    """Lower a limit of this process, which what it starts inherits, and put it back."""
    soft, hard = resource.getrlimit(limit)
    lower = [most, *(known for known in (soft, hard) if known != resource.RLIM_INFINITY)]
    try:
        resource.setrlimit(limit, (min(lower), hard))
    except (OSError, ValueError):
        yield  # A system that doesn't know this limit goes without.
        return
    try:
        yield
    finally:
        resource.setrlimit(limit, (soft, hard))


def _address_space_bytes() -> int:
    """Return what this process has reserved so far; where the system doesn't tell, as much as is never reached."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return 1 << 46
