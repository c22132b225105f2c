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
from typing import Any

import numpy as np

from ..problem.networks import class_n
from ..problem.problem import Problem
from ..rigor import roundoff
from ..rigor.elementary import activation
from ..rigor.errors import NoVerdictError
from ..rigor.midrad import Ball, inner_propagated, inner_rounding, matmul, product_floats, row_one_norms
from ..rigor.roundoff import Array, add_up, finite, mul_up, quiet, sqrt_up
from ..rigor.scalar import INTERVALS, Interval, between, interval, sqrt
from ..theory.activations import ACTIVATIONS
from ..theory.formulas import step_size

ERROR_TERMS = (
    "slice_rounding",
    "residual_error",
    "backward_rounding",
    "slope_error",
    "gradient_rounding",
    "input_error",
    "step_size_error",
    "update_rounding",
)
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""

_PIECE = 64
"""Terms of a sum of squares that are added at a time, so that its error grows with the logarithm of the size."""


@dataclass(frozen=True, eq=False)
class FloatNetwork:
    """A class-N network as float64 arrays, which are taken as exact.

    Attributes:
        weights: W_l of shape (m_l, m_{l-1}), l = 1..L+1.
        biases: b_l of shape (m_l,), or None where the layer has none.
        kappa: kappa_l.
        tau: tau_l; 0 where there is no bias.
        activation: its name.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array | None, ...]
    kappa: tuple[float, ...]
    tau: tuple[float, ...]
    activation: str

    @property
    def depth(self) -> int:
        """L + 1, the number of affine layers."""
        return len(self.weights)

    @property
    def arrays(self) -> list[Array]:
        """All parameters."""
        return [*self.weights, *(b for b in self.biases if b is not None)]

    def replaced(self, weights: Sequence[Array], biases: Sequence[Array | None]) -> FloatNetwork:
        """The same network with other parameters."""
        return FloatNetwork(tuple(weights), tuple(biases), self.kappa, self.tau, self.activation)


def float_network(problem: Problem) -> tuple[FloatNetwork, Array, Array]:
    """Network, points (n, d) and targets (n, C) of a problem; float32 is widened exactly.

    Raises:
        NotAvailableError: the network is not of class N.
    """
    net = class_n(problem.network)

    def array(t: Any) -> Array:
        return np.array(t.detach().cpu().numpy(), dtype=np.float64, order="C")

    layers = net.layers
    weights = tuple(array(layer.weight) for layer in layers)
    biases = tuple(None if layer.bias is None else array(layer.bias) for layer in layers)
    tau = tuple(0.0 if layer.bias is None else float(layer.tau) for layer in layers)
    kappa = tuple(float(layer.kappa) for layer in layers)
    return FloatNetwork(weights, biases, kappa, tau, net.activation), array(problem.x), array(problem.y)


# --- norms ------------------------------------------------------------------------------------------------------------


@quiet
def _sum_of_squares(x: Array) -> tuple[float, int]:
    """Computed sum of the squares of all entries, and the most roundings on a path of its tree."""
    flat = np.ascontiguousarray(x).reshape(-1)
    whole = flat.size // _PIECE * _PIECE
    rows, rest = flat[:whole].reshape(-1, _PIECE), flat[whole:]
    values = np.append(np.einsum("ij,ij->i", rows, rows), rest @ rest)
    depth = _PIECE
    while values.size > _PIECE:
        padded = np.zeros(-(-values.size // _PIECE) * _PIECE)
        padded[: values.size] = values
        values = padded.reshape(-1, _PIECE).sum(axis=1)
        depth += _PIECE - 1
    return float(np.sum(values)), depth + _PIECE - 1


@quiet
def norm(arrays: Sequence[Array]) -> Interval:
    """Enclosure of the Euclidean norm of exact arrays taken as one vector.

    Raises:
        NoVerdictError: NaN or overflow.
    """
    total = interval(0.0)
    for x in arrays:
        squares, depth = _sum_of_squares(x)
        low = float(roundoff.lower_sum(squares, depth, products=x.size))
        high = float(roundoff.raise_sum(squares, depth, products=x.size))
        total = total + between(low, high)
    return sqrt(total)


def norm_up(x: Array) -> float:
    """Upper bound of the Frobenius norm of an exact array."""
    return norm([x]).hi


@quiet
def distance_up(a: FloatNetwork, b: FloatNetwork) -> float:
    """Upper bound of the Euclidean distance between the parameters of two networks of one shape."""
    apart = norm([x - y for x, y in zip(a.arrays, b.arrays, strict=True)]).hi
    # A computed difference d of floats stands for an exact one of modulus at most |d| (1 + U / (1 - U)).
    return float(mul_up(apart, 1.0 + 2.0**-51))


# --- forward ----------------------------------------------------------------------------------------------------------


def slice_rounding(k: int, left: float, right: float, bits: int, result: float) -> float:
    """Error of `sliced_product` from rounding: the two small products, and the two additions.

    |left - slice| <= left 2^-(bits + 1) and the same on the right, so either small product is at most
    t = k left right 2^-(bits + 1) in modulus and errs by at most gamma(k) t + k ETA; their computed sum is below 3 t.
    """
    small = mul_up(float(k), left, right * 2.0 ** -(bits + 1))
    products = mul_up(2.0, add_up(mul_up(roundoff.gamma(k), small), roundoff.underflow(k)))
    return float(add_up(products, mul_up(roundoff.U, mul_up(3.0, small)), mul_up(roundoff.U, result)))


@quiet
def sliced_product(a: Ball, w: Array) -> Ball:
    """Ball of a w^T for a (n, k), scalar radius, and an exact w (m, k), to about one rounding of the result.

    a = a1 + a2 and w = w1 + w2 with a1, w1 integers of at most `bits` bits times powers of two: a1 w1^T is free of
    rounding, in any order of summation, because k 2^(2 bits) <= 2^53; the rest is 2^-bits times smaller.
    """
    k = w.shape[1]
    bits = (53 - max(k - 1, 1).bit_length()) // 2
    tops = [math.frexp(max(float(np.max(x)), -float(np.min(x))))[1] for x in (a.mid, w)]
    if not all(abs(e) < 200 for e in tops) or bits < 8:
        return matmul(a, Ball(w.T))  # scales at which slices could underflow, or sums too long to be exact

    def split(x: Array, top: int) -> tuple[Array, Array]:
        # Exact: scaling by a power of two is (an entry so small that it is not rounds to slice 0, rest x), and the
        # distance of a float to the nearest integer is a float.
        scaled = np.rint(x * 2.0 ** (bits - top))
        scaled *= 2.0 ** (top - bits)
        return scaled, x - scaled

    (a1, a2), (w1, w2) = split(a.mid, tops[0]), split(w, tops[1])
    small = a1 @ w2.T
    small += a2 @ w.T
    mid = a1 @ w1.T
    mid += small
    result = max(float(np.max(mid)), -float(np.min(mid)))
    left, right = 2.0 ** tops[0], 2.0 ** tops[1]
    error = slice_rounding(k, left, right, bits, result)
    if a.rad.any():
        column = float(np.max(row_one_norms(w)))
        error = float(add_up(error, inner_propagated(k, np.asarray(0.0), a.rad, np.asarray(column), np.asarray(0.0))))
    return Ball(mid, np.asarray(error))


@dataclass(frozen=True, eq=False)
class Forward:
    """Balls of what a forward pass computes.

    Attributes:
        inputs: A_0 = X, .., A_L, each (n, m_l); unscaled, without the column of tau.
        slopes: act'(Z_l), l = 1..L.
        residual: F - y, (n, C).
    """

    inputs: tuple[Ball, ...]
    slopes: tuple[Ball, ...]
    residual: Ball

    @property
    def residual_norm(self) -> Interval:
        """Enclosure of ||r(w)||."""
        centre, apart = norm([self.residual.mid]), residual_apart(self.residual)
        return between(max(0.0, (centre - apart).lo), (centre + apart).hi)


def residual_apart(residual: Ball) -> float:
    """Upper bound of the Euclidean norm of exact minus computed residual."""
    count = float(residual.mid.size)
    if residual.rad.ndim:
        return norm_up(np.broadcast_to(residual.rad, residual.shape))
    return float(mul_up(sqrt_up(count), residual.rad))


def forward(net: FloatNetwork, x: Array, y: Array) -> Forward:
    """Enclose activations, slopes and residual at exact weights and data.

    Raises:
        NoVerdictError: overflow or NaN.
    """
    a = Ball(x)
    inputs, slopes = [], []
    for l in range(net.depth):
        inputs.append(a)
        z = sliced_product(a, net.weights[l]) * net.kappa[l]
        bias = net.biases[l]
        if bias is not None:
            z = z + Ball(bias[None, :]) * net.tau[l]
        if l < net.depth - 1:
            a = activation(net.activation, z, 0)
            slopes.append(_slope(net.activation, z, a))
    return Forward(tuple(inputs), tuple(slopes), z - Ball(y))


@quiet
def _slope(name: str, z: Ball, a: Ball) -> Ball:
    """Ball of act'(z); for tanh from its value a, 1 - a^2, which saves a second reading of tables."""
    if name != "tanh" or a.rad.ndim:
        return activation(name, z, 1)
    mid = a.mid * a.mid
    np.subtract(1.0, mid, out=mid)
    # |t^2 - a^2| <= rad (2 max|a| + rad) with |t| <= 1 and |a| <= 1 + rad; then two roundings of numbers at most
    # (1 + rad)^2 in modulus.
    reach = add_up(1.0, a.rad)
    rad = add_up(mul_up(a.rad, add_up(reach, reach)), mul_up(2 * roundoff.U, mul_up(reach, reach)))
    return Ball(mid, rad)


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
    total = residual_error(lipschitz, residual_apart(at.residual))
    if scale != 1:
        c = float(scale)
        total = (interval(total) * factor).hi
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
            s1 = ACTIVATIONS[net.activation].s1
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
    return between(h.lo, min(h.hi, eta)) if h.lo <= eta else h


