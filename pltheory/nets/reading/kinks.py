"""Activations with kinks or curved pieces: ReLU and its like, bounds on one or both sides, modulus, ELU, hardswish."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch

from ..kinds.curved import elu, hardswish
from ..kinds.kinks import PiecewiseLinear, clipped, leaky_relu, modulus, shrunk
from .arithmetic import common_shape
from .builder import Builder
from .operation import Call, constant, describe, number, reads
from .pieces import piecewise
from .values import Constant, Frozen, Moved, Value, Weight, unreadable

SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
"""Those of torch's SELU."""
_LEAST = 2.0**-100
"""Alphas between that and its inverse are read."""
_AT_ZERO = "it changes nothing, and at 0 torch takes 0 for its derivative: leave it out"


@reads("relu", "relu_")
def _relu(builder: Builder, call: Call) -> Value:
    return builder.piecewise(call.node("self"), piecewise(leaky_relu(0.0), 0.0))


@reads("leaky_relu", "leaky_relu_")
def _leaky(builder: Builder, call: Call) -> Value:
    return _with_slope(builder, call.node("self"), number(call["negative_slope"]))


@reads("prelu")
def _prelu(builder: Builder, call: Call) -> Value:
    slope = call["weight"]
    if isinstance(slope, Weight):
        unreadable(
            f"the slope {slope.name} is trained: a kink with a parameter of its own, a product with negative "
            "values alone, is no kind of node; a slope that does not require a gradient is read"
        )
    numbers = constant(Constant(slope.tensor) if isinstance(slope, Frozen) else slope).reshape(-1)
    if bool((numbers != numbers[0]).any()):
        unreadable("its slopes differ by channel: one slope for all is read")
    return _with_slope(builder, call.node("self"), float(numbers[0]))


def _with_slope(builder: Builder, value: Moved, alpha: float | None) -> Moved:
    if alpha is None or not 0 <= alpha <= 1:
        unreadable(f"its slope below 0 is {alpha}: read are slopes from 0 to 1")
    return value if alpha == 1 else builder.piecewise(value, piecewise(leaky_relu(alpha), alpha))


@reads("relu6", "relu6_")
def _relu6(builder: Builder, call: Call) -> Value:
    return builder.piecewise(call.node("self"), piecewise(clipped(0.0, 6.0), 0.0, 0.0))


@reads("hardtanh", "hardtanh_")
def _hardtanh(builder: Builder, call: Call) -> Value:
    return between(builder, call.node("self"), call["min_val"], call["max_val"], 0.0)


@reads("clamp", "clamp_", "clip", "clip_", "clamp_min", "clamp_min_", "clamp_max", "clamp_max_")
def _clamp(builder: Builder, call: Call) -> Value:
    return between(builder, call.node("self"), call.arguments.get("min"), call.arguments.get("max"), 1.0)


@reads("abs", "abs_", "absolute", "absolute_")
def _modulus(builder: Builder, call: Call) -> Value:
    return builder.piecewise(call.node("self"), piecewise(modulus(), 0.0))


@reads("threshold", "threshold_")
def _threshold(builder: Builder, call: Call) -> Value:
    at, value = number(call["threshold"]), number(call["value"])
    if at != value:
        unreadable(f"it jumps from {value} to its threshold {at}: it is read where the two are equal")
    return between(builder, call.node("self"), at, None, 0.0)


@reads("hardsigmoid", "hardsigmoid_")
def _hardsigmoid(builder: Builder, call: Call) -> Value:
    if call.dtype == torch.float64:
        # Its backward pass multiplies by 1.0f / 6.0f whatever the precision.
        unreadable("torch differentiates it with a sixth of single precision: relu6(z + 3) / 6 is read")
    value = builder.piecewise(call.node("self"), piecewise(clipped(-3.0, 3.0), 0.0, 0.0))
    sixth = torch.tensor(1.0 / 6.0, dtype=torch.float64)
    return builder.diagonal(value, sixth, torch.tensor(0.5, dtype=torch.float64))


@reads("softshrink")
def _softshrink(builder: Builder, call: Call) -> Value:
    value, lam = call.node("self"), number(call["lambd"])
    assert lam is not None
    if lam == 0:
        unreadable(_AT_ZERO)
    return builder.piecewise(value, piecewise(shrunk(lam), 0.0, 0.0))


