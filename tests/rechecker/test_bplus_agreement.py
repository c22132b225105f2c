"""Theorem B+ by two programs that share no code, held against each other term by term."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_mat, ctx
from scipy.integrate import quad

from pltheory.certification.bplus import prepare
from pltheory.certification.bplus.consistency import Consistency
from pltheory.rechecker import bplus as recheck_bplus
from pltheory.rechecker.flow import Cells, Phase, Reference, Steps, cells, phases, reference, step_constants
from pltheory.rechecker.network import Network
from pltheory.rechecker.neurons import Pass
from tests.rechecker.bplus_certificates import CASES, GRID, found_for, proved


class Both:
    """The producer's constants and the rechecker's for one problem, at the producer's solution.

    What follows from the flow's constants is computed from the producer's, so that it can be compared closely.
    """

    def __init__(self, name: str) -> None:
        problem, rule = CASES[name][0](), CASES[name][1]
        self.setup = prepare(problem, rigorous=True, **GRID)
        found = proved(name)
        proof = found_for(name).proof
        assert proof is not None
        inner = found.eta * problem.scale
        step = self.setup.step(inner)
        assert step is not None
        self.step = step
        self.run = Consistency(self.setup.centre, self.setup.duals, self.setup.linear, self.setup.grid, step)
        assert self.run.solve() is None
        claim = recheck_bplus.Claim(
            "B+", found.loss, rule.name, found.eta, rule.gamma, rule.delta, found.arrays.activation,
            list(found.arrays.kappa), list(found.arrays.tau), list(found.arrays.weights),
            list(found.arrays.biases), found.arrays.x, found.arrays.y, {}, {}, [], [],
            proof.times.tolist(), [int(e) for e in proof.ends], proof.eps.tolist(), proof.ew, proof.ea,
        )  # fmt: skip
        self.net = Network(claim)
        kernel, r0 = self.net.kernel()
        self.at: Reference = reference(kernel)
        start = (self.at.vectors.transpose() * arb_mat([[v] for v in r0])).entries()
        eta = arb(inner)
        self.constants = step_constants(self.at.lam, start, eta)
        self.flow = cells(self.at, start, eta, claim.times, claim.ends)
        given = replace(self.flow, poly=[arb(float(v)) for v in self.setup.grid.poly])
        self.phases = phases(claim.eps, given, Steps(*map(arb, (step.c1, step.ch, step.vs, step.dr, step.dq))))
        self.claim, self.given = claim, given
        self.neurons = self.passed(given, self.phases)

    def passed(self, flow: Cells, by_phase: list[Phase]) -> Pass:
        """The pass over the neurons for other constants."""
        c = self.claim
        neurons = Pass(self.net, self.at, flow, c.ends, by_phase, c.ew, c.ea, c.activation)
        for part in self.net.neurons():
            neurons.take(part)
        return neurons


@pytest.fixture(scope="module", params=["plain", "far", "bias-mean", "gd-standard", "gelu"])
def both(request: pytest.FixtureRequest) -> Any:
    with ctx.workprec(128):
        yield Both(request.param)


def agree(mine: Any, theirs: Any, below: float = 1e-6) -> None:
    """The recheck's bound is not above the certificate's, and not below it by more than a finer method explains."""
    a = np.array([float(v) for v in np.ravel(np.array(mine, dtype=object))])
    b = np.ravel(np.asarray(theirs, dtype=float))
    assert a.shape == b.shape
    assert (a <= b * (1 + 1e-9)).all(), (a / b).max()
    assert (a >= b * (1 - below)).all(), (a / b).min()


@pytest.mark.slow
def test_constants_of_the_flow_agree(both: Both) -> None:
    c, s = both.constants, both.step
    agree([c.c1, c.ch], [s.c1, s.ch], 1e-3)
    agree([c.vs], [s.vs], 0.01)
    agree([c.dr, c.dq], [s.dr, s.dq], 0.02)


@pytest.mark.slow
def test_integrals_over_the_grid_agree(both: Both) -> None:
    f, g = both.flow, both.setup.grid
    agree(f.mass, g.mass)
    agree(f.half, g.half)
    agree(f.poly, g.poly, 0.35)  # in closed form here, by Wirtinger's inequality there
    agree([f.tail_r], [g.tail_r])
    agree(f.occupation, g.occupation)
    agree(f.k, g.k)
    agree(f.k1, g.k1)


def test_the_path_sums_of_every_phase_agree(both: Both) -> None:
    regions = both.run.regions
    agree([p.i for p in both.phases], [r.i for r in regions])
    agree([p.eb for p in both.phases], [r.eb for r in regions])


def test_first_order_norms_agree(both: Both) -> None:
    first = both.neurons.first_order()
    agree([first.ce, first.de], [both.setup.duals.ce, both.setup.duals.de])
    agree(first.c1, both.setup.linear.c1)
    agree(first.d1, both.setup.linear.d1)


def test_second_order_norms_and_regions_agree(both: Both) -> None:
    regions, sums = both.run.regions, both.neurons.sums
    agree([both.neurons.second_order(g) for g in range(len(regions))], [r.d2 for r in regions], 1e-3)
    agree([s.p for s in sums], [r.p.max() for r in regions])
    agree([s.o for s in sums], [r.o.max() for r in regions], 5e-3)  # N_j by another power of its matrix


def test_what_the_conditions_ask_for_agrees(both: Both) -> None:
    for k, name in enumerate(("ew", "ea")):
        theirs = [
            float(np.max(getattr(r.asked, name) / getattr(s, name)))
            for r, s in zip(both.run.regions, both.run.states, strict=True)
        ]
        agree([s.asked[k][0] for s in both.neurons.sums], theirs, 1e-3)


def test_the_change_of_the_kernel_agrees(both: Both) -> None:
    first, e0 = both.neurons.first_order(), arb(both.setup.centre.e0)
    mine = [
        recheck_bplus.kernel_change(e0, first, g, p.eb, arb(r.d2))
        for g, (p, r) in enumerate(zip(both.phases, both.run.regions, strict=True))
    ]
    agree(mine, [r.asked.eps for r in both.run.regions])


def test_every_phase_before_and_every_deviation_counts_in_the_conditions(both: Both) -> None:
    asked = [[float(q) for q, _ in s.asked] for s in both.neurons.sums]

    def grown(flow: Cells, by_phase: list[Phase]) -> list[list[float]]:
        sums = both.passed(flow, by_phase).sums
        return [
            [float(q) / old for (q, _), old in zip(s.asked, was, strict=True)]
            for s, was in zip(sums, asked, strict=True)
        ]

    # dr of phase 2 in both of its conditions, and in no other phase.
    one, two, three = both.phases
    change = grown(both.given, [one, replace(two, dr=two.dr + 100), three])
    assert change[0] == change[2] == [1.0, 1.0]
    assert min(change[1]) > 1.01
    # What the path sums gathered in phase 1 stays in all later ones.
    f = both.given
    first = replace(
        f, occupation=[1e8 * f.occupation[0], *f.occupation[1:]], k1=[[1e4 * v for v in f.k1[0]], *f.k1[1:]]
    )
    assert min(min(row) for row in grown(first, both.phases)) > 1.01


def test_what_lies_beyond_a_short_grid_counts() -> None:
    """A grid that ends while most of the run is still ahead, against quadrature."""
    lam, start = np.array([0.3, 1.0, 2.5]), np.array([1.0, -0.7, 0.4])

    def norm_of(power: float, begin: float, end: float = math.inf) -> float:
        found: float = quad(lambda t: np.linalg.norm(lam**power * start * np.exp(-lam * t)), begin, end)[0]
        return found

    with ctx.workprec(128):
        unit = arb_mat([[arb(int(i == k)) for k in range(3)] for i in range(3)])
        whiten = arb_mat([[1 / arb(lam[i]).sqrt() if i == k else arb(0) for k in range(3)] for i in range(3)])
        at = Reference([arb(v) for v in lam.tolist()], whiten, unit, whiten, arb(0))
        found = cells(at, [arb(v) for v in start.tolist()], arb(0.05), [0.0, 0.1, 0.2, 0.5], [2, 3])
        last = found.points.tolist()
    assert float(found.mass[0]) == pytest.approx(norm_of(0.5, 0.0, 0.2), rel=1e-2)
    assert norm_of(0.5, 0.2) <= float(found.mass[1]) <= 2 * norm_of(0.5, 0.2)
    assert norm_of(0.5, 0.5) <= float(found.poly[1] - found.poly[0]) <= 2 * norm_of(0.5, 0.5)
    assert norm_of(0.0, 0.5) <= float(found.tail_r) <= 2 * norm_of(0.0, 0.5)
    # v at infinity is a point of the grid, and the way there from its end a cell.
    np.testing.assert_allclose([float(row[-1]) for row in last], start / np.sqrt(lam))
    rest = np.linalg.norm(start / np.sqrt(lam) * np.exp(-lam * 0.5)) / math.sqrt(2)
    assert float(found.half[1]) == pytest.approx(rest, rel=1e-12)
    assert float(found.half[0]) < 0.2 * rest
    edge = norm_of(0.5, 0.15, 0.2)
    assert edge <= float(found.edge[0]) <= 1.2 * edge


def test_the_tail_enters_the_deviation_of_the_last_phase_only(both: Both) -> None:
    """(L2): beyond the grid r itself is what the sums over cells leave out."""
    steps = Steps(*[arb(0.5)] * 5)
    long, none = (phases([0.01, 0.02], replace(both.flow, tail_r=arb(tail)), steps) for tail in (3.0, 0.0))
    assert float(long[0].dr - none[0].dr) == 0.0
    assert float(long[1].dr - none[1].dr) == 3.0
