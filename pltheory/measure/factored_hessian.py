r"""The Hessian of one output of a class-N network at one sample, on the few directions where it is not zero.

For one output f at one sample write `a~_{l-1} = [kappa_l a_{l-1}, tau_l]` for what layer l reads, `b_l = df/dz_l` for
its backward row, and V_l for a direction in `[W_l, b_l]`, l = 1..L+1. The gradient in layer l is `b_l a~_{l-1}^T`.
Differentiating it along V = (V_1, .., V_{L+1}), a dot being the derivative along V,

    (H V)_l = b._l a~_{l-1}^T + b_l (a~._{l-1})^T                                                      (1)
    z._l = V_l a~_{l-1} + kappa_l W_l a._{l-1},   a._l = act'(z_l) z._l,   a._0 = 0
    b._l = act''(z_l) u_l z._l + act'(z_l) u._l,  u_l = kappa_{l+1} W_{l+1}^T b_{l+1}
    u._l = kappa_{l+1} (V_{l+1}^T b_{l+1} without its bias entry + W_{l+1}^T b._{l+1}),  b._{L+1} = 0   (2)

**Reduction.** Let S be the space of all V with `V_l = y_l a~_{l-1}^T + b_l v_l^T`, any vectors y_l and v_l. By (1) the
range of H lies in S. H is symmetric, so its kernel is the complement of its range and contains the complement of S: H
is zero there, maps S into S, and every eigenvalue but 0 of H is one of H restricted to S, with the same
spectral norm. On S a product takes two matrix-vector products a layer and never an array of W_l's shape.

**Coordinates.** With unit vectors `a^ = a~/|a~|` and `b^ = b/|b|`, every such V_l is uniquely `y a^^T + b^ v^T` with
`v . a^ = 0`, and then `|V_l|_F^2 = |y|^2 + |v|^2 + 2 (y . b^)(v . a^) = |y|^2 + |v|^2`: orthonormal coordinates, so
symmetry, eigenvalues and norms are those of H. In them `V_l a~ = |a~| y`, `V_l^T b = a^ (b . y) + |b| v`, and a
product has `y' = |a~| b._l + b_l (a~._{l-1} . a^)`, `v' = |b_l| (a~._{l-1} - (a~._{l-1} . a^) a^)`. In the first layer
a~. = 0 and v is left out; in the last b_{L+1} = e_c does not move and V = e_c v^T with any v, so y is left out. Where
a~ or b_l is 0, the unit vector is replaced by 0: what it multiplies does not act, in H and here.
Together `m_1 + sum_{l=2}^{L} (m_l + m_{l-1} + 1) + m_L + 1` numbers stand for `sum_l m_l (m_{l-1} + 1)`.

**One hidden layer.** (2) couples only the two numbers y_j, v_j of one neuron: H is a direct sum over neurons of 2 x 2
matrices with `|a~_0|^2 act''(z_j) u_j` and 0 on the diagonal and `|a~_0| act'(z_j) kappa_2` off it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import torch
from torch import Tensor

from ..nets.activations import activation
from ..problem.networks import ClassN


@dataclass(frozen=True)
class _At:
    """What one layer l = 1..L+1 contributes, for B pairs of a sample and an output.

    Attributes:
        unit: a^ of shape (B, m_{l-1} + 1), without the last entry where the layer has no bias; zero where a~ is.
        length: |a~|, (B, 1).
        row: b_l, (B, m_l).
        slope: act'(z_l), (B, m_l); None in the last layer.
        bend: act''(z_l) u_l, (B, m_l); None in the last layer.
    """

    unit: Tensor
    length: Tensor
    row: Tensor
    slope: Tensor | None
    bend: Tensor | None

    @cached_property
    def row_length(self) -> Tensor:
        """|b_l|, (B, 1)."""
        return torch.linalg.vector_norm(self.row, dim=1, keepdim=True)

    def take(self, keep: Tensor) -> _At:
        """Some of the pairs."""
        slope, bend = (None if t is None else t[keep] for t in (self.slope, self.bend))
        return _At(self.unit[keep], self.length[keep], self.row[keep], slope, bend)


@dataclass(frozen=True)
class FactoredHessians:
    """Hessians of single outputs at single samples in the coordinates above, as `lanczos.SymmetricBatch`.

    A vector holds y_1; y_l, v_l for l = 2..L; v_{L+1}.
    """

    network: ClassN
    layers: tuple[_At, ...]

    @property
    def count(self) -> int:
        """Pairs of a sample and an output."""
        return len(self.layers[0].unit)

    @cached_property
    def sizes(self) -> list[int]:
        """Lengths of the parts of a vector."""
        middle = [k for at in self.layers[1:-1] for k in (at.row.shape[1], at.unit.shape[1])]
        return [self.layers[0].row.shape[1], *middle, self.layers[-1].unit.shape[1]]

    def take(self, keep: Tensor) -> Self:
        """The Hessians at these indices."""
        keep = keep.to(self.layers[0].unit.device)
        return type(self)(self.network, tuple(at.take(keep) for at in self.layers))

    def start(self, seed: int) -> Tensor:
        """A random vector, the same for every pair but for the projection of v_l off a^."""
        generator = torch.Generator().manual_seed(int(seed))
        flat = torch.randn(sum(self.sizes), generator=generator, dtype=torch.float64).to(self.layers[0].unit)
        parts = list(flat.expand(self.count, -1).split(self.sizes, dim=1))
        for i, at in enumerate(self.layers[1:-1]):
            parts[2 + 2 * i] = _off(parts[2 + 2 * i], at.unit)[0]
        return torch.cat(parts, dim=1)

    def apply(self, v: Tensor) -> Tensor:
        """H v for v of shape (B, size)."""
        first, *middle, last = v.split(self.sizes, dim=1)
        ys, vs = [first, *middle[::2]], middle[1::2]
        return torch.cat(self._products(ys, vs, last), dim=1)

    def _products(self, ys: list[Tensor], vs: list[Tensor], last: Tensor) -> list[Tensor]:
        weights = [(layer.weight.detach(), layer.kappa) for layer in self.network.layers]
        moved: list[Tensor] = []
        das: list[Tensor] = []  # z._l and a._l for l = 1..L
        for i, (at, y) in enumerate(zip(self.layers, ys, strict=False)):
            dz = at.length * y
            if i > 0:
                w, kappa = weights[i]
                # W times a thin right factor is faster than a thin left factor times W^T.
                dz = dz + kappa * (w @ das[-1].T).T
            assert at.slope is not None
            moved.append(dz)
            das.append(at.slope * dz)
        out = [_padded(weights[-1][1] * das[-1], last)]
        du = weights[-1][1] * last[:, : das[-1].shape[1]]
        for i in reversed(range(len(ys))):
            at = self.layers[i]
            assert at.slope is not None
            assert at.bend is not None
            db = at.bend * moved[i] + at.slope * du
            if i == 0:
                return [at.length * db, *out]
            w, kappa = weights[i]
            rest, along = _off(_padded(kappa * das[i - 1], at.unit), at.unit)
            out = [at.length * db + along * at.row, at.row_length * rest, *out]
            back = at.unit * _dot(at.row, ys[i]) + at.row_length * vs[i - 1]
            du = kappa * (back[:, : w.shape[1]] + db @ w)
        raise AssertionError("a network of class N has a hidden layer")

    def closed_form(self) -> Tensor | None:
        """The eigenvalue of largest modulus, (B,), for one hidden layer; None for more."""
        if len(self.layers) != 2:
            return None
        at, (_, last) = self.layers[0], self.network.layers
        assert at.slope is not None
        assert at.bend is not None
        half = 0.5 * at.length.square() * at.bend
        far = half + torch.copysign(torch.hypot(half, at.length * at.slope * last.kappa), half)
        return far.gather(1, far.abs().argmax(dim=1, keepdim=True))[:, 0]


def factored_hessians(network: ClassN, x: Tensor, outputs: Tensor) -> FactoredHessians:
    """Hessian of output outputs[b] at sample x[b], for x of shape (B, d)."""
    with torch.no_grad():
        return _factored(network, x, outputs)


def _factored(network: ClassN, x: Tensor, outputs: Tensor) -> FactoredHessians:
    act = activation(network.activation)
    read, slopes, seconds, a = [], [], [], x
    for layer in network.layers:
        tilde = layer.kappa * a
        if layer.bias is not None:
            tilde = torch.cat([tilde, torch.full_like(a[:, :1], layer.tau)], dim=1)
        read.append(tilde)
        z = layer.apply(a)
        slopes.append(act.derivative(z))
        seconds.append(act.second(z))
        a = act.value(z)
    row = torch.nn.functional.one_hot(outputs, z.shape[1]).to(x)
    found: list[_At] = []
    for i in reversed(range(len(network.layers))):
        length = torch.linalg.vector_norm(read[i], dim=1, keepdim=True)
        unit = read[i] / torch.where(length > 0, length, 1)
        if i == network.hidden_layers:
            found.append(_At(unit, length, row, None, None))
            continue
        after = network.layers[i + 1]
        u = after.kappa * (row @ after.weight)
        row = u * slopes[i]
        found.append(_At(unit, length, row, slopes[i], seconds[i] * u))
    return FactoredHessians(network, tuple(reversed(found)))


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=1, keepdim=True)


def _off(v: Tensor, unit: Tensor) -> tuple[Tensor, Tensor]:
    """v without its part along a unit vector (or 0), and that part's coefficient."""
    along = _dot(v, unit)
    return v - along * unit, along


def _padded(a: Tensor, like: Tensor) -> Tensor:
    """With a zero for the bias where there is one."""
    return torch.nn.functional.pad(a, (0, like.shape[1] - a.shape[1]))
