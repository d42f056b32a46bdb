"""Processes on this machine: the worker, and the program itself once more. The one place that spawns any."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from report_cli import files
from report_cli.errors import RunError
from report_cli.keys.inputs import worker_environment
from report_cli.project import Project
from report_cli.store.manifest import Commit

# How long a worker may take to end.
END_S = 5.0


class DeathError(RunError):
    """The worker process ended before it had answered (exit code 1)."""


class LocalWorker:
    """A worker that starts with its first request and serves many, so TensorFlow is imported once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._process: subprocess.Popen[str] | None = None

    def ask(self, request: Mapping[str, Any]) -> Generator[dict[str, Any], None, None]:
        """Yield the events that answer `request`; the last one is "done".

        Raises:
            RunError: the work failed. Without a hint, the log of the request tells more.
            DeathError: the process was killed.
        """
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                event = json.loads(line)
                if event.pop("spent", False):
                    # It ends by itself, as Python does: so what shares memory with other processes frees it.
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(END_S)
                    self.close()
                if event["event"] == "failed":
                    raise RunError(event["message"], event["hint"])
                yield event
                if event["event"] == "done":
                    return
        except (BrokenPipeError, json.JSONDecodeError):
            pass  # the worker died: its exit code says how
        raise self._death(process)

    def kill(self) -> None:
        if (process := self._process) is not None:
            process.kill()
            _end_session(process.pid)

    def close(self) -> None:
        """End the process; nobody may be waiting for an answer."""
        if self._process is not None:
            # Leaving the block closes the pipes and waits.
            with self._process as process:
                process.kill()
                _end_session(process.pid)
            self._process = None

    def _started(self) -> "subprocess.Popen[str]":
        if self._process is None:
            with files.log(self._project.logs / "worker.log") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "report_cli.execution.worker", str(self._project.root)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    env=worker_environment(),
                    cwd=self._project.root,
                    # What experiments start is in it, too, and has no terminal to wait for an answer from.
                    start_new_session=True,
                )
        return self._process

    def _death(self, process: "subprocess.Popen[str]") -> DeathError:
        with contextlib.suppress(BrokenPipeError), process:
            process.wait()
        _end_session(process.pid)
        code = process.returncode
        self._process = None
        if code == -signal.SIGKILL:
            return DeathError("the worker was killed, most likely because memory ran out")
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return DeathError(f"the worker process ended {how}")


def _end_session(leader: int) -> None:
    """End what the experiments of a worker have started, and left.

    Not by SIGKILL: what Python starts to free shared memory after all others ignores this signal, and ends last.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGTERM)


def commit(root: Path) -> Commit | None:
    """Return the commit of the project in `root`, None where it is in no git repository."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", *arguments], cwd=root, capture_output=True, text=True, timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    head, changes = git("rev-parse", "HEAD"), git("status", "--porcelain", "--", ".")
    return None if head is None or changes is None else Commit(head, clean=not changes)


class Program:
    """The program in a process of its own, in the same folder, with other arguments."""

    def __init__(self, arguments: Sequence[str]) -> None:
        # In a session of its own: Ctrl-C in the terminal is for the one who started it, who then stops it.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "report_cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ended(self) -> tuple[int, str] | None:
        """Return the exit code and what was said, or None while it goes on."""
        if self._process.poll() is None:
            return None
        return self._process.returncode, self._process.communicate()[1].strip()

    def stop(self) -> None:
        """End it, whatever it does; files are replaced whole, so nothing is left half-written."""
        self._process.kill()
        self._process.communicate()
