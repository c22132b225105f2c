"""The section `network`: which keys each architecture has, what it builds, and the shape of its samples."""

from __future__ import annotations

import pytest
import torch

import pltheory as pl
from pltheory.problem.data import digits
from pltheory.study.build import data_of, problem_of
from pltheory.study.config import from_tree, read_config, with_values
from pltheory.study.grid import grid
from pltheory.study.in_force import alternatives, in_force
from pltheory.study.network import width_of
from pltheory.study.network_section import ConvolutionalSection, FullyConnectedSection, ResidualSection
from pltheory.study.quantities import limit_of_lambda_min
from pltheory.study.store import config_hash
from pltheory.theory import InvalidInputError

TEXT = """
[network]
architecture = "convolutional"
channels = [3, 2]
stride = [2, 1]
[data]
source = "digits"
n = 4
[optimizer]
name = "gd"
eta = 0.1
"""
RESIDUAL = ["network.architecture=residual", "network.blocks=[0, 1]"]


def test_each_architecture_has_its_section():
    assert type(read_config(TEXT).network) is ConvolutionalSection
    assert type(read_config(TEXT, RESIDUAL).network) is ResidualSection
    plain = {"data": {"source": "digits", "n": 1}, "optimizer": {"name": "gd", "eta": 0.1}}
    for network in ({"hidden": [3]}, {"hidden": [3], "architecture": "fully-connected"}):
        assert type(from_tree({**plain, "network": network}).network) is FullyConnectedSection
    config = read_config(TEXT, RESIDUAL)
    assert from_tree(config.model_dump()) == config
    assert config_hash(config) != config_hash(with_values(config, {"network.convs_per_block": 1}))


def test_the_network_is_the_builders():
    for overrides, build, own in (
        ([], pl.convolutional, {}),
        (RESIDUAL, pl.residual, {"blocks": [0, 1]}),
        ([*RESIDUAL, "network.normalisation=batch", "network.bias=true", "network.pooling=global"], pl.residual,
         {"blocks": [0, 1], "normalisation": "batch", "bias": True, "pooling": "global"}),
    ):  # fmt: skip
        problem = problem_of(read_config(TEXT, [*overrides, "run.seed=3"]))
        x = digits(4).x.reshape(4, 1, 8, 8)
        assert torch.equal(problem.x, x)
        more = {"statistics": x} if "normalisation" in own else {}
        same = build(shape=(1, 8, 8), channels=[3, 2], stride=[2, 1], seed=3, **own, **more)
        assert list(problem.network.state_dict()) == list(same.state_dict())
        for p, q in zip(problem.network.state_dict().values(), same.state_dict().values(), strict=True):
            assert torch.equal(p, q)
    norms = ["network.normalisation=batch", "network.statistics=none"]
    state = problem_of(read_config(TEXT, norms)).network.state_dict()
    assert (state["1.running_mean"] == 0).all()
    assert (state["1.running_var"] == 1).all()


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["network.hidden=[3]"], "hidden: unknown key of a convolutional network, but of a fully-connected .*channels"),
        (["network.chanels=[3]"], "network.chanels: unknown key of a convolutional network; did you mean 'channels'"),
        (["network.blocks=2"], "network.blocks: unknown key of a convolutional network, but of a residual network"),
        (["network.architecture=residual", "network.block=2"], "block: unknown key of a residual .*mean 'blocks'"),
        (["network.architecture=fully-connected"], "network.hidden: missing"),
        (["network.architecture=conv"], r"network.architecture = 'conv': should be 'fully-connected', 'convolutional'"),
        (["network.architecture=3"], "network.architecture = 3: should be"),
        (["network.architecture=[]"], r"network.architecture = \[\]: should be"),
        (["network.kernel=2"], "network.kernel = 2: must be odd"),
        (["network.stride=[1]"], r"network.stride = \[1\]: needed is one number, or 2, one for each of channels"),
        (["network.stride=two"], "network.stride = 'two': must be a whole number from 1, or a list of them"),
        (["network.stride=[true, 1]"], r"network.stride = \[True, 1\]: must be a whole number"),
        (["network.channels=[0]"], r"network.channels\[0\] = 0: should be greater"),
        (["network.channels=[1000000000, 1000000000]"], r"network.channels = \[1000000000, 1000000000\]: .* GiB, cpu"),
        (["network.pooling=max"], "network.pooling = 'max': should be 'none', 'average' or 'global'"),
        (["network.pooling=average", "network.stride=8"], "network.pooling = 'average': the last maps are 1 x 1"),
        (["network.activation=tahn"], "network.activation = 'tahn'"),
        (["network.checkpoint_names=['a','b']"], "checkpoint_names: unknown key of a convolutional network"),
        (["data.shape=[8, 8]"], r"data.shape = \[8, 8\]: a convolutional network takes images \[channels"),
        (["data.shape=flat"], "data.shape = 'flat': a convolutional network takes images"),
        (["data.shape=[1, 8, 9]"], r"data.shape = \[1, 8, 9\]: 72 numbers, a sample has 64, of shape \[1, 8, 8\]"),
        (["data.shape=[1, 0]"], r"data.shape = \[1, 0\]: must be 'flat' or the shape of a sample"),
        (["data.source=sphere", "data.d=9"], "data.shape: missing; a convolutional network takes images"),
    ],
)
def test_what_is_no_network_is_refused_in_one_line(overrides, said):
    with pytest.raises(InvalidInputError, match=said) as error:
        problem_of(read_config(TEXT, overrides))
    assert "\n" not in str(error.value)


def test_samples_take_the_shape_that_is_asked_for():
    assert data_of(read_config(TEXT)).x.shape == (4, 1, 8, 8)
    other = data_of(read_config(TEXT, ["data.shape=[4, 4, 4]"]))
    assert other.x.shape == (4, 4, 4, 4)
    assert "samples of shape 4 x 4 x 4" in other.described
    sphere = ["data.source=sphere", "data.d=9", "data.shape=[1, 3, 3]"]
    assert problem_of(read_config(TEXT, sphere)).x.shape == (4, 1, 3, 3)
    flat = ["data.shape=flat"]
    full = TEXT.replace('architecture = "convolutional"\nchannels = [3, 2]\nstride = [2, 1]', "hidden = [3]")
    assert data_of(read_config(full)).x.shape == data_of(read_config(full, flat)).x.shape == (4, 64)
    with pytest.raises(InvalidInputError, match=r"data.shape = \[1, 8, 8\]: a fully-connected network takes vectors"):
        data_of(read_config(full, ["data.shape=[1, 8, 8]"]))


def test_a_study_sorts_by_channels_and_knows_no_infinite_width():
    config = read_config(TEXT + "[sweep]\nnetwork.channels = [[4, 2], [8, 4]]\n")
    assert [width_of(point) for _, point in grid(config)] == [2, 4]
    assert limit_of_lambda_min(config) is None


def test_other_settings_are_tried_with_the_same_weights():
    config = read_config(TEXT, [*RESIDUAL, "network.normalisation=batch"])
    found = {a.setting: a.loss for a in alternatives(config, problem_of(config))}
    for key, value in (("activation", "erf"), ("parametrization", "standard")):
        other = problem_of(with_values(config, {f"network.{key}": value}))
        other.network.load_state_dict(problem_of(config).network.state_dict())
        assert found[f"network.{key} = {value!r}"] == pytest.approx(float(other.value().detach()), rel=1e-12)
    said = in_force(config, data_of(config))["layers"]
    assert said.startswith("residual, samples 1 x 8 x 8, channels [3, 2], kernel 3, stride [2, 1]")
