"""Theorem F1: the numbers of batches, the moduli, and the claims against an adversary; wrong versions are refuted."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

import pltheory as pl
from pltheory.certification.batches.certify import at_centre, every_order
from pltheory.certification.batches.conditions import Radii, Rule, conditions, search
from pltheory.certification.batches.moduli import WholeModuli
from pltheory.certification.batches.numbers import numbers_at
from pltheory.certification.batches.parts import every_parts, fixed_parts
from pltheory.certification.batches.zero import near_zero
from pltheory.certification.stored import Arrays, stored_arrays
from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings
from pltheory.problem.batches import Batches
from pltheory.problem.loss import SquareLoss
from pltheory.problem.problem import Problem
from pltheory.rigor.arithmetic import INTERVALS
from pltheory.rigor.midrad import Ball
from pltheory.rigor.scalar import interval
from pltheory.theorems import f2
from pltheory.theorems.f1 import THEOREM
from pltheory.theorems.on_batches import Found
from pltheory.theory import InvalidInputError, NotAvailableError
from pltheory.theory.batches import truncation
from pltheory.theory.verdict import Verdict
from pltheory.verification.averages import many_runs
from tests.batch_attack import WRONG, linear_ratios, network_runs
from tests.oracles.batch_attack import linear

GD = GradientDescentSettings(eta="0.1/beta")


def near(n=4, m=300, seed=0, shift=1e-3, outputs=2, activation="tanh", bias=False, loss="sum"):
    """A network with a zero of its loss near by."""
    rng = np.random.default_rng(seed)
    x = torch.from_numpy(rng.standard_normal((n, 3)))
    net = pl.fully_connected([3, m, outputs], activation=activation, bias=bias, seed=seed)
    with torch.no_grad():
        y = net(x) + shift * torch.from_numpy(rng.standard_normal((n, outputs)))
    return Problem(net, x, y, loss)


# --- the batches ---


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_parts_bound_every_batch_of_every_partition(outputs, size):
    rng = np.random.default_rng(size)
    n = 5
    j, x = rng.standard_normal((n * outputs, 20)), rng.standard_normal((n, 3))
    kernel, grams = Ball(j @ j.T, np.asarray(1e-13)), Ball(x @ x.T, np.asarray(1e-13))
    batches = Batches(size)
    every = every_parts(kernel, grams, batches, n, outputs)
    rows = j.reshape(n, outputs, -1)
    for order in itertools.islice(itertools.permutations(range(n)), 0, 120, 7):
        cut = [list(order[k : k + size]) for k in range(0, n, size)]
        assert len(cut) == every.count
        norms = [np.linalg.norm(rows[b].reshape(-1, 20), 2) for b in cut]
        shares = [np.linalg.norm(x[b], 2) for b in cut]
        assert max((b + 0.3 * s) ** 2 for b, s in zip(norms, shares, strict=True)) <= every.largest(0.3)
        assert sum((b + 0.3 * s) ** 2 for b, s in zip(norms, shares, strict=True)) <= every.summed(0.3)
        assert sum(s**2 for s in shares) ** 0.5 <= every.spread()
        assert _below_diagonal(rows, cut) <= every.pairs(0.0)
    fixed = fixed_parts(kernel, grams, Batches(size, "fixed").partition(n), outputs)
    cut = [list(b) for b in Batches(size, "fixed").partition(n)]
    assert fixed.largest(0.0) == pytest.approx(
        max(np.linalg.norm(rows[b].reshape(-1, 20), 2) ** 2 for b in cut), rel=1e-6
    )
    assert _below_diagonal(rows, cut) <= fixed.pairs(0.0)


def _below_diagonal(rows, cut):
    """Norm of the strictly lower block triangle of K."""
    parts = [rows[b].reshape(-1, rows.shape[-1]) for b in cut]
    k = np.vstack(parts) @ np.vstack(parts).T
    start = 0
    for p in parts:
        k[start : start + len(p), start:] = 0
        start += len(p)
    return np.linalg.norm(k, 2)


@pytest.mark.parametrize("seed", range(12))
def test_truncation_bounds_the_lower_triangle(seed):
    problem = linear(np.random.default_rng(seed), most=7)
    j, cut = problem.jacobian, problem.cut
    norms = [np.linalg.norm(rows, 2) for rows in cut]
    gam = sum(b * b for b in norms)
    exact = _below_diagonal(j[:, None, :], np.array_split(np.arange(len(j)), len(cut)))
    halved = truncation(len(cut), 1e9, np.linalg.norm(j, 2), 0.0, gam, 1.0)
    coherent = truncation(len(cut), gam, 1e9, 0.0, gam, 1.0)
    parts = fixed_parts(Ball(j @ j.T), None, Batches(problem.batch, "fixed").partition(len(j)), 1)
    for bound in (halved, coherent, parts.pairs(0.0)):
        assert exact <= bound * (1 + 1e-9)


# --- the moduli of one hidden layer ---


@pytest.mark.parametrize(("activation", "bias"), [("tanh", False), ("tanh", True), ("gelu", True), ("softplus", False)])
def test_moduli_hold_between_points_of_the_ball(activation, bias):
    rng = np.random.default_rng(3)
    problem = near(n=3, m=6, activation=activation, bias=bias)
    a = stored_arrays(problem)
    numbers = numbers_at(a, a, Batches(2, "fixed"))
    m, shares = numbers.moduli(), numbers.parts.shares
    params = list(problem.network.parameters())
    base = [p.detach().clone() for p in params]

    def at(w, rows):
        with torch.no_grad():
            k = 0
            for p, b in zip(params, base, strict=True):
                p.copy_(b + torch.from_numpy(w[k : k + p.numel()]).reshape(p.shape))
                k += p.numel()
        out = problem.network(problem.x[rows]).flatten()
        grads = [torch.cat([g.flatten() for g in torch.autograd.grad(o, params, retain_graph=True)]) for o in out]
        return out.detach().numpy(), torch.stack(grads).numpy()

    size, tightest = sum(p.numel() for p in params), 0.0
    for _ in range(25):
        reach, span = rng.uniform(0.05, 2), rng.uniform(2, 3)
        one, other = (v / np.linalg.norm(v) for v in rng.standard_normal((2, size)))
        w, z = reach * one, reach * one + rng.uniform(0, span - reach) * other
        if rng.random() < 0.5:
            w, z = z, w  # either of them may be the one within reach
        for share, rows in zip(shares, ([0, 1], [2]), strict=True):
            (fw, jw), (fz, jz), (_, jc) = at(w, rows), at(z, rows), at(0 * w, rows)
            t = np.linalg.norm(w - z)
            left = np.linalg.norm(jw @ (w - z) - (fw - fz))
            assert left <= share * m.remainder(t, reach, span) * t / 2 * (1 + 1e-9)
            assert np.linalg.norm(jw - jc, 2) <= share * m.change(np.linalg.norm(w)) * (1 + 1e-9)
            assert np.linalg.norm(jw - jz, 2) <= share * m.lipschitz(span) * t * (1 + 1e-9)
            tightest = max(tightest, left / (share * m.remainder(t, reach, span) * t / 2))
    assert tightest > 0.02, "an attack that comes nowhere near finds nothing"


def test_the_remainder_is_nearly_attained():
    """One unit, one sample: U act'(w) zeta - U' Dact with act' largest where it bends most."""
    x = np.array([[1.0]])
    first, last = np.array([[0.6585]]), np.array([[1.0]])  # |tanh''| is largest there
    a = Arrays((first, last), (None, None), (1.0, 1.0), (0.0, 0.0), "tanh", x, np.tanh(first) * 1.0)
    m = numbers_at(a, a, Batches(1, "fixed")).moduli()
    best = 0.0
    for angle in np.linspace(0, np.pi, 60):
        t = 1e-3
        dw, du = t * np.cos(angle), t * np.sin(angle)
        w, u = 0.6585 + dw, 1.0 + du
        remainder = abs(u * (1 - np.tanh(w) ** 2) * dw + np.tanh(w) * du - (u * np.tanh(w) - np.tanh(0.6585)))
        best = max(best, remainder / (m.remainder(t, 2 * t, t) * t / 2))
    assert 0.75 < best <= 1, "act' is 2/3 where act bends most"


