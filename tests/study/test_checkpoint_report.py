"""Networks trained by torch: no warning under the settings of their training, one under any other."""

from __future__ import annotations

import json
import math

import pytest
import torch
from torch import nn

import pltheory as pl
from pltheory.certificates.fit import UNEXPLAINED
from pltheory.study.build import problem_of
from pltheory.study.checkpoint_report import at_checkpoint
from pltheory.study.config import Config, read_config
from pltheory.study.in_force import alternatives
from pltheory.theory import InvalidInputError

N, WIDTH = 12, 96
TEXT = f"""
[network]
hidden = [{WIDTH}]
activation = "tanh"
parametrization = "standard"
bias = true
[data]
source = "digits"
n = {N}
labels = "one-hot"
[optimizer]
eta = "0.1/beta"
gamma = 0.5
delta = 0.1
"""


def train(y, steps, optimizer=torch.optim.Adam, activation=nn.Tanh, dtype=torch.float64, **options):
    x, _ = pl.datasets.digits(N)
    x, y = x.to(dtype), y.to(dtype)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, WIDTH), activation(), nn.Linear(WIDTH, y.shape[1])).to(dtype)
    steps_of = optimizer(net.parameters(), **{"lr": 1e-3, **options})
    for _ in range(steps):
        steps_of.zero_grad()
        (net(x) - y).square().mean().backward()
        steps_of.step()
    return net


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    one_hot, signs = pl.datasets.digits(N, labels="one-hot").y, pl.datasets.digits(N).y
    nets = {
        "trained": train(one_hot, 250),
        "stopped early": train(one_hot, 70),
        "in float32": train(one_hot, 150, dtype=torch.float32),
        "with decay": train(one_hot, 150, torch.optim.AdamW, weight_decay=0.01),
        "by SGD": train(one_hot, 400, torch.optim.SGD, lr=0.3),
        "gelu": train(one_hot, 150, activation=nn.GELU),
        "untrained": train(one_hot, 0),
        "signs": train(signs, 150),
        "zero and one": train((signs + 1) / 2, 150),
    }
    for name, net in nets.items():
        torch.save(net.state_dict(), folder / f"{name}.pt")
    return folder


def config(folder, name, *overrides) -> Config:
    return read_config(TEXT, [f"network.checkpoint={name}.pt", *overrides], folder=folder)


