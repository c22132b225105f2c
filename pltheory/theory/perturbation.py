"""How far the Jacobian of a class-N network can move inside a ball: THEORY section 5, as formulas of scalars.

Everything is a function of norms at the centre w_0 (`CentreNorms`). `||Delta_l||_F <= t_l`, `sum t_l^2 <= s^2`, and
every intermediate bound is a nonnegative row vector c with (quantity) <= sum_l c_l t_l: the worst split of s over the
layers is then the spectral norm of a small matrix, found and not guessed. In a product of two changes one factor is
bounded at t_l = s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import reduce
from itertools import product

from .arithmetic import FLOATS, Arithmetic, Scalar
from .ball_bounds import Number

Row = list[Scalar]


@dataclass(frozen=True)
class CentreNorms:
    """Norms at the centre; each may be an upper bound. With L hidden layers, lists run over l = 1..L+1 unless said.

    Attributes:
        kappa: |kappa_l|.
        weight: ||W_l||, spectral.
        inputs: ||A~_{l-1}||, spectral norm over the batch.
        input_max: max_i ||a~^{l-1}_i||.
        rows: ||B_l||, spectral norm of all backward rows.
        row_max: max_i ||b^l_i||, spectral over outputs.
        entry_max: U^max_l for l = 1..L.
        s1: bound of |act'|.
        s2: bound of |act''|.
    """

    kappa: Sequence[Scalar]
    weight: Sequence[Scalar]
    inputs: Sequence[Scalar]
    input_max: Sequence[Scalar]
    rows: Sequence[Scalar]
    row_max: Sequence[Scalar]
    entry_max: Sequence[Scalar]
    s1: Scalar
    s2: Scalar

    def converted(self, number: Callable[[Scalar], Scalar]) -> CentreNorms:
        """The same norms as numbers of another arithmetic."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return CentreNorms(**{k: number(v) if k in ("s1", "s2") else [number(x) for x in v] for k, v in values.items()})


@dataclass(frozen=True)
class _Changes:
    """Bounds over the ball, all t_l = s: of A_{l-1}, B_l for the batch, lower case for the worst single sample."""

    batch_inputs: list[Scalar]
    sample_inputs: list[Scalar]
    batch_rows: list[Scalar]
    sample_rows: list[Scalar]
    entries: list[Scalar]


def _axpy(c: Scalar, row: Row, l: int, e: Scalar) -> Row:
    """C row + e e_l."""
    return [c * r + e if k == l else c * r for k, r in enumerate(row)]


def _combine(a: Scalar, x: Row, b: Scalar, y: Row) -> Row:
    return [a * xi + b * yi for xi, yi in zip(x, y, strict=True)]


def _changes(at: CentreNorms, s: Scalar, ops: Arithmetic) -> _Changes:
    count = len(at.weight)
    zero = 0 * s
    d_a, d_z, da, dz = [zero], [], [zero], []
    for l in range(count - 1):
        spread = at.kappa[l] * (at.weight[l] + s)
        d_z.append(s * at.inputs[l] + spread * d_a[l])
        dz.append(s * at.input_max[l] + spread * da[l])
        d_a.append(at.s1 * d_z[l])
        da.append(at.s1 * dz[l])
    d_b, db, entries = [zero] * count, [zero] * count, [zero] * (count - 1)
    for l in reversed(range(count - 1)):
        k, w = at.kappa[l + 1], at.weight[l + 1] + s
        d_u = k * (w * d_b[l + 1] + s * at.rows[l + 1])
        du = k * (w * db[l + 1] + s * at.row_max[l + 1])
        d_b[l] = at.s1 * d_u + at.s2 * at.entry_max[l] * d_z[l]
        db[l] = at.s1 * du + at.s2 * at.entry_max[l] * dz[l]
        entries[l] = ops.minimum(d_u, du)
    return _Changes(d_a, da, d_b, db, entries)


def _linear_rows(
    at: CentreNorms,
    weight: list[Scalar],
    inputs: list[Scalar],
    input_max: list[Scalar],
    rows: list[Scalar],
    row_max: list[Scalar],
    entry_max: list[Scalar],
    zero: Scalar,
) -> tuple[list[Row], list[Row], list[Row]]:
    """The recursions of section 5 as row vectors: change of A_{l-1} (batch), of B_l (batch), of b_l (worst sample)."""
    count = len(weight)
    none = [zero] * count
    xa, sa, xz, sz = [none], [none], [], []
    for l in range(count - 1):
        spread = at.kappa[l] * weight[l]
        xz.append(_axpy(spread, xa[l], l, inputs[l]))
        sz.append(_axpy(spread, sa[l], l, input_max[l]))
        xa.append([at.s1 * v for v in xz[l]])
        sa.append([at.s1 * v for v in sz[l]])
    xb, sb = [none] * count, [none] * count
    for l in reversed(range(count - 1)):
        k = at.kappa[l + 1]
        xu = _axpy(k * weight[l + 1], xb[l + 1], l + 1, k * rows[l + 1])
        su = _axpy(k * weight[l + 1], sb[l + 1], l + 1, k * row_max[l + 1])
        xb[l] = _combine(at.s1, xu, at.s2 * entry_max[l], xz[l])
        sb[l] = _combine(at.s1, su, at.s2 * entry_max[l], sz[l])
    return xa, xb, sb


