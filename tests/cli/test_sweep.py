"""`sweep`: every point one record written whole, and a rerun does only what is missing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from pltheory.study.quantities import BUILT_IN, PARTS_OF_A_RECORD
from tests.cli.program import settings, wait_until

NAMES = [q.name for q in BUILT_IN]

GRID = settings("sweep.network.hidden=[[8], [16], [32]]", "sweep.run.seed=[0, 1]", "run.steps=60")
NO_FIGURE = """
import pltheory.report.figures as f, pltheory.report.study_html as h
f.svg, h.render_study = lambda figure: "<svg/>", lambda study: ""
"""
# The program stops in the middle of a point, says so by a file, and waits there for its end.
STOPPING = """
import os, pathlib, time
import pltheory.study.dispatch as s
def stop():
    pathlib.Path("stopped").touch()
    time.sleep(600)
"""
IN_THE_THIRD_POINT = """
compute, calls = s.compute, []
def counted(*arguments):
    calls.append(arguments)
    return stop() if len(calls) == 3 else compute(*arguments)
s.compute = counted
"""
# The first that is written is study.json.
IN_THE_THIRD_RECORD = """
replace, calls = os.replace, []
def counted(*arguments):
    calls.append(arguments)
    return stop() if len(calls) == 4 else replace(*arguments)
