"""Where a recursion leads from the weights, computed beside the optimizer from its gradients and step sizes."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from torch import Tensor

from ..optim.recursion import Recursion
from .trace import Array

V = TypeVar("V", Array, Tensor)


def along(recursion: Recursion, h: float, lr: float, g: V, b: V, w: V) -> tuple[V, float]:
    """(w_t - w_{t+1}, what it adds up in norm) of one step.

    Args:
        recursion: momentum, clip, weight decay.
        h: h_t as reported, lr_t times the factor of the clip.
        lr: lr_t.
        g: the gradient.
        b: the buffer before the step, not read without momentum.
        w: the weights, not read without weight decay.
    """
    m = recursion.momentum
    if m == 0:
        shrink = (lr if recursion.decoupled else h) * recursion.weight_decay
        return (h * g + shrink * w, h * _size(g) + shrink * _size(w)) if shrink else (h * g, _size(h * g))
    if recursion.clip == "buffer":
        return h * (m * b + g), h * (m * _size(b) + _size(g))
    share = _share(h, lr)
    after = m * b + share * g
    step = lr * (m * after + share * g) if recursion.nesterov else lr * after
    return step, lr * (m * _size(b) + 2 * share * _size(g))


class Follow:
    """The recursion on some entries, its buffer kept here in float64 from gradients alone.

    Args:
        recursion: momentum, clip, weight decay.
        unit: unit roundoff of the run.
        entries: how many.
    """

    def __init__(self, recursion: Recursion, unit: float, entries: int) -> None:
        self._recursion, self._unit = recursion, unit
        self._b, self._error = np.zeros(entries), 0.0

    def __call__(self, h: Array, lr: Array, g: Array, w: Array) -> tuple[Array, Array]:
        """(w_t - w_{t+1}, what it adds up in norm with the error of the buffer in units of 8 roundings) of a block.

        Args:
            h: (T,) as reported.
            lr: (T,).
            g: (T, entries).
            w: (T, entries), the weights before each step.
        """
        how, m = self._recursion, self._recursion.momentum
        if m == 0:
            shrink = (lr if how.decoupled else h) * how.weight_decay
            steps = h[:, None] * g
            pushed = np.linalg.norm(steps, axis=1)
            if how.weight_decay == 0:
                return steps, pushed
            return steps + shrink[:, None] * w, pushed + shrink * np.linalg.norm(w, axis=1)
        steps, pushed = np.empty_like(g), np.empty(len(g))
        for t in range(len(g)):
            steps[t], size = along(how, float(h[t]), float(lr[t]), g[t], self._b, w[t])
            outer = float(h[t] if how.clip == "buffer" else lr[t])
            # The buffer of the run was rounded otherwise at every step before, by what shrinks with m since.
            pushed[t] = size + outer * m * self._error
            share = 1.0 if how.clip == "buffer" else _share(float(h[t]), float(lr[t]))
            added = m * _size(self._b) + share * _size(g[t])
            self._b = m * self._b + share * g[t]
            self._error = m * self._error + added
        return steps, pushed


def _share(h: float, lr: float) -> float:
    """The factor of the clip; at lr = 0, where the weights do not show it, that of a step that does not clip."""
    return h / lr if lr > 0 else 1.0


def _size(v: Array | Tensor) -> float:
    return float((v * v).sum()) ** 0.5
