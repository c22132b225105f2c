"""The settings under which a checkpoint is read, in words, and what its loss would be under others."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ..certificates.fit import Alternative
from ..nets.activations import ACTIVATIONS
from ..problem.data import LABELS, Data
from ..problem.networks import FullyConnected
from ..problem.problem import Problem
from ..theory import InvalidInputError
from .build import data_of
from .config import Config, with_values

SCALES = ("sqrt-d", "unit", "none")


def in_force(config: Config, data: Data) -> dict[str, str]:
    """What a checkpoint must have been trained with, by topic: data, centring and scale, labels, network, loss."""
    n = config.network
    rows = data.x.flatten(1).norm(dim=1)
    factor = "W a / sqrt(inputs)" if n.parametrization == "ntk" else "W a"
    return {
        "data": data.name,
        "inputs": f"rows of norm {_range(rows)}, entries {_range(data.x)}, mean row of norm {_figure(data.x.mean(0))}",
        "labels": f"{data.labels}; targets {_range(data.y)}",
        "layers": "-".join(map(str, (data.d, *n.hidden, data.outputs))),
        "activation": n.activation,
        "parametrization": f"{n.parametrization}: {factor}{' + b' if n.bias else ', no bias'}",
        "loss": f"1/2 ||F - y||^2, {config.loss} over the samples",
    }


def _figure(t: Tensor) -> str:
    return f"{float(t.norm()):.3g}"


def _range(t: Tensor) -> str:
    low, high = f"{float(t.min()):.3g}", f"{float(t.max()):.3g}"
    return low if low == high else f"{low} to {high}"


def alternatives(config: Config, problem: Problem) -> list[Alternative]:
    """The loss of the same weights under each other activation, parametrisation, centring, scale and label coding.

    One setting is changed at a time, centring and scale together. A setting that the data do not admit is none.
    """
    found = []
    with torch.no_grad():
        for setting, network, x, y in _changed(config, problem):
            loss = float(0.5 * problem.scale * (network(x) - y).square().sum())
            if loss < float("inf"):  # false for a NaN
                found.append(Alternative(setting, loss))
    return found


def _changed(config: Config, problem: Problem) -> Iterator[tuple[str, FullyConnected, Tensor, Tensor]]:
    network, x, y = problem.network, problem.x, problem.y
    assert isinstance(network, FullyConnected)  # a configuration makes no other
    biases = None if network.biases is None else list(network.biases)
    weights = list(network.weights)
    for name in ACTIVATIONS:
        if name != network.activation:
            other = FullyConnected(weights, biases, network.kappas, network.taus, name)
            yield f"network.activation = {name!r}", other, x, y
    rule = "standard" if config.network.parametrization == "ntk" else "ntk"
    kappas = [1.0 if rule == "standard" else 1 / math.sqrt(w.shape[1]) for w in weights]
    other = FullyConnected(weights, biases, kappas, network.taus, network.activation)
    yield f"network.parametrization = {rule!r}", other, x, y
    for center in (True, False):
        for scale in SCALES:
            data = _other_data(config, {"data.center": center, "data.scale": scale})
            if data is not None:
                setting = f"data.center = {str(center).lower()}, data.scale = {scale!r}"
                yield setting, network, data.x.to(x), y
    for labels in LABELS:
        data = _other_data(config, {"data.labels": labels})
        if data is not None and data.y.shape == y.shape:
            yield f"data.labels = {labels!r}", network, x, data.y.to(y)
    if bool(((y == y.max()) | (y == y.min())).all()):
        high = y == y.max()
        yield "targets of 0 and 1", network, x, high.to(y)
        yield "targets of -1 and 1", network, x, 2 * high.to(y) - 1
        yield "the two targets exchanged", network, x, torch.where(high, y.min(), y.max())


def _other_data(config: Config, values: dict[str, object]) -> Data | None:
    """The data with other values; None where the source does not take them or no theorem could start from it."""
    try:
        return data_of(with_values(config, values))
    except InvalidInputError:
        return None
