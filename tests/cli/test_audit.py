"""`pltheory audit`: exit codes, JSON, figure, one line for what is wrong."""

from __future__ import annotations

import pytest

LOG = "step,train/grad_norm\n" + "".join(f"{t},{4 / (t + 1)}\n" for t in range(40))


@pytest.mark.parametrize(
    ("gamma", "delta", "code", "run_of"),
    [
        ("1", "0.3", 0, "delta-GClip"),
        ("1", "1e-3", 3, "GClip"),
        ("5", "1e-3", 3, "no clipping"),
        ("4", "1e-3", 3, "unknown"),
    ],
)
def test_the_exit_code_says_whether_delta_ever_mattered(warm, tmp_path, gamma, delta, code, run_of):
    (tmp_path / "run.csv").write_text(LOG, encoding="utf-8")
    end = warm("audit", "run.csv", "--gamma", gamma, "--delta", delta, "--json", folder=tmp_path)
    assert (end.code, end.stderr) == (code, "")
    said = end.answer()
    assert said["schema"] == "pltheory-audit/1"
    assert said["run_of"] == run_of
    assert said["full"] + said["clipped"] + said["floored"] == said["steps"] == 40


def test_what_is_printed_and_drawn(warm, tmp_path):
    (tmp_path / "run.csv").write_text(LOG + "40,\n", encoding="utf-8")
    end = warm("audit", "run.csv", "--gamma", 1, "--delta", "1e-3", "--figure", "run.svg", folder=tmp_path)
    assert end.code == 3
    assert "this run is GClip's: no theorem of delta-GClip is being tested" in end.stdout
    assert "gamma < 1 clips 10%" in end.stdout
    assert end.stderr == "1 row without a norm left out\n"
    assert (tmp_path / "run.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_a_page_with_what_a_monitor_measured(warm, tmp_path):
    log = "step,grad_norm,distance,pl_ratio,theorems\n0,4,0,2.5,\n1,0.5,,,\n"
    (tmp_path / "run.csv").write_text(log, encoding="utf-8")
    arguments = ("audit", "run.csv", "--gamma", 1, "--delta", "0.5")
    assert warm(*arguments, "--html", "run.html", folder=tmp_path).code == 0
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert "run.csv, column grad_norm" in page
    assert "1 readings" not in page
    assert "Least PL* ratio: 2.5" in page
    end = warm(*arguments, "--html", ".", folder=tmp_path)
    assert (end.code, end.stdout, end.stderr.count("\n")) == (2, "", 1)


def test_steps_of_another_rule_end_with_1(warm, tmp_path):
    (tmp_path / "run.csv").write_text("grad_norm,eta,step_size\n4,1,1\n", encoding="utf-8")
    assert warm("audit", "run.csv", "--gamma", 1, "--delta", 0.1, folder=tmp_path).code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such.csv"], "log = 'no-such.csv': no such file"),
        (["."], "it is a folder"),
        (["run.csv"], "--gamma: needed is a number or a column; the columns of run.csv are step, train/grad_norm"),
        (["run.csv", "--gamma", 1, "--delta", 2], "delta = 2: allowed are numbers in [0, 1), 0 for GClip"),
        (["bare.csv", "--gamma", 1], "no column of gradient norms; its columns are step, loss"),
        (["nan.csv", "--gamma", 1, "--delta", 0.1], "1 of 2 numbers in column 'norm' are not allowed"),
    ],
)
def test_what_is_wrong_is_a_line_and_2(warm, tmp_path, arguments, said):
    (tmp_path / "run.csv").write_text(LOG, encoding="utf-8")
    (tmp_path / "bare.csv").write_text("step,loss\n0,1\n", encoding="utf-8")
    (tmp_path / "nan.csv").write_text("norm\n1\nnan\n", encoding="utf-8")
    end = warm("audit", *arguments, folder=tmp_path)
    assert (end.code, end.stdout) == (2, "")
    assert said in end.stderr
    assert end.stderr.count("\n") == 1
