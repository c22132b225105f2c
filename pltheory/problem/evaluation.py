"""Running a module without leaving a trace on it, and reading its outputs as one tensor or not at all."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..theory.errors import InvalidInputError, NumericalFailureError
from .exact import same_bits

REAL = (torch.float32, torch.float64)
"""Precisions that are computed in: half and bfloat16 keep too few digits for a smallest eigenvalue."""


def first_line(error: BaseException) -> str:
    """What an error of torch, or of a module's own code, says in one line."""
    return (str(error).strip() or type(error).__name__).split("\n")[0][:200]


def random_states() -> tuple[Any, ...]:
    """The states of every global source of random numbers that a module may draw from."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else []
    return random.getstate(), np.random.get_state(), torch.get_rng_state(), cuda  # noqa: NPY002


def same_states(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    """Whether nothing was drawn between two readings of `random_states`."""
    python, numpy = a[0] == b[0], all(np.array_equal(s, t) for s, t in zip(a[1], b[1], strict=True))
    drawn = zip([a[2], *a[3]], [b[2], *b[3]], strict=False)
    return python and numpy and all(torch.equal(s, t) for s, t in drawn)


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Put the random states back afterwards."""
    states = random_states()
    try:
        yield
    finally:
        if not same_states(states, random_states()):
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002
            torch.set_rng_state(states[2])
            if states[3]:
                torch.cuda.set_rng_state_all(states[3])


@contextmanager
def buffers_kept(network: nn.Module) -> Iterator[None]:
    """Put buffers back afterwards, bit for bit, and take away those that were added."""
    parts = [part for part in network.modules() if type(part._buffers) in (dict, OrderedDict)]
    tables = [(part._buffers, dict(part._buffers)) for part in parts]
    copies = [(b, b.detach().clone()) for b in network.buffers()]
    try:
        yield
    finally:
        for table, was in tables:
            if list(table) != list(was) or any(table[name] is not was[name] for name in was):
                table.clear()
                table.update(was)
        for b, copy in copies:
            # Writing back what did not change would spoil graphs that the caller holds.
            if not same_bits(b, copy):
                with torch.inference_mode(b.is_inference()), torch.no_grad():
                    b.copy_(copy)


@contextmanager
def untouched(network: nn.Module) -> Iterator[None]:
    """Put buffers and random states back afterwards: running a module may change them."""
    with buffers_kept(network), random_states_kept():
        yield


def call_with(network: nn.Module, tensors: Mapping[str, Tensor], x: Tensor) -> Any:
    """network(x) with other tensors in place of some of its parameters and buffers, wherever they are shared.

    `functional_call` swaps by name. A module that stands at two places has two names for one parameter, and would be
    left with the other tensor: here every module is swapped once.

    Args:
        tensors: by the names of `named_parameters()` and `named_buffers()`, where a shared one has one name.
    """
    named = [*network.named_parameters(), *network.named_buffers()]
    ours = {id(t): tensors[name] for name, t in named if name in tensors}
    places = {
        f"{prefix}.{name}" if prefix else name: ours[id(t)]
        for prefix, module in network.named_modules()
        for name, t in (*module._parameters.items(), *module._buffers.items())
        if id(t) in ours
    }
    return functional_call(network, places, (x,), tie_weights=False)


def outputs_of(network: nn.Module, x: Tensor) -> Tensor:
    """The outputs at x of shape (n, ..), a row per sample: (n, C), (n,), or (n, ..) with any number of axes.

    Raises:
        InvalidInputError: the network does not take x, or answers with something else than one real tensor of float32
            or float64 with a row per sample.
        NumericalFailureError: no memory.
    """
    try:
        found = network(x)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise NumericalFailureError(f"no memory to run the network on {len(x)} samples: {first_line(error)}") from error
    except Exception as error:  # a forward fails in as many ways as there are modules
        raise InvalidInputError(
            f"the network does not take x of shape {tuple(x.shape)} and {x.dtype}: {first_line(error)}"
        ) from error
    if not isinstance(found, Tensor):
        raise InvalidInputError(
            f"the network answers with a {type(found).__name__}; needed is one tensor with a row per sample: "
            "wrap it in a module whose forward returns the tensor that is meant"
        )
    if found.dtype not in REAL:
        raise InvalidInputError(
            f"the network's outputs are {found.dtype}; allowed are torch.float32 and torch.float64 "
            "(network.double() computes in float64)"
        )
    if found.ndim == 0 or len(found) != len(x) or found.numel() == 0:
        raise InvalidInputError(
            f"outputs have shape {tuple(found.shape)} for {len(x)} samples; needed is one row of outputs per sample"
        )
    return found
