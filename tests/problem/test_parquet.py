"""Parquet tables: numbers and a label as stored, an index that pandas kept left out, anything else refused by name."""

from __future__ import annotations

import datetime
import decimal
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pltheory.problem import data, opening, parquet
from pltheory.theory import InvalidInputError

X = {"a": [0.5, 2.5, 3.5], "b": [1, -2, 3]}


def refused(*parts):
    """One line that holds the parts in this order."""
    return pytest.raises(InvalidInputError, match="^[^\n]*" + "[^\n]*".join(map(re.escape, parts)) + "[^\n]*$")


def stored(tmp_path, columns, **options):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return path


@pytest.mark.parametrize(
    "kind", ["int8", "uint8", "int16", "uint32", "int64", "uint64", "float16", "float32", "float64", "bool"]
)
def test_every_type_of_number(tmp_path, kind):
    values = [1, 0, 1] if kind == "bool" else [1, 7, 3]
    cells = pa.array(np.array(values).astype(kind))
    found = data.read(stored(tmp_path, {"a": [0.5, 2.5, 3.5], "b": cells, "y": cells}))
    assert found.source.x.tolist() == [[0.5, values[0]], [2.5, values[1]], [3.5, values[2]]]
    assert found.source.target[:, 0].tolist() == values
    assert found.described == (
        "t.parquet: Parquet; columns named in the file; label column 3 'y', numbers; no index; "
        "3 rows, 3 columns, 2 of them features"
    )


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_a_label_of_text(tmp_path, kind):
    try:
        path = stored(tmp_path, {**X, "species": pa.array(["b", "a", "b"]).cast(kind)})
    except pa.ArrowNotImplementedError:
        pytest.skip("this pyarrow does not write such text")
    found = data.read(path)
    assert "label column 3 'species', text, 2 classes: a, b" in found.described
    assert found.source.target[:, 0].tolist() == [1, 0, 1]
    assert data.load(path).y.flatten().tolist() == [-1, 1, -1]
    assert data.load(path).labels == "+1 for a, else -1"


@pytest.mark.parametrize("name", [None, "sample"])
def test_the_index_of_pandas_is_left_out(tmp_path, name):
    frame = pd.DataFrame({**X, "y": [1, 0, 1]}, index=pd.Index([17, 4, 99], name=name))
    path = tmp_path / "t.parquet"
    frame.to_parquet(path)
    found = data.read(path)
    assert found.source.x.tolist() == [[0.5, 1], [2.5, -2], [3.5, 3]]
    assert found.source.target[:, 0].tolist() == [1, 0, 1]
    assert f"index column 4 {name or '__index_level_0__'!r}, left out" in found.described
    kept = data.read(path, index=False, label="y")
    assert kept.source.x.tolist() == [[0.5, 1, 17], [2.5, -2, 4], [3.5, 3, 99]]


def test_a_plain_index_is_not_stored(tmp_path):
    path = tmp_path / "t.pq"
    pd.DataFrame({**X, "y": [1, 0, 1]}).to_parquet(path)
    assert "no index" in data.read(path).described


def test_row_groups_compression_and_chosen_columns(tmp_path):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(100, 4))
    columns = dict(zip("abcd", values.T, strict=True))
    for compression in ("none", "snappy", "gzip", "zstd"):
        path = stored(tmp_path, columns, row_group_size=7, compression=compression)
        found = data.read(path, label="b")
        np.testing.assert_array_equal(found.source.x, values[:, [0, 2, 3]])
        np.testing.assert_array_equal(found.source.target[:, 0], values[:, 1])
    two = data.read(path, target_columns=2)
    np.testing.assert_array_equal(two.source.target, values[:, 2:])


