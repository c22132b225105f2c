"""Upper bounds of sup over unit q of |sum_kl q_k q_l S_kl|, S_kl = S_lk vectors, from their Gram matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...rigor.roundoff import sqrt_up, up
from .numbers import Array, Numbers, Values, moved


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs k <= l of N directions, in whose order arrays over pairs stand.

    Attributes:
        first: (K,) k of each, K = N (N + 1) / 2.
        second: (K,) l of each.
        where: (N, N) number of the pair of k and l, in either order.
        weights: (K,) how often a pair stands in a double sum: 1 or 2.
    """

    first: Array
    second: Array
    where: Array
    weights: Array

    @classmethod
    def of(cls, n: int) -> Pairs:
        """All pairs of n directions."""
        first, second = np.triu_indices(n)
        where = np.zeros((n, n), dtype=np.int64)
        where[first, second] = where[second, first] = np.arange(len(first))
        return cls(first, second, where, np.where(first == second, 1.0, 2.0))

    def symmetrised(self, m: Values) -> Values:
        """(K, ..): (m_kl + m_lk) / 2 of (N, N, ..)."""
        upper = moved(m, lambda x: x[self.first, self.second])
        lower = moved(m, lambda x: x[self.second, self.first])
        return (upper + lower) * 0.5


def quartic_bound(gram: Values, pairs: Pairs, numbers: Numbers) -> float:
    """Upper bound of the supremum from the Gram matrix (K, K) of the S_kl over pairs.

    With q (x) q of norm 1 the largest eigenvalue of the Gram matrix over all (k, l), and of its mean over the three
    pairings, which has the same values on q (x) q (x) q (x) q, bound the square; by Cauchy-Schwarz in l, so does that of
    sum_l G[kl, k'l]. Source: THEORY_GRAPHS section 5.
    """
    k, l, where = pairs.first, pairs.second, pairs.where
    # In the orthonormal basis of symmetric matrices: an off-diagonal pair has the weight sqrt 2.
    scale = numbers.roots(np.outer(pairs.weights, pairs.weights))
    crossed = gram
    for a, b in ((k, l), (l, k)):
        rows, columns = where[k[:, None], a[None, :]], where[l[:, None], b[None, :]]
        crossed = crossed + _entries(gram, rows, columns)
    partial = None
    for j in range(len(where)):
        part = _entries(gram, where[:, j, None], where[None, :, j])
        partial = part if partial is None else partial + part
    tops = [
        _top(gram * scale, numbers),
        float(up(_top(crossed * scale, numbers) / 3)),
        _top(partial, numbers),
    ]
    return float(sqrt_up(max(0.0, min(tops))))


def _entries(x: Values, rows: Array, columns: Array) -> Values:
    return moved(x, lambda a: a[rows, columns])


def _top(sym: Values, numbers: Numbers) -> float:
    return float(numbers.tops(moved(sym, lambda x: x[None]))[0])
