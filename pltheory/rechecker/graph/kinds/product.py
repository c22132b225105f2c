"""M: products of two nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...fields import Array
from ...midpoint import Approx, Upper, gamma, product, terms
from ...spectra import norm_bounds
from .kind import Row, Rows, symmetric


@dataclass(frozen=True, eq=False)
class Product:
    """z_{hij} = scale sum_k a_u[left[h, i, k]] a_u'[right[h, k, j]]."""

    size: int
    inputs: tuple[int, ...]
    left: Array
    right: Array
    scale: float

    @property
    def c(self) -> Upper:
        """|scale|."""
        return Upper.of(self.scale)

    def forward(self, inputs: list[Approx]) -> Approx:
        """The product."""
        a, b = inputs
        out = self.scale * product(a.mid[:, self.left], b.mid[:, self.right])
        err = a.norms * b.norms * gamma(terms(self.left.shape[2]) + 2) + Upper(2.0**-1000)
        return Approx(out.reshape(len(out), -1), self.c * err + Upper(2.0**-1000))

    def carried(self, inputs: list[Approx]) -> Upper:
        """Both factors move."""
        a, b = inputs
        return self.c * (a.err * (b.norms + b.err) + a.norms * b.err)

    def backward(self, rows: Approx, inputs: list[Approx], output: Approx) -> list[Approx]:
        """B beta(., a') and B beta(a, .)."""
        n, outputs, _ = rows.mid.shape
        heads, p, inner = self.left.shape
        q = self.right.shape[2]
        cot = self.scale * rows.mid.reshape(n, outputs, heads, p, q)
        results = []
        for argument, (index, other) in enumerate(((self.left, self.right), (self.right, self.left))):
            fixed = inputs[1 - argument]
            turned = fixed.mid[:, other].transpose(0, 1, 3, 2)[:, None]
            part = product(cot, turned) if argument == 0 else product(turned, cot)
            out = np.zeros((n, outputs, inputs[argument].mid.shape[1]))
            out[:, :, index.ravel()] = part.reshape(n, outputs, -1)
            rounding = rows.norms * fixed.norms * gamma(terms(max(p, q, inner)) + 2)
            err = rows.err * (fixed.norms + fixed.err) + rows.norms * fixed.err + rounding
            err = err + Upper(2.0**-1000)
            results.append(Approx(out, self.c * err + Upper(2.0**-1000)))
        return results

    def norms(self, inputs: list[Approx]) -> tuple[Upper, Upper]:
        """max_i ||a||_m of either factor: the largest spectral norm of a sample's matrices."""
        found = []
        for a, index in zip(inputs, (self.left, self.right), strict=True):
            n, heads = len(a), len(index)
            sizes = norm_bounds(a.mid[:, index].reshape(n * heads, *index.shape[1:])).value.reshape(n, heads)
            found.append((Upper(sizes.max(axis=1)) + a.err).max())
        return found[0], found[1]


@dataclass(frozen=True)
class ProductRules:
    """The bilinear map's constant and the centre's norms.

    Attributes:
        sizes: max_i ||a||_m of the two factors.
        bo: max_i ||B_v^i||.
    """

    kind: Product
    index: int
    sizes: tuple[Upper, Upper]
    bo: Upper

    def _new(self, at: Rows, argument: int) -> Upper:
        """||A'||_m of a factor anywhere in the ball."""
        return self.sizes[argument] + at.moves.da[self.kind.inputs[argument]]

    def forward(self, at: Rows, single: bool) -> Row:
        """c (||A_u'||_m X_u + ||A_u||_m X_u'), the first factor over the ball."""
        u, w = self.kind.inputs
        beside = at.values(w, single) * (self.sizes[0] + at.moved(u, True))
        return (at.values(u, single) * self._new(at, 1) + beside) * self.kind.c

    def backward(self, at: Rows, argument: int, single: bool) -> Row:
        """c ((||A_u'||_m + da_u') Y_v + bo X_u')."""
        other = 1 - argument
        through = at.back(self.index, single) * self._new(at, other)
        beside = at.values(self.kind.inputs[other], single) * (self.bo + at.moved_back(self.index, True))
        return (through + beside) * self.kind.c

    def jacobian(self, at: Rows) -> list[Array]:
        """None."""
        return []

    def curvature(self, at: Rows) -> list[Array]:
        """2 c bb (X'_u . t)(x'_u' . t), or the other way."""
        (u, w), factor = self.kind.inputs, self.kind.c * (self.bo + at.moved_back(self.index, True))
        pairs = [(at.values(u, False), at.values(w, True)), (at.values(u, True), at.values(w, False))]
        return [(factor * Upper(symmetric(a, b))).value for a, b in pairs]