def test_of_a_deep_network_the_bounds_of_all_samples_stand_for_a_batch():
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((3, 3)))
    net = pl.fully_connected([3, 60, 60, 1], seed=0)
    with torch.no_grad():
        y = net(x) + 1e-7
    problem = Problem(net, x, y)
    at = every_order(problem, GD, Batches(2))
    assert isinstance(at.numbers.moduli(), WholeModuli)
    claim = at.proved(THEOREM.statement, GD, "sum")
    assert claim.holds
    with pytest.raises(InvalidInputError, match="no recheck reads Theorem F1 but of one hidden layer"):
        claim.save("nowhere.json")


# --- the theorem ---


@pytest.mark.parametrize("order", ["fixed", "shuffle"])
def test_it_is_proved_near_a_zero_and_not_far_from_one(order):
    report = pl.verify(near(), GD, theorem="F1", batches=Batches(2, order), steps=0)
    assert report.verdict is pl.Verdict.CERTIFIED
    far = pl.verify(near(shift=3.0, m=40), GD, theorem="F1", batches=Batches(2, order), steps=0)
    assert far.verdict is pl.Verdict.UNDECIDED
    assert "from the centre; it closes within" in far.main.shortfall


def test_float_and_interval_evaluation_agree():
    at = every_order(near(), GD, Batches(3))
    exact = conditions(at.numbers, at.rule, at.radii, 0.0, INTERVALS, interval)
    for a, b in zip(at.as_computed(), at.inequalities(exact), strict=True):
        assert a.name == b.name
        assert b.left >= a.left * (1 - 1e-12)
        assert b.right <= a.right * (1 + 1e-12)
        assert (b.left, b.right) == pytest.approx((a.left, a.right), rel=1e-9)


