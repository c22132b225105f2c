"""Modules of other classes, methods replaced on instances and in classes, wrappers and compilers."""

from __future__ import annotations

import copy
import io
import pickle
import warnings

import torch
import torch.nn.functional as F
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper
from torch.nn.parameter import Buffer

from pltheory.problem.networks import FullyConnected

from .battery import WIDTHS, masquerade, own, surrounding

T = torch.float64
D, M, _ = WIDTHS


class Skipping(nn.Sequential):
    """Adds the inputs."""

    def forward(self, x):
        return super().forward(x) + x.sum(dim=1, keepdim=True)


class Tripled(nn.Linear):
    """A forward of its own."""

    def forward(self, x):
        return 3 * super().forward(x)


class CallsElse(nn.Linear):
    """A `__call__` of its own."""

    def __call__(self, x):
        return 3 * super().__call__(x)


class LooksElse(nn.Linear):
    """Gives another weight than it holds."""

    def __getattr__(self, name):
        found = super().__getattr__(name)
        return 3 * found if name == "weight" else found


class Squared(FullyConnected):
    """A subclass of this package's own module."""

    def forward(self, x):
        return super().forward(x) ** 2


def _class(name, kind, part):
    @masquerade(name, part)
    def _(net):
        layer = kind(D, M, dtype=T)
        layer.load_state_dict(net[0].state_dict())
        net[0] = layer


_class("a subclass of nn.Linear with a forward", Tripled, "layer 0")
_class("a subclass of nn.Linear with a __call__", CallsElse, "layer 0")
_class("a subclass of nn.Linear with a __getattr__", LooksElse, "layer 0")


@masquerade("a layer whose __class__ is swapped", "layer 0")
def _(net):
    net[0].__class__ = Tripled


@masquerade("a subclass of nn.Sequential", "Skipping")
def _(net):
    return Skipping(*net)


@masquerade("a subclass of the package's own module", "Squared", start=own)
def _(net):
    return Squared(list(net.weights), list(net.biases), net.kappas, net.taus, net.activation)


@masquerade("nested nn.Sequential", "layer 0")
def _(net):
    return nn.Sequential(nn.Sequential(net[0], net[1]), nn.Tanh(), nn.Linear(M, 1, dtype=T))


@masquerade("forward on the instance", "layer 0")
def _(net):
    net[0].forward = lambda x: 2 * F.linear(x, net[0].weight, net[0].bias)


@masquerade("forward on the whole instance", "the network")
def _(net):
    net.forward = lambda x: net[2](net[1](net[0](x))) * 2


@masquerade("forward on the package's own module", "the network", start=own)
def _(net):
    net.forward = lambda x: x[:, :1]


@masquerade("_call_impl on the instance", "layer 0")
def _(net):
    net[0]._call_impl = lambda x: 2 * F.linear(x, net[0].weight, net[0].bias)


@masquerade("_compiled_call_impl that detaches", "layer 1")
def _(net):
    net[1]._compiled_call_impl = lambda z: torch.tanh(z).detach()


@masquerade("__deepcopy__ on the instance", "layer 0")
def _(net):
    other = nn.Linear(D, M, dtype=T)
    object.__setattr__(net[0], "__deepcopy__", lambda memo: other)


@masquerade("an attribute of one's own on a layer", "layer 0")
def _(net):
    net[0].note = "mine"


def _patched(name, home, attribute, put, part):
    @surrounding(name, part)
    def _(net):
        before = vars(home)[attribute]
        setattr(home, attribute, put)
        try:
            yield
        finally:
            setattr(home, attribute, before)


_linear, _call = F.linear, nn.Module.__call__
_patched("nn.Tanh.forward replaced", nn.Tanh, "forward", lambda self, z: torch.sin(z), "Tanh.forward")
_patched(
    "nn.Linear.forward replaced",
    nn.Linear,
    "forward",
    lambda self, x: 2 * _linear(x, self.weight, self.bias),
    "Linear.forward",
)
_patched("nn.Module.__call__ replaced", nn.Module, "__call__", lambda self, *a: _call(self, *a) * 2, "__call__")
_patched("functional.linear replaced", F, "linear", lambda x, w, b=None: 2 * _linear(x, w, b), "functional.linear")
_patched("FullyConnected.forward replaced", FullyConnected, "forward", lambda self, x: x, "FullyConnected.forward")


@surrounding("torch's kernel for tanh replaced in the dispatcher", "its outputs are not those of its layers")
def _(net):
    library = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library.impl("tanh", lambda z: z / (1 + z.abs()), "CPU")
        library.impl("tanh.out", lambda z, out: out.copy_(z / (1 + z.abs())), "CPU")
    try:
        yield
    finally:
        library._destroy()


@surrounding("torch's derivative of tanh replaced in the dispatcher", "the gradient that autograd gives")
def _(net):
    library = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library.impl("tanh_backward", lambda grad, value: grad * 0.5, "CPU")
    try:
        yield
    finally:
        library._destroy()


@masquerade("torch.compile", "OptimizedModule")
def _(net):
    return torch.compile(net, backend="eager")


