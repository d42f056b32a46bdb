"""Reads CSV and NPZ files into columns, and cuts their rows into fixed subsets."""

import codecs
import csv
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from report_cli.datasets.spec import Table
from report_cli.datasets.split import Split, counts
from report_cli.errors import DataError, unknown

# Numbers with a decimal comma, and with a point.
COMMA, POINT = (re.compile(rf"(?<![\d.,])[+-]?\d+{sign}\d+(?![\d.,])") for sign in (",", r"\."))


@dataclass(frozen=True, eq=False)
class TableData:
    """A table in memory: columns (N,) or (N, K) by name, the name of the one to be predicted, and those it is from.

    `ids` (N,) "<U16" are hashes of the rows' values: a row keeps its id wherever it stands.
    """

    columns: Mapping[str, NDArray[Any]]
    target_name: str
    feature_names: tuple[str, ...]
    ids: NDArray[np.str_]
    file: str = "the table"
    # Column and row of those cells of a CSV that are empty: in a column of numbers they are NaN, as others may be.
    empty: frozenset[tuple[str, int]] = frozenset()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def target(self) -> NDArray[Any]:
        """The column to be predicted, (N,): numbers or text.

        Raises:
            DataError: a row has an empty cell in it.
        """
        self._check_gaps(self.target_name)
        return self.columns[self.target_name]

    @property
    def features(self) -> NDArray[np.float64]:
        """What it is predicted from, (N, F): the columns `feature_names` side by side.

        Raises:
            DataError: a column is text, or a row has an empty cell in one; `columns` has them as they are.
        """
        self._check_gaps(*self.feature_names)
        for name in self.feature_names:
            if self.columns[name].dtype.kind not in "biuf":
                raise self._no_numbers(name)
        # The first has no columns: a table may have its target alone.
        beside = [np.empty((len(self), 0)), *(self.columns[name] for name in self.feature_names)]
        return np.column_stack(beside).astype(np.float64)

    def split(self, train: float = 0, validation: float = 0, test: float = 0, seed: int = 1) -> "Split[TableData]":
        """Return disjoint rows for each part, chosen by a hash of their ids and `seed`.

        Sizes are shares (0.2) or counts (30); a `train` of 0 takes all that the others leave.

        Raises:
            DataError: a row has an empty cell among the features, or no target.
        """
        self._check_gaps(self.target_name, *self.feature_names)
        sizes = counts(len(self), {"test": test, "validation": validation, "train": train})
        hashes = [sha256(f"{seed}:{row_id}".encode()).digest() for row_id in self.ids.tolist()]
        order = np.array(sorted(range(len(hashes)), key=hashes.__getitem__), np.int64)
        parts, start = {}, 0
        for name, size in sizes.items():
            rows = np.sort(order[start : start + size])
            parts[name] = replace(self, ids=self.ids[rows], columns={n: c[rows] for n, c in self.columns.items()})
            start += size
        names = () if self.target.dtype.kind == "f" else tuple(map(str, np.unique(self.target)))
        return Split(parts["train"], parts["validation"], lambda: parts["test"], (self.features.shape[1],), names)

    def _check_gaps(self, *names: str) -> None:
        """Raise DataError for an empty cell in these columns: it would be a class of its own, or a silent no."""
        for name in names:
            column = self.columns[name]
            if column.dtype.kind not in "fU":
                continue
            gaps = np.isnan(column) if column.dtype.kind == "f" else column == ""
            rows = np.flatnonzero(gaps.reshape(len(column), -1).any(axis=1))
            if len(rows):
                is_empty = column.dtype.kind == "U" or (name, int(rows[0])) in self.empty
                what = "an empty cell" if is_empty else "nan"
                # Its header is the first.
                raise DataError(
                    f"row {rows[0] + 2} of {self.file} has {what} in the column {name!r}",
                    "fill it in, take the row out, or name the columns without gaps: Table(features=(...))",
                )

    def _no_numbers(self, name: str) -> DataError:
        """Return the error for a column of features that holds text."""
        cells = self.columns[name].tolist()
        row, cell = next(((n, str(c)) for n, c in enumerate(cells, start=2) if not _is_number(str(c))), (2, cells[0]))
        hint = (
            'Table(decimal=",")'
            if _has_commas(cells)
            else "mend it, or name the columns of numbers: Table(features=(...))"
        )
        return DataError(f"the column {name!r} holds text: {cell!r} in row {row} of {self.file}", hint)


