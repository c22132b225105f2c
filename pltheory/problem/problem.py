"""What is studied: a network, data and the square loss."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..packages import said
from ..theory import InvalidInputError, NotAvailableError, PltheoryError
from .admissible import check_data
from .exact import has_memory
from .loss import LOSSES, SquareLoss
from .networks import FullyConnected, class_n
from .surroundings import undisturbed


@dataclass(frozen=True)
class Problem:
    """A network on data under the square loss.

    Attributes:
        network: any nn.Module mapping (n, d) to (n, C).
        x: inputs of shape (n, d).
        y: targets of shape (n, C).
        loss: "sum": L = 1/2 ||F - y||^2; "mean": that divided by n. Kernels and profiles are stated for the sum;
            `scale` carries L, mu and beta to the loss in use.
        data: where x and y come from, in one line for reports.

    Raises:
        InvalidInputError: shapes, dtypes or devices disagree, values are not finite, two data points are equal
            (which makes lambda_min of the kernel zero), or the network does not take the data.
    """

    network: nn.Module
    x: Tensor
    y: Tensor
    loss: str = "sum"
    data: str = ""

    @undisturbed
    def __post_init__(self) -> None:
        if not isinstance(self.loss, str) or self.loss not in LOSSES:
            raise InvalidInputError(f"loss = {self.loss!r}: allowed are {', '.join(map(repr, LOSSES))}")
        check_data(self.x, self.y)
        for key, data in (("x", self.x), ("y", self.y)):
            if type(data) not in (Tensor, nn.Parameter) or data.layout is not torch.strided or data.is_inference():
                raise InvalidInputError(
                    f"{key} is a {type(data).__name__} of layout {data.layout}; needed is a dense torch.Tensor made "
                    "outside of torch.inference_mode"
                )
        if not isinstance(self.network, nn.Module):
            raise InvalidInputError(f"network is of type {type(self.network).__name__}; needed is an nn.Module")
        for name, p in [*self.network.named_parameters(), *self.network.named_buffers()]:
            if is_lazy(p):
                raise InvalidInputError(f"{name} is a {type(p).__name__}: call the network on a batch first")
        for name, p in self.network.named_parameters():
            if p.layout is not torch.strided or p.is_meta:
                raise InvalidInputError(f"parameter {name} is {p.layout} on {p.device}; needed are dense numbers")
            if type(p) is nn.Parameter and not has_memory(p):
                raise InvalidInputError(f"parameter {name} has no memory: its storage is too small")
            if p.dtype != self.x.dtype or p.device != self.x.device:
                raise InvalidInputError(
                    f"parameter {name} is {p.dtype} on {p.device}, the data are {self.x.dtype} on {self.x.device}"
                )
            if not _is_finite(name, p):
                raise InvalidInputError(f"parameter {name} has a NaN or an infinity")
        with torch.no_grad():
            shape = self._outputs_shape()
        if shape != self.y.shape:
            raise InvalidInputError(
                f"the network maps x {tuple(self.x.shape)} to {tuple(shape)}, y is {tuple(self.y.shape)}"
            )

    def _outputs_shape(self) -> torch.Size:
        try:
            outputs = self.network(self.x)
        except (PltheoryError, MemoryError):
            raise
        except Exception as error:  # a module's own code raises what it likes
            raise InvalidInputError(
                f"the network does not take x of shape {tuple(self.x.shape)}: {said(error)}{self._not_class_n()}"
            ) from error
        if not isinstance(outputs, Tensor):
            raise InvalidInputError(f"the network returns a {type(outputs).__name__}; needed is a Tensor (n, C)")
        return outputs.shape

    def _not_class_n(self) -> str:
        """The part that a network which fails is broken at, as far as reading it tells."""
        try:
            class_n(self.network)
        except NotAvailableError as error:
            return f" ({error})"
        return ""

    @property
    def scale(self) -> float:
        """c with loss in use = c * 1/2 ||F - y||^2."""
        return self.objective.scale(len(self.x))

    @property
    def share(self) -> Fraction:
        """The same c, exactly."""
        return self.objective.share(len(self.x))

    @property
    def objective(self) -> SquareLoss:
        """The loss as an object."""
        return LOSSES[self.loss]

    def residual(self) -> Tensor:
        """F(w) - y, shape (n, C)."""
        return self.network(self.x) - self.y

    def value(self) -> Tensor:
        """The loss in use, a scalar tensor."""
        return self.objective.value(self.residual())

    def parameters(self) -> Iterator[nn.Parameter]:
        """The trainable parameters, in the module's order."""
        return (p for p in self.network.parameters() if p.requires_grad)

    def tensors(self) -> list[Tensor]:
        """All that code which only reads a problem may not change: the network's state and the data."""
        return [*self.network.state_dict().values(), self.x, self.y]

    def copy(self) -> Problem:
        """The same problem with weights of its own."""
        return Problem(copy.deepcopy(self.network), self.x, self.y, self.loss, self.data)


def _is_finite(name: str, p: Tensor) -> bool:
    try:
        return bool(torch.isfinite(p.detach()).all())
    except Exception as error:  # a tensor of another class raises what it likes
        raise InvalidInputError(
            f"parameter {name} is a {type(p).__name__} that cannot be read: {said(error)}"
        ) from error


def in_span_of_data(problem: Problem) -> Problem | None:
    """The same problem with inputs in coordinates of their span, or None where that saves nothing.

    With X = R Q, Q having orthonormal rows, replace X by R and W_1 by W_1 Q^T. Outputs, gradients' norms, distances
    and paths of every gradient method are the same, because the rows of W_1 move in the span of the data only: the part
    of W_1 orthogonal to it meets no input. The trained weights are W_1 - (W_1 Q^T)_0 Q + (W_1 Q^T)_T Q.
    """
    try:
        net = class_n(problem.network)
    except NotAvailableError:
        return None
    n, d = problem.x.shape
    if n >= d:
        return None
    q, r = torch.linalg.qr(problem.x.T)  # (d, n), (n, n)
    layers = net.layers
    # Neurons side by side in memory: products with a few coordinates then run along the width.
    first = (q.T @ layers[0].weight.detach().T).T  # (m_1, n)
    weights = [first, *(layer.weight.detach().clone() for layer in layers[1:])]
    has_bias = any(layer.bias is not None for layer in layers)
    # A layer without bias keeps tau = 0, so the zeros that stand in for its bias never move.
    biases = [
        torch.zeros(layer.weight.shape[0], dtype=r.dtype, device=r.device)
        if layer.bias is None
        else layer.bias.detach().clone()
        for layer in layers
    ]
    narrow = FullyConnected(
        weights,
        biases if has_bias else None,
        [layer.kappa for layer in layers],
        [layer.tau for layer in layers],
        net.activation,
    )
    return Problem(narrow, r.T.contiguous(), problem.y, problem.loss)
