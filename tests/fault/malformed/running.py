"""Runs the command of a case as a person would, with limits, and looks at what became of it and around it."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from report_cli import files
from tests.fault.malformed.case import Case, Place

ROOT = Path(__file__).parents[3]
SECONDS = 30
MEMORY_BYTES = 1 << 30


@dataclass(frozen=True)
class Answer:
    """What the command did: its exit code (None where it hung), what it said, and how much memory it took."""

    code: int | None
    out: str
    err: str
    most_memory_bytes: int
    outside: int
    executed: bool

    def faults(self, case: Case) -> list[str]:
        """Return what must not be so."""
        wanted = {True: (0,), False: (1, 2), None: (0, 1, 2)}[case.skipped]
        said = self.out + self.err
        errors = [line for line in self.err.splitlines() if line.startswith("error:")]
        checks = {
            "it hung": self.code is None,
            f"its exit code is {self.code}": self.code is not None and self.code not in wanted,
            "a traceback": self.traceback,
            f"{len(errors)} errors": len(errors) != (1 if self.code else 0),
            "code was executed": self.executed,
            f"{self.outside} files outside": self.outside > 0,
            "too much memory": self.most_memory_bytes > MEMORY_BYTES,
            f"{[each for each in case.says if each not in said]} not named": not all(
                each in said for each in case.says
            ),
        }
        return [fault for fault, found in checks.items() if found]

    @property
    def traceback(self) -> bool:
        return "Traceback" in self.err or "internal error" in self.err


def run(case: Case, place: Place, package: Path = ROOT, patience_s: float = SECONDS) -> Answer:
    """Return what became of the command of `case`."""
    for name in ("home", "tmp", "cache"):
        (place.around / name).mkdir(exist_ok=True)
    before = _around(place)
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("REPORT_", "XDG_", "PYTEST_"))},
        "HOME": str(place.around / "home"),
        "TMPDIR": str(place.around / "tmp"),
        "PYTHONPATH": str(package),
        "REPORT_CACHE": str(place.cache),
        "XDG_CACHE_HOME": str(place.cache / "xdg"),
        "MPLCONFIGDIR": str(place.cache / "xdg"),
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    out, err = place.around.with_suffix(".out"), place.around.with_suffix(".err")
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "report_cli", *case.command],
            cwd=place.root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=_confined if case.command[0] == "data" else None,
        )
        code, used = _ended(process, patience_s)
    return Answer(
        code,
        out.read_text(errors="replace"),
        err.read_text(errors="replace"),
        used,
        len(_around(place).symmetric_difference(before)),
        place.canary.exists() or (place.root / "canary").exists(),
    )


def _confined() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _ended(process: "subprocess.Popen[bytes]", patience_s: float) -> tuple[int | None, int]:
    """Return the exit code (None after `patience_s`) and the most memory that the process or one it started had."""
    until, most = time.monotonic() + patience_s, 0
    while process.poll() is None:
        if time.monotonic() > until:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None, most
        most = max(most, _memory_bytes(process.pid))
        time.sleep(0.01)
    return process.returncode, most


def _memory_bytes(pid: int) -> int:
    """Return the most memory that a process or one it started has had so far; 0 where there is no /proc to ask.

    Its resource usage would not do: Linux starts that at the memory of the process that started it.
    """
    try:
        told = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    own = re.search(r"VmHWM:\s*(\d+) kB", told)
    return max([int(own[1]) * 1024 if own else 0, *(_memory_bytes(int(child)) for child in children)])


def _around(place: Place) -> set[tuple[str, str]]:
    """Return every file outside the project and its cache, with its content."""
    inside = (place.root, place.cache)
    return {
        (path.relative_to(place.around).as_posix(), files.digest(path) if path.is_file() else "")
        for top in place.around.iterdir()
        if top not in inside
        for path in (top, *top.rglob("*"))
    }