def read(table: Table, path: Path) -> TableData:
    """Return the table in the CSV or NPZ file at `path`.

    Raises:
        DataError: it can't be read, is no such file, or lacks a column that is declared.
    """
    try:
        columns, empty = (_npz(path), frozenset[tuple[str, int]]()) if path.suffix == ".npz" else _csv(table, path)
    except (OSError, ValueError, EOFError, KeyError, csv.Error, zipfile.BadZipFile) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        if isinstance(error, UnicodeError):
            why = f"it is not written in {table.encoding}"
        raise DataError(f"{table.file} can't be read: {why}", _form(table, path)) from error
    for name in (table.target, *table.features):
        if name not in columns:
            near = unknown(f"column of {table.file}:", name, columns)
            raise DataError(near.message, _form(table, path) or near.hint)
    target = columns[table.target]
    if target.dtype.kind == "U" and target.ndim == 1 and _has_commas(target.tolist()):
        raise DataError(
            f"the column {table.target!r} of {table.file} would be text: {str(target[0])!r}",
            'declare its decimal commas: Table(decimal=",")',
        )
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    ids = np.array([sha256(repr(row).encode()).hexdigest()[:16] for row in rows], "<U16")
    features = table.features or tuple(name for name in columns if name != table.target)
    return TableData(columns, table.target, features, ids, table.file, empty)


def _csv(table: Table, path: Path) -> tuple[dict[str, NDArray[Any]], frozenset[tuple[str, int]]]:
    """Return the columns of a CSV, and column and row of its empty cells."""
    # What Excel saves as UTF-8 begins with a mark of it.
    is_utf8 = codecs.lookup(table.encoding).name == "utf-8"
    with path.open(encoding="utf-8-sig" if is_utf8 else table.encoding, newline="") as file:
        reader = csv.reader(file, strict=True, delimiter=table.separator)
        header, *rows = [row for row in reader if row] or [[]]
    if not rows:
        raise ValueError("it has no rows below a header")
    if len(set(header)) != len(header):
        raise ValueError("two columns have the same name")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} cells where the header has {len(header)}")
    cells = {name: [row[place].strip() for row in rows] for place, name in enumerate(header)}
    empty = frozenset((name, row) for name, column in cells.items() for row, cell in enumerate(column) if not cell)
    return {name: _column(column, table.decimal) for name, column in cells.items()}, empty


def _form(table: Table, path: Path) -> str:
    """Return the hint that names how the file of a CSV is written, where that isn't what `table` declares."""
    try:
        content = path.read_bytes()
        encoding = table.encoding
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            encoding = "utf-16"
        elif not _is_text(content, encoding):
            encoding = "utf-8" if _is_text(content, "utf-8") else "cp1252"
        header, _, rest = content.decode(encoding).partition("\n")
    except (OSError, ValueError, LookupError):
        return ""
    if path.suffix == ".npz" or "\0" in header:
        return ""
    separator = table.separator if table.separator in header else max(";\t|,", key=header.count)
    is_comma = separator != "," and COMMA.search(rest) and not POINT.search(rest)
    now = {"separator": separator if separator in header else table.separator}
    now |= {"decimal": "," if is_comma else table.decimal, "encoding": encoding}
    # A form that is declared already explains nothing.
    other = [f"{name}={json.dumps(value)}" for name, value in now.items() if value != getattr(table, name)]
    return f"declare how it is written: Table({', '.join(other)})" if other else ""


def _is_text(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except ValueError:
        return False
    return True


def _has_commas(cells: Sequence[object]) -> bool:
    """Whether these would be numbers, some with a decimal comma."""
    texts = [str(cell) for cell in cells]
    return any(map(COMMA.fullmatch, texts)) and all(not t or COMMA.fullmatch(t) or _is_number(t) for t in texts)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _column(cells: list[str], decimal: str) -> NDArray[Any]:
    """Return whole numbers, else numbers (an empty cell is not a number: NaN), else text."""

    def number(cell: str) -> float:
        if decimal != "." and "." in cell:
            raise ValueError("a point may part thousands")
        return float(cell.replace(decimal, ".") or "nan")

    for convert, dtype in ((int, np.int64), (number, np.float64)):
        try:
            return np.array([convert(cell) for cell in cells], dtype)
        except (ValueError, OverflowError):
            continue
    return np.array(cells, np.str_)


def _npz(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as stored:
        columns = {name: stored[name] for name in stored.files}
    if len({column.shape[:1] for column in columns.values()}) != 1 or not next(iter(columns.values())).ndim:
        raise ValueError("its arrays have different numbers of rows")
    return columns
