"""One affine map, an activation, fixed maps channel by channel, a dense head: the Hessian's second part by blocks.

For such a graph `E = sum_ic r_ic Hess f_ic` is block diagonal over the channels o of the first map (THEORY_GRAPHS
section 7, G3), with blocks

    [[Q_o, P_o], [P_o^T, 0]],  Q_o = sum_ip y_iop act''(z_iop) e~_ip e~_ip^T,
    (P_o)_{.,(c,k)} = kappa' sum_i r_ic sum_p L[k,(o,p)] act'(z_iop) e~_ip

on the channel's weights [w_o, b_o] and the head's entries on it; y is the residual sent back to the activation's
output, k runs over what the head reads of the channel. Signs over samples and positions cancel in them, which no
product of norms sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .fields.protocol import Values
from .fitting import Indices
from .graph import Graph
from .kinds.affine import Affine
from .kinds.fixed import Fixed
from .kinds.pointwise import Pointwise
from .tape import Tape

ENTRIES = 20_000_000
"""Of products of patches held at a time; above it the blocks are not formed."""


@dataclass(frozen=True, eq=False)
class Channels:
    """Where the parts of such a graph stand.

    Attributes:
        graph: the network, at whatever weights.
        first: index of the first affine node; the activation follows it, the head is the last node.
        members: (channels, m), which of the head's places read a channel; -1 behind the last.
    """

    graph: Graph
    first: int
    members: Indices

    @classmethod
    def of(cls, graph: Graph) -> Channels | None:
        """The parts, or None for another graph."""
        nodes, kinds = graph.nodes, [node.kind for node in graph.nodes]
        chain = all(node.inputs == (v - 1,) for v, node in enumerate(nodes) if v)
        affine = [v for v, kind in enumerate(kinds) if isinstance(kind, Affine)]
        if not chain or len(affine) != 2 or affine[1] != len(nodes) - 1:
            return None
        first, last = affine
        conv, head = kinds[first], kinds[last]
        assert isinstance(conv, Affine)
        assert isinstance(head, Affine)
        if not head.dense or conv.group == head.group:
            return None
        inner = (*range(1, first), *range(first + 2, last))
        if not isinstance(kinds[first + 1], Pointwise) or not all(isinstance(kinds[v], Fixed) for v in inner):
            return None
        g, p, _ = conv.patches.shape
        channels = g * graph.groups[conv.group].weight.shape[1]
        label: Indices | None = np.repeat(np.arange(channels), p)
        for v in range(first + 2, last):
            kind = kinds[v]
            assert isinstance(kind, Fixed)
            assert label is not None
            label = _labels(kind, label)
            if label is None:
                return None
        assert label is not None
        places = head.patches[0, 0]
        at = np.where(places >= 0, label[places], -1)
        most = max(1, int(np.bincount(at[at >= 0], minlength=channels).max(initial=0)))
        members = np.full((channels, most), -1, dtype=np.int64)
        for o in range(channels):
            own = np.nonzero(at == o)[0]
            members[o, : len(own)] = own
        return cls(graph, first, members)

    @property
    def conv(self) -> Affine:
        """The first affine node's kind."""
        kind = self.graph.nodes[self.first].kind
        assert isinstance(kind, Affine)
        return kind

    @property
    def head(self) -> Affine:
        """The last node's."""
        kind = self.graph.nodes[-1].kind
        assert isinstance(kind, Affine)
        return kind

    @property
    def act(self) -> str:
        """The activation's name."""
        kind = self.graph.nodes[self.first + 1].kind
        assert isinstance(kind, Pointwise)
        return kind.activation

    @cached_property
    def fixed(self) -> tuple[int, ...]:
        """Indices of the fixed nodes between activation and head."""
        return tuple(range(self.first + 2, len(self.graph.nodes) - 1))

    def small(self, samples: int) -> bool:
        """Whether the blocks' products fit in memory."""
        g, p, q = self.conv.patches.shape
        values = samples * self.graph.nodes[self.first].size * self.graph.nodes[-1].size
        return samples * g * p * (q + 1) ** 2 <= ENTRIES and values * (q + 1) <= 8 * ENTRIES

    def squares(self, tape: Tape) -> Values:
        """e~ e~^T of every patch, (G, n P, (q + 1)^2): of the data alone."""
        f = tape.field
        e = self.conv.extended_patches(tape, (self.first - 1,))
        n, g, p, q1 = f.shape(e)
        e = f.reshape(f.transpose(e, 1, 0, 2, 3), g * n * p, q1)
        both = f.times(f.reshape(e, g * n * p, q1, 1), f.reshape(e, g * n * p, 1, q1))
        return f.reshape(both, g, n * p, q1 * q1)

    def blocks(self, tape: Tape, residual: Values, squares: Values) -> tuple[Values, Values]:
        """Q of shape (channels, q + 1, q + 1) and P of shape (channels, q + 1, C m), zero in columns that are none.

        Args:
            tape: of `forward`, after `pulled_back` of the residual.
            residual: (n, C).
            squares: of `squares`.
        """
        f, n, conv = tape.field, tape.samples, self.conv
        g, p, q = conv.patches.shape
        z = tape.values[self.first]
        o = f.shape(z)[1] // (g * p)
        bent = f.times(tape.rows[self.first + 1], f.activation(self.act, z, 2))
        bent = f.reshape(f.transpose(f.reshape(bent, n, g, o, p), 1, 2, 0, 3), g, o, n * p)
        own = f.reshape(f.product(bent, squares), g * o, q + 1, q + 1)
        e = f.transpose(conv.extended_patches(tape, (self.first - 1,)), 1, 2, 0, 3)  # (G, P, n, q + 1)
        slope = f.activation(self.act, z, 1)
        mixed = []
        for c in range(f.shape(residual)[1]):
            h = f.times(f.part(residual, (slice(None), slice(c, c + 1))), slope)
            m = f.product(f.transpose(f.reshape(h, n, g, o, p), 1, 3, 2, 0), e)  # (G, P, O, q + 1)
            mixed.append(f.reshape(f.transpose(m, 3, 0, 2, 1), q + 1, g * o * p))
        m = f.concatenate(mixed)  # (C (q + 1), N)
        for v in self.fixed:
            kind = self.graph.nodes[v].kind
            assert isinstance(kind, Fixed)
            m = kind.linear(f, m)
        m = f.scaled(f.gather(m, self.head.patches[0, 0]), self.head.kappa)
        m = f.gather(m, self.members)  # (C (q + 1), channels, m)
        channels, most = self.members.shape
        m = f.transpose(f.reshape(m, -1, q + 1, channels, most), 2, 1, 0, 3)
        return own, f.reshape(m, channels, q + 1, f.shape(m)[2] * most)


def _labels(kind: Fixed, label: Indices) -> Indices | None:
    """The channel of every output, -1 where it reads none; None where one reads two."""
    found = np.full(len(kind.index), -1, dtype=np.int64)
    for index in kind.index.T:
        reads = np.where(index >= 0, label[index], -1)
        if ((reads >= 0) & (found >= 0) & (reads != found)).any():
            return None
        found = np.where(reads >= 0, reads, found)
    return found
