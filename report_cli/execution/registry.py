"""What a project declares in its `experiments/` folder: experiments, data sets and weights."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import marshal
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from report_cli import files, wording
from report_cli.datasets import spec
from report_cli.errors import ReportError, UsageError, unknown
from report_cli.execution import standins
from report_cli.execution.blame import blame
from report_cli.experiment import PROFILES, Experiment, declared, parameters
from report_cli.keys.inputs import is_first_party, quiet
from report_cli.keys.sources import Module, Sources
from report_cli.project import PACKAGE, Project, Settings

EXPERIMENTS = "experiments"


@dataclass(frozen=True)
class Registry:
    """The declarations of a project by name, sorted.

    `broken` has what is wrong with files that can't be imported, by their names, and with experiments that can't be
    used, by theirs; `documents` are names of documents.
    """

    experiments: dict[str, Experiment]
    data: dict[str, spec.DataSet]
    weights: dict[str, spec.Weights]
    broken: dict[str, ReportError]
    documents: tuple[str, ...] = ()

    def select(self, patterns: Sequence[str]) -> list[Experiment]:
        """Return the experiments that match `patterns` (names, globs, "all"), each once, in name order."""
        chosen = set()
        for pattern in patterns:
            matches = [n for n in self.experiments if pattern == "all" or fnmatchcase(n, pattern)]
            if not matches:
                raise self.absent(pattern)
            chosen.update(matches)
        return [self.experiments[name] for name in sorted(chosen)]

    def absent(self, pattern: str) -> ReportError:
        """Return why no experiment matches: it can't be used, or may be in a file that can't be imported."""
        known = next((error for name, error in self.broken.items() if fnmatchcase(name, pattern)), None)
        files = (error for name, error in self.broken.items() if pattern == "all" or _is_file(name))
        if known is None and pattern in self.documents:
            known = UsageError(f"{pattern} is a document, and no experiment", f"report build {pattern}")
        return known or next(files, unknown("experiment", pattern, self.experiments))

    def check_whole(self, patterns: Sequence[str]) -> None:
        """Raise UsageError where patterns for several experiments may mean others, which can't be used."""
        wide = [pattern for pattern in patterns if pattern == "all" or set(pattern) & set("*?[")]
        lost = [
            error
            for name, error in self.broken.items()
            if any(pattern == "all" or _is_file(name) or fnmatchcase(name, pattern) for pattern in wide)
        ]
        if lost:
            places = list(dict.fromkeys(error.message.partition(": ")[0] for error in lost))
            verb = "has" if len(places) == 1 else "have"
            raise UsageError(f"these are not all: {wording.listing(places)} {verb} to be mended first")


def sources(project: Project, expected: Mapping[str, str] | None = None) -> Sources:
    """Return the snapshot of first-party code: the project's experiments, what lies beside them, and this package."""
    return Sources({EXPERIMENTS: project.experiments, "report_cli": PACKAGE}, expected or {}, project.root)


def load(project: Project, snapshot: Sources) -> Registry:
    """Import the modules in `experiments/`, without the packages they need, and return what they declare.

    What is declared twice can't be used under its name, nor what needs it; all else can.
    """
    paths = [path for path in files.sources(project.experiments, "*.py") if not path.name.startswith("__init__")]
    paths += files.sources(project.experiments / "datasets", "[!_]*.py")
    found: dict[str, Experiment] = {}
    broken: dict[str, ReportError] = {}
    sets: dict[str, tuple[spec.DataSet | spec.Weights, str]] = {}
    # Names of data sets that are declared otherwise elsewhere.
    twice: dict[str, ReportError] = {}
    searched: dict[str, ModuleType] = {}
    # As in the worker: a module that reads a file of the project while it is imported finds it.
    with importing(snapshot), chdir(project.root):
        for path in paths:
            module = ".".join([EXPERIMENTS, *path.relative_to(project.experiments).with_suffix("").parts])
            try:
                made = load_module(module, snapshot)
            except ReportError as error:
                broken[_path(module)] = error
                # What it imported may have declared something; whoever comes next imports it again.
                forget(snapshot)
                continue
            # At once: importing the next module may drop this one and import it again.
            _add_declarations(sets, twice, searched)
            for number, item in enumerate(made):
                other = found.setdefault(item.name, item)
                # Imported again, for another module's sake, an experiment is declared at the same place.
                if _place(other) != _place(item) or item.name in {earlier.name for earlier in made[:number]}:
                    broken[item.name] = UsageError(
                        f"{_place(item)}: an experiment {item.name!r} is declared at {_place(other)}, too",
                        "give one of them another name",
                    )
        forget(snapshot)
        broken |= {item.name: twice[item.data.name] for item in found.values() if item.data and item.data.name in twice}
        found = _usable({name: item for name, item in found.items() if name not in broken}, broken)
    declarations = {name: item for name, (item, _) in sorted(sets.items()) if name not in twice}
    return Registry(
        dict(sorted(found.items())),
        {name: item for name, item in declarations.items() if isinstance(item, spec.DataSet)},
        {name: item for name, item in declarations.items() if isinstance(item, spec.Weights)},
        broken | {f"data set {name}": error for name, error in twice.items()},
        project.documents,
    )


