"""Tensors that share memory, are of another shape, class, layout or dtype, or are no numbers at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings

import torch
import torch.distributed as dist
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from .battery import WIDTHS, data, masquerade, own, plain

T = torch.float64
D, M, _ = WIDTHS


def replace(layer, name, p):
    layer._parameters[name] = p


def square():
    """A network whose hidden layers are of one shape."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(D, D), nn.Tanh(), nn.Linear(D, D), nn.Tanh(), nn.Linear(D, 1)).double()


@masquerade("two biases in one place", "0.bias and 2.bias", start=square)
def _(net):
    net[0].bias.data = net[2].bias.data


@masquerade("one weight used by two layers", "shared", start=square)
def _(net):
    net[2].weight = net[0].weight


@masquerade("one layer used twice", "shared", start=square)
def _(net):
    net[2] = net[0]


@masquerade("one activation module used twice", None, start=square)
def _(net):
    net[3] = net[1]


@masquerade("a weight and a bias of a ParameterList in one place", "shared", start=own)
def _(net):
    net.biases[0].data = net.weights[1].data.view(-1)


@masquerade("a weight that is the transpose of another's memory", "0.weight and 2.weight", start=square)
def _(net):
    net[2].weight.data = net[0].weight.data.T


@masquerade("overlapping views of one flat buffer", "0.bias and 2.weight")
def _(net):
    flat = torch.linspace(-1, 1, M + 8, dtype=T)
    net[0].bias.data, net[2].weight.data = flat[:M], flat[8:].view(1, M)


@masquerade("interleaved views of one buffer", "0.bias and 2.weight")
def _(net):
    both = torch.linspace(-1, 1, 2 * M, dtype=T).view(M, 2)
    net[0].bias.data, net[2].weight.data = both[:, 0], both[:, 1].view(1, M)


@masquerade("views of one flat buffer, apart", None)
def _(net):
    vector_to_parameters(parameters_to_vector(net.parameters()).detach(), net.parameters())


@masquerade("a weight stored by columns", None)
def _(net):
    net[0].weight.data = net[0].weight.data.T.contiguous().T


@masquerade("a weight that is every second row of a buffer", None)
def _(net):
    wide = torch.zeros(2 * M, D, dtype=T)
    wide[::2] = net[0].weight.data
    net[0].weight.data = wide[::2]


@masquerade("an expanded weight: one row for all units", "0.weight")
def _(net):
    net[0].weight.data = net[0].weight.data[:1].expand(M, D)


@masquerade("a bias of stride zero", "0.bias")
def _(net):
    net[0].bias.data = torch.zeros(1, dtype=T).expand(M)


@masquerade("a weight of overlapping windows", "0.weight")
def _(net):
    net[0].weight.data = torch.linspace(-1, 1, M + D, dtype=T).as_strided((M, D), (1, 1))


@masquerade("a bias of shape (1,)", "0.bias")
def _(net):
    net[0].bias = nn.Parameter(torch.zeros(1, dtype=T))


@masquerade("a bias of shape ()", "0.bias")
def _(net):
    net[0].bias = nn.Parameter(torch.zeros((), dtype=T))


@masquerade("a bias of shape (1, m)", "0.bias")
def _(net):
    net[0].bias = nn.Parameter(net[0].bias.detach()[None])


@masquerade("a bias of shape (n, m): a number for each sample", "0.bias")
def _(net):
    net[0].bias = nn.Parameter(net[0].bias.detach().repeat(3, 1))


@masquerade("a bias of shape (1,) in a ParameterList", "biases.0", start=own)
def _(net):
    net.biases[0] = nn.Parameter(torch.zeros(1, dtype=T))


@masquerade("data swapped for another shape", "0.bias")
def _(net):
    net[0].bias.data = torch.zeros(1, dtype=T)


@masquerade("a weight that is a vector", "2.weight")
def _(net):
    net[2].weight.data = net[2].weight.data[0]


@masquerade("a weight without memory", "0.weight")
def _(net):
    net[0].weight.untyped_storage().resize_(0)


class Named(torch.Tensor):
    """A subclass without rules of its own."""


class Loud(nn.Parameter):
    """A subclass of nn.Parameter."""


