"""The executor on a Ray cluster: ships what a run needs, and takes back what it measured, which is stored here.

A task there starts the same worker process as on this machine, apart from what Ray does to its own. The nodes have this
program and the packages of the experiments installed. Shipped are the files of the project, the runs that a run needs,
and the images that were read in, where a node hasn't them; pretrained weights are looked for there as here.
"""

import os
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from typing import Any

from report_cli import files, wording
from report_cli.errors import ReportError, RunError, UsageError
from report_cli.execution import registry
from report_cli.execution.local import Event, Request
from report_cli.execution.plan import Name
from report_cli.execution.worker_client import DeathError, LocalWorker
from report_cli.execution.workspace import user_cache
from report_cli.keys import inputs
from report_cli.project import Project, Settings

# Of a project: what the program writes. What is hidden isn't shipped either: it may be secret.
OUTPUT = ("build", "experiments/results")
MOST_BYTES = 200_000_000
# How often a run whose process was killed is tried again.
RETRIES = 2
POLL_S = 0.2
INSTALL = "pip install '.[ray]' in the folder of this program"
CONNECT_S = 5.0


class RayExecutor:
    """Measures runs as tasks of the cluster that RAY_ADDRESS names, or of the one that runs on this machine.

    `jobs` is how many at once; None is as many as the nodes take.
    """

    def __init__(self, project: Project, jobs: int | None) -> None:
        self._project = project
        self._jobs = jobs
        self._ray: Any = None
        self._aside = ExitStack()
        self._tasks: dict[Any, tuple[Name, Request]] = {}
        self._events: deque[tuple[Name, Event | BaseException]] = deque()
        # What was shipped once: the project, runs by folder, images by digest.
        self._shipped: dict[str, Any] = {}

    def open(self) -> int:
        """Connect, and return how many runs are taken at once.

        Raises:
            UsageError: Ray isn't installed, no cluster answers, or none of its nodes has what a run takes.
        """
        options = {"num_cpus": 1.0, **dict(self._project.settings.ray)}
        if self._ray is None:
            self._ray = _connected()
            # Ray prints there what happens to its processes, and can't be told not to; ours are the results.
            self._aside.enter_context(redirect_stdout(sys.stderr))
            self._mailbox = self._ray.remote(num_cpus=0, max_restarts=-1)(Mailbox).remote()
            task = self._ray.remote(max_retries=RETRIES, retry_exceptions=[DeathError], **options)
            self._measure = task(measure)
        room = sum(_room(node["Resources"], options) for node in self._ray.nodes() if node["Alive"])
        if not self._jobs and not room:
            wanted = wording.listing([f"{name} = {number:g}" for name, number in options.items()])
            raise UsageError(
                f"no node of the cluster has {wanted}",
                "change [tool.report.ray]; where nodes are started on demand, say how many runs at once: --jobs N",
            )
        return self._jobs or room

    def submit(self, name: Name, request: Request, at_once: int) -> None:
        """Ship what `request` needs, and have it carried out on some node."""
        from report_cli.datasets import cache as decoded

        images = []
        if request["source"] and request["source"]["layout"]:
            digest = request["source"]["digest"]
            # In a list: so a node fetches it only when it asks for it.
            images = [self._ship(digest, partial(decoded.packed, Path(request["cache"]), digest))]
        root = self._project.root
        project = self._ship("", lambda: files.packed(root, shipped_files(root, request["data"])))
        runs = [self._ship(place, partial(files.packed, Path(place))) for place in _needs(request)]
        task = self._measure.remote({**request, "root": str(root)}, name, self._mailbox, images, project, *runs)
        self._tasks[task] = name, request

    def event(self, timeout_s: float | None) -> tuple[Name, Event | BaseException] | None:
        began_s = time.monotonic()
        while not self._events:
            if timeout_s is not None and time.monotonic() > began_s + timeout_s:
                return None
            if not self._tasks:
                time.sleep(POLL_S)
                continue
            # Progress is only for people: a node that is gone takes some of it along.
            with suppress(self._ray.exceptions.RayError):
                under_way = {name for name, _ in self._tasks.values()}
                heard = self._ray.get(self._mailbox.take.remote())
                self._events.extend((name, event) for name, event in heard if name in under_way)
            ended, _ = self._ray.wait(list(self._tasks), timeout=POLL_S)
            self._events.extend(self._end(task) for task in ended)
        return self._events.popleft()

    def close(self) -> None:
        """End what is under way and leave the cluster, which goes on."""
        if self._ray is not None:
            with suppress(self._ray.exceptions.RayError):
                for task in self._tasks:
                    self._ray.cancel(task, force=True)
            self._tasks.clear()
            self._ray.shutdown()
            self._ray = None
            self._aside.close()

    def _ship(self, what: str, pack: Callable[[], bytes]) -> Any:
        if what not in self._shipped:
            self._shipped[what] = self._ray.put(pack())
        return self._shipped[what]

    def _end(self, task: Any) -> tuple[Name, Event | BaseException]:
        """Put what a task measured where it was asked for; the error where it failed."""
        name, request = self._tasks.pop(task)
        try:
            answer = self._ray.get(task)
        except DeathError as error:
            return name, RunError(f"{error.message} ({RETRIES + 1} times)")
        except self._ray.exceptions.RayError as error:
            return name, _of_ray(error)
        with files.log(Path(request["log"]), anew=True) as log:
            log.write(answer["log"])
        if answer["event"] == "failed":
            return name, RunError(answer["message"], answer["hint"])
        if changes := inputs.changed(answer["inputs"], self._project.root):
            return name, RunError(
                f"where it was computed it used what is not the same here: {changes[0]}",
                "make it the same on all nodes, or run it here: --executor local",
            )
        files.unpack(answer["outputs"], Path(request["folder"]))
        return name, answer


