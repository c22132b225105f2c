"""Upper bounds of sup over unit q of |sum_kl q_k q_l S_kl|, S_kl = S_lk vectors, from their Gram matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...nets.fields import Field
from ...nets.fields.protocol import Values
from ...nets.fitting import Indices
from ...rigor.midrad import Ball
from ...rigor.roundoff import Array, U, add_up


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs k <= l of N directions in the order of arrays over pairs: first the N pairs of a direction with itself.

    Attributes:
        first: (K,) k of each, K = N (N + 1) / 2.
        second: (K,) l of each.
        where: (N, N) number of the pair of k and l, in either order.
    """

    first: Indices
    second: Indices
    where: Indices

    @classmethod
    def of(cls, n: int) -> Pairs:
        """All pairs of n directions."""
        k, l = np.triu_indices(n, 1)
        first, second = np.concatenate([np.arange(n), k]), np.concatenate([np.arange(n), l])
        where = np.zeros((n, n), dtype=np.int64)
        where[first, second] = where[second, first] = np.arange(len(first))
        return cls(first, second, where)

    @property
    def directions(self) -> int:
        """N."""
        return len(self.where)

    @property
    def weights(self) -> Array:
        """(K,) how often a pair stands in a double sum: 1 or 2."""
        return np.where(self.first == self.second, 1.0, 2.0)

    def symmetrised(self, f: Field, m: Values) -> Values:
        """(K, ..): (m_kl + m_lk) / 2 of (N, N, ..)."""
        whole = f.add(f.part(m, (self.first, self.second)), f.part(m, (self.second, self.first)))
        return f.scaled(whole, 0.5)

    def root_of_squares(self, f: Field, m: Values) -> Array:
        """(sum_kl m_kl^2)^(1/2) over all k and l of (K, ..), upwards."""
        n = self.directions
        squares = f.sums_of_squares(f.part(m, slice(None, n)), 0)
        if n > 1:
            squares = add_up(squares, 2.0 * f.sums_of_squares(f.part(m, slice(n, None)), 0))
        return np.asarray(f.root(squares))


def quartic_bound(f: Field, gram: Values, pairs: Pairs) -> float:
    """Upper bound of the supremum from the Gram matrix (K, K) of the S_kl over pairs.

    Bounds of the square, of which the least is taken: with q (x) q of norm 1 the largest eigenvalue of the Gram matrix
    over all (k, l), and of its mean over the three pairings, which has the same values on q (x) q (x) q (x) q; by
    Cauchy-Schwarz in l, that of sum_l G[kl, k'l]. Source: THEORY_GRAPHS section 5.
    """
    k, l, where = pairs.first, pairs.second, pairs.where
    # In the orthonormal basis of symmetric matrices: an off-diagonal pair has the weight sqrt 2.
    scale = _roots(f, np.outer(pairs.weights, pairs.weights))
    crossed = gram
    for a, b in ((k, l), (l, k)):
        crossed = f.add(crossed, f.part(gram, (where[k[:, None], a[None, :]], where[l[:, None], b[None, :]])))
    partial = None
    for j in range(pairs.directions):
        part = f.part(gram, (where[:, j, None], where[None, :, j]))
        partial = part if partial is None else f.add(partial, part)
    thirds = f.times(f.times(crossed, scale), f.reshape(f.reciprocal(3.0), 1, 1))
    tops = [f.largest_root(g) for g in (f.times(gram, scale), thirds, partial)]
    return min(tops)


def _roots(f: Field, x: Array) -> Values:
    """Square roots of 1, 2 and 4."""
    root = np.sqrt(x)
    return Ball(root, np.asarray(4 * U)) if f.rounded else root


def norm_of_forms(f: Field, tensor: Values) -> float:
    """Upper bound over unit q and g of ||sum_k q_k a[g, k]||: the least of the three unfoldings of (G, N, m, k)."""
    g, n, m, k = f.shape(tensor)
    return min(
        f.largest_norm(f.reshape(tensor, g, n, m * k)),
        f.largest_norm(f.reshape(f.transpose(tensor, 0, 2, 1, 3), g, m, n * k)),
        f.largest_norm(f.reshape(f.transpose(tensor, 0, 3, 1, 2), g, k, n * m)),
    )
