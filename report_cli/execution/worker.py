"""The worker process: measures and draws what it is asked to, one request after another.

Requests come as JSON lines on stdin, events leave as JSON lines on what was stdout; anything else that is printed
(by TensorFlow, by an experiment) goes to stderr, which is the log. The worker ends when stdin does, so it never
outlives the process that asked. Started as `python -m report_cli.execution.worker FOLDER`.
"""

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from report_cli.datasets.spec import Images, Source
from report_cli.errors import DataError, ReportError, of_machine
from report_cli.execution import registry
from report_cli.execution.parameters import override
from report_cli.execution.recorder import Recorder
from report_cli.experiment import Experiment
from report_cli.project import Project, Settings
from report_cli.store import manifest
from report_cli.store.store import Run

Request = Mapping[str, Any]
Send = Callable[[Mapping[str, Any]], None]


def main() -> None:
    """Serve requests until stdin ends."""
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    # Ctrl-C reaches the whole process group; the parent decides what becomes of the run.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    project = Project(Path(sys.argv[1]), Settings())

    def send(event: Mapping[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")

    requests: queue.Queue[Request] = queue.Queue()
    threading.Thread(target=_receive, args=(requests,), daemon=True).start()
    worker = Worker(project, send)
    while True:
        worker.serve(requests.get())


def _receive(requests: "queue.Queue[Request]") -> None:
    for line in sys.stdin:
        requests.put(json.loads(line))
    os._exit(0)


def _open(folder: Path) -> Run:
    return Run(folder, manifest.read(folder))


def _machine_error(error: BaseException) -> ReportError | None:
    """Return the error for a machine at its limits: disk or memory. TensorFlow has a name of its own for the latter."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return ReportError("memory ran out", "take less at once, for instance --set batch_size=16")
    return of_machine(error) if isinstance(error, OSError) else None


class Worker:
    """Answers requests with events, each with the project's code as it was when the first was planned."""

    def __init__(self, project: Project, send: Send) -> None:
        self._project = project
        self._send = send
        self._experiments: dict[str, Experiment] = {}
        self._declared: Mapping[str, Images] = {}
        self._images: dict[str, Any] = {}

    def serve(self, request: Request) -> None:
        """Carry out one request; its last event is "done" or "failed"."""
        tasks = {"measure": self._measure, "draw": self._draw, "read_in": self._read_in}
        try:
            answer = tasks[request["do"]](request)
        except ReportError as error:
            # What is wrong with images the message says; nothing about it is in the log.
            logged = not isinstance(error, DataError)
            self._send({"event": "failed", "message": error.message, "hint": error.hint, "logged": logged})
        except BaseException as error:  # an experiment may raise anything; the run is recorded as failed
            # The log may be on the very disk that is full.
            with contextlib.suppress(OSError):
                traceback.print_exc()
            known = _machine_error(error)
            message = known.message if known else f"{type(error).__name__}: {error}{self._where(error)}"
            self._send({"event": "failed", "message": message, "hint": known.hint if known else ""})
        else:
            self._send({"event": "done", **answer})

    def _measure(self, request: Request) -> dict[str, Any]:
        experiment = self._experiment(request)
        params, _ = override(experiment, request["profile"], request["settings"])

        def tell(done: int, total: int, metrics: Mapping[str, float]) -> None:
            self._send({"event": "progress", "done": done, "total": total, "metrics": dict(metrics)})

        folder, checkpoints = Path(request["folder"]), Path(request["checkpoints"])
        needs = {name: _open(Path(place)) for name, place in request["needs"].items()}
        record = Recorder(experiment, request["seed"], folder, checkpoints, needs, tell)
        data = self._load(request)
        experiment.measure(params, data, record)
        record.finish()
        return {}

    def _draw(self, request: Request) -> dict[str, Any]:
        from report_cli.execution.drawing import FigureFolder
        from report_cli.figures import style

        experiment = self._experiment(request)
        figures = FigureFolder(experiment, Path(request["folder"]))
        if experiment.draw is not None:
            with style.style():
                experiment.draw(_open(Path(request["run"])), figures)
        figures.finish()
        return {}

    def _read_in(self, request: Request) -> dict[str, Any]:
        from report_cli.datasets import load

        source = Source.from_json(request["source"], self._sets(request))
        return {"digest": load.read_in(source, Path(request["cache"])).digest}

    def _experiment(self, request: Request) -> Experiment:
        self._import(request)
        return self._experiments[request["experiment"]]

    def _sets(self, request: Request) -> Mapping[str, Images]:
        self._import(request)
        return self._declared

    def _import(self, request: Request) -> None:
        if not self._experiments:
            # What runs must be what was hashed: every module is checked against the plan as it is imported.
            snapshot = registry.sources(self._project, request["sources"])
            self._experiments = registry.load(self._project, snapshot, (registry.EXPERIMENTS, "report_cli"))
            self._declared = registry.declared(self._project, snapshot)

    def _load(self, request: Request) -> Any:
        if request["source"] is None:
            return None
        from report_cli.datasets import load

        name = json.dumps(request["source"], sort_keys=True)
        if name not in self._images:
            source = Source.from_json(request["source"], self._sets(request))
            # One set of images at a time: two real ones would not fit beside a training run.
            self._images = {name: load.load(source, Path(request["cache"]))}
        return self._images[name]

    def _where(self, error: BaseException) -> str:
        """Return the innermost line of the project's own code that the error came through."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            path = Path(frame.filename)
            if path.is_relative_to(self._project.root) and ".venv" not in path.parts:
                return f" ({path.relative_to(self._project.root)}:{frame.lineno})"
        return ""


if __name__ == "__main__":
    main()
