"""The exact iteration of delta-GClip followed in ball arithmetic, for the recheck of Theorem D (python-flint).

Weights are matrices of exact numbers of the precision in use. One step gives a ball for every weight; its midpoints are
the next weights, and its radii bound how far they are from the exact step.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from flint import arb, arb_mat

from .arithmetic import ACTIVATIONS, Row, floats_of, largest_of, matrix, root, times
from .fields import UNSURE, Array, Stop
from .file import Common, Stored
from .network import CURVATURES

Layers = list[arb_mat]


@dataclass(frozen=True)
class Weights:
    """W_l of shape (m_l, m_{l-1}) and b_l as a row, or None; exact numbers."""

    weights: Layers
    biases: list[arb_mat | None]

    @property
    def parts(self) -> Layers:
        """All parameters."""
        return [*self.weights, *(b for b in self.biases if b is not None)]

    def floats(self, c: Stored) -> Stored:
        """The network of a certificate at doubles near these weights."""
        biases = [None if b is None else floats_of(b)[0] for b in self.biases]
        return replace(c, weights=[floats_of(w) for w in self.weights], biases=biases)


def stored_weights(weights: list[Array], biases: list[Array | None]) -> Weights:
    """Doubles as exact numbers."""
    return Weights([matrix(w) for w in weights], [None if b is None else matrix(b[None, :]) for b in biases])


def distance(a: Weights, b: Weights) -> arb:
    """Enclosure of the Euclidean distance over all parameters."""
    return norm(p - q for p, q in zip(a.parts, b.parts, strict=True))


def norm(parts: Iterable[arb_mat]) -> arb:
    """Enclosure of the Euclidean norm of all entries together."""
    return root(sum((v * v for part in parts for v in part.entries()), arb(0)))


def _ones(rows: int, columns: int) -> arb_mat:
    return arb_mat(rows, columns, [1] * (rows * columns))


def _widened(m: arb_mat, radii: Row) -> arb_mat:
    """Every entry of row i with radii[i] around it."""
    return arb_mat([[v + ball for v in row] for row, ball in zip(m.tolist(), (arb(0, r) for r in radii), strict=True)])


@dataclass(frozen=True)
class Forward:
    """inputs: kappa_l A_{l-1}, (n, m_{l-1}); hidden: Z_l, l = 1..L; slopes: act'(Z_l); residual: F - y, (n, C)."""

    inputs: Layers
    hidden: Layers
    slopes: Layers
    residual: arb_mat


def forward(c: Stored, at: Weights) -> Forward:
    """Outputs and what the backward pass needs."""
    evaluate = ACTIVATIONS[c.activation][0]
    n, last, value = len(c.x), len(at.weights) - 1, matrix(c.x)
    inputs, hidden, slopes = [], [], []
    for l, (w, b) in enumerate(zip(at.weights, at.biases, strict=True)):
        inputs.append(value * arb(c.kappas[l]))
        z = inputs[l] * w.transpose()
        if b is not None:
            z += _ones(n, 1) * (b * arb(c.taus[l]))
        if l < last:
            pairs = [evaluate(v) for v in z.entries()]
            value, slope = (arb_mat(n, z.ncols(), [p[i] for p in pairs]) for i in (0, 1))
            hidden.append(z)
            slopes.append(slope)
    return Forward(inputs, hidden, slopes, z - matrix(c.y))


def gradient(c: Stored, at: Weights, seen: Forward) -> Weights:
    """Gradient of the loss in use, in the shape of the weights."""
    v = seen.residual * share_of(c)
    weights: Layers = []
    biases: list[arb_mat | None] = []
    for l in reversed(range(len(at.weights))):
        weights.append(v.transpose() * seen.inputs[l])
        biases.append(None if at.biases[l] is None else _ones(1, len(c.x)) * v * arb(c.taus[l]))
        if l:
            v = times(v * at.weights[l] * arb(c.kappas[l]), seen.slopes[l - 1])
    return Weights(weights[::-1], biases[::-1])


class Averaged(Protocol):
    """A loss over samples."""

    @property
    def loss(self) -> str: ...  # noqa: D102
    @property
    def x(self) -> Array: ...  # noqa: D102


def share_of(c: Averaged) -> arb:
    """The factor of ||F - y||^2 / 2 in the loss in use."""
    return arb(1) / len(c.x) if c.loss == "mean" else arb(1)


def step_size(c: Common, size: arb) -> arb:
    """Enclosure of eta min(1, max(delta, gamma / ||grad L||)); eta where the gradient vanishes.

    Raises:
        Stop: the norm may be zero, and gamma does not decide the branch.
    """
    if size <= arb(c.gamma):
        return arb(c.eta)
    if not size > 0:
        raise Stop(UNSURE, "step size", "the precision does not tell the gradient's norm from 0; try more bits")
    return arb(c.eta) * (arb(c.gamma) / size).max(arb(c.delta)).min(arb(1))


