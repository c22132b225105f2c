"""What is studied: a network, data and a loss."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..nets.activations import activation
from ..nets.reading import Reading
from ..packages import said
from ..theory import InvalidInputError, NotAvailableError, PltheoryError
from .admissible import are_labels, check_data, check_labelled
from .exact import has_memory
from .graphs import read_graph
from .loss import Loss, SquareLoss, loss_of
from .networks import ClassN, FullyConnected, class_n, looks_like_layers, require_vectors
from .surroundings import undisturbed


@dataclass(frozen=True)
class Problem:
    """A network on data under a loss that has a gauge, by default the square loss.

    Samples and outputs may have axes of their own. The theory knows C numbers a sample: an output is flattened in row
    order, and C is the product of its axes.

    Attributes:
        network: any nn.Module mapping ``(n, *sample)`` to ``(n, *out)``, each with at least one axis beside n.
        x: inputs of shape ``(n, *sample)``: vectors (n, d), tokens (n, T, d), images (n, c, h, w).
        y: targets. Given as ``(n, *out)``, as (n, C), or, where outputs are (n, C) with C >= 2, as integer class labels
            0, .., C - 1 of shape (n,), which become one-hot targets (0 and 1) in the network's dtype. Held as (n, C).
        loss: "sum": L = 1/2 ||F - y||^2; "mean": that divided by n; or what `pltheory.problem.loss.loss_of` takes.
            Held as a text, of which `objective` is the object. Kernels and profiles are stated for F; `unit` carries
            them to the loss in use.
        data: where x and y come from, in one line for reports.
        objective: the loss as an object.
        output_shape: the axes of one sample's output, `out`.

    Raises:
        InvalidInputError: shapes, dtypes or devices disagree, values are not finite, two data points are equal
            (which makes lambda_min of the kernel zero), a label is out of range, or the network does not take the data.
    """

    network: nn.Module
    x: Tensor
    y: Tensor
    loss: str | Loss = "sum"
    data: str = ""
    objective: Loss = field(init=False, repr=False, compare=False)
    output_shape: tuple[int, ...] = field(init=False, repr=False, compare=False)

    @undisturbed
    def __post_init__(self) -> None:
        object.__setattr__(self, "objective", loss_of(self.loss))
        object.__setattr__(self, "loss", str(self.objective))
        (check_labelled if are_labels(self.y) else check_data)(self.x, self.y)
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
        if len(shape) < 2 or shape[0] != len(self.x):
            raise InvalidInputError(
                f"the network maps x {tuple(self.x.shape)} to {tuple(shape)}; needed is a row of outputs a sample, "
                f"({len(self.x)}, C) or ({len(self.x)}, ..) with more axes"
            )
        object.__setattr__(self, "output_shape", tuple(shape[1:]))
        y = self._one_hot(shape) if are_labels(self.y) else self._flat_targets(shape)
        object.__setattr__(self, "y", self.objective.checked(y))

    def _flat_targets(self, shape: torch.Size) -> Tensor:
        if self.y.shape not in (shape, (shape[0], shape[1:].numel())):
            raise InvalidInputError(
                f"the network maps x {tuple(self.x.shape)} to {tuple(shape)}, y is {tuple(self.y.shape)}"
            )
        return self.y if self.y.ndim == 2 else self.y.detach().flatten(1)

    def _one_hot(self, shape: torch.Size) -> Tensor:
        if len(shape) != 2 or shape[1] < 2:
            raise InvalidInputError(
                f"y are class labels, {self.y.dtype} of shape {tuple(self.y.shape)}, and the network maps x to "
                f"{tuple(shape)}; class labels need outputs (n, C) with C >= 2"
            )
        wrong = torch.nonzero((self.y < 0) | (self.y >= shape[1])).flatten()
        if wrong.numel():
            row = int(wrong[0])
            raise InvalidInputError(
                f"y: the class label of row {row} (from 0) is {int(self.y[row])}; allowed are 0 to {shape[1] - 1}, the "
                f"network has {shape[1]} outputs"
            )
        return nnf.one_hot(self.y.long(), shape[1]).to(self.x.dtype)

    def _outputs_shape(self) -> torch.Size:
        try:
            outputs = self.network(self.x)
        except (PltheoryError, MemoryError):
            raise
        except Exception as error:  # a module's own code raises what it likes
            raise InvalidInputError(
                f"the network does not take x of shape {tuple(self.x.shape)}: {said(error)}"
                f"{self._channels_first() or self._not_class_n()}"
            ) from error
        if not isinstance(outputs, Tensor):
            raise InvalidInputError(f"the network returns a {type(outputs).__name__}; needed is a Tensor (n, C)")
        if outputs.device != self.x.device:
            raise InvalidInputError(
                f"the network's outputs are on {outputs.device}, the data on {self.x.device}; needed is one device"
            )
        return outputs.shape

    def _channels_first(self) -> str:
        """That the network takes the same samples with their last axis first, where it does."""
        if self.x.ndim < 3:
            return ""
        try:
            self.network(self.x[:2].movedim(-1, 1))
        except Exception:  # a module's own code raises what it likes
            return ""
        return "; it takes x.movedim(-1, 1), channels first"

    def _not_class_n(self) -> str:
        """The part that a network of layers which fails is broken at, as far as reading it tells."""
        if not looks_like_layers(self.network):
            return ""
        try:
            self.class_n()
        except NotAvailableError as error:
            return f" ({error})"
        return ""

    def class_n(self) -> ClassN:
        """The class-N reading of the network on these inputs.

        Raises:
            NotAvailableError: the network is not of class N, or samples are no vectors: layers of class N would be
                applied to each token of a sample.
        """
        net = class_n(self.network)
        require_vectors(self.x)
        return net

    @property
    def of_class_n(self) -> bool:
        """Whether it is read as fully connected layers: with an activation that has kinks it is read as a graph."""
        try:
            net = self.class_n()
        except NotAvailableError:
            return False
        return activation(net.activation).smooth

    @cached_property
    def reading(self) -> Reading:
        """The network as a graph of class G, read once: its structure, and where its parameters are.

        Raises:
            NotAvailableError: the network is not of class G.
        """
        return read_graph(self.network, self.x)

    @property
    def square(self) -> bool:
        """Whether the loss is c * 1/2 ||F - y||^2."""
        return isinstance(self.objective, SquareLoss)

    @property
    def scale(self) -> float:
        """c with loss in use = c * 1/2 ||F - y||^2.

        Raises:
            NotAvailableError: it is another loss.
        """
        return float(self.share)

    @property
    def share(self) -> Fraction:
        """The same c, exactly.

        Raises:
            NotAvailableError: as `scale`.
        """
        if not self.square:
            raise NotAvailableError(f"it speaks of the square loss, not of {self.objective.name}")
        return self.objective.share(*self.y.shape)

    @property
    def unit(self) -> float:
        """What kernels are reported in: c of the square loss; 1 of any other, whose gauge is stated for F itself."""
        return self.scale if self.square else 1.0

    def outputs(self) -> Tensor:
        """F(w), flattened per sample: shape (n, C)."""
        return self.network(self.x).flatten(1)

    def residual(self) -> Tensor:
        """F(w) - y, shape (n, C)."""
        return self.outputs() - self.y

    def value(self) -> Tensor:
        """The loss in use, a scalar tensor."""
        return self.objective.value(self.outputs(), self.y)

    def parameters(self) -> Iterator[nn.Parameter]:
        """The trainable parameters, in the module's order."""
        return (p for p in self.network.parameters() if p.requires_grad)

    def tensors(self) -> list[Tensor]:
        """All that code which only reads a problem may not change: the network's state and the data."""
        return [*self.network.state_dict().values(), self.x, self.y]

    def copy(self) -> Problem:
        """The same problem with weights of its own."""
        return Problem(copy.deepcopy(self.network), self.x, self.y, self.objective, self.data)


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
        net = problem.class_n()
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
    return Problem(narrow, r.T.contiguous(), problem.y, problem.objective)
