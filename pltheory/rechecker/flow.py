"""The linear flow that a run is compared with, for the recheck of Theorem B+ (its Part I), in ball arithmetic.

Names as in the theorem. The reference kernel is V Lam V^T with Lam doubles taken as exact and V an exactly orthogonal
matrix known up to a tiny ball, so that exponentials of it are elementary; the true kernel is within e0 of it, relative
to it. Every constant is a ball whose upper end bounds what it names.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from flint import arb, arb_mat

from .arithmetic import Row, floats_of, frobenius, largest_of, root
from .checks import positive
from .fields import FAILED, Stop

_HORIZON = 60.0
"""lam_1 T at which the grid of `_transport` and `_discretisation` ends."""
_RATIO = 1.01
"""Growth of its cells."""
_ROUNDS = 2000
"""Most rounds of the search for the maximiser of c1."""


@dataclass(frozen=True)
class Reference:
    """A kernel whose eigenvalues and eigenvectors are known, near the one of the network.

    Attributes:
        lam: eigenvalues, doubles, ascending.
        whiten: W = Lam^(-1/2) V^T, for which ||K^(-1/2) M|| = ||W M||.
        vectors: V.
        root: K^(-1/2).
        e0: ||K^(-1/2) (K_0 - K) K^(-1/2)||, a ball from 0.
    """

    lam: Row
    whiten: arb_mat
    vectors: arb_mat
    root: arb_mat
    e0: arb


def reference(kernel: arb_mat) -> Reference:
    """A reference near an enclosed kernel.

    The guess U of NumPy is made nearly orthogonal by one step U (3 - U^T U) / 2, whose midpoints U' are exact numbers
    with w = ||U'^T U' - I||. V = U' (U'^T U')^(-1/2) is orthogonal, and U' - V = V ((U'^T U')^(1/2) - I) has norm at
    most w, since |sqrt(1 + x) - 1| <= |x|.
    """
    floats = floats_of(kernel)
    values, vectors = np.linalg.eigh((floats + floats.T) / 2)
    if not values[0] > 0:
        raise Stop(FAILED, "lambda_min", f"the kernel is singular in floating point, {values[0]:.3g}")
    n, lam = len(values), [arb(v) for v in values.tolist()]
    identity = _diagonal([arb(1)] * n)
    guess = arb_mat(n, n, vectors.ravel().tolist())
    better = guess * (3 * identity - guess.transpose() * guess) * arb(0.5)
    exact = arb_mat(n, n, [v.mid() for v in better.entries()])
    w = frobenius((exact.transpose() * exact - identity).entries())
    positive("1 - ||V^T V - I||", 1 - w)
    v = arb_mat(n, n, [e + w.union(-w) for e in exact.entries()])
    whiten = _diagonal([1 / x.sqrt() for x in lam]) * v.transpose()
    apart = whiten * kernel * whiten.transpose() - identity
    # Whether the distance is that large or the precision too low to see that it is small, is not known: a ball from 0.
    return Reference(lam, whiten, v, v * whiten, frobenius(apart.entries()).union(arb(0)))


def _diagonal(values: Row) -> arb_mat:
    return arb_mat([[v if i == k else arb(0) for k in range(len(values))] for i, v in enumerate(values)])


def norm(values: Row) -> arb:
    """Euclidean norm."""
    return root(sum((v * v for v in values), arb(0)))


@dataclass(frozen=True)
class Steps:
    """(I2) and (I3) for steps up to eta, of the loss 1/2 ||F - y||^2."""

    c1: arb
    ch: arb
    vs: arb
    dr: arb
    dq: arb


def step_constants(lam: Row, c: Row, eta: arb) -> Steps:
    """The constants of the largest step.

    Args:
        lam: eigenvalues.
        c: residual in the eigenbasis.
        eta: largest step.
    """
    x = [eta * v for v in lam]
    positive("1 - eta lambda_n", 1 - x[-1])
    theta = [-(-v).log1p() / v - 1 for v in x]
    vs = norm([t * r / v.sqrt() for t, r, v in zip(theta, c, lam, strict=True)]) / arb(1).exp()
    ends = _fine(lam)
    decay = [[(-v * t).exp() for v in lam] for t in ends]
    dr, dq = _discretisation(lam, c, x, theta, ends, decay)
    last = lam[-1]
    return Steps(
        _transport(lam, ends, decay, 2) + eta * last, _transport(lam, ends, decay, 1) + eta * last.sqrt(), vs, dr, dq
    )


def _fine(lam: Row) -> Row:
    first, last = 0.01 / float(lam[-1]), _HORIZON / float(lam[0])
    count = math.ceil(math.log(last / first) / math.log(_RATIO))
    return [arb(0), *(arb(t) for t in np.geomspace(first, last, count + 1).tolist())]


def _transport(lam: Row, ends: Row, decay: list[Row], power: int) -> arb:
    """sup over |g| = 1 of int_0^oo |K^(power/2) e^(-K T) g| dT.

    On each cell |x| <= (s + |x|^2 / s) / 2 for any s > 0. Summed, the first part does not depend on g and the second is
    linear in the g_k^2, which add up to 1: its supremum is that of one k. Beyond the grid lam^(power/2) e^(-lam T)
    falls in lam, so the smallest eigenvalue rules. A search in floats picks the s.
    """
    gains = [
        [v ** (power - 1) * (a * a - b * b) / 2 for v, a, b in zip(lam, p, q, strict=True)]
        for p, q in itertools.pairwise(decay)
    ]
    widths = [q - p for p, q in itertools.pairwise(ends)]
    f = np.array([[float(v) for v in row] for row in gains])  # (cells, n)
    h = np.array([float(v) for v in widths])
    p, best, s = np.full(len(lam), 1 / len(lam)), math.inf, h
    for _ in range(_ROUNDS):
        trial = np.sqrt(f @ p / h) + 1e-290
        slopes = (1 / trial) @ f
        bound = 0.5 * (trial @ h + slopes.max())
        if bound < best:
            best, s = bound, trial
        p = p * slopes / (p @ slopes)
    chosen = [arb(v) for v in s.tolist()]
    length = sum((a * b for a, b in zip(chosen, widths, strict=True)), arb(0))
    shares = [sum((g[k] / v for g, v in zip(gains, chosen, strict=True)), arb(0)) for k in range(len(lam))]
    tail = lam[0] ** (arb(power) / 2) / lam[0] * decay[-1][0]
    return (length + largest_of(shares)) / 2 + tail


def _discretisation(lam: Row, c: Row, x: Row, theta: Row, ends: Row, decay: list[Row]) -> tuple[arb, arb]:
    """Dr and Dq: int |r^lin_s - r(T)| and int |q^lin_s - q(T)|, T in the step of s.

    Component k is at most |c_k| e^(-lam T) max(e^(eta lam) - 1, theta lam T): the discrete factor lies between
    e^(-lam (1 + theta) T) and e^(-lam (T - eta)).
    """
    jump = [v.expm1() for v in x]
    slope = [t * v for t, v in zip(theta, lam, strict=True)]
    size = [abs(v) for v in c]
    dr = dq = arb(0)
    for (p, q), e in zip(itertools.pairwise(ends), decay, strict=False):
        parts = [s * d * a.max(b * q) for s, d, a, b in zip(size, e, jump, slope, strict=True)]
        dr += norm(parts) * (q - p)
        dq += norm([v.sqrt() * w for v, w in zip(lam, parts, strict=True)]) * (q - p)
    last = ends[-1]
    for s, d, a, b, v in zip(size, decay[-1], jump, slope, lam, strict=True):
        rest = s * d * ((a + b * last) / v + b / (v * v))
        dr += rest
        dq += v.sqrt() * rest
    return dr, dq


@dataclass(frozen=True)
class Cells:
    """Integrals of the flow over the certificate's time grid; lists have one entry per phase where not said otherwise.

    Attributes:
        mass: int |q| over the phase.
        edge: bounds of int |q| over the eta before the phase's end (one fewer).
        half: largest |v(T_k+1) - v(T_k)|_K / sqrt 2 up to the phase's end.
        poly: sum over cells up to the phase's end of int |q - mean q|.
        tail_r: int |r| beyond the grid.
        occupation: To of (L2).
        k: of (L2), a row per phase.
        k1: of (L2), a row per phase.
        points: (n, M + 1) K-orthonormal coordinates of v at T_1.. and at infinity.
        moves: (n, M) those of v(T_k+1) - v(T_k).
    """

    mass: Row
    edge: Row
    half: Row
    poly: Row
    tail_r: arb
    occupation: Row
    k: list[Row]
    k1: list[Row]
    points: arb_mat
    moves: arb_mat


def cells(at: Reference, c: Row, eta: arb, times: list[float], ends: list[int]) -> Cells:
    """The integrals of (I4), (L1), (L2) over a grid.

    Args:
        at: reference.
        c: residual in its eigenbasis.
        eta: largest step.
        times: grid, from 0.
        ends: index of the time that ends each phase.
    """
    lam, n = at.lam, len(at.lam)
    roots = [v.sqrt() for v in lam]
    decay = [[(-v * t).exp() for v in lam] for t in times]
    q = [[s * a * b for s, a, b in zip(roots, c, e, strict=True)] for e in decay]
    speed = [norm(v) for v in q]
    signed = [[at.vectors[i, k] * c[k] for k in range(n)] for i in range(n)]
    moves, second, poly, half, om, widths = [], [], [], [], [], []
    for j, (p, e) in enumerate(itertools.pairwise(decay)):
        width = arb(times[j + 1]) - times[j]
        moved = [r * (a - b) / s for r, a, b, s in zip(c, p, e, roots, strict=True)]  # int q, component by component
        # int |q - mean q| by Cauchy-Schwarz, int |q - mean q|^2 in closed form.
        square = sum((r * r * (a * a - b * b) / 2 for r, a, b in zip(c, p, e, strict=True)), arb(0))
        spread = square - sum((v * v for v in moved), arb(0)) / width
        poly.append(root(width * spread))
        half.append(norm(moved) / arb(2).sqrt())
        second.append(_squares(signed, lam, p, e))
        moves.append(moved)
        widths.append(width)
        om.append(arb(max(float(norm([r * a for r, a in zip(c, p, strict=True)])), 1e-280)))
    # Beyond the grid |q(T)| <= |q(T_M)| e^(-lam_1 (T - T_M)).
    tail_q, tail_r = speed[-1] / lam[0], norm([r * e for r, e in zip(c, decay[-1], strict=True)]) / lam[0]
    left = [r * e / s for r, e, s in zip(c, decay[-1], roots, strict=True)]
    mass, reached, sums, occupation, k, k1 = [], [], [], [], [], []
    for start, end in itertools.pairwise([0, *ends]):
        span = range(start, end)
        # |q| is log-convex in T, so the trapezoid rule bounds its integral.
        mass.append(sum(((speed[j] + speed[j + 1]) / 2 * widths[j] for j in span), arb(0)))
        reached.append(largest_of(half[:end]))
        sums.append(sum(poly[:end], arb(0)))
        occupation.append(sum((om[j] * widths[j] for j in span), arb(0)))
        k.append([sum((second[j][i] / om[j] for j in span), arb(0)) for i in range(n)])
        k1.append([sum((root(widths[j] * second[j][i]) for j in span), arb(0)) for i in range(n)])
    mass[-1] += tail_q
    sums[-1] += tail_q
    reached[-1] = reached[-1].max(norm(left) / arb(2).sqrt())
    edge = [eta * norm([(eta * v).exp() * s for v, s in zip(lam, q[j], strict=True)]) for j in ends[:-1]]
    points = [[r * (1 - e) / s for r, e, s in zip(c, d, roots, strict=True)] for d in decay[1:]]
    points.append([r / s for r, s in zip(c, roots, strict=True)])
    return Cells(
        mass, edge, reached, sums, tail_r, occupation, k, k1,
        arb_mat(points).transpose(), arb_mat(moves).transpose(),
    )  # fmt: skip


def _squares(signed: list[Row], lam: Row, before: Row, after: Row) -> Row:
    """int over a cell of r_i^2, every i, from int e^(-(lam_k + lam_l) T)."""
    n = len(lam)
    gram = arb_mat(
        [[(before[k] * before[l] - after[k] * after[l]) / (lam[k] + lam[l]) for l in range(n)] for k in range(n)]
    )
    rows = arb_mat(signed)
    half = (rows * gram).tolist()
    return [sum((a * b for a, b in zip(x, y, strict=True)), arb(0)) for x, y in zip(half, signed, strict=True)]


@dataclass(frozen=True)
class Phase:
    """What the claimed eps of the phases up to g imply for phase g: I_g, eb_g, dq_g, dr_g."""

    i: arb
    eb: arb
    dq: arb
    dr: arb


def phases(eps: list[float], at: Cells, steps: Steps) -> list[Phase]:
    """(I4), (L1) and (L2) for claimed bounds of ||E||.

    The integral of eps(T + eta) |q| is a sum over whole phases and the jumps of eps, each over the eta before it.
    """
    found, before = [], arb(0)
    for g, e in enumerate(map(arb, eps)):
        positive("1 - c1 eps_N", 1 - steps.c1 * e)
        jump = (e - eps[g - 1]) * at.edge[g - 1] if g else arb(0)
        before += jump
        i = (before + e * (at.mass[g] + steps.dq)) / (1 - steps.c1 * e)
        before += e * at.mass[g]
        tail = at.tail_r if g == len(eps) - 1 else arb(0)
        found.append(
            Phase(
                i,
                i + steps.vs + at.half[g],
                steps.c1 * i + steps.dq + at.poly[g],
                steps.ch * i + steps.dr + tail,
            )
        )
    return found
