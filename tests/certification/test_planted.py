"""Planted counterexamples: networks with a hypothesis that is false by construction are never certified.

Each plant makes sigma_min(J), the residual or the step violate what a theorem asks for, exactly, so that every
certificate would be a false one. The guess that chooses the ball comes from a healthy network, so that nothing but the
verified numbers can refuse.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pltheory.certification.enclose import enclose
from pltheory.certification.profile import profile
from pltheory.certification.stored import Arrays
from pltheory.measure.linearization import linearize
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.rigor.errors import NoVerdictError
from tests.by_name import certify
from tests.rigor.oracle import cases

SETTINGS = DeltaGClipSettings("0.1/beta", 0.5, 0.1)
WIDTH, N, D = 1500, 2, 4


def healthy(seed: int) -> Problem:
    """A problem that Theorem B certifies: small targets reached from a small output."""
    rng = np.random.default_rng(seed)
    x = torch.as_tensor(np.linalg.qr(rng.standard_normal((D, D)))[0][:N] * np.sqrt(D))
    net = fully_connected([D, WIDTH, 1], seed=seed)
    with torch.no_grad():
        y = net(x) + 0.1 * torch.as_tensor(rng.standard_normal((N, 1)))
    return Problem(net, x, y)


def stored(problem: Problem, **changes: object) -> Arrays:
    """The arrays of a problem with the plant in place."""
    layers = [p.detach().numpy().copy() for p in problem.parameters()]
    given = {
        "weights": tuple(layers),
        "biases": (None, None),
        "kappa": (1 / np.sqrt(D), 1 / np.sqrt(WIDTH)),
        "tau": (0.0, 0.0),
        "activation": "tanh",
        "x": problem.x.numpy().copy(),
        "y": problem.y.numpy().copy(),
    }
    return Arrays(**(given | changes))


def verdicts(problem: Problem, arrays: Arrays, settings=SETTINGS) -> list[bool]:
    lin = linearize(problem.network, problem.x)
    guess = profile(lin, float((lin.outputs - problem.y).norm()))
    try:
        centre = enclose(arrays)
    except NoVerdictError:
        return []
    return [certify(problem, settings, guess, theorem=t, centre=centre).holds for t in ("A", "A'", "B", "C")]


def equal_rows(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two equal inputs with different targets: no zero of L exists."""
    x[1], y[1] = x[0], y[0] + 1e-3
    return x, y


def opposite_rows(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """tanh is odd: F(-x) = -F(x), but the targets are equal."""
    x[1], y[1] = -x[0], y[0]
    return x, y


def rows_one_unit_apart(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct inputs whose kernel is singular to sixteen digits: its residual asks for far more than it has."""
    x[1], y[1] = np.nextafter(x[0], np.inf), y[0] + 1e-3
    return x, y


def zero_input(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F(0) = 0 whatever the weights."""
    x[1] = 0.0
    return x, y + 1.0


PLANTS = (equal_rows, opposite_rows, rows_one_unit_apart, zero_input)


def test_without_a_plant_the_same_problem_is_certified():
    problem = healthy(0)
    assert all(verdicts(problem, stored(problem)))


@pytest.mark.slow
@pytest.mark.parametrize("plant", PLANTS, ids=lambda p: p.__name__)
def test_data_that_no_weights_can_fit_are_never_certified(plant, count):
    for seed in range(cases(2, 1e-3)):
        problem = healthy(seed)
        x, y = plant(problem.x.numpy().copy(), problem.y.numpy().copy())
        assert not any(verdicts(problem, stored(problem, x=x, y=y)))
        count(f"planted: {plant.__name__.replace('_', ' ')}")


@pytest.mark.slow
def test_dead_networks_and_long_steps_are_never_certified(count):
    for seed in range(cases(2, 1e-3)):
        problem = healthy(seed)
        w1, w2 = (p.detach().numpy().copy() for p in problem.parameters())
        dead = stored(problem, weights=(w1 * 0.0, w2 * 0.0))  # J = 0
        assert not any(verdicts(problem, dead))
        flat = stored(problem, weights=(w1 * 1e6, w2), kappa=(1.0, 1 / np.sqrt(WIDTH)), y=problem.y.numpy() + 50.0)
        assert not any(verdicts(problem, flat))  # saturated: act' vanishes, and the targets are out of reach
        # beta eta >= 2, though by one unit in the last place only; beta is at least the largest eigenvalue.
        longest = enclose(stored(problem))
        eta = float(np.nextafter(2.0 / longest.lambda_max.at_most() * (1 + 1e-6), np.inf))
        assert not any(verdicts(problem, stored(problem), GradientDescentSettings(eta)))
        count("planted: dead network", "planted: saturated network", "planted: step beyond 2/beta")
