"""Tables of text: what the caller says decides, and what is said wrongly is named."""

from __future__ import annotations

import time

import pytest

from pltheory.problem import data
from tests.problem.text_tables import refused, written

# what the caller says: text, options, points, targets
SAID = {
    "numbers are names": ("0,1,2\n0.5,1.5,1\n2.5,3.5,0\n", {"header": True}, [[0.5, 1.5], [2.5, 3.5]], [1, 0]),
    "numbers are a point": ("0,1,2\n0.5,1.5,1\n", {"header": False}, [[0, 1], [0.5, 1.5]], [2, 1]),
    "label by name": ("y,a,b\n1,2,3\n0,5,6\n", {"label": "y"}, [[2, 3], [5, 6]], [1, 0]),
    "label by number": ("1,2,3\n0,5,6\n", {"label": 1}, [[2, 3], [5, 6]], [1, 0]),
    "a name says there are names": ("0,1,y\n.5,.5,1\n2,3,0\n", {"label": "y"}, [[0.5, 0.5], [2, 3]], [1, 0]),
    "an index of words": ("car1,2.5,1\ncar2,3.5,0\n", {"index": True}, [[2.5], [3.5]], [1, 0]),
    "no index": (",a,y\n0,0.5,1\n1,2.5,0\n", {"index": False}, [[0, 0.5], [1, 2.5]], [1, 0]),
    "index by name": ("a,id,y\n0.5,7,1\n2.5,8,0\n", {"index": "id"}, [[0.5], [2.5]], [1, 0]),
    "index by number": ("0,0.5,1\n1,2.5,0\n2,3.5,1\n", {"index": 1}, [[0.5], [2.5], [3.5]], [1, 0, 1]),
    "not an index": ("0,0.5,1\n1,2.5,0\n2,3.5,1\n", {"index": False}, [[0, 0.5], [1, 2.5], [2, 3.5]], [1, 0, 1]),
    "a point of equal steps": ("1,2,3\n5,4,1\n", {"header": False}, [[1, 2], [5, 4]], [3, 1]),
    "a name in digits": ("0,1,2\n.5,7,1\n.7,8,0\n", {"header": True, "label": "1"}, [[0.5, 1], [0.7, 0]], [7, 8]),
    "ids kept": ("id,a,y\n1,5,1\n2,6,0\n", {"index": False}, [[1, 5], [2, 6]], [1, 0]),
    "the id last left out": ("a,y,id\n1,5,1\n2,6,0\n", {"index": "id"}, [[1], [2]], [5, 6]),
    "the id is the label": ("a,y,id\n1,5,1\n2,6,0\n", {"label": "id"}, [[1, 5], [2, 6]], [1, 0]),
    "the last is the label": ("label,a,b\n1,5,1\n2,6,0\n", {"label": 3}, [[1, 5], [2, 6]], [1, 0]),
    "delimiter": ("1,2;3,4\n", {"delimiter": ";", "decimal": ","}, [[1.2]], [3.4]),
    "the other delimiter": ("1;5,2\n2;5,7\n", {"delimiter": ";"}, [[1], [2]], [5.2, 5.7]),
    "decimal": ("1,234;2,345\n", {"decimal": ","}, [[1.234]], [2.345]),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_what_the_caller_says_decides(tmp_path, name):
    text, options, points, targets = SAID[name]
    found = data.read(written(tmp_path, text), **options)
    assert found.source.x.tolist() == points
    assert found.source.target[:, 0].tolist() == targets


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "spices"}, ("label = 'spices'", "did you mean 'species'?")),
        ({"label": "q"}, ("label = 'q'", "no column of that name", "'w', 'l', 'species'")),
        ({"label": 4}, ("label = 4", "columns 1 to 3")),
        ({"label": 0}, ("label = 0", "columns 1 to 3")),
        ({"label": True}, ("label = True", "name or its number")),
        ({"label": 1.0}, ("label = 1.0", "name or its number")),
        ({"index": "q"}, ("index = 'q'", "no column of that name")),
        ({"index": "l", "label": 2}, ("index = 'l'", "is the label")),
        ({"label": "setosa"}, ("label = 'setosa'", "no column of that name")),
        ({"index": 7}, ("index = 7", "columns 1 to 3")),
        ({"index": 1.5}, ("index = 1.5", "true, false")),
        ({"label": 1, "target_columns": 1}, ("label = 1 and target_columns = 1", "one of the two")),
        ({"target_columns": 3}, ("target_columns = 3", "allowed are 1 to 2")),
        ({"target_columns": 2}, ("line 2, column 3 is 'setosa'; allowed are numbers",)),
        ({"header": 1}, ("header = 1", "true and false")),
        ({"header": False}, ("line 1, column 1 is 'w'; allowed are numbers",)),
        ({"delimiter": " "}, ("delimiter = ' '", "',' ';'")),
        ({"delimiter": ";"}, ("1 columns",)),
        ({"decimal": ":"}, ("decimal = ':'", "'.' ','")),
        ({"decimal": ","}, ("line 2, column 1 is '5.1'", "decimal = '.' reads it")),
    ],
)
def test_what_the_caller_says_wrongly_is_named(tmp_path, options, message):
    path = written(tmp_path, "w,l,species\n5.1,3.5,setosa\n7,3.2,virginica\n6,3,setosa\n")
    with refused(*message):
        data.read(path, **options)