@masquerade("compiled in place", "the network")
def _(net):
    net.compile(backend="eager")


@masquerade("the module that was compiled", None)
def _(net):
    torch.compile(net, backend="eager")(torch.zeros(1, D, dtype=T))


@masquerade("torch.jit.script", "RecursiveScriptModule")
def _(net):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.script(net)


@masquerade("torch.jit.trace", "TopLevelTracedModule")
def _(net):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(net, torch.zeros(1, D, dtype=T))


@masquerade("a scripted layer inside", "layer 1")
def _(net):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net[1] = torch.jit.script(nn.Tanh())


@masquerade("fx.symbolic_trace", "GraphModule")
def _(net):
    return torch.fx.symbolic_trace(net)


@masquerade("a checkpointed layer", "layer 0")
def _(net):
    net[0] = checkpoint_wrapper(net[0])


def _activation(name, make, part="layer 1"):
    @masquerade(name, part)
    def _(net):
        net[1] = make()


class SeemsOne(float):
    """A number that says it is 1."""

    def __eq__(self, other):
        return other == 1.0

    __hash__ = float.__hash__


def _with_beta():
    layer = nn.Softplus(threshold=60)
    layer.beta = SeemsOne(2.0)
    return layer


def _learning():
    layer = nn.Tanh()
    layer.register_parameter("gain", nn.Parameter(torch.ones((), dtype=T)))
    return layer


def _remembering():
    layer = nn.Tanh()
    layer.register_buffer("seen", torch.zeros((), dtype=T))
    return layer


_activation("PReLU", lambda: nn.PReLU(dtype=T))
_activation("RReLU in training", nn.RReLU)
_activation("Hardtanh", nn.Hardtanh)
_activation("softplus with torch's threshold", nn.Softplus)
_activation("softplus with a beta that seems to be 1", _with_beta)
_activation("gelu by tanh", lambda: nn.GELU("tanh"))
_activation("gelu", nn.GELU, None)
_activation("silu in place", lambda: nn.SiLU(inplace=True), None)
_activation("a parameter on an activation", _learning)
_activation("a buffer on an activation", _remembering)
_activation("dropout in place of an activation", nn.Dropout)
_activation("layer norm", lambda: nn.LayerNorm(M, dtype=T))


@masquerade("an unused parameter on the whole", "the network")
def _(net):
    net.register_parameter("unused", nn.Parameter(torch.zeros(2, dtype=T)))


@masquerade("an unused parameter on a layer", "layer 0")
def _(net):
    net[0].register_parameter("unused", nn.Parameter(torch.zeros(2, dtype=T)))


@masquerade("a buffer on a layer", "layer 0")
def _(net):
    net[0].register_buffer("mask", torch.ones(2, dtype=T))


@masquerade("a child module on a layer", "layer 0")
def _(net):
    net[0].add_module("child", nn.Tanh())


@masquerade("nn.Identity inside", "Identity")
def _(net):
    net.insert(1, nn.Identity())


def _inserted(name, make, training, part):
    @masquerade(name, part)
    def _(net):
        wide = nn.Sequential(net[0], net[1], make(), net[2])
        return wide.train(training)


_inserted("dropout in training", nn.Dropout, True, "Dropout")
_inserted("dropout in evaluation", nn.Dropout, False, "Dropout")
_inserted("batch norm in training", lambda: nn.BatchNorm1d(M, dtype=T), True, "BatchNorm1d")
_inserted("batch norm in evaluation", lambda: nn.BatchNorm1d(M, dtype=T), False, "BatchNorm1d")


@masquerade("evaluation mode of a plain network", None)
def _(net):
    net.eval()


@masquerade("a lazy layer before its first batch", "0.weight")
def _(net):
    net[0] = nn.LazyLinear(M, dtype=T)


@masquerade("a lazy layer after its first batch", None)
def _(net):
    weights = net[0].state_dict()
    net[0] = nn.LazyLinear(M, dtype=T)
    net(torch.zeros(1, D, dtype=T))
    net[0].load_state_dict(weights)


@masquerade("_parameters of another kind of dict", "layer 0")
def _(net):
    class Odd(dict):
        pass

    object.__setattr__(net[0], "_parameters", Odd(net[0]._parameters))


@masquerade("an nn.Buffer as bias", "layer 2")
def _(net):
    value = net[2].bias.detach()
    del net[2].bias
    net[2].bias = Buffer(value)


@masquerade("scales that are a tensor", "kappas", start=own)
def _(net):
    net.kappas = tuple(torch.tensor(k, dtype=T) for k in net.kappas)


@masquerade("a parameter too many in a ParameterList", "weights", start=own)
def _(net):
    net.weights.append(torch.zeros(1, 1, dtype=T))


@masquerade("pickled and back", None)
def _(net):
    return pickle.loads(pickle.dumps(net))


@masquerade("saved whole and back", None)
def _(net):
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@masquerade("a deep copy", None, start=own)
def _(net):
    return copy.deepcopy(net)


@masquerade("a state_dict assigned", None)
def _(net):
    net.load_state_dict({name: t.clone() for name, t in net.state_dict().items()}, assign=True)
