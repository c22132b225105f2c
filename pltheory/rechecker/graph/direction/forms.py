"""Suprema over unit vectors q in R^N of linear and quadratic forms in q with values in arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...fields import Array
from ...midpoint import TINY, UNIT, Upper, gamma, norms
from ...spectra import largest, norm_bounds


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs k <= l of N directions; an array over them stands for a symmetric one over all (k, l).

    Attributes:
        first, second: (K,) k and l.
        where: (N, N) number of the pair of k and l in either order.
    """

    first: Array
    second: Array
    where: Array

    @classmethod
    def of(cls, n: int) -> Pairs:
        """All pairs of n directions."""
        lesser = np.minimum.outer(np.arange(n), np.arange(n))
        greater = np.maximum.outer(np.arange(n), np.arange(n))
        # Rows 0 .. k - 1 of the upper triangle have n, n - 1, .. entries.
        where = lesser * n - lesser * (lesser - 1) // 2 + greater - lesser
        first, second = (np.empty(n * (n + 1) // 2, dtype=np.int64) for _ in range(2))
        first[where], second[where] = lesser, greater
        return cls(first, second, where)

    @property
    def count(self) -> int:
        """K = N (N + 1) / 2."""
        return len(self.first)

    @property
    def times(self) -> Array:
        """(K,): how often a pair stands among all (k, l)."""
        return np.where(self.first == self.second, 1.0, 2.0)


def entry_norms(array: Array, times: Array | None = None) -> Upper:
    """(n, M): upper bounds of (sum_k times_k a[i, k, m]^2)^(1/2) of doubles (n, K, M)."""
    squares = np.square(array) if times is None else np.square(array) * times[:, None]
    total = Upper(squares.sum(axis=1)) * (1 + 2 * gamma(array.shape[1] + 3)) + Upper(2 * array.shape[1] * TINY)
    return Upper(np.where(array.any(axis=1), total.root().value, 0.0))


def quartic(gram: Array, lost: Upper, pairs: Pairs) -> Upper:
    """Upper bound of sup |sum_kl q_k q_l S_kl| over unit q.

    Three matrices have forms that are at least its square: the Gram matrix over all (k, l); its mean over the pairings
    of (k, l, k', l'), which has the same values on q (x) q (x) q (x) q; and by Cauchy-Schwarz in l, sum_l G[kl, k'l].

    Args:
        gram: (K, K) inner products of the S_kl over pairs, in doubles.
        lost: how far they are from the exact ones in Frobenius norm.
        pairs: of the directions.
    """
    n, where = len(pairs.where), pairs.where
    gram = (gram + gram.T) / 2
    whole = gram[where[:, :, None, None], where]  # [k, l, k', l']
    mean = (whole + whole.transpose(0, 2, 1, 3) + whole.transpose(0, 3, 2, 1)) / 3
    partial = np.einsum("klml->km", whole)
    # A pair stands for at most two (k, l), an entry of the Gram matrix for at most four.
    size, several = norms(whole.reshape(-1)), float(np.sqrt(n) * (1 + 4 * UNIT))
    lost = lost * 2.0 + size * (4 * UNIT)
    found = [
        largest(whole.reshape(1, n * n, n * n))[0] + lost,
        largest(mean.reshape(1, n * n, n * n))[0] + lost + size * (8 * UNIT),
        largest(partial[None])[0] + lost * several + size * (several * gamma(n + 2)),
    ]
    return found[0].min(*found[1:]).root()


def linear_norm(tensor: Array) -> Upper:
    """Upper bound of max_g sup ||sum_k q_k a[g, k]||_2 of doubles (G, N, m, p): the least of three unfoldings."""
    g, n, m, p = tensor.shape
    unfolded = (
        tensor.reshape(g, n, m * p),
        tensor.transpose(0, 2, 1, 3).reshape(g, m, n * p),
        tensor.transpose(0, 3, 1, 2).reshape(g, p, n * m),
    )
    found = [norm_bounds(part).max() for part in unfolded]
    return found[0].min(*found[1:])
