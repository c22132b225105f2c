"""Which dictionary in a pickle holds the weights.

What may stand beside them is recognised by what it holds, so that a second set of weights (an average, a best model, a
flat vector) is never passed over in silence. Where there is one, the user says which is meant.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .checkpoint_words import SAVE, as_setting, listed, refuse, short

NESTS = ("state_dict", "model_state_dict", "model", "net", "network", "module")
"""Keys under which a training script or Lightning keeps the state_dict."""
DEPTH = 4
"""Most dictionaries around a state_dict."""
_MOMENTS = frozenset({
    "step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_inf", "momentum_buffer", "square_avg", "grad_avg",
    "acc_delta", "sum", "prev", "step_size", "mu_product", "row_var", "col_var", "variance", "eta", "mu",
    "d", "t", "old_dirs", "old_stps", "ro", "H_diag", "al", "prev_flat_grad", "prev_loss", "func_evals", "n_iter",
})  # fmt: skip
"""What the optimizers of torch keep for a parameter, but for ASGD's `ax`, which is an average of the weights."""
_FORM = frozenset({"state", "param_groups"})
"""The keys of an optimizer's state_dict."""

Found = tuple[Mapping[object, object], list[str], list[str]]
"""A state_dict, the keys it lay under, and what lay beside it."""


def unwrap(path: Path, stored: object, key: Sequence[str] | None) -> Found:
    """The dictionary with the weights, taken out of those around it.

    Args:
        stored: what the file holds.
        key: the keys under which the weights lie, outermost first; None where the file decides.

    Raises:
        InvalidInputError: no such key, an optimizer's state alone, or more than one set of weights.
    """
    unwrapped: list[str] = []
    ignored: list[str] = []
    for name in key or ():
        if not isinstance(stored, Mapping) or name not in stored:
            there = listed(stored) if isinstance(stored, Mapping) else f"a {type(stored).__name__}"
            refuse(path, f"network.checkpoint_key = {as_setting(key or ())}: {short(name)} is not among {there}")
        stored = _step(stored, name, unwrapped, ignored)
    start = len(unwrapped)
    while True:
        if not isinstance(stored, Mapping):
            refuse(path, f"not a state_dict of tensors but a {type(stored).__name__}; {SAVE}")
        if stored.keys() >= _FORM:
            refuse(path, f"holds the state of an optimizer ('state', 'param_groups') where weights are needed; {SAVE}")
        inner = _inner(path, stored, unwrapped)
        if inner is None:
            return stored, unwrapped, ignored
        if len(unwrapped) - start == DEPTH:
            refuse(path, f"not a state_dict of tensors within {DEPTH} dictionaries; {SAVE}")
        stored = _step(stored, inner, unwrapped, ignored)


def _step(stored: Mapping[object, object], name: str, unwrapped: list[str], ignored: list[str]) -> object:
    unwrapped.append(name)
    ignored += [short(other) for other in stored if other != name]
    return stored[name]


def _inner(path: Path, stored: Mapping[object, object], above: Sequence[str]) -> str | None:
    """The key under which the one set of weights lies; None where `stored` is to be it."""
    nests = [name for name in NESTS if isinstance(stored.get(name), Mapping)]
    sets = [name for name in nests if _holds_weights(stored[name], 1)]
    if sets:
        enough = _least(stored[sets[0]])
        rivals: list[object] = [n for n in stored if n not in sets and _holds_weights(stored[n], enough)]
        if len(sets) > 1 or rivals:
            both = [*sets, *rivals]
            refuse(path, f"more than one set of weights, under {listed(both)}{_choice(stored, both, above)}; {SAVE}")
        return sets[0]
    tensors = any(isinstance(value, Tensor) for value in stored.values())
    optimizers = [name for name, value in stored.items() if _is_optimizer(value)]
    others = [name for name, value in stored.items() if not isinstance(value, Tensor) and name not in optimizers]
    strange = [name for name in others if _holds_weights(stored[name], math.inf)]
    if strange:
        what = f"{short(strange[0])} is a {type(stored[strange[0]]).__name__}, the names are {listed(stored)}"
        refuse(path, f"not a state_dict of tensors: {what}{_choice(stored, strange, above)}; {SAVE}")
    if optimizers and not tensors:
        refuse(path, f"holds the state of an optimizer, under {listed(optimizers)}, and no weights; {SAVE}")
    return nests[0] if nests and not tensors else None


def _choice(stored: Mapping[object, object], names: Sequence[object], above: Sequence[str]) -> str:
    """How to say which dictionary is meant."""
    ways = [
        as_setting([*above, *_way(name, stored[name])])
        for name in names
        if isinstance(name, str) and isinstance(stored[name], Mapping) and not _is_optimizer(stored[name])
    ]
    return f"; choose with network.checkpoint_key = {' or '.join(ways[:6])}" if ways else ""


def _way(name: str, value: object) -> Iterator[str]:
    """The keys down to the dictionary that holds the weights of `value`, as long as there is one way."""
    yield name
    for _ in range(DEPTH):
        if not isinstance(value, Mapping):
            return
        below = [(n, v) for n, v in value.items() if isinstance(n, str) and _holds_weights(v, 1)]
        if len(below) != 1 or not isinstance(below[0][1], Mapping):
            return
        name, value = below[0]
        yield name


def _is_optimizer(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return len(value) > 0 and all(_is_optimizer(one) for one in value)
    return isinstance(value, Mapping) and value.keys() >= _FORM


def _least(value: object) -> int:
    """Numbers in the matrices of a set of weights; of all its tensors where it has no matrix."""
    floats = [t for t in _numbers(value) if isinstance(t, Tensor)]
    return max(sum(t.numel() for t in floats if t.ndim >= 2) or sum(t.numel() for t in floats), 1)


def _holds_weights(value: object, enough: float) -> bool:
    """Whether a matrix lies anywhere in it, or vectors of that many numbers together: an average may be kept flat."""
    flat = 0
    for one in _numbers(value):
        if isinstance(one, (Tensor, np.ndarray)):
            if one.ndim >= 2:
                return True
            flat += one.numel() if isinstance(one, Tensor) else one.size
        elif isinstance(one, (torch.UntypedStorage, torch.TypedStorage)):
            flat += one.nbytes() // 2  # bytes do not say of which type: of the smallest that is read
        if flat >= enough:
            return True
    return False


def _numbers(value: object) -> Iterator[object]:
    """Everything in it that holds real numbers, but for what an optimizer of torch keeps for its parameters."""
    waiting, seen = [value], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Tensor):
            if one.is_floating_point() or one.is_complex() or one.is_quantized:
                yield one
        elif isinstance(one, np.ndarray):
            if one.dtype.kind in "fc":
                yield one
        elif isinstance(one, (torch.UntypedStorage, torch.TypedStorage)):
            yield one
        elif isinstance(one, Mapping):
            waiting.extend(_beyond_moments(one) if one.keys() >= _FORM else one.values())
        elif isinstance(one, (list, tuple, set, frozenset)):
            waiting.extend(one)


def _beyond_moments(state: Mapping[object, object]) -> Iterator[object]:
    """What an optimizer's state_dict holds beside the moments that the optimizers of torch keep."""
    for key, value in state.items():
        if key != "state" or not isinstance(value, Mapping):
            yield value
            continue
        for kept in value.values():
            if isinstance(kept, Mapping):
                yield from (inner for name, inner in kept.items() if name not in _MOMENTS)
            else:
                yield kept