def _usable(found: dict[str, Experiment], broken: dict[str, ReportError]) -> dict[str, Experiment]:
    """Return the experiments that need only each other; of the others `broken` gets what is wrong with them."""
    while flawed := {name: error for name, item in found.items() if (error := _flaw(item, found, broken))}:
        broken |= flawed
        found = {name: item for name, item in found.items() if name not in flawed}
    circles = {
        name: circle
        for name in found
        if (circle := next(filter(None, (_circle(name, found, p) for p in PROFILES)), []))
    }
    for name, circle in circles.items():
        way = " -> ".join(circle)
        broken[name] = UsageError(f"{_place(found[name])}: experiments need each other: {way}")
    rest = {name: item for name, item in found.items() if name not in circles}
    return _usable(rest, broken) if circles else rest


def _circle(name: str, found: Mapping[str, Experiment], profile: str) -> list[str]:
    """Return the way on which an experiment needs itself in this profile, nothing where it doesn't."""
    ways, queue = {name: [name]}, [name]
    for each in queue:
        for need in found[each].needs_of(found[each].params[profile]):
            if need == name:
                return [*ways[each], name]
            if need not in ways:
                ways[need] = [*ways[each], need]
                queue.append(need)
    return []


def _flaw(item: Experiment, found: Mapping[str, Experiment], broken: Mapping[str, ReportError]) -> ReportError | None:
    """Return what is wrong with what an experiment says of its needs and cost, which may be functions."""
    try:
        needs = {need for params in item.params.values() for need in item.needs_of(params)}
        for profile in item.params:
            item.cost(profile)
    except Exception as error:  # noqa: BLE001 -- a function of the author's may raise anything
        return blame(error, Path.cwd(), _place(item))
    if lost := sorted(needs - found.keys()):
        why = "can't be used" if lost[0] in broken else "isn't declared"
        where = " in a file that can be imported" if why == "isn't declared" and any(map(_is_file, broken)) else ""
        message = f"{_place(item)}: experiment {item.name!r} needs {lost[0]!r}, which {why}{where}"
        return UsageError(message, "" if lost[0] in broken else unknown("experiment", lost[0], found).hint)
    return None


def load_module(name: str, snapshot: Sources) -> list[Experiment]:
    """Import one module with stand-ins for packages, and return the experiments that it declares.

    Raises:
        ReportError: it can't be imported.
    """

    def is_own(module: str) -> bool:
        return snapshot.module(module.partition(".")[0]) is not None

    with declaring() as made:
        try:
            with standins.standing_in(standins.for_listing(is_own)):
                import_module(name)
            if not any(_has_stand_in(item) for item in made):
                return made
        except Exception:  # noqa: BLE001, S110 -- whatever went wrong, the packages themselves may do better
            pass
    forget(snapshot)
    with declaring() as made:
        import_module(name)
    return made


