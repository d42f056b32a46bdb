"""The worker process: measures and draws what it is asked to, one request after another.

Requests come as JSON lines on what was stdin, events leave as JSON lines on what was stdout. An experiment has an empty
stdin of its own, and what it or TensorFlow prints goes to stderr, which is the log. The worker ends when its requests
do, so it never outlives the process that asked. Started as `python -m report_cli.execution.worker FOLDER`.
"""

import contextlib
import inspect
import json
import os
import queue
import random
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from report_cli.errors import ReportError, RunError, UsageError, of_machine
from report_cli.execution import isolation, registry, standins
from report_cli.execution.blame import blame
from report_cli.execution.recorder import CheckpointFolder, FigureFolder, Recorder
from report_cli.experiment import Experiment
from report_cli.keys import key
from report_cli.keys.environment import THREADS, machine_precision
from report_cli.keys.inputs import Watch, note_unwatched, watch_hdf5, watch_tensorflow
from report_cli.keys.key import Recipe
from report_cli.keys.sources import Reach, Sources
from report_cli.project import Project, Settings, inherited_templates
from report_cli.settings import override
from report_cli.store import manifest as manifests
from report_cli.store.run import Results, Run

Request = Mapping[str, Any]
Send = Callable[[Mapping[str, Any]], None]