TRAINED = {
    "trained": [],
    "stopped early": [],
    "in float32": [],
    "with decay": [],
    "by SGD": [],
    "gelu": ["network.activation=gelu"],
    "signs": ["data.labels=low-high"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_weights_trained_under_the_settings_in_force_raise_no_warning(folder, name):
    report = at_checkpoint(config(folder, name, *TRAINED[name]))
    assert report.reasons == ()
    assert report.to_dict("w.npz")["warning"] is None
    assert report.verdict == "CERTIFIED"
    assert report.basin.loaded.right == N


OTHERS = {
    "erf": ("trained", ["network.activation=erf"], "network.activation = 'tanh'"),
    "sigmoid": ("trained", ["network.activation=sigmoid"], "network.activation = 'tanh'"),
    "gelu for tanh": ("trained", ["network.activation=gelu"], "network.activation = 'tanh'"),
    "tanh for gelu": ("gelu", [], "network.activation = 'gelu'"),
    "silu for gelu": ("gelu", ["network.activation=silu"], "network.activation = 'gelu'"),
    "not centred": ("trained", ["data.center=false"], "data.center = true"),
    "scaled to 1": ("trained", ["data.scale=unit"], "data.scale = 'sqrt-d'"),
    "not scaled": ("trained", ["data.scale=none"], "data.scale = 'sqrt-d'"),
    "pixels as stored": (
        "trained",
        ["data.scale=none", "data.center=false"],
        "data.center = true, data.scale = 'sqrt-d'",
    ),
    "scaled by half": ("trained", ["data.scale=4"], "data.scale = 'sqrt-d'"),
    "ntk": ("trained", ["network.parametrization=ntk"], "network.parametrization = 'standard'"),
    "centred labels": ("trained", ["data.labels=centred-one-hot"], "data.labels = 'one-hot'"),
    "0 and 1 for -1 and 1": ("zero and one", ["data.labels=low-high"], "targets of 0 and 1"),
    "the digit as a number": ("signs", ["data.labels=raw"], "data.labels = 'low-high'"),
    "stopped early, not centred": ("stopped early", ["data.center=false"], "data.center = true"),
    "in float32, not centred": ("in float32", ["data.center=false"], "data.center = true"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", OTHERS)
def test_weights_trained_under_another_setting_raise_one_that_names_it(folder, case):
    name, overrides, better = OTHERS[case]
    report = at_checkpoint(config(folder, name, *overrides))
    assert any(better in reason for reason in report.reasons), report.reasons
    said = report.to_dict("w.npz")
    assert list(said)[:2] == ["schema", "warning"]
    assert said["warning"]["reasons"] == list(report.reasons)
    assert "centring, scale, activation, label coding" in said["warning"]["cause"]


@pytest.mark.parametrize("overrides", [[], ["network.activation=erf", "data.scale=unit"]])
def test_weights_that_were_not_trained_raise_one(folder, overrides):
    report = at_checkpoint(config(folder, "untrained", *overrides))
    assert report.basin.loaded.unexplained > UNEXPLAINED
    assert "of the variation of the targets" in report.reasons[0]


def test_the_numbers_as_loaded_are_those_of_the_network_in_the_file(folder):
    y = pl.datasets.digits(N, labels="one-hot").y
    x = pl.datasets.digits(N).x
    net = nn.Sequential(nn.Linear(64, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 10)).double()
    net.load_state_dict(torch.load(folder / "stopped early.pt", weights_only=True))
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    with torch.no_grad():
        r = net(x) - y
        right = int((net(x).argmax(1) == y.argmax(1)).sum())
    for loss, scale in (("sum", 1.0), ("mean", 1 / N)):
        report = at_checkpoint(config(folder, "stopped early", f"loss={loss}"))
        loaded = report.basin.loaded
        assert loaded.loss == pytest.approx(0.5 * scale * float(r.square().sum()), rel=1e-9)
        assert loaded.residual == pytest.approx(float(r.norm()), rel=1e-9)
        assert loaded.right == right
    said = report.to_dict("w.npz")
    polish = said["polish"]
    by_name = {"0.weight": 0, "2.weight": 1, "0.bias": 2, "2.bias": 3}
    ends = [p.detach() for p in report.basin.polished.problem.parameters()]
    moved = math.sqrt(sum(float((ends[i] - before[name]).square().sum()) for name, i in by_name.items()))
    norm = math.sqrt(sum(float(p.square().sum()) for p in before.values()))
    assert polish["moved"] == pytest.approx(moved, rel=1e-9)
    assert polish["moved_share"] == pytest.approx(moved / norm, rel=1e-9)
    assert polish["fit"]["loss"] < 1e-3 * loaded.loss
    assert said["about"].startswith("the polished weights, not those of ")
    json.dumps(said, allow_nan=False)


def test_without_a_polish_the_weights_are_taken_as_they_are(folder):
    undecided = at_checkpoint(config(folder, "stopped early"), limit=0)
    assert (undecided.verdict, undecided.basin.moved, undecided.about) == ("UNDECIDED", 0.0, "the weights as loaded")
    assert undecided.reasons == ()
    certified = at_checkpoint(config(folder, "trained"), limit=0)
    assert (certified.verdict, certified.basin.moved, certified.about) == ("CERTIFIED", 0.0, "the weights as loaded")
    other = at_checkpoint(config(folder, "trained", "data.center=false"), limit=0)
    assert other.verdict == "UNDECIDED"
    assert "of the variation of the targets; the threshold is 0.05" in other.reasons[0]
    assert any("data.center = true" in reason for reason in other.reasons)


@pytest.fixture
def antipodal(tmp_path):
    """Two opposite points: without a bias an odd activation has a singular kernel on them at all weights."""
    (tmp_path / "points.csv").write_text("1,2,1\n-1,-2,1\n", encoding="utf-8")
    torch.save(pl.fully_connected([2, 8, 1], parametrization="standard").state_dict(), tmp_path / "w.pt")
    keys = [
        "data.source=points.csv", "data.n=2", "data.labels=raw", "data.center=false", "network.hidden=[8]",
        "network.bias=false", "network.checkpoint=w.pt",
    ]  # fmt: skip
    return read_config(TEXT, keys, folder=tmp_path)


def test_a_kernel_that_is_singular_is_undecided_without_a_polish_and_a_failure_with_one(antipodal):
    as_it_is = at_checkpoint(antipodal, limit=0)
    assert (as_it_is.verdict, as_it_is.basin.failure) == ("UNDECIDED", None)
    polished = at_checkpoint(antipodal)
    assert polished.verdict == "UNDECIDED"
    assert polished.basin.failure is not None
    assert str(polished.basin.failure) == polished.basin.shortfall
    assert polished.to_dict("w.npz")["polish"] is None


def test_settings_in_force_are_listed(folder):
    said = at_checkpoint(config(folder, "signs", "data.labels=low-high", "data.center=false"), limit=0).settings
    assert "digits" in said["data"]
    assert said["inputs"].startswith("rows of norm 8, ")
    assert "targets -1 to 1" in said["labels"]
    assert said["layers"] == f"64-{WIDTH}-1"
    assert (said["activation"], said["parametrization"]) == ("tanh", "standard: W a + b")
    assert said["loss"] == "1/2 ||F - y||^2, sum over the samples"


def test_other_settings_are_tried_with_the_same_weights(folder):
    one = config(folder, "trained")
    found = {a.setting: a.loss for a in alternatives(one, problem_of(one))}
    other = problem_of(config(folder, "trained", "network.activation=erf"))
    assert found["network.activation = 'erf'"] == pytest.approx(float(other.value().detach()), rel=1e-9)
    other = problem_of(config(folder, "trained", "data.center=false", "data.scale=unit"))
    assert found["data.center = false, data.scale = 'unit'"] == pytest.approx(float(other.value().detach()), rel=1e-9)
    other = problem_of(config(folder, "trained", "network.parametrization=ntk"))
    assert found["network.parametrization = 'ntk'"] == pytest.approx(float(other.value().detach()), rel=1e-9)


def test_other_settings_of_a_source_that_takes_few(folder, tmp_path):
    torch.save(pl.fully_connected([5, 8, 1]).state_dict(), tmp_path / "w.pt")
    keys = ["network.hidden=[8]", "network.bias=false", "network.parametrization=ntk", "network.checkpoint=w.pt"]
    text = TEXT.replace('source = "digits"', 'source = "sphere"\nd = 5').replace("one-hot", "sign")
    sphere = read_config(text, keys, folder=tmp_path)
    assert not any("data.center" in a.setting for a in alternatives(sphere, problem_of(sphere)))


def test_a_checkpoint_is_needed():
    with pytest.raises(InvalidInputError, match=r"network\.checkpoint: missing"):
        at_checkpoint(read_config(TEXT))
