"""The settings under which a checkpoint is read, in words, and what its loss would be under others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from ..certificates.fit import Alternative
from ..nets.activations import ACTIVATIONS
from ..problem.data import LABELS, Data
from ..problem.networks import FullyConnected
from ..problem.problem import Problem
from ..theory import InvalidInputError
from .build import data_of
from .config import Config, loss_in, with_values
from .network import network_of
from .network_section import BuiltSection, FullyConnectedSection, ModuleSection, NetworkSection

SCALES = ("sqrt-d", "unit", "none")


def in_force(config: Config, data: Data) -> dict[str, str]:
    """What a checkpoint must have been trained with, by topic: data, centring and scale, labels, network, loss."""
    rows, loss = data.x.flatten(1), loss_in(config)
    norms = rows.norm(dim=1)
    return {
        "data": data.name,
        "inputs": f"rows of norm {_range(norms)}, entries {_range(rows)}, mean row of norm {_figure(rows.mean(0))}",
        "labels": f"{data.labels}; targets {_range(data.y)}",
        **_network(config.network, data),
        "loss": f"{loss.words}, {loss.reduction} over the samples",
    }


def _network(n: NetworkSection, data: Data) -> dict[str, str]:
    if isinstance(n, ModuleSection):
        said = f"{n.function} of {n.file}, SHA-256 {n.sha256}"
        return {"network": f"{said}, with {n.arguments}" if n.arguments else said}
    assert isinstance(n, BuiltSection)
    factor = "W a / sqrt(inputs)" if n.parametrization == "ntk" else "W a"
    if isinstance(n, FullyConnectedSection):
        layers = "-".join(map(str, (data.d, *n.hidden, data.outputs)))
    else:
        own = n.model_dump(exclude={*BuiltSection.model_fields})
        sizes = ", ".join(f"{key} {value}" for key, value in own.items())
        layers = f"{n.architecture}, samples {' x '.join(map(str, data.x.shape[1:]))}, {sizes}, {data.outputs} outputs"
    return {
        "layers": layers,
        "activation": n.activation,
        "parametrization": f"{n.parametrization}: {factor}{' + b' if n.bias else ', no bias'}",
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
            loss = float(problem.objective.value(network(x).flatten(1), y))
            if loss < float("inf"):  # false for a NaN
                found.append(Alternative(setting, loss))
    return found


def _changed(config: Config, problem: Problem) -> Iterator[tuple[str, nn.Module, Tensor, Tensor]]:
    network, x, y = problem.network, problem.x, problem.y
    yield from ((setting, other, x, y) for setting, other in _other_networks(config, problem))
    for center in (True, False):
        for scale in SCALES:
            data = _other_data(config, {"data.center": center, "data.scale": scale})
            if data is not None:
                setting = f"data.center = {str(center).lower()}, data.scale = {scale!r}"
                yield setting, network, data.x.to(x), y
    for labels in LABELS if problem.square else ():
        data = _other_data(config, {"data.labels": labels})
        if data is not None and data.y.shape == y.shape:
            yield f"data.labels = {labels!r}", network, x, data.y.to(y)
    if problem.square and bool(((y == y.max()) | (y == y.min())).all()):
        high = y == y.max()
        yield "targets of 0 and 1", network, x, high.to(y)
        yield "targets of -1 and 1", network, x, 2 * high.to(y) - 1
        yield "the two targets exchanged", network, x, torch.where(high, y.min(), y.max())


def _other_networks(config: Config, problem: Problem) -> Iterator[tuple[str, nn.Module]]:
    """The same weights under each other activation, and under the other parametrisation."""
    n = config.network
    if not isinstance(n, BuiltSection):
        return
    for name in ACTIVATIONS:
        if name != n.activation:
            yield f"network.activation = {name!r}", _rebuilt(config, problem, {"network.activation": name})
    rule = "standard" if n.parametrization == "ntk" else "ntk"
    yield f"network.parametrization = {rule!r}", _rebuilt(config, problem, {"network.parametrization": rule})


def _rebuilt(config: Config, problem: Problem, values: dict[str, object]) -> nn.Module:
    network = problem.network
    if isinstance(network, FullyConnected):
        biases, weights = None if network.biases is None else list(network.biases), list(network.weights)
        kappas: Sequence[float] = network.kappas
        if "network.parametrization" in values:
            ntk = values["network.parametrization"] == "ntk"
            kappas = [1 / math.sqrt(w.shape[1]) if ntk else 1.0 for w in weights]
        name = str(values.get("network.activation", network.activation))
        return FullyConnected(weights, biases, kappas, network.taus, name)
    # Drawn anew and then given the weights: the names are the same in both parametrisations.
    other = network_of(with_values(config, values), problem.x, problem.y.shape[1], problem.x.device)
    other.load_state_dict(network.state_dict())
    return other


def _other_data(config: Config, values: dict[str, object]) -> Data | None:
    """The data with other values; None where the source does not take them or no theorem could start from it."""
    try:
        return data_of(with_values(config, values))
    except InvalidInputError:
        return None
