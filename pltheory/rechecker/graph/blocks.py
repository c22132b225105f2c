"""The blocks of `iterate.Chain.curvature` in doubles: midpoints at the weights, and one bound of their change.

A block [[Q, P], [P^T, 0]] moves by at most ||dQ|| + ||dP||. With e = e~_ip, E all of them below each other, and for all
weights within `reach`: residuals move by dr = `lipschitz` reach, z_iop by |e| reach, and
`|dy|_F <= |L| kappa' (|W'|_F dr + reach (|r| + dr))`, so that

    ||dQ_o|| <= |E|_F^2 max |d(y act'')|,   ||dP_o||_F <= kappa' |L| |E|_F |d(r act')|_F.

What rounding and the doubles' distance from the exact weights add has the same form.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from flint import arb

from ..arithmetic import ACTIVATIONS, THIRD
from ..fields import Array
from ..midpoint import UNIT, Upper, gamma, norms, product, stacked, terms
from ..pairs.step import PairWeights
from ..spectra import largest
from ..tables import activation
from .path import Path, PathSeen

_MARGIN = 1 + 2.0**-24
"""t is taken that much above a guessed eigenvalue."""
_LEAST = 2.0**-400
_TINY = Upper(2.0**-900)
"""More than underflow adds to any of the sums here."""
_AT_ONCE = 2**20
"""Entries of an array worked on at a time."""


class Blocks:
    """The blocks of a path's graph, and what of them never changes.

    Args:
        path: the passes.
    """

    def __init__(self, path: Path) -> None:
        self._path, chain = path, path.chain
        self._tables = activation(chain.name)
        self._s1, self._s2 = (Upper.of(s()) for s in ACTIVATIONS[chain.name][1:])
        self._s3 = Upper.of(THIRD[chain.name]())
        self._kappa = Upper.of(chain.head.kappa)
        self._patches = [e.high for e in path.patches]
        self._samples, (self._groups, self._positions, _) = chain.samples, chain.conv.patches.shape
        self._all = stacked([e.size + e.err for e in path.patches]).max()
        self._longest = stacked([norms(e.high).max() + e.small + e.err for e in path.patches]).max()
        self._off = stacked([e.small + e.err for e in path.patches]).max()

    @cached_property
    def _fixed(self) -> Upper:
        """|| |L| || for all maps between the activation and the head."""
        size = Upper(1.0)
        for kind in self._path.chain.fixed:
            size = size * kind.crude
        return size

    @cached_property
    def _terms(self) -> int:
        """Roundings of one entry on its way through the maps."""
        return sum(map_.index.shape[1] + map_.transposed.index.shape[1] + 2 for map_ in self._path.maps)

    @cached_property
    def _members(self) -> Array:
        """(G O, most): the head's places that read each channel, -1 where there are fewer."""
        members = self._path.chain.members
        found = np.full((len(members), max(1, *map(len, members))), -1)
        for row, places in zip(found, members, strict=True):
            row[: len(places)] = places
        return found

    def bounds(self, at: PairWeights, seen: PathSeen, reach: arb, lipschitz: arb) -> tuple[arb, arb]:
        """As `Chain.curvature`: upper bounds of ||E|| and -lambda_min(E) on the ball."""
        chain, way = self._path.chain, Upper.of(reach)
        residual, head = seen.residual, at.weights[chain.head.group]
        n, outputs = residual.high.shape
        moved = Upper.of(lipschitz) * way + residual.err + residual.small
        size = residual.size
        shift = self._longest * way + seen.hidden.err + seen.hidden.small
        slope, bend = (table(seen.hidden.high) for table in self._tables[1:])
        slope_off = self._s2 * shift + Upper(slope[1]).max()
        bend_off = self._s3 * shift + Upper(bend[1]).max()

        sent = self._back(residual.high @ head.high)
        rounding = head.size * size * gamma(outputs + self._terms + 4)
        sent_off = head.size * moved + (way + head.small) * (size + moved) + rounding
        sent_off = self._fixed * self._kappa * (sent_off + _TINY) + _TINY
        bent = sent * bend[0]
        off = sent_off * self._s2 + Upper(np.abs(sent).max(initial=0.0)) * bend_off + _TINY
        form_off = self._form_off(off, Upper(np.abs(bent).max(initial=0.0)), n * self._positions)

        slopes_off = moved * self._s1 + size * slope_off
        mixed_off = self._mixed_off(slopes_off, size * (self._s1 + slope_off), n)
        forms = self._forms(bent)
        squares, lost = self._gram(self._mixed(residual.high, slope[0]))
        error = form_off + mixed_off
        high, low = (_above(sign * forms, squares, lost) + error for sign in (1.0, -1.0))
        return max(high.exact, low.exact), low.exact

    def _form_off(self, off: Upper, top: Upper, count: int) -> Upper:
        """Of every Q, from that of its weights y act'', their largest, and the number of patches."""
        rounding = top * self._all * self._all * gamma(terms(count) + 8)
        return off * self._all * self._all + (top + off) * self._all * self._off * 2.0 + rounding + _TINY

    def _mixed_off(self, off: Upper, size: Upper, count: int) -> Upper:
        """Of every P in Frobenius norm, from that of r act' and its size at one position, and the number of samples."""
        rounding = size * self._all * gamma(terms(count) + self._terms + 8)
        found = off * self._all + (size + off) * self._off + rounding + _TINY
        return self._kappa * self._fixed * Upper(float(self._positions)).root() * found + _TINY

    def _back(self, rows: Array) -> Array:
        """The head's input rows at the activation's output, times kappa'."""
        values = self._path.chain.head.kappa * rows
        for map_ in reversed(self._path.maps):
            back = map_.transposed
            padded = np.concatenate([values, np.zeros((len(values), 1))], axis=1)
            values = (padded[:, back.index] * back.factor).sum(axis=2)
        return values

    def _channels(self, rows: Array, g: int) -> Array:
        """Of one group, a row for each channel over (i, p)."""
        parts = rows.reshape(self._samples, self._groups, -1, self._positions)[:, g]
        return parts.transpose(1, 0, 2).reshape(parts.shape[1], -1)

    def _forms(self, bent: Array) -> Array:
        """Q of every channel: (G O, q, q)."""
        found = []
        for g, e in enumerate(self._patches):
            channels = self._channels(bent, g)
            step = max(1, _AT_ONCE // e.size)
            for k in range(0, len(channels), step):
                found.append(product(e.T, channels[k : k + step, :, None] * e))
        return np.concatenate(found)

    def _mixed(self, residual: Array, slopes: Array) -> Array:
        """P of every channel: (G O, q, C most)."""
        n, outputs = residual.shape
        side, parts = self._patches[0].shape[1], []
        for g, e in enumerate(self._patches):
            rows = slopes.reshape(n, self._groups, -1, self._positions)[:, g]  # (n, O, P)
            weighted = residual[:, None, None, :] * rows[..., None]  # (n, O, P, C)
            left = weighted.transpose(2, 1, 3, 0).reshape(self._positions, -1, n)
            right = e.reshape(n, self._positions, side).transpose(1, 0, 2)
            found = product(left, right).reshape(self._positions, -1, outputs, side)
            parts.append(found.transpose(2, 3, 1, 0))  # (C, q, O, P)
        values = np.concatenate(parts, axis=2).reshape(outputs * side, -1)
        for map_ in self._path.maps:
            padded = np.concatenate([values, np.zeros((len(values), 1))], axis=1)
            values = (padded[:, map_.index] * map_.factor).sum(axis=2)
        values = self._path.chain.head.kappa * values
        padded = np.concatenate([values, np.zeros((len(values), 1))], axis=1)
        taken = padded[:, self._members].reshape(outputs, side, len(self._members), -1)
        return taken.transpose(2, 1, 0, 3).reshape(len(self._members), side, -1)

    def _gram(self, mixed: Array) -> tuple[Array, Upper]:
        """P P^T of every channel, and bounds of what rounding adds to each, (G O,)."""
        channels, _, inner = mixed.shape
        sizes = norms(mixed.reshape(channels, -1))
        return product(mixed, mixed.transpose(0, 2, 1)), sizes * sizes * gamma(terms(inner) + 1) + _TINY


def _above(form: Array, gram: Array, lost: Upper) -> Upper:
    """Upper bound of the largest eigenvalue of all [[Q, P], [P^T, 0]], Q exact, P P^T in doubles known to `lost`.

    For every t > 0 and m at least lambda_max(Q + P P^T / t) it is at most max(t, m): with tau that maximum,
    tau I - Q - P P^T / tau, the Schur complement of tau I in tau I - block, is positive semidefinite.
    """
    values, vectors = np.linalg.eigh((gram + gram.transpose(0, 2, 1)) / 2)
    root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    whole = np.block([[form, root], [root.transpose(0, 2, 1), np.zeros_like(form)]])
    guess = np.linalg.eigvalsh(whole)[:, -1]
    # Where rounding decides, a larger t does no harm.
    floor = np.maximum(2.0**-40 * np.abs(form).max(axis=(1, 2)), 2.0**-20 * np.sqrt(np.maximum(values[:, -1], 0.0)))
    t = _MARGIN * np.maximum(np.maximum(guess, floor), _LEAST)
    parts = gram / t[:, None, None]
    total = form + parts
    count = len(total)
    sizes = norms(parts.reshape(count, -1)) + norms(total.reshape(count, -1))
    found = largest(total) + Upper(lost.value / t) * (1 + 4 * UNIT) + sizes * (2 * UNIT)
    return Upper(np.maximum(found.value, t)).max()