TIME = datetime.datetime(2024, 1, 31, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [0.5, None, 1.5], "y": [1, 0, 1]}, ("row 1 (from 0), column 1 'a' is missing",)),
        ({"a": [0.5, 1.5], "y": ["p", None]}, ("row 1 (from 0), column 2 'y' is missing",)),
        ({"a": [0.5, 1.5], "y": ["p", "NA"]}, ("row 1 (from 0), column 2 'y' is 'NA'", "names a class")),
        ({"a": [0.5, 1.5], "y": ["p\n", "p\x00"]}, ("row 1 (from 0), column 2 'y' is 'p\\x00'", "printable")),
        ({"a": [0.5, np.nan], "y": [1, 0]}, ("row 1 (from 0), column 1 'a' is nan", "finite")),
        ({"a": [0.5, 1.0], "y": [1e200, 0]}, ("row 0 (from 0), column 2 'y' is 1e+200", "1e150")),
        ({"a": [1, 2], "b": ["p", "q"], "y": [1, 0]}, ("column 2 'b' is of type string", "label = 'b' takes it")),
        ({"a": [[1], [2]], "y": [1, 0]}, ("column 1 'a' is of type list<", "allowed are whole numbers, floats")),
        ({"a": [{"p": 1}, {"p": 2}], "y": [1, 0]}, ("column 1 'a' is of type struct<", "allowed are")),
        ({"a": [decimal.Decimal("1.5")], "y": [1]}, ("column 1 'a' is of type decimal128", "allowed are")),
        ({"a": [TIME], "y": [1]}, ("column 1 'a' is of type timestamp", "allowed are")),
        ({"a": [datetime.date(2024, 1, 31)], "y": [1]}, ("column 1 'a' is of type date32", "allowed are")),
        ({"a": [1], "y": [b"p"]}, ("column 2 'y' is of type binary", "or text")),
        ({"a": [1], "y": [TIME]}, ("column 2 'y' is of type timestamp", "or text")),
        ({"id": [5, 7, 9], **X, "y": [1, 0, 1]}, ("column 1 'id' may be an index or a feature", "index = 1")),
        ({"y": [1, 0]}, ("target_columns = 1", "1 columns")),
        ({"a": pa.array([], pa.float64()), "y": pa.array([], pa.int64())}, ("t.parquet", "0 rows")),
    ],
)
def test_what_is_no_number_is_refused_by_name(tmp_path, columns, message):
    with refused(*message):
        data.read(stored(tmp_path, columns))


@pytest.mark.parametrize("word", ["", "?", "---", "N.A.", "Null", "\\N", "nan", "None", " NA "])
def test_a_value_that_is_missing_is_no_class(tmp_path, word):
    with refused("row 2 (from 0), column 2 'y' is ", "names a class"):
        data.read(stored(tmp_path, {"a": [0.5, 1.5, 2.5], "y": ["p", "q", word]}))
    assert data.read(stored(tmp_path, {"a": [0.5, 1.5], "y": ["none", "some"]})).source.names == ("none", "some")


@pytest.mark.parametrize(("kind", "bad"), [("int64", -(2**53) - 1), ("uint64", 2**64 - 1), ("int64", 2**62 + 1)])
def test_a_whole_number_that_no_double_holds_is_refused(tmp_path, kind, bad):
    cells = pa.array([0, 2**60, bad], getattr(pa, kind)())
    for columns, c in (({"a": cells, "b": [1, 2, 3], "y": [0, 1, 0]}, "1 'a'"), ({**X, "y": cells}, "3 'y'")):
        with refused(f"row 2 (from 0), column {c} is {bad}; allowed are whole numbers", "2**53"):
            data.read(stored(tmp_path, columns))
    good = pa.array([0, 2**60, 2**53], getattr(pa, kind)())
    assert data.read(stored(tmp_path, {"a": good, "y": [0, 1, 0]})).source.x.flatten().tolist() == [0, 2**60, 2**53]


