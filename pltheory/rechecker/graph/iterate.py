"""The exact iteration on a graph of one convolution followed in ball arithmetic, for the recheck of Theorem D.

The graphs are chains: fixed maps of the data, one affine node, an activation, fixed maps that keep the affine node's
channels apart, a dense affine node. Weights are `iterate.Weights`, a group's matrices below each other.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from flint import arb, arb_mat

from ..arithmetic import ACTIVATIONS, Row, floats_of, matrix
from ..fields import DAMAGED, Array, Stop
from ..iterate import Weights
from ..network import CURVATURES
from .file import GraphStored
from .kinds.affine import Affine
from .kinds.fixed import Fixed
from .kinds.pointwise import Pointwise

_MARGINS = [2.0**-k for k in (24, 16, 8, 4, 0, -4)]
"""Relative distances above a guessed eigenvalue that are tried in turn."""
_FIELD = "network.nodes"


def group_weights(weights: list[Array], biases: list[Array | None]) -> Weights:
    """Doubles (G, O, q) and (G, O) by groups as exact numbers."""
    flat = [matrix(w.reshape(-1, w.shape[2])) for w in weights]
    return Weights(flat, [None if b is None else matrix(b.reshape(1, -1)) for b in biases])


@dataclass(frozen=True)
class Seen:
    """hidden: Z, one row a sample; slopes: act'(Z); read: kappa' times what the head reads; residual: F - y."""

    hidden: list[Row]
    slopes: list[Row]
    read: arb_mat
    residual: arb_mat


class Chain:
    """A graph of the kind, and what of it never changes.

    Args:
        c: what is stored.

    Attributes:
        members: of every channel, the head's places that read it.

    Raises:
        Stop: with code DAMAGED: the graph is of another kind, which Theorem D's certificates do not speak of.
    """

    def __init__(self, c: GraphStored) -> None:
        kinds = c.kinds
        affine = [v for v, kind in enumerate(kinds) if isinstance(kind, Affine)]
        if any(kind.inputs != (v - 1,) for v, kind in enumerate(kinds) if v) or len(affine) != 2:
            _other("is no chain with two affine nodes")
        first, last = affine
        conv, act, head = kinds[first], kinds[first + 1], kinds[last]
        assert isinstance(conv, Affine)
        assert isinstance(head, Affine)
        fixed = [*kinds[1:first], *kinds[first + 2 : last]]
        if last != len(kinds) - 1 or not isinstance(act, Pointwise) or not all(isinstance(k, Fixed) for k in fixed):
            _other("is not fixed maps, an affine node, an activation, fixed maps and an affine node")
        if not head.plain or head.group == conv.group:
            _other("does not end with a dense node of its own group")
        self.conv, self.head, self.name = conv, head, act.activation
        self.fixed = [k for k in kinds[first + 2 : last] if isinstance(k, Fixed)]
        self.samples, self.y = len(c.x), matrix(c.y)
        self.members = self._members()
        data = [[arb(v) for v in row] for row in c.x.tolist()]
        for kind in kinds[1:first]:
            assert isinstance(kind, Fixed)
            data = [_fixed(kind, row) for row in data]
        self.patches = [self._patches(data, part) for part in conv.patches]  # e~_ip, rows (i, p), by groups
        self.squares = [
            arb_mat([[a * b for a, b in itertools.combinations_with_replacement(row, 2)] for row in e.tolist()])
            for e in self.patches
        ]
        self.lengths = [[sum((v * v for v in row), arb(0)).sqrt() for row in e.tolist()] for e in self.patches]

    def _members(self) -> list[list[int]]:
        groups, positions, _ = self.conv.patches.shape
        label = np.repeat(np.arange(groups * self.conv.weight.shape[1]), positions)
        for kind in self.fixed:
            reads = np.where(kind.index >= 0, label[kind.index], -1)
            highest = reads.max(axis=1)
            if ((reads >= 0) & (reads != highest[:, None])).any():
                _other("has a fixed map in which channels meet")
            label = highest
        places = self.head.patches[0, 0]
        at = np.where(places >= 0, label[places], -1)
        return [np.flatnonzero(at == o).tolist() for o in range(groups * self.conv.weight.shape[1])]

    def _patches(self, data: list[Row], part: Array) -> arb_mat:
        kappa, zero = arb(self.conv.kappa), arb(0)
        more = [] if self.conv.bias is None else [arb(self.conv.tau)]
        rows = [
            [*(kappa * row[k] if k >= 0 else zero for k in patch), *more] for row in data for patch in part.tolist()
        ]
        return arb_mat(rows)

    # --- one pass ---

    def forward(self, at: Weights) -> Seen:
        """Outputs and what the backward pass needs."""
        evaluate = ACTIVATIONS[self.name][0]
        n, (groups, positions, _) = self.samples, self.conv.patches.shape
        own, outputs = _extended(at, self.conv.group), self.conv.weight.shape[1]
        hidden: list[Row] = [[] for _ in range(n)]
        for g in range(groups):
            w = arb_mat(own[g * outputs : (g + 1) * outputs])
            for column in (w * self.patches[g].transpose()).tolist():
                for i in range(n):
                    hidden[i] += column[i * positions : (i + 1) * positions]
        pairs = [[evaluate(v) for v in row] for row in hidden]
        values = [[p[0] for p in row] for row in pairs]
        for kind in self.fixed:
            values = [_fixed(kind, row) for row in values]
        kappa, zero, places = arb(self.head.kappa), arb(0), self.head.patches[0, 0].tolist()
        read = arb_mat([[kappa * row[k] if k >= 0 else zero for k in places] for row in values])
        out = read * at.weights[self.head.group].transpose()
        bias = at.biases[self.head.group]
        if bias is not None:
            out += arb_mat(n, 1, [1] * n) * (bias * arb(self.head.tau))
        return Seen(hidden, [[p[1] for p in row] for row in pairs], read, out - self.y)

    def _sent_back(self, weights: arb_mat, residual: arb_mat) -> list[Row]:
        """The residual at the activation's output, one row a sample."""
        rows = (residual * weights * arb(self.head.kappa)).tolist()
        places = self.head.patches[0, 0].tolist()
        found = []
        for row in rows:
            values = [arb(0)] * self.head.width
            for k, v in zip(places, row, strict=True):
                if k >= 0:
                    values[k] += v
            for kind in reversed(self.fixed):
                values = _fixed_back(kind, values)
            found.append(values)
        return found

    def gradient(self, at: Weights, seen: Seen, share: arb) -> Weights:
        """Gradient of the loss in use, in the shape of the weights."""
        v = seen.residual * share
        n, (groups, positions, q) = self.samples, self.conv.patches.shape
        weights: list[arb_mat] = [arb_mat(0, 0)] * len(at.weights)
        biases: list[arb_mat | None] = [None] * len(at.weights)
        weights[self.head.group] = v.transpose() * seen.read
        if at.biases[self.head.group] is not None:
            biases[self.head.group] = arb_mat(1, n, [1] * n) * v * arb(self.head.tau)
        y = self._sent_back(at.weights[self.head.group], v)
        rows = [[a * b for a, b in zip(*pair, strict=True)] for pair in zip(y, seen.slopes, strict=True)]
        found: list[Row] = []
        for g in range(groups):
            found += (arb_mat(self._channels(rows, g, positions)) * self.patches[g]).tolist()
        weights[self.conv.group] = arb_mat([row[:q] for row in found])
        if at.biases[self.conv.group] is not None:
            biases[self.conv.group] = arb_mat([[row[q] for row in found]])
        return Weights(weights, biases)

    def _channels(self, rows: list[Row], g: int, positions: int) -> list[Row]:
        """Of one group, a row for each channel over (i, p)."""
        outputs = self.conv.weight.shape[1]
        starts = [(g * outputs + o) * positions for o in range(outputs)]
        return [list(itertools.chain(*(row[s : s + positions] for row in rows))) for s in starts]

    # --- curvature ---

    def curvature(self, at: Weights, seen: Seen, reach: arb, lipschitz: arb) -> tuple[arb, arb]:
        """Upper bounds of ||E|| and -lambda_min(E), E = sum_ic r_ic Hess f_ic, on the ball of radius `reach`.

        F is linear in the head's weights and channels meet in the head only, so E is block-diagonal over the channels,
        with blocks [[Q, P], [P^T, 0]] on the channel's [w, b] and the head's weights that read it:
        `Q = sum_ip y_ip act''(z_ip) e~_ip e~_ip^T`, and column (c, k) of P is
        `kappa' sum_i r_ic sum_p L_kp act'(z_ip) e~_ip`. Every number is a ball that holds its values at ALL weights
        within `reach`: residuals move by at most `lipschitz` reach, the head's weights by reach, z_ip by |e~_ip| reach.
        """
        slope, bend = ACTIVATIONS[self.name][0], CURVATURES[self.name][0]
        groups, positions, q = self.conv.patches.shape
        outputs = self.conv.weight.shape[1]
        moved = [
            [
                v + arb(0, (self.lengths[k // (outputs * positions)][i * positions + k % positions] * reach).upper())
                for k, v in enumerate(row)
            ]
            for i, row in enumerate(seen.hidden)
        ]
        ball = arb(0, (lipschitz * reach).upper())
        residual = arb_mat([[v + ball for v in row] for row in seen.residual.tolist()])
        ball = arb(0, reach.upper())
        weights = arb_mat([[v + ball for v in row] for row in at.weights[self.head.group].tolist()])
        y = self._sent_back(weights, residual)
        bent = [[a * bend(z) for a, z in zip(*pair, strict=True)] for pair in zip(y, moved, strict=True)]
        slopes = [[slope(z)[1] for z in row] for row in moved]
        size = q + (0 if self.conv.bias is None else 1)
        mixed = [self._mixed(residual, slopes, c, size) for c in range(residual.ncols())]
        low, high = arb(0), arb(0)
        for g in range(groups):
            forms = (arb_mat(self._channels(bent, g, positions)) * self.squares[g]).tolist()
            for o, form in enumerate(forms):
                block = _symmetric(form, size)
                places = self.members[g * outputs + o]
                rows = [[part[j][k] for part in mixed for k in places] for j in range(size)]
                gram = arb_mat(rows) * arb_mat(rows).transpose() if places else arb_mat(size, size)
                high = high.max(_above(block, gram))
                low = low.max(_above(-block, gram))
        return low.max(high), low

    def _mixed(self, residual: arb_mat, slopes: list[Row], c: int, size: int) -> list[Row]:
        """The columns (c, k) of all P side by side, k over what the head reads: rows j of e~, (q + 1) of them."""
        groups, positions, _ = self.conv.patches.shape
        rows = [[residual[i, c] * s for s in row] for i, row in enumerate(slopes)]
        found: list[Row] = [[] for _ in range(size)]
        for g in range(groups):
            e = self.patches[g].tolist()
            channels = self._channels(rows, g, positions)
            for p in range(positions):
                part = arb_mat([row[p::positions] for row in channels]) * arb_mat(e[p::positions])
                for column in part.tolist():
                    for j, v in enumerate(column):
                        found[j].append(v)
        # So far ordered (g, p, o); the nodes order (g, o, p).
        outputs = self.conv.weight.shape[1]
        order = [
            (g * positions + p) * outputs + o for g in range(groups) for o in range(outputs) for p in range(positions)
        ]
        kappa, zero, places = arb(self.head.kappa), arb(0), self.head.patches[0, 0].tolist()
        result = []
        for row in found:
            values = [row[k] for k in order]
            for kind in self.fixed:
                values = _linear(kind, values)
            result.append([kappa * values[k] if k >= 0 else zero for k in places])
        return result


def _other(what: str) -> NoReturn:
    raise Stop(DAMAGED, _FIELD, f"the graph {what}: Theorem D is not claimed of such a one")


def _extended(at: Weights, group: int) -> list[Row]:
    """Rows [W, b] of a group."""
    rows, bias = at.weights[group].tolist(), at.biases[group]
    return rows if bias is None else [[*row, b] for row, b in zip(rows, bias.entries(), strict=True)]


def _linear(kind: Fixed, row: Row) -> Row:
    """L a."""
    found = []
    for index, factor in zip(kind.index.tolist(), kind.factor.tolist(), strict=True):
        parts = [row[k] if f == 1 else arb(f) * row[k] for k, f in zip(index, factor, strict=True) if k >= 0]
        found.append(sum(parts[1:], parts[0]) if parts else arb(0))
    return found


def _fixed(kind: Fixed, row: Row) -> Row:
    """L a + c."""
    values = _linear(kind, row)
    return values if kind.offset is None else [v + arb(c) for v, c in zip(values, kind.offset.tolist(), strict=True)]


def _fixed_back(kind: Fixed, row: Row) -> Row:
    """L^T b."""
    found = [arb(0)] * kind.width
    for index, factor, b in zip(kind.index.tolist(), kind.factor.tolist(), row, strict=True):
        for k, f in zip(index, factor, strict=True):
            if k >= 0:
                found[k] += b if f == 1 else arb(f) * b
    return found


def _symmetric(entries: Row, size: int) -> arb_mat:
    """From its entries on and above the diagonal."""
    found = arb_mat(size, size)
    for (i, j), v in zip(itertools.combinations_with_replacement(range(size), 2), entries, strict=True):
        found[i, j] = found[j, i] = v
    return found


def _above(form: arb_mat, gram: arb_mat) -> arb:
    """Upper bound of lambda_max of [[Q, P], [P^T, 0]], given Q and P P^T.

    A positive t is one where t I - Q - P P^T / t, the Schur complement of t I in t I - block, is positive definite;
    infinite where no t tried is shown to be one.
    """
    q, s = floats_of(form), floats_of(gram)
    values, vectors = np.linalg.eigh((s + s.T) / 2)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    guess = float(np.linalg.eigvalsh(np.block([[q, root], [root.T, np.zeros_like(q)]]))[-1])
    # Radii of the balls decide nothing below that part of the entries.
    guess = max(guess, 2.0**-40 * float(np.abs(q).max()), 2.0**-20 * float(np.sqrt(max(values[-1], 0.0))), 2.0**-400)
    size = len(q)
    for margin in _MARGINS:
        t = arb(guess) * (1 + margin)
        rest = gram * (-1 / t) - form
        for i in range(size):
            rest[i, i] += t
        if _positive_definite(rest):
            return t.upper()
    return arb.pos_inf()


def _positive_definite(sym: arb_mat) -> bool:
    """Whether all pivots of elimination are certainly positive; entries below the diagonal are those above it."""
    rows = sym.tolist()
    for k, row in enumerate(rows):
        pivot = row[k]
        if not pivot > 0:
            return False
        for i in range(k + 1, len(rows)):
            factor = row[i] / pivot
            below = rows[i]
            for j in range(i, len(rows)):
                below[j] -= factor * row[j]
    return True
