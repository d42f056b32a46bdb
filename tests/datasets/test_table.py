"""Tables of a project: their columns, their identity, and the parts that their rows are cut into."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from report_cli.datasets import load
from report_cli.datasets import source as sources
from report_cli.datasets.readers.table import TableData
from report_cli.datasets.spec import Table
from report_cli.errors import DataError, UsageError

IRIS = Table("iris", "Iris", "data/iris.csv", target="species")
ROWS = [(n, n / 4, ("setosa", "virginica")[n % 2]) for n in range(40)]


def write(root: Path, rows: list[tuple[object, ...]], header: str = "petals,length,species") -> None:
    (root / "data").mkdir(exist_ok=True)
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    (root / "data" / "iris.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(root: Path, table: Table = IRIS) -> TableData:
    data = load.load(sources.choose(table, None, root / "cache", root), root / "cache")
    assert isinstance(data, TableData)
    return data


def test_columns_are_whole_numbers_numbers_or_text(tmp_path: Path) -> None:
    """Each column has the narrowest type that holds all of its cells; an empty cell is not a number."""
    write(tmp_path, [(1, 0.5, "a"), (2, "", "b")])
    table = read(tmp_path)
    assert [column.dtype.kind for column in table.columns.values()] == ["i", "f", "U"]
    assert np.isnan(table.columns["length"]).tolist() == [False, True]
    assert table.target.tolist() == ["a", "b"]


@pytest.mark.parametrize("row", [("", 0.5, "a"), (1, "", "a"), (1, 0.5, ""), (1, " ", "a")])
def test_an_empty_cell_is_told(row: tuple[object, ...], tmp_path: Path) -> None:
    """A gap in the features or the target is no number, and no class of its own: the error names file, row, column."""
    write(tmp_path, [*ROWS[:3], row, *ROWS[3:]])
    column = ("petals", "length", "species")[[str(cell).strip() for cell in row].index("")]
    with pytest.raises(DataError, match=rf"row 5 of data/iris\.csv has an empty cell in the column '{column}'"):
        read(tmp_path).split(test=0.2)
    with pytest.raises(DataError, match=rf"row 5 of data/iris\.csv has an empty cell in the column '{column}'"):
        _ = (read(tmp_path).target, read(tmp_path).features)
    other = Table("iris", "Iris", "data/iris.csv", target="species", features=("petals",))
    if column == "length":  # which nothing asks for
        assert read(tmp_path, other).split(test=0.2).shape == (1,)


def test_an_npz_file_has_its_arrays_as_columns(tmp_path: Path) -> None:
    """An array with several columns is several features."""
    np.savez(tmp_path / "a.npz", x=np.arange(12.0).reshape(4, 3), age=np.arange(4), y=np.array([0, 1, 0, 1]))
    table = read(tmp_path, Table("a", "A", "a.npz", target="y"))
    assert table.features.shape == (4, 4)
    assert table.split(train=2, test=2).class_names == ("0", "1")


def test_a_table_may_have_its_target_alone(tmp_path: Path) -> None:
    """Then there is nothing to predict it from, and it can be split as any other."""
    write(tmp_path, [("a",), ("b",), ("c",)], header="species")
    table = read(tmp_path)
    assert table.features.shape == (3, 0)
    assert table.split(test=1).train.features.shape == (2, 0)


def test_only_named_columns_are_features(tmp_path: Path) -> None:
    """Columns that are not named are there and are no features; text among the features is an error that names it."""
    write(tmp_path, ROWS)
    table = read(tmp_path, Table("iris", "Iris", "data/iris.csv", target="species", features=("length",)))
    assert table.features[:, 0].tolist() == [n / 4 for n in range(40)]
    with pytest.raises(DataError, match="'species' holds text"):
        _ = read(tmp_path, Table("iris", "Iris", "data/iris.csv", target="petals")).features


def test_parts_are_disjoint_and_fixed_by_rows_and_seed(tmp_path: Path) -> None:
    """The same rows are chosen in whatever order they stand, by shares as by counts; what is left trains."""
    write(tmp_path, ROWS)
    split = read(tmp_path).split(validation=0.25, test=10, seed=3)
    sizes = [len(split.train), len(split.validation), len(split.test)]
    assert sizes == [20, 10, 10]
    ids = [set(part.ids.tolist()) for part in (split.train, split.validation, split.test)]
    assert len(set.union(*ids)) == 40
    assert (split.shape, split.classes, split.class_names) == ((2,), 2, ("setosa", "virginica"))
    write(tmp_path, ROWS[::-1])
    again = read(tmp_path)
    assert set(again.split(validation=10, test=0.25, seed=3).test.ids.tolist()) == ids[2]
    assert set(again.split(validation=10, test=0.25, seed=4).test.ids.tolist()) != ids[2]


def test_more_rows_than_there_are(tmp_path: Path) -> None:
    """A split that needs more rows is an error with both numbers; a negative size is one of the author's."""
    write(tmp_path, ROWS)
    with pytest.raises(DataError, match="there are 40"):
        read(tmp_path).split(train=30, test=0.5)
    with pytest.raises(UsageError, match="negative"):
        read(tmp_path).split(train=-1)


def test_a_part_that_is_asked_for_has_rows(tmp_path: Path) -> None:
    """A share that comes to no row is an error: what is tested on nothing has no accuracy."""
    write(tmp_path, ROWS)
    with pytest.raises(DataError, match=r"test=0\.01 of 40 rows is none"):
        read(tmp_path).split(test=0.01)
    assert len(read(tmp_path).split(validation=0, test=0.0).test) == 0


