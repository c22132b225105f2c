"""Tables of text: what is read is what was written, and no bad cell passes."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import itertools
import lzma
import re

import numpy as np
import pandas as pd
import pyarrow
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pltheory.problem import data, dialect
from pltheory.theory import InvalidInputError
from tests.problem.text_tables import refused, written

# the grammar of numbers, and pandas held to it


@pytest.mark.parametrize("decimal", [".", ","])
def test_pandas_takes_no_other_numbers_than_the_grammar(tmp_path, decimal):
    cells = ["".join(t) for n in range(1, 5) for t in itertools.product(f"10e+- {decimal}", repeat=n)]
    cells = [cell for cell in cells if cell.strip()]
    good = [cell for cell in cells if dialect.is_number(cell, decimal)]
    assert 100 < len(good) < len(cells) / 3
    text = "\n".join(f"{cell};1;1" for cell in good)
    found = data.read(written(tmp_path, text), delimiter=";", decimal=decimal, header=False).source.x[:, 0]
    assert found.tolist() == [float(cell.replace(",", ".")) for cell in good]
    rng = np.random.default_rng(0)
    for cell in rng.choice([c for c in cells if c not in set(good)], 60, replace=False):
        with refused("line 2, column 1 is ", "allowed are numbers"):
            data.read(written(tmp_path, f"1;1;1\n{cell};2;3\n"), delimiter=";", decimal=decimal, header=False)


def test_every_number_is_the_nearest_double(tmp_path):
    rng = np.random.default_rng(1)
    digits = ["".join(rng.choice(list("0123456789"), rng.integers(1, 40))) for _ in range(4000)]
    cells = [
        f"{d[: len(d) // 2] or '0'}.{d[len(d) // 2 :]}e{e}"
        for d, e in zip(digits, rng.integers(-160, 120, 4000), strict=True)
    ]
    halfway = [
        "9007199254740993.0",
        "1.00000000000000011102230246251565404236316680908203125",
        "4.9e-324",
        "2.4703282292062327e-324",
    ]
    text = "\n".join(f"{cell},1" for cell in cells + halfway)
    found = data.read(written(tmp_path, text), header=False).source.x[:, 0]
    assert found.tolist() == [float(cell) for cell in cells + halfway]


# tables as programs write them


NAMES = (list("abcde"), list(range(5)), ["x 1", "x,2", "x;3", "x\n4", 'x"5'])
SIGNS = ((",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", "."), (",", ","))
PACKED = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda raw: pyarrow.Codec("zstd").compress(raw).to_pybytes(),
}


@st.composite
def tables(draw):
    """Numbers, the text by which pandas writes them, and what parts its cells."""
    rows, columns = draw(st.integers(1, 12)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = rng.normal(size=(rows, columns)) * 10.0 ** rng.integers(-3, 4, (rows, columns))
    if draw(st.booleans()):
        values = np.round(values, draw(st.integers(0, 4)))
    names = draw(st.sampled_from(NAMES))
    whole = draw(st.lists(st.booleans(), min_size=columns, max_size=columns))
    frame = pd.DataFrame({names[j]: values[:, j].astype(int if whole[j] else float) for j in range(columns)})
    separator, decimal = draw(st.sampled_from(SIGNS))
    text = frame.to_csv(
        sep=separator,
        decimal=decimal,
        index=draw(st.booleans()),
        header=draw(st.booleans()),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
        float_format=draw(st.sampled_from([None, "%.17g", "%.20e"])),
    )
    return frame.to_numpy(float), text, separator


def refusal(path):
    """The reading, or the line by which the file is refused."""
    try:
        return data.read(path), None
    except InvalidInputError as error:
        return None, str(error)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables(), st.sampled_from(sorted(PACKED)))
def test_a_table_is_read_as_it_was_written_or_refused(tmp_path, table, packing):
    values, text, _ = table
    found, said = refusal(written(tmp_path, PACKED[packing](text.encode()), f"t.csv{packing}"))
    if found is None:
        # the only reason: the table has two readings, and the caller can say which
        assert re.search("^[^\n]*(header = true|index = |thousands|delimiter says|decimal = )[^\n]*$", said), said
        return
    assert found.rows == len(values)
    read = np.hstack([found.source.x, found.source.target])
    if read.shape[1] > values.shape[1]:  # an index without a header, told where three rows and more count up
        assert found.header == "no header"
        assert len(values) == 1 or "counts the rows and is kept" in found.described
        np.testing.assert_array_equal(read[:, 0], range(len(values)))
        read = read[:, 1:]
    np.testing.assert_array_equal(read, values)


BAD = ("", "NA", "?", "O.5", "0x1F", "1_000", "nan", "1e400", "\u22121", "1 2")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables(), st.sampled_from(BAD), st.data())
def test_a_bad_cell_is_never_a_lost_point(tmp_path, table, bad, draw):
    values, text, separator = table
    cells = list(csv.reader(io.StringIO(text), delimiter=separator))
    assume(len(values) > 1)  # the only label may be any word
    assume(len(cells[-1]) > 1 and all(len(record) == len(cells[-1]) for record in cells))
    row = draw.draw(st.integers(0, len(cells) - 1))
    column = draw.draw(st.integers(0, len(cells[row]) - 1))
    cells[row][column] = bad
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(cells)
    found, said = refusal(written(tmp_path, out.getvalue()))
    if found is None:
        assert "\n" not in said
        return
    # what is read nevertheless lost no row: the cell was a name, or in an index that is left out
    assert found.rows == len(values)
    assert found.header != "no header"
    assert row == 0 or column in found.index


@pytest.mark.parametrize("start", ["", "1.", "1e", "."])
def test_a_long_cell_that_is_no_number_is_seen_in_one_pass(start: str) -> None:
    """Digits that two parts of a pattern can share took the square of their number: hours for these."""
    assert not dialect.is_number(f"{start}{'9' * 10**6}x")


@pytest.mark.parametrize("where", [0, 150, 300])
def test_thousands_are_asked_about_wherever_they_stand(tmp_path, where):
    rows = [f"{(i * 37) % 900 + 100};{i % 7}" for i in range(300)]
    rows[where:where] = ["1.234;3", "2.500;4"]
    path = tmp_path / "t.csv"
    path.write_text("a;y\n" + "\n".join(rows) + "\n")
    with pytest.raises(InvalidInputError, match="a decimal dot or thousands"):
        data.read(path)
