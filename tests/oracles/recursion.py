"""THEORY section 5 written from its text: norms at the centre, the recursions for dJ, the matrix of ell.

The norms come from derivatives with respect to added preactivations, not from backward rules; the recursions are
functions of the split (t_1, .., t_{L+1}), with numbers only, and know nothing of the package's optimal split.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import jacrev

from .plain import FUNCTIONS, Plain


@dataclass(frozen=True)
class Norms:
    """Everything the right sides of section 5 read; index l-1 for layer l = 1..L+1, U for l = 1..L."""

    kappa: list[float]
    weight: list[Tensor]  # ||W_l||
    batch: list[Tensor]  # ||A~_{l-1}||
    sample: list[Tensor]  # max_i ||a~^{l-1}_i||
    rows: list[Tensor]  # ||B_l||
    row_f: list[Tensor]  # max_i ||b^l_i||_F
    row: list[Tensor]  # max_i ||b^l_i||, spectral
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

    def outputs(bumps: list[Tensor]) -> Tensor:
        return plain.preactivations(w, x, bumps)[-1]

    # dF_ic / dz^l_jk is 0 for j != i: keep the diagonal in the samples.
    full = jacrev(outputs)(zeros)  # per layer (n, C, n, m_l)
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
        row_f=[b.flatten(1).norm(dim=1).max() for b in rows],
        row=[torch.linalg.svdvals(b)[..., 0].max() for b in rows],
        top=top,
        s1=s1,
        s2=s2,
    )


def layer_changes(at: Norms, t: list[float]) -> tuple[list[float], list[float]]:
    """dJ_l for l = 1..L+1 at a split t, by the batch recursion and by the per-sample recursion (all products kept)."""
    count = len(at.kappa)
    da_batch, da_sample, dz_batch, dz_sample = [0.0], [0.0], [], []
    for l in range(count - 1):
        grown = at.kappa[l] * (at.weight[l] + t[l])
        dz_batch.append(t[l] * at.batch[l] + grown * da_batch[l])
        dz_sample.append(t[l] * at.sample[l] + grown * da_sample[l])
        da_batch.append(at.s1 * dz_batch[l])
        da_sample.append(at.s1 * dz_sample[l])
    db_batch, db_sample = [0.0] * count, [0.0] * count
    for l in range(count - 2, -1, -1):
        grown = at.weight[l + 1] + t[l + 1]
        du_batch = at.kappa[l + 1] * (grown * db_batch[l + 1] + t[l + 1] * at.rows[l + 1])
        du_sample = at.kappa[l + 1] * (grown * db_sample[l + 1] + t[l + 1] * at.row[l + 1])
        db_batch[l] = at.s1 * du_batch + at.s2 * at.top[l] * dz_batch[l]
        db_sample[l] = at.s1 * du_sample + at.s2 * at.top[l] * dz_sample[l]
    batch, sample = [], []
    for l in range(count):
        moved = at.row[l] * at.kappa[l] * da_batch[l]
        batch.append(db_batch[l] * (at.sample[l] + at.kappa[l] * da_batch[l]) + moved)
        sample.append(db_sample[l] * (at.batch[l] + at.kappa[l] * da_batch[l]) + moved)
    return batch, sample


def plain_change(at: Norms, t: list[float], variant: str = "smaller") -> float:
    """dJ at a split: by "batch", "sample", or the smaller of the two per layer."""
    batch, sample = layer_changes(at, t)
    pick = {"batch": batch, "sample": sample, "smaller": [min(p) for p in zip(batch, sample, strict=True)]}[variant]
    return float(sum(v**2 for v in pick) ** 0.5)


def lipschitz(at: Norms, radius: float) -> float:
    """ell(R): the matrix M of the text, per row batch or per-sample, the best of all combinations."""
    count = len(at.kappa)
    each = [radius] * count
    # The changes over the ball, from the same recursions as dJ.
    d_batch, d_sample, e_batch, e_sample, f_min = _ball(at, each)
    weight = [v + radius for v in at.weight]
    big = [at.batch[l] + at.kappa[l] * d_batch[l] for l in range(count)]
    small = [at.sample[l] + at.kappa[l] * min(d_batch[l], d_sample[l]) for l in range(count)]
    rows = [at.rows[l] + e_batch[l] for l in range(count)]
    row = [at.row[l] + min(e_batch[l], e_sample[l]) for l in range(count)]
    top = [at.top[l] + f_min[l] for l in range(count - 1)]

    def unit(k: int) -> Tensor:
        return torch.eye(count, dtype=torch.float64)[k]

    zero = torch.zeros(count, dtype=torch.float64)
    xa, xz, sa, sz = [zero], [], [zero], []
    for l in range(count - 1):
        xz.append(big[l] * unit(l) + at.kappa[l] * weight[l] * xa[l])
        sz.append(small[l] * unit(l) + at.kappa[l] * weight[l] * sa[l])
        xa.append(at.s1 * xz[l])
        sa.append(at.s1 * sz[l])
    xb, sb = [zero] * count, [zero] * count
    for l in range(count - 2, -1, -1):
        k = at.kappa[l + 1]
        xb[l] = at.s1 * k * (weight[l + 1] * xb[l + 1] + rows[l + 1] * unit(l + 1)) + at.s2 * top[l] * xz[l]
        sb[l] = at.s1 * k * (weight[l + 1] * sb[l + 1] + row[l + 1] * unit(l + 1)) + at.s2 * top[l] * sz[l]
    both = [
        (small[l] * xb[l] + at.kappa[l] * row[l] * xa[l], big[l] * sb[l] + at.kappa[l] * row[l] * xa[l])
        for l in range(count)
    ]
    return min(float(_norm(torch.stack(choice))) for choice in itertools.product(*both))


def _ball(at: Norms, t: list[float]) -> tuple[list, list, list, list, list]:
    """DA_{l-1} and da_{l-1}, dB_l and db_l, min(dU_l, du_l) at a split."""
    count = len(at.kappa)
    d_a, s_a, d_z, s_z = [0.0], [0.0], [], []
    for l in range(count - 1):
        d_z.append(t[l] * at.batch[l] + at.kappa[l] * (at.weight[l] + t[l]) * d_a[l])
        s_z.append(t[l] * at.sample[l] + at.kappa[l] * (at.weight[l] + t[l]) * s_a[l])
        d_a.append(at.s1 * d_z[l])
        s_a.append(at.s1 * s_z[l])
    d_b, s_b, least = [0.0] * count, [0.0] * count, [0.0] * (count - 1)
    for l in range(count - 2, -1, -1):
        d_u = at.kappa[l + 1] * ((at.weight[l + 1] + t[l + 1]) * d_b[l + 1] + t[l + 1] * at.rows[l + 1])
        s_u = at.kappa[l + 1] * ((at.weight[l + 1] + t[l + 1]) * s_b[l + 1] + t[l + 1] * at.row[l + 1])
        d_b[l] = at.s1 * d_u + at.s2 * at.top[l] * d_z[l]
        s_b[l] = at.s1 * s_u + at.s2 * at.top[l] * s_z[l]
        least[l] = min(d_u, s_u)
    return d_a, s_a, d_b, s_b, least
