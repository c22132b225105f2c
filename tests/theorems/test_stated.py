"""Rates without constants: never more than UNDECIDED, exponents as stated, and what the rows show of the noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import pltheory as pl
from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings
from pltheory.problem.batches import Batches
from pltheory.theorems.heavy_tails import THEOREMS, rate_exponent
from pltheory.theorems.lzll22 import THEOREM as LOCAL
from pltheory.theory import InvalidInputError
from pltheory.theory.verdict import Verdict

RULES = {
    "gd": GradientDescentSettings(eta=1e-3),
    "gclip": GClipSettings(eta=1e-3, gamma=1.0),
    "delta-gclip": DeltaGClipSettings(eta=1e-3, gamma=1.0, delta=0.1),
}
OWN = {"ZM26-1": "gd", "ZM26-2": "delta-gclip", "ZM26-3": "gclip", "LZLL22": "gclip"}


def problem(n=12, y=None, loss="mean"):
    torch.manual_seed(0)
    x = torch.randn(n, 3, dtype=torch.float64)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    return pl.Problem(net, x, torch.randn(n, 1, dtype=torch.float64) if y is None else y, loss)


def asked(theorem, rule, p=None, size=1, order=None, workers=2):
    order = order or theorem.orders[0]
    batches = Batches(size, order, workers=workers if theorem.averaged else None)
    return pl.verify(p or problem(), RULES[rule], theorem=theorem.id, batches=batches, steps=0)


@pytest.mark.parametrize("theorem", [*THEOREMS, LOCAL], ids=lambda t: t.id)
@pytest.mark.parametrize("rule", RULES)
def test_nothing_is_ever_more_than_undecided(theorem, rule):
    report = asked(theorem, rule)
    own = OWN[theorem.id] == rule
    assert report.verdict is (Verdict.UNDECIDED if own else Verdict.REFUTED)
    assert report.main.certificate is None
    assert report.main.promise is None
    (last,) = [row for row in report.main.rows if row.hypothesis == "a rate in numbers"]
    assert (last.verdict, last.how) == (Verdict.UNDECIDED, "constant not given")
    with pytest.raises(InvalidInputError):
        pl.certify(problem(), RULES[rule], theorem=theorem.id, batches=Batches(1, "random"))


@pytest.mark.slow
def test_noise_at_the_start_is_shown_and_its_tail_decides_nothing():
    light = asked(THEOREMS[1], "delta-gclip", problem(n=200))
    rows = {row.hypothesis: row for row in light.main.rows}
    assert "all 200 samples: largest" in rows["E ||g_B - grad L||^alpha <= sigma^alpha for all w, alpha in (1, 2]"].how
    assert rows["alpha >= 1 + s"].verdict is Verdict.UNDECIDED
    assert rows["alpha >= 1 + s"].says.measured.value > 3
    noise = torch.from_numpy(np.random.default_rng(0).pareto(1.2, (2000, 1)))
    heavy = asked(THEOREMS[1], "delta-gclip", problem(n=2000, y=noise))
    (tail,) = [row for row in heavy.main.rows if row.hypothesis == "alpha >= 1 + s"]
    assert tail.says.measured.value < 2
    assert tail.verdict is Verdict.UNDECIDED, "finitely many samples refute no moment"
    few = asked(THEOREMS[1], "delta-gclip")
    (tail,) = [row for row in few.main.rows if row.hypothesis == "alpha >= 1 + s"]
    assert tail.how == "Hill's index needs 100 batches, here 12"


def test_parts_that_stay_are_not_the_papers_data():
    rows = {order: asked(LOCAL, "gclip", size=2, order=order).main.rows[1] for order in LOCAL.orders}
    assert rows["fixed"].verdict is Verdict.REFUTED
    assert rows["shuffle"].verdict is Verdict.UNDECIDED
    assert asked(LOCAL, "gclip", size=2, workers=1, order="fixed").main.rows[1].verdict is Verdict.UNDECIDED


def test_exponents_are_those_of_the_abstract():
    assert rate_exponent("gd", 2.0, 1.0) == pytest.approx(1 / 2)
    assert rate_exponent("delta-gclip", 2.0, 1.0) == pytest.approx(1 / 3)
    assert rate_exponent("gclip", 2.0, 1.0) == pytest.approx(1 / 3)
    assert rate_exponent("gclip", 1.5, 1.0) == pytest.approx(2 * 0.5 / (0.5 + 2))
    assert rate_exponent("delta-gclip", 1.5, 0.5) == pytest.approx(2 * 0.5 * 0.5 / (1.5 * 2))
    for rule, alpha, s in (
        ("gd", 1.5, 1.0),
        ("delta-gclip", 1.9, 1.0),
        ("adam", 2.0, 1.0),
        ("gd", 2.5, 1.0),
        ("gd", 2, 0),
    ):
        with pytest.raises(ValueError, match=r"allowed are|nothing is stated"):
            rate_exponent(rule, alpha, s)
