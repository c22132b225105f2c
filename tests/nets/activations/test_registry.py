"""Names, and activations that other packages declare as entry points: found, guarded, used from a configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pltheory.nets.activations import ACTIVATIONS, GROUP, activation, activation_of, names, origin, registry
from pltheory.rigor.errors import NoVerdictError
from pltheory.study.config import read_config
from pltheory.theory import ExtensionError, InvalidInputError, NotAvailableError
from tests.cli.program import finding
from tests.theorems.installed import install

ROOT = Path(__file__).parents[3]
SINE = Path(__file__).with_name("sine.py").read_text(encoding="utf-8")
CONFIG = """
[network]
hidden = [16000]
activation = "wave"
[data]
source = "sphere"
n = 2
d = 3
[optimizer]
eta = "0.1/beta"
gamma = 0.5
delta = 0.1
[theorem]
name = "B"
[run]
steps = 50
"""
AS_MODULE = """
from torch import nn
from pltheory.nets.activations import Activation


class Sine(nn.Module):
    def forward(self, z):
        return z.sin()


class Wave(Activation):
    name = "wave"
    s1 = s2 = s3 = bound = 1.0
    odd = True
    module = "sin_module:Sine"

    def value(self, z):
        return z.sin()

    def derivative(self, z):
        return z.cos()

    def second(self, z):
        return -z.sin()
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Packages on this process' path, forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def make(points, modules, name="someone"):
        install(tmp_path, name, points, modules, GROUP)
        registry._of_package.cache_clear()

    yield make
    registry._of_package.cache_clear()
    for module in set(sys.modules) - before:
        if module.startswith("sin_"):
            del sys.modules[module]


def pltheory(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
    command = [sys.executable, "-c", "from pltheory.cli import main; main()", *arguments]
    # Not in the folder: Python would find the package there whatever its path says.
    return subprocess.run(command, cwd=folder.parent, env=environment, capture_output=True, text=True, check=False)


def test_the_constants_are_read_without_torch():
    code = "import sys, pltheory.nets.activations; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_name_stands_for_itself():
    assert names() == list(ACTIVATIONS)
    assert all(activation(name).name == name for name in ACTIVATIONS)
    assert all(origin(name) is None for name in ACTIVATIONS)


def test_nothing_is_loaded_before_it_is_asked_for(package):
    package({"wave": "not_there:Wave"}, {})
    assert names() == [*ACTIVATIONS, "wave"]
    read_config(CONFIG)
    with pytest.raises(ExtensionError, match=r"activation 'wave' of someone 1.0 \(not_there:Wave\) cannot be loaded"):
        activation("wave")


def test_an_unknown_name_lists_the_installed_ones(package):
    package({"wave": "sin_activation:Wave"}, {"sin_activation": SINE})
    with pytest.raises(InvalidInputError, match=r"'swish'.*tanh.*relu, wave"):
        activation("swish")
    with pytest.raises(InvalidInputError, match=r"network.activation = 'swish': should be 'tanh'.*'relu' or 'wave'"):
        read_config(CONFIG.replace('"wave"', '"swish"'))
    assert activation("wave").s2 == 1.0
    assert origin("wave") == "someone 1.0 (sin_activation:Wave)"


def test_two_packages_cannot_share_a_name(package):
    package({"wave": "sin_one:Wave"}, {"sin_one": SINE})
    package({"wave": "sin_two:Wave"}, {"sin_two": SINE}, "someone-else")
    with pytest.raises(InvalidInputError, match=r"claimed by someone.* and by someone"):
        activation("wave")


def test_a_name_of_this_project_stays_this_projects(package):
    package({"tanh": "sin_activation:Wave"}, {"sin_activation": SINE})
    assert activation("tanh") is ACTIVATIONS["tanh"]
    assert names() == list(ACTIVATIONS)


def test_an_activation_has_its_own_name(package):
    package({"sine": "sin_activation:Wave"}, {"sin_activation": SINE})
    with pytest.raises(ExtensionError, match=r"activation 'sine' of someone 1.0 .* calls itself 'wave'"):
        activation("sine")


def test_a_wrong_one_is_refused_by_name_and_package(package):
    package({"wave": "sin_activation:Wave"}, {"sin_activation": SINE.replace("z.cos()", "z.sin()")})
    with pytest.raises(ExtensionError) as caught:
        activation("wave")
    assert str(caught.value).startswith("activation 'wave' of someone 1.0 (sin_activation:Wave): autograd's derivative")
    assert "\n" not in str(caught.value)


def test_a_module_of_the_package_is_read(package):
    from pltheory.problem.networks import class_n

    package({"wave": "sin_module:Wave"}, {"sin_module": AS_MODULE})
    import sin_module

    net = nn.Sequential(nn.Linear(3, 4), sin_module.Sine(), nn.Linear(4, 1)).double()
    assert class_n(net).activation == activation_of(sin_module.Sine()) == "wave"
    forward = sin_module.Sine.forward
    sin_module.Sine.forward = lambda self, z: z.cos()
    try:
        with pytest.raises(NotAvailableError, match=r"Sine.forward was replaced"):
            class_n(net)
    finally:
        sin_module.Sine.forward = forward
    class_n(net)


def test_without_an_enclosure_everything_up_to_holds(package):
    import pltheory as pl
    from pltheory.theory.verdict import Verdict
    from pltheory.verification.contract import near_solution
    from pltheory.verification.evidence import Evidence

    package({"wave": "sin_module:Wave"}, {"sin_module": AS_MODULE})
    problem = near_solution(60, 1e-5, activation="wave")
    rule = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)
    for level in (Verdict.HOLDS, Verdict.CERTIFIED):
        report = pl.verify(problem, rule, theorem="B", steps=50, level=level)
        assert (report.verdict, report.evidence) == (Verdict.HOLDS, Evidence.AGREES)
    assert "no verified enclosure of wave is known" in report.main.shortfall
    with pytest.raises(NoVerdictError, match="no verified enclosure of wave is known"):
        pl.certify(problem, rule, theorem="B")
    for theorem in ("B+", "D"):
        report = pl.verify(problem, rule, theorem=theorem, steps=0)
        assert report.verdict is Verdict.UNDECIDED
        assert "no verified enclosure of wave is known" in report.main.shortfall


