"""Reads CSV and NPZ files into columns, and cuts their rows into fixed subsets."""

import csv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from report_cli.datasets.spec import Table
from report_cli.datasets.split import Split, counts
from report_cli.errors import DataError, unknown


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
                raise DataError(f"the column {name!r} holds text", "name the columns of numbers: Table(features=(...))")
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
                # Its header is the first.
                raise DataError(
                    f"row {rows[0] + 2} of {self.file} has an empty cell in the column {name!r}",
                    "fill it in, take the row out, or name the columns without gaps: Table(features=(...))",
                )


def read(table: Table, path: Path) -> TableData:
    """Return the table in the CSV or NPZ file at `path`.

    Raises:
        DataError: it can't be read, is no such file, or lacks a column that is declared.
    """
    try:
        columns = _npz(path) if path.suffix == ".npz" else _csv(path)
    except (OSError, ValueError, EOFError, KeyError, csv.Error, zipfile.BadZipFile) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DataError(f"{table.file} can't be read: {why}") from error
    for name in (table.target, *table.features):
        if name not in columns:
            near = unknown(f"column of {table.file}:", name, columns)
            raise DataError(near.message, near.hint)
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    ids = np.array([sha256(repr(row).encode()).hexdigest()[:16] for row in rows], "<U16")
    features = table.features or tuple(name for name in columns if name != table.target)
    return TableData(columns, table.target, features, ids, table.file)


def _csv(path: Path) -> dict[str, NDArray[Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = [row for row in csv.reader(file, strict=True) if row] or [[]]
    if not rows:
        raise ValueError("it has no rows below a header")
    if len(set(header)) != len(header):
        raise ValueError("two columns have the same name")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} cells where the header has {len(header)}")
    return {name: _column([row[place].strip() for row in rows]) for place, name in enumerate(header)}


def _column(cells: list[str]) -> NDArray[Any]:
    """Return whole numbers, else numbers (an empty cell is not a number: NaN), else text."""
    for convert, dtype in ((int, np.int64), (lambda cell: float(cell or "nan"), np.float64)):
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
