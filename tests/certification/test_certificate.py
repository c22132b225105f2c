"""Certificates: what is proved agrees with the float64 numbers, and nothing false gets one."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn

from pltheory.certification.claim import array_hash
from pltheory.certification.enclose import enclose
from pltheory.certification.layers import layer_bounds
from pltheory.certification.profile import profile
from pltheory.certification.stored import stored_arrays
from pltheory.measure.linearization import linearize
from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings
from pltheory.problem.data import digits
from pltheory.problem.networks import FullyConnected, class_n, fully_connected
from pltheory.problem.problem import Problem
from pltheory.theory import InvalidInputError, NotAvailableError
from tests.by_name import certify, reach
from tests.cases import CASES, Case

SETTINGS = DeltaGClipSettings("0.1/beta", 0.5, 0.1)


def wide(n: int = 3, width: int = 4096, loss: str = "sum") -> Problem:
    x, y = digits(n)
    return Problem(fully_connected([64, width, 1]), x, y, loss)


def guess(problem: Problem):
    lin = linearize(problem.network, problem.x)
    return profile(lin, float((lin.outputs - problem.y).norm()), problem.scale)


def numbers_of(bounds):
    """All numbers of the nodes of a chain, in one order."""
    for at in bounds.numbers[1:]:
        for value in asdict(at).values():
            yield from (v for term in value for v in term.values()) if isinstance(value, tuple) else [value]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_enclosure_contains_the_float_numbers_and_is_tight(case):
    problem = case.problem()
    if problem.x.dtype != torch.float64:
        return
    lin = linearize(problem.network, problem.x)
    floats, centre = layer_bounds(lin), enclose(stored_arrays(problem))
    values = torch.linalg.eigvalsh(lin.kernel)
    resolution = 1e-12 * float(values[-1])
    assert centre.lambda_min.at_least() <= float(values[0]) + resolution
    assert centre.lambda_min.at_least() >= (1 - 1e-6) * float(values[0]) - resolution
    assert float(values[-1]) <= centre.lambda_max.at_most() * (1 + 1e-12) <= float(values[-1]) * (1 + 1e-6)
    assert centre.residual >= float((lin.outputs - problem.y).norm()) * (1 - 1e-12)
    for proved, computed in zip(numbers_of(centre.bounds), numbers_of(floats), strict=True):
        assert computed * (1 - 1e-12) <= proved <= computed * (1 + 1e-6) + 1e-300


def test_a_deep_network_is_enclosed():
    """Errors pass a layer with its norm, and not with sums of moduli: those of ten layers would exceed the kernel."""
    problem = Case((32,) * 10, 2, "tanh", "ntk", False, n=2, d=6).problem()
    lin = linearize(problem.network, problem.x)
    smallest = float(torch.linalg.eigvalsh(lin.kernel)[0])
    found = enclose(stored_arrays(problem)).lambda_min.at_least()
    assert (1 - 1e-3) * smallest <= found <= smallest * (1 + 1e-9)


@pytest.mark.parametrize("loss", ["sum", "mean"])
@pytest.mark.parametrize("theorem", ["A", "A'", "B", "C"])
def test_a_certificate_agrees_with_the_search_and_never_says_more(theorem, loss):
    problem = wide(loss=loss)
    bounds = guess(problem)
    found, proof = reach(bounds, SETTINGS, theorem), certify(problem, SETTINGS, bounds, theorem=theorem)
    assert proof.holds
    i = int(np.searchsorted(bounds.radii, proof.numbers["radius"] * (1 - 1e-12)))
    assert proof["beta"] >= bounds.beta[i] * (1 - 1e-9)
    assert proof["mu"] <= found.mu * (1 + 1e-9)
    assert proof["required"] >= found.required * (1 - 1e-3)
    assert proof["rate"] >= found.rate
    assert proof["residual"] >= bounds.residual * (1 - 1e-12)
    assert proof.eta == 0.1 / proof["beta"]


@pytest.mark.parametrize(
    "settings", [GClipSettings("0.1/beta", 0.5), GradientDescentSettings(0.02)], ids=["gclip", "gd"]
)
def test_other_step_rules(settings):
    problem = wide()
    proof = certify(problem, settings, guess(problem))
    assert proof.holds
    assert 0 < proof["floor"] <= 1


def test_what_does_not_hold_gets_no_certificate(tmp_path):
    problem = wide(width=64)
    proof = certify(problem, SETTINGS, guess(problem))
    assert not proof.holds
    with pytest.raises(InvalidInputError, match="only a certificate that holds"):
        proof.save(tmp_path / "a.cert.json")
    long = certify(wide(), GradientDescentSettings(5.0), guess(wide()))
    assert next(i.name for i in long.inequalities if not i.holds) == "beta eta < 2"


def test_a_guess_is_believed_in_nothing_but_the_ball():
    """A profile of a far better network makes the search choose a ball; the proof then fails on its own numbers."""
    problem, better = wide(width=128), guess(wide(width=100_000))
    assert not certify(problem, SETTINGS, better).holds


def test_the_arrays_are_copies():
    problem = wide(width=2000)
    proof = certify(problem, SETTINGS, guess(problem))
    before = array_hash(proof.arrays.weights[0])
    with torch.no_grad():
        next(problem.network.parameters()).zero_()
        problem.y.neg_()
    assert array_hash(proof.arrays.weights[0]) == before
    assert not np.array_equal(proof.arrays.y, problem.y.numpy())


def test_a_nan_never_holds():
    proof = certify(wide(), SETTINGS, guess(wide()))
    for side in ("left", "right"):
        broken = replace(proof.inequalities[-1], **{side: float("nan")})
        assert not replace(proof, inequalities=(*proof.inequalities[:-1], broken)).holds


def tied() -> nn.Module:
    net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
    net[2].weight = net[0].weight
    return net


def hooked() -> nn.Module:
    net = fully_connected([4, 8, 1])
    net.register_forward_hook(lambda module, inputs, output: 2 * output)
    return net


def own_forward() -> nn.Module:
    class Doubled(FullyConnected):
        def forward(self, x):
            return 2 * super().forward(x)

    net = fully_connected([4, 8, 1])
    return Doubled(list(net.weights), None, net.kappas, net.taus, net.activation)


def patched() -> nn.Module:
    net = fully_connected([4, 8, 1])
    net.forward = lambda x: x[:, :1]
    return net


@pytest.mark.parametrize("make", [tied, hooked, own_forward, patched])
def test_a_module_that_computes_something_else_is_not_read_as_class_n(make):
    with pytest.raises(NotAvailableError, match="not available for this network"):
        class_n(make())


def test_a_scale_of_biases_that_are_not_there_is_refused():
    net = fully_connected([4, 8, 1])
    with pytest.raises(InvalidInputError, match="tau"):
        FullyConnected(list(net.weights), None, net.kappas, (1.0, 1.0), "tanh").class_n()
    with pytest.raises(InvalidInputError, match="delta"):
        GClipSettings(0.1, 1.0, 0.5)
    with pytest.raises(InvalidInputError, match="delta"):
        GradientDescentSettings(0.1, 1.0, 0.5)
