"""Om(c, u): the weighted change of a node (THEORY_GRAPHS, L2), as the formulas of Theorem E read it."""

from __future__ import annotations

from ...nets.tape import Weighted
from ...rigor.roundoff import Array
from ...theory.kernel_profile import Term
from .passes import Passes


def weighted_change(passes: Passes, u: int, c: Array) -> tuple[Term, ...]:
    """The terms of Om(c, u) for weights c (n, N_u) >= 0."""
    tape, nodes = passes.tape, passes.graph.nodes

    def terms(v: int, weights: Array) -> list[Weighted]:
        return nodes[v].kind.weighted(tape, v, nodes[v].inputs, weights) if tape.moving[v] else []

    tape.weighted = terms
    return tuple(Term(t.node, t.affine, t.largest, t.batch, t.spread) for t in terms(u, c))
