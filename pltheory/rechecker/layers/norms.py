"""Norms of a fully connected network at doubles, in doubles, for `recursion.steepness`."""

from __future__ import annotations

import numpy as np
from flint import arb

from ..arithmetic import ACTIVATIONS
from ..fields import Array
from ..file import Stored
from ..graph.around import rows_each
from ..graph.centre import values_of
from ..graph.chain import chain
from ..graph.kernel import Kernel, Use
from ..graph.kinds.affine import Affine
from ..graph.kinds.affine_rules import AffineRules
from ..midpoint import Approx, Upper, norms
from ..spectra import norm_bounds
from .centre import Norms
from .recursion import steepness


class LayerNorms:
    """Norms about doubles.

    Args:
        c: the network's data and settings.
        weights, biases: the doubles.

    Attributes:
        largest: upper bound of ||J||, summed loss.
    """

    def __init__(self, c: Stored, weights: list[Array], biases: list[Array | None]) -> None:
        kinds = chain(weights, biases, c.kappas, c.taus, c.activation)
        values, _ = values_of(kinds, c.x, lambda note: None)
        (n, outputs), top, rules = c.y.shape, [], []
        kernel = Kernel(n, outputs)
        identity = np.ascontiguousarray(np.broadcast_to(np.eye(outputs), (n, outputs, outputs)))
        rows = Approx(identity, Upper(np.zeros(n)))
        for v in range(len(kinds) - 1, 0, -1):
            kind, before = kinds[v], values[v - 1]
            if isinstance(kind, Affine):
                rules.append(AffineRules.at(kind, v, rows, before, rows_each(rows)))
                kernel.add([Use(kind, rows, before)])
            else:
                columns = norms(rows.mid.transpose(0, 2, 1))
                top.append((columns + Upper(rows.err.value[:, None])).max())
            if v > 1:
                (rows,) = kind.backward(rows, [before], values[v])
        self.largest = kernel.norm().exact
        sizes = [arb(0), *(norm_bounds(w[None])[0].exact for w in weights[1:])]  # the first meets no perturbed input
        self._norms = _collected(rules[::-1], sizes, top[::-1], c.activation)

    def steepness(self, radius: float) -> arb:
        """Lipschitz constant of J on the ball."""
        return steepness(self._norms, arb(radius), everywhere=True).upper()


def _collected(rules: list[AffineRules], weight: list[arb], top: list[Upper], activation: str) -> Norms:
    _, s1, s2 = ACTIVATIONS[activation]
    return Norms(
        kappa=[abs(arb(rule.kind.kappa)) for rule in rules],
        weight=weight,
        inputs=[rule.batch.exact for rule in rules],
        al=[rule.single.exact for rule in rules],
        rows=[rule.rows.exact for rule in rules],
        bo=[rule.row.exact for rule in rules],
        top=[t.exact for t in top],
        s1=s1(),
        s2=s2(),
    )
