"""Attacks on the certified bounds: gradient search inside the ball must find no violation, and must come near one.

Each search is an adversary with the plain network of `tests.oracles`; what it finds is evaluated densely. The second
half shows that the adversary bites: with any ingredient of the bounds made too small it does find a violation.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
import torch

from pltheory.certification.layers import layer_bounds
from pltheory.certification.profile import GRID, profile
from pltheory.measure.linearization import linearize
from pltheory.problem.networks import FullyConnected
from pltheory.theory.arithmetic import FLOATS
from pltheory.theory.formulas import smoothness
from pltheory.theory.perturbation import jacobian_change, jacobian_lipschitz
from tests.cases import CASES, every_case
from tests.oracles.attack import find_curvature, find_jacobian_change, find_lipschitz
from tests.oracles.plain import read, sigma_max, sigma_min
from tests.oracles.tiny import Tiny

ROUND_OFF = 1 + 1e-10
STEPS = 30


class Attacked:
    """A case with its profile and the two radii under attack: inside the table, and far outside it."""

    def __init__(self, case):
        self.problem = case.problem()
        self.plain, self.w0 = read(self.problem.network)
        self.x, self.y = self.problem.x, self.problem.y
        lin = linearize(self.problem.network, self.x)
        self.residual = float((lin.outputs - self.y).norm())
        self.profile = profile(lin, self.residual)
        self.bounds = self.profile.bounds
        self.index = GRID // 2
        self.radii = [float(self.profile.radii[self.index]), 5 * float(self.profile.radii[-1])]
        j = self.plain.jacobian(self.w0, self.x)
        self.least, self.most, self.centre = sigma_min(j), sigma_max(j), j

    def check_inside(self, points, s):
        assert float((points - self.w0).norm(dim=1).max()) <= s * ROUND_OFF


@pytest.fixture
def tightness(request):
    """Keeps bound over worst found in the test's record: `pytest --junitxml=FILE -o junit_family=xunit1` shows it."""
    return lambda what, value: request.node.user_properties.append((what, round(value, 3)))


@pytest.mark.slow
@every_case
def test_nothing_in_the_ball_contradicts_sig_and_l_f(case, tightness):
    at = Attacked(case)
    for s, points in zip(at.radii, find_jacobian_change(at.plain, at.w0, at.x, at.radii, steps=STEPS), strict=True):
        at.check_inside(points, s)
        bound = at.bounds.change(s, FLOATS)
        found = [at.plain.jacobian(w, at.x) for w in points]
        worst = max(sigma_max(j - at.centre) for j in found)
        assert worst <= bound * ROUND_OFF
        assert min(map(sigma_min, found)) >= (at.least - bound) / ROUND_OFF
        assert max(map(sigma_max, found)) <= (at.most + bound) * ROUND_OFF
        tightness(f"dJ at {s:.3g}", bound / worst)
        assert bound / worst < 12, "the search has become too weak to mean anything"
        if s == at.radii[0]:
            i = at.index
            assert min(map(sigma_min, found)) >= at.profile.sig[i] / ROUND_OFF
            assert max(map(sigma_max, found)) <= at.profile.lipschitz[i] * ROUND_OFF
            assert worst <= (at.profile.lipschitz[i] - at.most) * ROUND_OFF


@every_case
def test_nothing_in_the_ball_contradicts_ell(case, tightness):
    at = Attacked(case)
    for s, (points, directions) in zip(
        at.radii, find_lipschitz(at.plain, at.w0, at.x, at.radii, steps=STEPS), strict=True
    ):
        at.check_inside(points, s)
        bound = at.bounds.lipschitz(s, FLOATS)
        slopes = [sigma_max(at.plain.jacobian_along(w, at.x, v)) for w, v in zip(points, directions, strict=True)]
        assert max(slopes) <= bound * ROUND_OFF
        tightness(f"ell at {s:.3g}", bound / max(slopes))
        assert bound / max(slopes) < 30, "the search has become too weak to mean anything"
        # Quotients over chords between the points found, and against the centre.
        jacobians = [at.centre, *(at.plain.jacobian(w, at.x) for w in points)]
        places = [at.w0, *points]
        for a in range(len(places)):
            for b in range(a):
                length = float((places[a] - places[b]).norm())
                assert sigma_max(jacobians[a] - jacobians[b]) <= bound * length * ROUND_OFF
        # Hess L - J^T J = sum_i r_i Hess f_i, on all of the ball.
        for w in points[::3]:
            r = at.plain.outputs(w, at.x) - at.y.reshape(-1)
            bent = torch.einsum("i,ijk->jk", r, at.plain.output_hessians(w, at.x))
            assert float(torch.linalg.eigvalsh(bent).abs().max()) <= float(r.norm()) * bound * ROUND_OFF
        if s == at.radii[0]:
            assert max(slopes) <= at.profile.ell[at.index] * ROUND_OFF


