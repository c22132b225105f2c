"""The part of the Hessian that can be negative where no argument meets a kink: products of two parameters alone.

With the pieces frozen, `E = sum_ic r_ic Hess f_ic` has no term of a second derivative of an activation. In general
`||E|| <= ||Q_r||` with `t^T Q_r t = sum over affine nodes 2 kappa omega t_g |y_v|_F (X_u . t)`, y_v the residual sent
back to the node (THEORY_GRAPHS section 4, G2). Where one affine map, maxima and selections, and a dense head are all
there is, E has one block `[[0, P_o], [P_o^T, 0]]` a channel o (section 7, G3),
`(P_o)_{.,(c,k)} = kappa' sum_i r_ic d_ik e~_{i,k}`, e~_{i,k} the patch that entry k of sample i was taken from and d_ik
its slope: signs over samples cancel in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...nets.fields import VERIFIED
from ...nets.fields.verified import Near, frobenius
from ...nets.fitting import Indices
from ...nets.graph import Graph
from ...nets.kinds.affine import Affine, AffineNumbers
from ...nets.kinds.fixed import Fixed
from ...nets.kinds.kinks import Maximum, PiecewiseLinear
from ...nets.tape import Tape
from ...rigor.midrad import Ball
from ...rigor.roundoff import Array, add_up, gamma, mul_up, quiet, sqrt_up
from ...rigor.scalar import Interval, interval
from ...rigor.stacks import stack_norm_upper
from ...theory.rows import Row, length, matrix, scaled, total
from .bounds import UPWARDS
from .kinked_bounds import KinkedReference

ERROR_TERMS = ("block_rounding", "block_change")
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""


def block_rounding(samples: int, scale: float, residual: float, patches: float, entries: int) -> float:
    """Frobenius error of a computed P_o: sums over samples of products of three factors.

    Args:
        samples: n.
        scale: |kappa'| max |d|.
        residual: ||r||.
        patches: root of the sum of the squares of max_i |e~_i| over samples.
        entries: columns of P_o.
    """
    return float(mul_up(gamma(samples + 3), scale, residual, patches, sqrt_up(float(entries))))


def block_change(scale: float, moved: float, patches: float, entries: int) -> float:
    """How far P_o goes while the residual goes by `moved`; other arguments as above."""
    return float(mul_up(scale, moved, patches, sqrt_up(float(entries))))


@dataclass(frozen=True, eq=False)
class Selections:
    """One affine map, maxima and selections, and a dense head.

    Attributes:
        graph: the network, at whatever weights.
        first: index of the affine node.
        patches: e~ of the data, exact up to `rad` in all, (n, G, P, q + 1).
        lengths: root of the sum over samples of the squares of max |e~_i|.
    """

    graph: Graph
    first: int
    patches: Near
    lengths: float

    @classmethod
    def of(cls, graph: Graph, x: Array) -> Selections | None:
        """The parts, or None for another graph."""
        nodes = graph.nodes
        chain = all(node.inputs == (v - 1,) for v, node in enumerate(nodes) if v)
        affine = [v for v, node in enumerate(nodes) if isinstance(node.kind, Affine)]
        if not chain or len(affine) != 2 or affine[0] != 1 or affine[1] != len(nodes) - 1:
            return None
        head, conv = nodes[-1].kind, nodes[1].kind
        assert isinstance(head, Affine)
        assert isinstance(conv, Affine)
        if not head.dense or head.group == conv.group or not all(_selects(n.kind) for n in nodes[2:-1]):
            return None
        tape = Tape(VERIFIED, [(VERIFIED.constant(g.weight), None) for g in graph.groups], len(x), 1)
        tape.values.append(VERIFIED.constant(x))
        e = conv.extended_patches(tape, (0,))
        longest = VERIFIED.lengths(e, -1).reshape(len(x), -1).max(1)
        return cls(graph, affine[0], e, float(sqrt_up(VERIFIED.total(mul_up(longest, longest)))))

    def norm(self, tape: Tape, residual: Near, moved: float) -> float:
        """Upper bound of ||E|| where the residual is within `moved` of the exact midpoint of `residual`.

        Args:
            tape: the forward pass at the weights; no argument is near a kink.
            residual: (n, C).
            moved: bound of that distance.
        """
        nodes = self.graph.nodes
        head, conv = nodes[-1].kind, nodes[self.first].kind
        assert isinstance(head, Affine)
        assert isinstance(conv, Affine)
        n, g, p, _ = self.patches.mid.shape
        o = self.graph.groups[conv.group].weight.shape[1]
        entry = np.broadcast_to(np.arange(g * o * p), (n, g * o * p))
        slope = np.ones((n, g * o * p))
        for v in range(self.first + 1, len(nodes) - 1):
            entry, slope = _selected(nodes[v].kind, tape.values[v - 1].mid, entry, slope)
        read = head.patches[0, 0]
        entry, slope = entry[:, read], np.where(read >= 0, slope[:, read], 0.0)  # (n, K)
        e = self.patches.mid[np.arange(n)[:, None], entry // (o * p), entry % p]  # (n, K, q + 1)
        weight = head.kappa * slope[:, :, None] * residual.mid[:, None, :]  # (n, K, C)
        columns = np.einsum("nkq,nkc->kqc", e, weight)
        # Samples may take an entry from different channels only where a selection mixes channels: then none is a block.
        channel = entry // p
        if (channel != channel[:1]).any():
            return np.inf
        steepest = float(np.max(np.abs(slope), initial=0.0))
        scale = float(mul_up(abs(head.kappa), steepest))
        most, blocks = _stacked(columns, channel[0], g * o)
        off = add_up(
            block_rounding(n, scale, frobenius(residual.mid), self.lengths, most),
            block_change(scale, moved, self.lengths, most),
            mul_up(scale, self.patches.rad, add_up(frobenius(residual.mid), moved), sqrt_up(float(most))),
        )
        return float(add_up(stack_norm_upper(Ball(blocks)), off))


def _selects(kind: object) -> bool:
    if isinstance(kind, Fixed):
        return kind.index.shape[1] == 1 and kind.offset is None and bool(np.isin(kind.factor, (0.0, 1.0)).all())
    return isinstance(kind, (PiecewiseLinear, Maximum))


def _selected(kind: object, z: Array, entry: Indices, slope: Array) -> tuple[Indices, Array]:
    """Which entry every output is taken from, and with what slope, after one more node that reads z."""
    if isinstance(kind, PiecewiseLinear):
        return entry, slope * kind.slopes[np.searchsorted(kind.breaks, z, side="left")]
    if isinstance(kind, Maximum):
        chosen, factor = kind.chosen(z)
        return np.take_along_axis(entry, chosen, 1), np.take_along_axis(slope, chosen, 1) * factor
    assert isinstance(kind, Fixed)
    index = kind.index[:, 0]
    return entry[:, index], np.where(index >= 0, slope[:, index] * kind.factor[:, 0], 0.0)


def _stacked(columns: Array, channel: Indices, channels: int) -> tuple[int, Array]:
    """Columns (K, q + 1, C) by channel, zeros behind the last: the most columns of one, and (channels, q + 1, most)."""
    count = np.bincount(channel, minlength=channels)
    k, q, c = columns.shape
    order = np.argsort(channel, kind="stable")
    place = np.arange(k) - np.searchsorted(channel[order], channel[order])
    out = np.zeros((channels, int(count.max(initial=1)), q, c))
    out[channel[order], place] = columns[order]
    blocks = out.transpose(0, 2, 1, 3).reshape(channels, q, -1)
    return blocks.shape[2], blocks


@quiet
def contracted(ref: KinkedReference, tape: Tape, residual: float, radius: float) -> float:
    """Upper bound of ||E|| over B(w, radius) of a piecewise linear graph, from the residual sent back: `tape.rows`.

    Other kinds of nodes have terms of their own in E, which are not here.

    y moves by at most `||B|| L_F eps` with the residual, and by `||r|| db` with the rows, db <= Y' eps.

    Args:
        ref: bounds on a ball that holds it.
        tape: at w.
        residual: upper bound of ||r|| over the ball.
        radius: eps.
    """
    sweep, numbers = ref.swept, ref.bounds.frozen.numbers
    rows: dict[int, Row] = {}
    for v, node in enumerate(ref.network.nodes):
        at, kind = numbers[v], node.kind
        if not isinstance(kind, Affine) or not isinstance(at, AffineNumbers) or v not in tape.rows:
            continue
        x = sweep.forward[node.inputs[0]]
        if not x.batch:
            continue
        y = tape.rows[v]
        size = float(add_up(frobenius(y.mid), y.rad))
        bar = interval(at.rows) + sweep.moved_back(v).batch
        speed = length({g: c for g, c in sweep.backward[v].batch.items() if g >= 0}, UPWARDS)
        moved = bar * interval(ref.lipschitz) * interval(radius)
        if speed is not None:
            moved = moved + interval(residual) * speed * interval(radius)
        reach = at.scale if kind.dense else at.reach
        row = scaled(interval(reach) * (interval(size) + moved), x.batch)
        rows[kind.group] = total(rows.get(kind.group, {}), row)
    groups = ref.bounds.frozen.groups
    form = {g: {h: c for h, c in row.items() if h >= 0} for g, row in rows.items()}
    # t^T Q t with Q = M + M^T, so ||Q|| is the norm of that symmetric matrix.
    both: dict[int, dict[int, Interval]] = {g: {} for g in groups}
    for g, row in form.items():
        for h, c in row.items():
            both[g][h] = both[g].get(h, interval(0.0)) + c
            both[h][g] = both[h].get(g, interval(0.0)) + c
    return float(interval(UPWARDS.spectral_norm(matrix(both, groups, interval(0.0)))).hi)