def step_size_error(exact: Interval, used: float, grad: float) -> float:
    """|h - used| ||v|| for every h in the enclosure."""
    return (abs(exact - used) * grad).hi


def update_rounding(moved: float, step: float, count: int) -> float:
    """Euclidean error of `w - h v` in floats: U ||computed h v|| for the products, U ||result|| for the differences.

    Differences do not underflow; products err by ETA each below the normal range.
    """
    return float(add_up(mul_up(roundoff.U, moved), mul_up(roundoff.U, step), mul_up(roundoff.ETA, float(count))))


@dataclass(frozen=True, eq=False)
class Step:
    """A computed step and its distance from the exact one from the same weights.

    Attributes:
        network: the weights reached.
        rho: upper bound of ||computed - exact||.
        grad: enclosure of ||exact gradient||.
        h: enclosure of the step size at the computed gradient.
        parts: rho by source: gradient, step size, update.
    """

    network: FloatNetwork
    rho: float
    grad: Interval
    h: Interval
    parts: tuple[float, float, float]


@quiet
def enclose_step(net: FloatNetwork, found: Gradient, eta: float, gamma: float, delta: float) -> Step:
    """Take one step in float64 along a computed gradient.

    Raises:
        NoVerdictError: overflow or NaN.
    """
    size = norm(found.arrays)
    h = exact_step_size(eta, gamma, delta, size)
    used = min(max(h.lo + 0.5 * (h.hi - h.lo), h.lo), h.hi)

    steps = [None if g is None else used * g for g in (*found.weights, *found.biases)]
    before = (*net.weights, *net.biases)
    after = [None if w is None or s is None else w - s for w, s in zip(before, steps, strict=True)]
    depth = net.depth
    moved_weights = [w for w in after[:depth] if w is not None]
    moved = net.replaced(moved_weights, after[depth:])
    for part in moved.arrays:
        finite(part, "weights")
    step_norm = norm([s for s in steps if s is not None]).hi
    count = sum(part.size for part in moved.arrays)
    parts = (
        float(mul_up(eta, found.apart)),
        step_size_error(h, used, size.hi),
        update_rounding(norm(moved.arrays).hi, step_norm, count),
    )
    rho = float(finite(add_up(*parts), "error of a step"))
    low = max(0.0, (size - found.apart).lo)
    if not math.isfinite(rho):
        raise NoVerdictError("error of a step is not finite")
    return Step(moved, rho, between(low, (size + found.apart).hi), h, parts)
