"""Every operation that can be read, against autograd: outputs and the whole Jacobian."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.nets.reading.oracle import called, data, fixed, require_equal, trainable

IMAGE = (3, 5, 6)


def _statistics(module):
    """Running statistics that are not those of a fresh module."""
    generator = torch.Generator().manual_seed(1)
    module.running_mean.normal_(generator=generator)
    module.running_var.uniform_(0.5, 2.0, generator=generator)
    return module.eval()


DENSE = {
    "linear": (nn.Linear(4, 3), (4,)),
    "no bias": (nn.Linear(4, 3, bias=False), (4,)),
    "tokens": (nn.Linear(4, 3), (5, 4)),
    "matmul": (called(lambda s, x: x @ s.w + s.b, w=trainable(4, 3), b=trainable(3)), (4,)),
    "from the left": (called(lambda s, x: s.w @ x, w=trainable(3, 4)), (4, 2)),
    "addmm": (called(lambda s, x: torch.addmm(s.b, x, s.w), w=trainable(4, 3), b=trainable(3)), (4,)),
    "scale, bias": (called(lambda s, x: F.linear(x, 0.5 * s.w, s.b / 4), w=trainable(3, 4), b=trainable(3)), (4,)),
    "negative": (called(lambda s, x: F.linear(x, -0.5 * s.w, s.b), w=trainable(3, 4), b=trainable(3)), (4,)),
    "output scale": (called(lambda s, x: -3 * s.f(x) / math.sqrt(7), f=nn.Linear(4, 3)), (4,)),
    "reshaped": (called(lambda s, x: F.linear(x, s.w.reshape(3, 4)), w=trainable(2, 6)), (4,)),
    "cut": (called(lambda s, x: F.linear(x[:, :2], s.w[:3]) + F.linear(x[:, 2:], s.w[3:]), w=trainable(6, 2)), (4,)),
    "tied": (called(lambda s, x: s.f(torch.tanh(s.f(x))), f=nn.Linear(4, 4)), (4,)),
    "fixed": (called(lambda s, x: s.f(x @ s.m + 1), f=nn.Linear(3, 2), m=fixed(4, 3)), (4,)),
}
CONVOLUTION = {
    "1d": (nn.Conv1d(2, 3, 3, stride=2, padding=1), (2, 7)),
    "2d": (nn.Conv2d(3, 2, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2)), IMAGE),
    "3d": (nn.Conv3d(1, 2, 2), (1, 3, 3, 3)),
    "groups": (nn.Conv2d(4, 6, 3, groups=2), (4, 4, 4)),
    "depthwise": (nn.Conv2d(3, 3, 3, padding=1, groups=3, bias=False), IMAGE),
    "same": (nn.Conv2d(3, 2, (2, 3), padding="same"), IMAGE),
    "circular": (nn.Conv2d(3, 2, 3, padding=1, padding_mode="circular"), IMAGE),
    "reflect": (nn.Conv2d(3, 2, 3, padding=1, padding_mode="reflect"), IMAGE),
    "replicate": (nn.Conv1d(2, 3, 3, padding=2, padding_mode="replicate"), (2, 6)),
    "scaled": (called(lambda s, x: 0.5 * s.c(x), c=nn.Conv2d(3, 2, 3)), IMAGE),
}
NORMS = {
    "batch": (_statistics(nn.BatchNorm2d(3)), IMAGE),
    "batch 1d": (_statistics(nn.BatchNorm1d(4)), (4,)),
    "group": (nn.GroupNorm(2, 4), (4, 3, 2)),
    "instance": (nn.InstanceNorm2d(3, affine=True), IMAGE),
    "layer": (nn.LayerNorm((2, 3)), (4, 2, 3)),
    "rms": (nn.RMSNorm(4), (3, 4)),
    "no shift": (nn.LayerNorm(4, bias=False), (3, 4)),
}
SMOOTH = {
    "activations": (
        called(
            lambda s, x: (
                torch.special.erf(torch.tanh(s.f(x))) + F.silu(torch.sigmoid(s.f(x))) + s.g(F.softplus(x, 1, 50))
            ),
            f=nn.Linear(4, 4),
            g=nn.GELU(),
        ),
        (4,),
    ),
    "softmax": (called(lambda s, x: torch.softmax(s.f(x), 1) + F.softmax(x, -1), f=nn.Linear(4, 4)), (3, 4)),
    "attention": (
        called(
            lambda s, x: F.scaled_dot_product_attention(s.f(x), x, s.g(x), scale=0.3),
            f=nn.Linear(4, 4),
            g=nn.Linear(4, 2),
        ),
        (3, 4),
    ),
    "mask": (
        called(
            lambda s, x: F.scaled_dot_product_attention(s.f(x), x, x, attn_mask=s.m),
            f=nn.Linear(4, 4),
            m=fixed(3, 3),
        ),
        (3, 4),
    ),
    "gate": (called(lambda s, x: s.f(x) * torch.sigmoid(s.g(x)), f=nn.Linear(4, 3), g=nn.Linear(4, 3)), (4,)),
    "glu": (called(lambda s, x: F.glu(s.f(x), 1), f=nn.Linear(4, 4)), (4, 4)),
    "squares": (called(lambda s, x: s.f(x) ** 2 - s.f(x).square()[:, :1], f=nn.Linear(4, 3)), (4,)),
    "in place": (called(lambda s, x: torch.tanh_(s.f(x).add_(x).mul_(torch.tensor(2.0))), f=nn.Linear(4, 4)), (4,)),
}
ENTRYWISE = {
    "vector": (called(lambda s, x: x + s.p, p=trainable(3, 4)), (3, 4)),
    "vector, tokens": (called(lambda s, x: 2 * x - s.p, p=trainable(4)), (3, 4)),
    "scale": (called(lambda s, x: s.p * x, p=trainable(3, 1)), (3, 4)),
    "one number": (called(lambda s, x: s.p * x + s.q, p=trainable(), q=trainable(1)), (3, 4)),
    "of a crop": (called(lambda s, x: -(s.p * -F.pad(x[:, 1:], (1, 1))), p=trainable(6)), (3, 4)),
    "constants": (
        called(
            lambda s, x: s.p * ((x - s.m) / s.d + torch.arange(4.0)),
            p=trainable(4),
            m=fixed(4),
            d=fixed(4).abs() + 1,
        ),
        (4,),
    ),
    "sub": (called(lambda s, x: 1 - torch.sub(s.f(x), x, alpha=0.5) - (-x), f=nn.Linear(4, 4)), (4,)),
}
POOLING = {
    "ceil": (called(lambda s, x: F.avg_pool2d(s.c(x), 2, ceil_mode=True), c=nn.Conv2d(3, 2, 1)), IMAGE),
    "padded": (called(lambda s, x: F.avg_pool2d(s.c(x), 3, 2, 1), c=nn.Conv2d(3, 2, 1)), IMAGE),
    "not counted": (
        called(lambda s, x: F.avg_pool2d(s.c(x), 3, 2, 1, count_include_pad=False), c=nn.Conv2d(3, 2, 1)),
        IMAGE,
    ),
    "divisor": (called(lambda s, x: F.avg_pool2d(s.c(x), 2, divisor_override=3), c=nn.Conv2d(3, 2, 1)), IMAGE),
    "1d": (called(lambda s, x: F.avg_pool1d(s.c(x), 3, 1), c=nn.Conv1d(2, 2, 1)), (2, 6)),
    "adaptive": (called(lambda s, x: F.adaptive_avg_pool2d(s.c(x), (2, 4)), c=nn.Conv2d(3, 2, 1)), IMAGE),
    "mean, sum": (called(lambda s, x: s.c(x).mean((2, 3)) + s.c(x).sum(dim=-1).sum(-1), c=nn.Conv2d(3, 2, 1)), IMAGE),
}
MOVES = {
    "permutations": (
        called(lambda s, x: s.f(x.permute(0, 2, 1).flip(1)).transpose(1, 2).roll(1, 2).flatten(1), f=nn.Linear(3, 2)),
        (3, 4),
    ),
    "samples elsewhere": (
        called(lambda s, x: s.f(x.transpose(0, 1).reshape(-1, 4)).view(3, -1, 2).transpose(0, 1), f=nn.Linear(4, 2)),
        (3, 4),
    ),
    "pieces": (
        called(
            lambda s, x: torch.cat([*[torch.tanh(a) for a in s.f(x).chunk(2, 1)][::-1], x[:, None, 0]], 1),
            f=nn.Linear(4, 6),
        ),
        (4,),
    ),
    "joined": (
        called(
            lambda s, x: torch.cat(
                [s.p.expand(len(x), 1, 4), s.f(x), torch.ones(1, 1, 4).expand(len(x), 1, 4), torch.zeros_like(x)], 1
            ),
            f=nn.Linear(4, 4),
            p=trainable(1, 1, 4),
        ),
        (2, 4),
    ),
    "stacked": (called(lambda s, x: torch.stack([s.f(x), x, x], 1).unbind(2)[1], f=nn.Linear(4, 4)), (4,)),
    "repeated": (
        called(
            lambda s, x: torch.tanh(s.f(x).unsqueeze(1).expand(-1, 3, -1)) * s.f(x).repeat(1, 3).view(-1, 3, 2),
            f=nn.Linear(4, 2),
        ),
        (4,),
    ),
    "pixels": (called(lambda s, x: s.c(F.pixel_shuffle(x, 2)), c=nn.Conv2d(1, 2, 2, stride=2)), (4, 3, 3)),
    "nearest": (called(lambda s, x: s.c(F.interpolate(x, scale_factor=2)), c=nn.Conv2d(1, 2, 2)), (1, 2, 3)),
    "chosen": (called(lambda s, x: s.f(x)[:, [2, 0]] + x[:, s.i], f=nn.Linear(4, 3), i=torch.tensor([1, 1])), (4,)),
    "twice the batch": (
        called(
            lambda s, x: (lambda y: y[: len(x)] - y[len(x) :])(torch.tanh(s.f(torch.cat([x, 2 * x])))),
            f=nn.Linear(4, 3),
        ),
        (4,),
    ),
    "padded": (called(lambda s, x: torch.sigmoid(F.pad(s.f(x), (1, 2))), f=nn.Linear(4, 3)), (4,)),
}
CONTRACTIONS = {
    "heads": (called(lambda s, x: torch.einsum("nhd,hde->nhe", x, s.w), w=trainable(3, 4, 2)), (3, 4)),
    "two nodes": (
        called(lambda s, x: torch.einsum("btd, bsd -> tbs", s.f(x), x).transpose(0, 1), f=nn.Linear(4, 4)),
        (3, 4),
    ),
    "outer": (called(lambda s, x: torch.einsum("nd,e->ned", x, s.w), w=trainable(3)), (4,)),
    "stack": (
        called(
            lambda s, x: torch.matmul(x[:, :, None], s.w) + (s.v @ x[..., None]).mT,
            w=trainable(3, 4, 2),
            v=trainable(2, 4),
        ),
        (3, 4),
    ),
    "vector": (called(lambda s, x: x @ s.w, w=trainable(4)), (3, 4)),
    "one for all heads": (called(lambda s, x: s.f(x) @ x[:, :1].transpose(2, 3), f=nn.Linear(4, 4)), (2, 3, 4)),
    "constants": (
        called(lambda s, x: torch.einsum("nd,de->en", s.f(x), s.m).T, f=nn.Linear(4, 4), m=fixed(4, 2)),
        (4,),
    ),
}
TRANSPOSED = {
    "1d": (nn.ConvTranspose1d(2, 3, 3, stride=2, padding=1, output_padding=1), (2, 4)),
    "2d": (nn.ConvTranspose2d(4, 6, (2, 3), stride=(2, 1), padding=(0, 2), groups=2, dilation=(1, 2)), (4, 2, 3)),
}
MASKS = {
    "causal": (
        called(lambda s, x: F.scaled_dot_product_attention(s.f(x), x, x, is_causal=True), f=nn.Linear(4, 4)),
        (3, 4),
    ),
    "bool": (
        called(
            lambda s, x: F.scaled_dot_product_attention(s.f(x), x, x, attn_mask=s.m),
            f=nn.Linear(4, 4),
            m=torch.eye(3) + torch.ones(3, 3).triu() > 0,
        ),
        (3, 4),
    ),
    "added": (
        called(
            lambda s, x: torch.softmax(x @ s.f(x).mT + s.m, 1),
            f=nn.Linear(4, 4),
            m=nn.Transformer.generate_square_subsequent_mask(3).T + 1,
        ),
        (3, 4),
    ),
    "filled": (
        called(
            lambda s, x: s.f(x).masked_fill(s.m == 0, 3.0) + s.f(x).masked_fill(s.m == 0, -math.inf).softmax(-1),
            f=nn.Linear(4, 4),
            m=torch.tensor([1, 0, 1, 1]),
        ),
        (3, 4),
    ),
    "module": (
        called(
            lambda s, x: s.a(x, x, x, attn_mask=s.m)[0],
            a=nn.MultiheadAttention(4, 2, batch_first=True),
            m=nn.Transformer.generate_square_subsequent_mask(3),
        ),
        (3, 4),
    ),
}
CASES = {
    f"{kind}: {name}": case
    for kind, cases in {
        "dense": DENSE,
        "convolution": CONVOLUTION,
        "norm": NORMS,
        "smooth": SMOOTH,
        "entrywise": ENTRYWISE,
        "pooling": POOLING,
        "moves": MOVES,
        "contraction": CONTRACTIONS,
        "transposed": TRANSPOSED,
        "masks": MASKS,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("name", CASES)
def test_is_what_autograd_says(name):
    module, shape = CASES[name]
    with torch.random.fork_rng():
        torch.manual_seed(2)
        module = module.double()
        for p in module.parameters():
            p.data.normal_()
    require_equal(module, data(*shape))
