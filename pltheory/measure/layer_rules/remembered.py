"""Plans of kernels on few samples, where making one costs as much as using it: kept by architecture.

What a network is built of says only which plan to try. On every use it is held against autograd again, on all samples
of the kernel and for every parameter that it has a rule for (`plan.factors`); one that does not pass is
forgotten, and a new one is made. So a change that no key could show, in the code that a module runs or the numbers that
it closes over, costs time and nothing else.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from .plan import Plan

SAMPLES = 32
"""Samples up to which a plan is kept: beyond, what holds it against autograd costs more than a new one."""
BUFFERS = 1 << 20
"""Bytes of buffers up to which they are compared."""
MOST = 64
"""Plans that are kept, the last ones used."""

_PLAIN = (bool, int, float, str, bytes, type(None), torch.dtype, torch.device)
_PLANS: OrderedDict[Hashable, Plan] = OrderedDict()


def architecture(network: nn.Module, x: Tensor, params: Mapping[str, Tensor]) -> Hashable | None:
    """What a plan may depend on, but for the numbers of the parameters and the inputs; None where it is not kept.

    Modules by class and code, with their flags, settings and hooks; parameters by name, shape, precision, place,
    whether they are trained, and which are shared; buffers by their numbers; the inputs by shape and precision.
    """
    if len(x) > SAMPLES or sum(b.nbytes for b in network.buffers()) > BUFFERS:
        return None
    # A shared tensor or module is met again under its number.
    number: dict[int, int] = {}
    parts: list[Hashable] = [tuple(x.shape), x.dtype, x.device, tuple(params)]
    for name, module in network.named_modules(remove_duplicate=False):
        at = number.setdefault(id(module), len(number))
        parts.append((name, at, type(module), _code(module), module.training, *_settings(module)))
        for key, p in module._parameters.items():
            if p is not None:
                parts.append((key, number.setdefault(id(p), len(number)), _kind(p), p.requires_grad))
        for key, b in module._buffers.items():
            if b is not None:
                digest = hashlib.sha256(b.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()).digest()
                parts.append((key, number.setdefault(id(b), len(number)), _kind(b), digest))
    return tuple(parts)


def remembered(key: Hashable | None, params: Mapping[str, Tensor]) -> Plan | None:
    """The plan that was kept for an architecture, if it is one of these parameters."""
    plan = None if key is None else _PLANS.get(key)
    if plan is None or plan.routes.keys() != params.keys():
        return None
    _PLANS.move_to_end(key)
    return plan


def remember(key: Hashable | None, plan: Plan) -> None:
    """Keep a plan that was used."""
    if key is None:
        return
    _PLANS[key] = replace(plan, kept=True)
    while len(_PLANS) > MOST:
        _PLANS.popitem(last=False)


def forget(key: Hashable | None) -> None:
    """Of one that autograd contradicts."""
    _PLANS.pop(key, None)


def _kind(t: Tensor) -> Hashable:
    return type(t), tuple(t.shape), t.stride(), t.dtype, t.device


def _code(module: nn.Module) -> Hashable:
    """What runs when the module is called: its own forward, if it was given one, or its class's."""
    forward: Any = vars(module).get("forward", type(module).forward)
    return getattr(forward, "__code__", None) or id(forward)


def _settings(module: nn.Module) -> list[Hashable]:
    """Attributes beside its tensors and modules, and its hooks."""
    found: list[Hashable] = []
    for key, value in vars(module).items():
        if key in ("_parameters", "_buffers", "_modules", "training"):
            continue
        if key.endswith("hooks") and isinstance(value, dict):
            found += [(key, id(hook)) for hook in value.values()]
        else:
            found.append((key, _shown(value)))
    return found


def _shown(value: object) -> Hashable:
    if isinstance(value, _PLAIN):
        return type(value), value
    if isinstance(value, list | tuple | set | frozenset):
        return type(value), tuple(map(_shown, value))
    if isinstance(value, dict):
        return type(value), tuple((_shown(key), _shown(one)) for key, one in value.items())
    return type(value), id(value)
