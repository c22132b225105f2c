"""(SC1) to (SC3) written out a second time, neuron by neuron and straight from the theorem, against the program's map.

Only constants that other tests check by themselves (flow, duals, grid maxima) are shared; I_g is taken in the theorem's
own form, with mass and edge by quadrature.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from pltheory.certification.bplus import Setup, prepare
from pltheory.certification.bplus.consistency import Consistency, Region, State
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem

Array = np.ndarray
ETA = 0.05
N, M = 4, 30


def problem() -> Problem:
    gen = torch.Generator().manual_seed(3)
    x = torch.randn(N, 5, generator=gen, dtype=torch.float64)
    y = 0.1 * torch.randn(N, 1, generator=gen, dtype=torch.float64)
    return Problem(fully_connected([5, M, 1], seed=3), x, y)


@pytest.fixture(scope="module")
def setup() -> Setup:
    return prepare(problem(), rigorous=False, cells=60, phases=3)


def states() -> list[State]:
    rng = np.random.default_rng(0)
    first = State(0.05, rng.uniform(0.01, 0.02, M), rng.uniform(0.01, 0.02, M))
    return [first, first.scaled(1.7), first.scaled(2.5)]


def path(setup: Setup, g: int, eps: list[float], c1: float, dq: float) -> float:
    """I_g of (I4) as stated."""
    lam, c, grid = setup.centre.lam, setup.reference.c, setup.grid
    stops = [*grid.times[grid.ends[:-1]], np.inf]

    def speed(t: float) -> float:
        return float(np.linalg.norm(np.sqrt(lam) * c * np.exp(-lam * t))) if t >= 0 else 0.0

    def mass(a: float, b: float) -> float:
        end = min(b, 60 / lam[0])
        points = np.unique(np.clip([a, 0.0, 1.0, 5.0, 20.0, end], max(a, 0.0), end))
        return sum(quad(speed, p, q, epsabs=1e-12)[0] for p, q in pairwise(points))

    total, start = 0.0, -ETA
    for l in range(g + 1):
        total += eps[l] * mass(start, stops[l] - ETA)
        start = stops[l] - ETA
    edge = 0.0 if math.isinf(stops[g]) else mass(stops[g] - ETA, stops[g])
    return (total + eps[g] * (edge + dq)) / (1 - c1 * eps[g])


def expected(setup: Setup, run: Consistency, g: int, chain: list[State], regions: list[Region]) -> tuple[State, float]:
    """The values asked for in phase g, and I_g. Earlier phases' z, p, o are read from their regions."""
    c, d, lin, grid, step = setup.centre, setup.duals, setup.linear, setup.grid, run.step
    state, kappa, a = chain[g], c.kappa, np.abs(c.a[:, 0])
    i_g = path(setup, g, [s.eps for s in chain], step.c1, step.dq)
    eb = i_g + step.vs + grid.half[g]
    z = lin.z[g] + eb * d.z + np.outer(state.ew, c.row)
    p = lin.p[g] + eb * d.p + state.ea
    o = lin.o[g] + eb * d.o + state.ew
    dq = step.c1 * i_g + step.dq + grid.poly[g]
    dr = step.ch * i_g + step.dr + (grid.tail_r if g == grid.phases - 1 else 0.0)
    zs, ps, os = ([*(getattr(r, n) for r in regions[:g]), x] for n, x in (("z", z), ("p", p), ("o", o)))
    ew, ea = np.zeros(M), np.zeros(M)
    sups = [c.local_suprema(slice(0, M), x) for x in zs]
    for j in range(M):
        gam = gam1 = one = two = 0.0
        for l in range(g + 1):
            u = (a[j] + ps[l][j]) * sups[l][0][j]
            w = sups[l][1][j] * zs[l][j] ** 2 / 2
            gam += math.sqrt(grid.occupation[l] * float(u**2 @ grid.k[l]))
            gam1 += float(w @ grid.k1[l])
            one += ps[l][j] * lin.lj[l, j]
            two += os[l][j] * lin.lj[l, j]
        gam, gam1 = gam + max(u) * dr, gam1 + float(np.linalg.norm(w)) * dr
        ew[j] = kappa * (one + p[j] * d.n[j] * dq + c.xs * gam)
        ea[j] = kappa * (two + o[j] * d.n[j] * dq + gam1)
    gram, root = c.gram.mid, c.root.mid
    d1, d2 = c.d.mid, c.d2.mid
    ds1, s2, s3 = sups[g]

    def l5(e: Array, x: Array, times: int) -> float:
        inner = sum(e[j] ** 2 * np.outer(x[j], x[j]) for j in range(M)) * gram**times
        return math.sqrt(np.linalg.norm(root @ inner @ root, 2))

    def l6(u: Array, inputs: bool) -> float:
        inner = u.T @ u * (np.abs(gram) if inputs else 1.0)
        whiten = np.abs(c.whiten.mid)
        candidates = (
            np.linalg.norm(root, 2) ** 2 * np.linalg.norm(inner, 2),
            np.linalg.norm(np.abs(root) @ inner @ np.abs(root), 2),
            np.linalg.norm(whiten @ inner @ whiten.T, 2),
        )
        return math.sqrt(min(candidates))

    third = s3 * z**2 / 2
    block_a = l5(state.ew, d1, 1) + l6(s2 * z**2 / 2, False)
    tilt = a[:, None] * np.abs(d2) * np.outer(state.ew, c.row)
    both = a[:, None] * third + p[:, None] * ds1
    rest = min(
        l5(a * state.ew + p * o, d2, 2) + l6((a + p)[:, None] * third, True),
        l5(a * state.ew, d2, 2) + l6(both, True),
        l6(tilt + both, True),
    )
    second = kappa * math.hypot(block_a, l5(state.ea, d1, 1) + rest)
    dl = lin.d1[g] + eb * d.de + second
    eps = c.e0 + 2 * (lin.c1[g] + eb * d.ce + math.sqrt(1 + c.e0) * second) + dl**2
    return State(eps, ew, ea), i_g