def test_sum_and_mean_are_one_problem_in_two_units():
    """Batches of 2 of 4 samples: the mean of a batch is half of its sum."""
    one, two = near(), near(loss="mean")
    rule = DeltaGClipSettings(eta=0.01, gamma=1e-3, delta=0.5)
    claims = [
        pl.certify(p, s, theorem="F1", batches=Batches(2))
        for p, s in ((one, rule), (two, DeltaGClipSettings(eta=0.02, gamma=0.5e-3, delta=0.5)))
    ]
    for name in ("rate", "required", "beta", "floor"):
        assert claims[0][name] == pytest.approx(claims[1][name], rel=1e-7)
    # With a last batch of one sample its mean is longer than that of the others: delta falls.
    assert pl.certify(near(n=5, loss="mean"), rule, theorem="F1", batches=Batches(2))["floor"] == pytest.approx(0.25)
    assert pl.certify(near(n=5), rule, theorem="F1", batches=Batches(2))["floor"] == pytest.approx(0.5)


def test_clipping_fades_near_a_zero_and_gclip_has_a_floor_there():
    tiny = near(shift=1e-7)
    for rule in (GClipSettings(eta=0.01, gamma=1.0), DeltaGClipSettings(eta=0.01, gamma=1.0, delta=0.1)):
        assert pl.certify(tiny, rule, theorem="F1", batches=Batches(2))["floor"] == pytest.approx(1)
    never = GClipSettings(eta=0.01, gamma=1e-12)
    assert pl.certify(tiny, never, theorem="F1", batches=Batches(2))["floor"] < 1e-3


def test_a_ball_of_starts_enlarges_the_distance_by_its_radius():
    problem = near(shift=1e-5)
    at = every_order(problem, GD, Batches(2))
    spread = every_order(problem, GD, Batches(2), spread=0.5 * at.numbers.distance)
    assert spread.radii.d >= 1.5 * at.numbers.distance
    assert spread.radii.d == pytest.approx(1.5 * at.numbers.distance, rel=1e-3)
    claim = spread.proved(THEOREM.statement, GD, "sum")
    assert claim.holds
    assert claim.numbers["spread"] == spread.spread


def test_the_start_itself_may_be_the_centre():
    problem = near(shift=1e-6)
    a = stored_arrays(problem)
    at = at_centre(a, a, GD, SquareLoss(), Batches(2))
    assert at.found is not None
    assert at.radii.d >= at.radii.eps > 0
    zero = stored_arrays(near_zero(problem))
    away = np.sqrt(sum(((p - q) ** 2).sum() for p, q in zip(a.weights, zero.weights, strict=True)))
    assert away <= at.radii.eps, "the zero that (N) promises"
    # alpha = |J^+ r| is the length of the first Gauss-Newton step, and less than |r| / sigma.
    assert away == pytest.approx(at.numbers.alpha, rel=1e-3)


