"""The networks, inputs and parameters of a case as torch objects.

Copied into torch's own memory, which is aligned: as a user's weights are, and as jax copies what it is given.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from networks import cnn_inputs, cnn_layers, many_shapes, mlp_inputs, mlp_layers, resnet_shapes, spectrum
from torch import Tensor, nn


def mlp(case: dict) -> nn.Sequential:
    """Linear layers with tanh between them."""
    parts: list[nn.Module] = []
    for weight, bias in mlp_layers(case):
        layer = nn.utils.skip_init(nn.Linear, *weight.shape, bias=case["bias"], dtype=getattr(torch, case["dtype"]))
        layer.weight = nn.Parameter(torch.tensor(np.ascontiguousarray(weight.T)))
        if case["bias"]:
            layer.bias = nn.Parameter(torch.tensor(bias))
        parts += [layer, nn.Tanh()]
    return nn.Sequential(*parts[:-1]).to(case["device"])


def cnn(case: dict) -> nn.Sequential:
    """Three 3x3 convolutions of 32 channels with ReLU, then a linear layer to 10 outputs."""
    parts: list[nn.Module] = []
    *convolutions, last = cnn_layers(case)
    for weight, bias in convolutions:
        layer = nn.Conv2d(weight.shape[1], weight.shape[0], 3, dtype=getattr(torch, case["dtype"]))
        parts += [_with(layer, weight, bias), nn.ReLU()]
    linear = nn.Linear(last[0].shape[1], last[0].shape[0], dtype=getattr(torch, case["dtype"]))
    return nn.Sequential(*parts, nn.Flatten(), _with(linear, *last)).to(case["device"])


def _with(layer: nn.Module, weight: np.ndarray, bias: np.ndarray) -> nn.Module:
    layer.weight, layer.bias = nn.Parameter(torch.tensor(weight)), nn.Parameter(torch.tensor(bias))
    return layer


def tensor_inputs(case: dict) -> Tensor:
    """x of the network of the case."""
    make = mlp_inputs if "widths" in case else cnn_inputs
    return torch.tensor(make(case)).to(case["device"])


def tensor_spectrum(case: dict) -> Tensor:
    """The matrix of the case; solvers of one process share it."""
    return _spectrum(case["n"], case["condition"], case["seed"]).to(case["device"])


@lru_cache(maxsize=1)
def _spectrum(n: int, condition: float, seed: int) -> Tensor:
    return torch.tensor(spectrum({"n": n, "condition": condition, "seed": seed}))


def parameters_with_gradients(case: dict) -> list[nn.Parameter]:
    """Parameters of the shapes of the case with standard normal gradients."""
    shapes = {"resnet": resnet_shapes, "many": many_shapes}[case["shapes"]]()
    gen = torch.Generator().manual_seed(case["seed"])
    params = []
    for shape in shapes[: case.get("first", len(shapes))]:
        p = nn.Parameter(torch.randn(shape, generator=gen).to(case["device"]))
        p.grad = torch.randn(shape, generator=gen).to(case["device"])
        params.append(p)
    return params


def synchronize(case: dict) -> None:
    """Wait for the device, so that a clock reads work and not its launch."""
    if case["device"] != "cpu":
        torch.cuda.synchronize()
