"""The stored doubles that a claim speaks of: a class-N network, and its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
import torch

from ..nets.activations import activation
from ..problem.problem import Problem
from ..rigor.roundoff import Array
from ..theory import InvalidInputError, NotAvailableError


class Stored(Protocol):
    """A network and its data as exact doubles.

    Attributes:
        x: inputs, one row a sample.
        y: targets, (n, C).
    """

    @property
    def x(self) -> Array: ...  # noqa: D102
    @property
    def y(self) -> Array: ...  # noqa: D102

    def named(self) -> dict[str, Array]:
        """The network's arrays by the names they have in a file."""
        ...

    def section(self) -> dict[str, Any]:
        """What a certificate's text says of the network, its doubles as such."""
        ...


@dataclass(frozen=True, eq=False)
class FloatNetwork:
    """A class-N network as float64 arrays, which are taken as exact.

    Attributes:
        weights: W_l of shape (m_l, m_{l-1}), l = 1..L+1.
        biases: b_l of shape (m_l,), or None where the layer has none.
        kappa: kappa_l.
        tau: tau_l; 0 where there is no bias.
        activation: name in the table.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array | None, ...]
    kappa: tuple[float, ...]
    tau: tuple[float, ...]
    activation: str

    @property
    def depth(self) -> int:
        """L + 1, the number of affine layers."""
        return len(self.weights)

    @property
    def parameters(self) -> list[Array]:
        """All parameters."""
        return [*self.weights, *(b for b in self.biases if b is not None)]

    def named(self, prefix: str = "") -> dict[str, Array]:
        """The parameters by the names they have in a file: W1.., b1.. where there is a bias."""
        weights = {f"{prefix}W{l}": w for l, w in enumerate(self.weights, 1)}
        return weights | {f"{prefix}b{l}": b for l, b in enumerate(self.biases, 1) if b is not None}

    def section(self) -> dict[str, Any]:
        """What a certificate's text says of the network."""
        return {
            "activation": self.activation,
            "kappas": list(self.kappa),
            "taus": list(self.tau),
            "layers": self.depth,
        }

    def replaced(self, weights: Sequence[Array], biases: Sequence[Array | None]) -> Self:
        """The same network with other parameters."""
        return replace(self, weights=tuple(weights), biases=tuple(biases))


@dataclass(frozen=True, eq=False)
class Arrays(FloatNetwork):
    """A network and its data.

    Attributes:
        x: (n, d).
        y: (n, C).
    """

    x: Array
    y: Array


def stored_arrays(problem: Problem) -> Arrays:
    """The doubles of a network and its data; float32 is widened exactly.

    Raises:
        NotAvailableError: the network is not of class N, or its activation is not smooth.
    """
    net = problem.class_n()
    if not activation(net.activation).smooth:
        raise NotAvailableError(
            f"not available for this network: {net.activation} is not twice continuously differentiable"
        )

    return Arrays(
        tuple(doubles(layer.weight) for layer in net.layers),
        tuple(None if layer.bias is None else doubles(layer.bias) for layer in net.layers),
        tuple(float(layer.kappa) for layer in net.layers),
        tuple(float(layer.tau) for layer in net.layers),
        net.activation,
        doubles(problem.x),
        doubles(problem.y),
    )


def doubles(t: torch.Tensor) -> Array:
    """A tensor's numbers, widened exactly."""
    # A copy: what is certified must not change with the network afterwards. Widened by NumPy: threads of torch may
    # flush what is subnormal in float32.
    return np.array(t.detach().cpu().numpy(), dtype=np.float64, order="C", copy=True)


def require_unchanged(a: Stored, now: Stored) -> None:
    """Refuse to speak of a problem that is no longer what its stored doubles were taken from.

    Args:
        a: what was taken.
        now: what is there.

    Raises:
        InvalidInputError: naming what changed.
    """
    was, live = ({**b.named(), "x": b.x, "y": b.y} for b in (a, now))
    for name in {**was, **live}:
        if name not in was or name not in live or not _same_bits(was[name], live[name]):
            raise InvalidInputError(f"{name} changed while the proof ran; nothing is said of either")
    if type(a) is not type(now) or a.section() != now.section():
        raise InvalidInputError("a scale or the activation changed while the proof ran; nothing is said of either")


def _same_bits(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool((a.view(np.int64) == b.view(np.int64)).all())
