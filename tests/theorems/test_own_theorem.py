"""The worked example: it keeps the contract, its constants survive exact averages, `pltheory verify` finds it."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

from pltheory.optim import GradientDescentSettings
from pltheory.theorems.guard import guarded
from pltheory.theorems.measured import measure
from pltheory.theorems.protocol import Question
from pltheory.theory.verdict import Verdict
from pltheory.verification.contract import Sample, TheoremContract, near_solution
from tests.cli.program import finding
from tests.theorems.installed import EXAMPLE, install_example

spec = importlib.util.spec_from_file_location("sgd_interpolation", EXAMPLE / "sgd_interpolation.py")
sgd = importlib.util.module_from_spec(spec)
sys.modules["sgd_interpolation"] = sgd
spec.loader.exec_module(sgd)

RULE = GradientDescentSettings(eta="0.02/beta")


class Contract(TheoremContract):
    batch = 0

    def candidate(self):
        return sgd.StochasticGradientDescent()

    def applies(self):
        return Sample("near a solution", near_solution(8, 1e-6), RULE, {"batch": self.batch, "failure": 0.2})


class TestFullBatch(Contract):
    pass


class TestBatchesOfOne(Contract):
    batch = 1


class TestBatchesOfTwo(Contract):
    batch = 2


@pytest.mark.parametrize("s", [1, 2, 3, 4])
def test_the_second_moment_of_a_batch_gradient(s):
    """E||G||^2 = a n sum ||g_i||^2 + b ||sum g_i||^2, by listing every batch."""
    g = torch.randn(4, 7, generator=torch.Generator().manual_seed(s), dtype=torch.float64)
    exact = np.mean([float((4 / s * g[list(b)].sum(0)).square().sum()) for b in combinations(range(4), s)])
    a, b = sgd.shares(4, s)
    assert exact == pytest.approx(a * 4 * float(g.square().sum()) + b * float(g.sum(0).square().sum()), rel=1e-12)
    assert sgd.shares(1, 1) == (0.0, 1.0)


def losses_and_gradients(problem, w):
    """Loss of each sample and its gradient, by autodiff of each sample on its own; w flat."""
    shapes = {k: p.shape for k, p in problem.network.named_parameters()}
    parts = torch.split(w, [s.numel() for s in shapes.values()])
    named = {k: part.reshape(s) for (k, s), part in zip(shapes.items(), parts, strict=True)}

    def one(parameters, x, y):
        return (
            0.5 * problem.scale * (torch.func.functional_call(problem.network, parameters, x[None]) - y).square().sum()
        )

    values, flats = [], []
    for x, y in zip(problem.x, problem.y, strict=True):
        gradient, value = torch.func.grad_and_value(one)(named, x, y)
        values.append(float(value))
        flats.append(torch.cat([gradient[k].reshape(-1) for k in shapes]).detach())
    return np.array(values), torch.stack(flats)


def flat(problem):
    return torch.cat([p.detach().reshape(-1) for p in problem.parameters()])


@pytest.mark.slow
@pytest.mark.parametrize("s", [1, 2, 3])
@pytest.mark.parametrize("distance", [1e-6, 1e-3, 0.1])
def test_the_mean_loss_after_a_step_is_below_q_everywhere_in_the_ball(s, distance):
    """E[L(w'), w' in B] <= q L(w) for w anywhere in B, the mean taken over all batches; no ball need be certified."""
    problem = near_solution(8, distance, n=3)
    k = sgd.constants(measure(problem))
    start, gen = flat(problem), torch.Generator().manual_seed(s)
    tried = 0
    for i in range(1, len(k.radii) // 2, len(k.radii) // 12):
        limit = sgd.largest_step(k, 3, s)[i]
        for share in (0.1, 0.5, 0.99):
            eta = share * float(limit)
            q = float(sgd.rate(k, np.full_like(k.radii, eta), 3, s)[i])
            assert q < 1
            away = torch.randn(len(start), generator=gen, dtype=torch.float64)
            w = start + float(k.radii[i]) * float(torch.rand((), generator=gen)) * away / away.norm()
            values, g = losses_and_gradients(problem, w)
            after = []
            for batch in combinations(range(3), s):
                moved = w - eta * 3 / s * g[list(batch)].sum(0)
                inside = float((moved - start).norm()) <= k.radii[i]
                after.append(losses_and_gradients(problem, moved)[0].sum() if inside else 0.0)
            assert np.mean(after) <= q * values.sum() * (1 + 1e-9)
            own = max(float(gi.square().sum()) / (2 * v) for gi, v in zip(g, values, strict=True))
            assert own <= k.lam[i] * (1 + 1e-9), "||grad l_i||^2 <= 2 lam l_i"
            tried += 1
    assert tried > 20


@pytest.mark.slow
@pytest.mark.parametrize("s", [1, 2])
def test_sampled_paths_stay_below_their_mean_and_losses_below_their_envelope(s):
    problem = near_solution(8, 1e-6, n=3)
    at = measure(problem)
    options = {"batch": s, "failure": 0.2}
    report = guarded(sgd.StochasticGradientDescent(), "example").answer(Question(at, RULE, options=options))
    assert report.verdict is Verdict.HOLDS
    assert report.promise is None, "a mean is no promise about a run"
    k = sgd.constants(at)
    eta = RULE.multiple / k.beta
    mean = sgd.mean_path(k, eta, 3, s, at.profile.loss)
    i = int(np.argmax(np.where(np.isfinite(mean), k.radii / mean, 0)))
    q, steps, rng = float(sgd.rate(k, eta, 3, s)[i]), 60, np.random.default_rng(s)
    paths, last = [], []
    for _ in range(20):
        w, path = flat(problem), 0.0
        for _ in range(steps):
            _, g = losses_and_gradients(problem, w)
            step = float(eta[i]) * 3 / s * g[rng.permutation(3)[:s].tolist()].sum(0)
            w, path = w - step, path + float(step.norm())
        paths.append(path)
        last.append(losses_and_gradients(problem, w)[0].sum())
    assert np.mean(paths) <= mean[i]
    assert np.mean(last) <= q**steps * at.profile.loss * (1 + 3 / math.sqrt(20))


def test_full_batches_are_gradient_descent():
    """At s = n the rate is Theorem A's with h_t = eta."""
    from pltheory.theory.formulas import contraction

    k = sgd.constants(measure(near_solution(8, 1e-4)))
    eta = 0.7 / k.beta
    assert sgd.rate(k, eta, 3, 3) == pytest.approx(contraction(k.mu, k.beta, eta))
    known = k.mu > 0
    assert sgd.largest_step(k, 3, 3)[known] == pytest.approx(2 / k.beta[known])
    assert (sgd.largest_step(k, 3, 3)[~known] == 0).all()


def pltheory(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{root}{os.pathsep}{installed}",
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "100",
    }
    command = [sys.executable, "-c", "from pltheory.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=installed, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_command_line_finds_it_once_it_is_installed(warm, tmp_path):
    config = str(EXAMPLE / "sgd.toml")
    arguments = ("verify", config, "--theorem", "SGD", "--level", "holds")
    without = warm(*arguments, folder=tmp_path)
    assert without.code == 2
    assert "theorem.name = 'SGD'" in without.stderr
    install_example(tmp_path)
    end = pltheory(tmp_path, *arguments, "--out", "run", "--set", "run.steps=200")
    assert end.returncode == 0, end.stderr
    assert "Theorem SGD: mini-batch SGD under interpolation" in end.stdout
    assert "rows by: pltheory-sgd-interpolation 1.0 (sgd_interpolation:StochasticGradientDescent)" in end.stdout
    assert "run: agrees" in end.stdout
    report = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
    assert report["theorems"][0]["promise"]["rate"] < 1
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "not of this project" in page
    assert "certified radius" in page or "<svg" in page
    wrong = warm(*arguments, "--set", "theorem.options.batch=7", folder=tmp_path, before=finding(tmp_path))
    assert wrong.code == 2
    assert "theorem.options.batch = 7: must lie in 1 .. n = 2" in wrong.stderr
