"""Theorem B+ for one hidden layer: from a problem and a step rule to a verdict (docs/derivations/bplus.md).

The statement certified: if (SC1), (SC2), (SC3) hold for every phase with eta the largest step, eta lam_n < 1 and
eta < 2 / beta, then delta-GClip from w_0 keeps lambda_min(K(w_t)) >= mu and converges to a zero of the loss at the
rate given; the region does not depend on delta and gamma.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ...optim import StepSettings, certifiable
from ...problem.problem import Problem
from ...rigor import environment
from ...rigor.errors import NoVerdictError
from ...rigor.roundoff import Array
from ...rigor.scalar import interval
from ...theory import InvalidInputError
from ...theory.formulas import bordered_norm
from ..claim import Inequality
from ..conclusion import rate_above
from ..stored import Arrays, require_unchanged, stored_arrays
from .arrays import ceiling, raised
from .centre import Centre, centre
from .consistency import Consistency
from .flow import Reference, StepConstants, TimeGrid, step_constants, time_grid, transport
from .neurons import Duals, Linear, duals, linear

PHASES = 16
"""Phases of the run; the bound of ||E|| is constant on each."""
CELLS = 240
"""Cells of the time grid."""
TIME = 12.0
"""lam_1 T_M: where the grid stops and closed tails begin."""
GUESS = 0.6
"""eps_N assumed when eta is a multiple of 1/beta, to fix beta before the search; checked after it."""
DOWN = 1.0 - 2.0**-40

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Proof:
    """What a second program needs to check a verdict: the solution of (SC1) to (SC3), and the bounds it led to.

    All in the units of the loss in use, but for the unknowns and the times, which belong to 1/2 ||F - y||^2.

    Attributes:
        times: (M + 1,) grid times.
        ends: (N,) index of the grid time that ends each phase.
        eps: (N,) bound of ||E|| in each phase.
        ew: (N, m) bounds of |ew_j|.
        ea: (N, m) bounds of |ea_j|.
        asked: (N, 3) upper bounds of what (SC1), (SC2), (SC3) ask for, over what there is, at the worst neuron.
        residual: upper bound of ||r_0||.
        lambda_min: lower bound of lambda_min(K(w_0)).
        lambda_max: upper bound of lambda_max(K(w_0)).
        c1: upper bound of c1.
    """

    times: Array
    ends: Array
    eps: Array
    ew: Array
    ea: Array
    asked: Array
    residual: float
    lambda_min: float
    lambda_max: float
    c1: float


@dataclass(frozen=True)
class BPlusResult:
    """What Theorem B+ says of one problem, in the units of the loss in use.

    Attributes:
        verdict: a level of `verification.verdict`: CERTIFIED counts round-off, HOLDS is as computed in float64.
        shortfall: empty, or what failed and where.
        eps: bound of ||R (K(w_t) - K_0) R|| on the whole run, infinite if undecided.
        mu: lower bound of lambda_min(K(w_t)) along the run, 0 if undecided.
        beta: upper bound of lambda_max(Hess L) along the run; infinite if undecided.
        eta: the step size the verdict is about.
        rate: proven factor of the loss per step, or None.
        lambda_0: smallest eigenvalue of the reference kernel.
        inequalities: the hypotheses as numbers.
        region: largest |da_j| and |dw_j| of any neuron on the whole run.
        arrays: the network and data that the verdict is of.
        floor: lower bound of the factor with h_t >= eta floor; 0 if undecided.
        proof: the solution found, where the verdict is CERTIFIED.
    """

    verdict: Literal["CERTIFIED", "HOLDS", "UNDECIDED"]
    shortfall: str
    eps: float
    mu: float
    beta: float
    eta: float
    rate: float | None
    lambda_0: float
    inequalities: tuple[Inequality, ...]
    region: tuple[float, float]
    arrays: Arrays
    floor: float
    proof: Proof | None = None


@dataclass(frozen=True)
class Setup:
    """Everything computed once per network: all but what depends on eta."""

    centre: Centre
    reference: Reference
    grid: TimeGrid
    duals: Duals
    linear: Linear
    c1: float
    ch: float

    def regridded(self, cells: int, phases: int, progress: Progress | None = None) -> Setup:
        """The same on another time grid; what belongs to w_0 alone is kept."""
        c = self.centre
        grid = time_grid(self.reference, c.vectors, c.c, cells, phases, TIME)
        return replace(self, grid=grid, linear=linear(c, self.duals, self.reference, grid, progress))

    def beta(self, eps: float, largest: float) -> float:
        """Upper bound of lambda_max(Hess L), for ||R (K - K_0) R|| <= eps and |a_j| <= largest."""
        c = self.centre
        curve = c.act.s2 * c.xs * float(np.max(c.row)) * largest
        ell = c.kappa * bordered_norm(curve, c.act.s1 * c.xs)
        return float(raised((1 + eps) * float(c.lam[-1]) + c.residual * ell))

    def step(self, eta: float) -> StepConstants | None:
        """Constants of the largest step; None where eta lam_n >= 1."""
        if not float(raised(eta * float(self.centre.lam[-1]))) < 1:
            return None
        return step_constants(self.reference, eta, self.c1, self.ch)


def prepare(
    problem: Problem,
    *,
    rigorous: bool,
    cells: int = CELLS,
    phases: int = PHASES,
    horizon: float = TIME,
    progress: Progress | None = None,
) -> Setup:
    """Measure a network and tabulate everything that does not depend on the step size.

    Raises:
        NotAvailableError, NoVerdictError, NumericalFailureError: as `centre.centre`.
    """
    at = centre(problem, rigorous=rigorous)
    reference = Reference(at.lam, ceiling(at.c)[:, 0], rigorous)
    grid = time_grid(reference, at.vectors, at.c, cells, phases, horizon)
    bounds = duals(at, progress)
    return Setup(
        at,
        reference,
        grid,
        bounds,
        linear(at, bounds, reference, grid, progress),
        transport(reference, 2),
        transport(reference, 1),
    )


def certify_bplus(
    problem: Problem,
    settings: StepSettings,
    *,
    rigorous: bool = False,
    cells: int = CELLS,
    phases: int = PHASES,
    refinements: int = 0,
    progress: Progress | None = None,
) -> BPlusResult:
    """Decide Theorem B+ for a network of one hidden layer and one output.

    Args:
        problem: class N, any parametrisation, with or without biases.
        settings: the step rule; eta a number or "c/beta".
        rigorous: count round-off: the verdict may then be CERTIFIED.
        cells: of the time grid.
        phases: of the run.
        refinements: how often cells and phases are doubled while the verdict is UNDECIDED.
        progress: called with a phrase and the fraction of that part done.

    Raises:
        InvalidInputError: cells or phases make no grid, or the network or the data changed meanwhile.
        NotAvailableError: not this kind of network, or a step rule that it does not speak of.
        NoVerdictError, NumericalFailureError: a number overflows or is NaN: nothing is said.
        RoundingEnvironmentError: rigorous, and the processor does not round to nearest.
    """
    settings = certifiable(settings)
    if not (1 <= phases < cells):
        raise InvalidInputError(f"phases = {phases!r}, cells = {cells!r}: need 1 <= phases < cells")
    if rigorous:
        environment.require()
    with np.errstate(all="ignore"):  # overflow ends in comparisons that fail, never in a verdict
        setup = prepare(problem, rigorous=rigorous, cells=cells, phases=phases, progress=progress)
        result = decide(setup, settings, problem.scale)
        for k in range(1, refinements + 1):
            if result.verdict != "UNDECIDED":
                break
            setup = setup.regridded(cells << k, phases << k, progress=progress)
            result = decide(setup, settings, problem.scale)
    if rigorous:
        environment.require()
    require_unchanged(result.arrays, stored_arrays(problem))
    return result


def decide(setup: Setup, settings: StepSettings, scale: float = 1.0) -> BPlusResult:
    """The verdict for one step rule; scale is c where the loss in use is c * 1/2 ||F - y||^2."""
    c = setup.centre
    largest = float(np.max(np.abs(c.a)))
    multiple = settings.multiple
    # Inside, everything refers to 1/2 ||F - y||^2, whose steps are scale times as long.
    assumed = setup.beta(GUESS, 1.1 * largest)
    eta = multiple / (assumed * scale) if multiple is not None else float(settings.eta)
    inner = float(raised(eta * scale))
    top_step = Inequality("eta lambda_n < 1", float(raised(inner * float(c.lam[-1]))), "<", 1.0)
    step = setup.step(inner)
    if step is None:
        return _undecided(setup, eta, scale, "eta lambda_n < 1 fails", (top_step,))
    run = Consistency(c, setup.duals, setup.linear, setup.grid, step)
    failure = run.solve()
    if failure is not None:
        return _undecided(setup, eta, scale, failure, (top_step,))
    state, region = run.states[-1], run.regions[-1]
    beta = setup.beta(state.eps, float(raised(np.max(np.abs(c.a[:, 0]) + region.p))))
    if multiple is not None and beta <= assumed:
        beta = assumed  # a larger bound is a bound, and the one eta is a multiple of
    rows = (
        top_step,
        Inequality("eta beta < 2", float(raised(inner * beta)), "<", 2.0),
        Inequality("c1 eps_N < 1", float(raised(step.c1 * state.eps)), "<", 1.0),
        Inequality("eps_N < 1", state.eps, "<", 1.0),
        *_consistency_rows(run),
    )
    failed = [row.name for row in rows if not row.holds]
    if multiple is not None and beta > assumed:
        failed.append("eta is a multiple of 1/beta for the beta found")
    if failed:
        return _undecided(setup, eta, scale, f"not fulfilled: {', '.join(failed)}", rows)
    # e_0 is not needed here; without it another reference kernel, as good as this one, might not see as much.
    mu = (1 - state.eps) * (1 - c.e0) * float(c.lam[0]) * DOWN * scale
    beta_in_use = float(raised(beta * scale)) if scale != 1.0 else beta
    floor = settings.delta_on(float(raised(math.sqrt((1 + state.eps) * c.lam[-1]) * c.residual * scale)))
    factor = rate_above(mu, interval(beta_in_use), eta, floor * DOWN)
    if not (math.isfinite(beta) and mu > 0 and factor < 1):
        raise NoVerdictError(f"mu = {mu}, beta = {beta}, rate = {factor}: no statement follows")
    return BPlusResult(
        "CERTIFIED" if c.rigorous else "HOLDS",
        "",
        state.eps,
        mu,
        beta_in_use,
        eta,
        factor,
        float(c.lam[0]) * scale,
        rows,
        (float(np.max(region.p)), float(np.max(region.o))),
        c.arrays,
        floor * DOWN,
        _proof(setup, run, scale) if c.rigorous else None,
    )


def _proof(setup: Setup, run: Consistency, scale: float) -> Proof:
    c, states = setup.centre, run.states
    share = float(raised(scale))
    asked = [
        [float(np.max(r.asked.ew / s.ew)), float(np.max(r.asked.ea / s.ea)), r.asked.eps / s.eps]
        for s, r in zip(states, run.regions, strict=True)
    ]
    return Proof(
        setup.grid.times,
        setup.grid.ends,
        np.array([s.eps for s in states]),
        np.array([s.ew for s in states]),
        np.array([s.ea for s in states]),
        np.minimum(raised(np.array(asked)), 1.0),  # at most 1 before it was raised: every state covers what it is asked
        float(raised(c.residual * math.sqrt(share))),
        (1 - c.e0) * float(c.lam[0]) * DOWN * scale,
        float(raised((1 + c.e0) * float(c.lam[-1]) * share)),
        run.step.c1,
    )


def _consistency_rows(run: Consistency) -> list[Inequality]:
    """(SC1) to (SC3), the tightest neuron of each phase."""
    rows = []
    for g, (state, region) in enumerate(zip(run.states, run.regions, strict=True), start=1):
        asked = region.asked
        for name, need, have in (("SC1", asked.ew, state.ew), ("SC2", asked.ea, state.ea)):
            j = int(np.argmax(need - have))
            rows.append(Inequality(f"{name}, phase {g}", float(need[j]), "<=", float(have[j])))
        rows.append(Inequality(f"SC3, phase {g}", asked.eps, "<=", state.eps))
    return rows


def _undecided(setup: Setup, eta: float, scale: float, why: str, rows: tuple[Inequality, ...]) -> BPlusResult:
    c = setup.centre
    return BPlusResult(
        "UNDECIDED", why, math.inf, 0.0, math.inf, eta, None, float(c.lam[0]) * scale, rows,
        (math.inf, math.inf), c.arrays, 0.0,
    )  # fmt: skip
