"""`pltheory datasets show`, and the line about the data in every report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import pltheory as pl
from tests.cli.program import everything_in, script, settings

IRIS = "sepal,petal,species\n5.1,1.4,setosa\n4.9,1.5,setosa\n7.0,4.7,versicolor\n6.3,6.0,virginica\n"


@pytest.fixture
def iris(tmp_path: Path) -> Path:
    path = tmp_path / "iris.csv"
    path.write_text(IRIS, encoding="utf-8")
    return path


def test_show_says_what_was_taken_for_what(warm, tmp_path, iris):
    before = everything_in(tmp_path)
    end = warm("datasets", "show", "iris.csv", folder=tmp_path)
    assert (end.code, end.stderr) == (0, "")
    first, labels, *table = end.stdout.splitlines()
    assert first == pl.datasets.read(iris).described
    assert labels == "labels: setosa (2), versicolor (1), virginica (1); by default one-hot, 3 classes"
    assert next(line.split() for line in table if line.strip()) == ["row", "sepal", "petal", "species"]
    assert ["2", "7", "4.7", "versicolor"] in [line.split() for line in table]
    assert everything_in(tmp_path) == before


@pytest.mark.slow
def test_show_through_the_installed_program(tmp_path, iris):
    end = script("datasets", "show", iris.name, folder=tmp_path)
    assert (end.code, end.stderr) == (0, "")
    assert end.stdout.startswith("iris.csv: text with commas; header in line 1; label column 3 'species'")
    iris.write_text("NA,1,2\n3,4,5\n", encoding="utf-8")
    end = script("datasets", "show", iris.name, folder=tmp_path)
    assert (end.code, end.stdout) == (2, "")
    assert end.stderr == "error: source = 'iris.csv': line 1, column 1 is 'NA'; allowed are numbers\n"


def test_show_as_json(warm, tmp_path, iris):
    found = warm("datasets", "show", iris, "--json", folder=tmp_path).answer()
    assert found["described"] == pl.datasets.read(iris).described
    assert (found["rows"], found["columns"], found["features"], found["targets"]) == (4, 3, 2, 1)
    assert found["header"] == "header in line 1"
    assert (found["label"], found["index"]) == ([3], [])
    assert found["labels"] == {"setosa": 2, "versicolor": 1, "virginica": 1}


def test_show_takes_the_options_of_a_configuration(warm, tmp_path):
    (tmp_path / "t.tsv").write_text("0\t0,5\t1\n1\t2,5\t0\n2\t1,25\t1\n", encoding="utf-8")
    end = warm("datasets", "show", "t.tsv", folder=tmp_path)
    assert end.code == 2
    assert "index = 1 leaves it out, index = false keeps it" in end.stderr
    assert len(end.stderr.splitlines()) == 1
    words = ("--index", "1", "--label", "2", "--no-header", "--delimiter", "tab", "--decimal", ",", "--json")
    found = warm("datasets", "show", "t.tsv", *words, folder=tmp_path).answer()
    assert (found["label"], found["index"], found["features"]) == ([2], [1], 1)
    kept = warm("datasets", "show", "t.tsv", "--index", "false", "--json", folder=tmp_path).answer()
    assert (kept["label"], kept["index"], kept["features"]) == ([3], [], 2)


def test_a_name_in_digits_is_given_in_quotes(warm, tmp_path):
    (tmp_path / "t.csv").write_text("0,1,2\n.5,7,1\n.7,8,0\n", encoding="utf-8")
    end = warm("datasets", "show", "t.csv", "--header", "--label", "2", folder=tmp_path)
    assert (end.code, end.stdout) == (2, "")
    assert "label = 2: column 2 '1' of t.csv or column 3 '2'? allowed is the name in quotes" in end.stderr
    for given, column in (("'2'", 3), ('"1"', 2), ("3", 3)):
        words = ("--header", "--label", given, "--json")
        assert warm("datasets", "show", "t.csv", *words, folder=tmp_path).answer()["label"] == [column]


def test_show_of_arrays_and_of_wide_tables_fits(warm, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", x=rng.normal(size=(9, 5, 7)), y=rng.normal(size=(9, 12)))
    end = warm("datasets", "show", "a.npz", folder=tmp_path)
    assert end.code == 0
    assert end.stdout.startswith("a.npz: NumPy archive; 9 rows, 35 numbers a point, 12 a target")
    assert max(map(len, end.stdout.splitlines())) <= 100
    assert "31 more" in " ".join(end.stdout.split())
    assert "10 more" in " ".join(end.stdout.split())


def test_names_that_look_like_markup_or_escapes_are_text(warm, tmp_path):
    (tmp_path / "t.csv").write_text("[red]a[/],[/b],y\n1,2,[bold]x\n3,4,[link=q]\n", encoding="utf-8")
    end = warm("datasets", "show", "t.csv", folder=tmp_path)
    assert end.code == 0, end.stderr
    for word in ("[red]a[/]", "[/b]", "[bold]x", "[link=q]"):
        assert word in end.stdout
    (tmp_path / "t.csv").write_text("a,\x1b[31mb,y\n1,2,x\n3,4,z\n", encoding="utf-8")
    end = warm("datasets", "show", "t.csv", folder=tmp_path)
    assert end.code == 0
    assert "\\x1b[31mb" in end.stdout
    assert "\x1b" not in end.stdout
    (tmp_path / "t.csv").write_text("a,b,y\n1,2,x\n3,4,\x1b[31mz\n", encoding="utf-8")
    end = warm("datasets", "show", "t.csv", folder=tmp_path)
    assert end.code == 2
    assert "\x1b" not in end.stderr


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["show"], ["Missing argument 'FILE'"]),
        (["show", "absent.csv"], ["source = 'absent.csv': no such file"]),
        (["show", "."], ["source = '.': it is a folder"]),
        (["show", "/dev/zero"], ["source = '/dev/zero': it is a device"]),
        (["show", "iris.csv", "--label", "spices"], ["label = 'spices'", "did you mean 'species'?"]),
        (["show", "iris.csv", "--label", "9"], ["label = 9", "columns 1 to 3"]),
        (["show", "iris.csv", "--target-columns", "0"], ["target_columns = 0", "from 1"]),
        (["show", "iris.csv", "--delimiter", ":"], ["delimiter = ':'", "allowed are"]),
        (["list"], ["No such command 'list'"]),
    ],
)
def test_bad_input_is_one_line(warm, tmp_path, iris, words, parts):
    end = warm("datasets", *words, folder=tmp_path)
    assert (end.code, end.stdout) == (2, "")
    assert len(end.stderr.splitlines()) == 1
    for part in parts:
        assert part in end.stderr


def test_every_option_of_show_is_explained(warm, tmp_path):
    end = warm("datasets", "show", "--help", folder=tmp_path)
    assert end.code == 0
    for key in ("header", "label", "index", "target_columns", "delimiter", "decimal", "label_file"):
        assert f"data.{key}" in "".join(end.stdout.split()), key


def test_a_report_says_how_its_data_were_read(warm, small, tmp_path, iris):
    words = settings("data.source=iris.csv", "data.labels=one-hot", "data.n=4", "network.hidden=[8]", "run.steps=3")
    end = warm("verify", small, *words, "--out", "run", folder=tmp_path)
    assert end.code in (0, 3), end.stderr
    line = (
        f"{pl.datasets.read(iris).described}; taken: iris.csv, all, centred, rows scaled to norm 1.41421; "
        "targets: one-hot, 3 classes"
    )
    assert line in " ".join(end.stdout.split())
    assert json.loads((tmp_path / "run/report.json").read_text(encoding="utf-8"))["data"] == line
    assert "label column 3 &#39;species&#39;" in (tmp_path / "run/report.html").read_text(encoding="utf-8")
    assert warm("check", small, *words, "--json", folder=tmp_path).answer()["data"] == line


def test_a_wrong_key_of_the_data_names_the_nearest(warm, small, tmp_path):
    end = warm("check", small, *settings("data.lable=species"), folder=tmp_path)
    assert end.code == 2
    assert "data.lable: unknown key; did you mean 'label'?" in end.stderr
    for item in ("data.header=1", "data.delimiter=':'", "data.decimal=';'", "data.index=1.5", "data.label=true"):
        end = warm("check", small, *settings(item), folder=tmp_path)
        assert end.code == 2, item
        assert len(end.stderr.splitlines()) == 1
        assert item.partition("=")[0] in end.stderr
