"""The tangent kernel as a linear operator: K v = J (J^T v), without K and without J.

J^T v is one backward pass and J u one pass of forward mode, or two backward passes where an operation has no forward
mode. Memory does not grow with the number of samples: they are taken in blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator
from torch import Tensor, nn
from torch.func import functional_call, jvp
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..problem.surroundings import undisturbed
from ..theory import InvalidInputError, NotAvailableError
from .autodiff import outputs_per_sample, trainable


class KernelOperator(LinearOperator):
    """K of `empirical_ntk` for products with vectors, for scipy's `eigsh` and its relatives; any module.

    Args:
        network: maps (n, ...) to (n, C), each sample on its own.
        x: inputs of shape (n, ...).
        block: samples that are run at once; all of them by default.

    Raises:
        InvalidInputError: the network mixes samples, or has no trainable parameters, or `block` is not positive.
        NotAvailableError: the network can be differentiated neither by forward mode nor twice.
    """

    @undisturbed
    def __init__(self, network: nn.Module, x: Tensor, *, block: int | None = None) -> None:
        self.params = trainable(network)
        if len(x) == 0 or (block is not None and block < 1):
            raise InvalidInputError(f"n = {len(x)}, block = {block}: both must be at least 1")
        outputs = outputs_per_sample(network, x)
        self.network, self.x, self.outputs = network, x.detach(), outputs.numel()
        self.block = len(x) if block is None else block
        self._like = outputs.new_empty(0)
        self._forward_mode = self._has_forward_mode()
        self._require_adjoint()
        order = len(x) * self.outputs
        super().__init__(np.dtype(str(outputs.dtype).removeprefix("torch.")), (order, order))

    @property
    def parameters(self) -> int:
        """The number of trainable parameters, the columns of J."""
        return sum(p.numel() for p in self.params.values())

    @undisturbed
    def transpose_times(self, v: Tensor) -> Tensor:
        """J^T v of shape (p,), in the order of parameters(), for v of shape (n C,), sample-major."""
        total = self._like.new_zeros(self.parameters)
        with _differentiable():
            for some, part in self._blocks(v):
                with torch.enable_grad():
                    output = self.network(some).reshape(-1)
                if not output.requires_grad:
                    continue
                grads = torch.autograd.grad(output, list(self.params.values()), part, allow_unused=True)
                total += _flat(grads, self.params)
        return total

    @undisturbed
    def jacobian_times(self, u: Tensor) -> Tensor:
        """J u of shape (n C,), for u of shape (p,)."""
        u = u.to(self._like)
        with _differentiable():
            rows = [self._along(self.x[s : s + self.block], u) for s in range(0, len(self.x), self.block)]
        return torch.cat([row.reshape(-1) for row in rows])

    def _along(self, x: Tensor, u: Tensor) -> Tensor:
        parts = u.split([p.numel() for p in self.params.values()])
        along = {name: part.reshape(p.shape) for part, (name, p) in zip(parts, self.params.items(), strict=True)}
        run = self._by_forward_mode if self._forward_mode else self._by_two_backward_passes
        return run(x, along).detach()

    @undisturbed
    def _matvec(self, v: np.ndarray) -> np.ndarray:
        vector = torch.as_tensor(np.asarray(v).reshape(-1), device=self._like.device).to(self._like.dtype)
        return self.jacobian_times(self.transpose_times(vector)).cpu().numpy()

    def _rmatvec(self, v: np.ndarray) -> np.ndarray:
        return self._matvec(v)

    def _blocks(self, v: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        v = v.to(self._like)
        for s in range(0, len(self.x), self.block):
            yield self.x[s : s + self.block], v[s * self.outputs : (s + self.block) * self.outputs]

    def _by_forward_mode(self, x: Tensor, along: dict[str, Tensor]) -> Tensor:
        values = {name: p.detach() for name, p in self.params.items()}
        with torch.no_grad():
            return jvp(lambda w: functional_call(self.network, w, (x,)), (values,), (along,))[1]

    def _by_two_backward_passes(self, x: Tensor, along: dict[str, Tensor]) -> Tensor:
        with torch.enable_grad():
            output = self.network(x)
            if not output.requires_grad:
                return torch.zeros_like(output)
            # J^T v is linear in v: its derivative by v, along u, is J u.
            v = torch.zeros_like(output, requires_grad=True)
            grads = torch.autograd.grad(output, list(self.params.values()), v, create_graph=True, allow_unused=True)
            pairs = [(g, u) for g, u in zip(grads, along.values(), strict=True) if g is not None]
            (row,) = torch.autograd.grad([g for g, _ in pairs], v, [u for _, u in pairs])
        return row

    def _has_forward_mode(self) -> bool:
        along = {name: torch.zeros_like(p) for name, p in self.params.items()}
        with _differentiable():
            try:
                self._by_forward_mode(self.x[:1], along)
            except Exception:  # forward mode fails in as many ways as there are operations without it
                try:
                    self._by_two_backward_passes(self.x[:1], along)
                except RuntimeError as error:
                    line = str(error).strip().split("\n")[0]
                    raise NotAvailableError(f"not available for this network: {line}") from error
                return False
        return True

    def _require_adjoint(self) -> None:
        """Hold (v, J u) against (J^T v, u): an operation may hide from a second derivative without an error."""
        few = self.x[:3]
        with _differentiable():
            with torch.enable_grad():
                output = self.network(few)
            if not output.requires_grad:
                return
            v = torch.linspace(0.5, 1.5, output.numel()).to(output).reshape(output.shape)
            grads = torch.autograd.grad(output, list(self.params.values()), v, allow_unused=True)
            u = _flat(grads, self.params)
            row = self._along(few, u)
        forwards, backwards = float((v * row).sum()), float(u @ u)
        if not abs(forwards - backwards) <= torch.finfo(u.dtype).eps ** 0.5 * abs(backwards):
            raise NotAvailableError(
                "not available for this network: J and its transpose, by automatic differentiation, do not agree: "
                "an operation has no second derivative, or a hook changes gradients"
            )


def _differentiable() -> AbstractContextManager[None]:
    # The fused attention kernels have neither a forward mode nor a second derivative.
    return sdpa_kernel(SDPBackend.MATH)


def _flat(grads: tuple[Tensor | None, ...], params: dict[str, Tensor]) -> Tensor:
    dense = [torch.zeros_like(p) if g is None else g for g, p in zip(grads, params.values(), strict=True)]
    return torch.cat([(g.to_dense() if g.is_sparse else g).reshape(-1) for g in dense])
