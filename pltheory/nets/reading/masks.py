"""Softmax of some entries of every row: causal attention, and other constant masks."""

from __future__ import annotations

import math

from .arithmetic import cut_off
from .builder import Builder
from .operation import Call, number, reads
from .values import Constant, Masked, Moved, Value, unreadable


@reads("masked_fill")
def _filled(builder: Builder, call: Call) -> Value:
    mask, fill = call["mask"], call["value"]
    infinite = fill == -math.inf or (isinstance(fill, Constant) and bool((fill.tensor == -math.inf).all()))
    if not isinstance(mask, Constant) or not isinstance(call["self"], (Moved, Masked)):
        unreadable("a mask that depends on the data is read nowhere")
    if infinite:
        return cut_off(call["self"], ~mask.tensor)
    by = number(fill)
    if by is None:
        unreadable("it is filled with a tensor's value")
    value = call.node("self")
    here = mask.tensor.expand(value.index.shape)
    return builder.diagonal(value, (~here).double(), here.double() * by)


def softmax(builder: Builder, value: Moved | Masked, axis: int) -> Moved:
    """softmax along an axis; rows of one length are one node, and the pieces are added."""
    whole = value.value if isinstance(value, Masked) else value
    axis %= whole.index.ndim
    if not isinstance(value, Masked):
        order = [a for a in range(whole.index.ndim) if a != axis] + [axis]
        return builder.tokens(whole, order, whole.index.shape[axis], "softmax")
    index, allowed = whole.index.movedim(axis, -1), value.allowed.movedim(axis, -1)
    owner = whole.owner.movedim(axis, -1)
    lengths = allowed.sum(-1)
    if not bool(lengths.all()):
        unreadable("a row is masked as a whole: its softmax is not a number")
    pieces = []
    for length in sorted(set(lengths.reshape(-1).tolist())):
        here = allowed & (lengths == length)[..., None]
        rows = whole.with_index(index[here].reshape(-1, length))
        piece = builder.tokens(rows, [0, 1], length, "softmax")
        out = -1 - owner
        out[here] = piece.index.reshape(-1)
        pieces.append(piece.with_index(out.movedim(-1, axis)))
    return builder.total(*pieces)


@reads("softmax", "_softmax")
def _softmax(builder: Builder, call: Call) -> Value:
    call.only("dtype", None, call.dtype)
    value = call["self"]
    return softmax(builder, value if isinstance(value, Masked) else call.node("self"), call["dim"])
