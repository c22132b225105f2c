"""A kept plan is tried on what looks alike, and never believed: every kernel is that of plain autograd.

Each attack changes a network so that a plan of the one before would be wrong, or is one that a key could take for it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from pltheory.measure import ntk
from pltheory.measure.layer_rules import remembered
from pltheory.measure.ntk import empirical_ntk
from pltheory.theory import InvalidInputError

N = 4


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch):
    monkeypatch.setattr(remembered, "_PLANS", type(remembered._PLANS)())


class Block(nn.Module):
    """A shared layer, a convolution, a normalisation and a parameter that is used or not."""

    scale = 1.0

    def __init__(self, *, stride: int = 1, groups: int = 1, twice: bool = True, spare: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv1d(2, 4, 3, stride=stride, groups=groups)
        self.norm = nn.BatchNorm1d(4)
        self.mix = nn.Linear(4, 4)
        self.last = nn.Linear(4, 2)
        self.spare = nn.Parameter(torch.ones(2))
        self.register_buffer("mask", torch.tensor([1.0, 0.0, 1.0, 1.0]))
        self.twice, self.use_spare, self.beta = twice, spare, 1.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = self.norm(self.conv(x)).tanh().mean(-1) * self.mask
        z = self.mix(z).tanh()
        z = self.mix(z).tanh() if self.twice else z
        out = torch.addmm(self.last.bias, z, self.last.weight.T, beta=self.beta) * self.scale
        return out * self.spare if self.use_spare else out


def block(**how) -> Block:
    torch.manual_seed(1)
    return Block(**how).double().eval()


def inputs() -> torch.Tensor:
    return torch.randn(N, 2, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def require_the_kernel(net: nn.Module, x: torch.Tensor) -> None:
    """Twice: by a plan that is new or tried, and by what is remembered then."""
    for _ in range(2):
        found = empirical_ntk(net, x)
        rows = torch.stack(
            [plain_row(net, x[i : i + 1], c) for i in range(len(x)) for c in range(found.shape[0] // len(x))]
        )
        expected = rows @ rows.T
        tight = 1e-9 if x.dtype == torch.float64 else 1e-3
        torch.testing.assert_close(found, expected, rtol=tight, atol=tight * float(expected.abs().max()))


def plain_row(net: nn.Module, xi: torch.Tensor, c: int) -> torch.Tensor:
    trained = [p for p in net.parameters() if p.requires_grad]
    grads = torch.autograd.grad(net(xi).reshape(-1)[c], trained, allow_unused=True)
    return torch.cat(
        [(torch.zeros_like(p) if g is None else g).reshape(-1) for p, g in zip(trained, grads, strict=True)]
    )


def hooked(net: Block) -> None:
    net.mix.register_forward_hook(lambda module, given, out: 2 * out)


def hooked_before(net: Block) -> None:
    net.mix.register_forward_pre_hook(lambda module, given: (given[0].flip(-1),))


def tied(net: Block) -> None:
    net.conv.bias = net.mix.bias


def frozen(net: Block) -> None:
    net.mix.weight.requires_grad_(False)


def frozen_bias(net: Block) -> None:
    net.last.bias.requires_grad_(False)


def other_buffer(net: Block) -> None:
    net.mask.copy_(torch.tensor([0.0, 1.0, 2.0, 0.0]))


def other_statistics(net: Block) -> None:
    net.norm.running_var.mul_(5)


def other_forward(net: Block) -> None:
    net.mix.forward = lambda z: nn.functional.linear(z, net.mix.weight.T, net.mix.bias)


def other_beta(net: Block) -> None:
    net.beta = 0.5


def other_class_attribute(net: Block) -> None:
    net.__class__ = type("Scaled", (Block,), {"scale": 3.0})


def parametrized(net: Block) -> None:
    parametrize.register_parametrization(net.mix, "weight", nn.Tanh())


def rewired(net: Block) -> None:
    net.mix = nn.Sequential(nn.Identity(), net.mix)


CHANGES: dict[str, Callable[[Block], object]] = {
    change.__name__: change
    for change in (
        hooked, hooked_before, tied, frozen, frozen_bias, other_buffer, other_statistics, other_forward, other_beta,
        other_class_attribute, parametrized, rewired,
    )
}  # fmt: skip
OTHERS = {
    "once": {"twice": False},
    "stride": {"stride": 2},
    "groups": {"groups": 2},
    "spare": {"spare": True},
}


@pytest.fixture(params=["by architecture", "one key for everything"])
def _whatever_the_key_says(request, monkeypatch):
    if request.param != "by architecture":
        monkeypatch.setattr(ntk, "architecture", lambda *_: "the same")


@pytest.mark.slow
@pytest.mark.usefixtures("_whatever_the_key_says")
@pytest.mark.parametrize("name", CHANGES)
def test_a_network_that_was_changed_has_its_own_kernel(name):
    net, x = block(), inputs()
    require_the_kernel(net, x)
    CHANGES[name](net)
    require_the_kernel(net, x)


@pytest.mark.usefixtures("_whatever_the_key_says")
@pytest.mark.parametrize("name", OTHERS)
def test_another_network_of_the_class_has_its_own_kernel(name):
    x = inputs()
    require_the_kernel(block(), x)
    require_the_kernel(block(**OTHERS[name]), x)
    require_the_kernel(block(), x)


@pytest.mark.usefixtures("_whatever_the_key_says")
def test_other_inputs_and_precisions_have_their_own_kernel():
    net, x = block(), inputs()
    for some in (x, x[:1], x[:2], x[..., :7], x.mT.contiguous().mT):
        require_the_kernel(net, some)
    require_the_kernel(net.float(), x.float())


@pytest.mark.usefixtures("_whatever_the_key_says")
def test_train_mode_is_refused_whatever_is_remembered():
    net, x = block(), inputs()
    require_the_kernel(net, x)
    net.train()
    with pytest.raises(InvalidInputError, match=r"call network.eval\(\)"):
        empirical_ntk(net, x)
    require_the_kernel(net.eval(), x)


def test_a_plan_is_made_once_for_an_architecture(monkeypatch):
    made = []
    monkeypatch.setattr(ntk, "make_plan", lambda *given, make=ntk.make_plan: made.append(0) or make(*given))
    x = inputs()
    for seed in range(3):
        torch.manual_seed(seed)
        empirical_ntk(Block().double().eval(), x)
    assert len(made) == 1


def test_no_more_is_kept_than_is_said():
    net = block()
    for length in range(4, 4 + remembered.MOST + 3):
        empirical_ntk(net, torch.randn(1, 2, length, dtype=torch.float64))
    assert len(remembered._PLANS) == remembered.MOST
