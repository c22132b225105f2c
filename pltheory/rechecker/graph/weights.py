"""Norms with weights on outputs, (L2): `||c o (A'_u - A_u)||_F <= Om(c, u) . t`, and the same for any one sample.

The weights go back through sums and fixed maps down to the affine nodes, where one spectral norm a channel replaces a
maximum over channels and positions.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..fields import Array
from ..midpoint import Approx, Upper
from .kinds.affine import Affine
from .kinds.fixed import Fixed
from .kinds.input import Input
from .kinds.kind import Kind
from .kinds.sums import Sum
from .kinds.terms import AffineTerm, PlainTerm, Weighted

MOST_TERMS = 64
"""Terms of one Om; where weights reach more nodes, the rest is bounded by their maximum."""


Terms = Callable[[Affine, Array, Approx], AffineTerm]


def weighted(c: Array, u: int, kinds: list[Kind], values: list[Approx], affine: Terms = Affine.weighted) -> Weighted:
    """The terms of Om(c, u).

    Args:
        c: (n, N_u), upper bounds of the weights.
        u: the node whose change is weighted.
        kinds: of all nodes.
        values: of all nodes at the centre.
        affine: an affine node's own term.
    """
    terms: list[AffineTerm | PlainTerm] = []
    left = [(c, u)]
    while left:
        c, u = left.pop()
        kind = kinds[u]
        full = len(terms) + len(left) >= MOST_TERMS
        if isinstance(kind, Affine) and not full:
            terms.append(affine(kind, c, values[kind.inputs[0]]))
        elif isinstance(kind, Sum) and not full:
            left += [(c, parent) for parent in kind.inputs]
        elif isinstance(kind, Fixed) and not full:
            left.append((kind.weights(c), kind.inputs[0]))
        elif not isinstance(kind, Input):
            terms.append(PlainTerm(u, Upper(np.max(c, initial=0.0))))
    return Weighted(tuple(terms))
