"""One float64 step of delta-GClip on a class-N network, and a bound on how far it is from the exact step.

The exact step from the stored weights w is `G(w) = w - Phi(g)`, `g = grad L(w) = c J(w)^T r(w)`,
`Phi(v) = eta v min(1, max(delta, gamma / ||v||))`. Phi is continuous, and on each of its three pieces its derivative
(eta I, s (I - u u^T) with s = eta gamma / ||v|| <= eta, eta delta I) has norm at most eta: Phi is eta-Lipschitz. So a
computed gradient v with ||v - g|| <= e costs at most eta e, whichever branches v and g fall into; no branch has to be
decided here. The rest of the error is the step size, a float near its exact value at v, and the rounding of the update.

Everything is bounded in the Euclidean norm over all parameters. Each source of error has a function of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...nets.activations import activation
from ...nets.graph import Graph
from ...rigor import roundoff
from ...rigor.arithmetic import INTERVALS
from ...rigor.midrad import Ball, inner_rounding, product_floats
from ...rigor.roundoff import Array, add_up, finite, mul_up, quiet, sqrt_up
from ...rigor.scalar import Interval, between, interval
from ...theory.formulas import step_size
from ..stored import FloatNetwork
from .network import Forward, norm, norm_up, residual_apart

ERROR_TERMS = (
    "residual_error",
    "backward_rounding",
    "slope_error",
    "gradient_rounding",
    "input_error",
    "scaling_error",
    "step_size_error",
    "update_rounding",
)
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""


# --- backward ---------------------------------------------------------------------------------------------------------


def residual_error(lipschitz: float, apart: float) -> float:
    """||J^T (exact - computed residual)|| <= ||J|| ||exact - computed||."""
    return float(mul_up(lipschitz, apart))


def backward_rounding(depth: int, left: float, right: float, count: int) -> float:
    """Frobenius error of a computed product of matrices of Frobenius norms left, right and `count` results.

    Entry by entry gamma(depth) ||row|| ||column|| + depth ETA; the squares of the first sum to
    (gamma(depth) left right)^2.
    """
    return float(
        add_up(inner_rounding(depth, np.asarray(left), np.asarray(right)), mul_up(roundoff.underflow(depth), count))
    )


def slope_error(values: float, slopes: Ball) -> float:
    """||U o (exact - computed slopes)||_F <= ||U||_F times the largest error of a slope."""
    return float(mul_up(values, float(np.max(slopes.rad))))


def gradient_rounding(depth: int, left: float, right: float, count: int) -> float:
    """Frobenius error of the computed V^T A; the same bound as in the backward pass."""
    return backward_rounding(depth, left, right, count)


def input_error(values: float, inputs: Ball) -> float:
    """||V^T (exact - computed inputs)||_F <= ||V||_F sqrt(number of inputs) times the largest error of one."""
    return float(mul_up(values, sqrt_up(float(inputs.mid.size)), float(np.max(inputs.rad))))


def scaling_error(result: float, count: int) -> float:
    """Frobenius error of `count` products rounded once each, of Frobenius norm `result` when computed."""
    return float(add_up(mul_up(roundoff.U, result), mul_up(roundoff.ETA, float(count))))


@dataclass(frozen=True, eq=False)
class Gradient:
    """A computed gradient of the loss in use and its distance from the exact one.

    Attributes:
        weights: on W_l.
        biases: on b_l, or None.
        apart: upper bound of ||computed - exact|| over all parameters.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array | None, ...]
    apart: float

    @property
    def arrays(self) -> list[Array]:
        """All parts."""
        return [*self.weights, *(b for b in self.biases if b is not None)]


@quiet
def gradient(net: FloatNetwork, at: Forward, lipschitz: float, scale: Fraction = Fraction(1)) -> Gradient:
    """Backpropagate the computed residual, and bound everything between that and the exact gradient c J^T r.

    The exact backward pass of the COMPUTED residual is followed with an error in the Frobenius norm; the error of the
    residual itself passes through the exact J^T at the price of one ||J||.

    Args:
        net: exact weights.
        at: the forward pass there.
        lipschitz: upper bound of ||J(w)||, spectral, for the summed loss.
        scale: c.

    Raises:
        NoVerdictError: overflow or NaN.
    """
    factor = interval(scale)
    v, ev = at.residual.mid, 0.0
    total: Array | float = residual_error(lipschitz, residual_apart(at.residual))
    if scale != 1:
        c = float(scale)
        total = (interval(float(total)) * factor).hi
        v = v * c
        ev = (abs(factor - c) * norm([at.residual.mid])).hi + scaling_error(norm_up(v), v.size)
    weights: list[Array] = []
    biases: list[Array | None] = []
    for l in reversed(range(net.depth)):
        a, kappa = at.inputs[l], abs(net.kappa[l])
        v_norm, a_norm, n = norm_up(v), norm_up(a.mid), v.shape[0]
        product, depth = product_floats(v.T, a.mid)
        g = net.kappa[l] * product
        reach = add_up(a_norm, mul_up(sqrt_up(float(a.mid.size)), float(np.max(a.rad))))  # ||exact A||
        error = add_up(mul_up(ev, reach), input_error(v_norm, a), gradient_rounding(depth, v_norm, a_norm, g.size))
        total = add_up(total, mul_up(kappa, error), scaling_error(norm_up(g), g.size))
        weights.append(g)
        bias = None
        if net.biases[l] is not None:
            bias = net.tau[l] * v.sum(axis=0)
            root = float(sqrt_up(float(n)))  # norm of the column of ones
            error = add_up(mul_up(ev, root), gradient_rounding(n, v_norm, root, bias.size))
            total = add_up(total, mul_up(abs(net.tau[l]), error), scaling_error(norm_up(bias), bias.size))
        biases.append(bias)
        if l:
            w = net.weights[l]
            w_norm = norm_up(w)
            product, depth = product_floats(v, w)
            u = net.kappa[l] * product
            error = add_up(mul_up(ev, w_norm), backward_rounding(depth, v_norm, w_norm, u.size))
            u_norm = norm_up(u)
            eu = add_up(mul_up(kappa, error), scaling_error(u_norm, u.size))
            slopes = at.slopes[l - 1]
            v = u * slopes.mid
            s1 = activation(net.activation).s1
            ev = float(add_up(mul_up(eu, s1), slope_error(u_norm, slopes), scaling_error(norm_up(v), v.size)))
    for part in (*weights, *(b for b in biases if b is not None)):
        finite(part, "gradient")
    return Gradient(tuple(reversed(weights)), tuple(reversed(biases)), float(finite(np.asarray(total), "gradient")))


