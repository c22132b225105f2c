"""Part I of Theorem B+: constants of the linear flow r(T) = exp(-K T) r_0 that discrete steps are compared with.

K has known exact eigenvalues lam (floats) and the moduli of r_0 in its eigenbasis are at most c. Every constant is an
upper bound. Integrals are closed forms on cells, never quadrature: a norm |x(T)| is bounded on a cell by Cauchy-Schwarz
or by |x| <= (|x|^2 / s + s) / 2 with a constant s, and integrals of exponentials are exponentials.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...rigor.roundoff import Array, up
from ...theory import InvalidInputError
from .arrays import Field, ceiling, field, product, raised, row_sums

HORIZON = 45.0
"""lam_1 T beyond which the internal grid stops; what lies beyond is added in closed form."""
RATIO = 1.02
"""Growth of the internal grid's cells."""


@dataclass(frozen=True)
class Reference:
    """The flow compared with: eigenvalues and start.

    Attributes:
        lam: (n,) ascending, exact floats.
        c: (n,) upper bounds of the moduli of r_0 in the eigenbasis.
        rigorous: whether exponentials are enclosed.
    """

    lam: Array
    c: Array
    rigorous: bool

    def decay(self, times: Array) -> Field:
        """exp(-lam_k t) of shape (n, len(times))."""
        return exponential(-self.lam[:, None], times[None, :], self.rigorous)


@dataclass(frozen=True)
class StepConstants:
    """What depends on the largest step eta (names as in the statement of Theorem B+).

    Attributes:
        eta: upper end of the steps.
        c1: of (I2), at weight K.
        ch: of (I2), at weight K^(1/2).
        vs: of (I3), discretisation of v.
        dr: D_r of (I3).
        dq: D_q of (I3).
    """

    eta: float
    c1: float
    ch: float
    vs: float
    dr: float
    dq: float


def exponential(x: Array, t: Array, rigorous: bool) -> Field:
    """exp(x t) for exact floats, broadcast."""
    if not rigorous:
        return field(np.exp(x * t), False)
    from flint import arb, ctx

    x, t = np.broadcast_arrays(x, t)
    before, ctx.prec = ctx.prec, 80
    try:
        balls = [(arb(float(a)) * arb(float(b))).exp() for a, b in zip(x.ravel(), t.ravel(), strict=True)]
        mid = np.array([float(b.mid()) for b in balls]).reshape(x.shape)
        rad = np.array([float(b.rad()) for b in balls]).reshape(x.shape)
    finally:
        ctx.prec = before
    # Conversion of midpoint and radius errs by a unit of itself at most.
    return field(mid, True, up(raised(rad) + 2.0**-52 * np.abs(mid)))


def internal_grid(lam: Array) -> Array:
    """Times from 0 to HORIZON / lam_1, fine at the scale of every eigenvalue."""
    last = HORIZON / float(lam[0])
    first = 0.01 / float(lam[-1])
    count = max(8, math.ceil(math.log(last / first) / math.log(RATIO)))
    return np.concatenate([[0.0], np.geomspace(first, last, count)])


def _gains(reference: Reference, grid: Array, power: int) -> Array:
    """(n, cells) upper bounds of int_cell lam^power exp(-2 lam T) dT, power 1 or 2."""
    lam = reference.lam[:, None]
    decay = reference.decay(grid)
    e, rad = decay.mid, np.broadcast_to(decay.rad, decay.shape)
    # (exp(-2 a) - exp(-2 b)) / 2 = (exp(-a) - exp(-b)) (exp(-a) + exp(-b)) / 2, times lam^(power - 1).
    low, high = np.maximum(0.0, e[:, 1:] - rad[:, 1:]), e[:, :-1] + rad[:, :-1]
    # The difference of two floats errs by 2^-53 of the larger one at most.
    difference = (high - low) + 2.0**-51 * high
    return raised(0.5 * lam ** (power - 1) * difference * (high + e[:, 1:] + rad[:, 1:]))


def transport(reference: Reference, power: int) -> float:
    """sup over |g| = 1 of int_0^oo |K^(power/2) exp(-K T) g| dT, an upper bound (c1 and ch without their eta term).

    For every choice of constants s > 0, one a cell, int |x| <= 1/2 sum s H + 1/2 sum (int_cell |x|^2) / s, and the
    second sum is linear in g_k^2, so its supremum is a maximum over k. The s used are near those of the maximiser.
    """
    lam, grid = reference.lam, internal_grid(reference.lam)
    gains, widths = _gains(reference, grid, power), np.diff(grid)
    p = np.full(lam.size, 1.0 / lam.size)
    best = math.inf
    for _ in range(300):
        s = np.sqrt((p @ gains) / widths) + 1e-300
        slopes = gains @ (1.0 / s)
        best = min(best, float(raised(0.5 * (s @ raised(widths)) + 0.5 * np.max(slopes))))
        p = p * slopes
        p = p / p.sum()
    # Beyond the grid lam T >= 45 for every lam, where lam^(power/2) exp(-lam T) falls in lam: the slowest rules.
    tail = float(lam[0]) ** (power / 2 - 1) * math.exp(-HORIZON * (1 - 1e-9)) * (1 + 1e-9)
    return float(raised(best + tail))