@reads("hardshrink")
def _hardshrink(builder: Builder, call: Call) -> Value:
    lam = number(call["lambd"])
    if lam != 0:
        unreadable(f"it jumps from 0 to {lam:g} at {lam:g}: softshrink, which does not, is read")
    return unreadable(_AT_ZERO)


@reads("hardswish", "hardswish_")
def _hardswish(builder: Builder, call: Call) -> Value:
    return builder.curved(call.node("self"), hardswish())


@reads("elu", "elu_")
def _elu(builder: Builder, call: Call) -> Value:
    call.only("input_scale", 1)
    return _exponential(builder, call.node("self"), number(call["alpha"]), number(call["scale"]))


@reads("selu", "selu_")
def _selu(builder: Builder, call: Call) -> Value:
    return _exponential(builder, call.node("self"), SELU_ALPHA, SELU_SCALE)


@reads("celu", "celu_")
def _celu(builder: Builder, call: Call) -> Value:
    # alpha ELU(z / alpha): its derivative is continuous for every alpha.
    value, alpha = call.node("self"), number(call["alpha"])
    if alpha is None or not _LEAST < alpha < 1 / _LEAST:
        unreadable(f"its alpha is {alpha}: read are numbers above 0")
    if call.dtype == torch.float64 and float(np.float32(alpha)) != alpha:
        unreadable(f"torch differentiates it with alpha in single precision, which {alpha} is not: 0.5 and 3 would be")
    out = builder.curved(replace(value, scale=value.scale * (1.0 / alpha)), elu())
    return replace(out, scale=out.scale * alpha)


def _exponential(builder: Builder, value: Moved, alpha: float | None, scale: float | None) -> Moved:
    if alpha is None or scale is None or not math.isfinite(scale):
        unreadable("its alpha or scale is no number")
    if alpha == 0:
        out = builder.piecewise(value, piecewise(leaky_relu(0.0), 0.0))
    elif not _LEAST < alpha < 1 / _LEAST:
        unreadable(f"its alpha is {alpha}: read are numbers that are not negative")
    else:
        out = builder.curved(value, elu(alpha))
    return replace(out, scale=out.scale * scale)


def between(builder: Builder, value: Moved, low: Value, high: Value, at: float) -> Moved:
    """A value held between two constants, either of which may be None or infinite; torch's derivative there is `at`.

    Raises:
        UnreadableError: a bound is no constant, or not one number, or leaves nothing between.
    """
    shapes = [bound.tensor.shape for bound in (low, high) if isinstance(bound, Constant)]
    value = value.with_index(value.index.expand(common_shape(value.index.shape, *shapes)))
    below, above = _bound(low, -math.inf), _bound(high, math.inf)
    if not below < above:
        unreadable(f"it holds its argument between {below} and {above}: nothing is between them")
    if math.isfinite(below) and math.isfinite(above):
        return builder.piecewise(value, piecewise(clipped(below, above), at, at))
    if math.isfinite(below):
        return builder.piecewise(value, piecewise(_one_sided(below, 0.0, 1.0), at))
    if not math.isfinite(above):
        return value
    return builder.piecewise(value, piecewise(_one_sided(above, 1.0, 0.0), at))


def _one_sided(bound: float, before: float, behind: float) -> PiecewiseLinear:
    """Constant on one side of a bound, the identity on the other."""
    shifts = [bound if slope == 0 else 0.0 for slope in (before, behind)]
    return PiecewiseLinear(np.array([bound]), np.array([before, behind]), np.array(shifts))


def _bound(bound: Value, otherwise: float) -> float:
    if bound is None:
        return otherwise
    if isinstance(bound, (bool, int, float)):
        found = float(bound)
    elif isinstance(bound, Constant) and not bound.tensor.is_complex():
        numbers = bound.tensor.double().reshape(-1)
        if not numbers.numel() or bool((numbers != numbers[0]).any()):
            unreadable("its bounds differ by entry: one number for all is read")
        found = float(numbers[0])
    else:
        unreadable(f"{describe(bound)} is where a constant is read")
    # Minus 0 is a bound like 0.
    return found + 0.0
