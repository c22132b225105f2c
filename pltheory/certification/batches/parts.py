"""The batches of one partition, or of every partition, as numbers at the centre: norms of their rows, and their shares.

For every partition into batches of b the samples stand for the batches in sums, and one part that no batch exceeds in
maxima (THEORY_BATCH 7). All numbers are upper bounds, and so is every sum here, whatever was rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...problem.batches import Batches
from ...rigor.eigen import lambda_max_upper, spectral_norm_upper
from ...rigor.midrad import Ball
from ...rigor.roundoff import Array, add_up, mul_up, quiet, raised, sqrt_up, sum_up
from ...rigor.stacks import eigenvalues_upper

ROOM = 1 + 2.0**-26
"""What every norm is enlarged by: a recheck bounds it by other means."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Upper bounds, round-off counted.

    Attributes:
        count: M, the batches of a pass.
        rows, shares: ||J_B(c)|| and the share of every batch, or of every sample; (P,).
        top_rows, top_shares: the same of every batch, or of one that stands for all.
        blocks: ||K_kj(c)|| of every two of the P, (P, P); the diagonal is not read.
    """

    count: int
    rows: Array
    shares: Array
    top_rows: Array
    top_shares: Array
    blocks: Array

    def largest(self, change: float) -> float:
        """beta, where the Jacobian of a batch of share 1 has changed by no more."""
        return float(np.max(raised((self.top_rows + self.top_shares * change) ** 2)))

    def summed(self, change: float) -> float:
        """Gam, likewise."""
        each = float(raised(np.sum(self._counted(self.rows + self.shares * change) ** 2)))
        return min(each, float(mul_up(float(self.count), self.largest(change))))

    def spread(self) -> float:
        """sqrt(sum of the squared shares)."""
        each = float(raised(np.sum(self._counted(self.shares) ** 2)))
        return float(sqrt_up(min(each, float(mul_up(float(self.count), np.max(raised(self.top_shares**2)))))))

    def pairs(self, change: float, passes: int = 1) -> float:
        """(T3), or the second form of (T1): Frobenius norms over pairs of the steps of so many passes.

        Two batches meet once in each pass, and once in each order in every two passes; a batch meets itself in these.
        """
        off, norms = self._counted(self.shares * change), self._counted(self.rows + self.shares * change)
        squares = norms**2
        own = (self._counted(self.rows) ** 2 + 2 * off * norms) ** 2
        apart, again = float(passes * passes), 0.5 * passes * (passes - 1)
        coherent = apart * np.sum(squares[1:] * np.cumsum(squares)[:-1]) + again * np.sum(squares**2)
        near = apart * self._apart(off, norms) + again * np.sum(own)
        return float(sqrt_up(min(float(raised(coherent)), float(raised(near)))))

    def _counted(self, each: Array) -> Array:
        """Of one number for each of the P, those that a sum runs over."""
        return each

    def _apart(self, off: Array, norms: Array) -> float:
        """Sum over pairs of (||K_kj(c)|| + d_k b_j + b_k d_j)^2, as computed."""
        both = np.outer(off, norms)
        near = (self.blocks + both + both.T) ** 2
        np.fill_diagonal(near, 0.0)
        return float(0.5 * np.sum(near))

    def taken(self, batches: slice) -> Parts:
        """Those of some batches of one partition."""
        rows, shares = self.rows[batches], self.shares[batches]
        return Parts(len(rows), rows, shares, rows, shares, self.blocks[batches, batches])


@quiet
def fixed_parts(kernel: Ball, grams: Ball | None, batches: Sequence[range], outputs: int) -> Parts:
    """Of one partition.

    Args:
        kernel: K(c), rows (i, c) with i major.
        grams: X^ X^^T, (n, n); None where every share is 1.
        batches: samples of each, consecutive.
        outputs: C.
    """
    cut = [slice(b.start * outputs, b.stop * outputs) for b in batches]
    rows = np.array([root(lambda_max_upper(block(kernel, s, s)).value) for s in cut])
    shares = np.ones(len(cut))
    if grams is not None:
        own = [slice(b.start, b.stop) for b in batches]
        shares = np.array([root(lambda_max_upper(block(grams, s, s)).value) for s in own])
    blocks = np.zeros((len(cut), len(cut)))
    for k, row in enumerate(cut):
        for j in range(k):
            blocks[k, j] = blocks[j, k] = ROOM * spectral_norm_upper(block(kernel, row, cut[j]))
    return Parts(len(cut), rows, shares, rows, shares, blocks)


@quiet
def every_parts(kernel: Ball, grams: Ball | None, batches: Batches, samples: int, outputs: int) -> Parts:
    """Of every partition into batches of b samples, the last one of what is left."""
    n, c = samples, outputs
    radius = np.broadcast_to(kernel.rad, kernel.shape) if kernel.rad.ndim else kernel.rad
    moduli = add_up(np.abs(kernel.mid), radius).reshape(n, c, n, c).transpose(0, 2, 1, 3)  # (n, n, C, C)
    by_sums = sqrt_up(mul_up(sum_up(moduli, -1).max(-1), sum_up(moduli, -2).max(-1)))
    frobenius = sqrt_up(raised(np.sum(moduli.reshape(n, n, -1) ** 2, axis=-1)))
    blocks = ROOM * np.minimum(by_sums, frobenius)
    own = np.array(
        [kernel.mid[i * c : (i + 1) * c, i * c : (i + 1) * c] for i in range(n)]
    )  # (n, C, C), symmetric but for rounding
    wide = float(mul_up(float(c), np.max(radius)))
    diagonal = ROOM * np.asarray(add_up(eigenvalues_upper(own), wide))
    rows = np.asarray(sqrt_up(diagonal))
    shares, top_share = np.ones(n), 1.0
    if grams is not None:
        gram = add_up(np.abs(grams.mid), np.broadcast_to(grams.rad, grams.shape) if grams.rad.ndim else grams.rad)
        shares = ROOM * np.asarray(sqrt_up(np.diag(gram)))
        top_share = of_subset(np.diag(gram), gram, batches.size)
    top_row = of_subset(diagonal, blocks, batches.size)
    count = (batches.workers or 1) * batches.batches_of_part(n)
    return Parts(count, rows, shares, np.array([top_row]), np.array([top_share]), blocks)


def of_subset(diagonal: Array, moduli: Array, size: int) -> float:
    """Root of max over i of the diagonal entry and the size - 1 largest others of its row: a norm of any size rows."""
    others = np.array(moduli)
    np.fill_diagonal(others, 0.0)
    largest = np.sort(others, axis=1)[:, ::-1][:, : size - 1]
    return ROOM * float(sqrt_up(np.max(add_up(diagonal, sum_up(largest, 1)))))


def block(a: Ball, rows: slice, columns: slice) -> Ball:
    """Some rows and columns of a ball."""
    rad = a.rad if a.rad.ndim == 0 else np.broadcast_to(a.rad, a.shape)[rows, columns].copy()
    return Ball(a.mid[rows, columns].copy(), rad)


def root(square: float) -> float:
    """Upper bound of the root of an upper bound, with `ROOM`."""
    return ROOM * float(sqrt_up(max(0.0, square)))
