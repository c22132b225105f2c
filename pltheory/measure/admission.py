"""What may be measured: one check of a module and its inputs, run once by every public call.

A module is admitted if it answers with one real tensor, a row per sample, the same each time and the same whatever
other samples stand beside it, draws no random numbers and trains real parameters. Nothing of it is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..problem.evaluation import REAL, outputs_of, random_states, same_states, untouched
from ..problem.exact import same_bits
from ..theory import InvalidInputError, NumericalFailureError
from .backward import require_backward

_AGAIN = 1 << 10
"""Units in the last place, of the largest output, within which one input gives the same outputs twice: an accelerator
may add in another order."""

_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool)


@dataclass(frozen=True)
class Admitted:
    """A module that may be measured.

    Attributes:
        params: the trainable parameters by name, shared ones once.
        x: the inputs, detached, as a tensor that autograd may save.
        one: outputs at the first sample alone, flat: (C,) with all axes of an output counted as C.
        many: outputs at all samples, (n, C).
    """

    params: dict[str, Tensor]
    x: Tensor
    one: Tensor
    many: Tensor


def trainable(network: nn.Module) -> dict[str, Tensor]:
    """The parameters that are trained, by name, shared ones once.

    Raises:
        InvalidInputError: there are none, or one of them is not a dense real tensor of the others' precision.
    """
    if not isinstance(network, nn.Module):
        raise InvalidInputError(f"the network is of type {type(network).__name__}; needed is a torch.nn.Module")
    params: dict[str, Tensor] = {name: p for name, p in network.named_parameters() if p.requires_grad}
    if not params:
        raise InvalidInputError(
            "the network has no trainable parameters: its tangent kernel is zero and its Hessian empty"
        )
    dtypes = set()
    for name, p in params.items():
        if isinstance(p, nn.UninitializedParameter):
            raise InvalidInputError(f"parameter {name} has no shape yet: run the network once before it is measured")
        if p.is_inference():
            raise InvalidInputError(f"parameter {name} was made under torch.inference_mode: it has no gradient")
        if p.dtype not in REAL or p.layout is not torch.strided:
            what = str(p.dtype) if p.dtype not in REAL else f"stored as {p.layout}"
            raise InvalidInputError(
                f"parameter {name} is {what}; allowed are dense parameters of torch.float32 or torch.float64 "
                "(network.double())"
            )
        dtypes.add(p.dtype)
    if len(dtypes) > 1:
        raise InvalidInputError("the parameters are of float32 and of float64; needed is one precision")
    return params


def inputs(x: Tensor) -> Tensor:
    """Inputs (n, ..) that a module may be measured on, detached.

    Raises:
        InvalidInputError: no tensor, no samples, or numbers that are neither float32, float64 nor integers.
    """
    if not isinstance(x, Tensor):
        raise InvalidInputError(f"x is of type {type(x).__name__}; needed is a torch.Tensor of shape (n, ..)")
    if x.ndim == 0 or x.numel() == 0:
        raise InvalidInputError(f"x has shape {tuple(x.shape)}: no samples; needed is (n, ..) with n at least 1")
    if x.dtype not in (*REAL, *_INTEGERS):
        raise InvalidInputError(f"x is {x.dtype}; allowed are torch.float32, torch.float64 and integers")
    return x.detach().clone() if x.is_inference() else x.detach()


def admit(network: nn.Module, x: Tensor) -> Admitted:
    """The one check. Runs the network on the first sample, the last one, twice on all, and on all the other way round;
    on one sample, which is all of these, three times.

    Raises:
        InvalidInputError: it mixes its samples (batch normalisation in train mode), draws random numbers, answers
            differently from call to call, changes its own parameters, does not take x, answers with something else than
            a tensor of a row per sample, or has no trainable real parameters.
        NumericalFailureError: an output is not finite.
        NotAvailableError: `backward()` finds gradients that autograd's graph does not show (`require_backward`).
    """
    params, x = trainable(network), inputs(x)
    mixing = [
        name
        for name, m in network.named_modules()
        if isinstance(m, nn.modules.batchnorm._BatchNorm) and (m.training or not m.track_running_stats)
    ]
    if mixing:
        raise InvalidInputError(
            f"module {mixing[0]}: batch normalisation in train mode mixes the samples; call network.eval()"
        )
    with untouched(network), torch.no_grad():
        states, versions = random_states(), [p._version for p in params.values()]
        values = [p.detach().clone() for p in params.values()]
        one = outputs_of(network, x[:1])
        drawn = not same_states(states, random_states())
        many, again = outputs_of(network, x), outputs_of(network, x)
        several = len(x) > 1
        last = outputs_of(network, x[-1:]) if several else many
        turned = outputs_of(network, x.flip(0)).flip(0) if several else many
        drawn = drawn or not same_states(states, random_states())
        changed = [(p, was) for p, was in zip(params.values(), values, strict=True) if not same_bits(p, was)]
        moved = changed or versions != [p._version for p in params.values()]  # and back again
        for p, was in changed:
            p.copy_(was)
        if drawn:
            raise InvalidInputError(
                "the network draws random numbers: it mixes the samples, or answers differently from call to call "
                "(dropout?); call network.eval()"
            )
        if moved:
            raise InvalidInputError("the network changes its own parameters when it is run: call network.eval()")
        require_finite(many)
        slack = _AGAIN * torch.finfo(many.dtype).eps * _largest(many)
        if not torch.allclose(many, again, rtol=0, atol=slack, equal_nan=True):
            raise InvalidInputError(
                "the network answers differently from call to call (random numbers, or a state that every call "
                "changes); call network.eval()"
            )
        require_same(one, many)
        require_same(last, many[-1:])
        require_same(turned, many)
        require_backward(network, params, x)
    return Admitted(params, x, one.reshape(-1), many.reshape(len(x), -1))


def require_finite(outputs: Tensor) -> None:
    """The outputs are finite.

    Raises:
        NumericalFailureError: naming the first sample where they are not.
    """
    finite = outputs.reshape(len(outputs), -1).isfinite().all(dim=1)
    if not bool(finite.all()):
        raise NumericalFailureError(f"the network's outputs are not finite at sample {int(finite.int().argmin())}")


def require_same(some: Tensor, many: Tensor) -> None:
    """The outputs at the first few samples are the same alone and among others.

    Raises:
        InvalidInputError: they are not, or there is not one row of outputs per sample.
    """
    if some.shape[1:] != many.shape[1:] or len(some) > len(many):
        raise InvalidInputError(
            f"outputs have shape {tuple(some.shape)} for a few samples and {tuple(many.shape)} for all: "
            "a tangent kernel needs one row of outputs per sample"
        )
    tolerance = torch.finfo(many.dtype).eps ** 0.5
    slack = tolerance * _largest(many)
    if not torch.allclose(some, many[: len(some)], rtol=tolerance, atol=slack, equal_nan=True):
        raise InvalidInputError(
            "the network mixes the samples, or answers differently from call to call (dropout?): a tangent kernel "
            "needs each sample on its own; call network.eval()"
        )


def _largest(outputs: Tensor) -> float:
    """The largest modulus; what is not finite is for the measurements to refuse."""
    return float(torch.where(outputs.isfinite(), outputs.abs(), 0).max()) if outputs.numel() else 0.0


@contextmanager
def measuring(network: nn.Module, *, twice: bool = False) -> Iterator[None]:
    """The surroundings of a measurement, whatever they are outside: gradients on, autocast off, the module untouched.

    Args:
        twice: second derivatives or forward mode are taken. The fused kernels of attention, the fast path of
            nn.TransformerEncoder and cuDNN's recurrent layers have none, the plain ones do.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        if isinstance(network, nn.Module):  # anything else is for `trainable` to refuse
            stack.enter_context(untouched(network))
        for device in ("cpu", "cuda"):
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        if twice:
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
            stack.enter_context(_slow_path())
            if isinstance(network, nn.Module) and any(isinstance(m, nn.RNNBase) for m in network.modules()):
                stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        yield


@contextmanager
def _slow_path() -> Iterator[None]:
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
