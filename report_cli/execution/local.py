"""The executor on this machine: some worker processes, each on its share of the cores."""

import os
import queue
from collections.abc import Generator, Mapping, Sequence
from threading import Thread
from typing import Any, Protocol

from report_cli.execution.plan import Name

Request = Mapping[str, Any]
Event = Mapping[str, Any]


class Worker(Protocol):
    """Carries out requests one after another, by default in a process of its own."""

    def ask(self, request: Request) -> Generator[Event, None, None]:
        """Yield the events that answer `request`; the last one is "done". RunError where the work failed."""

    def kill(self) -> None:
        """End what it does: whoever waits for an answer gets an error."""

    def close(self) -> None:
        """Free what it holds; the next request starts it anew."""


class LocalExecutor:
    """Carries out as many requests at once as it has `workers`; a thread listens to each that is at work."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers
        self._idle = set(range(len(workers)))
        self._threads: list[Thread] = []
        self._events: queue.SimpleQueue[tuple[Name, Event | BaseException]] = queue.SimpleQueue()

    def open(self) -> int:
        """Return the number of workers; each starts with its first request."""
        return len(self._workers)

    def submit(self, name: Name, request: Request, at_once: int) -> None:
        """Have an idle worker carry out `request`, on its share of the cores where others are at work."""
        number = min(self._idle)
        self._idle.remove(number)
        whole = {**request, "cores": share(cores(), number, at_once)}
        thread = Thread(target=self._listen, args=(name, number, whole), daemon=True)
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    def event(self, timeout_s: float | None) -> tuple[Name, Event | BaseException] | None:
        try:
            return self._events.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def close(self) -> None:
        for thread in self._threads:
            while thread.is_alive():
                # Again and again: a worker may be just about to start its process.
                for number in set(range(len(self._workers))) - self._idle:
                    self._workers[number].kill()
                thread.join(0.1)
        for worker in self._workers:
            worker.close()

    def _listen(self, name: Name, number: int, request: Request) -> None:
        worker = self._workers[number]
        last: Event | BaseException = {}
        try:
            if request["profile"] == "full":
                worker.close()
            for event in worker.ask(request):
                if event["event"] != "done":
                    self._events.put((name, event))
                last = event
        except BaseException as error:  # noqa: BLE001 -- whatever it is, whoever takes the events raises it
            last = error
        self._idle.add(number)
        self._events.put((name, last))


def cores() -> list[int]:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def share(cores: Sequence[int], number: int, at_once: int) -> list[int]:
    """Return the cores of worker `number` of `at_once`: neighbours, at least one; none named is all, for one alone."""
    if at_once == 1:
        return []
    if at_once > len(cores):
        return [cores[number % len(cores)]]
    begin, end = (len(cores) * n // at_once for n in (number, number + 1))
    return list(cores[begin:end])
