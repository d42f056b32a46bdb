"""Imported by Python at its start: kills the program with its worker at a named change of the disk.

KILL_AT is "call|pattern|when": the first call of `os` whose path matches, killed "before" or "after" it. With a fourth
part, the first after this process renamed something to a path that matches this.
"""

import os
import re
import signal
import sys
from pathlib import Path


def _kill():
    if "report_cli.execution.worker" in sys.orig_argv:  # which is in a session of its own
        os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)
    os.killpg(0, signal.SIGKILL)


def _watch(call, pattern, when, renamed=""):
    real = getattr(os, call)
    armed = not renamed
    if renamed:
        rename = os.replace

        def replace(source, target, **named):
            nonlocal armed
            rename(source, target, **named)
            armed = armed or bool(re.search(renamed, os.fsdecode(target)))

        os.replace = replace

    def path_of(argument):
        if isinstance(argument, int):
            try:
                return str(Path(f"/proc/self/fd/{argument}").readlink())
            except OSError:
                return ""
        return os.fsdecode(argument)

    def doubled(*arguments, **named):
        found = armed and any(
            re.search(pattern, path_of(a)) for a in arguments[:2] if isinstance(a, int | str | os.PathLike)
        )
        if found and when == "before":
            _kill()
        result = real(*arguments, **named)
        if found:
            _kill()
        return result

    setattr(os, call, doubled)


if "KILL_AT" in os.environ:
    _watch(*os.environ["KILL_AT"].split("|"))
