"""Class N: fully connected networks with a scale per layer, and how to recognise one in an nn.Module.

`A_0 = X`, `Z_l = kappa_l A_{l-1} W_l^T + tau_l 1 b_l^T`, `A_l = act(Z_l)` for l = 1..L, `F = Z_{L+1}`
(THEORY section 1). The NTK parametrisation [LZB22, eq. 10] is kappa_l = 1/sqrt(m_{l-1}) with standard normal weights; a
plain nn.Sequential of nn.Linear and one activation is kappa_l = tau_l = 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ..nets.activations import activation, computed_by_class, is_known
from ..theory import InvalidInputError, NotAvailableError
from .exact import (
    ACTIVATIONS,
    parameter_of,
    refuse,
    require_alike,
    require_apart,
    require_module,
    require_torch_itself,
    watch,
    watch_activation,
)
from .surroundings import undisturbed

Parametrization = Literal["ntk", "standard"]
OutputInit = Literal["gaussian", "rademacher"]

THIN = 32
"""Samples below which W A^T is faster than A W^T (measured with MKL in both precisions)."""


@dataclass(frozen=True)
class Layer:
    """One affine layer: Z = kappa A W^T + tau b, with W of shape (m_l, m_{l-1}) and b of shape (m_l,) or None.

    Raises:
        InvalidInputError: tau is not 0 where there is no bias: tau = 0 is what says that biases are no parameters.
    """

    weight: Tensor
    bias: Tensor | None
    kappa: float
    tau: float

    def __post_init__(self) -> None:
        if self.bias is None and self.tau != 0:
            raise InvalidInputError(f"tau = {self.tau!r} without a bias: must be 0")

    def apply(self, a: Tensor) -> Tensor:
        """Z of shape (n, m_l) from A of shape (n, m_{l-1})."""
        # W times a thin right factor runs twice as fast as a thin left factor times W^T when m_l is large.
        z = self.kappa * (self.weight @ a.T).T
        return z if self.bias is None else z + self.tau * self.bias

    def apply_by_rows(self, a: Tensor) -> Tensor:
        """The same numbers up to rounding, contiguous: the form that suits many samples."""
        if len(a) < THIN:
            return self.apply(a).contiguous()
        if self.bias is None:
            return (a @ self.weight.T).mul_(self.kappa)
        return torch.addmm(self.bias, a, self.weight.T, beta=self.tau, alpha=self.kappa)


@dataclass(frozen=True)
class ClassN:
    """A network of class N as the certificate reads it: its layers (sharing the module's tensors) and activation."""

    layers: tuple[Layer, ...]
    activation: str

    @property
    def widths(self) -> list[int]:
        """d, m_1, .., m_L, C."""
        return [self.layers[0].weight.shape[1], *(layer.weight.shape[0] for layer in self.layers)]

    @property
    def hidden_layers(self) -> int:
        """L."""
        return len(self.layers) - 1


class FullyConnected(nn.Module):
    """A network of class N as a module: x of shape (n, d) to F of shape (n, C)."""

    def __init__(
        self,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor] | None,
        kappas: Sequence[float],
        taus: Sequence[float],
        activation: str,
    ) -> None:
        super().__init__()
        self.weights = nn.ParameterList(weights)
        self.biases = nn.ParameterList(biases) if biases is not None else None
        self.kappas, self.taus, self.activation = tuple(kappas), tuple(taus), activation

    def class_n(self) -> ClassN:
        """The layers, sharing this module's parameters."""
        biases: list[Tensor | None] = [None] * len(self.weights) if self.biases is None else list(self.biases)
        layers = map(Layer, list(self.weights), biases, self.kappas, self.taus)
        return ClassN(tuple(layers), self.activation)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs F of shape (n, C)."""
        act = activation(self.activation).value
        first, *rest = self.class_n().layers
        z = first.apply(x)
        for layer in rest:
            z = layer.apply(act(z))
        return z


watch(FullyConnected)


@undisturbed
def fully_connected(
    widths: Sequence[int],
    *,
    activation: str = "tanh",
    parametrization: Parametrization = "ntk",
    bias: bool = False,
    output_init: OutputInit = "gaussian",
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> FullyConnected:
    """A network of class N at a random initialisation.

    The draw is made in float64 on the CPU and then cast and moved: one seed gives one network on every device.

    Args:
        widths: d, m_1, .., m_L, C; at least one hidden layer.
        activation: a name of `pltheory.nets.activations`.
        parametrization: "ntk": kappa_l = 1/sqrt(m_{l-1}), tau_l = 1, all entries N(0, 1) [LZB22, eq. 10];
            "standard": kappa_l = tau_l = 1, weights N(0, 1/m_{l-1}), biases 0.
        bias: whether biases are parameters; without them tau_l = 0.
        output_init: "gaussian", or "rademacher": output weights of modulus 1 (times 1/sqrt(m_L) if standard)
            and random sign, which keeps the largest of them out of the certificate.
        seed: of a generator of this call's own.

    Raises:
        InvalidInputError: fewer than three widths, a width below 1, or an unknown name.
    """
    _check(widths, activation, parametrization, output_init)
    gen = torch.Generator().manual_seed(seed)
    fan_in, fan_out = widths[:-1], widths[1:]
    ntk = parametrization == "ntk"
    weights, biases = [], []
    for i, (m_in, m_out) in enumerate(zip(fan_in, fan_out, strict=True)):
        w = torch.randn(m_out, m_in, generator=gen, dtype=torch.float64)
        if output_init == "rademacher" and i == len(fan_in) - 1:
            w = w.sign()
        weights.append(w if ntk else w / math.sqrt(m_in))
        biases.append(
            torch.randn(m_out, generator=gen, dtype=torch.float64) if ntk and bias
            else torch.zeros(m_out, dtype=torch.float64)
        )  # fmt: skip
    return FullyConnected(
        [w.to(device=device, dtype=dtype) for w in weights],
        [b.to(device=device, dtype=dtype) for b in biases] if bias else None,
        [1 / math.sqrt(m) if ntk else 1.0 for m in fan_in],
        [1.0 if bias else 0.0] * len(fan_in),
        activation,
    )


def _check(widths: Sequence[int], name: str, parametrization: str, output_init: str) -> None:
    if len(widths) < 3 or min(widths) < 1:
        raise InvalidInputError(f"widths = {list(widths)}: need d, at least one hidden width, C, all at least 1")
    activation(name)
    if parametrization not in ("ntk", "standard"):
        raise InvalidInputError(f"parametrization = {parametrization!r}: allowed are 'ntk', 'standard'")
    if output_init not in ("gaussian", "rademacher"):
        raise InvalidInputError(f"output_init = {output_init!r}: allowed are 'gaussian', 'rademacher'")


def class_n(module: nn.Module) -> ClassN:
    """The class-N reading of a module: a FullyConnected, or an nn.Sequential of nn.Linear and one activation.

    The layers are the module's own plain parameters and nothing else (`exact`).

    Raises:
        NotAvailableError: the module is not recognised as class N; the message names the part and says why.
    """
    require_torch_itself()
    if type(module) is FullyConnected:
        net, named = _read_fully_connected(module)
    elif type(module) is nn.Sequential:
        net, named = _read_sequential(module)
    else:
        kind, base = type(module).__name__, type(module).__bases__[0].__name__
        raise NotAvailableError(
            f"not available for this network: {kind} (a {base}) is neither a fully_connected(..) network "
            "nor exactly an nn.Sequential of nn.Linear and activations"
        )
    require_alike(named.items())
    require_apart(named)
    return net


def looks_like_layers(module: nn.Module) -> bool:
    """Whether a module is made as class N has it: then the reason why it is not of class N is the one to give."""
    if type(module) is FullyConnected:
        return True
    children = list(module.children())
    return type(module) is nn.Sequential and all(
        isinstance(m, nn.Linear) or computed_by_class(type(m)) is not None for m in children
    )


def require_vectors(x: Tensor) -> None:
    """Refuse samples that are no vectors: nn.Linear takes (n, T, d) too, token by token, and class N does not.

    Raises:
        NotAvailableError: with the shape of x.
    """
    if x.ndim != 2:
        raise NotAvailableError(
            f"not available for these inputs: x has shape {tuple(x.shape)}; a network of class N takes vectors (n, d)"
        )


def _read_sequential(module: nn.Sequential) -> tuple[ClassN, dict[str, Tensor]]:
    require_module(module, nn.Sequential, "the network", holds="modules")
    children = vars(module)["_modules"]
    names = list(children)
    kinds = [type(m).__name__ for m in children.values()]
    if len(names) < 3 or len(names) % 2 == 0:
        raise NotAvailableError(
            "not available for this network: nn.Sequential must alternate nn.Linear and activations, "
            f"starting and ending with nn.Linear; this one is {kinds}"
        )
    layers: list[Layer] = []
    named: dict[str, Tensor] = {}
    width: int | None = None
    for name in names[::2]:
        part = children[name]
        require_module(part, nn.Linear, f"layer {name}", attributes=("in_features", "out_features"), holds="parameters")
        own = vars(part)["_parameters"]
        if own.keys() != {"weight", "bias"}:
            refuse(f"layer {name}", f"has parameters {', '.join(own)}, not weight and bias")
        weight = parameter_of(part, "weight", name, (None, width))
        width = weight.shape[0]
        bias = None if own["bias"] is None else parameter_of(part, "bias", name, (width,))
        layers.append(Layer(weight, bias, 1.0, 0.0 if bias is None else 1.0))
        named |= {f"{name}.weight": weight} | ({} if bias is None else {f"{name}.bias": bias})
    activations = {_read_activation(children[name], name) for name in names[1::2]}
    if len(activations) != 1:
        raise NotAvailableError(
            "not available for this network: one activation is needed throughout, "
            f"this one has {', '.join(sorted(activations))}"
        )
    return ClassN(tuple(layers), activations.pop()), named


def _read_activation(part: nn.Module, name: str) -> str:
    act = computed_by_class(type(part))
    if act is None:
        refuse(f"layer {name}", f"is a {type(part).__name__}: read are {', '.join(k.__name__ for k in ACTIVATIONS)}")
    watch_activation(act)
    require_module(part, type(part), f"layer {name}", attributes=act.module_attributes)
    for key in act.module_attributes:
        # An object that compares as it likes is no setting.
        if type(vars(part).get(key)) not in (bool, int, float, str):
            refuse(f"layer {name}", f"has {key} = {vars(part).get(key)!r}, which is no plain value")
    if not act.computed_by(part):
        refuse(f"layer {name}", f"is {part}, which is not the function of the table that goes by its name")
    return act.name


def _read_fully_connected(module: FullyConnected) -> tuple[ClassN, dict[str, Tensor]]:
    require_module(
        module,
        FullyConnected,
        "the network",
        attributes=("kappas", "taus", "activation", *(() if "biases" in vars(module)["_modules"] else ("biases",))),
        holds="modules",
    )
    lists, state = vars(module)["_modules"], vars(module)
    if "weights" not in lists or not lists.keys() <= {"weights", "biases"} or state.get("biases") is not None:
        refuse("the network", f"has modules {', '.join(lists)}, not weights and biases")
    kappas, taus, name = state["kappas"], state["taus"], state["activation"]
    count = len(kappas)
    for key, scales in (("kappas", kappas), ("taus", taus)):
        if type(scales) is not tuple or len(scales) != count or not all(type(s) in (float, int) for s in scales):
            refuse(key, f"= {scales!r} are not {count} numbers")
    if type(name) is not str or not is_known(name):
        refuse("activation", f"= {name!r} is not a name of the table")
    for key, part in lists.items():
        require_module(part, nn.ParameterList, key, attributes=("_size",), holds="parameters")
        if set(vars(part)["_parameters"]) != {str(l) for l in range(count)} or vars(part)["_size"] != count:
            refuse(key, f"holds {', '.join(vars(part)['_parameters']) or 'nothing'}, not a parameter for each layer")
    layers: list[Layer] = []
    named: dict[str, Tensor] = {}
    width: int | None = None
    for l in range(count):
        named[f"weights.{l}"] = weight = parameter_of(lists["weights"], str(l), "weights", (None, width))
        width, bias = weight.shape[0], None
        if "biases" in lists:
            named[f"biases.{l}"] = bias = parameter_of(lists["biases"], str(l), "biases", (width,))
        layers.append(Layer(weight, bias, float(kappas[l]), float(taus[l])))
    return ClassN(tuple(layers), name), named