def main() -> None:
    """Serve requests until they end."""
    pipes = asked, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    # A forked process that outlived the worker would keep the pipes open.
    os.register_at_fork(after_in_child=lambda: [os.dup2(nothing, pipe, inheritable=False) for pipe in pipes])
    events = os.fdopen(answers, "w", buffering=1)
    # Ctrl-C reaches the whole process group; the parent decides what becomes of the run.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    project = Project(Path(sys.argv[1]), Settings())

    def send(event: Mapping[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")

    requests: queue.Queue[Request] = queue.Queue()
    threading.Thread(target=_receive, args=(asked, requests), daemon=True).start()
    worker = Worker(project, send)
    while not worker.spent:
        worker.serve(requests.get())


def _receive(pipe: int, requests: "queue.Queue[Request]") -> None:
    with os.fdopen(pipe) as lines:
        for line in lines:
            requests.put(json.loads(line))
    # What experiments have started goes, too; it is in the session of the worker.
    if os.getsid(0) == os.getpid():
        os.killpg(0, signal.SIGTERM)
    os._exit(0)


class Worker:
    """Answers requests with events, each with the project's code as it was when the request was planned."""

    def __init__(self, project: Project, send: Send) -> None:
        self._project = project
        self._send = send
        self._data: dict[str, Any] = {}
        self._seed: int | None = None
        self._path = list(sys.path)
        self._snapshot: Sources | None = None
        # Whether experiments have started processes, which may hold their code: no other request shall find them.
        self.spent = False
        hooks = {
            "keras": self._start_keras,
            "torch": self._start_torch,
            "h5py": watch_hdf5,
            "tensorflow": watch_tensorflow,
            "multiprocessing.process": self._watch_processes,
        }
        sys.meta_path.insert(0, isolation.AfterImport(hooks))

    def serve(self, request: Request) -> None:
        """Carry out one request; its last event is "done" or "failed", and says where it can carry out no other."""
        tasks = {"measure": self._measure, "draw": self._draw, "read_in": self._read_in}
        try:
            answer = tasks[request["do"]](request)
        except BaseException as error:  # an experiment may raise anything; the run is recorded as failed
            if not isinstance(error, ReportError):
                # The log may be on the very disk that is full.
                with contextlib.suppress(OSError):
                    traceback.print_exc()
            known = _machine_error(error) or blame(error, self._project.root)
            self._send({"event": "failed", "message": known.message, "hint": known.hint, "spent": self.spent})
        else:
            self._send({"event": "done", **answer, "spent": self.spent})

    def _measure(self, request: Request) -> dict[str, Any]:
        source = request["source"]
        ignored = (Path(source["path"]),) if source and source["path"] else ()
        watch = Watch(self._project.root, ignored)
        snapshot = self._sources(request)
        importing = registry.importing(snapshot, engine=True, strict=True)
        with (
            isolation.log_to(request["log"]),
            isolation.process_state(),
            importing as sought,
            isolation.warning_counts() as counts,
        ):
            self._begin(request["seed"])
            with watch.on():
                experiment = _declared(request)
            params, _ = override(experiment, request["profile"], request["point"], request["settings"])
            needs = {
                name: Results(name, tuple(Run(Path(p), manifests.read(Path(p))) for p in places))
                for name, places in request["needs"].items()
            }
            # Reads all that the recipe was made of: a file that was edited since raises.
            recipe = _checked(request, experiment, params, snapshot, needs)
            reached = recipe.code
            drawing: set[str] = set()

            def note_modules() -> None:
                _note_modules(watch, snapshot, sought, reached, drawing)

            checkpoint = CheckpointFolder(Path(request["checkpoints"]), watch, note_modules)

            def pretrained(weights: Any) -> Any:
                from report_cli.datasets import weights as loading

                folder = request["data"] and Path(request["data"])
                return loading.load(weights, folder, Path(request["cache"]))

            folder = Path(request["folder"])
            cache = key.computed(Path(request["cache"]))
            record = Recorder(
                experiment,
                request["seed"],
                folder,
                checkpoint,
                needs,
                watch,
                pretrained,
                self._send,
                machine_precision(),
                cache,
            )
            before = set(sought)
            available = {"params": params, "data": self._load(experiment, request), "record": record}
            # What draws the data is a part of its identity.
            drawing |= set(sought) - before
            self._note_files(watch, experiment)
            wanted = inspect.signature(experiment.measure).parameters
            with isolation.core_binding(request["cores"]), watch.on():
                experiment.measure(**{name: given for name, given in available.items() if name in wanted})
            record.finish()
            note_modules()
            watch.check()
        return {
            "inputs": watch.inputs(),
            "unwatched": sorted(watch.unwatched),
            "times": record.times,
            "earlier_s": checkpoint.earlier_s,
            "here": recipe.environment,
            "warnings": [{"category": c, "message": m, "count": n} for (c, m), n in counts.items()],
        }

    def _draw(self, request: Request) -> dict[str, Any]:
        from report_cli.figures import style

        fonts = tuple(map(Path, request["fonts"]))
        style.add_fonts(fonts)
        snapshot = self._sources(request)
        # Fonts of the project are in the key, the others are this program's.
        watch = Watch(self._project.root, (*fonts, inherited_templates() / "style" / "fonts"))
        runs = tuple(Run(Path(place), manifests.read(Path(place))) for place in request["runs"])
        results = Results(request["experiment"], runs)
        importing = registry.importing(snapshot, engine=True)

        def draw(experiment: Experiment) -> dict[str, Any]:
            figures = FigureFolder(experiment, Path(request["folder"]), results)
            assert experiment.draw is not None
            with style.style(), watch.on():
                experiment.draw(results, figures)
            self._note_files(watch, experiment)
            # What measuring alone reaches is imported beside it, since both stand in one module.
            measuring = key.code(experiment, snapshot).modules
            _note_modules(watch, snapshot, sought, key.drawing_code(experiment, snapshot), measuring)
            watch.check()
            figures.finish(watch.inputs())
            return {"notes": figures.notes}

        with isolation.log_to(request["log"]), isolation.process_state(), importing as sought:
            try:
                with standins.standing_in(standins.for_drawing), watch.on():
                    experiment = _declared(request)
                with standins.refused():
                    return draw(experiment)
            except (standins.UsedError, UsageError):
                registry.forget(snapshot)
                with watch.on():
                    experiment = _declared(request)
                return draw(experiment)

    def _read_in(self, request: Request) -> dict[str, Any]:
        from report_cli.datasets import load
        from report_cli.datasets.source import Source

        snapshot = self._sources(request)
        source = Source.from_json(request["source"], registry.load(self._project, snapshot).data)
        return {"digest": load.read_in(source, Path(request["cache"])).digest}

    def _load(self, experiment: Experiment, request: Request) -> Any:
        data, source = experiment.data, request["source"]
        if data is None or source is None:
            return None
        from report_cli.datasets import load
        from report_cli.datasets.source import Source

        name = json.dumps([data.name, source], sort_keys=True)
        if name not in self._data:
            # One set at a time: two real ones would not fit beside a training run.
            self._data = {name: load.load(Source.from_json(source, {data.name: data}), Path(request["cache"]))}
        return self._data[name]

    def _note_files(self, watch: Watch, experiment: Experiment) -> None:
        """Note the files that an experiment declares, since they are read where no one sees it."""
        for pattern in experiment.files:
            for path in sorted(self._project.root.glob(pattern)) or [self._project.root / pattern]:
                watch.file(path)
                if "*" in pattern:  # another file may match it later
                    watch.folder(str(path.parent))

    def _sources(self, request: Request) -> Sources:
        """Return the code as it was planned: what an earlier request has read may have been edited since."""
        snapshot = registry.sources(self._project, request["sources"])
        if self._snapshot is not None:
            snapshot.adopt(self._snapshot.read())
        self._snapshot = snapshot
        return snapshot

    def _begin(self, seed: int) -> None:
        """Make what follows independent of what ran before in this process."""
        import numpy as np

        self._seed = seed
        sys.path[:] = self._path
        os.chdir(self._project.root)
        random.seed(seed)
        np.random.seed(seed)
        with isolation.random_states():
            for name, start in (("keras", self._start_keras), ("torch", self._start_torch)):
                if name in sys.modules:
                    start(sys.modules[name])

    def _start_keras(self, module: ModuleType) -> None:
        if self._seed is not None:
            from report_cli.training import backend

            backend.start(self._seed, THREADS)

    def _start_torch(self, module: Any) -> None:
        if self._seed is not None:
            module.manual_seed(self._seed)
            module.set_num_threads(THREADS)
            module.use_deterministic_algorithms(True)

    def _watch_processes(self, module: ModuleType) -> None:
        """Let the processes that an experiment starts import the project as it does; what they read isn't watched."""
        started = module.BaseProcess.start

        def start(process: Any) -> None:
            self.spent = True
            note_unwatched("subprocess")
            if self._snapshot is not None:
                # First of all, so that it is there when a function of the project is unpickled.
                process.__dict__ = {"_imports": _Imports(self._project, self._snapshot), **vars(process)}
            started(process)

        module.BaseProcess.start = start


class _Imports:
    """Where it is unpickled, the project is imported from then on, from the texts that it is imported from here."""

    def __init__(self, project: Project, snapshot: Sources) -> None:
        own = (m for m in snapshot.read() if m.name.partition(".")[0] != "report_cli")
        self._given = str(project.root), [(m.name, str(m.path), m.text, m.is_package) for m in own]

    def __reduce__(self) -> tuple[Any, ...]:
        # As it is known by now: modules of this program are imported anew for each request.
        from report_cli.execution import registry

        return registry.import_texts, self._given


def _declared(request: Request) -> Experiment:
    """Import the module of the experiment that is asked for, and return it."""
    with registry.declaring() as made:
        registry.import_module(request["module"])
    return next(item for item in made if item.name == request["experiment"])


def _note_modules(
    watch: Watch,
    snapshot: Sources,
    sought: Mapping[str, Path],
    reached: Reach,
    others: Collection[str] = (),
) -> None:
    """Note what was imported beyond what a key follows, but for these others: all, where code may reach any of it."""
    for name, path in sought.items():
        if reached.dynamic or (name not in reached.modules and name not in others):
            module = snapshot.module(name)
            if module is None or module.path.is_file():
                watch.module(path, module.digest if module else None)


def _checked(
    request: Request, experiment: Experiment, params: Any, snapshot: Sources, needs: Mapping[str, Results]
) -> Recipe:
    """Return the recipe as it is made here; RunError where it isn't the one that was planned."""
    content = request["source"]["digest"] if request["source"] is not None else None
    needed = {name: [run.manifest.recipe_digest for run in results] for name, results in needs.items()}
    made = key.recipe(experiment, params, request["seed"], snapshot, content, needed)
    if made.digest != request["recipe"]:
        raise RunError("where it was to be computed, its recipe is another one than was planned", "run it again")
    return made


def _machine_error(error: BaseException) -> ReportError | None:
    """Return the error for a machine at its limits: disk or memory. TensorFlow has a name of its own for the latter."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return ReportError("memory ran out", "take less at once, for instance --set batch_size=16")
    return of_machine(error) if isinstance(error, OSError) else None


if __name__ == "__main__":
    main()
