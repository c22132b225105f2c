"""What cannot be read is refused, by the operation, its line and the reason; what lies is found out."""

from __future__ import annotations

import copy
import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations

from pltheory.nets.reading import read
from pltheory.theory import NotAvailableError
from tests.nets.reading.oracle import called, data, trainable

IMAGE = (3, 4, 4)
F_ = {"f": nn.Linear(4, 4)}


def linear(forward, **parts):
    return called(forward, **(copy.deepcopy(F_) | parts))


def tied_transpose():
    return called(lambda s, x: torch.tanh(x @ s.w) @ s.w.T, w=trainable(4, 4))


def frozen():
    module = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2)).double()
    module[0].weight.requires_grad = False
    return module


def on_a_bool(s, x):
    return s.f(x) if x.sum() > 0 else x


REFUSED = {
    "batch norm in training": (
        lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)).double(),
        r"batch_norm of 1.*samples mix.*eval",
    ),
    "dropout in training": (lambda: linear(lambda s, x: F.dropout(s.f(x))), r"dropout.*in training is random"),
    "sign": (lambda: linear(lambda s, x: s.f(x).sign()), r"sign is not continuous"),
    "hard shrink": (lambda: linear(lambda s, x: F.hardshrink(s.f(x))), r"hardshrink.*it jumps from 0 to 0.5 at 0.5"),
    "argmax": (lambda: linear(lambda s, x: s.f(x).argmax(1)), r"argmax is not continuous|one precision"),
    "where": (lambda: linear(lambda s, x: torch.where(x > 0, s.f(x), x)), r"gt is not continuous"),
    "where it is known": (
        lambda: linear(lambda s, x: torch.where(s.m, s.f(x), x), m=torch.tensor([True, False, True, True])),
        r"where chooses between two tensors",
    ),
    "sort": (lambda: linear(lambda s, x: s.f(x).sort(1)[0]), r"sort chooses among entries by their values"),
    "top": (lambda: linear(lambda s, x: s.f(x).topk(2)[0]), r"topk chooses among entries by their values"),
    "norm": (lambda: linear(lambda s, x: s.f(x).norm(dim=1, keepdim=True)), r"not differentiable at 0"),
    "hardsigmoid": (lambda: linear(lambda s, x: F.hardsigmoid(s.f(x))), r"hardsigmoid.*a sixth of single precision"),
    "celu": (lambda: linear(lambda s, x: F.celu(s.f(x), 0.4)), r"celu.*alpha in single precision, which 0.4 is not"),
    "celu of nothing": (lambda: linear(lambda s, x: F.celu(s.f(x), -1.0)), r"alpha is -1.0: read are numbers above 0"),
    "falling elu": (lambda: linear(lambda s, x: F.elu(s.f(x), -0.5)), r"its alpha is -0.5: read are"),
    "trained slope": (
        lambda: nn.Sequential(nn.Linear(4, 4), nn.PReLU()).double(),
        r"prelu of 1: the slope 1.weight is trained",
    ),
    "slopes by channel": (
        lambda: linear(lambda s, x: F.prelu(s.f(x), s.a), a=torch.tensor([0.1, 0.2, 0.1, 0.2])),
        r"prelu.*slopes differ by channel",
    ),
    "frozen elsewhere": (
        lambda: linear(lambda s, x: s.f(x) + s.a, a=nn.Parameter(torch.ones(4), requires_grad=False)),
        r"add.*the parameter a is frozen",
    ),
    "steep": (lambda: linear(lambda s, x: F.leaky_relu(s.f(x), -0.5)), r"slope below 0 is -0.5: read are"),
    "threshold": (lambda: linear(lambda s, x: F.threshold(s.f(x), 1.0, 0.0)), r"jumps from 0.0 to its threshold 1.0"),
    "nothing between": (lambda: linear(lambda s, x: s.f(x).clamp(2, 1)), r"between 2.0 and 1.0: nothing"),
    "bounds by entry": (
        lambda: linear(lambda s, x: torch.maximum(s.f(x), s.m), m=torch.arange(4.0)),
        r"maximum.*bounds differ by entry",
    ),
    "a bound of the data": (lambda: linear(lambda s, x: s.f(x).clamp(min=x)), r"clamp.*where a constant is read"),
    "two of the data": (lambda: linear(lambda s, x: torch.maximum(s.f(x), x)), r"maximum.*it compares"),
    "samples compared": (lambda: linear(lambda s, x: s.f(x).amax(0) + x), r"amax.*samples mix"),
    "all compared": (lambda: linear(lambda s, x: s.f(x).max() + x), r"max.*samples mix"),
    "where a maximum stands": (
        lambda: linear(lambda s, x: s.f(x) + s.f(x).max(1, keepdim=True)[1]),
        r"where a maximum stands .*that jumps|one precision",
    ),
    "gelu by tanh": (
        lambda: linear(lambda s, x: F.gelu(s.f(x), approximate="tanh")),
        r"approximate = 'tanh': allowed is 'none'",
    ),
    "softplus's threshold": (
        lambda: linear(lambda s, x: F.softplus(s.f(x))),
        r"softplus with beta = 1.0, threshold = 20.0",
    ),
    "noise": (lambda: linear(lambda s, x: s.f(x) + torch.randn(4, dtype=x.dtype)), r"randn is random"),
    "noise like": (lambda: linear(lambda s, x: s.f(x) + torch.rand_like(x)), r"rand_like is random"),
    "data decide": (lambda: linear(on_a_bool), r"branches on values that depend on the data"),
    "lookup": (lambda: linear(lambda s, x: s.f(x)[:, x[0].argsort()]), r"argsort is not continuous"),
    "exp": (lambda: linear(lambda s, x: s.f(x).exp()), r"aten.exp.default is not in the list"),
    "quotient": (lambda: linear(lambda s, x: x / s.f(x)), r"divides by a tensor that depends on the data"),
    "frozen": (frozen, r"the parameter 0.weight is frozen"),
    "unused": (lambda: linear(lambda s, x: x * s.p, p=trainable(4)), r"trainable parameter f.weight is not used"),
    "unused in part": (
        lambda: called(lambda s, x: x * s.p[:4], p=trainable(5)),
        r"parameter p has 1 entries that are not used",
    ),
    "tied transpose": (tied_transpose, r"parameter w is used in two ways"),
    "weight norm": (lambda: parametrizations.weight_norm(nn.Linear(4, 4)).double(), r"of parametrizations"),
    "a product of parameters": (
        lambda: called(lambda s, x: F.linear(x, s.w * s.g), w=trainable(2, 4), g=trainable(2, 1)),
        r"mul.*the parameter . and the parameter . are multiplied",
    ),
    "a sum of parameters": (
        lambda: called(lambda s, x: F.linear(x, s.w + 1), w=trainable(2, 4)),
        r"are added before they are used",
    ),
    "samples added": (lambda: linear(lambda s, x: s.f(x) + x.flip(0)), r"add.*samples mix"),
    "a mean over samples": (lambda: linear(lambda s, x: s.f(x) - x.mean(0)), r"mean.*samples mix"),
    "a matrix of samples": (lambda: linear(lambda s, x: s.f(x) @ x.T @ x), r"samples mix"),
    "samples as tokens": (lambda: linear(lambda s, x: F.softmax(s.f(x), 0)), r"softmax.*samples mix"),
    "samples as channels": (
        lambda: nn.Sequential(nn.Unflatten(1, (4, 1)), nn.Flatten(1), nn.Conv1d(3, 3, 2), nn.Linear(3, 2)).double(),
        r"conv1d.*samples mix",
    ),
    "samples turned": (lambda: linear(lambda s, x: s.f(x).T), r"first axis is not that of the samples"),
    "another constant for every sample": (
        lambda: linear(lambda s, x: s.f(x) + torch.arange(3.0, dtype=x.dtype)[:, None]),
        r"samples differ",
    ),
    "a parameter for every sample": (lambda: linear(lambda s, x: s.f(x) + s.p, p=trainable(3, 4)), r"samples differ"),
    "no grad": (lambda: linear(lambda s, x: s.f(x) + torch.no_grad()(s.f)(x)), r"runs under torch.no_grad"),
    "detached": (lambda: linear(lambda s, x: s.f(x) + s.f(x).detach()), r"is detached"),
    "precision": (lambda: linear(lambda s, x: s.f(x).float().double()), r"one precision"),
    "bits": (
        lambda: linear(lambda s, x: s.f(x).view(torch.int64).view(torch.float64)),
        r"torch.int64: the network is read in one precision",
    ),
    "input written": (lambda: linear(lambda s, x: s.f(x.mul_(2))), r"writes into the module's input|changes"),
    "a view written": (
        lambda: linear(lambda s, x: (lambda y: (y[:, 0].mul_(2), y)[1])(s.f(x))),
        r"memory that .* may share",
    ),
    "buffer written": (lambda: linear(lambda s, x: s.f(x) + s.b.add_(1), b=torch.zeros(4)), r"writes into|changes"),
    "two outputs": (lambda: linear(lambda s, x: (s.f(x), x)), r"one tensor"),
    "all masked": (
        lambda: linear(lambda s, x: F.softmax(s.f(x).masked_fill(torch.ones(4).bool(), -torch.inf), -1)),
        r"masked as a whole",
    ),
    "minus infinity": (
        lambda: linear(lambda s, x: torch.tanh(s.f(x) + torch.tensor([0, 0, 0, -torch.inf]).double())),
        r"tanh.*a tensor that holds minus infinity",
    ),
    "a mask of the data": (
        lambda: linear(lambda s, x: s.f(x).masked_fill(x == 0, 0.0)),
        r"eq is not continuous",
    ),
    "not its own parameter": (
        lambda: linear(lambda s, x: s.f(x) * s.list[0], list=[trainable(4).double()]),
        r"list.* is not one of|requires a gradient",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_in_one_line(name):
    make, words = REFUSED[name]
    with pytest.raises(NotAvailableError, match=words) as refusal:
        read(make(), data(4, n=4))
    said = str(refusal.value)
    assert said.startswith("not available for this network: ")
    assert "\n" not in said


def test_says_which_line_called():
    class Bent(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(4, 4)

        def forward(self, x):
            hidden = self.first(x)
            return F.hardshrink(hidden)

    line = r"hardshrink of 1 \(.*test_refusals.py, line \d+: return F\.hardshrink\(hidden\)\)"
    with pytest.raises(NotAvailableError, match=line):
        read(nn.Sequential(nn.Linear(4, 4), Bent()).double(), data(4))


def test_where_a_pooling_s_maximum_stands():
    module = called(lambda s, x: F.max_unpool2d(*F.max_pool2d(s.f(x), 2, return_indices=True), 2), f=nn.Conv2d(3, 2, 1))
    with pytest.raises(NotAvailableError, match=r"getitem.*where a maximum stands is read nowhere: that jumps"):
        read(module, data(*IMAGE))


def test_a_window_of_padding():
    module = called(lambda s, x: F.max_pool1d(s.f(x), 2, 1, 1, 2), f=nn.Conv1d(1, 1, 1))
    assert torch.isinf(module(data(1, 1))).all()
    with pytest.raises(NotAvailableError, match=r"max_pool1d.*nothing but padding"):
        read(module, data(1, 1))


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (torch.zeros(3, 4, dtype=torch.int64), "x is torch.int64"),
        (torch.zeros(3, 4, dtype=torch.complex128), "x is torch.complex128"),
        (torch.zeros(3, 4), "f.weight is torch.float64 on cpu, x is torch.float32"),
        (torch.zeros(0, 4, dtype=torch.float64), "not empty"),
        (torch.full((3, 4), torch.nan, dtype=torch.float64), "differ by nan"),
    ],
)
def test_data_of_another_kind(x, words):
    with pytest.raises(NotAvailableError, match=words):
        read(linear(lambda s, x: s.f(x)), x)