def _worst_split(batch: list[Row], sample: list[Row], ops: Arithmetic) -> Scalar:
    """Smallest spectral norm over the choices, per layer, between two valid rows; each choice alone is a bound.

    All choices are tried for up to three hidden layers, the two uniform ones beyond. The rows of the output layer are
    equal (its backward rows do not move), so they are not a choice.
    """
    free = len(batch) - 1
    norms = (
        ops.spectral_norm([(batch, sample)[which][l] for l, which in enumerate((*choice, 0))])
        for choice in (product((0, 1), repeat=free) if free <= 3 else [(0,) * free, (1,) * free])
    )
    return reduce(ops.minimum, norms)


def jacobian_change(at: CentreNorms, s: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """Upper bound of ||J(w) - J(w_0)|| over ||w - w_0|| <= s, with the optimal split of s over the layers.

    Per layer two bounds are valid, by batch norms or by the worst single sample.

    Args:
        at: norms at the centre.
        s: radius.
        ops: arithmetic of `s` and the norms.

    Source: THEORY section 5, recursion for dJ_l; the optimal split replaces t_l = s by a spectral norm.
    """
    ch = _changes(at, s, ops)
    count = len(at.weight)
    xa, xb, sb = _linear_rows(
        at,
        [w + s for w in at.weight],
        list(at.inputs),
        list(at.input_max),
        list(at.rows),
        list(at.row_max),
        list(at.entry_max),
        0 * s,
    )
    batch, sample = [], []
    for l in range(count):
        k = at.kappa[l]
        moved = k * at.row_max[l]
        one = at.input_max[l] + k * ops.minimum(ch.batch_inputs[l], ch.sample_inputs[l])
        batch.append(_combine(one, xb[l], moved, xa[l]))
        sample.append(_combine(at.inputs[l] + k * ch.batch_inputs[l], sb[l], moved, xa[l]))
    return s * _worst_split(batch, sample, ops)


def jacobian_lipschitz(at: CentreNorms, radius: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """ell(R): Lipschitz constant of w -> J(w) over the ball of that radius, spectral against Euclidean norm.

    Arguments as for `jacobian_change`. Source: THEORY section 5, matrix M; the spectral norm is the optimal split.
    """
    ch = _changes(at, radius, ops)
    count = len(at.weight)
    weight = [w + radius for w in at.weight]
    inputs = [a + k * d for a, k, d in zip(at.inputs, at.kappa, ch.batch_inputs, strict=True)]
    input_max = [
        a + k * ops.minimum(d, e)
        for a, k, d, e in zip(at.input_max, at.kappa, ch.batch_inputs, ch.sample_inputs, strict=True)
    ]
    rows = [b + d for b, d in zip(at.rows, ch.batch_rows, strict=True)]
    row_max = [b + ops.minimum(d, e) for b, d, e in zip(at.row_max, ch.batch_rows, ch.sample_rows, strict=True)]
    entry_max = [u + d for u, d in zip(at.entry_max, ch.entries, strict=True)]
    xa, xb, sb = _linear_rows(at, weight, inputs, input_max, rows, row_max, entry_max, 0 * radius)
    batch, sample = [], []
    for l in range(count):
        moved = at.kappa[l] * row_max[l]
        batch.append(_combine(input_max[l], xb[l], moved, xa[l]))
        sample.append(_combine(inputs[l], sb[l], moved, xa[l]))
    return _worst_split(batch, sample, ops)


@dataclass(frozen=True)
class NormBounds:
    """Bounds over balls from norms alone, as `BallBounds`; of a network whose weights are not at hand.

    Attributes:
        norms: upper bounds.
    """

    norms: CentreNorms

    def change(self, s: Scalar, ops: Arithmetic, number: Number) -> Scalar:
        """As in `BallBounds`."""
        return jacobian_change(self.norms, s, ops)

    def lipschitz(self, radius: Scalar, ops: Arithmetic, number: Number) -> Scalar:
        """As in `BallBounds`."""
        return jacobian_lipschitz(self.norms, radius, ops)

    @property
    def kinked(self) -> bool:
        """No: every activation of the class is smooth."""
        return False

    def kinks(self, radius: float, ops: Arithmetic, number: Number) -> int:
        """0."""
        return 0

    def nearest_kink(self, radius: float) -> str:
        """None."""
        return ""
