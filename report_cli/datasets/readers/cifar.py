"""Reads the six batches and the class names that an official CIFAR-10 archive consists of, binary or pickled."""

import io
import pickle
import warnings
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from report_cli.datasets.images import Raw
from report_cli.datasets.readers.archive import Member
from report_cli.datasets.spec import BINARY_FOLDER, PARTS, PICKLED_FOLDER, Images
from report_cli.errors import DataError

BATCHES = {
    "data_batch_1": "train",
    "data_batch_2": "train",
    "data_batch_3": "train",
    "data_batch_4": "train",
    "data_batch_5": "train",
    "test_batch": "test",
}
# Labels (N,), and records (N, 3 * H * W), each red, green and blue in rows.
Batch = tuple[NDArray[np.int64], NDArray[np.uint8]]


def read(
    members: Iterable[Member], archive: str, data: Images, format_: Literal["binary", "pickled"]
) -> tuple[tuple[str, ...], dict[str, Raw]]:
    """Return the class names and the images of each part of an archive in `format_`; nothing in it is run.

    Raises:
        DataError: a file is missing or is not what its name says.
    """
    assert data.height, f"official archives hold images of one size: {data.name}"
    assert data.width
    folder, meta, ending, names, batch = _FORMATS[format_]
    names_file = f"{folder}/{meta}"
    files = {f"{folder}/{name}{ending}": part for name, part in BATCHES.items()}
    missing = [*files, names_file]
    classes: tuple[str, ...] = ()
    batches: dict[str, list[Batch]] = {part: [] for part in PARTS}
    for member in members:
        # An unpacked archive is read in its folder.
        name = f"{folder}/{member.name.removeprefix(folder + '/')}"
        if name not in missing:
            continue
        missing.remove(name)
        content = member.read()
        try:
            if name == names_file:
                classes = tuple(names(content))
                continue
            labels, records = batch(content, 3 * data.height * data.width)
            if len(labels) != len(records):
                raise DataError(f"{len(labels)} labels for {len(records)} images")
            if len(wrong := labels[(labels < 0) | (labels >= data.class_count)]):
                raise DataError(f"label {wrong[0]} where labels are 0 to {data.class_count - 1}")
            batches[files[name]].append((labels, records))
        except DataError as error:
            raise DataError(f"{archive}: {member.name}: {error.message}", error.hint) from error
    if missing:
        raise DataError(f"{archive} has no {missing[0]}", "it is not the official archive of its name")
    parts = {}
    for part, pairs in batches.items():
        planes = np.concatenate([records for _, records in pairs]).reshape(-1, 3, data.height, data.width)
        pixels = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
        parts[part] = Raw(np.concatenate([labels for labels, _ in pairs]), pixels)
    return classes, parts


def _binary_names(content: bytes) -> list[str]:
    try:
        return content.decode().split()
    except UnicodeDecodeError as error:
        raise DataError("the class names are not text") from error


def _binary_batch(content: bytes, record_bytes: int) -> Batch:
    if len(content) % (record_bytes + 1):
        raise DataError(f"{len(content)} bytes are not a whole number of records of {record_bytes + 1} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, record_bytes + 1)
    return records[:, 0].astype(np.int64), records[:, 1:]


def _pickled_names(content: bytes) -> list[str]:
    names = _field(content, "label_names")
    if not isinstance(names, list) or not all(isinstance(name, bytes | str) for name in names):
        raise DataError("label_names is not a list of text")
    return [name.decode(errors="replace") if isinstance(name, bytes) else name for name in names]


def _pickled_batch(content: bytes, record_bytes: int) -> Batch:
    labels, records = _field(content, "labels"), _field(content, "data")
    # bool is an int to Python, but True is no label.
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 1 << 31 for label in labels):
        raise DataError("labels is not a list of whole numbers from 0 up")
    if not isinstance(records, np.ndarray) or records.dtype != np.uint8:
        raise DataError("data is not a numpy array of bytes")
    if records.ndim != 2 or records.shape[1] != record_bytes:
        raise DataError(f"data has shape {records.shape} where rows have {record_bytes} bytes")
    return np.array(labels, np.int64), records


def _field(content: bytes, key: str) -> Any:
    """Return what the pickled dictionary has under `key`."""
    try:
        with warnings.catch_warnings():
            # Text with unknown escapes is no fault of ours to be told about.
            warnings.simplefilter("ignore")
            table = _Unpickler(content).load()
    except DataError:
        raise
    except _BROKEN as error:
        raise DataError("not a whole pickle of plain values", "it is damaged or incomplete: fetch it again") from error
    for name in (key.encode(), key) if isinstance(table, dict) else ():
        if name in table:
            return table[name]
    raise DataError(f"the pickle is no dictionary with {key!r}")


# Of each format: the folder, the file of the class names, the ending of a batch, and what reads the two.
_FORMATS = {
    "binary": (BINARY_FOLDER, "batches.meta.txt", ".bin", _binary_names, _binary_batch),
    "pickled": (PICKLED_FOLDER, "batches.meta", "", _pickled_names, _pickled_batch),
}
# What the standard library and numpy raise for pickles that are cut short or nonsense.
_BROKEN = (
    *(pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError, AttributeError, OverflowError),
    *(MemoryError, RecursionError, ImportError, NotImplementedError, AssertionError),
)


class _Unpickler(pickle._Unpickler):
    """A pickle is a program; this one can build plain values and numpy arrays, and call nothing else.

    The machine in Python, because that in C reserves memory for whatever number a pickle names. So does one opcode
    here, which images never need.
    """

    dispatch: ClassVar = {code: run for code, run in pickle._Unpickler.dispatch.items() if code != pickle.BYTEARRAY8[0]}

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="bytes")
        self._left_bytes = len(content)

    def find_class(self, module: str, name: str) -> Any:
        reconstruct = np.empty(0).__reduce__()[0]
        allowed = {
            ("numpy.core.multiarray", "_reconstruct"): reconstruct,
            ("numpy._core.multiarray", "_reconstruct"): reconstruct,
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
            ("_codecs", "encode"): self._encode,
        }
        if (module, name) not in allowed:
            asked = f"{module} {name}"
            raise DataError(f"the pickle asks for {asked!r}, which images never need; nothing in it was run")
        return allowed[module, name]

    def _encode(self, text: str, codec: str | bytes) -> bytes:
        """Return bytes, which protocol 2 writes as text to be encoded where Python 3 wrote the pickle."""
        self._left_bytes -= len(text)
        if self._left_bytes < 0 or codec not in ("latin1", b"latin1"):
            raise ValueError("more text to encode than the pickle holds, or not in Latin 1")
        return text.encode("latin-1")
