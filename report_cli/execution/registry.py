"""The experiments of a project: every `Experiment` that a module in its `experiments/` folder defines."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

from report_cli.datasets.spec import Images
from report_cli.errors import ReportError, UsageError, unknown
from report_cli.experiment import Experiment
from report_cli.keys.sources import Sources
from report_cli.project import PACKAGE, Project

EXPERIMENTS = "experiments"


def sources(project: Project, expected: Mapping[str, str] | None = None) -> Sources:
    """Return the snapshot of first-party code: the project's experiments and this package."""
    return Sources({EXPERIMENTS: project.experiments, "report_cli": PACKAGE}, expected or {})


def load(project: Project, snapshot: Sources, packages: tuple[str, ...] = (EXPERIMENTS,)) -> dict[str, Experiment]:
    """Import the modules in `experiments/` and return their experiments by name, sorted.

    Raises:
        ReportError: a module can't be imported, or two experiments share a name.
    """
    install(snapshot, packages)
    found: dict[str, Experiment] = {}
    for path in sorted(project.experiments.glob("*.py")):
        if path.name == "__init__.py":
            continue
        module = _import(f"{EXPERIMENTS}.{path.stem}", path)
        for candidate in vars(module).values():
            if isinstance(candidate, Experiment) and candidate.measure.__module__ == module.__name__:
                if candidate.name in found:
                    raise UsageError(f"two experiments are named {candidate.name!r}", f"one is in {path.name}")
                found[candidate.name] = candidate
    for item in found.values():
        for need in {need for params in item.params.values() for need in item.needs_of(params)}:
            if need not in found:
                raise unknown(f"experiment needed by {item.name}:", need, found)
    return dict(sorted(found.items()))


def declared(project: Project, snapshot: Sources) -> dict[str, Images]:
    """Return the data sets that the modules in `experiments/` and `experiments/datasets/` define, by name, sorted.

    `load` must have been called with the same snapshot: modules are imported as it settled.

    Raises:
        UsageError: two different ones share a name.
    """
    sets: dict[str, tuple[Images, str]] = {}
    for folder in ("", "datasets/"):
        for path in sorted(project.experiments.glob(f"{folder}*.py")):
            inner = f"{folder}{path.stem}".replace("/", ".").removesuffix("__init__")
            module = _import(f"{EXPERIMENTS}.{inner}".rstrip("."), path)
            for candidate in vars(module).values():
                if not isinstance(candidate, Images):
                    continue
                file = f"experiments/{folder}{path.name}"
                known, place = sets.setdefault(candidate.name, (candidate, file))
                if known is not candidate:
                    raise UsageError(f"two data sets are named {candidate.name!r}: in {place} and in {file}")
    return {name: data for name, (data, _) in sorted(sets.items())}


def select(experiments: Mapping[str, Experiment], patterns: Sequence[str]) -> list[Experiment]:
    """Return the experiments that match `patterns` (names, globs, "all"), each once, in name order."""
    chosen = set()
    for pattern in patterns:
        matches = [n for n in experiments if pattern == "all" or fnmatchcase(n, pattern)]
        if not matches:
            raise unknown("experiment", pattern, experiments)
        chosen.update(matches)
    return [experiments[name] for name in sorted(chosen)]


def install(snapshot: Sources, packages: tuple[str, ...]) -> None:
    """From now on import modules of `packages` from `snapshot`.

    Python's bytecode cache goes by size and whole seconds and would miss a quick edit; and what is hashed and what
    runs must be the same text.
    """
    sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, _SnapshotFinder)]
    for name in [n for n in sys.modules if n.partition(".")[0] == EXPERIMENTS]:
        del sys.modules[name]
    sys.meta_path.insert(0, _SnapshotFinder(snapshot, packages))


def _import(name: str, path: Path) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ReportError as error:
        raise type(error)(f"experiments/{path.name}: {error.message}", error.hint) from error
    except SyntaxError as error:
        raise UsageError(f"experiments/{path.name}:{error.lineno}: {error.msg}") from error
    except Exception as error:  # an author's module may raise anything while it is imported
        raise UsageError(f"experiments/{path.name} can't be imported: {type(error).__name__}: {error}") from error


class _SnapshotFinder(importlib.abc.MetaPathFinder):
    def __init__(self, snapshot: Sources, packages: tuple[str, ...]) -> None:
        self._snapshot = snapshot
        self._packages = packages

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] not in self._packages:
            return None
        module = self._snapshot.module(name)
        if module is None:
            return None
        if module.path.is_dir():
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [str(module.path)]
            return spec
        loader = _SnapshotLoader(name, str(module.path), module.text)
        locations = [str(module.path.parent)] if module.is_package else None
        return importlib.util.spec_from_file_location(
            name, module.path, loader=loader, submodule_search_locations=locations
        )


class _SnapshotLoader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, text: bytes) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        """Compile the snapshot's text, past the bytecode cache."""
        return compile(self._text, self.path, "exec", dont_inherit=True)