def step(c: Common, at: Weights, along: Weights, size: arb) -> tuple[Weights, arb]:
    """The midpoints of the exact step from exact weights, and how far they may be from it.

    Args:
        c: network, data and settings.
        at: the weights.
        along: enclosure of the gradient there.
        size: enclosure of its norm.
    """
    h = step_size(c, size)
    weights = [w - g * h for w, g in zip(at.weights, along.weights, strict=True)]
    biases = [None if b is None or g is None else b - g * h for b, g in zip(at.biases, along.biases, strict=True)]
    balls = Weights(weights, biases)
    middle = Weights([w.mid() for w in weights], [None if b is None else b.mid() for b in biases])
    return middle, distance(balls, middle).upper()


def hidden_layer_curvature(c: Stored, at: Weights, seen: Forward, reach: arb, lipschitz: arb) -> arb:
    """Upper bound of ||sum_i r_i Hess f_i|| on the ball of radius `reach`, one hidden layer: the largest block's.

    F is linear in W_2 and units meet in the output only, so the matrix is block-diagonal over the hidden units j, with
    blocks [[Q, P], [P^T, 0]] on (row j of [W_1, b_1], column j of W_2): with a~_i = [kappa_1 x_i, tau_1] and
    u_ij = kappa_2 sum_c r_ic W2_cj,
    `Q = sum_i u_ij act''(z_ij) a~_i a~_i^T` and `P e_c = kappa_2 sum_i r_ic act'(z_ij) a~_i`.
    Here every number is a ball that holds its values at ALL weights within `reach`: residuals and outputs' weights move
    by at most `lipschitz` reach and reach, z_ij by at most ||a~_i|| reach.
    """
    n, units = seen.hidden[0].nrows(), seen.hidden[0].ncols()
    slope, bend = ACTIVATIONS[c.activation][0], CURVATURES[c.activation][0]
    points = seen.inputs[0]
    if at.biases[0] is not None:
        points = arb_mat([[*row, arb(c.taus[0])] for row in points.tolist()])
    gram = points * points.transpose()
    z = _widened(seen.hidden[0], [root(gram[i, i]) * reach for i in range(n)]).tolist()
    residual = _widened(seen.residual, [lipschitz * reach] * n)
    u = residual * _widened(at.weights[1], [reach] * residual.ncols()) * arb(c.kappas[1])
    d = times(u, arb_mat([[bend(v) for v in row] for row in z]))
    q2 = _column_sums(times(d, times(gram, gram) * d))  # ||Q||_F^2 = D^T (G o G) D
    slopes = arb_mat([[slope(v)[1] for v in row] for row in z])
    p2 = [arb(0)] * units
    for output in range(residual.ncols()):
        weighted = arb_mat([[residual[i, output] * v for v in row] for i, row in enumerate(slopes.tolist())])
        mixed = points.transpose() * weighted  # (d, m)
        p2 = [p + q for p, q in zip(p2, _column_sums(times(mixed, mixed)), strict=True)]
    k2 = arb(c.kappas[1]) ** 2
    # The norm of [[q, p], [p, 0]] bounds that of a block with ||Q|| <= q, ||P|| <= p.
    return largest_of((root(q) + root(q + 4 * k2 * p)).upper() / 2 for q, p in zip(q2, p2, strict=True)).upper()


def _column_sums(m: arb_mat) -> Row:
    return (_ones(1, m.nrows()) * m).entries()


def growth(c: Common, beta: arb, negative: arb, low: arb, branches: Iterable[str]) -> arb:
    """Upper bound of how far one exact step drives two points of a ball apart: the largest factor of its branches.

    The Hessian H of the loss in use has eigenvalues from -negative to beta on the ball, gradients are of norm at least
    low. The step is continuous, and along a segment its derivative is almost everywhere that of a branch that occurs:
    I - h H with h = eta or eta delta, or in the band I - s (I - u u^T) H, u the gradient's direction and
    s = eta gamma / ||grad L|| <= eta. Split along u and its complement the last is [[1, 0], [-s P H u, P (I - s H) P]]:
    with al >= ||P (I - s H) P|| and v = s (beta + negative) / 2 >= s ||P H u|| its norm is at most that of
    [[1, 0], [v, al]], whose singular values have the product al and squares of sum 1 + v^2 + al^2.
    """
    eta, one = arb(c.eta), arb(1)

    def constant(h: arb) -> arb:
        return (1 + h * negative).max(h * beta - 1)

    factors = []
    for branch in branches:
        if branch == "band":
            s = eta * (arb(c.gamma) / low).min(one) if low > 0 else eta
            al, v = constant(s), s * (beta + negative) / 2
            factors.append((root(v * v + (al + 1) ** 2) + root(v * v + (al - 1) ** 2)) / 2)
        else:
            factors.append(constant(eta if branch == "full" else eta * arb(c.delta)))
    return largest_of(itertools.chain([one], factors))
