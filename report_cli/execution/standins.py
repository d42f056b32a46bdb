"""Stand-ins for packages, so that the experiments of a project can be listed and drawn without what they run with.

A stand-in takes part in whatever the top level of a module does: attributes, calls, base classes, decorators,
annotations. Where that isn't enough (an import that raises, a parameter made of one), the module is imported anew with
the packages themselves. An import that the author catches where the package isn't installed fails as in Python.
"""

import ast
import difflib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from report_cli.errors import RunError
from report_cli.keys.environment import INSTALLED_AS
from report_cli.keys.inputs import ENGINE, is_first_party

# What training is done with: drawing never needs it.
TRAINERS = frozenset(
    {"keras", "tensorflow", "torch", "jax", "flax", "tensorflow_datasets", "torchvision", "transformers"}
)
# Rooms of this package that import such packages themselves.
ROOMS = frozenset({"training", "interpret", "figures", "datasets"})
LIGHT = frozenset(
    {"report_cli.datasets", "report_cli.datasets.spec", "report_cli.training", "report_cli.training.metrics"}
)
# Modules of these rooms that drawing may use, as they need nothing that trains.
DRAWN_WITH = LIGHT | {
    "report_cli.interpret",
    "report_cli.interpret.descriptors",
    "report_cli.interpret.receptive_field",
}


class UsedError(Exception):
    """A stand-in was used where the package itself is needed."""


_refused = False


@contextmanager
def refused() -> Iterator[None]:
    """Within the block using a stand-in raises UsedError."""
    global _refused
    before, _refused = _refused, True
    try:
        yield
    finally:
        _refused = before


class StandIn:
    """Something of a package that isn't loaded."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        if _refused:
            raise UsedError(self._name)
        return StandIn(f"{self._name}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        pass

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        # What registers an experiment is this program's; the name of its import may be mistyped.
        if _refused or self._name.endswith(".experiment()"):
            raise UsedError(self._name)
        # As a decorator it leaves what it decorates as it is.
        if len(arguments) == 1 and not named and (isinstance(arguments[0], type) or hasattr(arguments[0], "__code__")):
            return arguments[0]
        return StandIn(f"{self._name}()")

    def _needed(self, *_: Any) -> Any:
        """Refuse a question that only the package can answer: the module is imported again with it."""
        raise UsedError(self._name)

    __bool__ = __iter__ = __contains__ = __len__ = __float__ = __int__ = __index__ = _needed
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _needed
    __hash__ = object.__hash__

    def __or__(self, other: Any) -> Any:
        if _refused:
            raise UsedError(self._name)
        return self

    # A constant of a module may be computed with one of a package: 2 * np.pi.
    __ror__ = __and__ = __rand__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __or__
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __or__
    __matmul__ = __rmatmul__ = __getitem__ = __or__

    def __neg__(self) -> Any:
        return self | None

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        return (_Base,)

    def __repr__(self) -> str:
        return f"<{self._name}, which is not loaded>"


class _Base:
    """The base of a class whose base isn't loaded."""

    def __init_subclass__(cls, **named: Any) -> None:
        pass


