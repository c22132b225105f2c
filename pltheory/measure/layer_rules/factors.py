"""The two forms in which a parameter's Jacobian is held, and their Gram products.

`Outer`: a matrix enters by products, so its gradient is a sum over tokens of outer products, and the kernel a sum of
entrywise products of two small Gram matrices; the Jacobian is never formed. `Entries`: the per-sample gradients
themselves, for small parameters and for layers with more tokens than parameters (convolutions).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

TOKEN_PAIRS = 1 << 22
"""Numbers held at once in the sum over pairs of tokens: 16 MB in float32, inside the larger caches."""


@dataclass(frozen=True)
class Outer:
    """Gradient of output c of sample i: sum over tokens t of moving[i, c, g, t] (x) fixed[i, g, t], per group g.

    Attributes:
        fixed: inputs of shape (n, G, T, d); or, for a table, its row numbers, integers (n, G, T), -1 for no row.
        moving: output gradients of shape (n, C, G, T, m).
        moving_first: whether the parameter's first axis is the one of size m.
        scale: what `fixed` is multiplied by.
        last: one more entry of every (scaled) row of `fixed`, where a bias shares the matrix's output; 0 for none.
    """

    fixed: Tensor
    moving: Tensor
    moving_first: bool
    scale: float = 1.0
    last: float = 0.0

    def __getitem__(self, samples: slice) -> Outer:
        return replace(self, fixed=self.fixed[samples], moving=self.moving[samples])

    def to(self, dtype: torch.dtype) -> Outer:
        """The same in another precision."""
        fixed = self.fixed.to(dtype) if self.fixed.is_floating_point() else self.fixed
        return replace(self, fixed=fixed, moving=self.moving.to(dtype))

    def absolute(self) -> Outer:
        """With the absolute values of all factors: sums of products become what round-off is relative to."""
        fixed = self.fixed.abs() if self.fixed.is_floating_point() else self.fixed
        return replace(self, fixed=fixed, moving=self.moving.abs(), scale=abs(self.scale), last=abs(self.last))

    def traced(self) -> Outer:
        """A factor with one output whose kernel is the trace over the outputs."""
        return replace(self, moving=self.moving.movedim(1, 3).flatten(3)[:, None])

    def followed_by(self, other: Outer) -> Outer:
        """Two uses of one parameter are one use with the tokens of both."""
        return replace(
            self,
            fixed=torch.cat([self.fixed, other.fixed], dim=2),
            moving=torch.cat([self.moving, other.moving], dim=3),
        )

    def entries(self, size: int) -> Entries:
        """The per-sample gradients; `size` is the length d where `fixed` holds row numbers."""
        n, c, groups, tokens, m = self.moving.shape
        # All outputs in one product per sample: a product per output would copy the inputs for each.
        rows = self.moving.permute(0, 2, 1, 4, 3).reshape(n, groups, c * m, tokens)
        grads = (rows @ self.dense(size)).reshape(n, groups, c, m, -1).transpose(1, 2)  # (n, C, G, m, d)
        return Entries((grads if self.moving_first else grads.transpose(-1, -2)).flatten(2))

    def dense(self, size: int) -> Tensor:
        """`fixed` as numbers, scaled and with its last entries, (n, G, T, d)."""
        if not self.fixed.is_floating_point():
            one_hot = torch.nn.functional.one_hot(self.fixed + 1, size + 1)[..., 1:]
            return one_hot.to(self.moving.dtype)
        scaled = self.fixed if self.scale == 1 else self.fixed * self.scale
        if self.last == 0:
            return scaled
        return torch.cat([scaled, scaled.new_full((*scaled.shape[:-1], 1), self.last)], dim=-1)

    def transpose_times(self, v: Tensor, size: int) -> Tensor:
        """J^T v, flat, for v of shape (n, C)."""
        weighted = torch.einsum("nc,ncgtm->gntm", v, self.moving).flatten(1, 2)
        fixed = self.dense(size).transpose(0, 1).flatten(1, 2)
        left, right = (weighted, fixed) if self.moving_first else (fixed, weighted)
        return (left.transpose(1, 2) @ right).flatten()

    def add_gram(self, other: Outer, kernel: Tensor) -> None:
        """Add J J'^T to a kernel of shape (n, C, n', C)."""
        for g in range(self.moving.shape[2]):
            a, b = self.fixed[:, g], self.moving[:, :, g]
            a2, b2 = other.fixed[:, g], other.moving[:, :, g]
            if b.shape[2] == b2.shape[2] == 1:
                n, c, _, m = b.shape
                gram = (b.reshape(n * c, m) @ b2.reshape(-1, m).T).reshape(kernel.shape)
                kernel += gram.mul_(self._inner(a[:, 0], a2[:, 0])[:, None, :, None])
            else:
                self._add_over_tokens(a, b, a2, b2, kernel)

    def _add_over_tokens(self, a: Tensor, b: Tensor, a2: Tensor, b2: Tensor, kernel: Tensor) -> None:
        n, c, t, m = b.shape
        n2, _, t2, _ = b2.shape
        columns = b2.reshape(n2 * c * t2, m).T
        step = max(1, TOKEN_PAIRS // (c * t * n2 * c * t2))
        for s in range(0, n, step):
            some = slice(s, min(n, s + step))
            rows = b[some]
            k = len(rows)
            gram = (rows.reshape(k * c * t, m) @ columns).reshape(k, c, t, n2, c, t2)
            inner = self._inner(a[some].flatten(0, 1), a2.flatten(0, 1)).reshape(k, 1, t, n2, 1, t2)
            kernel[some] += gram.mul_(inner).sum(dim=(2, 5))

    def _inner(self, a: Tensor, a2: Tensor) -> Tensor:
        """Inner products of rows of `fixed`: (r, d), (s, d) to (r, s); of rows of the identity if given by number."""
        if not a.is_floating_point():
            return ((a[:, None] == a2[None, :]) & (a[:, None] >= 0)).to(self.moving.dtype)
        inner = a @ a2.T
        if self.scale != 1:
            inner.mul_(self.scale**2)
        return inner.add_(self.last**2) if self.last != 0 else inner


@dataclass(frozen=True)
class Entries:
    """Per-sample gradients of shape (n, C, p)."""

    grads: Tensor

    def __getitem__(self, samples: slice) -> Entries:
        return Entries(self.grads[samples])

    def to(self, dtype: torch.dtype) -> Entries:
        """The same in another precision."""
        return Entries(self.grads.to(dtype))

    def absolute(self) -> Entries:
        """With absolute values."""
        return Entries(self.grads.abs())

    def traced(self) -> Entries:
        """A factor with one output whose kernel is the trace over the outputs."""
        return Entries(self.grads.flatten(1)[:, None])

    def followed_by(self, other: Entries) -> Entries:
        """Two uses of one parameter: their gradients add."""
        return Entries(self.grads + other.grads)

    def transpose_times(self, v: Tensor, size: int) -> Tensor:
        """J^T v, flat, for v of shape (n, C)."""
        return torch.einsum("nc,ncp->p", v, self.grads)

    def add_gram(self, other: Entries, kernel: Tensor) -> None:
        """Add J J'^T to a kernel of shape (n, C, n', C)."""
        kernel += (self.grads.flatten(0, 1) @ other.grads.flatten(0, 1).T).reshape(kernel.shape)


Factor = Outer | Entries


class NoRuleError(Exception):
    """A parameter, or a batch of samples, that the rules do not cover, with the reason."""


def joined(blocks: list[list[Factor]]) -> list[Factor]:
    """The factors of some blocks of samples, one after the other, as those of all; the lists are emptied.

    Raises:
        NoRuleError: the blocks have different numbers of tokens.
    """
    found: list[Factor] = []
    while blocks[0]:
        parts = [block.pop() for block in blocks]
        first = parts[0]
        if isinstance(first, Outer):
            outer = [part for part in parts if isinstance(part, Outer)]
            fixed, moving = _joined([part.fixed for part in outer]), _joined([part.moving for part in outer])
            found.append(replace(first, fixed=fixed, moving=moving))
        else:
            found.append(Entries(_joined([part.grads for part in parts if isinstance(part, Entries)])))
    return found[::-1]


def _joined(tensors: list[Tensor]) -> Tensor:
    if len({tensor.shape[1:] for tensor in tensors}) > 1:
        raise NoRuleError("blocks of samples have different numbers of tokens")
    return torch.cat(tensors)


def add_gram(a: Factor, b: Factor, kernel: Tensor) -> None:
    """Add J J'^T of one parameter on two sets of samples to a kernel of shape (n, C, n', C)."""
    match a, b:
        case Outer(), Outer():
            a.add_gram(b, kernel)
        case Entries(), Entries():
            a.add_gram(b, kernel)
        case _:
            raise TypeError("two blocks of one parameter's Jacobian in different forms")


def gram_is_cheaper(n: int, outputs: int, tokens: int, d: int, m: int) -> bool:
    """Whether `Outer` takes fewer operations than forming the per-sample gradients and multiplying those.

    Products with pairs of tokens run over memory once more than a matrix product does: counted as 8 each.
    """
    pairs = (n * tokens) ** 2
    by_gram = pairs * (d + outputs**2 * (m + (8 if tokens > 1 else 1)))
    return by_gram <= n * outputs * tokens * d * m + (n * outputs) ** 2 * d * m