def test_names_say_what_a_column_is_as_in_text(tmp_path):
    found = data.read(stored(tmp_path, {"id": [1, 2, 3], **X, "y": [1, 0, 1]}))
    assert found.source.x.tolist() == [[0.5, 1], [2.5, -2], [3.5, 3]]
    assert "index column 1 'id', left out" in found.described
    assert "(index = false keeps it)" in found.described
    for columns, parts in (
        ({"label": [1, 0, 1], **X}, ("column 1 'label' is called as labels are", "label = 1", "label = 3")),
        ({**X, "id": [7, 1, 3]}, ("column 3 'id', the last, is called as an index", "label says")),
        ({"a": [0.5, 2.5, 3.5], "id": [7, 1, 3], "y": [1, 0, 1]}, ("column 2 'id' may be an index", "index = 2")),
    ):
        with refused(*parts):
            data.read(stored(tmp_path, columns))
    path = stored(tmp_path, {"2": [0.5, 1.5], "3": [1.5, 2.5], "1": [0, 1]})
    with refused("label = 2: column 2 '3' of t.parquet or column 1 '2'?"):
        data.read(path, label=2)


def test_two_columns_of_one_name(tmp_path):
    table = pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0]), pa.array([3.0])], names=["a", "a", "y"])
    pq.write_table(table, tmp_path / "t.parquet")
    with refused("two columns 'a', 1 and 2"):
        data.read(tmp_path / "t.parquet")


def test_a_damaged_file_is_one_line(tmp_path):
    path = stored(tmp_path, {**X, "y": [1, 0, 1]})
    raw = path.read_bytes()
    for hurt in (b"", b"PAR1", raw[:-1], raw[: len(raw) // 2], raw[:4] + bytes(len(raw) - 8) + raw[-4:]):
        path.write_bytes(hurt)
        with refused("t.parquet", "cannot be read as a Parquet file"):
            data.read(path)


def test_a_table_that_says_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = stored(tmp_path, {"a": np.zeros(10_000), "y": np.zeros(10_000)})
    assert path.stat().st_size < 5000
    monkeypatch.setattr(parquet, "MOST_BYTES", 100_000)
    with refused("says 10000 rows of 2 columns", "160000 bytes", "100000"):
        data.read(path)
    assert opening.MOST_BYTES == 2**31


def test_options_of_text_are_refused(tmp_path):
    path = stored(tmp_path, {**X, "y": [1, 0, 1]})
    for key, value in (("header", True), ("delimiter", ";"), ("decimal", ",")):
        with refused(f"{key} = {value!r}", "only a table of text", "t.parquet"):
            data.read(path, **{key: value})


def test_the_index_of_pandas_is_known_by_its_name_where_its_metadata_are_lost(tmp_path):
    """pandas stores it last, where the label is looked for."""
    frame = pd.DataFrame({"a": [0.5, 1.5, 2.5], "b": [1.0, 3.0, 2.0], "y": [1, 0, 1]}, index=[10, 40, 20])
    frame.to_parquet(tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet").replace_schema_metadata(None)
    pq.write_table(table, tmp_path / "b.parquet")
    (tmp_path / "c.csv").write_text("a,b,y,__index_level_0__\n.5,1,1,10\n1.5,3,0,40\n2.5,2,1,20\n")
    for name in ("a.parquet", "b.parquet", "c.csv"):
        x, y = data.load(tmp_path / name, scale="none", center=False)
        assert x.shape == (3, 2), name
        assert y.flatten().tolist() == [1.0, 0.0, 1.0]


@pytest.mark.parametrize("stored", ["null", "5", '"ab"', '{"a": 1}'])
def test_an_index_in_the_metadata_is_a_list_or_none(tmp_path, stored):
    table = pa.table({**X, "y": [1.0, 0.0, 1.0]})
    meta = {b"pandas": f'{{"index_columns": {stored}}}'.encode()}
    pq.write_table(table.replace_schema_metadata(meta), tmp_path / "t.parquet")
    assert data.read(tmp_path / "t.parquet").columns == 3
