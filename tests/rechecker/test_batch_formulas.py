"""Formula mutants of Theorems F1 and F2: what a program with a wrong formula certifies, the recheck refuses."""

from __future__ import annotations

import contextlib
from unittest import mock

import pytest

import pltheory as pl
from pltheory.certification.batches import conditions, drawn, hypotheses, workers
from pltheory.certification.batches.moduli import LayerModuli
from pltheory.certification.batches.parts import Parts
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.problem.batches import Batches
from pltheory.rechecker import recheck
from pltheory.theory import batches as formulas
from pltheory.theory.batches import HiddenLayer
from tests.certification.test_every_order import near
from tests.forge import FALSE, Forge

GD = GradientDescentSettings(eta="0.1/beta")
GAMMA = 1e-4
"""Between delta times the largest gradient of a batch near the zero and that gradient."""
CASES = {
    "fixed": ("F1", GD, 1e-5, Batches(1, "fixed")),
    "shuffle": ("F1", GD, 1e-5, Batches(2)),
    "clipped": ("F1", DeltaGClipSettings(eta="0.1/beta", gamma=GAMMA, delta=0.01), 1e-5, Batches(2)),
    "random": ("F2", GD, 1e-5, Batches(2, "random")),
    "random, clipped": (
        "F2", DeltaGClipSettings(eta="0.1/beta", gamma=GAMMA, delta=0.01), 1e-5, Batches(2, "random"),
    ),
    "from the start": ("F1", GD, 1e-4, Batches(1, "fixed")),
}  # fmt: skip
f, layer = formulas, {name: getattr(HiddenLayer, name) for name in ("curvature", "change", "lipschitz", "remainder")}
parts = {name: getattr(Parts, name) for name in ("pairs", "largest", "summed", "spread")}
WRONG = {
    "a of half of eta beta": ("fixed", conditions, "gap", lambda eta, beta: 2 - eta * beta / 2),
    "a of F2": ("random", drawn, "gap", lambda eta, beta: 2 - eta * beta / 2),
    "(b) of half of M": ("fixed", conditions, "growth", lambda eta, a, m: f.growth(eta, a, m / 2)),
    "sg doubled": ("fixed", conditions, "seen", lambda eta, delta, sg, *rest: f.seen(eta, delta, 2 * sg, *rest)),
    "Om = 1": ("fixed", conditions, "seen", lambda eta, delta, sg, om, *rest: f.seen(eta, delta, sg, 1.0, *rest)),
    "no floor": ("clipped", conditions, "seen", lambda eta, delta, *rest: f.seen(eta, 1.0, *rest)),
    "x of half of M": ("fixed", conditions, "lost", lambda eta, m, *rest: f.lost(eta, m / 2, *rest)),
    "x without g": ("fixed", conditions, "lost", lambda eta, m, g, *rest: f.lost(eta, m, 1.0, *rest)),
    "(e) without A": (
        "fixed", conditions, "allowance", lambda eta, m, *rest: f.allowance(eta, 0.0 * m, *rest),
    ),
    "(e) without the inside of an epoch": (
        "fixed", conditions, "allowance", lambda eta, m, within, *rest: f.allowance(eta, m, 0.0 * within, *rest),
    ),
    "rate without x": ("fixed", conditions, "epoch_rate", lambda a, kap, x: f.epoch_rate(a, kap, 0.0 * x)),
    "rate of kap": ("fixed", conditions, "epoch_rate", lambda a, kap, x: 1 - a * kap * (1 - x)),
    "path without x": (
        "fixed", conditions, "path", lambda eta, gam, d, a, kap, x, *rest: f.path(eta, gam, d, a, kap, 0.0 * x, *rest),
    ),
    "path of half of Gam": ("fixed", conditions, "path", lambda eta, gam, *rest: f.path(eta, gam / 2, *rest)),
    "floor of half of the gradient": (
        "clipped", conditions, "faded", lambda floor, top, gamma, g, ops: f.faded(floor, top, gamma, g / 2, ops),
    ),
    "a floor above 1": (
        "clipped", conditions, "faded", lambda floor, top, gamma, g, ops: ops.maximum(2.0 * top, gamma / g),
    ),
    "no (T1), (T2)": ("shuffle", workers, "truncation", lambda *args: 1e-6 * f.truncation(*args)),
    "pairs halved": ("fixed", Parts, "pairs", lambda self, change, *rest: parts["pairs"](self, change, *rest) / 2),
    "half of the largest batch": ("shuffle", Parts, "largest", lambda self, change: parts["largest"](self, change) / 2),
    "half of Gam": ("shuffle", Parts, "summed", lambda self, change, *rest: parts["summed"](self, change, *rest) / 2),
    "half of the shares": ("shuffle", Parts, "spread", lambda self, *rest: parts["spread"](self, *rest) / 2),
    "curvature without s1": (
        "fixed", HiddenLayer, "curvature", lambda self, u, *rest: self.s2 * (self.column + u) * self.longest,
    ),
    "change halved": ("fixed", HiddenLayer, "change", lambda self, s, *rest: layer["change"](self, s, *rest) / 2),
    "remainder without its reach": (
        "fixed", HiddenLayer, "remainder",
        lambda self, t, reach, *rest: layer["remainder"](self, t, 0.0 * reach, *rest),
    ),
    "(N) halved": ("from the start", LayerModuli, "sum_to", lambda self, s: self.change(s) * s / 4),
    "sg from the near end": ("fixed", LayerModuli, "mean", lambda self, low, width: self.change(low)),
    "F2: Lam of half of the ball": (
        "random", HiddenLayer, "lipschitz", lambda self, radius, *rest: layer["lipschitz"](self, radius / 2, *rest),
    ),
    "F2: x halved": ("random", drawn, "drawn_lost", lambda lam, *rest: f.drawn_lost(lam / 2, *rest)),
    "F2: every sample in every step": (
        "random", drawn, "drawn_rate", lambda eta, a, floor, p, *rest: f.drawn_rate(eta, a, floor, 1.0, *rest),
    ),
    "F2: rate without x": (
        "random", drawn, "drawn_rate",
        lambda eta, a, floor, p, sg, x, g: f.drawn_rate(eta, a, floor, p, sg, 0.0 * x, g),
    ),
    "F2: path of every sample": (
        "random", drawn, "drawn_path", lambda eta, beta, p, *rest: f.drawn_path(eta, beta, 1.0, *rest),
    ),
    "F2: floor of half of the gradient": (
        "random, clipped", drawn, "faded", lambda floor, top, gamma, g, ops: f.faded(floor, top, gamma, g / 2, ops),
    ),
    "F2: G of half of xi": ("random", drawn, "exponential_above", lambda y: f.exponential_above(y / 2)),
    "F2: the supermartingale's xi doubled": (
        "random", drawn, "left_by_martingale", lambda x, g, xi, *rest: f.left_by_martingale(x, g, 2 * xi, *rest),
    ),
}  # fmt: skip
"""A case, and what replaces a formula of the program."""


@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG)
def test_a_program_with_a_wrong_formula_is_found(tmp_path, name):
    case, where, what, instead = WRONG[name]
    theorem, rule, shift, batches = CASES[case]
    with contextlib.ExitStack() as planted:
        planted.enter_context(mock.patch.object(where, what, instead))
        if case == "from the start":  # at the zero that is found near it the residual is rounding
            planted.enter_context(mock.patch.object(hypotheses, "near_zero", return_value=None))
        claim = pl.certify(near(m=60, shift=shift), rule, theorem=theorem, batches=batches)
    assert claim.holds, claim.inequalities
    assert recheck(Forge(tmp_path, claim.text("c.cert.npz"), claim.arrays_bytes()).path).code == FALSE
