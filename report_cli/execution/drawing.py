"""Draws the figures of results, where the drawing code or a run is new: several experiments at once.

Those of an experiment lie under a key of their own, and are drawn under a lock of their own.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from queue import SimpleQueue

from report_cli import files
from report_cli.errors import RunError
from report_cli.execution import asking
from report_cli.execution.listener import Listener
from report_cli.execution.local import Worker
from report_cli.execution.workspace import Workspace
from report_cli.experiment import Experiment
from report_cli.store.run import FigureFile, Results

# Starting a worker takes as long as drawing one experiment, so each gets at least so many.
EXPERIMENTS_PER_WORKER = 3
# How often what another process is at is looked for again.
POLL_S = 0.1

Figures = dict[str, FigureFile]


class Drawing:
    """Has figures drawn by `workers`, by as many of them as are worth it."""

    def __init__(self, workspace: Workspace, listener: Listener, workers: Sequence[Worker]) -> None:
        self._workspace = workspace
        self._listener = listener
        self._workers = workers

    def figures(self, results: Mapping[str, Results]) -> tuple[dict[str, Figures], dict[str, RunError]]:
        """Return the figures of each experiment, and for those that can't be drawn the error.

        They are drawn where the drawing code or a run is new.
        """
        from concurrent.futures import Future, ThreadPoolExecutor

        experiments = self._workspace.experiments
        stored = {name: figures_of(self._workspace, experiments[name], each) for name, each in results.items()}
        figures = {name: each for name, each in stored.items() if each is not None}
        todo = [name for name in results if name not in figures]
        workers = self._workers[: max(1, len(todo) // EXPERIMENTS_PER_WORKER)]
        idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in workers:
            idle.put(worker)
        drawing: dict[str, Future[Figures]] = {}
        errors = {}
        stop = threading.Event()
        with ThreadPoolExecutor(len(workers)) as pool:
            try:
                for name in todo:
                    drawing[name] = pool.submit(self._draw, name, results[name], idle, stop)
                for name, future in drawing.items():
                    try:
                        figures[name] = future.result()
                    except RunError as error:
                        errors[name] = error
            except BaseException:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                while not all(future.done() for future in drawing.values()):
                    # Again and again: a worker may be just about to start its process.
                    for worker in workers:
                        worker.kill()
                    time.sleep(POLL_S)
                raise
        return {name: figures[name] for name in results if name in figures}, errors

    def _draw(self, name: str, results: Results, idle: "SimpleQueue[Worker]", stop: threading.Event) -> Figures:
        experiment, store = self._workspace.experiments[name], self._workspace.store
        figure_key = _figure_key(self._workspace, experiment, results)
        target = store.figure_target(name, figure_key)
        with self._lock(name, target.name, stop):
            # Another process may have drawn them meanwhile.
            if (drawn := figures_of(self._workspace, experiment, results)) is not None:
                return drawn
            worker = idle.get()
            try:
                self._listener.note(f"drawing the figures of {name}")
                with files.staged_folder(store.scratch, target) as folder:
                    runs = [str(run.folder) for run in results]
                    log = asking.log_of(self._workspace, name, "figures")
                    fonts = [str(path) for path in self._workspace.project.fonts.values()]
                    request = {"do": "draw", "runs": runs, "fonts": fonts, "folder": str(folder), "log": str(log)}
                    request |= asking.about(self._workspace, experiment)
                    answer = asking.ask(self._workspace, worker, request, name, log)
            finally:
                idle.put(worker)
            for note in answer["notes"]:
                self._listener.note(note)
            # Whatever else has changed: these were drawn a moment ago.
            drawn = store.figures(name, figure_key)
        assert drawn is not None
        return drawn

    @contextlib.contextmanager
    def _lock(self, name: str, target: str, stop: threading.Event) -> Iterator[None]:
        """Hold the lock of figures, once no other process does; RunError after `stop`."""
        with contextlib.ExitStack() as held:
            told = False
            while not stop.is_set():
                try:
                    held.enter_context(self._workspace.store.lock(name, target))
                except TimeoutError:
                    if not told:
                        self._listener.note(f"waiting for {name}")
                    told = True
                    stop.wait(POLL_S)
                else:
                    yield
                    return
        raise RunError(f"{name}: its figures were not drawn")


def figures_of(workspace: Workspace, experiment: Experiment, results: Results) -> Figures | None:
    """Return the figures of `results`, which may be none; None where they are to be drawn."""
    if experiment.draw is None or not len(results):
        return {}
    judge = workspace.judge
    return workspace.store.figures(experiment.name, _figure_key(workspace, experiment, results), judge.is_current)


def _figure_key(workspace: Workspace, experiment: Experiment, results: Results) -> str:
    return workspace.judge.figure_key(experiment, {run.key: run.outputs for run in results})