class Mailbox:
    """Holds the progress of all runs until it is asked for; an actor of the cluster."""

    def __init__(self) -> None:
        self._events: list[tuple[Name, Event]] = []

    def put(self, name: Name, event: Event) -> None:
        self._events.append((name, event))

    def take(self) -> list[tuple[Name, Event]]:
        taken, self._events = self._events, []
        return taken


def measure(request: Request, name: Name, mailbox: Any, images: list[Any], project: bytes, *runs: bytes) -> Event:
    """Carry out a request on the node where this is called: the last event, what was measured, and the log.

    Raises:
        DeathError: the worker process was killed.
    """
    import ray

    from report_cli.datasets import cache as decoded

    # Ray's default for its own processes; with it, numpy's sums would have other digits than elsewhere.
    os.environ.pop("OMP_NUM_THREADS", None)
    cache = user_cache()
    files.sweep(cache / "ray")
    with files.scratch_folder(cache / "ray", request["experiment"]) as place:
        root = place / "project"
        files.unpack(project, root)
        check_program(request["sources"], root)
        needs = [place / "needs" / Path(each).parent.name / Path(each).name for each in _needs(request)]
        for folder, archive in zip(needs, runs, strict=True):
            files.unpack(archive, folder)
        for each in images:
            if not decoded.has(cache, request["source"]["digest"]):
                decoded.unpack(cache, request["source"]["digest"], ray.get(each))
        there = iter(map(str, needs))
        whole = {
            **request,
            "source": _moved(request["source"], request["root"], root),
            "needs": {need: [next(there) for _ in each] for need, each in request["needs"].items()},
            "folder": str(place / "run"),
            "checkpoints": str(place / "checkpoints"),
            "log": str(place / "log"),
            "cache": str(cache),
            "cores": [],
        }
        files.make_folder(place / "run")
        began_s = time.monotonic()
        answer = _asked(whole, root, partial(mailbox.put.remote, name))
        # Without the time that Ray lets it wait.
        duration_s = time.monotonic() - began_s
        log = (place / "log").read_bytes() if (place / "log").exists() else b""
        outputs = files.packed(place / "run")
    return {**answer, "environment": answer.get("here"), "duration_s": duration_s, "outputs": outputs, "log": log}