class Doubling(torch.Tensor):
    """A subclass whose matrix products are twice what they are."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        out = super().__torch_function__(func, types, args, kwargs or {})
        return 2 * out if func is nn.functional.linear else out


@masquerade("a parameter of a Tensor subclass", "0.weight")
def _(net):
    replace(net[0], "weight", nn.Parameter(net[0].weight.detach().as_subclass(Named)))


@masquerade("a Tensor subclass that computes something else", "0.weight")
def _(net):
    replace(net[0], "weight", nn.Parameter(net[0].weight.detach().as_subclass(Doubling)))


@masquerade("a subclass of nn.Parameter", "0.weight")
def _(net):
    replace(net[0], "weight", Loud(net[0].weight.detach()))


@masquerade("an nn.Buffer among the parameters", "0.weight")
def _(net):
    replace(net[0], "weight", nn.Buffer(net[0].weight.detach()))


@masquerade("a plain tensor among the parameters", "0.weight")
def _(net):
    replace(net[0], "weight", net[0].weight.detach().requires_grad_())


@masquerade("a computed tensor among the parameters", "0.weight")
def _(net):
    replace(net[0], "weight", 2 * net[0].weight)


@masquerade("a method on a parameter's instance", "0.weight")
def _(net):
    wrong = torch.ones(M, D, dtype=T)
    net[0].weight.detach = lambda: wrong


@masquerade("a tag on a parameter", None)
def _(net):
    net[0].weight.no_weight_decay = True


@contextlib.contextmanager
def _one_process():
    with tempfile.TemporaryDirectory() as folder:
        store = dist.FileStore(os.path.join(folder, "store"), 1)
        dist.init_process_group("gloo", store=store, rank=0, world_size=1)
        try:
            yield
        finally:
            dist.destroy_process_group()


@masquerade("a DTensor parameter", "0.weight")
def _(net):
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import distribute_tensor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _one_process():
            mesh = init_device_mesh("cpu", (1,))
            replace(net[0], "weight", nn.Parameter(distribute_tensor(net[0].weight.detach(), mesh)))


@masquerade("DistributedDataParallel", "DistributedDataParallel")
def _(net):
    with _one_process():
        return nn.parallel.DistributedDataParallel(net)


@masquerade("unwrapped from DistributedDataParallel", None)
def _(net):
    with _one_process():
        return nn.parallel.DistributedDataParallel(net).module


@masquerade("DataParallel", "DataParallel")
def _(net):
    return nn.DataParallel(net)


@masquerade("a sparse weight (COO)", "0.weight")
def _(net):
    replace(net[0], "weight", nn.Parameter(net[0].weight.detach().to_sparse()))


@masquerade("a sparse weight (CSR)", "0.weight")
def _(net):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        replace(net[0], "weight", nn.Parameter(net[0].weight.detach().to_sparse_csr()))


@masquerade("dynamically quantised layers", "layer 0")
def _(net):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(net.float(), {nn.Linear})


def _cast(name, dtype):
    @masquerade(f"parameters of {name}", "0.weight")
    def _(net):
        return net.to(dtype)


_cast("float16", torch.float16)
_cast("bfloat16", torch.bfloat16)
_cast("complex128", torch.complex128)
_cast("float32 under float64 data", torch.float32)


@masquerade("a layer of another dtype", "2.weight")
def _(net):
    net[2].float()


@masquerade("parameters on the meta device", "0.weight")
def _(net):
    return net.to("meta")


@masquerade("one parameter on the meta device", "2.bias")
def _(net):
    net[2].bias = nn.Parameter(net[2].bias.detach().to("meta"))


@masquerade("fake tensors", "0.weight")
def _(net):
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        replace(net[0], "weight", nn.Parameter(mode.from_tensor(net[0].weight.detach())))


@masquerade("integers for weights", "0.weight")
def _(net):
    replace(net[0], "weight", nn.Parameter(net[0].weight.detach().to(torch.int8), requires_grad=False))


@masquerade("parameters made under inference mode", "0.weight")
def _(net):
    with torch.inference_mode():
        net[0].weight = nn.Parameter(net[0].weight.clone())


@masquerade("a negated view", "0.weight")
def _(net):
    net[0].weight = nn.Parameter(torch._neg_view(net[0].weight.detach()))


@masquerade("a weight that is a NaN", "0.weight")
def _(net):
    net[0].weight.data[0, 0] = torch.nan


@masquerade("an infinite bias", "2.bias")
def _(net):
    net[2].bias.data[0] = -torch.inf


@masquerade("negative zeros and subnormal numbers", None)
def _(net):
    net[0].bias.data[0], net[0].bias.data[1] = -0.0, 5e-324


@masquerade("a gradient left from before", None)
def _(net):
    x, y = data(plain())
    (net(x) - y).square().sum().backward()
