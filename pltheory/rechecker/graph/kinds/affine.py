"""P: affine maps of patches with a parameter group; the norms of patches and of T_v (THEORY_GRAPHS section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ...fields import Array, damaged
from ...midpoint import MOST_TERMS, UNIT, Approx, Upper, gamma, halves, norms, product, terms
from ...sparse import by_rows, ones_at
from ...spectra import largest, norm_bounds
from ..margins import Reach
from .affine_rules import AffineRules
from .kind import Around, Kind
from .stored import Arrays, Keys, Shapes
from .terms import AffineTerm
from .weighted_patches import AT_ONCE, batch_norm, sample_norm

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_DENSE = 4096
"""Rows up to which ||T_v|| is taken from a Gram matrix."""
MOST_WEIGHTED = 2**33
"""Products up to which Tc is taken from Gram matrices, a sample each."""
MOST_BLOCK = 128
"""Rows of a block of W whose norm is found for a sample alone."""
SMALL = 64
"""Rows or columns up to which weights are put on W for every sample and position."""


@dataclass(frozen=True, eq=False)
class Affine(Kind):
    """z_{g,o,p} = kappa W_g[o,:] . e_{g,p}(a_u) + tau b_{g,o}.

    Attributes:
        group: gamma, from 0.
        patches: (G, P, q) of indices, -1 for a zero.
        weight: (G, O, q).
        bias: (G, O), or None.
        width: N_u.
    """

    name = "affine"
    keys = ("group", "kappa", "tau")
    axes: ClassVar = {"patches": 3}

    size: int
    inputs: tuple[int, ...]
    group: int
    patches: Array
    kappa: float
    tau: float
    weight: Array
    bias: Array | None
    width: int

    @classmethod
    def settings(cls, keys: Keys) -> dict[str, Any]:
        """The group, from 1, and the factors of weight and bias."""
        return {"group": keys.group(), "kappa": keys.number("kappa"), "tau": keys.number("tau")}

    @classmethod
    def require_shapes(cls, shapes: Shapes) -> None:
        """Patches of the group's weight; a factor of the bias only where there is one."""
        v, group, tau = shapes.v, shapes.node.more["group"], shapes.node.more["tau"]
        outputs, (g, p, q) = shapes.all[f"W{group}"][1], shapes.own("patches")
        shapes.require(f"W{group}", (g, outputs, q), f"n{v}.patches")
        shapes.require_size(g * outputs * p)
        if f"b{group}" not in shapes.all and tau != 0:
            damaged(f"network.nodes[{v}].tau", f"is {tau}, but no b{group} is stored")

    @classmethod
    def stored(cls, arrays: Arrays) -> Affine:
        """The map at its group's weights."""
        node, width = arrays.node, arrays.reads[0]
        group, kappa, tau = (node.more[key] for key in cls.keys)
        patches = arrays.indices("patches", width, lowest=-1)
        weight, bias = arrays.all[f"W{group}"], arrays.all.get(f"b{group}")
        return cls(node.size, node.inputs, group - 1, patches, kappa, tau, weight, bias, width)

    def rules(self, around: Around) -> AffineRules:
        """The norms of patches and rows."""
        return AffineRules.at(self, around.index, around.rows, around.value(self.inputs[0]), around.each)

    @cached_property
    def multiplicity(self) -> int:
        """How often one entry of the input occurs among all patches, omega^2."""
        used = self.patches[self.patches >= 0]
        return int(np.bincount(used, minlength=1).max(initial=0))

    @cached_property
    def reach(self) -> Upper:
        """kappa omega."""
        return Upper.of(self.kappa) * Upper(float(self.multiplicity)).root()

    @property
    def dense(self) -> bool:
        """Whether P = G_v = 1."""
        return self.patches.shape[:2] == (1, 1)

    @property
    def plain(self) -> bool:
        """Whether also omega = 1, so that the Schur product's bounds hold."""
        return self.dense and self.multiplicity <= 1

    @cached_property
    def _frobenius(self) -> Upper:
        """max_g ||W_g||_F."""
        return norms(self.weight.reshape(len(self.weight), -1)).max()

    @cached_property
    def norm(self) -> Upper:
        """||T_v||, kappa included: the least of what is known of it."""
        crude = self.reach * norm_bounds(self.weight).max()
        if self.multiplicity <= 1 or not self.weight.size:
            return crude
        size = Upper.of(self.kappa) * self._unscaled()
        return size.min(crude)

    def largest_block(self, rows: Array, columns: Array) -> Upper | None:
        """`|kappa| max_i ||W[rows_i, columns_i]||` of a dense node, rows (n, O) and columns (n, q) chosen; or None.

        None where more than MOST_BLOCK rows are chosen of a sample.
        """
        best = Upper(0.0)
        for row, column in zip(rows, columns, strict=True):
            if row.sum() > MOST_BLOCK:
                return None
            if row.any() and column.any():
                block = np.ascontiguousarray(self.weight[0][np.ix_(row, column)])
                best = Upper(np.maximum(best.value, norm_bounds(block[None])[0].value))
        return Upper.of(self.kappa) * best

    def _unscaled(self) -> Upper:
        """The norm of T_v / kappa from Gram matrices, one for each group where no entry meets two groups."""
        meets = [np.unique(part[part >= 0]) for part in self.patches]
        alone = sum(map(len, meets)) == len(np.unique(np.concatenate(meets)))
        parts = [[g] for g in range(len(meets))] if alone else [list(range(len(meets)))]
        # T^T T adds at most omega^2 entries of W^T W, T T^T at most omega^2 q products of entries of T, and
        # || |T| || <= omega max ||W_g||_F.
        outputs = self.weight.shape[1]
        rounding = self._frobenius * self._frobenius * float(self.multiplicity)
        rounding = rounding * gamma(terms(outputs) + self.multiplicity * (self.weight.shape[2] + 1) + 2)
        best = Upper(0.0)
        for groups in parts:
            entries = np.unique(np.concatenate([meets[g] for g in groups]))
            if len(entries) <= _DENSE:
                gram = self._inner(groups, entries)
            elif len(groups) * self.patches.shape[1] * outputs <= _DENSE:
                matrix = self._matrix(groups)
                gram = (matrix @ matrix.T).toarray()
            else:
                return Upper(np.inf)
            best = Upper(np.maximum(best.value, largest(gram[None]).value[0]))
        return (best + rounding).root()

    def _inner(self, groups: list[int], entries: Array) -> Array:
        """T^T T of some groups on the entries that they meet, kappa left out."""
        gram = np.zeros((len(entries), len(entries)))
        place = np.full(self.width + 1, -1)
        place[entries] = np.arange(len(entries))
        for g in groups:
            square = product(self.weight[g].T, self.weight[g])
            for patch in self.patches[g]:
                used = np.flatnonzero(patch >= 0)
                at = place[patch[used]]
                block = square if len(used) == len(patch) else square[np.ix_(used, used)]
                if len(np.unique(at)) == len(at):
                    gram[np.ix_(at, at)] += block
                else:
                    np.add.at(gram, np.ix_(at, at), block)
        return gram

    def _matrix(self, groups: list[int]) -> csr_array:
        """Rows (g, o, p) of T / kappa, an index that occurs twice kept twice."""
        _, positions, q = self.patches.shape
        outputs = self.weight.shape[1]
        shape = (len(groups), outputs, positions, q)
        columns = np.broadcast_to(self.patches[groups][:, None], shape)
        values = np.where(columns >= 0, self.weight[groups][:, :, None], 0.0)
        starts = q * np.arange(len(groups) * outputs * positions + 1)
        return by_rows(values.ravel(), np.maximum(columns, 0).ravel(), starts, self.width)

    def gather(self, a: Array) -> Array:
        """E_g(a): (n, G, P, q)."""
        return np.concatenate([a, np.zeros((len(a), 1))], axis=1)[:, self.patches]

    def gather_extended(self, a: Array) -> Array:
        """E~_g(a), in which kappa a has rounded once: (n, G, P, q + 1), or q without a bias."""
        patches = self.kappa * self.gather(a)
        if self.bias is None:
            return patches
        return np.concatenate([patches, np.full((*patches.shape[:3], 1), self.tau)], axis=3)

    def forward(self, inputs: list[Approx]) -> Approx:
        """The map."""
        out = self.linear(inputs[0])
        if self.bias is None:
            return out
        positions = self.patches.shape[1]
        shift = np.repeat(self.tau * self.bias.reshape(-1), positions)
        return Approx(out.mid + shift, out.err + (out.norms + norms(shift)) * (4 * UNIT) + Upper(2.0**-1000))

    def linear(self, a: Approx) -> Approx:
        """T_v(W) a at the doubles of a."""
        n, outputs, q = len(a), self.weight.shape[1], self.weight.shape[2]
        out = np.empty((n, self.size))
        step = max(1, AT_ONCE // max(1, self.patches.size))
        # Products of leading parts are exact; of what is left, smaller by 2^-20, rounding takes as much less.
        high, low = halves(a.mid) if q <= MOST_TERMS else (np.zeros_like(a.mid), a.mid)
        weight_high, weight_low = (w.transpose(0, 2, 1) for w in halves(self.weight))
        weight = self.weight.transpose(0, 2, 1)
        for k in range(0, n, step):
            leading, rest = (self.gather(part[k : k + step]) for part in (high, low))
            small = product(leading, weight_low) + product(rest, weight)
            z = self.kappa * (product(leading, weight_high) + small)
            out[k : k + step] = z.transpose(0, 1, 3, 2).reshape(len(z), -1)
        parts = norms(high) * norms(weight_low.reshape(-1)) + norms(low) * self._frobenius
        rounding = parts * self.reach * gamma(terms(q) + 3) + norms(out) * (4 * UNIT)
        return Approx(out, rounding + (Upper.of(self.kappa) + 1.0) * (2.0**-1000 * max(1, outputs)))

    def carried(self, inputs: list[Approx]) -> Upper:
        """||T_v|| times the error."""
        return self.norm * inputs[0].err

    def backward(self, rows: Approx, inputs: list[Approx], output: Approx) -> list[Approx]:
        """B T_v(W)."""
        outputs = self.weight.shape[1]
        rounding = rows.norms * self.reach * self._frobenius * gamma(terms(outputs) + self.multiplicity + 3)
        err = self.norm * rows.err + rounding + (Upper.of(self.kappa) + 1.0) * 2.0**-1000
        return [Approx(self.folded(rows.mid, self.weight), err)]

    def folded(self, rows: Array, weight: Array) -> Array:
        """B T_v(W) in doubles: (n, C, N_u) from (n, C, N_v) and any W (G, O, q)."""
        groups, positions, _ = self.patches.shape
        outputs = weight.shape[1]
        n, heads, _ = rows.shape
        # Which flat (g, p, j) each entry of the input stands in, as a matrix of ones.
        flat = np.flatnonzero(self.patches.ravel() >= 0)
        target = self.patches.ravel()[flat]
        fold = ones_at(target, flat, (self.width, self.patches.size))
        out = np.zeros((n, heads, self.width))
        step = max(1, AT_ONCE // max(1, heads * self.patches.size))
        turned = weight.transpose(0, 2, 1)[:, None]
        for k in range(0, n, step):
            part = rows[k : k + step]
            cot = part.reshape(-1, groups, outputs, positions).transpose(1, 3, 2, 0)
            patches = product(turned, np.ascontiguousarray(cot)).reshape(self.patches.size, len(part) * heads)
            out[k : k + step] = (self.kappa * (fold @ patches)).T.reshape(len(part), heads, -1)
        return out

    def patch_norms(self, a: Approx) -> tuple[Upper, Upper]:
        """||E~_v|| over the batch and en_v of a sample."""
        e = self.gather_extended(a.mid)
        n, groups, positions, q = e.shape
        batch = norm_bounds(e.transpose(1, 0, 2, 3).reshape(groups, n * positions, q)).max()
        each = norm_bounds(e.reshape(n * groups, positions, q)).value.reshape(n, groups)
        single = (Upper(each.max(axis=1)) * (1 + 8 * UNIT) + self.reach * a.err).max()
        return batch * (1 + 8 * UNIT) + self.reach * a.distance, single

    def reaches(self, a: Approx, *, still: bool) -> Reach:
        """How far single entries of the output go; still: whether nothing moves what the node reads."""
        e = self.gather_extended(a.mid)
        n, groups, positions, _ = e.shape
        outputs = self.weight.shape[1]
        ordered = np.sort(self.patches.reshape(groups * positions, -1), axis=1)
        twice = bool(((np.diff(ordered, axis=1) == 0) & (ordered[:, 1:] >= 0)).any())
        scale = self.reach if twice else Upper.of(self.kappa)
        given = self.gather(a.mid)
        # What underflows to 0 is not 0; zero patches without a bias are.
        tiny = np.where(given.any(axis=3), 2.0**-1000, 0.0)
        own = norms(e) * (1 + 4 * UNIT) + Upper(tiny) + Upper((scale * a.err).value[:, None, None])
        classes = None
        if still and not a.err.value.any():
            # Equal patches of the data give one number at every w.
            patches = given.reshape(n * groups * positions, -1)
            _, same = np.unique(patches, axis=0, return_inverse=True)
            units = np.arange(groups * outputs).reshape(1, groups, outputs, 1) * (n * groups * positions)
            classes = (units + same.reshape(n, groups, 1, positions)).reshape(n, -1)
        spread = np.broadcast_to(own.value[:, :, None], (n, groups, outputs, positions)).reshape(n, -1)
        lengths = scale * Upper(norms(self.weight).value.reshape(-1))
        return Reach(
            self.group, self.inputs[0], Upper(spread), Upper(np.repeat(lengths.value, positions)), scale, classes
        )

    def weighted(self, c: Array, a: Approx) -> AffineTerm:
        """(L2) with weights c (n, N_v) on the outputs."""
        most, (e, weights) = Upper(np.max(c, initial=0.0)), self._with_weights(c, a)
        batch = batch_norm(e, weights) * (1 + 8 * UNIT) + most * self.reach * a.distance
        single = sample_norm(e, weights, most * self.reach * a.err)
        through = most * self.norm
        return AffineTerm(self.group, self.inputs[0], batch, single, through.min(self._through(c)), most * self.reach)

    def weighted_batch(self, c: Array, a: Approx) -> AffineTerm:
        """The same for the batch alone, its bound standing for a sample's too, and Tc by positions."""
        most, (e, weights) = Upper(np.max(c, initial=0.0)), self._with_weights(c, a)
        batch = batch_norm(e, weights) * (1 + 8 * UNIT) + most * self.reach * a.distance
        through = most * self.norm
        if self.inputs[0]:  # the input does not change
            through = through.min(self._through_positions(weights))
        return AffineTerm(self.group, self.inputs[0], batch, batch, through, most * self.reach)

    def _with_weights(self, c: Array, a: Approx) -> tuple[Array, Array]:
        groups, positions, _ = self.patches.shape
        return self.gather_extended(a.mid), c.reshape(len(a), groups, self.weight.shape[1], positions)

    def _through_positions(self, weights: Array) -> Upper:
        """kappa omega max_{i,g,p} ||diag(c_igp) W_g||, at least Tc; over large W with the largest c_igp for all.

        Why: `|c_i o T a|^2 = kappa^2 sum_gp |diag(c_igp) W_g e_gp(a)|^2`, and an entry of a stands in omega^2 patches.
        """
        _, outputs, q = self.weight.shape
        best = Upper(0.0)
        for g, w in enumerate(self.weight):
            rows = weights[:, g].transpose(0, 2, 1).reshape(-1, outputs)
            if min(outputs, q) > SMALL:
                rows = rows.max(axis=0, keepdims=True)
            step = max(1, AT_ONCE // max(1, outputs * q))
            for k in range(0, len(rows), step):
                found = norm_bounds(rows[k : k + step, :, None] * w).max()
                best = Upper(np.maximum(best.value, found.value))
        return self.reach * best * (1 + 8 * UNIT)

    def _through(self, c: Array) -> Upper:
        """Tc = max_i ||diag(c_i) T_v||, where it costs little."""
        short, long = sorted((self.size, self.width))
        if not self.weight.size or len(c) * short * short * long > MOST_WEIGHTED:
            return Upper(np.inf)
        matrix = self._matrix(list(range(len(self.patches)))).toarray()
        best = Upper(0.0)
        step = max(1, AT_ONCE // (short * long))
        for k in range(0, len(c), step):
            found = norm_bounds(c[k : k + step, :, None] * matrix).max()
            best = Upper(np.maximum(best.value, found.value))
        # Entries of the matrix are sums of at most omega^2 weights.
        lost = self._frobenius * float(self.multiplicity) * gamma(self.multiplicity + 2) * Upper(np.max(c, initial=0.0))
        return Upper.of(self.kappa) * (best * (1 + 8 * UNIT) + lost)