# --- the step ---------------------------------------------------------------------------------------------------------


def exact_step_size(eta: float, gamma: float, delta: float, grad: Interval) -> Interval:
    """Enclosure of eta min(1, max(delta, gamma / ||v||)) for every norm in the interval; eta at v = 0.

    Raises:
        NoVerdictError: the norm may be 0 while gamma does not decide the branch.
    """
    if gamma == math.inf or grad.hi <= gamma:
        return interval(eta)
    h: Interval = step_size(interval(eta), interval(gamma), interval(delta), grad, INTERVALS)
    return between(min(h.lo, eta), min(h.hi, eta))  # the exact h never exceeds eta


def step_size_error(exact: Interval, used: float, grad: float) -> float:
    """|h - used| ||v|| for every h in the enclosure."""
    return (abs(exact - used) * grad).hi


def update_rounding(moved: float, step: float, count: int, unit: float = 1.0) -> float:
    """Euclidean error of `w - h v` in floats: U ||computed h v|| for the products, U ||result|| for the differences.

    U is that of doubles times `unit`.

    Differences do not underflow; products err by ETA each below the normal range.
    """
    u = roundoff.U * unit
    return float(add_up(mul_up(u, moved), mul_up(u, step), mul_up(roundoff.ETA, float(count))))


@dataclass(frozen=True, eq=False)
class Moved:
    """A computed step of any arrays and its distance from the exact one.

    Attributes:
        arrays: the parameters reached.
        rho: upper bound of ||computed - exact||.
        grad: enclosure of ||exact gradient||.
    """

    arrays: list[Array]
    rho: float
    grad: Interval


@quiet
def enclose_update(
    before: Sequence[Array],
    along: Sequence[Array],
    apart: float,
    eta: float,
    gamma: float,
    delta: float,
    unit: float = 1.0,
) -> Moved:
    """Take one step along a computed gradient.

    Args:
        before: the parameters.
        along: the computed gradient, shape by shape.
        apart: upper bound of its distance from the exact one.
        eta, gamma, delta: the settings.
        unit: of rounding of the arrays' arithmetic over that of doubles.

    Raises:
        NoVerdictError: overflow or NaN.
    """
    size = norm(along)
    h = exact_step_size(eta, gamma, delta, size)
    used = min(max(h.lo + 0.5 * (h.hi - h.lo), h.lo), h.hi)

    steps = [used * g for g in along]
    after = [w - s for w, s in zip(before, steps, strict=True)]
    for part in after:
        finite(part, "weights")
    count = sum(part.size for part in after)
    parts = (
        float(mul_up(eta, apart)),
        step_size_error(h, used, size.hi),
        update_rounding(norm(after).hi, norm(steps).hi, count, unit),
    )
    rho = float(finite(add_up(*parts), "error of a step"))
    low = max(0.0, (size - apart).lo)
    return Moved(after, rho, between(low, (size + apart).hi))


@dataclass(frozen=True, eq=False)
class Step:
    """A computed step and its distance from the exact one from the same weights.

    Attributes:
        network: the weights reached.
        rho: upper bound of ||computed - exact||.
        grad: enclosure of ||exact gradient||.
    """

    network: FloatNetwork | Graph
    rho: float
    grad: Interval


@quiet
def enclose_step(net: FloatNetwork, found: Gradient, eta: float, gamma: float, delta: float) -> Step:
    """Take one step in float64 along a computed gradient.

    Raises:
        NoVerdictError: overflow or NaN.
    """
    moved = enclose_update(net.parameters, found.arrays, found.apart, eta, gamma, delta)
    biases = iter(moved.arrays[net.depth :])
    after = net.replaced(moved.arrays[: net.depth], [None if b is None else next(biases) for b in net.biases])
    return Step(after, moved.rho, moved.grad)
