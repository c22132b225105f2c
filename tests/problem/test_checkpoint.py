"""Weights from a file: what is accepted, and what is refused in one line."""

from __future__ import annotations

import pickle
import re

import pytest
import torch

from pltheory.problem.checkpoint import load_checkpoint
from pltheory.problem.networks import fully_connected
from pltheory.theory import InvalidInputError
from tests.cases import draws, sequential


def refused(words):
    return pytest.raises(InvalidInputError, match=f"^network.checkpoint = [^\n]*{words}[^\n]*$")


def test_a_state_dict_comes_back(tmp_path):
    saved = fully_connected([3, 5, 4, 2], bias=True, seed=7)
    torch.save(saved.state_dict(), tmp_path / "w.pt")
    net = fully_connected([3, 5, 4, 2], bias=True, seed=8)
    load_checkpoint(tmp_path / "w.pt", net)
    (x,) = draws(0, (4, 3))
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), saved.parameters(), strict=True))
    torch.testing.assert_close(net(x), saved(x), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("bias", [True, False])
def test_a_sequential_is_read_into_the_standard_parametrisation(tmp_path, bias):
    saved = sequential([3, 5, 4, 2], "tanh", bias=bias)
    torch.save(saved.state_dict(), tmp_path / "w.pt")
    net = fully_connected([3, 5, 4, 2], parametrization="standard", bias=bias)
    load_checkpoint(tmp_path / "w.pt", net)
    (x,) = draws(0, (4, 3))
    torch.testing.assert_close(net(x), saved(x))


def test_values_are_cast_to_the_network(tmp_path):
    saved = fully_connected([3, 5, 1], dtype=torch.float32)
    torch.save(saved.state_dict(), tmp_path / "w.pt")
    net = fully_connected([3, 5, 1], seed=9)
    load_checkpoint(tmp_path / "w.pt", net)
    assert net.weights[0].dtype == torch.float64
    assert torch.equal(net.weights[0].float(), saved.weights[0])


def test_no_such_file(tmp_path):
    with refused("no such file"):
        load_checkpoint(tmp_path / "none.pt", fully_connected([3, 5, 1]))


def half_a_file(folder):
    torch.save(fully_connected([3, 5, 1]).state_dict(), folder / "whole.pt")
    whole = (folder / "whole.pt").read_bytes()
    return whole[: len(whole) // 2]


# torch warns of pickles that are not its own, beside our refusal of them.
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("content", [b"", b"not a file of torch", pickle.dumps({"a": 1}, protocol=4), half_a_file])
def test_a_file_of_something_else(tmp_path, content):
    (tmp_path / "w.pt").write_bytes(content(tmp_path) if callable(content) else content)
    with refused("not a .*state_dict"):
        load_checkpoint(tmp_path / "w.pt", fully_connected([3, 5, 1]))


def test_a_folder(tmp_path):
    with refused("not a torch state_dict"):
        load_checkpoint(tmp_path, fully_connected([3, 5, 1]))


@pytest.mark.parametrize("stored", [[1, 2], {"a": 1}, {"optimizer": {}, "net": {}}])
def test_an_object_that_is_no_state_dict(tmp_path, stored):
    torch.save(stored, tmp_path / "w.pt")
    with refused("not a state_dict of tensors"):
        load_checkpoint(tmp_path / "w.pt", fully_connected([3, 5, 1]))


@pytest.mark.parametrize(
    ("widths", "bias", "words"),
    [([3, 6, 1], True, "weights of shapes"), ([3, 5, 5, 1], True, "weights of shapes"), ([3, 5, 1], False, "biases")],
)
def test_other_shapes(tmp_path, widths, bias, words):
    torch.save(fully_connected(widths, bias=bias).state_dict(), tmp_path / "w.pt")
    net = fully_connected([3, 5, 1], bias=True)
    with refused(words):
        load_checkpoint(tmp_path / "w.pt", net)


def test_values_that_are_not_finite(tmp_path):
    state = fully_connected([3, 5, 1]).state_dict()
    state["weights.1"][0, 2] = torch.nan
    torch.save(state, tmp_path / "w.pt")
    with refused(re.escape("NaN")):
        load_checkpoint(tmp_path / "w.pt", fully_connected([3, 5, 1]))


def test_a_refused_file_leaves_the_network_as_it_was(tmp_path):
    # Weights fit, biases do not: nothing may be copied.
    torch.save(fully_connected([3, 5, 1], bias=False, seed=3).state_dict(), tmp_path / "w.pt")
    net = fully_connected([3, 5, 1], bias=True, seed=4)
    before = [p.detach().clone() for p in net.parameters()]
    with refused("biases"):
        load_checkpoint(tmp_path / "w.pt", net)
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), before, strict=True))
