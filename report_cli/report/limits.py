"""What a template may take: time, memory, length. One that never ends is an error, not a machine that stands still."""

import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    if threading.current_thread() is not threading.main_thread():
        yield  # Signals reach the main thread alone; the program renders nowhere else.
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise EndlessError(f"it takes more than {RENDER_S} s to render", "look for loops that are too long")

    # Processor time: on a busy machine a short template may take long by the clock.
    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, RENDER_S)
    try:
        with _soft(resource.RLIMIT_AS, _address_space_bytes() + MEMORY_BYTES):
            yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def converting() -> Iterator[None]:
    """Within the block a process that is started may take CONVERT_S seconds of processor time; then it is ended."""
    own_s = int(time.process_time()) + 1
    with _soft(resource.RLIMIT_CPU, own_s + CONVERT_S), _soft(resource.RLIMIT_CORE, 0):
        yield


def check_length(markdown: str) -> None:
    """Raise UsageError when a document is longer than any that is meant."""
    length = len(markdown.encode(errors="replace"))
    if length > MARKDOWN_BYTES:
        raise UsageError(
            f"the document has {length >> 20} MiB of Markdown, more than {MARKDOWN_BYTES >> 20}",
            "look for loops that are too long",
        )


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