def import_module(name: str) -> None:
    """Import a module of the project; ReportError says in which file what went wrong."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        lacking = standins.missing(error.name or "").with_traceback(error.__traceback__)
        raise blame(lacking, Path.cwd(), _path(name)) from error
    except Exception as error:  # an author's module may raise anything while it is imported
        raise blame(error, Path.cwd(), _path(name)) from error


@contextmanager
def importing(snapshot: Sources, *, engine: bool = False, strict: bool = False) -> Iterator[Mapping[str, Path]]:
    """Within the block modules of the project, with `engine` also this program's, are imported from `snapshot`.

    With `strict` a package that isn't installed can't be imported; else it fails when it is used.

    Python's bytecode cache goes by size and whole seconds and would miss a quick edit; and what is hashed and what
    runs must be the same text. Yields where modules of the project were looked for, also those that aren't there.
    """
    forget(snapshot)
    if engine:
        for name, module in list(sys.modules.items()):
            path = getattr(module, "__file__", None) or ""
            if path.endswith(".py") and name != "__main__" and is_first_party(path):
                del sys.modules[name]
    finder, absent = _SnapshotFinder(snapshot, engine), standins.Absent()
    sys.meta_path[:] = [finder, *sys.meta_path, *([] if strict else [absent])]
    try:
        yield finder.sought
    finally:
        sys.meta_path[:] = [each for each in sys.meta_path if each not in (finder, absent)]
        absent.forget()


def import_texts(root: str, texts: Iterable[tuple[str, str, bytes, bool]]) -> None:
    """From now on import the modules of the project in `root` from these texts: name, place, content, is a package."""
    modules = [Module(name, Path(place), text, is_package) for name, place, text, is_package in texts]
    snapshot = sources(Project(Path(root), Settings()), {module.name: module.digest for module in modules})
    snapshot.adopt(modules)
    sys.meta_path.insert(0, _SnapshotFinder(snapshot, engine=False))


def forget(snapshot: Sources) -> None:
    """Drop the modules of the project, so that what they do when they are imported is done again."""
    packages = {name.partition(".")[0] for name in sys.modules} - {"report_cli"}
    own = {package for package in packages if package == EXPERIMENTS or snapshot.is_beside(package)}
    for name in list(sys.modules):
        if name.partition(".")[0] in own:
            del sys.modules[name]


@contextmanager
def declaring() -> Iterator[list[Experiment]]:
    """Yield a list that takes what is declared within the block."""
    made: list[Experiment] = []
    token = declared.set(made)
    try:
        yield made
    finally:
        declared.reset(token)


def _has_stand_in(item: Experiment) -> bool:
    values = [v for params in item.params.values() for v in parameters(params).values()]
    return any(isinstance(v, standins.StandIn) for v in [*values, item.metrics, item.title])


def _add_declarations(
    sets: dict[str, tuple[spec.DataSet | spec.Weights, str]],
    twice: dict[str, ReportError],
    searched: dict[str, ModuleType],
) -> None:
    """Add the data sets and weights in the modules of the project that were loaded since, and where each was first.

    `twice` gets what is declared otherwise than before.
    """

    def facts(item: spec.DataSet | spec.Weights) -> dict[str, Any]:
        # A module that was imported again has other functions of the same name.
        draw = getattr(item, "draw", None)
        return {**vars(item), "draw": draw and (draw.__module__, draw.__qualname__)}

    loaded = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == EXPERIMENTS}
    new = sorted(name for name, module in loaded.items() if searched.get(name) is not module)
    searched.update(loaded)
    for name in new:
        for item in list(vars(loaded[name]).values()):
            if isinstance(item, spec.DataSet | spec.Weights):
                other, place = sets.setdefault(item.name, (item, name))
                if type(other) is not type(item) or facts(other) != facts(item):
                    message = f"{_path(name)}: a data set {item.name!r} is declared otherwise in {_path(place)}"
                    twice[item.name] = UsageError(message, "give one of them another name")


def _place(item: Experiment) -> str:
    return f"{_path(item.module)}:{item.line}"


def _path(module: str) -> str:
    return f"{module.replace('.', '/')}.py"


def _is_file(name: str) -> bool:
    return name.endswith(".py")


class _SnapshotFinder(importlib.abc.MetaPathFinder):
    def __init__(self, snapshot: Sources, engine: bool) -> None:
        self._snapshot = snapshot
        self._engine = engine
        self.sought: dict[str, Path] = {}

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] == "report_cli" and not self._engine:
            return None
        with quiet():
            module = self._snapshot.module(name)
        if name.partition(".")[0] != "report_cli":
            self._note(name, module)
        if module is None:
            return _outside(name, path) if self._engine else None
        if module.path.is_dir():
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [str(module.path)]
            return spec
        # The worker compiles what it runs itself.
        known = {} if self._engine else self._snapshot.code
        loader = _SnapshotLoader(module, known)
        locations = [str(module.path.parent)] if module.is_package else None
        return importlib.util.spec_from_file_location(
            name, module.path, loader=loader, submodule_search_locations=locations
        )

    def _note(self, name: str, module: Module | None) -> None:
        if module is not None:
            self.sought[name] = module.path
        elif package := self._snapshot.module(name.rpartition(".")[0]):
            folder = package.path if package.path.is_dir() else package.path.parent
            self.sought[name] = folder / f"{name.rpartition('.')[2]}.py"


def _outside(name: str, path: Any) -> ModuleSpec | None:
    """Return what imports a module that the author has elsewhere on `sys.path`, None for any other."""
    spec = importlib.machinery.PathFinder.find_spec(name, path)
    if spec is None or not isinstance(spec.loader, importlib.machinery.SourceFileLoader) or not spec.origin:
        return None
    if not is_first_party(spec.origin):
        return None
    spec.loader = _TextLoader(name, spec.origin)
    return spec


class _TextLoader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        """Compile the text, past the bytecode cache."""
        return compile(self.get_data(self.path), self.path, "exec", dont_inherit=True)


class _SnapshotLoader(_TextLoader):
    def __init__(self, module: Module, known: dict[str, bytes]) -> None:
        super().__init__(module.name, str(module.path))
        self._module = module
        self._known = known

    def get_data(self, path: str) -> bytes:
        return self._module.text if path == self.path else super().get_data(path)

    def get_code(self, fullname: str) -> CodeType:
        """Return what the text compiles to, which is known of a text that was compiled before."""
        identity = self._module.identity
        if identity not in self._known:
            self._known[identity] = marshal.dumps(super().get_code(fullname))
        code: CodeType = marshal.loads(self._known[identity])  # noqa: S302 -- its digest was checked when it was read
        return code
