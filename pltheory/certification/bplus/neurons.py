"""Part II of Theorem B+, first half: what is linear in v at w_0, maximised over the grid and over directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...rigor.roundoff import Array
from .arrays import (
    Field,
    ceiling,
    field,
    raised,
    reshaped,
    row_norms,
    row_sums,
    spread,
    take_rows,
    top,
    top_symmetric,
    uniform,
)
from .centre import Centre, norms_of_rows
from .flow import Reference, TimeGrid

Progress = Callable[[str, float], None]
"""Called with what is done, and the fraction done."""


@dataclass(frozen=True)
class Duals:
    """Bounds over directions x with |x|_K <= 1; they depend on w_0 only.

    Attributes:
        z: (m, n) of |dz1_ij(x)|.
        p: (m,) of |da1_j(x)|.
        o: (m,) of |dw1_j(x)|.
        n: (m,) N_j = ||Xh^T D_j K~^(-1/2)||.
        ce: of ||R D1[x] J_0^T R||.
        de: of ||R D1[x]||.
        slopes: (n, n, n) fields A_l = W D1[x_l] J_0^T W^T for x_l = K~^(-1/2) times eigenvector l.
    """

    z: Array
    p: Array
    o: Array
    n: Array
    ce: float
    de: float
    slopes: list[Field]


@dataclass(frozen=True)
class Linear:
    """Bounds over the grid points of phases 1..g (first axis g), and per phase for lj.

    Attributes:
        z: (N, m, n) of |dz1_ij(v(T_k))|.
        p: (N, m) of |da1_j|.
        o: (N, m) of |dw1_j|.
        lj: (N, m) sum over the phase's cells of |Xh^T (D_j o (v(T_k+1) - v(T_k)))|.
        c1: (N,) of ||R D1[v] J_0^T R||.
        d1: (N,) of ||R D1[v]||.
    """

    z: Array
    p: Array
    o: Array
    lj: Array
    c1: Array
    d1: Array


class _Piece:
    """The neurons of one slice, and the first-order change of J along a direction."""

    def __init__(self, centre: Centre, index: slice):
        self.centre, self.index = centre, index
        self.s, self.d, self.d2 = (take_rows(x, index) for x in (centre.s, centre.d, centre.d2))
        self.a = field(centre.a[index], centre.rigorous)
        self.ad = self.d * self.a
        self.ad2 = self.d2 * self.a

    def push(self, v: Field) -> tuple[Field, Field]:
        """y = D_j o v and G y, (neurons, n) both, for v of shape (1, n)."""
        y = self.d * v
        return y, y @ self.centre.gram

    def change(self, v: Field, gy: Field) -> tuple[Field, Field, Field, Field]:
        """dz1, da1 and the coefficients of D1[v] in both blocks, all over kappa but dz1, da1."""
        kappa = self.centre.kappa
        dz = -((gy * self.a) * kappa)
        da = -((self.s @ v.T) * kappa)
        return dz, da, self.d * dz, self.ad2 * dz + self.d * da


def _dual_n(centre: Centre, index: slice) -> Array:
    """N_j = ||W D_j Xh||, from above: lambda_max(A)^4 <= ||A^4||_F for A = W D_j G D_j W^T."""
    d, w = take_rows(centre.d, index), centre.whiten
    count, n = d.shape
    rigorous = centre.rigorous
    gram = reshaped(centre.gram, 1, n, n)
    inner = (reshaped(d, count, n, 1) * reshaped(d, count, 1, n)) * gram  # (count, n, n)
    half = reshaped(inner, count * n, n) @ w.T
    turned = np.ascontiguousarray(half.mid.reshape(count, n, n).transpose(0, 2, 1)).reshape(count * n, n)
    whole = field(turned, rigorous, spread(half)) @ w.T
    a = whole.mid.reshape(count, n, n)
    a = 0.5 * (a + a.transpose(0, 2, 1))
    size = np.linalg.norm(a, axis=(1, 2)) + 1e-290
    unit = a / size[:, None, None]
    square = unit @ unit
    fourth = square.transpose(0, 2, 1) @ square
    # Rounding: each product of matrices of Frobenius norm <= 1 errs by (n + 2) 2^-52 at most, in Frobenius norm.
    slip = (n + 2) * 2.0**-51 if rigorous else 0.0
    root = np.sqrt(np.sqrt(np.linalg.norm(fourth, axis=(1, 2)) + slip) + slip)
    # The exact matrix is symmetric and within the radius of both halves.
    radius = n * (spread(whole) + 2.0**-52 * np.abs(a).max(axis=(1, 2))) if rigorous else 0.0
    return raised(np.sqrt(raised(root * size + radius)))


def duals(centre: Centre, progress: Progress | None = None) -> Duals:
    """Dual norms of (L3), N_j of (L2), and ce, de of (L4)."""
    m, n, kappa = centre.width, centre.samples, centre.kappa
    z, p, big_n = np.empty((m, n)), np.empty(m), np.empty(m)
    whiten = centre.whiten
    a = np.abs(centre.a[:, 0])
    for index in centre.chunks(n * n):
        big_n[index] = _dual_n(centre, index)
    rows = [take_rows(uniform(centre.gram), slice(i, i + 1)) for i in range(n)]
    first, second = _zeros(centre, n), _zeros(centre, n)
    directions = [take_rows(uniform(whiten), slice(l, l + 1)) for l in range(n)]
    slices = list(centre.chunks(n))
    for done, index in enumerate(slices):
        piece = _Piece(centre, index)
        p[index] = raised(kappa * norms_of_rows(centre.s, index, whiten.T))
        for i in range(n):
            norms = row_norms((piece.d * rows[i]) @ whiten.T)
            z[index, i] = raised(kappa * a[index] * norms)
        for l, x in enumerate(directions):
            _, _, b1, b2 = piece.change(x, piece.push(x)[1])
            first[l] = first[l] + (b1.T @ piece.s + (b2.T @ piece.ad) * centre.gram)
            second[l] = second[l] + (b1.T @ b1 + (b2.T @ b2) * centre.gram)
        if progress is not None:
            progress("dual norms", (done + 1) / len(slices))
    scale = kappa * kappa
    slopes = [(whiten @ f) @ whiten.T * scale for f in first]
    forward = sum_of([x @ x.T for x in slopes])
    backward = sum_of([x.T @ x for x in slopes])
    squares = (whiten @ sum_of(second)) @ whiten.T * scale
    ce = float(raised(np.sqrt(min(top_symmetric(forward), top_symmetric(backward)))))
    de = float(raised(np.sqrt(top_symmetric(squares))))
    return Duals(z, p, raised(kappa * a * big_n), big_n, ce, de, slopes)


def _zeros(centre: Centre, count: int) -> list[Field]:
    n = centre.samples
    return [field(np.zeros((n, n)), centre.rigorous)] * count


def sum_of(fields: list[Field]) -> Field:
    """Sum of a nonempty list."""
    total = fields[0]
    for f in fields[1:]:
        total = total + f
    return total


def grid_vectors(centre: Centre, reference: Reference, times: Array) -> tuple[Field, Field]:
    """v at the grid times and at infinity, (M + 2, n), and its K-orthonormal coordinates, same shape."""
    n = centre.samples
    decay = reference.decay(times)
    rigorous = centre.rigorous
    remaining = field(np.ones(decay.shape), rigorous) - decay  # (n, M + 1)
    everything = np.concatenate([remaining.mid, np.ones((n, 1))], axis=1)
    rad = np.concatenate([np.broadcast_to(remaining.rad, remaining.shape), np.zeros((n, 1))], axis=1)
    rest = field(everything, rigorous, rad)
    root = np.sqrt(centre.lam)[:, None]
    over = field(1 / root, rigorous, 2.0**-51 / root)
    coordinates = (rest * centre.c) * over  # sqrt(lam_k) v_k = c_k (1 - e_k) / sqrt(lam_k)
    vectors = coordinates.T @ centre.whiten  # v = sum_k coordinates_k K~^(-1/2) u_k
    return vectors, coordinates.T


def linear(
    centre: Centre, bounds: Duals, reference: Reference, grid: TimeGrid, progress: Progress | None = None
) -> Linear:
    """Grid maxima of (L3), (L4) and the sums L_j of (L2)."""
    m, n, kappa = centre.width, centre.samples, centre.kappa
    count = grid.phases
    vectors, coordinates = grid_vectors(centre, reference, grid.times)
    points = vectors.shape[0]
    # Phase whose maxima a grid point enters: T_k <= S_g; the last two points belong to the last phase.
    phase = np.minimum(np.searchsorted(grid.ends, np.arange(points)), count - 1)
    z, o, lj = np.zeros((count, m, n)), np.zeros((count, m)), np.zeros((count, m))
    p = np.zeros((count, m))
    squares = _zeros(centre, points)
    a = np.abs(centre.a[:, 0])
    slices = list(centre.chunks(n))
    for done, index in enumerate(slices):
        piece = _Piece(centre, index)
        before: tuple[Field, Field] | None = None
        for k in range(points):
            v = take_rows(vectors, slice(k, k + 1))
            y, gy = piece.push(v)
            dz, da, b1, b2 = piece.change(v, gy)
            g = phase[k]
            np.maximum(z[g, index], ceiling(dz), out=z[g, index])
            np.maximum(p[g, index], ceiling(da)[:, 0], out=p[g, index])
            np.maximum(o[g, index], kappa * a[index] * _length(y, gy), out=o[g, index])
            if before is not None and k < points - 1:
                # Cell k - 1 from T_k-1 to T_k; the tail beyond T_M is counted in poly.
                lj[g, index] += _length(y - before[0], gy - before[1])
            before = y, gy
            squares[k] = squares[k] + (b1.T @ b1 + (b2.T @ b2) * centre.gram)
        if progress is not None:
            progress("grid", (done + 1) / len(slices))
    whiten, scale = centre.whiten, kappa * kappa
    c1, d1 = np.zeros(count), np.zeros(count)
    flat = np.stack([x.mid.ravel() for x in bounds.slopes])
    stacked = field(flat, centre.rigorous, max(spread(x) for x in bounds.slopes))
    combined = coordinates @ stacked  # row k: sum_l g_l A_l
    for k in range(points):
        row = take_rows(combined, slice(k, k + 1))
        c1[phase[k]] = max(c1[phase[k]], top(reshaped(row, n, n)))
        gram = (whiten @ squares[k]) @ whiten.T * scale
        d1[phase[k]] = max(d1[phase[k]], float(raised(np.sqrt(top_symmetric(gram)))))

    def running(x: Array) -> Array:
        return np.maximum.accumulate(raised(x), axis=0)

    return Linear(running(z), running(p), running(o), raised(lj), running(c1), running(d1))


def _length(y: Field, gy: Field) -> Array:
    """Upper bounds of |Xh^T y_j| = sqrt(y_j . G y_j), per neuron."""
    s = row_sums(y * gy)
    square = s.mid[:, 0] + np.broadcast_to(s.rad, s.shape)[:, 0]
    return raised(np.sqrt(np.maximum(0.0, raised(np.maximum(0.0, square)))))
