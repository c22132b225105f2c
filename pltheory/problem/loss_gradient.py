"""Loss and gradient of a class-N network into arrays that are made once: what a long run repeats.

Autograd makes every intermediate array anew at each step and reads each several times. Here a step is matrix products
and pointwise maps in place.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..nets.activations import activation
from .networks import ClassN, Layer
from .problem import Problem


class LossGradient:
    """Loss in use and its gradient at the current weights of a class-N network.

    Args:
        problem: whose data, targets and loss are used.
        network: the class-N reading of the problem's network, sharing its parameters.
    """

    def __init__(self, problem: Problem, network: ClassN) -> None:
        self._problem, self._layers, self._activation = problem, network.layers, activation(network.activation)
        self._widths, self._made = network.widths, dict[int, tuple[list[Tensor], list[Tensor]]]()
        for layer in self._layers:
            for p in (layer.weight, layer.bias):
                if p is not None:
                    p.grad = torch.empty_like(p)

    @torch.no_grad()
    def __call__(self, rows: Tensor | None = None) -> Tensor:
        """Write the gradient into the parameters' `grad`; the loss, a 0-dim tensor.

        Args:
            rows: the samples of a batch, whose own loss is meant; None for all.
        """
        x, y = self._problem.x, self._problem.y
        if rows is not None:
            x, y = x[rows], y[rows]
        values, backward = self._arrays(len(x))
        inputs, slopes = [x], []
        for layer, z in zip(self._layers[:-1], values, strict=False):
            slopes.append(self._activate(layer, inputs[-1], z))
            inputs.append(z)
        _affine(self._layers[-1], inputs[-1], values[-1])
        back, objective = values[-1], self._problem.objective  # (n, C)
        loss = (objective if rows is None else objective.of_rows(rows)).differentiate_(back, y)
        for l in reversed(range(len(self._layers))):
            layer = self._layers[l]
            _write_gradient(layer, back, inputs[l])
            if l > 0:
                below = backward[l - 1]
                torch.addmm(below, back, layer.weight, beta=0, alpha=layer.kappa, out=below)
                self._activation.times_slope(below, slopes[l - 1], inputs[l])
                back = below
        return loss

    def _arrays(self, n: int) -> tuple[list[Tensor], list[Tensor]]:
        """For every layer Z and then act(Z), (n, m_l); for hidden ones what runs backward too. Made once for each n."""
        if n not in self._made:
            new, widths = self._problem.x.new_empty, self._widths
            self._made[n] = [new(n, m) for m in widths[1:]], [new(n, m) for m in widths[1:-1]]
        return self._made[n]

    def _activate(self, layer: Layer, inputs: Tensor, z: Tensor) -> Tensor | None:
        """act(Z) into z; act'(Z), or None where it is read off act(Z)."""
        _affine(layer, inputs, z, times=self._activation.stretch)
        return self._activation.overwrite(z)


def _affine(layer: Layer, inputs: Tensor, out: Tensor, times: float = 1.0) -> None:
    """times (kappa A W^T + tau 1 b^T) into out; A (n, m_{l-1}), W (m_l, m_{l-1})."""
    bias = out if layer.bias is None else layer.bias
    # With beta = 0 the first argument is not read.
    torch.addmm(bias, inputs, layer.weight.T, beta=times * layer.tau, alpha=times * layer.kappa, out=out)


def _write_gradient(layer: Layer, back: Tensor, inputs: Tensor) -> None:
    grad = layer.weight.grad
    assert grad is not None
    torch.addmm(grad.T, inputs.T, back, beta=0, alpha=layer.kappa, out=grad.T)
    if layer.bias is not None:
        assert layer.bias.grad is not None
        torch.sum(back, dim=0, out=layer.bias.grad).mul_(layer.tau)
