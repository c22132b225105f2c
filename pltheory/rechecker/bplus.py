"""Theorem B+ rechecked: the claims of a certificate, and all that its hypotheses need, from the stored arrays.

The certificate's solution of (SC1) to (SC3) is untrusted data: one evaluation of their right sides, each recomputed,
decides whether it is one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb, arb_mat

from .arithmetic import ACTIVATIONS, largest_of, root
from .checks import Checks, Tick, clipping_floor, loss_factor
from .fields import ACCEPTED, FALSE, Array, Stop, damaged
from .file import Admit, Stored, read_bounds, read_hypotheses, read_stored
from .flow import Cells, Phase, Reference, cells, norm, phases, reference, step_constants
from .midpoint import require_rounding
from .network import Network, slices
from .neuron_arrays import ArrayPass
from .neurons import FirstOrder, Pass, Sums

BOUNDS = {
    "residual": "upper", "lambda_min": "lower", "lambda_max": "upper", "c1": "upper", "beta": "upper", "mu": "lower",
    "floor": "lower", "rate": "upper", "shift_a": "upper", "shift_w": "upper",
}  # fmt: skip
HYPOTHESES = [
    "0 < lambda_min(K(w_0))", "eta lambda_max(K(w_0)) < 1", "beta eta < 2", "c1 eps_N < 1", "eps_N < 1",
]  # fmt: skip
CONDITIONS = ("(SC1)", "(SC2)", "(SC3)")


@dataclass(frozen=True)
class Claim(Stored):
    """What a certificate of Theorem B+ says, as numbers; attributes as in its file."""

    bounds: dict[str, float]
    hypotheses: list[tuple[float, str, float]]
    names: list[str]
    times: list[float]
    ends: list[int]
    eps: list[float]
    ew: Array
    ea: Array

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return 3 + slices(len(self.weights[0])) + len(self.eps)


def read_bplus(text: dict[str, Any], path: Path, admit: Admit) -> Claim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    stored = read_stored(text, path, admit, {"times": 1, "ends": 1, "eps": 1, "ew": 2, "ea": 2})
    if len(stored.weights) != 2 or stored.y.shape[1] != 1:
        damaged("network.layers", "Theorem B+ is for one hidden layer and one output")
    times, ends, eps, ew, ea = (stored.more[name] for name in ("times", "ends", "eps", "ew", "ea"))
    if times.size < 2 or times[0] != 0 or not (np.diff(times) > 0).all():
        damaged("arrays.times", "must start at 0 and increase strictly")
    if (ends != np.round(ends)).any() or ends[0] < 1 or not (np.diff(ends) > 0).all() or ends[-1] != times.size - 1:
        damaged("arrays.ends", f"must be whole numbers that increase strictly from 1 at least to {times.size - 1}")
    for name, array, shape in (
        ("eps", eps, ()),
        ("ew", ew, (len(stored.weights[0]),)),
        ("ea", ea, (len(stored.weights[0]),)),
    ):
        if array.shape != (ends.size, *shape):
            damaged(f"arrays.{name}", f"has the shape {array.shape}, not {(ends.size, *shape)}")
        if not (array > 0).all() or (np.diff(array, axis=0) < 0).any():
            damaged(f"arrays.{name}", "must be positive and fall from no phase to the next")
    known = [(name, "<") for name in HYPOTHESES]
    known += [(f"{c} in phase {g}, asked over given", "<=") for g in range(1, ends.size + 1) for c in CONDITIONS]
    return Claim(
        **vars(stored),
        bounds=read_bounds(text, BOUNDS),
        hypotheses=read_hypotheses(text, known),
        names=[name for name, _ in known],
        times=times.tolist(),
        ends=[int(e) for e in ends],
        eps=eps.tolist(),
        ew=ew,
        ea=ea,
    )


def kernel_change(e0: arb, first: FirstOrder, g: int, eb: arb, d2: arb) -> arb:
    """The right side of (SC3) in phase g: what ||E|| and ||K_0^(-1/2) (K(w) - K_0) K_0^(-1/2)|| are at most."""
    dl = first.d1[g] + eb * first.de + d2
    return e0 + 2 * (first.c1[g] + eb * first.ce + (1 + e0).sqrt() * d2) + dl * dl


def _consistent(
    c: Claim, checks: Checks, tick: Tick, net: Network, at: Reference, flow: Cells, found: list[Phase]
) -> Sums:
    """(SC1) to (SC3), in doubles or, where these do not confirm them, in balls; returns the last phase's sums."""
    # What ends a computation in doubles refutes nothing: balls go on.
    with suppress(Stop, np.linalg.LinAlgError):
        require_rounding()
        tried = Checks()
        end = _phases(c, tried, tick, net, ArrayPass(net, at, flow, c.ends, found, c.ew, c.ea, c.activation))
        if all(check.code == ACCEPTED for check in tried):
            checks += tried
            return end
    return _phases(c, checks, tick, net, Pass(net, at, flow, c.ends, found, c.ew, c.ea, c.activation))


