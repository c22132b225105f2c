"""Upper bounds of sup over unit q of |sum_kl q_k q_l S_kl|, S_kl = S_lk vectors, from their Gram matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...nets.fields import Field
from ...nets.fields.protocol import Values
from ...nets.fitting import Indices
from ...rigor.roundoff import Array


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs k <= l of N directions, in the order of arrays over pairs: by k, then by l.

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
        first, second = np.triu_indices(n)
        where = np.zeros((n, n), dtype=np.int64)
        where[first, second] = where[second, first] = np.arange(len(first))
        return cls(first, second, where)

    @property
    def directions(self) -> int:
        """N."""
        return len(self.where)

    def products(self, f: Field, y: Values, z: Values) -> Values:
        """(K, ..): (y_k z_l + y_l z_k) / 2 of two arrays (N, ..)."""
        rows = []
        for k in range(self.directions):
            one, on = slice(k, k + 1), slice(k, None)
            rows.append(f.add(f.times(f.part(y, one), f.part(z, on)), f.times(f.part(y, on), f.part(z, one))))
        return f.scaled(f.concatenate(rows), 0.5)

    def symmetrised(self, f: Field, m: Values) -> Values:
        """(K, ..): (m_kl + m_lk) / 2 of (N, N, ..)."""
        whole = f.add(f.part(m, (self.first, self.second)), f.part(m, (self.second, self.first)))
        return f.scaled(whole, 0.5)

    def lengths(self, f: Field, m: Values) -> Array:
        """(sum_kl m_kl^2)^(1/2) over all k and l of (K, ..), upwards."""
        same = self.first == self.second
        diagonal = f.lengths(f.part(m, same), 0)
        if same.all():
            return diagonal
        others = f.lengths(f.part(m, ~same), 0)
        return np.asarray(f.root(f.sum(f.up(diagonal, diagonal), 2.0 * f.up(others, others))))


def quartic_bound(f: Field, gram: Values, pairs: Pairs) -> float:
    """Upper bound of the supremum from the Gram matrix (K, K) of the S_kl over pairs.

    Bounds of the square, of which the least is taken: with q (x) q of norm 1 the largest eigenvalue of the Gram matrix
    over all (k, l), and of its mean over the three pairings, which has the same values on q (x) q (x) q (x) q; by
    Cauchy-Schwarz in l, that of sum_l G[kl, k'l]. Source: THEORY_GRAPHS section 5.
    """
    n, every = pairs.directions, pairs.where.ravel()
    rows = f.gather(gram, every)
    whole = f.reshape(f.gather(f.transpose(rows, 1, 0), every), n, n, n, n)  # [k, l, k', l']
    crossed = f.add(whole, f.add(f.transpose(whole, 0, 2, 1, 3), f.transpose(whole, 0, 3, 2, 1)))
    mean = f.times(crossed, f.reshape(f.reciprocal(3.0), 1, 1, 1, 1))
    by_first = f.reshape(f.transpose(whole, 0, 2, 1, 3), n, n, n * n)
    partial = f.gathered_sum(by_first, np.arange(n)[None, :] * (n + 1))
    squares = ((whole, n * n), (mean, n * n), (partial, n))
    return min(float(f.roots(f.reshape(square, 1, size, size))[0]) for square, size in squares)


def product_of_forms(f: Field, y: Values, z: Values) -> Array:
    """Upper bounds over unit q of |(sum_k q_k y_k)(sum_k q_k z_k)|, entry by entry of two arrays (N, M).

    For vectors a and b the supremum of (a.q)(b.q) is (|a| |b| + a.b) / 2: the larger eigenvalue of (a b^T + b a^T) / 2.
    """
    n, size = f.shape(y)
    inner = f.gathered_sum(f.transpose(f.times(y, z), 1, 0), np.arange(n)[None, :])
    modulus = f.lengths(f.reshape(inner, 1, size), 0)
    return 0.5 * f.sum(f.up(f.lengths(y, 0), f.lengths(z, 0)), modulus)


def norm_of_forms(f: Field, tensor: Values) -> float:
    """Upper bound over unit q and g of ||sum_k q_k a[g, k]||: the least of the three unfoldings of (G, N, m, k)."""
    g, n, m, k = f.shape(tensor)
    return min(
        f.largest_norm(f.reshape(tensor, g, n, m * k)),
        f.largest_norm(f.reshape(f.transpose(tensor, 0, 2, 1, 3), g, m, n * k)),
        f.largest_norm(f.reshape(f.transpose(tensor, 0, 3, 1, 2), g, k, n * m)),
    )
