"""Logs as training scripts write them: the column is found or asked for, and what is no norm is told with its line."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from pltheory.runs.audit import RunOf
from pltheory.runs.norm_log import read_log
from pltheory.theory import InvalidInputError


def log(tmp_path, text):
    path = tmp_path / "run.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("grad_norm\n1\n2\n", "grad_norm"),
        ("step,loss,train/grad_norm\n0,3,1\n1,2,2\n", "train/grad_norm"),
        ('"Step";"run-1 - train: Grad-Norm"\n0;1\n1;2\n', "run-1 - train: Grad-Norm"),
        ("step\tGradient Norm\n0\t1\n1\t2\n", "Gradient Norm"),
        # A row of evaluation has no norm, nor has the last iterate of this project's trace.csv.
        ("step,norm,val\n0,1,\n1,2,\n2,,0.5\n", "norm"),
        ("norm,grad_norm\n8,1\n9,2\n", "grad_norm"),
    ],
)
def test_the_column_of_norms_is_found(tmp_path, text, column):
    read = read_log(log(tmp_path, text))
    assert read.column == column
    np.testing.assert_array_equal(read.audit(1.0, 0.1).norms, [1, 2])
    assert read.left_out == text.count(",,0.5")


def test_gamma_delta_and_eta_are_numbers_or_columns(tmp_path):
    path = log(tmp_path, "grad_norm,gamma,delta,lr,step_size,other\n4,1,0.5,0.1,0.05,8\n2,1,0.5,0.2,0.1,8\n")
    own = read_log(path).audit()
    assert own.off_rule == 0
    assert (own.floored, own.clipped) == (1, 1)
    assert own.eta.tolist() == [0.1, 0.2]
    asked = read_log(path).audit("other", "1e-3", "0.1")
    assert asked.full == 2
    assert asked.delta.tolist() == [1e-3] * 2
    assert asked.run_of is RunOf.ANOTHER
    with path.open("rb") as plain, gzip.open(tmp_path / "run.csv.gz", "wb") as packed:
        packed.write(plain.read())
    assert read_log(tmp_path / "run.csv.gz").audit().to_dict() == own.to_dict()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the log is empty"),
        ("# no table\n", "the log is empty"),
        ("step,loss\n0,1\n", "no column of gradient norms; its columns are step, loss: --column NAME"),
        ("grad_norm\n", "no row has a norm"),
        ("grad_norm,x\n,1\n", "no row has a norm"),
        ("a/grad_norm,b/grad_norm\n1,1\n", "several columns may be grad_norm: a/grad_norm, b/grad_norm"),
        ("grad_norm,x,x\n1,1,1\n", "two columns are called 'x'"),
        ("grad_norm,x\n1\n", "line 2 has 1 columns, the first row has 2"),
        ('grad_norm\n"1\n', "cannot be split into cells"),
        ("grad_norm\n1\nnan\n2\nNaN\n-3\n", r"3 of 5 numbers in column 'grad_norm' .* first is nan \(lines 3, 5, 6\)"),
        ("grad_norm\n1\ninf\n", r"first is inf \(line 3\); allowed are finite"),
        ("grad_norm\n1\n-0.5\n", r"first is -0.5 \(line 3\)"),
        ("grad_norm\n1\nhigh\n", "line 3, column 'grad_norm' is 'high'; allowed are numbers"),
        ("grad_norm,lr\n1,\n2,0.1\n", "line 2, column 'lr' is ''; allowed are numbers"),
    ],
)
def test_what_is_no_log_is_told_in_a_line(tmp_path, text, said):
    with pytest.raises(InvalidInputError, match=said) as refused:
        read_log(log(tmp_path, text)).audit(1.0, 0.1)
    assert "\n" not in str(refused.value)


def test_what_is_missing_is_asked_for(tmp_path):
    read = read_log(log(tmp_path, "grad_norm,loss,delta\n1,3,\n"))
    for gamma, delta, said in (
        (None, "0.1", "--gamma: needed is a number or a column; the columns of .* are grad_norm, loss$"),
        ("1", None, "--delta: needed"),
        ("threshold", "0.1", "--gamma threshold: neither a number nor a column"),
        ("0", "0.1", "gamma = 0: allowed are positive"),
        ("nan", "0.1", "gamma = nan"),
        ("1", "1", r"delta = 1: allowed are numbers in \[0, 1\)"),
    ):
        with pytest.raises(InvalidInputError, match=said):
            read.audit(gamma, delta)
    with pytest.raises(InvalidInputError, match="--column norms: no such column"):
        read_log(read.path, "norms")
