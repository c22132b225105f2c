"""Weights that are computed from other parameters, or are none."""

from __future__ import annotations

import warnings

import torch
import torch.nn.utils.parametrize as parametrize
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm
from torch.nn.utils.stateless import _reparametrize_module

from .battery import masquerade, own, surrounding


@masquerade("parametrizations.weight_norm, directions 100 times longer", "layer 0.weight")
def _(net):
    parametrizations.weight_norm(net[0])
    with torch.no_grad():
        net[0].parametrizations.weight.original1.mul_(1e2)


@masquerade("parametrizations.spectral_norm", "layer 0.weight")
def _(net):
    parametrizations.spectral_norm(net[0])


@masquerade("parametrizations.orthogonal", "layer 0.weight")
def _(net):
    parametrizations.orthogonal(net[0])


class Repeated(nn.Module):
    """One number times a fixed matrix."""

    def __init__(self, fixed):
        super().__init__()
        self.register_buffer("fixed", fixed)

    def forward(self, u):
        return u.mean() * self.fixed

    def right_inverse(self, w):
        return torch.ones(4, dtype=w.dtype)


@masquerade("register_parametrization: one degree of freedom for a matrix", "layer 0.weight")
def _(net):
    parametrize.register_parametrization(net[0], "weight", Repeated(net[0].weight.detach().clone()), unsafe=True)


@masquerade("register_parametrization on a bias", "layer 2.bias")
def _(net):
    parametrize.register_parametrization(net[2], "bias", Repeated(net[2].bias.detach().clone()), unsafe=True)


@masquerade("a parametrised ParameterList", "weights.0", start=own)
def _(net):
    parametrizations.weight_norm(net.weights, "0")
    with torch.no_grad():
        net.weights.parametrizations["0"].original1.mul_(1e2)


@masquerade("parametrisation removed again: its loading hooks stay", "layer 0")
def _(net):
    parametrizations.weight_norm(net[0])
    parametrize.remove_parametrizations(net[0], "weight")


@masquerade("old weight_norm", "layer 0")
def _(net):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        weight_norm(net[0])


@masquerade("old spectral_norm", "layer 0")
def _(net):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        spectral_norm(net[0])


@masquerade("prune.l1_unstructured", "layer 0")
def _(net):
    prune.l1_unstructured(net[0], "weight", 0.5)


@masquerade("prune.ln_structured", "layer 0")
def _(net):
    prune.ln_structured(net[0], "weight", 0.5, n=2, dim=0)


@masquerade("prune.custom_from_mask", "layer 2")
def _(net):
    prune.custom_from_mask(net[2], "weight", torch.arange(32)[None] % 2)


@masquerade("prune.global_unstructured", "layer 0")
def _(net):
    prune.global_unstructured([(net[0], "weight"), (net[2], "weight")], prune.L1Unstructured, amount=0.3)


@masquerade("pruned, then made permanent", None)
def _(net):
    prune.l1_unstructured(net[0], "weight", 0.1)
    prune.remove(net[0], "weight")


@masquerade("a weight deleted and set as a plain tensor", "layer 0")
def _(net):
    value = net[0].weight.detach().clone()
    del net[0].weight
    net[0].weight = value


@masquerade("a weight that is a product of two parameters, set before the call", "layer 0")
def _(net):
    value = net[0].weight.detach().clone()
    del net[0].weight
    net[0].scale = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
    net[0].weight = value * net[0].scale / 2


@masquerade("a weight as a buffer", "layer 0")
def _(net):
    value = net[0].weight.detach().clone()
    del net[0].weight
    net[0].register_buffer("weight", value)


@masquerade("a bias as a buffer", "layer 2")
def _(net):
    value = net[2].bias.detach().clone()
    del net[2].bias
    net[2].register_buffer("bias", value)


@masquerade("a plain tensor among a ParameterList's parameters", "weights", start=own)
def _(net):
    value = net.weights[0].detach().clone()
    del net.weights._parameters["0"]
    object.__setattr__(net.weights, "0", value)


class Computed(nn.Linear):
    """Its weight is a property."""

    @property
    def weight(self):
        return self._parameters["small"] * 2

    def reset_parameters(self):
        pass


@masquerade("a weight that is a property of a subclass", "layer 0")
def _(net):
    layer = nn.Linear.__new__(Computed)
    nn.Module.__init__(layer)
    layer.register_parameter("small", nn.Parameter(net[0].weight.detach() / 2))
    layer.register_parameter("bias", net[0].bias)
    net[0] = layer


class LoraSubclass(nn.Linear):
    """A frozen weight with a trainable product of low rank."""

    def __init__(self, base):
        super().__init__(base.in_features, base.out_features, dtype=torch.float64)
        self.weight, self.bias = base.weight, base.bias
        self.weight.requires_grad_(False)
        self.down = nn.Parameter(torch.ones(1, base.in_features, dtype=torch.float64))
        self.up = nn.Parameter(torch.zeros(base.out_features, 1, dtype=torch.float64))

    def forward(self, x):
        return super().forward(x) + x @ self.down.T @ self.up.T


class LoraWrapper(nn.Module):
    """The same around a layer."""

    def __init__(self, base):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Parameter(torch.ones(1, base.in_features, dtype=torch.float64))
        self.up = nn.Parameter(torch.zeros(base.out_features, 1, dtype=torch.float64))

    def forward(self, x):
        return self.base(x) + x @ self.down.T @ self.up.T


@masquerade("LoRA by a subclass of nn.Linear", "layer 0")
def _(net):
    net[0] = LoraSubclass(net[0])


@masquerade("LoRA by a wrapper", "layer 0")
def _(net):
    net[0] = LoraWrapper(net[0])


@masquerade("a frozen weight", "0.weight")
def _(net):
    net[0].weight.requires_grad_(False)


@masquerade("a frozen bias", "2.bias")
def _(net):
    net[2].bias.requires_grad_(False)


@masquerade("a frozen parameter of a ParameterList", "weights.1", start=own)
def _(net):
    net.weights[1].requires_grad_(False)


@masquerade("frozen and set free again", None)
def _(net):
    net.requires_grad_(False)
    net.requires_grad_(True)


@surrounding("stateless parameters while the call runs", "0.weight")
def _(net):
    with _reparametrize_module(net, {"0.weight": net[0].weight.detach() * 2}):
        yield