def test_every_hypothesis_can_fail():
    at = every_order(near(), GD, Batches(2))
    good = conditions(at.numbers, at.rule, at.radii)
    assert all(i.holds for i in at.inequalities(good))
    less = {
        "alpha": replace(at.radii, eps=at.radii.eps / 2),
        "|w_0": replace(at.radii, d=at.radii.d / 2),
        "1 <= g^2": replace(at.radii, g=1.0),
        "D^2": replace(at.radii, v=at.radii.d),
    }
    for start, radii in less.items():
        found = conditions(at.numbers, at.rule, radii)
        failed = [i.name for i in replace(at, radii=radii).inequalities(found) if not i.holds]
        assert [name for name in failed if name.startswith(start)], (start, failed)
    long = replace(at.rule, eta=3 * at.rule.eta * 10)
    assert conditions(at.numbers, long, at.radii) is None, "eta beta < 2"
    assert conditions(replace(at.numbers, sigma=1e-9), at.rule, at.radii) is None, "sg, x"


def test_a_start_that_is_a_zero_closes_with_round_off_counted():
    """There V is D and g is 1 as computed: without room for rounding both hypotheses fail in intervals."""
    claim = pl.certify(near(n=4, m=60, shift=0.0), GD, theorem="F1", batches=Batches(2, "shuffle"))
    assert claim.holds, claim.inequalities


def test_a_search_that_finds_nothing_says_so():
    at = every_order(near(), GD, Batches(2))
    far = replace(at.numbers, distance=1e3)
    assert search(far, at.rule)[1] is None
    assert search(replace(at.numbers, sigma=0.0), at.rule)[1] is None
    rule = Rule.of(GradientDescentSettings(eta=1e9), SquareLoss(), Batches(2), 4, 2)
    assert search(at.numbers, rule)[1] is None
    assert isinstance(search(far, at.rule)[0], Radii)


# --- the adversary ---


@pytest.mark.slow
def test_no_adversary_breaks_it_and_wrong_versions_are_refuted():
    right, wrong = linear_ratios(range(60))
    assert min(right) >= 1
    for name in WRONG:
        assert min(wrong[name]) < 0.98, name


@pytest.mark.slow
def test_no_run_of_a_small_network_breaks_its_claims():
    runs = network_runs(range(4), 2)
    assert len(runs) >= 6
    assert not any(r.broken for r in runs)
    assert min(r.residual for r in runs) < 2, "an attack that comes nowhere near finds nothing"


@pytest.mark.parametrize(("theorem", "order"), [("F1", "shuffle"), ("F1", "fixed"), ("F2", "random")])
def test_a_network_with_kinks_is_refused_where_no_zero_is_near(theorem, order):
    """Unit k of this ReLU network sees sample k alone: to reach its target, below its output, a kink must be passed."""
    x = torch.eye(2, dtype=torch.float64)
    network = torch.nn.Sequential(
        torch.nn.Linear(2, 2, bias=False), torch.nn.ReLU(), torch.nn.Linear(2, 1, bias=False)
    ).double()
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1e-6, -1.0], [-1.0, 1e-6]]))
        network[2].weight.fill_(1.0)
        problem = Problem(network, x, network(x) - 1e-3)
    with pytest.raises(NotAvailableError, match="smooth networks only"):
        pl.certify(problem, GradientDescentSettings(eta=0.5), theorem=theorem, batches=Batches(1, order))


@pytest.mark.parametrize(("theorem", "order"), [(THEOREM, "shuffle"), (f2.THEOREM, "random")])
def test_what_the_theorems_do_not_speak_of_is_refused_without_the_front_door(theorem, order):
    with pytest.raises(InvalidInputError, match="allowed are 1 to"):
        theorem.certify(near(), GD, Batches(9, order))
    problem = near(n=4, m=24)
    labels = torch.tensor([0, 1, 0, 1])
    two = pl.fully_connected([problem.x.shape[1], 24, 2], activation="tanh", seed=0)
    with pytest.raises((InvalidInputError, NotAvailableError), match="square"):
        many_runs(Problem(two, problem.x, labels, loss="cross-entropy"), GD, Batches(2, "random"), runs=2, steps=2)


def test_rows_measure_what_must_be_positive():
    found = Found(every_order(near(n=4, m=60, shift=1e-6), GD, Batches(2)))
    rows = {h.name: h.judge(None, found) for h in THEOREM.hypotheses[1:]}
    assert {row.verdict for row in rows.values()} == {Verdict.HOLDS}
    positive = [row.says for name, row in rows.items() if name.startswith("0 <")]
    assert len(positive) == 3
    assert all(says.needed.value == 0 < says.measured.value for says in positive)
