"""THEORY section 5 written from its text: norms at the centre, the recursions for dJ, the matrix of ell.

The norms come from derivatives with respect to added preactivations, not from backward rules; the recursions are
functions of the split (t_1, .., t_{L+1}) that keep every product; `optimal_change` then fixes one factor of each
product of changes at t_l = s, as the package says it does, and takes the best split of the rest.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import jacrev

from .plain import FUNCTIONS, Plain


@dataclass(frozen=True)
class Norms:
    """Everything the right sides of section 5 read; index l-1 for layer l = 1..L+1, `top` for l = 1..L."""

    kappa: list[float]
    weight: list[Tensor]  # ||W_l||
    batch: list[Tensor]  # ||A~_{l-1}||
    sample: list[Tensor]  # max_i ||a~^{l-1}_i||
    rows: list[Tensor]  # ||B_l||
    row: list[Tensor]  # max_i ||b^l_i||, spectral over outputs
    top: list[Tensor]  # U^max_l
    s1: float
    s2: float


def _norm(m: Tensor) -> Tensor:
    return torch.linalg.svdvals(m).max()


def norms(plain: Plain, w: Tensor, x: Tensor, s1: float, s2: float) -> Norms:
    """The norms at w; differentiable in w and x."""
    count, n = len(plain.widths) - 1, x.shape[0]
    act = FUNCTIONS[plain.activation]
    zs = plain.preactivations(w, x)
    zeros = [torch.zeros(n, m, dtype=w.dtype) for m in plain.widths[1:]]
    # dF_ic / dz^l_jk is 0 for j != i: keep what is diagonal in the samples.
    full = jacrev(lambda bumps: plain.preactivations(w, x, bumps)[-1])(zeros)  # per layer (n, C, n, m_l)
    rows = [torch.stack([f[i, :, i, :] for i in range(n)]) for f in full]  # (n, C, m_l)
    inputs = [x, *(act(z) for z in zs[:-1])]
    tilde = [
        torch.cat([k * a, (t if has else 0.0) * torch.ones_like(a[:, :1])], dim=1)
        for a, k, t, has in zip(inputs, plain.kappas, plain.taus, plain.biased, strict=True)
    ]
    weights = [weight for weight, _ in plain.layers(w)]
    top = []
    for l in range(count - 1):
        u = plain.kappas[l + 1] * torch.einsum("icm,mk->ick", rows[l + 1], weights[l + 1])
        top.append(u.square().sum(dim=1).max().sqrt())
    return Norms(
        kappa=[abs(k) for k in plain.kappas],
        weight=[_norm(v) for v in weights],
        batch=[_norm(a) for a in tilde],
        sample=[a.norm(dim=1).max() for a in tilde],
        rows=[_norm(b.reshape(-1, b.shape[-1])) for b in rows],
        row=[torch.linalg.svdvals(b)[..., 0].max() for b in rows],
        top=top,
        s1=s1,
        s2=s2,
    )


class Changes(NamedTuple):
    """Bounds over the ball at a split: capital letters for the batch, small ones for the worst sample."""

    d_a: list  # of A_{l-1}
    s_a: list
    d_b: list  # of B_l
    s_b: list
    least_u: list  # min(dU_l, du_l)


def changes(at: Norms, t: list[float], growth: list[float] | None = None) -> Changes:
    """The forward and the backward recursion; growth replaces t where it is added to a ||W_l||."""
    count = len(at.kappa)
    growth = t if growth is None else growth
    d_a, s_a, d_z, s_z = [0.0], [0.0], [], []
    for l in range(count - 1):
        grown = at.kappa[l] * (at.weight[l] + growth[l])
        d_z.append(t[l] * at.batch[l] + grown * d_a[l])
        s_z.append(t[l] * at.sample[l] + grown * s_a[l])
        d_a.append(at.s1 * d_z[l])
        s_a.append(at.s1 * s_z[l])
    d_b, s_b, least = [0.0] * count, [0.0] * count, [0.0] * (count - 1)
    for l in range(count - 2, -1, -1):
        grown = at.weight[l + 1] + growth[l + 1]
        d_u = at.kappa[l + 1] * (grown * d_b[l + 1] + t[l + 1] * at.rows[l + 1])
        s_u = at.kappa[l + 1] * (grown * s_b[l + 1] + t[l + 1] * at.row[l + 1])
        d_b[l] = at.s1 * d_u + at.s2 * at.top[l] * d_z[l]
        s_b[l] = at.s1 * s_u + at.s2 * at.top[l] * s_z[l]
        least[l] = min(d_u, s_u)
    return Changes(d_a, s_a, d_b, s_b, least)


def plain_change(at: Norms, t: list[float], variant: str = "smaller") -> float:
    """dJ at a split: by the "batch" recursion, the one per "sample", or the "smaller" of the two in each layer."""
    ch = changes(at, t)
    total = 0.0
    for l in range(len(at.kappa)):
        moved = at.row[l] * at.kappa[l] * ch.d_a[l]
        batch = ch.d_b[l] * (at.sample[l] + at.kappa[l] * ch.d_a[l]) + moved
        sample = ch.s_b[l] * (at.batch[l] + at.kappa[l] * ch.d_a[l]) + moved
        total += float({"batch": batch, "sample": sample, "smaller": min(batch, sample)}[variant]) ** 2
    return total**0.5


def optimal_change(at: Norms, s: float) -> float:
    """S times the norm of the matrix that maps t / s to (dJ_1, .., dJ_{L+1}), the best over the variants per layer."""
    count = len(at.kappa)
    full = changes(at, [s] * count)
    rows = []  # per layer, its batch row and its per-sample row
    for l in range(count):
        least = min(full.d_a[l], full.s_a[l])
        batch, sample = [], []
        for k in range(count):
            ch = changes(at, [float(j == k) for j in range(count)], [s] * count)
            moved = at.row[l] * at.kappa[l] * ch.d_a[l]
            batch.append(float(ch.d_b[l] * (at.sample[l] + at.kappa[l] * least) + moved))
            sample.append(float(ch.s_b[l] * (at.batch[l] + at.kappa[l] * full.d_a[l]) + moved))
        rows.append((batch, sample))
    return s * min(float(_norm(torch.tensor(m, dtype=torch.float64))) for m in itertools.product(*rows))


def lipschitz(at: Norms, radius: float) -> float:
    """ell(R): the matrix M of the text, each row batch or per-sample, the best of all combinations."""
    count = len(at.kappa)
    ch = changes(at, [radius] * count)
    weight = [v + radius for v in at.weight]
    big = [at.batch[l] + at.kappa[l] * ch.d_a[l] for l in range(count)]
    small = [at.sample[l] + at.kappa[l] * min(ch.d_a[l], ch.s_a[l]) for l in range(count)]
    rows = [at.rows[l] + ch.d_b[l] for l in range(count)]
    row = [at.row[l] + min(ch.d_b[l], ch.s_b[l]) for l in range(count)]
    top = [at.top[l] + ch.least_u[l] for l in range(count - 1)]
    e = torch.eye(count, dtype=torch.float64)
    xa, xz, sa, sz = [0 * e[0]], [], [0 * e[0]], []
    for l in range(count - 1):
        xz.append(big[l] * e[l] + at.kappa[l] * weight[l] * xa[l])
        sz.append(small[l] * e[l] + at.kappa[l] * weight[l] * sa[l])
        xa.append(at.s1 * xz[l])
        sa.append(at.s1 * sz[l])
    xb, sb = [0 * e[0]] * count, [0 * e[0]] * count
    for l in range(count - 2, -1, -1):
        k = at.kappa[l + 1]
        xb[l] = at.s1 * k * (weight[l + 1] * xb[l + 1] + rows[l + 1] * e[l + 1]) + at.s2 * top[l] * xz[l]
        sb[l] = at.s1 * k * (weight[l + 1] * sb[l + 1] + row[l + 1] * e[l + 1]) + at.s2 * top[l] * sz[l]
    both = []
    for l in range(count):
        moved = at.kappa[l] * row[l] * xa[l]
        both.append((small[l] * xb[l] + moved, big[l] * sb[l] + moved))
    return min(float(_norm(torch.stack(choice))) for choice in itertools.product(*both))
