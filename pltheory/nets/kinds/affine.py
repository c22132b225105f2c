"""P: a parametric affine map of patches: dense layers, convolutions, scale and shift, maps shared over tokens.

`z_{g,o,p} = kappa W_g[o,:] . e_{g,p}(a_u) + tau b_{g,o}` (THEORY_GRAPHS section 1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...theory.arithmetic import Scalar
from ...theory.rows import Pair, Row, scaled, together, total, unit
from ..fields.protocol import Field, Values
from ..fitting import GroupShapes, Indices, require, require_indices
from ..passages import Passage
from ..quadratic import Quadratic
from ..sweep import Sweep
from ..tape import Reach, Tape, Weighted
from ..units import UnitRows
from .kind import Kind
from .weights import weighted_norm

ENTRIES = 20_000_000
"""Of patches of backward rows held at a time, and of weighted matrices."""
SMALL = 64
"""Up to this size the matrices diag(c) W of every sample and position are taken one by one; beyond it c is its largest
value over them, which is a bound, and cost less than a hundredth of T_c where measured."""
DENSE_MAP = 2048
"""Up to this size of the smaller side the linear map itself is formed for its norm."""


@dataclass(frozen=True)
class AffineNumbers:
    """Numbers of an affine node at the centre (THEORY_GRAPHS sections 2 and 3).

    Attributes:
        scale: |kappa|.
        reach: |kappa| omega.
        spread: ||T_v(W_0)||; 0 where the input does not move.
        inputs: ||E~_v||.
        input_max: en_v.
        rows: ||B_v||.
        squares: Bs_v.
        row_max: bo_v.
        group_rows: Br_v.
        group_row_max: br_v.
    """

    scale: Scalar
    reach: Scalar
    spread: Scalar
    inputs: Scalar
    input_max: Scalar
    rows: Scalar
    squares: Scalar
    row_max: Scalar
    group_rows: Scalar
    group_row_max: Scalar


@dataclass(frozen=True, eq=False)
class Affine(Kind):
    """An affine node; its output is ordered (g, o, p), as torch orders channels before positions.

    Attributes:
        group: index of the parameter group.
        patches: (G, P, q), which entry of the input stands where in the patch e_{g,p}; -1 for a zero.
        kappa: scale of the weights.
        tau: scale of the bias, 0 where the group has none.
    """

    group: int
    patches: Indices
    kappa: float
    tau: float

    name = "affine"

    @property
    def settings(self) -> Mapping[str, int | float | str]:
        """Its scalars in a certificate, the group counted from 1."""
        return {"group": self.group + 1, "kappa": float(self.kappa), "tau": float(self.tau)}

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """The patches."""
        return {"patches": self.patches}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit."""
        require(len(inputs) == 1, "an affine node reads one other")
        require(0 <= self.group < len(groups), "there is no such parameter group")
        require_indices(self.patches, 3, inputs[0], "patches", padding=True)
        weight, bias = groups[self.group].weight, groups[self.group].bias
        g, p, q = self.patches.shape
        require(weight.ndim == 3 and weight.shape[0] == g and weight.shape[2] == q, "patches do not fit the weights")
        require(bias is None or bias.shape == weight.shape[:2], "the bias does not fit the weights")
        require(size == g * weight.shape[1] * p and size >= 1, "the size is not G O P")
        require(math.isfinite(self.kappa) and math.isfinite(self.tau), "a scale is not finite")
        require(bias is not None or self.tau == 0, "tau must be 0 where there is no bias")

    # --- the index map ---

    @cached_property
    def multiplicity(self) -> int:
        """The largest number of times that one entry of the input occurs among all patches of all groups."""
        used = self.patches[self.patches >= 0]
        return int(np.bincount(used).max()) if used.size else 0

    @property
    def dense(self) -> bool:
        """Whether every entry of the input stands once, in the one patch: then rows multiply (L3, second form)."""
        return self.patches.shape[:2] == (1, 1) and self.multiplicity <= 1

    def _inverse(self, size: int) -> Indices:
        """For every entry of the input, where it stands among the G P q places, -1 behind the last: (N_u, mult)."""
        flat = self.patches.ravel()
        places = np.nonzero(flat >= 0)[0]
        order = places[np.argsort(flat[places], kind="stable")]
        entries = flat[order]
        first = np.searchsorted(entries, entries)
        inverse = np.full((size, max(1, self.multiplicity)), -1, dtype=np.int64)
        inverse[entries, np.arange(len(entries)) - first] = order
        return inverse

    # --- forward and back ---

    def forward(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """Z of shape (n, N_v)."""
        f, (weight, bias) = tape.field, tape.groups[self.group]
        g, p, q = self.patches.shape
        o, n = f.shape(weight)[1], tape.samples
        x = tape.values[inputs[0]]
        e = f.scaled(f.gather(f.settled(x), self.patches), self.kappa)  # (n, G, P, q)
        if g == 1:
            z = f.fine_product(f.reshape(e, n * p, q), f.transpose(f.reshape(weight, o, q), 1, 0))
            z = f.reshape(z, n, 1, p, o)
        else:
            z = f.fine_product(e, f.transpose(weight, 0, 2, 1))  # (n, G, P, O)
        if bias is not None:
            z = f.add(z, f.scaled(f.reshape(bias, 1, g, 1, o), self.tau))
        z = f.reshape(f.transpose(z, 0, 1, 3, 2), n, g * o * p)
        return f.carried(z, lambda: self._norm(tape, v, inputs), x)

    def backward(self, tape: Tape, v: int, inputs: Sequence[int]) -> list[Values]:
        """Rows B_v T_v(W) of shape (n C, N_u)."""
        f, (weight, _) = tape.field, tape.groups[self.group]
        g, p, q = self.patches.shape
        o, rows = f.shape(weight)[1], f.shape(tape.rows[v])[0]
        inverse = self._inverse(f.shape(tape.values[inputs[0]])[1])
        scaled_weight = f.scaled(weight, self.kappa)
        parts = []
        size = max(1, ENTRIES // max(1, g * p * max(q, 1)))
        settled = f.settled(tape.rows[v])
        for a in range(0, rows, size):
            b = f.part(settled, slice(a, a + size))
            count = f.shape(b)[0]
            b = f.transpose(f.reshape(b, count, g, o, p), 0, 1, 3, 2)
            if g == 1:
                e = f.product(f.reshape(b, count * p, o), f.reshape(scaled_weight, o, q))
            else:
                e = f.product(b, scaled_weight)
            parts.append(f.gathered_sum(f.reshape(e, count, g * p * q), inverse))
        return [f.carried(f.concatenate(parts), lambda: self._norm(tape, v, inputs), tape.rows[v])]

    def extended_patches(self, tape: Tape, inputs: Sequence[int]) -> Values:
        """E~ of shape (n, G, P, q + 1), the last column tau."""
        f = tape.field
        return f.with_column(f.scaled(f.gather(tape.values[inputs[0]], self.patches), self.kappa), self.tau)

    def parameter_rows(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """J_v of shape (n C, G O (q + 1)): what this node's use of its group adds to the Jacobian."""
        f, e = tape.field, self.extended_patches(tape, inputs)
        n, g, p, q1 = f.shape(e)
        c = tape.outputs
        o = f.shape(tape.groups[self.group][0])[1]
        b = f.reshape(f.transpose(f.reshape(tape.rows[v], n, c, g, o, p), 0, 2, 1, 3, 4), n, g, c * o, p)
        j = f.reshape(f.product(b, e), n, g, c, o, q1)
        return f.reshape(f.transpose(j, 0, 2, 1, 3, 4), n * c, g * o * q1)

    def kernel(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """J_v J_v^T of a dense node, (B B^T) o (E~ E~^T (x) 1 1^T), without its Jacobian."""
        f, n, c = tape.field, tape.samples, tape.outputs
        e = f.reshape(self.extended_patches(tape, inputs), n, -1)
        gram = f.product(e, f.transpose(e, 1, 0))
        rows = f.product(tape.rows[v], f.transpose(tape.rows[v], 1, 0))
        product = f.times(f.reshape(rows, n, c, n, c), f.reshape(gram, n, 1, n, 1))
        return f.reshape(product, n * c, n * c)

    # --- numbers at the centre ---

    def numbers(self, tape: Tape, v: int, inputs: Sequence[int]) -> AffineNumbers:
        """Norms of patches, weights and backward rows."""
        f = tape.field
        g, p, _ = self.patches.shape
        n, c = tape.samples, tape.outputs
        e = self.extended_patches(tape, inputs)
        batch, single = self._patch_norms(f, e)
        rows = tape.rows[v]
        row_max, whole = tape.largest_row_norm(rows), f.norm(rows)
        if self.dense:
            squares = group_rows = whole
            group_row_max = row_max
        else:
            squares = tape.rows_of_squares(rows)
            o = f.shape(tape.groups[self.group][0])[1]
            by_group = f.transpose(f.reshape(rows, n, c, g, o, p), 2, 0, 1, 4, 3)  # (G, n, C, P, O)
            group_rows = f.largest_norm(f.reshape(by_group, g, n * c * p, o))
            group_row_max = f.largest_norm(f.reshape(by_group, g * n, c * p, o))
        scale = abs(self.kappa)
        moving = tape.moving[inputs[0]]
        spread = self._norm(tape, v, inputs) if moving else 0.0
        return AffineNumbers(
            scale, self._spreading(f), spread, batch, single, whole, squares, row_max, group_rows, group_row_max,
        )  # fmt: skip

    def _patch_norms(self, f: Field, e: Values) -> tuple[float, float]:
        """||E~_v|| and en_v."""
        n, g, p, q1 = f.shape(e)
        by_group = f.reshape(f.transpose(e, 1, 0, 2, 3), g, n * p, q1)
        batch = f.norm(f.reshape(by_group, n * p, q1)) if g == 1 else f.largest_norm(by_group)
        if p == 1:
            return batch, float(np.max(f.lengths(e, -1)))
        return batch, f.largest_norm(f.reshape(e, n * g, p, q1))

    def _spreading(self, f: Field) -> float:
        """|kappa| omega."""
        return float(f.up(abs(self.kappa), float(f.root(float(self.multiplicity)))))

    def reach(self, tape: Tape, v: int, inputs: Sequence[int]) -> Reach:
        """Entry (g, o, p) of sample i moves by at most `|e~_ip| t_g + |kappa| |W_o'| |e_p(da^i)|`."""
        f, e = tape.field, self.extended_patches(tape, inputs)
        n, g, p, _ = f.shape(e)
        o = f.shape(tape.groups[self.group][0])[1]
        own = f.lengths(e, -1)[:, :, None, :]  # (n, G, 1, P)
        ordered = np.sort(self.patches.reshape(g * p, -1), axis=1)
        twice = bool(((np.diff(ordered, axis=1) == 0) & (ordered[:, 1:] >= 0)).any())
        root = self._spreading(f) if twice else abs(self.kappa)
        lengths = f.lengths(tape.groups[self.group][0], -1)  # (G, O)
        weights = np.repeat(f.up(lengths, root).reshape(-1), p)
        classes = None
        given = tape.values[inputs[0]]
        if not tape.moving[inputs[0]] and f.radius(given) == 0:
            patches = f.middle(f.gather(given, self.patches)).reshape(n * g * p, -1)
            if self.tau == 0:
                own = np.where((patches == 0).all(-1).reshape(n, g, 1, p), 0.0, own)
            _, same = np.unique(patches, axis=0, return_inverse=True)
            unit = np.arange(g * o).reshape(1, g, o, 1) * (n * g * p)
            classes = (unit + same.reshape(n, g, 1, p)).reshape(n, -1)
        own = np.broadcast_to(own, (n, g, o, p)).reshape(n, -1)
        return Reach(v, self.group, own, weights, root, inputs[0], classes)

    def _norm(self, tape: Tape, v: int, inputs: Sequence[int]) -> float:
        return tape.norm_of(v, lambda: self._spread(tape, inputs))

    def _spread(self, tape: Tape, inputs: Sequence[int]) -> float:
        """||T_v(W_0)||: of the map itself where it is small, else kappa omega max_g ||W_g|| (L1b)."""
        f, (weight, _) = tape.field, tape.groups[self.group]
        g, p, q = self.patches.shape
        o, size = f.shape(weight)[1], f.shape(tape.values[inputs[0]])[1]
        if g == 1:
            largest = f.norm(f.reshape(weight, o, q))
        else:
            largest = f.largest_norm(weight)
        best = float(f.up(self._spreading(f), largest))
        if self.dense or min(g * o * p, size) > DENSE_MAP or g * o * p * size > ENTRIES:
            return best
        places = np.full((g, p, size), -1, dtype=np.int64)
        gg, pp, qq = np.nonzero(self.patches >= 0)
        entries = self.patches[gg, pp, qq]
        if len(np.unique((gg * p + pp) * size + entries)) < len(entries):
            return best  # an entry stands twice in one patch: its weights would have to be added
        places[gg, pp, entries] = qq
        index = np.arange(g)[:, None, None] * (o * q) + places
        index[places < 0] = -1
        flat = f.reshape(weight, g * o * q)
        maps = [f.gather(flat, np.where(index < 0, -1, index + k * q)) for k in range(o)]  # each (G, P, N_u)
        whole = f.reshape(f.concatenate(maps), o * g * p, size)
        return min(best, float(f.up(abs(self.kappa), f.norm(whole))))

    def weighted(self, tape: Tape, v: int, inputs: Sequence[int], c: np.ndarray) -> list[Weighted]:
        """This node's own weights and its input's change (L2)."""
        f, e = tape.field, self.extended_patches(tape, inputs)
        n, g, p, q1 = f.shape(e)
        weights = c.reshape(n, g, -1, p)
        by_group = f.reshape(f.transpose(e, 1, 0, 2, 3), g, n * p, q1)
        over_batch = np.ascontiguousarray(weights.transpose(1, 2, 0, 3)).reshape(g, -1, n * p)
        batch, single = self._patch_norms(f, e)
        return [
            Weighted(
                v,
                True,
                float(c.max(initial=0.0)),
                weighted_norm(f, by_group, over_batch, batch),
                weighted_norm(f, f.reshape(e, n * g, p, q1), weights.reshape(n * g, -1, p), single),
                self.weighted_spread(tape, v, inputs, c) if tape.moving[inputs[0]] else 0.0,
            )
        ]

    def weighted_spread(self, tape: Tape, v: int, inputs: Sequence[int], c: np.ndarray) -> float:
        """Tc: |kappa| omega times the largest over i, g and p of ||diag(c_igp) W_g||, or max(c) ||T_v||.

        Why: |c_i o T(W) a|^2 = kappa^2 sum_gp |diag(c_igp) W_g e_gp|^2, and each entry of a stands in mult patches.
        """
        f, (weight, _) = tape.field, tape.groups[self.group]
        g, o, q = f.shape(weight)
        weights = c.reshape(len(c), g, o, -1).transpose(1, 0, 3, 2).reshape(g, -1, o)  # (G, n P, O)
        if min(o, q) > SMALL:
            weights = weights.max(axis=1, keepdims=True)
        size = max(1, ENTRIES // max(1, o * q))
        best = 0.0
        for b in range(g):
            w = f.part(weight, slice(b, b + 1))
            for start in range(0, weights.shape[1], size):
                part = np.ascontiguousarray(weights[b, start : start + size])[:, :, None]
                best = max(best, f.largest_norm(f.times(w, f.constant(part))))
        whole = f.up(float(c.max(initial=0.0)), self._norm(tape, v, inputs))
        return min(float(f.up(best, self._spreading(f))), float(whole))

    # --- over a ball ---

    def spread_in(self, sweep: Sweep, v: int) -> Scalar:
        """Tb_v, an upper bound of ||T_v(W)|| in the ball."""
        at: AffineNumbers = sweep.numbers[v]
        return at.spread + at.reach * sweep.radius

    def forward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> Pair:
        """X_v = ||E~_v|| e_g + Tb_v X_u."""
        at: AffineNumbers = sweep.numbers[v]
        moved = sweep.before(inputs[0])
        own = Pair(
            unit(self.group, at.inputs + at.reach * moved.batch),
            unit(self.group, at.input_max + at.reach * moved.sample),
        )
        return together(own, sweep.forward[inputs[0]].scaled(self.spread_in(sweep, v)))

    def weighted_change(self, sweep: Sweep, term: Weighted, u: int) -> Pair:
        """||E~||_c e_g + (Tc + max(c) kappa omega s) X_u."""
        at: AffineNumbers = sweep.numbers[term.node]
        moved = sweep.before(u)
        own = Pair(
            unit(self.group, term.batch + term.largest * at.reach * moved.batch),
            unit(self.group, term.sample + term.largest * at.reach * moved.sample),
        )
        return together(own, sweep.forward[u].scaled(term.spread + term.largest * at.reach * sweep.radius))

    def backward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> list[Pair]:
        """Tb_v Y_v + kappa omega min(Bs_v, Br_v) e_g; the stack's norm where the node is dense."""
        at: AffineNumbers = sweep.numbers[v]
        moved = sweep.before_back(v)
        # What both bound, sup (sum_i ||B^i T(D)||^2)^(1/2) over ||D||_F <= 1, is a seminorm of B: it moves by dB.
        batch, sample = sweep.ops.minimum(at.squares, at.group_rows) + moved.batch, self._row_max(sweep, v)
        own = Pair(unit(self.group, at.reach * batch), unit(self.group, at.reach * sample))
        return [together(own, sweep.sent_through(v, self.spread_in(sweep, v)))]

    def passage(self, tape: Tape, silent: np.ndarray, inputs: Sequence[int]) -> Passage:
        """Of a dense node that reads one with kinks, no entry twice; silent entries are constant on their piece."""
        weight, _ = tape.groups[self.group]
        f = tape.field
        return Passage(f, f.middle(weight)[0], abs(self.kappa), self.patches[0, 0], silent, inputs[0])

    def _row_max(self, sweep: Sweep, v: int) -> Scalar:
        """Min(bo_v, br_v), or its bar."""
        at: AffineNumbers = sweep.numbers[v]
        moved = sweep.before_back(v).sample
        return sweep.ops.minimum(at.row_max, at.group_row_max) + moved

    def units(self, tape: Tape, v: int, inputs: Sequence[int]) -> UnitRows:
        """The Jacobian's rows by units, for a node with kinks above that may silence them."""
        e = self.extended_patches(tape, inputs)
        g, p, _ = self.patches.shape
        o = tape.field.shape(tape.groups[self.group][0])[1]
        norm, _ = self._patch_norms(tape.field, e)
        return UnitRows(tape.field, self.group, tape.rows[v], e, (g, o, p), norm, self.dense)

    def jacobian_changes(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> list[Row]:
        """Bounds of what this node adds to the row M_g of its group; each holds."""
        at: AffineNumbers = sweep.numbers[v]
        moved, back = sweep.moved(inputs[0]), sweep.backward[v]
        x = sweep.forward[inputs[0]]
        first = total(
            scaled(at.inputs + at.reach * moved.batch, back.sample),
            scaled(at.reach * self._row_max(sweep, v), x.batch),
        )
        if not self.dense:
            return [first]
        before = sweep.before_back(v)
        single = at.input_max + at.scale * moved.sample
        by_batch = total(scaled(single, back.batch), scaled(at.scale * (at.row_max + before.sample), x.batch))
        by_sample = total(scaled(single, back.batch), scaled(at.scale * (at.rows + before.batch), x.sample))
        return [first, by_batch, by_sample]

    def curvature(self, sweep: Sweep, v: int, inputs: Sequence[int], form: Quadratic) -> None:
        """2 kappa omega t_g bb_v (X'_u . t), or for a dense node 2 kappa t_g Bb_v (x'_u . t)."""
        at: AffineNumbers = sweep.numbers[v]
        x, own = sweep.forward[inputs[0]], unit(self.group, sweep.zero + 2.0)
        choices = [scaled(at.reach * self._row_max(sweep, v), x.batch)]
        if self.dense:
            choices.append(scaled(at.scale * (at.rows + sweep.before_back(v).batch), x.sample))
        form.add(own, min(choices, key=sweep.size))
