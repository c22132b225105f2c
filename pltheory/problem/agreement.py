"""Whether a module computes and trains what its layers say, at its weights: a second line of defence, no proof.

`exact` recognises what a network is made of. What it cannot see, a kernel of torch replaced in its dispatcher or a hook
on the node that accumulates a gradient, may still be seen here: outputs and a full backward pass of the live module
are held against the same numbers from NumPy and this package's own activations; some more passes, one of them at other
weights, where somebody holds such a node.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..nets.activations import activation
from ..rigor.errors import NoVerdictError
from ..rigor.midrad import Ball
from ..theory import NotAvailableError
from .networks import ClassN, Layer

ENTRIES = 2**24
"""Samples times width that are looked at, and 64 samples at least."""
AGAIN = 2
"""More passes where a node that accumulates a gradient outlives the first, before one at other weights."""
_MARK = "pltheory: seen"
PIECE = 2**18
"""Entries of a weight matrix that are worked on at a time, so that the passes stay in the cache."""

Array = np.ndarray


def require_agreement(module: nn.Module, live: ClassN, copies: ClassN, x: Tensor) -> None:
    """Refuse a module whose outputs or gradients are not those of the layers that were read from it.

    The module's parameters get a gradient for a moment; what was there is put back.

    Args:
        module: the network itself.
        live: its layers, sharing its parameters.
        copies: the same with tensors of their own.
        x: inputs of shape (n, d); the first ones are used.

    Raises:
        NotAvailableError: a number is off by more than rounding explains.
    """
    if not activation(live.activation).smooth:
        return  # nothing is proved of such a network
    some = x[: max(64, ENTRIES // max(live.widths))].detach()
    # Weights of the outputs in the number that is differentiated.
    signs = np.resize([1.0, -1.0], (len(some), live.widths[-1]))
    limits = torch.finfo(x.dtype)
    # Sums of k terms err by far less than k roundings of their sizes; sqrt(k) leaves room for what blocked sums do.
    tolerance = limits.eps * (64 + max(live.widths) ** 0.5)
    parameters = _parameters(live)
    _compare(module, live, copies, some, signs, tolerance)
    if any(_outlives(p) for p in parameters):
        # A hook on a node that lives on may count its calls, or wait for the weights to move.
        for _ in range(AGAIN):
            _compare(module, live, copies, some, signs, tolerance)
        moved = _scaled(copies, 1 + 2**-6)
        with _in_place(parameters, _parameters(moved)):
            _compare(module, live, moved, some, signs, tolerance)


def _compare(module: nn.Module, live: ClassN, copies: ClassN, some: Tensor, signs: Array, tolerance: float) -> None:
    limits = torch.finfo(some.dtype)
    try:
        with np.errstate(all="ignore"):
            outputs, gradients = _expected(copies, _doubles(some), signs, limits.tiny / tolerance)
    except NoVerdictError:
        return  # what is not finite is for the measurements to refuse, and what has no enclosure is not certified
    if not (outputs.largest() < limits.max and all(g.largest() < limits.max for g in gradients)):
        return
    found, written = _found(module, live, some, torch.from_numpy(signs).to(some))
    if not outputs.near(_doubles(found), tolerance):
        raise NotAvailableError("not available for this network: its outputs are not those of its layers")
    for l, (want, (weight, bias)) in enumerate(zip(gradients, written, strict=True)):
        for what, near in (("weight", want.near_weight(weight, tolerance)), ("bias", want.near_bias(bias, tolerance))):
            if not near:
                raise NotAvailableError(
                    f"not available for this network: the gradient that autograd gives the {what} of affine layer {l} "
                    "is not that of its layers"
                )


def _parameters(net: ClassN) -> list[Tensor]:
    return [p for layer in net.layers for p in (layer.weight, layer.bias) if p is not None]


def _scaled(net: ClassN, by: float) -> ClassN:
    layers = (
        replace(layer, weight=by * layer.weight.detach(), bias=None if layer.bias is None else by * layer.bias.detach())
        for layer in net.layers
    )
    return replace(net, layers=tuple(layers))


@contextmanager
def _in_place(parameters: list[Tensor], values: list[Tensor]) -> Iterator[None]:
    """Other numbers in the parameters for a moment; those that were there are left in their memory."""
    own = [p.data for p in parameters]
    try:
        for p, value in zip(parameters, values, strict=True):
            p.data = value
        yield
    finally:
        for p, data in zip(parameters, own, strict=True):
            p.data = data


def _outlives(p: Tensor) -> bool:
    """Whether somebody holds the node that accumulates a parameter's gradient, and with it its hooks.

    torch makes that node anew when nobody does. What is written on it is there again only if it is the same.
    """

    def node() -> Any:
        with torch.enable_grad():
            return p.expand_as(p).grad_fn.next_functions[0][0]  # type: ignore[union-attr]

    node().metadata[_MARK] = True
    return node().metadata.pop(_MARK, None) is not None


@dataclass(frozen=True)
class _Number:
    """An array in float64, and the sizes that its rounding errors are relative to."""

    value: Array
    size: Array

    def largest(self) -> float:
        return float(self.size.max())

    def near(self, found: Array, tolerance: float) -> bool:
        # Written so that a NaN is not near.
        return found.shape == self.value.shape and bool((np.abs(found - self.value) <= tolerance * self.size).all())


@dataclass(frozen=True)
class _Gradient:
    """The gradient of sum(signs * F) in one layer's parameters, as the factors it is a product of.

    Attributes:
        layer: the layer.
        back: derivatives by Z, (n, m_l).
        into: A_{l-1}, (n, m_{l-1}).
        least: sizes are never below it.
    """

    layer: Layer
    back: _Number
    into: _Number
    least: float

    def largest(self) -> float:
        return self.back.largest() * max(1.0, self.into.largest())

    def near_weight(self, found: Tensor | None, tolerance: float) -> bool:
        if found is None or found.shape != self.layer.weight.shape:
            return False
        given, scale = _doubles(found), self.layer.kappa
        for some in _pieces(given):
            value = scale * (self.back.value[:, some].T @ self.into.value)
            size = abs(scale) * (self.back.size[:, some].T @ self.into.size)
            if not _Number(value, size + self.least).near(given[some], tolerance):
                return False
        return True

    def near_bias(self, found: Tensor | None, tolerance: float) -> bool:
        if self.layer.bias is None:
            return True
        tau = self.layer.tau
        sums = _Number(tau * self.back.value.sum(axis=0), abs(tau) * self.back.size.sum(axis=0) + self.least)
        return found is not None and sums.near(_doubles(found), tolerance)


def _pieces(matrix: Array) -> Iterator[slice]:
    rows = max(1, PIECE // matrix.shape[1])
    return (slice(start, start + rows) for start in range(0, len(matrix), rows))


def _expected(net: ClassN, x: Array, signs: Array, least: float) -> tuple[_Number, list[_Gradient]]:
    """Outputs, and gradients by layer; sizes from the moduli of all that enters, never below `least`, so that what
    underflows is an error relative to them, too."""
    value, size = x, np.maximum(np.abs(x), least)
    inputs, slopes, act = [], [], activation(net.activation)
    for layer in net.layers:
        inputs.append(_Number(value, size))
        z = _affine(layer, inputs[-1], least)
        if len(inputs) < len(net.layers):
            derivative, value = (act.enclose(Ball(z.value), order).mid for order in (1, 0))
            # An error of z moves act(z) and act'(z) by about as much; an error of act' is relative to 1.
            slopes.append(_Number(derivative, 1.0 + z.size))
            size = np.abs(value) + z.size
    gradients = []
    back = _Number(signs, np.abs(signs))
    for l in reversed(range(len(net.layers))):
        layer = net.layers[l]
        gradients.append(_Gradient(layer, back, inputs[l], least))
        if l > 0:
            w, slope = _doubles(layer.weight), slopes[l - 1]
            below, below_size = layer.kappa * (back.value @ w), abs(layer.kappa) * (back.size @ np.abs(w))
            back = _Number(below * slope.value, np.maximum(below_size * slope.size, least))
    return z, gradients[::-1]


def _affine(layer: Layer, a: _Number, least: float) -> _Number:
    w = _doubles(layer.weight)
    z = np.empty((len(a.value), len(w)))
    size = np.empty_like(z)
    for some in _pieces(w):
        z[:, some] = layer.kappa * (a.value @ w[some].T)
        size[:, some] = abs(layer.kappa) * (a.size @ np.abs(w[some]).T)
    if layer.bias is not None:
        b = layer.tau * _doubles(layer.bias)
        z, size = z + b, size + np.abs(b)
    return _Number(z, np.maximum(size, least))


def _found(
    module: nn.Module, live: ClassN, x: Tensor, signs: Tensor
) -> tuple[Tensor, list[tuple[Tensor | None, Tensor | None]]]:
    """The same from the module by `backward`, which passes every hook that a gradient meets in training."""
    parameters = _parameters(live)
    before = [p.grad for p in parameters]
    try:
        for p in parameters:
            p.grad = None
        with torch.enable_grad():
            outputs = module(x)
            if outputs.shape != signs.shape:
                raise NotAvailableError("not available for this network: its outputs are not those of its layers")
            (outputs * signs).sum().backward(inputs=parameters)
        written = [(layer.weight.grad, None if layer.bias is None else layer.bias.grad) for layer in live.layers]
    finally:
        for p, grad in zip(parameters, before, strict=True):
            p.grad = grad
    return outputs.detach(), written


def _doubles(t: Tensor) -> Array:
    return t.detach().cpu().numpy().astype(np.float64, copy=False)
