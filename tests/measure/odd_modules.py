"""Modules with one peculiarity each, small enough for dense oracles, and what has to be refused of them."""

# ruff: noqa: E501
# One module a line reads better than ten lines each.
from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

F64 = {"dtype": torch.float64}
SECOND = frozenset({"hessian_norm", "largest_hessian_norm", "loss_hessian_norm", "curvature_along"})
"""What takes second derivatives and reports them."""
TWICE = SECOND | {"KernelOperator", "attack_pl_ratio", "attack_lambda_min"}
"""What differentiates twice."""


class Net(nn.Module):
    """Modules by name and a forward given as a function of them."""

    def __init__(self, forward: Callable, **parts):
        super().__init__()
        for name, part in parts.items():
            if isinstance(part, Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)
        self.compute = forward

    def forward(self, x):
        return self.compute(self, x)


@dataclass(frozen=True)
class Odd:
    """A module and inputs, and which functions have to refuse it: a set of names, or all of them."""

    make: Callable[[], nn.Module]
    shape: tuple[int, ...] = (4,)
    refused: frozenset[str] | None = field(default_factory=frozenset)
    train: bool = False
    inputs: Callable[[Tensor], Tensor] | None = None

    def build(self) -> tuple[nn.Module, Tensor]:
        torch.manual_seed(3)
        net = self.make()
        x = torch.randn(3, *self.shape, **F64)
        return (net.train() if self.train else net.eval()), x if self.inputs is None else self.inputs(x)


def lin(a, b, **options):
    return nn.Linear(a, b, **options, **F64)


def par(*shape, scale=1.0):
    return nn.Parameter(scale * torch.randn(shape, **F64))


def tail(forward, **parts):
    """A peculiar middle with a tanh layer before it and a linear one behind."""
    return Net(lambda s, x: s.out(forward(s, torch.tanh(s.first(x)))), first=lin(4, 4), out=lin(4, 2), **parts)


class WrongOnce(torch.autograd.Function):
    """sin, with the derivative of a doubled one."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * g * x.cos()


class WrongTwice(torch.autograd.Function):
    """sin, whose derivative is right and whose derivative's derivative is not."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (x.cos() + 0.5 * (x - x.detach()) ** 2 + 0.3 * (x - x.detach()))


