"""Verified residual of an untrusted factorisation: what a float Cholesky factor proves about an eigenvalue.

Let S be the symmetric matrix in question, M the midpoint of its ball, D a diagonal matrix of powers of two,
s any vector of floats, L any real matrix and T = D M D, which is exact but for underflow. If `||T - diag(s)
- L L^T|| <= delta`, then `D M D >= diag(s) - delta I` in the order of symmetric matrices, because L L^T is
positive semidefinite; hence `lambda_min(M) >= min_i (s_i - delta) / d_i^2`. Nothing is asked of L, so
LAPACK is not trusted. The congruence with D loses nothing however the rows of S are scaled, and leaves a
diagonal in [1/4, 1).

Two ways to compute the residual. Plain: products summed over blocks of BLOCK columns, error a priori,
gamma(BLOCK + blocks) |L| |L|^T. Sliced (after Ozaki, Ogita, Oishi, Rump, Numer. Algorithms 59 (2012) 95): L
= L1 + H with L1 a multiple of 2^-26, so that L1 L1^T is computed without any error and the rest is 2^-27
times smaller.

Sources: Rump, BIT 46 (2006) 433; Rump and Jeannerod, SIMAX 35 (2014) 684.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from . import roundoff
from .midrad import Ball, row_two_norms
from .roundoff import Array, add_up, mul_up, quiet, raise_sum
from .side_by_side import side_by_side

BLOCK = 128
"""Columns of L in one product."""
PANEL = 512
"""Rows of the residual held at a time; the whole residual is never stored."""
SLICE_BITS = 26
"""L1 is L rounded to multiples of 2^-SLICE_BITS; products are multiples of 2^-52, sums up to 2 exact."""
ERROR_TERMS = (
    "computed_residual",
    "plain_rounding",
    "entry_rounding",
    "residual_underflow",
    "step_rounding",
    "slice_rounding",
    "radius_norm",
    "scaled_radius_norm",
)
"""Names of the functions here that each bound one part of delta; tests notice the loss of each."""

Exponents = np.ndarray[tuple[int], np.dtype[np.int64]]
Room = Callable[[tuple[int, int]], Array]
"""Makes an array of zeros of that shape, in memory or in a file that is mapped into it."""


@dataclass(frozen=True)
class Factor:
    """L with D M D - diag(s) close to L L^T.

    Attributes:
        lower: (n, n) lower triangular, C order, zeros above the diagonal.
        exponents: (n,) integers e with d_i = 2^e_i.
        shifts: (n,) the floats s.
    """

    lower: Array
    exponents: Exponents
    shifts: Array


def panels(n: int) -> list[tuple[int, int]]:
    """First row and last row plus one of each panel of n rows."""
    return [(a, min(a + PANEL, n)) for a in range(0, n, PANEL)]


def mirrored(x: Array, start: int, stop: int) -> Array:
    """Rows start:stop, columns 0:stop of the symmetric matrix given by the lower triangle of x; a copy."""
    tile = np.array(x[start:stop, :stop])
    corner = tile[:, start:]
    corner[...] = np.tril(corner) + np.tril(corner, -1).T
    return tile


def _scaled(mid: Array, e: Exponents, start: int, stop: int) -> Array:
    """Rows start:stop, columns 0:stop of D M D."""
    tile = mirrored(mid, start, stop)
    if e.any():
        tile = np.ldexp(tile, (e[start:stop, None] + e[None, :stop]).astype(np.int32))
    return tile


@quiet
def factorise(sym: Ball, shift: float, margin: float = 0.0, room: Room = np.zeros) -> Factor | None:
    """Scaled Cholesky factor of (midpoint of sym) - shift I, or None where there is none in floating point.

    Args:
        sym: (n, n) ball; the lower triangle of the midpoint is read.
        shift: the eigenvalue bound aimed at.
        margin: added to every s_i, so that a residual of that size costs nothing: s_i = shift d_i^2 + margin.
        room: makes the array of zeros that becomes L; in memory by default.

    Nothing about the result is trusted; it is what `lower_bound` judges.
    """
    mid, n = sym.mid, sym.shape[0]
    found = scaling(mid, shift, margin)
    if found is None:
        return None
    e, shifts = found
    work = room((n, n))
    for a, b in panels(n):
        work[a:b, :b] = _scaled(mid, e, a, b)
        if not np.isfinite(work[a:b, :b]).all():
            return None
    work[np.diag_indices(n)] -= shifts
    return Factor(work, e, shifts) if _cholesky(work) else None


@quiet
def scaling(mid: Array, shift: float, margin: float = 0.0) -> tuple[Exponents, Array] | None:
    """The exponents e and the floats s of a `Factor` of mid - shift I; None where it cannot have one."""
    diagonal = np.diagonal(mid) - shift
    if not (np.isfinite(diagonal).all() and (diagonal > 0).all()):
        return None
    _, x = np.frexp(diagonal)
    e = -((x.astype(np.int64) + 1) // 2)
    # s is whatever these floats are; where shift d^2 underflows, s is 0, which is an honest shift too.
    shifts = np.ldexp(np.full(len(mid), shift), (2 * e).astype(np.int32)) + margin
    return (e, shifts) if np.isfinite(shifts).all() else None


def _cholesky(work: Array) -> bool:
    """Replace the lower triangle of a C-ordered symmetric matrix by its Cholesky factor; False where there is none.

    Panel by panel, LAPACK on the corner of a panel and BLAS on the rows below it, so that the rows can be shared out
    among threads that do not wait for one another, nothing is copied but rows of a panel, and no call sees a matrix of
    the size of the whole kernel, at which library code of many layers has been exercised least.
    """
    n = work.shape[0]
    with side_by_side(n) as run:
        for a, b in panels(n):
            corner = work[a:b, a:b]
            if a:
                corner -= work[a:b, :a] @ work[a:b, :a].T
            try:
                corner[...] = scipy.linalg.cholesky(corner, lower=True, check_finite=False)
            except (np.linalg.LinAlgError, ValueError):
                return False

            def below(rows: tuple[int, int], a: int = a, b: int = b, corner: Array = corner) -> bool:
                part = work[rows[0] : rows[1]]
                if a:
                    part[:, a:b] -= part[:, :a] @ work[a:b, :a].T
                part[:, a:b] = scipy.linalg.solve_triangular(corner, part[:, a:b].T, lower=True, check_finite=False).T
                return bool(np.isfinite(part[:, a:b]).all())

            rows = [(i, min(i + 2 * PANEL, n)) for i in range(b, n, 2 * PANEL)]
            if not (np.isfinite(corner).all() and all(list(run(quiet(below), rows)))):
                return False
    return True


def split(x: Array) -> tuple[Array, Array]:
    """x = x1 + h exactly, x1 a multiple of 2^-SLICE_BITS, |h| <= 2^-(SLICE_BITS + 1), for |x| <= 2.

    Why exact: scaling by a power of two is; y and rint(y) are multiples of the last place of y, and their
    difference is at most 1/2 and at most |y|, so it is a float.
    """
    y = x * 2.0**SLICE_BITS
    whole = np.rint(y)
    return whole * 2.0**-SLICE_BITS, (y - whole) * 2.0**-SLICE_BITS


def computed_residual(row_sums: Array, n: int) -> Array:
    """Row sums of the modulus of the computed residual, rounded up: n terms and one partial sum a panel."""
    return raise_sum(row_sums, n + 2 * len(panels(n)))


def plain_rounding(n: int, moduli: Array) -> Array:
    """gamma(roundings on a path) times row sums of |L| |L|^T: BLOCK in a product, one subtraction a block."""
    blocks = -(-n // BLOCK)
    return mul_up(roundoff.gamma(min(n, BLOCK) + blocks), moduli)


def entry_rounding(n: int, moduli: Array) -> Array:
    """gamma(subtractions an entry of T - diag(s) goes through) times the row sums of |T| + diag |s|."""
    return mul_up(roundoff.gamma(-(-n // BLOCK) + 1), moduli)


def residual_underflow(n: int) -> float:
    """Underflow in n products of n entries of a row (three lists of products when sliced), and in scaling."""
    return roundoff.underflow(3 * n * n + n)


def step_rounding(moduli: Array) -> Array:
    """U times the row sums of the moduli of all rounded intermediate results of the sliced residual."""
    return mul_up(roundoff.U, moduli)


def slice_rounding(n: int, moduli: Array) -> Array:
    """gamma(roundings on a path) times the row sums of |L1| |H|^T + |H| |L|^T, the part that is not exact."""
    return mul_up(roundoff.gamma(min(n, BLOCK) + -(-n // BLOCK) + 1), moduli)


Parts = Callable[[Array], list[tuple[Array, Array]]]
"""Left and right factors of products that add up to what is bounded, for some rows of L."""


def _whole(rows: Array) -> list[tuple[Array, Array]]:
    """Left and right factor of L L^T, for some rows of L."""
    return [(rows, rows)]


def slices(rows: Array) -> list[tuple[Array, Array]]:
    """Left and right factors of L1 H^T and H L^T, for some rows of L."""
    first, rest = split(rows)
    return [(first, rest), (rest, rows)]


def absolute_products(lower: Array, parts: Parts = _whole, first: int = 0, last: int | None = None) -> Array:
    """(n,) upper bounds of the row sums of the sum of |left| |right|^T over the parts of columns first:last."""
    n, count = lower.shape[0], len(parts(lower[:1, :1]))
    end = n if last is None else last
    columns, products = np.zeros((count, n)), np.empty((count, n))
    for a, b in panels(n):
        some = slice(first, max(first, min(b, end)))
        for which, (_, right) in enumerate(parts(lower[a:b, some])):
            columns[which, some] += np.abs(right).sum(axis=0)
    columns = raise_sum(columns, n + len(panels(n)))
    for a, b in panels(n):
        some = slice(first, max(first, min(b, end)))
        for which, (left, _) in enumerate(parts(lower[a:b, some])):
            products[which, a:b] = np.abs(left) @ columns[which, some]
    return add_up(*raise_sum(products, n, products=n))


class _RowSums:
    """Row sums of the modulus of a symmetric matrix given by panels of its lower triangle."""

    def __init__(self, n: int):
        self.sums = np.zeros(n)

    def add(self, tile: Array, start: int, stop: int) -> None:
        modulus = np.abs(tile)
        self.sums[start:stop] += modulus.sum(axis=1)
        self.sums[:start] += modulus[:, :start].sum(axis=0)


@quiet
def residual_norm(sym: Ball, factor: Factor, *, sliced: bool = False) -> float:
    """Upper bound delta of the spectral norm of D M D - diag(s) - L L^T, M the midpoint of sym.

    Args:
        sym: (n, n) ball; the lower triangle of the midpoint is read.
        factor: from `factorise`, or from anywhere else.
        sliced: error-free slicing: about three times the products, and 2^-26 of the rounding error.

    Returns:
        the bound, or infinity where nothing can be said; never NaN.
    """
    n, lower = sym.shape[0], factor.lower
    if sliced and not float(np.max(row_two_norms(lower))) <= 1.25:
        return np.inf  # the slices would not multiply exactly
    residual, steps = _RowSums(n), _RowSums(n)

    def panel(ends: tuple[int, int]) -> tuple[_RowSums, _RowSums] | None:
        a, b = ends
        residual, steps = _RowSums(b), _RowSums(b)
        tile = _scaled(sym.mid, factor.exponents, a, b)
        rows, columns = np.arange(b - a), np.arange(a, b)
        if lower[a:b, b:].any() or np.triu(lower[a:b, a:b], 1).any():
            return None  # not triangular: the products below leave out what should be zero
        if sliced:
            exact, small = _sliced_products(lower, a, b)
            tile -= exact
            steps.add(tile, a, b)
            tile[rows, columns] -= factor.shifts[a:b]
            steps.sums[a:b] += np.abs(tile[rows, columns])
            tile -= small
            steps.add(tile, a, b)
        else:
            steps.add(tile, a, b)
            steps.sums[a:b] += np.abs(factor.shifts[a:b])
            tile[rows, columns] -= factor.shifts[a:b]
            _subtract_products(tile, lower, a, b)
        residual.add(tile, a, b)
        return residual, steps

    with side_by_side(n) as run:
        # The longest first: a thread that took the last one last would finish alone.
        for found in run(quiet(panel), panels(n)[::-1]):
            if found is None:
                return np.inf
            for total, part in zip((residual, steps), found, strict=True):
                total.sums[: len(part.sums)] += part.sums
    moduli = computed_residual(steps.sums, 3 * n)
    if sliced:
        small = slice_rounding(n, absolute_products(lower, slices))
        rounding = add_up(step_rounding(moduli), small)
    else:
        products = absolute_products(lower)
        rounding = add_up(plain_rounding(n, products), entry_rounding(n, moduli))
    rows_total = add_up(computed_residual(residual.sums, n), rounding, residual_underflow(n))
    delta = float(np.max(rows_total))
    return delta if np.isfinite(delta) else np.inf


@quiet
def plain_at_least(factor: Factor) -> float:
    """What the plain residual cannot come below, from its rounding errors alone: tells whether to slice at once."""
    n = factor.lower.shape[0]
    return float(np.max(plain_rounding(n, absolute_products(factor.lower))))


def _squares(b: int) -> Iterator[tuple[int, int, int]]:
    """Columns first:last of a panel of b columns with a block of columns k of L that meets them.

    A square of the panel stays in the cache over all of its blocks; rows of L above k have nothing in block k.
    """
    for c, d in panels(b):
        for k in range(0, d, BLOCK):
            yield max(c, k), d, k


def _subtract_products(tile: Array, lower: Array, a: int, b: int) -> None:
    """Take rows a:b, columns 0:b of L L^T from the tile: one subtraction an entry and block of columns of L."""
    for first, last, k in _squares(b):
        tile[:, first:last] -= lower[a:b, k : k + BLOCK] @ lower[first:last, k : k + BLOCK].T


def _sliced_products(lower: Array, a: int, b: int) -> tuple[Array, Array]:
    """Rows a:b, columns 0:b of L1 L1^T, without error, and of L1 H^T + H L^T, with those `slice_rounding` bounds.

    Why without error: every product is a multiple of 2^-52; by Cauchy-Schwarz every partial sum, in any order, is at
    most max_i ||row i of L1||^2 <= (1.25 + 2^-13)^2 < 2 (n < 2^28) in modulus: an integer below 2^53 times 2^-52.
    """
    exact, small = np.zeros((b - a, b)), np.zeros((b - a, b))
    left1, left_h = split(lower[a:b, :b])
    for first, last, k in _squares(b):
        block = slice(k, min(k + BLOCK, b))
        right = lower[first:last, block]
        right1, right_h = split(right)
        exact[:, first:last] += left1[:, block] @ right1.T
        small[:, first:last] += left1[:, block] @ right_h.T + left_h[:, block] @ right.T
    return exact, small


def _radius_rows(sym: Ball, weights: Array) -> Array:
    """(n,) upper bounds of weights_i sum_j R_ij weights_j, R the mirrored radius, weights powers of two."""
    n = sym.shape[0]
    if sym.rad.ndim == 0:
        return mul_up(weights, sym.rad, roundoff.sum_up(weights))
    sums = np.zeros(n)
    rad = np.broadcast_to(sym.rad, (n, n))
    for a, b in panels(n):
        tile = mirrored(rad, a, b)
        sums[a:b] += tile @ weights[:b]
        sums[:a] += tile[:, :a].T @ weights[a:b]
    return mul_up(weights, raise_sum(sums, n + len(panels(n)), products=n))


def radius_norm(sym: Ball) -> float:
    """Upper bound of ||E|| for every symmetric E within the radius of the ball: largest row sum."""
    return float(np.max(_radius_rows(sym, np.ones(sym.shape[0]))))


def scaled_radius_norm(sym: Ball, factor: Factor) -> float:
    """Upper bound of ||D E D|| for every such E."""
    return float(np.max(_radius_rows(sym, np.ldexp(1.0, factor.exponents.astype(np.int32)))))


@quiet
def lower_bound(sym: Ball, factor: Factor, delta: float) -> float:
    """Lower bound of lambda_min of every symmetric matrix in the ball; minus infinity where there is none.

    Args:
        sym: ball of a symmetric matrix (n, n); the lower triangle of its midpoint and radius is read.
        factor: from `factorise`, or from anywhere else.
        sliced: error-free slicing in the residual: about three times the products, 2^-26 of the rounding
        error.
    """

    def unscaled(slack: float) -> float:
        # s - slack rounded down, then divided by d^2 = 2^(2 e), exact but for underflow, rounded down again.
        left = roundoff.down(factor.shifts - slack)
        return float(np.min(roundoff.down(np.ldexp(left, (-2 * factor.exponents).astype(np.int32)))))

    inside = unscaled(float(add_up(delta, scaled_radius_norm(sym, factor))))
    outside = float(roundoff.down(unscaled(delta) - radius_norm(sym)))
    candidates = [x for x in (inside, outside) if np.isfinite(x)]
    return max(candidates, default=-np.inf)
