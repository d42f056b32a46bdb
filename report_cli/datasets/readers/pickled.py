"""The encoding of the official python archive: pickles, read without executing anything.

A pickle is a program. Here its opcodes only build plain containers and descriptions of calls; nothing is imported,
called, and only the calls that describe a numpy array of bytes are understood afterwards.
"""

import pickletools
import warnings
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from report_cli.datasets.readers.cifar import Encoding
from report_cli.datasets.spec import PICKLED_FOLDER
from report_cli.errors import DataError

_ARRAY = {"numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct"}
_ENCODE = "_codecs encode"
_KNOWN = {*_ARRAY, "numpy dtype", "numpy ndarray", _ENCODE}
_LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_BYTE_STRINGS = {"STRING", "BINSTRING", "SHORT_BINSTRING"}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()
T = TypeVar("T")
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "MARK": _MARK}


@dataclass(frozen=True)
class Name:
    """Something the pickle would import: "module name"."""

    path: str


@dataclass(eq=False)
class Call:
    """Something the pickle would call, with the state it would give to the result."""

    path: str
    arguments: tuple[Any, ...]
    state: Any = None


def parse(content: bytes) -> Any:
    """Return what a pickle describes: plain containers, numbers, text and bytes, `Name` and `Call`.

    Raises:
        DataError: it is cut short, is no pickle, or wants anything else than numpy arrays.
    """
    machine = _Machine(len(content))
    try:
        with warnings.catch_warnings():
            # Text with unknown escapes is no fault of ours to be told about.
            warnings.simplefilter("ignore")
            for opcode, argument, _ in pickletools.genops(content):
                machine.step(opcode.name, argument)
        (result,) = machine.stack
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise DataError("not a whole pickle of plain values", "it is damaged or incomplete: fetch it again") from error
    return result


