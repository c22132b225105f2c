"""(L2): rows of norms with weights on outputs, as sums over the affine nodes that the weights reach."""

from __future__ import annotations

from dataclasses import dataclass

from ...midpoint import Upper
from .rows import Row, Rows


@dataclass(frozen=True)
class AffineTerm:
    """(L2) at an affine node with weights c on its outputs.

    Attributes:
        group: gamma.
        parent: the node it reads.
        batch, single: ||E~||_c and the largest en_c of a sample.
        through: Tc.
        reach: max(c) kappa omega.
    """

    group: int
    parent: int
    batch: Upper
    single: Upper
    through: Upper
    reach: Upper


@dataclass(frozen=True)
class PlainTerm:
    """max(c) times the row of a node."""

    node: int
    most: Upper


@dataclass(frozen=True)
class Weighted:
    """Om(c, u) as the sum of its terms."""

    terms: tuple[AffineTerm | PlainTerm, ...]

    def row(self, at: Rows, single: bool) -> Row:
        """Om(c, u), or om(c, u) for any one sample, from a pass of the recursions."""
        total = at.none
        for term in self.terms:
            if isinstance(term, PlainTerm):
                total = total + at.values(term.node, single) * term.most
                continue
            own = (term.single if single else term.batch) + term.reach * at.moved(term.parent, single)
            passed = term.through + term.reach * at.s
            total = total + at.unit(term.group) * own + at.values(term.parent, single) * passed
        return total
