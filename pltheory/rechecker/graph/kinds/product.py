"""M: products of two nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...fields import Array, damaged
from ...midpoint import Approx, Upper, gamma, product, terms
from ...spectra import norm_bounds
from .kind import Around, Kind
from .rows import Row, Rows, symmetric
from .stored import Arrays, Keys, Shapes


@dataclass(frozen=True, eq=False)
class Product(Kind):
    """z_{hij} = scale sum_k a_u[left[h, i, k]] a_u'[right[h, k, j]]."""

    name = "product"
    reads = 2
    keys = ("scale",)
    axes: ClassVar = {"left": 3, "right": 3}

    size: int
    inputs: tuple[int, ...]
    left: Array
    right: Array
    scale: float

    @classmethod
    def settings(cls, keys: Keys) -> dict[str, Any]:
        """The factor."""
        return {"scale": keys.number("scale")}

    @classmethod
    def require_shapes(cls, shapes: Shapes) -> None:
        """Matrices that can be multiplied, of entries that the nodes have."""
        (h, p, r), right = shapes.own("left"), shapes.own("right")
        if not r:
            damaged(f"arrays.n{shapes.v}.left", f"has the shape {(h, p, r)}, without entries")
        shapes.require_own("right", (h, r, right[2]), "left")
        shapes.require_size(h * p * right[2])
        for name, n in zip(("left", "right"), shapes.reads, strict=True):
            if np.prod(shapes.own(name)) > n:
                damaged(f"arrays.n{shapes.v}.{name}", f"has more entries than the {n} of the node it reads")

    @classmethod
    def stored(cls, arrays: Arrays) -> Product:
        """The product; no entry stands in a factor twice."""
        left, right = (
            arrays.indices(name, n, once=True) for name, n in zip(("left", "right"), arrays.reads, strict=True)
        )
        return cls(arrays.node.size, arrays.node.inputs, left, right, arrays.node.more["scale"])

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

    def rules(self, around: Around) -> ProductRules:
        """The factors' norms."""
        return ProductRules(self, around.index, self.norms([around.value(u) for u in self.inputs]), around.each.max())


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