os.replace = counted
"""


def load(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def records(summary: Any) -> list[dict[str, Any]]:
    """Without what differs between two runs: the time, and the seal over it."""
    return [{k: v for k, v in r.items() if k not in ("seconds", "sha256")} for r in summary["records"]]


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (folder / "points").glob("[!.]*")}


@pytest.fixture(scope="module")
def unbroken(warm, tmp_path_factory) -> tuple[Path, Any]:
    from tests.cli.conftest import SMALL

    folder = tmp_path_factory.mktemp("sweep")
    (folder / "small.toml").write_text(SMALL, encoding="utf-8")
    end = warm("sweep", "small.toml", *GRID, "--out", "all", "--json", folder=folder)
    assert end.code == 0, end.stderr
    return folder / "all", end.answer()


@pytest.mark.slow
def test_a_sweep_has_a_record_for_every_point_in_grid_order(unbroken):
    folder, summary = unbroken
    assert {path.name for path in folder.iterdir()} == {
        "points",
        "study.json",
        "limits.json",
        "study.csv",
        "study.parquet",
        "study.svg",
        "study.html",
    }
    assert summary["schema"] == "pltheory-sweep/2"
    assert [(r["width"], r["seed"]) for r in summary["records"]] == [(w, s) for w in (8, 16, 32) for s in (0, 1)]
    for r in summary["records"]:
        assert r["schema"] == "pltheory-point/3"
        assert r["values"] == {"network.hidden": [r["width"]], "run.seed": r["seed"]}
        assert set(r) == {*PARTS_OF_A_RECORD, *NAMES}
        for quantity in NAMES:
            assert r[quantity] > 0
        assert (r["verdict"], r["evidence"]) == ("UNDECIDED", "empirical only")
        assert (r["reason"], r["steps"], r["status"]) == ("step_limit", 60, "done")
    stored = [load(path) for path in (folder / "points").iterdir()]
    assert len(stored) == 6
    for r in summary["records"]:
        assert r in stored


def test_the_slopes_stand_beside_the_expected_ones(unbroken):
    slopes = {s["quantity"]: s for s in unbroken[1]["fits"]}
    assert {q: s["expected"] for q, s in slopes.items()} == {q.name: q.expected for q in BUILT_IN}
    for s in slopes.values():
        assert s["low"] < s["slope"] < s["high"]
        assert s["points"] == 6
    assert unbroken[1]["lambda_min_infinite_width"] > 0


def test_the_laws_are_fitted_again_from_the_folder(warm, unbroken):
    folder = unbroken[0].parent
    end = warm("fit", "all", "--json", folder=folder)
    assert end.code == 0, end.stderr
    assert end.answer()["fits"] == unbroken[1]["fits"]
    assert end.answer()["study"] == unbroken[1]["study"]
    end = warm("fit", "all", "--from", "16", folder=folder)
    assert end.code == 0, end.stderr
    for word in ("exponent", "expected", "verdict", "/ (log m)^0.5", "-0.5", "arXiv:1806.07572"):
        assert word in end.stdout
    end = warm("fit", "all", "--from", "32", folder=folder)
    assert end.code == 2
    assert end.stderr.startswith("error: all: nothing to fit from width 32 on")
    assert end.stderr.count("\n") == 1


def test_the_page_is_written_again_from_the_folder(warm, unbroken):
    folder = unbroken[0].parent
    page = unbroken[0] / "study.html"
    first = page.read_bytes()
    page.unlink()
    end = warm("report", "all", folder=folder)
    assert end.code == 0, end.stderr
    assert end.stderr == "wrote all/study.html\n"
    assert page.read_bytes() == first
    assert '6 <span class="word UNDECIDED">' in first.decode()
    for word in ("lambda min", "UNDECIDED", "exponent", "expected"):
        assert word in end.stdout


@pytest.mark.parametrize(
    ("file", "damage", "said"),
    [
        ("study.json", lambda text: text[: len(text) // 2], "all/study.json: damaged; restore it"),
        ("study.json", lambda text: text.replace("study/1", "study/9"), "study.json: of schema pltheory-study/9, this"),
        ("points", lambda text: text[: len(text) // 2], ": damaged record; remove it"),
        ("points", lambda text: text.replace("point/3", "point/9"), ": of schema pltheory-point/9, this version reads"),
        ("limits.json", lambda text: text[: len(text) // 2], "all/limits.json: damaged, or of another study"),
        ("points", lambda text: None, "all: no point of this study has been computed"),
    ],
)
def test_a_page_of_a_damaged_study_is_refused_and_nothing_is_overwritten(warm, unbroken, tmp_path, file, damage, said):
    shutil.copytree(unbroken[0], tmp_path / "all")
    files = [tmp_path / "all" / file] if file != "points" else sorted((tmp_path / "all/points").iterdir())
    text = damage(files[0].read_text())
    for one in files if text is None else files[:1]:
        one.unlink() if text is None else one.write_text(text)
    (tmp_path / "all/study.html").write_text("<html>")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    end = warm("report", "all", folder=tmp_path)
    assert end.code == 2
    assert end.stderr.startswith("error: all")
    assert said in end.stderr
    assert (end.stderr.count("\n"), end.stdout) == (1, "")
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_the_figure_is_a_whole_picture_with_four_panels(unbroken):
    root = ET.parse(unbroken[0] / "study.svg").getroot()
    assert root.tag.endswith("svg")
    axes = [g for g in root.iter("{http://www.w3.org/2000/svg}g") if g.get("id", "").startswith("axes_")]
    assert len(axes) == 4


def test_the_table_and_the_slopes_are_printed(warm, small, tmp_path):
    end = warm("sweep", small, *GRID, "--out", "all", before=NO_FIGURE, folder=tmp_path)
    assert end.code == 0, end.stderr
    for word in ("hidden", "seed", "lambda min", "certificate ratio", "UNDECIDED", "exponent", "expected", "-0.5"):
        assert word in end.stdout
    assert "study folder: all" in end.stderr
    assert max(map(len, end.stdout.splitlines())) <= 100


@pytest.mark.slow
@pytest.mark.parametrize("moment", [IN_THE_THIRD_POINT, IN_THE_THIRD_RECORD], ids=["computing", "writing"])
def test_a_sweep_that_was_killed_is_taken_up_where_it_was(warm, small, tmp_path, unbroken, moment):
    def kill(child: int) -> None:
        wait_until((tmp_path / "stopped").exists, "the third point")
        os.kill(child, signal.SIGKILL)

    end = warm("sweep", small, *GRID, "--out", "all", before=STOPPING + moment, meanwhile=kill, folder=tmp_path)
    assert end.code == -signal.SIGKILL
    assert not (tmp_path / "all/study.csv").exists()
    assert (tmp_path / "all/study.json").exists()
    done = stamps(tmp_path / "all")
    assert len(done) == 2
    for name in done:
        assert load(tmp_path / "all/points" / name)["schema"] == "pltheory-point/3"
    again = warm("sweep", small, *GRID, "--out", "all", "--json", before=NO_FIGURE, folder=tmp_path)
    assert again.code == 0, again.stderr
    after = stamps(tmp_path / "all")
    assert len(after) == 6
    assert {name: after[name] for name in done} == done
    assert records(again.answer()) == records(unbroken[1])


@pytest.mark.slow
def test_a_rerun_computes_nothing_and_a_longer_sweep_only_what_is_new(warm, small, tmp_path):
    never = NO_FIGURE + "import pltheory.study.sweep as s\ns.compute = lambda *_: 1 / 0\n"
    sweep = ("sweep", small, "--out", "s")
    first = warm(*sweep, *settings("sweep.run.seed=[0, 1]"), before=NO_FIGURE, folder=tmp_path)
    assert first.code == 0, first.stderr
    done = stamps(tmp_path / "s")
    same = warm(*sweep, *settings("sweep.run.seed=[0, 1]"), before=never, folder=tmp_path)
    assert same.code == 0, same.stderr
    assert same.stdout == first.stdout
    end = warm(*sweep, *settings("sweep.run.seed=[1, 2]"), "--json", before=NO_FIGURE, folder=tmp_path)
    assert end.code == 0, end.stderr
    after = stamps(tmp_path / "s")
    assert len(after) == 3
    assert {name: after[name] for name in done} == done
    assert [r["values"] for r in end.answer()["records"]] == [{"run.seed": s} for s in (0, 1, 2)]
    for other in (["run.steps=21"], ["sweep.network.hidden=[[16]]"]):
        refused = warm(*sweep, *settings("sweep.run.seed=[0, 1]", *other), before=never, folder=tmp_path)
        assert refused.code == 2
        assert refused.stderr.startswith("error: s: holds another study (")
        assert refused.stderr.count("\n") == 1
    assert stamps(tmp_path / "s") == after


FAILING = """
import pltheory.study.point as p
verify = p.verify
def failing(problem, *arguments, **named):
    if len(problem.x) == 2:
        raise MemoryError
    return verify(problem, *arguments, **named)