def _phases(c: Claim, checks: Checks, tick: Tick, net: Network, run: Pass) -> Sums:
    for part in net.neurons():
        tick(f"neurons {part.index.start} to {part.index.stop} of {net.width}")
        run.take(part)
    run.close()
    tick("norms")
    first, one = run.first_order(), arb(1)
    for g, phase in enumerate(run.phases):
        tick(f"phase {g + 1} of {len(run.phases)}")
        change = kernel_change(run.at.e0, first, g, phase.eb, run.second_order(g))
        asked = [*run.sums[g].asked, (change / c.eps[g], -1)]
        for k, (quotient, neuron) in enumerate(asked):
            note, i = f", worst at neuron {neuron}" if neuron >= 0 else "", len(HYPOTHESES) + 3 * g + k
            checks.hypothesis(i, c.hypotheses[i], f"{c.names[i]}{note}", quotient, one)
    return run.sums[-1]


def check_bplus(c: Claim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem B+.

    Inside, everything refers to 1/2 ||F - y||^2, whose steps are n times shorter than those of the mean.
    """

    def bound(name: str, value: arb) -> None:
        checks.compare(f"bounds.{name}", c.bounds[name], value, BOUNDS[name])

    def hypothesis(i: int, low: arb, high: arb) -> None:
        checks.hypothesis(i, c.hypotheses[i], c.names[i], low, high)

    one = arb(1)
    share = one / len(c.x) if c.loss == "mean" else one
    eta = arb(c.eta) * share
    tick("kernel")
    net = Network(c)
    kernel, r0 = net.kernel()
    at = reference(kernel)
    apart = 1 + at.e0.union(-at.e0)
    residual, lam_1, lam_n = norm(r0), at.lam[0] * apart, at.lam[-1] * apart
    bound("residual", residual * root(share))
    bound("lambda_min", lam_1 * share)
    bound("lambda_max", lam_n * share)
    hypothesis(0, arb(0), lam_1)
    hypothesis(1, eta * lam_n, one)
    tick("flow")
    start = (at.vectors.transpose() * arb_mat([[v] for v in r0])).entries()
    steps = step_constants(at.lam, start, eta)
    flow = cells(at, start, eta, c.times, c.ends)
    last = arb(c.eps[-1])
    bound("c1", steps.c1)
    hypothesis(3, steps.c1 * last, one)
    hypothesis(4, last, one)
    found = phases(c.eps, flow, steps)
    if any(check.code == FALSE for check in checks):
        return  # the pass over the neurons is what takes long
    end = _consistent(c, checks, tick, net, at, flow, found)
    s1, s2 = (f() for f in ACTIVATIONS[c.activation][1:])
    curve = s2 * net.xs * largest_of(net.row) * end.largest
    ell = net.kappa * (curve + root(curve * curve + 4 * (s1 * net.xs) ** 2)) / 2
    beta = ((1 + last) * lam_n + residual * ell) * share
    mu = (1 - last) * lam_1 * share
    bound("beta", beta)
    hypothesis(2, beta * c.eta, arb(2))
    bound("mu", mu)
    bound("shift_a", end.p)
    bound("shift_w", end.o)
    gradient = root((1 + last) * lam_n) * residual * share
    floor = clipping_floor(c, gradient)
    bound("floor", floor)
    bound("rate", loss_factor(mu, beta, arb(c.eta), floor))