def test_the_identity_is_that_of_content_and_columns(tmp_path: Path) -> None:
    """Another byte or another target is another data set, another folder is not; a change after planning is refused."""
    write(tmp_path, ROWS)
    source = sources.choose(IRIS, None, tmp_path, tmp_path)
    assert (source.origin, source.label) == ("project", "data/iris.csv")
    other = Table("iris", "Iris", "data/iris.csv", target="length")
    assert sources.choose(other, None, tmp_path, tmp_path).digest != source.digest
    write(tmp_path, ROWS[1:])
    assert sources.choose(IRIS, None, tmp_path, tmp_path).digest != source.digest
    with pytest.raises(DataError, match="has changed"):
        load.load(source, tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no rows"),
        (b"petals,length,species\n", "no rows"),
        (b"a,a,species\n1,2,x\n", "two columns"),
        (b"petals,species\n1,x\n2\n", "row 3 has 1 cells"),
        (b"petals,length\n1,2\n", "species"),
        (b"\xff\xfe\x00", "can't be read"),
        (None, "can't be read"),
    ],
)
def test_files_that_are_no_such_table(content: bytes | None, says: str, tmp_path: Path) -> None:
    """What is wrong with a table is one error that names the file."""
    if content is not None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "iris.csv").write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        read(tmp_path)
    assert "data/iris.csv" in caught.value.message


EXCEL = "größe;länge;art\r\n1;2,5;ä\r\n2;3,5;b\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_csv_of_a_spreadsheet(encoding: str, tmp_path: Path) -> None:
    """Semicolons, decimal commas and encodings of a spreadsheet can be declared; the error says what to declare."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "iris.csv").write_bytes(EXCEL.encode(encoding))
    plain = Table("iris", "Iris", "data/iris.csv", target="art")
    with pytest.raises(DataError) as caught:
        read(tmp_path, plain)
    declared = {"separator": ";", "decimal": ","} | ({"encoding": encoding} if encoding[:5] != "utf-8" else {})
    asked = ", ".join(f'{name}="{value}"' for name, value in declared.items())
    assert caught.value.hint == f"declare how it is written: Table({asked})"
    assert "codec" not in caught.value.message
    table = read(tmp_path, replace(plain, **declared))
    assert table.features.tolist() == [[1, 2.5], [2, 3.5]]
    assert table.target.tolist() == ["ä", "b"]


def test_numbers_that_are_read_as_text(tmp_path: Path) -> None:
    """The cell is named that is no number, and a decimal comma for what it is; a point beside one is no guess."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "iris.csv").write_text('petals,species\n1,a\n"2,5",b\n')
    with pytest.raises(DataError, match="'2,5' in row 3") as caught:
        _ = read(tmp_path).features
    assert 'Table(decimal=",")' in caught.value.hint
    (tmp_path / "data" / "iris.csv").write_text("petals;species\n1;0,5\n2;1\n")
    with pytest.raises(DataError, match=r"'species' of data/iris\.csv would be text: '0,5'") as caught:
        read(tmp_path, replace(IRIS, separator=";"))
    assert 'Table(decimal=",")' in caught.value.hint
    (tmp_path / "data" / "iris.csv").write_text("petals;species\n1.234;a\n1.234,5;b\n")
    with pytest.raises(DataError, match=r"'1\.234' in row 2|'1\.234,5' in row 3"):
        _ = read(tmp_path, replace(IRIS, separator=";", decimal=",")).features


def test_nan_is_no_empty_cell(tmp_path: Path) -> None:
    """A cell that says nan is called so, in an array as well."""
    write(tmp_path, [(1, 2, "a"), (2, "nan", "b")])
    with pytest.raises(DataError, match=r"row 3 of data/iris\.csv has nan in the column 'length'"):
        _ = read(tmp_path).features
    np.savez(tmp_path / "a.npz", x=np.array([1.0, np.nan]), y=np.arange(2))
    with pytest.raises(DataError, match=r"row 3 of a\.npz has nan"):
        _ = read(tmp_path, Table("a", "A", "a.npz", target="y")).features


@pytest.mark.parametrize("form", [{"separator": ";;"}, {"separator": ""}, {"decimal": "x"}, {"encoding": "none"}])
def test_a_form_that_is_none(form: dict[str, str]) -> None:
    """A separator, a decimal sign or an encoding that is none is an error of the declaration."""
    with pytest.raises(UsageError, match=f"table iris: .*{next(iter(form.values()))}"):
        replace(IRIS, **form)


def test_a_file_that_is_not_there_names_near_misses(tmp_path: Path) -> None:
    """A mistyped name of a file is told with the table that has it, and with what lies beside it."""
    write(tmp_path, ROWS)
    mistyped = Table("iris", "Iris", "data/irs.csv", target="species")
    with pytest.raises(DataError, match=r"table iris: data/irs\.csv can't be read") as caught:
        sources.choose(mistyped, None, tmp_path, tmp_path)
    assert caught.value.hint == "did you mean iris.csv?"


@pytest.mark.parametrize("arrays", [{"x": np.arange(3), "y": np.arange(4)}, {"y": np.array(1)}, None])
def test_npz_files_that_are_no_table(arrays: dict[str, np.ndarray] | None, tmp_path: Path) -> None:
    """Arrays of different lengths, single numbers and files of another kind are refused."""
    if arrays is None:
        (tmp_path / "a.npz").write_bytes(b"PK no more")
    else:
        np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=r"a\.npz"):
        read(tmp_path, Table("a", "A", "a.npz", target="y"))
