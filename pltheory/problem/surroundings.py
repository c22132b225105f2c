"""What surrounds a call: modes of torch and numpy, the network's buffers and flags, the random states.

A public call means the same wherever it is made. Gradients switched off, inference mode, a default device and numpy's
error handling are put aside for its length; what would make a network compute something else (autocast, modes that
intercept operations, hooks on saved tensors, flushing to zero) is refused. And a network that is read is left as it was
found.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ParamSpec, TypeVar

import numpy as np
import torch
import torch.optim.optimizer as optimizer_globals
from torch import Tensor, nn
from torch.overrides import _get_current_function_mode_stack
from torch.utils._device import DeviceContext
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack

from ..rigor import environment
from ..theory import InvalidInputError, NotAvailableError
from .evaluation import buffers_kept, random_states_kept

P = ParamSpec("P")
R = TypeVar("R")

_INSIDE = threading.local()


def undisturbed(call: Callable[P, R]) -> Callable[P, R]:
    """A public call that means the same in any surroundings and leaves networks among its arguments as they were.

    Raises:
        NotAvailableError: a mode that would change what networks compute is active around the call.
        InvalidInputError: an argument is an inference tensor.
        RoundingEnvironmentError: the calling thread flushes subnormal numbers to zero or rounds otherwise.
    """

    @functools.wraps(call)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        if getattr(_INSIDE, "depth", 0):
            return call(*args, **kwargs)
        require_plain_surroundings()
        given = {**{f"argument {i}": a for i, a in enumerate(args)}, **kwargs}
        for name, value in given.items():
            if isinstance(value, Tensor) and value.is_inference():
                raise InvalidInputError(
                    f"{name} was made under torch.inference_mode: give its clone(), made outside of that mode"
                )
        with ExitStack() as stack:
            stack.enter_context(_plain_modes())
            for module in _networks(given.values()):
                stack.enter_context(_as_found(module))
            stack.enter_context(random_states_kept())
            _INSIDE.depth = 1
            try:
                return call(*args, **kwargs)
            finally:
                _INSIDE.depth = 0

    return inside


def require_plain_surroundings() -> None:
    """Refuse what would make a network compute something else than it does by itself.

    Raises:
        NotAvailableError: naming the mode.
        RoundingEnvironmentError: the calling thread flushes subnormal numbers to zero or rounds otherwise.
    """
    for mode in (*_function_modes(), *_get_current_dispatch_mode_stack()):
        _refuse(f"the mode {type(mode).__name__}")
    for kind in ("cpu", "cuda"):
        if torch.is_autocast_enabled(kind):
            _refuse(f"torch.autocast on {kind}")
    if torch._C._functorch.peek_interpreter_stack() is not None:
        _refuse("a torch.func transform")
    if torch._C._autograd._top_saved_tensors_default_hooks(True) is not None:
        _refuse("saved_tensors_hooks")
    if optimizer_globals._global_optimizer_pre_hooks or optimizer_globals._global_optimizer_post_hooks:
        _refuse("a global optimizer hook")
    environment.require_thread()


def _refuse(what: str) -> None:
    raise NotAvailableError(f"not available here: {what} is active around the call; make the call outside of it")


def _function_modes() -> list[Any]:
    # A default device is put aside: tensors are made on the CPU here and moved to where they are needed.
    return [mode for mode in _get_current_function_mode_stack() if type(mode) is not DeviceContext]


@contextmanager
def _plain_modes() -> Iterator[None]:
    with ExitStack() as stack:
        if any(mode.device.type != "cpu" for mode in _get_current_function_mode_stack()):
            stack.enter_context(torch.device("cpu"))
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"))
        yield


def _networks(values: Iterable[object]) -> list[nn.Module]:
    modules = (getattr(value, "network", value) for value in values)
    return [module for module in modules if isinstance(module, nn.Module)]


@contextmanager
def _as_found(module: nn.Module) -> Iterator[None]:
    """Put buffers, gradients and training flags back as they are now; parameters are for `held` to look after."""
    parts = list(module.modules())
    flags = [part.training for part in parts]
    grads = [(p, p.grad) for p in module.parameters() if p.is_leaf]
    with buffers_kept(module):
        try:
            yield
        finally:
            for part, flag in zip(parts, flags, strict=True):
                if part.training != flag:
                    part.training = flag
            for p, grad in grads:
                if p.grad is not grad:
                    p.grad = grad
