"""What keeps one run from the next in a process that serves several: variables, paths, random states, logs, cores."""

import contextlib
import importlib.abc
import importlib.util
import inspect
import os
import random
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from report_cli import files


@contextlib.contextmanager
def log_to(path: str) -> Iterator[None]:
    """Send what is printed within the block to the log `path`, which begins anew."""
    with files.log(Path(path), anew=True) as log:
        before = os.dup(2)
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
        try:
            yield
        except Exception:
            # The log may be on the very disk that is full.
            with contextlib.suppress(OSError):
                traceback.print_exc()
            raise
        finally:
            sys.stderr.flush()
            sys.stdout.flush()
            for stream in (1, 2):
                os.dup2(before, stream)
            os.close(before)


@contextlib.contextmanager
def process_state() -> Iterator[None]:
    """Leave variables, `sys.path` and the current folder as they are now: what one run changes is for no other one."""
    variables, path, folder = dict(os.environ), sys.path[:], Path.cwd()
    try:
        yield
    finally:
        for name in os.environ.keys() - variables.keys():
            del os.environ[name]
        os.environ.update(variables)
        sys.path[:] = path
        os.chdir(folder)


@contextlib.contextmanager
def core_binding(cores: Sequence[int]) -> Iterator[None]:
    """Keep every thread of this process on these cores within the block; none named means all.

    Not from the start: a library that is given no number of threads makes as many as it sees cores when it is imported,
    and the last digits of its sums depend on that number.
    """
    threads = Path("/proc/self/task")
    if not cores or not threads.is_dir():
        yield
        return

    def bind(to: Iterable[int]) -> None:
        for thread in threads.iterdir():
            with contextlib.suppress(ProcessLookupError):  # it ended
                os.sched_setaffinity(int(thread.name), to)

    before = os.sched_getaffinity(0)
    bind(cores)
    try:
        yield
    finally:
        bind(before)


@contextlib.contextmanager
def warning_counts() -> Iterator[Counter[tuple[str, str]]]:
    """Count the warnings that are given within the block, by category and message; imports of packages give none."""
    counts: Counter[tuple[str, str]] = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        for quiet in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", quiet)
        show = warnings.showwarning

        def count(message: Warning | str, category: type[Warning], *place: Any, **named: Any) -> None:
            if not any("importlib" in frame.filename for frame in inspect.stack(0)):
                counts[category.__name__, " ".join(str(message).split())[:300]] += 1
            show(message, category, *place, **named)

        warnings.showwarning = count
        yield counts


@contextlib.contextmanager
def random_states() -> Iterator[None]:
    """Put back the states of `random` and numpy: the moment of an import must not move them."""
    import numpy as np

    states = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


class AfterImport(importlib.abc.MetaPathFinder):
    """Calls a function with a package right after it was imported."""

    def __init__(self, hooks: Mapping[str, Callable[[Any], None]]) -> None:
        self._hooks = dict(hooks)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        hook = self._hooks.get(name)
        spec = self._of_others(name, path) if hook is not None else None
        if hook is None or spec is None or spec.loader is None or not spec.has_location:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            # Not before: who only asks whether a package is installed imports nothing.
            self._hooks.pop(name, None)
            with random_states():
                execute(module)
                hook(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

    def _of_others(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            spec = finder.find_spec(name, path)
            # Another of this kind has asked all that follow, and each of them would ask all once more.
            if spec is not None or (isinstance(finder, AfterImport) and name in finder._hooks):
                return spec
        return None