def test_its_kernel_is_singular_at_opposite_points_where_it_is_odd(package):
    import pltheory as pl
    from pltheory.theorems.measured import measure

    package({"wave": "sin_activation:Wave"}, {"sin_activation": SINE})
    x = torch.tensor([[1.0, 2.0], [-1.0, -2.0]], dtype=torch.float64)
    net = pl.fully_connected([2, 8, 1], activation="wave")
    measured = measure(pl.Problem(net, x, torch.ones(2, 1, dtype=torch.float64)))
    assert "opposite" in measured.singular


def test_its_enclosure_holds_the_function_everywhere(package):
    import mpmath as mp

    from pltheory.rigor.midrad import Ball

    package({"wave": "sin_activation:Wave"}, {"sin_activation": SINE})
    x = np.concatenate([np.random.default_rng(0).uniform(-41, 41, 300), [0.0, 40.0, 40.01, -1e5]])
    for order, function in enumerate((mp.sin, mp.cos, lambda v: -mp.sin(v))):
        for v in x:
            ball = activation("wave").enclose(Ball(np.array([v])), order)
            with mp.workdps(40):
                assert abs(function(mp.mpf(v)) - mp.mpf(float(ball.mid[0]))) <= float(ball.rad)


@pytest.mark.slow
def test_the_command_line_runs_and_certifies_it(warm, tmp_path):
    folder = tmp_path / "installed"
    install(folder, "sin-activation", {"wave": "sin_activation:Wave"}, {"sin_activation": SINE}, GROUP)
    config = folder / "sin.toml"
    config.write_text(CONFIG, encoding="utf-8")
    without = warm("verify", config, folder=tmp_path)
    assert without.code == 2
    assert "network.activation = 'wave': should be 'tanh', 'sigmoid'" in without.stderr

    here = finding(folder)
    holds = warm("verify", config, "--level", "holds", "--out", "holds", folder=tmp_path, before=here)
    assert holds.code == 0, holds.stderr
    report = json.loads((tmp_path / "holds" / "report.json").read_text(encoding="utf-8"))
    assert (report["verdict"], report["evidence"]) == ("HOLDS", "agrees")
    smooth = report["theorems"][0]["hypotheses"][0]
    assert smooth["how"].startswith("as stated by sin-activation 1.0 (sin_activation:Wave): s1 ≤ 1")

    certificate = tmp_path / "sin.json"
    proved = pltheory(
        folder, "verify", str(config), "--out", str(tmp_path / "proved"), "--save-certificate", str(certificate)
    )
    assert proved.returncode == 0, proved.stderr
    report = json.loads((tmp_path / "proved" / "report.json").read_text(encoding="utf-8"))
    assert (report["verdict"], report["evidence"]) == ("CERTIFIED", "agrees")
    again = warm("recheck", certificate, folder=tmp_path, before=here)
    assert again.code == 2
    assert again.stderr.strip().startswith("rejected  network.activation: not 'tanh' or")
    assert len(again.stderr.strip().splitlines()) == 1


def test_the_command_line_refuses_a_wrong_one(warm, tmp_path):
    folder = tmp_path / "installed"
    source = SINE.replace("s1 = s2 = s3 = bound = 1.0", "s1 = s3 = bound = 1.0\n    s2 = 0.5")
    install(folder, "sin-activation", {"wave": "sin_activation:Wave"}, {"sin_activation": source}, GROUP)
    (folder / "sin.toml").write_text(CONFIG, encoding="utf-8")
    end = warm("verify", folder / "sin.toml", folder=tmp_path, before=finding(folder))
    assert end.code == 4
    (line,) = end.stderr.strip().splitlines()
    assert "activation 'wave' of sin-activation 1.0 (sin_activation:Wave): s2 = 0.5 is below |second| = " in line