p.verify = failing
"""


@pytest.mark.slow
def test_what_it_costs_how_far_it_is_and_what_failed(warm, small, tmp_path):
    sweep = ("sweep", small, *settings("sweep.data.n=[1, 2]", "sweep.run.seed=[0, 1]"), "--out", "s")
    for option, code, words in (
        ("--dry-run", 0, ["data.n = 1", "GiB", "4 points, 4 to do: about", "1 at a time"]),
        ("--status", 3, ["4 points: 0 failed, 4 missing", "of one worker"]),
    ):
        end = warm(*sweep, option, folder=tmp_path)
        assert (end.code, end.stderr) == (code, "")
        assert all(word in end.stdout for word in words), end.stdout
        assert not (tmp_path / "s").exists()
    end = warm(*sweep, before=NO_FIGURE + FAILING, folder=tmp_path)
    assert end.code == 4
    assert end.stderr.count("out of memory") == 2
    assert "2 of 4 points failed; --retry-failed computes them again" in end.stderr
    assert "out of memory" in end.stdout
    end = warm(*sweep, "--status", folder=tmp_path)
    assert end.code == 4
    assert "4 points: 2 CERTIFIED, 2 failed, 0 missing" in end.stdout
    assert "data.n = 2, run.seed = 0: out of memory" in end.stdout
    end = warm(*sweep, "--retry-failed", "--dry-run", folder=tmp_path)
    assert "4 points, 2 to do" in end.stdout
    done = stamps(tmp_path / "s")
    assert warm(*sweep, before=NO_FIGURE, folder=tmp_path).code == 4, "a failed point is a result"
    assert stamps(tmp_path / "s") == done
    end = warm(*sweep, "--retry-failed", before=NO_FIGURE, folder=tmp_path)
    assert end.code == 0, end.stderr
    assert sum(stamps(tmp_path / "s")[name] != time for name, time in done.items()) == 2
    assert warm(*sweep, "--status", folder=tmp_path).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["", '{"schema": "pltheory-po', "[]", "{}", "\x00\x01"])
def test_a_damaged_record_is_named(warm, small, tmp_path, damage):
    sweep = ("sweep", small, *settings("sweep.run.seed=[0]"), "--out", "s")
    assert warm(*sweep, before=NO_FIGURE, folder=tmp_path).code == 0
    (record,) = (tmp_path / "s/points").iterdir()
    record.write_text(damage, encoding="utf-8")
    end = warm(*sweep, before=NO_FIGURE, folder=tmp_path)
    assert end.code == 2
    assert end.stderr == f"error: s/points/{record.name}: damaged record; remove it and run the sweep again\n"
    record.unlink()
    assert warm(*sweep, before=NO_FIGURE, folder=tmp_path).code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        settings("network.activation=relu", "optimizer.eta=0.1"),
        settings("optimizer.eta=1e30"),
        settings("network.parametrization=standard", "network.bias=true"),
        settings("data.source=sphere", "data.labels=sign", "data.d=4"),
    ],
    ids=["relu", "diverging", "standard", "sphere"],
)
def test_a_sweep_without_a_limit_or_a_certificate_still_has_a_figure(warm, small, tmp_path, words):
    end = warm("sweep", small, *words, *settings("sweep.run.seed=[0, 1]"), "--out", "s", "--json", folder=tmp_path)
    assert end.code == 0, end.stderr
    assert end.stderr.count("\n") == 1, end.stderr
    assert "NaN" not in end.stdout
    assert "Infinity" not in end.stdout
    assert ET.parse(tmp_path / "s/study.svg").getroot().tag.endswith("svg")


@pytest.mark.slow
def test_the_limit_follows_the_depth_that_is_swept(warm, small, tmp_path):
    """The base configuration has one hidden layer, the sweep two: the limit kernel has two."""
    limit = {}
    for name, hidden in (("one", "[[8], [16]]"), ("two", "[[8, 8], [16, 16]]"), ("both", "[[8], [8, 8]]")):
        words = settings(f"sweep.network.hidden={hidden}", "run.steps=2")
        end = warm("sweep", small, *words, "--out", name, "--json", before=NO_FIGURE, folder=tmp_path)
        assert end.code == 0, end.stderr
        limit[name] = end.answer()["lambda_min_infinite_width"]
    deep = warm("sweep", small, *settings("network.hidden=[8, 8]", "sweep.run.seed=[0]", "run.steps=2"), "--out", "d",
                "--json", before=NO_FIGURE, folder=tmp_path)  # fmt: skip
    assert limit["two"] == pytest.approx(deep.answer()["lambda_min_infinite_width"])
    assert limit["one"] != pytest.approx(limit["two"], rel=1e-3)
    assert limit["both"] is None


LONG = """
import sys
import pltheory.study.engine as e
import pltheory.study.machine as m
m.WORTH, m.cores = 0.0, lambda: 4
def cluster(workers, gpus):
    print(f"{workers} workers", file=sys.stderr)
    return e.in_process()
e.local_cluster = cluster
"""
WITHOUT_DASK = "e.has_workers = lambda: False\n"


def test_a_study_that_takes_long_gets_a_worker_for_each_core(warm, small, tmp_path):
    sweep = ("sweep", small, *settings("sweep.run.seed=[0, 1, 2]"))
    end = warm(*sweep, "--dry-run", before=LONG, folder=tmp_path)
    assert "with 3 at a time" in end.stdout
    for more, said in ((LONG, "3 workers"), (LONG + WITHOUT_DASK, "computed by one process; pip install 'pltheory[")):
        end = warm(*sweep, "--out", said[:4], before=NO_FIGURE + more, folder=tmp_path)
        assert end.code == 0, end.stderr
        assert end.stderr.startswith(said)


def test_a_point_too_large_is_said_by_a_dry_run(warm, small, tmp_path):
    end = warm("sweep", small, *settings("sweep={width=[4, 10_000_000], depth=[2]}"), "--dry-run", folder=tmp_path)
    assert end.code == 2
    assert "width = 10000000" in end.stdout
    assert "GiB, a worker has" in end.stderr
    assert end.stderr.count("\n") == 1