class OnlyOnce(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x.cos()


class Counting(nn.Module):
    def __init__(self, told: float):
        super().__init__()
        self.inner, self.told, self.calls = lin(4, 2), told, 0

    def forward(self, x):
        self.calls += 1
        return self.inner(x).tanh() * (1 + self.told * self.calls)


class BufferCounting(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = lin(4, 2)
        self.register_buffer("seen", torch.zeros(1, **F64))

    def forward(self, x):
        self.seen += len(x)
        return self.inner(x).tanh()


class Moving(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = lin(4, 2)

    def forward(self, x):
        with torch.no_grad():
            self.inner.bias += 0
        return self.inner(x).tanh()


class PrivateNoise(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.draw = lin(4, 2), torch.Generator().manual_seed(0)

    def forward(self, x):
        return self.inner(x).tanh() + 1e-6 * torch.rand(1, generator=self.draw, **F64)


@dataclass
class Answer:
    logits: Tensor


class Scripted(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = lin(4, 2)

    def forward(self, x):
        return torch.tanh(self.inner(x))


def drop_path(s, x):
    return x * 2 if s.training and random.random() < 1e-9 else x


def attention(s, x):
    tokens = x.reshape(-1, 2, 2)
    return s.mha(tokens, tokens, tokens, need_weights=False)[0].flatten(1)


def sdpa(s, x):
    tokens = x.reshape(-1, 2, 2)
    return nnf.scaled_dot_product_attention(tokens @ s.q, tokens, tokens @ s.q).flatten(1)


def half(net, dtype):
    return net.to(dtype)


def unsettled(layer):
    """Spectral normalisation far from what its iteration, a step every call, converges to."""
    layer.parametrizations.weight[0]._v.copy_(nnf.normalize(torch.randn(4, **F64), dim=0))
    return layer


def mixed_dtypes():
    net = nn.Sequential(lin(4, 3), nn.Tanh(), nn.Linear(3, 2))
    return Net(lambda s, x: s.net[2](torch.tanh(s.net[0](x)).float()).double(), net=net)


ALL = None
NUMBERS = lambda x: (x.abs() * 2).long()  # noqa: E731

# fmt: off
ODD: dict[str, Odd] = {
    # Right
    "tokens": Odd(lambda: nn.Sequential(nn.Unflatten(1, (2, 2)), lin(2, 3), nn.Tanh(), lin(3, 2))),
    "image": Odd(lambda: nn.Sequential(nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 2, 1, **F64), nn.Tanh(), nn.Conv2d(2, 2, 1, **F64))),
    "one output without an axis": Odd(lambda: nn.Sequential(lin(4, 3), nn.Tanh(), lin(3, 1), nn.Flatten(0))),
    "unused": Odd(lambda: tail(lambda s, h: h, idle=lin(3, 2))),
    "detached": Odd(lambda: tail(lambda s, h: h.detach())),
    "no gradient": Odd(lambda: Net(torch.no_grad()(lambda s, x: s.a(x).tanh()), a=lin(4, 2))),
    "attention": Odd(lambda: tail(attention, mha=nn.MultiheadAttention(2, 1, batch_first=True, **F64))),
    "fused attention": Odd(lambda: tail(sdpa, q=par(2, 2))),
    "encoder layer": Odd(lambda: tail(lambda s, h: s.t(h.reshape(-1, 2, 2)).flatten(1), t=nn.TransformerEncoderLayer(2, 1, 3, batch_first=True, **F64))),
    "gru": Odd(lambda: tail(lambda s, h: s.r(h.reshape(-1, 2, 2))[0].flatten(1), r=nn.GRU(2, 2, batch_first=True, **F64))),
    "lstm": Odd(lambda: tail(lambda s, h: s.r(h.reshape(-1, 2, 2))[0].flatten(1), r=nn.LSTM(2, 2, batch_first=True, **F64))),
    "in place": Odd(lambda: tail(lambda s, h: (h * 1.0).mul_(s.g).add_(1).sigmoid_(), g=par(4))),
    "relu": Odd(lambda: nn.Sequential(nn.Sequential(lin(4, 4), nn.ReLU(), lin(4, 4), nn.ReLU(), lin(4, 2)))),
    "batch norm, eval": Odd(lambda: tail(lambda s, h: s.b(h), b=nn.BatchNorm1d(4, **F64))),
    "instance norm with statistics": Odd(lambda: tail(lambda s, h: s.b(h.reshape(-1, 1, 4)).flatten(1), b=nn.InstanceNorm1d(1, affine=True, track_running_stats=True, **F64)), train=True),
    "spectral norm, eval": Odd(lambda: tail(lambda s, h: s.p(h).tanh(), p=parametrizations.spectral_norm(lin(4, 4)))),
    "counter in a buffer": Odd(BufferCounting, train=True),
    "counter that says nothing": Odd(lambda: Counting(0.0)),
    "embedding": Odd(lambda: Net(lambda s, x: s.out(s.e(x).tanh().flatten(1)), e=nn.Embedding(9, 2, **F64), out=lin(8, 2)), inputs=NUMBERS),
    "checkpoint": Odd(lambda: tail(lambda s, h: checkpoint(s.p, h, use_reentrant=False).tanh(), p=lin(4, 4)), refused=SECOND),
    "checkpoint of the first layer": Odd(lambda: Net(lambda s, x: s.out(checkpoint(lambda z: s.p(z).tanh(), x, use_reentrant=False)), p=lin(4, 4), out=lin(4, 2)), refused=SECOND),
    "shared weight": Odd(lambda: tail(lambda s, h: (h @ s.w).tanh() @ s.w.T, w=par(4, 4))),
    "frozen buffer as weight": Odd(lambda: tail(lambda s, h: (h @ s.w).tanh(), w=torch.randn(4, 4, **F64))),
    "one parameter of no axes": Odd(lambda: Net(lambda s, x: torch.sin(s.a * x), a=par())),
    "complex inside": Odd(lambda: tail(lambda s, h: torch.fft.rfft(h * s.g).abs().sum(1, keepdim=True).expand(-1, 4), g=par(4))),
    "sparse embedding": Odd(lambda: Net(lambda s, x: s.out(s.e(x).tanh().flatten(1)), e=nn.Embedding(9, 2, sparse=True, **F64), out=lin(8, 2)), inputs=NUMBERS, refused=SECOND),
    # First derivatives only
    "cdist": Odd(lambda: tail(lambda s, h: (-torch.cdist(h, s.c) ** 2).exp(), c=par(4, 4)), refused=TWICE),
    "differentiable once": Odd(lambda: tail(lambda s, h: OnlyOnce.apply(s.m(h)), m=lin(4, 4)), refused=SECOND | {"KernelOperator"}),
    # Wrong second derivatives
    "weight norm": Odd(lambda: tail(lambda s, h: s.p(h).tanh(), p=parametrizations.weight_norm(lin(4, 4))), refused=SECOND),
    "wrong once": Odd(lambda: tail(lambda s, h: WrongOnce.apply(s.m(h)), m=lin(4, 4)), refused=SECOND),
    "wrong twice": Odd(lambda: tail(lambda s, h: WrongTwice.apply(s.m(h)), m=lin(4, 4)), refused=SECOND),
    "straight through": Odd(lambda: tail(lambda s, h: (z := s.m(h)) + (torch.round(2 * z) / 2 - z).detach(), m=lin(4, 4)), refused=SECOND),
    "partly detached": Odd(lambda: tail(lambda s, h: (z := s.m(h)) * z.detach(), m=lin(4, 4)), refused=SECOND),
    # Refused
    "dropout": Odd(lambda: tail(lambda s, h: s.d(h), d=nn.Dropout(0.5)), train=True, refused=ALL),
    "dropout that hardly drops": Odd(lambda: tail(lambda s, h: s.d(h), d=nn.Dropout(1e-12)), train=True, refused=ALL),
    "batch norm": Odd(lambda: tail(lambda s, h: s.b(h), b=nn.BatchNorm1d(4, **F64)), train=True, refused=ALL),
    "batch norm without statistics": Odd(lambda: tail(lambda s, h: s.b(h), b=nn.BatchNorm1d(4, track_running_stats=False, **F64)), refused=ALL),
    "random relu": Odd(lambda: tail(lambda s, h: s.r(h), r=nn.RReLU()), train=True, refused=ALL),
    "noise": Odd(lambda: tail(lambda s, h: h + 1e-14 * torch.randn_like(h)), refused=ALL),
    "private noise": Odd(PrivateNoise, refused=ALL),
    "python's noise": Odd(lambda: tail(drop_path), train=True, refused=ALL),
    "spectral norm": Odd(lambda: tail(lambda s, h: s.p(h).tanh(), p=unsettled(parametrizations.spectral_norm(lin(4, 4)))), train=True, refused=ALL),
    "counter": Odd(lambda: Counting(0.01), refused=ALL),
    "moves its parameters": Odd(Moving, refused=ALL),
    "centred": Odd(lambda: Net(lambda s, x: (h := s.a(x).tanh()) - h.mean(0), a=lin(4, 2)), refused=ALL),
    "dict": Odd(lambda: Net(lambda s, x: {"logits": s.a(x)}, a=lin(4, 2)), refused=ALL),
    "tuple": Odd(lambda: Net(lambda s, x: (s.a(x), s.a(x)), a=lin(4, 2)), refused=ALL),
    "list": Odd(lambda: Net(lambda s, x: [s.a(x)], a=lin(4, 2)), refused=ALL),
    "dataclass": Odd(lambda: Net(lambda s, x: Answer(s.a(x)), a=lin(4, 2)), refused=ALL),
    "array": Odd(lambda: Net(lambda s, x: s.a(x).detach().numpy(), a=lin(4, 2)), refused=ALL),
    "number": Odd(lambda: Net(lambda s, x: s.a(x).square().sum(), a=lin(4, 2)), refused=ALL),
    "no outputs": Odd(lambda: Net(lambda s, x: s.a(x)[:, :0], a=lin(4, 2)), refused=ALL),
    "whole numbers": Odd(lambda: Net(lambda s, x: s.a(x).argmax(1, keepdim=True), a=lin(4, 2)), refused=ALL),
    "complex outputs": Odd(lambda: Net(lambda s, x: torch.fft.fft(s.a(x)), a=lin(4, 2)), refused=ALL),
    "complex parameters": Odd(lambda: Net(lambda s, x: (x.to(torch.complex128) @ s.w).abs(), w=nn.Parameter(torch.randn(4, 2, dtype=torch.complex128))), refused=ALL),
    "half": Odd(lambda: half(nn.Sequential(lin(4, 3), nn.Tanh(), lin(3, 2)), torch.float16), refused=ALL, inputs=lambda x: x.half()),
    "bfloat16": Odd(lambda: half(nn.Sequential(lin(4, 3), nn.Tanh(), lin(3, 2)), torch.bfloat16), refused=ALL, inputs=lambda x: x.bfloat16()),
    "mixed precisions": Odd(mixed_dtypes, refused=ALL),
    "lazy": Odd(lambda: nn.Sequential(nn.LazyLinear(2, **F64), nn.Tanh()), refused=ALL),
    "wrong inputs": Odd(lambda: nn.Sequential(lin(5, 3), nn.Tanh(), lin(3, 2)), refused=ALL),
    "raises": Odd(lambda: Net(lambda s, x: {}["missing"], a=lin(4, 2)), refused=ALL),
    "frozen": Odd(lambda: nn.Sequential(lin(4, 3), nn.Tanh(), lin(3, 2)).requires_grad_(False), refused=ALL),
    "reentrant checkpoint": Odd(lambda: tail(lambda s, h: checkpoint(s.p, h, use_reentrant=True).tanh(), p=lin(4, 4)), refused=ALL),
    "under autocast": Odd(lambda: Net(torch.autocast("cpu")(lambda s, x: s.b(s.a(x.float()).tanh())), a=nn.Linear(4, 3), b=nn.Linear(3, 2)), refused=ALL),
}
# fmt: on
