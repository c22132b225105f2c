"""Whether a module computes and trains what its layers say, at its weights: a second line of defence, no proof.

`exact` recognises what a network is made of. What it cannot see, a kernel of torch replaced in its dispatcher or a hook
on the node that accumulates a gradient, may still be seen here: outputs and one full backward pass of the live module
are held against the same numbers from NumPy and this package's own activations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..rigor.elementary import activation
from ..rigor.errors import NoVerdictError
from ..rigor.midrad import Ball
from ..theory import NotAvailableError
from ..theory import activation as activation_of_the_table
from .networks import ClassN

SAMPLES = 64
"""Samples that are looked at."""

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
    if not activation_of_the_table(live.activation).smooth:
        return  # nothing is proved of such a network
    some = x[:SAMPLES].detach()
    # Weights of the outputs in the number that is differentiated.
    signs = np.resize([1.0, -1.0], (len(some), live.widths[-1]))
    limits = torch.finfo(x.dtype)
    # Sums of k terms err by far less than k roundings of their sizes; sqrt(k) leaves room for what blocked sums do.
    tolerance = limits.eps * (64 + max(live.widths) ** 0.5)
    try:
        with np.errstate(all="ignore"):
            outputs, gradients = _expected(copies, _doubles(some), signs, limits.tiny / tolerance)
    except NoVerdictError:
        return  # what is not finite is for the measurements to refuse
    numbers = [outputs, *(g for pair in gradients for g in pair if g is not None)]
    if not all(float(g.size.max()) < limits.max for g in numbers):
        return
    found, written = _found(module, live, some, torch.from_numpy(signs).to(some))
    if not outputs.near(found, tolerance):
        raise NotAvailableError("not available for this network: its outputs are not those of its layers")
    for l, (want, got) in enumerate(zip(gradients, written, strict=True)):
        for what, number, gradient in zip(("weight", "bias"), want, got, strict=True):
            if number is not None and (gradient is None or not number.near(gradient, tolerance)):
                raise NotAvailableError(
                    f"not available for this network: the gradient that autograd gives the {what} of affine layer {l} "
                    "is not that of its layers"
                )


@dataclass(frozen=True)
class _Number:
    """An array in float64, and the sizes that its rounding errors are relative to."""

    value: Array
    size: Array

    def near(self, found: Tensor, tolerance: float) -> bool:
        # Written so that a NaN is not near.
        return found.shape == self.value.shape and bool(
            (np.abs(_doubles(found) - self.value) <= tolerance * self.size).all()
        )


_Gradients = list[tuple[_Number, _Number | None]]


def _expected(net: ClassN, x: Array, signs: Array, least: float) -> tuple[_Number, _Gradients]:
    """Outputs, and the gradients of sum(signs * F) by layer; sizes from the moduli of all that enters, never below
    `least`, so that what underflows is an error relative to them, too."""
    value, size = x, np.maximum(np.abs(x), least)
    inputs, slopes = [], []
    for layer in net.layers:
        inputs.append(_Number(value, size))
        w = _doubles(layer.weight)
        z, z_size = layer.kappa * (value @ w.T), abs(layer.kappa) * (size @ np.abs(w).T)
        if layer.bias is not None:
            b = layer.tau * _doubles(layer.bias)
            z, z_size = z + b, z_size + np.abs(b)
        z_size = np.maximum(z_size, least)
        if len(inputs) < len(net.layers):
            derivative, value = (activation(net.activation, Ball(z), order).mid for order in (1, 0))
            # An error of z moves act(z) and act'(z) by about as much; an error of act' is relative to 1.
            slopes.append(_Number(derivative, 1.0 + z_size))
            size = np.abs(value) + z_size
    gradients: _Gradients = []
    back = _Number(signs, np.abs(signs))
    for l in reversed(range(len(net.layers))):
        layer, into = net.layers[l], inputs[l]
        weight = _Number(
            layer.kappa * (back.value.T @ into.value), abs(layer.kappa) * (back.size.T @ into.size) + least
        )
        bias = None
        if layer.bias is not None:
            bias = _Number(layer.tau * back.value.sum(axis=0), abs(layer.tau) * back.size.sum(axis=0) + least)
        gradients.append((weight, bias))
        if l > 0:
            w, slope = _doubles(layer.weight), slopes[l - 1]
            below, below_size = layer.kappa * (back.value @ w), abs(layer.kappa) * (back.size @ np.abs(w))
            back = _Number(below * slope.value, np.maximum(below_size * slope.size, least))
    return _Number(z, z_size), gradients[::-1]


def _found(
    module: nn.Module, live: ClassN, x: Tensor, signs: Tensor
) -> tuple[Tensor, list[tuple[Tensor | None, Tensor | None]]]:
    """The same from the module by `backward`, which passes every hook that a gradient meets in training."""
    parameters = [p for layer in live.layers for p in (layer.weight, layer.bias) if p is not None]
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
    return t.detach().cpu().numpy().astype(np.float64)