def _asked(request: Request, root: Path, tell: Callable[[Event], Any]) -> Event:
    """Return the last event of a worker process; others are told."""
    last: Event = {}
    try:
        with closing(LocalWorker(Project(root, Settings()))) as worker:
            for last in worker.ask(request):
                if last["event"] != "done":
                    tell(last)
    except DeathError:
        raise
    except RunError as error:
        return {"event": "failed", "message": error.message, "hint": error.hint}
    return last


def _connected() -> Any:
    """Return Ray, connected to a cluster that is there; UsageError where that can't be."""
    import logging

    try:
        import ray
    except ImportError as error:
        raise UsageError("--executor ray needs Ray, which is not installed", INSTALL) from error
    address = os.environ.get("RAY_ADDRESS", "")
    host, _, port = address.rpartition(":")
    try:
        if port.isdigit():
            # Ray itself tries for minutes.
            socket.create_connection((host, int(port)), CONNECT_S).close()
        ray.init(address="auto", logging_level=logging.ERROR, log_to_driver=False)
    except (OSError, RuntimeError, ValueError) as error:
        where = f"at RAY_ADDRESS={address}" if address else "on this machine"
        hint = "ray start --head --include-dashboard=false, or set RAY_ADDRESS=HOST:PORT; the README tells of tokens"
        raise UsageError(f"no Ray cluster answers {where}", hint) from error
    return ray


def _of_ray(error: BaseException) -> ReportError:
    """Return the error for what went wrong in the cluster, not in the run."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, ReportError):
        return RunError(cause.message, cause.hint)
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    hint = f"every node needs this program: {INSTALL}" if "report_cli" in str(error) else "ray status"
    return RunError(f"the cluster could not run it: {lines[-1].strip()}", hint)


def _room(node: Mapping[str, float], options: Mapping[str, float]) -> int:
    """Return how many runs a node takes at once."""
    kinds = {"num_cpus": "CPU", "num_gpus": "GPU"}
    return int(min((node.get(kinds[name], 0) // number for name, number in options.items() if number), default=1))


def check_program(sources: Mapping[str, str], root: Path) -> None:
    """Raise RunError where this program is another one than that which planned the run, of these modules."""
    here = registry.sources(Project(root, Settings()))
    for name, digest in sources.items():
        if name.partition(".")[0] == "report_cli" and getattr(here.module(name), "digest", "") != digest:
            raise RunError(
                f"a node of the cluster has another version of this program: {name} differs",
                "install the same version on every node",
            )


def shipped_files(root: Path, data: str | None) -> list[str]:
    """Return the files of a project that a run may read, but for real images; UsageError where they are too large."""
    ignored = {root / folder for folder in OUTPUT} | ({Path(data)} if data else set())

    def is_shipped(path: Path) -> bool:
        return not path.name.startswith(".") and path.name != "__pycache__" and path not in ignored

    paths: list[Path] = []
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if is_shipped(Path(folder, name)))
        paths += [path for name in sorted(names) if is_shipped(path := Path(folder, name)) and path.is_file()]
    size_bytes = sum(map(files.size_bytes, paths))
    if size_bytes > MOST_BYTES:
        raise UsageError(
            f"the project holds {wording.size(size_bytes)} of files, and all of them go to the cluster with its runs",
            f"move out what no experiment reads; up to {wording.size(MOST_BYTES)} are shipped",
        )
    return [path.relative_to(root).as_posix() for path in paths]


def _needs(request: Request) -> Iterator[str]:
    """Yield the folders of the runs that a run needs."""
    for folders in request["needs"].values():
        yield from folders


def _moved(source: Mapping[str, Any] | None, root: str, here: Path) -> Mapping[str, Any] | None:
    """Return a source of data as it is with the project in `here`: tables lie in it, images in the cache."""
    if source is None or source["path"] is None or not Path(source["path"]).is_relative_to(root):
        return source
    return {**source, "path": str(here / Path(source["path"]).relative_to(root))}
