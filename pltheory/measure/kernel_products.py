"""The tangent kernel as a linear operator: K v = J (J^T v), without K and without J.

J^T v is one backward pass and J u one pass of forward mode, or two backward passes where an operation has no forward
mode. Memory does not grow with the number of samples: they are taken in blocks.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator
from torch import Tensor, nn
from torch.func import jvp

from ..problem.evaluation import call_with, first_line
from ..problem.surroundings import undisturbed
from ..theory import NotAvailableError
from .admission import admit, measuring
from .arguments import require_vector, require_whole
from .autodiff import gradient, mixing_weights, norm, require_finite_derivatives, run_on_leaves


class KernelOperator(LinearOperator):
    """K of `empirical_ntk` for products with vectors, for scipy's `eigsh` and its relatives; any module.

    Args:
        network: maps (n, ...) to (n, C), each sample on its own.
        x: inputs of shape (n, ...).
        block: samples that are run at once; all of them by default.

    Raises:
        InvalidInputError: the network is not admitted (`admission.admit`), or `block` is not positive.
        NumericalFailureError: outputs or derivatives are not finite.
        NotAvailableError: the network can be differentiated neither by forward mode nor twice, or what it is
            differentiated by disagrees with plain reverse mode.
    """

    @undisturbed
    def __init__(self, network: nn.Module, x: Tensor, *, block: int | None = None) -> None:
        if block is not None:
            require_whole("block", block, 1)
        with measuring(network, twice=True):
            admitted = admit(network, x)
            self.params, self.x, self.outputs = admitted.params, admitted.x, admitted.one.numel()
            self.network = network
            self.block = len(x) if block is None else block
            self._like = admitted.one.new_empty(0)
            require_finite_derivatives(network, self.params, self.x)
            # Forward mode sees what is hidden from reverse mode by no_grad, and has mistakes of its own.
            self._forward_mode = self._has_forward_mode() and self._is_adjoint(forward_mode=True)
            if not self._forward_mode and not self._is_adjoint(forward_mode=False):
                raise NotAvailableError(
                    "not available for this network: J and its transpose, by automatic differentiation, do not agree: "
                    "an operation has no second derivative"
                )
        order = len(x) * self.outputs
        super().__init__(np.dtype(str(self._like.dtype).removeprefix("torch.")), (order, order))

    @property
    def parameters(self) -> int:
        """The number of trainable parameters, the columns of J."""
        return sum(p.numel() for p in self.params.values())

    @undisturbed
    def transpose_times(self, v: Tensor) -> Tensor:
        """J^T v of shape (p,), in the order of parameters(), for v of shape (n C,), sample-major."""
        require_vector("v", v, len(self.x) * self.outputs)
        with measuring(self.network, twice=True):
            total = torch.zeros(self.parameters, dtype=self._like.dtype, device=self._like.device)
            for some, part in self._blocks(v):
                leaves, output = run_on_leaves(self.network, self.params, some)
                total += _flat(gradient(output, leaves.values(), part.reshape(output.shape)))
        return total

    @undisturbed
    def jacobian_times(self, u: Tensor) -> Tensor:
        """J u of shape (n C,), for u of shape (p,)."""
        require_vector("u", u, self.parameters)
        with measuring(self.network, twice=True):
            u = u.to(self._like)
            rows = [self._along(self.x[s : s + self.block], u) for s in range(0, len(self.x), self.block)]
        return torch.cat([row.reshape(-1) for row in rows])

    def _along(self, x: Tensor, u: Tensor) -> Tensor:
        run = self._by_forward_mode if self._forward_mode else self._by_two_backward_passes
        return run(x, self._named(u)).detach()

    def _named(self, u: Tensor) -> dict[str, Tensor]:
        parts = u.split([p.numel() for p in self.params.values()])
        return {name: part.reshape(p.shape) for part, (name, p) in zip(parts, self.params.items(), strict=True)}

    @undisturbed
    def _matvec(self, v: np.ndarray) -> np.ndarray:
        with torch.inference_mode(False):
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
            return jvp(lambda w: call_with(self.network, w, x), (values,), (along,))[1]

    def _by_two_backward_passes(self, x: Tensor, along: dict[str, Tensor]) -> Tensor:
        leaves, output = run_on_leaves(self.network, self.params, x)
        if not output.requires_grad:
            return torch.zeros_like(output)
        # J^T v is linear in v: its derivative by v, along u, is J u.
        v = torch.zeros_like(output, requires_grad=True)
        grads = torch.autograd.grad(output, list(leaves.values()), v, create_graph=True, allow_unused=True)
        pairs = [(g, u) for g, u in zip(grads, along.values(), strict=True) if g is not None]
        (row,) = torch.autograd.grad([g for g, _ in pairs], v, [u for _, u in pairs])
        return row

    def _has_forward_mode(self) -> bool:
        along = {name: torch.zeros_like(p) for name, p in self.params.items()}
        try:
            self._by_forward_mode(self.x[:1], along)
        except Exception:  # forward mode fails in as many ways as there are operations without it
            return False
        return True

    def _is_adjoint(self, *, forward_mode: bool) -> bool:
        """Hold (v, J u) against (J^T v, u): an operation may hide from a second derivative without an error.

        Once along u = J^T v, which no cancellation can hide, and once along a direction that does not know v.

        Raises:
            NotAvailableError: the network cannot be differentiated twice.
        """
        few = self.x[:3]
        leaves, output = run_on_leaves(self.network, self.params, few)
        v = mixing_weights(output.numel(), output).reshape(output.shape)
        rows = _flat(gradient(output, leaves.values(), v))
        gen = torch.Generator().manual_seed(1)
        other = torch.randn(len(rows), generator=gen, dtype=torch.float64).to(rows)
        run = self._by_forward_mode if forward_mode else self._by_two_backward_passes
        size = norm([rows])
        for u in (rows / size if size > 0 else rows, other):  # of norm 1, so that J u does not overflow
            try:
                along = run(few, self._named(u)).reshape(-1).double()
            except RuntimeError as error:
                raise NotAvailableError(f"not available for this network: {first_line(error)}") from error
            forwards, backwards = float(v.reshape(-1).double() @ along), float(rows.double() @ u.double())
            if not abs(forwards - backwards) <= torch.finfo(u.dtype).eps ** 0.5 * size * norm([u]):
                return False
        return True


def _flat(gradients: list[Tensor]) -> Tensor:
    return torch.cat([g.reshape(-1) for g in gradients])
