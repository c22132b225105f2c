"""Part II of Theorem B+, second half: the self-consistency (SC1) to (SC3), phase by phase.

Phase g reads phases up to g only, so phases are solved in turn. A solution is found by iterating the monotone map from
below; how it was found does not matter, because it counts only once one more evaluation of the map, every formula
rounded up, returns values not above the ones put in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...rigor.roundoff import Array
from .arrays import ceiling, field, raised, spread, top, top_nonnegative, top_symmetric
from .centre import Centre
from .flow import StepConstants, TimeGrid
from .neurons import Duals, Linear

ITERATIONS = 200
"""Evaluations of the map per phase before it counts as having no solution."""
INFLATION = 1.002
"""Factor put on an iterate before it is tested: covers what the iteration has still to gain."""


@dataclass(frozen=True)
class State:
    """The unknowns of one phase: bounds eps of ||E||, ew (m,) of |ew_j|, ea (m,) of |ea_j|."""

    eps: float
    ew: Array
    ea: Array

    def towards(self, other: State, ahead: float) -> State:
        """The state `ahead` times as far as the other one; 1 is the other one, more than 1 beyond it."""
        return State(
            self.eps + ahead * (other.eps - self.eps),
            np.maximum(0.0, self.ew + ahead * (other.ew - self.ew)),
            np.maximum(0.0, self.ea + ahead * (other.ea - self.ea)),
        )

    def scaled(self, factor: float) -> State:
        """All unknowns times a factor."""
        return State(self.eps * factor, self.ew * factor, self.ea * factor)

    def covers(self, other: State) -> bool:
        """Whether every unknown is at least the other's; a NaN covers nothing."""
        return bool(other.eps <= self.eps and (other.ew <= self.ew).all() and (other.ea <= self.ea).all())

    def joined(self, other: State) -> State:
        """The larger of both, unknown by unknown."""
        return State(max(self.eps, other.eps), np.maximum(self.ew, other.ew), np.maximum(self.ea, other.ea))


@dataclass(frozen=True)
class Region:
    """What (L3) and (L7) give at a state.

    Attributes:
        asked: the values that (SC1) to (SC3) ask the state to reach.
        i: I_g.
        kept: the part of I_g's bracket that phases before this one account for, the edge between them included.
        eb: the K-distance of v_t from the grid.
        z: (m, n) of |dz_ij|.
        p: (m,) of |da_j|.
        o: (m,) of |dw_j|.
        d2: of ||R (J - J_0 - D1[v])||.
        dl: of ||R (J - J_0)||.
    """

    asked: State
    i: float
    kept: float
    eb: float
    z: Array
    p: Array
    o: Array
    d2: float
    dl: float


@dataclass
class _Past:
    """Sums over the phases already solved, in (SC1), (SC2) and (I4)."""

    weight: float
    edge: float
    p_lj: Array
    o_lj: Array
    gam: Array
    gam1: Array


@dataclass(frozen=True)
class Sums:
    """Sums over neurons that (L5) and (L6) take norms of, each (n, n), in the order of `_pass`.

    Attributes:
        ew: of ew_j^2 D_j D_j^T, and ea: of ea_j^2 D_j D_j^T.
        cross: of (|a| ew + p o)^2 D2 D2^T, and drift: of (|a| ew)^2 D2 D2^T.
        weights: of those four squares.
        curve_a: of U U^T for U = S2 z^2 / 2.
        curve_w: for U = (|a| + p) S3 z^2 / 2; joint: |a| |D2| rho ew + |a| S3 z^2 / 2 + p dS1; split: less its first.
    """

    ew: Array
    ea: Array
    cross: Array
    drift: Array
    curve_a: Array
    curve_w: Array
    joint: Array
    split: Array
    weights: tuple[float, float, float, float]