def _theta(x: Array) -> Array:
    """Upper bound of -ln(1 - x)/x - 1 for 0 < x < 1: x/2 + x^2/3 + x^3/4 + .. <= x/2 + x^2/3 + x^3/(4 (1 - x))."""
    return raised(x / 2 + x * x / 3 + x**3 / (4 * (1 - x) * (1 - 2.0**-40)))


def step_constants(reference: Reference, eta: float, c1: float, ch: float) -> StepConstants:
    """(I2) and (I3) for steps up to eta; c1 and ch come from `transport`.

    Raises:
        ValueError: eta lam_n >= 1.
    """
    lam, c = reference.lam, reference.c
    x = raised(eta * lam)
    if not float(np.max(x)) < 1:
        raise ValueError("eta lam_n >= 1")
    theta = _theta(x)
    grid = internal_grid(lam)
    e = ceiling(reference.decay(grid))
    growth = ceiling(exponential(lam[:, None], np.array([[eta]]), reference.rigorous))
    a = np.maximum(growth - 1, 0.0) + 2.0**-50 * growth
    b = (theta * lam)[:, None]
    # On a step the discrete flow is above the curve by at most a e^(-lam T), below it by at most b T e^(-lam T): the
    # larger of both bounds the distance. Left end for what falls, right end for what grows.
    bound = c[:, None] * e[:, :-1] * np.maximum(a, b * grid[None, 1:])
    widths = raised(np.diff(grid))
    last = float(grid[-1])
    rest = c * e[:, -1] * ((a[:, 0] + b[:, 0] * last) / lam + b[:, 0] / lam**2)
    root = np.sqrt(lam)
    dr = np.sqrt((bound**2).sum(axis=0)) @ widths + rest.sum()
    dq = np.sqrt(((root[:, None] * bound) ** 2).sum(axis=0)) @ widths + (root * rest).sum()
    vs = np.linalg.norm(theta * c / root) / math.e
    largest = float(lam[-1])
    return StepConstants(
        eta,
        float(raised(c1 + eta * largest)),
        float(raised(ch + eta * math.sqrt(largest))),
        *(float(raised(v)) for v in (vs, dr, dq)),
    )


@dataclass(frozen=True)
class TimeGrid:
    """Grid 0 = T_0 < .. < T_M with T_M before infinity, its phases, and integrals over cells.

    Attributes:
        times: (M + 1,).
        ends: (N,) index of the grid point that ends each phase; the last phase reaches to infinity.
        mass: (N,) int over the phase of |q|, up to infinity in the last.
        half: (N,) largest |v(T_k+1) - v(T_k)|_K / sqrt 2 up to the phase's end, the tail counted as a cell.
        poly: (N,) sum over the cells up to the phase's end of int |q - mean q|; the last holds int over the tail.
        tail_r: int beyond T_M of |r|; counts in the last phase only.
        edge_q: (N - 1, n) moduli of q at the phase ends, for `edge`.
        occupation: (N,) To of (L2).
        k: (N, n) of (L2).
        k1: (N, n) of (L2).
    """

    times: Array
    ends: Array
    mass: Array
    half: Array
    poly: Array
    tail_r: float
    edge_q: Array
    occupation: Array
    k: Array
    k1: Array

    @property
    def phases(self) -> int:
        """N."""
        return int(self.ends.size)


def grid_times(reference: Reference, cells: int, horizon: float) -> tuple[Array, Array]:
    """Times of a grid and the arc length int |q| reached at each: dense where q moves and where it bends."""
    lam, c = reference.lam, reference.c
    fine = internal_grid(lam)
    fine = fine[fine <= horizon / float(lam[0])]
    e = np.exp(-lam[:, None] * fine[None, :]) * c[:, None] * np.sqrt(lam)[:, None]
    speed, bend = np.linalg.norm(e, axis=0), np.linalg.norm(lam[:, None] * e, axis=0) ** (1 / 3)
    middle = [0.5 * (y[1:] + y[:-1]) * np.diff(fine) for y in (speed, bend)]
    arc, bending = (np.concatenate([[0.0], np.cumsum(y)]) for y in middle)
    measure = arc / arc[-1] + bending / bending[-1]
    times = np.interp(np.linspace(0.0, measure[-1], cells + 1), measure, fine)
    # Multiples of one power of two, fewer than 2^50 of it: then every cell's length is a float, exactly.
    unit = 2.0 ** (math.frexp(float(times[-1]))[1] - 50)
    times = np.round(times / unit) * unit
    if not (np.diff(times) > 0).all():
        raise InvalidInputError(f"cells = {cells}: too many for the time grid, cells of no length")
    return times, np.interp(times, fine, arc)


