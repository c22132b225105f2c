"""Theorem N's inequalities on a grid: pieces change on the way, the Jacobian's jumps a perturbation (THEORY_RELU 2).

`psi_h(s) = sig(s) (1 - beta h / 2) - (kap(s) / 2) (1 + beta h / 2)` for steps of length h. If the residual on the ball
of starts is below `int (psi_eta)_+`, the path ends before the integral has reached it, at rho, and
`L_{t+1} <= (1 - 2 h (sig + kap / 2) psi_h) L_t` with sig and kap at rho.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from flint import arb

from .checks import Checks, Tick, clipping_floor, positive
from .file import Common
from .graph.kinked import KinkedBall
from .midpoint import Upper


@dataclass(frozen=True)
class Claimed:
    """What is claimed about the ball, of the summed loss.

    Attributes:
        grid: radii from eps, that of the ball of starts, on.
        sigma, kappa: lower bounds of sig and upper bounds of kap at them.
        bounds: of the loss in use but for what the theorem says otherwise; `required` is a length of path.
        ell: of the summed loss.
    """

    grid: list[float]
    sigma: list[float]
    kappa: list[float]
    bounds: dict[str, float]
    ell: float


@dataclass(frozen=True)
class Found:
    """What is recomputed, of the summed loss.

    Attributes:
        sig, kap: at the radii of the grid.
        residual: on the ball of starts.
        lipschitz, ell, beta: on the whole ball.
        step: nu.
    """

    sig: list[arb]
    kap: list[arb]
    residual: arb
    lipschitz: arb
    ell: arb
    beta: arb
    step: arb


def on_ball(c: Common, at: KinkedBall, claim: Claimed, share: arb, checks: Checks, tick: Tick) -> Found:
    """Recompute sig, kap and the rest, and compare the witness with them.

    Of several bounds (kap, ell) for pairs those count whose ell is at most the one claimed, for any of them is a bound
    with that ell.
    """
    whole = claim.grid[-1]
    lipschitz = at.largest + at.change(whole)
    residual = at.residual + lipschitz * claim.grid[0]
    step = (share * arb(c.eta) * lipschitz * residual).upper()
    all_pairs = at.pairs(whole)
    allowed = [k for k, (_, ell) in enumerate(all_pairs) if ell.exact <= claim.ell]
    allowed = allowed or [min(range(len(all_pairs)), key=lambda k: float(all_pairs[k][1].value))]
    ell = arb(max(float(all_pairs[k][1].value) for k in allowed))
    sig, kap = [arb(0)], [arb(min(float(all_pairs[k][0].value) for k in allowed))]
    nu = Upper.of(step)
    for s in reversed(claim.grid[1:]):
        tick(f"profile at radius {s:.3g}")
        # What holds on a ball holds on a smaller one, and a step further lies in the whole ball.
        shifted = min(float((Upper(s) + nu).value), whole)
        sig.append(sig[-1].max(at.sig(shifted)))
        pairs = at.pairs(shifted, Upper(s), nu)
        kap.append(kap[-1].min(arb(min(float(pairs[k][0].value) for k in allowed))))
    sig, kap = [sig[-1], *sig[:0:-1]], [kap[-1], *kap[:0:-1]]
    for j, (found, claimed) in enumerate(zip(sig, claim.sigma, strict=True)):
        checks.compare(f"arrays.sigma[{j}]", claimed, found, "lower")
    for j, (found, claimed) in enumerate(zip(kap, claim.kappa, strict=True)):
        checks.compare(f"arrays.kappa[{j}]", claimed, found, "upper")
    return Found(sig, kap, residual, lipschitz, ell, lipschitz**2 + residual * ell, step)


def conclude(
    c: Common, f: Found, claim: Claimed, share: arb, potential: Callable[[arb, arb], None], checks: Checks
) -> None:
    """Compare the hypothesis about the integral and what follows.

    Args:
        c: the step rule.
        f: what is recomputed.
        claim: what is claimed.
        share: factor of ||F - y||^2 / 2 in the loss in use.
        potential: compares both sides of the hypothesis about the integral.
        checks: for the comparisons.
    """
    bounds, zero, one = claim.bounds, arb(0), arb(1)
    room = share * f.beta * arb(c.eta)
    positive("1 - beta eta / 2", 1 - room / 2)

    def psi(j: int, h: arb) -> arb:
        return f.sig[j] * (1 - room * h / 2) - f.kap[j] / 2 * (1 + room * h / 2)

    widths = [arb(q) - p for p, q in itertools.pairwise(claim.grid)]
    cells = (w * psi(j, one).max(zero) for j, w in enumerate(widths, 1))
    sums = [zero, *itertools.accumulate(cells)]
    potential(f.residual, sums[-1])
    # The last radius that a path of the length claimed may reach.
    reached = arb(claim.grid[0]) + bounds["required"]
    j = max((i for i, s in enumerate(claim.grid) if s <= reached), default=0)
    checks.required(bounds["required"], ("the integral", sums[j]), ("norm of r", f.residual))
    checks.compare("bounds.mu", bounds["mu"], share * f.sig[j] ** 2, "lower")
    if "kap" in bounds:
        checks.compare("bounds.kap", bounds["kap"], share.sqrt() * f.kap[j], "upper")
    floor = clipping_floor(c, share * f.lipschitz * f.residual)
    checks.compare("bounds.floor", bounds["floor"], floor, "lower")
    least = (floor * psi(j, floor)).min(psi(j, one))
    rate = 1 - 2 * share * arb(c.eta) * (f.sig[j] + f.kap[j] / 2) * least
    checks.compare("bounds.rate", bounds["rate"], rate, "upper")
    checks.linear(bounds)