@pytest.mark.slow
@every_case
def test_nothing_in_the_ball_below_the_starting_loss_contradicts_beta(case, tightness):
    at = Attacked(case)
    start = at.plain.loss(at.w0, at.x, at.y)
    found = find_curvature(at.plain, at.w0, at.x, at.y, at.radii, steps=20)
    for s, points in zip(at.radii, found, strict=True):
        at.check_inside(points, s)
        ell = at.bounds.lipschitz(s, FLOATS)
        beta = smoothness(at.residual, at.most + at.bounds.change(s, FLOATS), ell)
        inside = [w for w in [at.w0, *points] if at.plain.loss(w, at.x, at.y) <= start]
        assert len(inside) > 1, "the search left the set on which beta is claimed"
        spectra = [torch.linalg.eigvalsh(at.plain.loss_hessian(w, at.x, at.y)) for w in inside]
        largest = max(float(e[-1]) for e in spectra)
        assert largest <= beta * ROUND_OFF
        assert min(float(e[0]) for e in spectra) >= -at.residual * ell * ROUND_OFF
        tightness(f"beta at {s:.3g}", beta / largest)
        assert beta / largest < 60, "the search has become too weak to mean anything"
        if s == at.radii[0]:
            assert largest <= at.profile.beta[at.index] * ROUND_OFF


def test_beta_without_the_residuals_part_is_caught():
    """The curvature J^T J alone does not bound lambda_max(Hess L): the attack above has teeth."""
    at = Attacked(CASES[0])
    y = at.y + 40 * torch.sign(at.y)
    (points,) = find_curvature(at.plain, at.w0, at.x, y, at.radii[:1], steps=STEPS)
    start = at.plain.loss(at.w0, at.x, y)
    inside = [w for w in points if at.plain.loss(w, at.x, y) <= start]
    largest = max(float(torch.linalg.eigvalsh(at.plain.loss_hessian(w, at.x, y))[-1]) for w in inside)
    l_f = at.most + at.bounds.change(at.radii[0], FLOATS)
    residual = float((2 * start).sqrt())
    assert largest > l_f**2
    assert largest <= smoothness(residual, l_f, at.bounds.lipschitz(at.radii[0], FLOATS))


# Tiny networks: the centre and the data are searched as well

TINY = [
    Tiny((1, 1, 1), 1, "erf", True, 0.1),
    Tiny((1, 1, 1), 1, "erf", True, 2.0),
    Tiny((1, 2, 3), 2, "silu", True, 0.1),
    Tiny((1, 2, 1), 3, "sigmoid", True, 2.0),
    Tiny((1, 2, 2, 1), 2, "tanh", True, 0.03, kappa=1.0),
]
FORMULAS = {"change": jacobian_change, "ell": jacobian_lipschitz}
tiny_networks = pytest.mark.parametrize("tiny", TINY, ids=lambda t: f"{t.widths}-{t.activation}-{t.radius}")


@cache
def found(tiny, what):
    return tiny.search(FORMULAS[what], along=what == "ell", steps=60)


def worst(tiny, what, formula=None, mutation=lambda at: at):
    """Largest measured / bound over the points found."""
    formula = FORMULAS[what] if formula is None else formula
    return max(float(tiny.measured(z) / tiny.bound(z, formula, mutation)) for z in found(tiny, what))


@pytest.mark.slow
@tiny_networks
@pytest.mark.parametrize("what", list(FORMULAS))
def test_no_centre_and_no_data_contradict_the_bounds(tiny, what, tightness):
    ratio = worst(tiny, what)
    tightness("bound over worst", 1 / ratio)
    assert 0.7 < ratio <= ROUND_OFF


@pytest.mark.slow
@tiny_networks
@pytest.mark.parametrize("what", list(FORMULAS))
def test_the_shipped_numbers_bound_what_was_found(tiny, what):
    """The same points through a real module: norms, formula and floats as the certificate uses them."""
    for z in found(tiny, what):
        centre, x, _, _ = tiny.parts(z)
        layers = tiny.plain.layers(centre)
        net = FullyConnected(
            [w for w, _ in layers],
            [b for _, b in layers],
            tiny.plain.kappas,
            tiny.plain.taus,
            tiny.activation,
        )
        shipped = layer_bounds(linearize(net, x))
        bound = shipped.change(tiny.radius, FLOATS) if what == "change" else shipped.lipschitz(tiny.radius, FLOATS)
        assert float(tiny.measured(z)) <= bound * ROUND_OFF
        assert bound <= float(tiny.bound(z, FORMULAS[what])) * (1 + 1e-9)


def halved(name):
    def mutation(at):
        value = getattr(at, name)
        return replace(at, **{name: [0.5 * v for v in value] if isinstance(value, list) else 0.5 * value})

    return mutation


MUTATIONS = {
    **{name: halved(name) for name in ("kappa", "weight", "inputs", "input_max", "row_max", "entry_max", "s1", "s2")},
    "||A|| of one sample for the batch": lambda at: replace(at, inputs=at.input_max),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", list(FORMULAS))
@pytest.mark.parametrize("mutation", list(MUTATIONS))
def test_a_norm_made_too_small_is_caught(what, mutation):
    caught = max(worst(tiny, what, mutation=MUTATIONS[mutation]) for tiny in TINY)
    assert caught > 1.02


@pytest.mark.slow
def test_rows_made_too_small_are_caught():
    assert max(worst(tiny, "ell", mutation=halved("rows")) for tiny in TINY) > 1.02


def test_ell_taken_at_the_centre_only_is_caught():
    assert max(worst(t, "ell", lambda at, s, ops: jacobian_lipschitz(at, 1e-4 * s, ops)) for t in TINY) > 1.5


def test_all_bounds_shrunk_by_a_tenth_are_caught():
    for what, formula in FORMULAS.items():
        caught = [worst(tiny, what, lambda at, s, ops, f=formula: 0.9 * f(at, s, ops)) for tiny in TINY]
        assert sum(c > 1 for c in caught) >= 3
