"""What can be switched on around a call."""

from __future__ import annotations

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from .battery import plain, surrounding


@surrounding("no_grad", None)
def _(net):
    # The training that judges the answer needs gradients.
    with torch.no_grad():
        yield


@surrounding("inference_mode", None)
def _(net):
    with torch.inference_mode():
        yield


@surrounding("set_grad_enabled(False)", None)
def _(net):
    torch.set_grad_enabled(False)
    try:
        yield
    finally:
        torch.set_grad_enabled(True)


@surrounding("autocast", "torch.autocast")
def _(net):
    with torch.autocast("cpu", torch.bfloat16):
        yield


def _default_dtype(dtype):
    @surrounding(f"set_default_dtype({str(dtype).removeprefix('torch.')})", None)
    def _(net):
        before = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            yield
        finally:
            torch.set_default_dtype(before)


for _dtype in (torch.float64, torch.float16, torch.bfloat16):
    _default_dtype(_dtype)


def _default_device(name):
    @surrounding(f"set_default_device({name})", None)
    def _(net):
        torch.set_default_device(name)
        try:
            yield
        finally:
            torch.set_default_device(None)


# On the meta device whatever is made without a device has no numbers: the same as another accelerator, on any machine.
_default_device("cpu")
_default_device("meta")


@surrounding("np.seterr(all='raise')", None)
def _(net):
    with np.errstate(all="raise"):
        yield


@surrounding("flushing subnormal numbers to zero", "flushes subnormal numbers")
def _(net):
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@surrounding("anomaly mode", None)
def _(net):
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        yield


@surrounding("deterministic algorithms", None)
def _(net):
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


class Doubling(TorchFunctionMode):
    """Doubles what tanh gives."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        return 2 * out if func is torch.tanh else out


class Silent(TorchDispatchMode):
    """Sees every operation and changes none."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


@surrounding("a __torch_function__ mode", "Doubling")
def _(net):
    with Doubling():
        yield


@surrounding("a __torch_dispatch__ mode", "Silent")
def _(net):
    with Silent():
        yield


@surrounding("inside torch.func.grad", "torch.func transform")
def _(net):
    from torch._C._functorch import _grad_decrement_nesting, _grad_increment_nesting

    _grad_increment_nesting()
    try:
        yield
    finally:
        _grad_decrement_nesting()


@surrounding("torch functions of subclasses switched off", None, start=plain)
def _(net):
    with torch._C.DisableTorchFunctionSubclass():
        yield