class _StandInModule(ModuleType):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self.__all__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        if _refused:
            raise UsedError(self.__name__)
        return StandIn(f"{self.__name__}.{name}")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, stands_in: Callable[[str], bool]) -> None:
        self._stands_in = stands_in
        self.made: list[str] = []

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if not self._stands_in(name) or (_is_optional(sys._getframe(1)) and not _is_installed(name)):
            return None
        return importlib.util.spec_from_loader(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        self.made.append(spec.name)
        return _StandInModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


@contextmanager
def standing_in(stands_in: Callable[[str], bool]) -> Iterator[None]:
    """Within the block imports of what `stands_in` accepts give stand-ins; what is loaded already is taken as it is."""
    finder = _Finder(stands_in)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in finder.made:
            module = sys.modules.pop(name, None)
            parent, _, child = name.rpartition(".")
            # The import has bound the stand-in in its parent, too.
            if parent in sys.modules and vars(sys.modules[parent]).get(child) is module:
                delattr(sys.modules[parent], child)


def for_listing(is_own: Callable[[str], bool]) -> Callable[[str], bool]:
    """Return what stands in while experiments are listed: every installed package, and what of ours needs one."""

    def stands_in(name: str) -> bool:
        package, _, rest = name.partition(".")
        if package == "report_cli":
            return rest.partition(".")[0] in ROOMS and name not in LIGHT
        return package not in sys.stdlib_module_names and not is_own(name)

    return stands_in


def for_drawing(name: str) -> bool:
    """Whether `name` stands in while figures are drawn: what only trains, and what isn't installed."""
    package, _, rest = name.partition(".")
    if package == "report_cli":
        return rest.partition(".")[0] in ("training", "interpret") and name not in DRAWN_WITH
    return package in TRAINERS


def _is_optional(frame: FrameType | None) -> bool:
    """Whether the author's code asks if a package is there, or catches the error of its import, in `frame` or above."""
    while frame is not None and not Path(frame.f_code.co_filename).is_relative_to(ENGINE):
        if frame.f_code.co_name == "find_spec" and frame.f_globals.get("__name__") == "importlib.util":
            return True
        # Most modules have no place where anything is caught: they needn't be read.
        if frame.f_code.co_exceptiontable and is_first_party(frame.f_code.co_filename) and _catches(frame):
            return True
        frame = frame.f_back
    return False


def _catches(frame: FrameType) -> bool:
    """Whether the line that a frame is at stands where an ImportError is caught."""
    read = getattr(frame.f_globals.get("__loader__"), "get_source", lambda name: None)
    for node in ast.walk(ast.parse(read(frame.f_globals.get("__name__")) or "")):
        if isinstance(node, ast.Try | ast.TryStar):
            catching = any(handler.type is None or _CATCHING & _names(handler.type) for handler in node.handlers)
        elif isinstance(node, ast.With):
            catching = any("suppress" in _names(item.context_expr) for item in node.items)
        else:
            continue
        if catching and node.body[0].lineno <= frame.f_lineno <= (node.body[-1].end_lineno or 0):
            return True
    return False


_CATCHING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def _names(expression: ast.expr) -> set[str]:
    return {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(expression)}


def _is_installed(name: str) -> bool:
    """Whether Python finds the package of this module; those who look for it in this program's stead aren't asked."""
    finders = [each for each in sys.meta_path if not type(each).__module__.startswith("report_cli")]
    return any(each.find_spec(name.partition(".")[0], None) for each in finders)


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """The last finder of all: a package that isn't installed fails when it is used, with the command that helps.

    Measuring is without it.
    """

    def __init__(self) -> None:
        self.made: list[str] = []

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        importer = sys._getframe(1)
        while importer is not None and importer.f_code.co_filename.startswith("<frozen importlib"):
            importer = importer.f_back  # type: ignore[assignment]
        if importer is None or importer.f_globals.get("__name__", "").partition(".")[0] != "experiments":
            return None
        if _is_optional(sys._getframe(1)):
            return None
        return importlib.util.spec_from_loader(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        self.made.append(spec.name)
        return _AbsentModule(spec.name)

    def forget(self) -> None:
        """Drop what was made: the next run may find the package, on a path of its own."""
        for name in self.made:
            sys.modules.pop(name, None)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _AbsentModule(_StandInModule):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return _AbsentThing(f"{self.__name__}.{name}")


class _AbsentThing(StandIn):
    """Something of a package that isn't installed."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return _AbsentThing(f"{self._name}.{name}")

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        raise missing(self._name)


def missing(name: str) -> RunError:
    """Return the error for a package that isn't installed."""
    package = name.partition(".")[0]
    hint = f"pip install {INSTALLED_AS.get(package, package)}"
    if package in ("keras", "tensorflow", "h5py"):
        hint = "pip install keras tensorflow h5py"
    # Experiments are imported, and run, in the project's folder.
    elif Path("experiments", f"{package}.py").is_file():
        hint = f"experiments/{package}.py is imported as experiments.{package}"
    elif near := difflib.get_close_matches(package, [path.stem for path in Path().glob("*.py")]):
        hint = f"did you mean {near[0]}, which lies in the project? Otherwise: {hint}"
    return RunError(f"it needs {package}, which is not installed", hint)