class _Machine:
    """The stack and memo of the pickle language (protocols 0 to 5), without the opcodes that run code."""

    def __init__(self, size_bytes: int) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.left_bytes = size_bytes

    def step(self, opcode: str, argument: Any) -> None:
        """Carry out one opcode that makes a value; the others are below."""
        if opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _BYTE_STRINGS:
            self.stack.append(argument.encode("latin-1"))
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode])
        elif opcode in _TUPLES:
            self.stack.append(tuple(self._pop(_TUPLES[opcode])))
        elif opcode in ("PUT", "BINPUT", "LONG_BINPUT"):
            self.memo[argument] = self.stack[-1]
        elif opcode in ("GET", "BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        else:
            self._combine(opcode, argument)

    def _combine(self, opcode: str, argument: Any) -> None:
        match opcode:
            case "PROTO" | "FRAME" | "STOP":
                pass
            case "MEMOIZE":
                self.memo[len(self.memo)] = self.stack[-1]
            case "EMPTY_LIST" | "EMPTY_DICT":
                self.stack.append([] if opcode == "EMPTY_LIST" else {})
            case "TUPLE" | "LIST" | "DICT":
                items = self._pop_to_mark()
                self.stack.append(items if opcode == "LIST" else tuple(items) if opcode == "TUPLE" else _pairs(items))
            case "APPEND" | "APPENDS":
                items = self._pop(1) if opcode == "APPEND" else self._pop_to_mark()
                _expect(self.stack[-1], list).extend(items)
            case "SETITEM" | "SETITEMS":
                items = self._pop(2) if opcode == "SETITEM" else self._pop_to_mark()
                _expect(self.stack[-1], dict).update(_pairs(items))
            case _:
                self._describe(opcode, argument)

    def _describe(self, opcode: str, argument: Any) -> None:
        match opcode:
            case "GLOBAL":
                self.stack.append(_named(argument))
            case "STACK_GLOBAL":
                self.stack.append(_named(" ".join(self._pop(2))))
            case "REDUCE":
                name, arguments = self._pop(2)
                call = Call(_expect(name, Name).path, _expect(arguments, tuple))
                self.stack.append(self._encoded(*arguments) if call.path == _ENCODE else call)
            case "BUILD":
                (state,) = self._pop(1)
                _expect(self.stack[-1], Call).state = state
            case _:
                raise DataError(f"the pickle uses {opcode}, which images never need; nothing in it was run")

    def _encoded(self, text: str, codec: str | bytes) -> bytes:
        """Return bytes, which protocol 2 writes as text to be encoded where Python 3 wrote the pickle."""
        self.left_bytes -= len(text)
        if self.left_bytes < 0 or codec not in ("latin1", b"latin1"):
            raise ValueError("more text to encode than the pickle holds, or not in Latin 1")
        return text.encode("latin-1")

    def _pop(self, count: int) -> list[Any]:
        taken = [self.stack.pop() for _ in range(count)][::-1]
        if any(value is _MARK for value in taken):
            raise ValueError("a mark where a value belongs")
        return taken

    def _pop_to_mark(self) -> list[Any]:
        taken = []
        while (value := self.stack.pop()) is not _MARK:
            taken.append(value)
        return taken[::-1]


def _named(path: str) -> Name:
    if path not in _KNOWN:
        raise DataError(f"the pickle asks for {path!r}, which images never need; nothing in it was run")
    return Name(path)


def _pairs(items: list[Any]) -> dict[Any, Any]:
    # Other keys could hide deep nesting, whose hash would exhaust the interpreter's stack.
    if not all(isinstance(key, bytes | str | int) for key in items[::2]):
        raise TypeError("a key that is neither text nor a number")
    return dict(zip(items[::2], items[1::2], strict=True))


def _expect(value: Any, wanted: type[T]) -> T:
    if not isinstance(value, wanted):
        raise TypeError(f"{type(value).__name__} where {wanted.__name__} belongs")
    return value


def _names(content: bytes) -> list[str]:
    names = _field(_table(content), "label_names")
    if not isinstance(names, list) or not all(isinstance(name, bytes | str) for name in names):
        raise DataError("label_names is not a list of text")
    return [name.decode(errors="replace") if isinstance(name, bytes) else name for name in names]


def _batch(content: bytes, record_bytes: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    table = _table(content)
    labels = _field(table, "labels")
    # bool is an int to Python, but True is no label.
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 1 << 31 for label in labels):
        raise DataError("labels is not a list of whole numbers from 0 up")
    return np.array(labels, np.int64), _array(_field(table, "data"), record_bytes)


def _table(content: bytes) -> dict[Any, Any]:
    table = parse(content)
    if not isinstance(table, dict):
        raise DataError("the pickle is not a dictionary")
    return table


def _field(table: dict[Any, Any], key: str) -> Any:
    for name in (key.encode(), key):
        if name in table:
            return table[name]
    raise DataError(f"the pickle has no {key!r}")


def _array(value: Any, record_bytes: int) -> NDArray[np.uint8]:
    """Return the (N, record_bytes) array of uint8 that `value` describes."""
    match value:
        case Call(path, _, (int(), (int(count), int(width)), Call("numpy dtype", (code, *_)), order, content)):
            pass
        case _:
            raise DataError("data is not a numpy array with two axes")
    if path not in _ARRAY or not isinstance(content, bytes):
        raise DataError("data is not a numpy array of bytes")
    if code not in ("u1", b"u1"):
        raise DataError(f"data has dtype {_plain(code)} where images have u1 (uint8)")
    if order or width != record_bytes or len(content) != count * width:
        raise DataError(f"data has shape ({count}, {width}) and {len(content)} bytes where rows have {record_bytes}")
    return np.frombuffer(content, np.uint8).reshape(count, width)


def _plain(code: Any) -> str:
    return code.decode(errors="replace") if isinstance(code, bytes) else str(code)[:20]


PICKLED = Encoding(PICKLED_FOLDER, "", "batches.meta", _names, _batch)