def time_grid(
    reference: Reference, vectors: Field, signed_c: Field, cells: int, phases: int, horizon: float
) -> TimeGrid:
    """Cells and phases with their integrals.

    Args:
        reference: eigenvalues and moduli.
        vectors: (n, n) columns are the eigenvectors.
        signed_c: (n, 1) r_0 in the eigenbasis.
        cells: M.
        phases: N, of about equal arc length int |q|.
        horizon: lam_1 T_M.
    """
    lam, c = reference.lam, reference.c
    times, arc = grid_times(reference, cells, horizon)
    ends = np.unique(np.searchsorted(arc, arc[-1] * np.arange(1, phases) / phases).clip(1, cells - 1))
    ends = np.append(ends, cells)
    widths, root = raised(np.diff(times)), np.sqrt(lam)[:, None]
    at = ceiling(reference.decay(times))  # (n, M + 1)
    lengths = np.diff(times)
    step = reference_step(reference, lengths)  # 1 - exp(-lam H), upper bounds (n, M)
    twice = raised(2 * step)  # 1 - x^2 = (1 - x)(1 + x) <= 2 (1 - x)
    q = raised(root * c[:, None] * at)  # (n, M + 1)
    q_norm = raised(np.linalg.norm(q, axis=0))
    # |q| is log-convex in T, as is the norm of its entrywise bounds, so the trapezoid rule bounds its integral.
    cell_mass = 0.5 * (q_norm[1:] + q_norm[:-1]) * widths
    tail_q, tail_r = (float(raised(np.linalg.norm(y) / lam[0])) for y in (q[:, -1], c * at[:, -1]))
    jump = raised(np.linalg.norm(c[:, None] / root * at[:, :-1] * step, axis=0)) / math.sqrt(2)
    last_jump = float(raised(np.linalg.norm(c / np.sqrt(lam) * at[:, -1]))) / math.sqrt(2)
    # int |x - mean|^2 <= (H/pi)^2 int |x'|^2 (Wirtinger) and <= int |x|^2, component by component.
    shrink = np.minimum(1.0, lam[:, None] * widths / 3.1415926)
    variance = (shrink * q[:, :-1]) ** 2 * twice / (2 * lam[:, None])
    cell_poly = np.sqrt(widths * variance.sum(axis=0))
    starts = np.concatenate([[0], ends[:-1]])
    occupation, k, k1 = _cell_moments(reference, vectors, signed_c, times, starts, ends)
    mass = np.array([cell_mass[a:b].sum() for a, b in zip(starts, ends, strict=True)])
    half = np.array([jump[:b].max() for b in ends])
    poly = np.array([cell_poly[:b].sum() for b in ends])
    mass[-1] += tail_q
    poly[-1] += tail_q
    half[-1] = max(half[-1], last_jump)
    return TimeGrid(times, ends, raised(mass), raised(half), raised(poly), tail_r, q[:, ends[:-1]].T, occupation, k, k1)


def reference_step(reference: Reference, lengths: Array) -> Array:
    """(n, cells) upper bounds of 1 - exp(-lam H)."""
    low = reference.decay(lengths)
    return np.minimum(1.0, (1.0 - low.mid) + np.broadcast_to(low.rad, low.shape) + 2.0**-52)


def _cell_moments(
    reference: Reference, vectors: Field, signed_c: Field, times: Array, starts: Array, ends: Array
) -> tuple[Array, Array, Array]:
    """To, k and k1 of (L2) per phase, from int_cell r_i^2 in closed form."""
    n, lam = reference.lam.size, reference.lam
    lengths = np.diff(times)
    at, inside = reference.decay(times), reference.decay(lengths)
    signed = vectors * signed_c.T  # (n, n): row i, column k holds V_ik c_k
    weight = np.linalg.norm(reference.c[:, None] * at.mid, axis=0)[:-1] + 1e-290  # om, any positive floats
    sums = lam[:, None] + lam[None, :]
    inverse = field(1.0 / sums, reference.rigorous, 2.0**-51 / sums)
    second = np.empty((lengths.size, n))
    one = field(np.ones((n, n)), reference.rigorous)
    for cell in range(lengths.size):
        e, f = (_column(y, cell) for y in (at, inside))
        gram = (one - f * f.T) * inverse  # int_0^H exp(-(l_k + l_k') T) dT
        rows = signed * e.T
        moment = _row_inner(product(rows, gram), rows)
        second[cell] = moment
    occupation, k, k1 = [], [], []
    for a, b in zip(starts, ends, strict=True):
        occupation.append(float(raised((weight[a:b] * lengths[a:b]).sum())))
        k.append(raised((second[a:b] / weight[a:b, None]).sum(axis=0)))
        k1.append(raised(np.sqrt(raised(lengths[a:b, None]) * second[a:b]).sum(axis=0)))
    return np.array(occupation), np.array(k), np.array(k1)


def _column(x: Field, index: int) -> Field:
    rigorous = x.rad.ndim > 0
    rad = np.broadcast_to(x.rad, x.shape)[:, index : index + 1]
    return field(x.mid[:, index : index + 1], rigorous, rad)


def _row_inner(x: Field, y: Field) -> Array:
    """Upper bounds of sum_k x_ik y_ik, and of 0."""
    s = row_sums(x * y)
    return np.asarray(np.maximum(0.0, s.mid[:, 0] + np.broadcast_to(s.rad, s.shape)[:, 0]))
