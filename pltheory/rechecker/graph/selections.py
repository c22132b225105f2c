"""`E = sum_ic r_ic Hess f_ic` where every token keeps its piece: products of two parameters alone are left.

In general `||E|| <= ||Q_r||`, `t^T Q_r t = sum over affine nodes of 2 kappa omega t_g |y_v|_F (X_u . t)`, y_v the
residual sent back (THEORY_GRAPHS section 4, G2). Of one affine node, nodes that pick entries and a dense head E has the
blocks `[[0, P_o], [P_o^T, 0]]` of channels o alone (section 7), `(P_o)_{.,(c,k)} = kappa' sum_i r_ic d_ik e~_{i,k}`,
e~_{i,k} the patch of the entry that the head's place k takes from sample i, and d_ik its slope.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb

from ..fields import Array
from ..midpoint import UNIT, Upper, gamma, norms, product, terms
from ..pairs.pair import Pair
from ..spectra import norm_bounds
from .file import GraphStored
from .kinds.affine import Affine
from .kinds.fixed import Fixed
from .kinds.kind import Kind
from .kinds.kinks import Maximum, PiecewiseLinear
from .kinked_path import Seen
from .kinked_reference import KinkedReference

_TINY = Upper(2.0**-900)


@dataclass(frozen=True, eq=False)
class Selections:
    """A graph of one affine node, nodes that pick entries, and a dense head.

    Attributes:
        kinds: of all nodes.
        first: index of the affine node.
        patches: e~, (n, G, P, q + 1) in doubles.
        lengths: root of the sum over samples of the largest |e~_ip|^2.
    """

    kinds: list[Kind]
    first: int
    patches: Array
    lengths: Upper

    @classmethod
    def of(cls, c: GraphStored) -> Selections | None:
        """None for another graph."""
        kinds = c.kinds
        first = next(v for v, kind in enumerate(kinds) if isinstance(kind, Affine))
        conv, head = kinds[first], kinds[-1]
        chain = all(kind.inputs == (v - 1,) for v, kind in enumerate(kinds) if v)
        if not chain or not isinstance(conv, Affine) or not isinstance(head, Affine) or first == len(kinds) - 1:
            return None
        if not all(_picks(kind) for kind in kinds[1:first]) or not all(_picks(k) for k in kinds[first + 1 : -1]):
            return None
        if not head.plain or head.group == conv.group or any(_kinked(kind) for kind in kinds[1:first]):
            return None
        x = c.x
        for kind in kinds[1:first]:
            assert isinstance(kind, Fixed)
            x = np.concatenate([x, np.zeros((len(x), 1))], axis=1)[:, kind.index[:, 0]] * kind.factor[:, 0]
        e = conv.gather_extended(x)
        sizes = norms(e.reshape(len(x), -1, e.shape[3])).value.max(axis=1) * (1 + 8 * UNIT)
        return cls(kinds, first, e, Upper(sizes).norm() + _TINY)

    def norm(self, seen: Seen, moved: arb) -> arb:
        """Upper bound of ||E||.

        Args:
            seen: the pass at the weights; every token is inside its piece.
            moved: how far the residual may be from that of the pass, beside its error.
        """
        conv, head = self.kinds[self.first], self.kinds[-1]
        assert isinstance(conv, Affine)
        assert isinstance(head, Affine)
        n, groups, positions, side = self.patches.shape
        entry = np.broadcast_to(np.arange(conv.size), (n, conv.size))
        slope = np.ones((n, conv.size))
        for v in range(self.first + 1, len(self.kinds) - 1):
            entry, slope = _picked(self.kinds[v], v, seen, entry, slope)
        read = head.patches[0, 0]
        entry, slope = entry[:, np.maximum(read, 0)], np.where(read >= 0, slope[:, np.maximum(read, 0)], 0.0)
        channel = entry // positions
        if (channel != channel[:1]).any():
            return arb.pos_inf()  # channels meet in a maximum: there are no blocks
        residual: Pair = seen.residual
        weights = (slope[:, :, None] * residual.high[:, None, :]).transpose(1, 2, 0)  # (K, C, n)
        if positions == 1 and groups == 1:
            columns = product(weights.reshape(-1, n), self.patches[:, 0, 0]).reshape(*weights.shape[:2], side)
        else:
            e = self.patches[np.arange(n)[:, None], entry // (conv.size // groups), entry % positions]  # (n, K, q + 1)
            columns = product(weights, np.ascontiguousarray(e.transpose(1, 0, 2)))  # (K, C, q + 1)
        blocks = _stacked(head.kappa * columns, channel[0], conv.size // positions)
        most = float(blocks.shape[1])
        steepest = Upper(float(np.abs(slope).max(initial=0.0)))
        off = residual.err + residual.small + Upper.of(moved)
        rounding = residual.size * gamma(terms(n) + 8)
        lost = Upper.of(head.kappa) * steepest * (off + rounding) * self.lengths * Upper(most).root() + _TINY
        # Of a single column the Frobenius norm is the norm.
        sizes = norms(blocks.reshape(len(blocks), -1)) if blocks.shape[1] == 1 else norm_bounds(blocks)
        return (sizes.max() + lost).exact


def _kinked(kind: Kind) -> bool:
    return isinstance(kind, PiecewiseLinear | Maximum)


def _picks(kind: Kind) -> bool:
    """Whether every output is one entry, times a slope."""
    if isinstance(kind, Fixed):
        return kind.index.shape[1] == 1 and kind.offset is None and bool(np.isin(kind.factor, (0.0, 1.0)).all())
    return _kinked(kind)


def _picked(kind: Kind, v: int, seen: Seen, entry: Array, slope: Array) -> tuple[Array, Array]:
    """Which entry every output of node v is, and with what slope."""
    if isinstance(kind, PiecewiseLinear):
        return entry, slope * seen.slopes[v]
    if isinstance(kind, Maximum):
        index, factor = seen.taken[v]
        return np.take_along_axis(entry, index, 1), np.take_along_axis(slope, index, 1) * factor
    assert isinstance(kind, Fixed)
    index = np.maximum(kind.index[:, 0], 0)
    return entry[:, index], slope[:, index] * kind.factor[:, 0]


def _stacked(columns: Array, channel: Array, channels: int) -> Array:
    """Columns (K, C, q + 1) by channel, zeros behind the last: (channels, most, q + 1)."""
    count = np.bincount(channel, minlength=channels)
    order = np.argsort(channel, kind="stable")
    place = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    found = np.zeros((channels, max(1, int(count.max())), *columns.shape[1:]))
    found[channel[order], place] = columns[order]
    return found.reshape(channels, -1, columns.shape[2])


def contracted(kinds: list[Kind], ref: KinkedReference, rows: list[Pair | None], residual: Upper, reach: Upper) -> arb:
    """Upper bound of ||E|| on the ball of radius `reach` about weights, by (G2).

    Sample by sample y_v = B_v^T r goes by `||B_v|| |dr|` with the residual and by `||dB_v|| |r|` with the rows.

    Args:
        kinds: of all nodes.
        ref: bounds on a ball that holds it.
        rows: the residual sent back, at the weights.
        residual: upper bound of ||r|| on the ball.
        reach: eps.
    """
    at, real = ref.rows, ref.rows.real
    form = Upper(np.zeros((real, real)))
    for v, kind in enumerate(kinds):
        y = rows[v]
        if not isinstance(kind, Affine) or y is None or not at.X[kind.inputs[0]].value.any():
            continue
        rule = ref.affine(v)
        bar, turned = rule.row + at.moves.db[v], at.length(at.Y[v]).min(at.length(at.y[v]))
        moved = (bar * Upper.of(ref.lipschitz) + residual * turned) * reach
        size = y.size + y.err + moved
        scale = Upper.of(kind.kappa) if kind.plain else kind.reach
        row = (scale * size * at.X[kind.inputs[0]])[:real].value
        one = np.zeros((real, real))
        one[kind.group] = row
        form = form + Upper(one + one.T)
    return norm_bounds(form.value[None])[0].exact
