"""`check` and `verify` with --save-certificate: what is CERTIFIED is written and rechecked, what is not is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.program import everything_in

CONFIG = """
[network]
hidden = [WIDTH]
activation = "tanh"
output_init = "rademacher"
[data]
source = "near.npz"
n = 3
[optimizer]
eta = "0.5/beta"
gamma = 0.01
delta = 0.1
[run]
steps = 5
"""


@pytest.fixture
def near(tmp_path: Path) -> Path:
    """Three points whose targets are small: every theorem is certified at little width."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "near.npz", x=rng.standard_normal((3, 6)), y=0.02 * rng.standard_normal((3, 1)))
    (tmp_path / "near.toml").write_text(CONFIG.replace("WIDTH", "3000"), encoding="utf-8")
    return tmp_path


# --theorem C needs a checkpoint; `pltheory certify` writes its certificate.
@pytest.mark.slow
@pytest.mark.parametrize("theorem", ["A", "A'", "B", "B+"])
def test_check_saves_what_is_certified_and_recheck_accepts_it(warm: Any, near: Path, theorem: str) -> None:
    quick = ["--set", "network.hidden=[400]"] if theorem == "B+" else []
    end = warm("check", "near.toml", "--theorem", theorem, *quick, "--save-certificate", "near.cert.json", folder=near)
    assert end.code == 0, end.stdout + end.stderr
    assert "wrote near.cert.json and near.cert.npz" in end.stderr
    again = warm("recheck", "near.cert.json", folder=near)
    assert (again.code, f"Theorem {theorem}: all" in again.stdout) == (0, True), again.stderr


def test_verify_saves_the_certificate_beside_its_run_folder(warm: Any, near: Path) -> None:
    arguments = ("near.toml", "--theorem", "B", "--out", "run", "--json", "--save-certificate", "near.cert.json")
    end = warm("verify", *arguments, folder=near)
    assert end.answer()["verdict"] == "CERTIFIED"
    assert {"near.cert.json", "near.cert.npz", "run/report.json"} <= everything_in(near)
    assert warm("recheck", "near.cert.json", folder=near).code == 0


@pytest.mark.slow
def test_of_the_ladder_the_main_theorems_certificate_is_saved(warm: Any, near: Path) -> None:
    end = warm("check", "near.toml", "--theorem", "all", "--save-certificate", "near.cert.json", folder=near)
    assert end.code == 0, end.stderr
    assert "Theorem B: all" in warm("recheck", "near.cert.json", folder=near).stdout


@pytest.mark.slow
@pytest.mark.parametrize("theorem", ["B", "B+"])
def test_what_is_undecided_is_not_written(warm: Any, near: Path, theorem: str) -> None:
    arguments = ("near.toml", "--theorem", theorem, "--set", "network.hidden=[5]", "--save-certificate", "c.cert.json")
    end = warm("check", *arguments, folder=near)
    assert end.code == 3
    assert f"no certificate written to c.cert.json, Theorem {theorem} is UNDECIDED: " in end.stderr
    assert everything_in(near) == {"near.npz", "near.toml"}


CLASSIFIER = """
import torch
from torch import nn


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 4), nn.Linear(4, 3)).double()
"""


def test_of_features_at_the_weights_a_certificate_is_saved(warm: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "near.npz", x=rng.standard_normal((9, 6)), y=np.eye(3)[np.arange(9) % 3])
    (tmp_path / "classifier.py").write_text(CLASSIFIER, encoding="utf-8")
    network = '[network]\nmodule = "classifier.py:network"\n[data]\nsource = "near.npz"\nn = 9\n'
    rule = "[optimizer]\neta = 0.1\ngamma = 0.01\ndelta = 0.1\n[run]\nsteps = 5\n"
    (tmp_path / "near.toml").write_text(network + rule, encoding="utf-8")
    arguments = ("near.toml", "--theorem", "NC", "--save-certificate", "near.cert.json")
    end = warm("check", *arguments, folder=tmp_path)
    assert end.code == 0, end.stdout + end.stderr
    assert "wrote near.cert.json and near.cert.npz" in end.stderr
    again = warm("recheck", "near.cert.json", folder=tmp_path)
    assert (again.code, "Theorem NC: all" in again.stdout) == (0, True), again.stderr


REFUSED = {
    "a level without round-off": (["--level", "holds"], "c.cert.json", "needs --level certified, not holds"),
    "a theorem without certificates": (["--theorem", "LZB22-6"], "c.cert.json", "Theorem LZB22-6 has no certificate"),
    "the name of the arrays": ([], "c.npz", "this is the name of the arrays"),
    "no such folder": ([], "none/c.cert.json", "there is no folder none"),
    "a file that exists": ([], "near.toml", "exists already"),
    "arrays that exist": ([], "near.json", "near.npz: exists already"),
}


@pytest.mark.parametrize("job", ["check", "verify"])
@pytest.mark.parametrize(("more", "path", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_saved_is_refused_before_anything_is_computed(
    warm: Any, near: Path, job: str, more: list[str], path: str, said: str
) -> None:
    broken = "import pltheory.study.build as build; build.problem_of = None"
    end = warm(job, "near.toml", *more, "--save-certificate", path, folder=near, before=broken)
    assert end.code == 2
    assert end.stdout == ""
    assert said in end.stderr
    assert everything_in(near) == {"near.npz", "near.toml"}
