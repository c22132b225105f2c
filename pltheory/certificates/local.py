"""What kernel Gauss-Newton needs of a network at one point: outputs, kernel, its products, and J^T v."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from ..certification.profile import Profile, profile, profile_of_graph
from ..measure.autodiff import weighted_gradient
from ..measure.linearization import Linearization, linearize
from ..nets.centre import Centre
from ..problem.problem import Problem
from ..theorems.measured import linearize_graph
from ..theory import Bound

Spectrum = tuple[Bound, Bound]


class Local(Protocol):
    """A network linearised at its weights.

    Attributes:
        quick: whether the profile costs no more than a step.
    """

    quick: ClassVar[bool]

    @property
    def outputs(self) -> Tensor:
        """F of shape (n, C)."""
        ...

    @property
    def kernel(self) -> Tensor:
        """(n C, n C)."""
        ...

    def products(self, v: Tensor) -> Tensor:
        """K v for v of shape (n, C)."""
        ...

    def directions(self, v: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Each parameter with its part of J^T v."""
        ...

    def profile(self, residual: float, scale: float, spectrum: Spectrum) -> Profile:
        """The profile, a guess made from estimated eigenvalues."""
        ...


@dataclass(frozen=True)
class Layers:
    """A network of class N."""

    at: Linearization
    quick: ClassVar[bool] = True

    @property
    def outputs(self) -> Tensor:
        """F."""
        return self.at.outputs

    @property
    def kernel(self) -> Tensor:
        """K."""
        return self.at.kernel

    def products(self, v: Tensor) -> Tensor:
        """K v through the Jacobian."""
        return self.at.products(v)

    def directions(self, v: Tensor) -> list[tuple[Tensor, Tensor]]:
        """J^T v by layers."""
        moves: list[tuple[Tensor, Tensor]] = []
        for layer, (dw, db) in zip(self.at.network.layers, self.at.transpose_times(v), strict=True):
            moves.append((layer.weight, dw))
            if layer.bias is not None and db is not None:
                moves.append((layer.bias, db))
        return moves

    def profile(self, residual: float, scale: float, spectrum: Spectrum) -> Profile:
        """As in `Local`."""
        return profile(self.at, residual, scale, spectrum=spectrum, as_guess=True)


@dataclass(frozen=True)
class Nodes:
    """A network of class G, in float64."""

    problem: Problem
    at: Centre
    quick: ClassVar[bool] = False

    @property
    def outputs(self) -> Tensor:
        """F."""
        return torch.from_numpy(self.at.outputs).to(self.problem.x)

    @cached_property
    def kernel(self) -> Tensor:
        """K."""
        return torch.from_numpy(self.at.kernel).to(self.problem.x)

    def products(self, v: Tensor) -> Tensor:
        """K v."""
        return (self.kernel @ v.reshape(-1)).reshape(v.shape)

    def directions(self, v: Tensor) -> list[tuple[Tensor, Tensor]]:
        """J^T v by reverse mode."""
        found = weighted_gradient(self.problem.network, self.problem.x, v.reshape(-1))
        return list(zip(self.problem.parameters(), found, strict=True))

    def profile(self, residual: float, scale: float, spectrum: Spectrum) -> Profile:
        """As in `Local`."""
        return profile_of_graph(linearize_graph(self.problem), residual, scale, spectrum=spectrum, as_guess=True)


def local(problem: Problem) -> Local:
    """A problem linearised at its weights.

    Raises:
        NotAvailableError: neither of class N nor of class G.
    """
    if problem.of_class_n:
        return Layers(linearize(problem.network, problem.x))
    return Nodes(problem, linearize_graph(problem, bounds=False))
