"""Operations that only move entries: torch runs them on the places that the entries came from."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .builder import Builder
from .operation import READERS, Call, describe, reads
from .values import Constant, Moved, Value, Weight, along, moved, sample_axis, unreadable

MOVES = frozenset({
    "view", "_unsafe_view", "reshape", "view_as", "reshape_as", "flatten", "unflatten", "permute", "transpose", "t",
    "numpy_T", "mT", "swapaxes", "swapdims", "movedim", "moveaxis", "squeeze", "unsqueeze", "expand", "expand_as",
    "broadcast_to", "select", "slice", "narrow", "split", "split_with_sizes", "unsafe_split", "tensor_split",
    "hsplit", "vsplit", "chunk", "unsafe_chunk", "unbind", "diagonal", "unfold", "flip", "fliplr", "flipud", "roll",
    "rot90", "repeat", "repeat_interleave", "tile", "constant_pad_nd", "pad", "reflection_pad1d", "reflection_pad2d",
    "reflection_pad3d", "replication_pad1d", "replication_pad2d", "replication_pad3d", "pixel_shuffle",
    "pixel_unshuffle", "channel_shuffle", "im2col", "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d",
    "index", "index_select", "take_along_dim", "gather", "atleast_1d", "atleast_2d", "atleast_3d", "ravel",
})  # fmt: skip
"""By name: each entry of the result is an entry of the first argument, or a zero."""
SAME = frozenset({"clone", "contiguous", "alias", "lift_fresh_copy", "to", "_to_copy", "identity", "type_as"})
DROPOUTS = frozenset({"dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"})


def _move(builder: Builder, call: Call) -> Value:
    (first, value), *others = call.arguments.items()
    if not isinstance(value, (Moved, Weight)):
        unreadable(f"it looks up {describe(value)} by what depends on the data or the parameters")
    arguments = {first: value}
    for name, other in others:
        arguments[name] = _plain(other, call)
    if any(isinstance(other, torch.dtype) for other in arguments.values()):
        unreadable("it reads a tensor's bits as another type")
    if name_of(call) in ("pad", "constant_pad_nd") and call["value"] not in (None, 0):
        unreadable(f"it pads with {call['value']}: only 0 is read")

    def run(places: Tensor) -> Any:
        return call.target(**{**arguments, first: places})

    return moved(value, run)


def _plain(value: Value, call: Call) -> Value:
    if isinstance(value, Constant):
        return value.tensor
    if isinstance(value, (list, tuple)):
        return [_plain(v, call) for v in value]
    if isinstance(value, (Moved, Weight)):
        if name_of(call) in ("view_as", "reshape_as", "expand_as"):
            return torch.empty(value.index.shape)
        unreadable(f"it looks up entries by the values of {describe(value)}")
    return value


def name_of(call: Call) -> str:
    """The operation's name without its overload."""
    return str(call.target._schema.name).split("::")[1]


for _name in MOVES:
    READERS[_name] = _move


def _same(builder: Builder, call: Call) -> Value:
    dtype = call.arguments.get("dtype")
    if dtype not in (None, call.dtype):
        unreadable(f"it changes {call.dtype} to {dtype}: one precision is read")
    return next(iter(call.arguments.values()))


for _name in SAME:
    READERS[_name] = _same


def _dropout(builder: Builder, call: Call) -> Value:
    if call["train"] and call["p"] != 0:
        unreadable(f"dropout with p = {call['p']} in training is random: the output is not a function of the weights")
    return call["input"]


for _name in DROPOUTS:
    READERS[_name] = _dropout


@reads("cat", "concat", "concatenate", "stack")
def _joined(builder: Builder, call: Call) -> Value:
    parts = call["tensors"]

    def run(tensors: list[Tensor]) -> Tensor:
        return call.target(tensors, call["dim"]).long()

    if not any(isinstance(p, Moved) for p in parts):
        unreadable("parameters are joined before they are used")
    shapes = [p.tensor.shape if isinstance(p, Constant) else p.index.shape for p in parts]
    which = run([torch.full(shape, k) for k, shape in enumerate(shapes)])
    if all(isinstance(p, Moved) for p in parts):
        nodes = parts
    else:
        axis = sample_axis(next(p for p in parts if isinstance(p, Moved)).owner)
        nodes = [builder.as_node(p, along(shape, axis)) for p, shape in zip(parts, shapes, strict=True)]
    owner = run([n.owner for n in nodes])
    index = run([n.index for n in nodes])
    pieces: list[Moved] = []
    for source in {(n.node, n.scale): n for n in nodes}.values():
        mine = [k for k, n in enumerate(nodes) if (n.node, n.scale) == (source.node, source.scale)]
        here = torch.isin(which, torch.tensor(mine))
        pieces.append(source.with_index(torch.where(here, index, -1 - owner)))
    return builder.total(*pieces)
