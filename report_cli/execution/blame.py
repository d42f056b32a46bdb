"""What the author's code raised, in words and with its line: no names of Python's own, and near misses for mistyped
ones."""

import builtins
import inspect
import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from report_cli.errors import PLACE, ReportError, UsageError, unknown
from report_cli.execution import standins


def blame(error: BaseException, root: Path, fallback: str = "") -> ReportError:
    """Return an error that says where below `root` the author's code raised `error`, and what is wrong there.

    `fallback` is the file where no line of the author's is known.
    """
    absent = error.name if isinstance(error, ModuleNotFoundError) and "." not in (error.name or ".") else None
    if absent or isinstance(error, standins.UsedError):
        error = standins.missing(absent or str(error)).with_traceback(error.__traceback__)
    told = error if isinstance(error, ReportError) else _told(error)
    where = _place(error, root) or fallback
    message = f"{where}: {told.message}" if where and not PLACE.search(told.message) else told.message
    return (type(told) if isinstance(error, ReportError) else UsageError)(message, told.hint)


def _place(error: BaseException, root: Path) -> str:
    """Return the innermost line of the project's own code that the error came through, "FILE:LINE"."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_relative_to(root):
        return f"{Path(error.filename).relative_to(root).as_posix()}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(root) and ".venv" not in path.parts and "report_cli" not in path.parts:
            return f"{path.relative_to(root).as_posix()}:{frame.lineno}"
    return ""


def _told(error: BaseException) -> ReportError:
    text = " ".join(str(error).split())
    names = _names(error)
    match error:
        case SyntaxError():
            return ReportError(error.msg or "this is no Python")
        case NameError(name=str(name)):
            return _near("name", name, {*names, *dir(builtins)})
        case AttributeError(name=str(name), obj=obj) if obj is not None:
            return _near(_part_of(obj), name, {*dir(obj), *getattr(obj, "__all__", ())})
        case KeyError(args=(key,)):
            return ReportError(f"there is no {key!r} in what is looked through")
        case ZeroDivisionError():
            return ReportError("division by zero")
        case FileNotFoundError(filename=name) if name:
            return ReportError(f"there is no file {name}", "name it from the project's folder on")
    if isinstance(error, ImportError) and (lost := re.match(r"cannot import name '(\w+)' from '([\w.]+)'", text)):
        return _near(f"name in {lost[2]}", lost[1], dir(sys.modules.get(lost[2])))
    if isinstance(error, TypeError) and (
        stray := re.match(r"([\w.]+)\(\) got an unexpected keyword argument '(\w+)'", text)
    ):
        name = stray[1].removesuffix(".__init__").rpartition(".")[2]
        return _near(f"argument of {name}", stray[2], _parameters(name, names))
    if isinstance(error, TypeError) and (
        few := re.match(r"([\w.]+)\(\) missing \d+ required .*argument.*?: (.*)", text)
    ):
        return ReportError(f"{few[1].removesuffix('.__init__').rpartition('.')[2]}() needs {few[2]}")
    # The names of Python's own errors say nothing beside their text; those of packages may.
    kind = type(error)
    return ReportError(text if text and kind.__module__ == "builtins" else f"{kind.__name__}: {text}".rstrip(": "))


def _near(what: str, name: str, choices: Iterable[str]) -> ReportError:
    """Return the error for an unknown name; choices that aren't near are too many to be listed."""
    error = unknown(what, name, [each for each in choices if not each.startswith("_")])
    return ReportError(error.message, error.hint if error.hint.startswith("did") else "")


def _part_of(thing: Any) -> str:
    if isinstance(thing, ModuleType):
        return f"name in {thing.__name__}"
    return "parameter" if is_dataclass(thing) else f"part of {type(thing).__name__}"


def _names(error: BaseException) -> Mapping[str, Any]:
    """Return the names that the line that raised could use."""
    innermost = error.__traceback__
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    return {**innermost.tb_frame.f_globals, **innermost.tb_frame.f_locals} if innermost is not None else {}


def _parameters(name: str, names: Mapping[str, Any]) -> Iterable[str]:
    """Return what the function `name`, of these names or of a module among them, takes."""
    modules = (each for each in names.values() if isinstance(each, ModuleType))
    function: Any = names.get(name) or next((vars(each)[name] for each in modules if name in vars(each)), None)
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()
