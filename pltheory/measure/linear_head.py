"""The linear layers at the end of a network, found by running it, and what the first of them reads."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..problem.evaluation import outputs_of
from ..theory import InvalidInputError, NumericalFailureError

Array = np.ndarray
ROUNDINGS = 4.0
"""Round-off of a sum of k terms may be that many times k units in the last place of the sum of their moduli."""


@dataclass(frozen=True, eq=False)
class LinearHead:
    """F = W_L .. W_l H with biases, in doubles. Samples are rows.

    Attributes:
        names: of the layers in the module, in the order of the forward pass; at least two.
        weights: (out, in) each.
        biases: (out,) each; None where there is none.
        features: H, (n, in), what the first of them reads.
    """

    names: tuple[str, ...]
    weights: tuple[Array, ...]
    biases: tuple[Array | None, ...]
    features: Array

    @property
    def before(self) -> Array:
        """H of the last two layers alone: what the layer before the last reads, (n, k)."""
        return self._up_to(len(self.weights) - 2)

    @property
    def outputs(self) -> Array:
        """F, (n, C)."""
        return self._up_to(len(self.weights))

    def augmented(self, layer: int) -> Array:
        """[W, b] of a layer, W alone where it has no bias; counted as in `weights`."""
        weight, bias = self.weights[layer], self.biases[layer]
        return weight if bias is None else np.column_stack([weight, bias])

    def imbalance(self, layer: int) -> Array:
        """D = W_{l+1}^T W_{l+1} - W_l W_l^T - b_l b_l^T, symmetric, for l = layer; counted as in `weights`."""
        v, w = self.augmented(layer), self.weights[layer + 1]
        return w.T @ w - v @ v.T

    def round_off(self, unit: float) -> Array:
        """What outputs that layers of a precision of that unit answer with may differ from F by, (n, C)."""
        terms = sum(weight.shape[1] + 1 for weight in self.weights)
        moduli = replace(
            self,
            weights=tuple(map(np.abs, self.weights)),
            biases=tuple(None if bias is None else np.abs(bias) for bias in self.biases),
            features=np.abs(self.features),
        )
        return ROUNDINGS * terms * unit * moduli.outputs

    def _up_to(self, layers: int) -> Array:
        z = self.features
        for weight, bias in zip(self.weights[:layers], self.biases[:layers], strict=True):
            z = z @ weight.T + (0.0 if bias is None else bias)
        return z


def linear_head(network: nn.Module, x: Tensor) -> LinearHead:
    """The longest chain of `nn.Linear` at the end: each answers with the very tensor that the next one reads.

    Args:
        network: maps (n, ..) to (n, C).
        x: inputs.

    Raises:
        InvalidInputError: fewer than two such layers, or the outputs are not theirs.
        NumericalFailureError: a feature or an output is not finite.
    """
    calls = _Calls(network)
    with torch.no_grad(), calls:
        outputs = outputs_of(network, x)
    chain = calls.chain(outputs)
    if len(chain) < 2:
        found = f"'{chain[0].name}' alone" if chain else "none"
        raise InvalidInputError(
            f"the network must end in at least two torch.nn.Linear without anything between them; found: {found}"
        )
    layers = [call.module for call in chain]
    head = LinearHead(
        tuple(call.name for call in chain),
        tuple(_doubles(layer.weight) for layer in layers),
        tuple(None if layer.bias is None else _doubles(layer.bias) for layer in layers),
        _doubles(chain[0].read),
    )
    with np.errstate(over="ignore", invalid="ignore"):
        expected, answered = head.outputs, _doubles(outputs)
        allowed = head.round_off(torch.finfo(outputs.dtype).eps)
    if not (np.isfinite(expected).all() and np.isfinite(answered).all()):
        raise NumericalFailureError("last-layer features or outputs are not finite")
    if not (np.abs(expected - answered) <= allowed + 1e-300).all():
        raise InvalidInputError(
            f"the outputs are not those of the linear layers {', '.join(head.names)}: something changes them in between"
        )
    return head


@dataclass(frozen=True, eq=False)
class _Call:
    name: str
    module: nn.Linear
    read: Tensor
    answer: Tensor


class _Calls(ExitStack):
    """Every call of an `nn.Linear` on vectors, while it is entered."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.seen = network, list[_Call]()

    def __enter__(self) -> _Calls:
        for name, module in self.network.named_modules():
            if type(module) is nn.Linear:
                self.callback(module.register_forward_hook(self._noting(name)).remove)
        return self

    def _noting(self, name: str) -> Callable[[nn.Module, tuple[Any, ...], Any], None]:
        def note(module: nn.Module, read: tuple[Any, ...], answer: Any) -> None:
            assert isinstance(module, nn.Linear)
            if read and isinstance(read[0], Tensor) and read[0].ndim == 2:
                self.seen.append(_Call(name, module, read[0], answer))

        return note

    def chain(self, outputs: Tensor) -> list[_Call]:
        """From the outputs back, as long as the tensor read is another layer's answer."""
        by_answer = {id(call.answer): call for call in self.seen}
        found: list[_Call] = []
        tensor = outputs
        while id(tensor) in by_answer and len(found) < len(self.seen):
            found.append(by_answer[id(tensor)])
            tensor = found[-1].read
        # A layer that is called twice has one weight in two places, which is no chain of layers of their own.
        if len({id(call.module) for call in found}) < len(found):
            raise InvalidInputError(f"the linear layer '{found[-1].name}' stands more than once at the end")
        return found[::-1]


def _doubles(t: Tensor) -> Array:
    return t.detach().cpu().double().numpy()
