"""`pltheory examples`: the list is the folder, a copy is whole, and nothing is overwritten unasked."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from pltheory.study.examples import HOME, example, examples
from tests.cli.program import everything_in

ROOT = Path(__file__).parents[2]


def test_the_list_is_the_folder():
    there = {p.stem if p.is_file() else p.name for p in (ROOT / "examples").iterdir() if p.name != "__pycache__"}
    scripts = {p.stem for p in (ROOT / "examples/gallery").glob("*.py")}
    names = [e.name for e in examples()]
    assert set(names) == (there - {"gallery"}) | scripts
    assert len(names) == len(set(names))
    assert HOME.resolve() == (ROOT / "examples").resolve()


def test_the_gallery_shows_every_script(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs/extensions")
    pytest.importorskip("sphinx_gallery")
    from executed_examples import ORDER

    assert sorted(ORDER) == sorted(p.stem for p in (ROOT / "examples/gallery").glob("*.py"))
    assert len(ORDER) >= 14


def test_each_has_a_line_of_its_own(warm, tmp_path):
    end = warm("examples", folder=tmp_path)
    assert (end.code, end.stderr) == (0, "")
    lines = end.stdout.splitlines()
    for e in examples():
        assert [line for line in lines if line.split()[:1] == [e.name]] == [f"  {e.name:23}  {e.title}"]
        assert e.title
        assert not e.title.endswith(".")
    assert max(map(len, lines)) <= 88


def test_json_has_the_same(warm, tmp_path):
    told = warm("examples", "--json", folder=tmp_path).answer()
    assert told["schema"] == "pltheory-examples/1"
    assert [e["name"] for e in told["examples"]] == [e.name for e in examples()]
    (rule,) = [e for e in told["examples"] if e["name"] == "own_rule"]
    assert rule["files"] == ["own_rule/normalised.py", "own_rule/normalised.toml", "own_rule/pyproject.toml"]
    end = warm("examples", "--json", "get", "digits", folder=tmp_path)
    assert (end.code, everything_in(tmp_path)) == (2, set())


@pytest.mark.parametrize("name", ["digits", "first_certificate", "own_module"])
def test_a_copy_is_whole_and_is_not_overwritten(warm, tmp_path, name):
    files = example(name).files
    end = warm("examples", "get", name, "--out", "into/here", "--json", folder=tmp_path)
    assert end.code == 0, end.stderr
    assert json.loads(end.stdout)["written"] == [f"into/here/{f}" for f in files]
    for file in files:
        written = tmp_path / "into/here" / file
        assert written.read_bytes() == (example(name).path.parent / file).read_bytes()
        written.write_text("mine", encoding="utf-8")
    before = everything_in(tmp_path)
    end = warm("examples", "get", name, "--out", "into/here", folder=tmp_path)
    assert (end.code, end.stdout) == (2, "")
    assert end.stderr == f"error: into/here/{files[0]}: exists already; --force overwrites it\n"
    assert all((tmp_path / "into/here" / file).read_text(encoding="utf-8") == "mine" for file in files)
    assert everything_in(tmp_path) == before
    end = warm("examples", "get", name, "--out", "into/here", "--force", folder=tmp_path)
    assert end.code == 0
    assert (tmp_path / "into/here" / files[-1]).read_text(encoding="utf-8") != "mine"


def test_a_name_that_is_none_is_answered_in_a_line_with_what_is_near(warm, tmp_path):
    for name, meant in (("digts", "did you mean digits"), ("zzzz", "`pltheory examples` lists them")):
        end = warm("examples", "get", name, folder=tmp_path)
        assert (end.code, end.stdout) == (2, "")
        (line,) = end.stderr.splitlines()
        assert line.startswith(f"error: NAME = {name!r}: no such example; {meant}")
    assert everything_in(tmp_path) == set()


def test_what_cannot_be_written_leaves_nothing(warm, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "own_rule").write_text("in the place of the folder", encoding="utf-8")
    for name, out in (("digits", "file"), ("digits", "file/below"), ("own_rule", ".")):
        end = warm("examples", "get", name, "--out", out, folder=tmp_path)
        assert end.code == 2, (name, out)
        assert len(end.stderr.splitlines()) == 1
    assert everything_in(tmp_path) == {"file", "own_rule"}


def test_a_copy_onto_itself_is_refused(warm, tmp_path):
    end = warm("examples", "get", "digits", "--out", HOME, "--force", folder=tmp_path)
    assert end.code == 2
    assert (HOME / "digits.toml").stat().st_size > 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive:UserWarning")
@pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")
@pytest.mark.parametrize("name", ["neural_collapse", "infinite_width", "refute_a_claim", "certificate_and_forgery"])
def test_the_quick_scripts_run(name, capsys):
    """The others are run by `make docs`, where a script that fails fails the build."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.use("agg")
    try:
        runpy.run_path(str(example(name).path), run_name="__main__")
        assert plt.get_fignums()
    finally:
        plt.close("all")
    assert capsys.readouterr().out