class Consistency:
    """The map whose fixed points make a certificate, for one network, grid and largest step."""

    def __init__(self, centre: Centre, duals: Duals, linear: Linear, grid: TimeGrid, step: StepConstants):
        self.centre, self.duals, self.linear, self.grid, self.step = centre, duals, linear, grid, step
        m = centre.width
        self.past = _Past(0.0, 0.0, *(np.zeros(m) for _ in range(4)))
        self.states: list[State] = []
        self.regions: list[Region] = []
        self._gram = ceiling(centre.gram)
        self._whiten, self._root = ceiling(centre.whiten), ceiling(centre.root)
        self._root_norm = top(centre.root)

    def solve(self) -> str | None:
        """Find states for all phases; None, or why the first phase without one has none."""
        for g in range(self.grid.phases):
            failure = self._solve_phase(g)
            if failure is not None:
                return f"phase {g + 1} of {self.grid.phases}: {failure}"
        return None

    def _solve_phase(self, g: int) -> str | None:
        m = self.centre.width
        state = self.states[-1] if g else State(self.centre.e0 + 1e-12, np.zeros(m), np.zeros(m))
        previous: State | None = None
        for _ in range(ITERATIONS):
            region = self.evaluate(g, state)
            if region is None:
                return f"the change of the kernel reaches {state.eps:.3g}, where c1 eps < 1 or eps < 1 fails"
            # Nondecreasing over the phases, as (L2) and (I4) need.
            if state.covers(region.asked) and (not g or state.covers(self.states[-1])):
                self._accept(g, state, region)
                return None
            target = region.asked.joined(self.states[-1]) if g else region.asked
            if not math.isfinite(target.eps):
                return "a bound is not finite"
            # Near a fold steps shrink by a constant factor: jump ahead by part of what is left of the geometric series.
            ahead = 1.0
            if previous is not None and target.eps > state.eps > previous.eps:
                factor = (target.eps - state.eps) / (state.eps - previous.eps)
                ahead = 1.0 + min(4.0, 0.5 * factor / max(1.0 - factor, 0.1)) if factor < 1.0 else 1.0
            moved = state.towards(target, ahead)
            moved = moved.joined(self.states[-1]) if g else moved
            close = abs(target.eps - state.eps) <= 0.5 * (INFLATION - 1) * state.eps
            previous, state = state, moved.scaled(INFLATION) if close else moved
        return f"no solution after {ITERATIONS} iterations, the change of the kernel is at {state.eps:.3g}"

    def _accept(self, g: int, state: State, region: Region) -> None:
        past, grid, step = self.past, self.grid, self.step
        past.weight = float(raised(region.kept + state.eps * grid.mass[g]))
        if g + 1 < grid.phases:
            past.edge = step.eta * float(
                raised(np.linalg.norm(grid.edge_q[g] * np.exp(raised(step.eta * self.centre.lam)) * 1.0000001))
            )
        gam, gam1 = self._path_sums(g, region.z, region.p)
        past.p_lj = raised(past.p_lj + region.p * self.linear.lj[g])
        past.o_lj = raised(past.o_lj + region.o * self.linear.lj[g])
        past.gam, past.gam1 = raised(past.gam + gam), raised(past.gam1 + gam1)
        self.states.append(state)
        self.regions.append(region)

    def _flow(self, g: int, eps: float) -> tuple[float, float] | None:
        """I_g and the part of (I4) that later phases keep; None where c1 eps < 1 or eps < 1 fails."""
        left = 1.0 - float(raised(self.step.c1 * eps)) - 2.0**-50
        if not (left > 0 and eps < 1):
            return None
        # sum eps_l mass_l + eps_g edge_g, rearranged without subtraction of integrals: over whole phases, plus what the
        # steps that cross a phase's end gain from the next eps (docs/derivations/bplus.md, section 2).
        jump = (eps - self.states[-1].eps) * self.past.edge if g else 0.0
        kept = float(raised(self.past.weight + jump))
        return float(raised((kept + eps * (self.grid.mass[g] + self.step.dq)) / left)), kept

    def evaluate(self, g: int, state: State) -> Region | None:
        """What the state of phase g, with those before it, implies; None where (I4) does not apply."""
        flow = self._flow(g, state.eps)
        if flow is None:
            return None
        i_g, kept = flow
        c, d, lin, grid, step = self.centre, self.duals, self.linear, self.grid, self.step
        eb = float(raised(i_g + step.vs + grid.half[g]))
        z = raised(lin.z[g] + eb * d.z + c.row[None, :] * state.ew[:, None])
        p = raised(lin.p[g] + eb * d.p + state.ea)
        o = raised(lin.o[g] + eb * d.o + state.ew)
        last = g == grid.phases - 1
        dq = float(raised(step.c1 * i_g + step.dq + grid.poly[g]))
        dr = float(raised(step.ch * i_g + step.dr + (grid.tail_r if last else 0.0)))
        gam, gam1, sums = self._pass(g, state, z, p, o, dr)
        past, kappa = self.past, c.kappa
        ew = raised(kappa * (past.p_lj + p * (lin.lj[g] + d.n * dq) + c.xs * (past.gam + gam)))
        ea = raised(kappa * (past.o_lj + o * (lin.lj[g] + d.n * dq) + past.gam1 + gam1))
        d2 = self._second_order(sums)
        dl = float(raised(lin.d1[g] + eb * d.de + d2))
        root = float(raised(math.sqrt(1 + c.e0)))
        eps = float(raised(c.e0 + 2 * (lin.c1[g] + eb * d.ce + root * d2) + dl * dl))
        return Region(State(eps, ew, ea), i_g, kept, eb, z, p, o, d2, dl)

    def _path_sums(self, g: int, z: Array, p: Array) -> tuple[Array, Array]:
        """The parts of GAM and GAM1 that run over phase g alone, per neuron."""
        gam, gam1 = np.empty(p.size), np.empty(p.size)
        grid, a = self.grid, np.abs(self.centre.a[:, 0])
        for index in self.centre.chunks(self.centre.samples):
            ds1, s2, _ = self.centre.local_suprema(index, z[index])
            u = (a[index] + p[index])[:, None] * ds1
            gam[index] = raised(np.sqrt(grid.occupation[g] * ((u * u) @ grid.k[g])))
            gam1[index] = raised((0.5 * s2 * z[index] ** 2) @ grid.k1[g])
        return gam, gam1

    def _pass(self, g: int, state: State, z: Array, p: Array, o: Array, dr: float) -> tuple[Array, Array, Sums]:
        """One pass over the neurons: GAM and GAM1 of phase g with their deviations, and the sums of (L7)."""
        c, grid = self.centre, self.grid
        n, a_all = c.samples, np.abs(c.a[:, 0])
        gam, gam1 = np.empty(p.size), np.empty(p.size)
        mats = [np.zeros((n, n)) for _ in range(8)]
        weights = np.zeros(4)
        for index in c.chunks(n):
            ds1, s2, s3 = c.local_suprema(index, z[index])
            a, q = a_all[index], p[index]
            u = (a + q)[:, None] * ds1
            gam[index] = np.sqrt(grid.occupation[g] * ((u * u) @ grid.k[g])) + u.max(axis=1) * dr
            bend = 0.5 * z[index] ** 2
            u = s2 * bend
            gam1[index] = u @ grid.k1[g] + np.linalg.norm(u, axis=1) * dr
            ew, ea = state.ew[index], state.ea[index]
            squares = (ew * ew, ea * ea, (a * ew + q * o[index]) ** 2, (a * ew) ** 2)
            d, d2 = c.d.mid[index], c.d2.mid[index]
            for slot, (x, e) in enumerate(zip((d, d, d2, d2), squares, strict=True)):
                mats[slot] += (x * e[:, None]).T @ x
                weights[slot] += e.sum()
            third = s3 * bend
            drift = q[:, None] * ds1 + a[:, None] * third
            slope = ceiling_of(d2, spread(c.d2))
            unsigned = (u, (a + q)[:, None] * third, drift + a[:, None] * slope * (c.row[None, :] * ew[:, None]), drift)
            for slot, x in enumerate(unsigned, start=4):
                mats[slot] += x.T @ x
        names = ("ew", "ea", "cross", "drift", "curve_a", "curve_w", "joint", "split")
        named = dict(zip(names, mats, strict=True))
        sums = Sums(**named, weights=(weights[0], weights[1], weights[2], weights[3]))
        return raised(gam), raised(gam1), sums

    def _quadratic(self, total: Array, weight: float, entry: float, error: float, gram: int) -> float:
        """sqrt ||W (G o .. o sum e_j^2 D_j D_j^T) W^T|| of (L5), G taken `gram` times.

        total is the computed sum over neurons of e_j^2 times an outer product; entry bounds the moduli of the
        computed factors, error how far they are from the exact ones.
        """
        c = self.centre
        rad = raised(weight * (2.0**-30 * entry**2 + error * (2 * entry + error))) if c.rigorous else 0.0
        matrix = field(total, c.rigorous, rad)
        for _ in range(gram):
            matrix = matrix * c.gram
        return float(raised(math.sqrt(top_symmetric((c.whiten @ matrix) @ c.whiten.T))))

    def _unsigned(self, total: Array, inputs: bool) -> float:
        """(L6): the smallest of its bounds; inputs: the block of w, whose outer products carry |G|."""
        matrix = raised(total) * self._gram if inputs else raised(total)
        bounds = [self._root_norm**2 * top_nonnegative(matrix)]
        bounds += [top_nonnegative(raised(raised(f @ matrix) @ f.T)) for f in (self._root, self._whiten)]
        return float(raised(math.sqrt(min(bounds))))

    def _second_order(self, sums: Sums) -> float:
        """d2 of (L7)."""
        c = self.centre
        d, d2 = (float(np.max(np.abs(x.mid))) for x in (c.d, c.d2))
        ed, ed2 = spread(c.d), spread(c.d2)
        w = sums.weights
        block_a = self._quadratic(sums.ew, w[0], d, ed, 1) + self._unsigned(sums.curve_a, False)
        rest = min(
            self._quadratic(sums.cross, w[2], d2, ed2, 2) + self._unsigned(sums.curve_w, True),
            self._quadratic(sums.drift, w[3], d2, ed2, 2) + self._unsigned(sums.split, True),
            self._unsigned(sums.joint, True),
        )
        block_w = self._quadratic(sums.ea, w[1], d, ed, 1) + rest
        return float(raised(c.kappa * math.hypot(block_a, block_w)))


def ceiling_of(mid: Array, rad: float) -> Array:
    """Moduli of an array known up to a radius, from above."""
    return np.abs(mid) * (1 + 2.0**-50) + rad