@pytest.mark.parametrize("key", ["label", "index"])
def test_a_number_that_is_the_name_of_another_column_is_asked_about(tmp_path, key):
    path = written(tmp_path, "0,1,2,3\n.5,7,1,4\n.7,8,0,4\n")
    with refused(f"{key} = 3: column 3 '2' of t.csv or column 4 '3'? allowed is the name in quotes, '2' or '3'"):
        data.read(path, header=True, **{key: 3})
    named = data.read(path, header=True, **{key: "3"})
    assert getattr(named, key) == (3,)
    assert data.read(path, header=True, label=4, index=False).label == (3,)


@pytest.mark.parametrize("key", ["label", "index"])
def test_a_number_in_quotes_makes_no_point_a_header(tmp_path, key):
    """A configuration may say label = "3" and mean column 3: the first point was once lost so."""
    with refused(f"{key} = '3': t.csv has no header; allowed are the numbers 1 to 3"):
        data.read(written(tmp_path, "1,2,3\n4,5,6\n"), **{key: "3"})


def test_a_word_of_its_own_in_every_row_may_be_the_label(tmp_path):
    rows = "a,b,c\n" + "".join(f"{i % 7}.5,{i},gene{i}\n" for i in range(10))
    assert data.read(written(tmp_path, rows), label=3).source.classes == 10
    assert data.read(written(tmp_path, rows), index=3).source.target[:, 0].tolist() == list(range(10))


def test_an_index_that_is_said_makes_no_feature_of_another_one(tmp_path):
    text = "{},CustomerId,score,age,y\n1,{},.5,3,1\n2,{},.7,4,0\n3,9,.1,7,0\n"
    for first in ("RowNumber", "", "Unnamed: 0"):
        path = written(tmp_path, text.format(first, 17, 4))
        with refused("column 2 'CustomerId' may be an index or a feature", "index = 2 leaves it out"):
            data.read(path)
        found = data.read(path, index="CustomerId")
        assert found.index == (0, 1)
        assert found.source.x.tolist() == [[0.5, 3], [0.7, 4], [0.1, 7]]
        assert data.read(path, index=False).index == ()
    found = data.read(written(tmp_path, text.format("patient_id", 17, 4).replace("\n2,", "\n8,")), index=2)
    assert found.index == (1,)
    assert "column 1 'patient_id' is called as an index is and is kept as a feature" in found.described


def test_many_large_numbers_are_looked_at_in_one_pass(tmp_path):
    rows = "".join(f"{i}e30,{'1' if i % 2 else '2'}0000000000000000000000\n" for i in range(20_000))
    began = time.process_time()
    assert data.read(written(tmp_path, rows)).rows == 20_000
    assert time.process_time() - began < 20


def test_a_class_is_no_name_of_a_column(tmp_path):
    path = written(tmp_path, "5.1,3.5,setosa\n7,3.2,virginica\n6,3,setosa\n")
    with refused("line 1 is '5.1,3.5,setosa'", "names of the columns or a point?"):
        data.read(path, label="setosa")


def test_names_and_types_that_a_terminal_would_obey_are_shown_as_text(tmp_path):
    path = written(tmp_path, "\x1b[31ma,y\n1,2\n", "t\n.csv")
    said = data.read(path, label=1).described
    assert said.isprintable()
    assert "column 1 '\\x1b[31ma'" in said


def test_a_name_needs_a_header(tmp_path):
    with refused("label = 'y'", "no header", "numbers 1 to 3"):
        data.read(written(tmp_path, "1,2,3\n4,5,6\n"), label="y")
