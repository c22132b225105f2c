"""What rounding in the forward pass does to the outputs, by the rows that it meets and not by products of norms.

Read the computed values as those of a network with an error e_v added at every node. Along the segment from no error
to these, `F_i(e) - F_i(0) = sum_v int B_v^i(t e) e_v^i dt` for sample i (fundamental theorem), so
`||F(e) - F(0)||_F` is at most the sum of `(bo_v + db_v) |e_v|`, db_v how far the rows of a sample go while values go by
what reaches them. That last bound is a product of norms, but multiplies errors twice: in a deep network, where products
of norms exceed true sensitivities a millionfold, it is small where the products themselves are not.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..rigor.arithmetic import INTERVALS
from ..rigor.scalar import interval
from ..theory.arithmetic import Scalar
from ..theory.rows import NOTHING, Pair, together, total
from .ball import active, converted
from .graph import Graph
from .jumps import Jumping
from .sweep import Move, Sweep
from .tape import Reach, Rounded, Weighted

ERROR = -1
"""The direction of the errors, where a parameter group's index stands in other rows."""


class _Errors(Sweep):
    """A sweep in which values move by the errors that reach them, and no weight moves."""

    def _move(self, ahead: bool, pair: Pair, u: int) -> Move:
        # Beside the errors there are jumps, where an error carries a value over a kink.
        whole, single = (sum((c for k, c in row.items() if k < 0), self.zero) for row in (pair.batch, pair.sample))
        return Move(whole, self.ops.minimum(whole, single))

    def entries(self, reach: Reach) -> None:
        # Single entries are bounded by how far weights go, and here errors do.
        return None

    def before(self, u: int) -> Move:
        return self.moved(u)

    def before_back(self, v: int) -> Move:
        return self.moved_back(v)

    def weighted(self, terms: Sequence[Weighted], largest: Scalar, u: int) -> Pair:
        # An error is added at u itself, which the terms of a change of weights do not know.
        return self.forward[u].scaled(largest)


def output_error(graph: Graph, numbers: Sequence[object], rounding: Sequence[Rounded | None]) -> float:
    """Upper bound of ||F(computed) - F||_F.

    Args:
        graph: the network.
        numbers: of its nodes at the exact weights, upper bounds.
        rounding: by node; None where values do not depend on parameters: what reads them counts their errors.
    """
    nodes = graph.nodes
    zero = interval(0.0)
    sweep = _Errors(INTERVALS, zero, zero, nodes, [converted(at, interval) for at in numbers])
    sweep.jumping = Jumping({})
    for v, r in enumerate(rounding):
        # By the rules of a change from the exact values: the computed radii are about the computed ones.
        moved = NOTHING if r is None else nodes[v].kind.forward_change(sweep, v, nodes[v].inputs)
        own = {} if r is None else {ERROR: interval(r.added)}
        rows = (total({ERROR: row[ERROR]} if ERROR in row else {}, own) for row in (moved.batch, moved.sample))
        sweep.forward.append(Pair(*rows))
    collected: list[list[Pair]] = [[] for _ in nodes]
    sweep.backward = [NOTHING] * len(nodes)
    error = zero
    for v in range(len(nodes) - 1, 0, -1):
        sweep.backward[v] = together(*collected[v])
        r = rounding[v]
        if r is not None:
            error = error + (interval(r.rows) + sweep.moved_back(v).sample) * interval(r.added)
        if active(nodes[v], numbers[v]):
            for u, pair in zip(nodes[v].inputs, nodes[v].kind.backward_change(sweep, v, nodes[v].inputs), strict=True):
                collected[u].append(pair)
    return float(error.hi)