def test_parameters_in_one_memory():
    module = linear(lambda s, x: s.f(s.g(x)), g=nn.Linear(4, 4))
    module.g.weight = nn.Parameter(module.f.weight.data)
    with pytest.raises(NotAvailableError, match=r"g\.weight lie in the same memory"):
        read(module, data(4))


def test_a_buffer_in_a_parameter_s_memory():
    module = linear(lambda s, x: s.f(x) @ s.b)
    module.register_buffer("b", module.f.weight.data)
    with pytest.raises(NotAvailableError, match=r"^not available for this network: (b|f\.weight) and .* same memory"):
        read(module, data(4))


@pytest.mark.parametrize("kind", [lambda t: t, lambda t: t.numpy()])
def test_a_constant_in_a_parameter_s_memory(kind):
    module = linear(lambda s, x: s.f(x) @ torch.as_tensor(s.b))
    module.b = kind(module.f.weight.detach())
    weight = module.f.weight.detach().clone()
    with pytest.raises(NotAvailableError, match="other weights in place"):
        read(module, data(4))
    assert torch.equal(module.f.weight, weight)


def test_a_parameter_whose_entries_share_memory():
    module = linear(lambda s, x: s.f(x))
    module.f.bias = nn.Parameter(torch.ones(1).double().expand(4))
    with pytest.raises(NotAvailableError, match=r"f.bias .*entries that may share memory"):
        read(module, data(4))