def test_the_map_is_that_of_the_theorem(setup: Setup) -> None:
    step = setup.step(ETA)
    assert step is not None
    run = Consistency(setup.centre, setup.duals, setup.linear, setup.grid, step)
    chain = states()
    assert setup.grid.phases == 3
    for g, state in enumerate(chain):
        region = run.evaluate(g, state)
        assert region is not None
        run._accept(g, state, region)
        asked, i_g = expected(setup, run, g, chain[: g + 1], run.regions)
        # Upper bounds of mass and edge where the oracle integrates: above it, and by little.
        assert i_g <= region.i * (1 + 1e-9)
        assert region.i <= 1.02 * i_g
        assert (asked.ew <= region.asked.ew * (1 + 1e-9)).all()
        assert (region.asked.ew <= 1.02 * asked.ew).all()
        assert (asked.ea <= region.asked.ea * (1 + 1e-9)).all()
        assert (region.asked.ea <= 1.02 * asked.ea).all()
        assert asked.eps <= region.asked.eps * (1 + 1e-6)
        assert region.asked.eps <= 1.02 * asked.eps


def test_exact_pieces_leave_no_slack(setup: Setup) -> None:
    """With I_g from the program the oracle reproduces every value to rounding, so no term of the map is missing."""
    step = setup.step(ETA)
    assert step is not None
    run = Consistency(setup.centre, setup.duals, setup.linear, setup.grid, step)
    chain = states()
    for g, state in enumerate(chain):
        region = run.evaluate(g, state)
        assert region is not None
        run._accept(g, state, region)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(f"{__name__}.path", lambda *_, i=region.i: i)
            asked, _ = expected(setup, run, g, chain[: g + 1], run.regions)
        np.testing.assert_allclose(region.asked.ew, asked.ew, rtol=1e-7)
        np.testing.assert_allclose(region.asked.ea, asked.ea, rtol=1e-7)
        assert region.asked.eps == pytest.approx(asked.eps, rel=1e-6)
        assert (region.asked.ew >= asked.ew).all()
        assert (region.asked.ea >= asked.ea).all()


def test_pieces_of_any_size_give_the_same(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums over neurons run piece by piece; these networks fit into one piece unless it is made small."""
    step = setup.step(ETA)
    assert step is not None
    whole = evaluated(Consistency(setup.centre, setup.duals, setup.linear, setup.grid, step))
    monkeypatch.setattr("pltheory.certification.bplus.centre.CHUNK", 7 * N)
    again = prepare(problem(), rigorous=False, cells=60, phases=3)
    assert len(list(again.centre.chunks(N))) == 5
    pieces = evaluated(Consistency(again.centre, again.duals, again.linear, again.grid, step))
    for one, two in zip(whole, pieces, strict=True):
        assert two.eps == pytest.approx(one.eps, rel=1e-9)
        np.testing.assert_allclose(two.ew, one.ew, rtol=1e-9)
        np.testing.assert_allclose(two.ea, one.ea, rtol=1e-9)


def evaluated(run: Consistency) -> list[State]:
    """What the map asks for at the states, phase by phase."""
    asked = []
    for g, state in enumerate(states()):
        region = run.evaluate(g, state)
        assert region is not None
        run._accept(g, state, region)
        asked.append(region.asked)
    return asked