def test_a_forward_that_writes_into_a_parameter():
    def forward(s, x):
        with torch.no_grad():
            s.f.weight.mul_(0.5)
        return s.f(x)

    module = linear(forward)
    weight = module.f.weight.detach().clone()
    with pytest.raises(NotAvailableError, match=r"torch\.no_grad"):
        read(module, data(4))
    assert torch.equal(module.f.weight, weight)


# --- what one hopes to hide from the tracer ---


class Straight(torch.autograd.Function):
    """The value of one function with the gradient of another."""

    @staticmethod
    def forward(ctx, z):
        return torch.tanh(z)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def in_two_faces(s, x):
    return s.f(x) if torch.compiler.is_exporting() else torch.tanh(s.f(x))


def with_hook(register):
    module = nn.Sequential(nn.Linear(4, 4), nn.Tanh()).double()
    register(module)
    return module


def by_batch(s, x):
    return s.f(x) + (1.0 if len(x) == 1 else 0.0)


def rolled(s, x):
    return s.f(x) + (x.roll(3, 0) if len(x) > 3 else x)


LIES = {
    "another face when it is exported": lambda: linear(in_two_faces),
    "another gradient": lambda: linear(lambda s, x: Straight.apply(s.f(x))),
    "a backward hook": lambda: with_hook(
        lambda m: (
            m[0].register_full_backward_hook(lambda m, inputs, outputs: None)
            and m[1].register_full_backward_hook(lambda m, inputs, outputs: tuple(2 * g for g in inputs))
        )
    ),
    "a single sample": lambda: linear(by_batch),
    "samples that are far apart": lambda: linear(rolled),
    "a hook of a parameter": lambda: with_hook(lambda m: m[0].weight.register_hook(lambda g: 2 * g)),
    "a later hook of a parameter": lambda: with_hook(
        lambda m: m[0].weight.register_post_accumulate_grad_hook(lambda p: p.grad.mul_(2))
    ),
    "only at these weights": lambda: linear(
        lambda s, x: s.f(x) * (1.0 if torch.compiler.is_exporting() or s.same() else 2.0)
    ),
    "only for the data": lambda: linear(
        lambda s, x: (
            s.f(x)
            * (
                1.0
                if torch.compiler.is_exporting() or (len(x) == 4 and float(x[0, 0].detach()) == float(data(4)[0, 0]))
                else 2.0
            )
        )
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_lies_are_found_out(name):
    module = LIES[name]()
    if name == "only at these weights":
        was = float(module.f.weight[0, 0].detach())
        module.same = lambda: float(module.f.weight[0, 0].detach()) == was
    with pytest.raises(
        NotAvailableError, match=r"of the graph that was read differ|tensor hooks|cannot trace"
    ) as refusal:
        read(module, data(4))
    assert not re.search(r"fails when it is called", str(refusal.value))


def test_a_forward_hook_is_read():
    module = with_hook(lambda m: m[0].register_forward_hook(lambda m, inputs, output: output + 1))
    graph = read(module, data(4)).graph
    assert [type(n.kind).__name__ for n in graph.nodes] == ["Input", "Affine", "Fixed", "Pointwise"]


def test_gradients_that_were_there_stay():
    module = linear(lambda s, x: s.f(x))
    module.f.weight.grad = kept = torch.ones(4, 4).double()
    read(module, data(4))
    assert module.f.weight.grad is kept
    assert bool((kept == 1).all())
    assert module.f.bias.grad is None
