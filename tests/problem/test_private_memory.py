"""Parameters that a second address may write to are refused; memory that only looks foreign is read."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from pltheory.problem.networks import class_n
from pltheory.theory import NotAvailableError
from tests.cases import sequential


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "weights"
    np.linspace(-1, 1, 25).tofile(path)
    return str(path)


def two_layers():
    return sequential([5, 5, 5], "tanh")


def mapped(path, mode):
    return torch.from_numpy(np.memmap(path, dtype=np.float64, mode=mode, shape=(5, 5)))


def file(path, shared):
    return torch.from_file(path, shared=shared, size=25, dtype=torch.float64).reshape(5, 5)


SHARED = {
    "np.memmap": lambda path: mapped(path, "r+"),
    "torch.from_file": lambda path: file(path, True),
    "share_memory_": lambda path: torch.ones(5, 5, dtype=torch.float64).share_memory_(),
}
PRIVATE = {
    "a copy-on-write map": lambda path: mapped(path, "c"),
    "a private map": lambda path: file(path, False),
    "an array": lambda path: torch.from_numpy(np.ones((5, 5))),
    "a buffer": lambda path: torch.frombuffer(bytearray(np.ones(25).tobytes()), dtype=torch.float64).reshape(5, 5),
    "a large array": lambda path: torch.from_numpy(np.ones((5, 10**6)))[:, :5],
}


@pytest.mark.parametrize("what", SHARED)
def test_shared_memory_is_refused_until_it_is_cloned(what, path):
    net = two_layers()
    net[0].weight.data, net[2].weight.data = SHARED[what](path), SHARED[what](path)
    with pytest.raises(NotAvailableError, match=r"0\.weight lies in memory.*p\.data = p\.data\.clone\(\)") as error:
        class_n(net)
    assert "\n" not in str(error.value)
    for p in net.parameters():
        p.data = p.data.clone()
    class_n(net)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", PRIVATE)
def test_private_memory_is_read(what, path):
    net = two_layers()
    net[2].weight.data = PRIVATE[what](path)
    class_n(net)


def test_a_module_shared_with_other_processes():
    with pytest.raises(NotAvailableError, match=r"0\.weight lies in memory"):
        class_n(two_layers().share_memory())


@pytest.mark.parametrize("mmap", [True, False])
def test_what_was_loaded_is_read(mmap, tmp_path):
    path = tmp_path / "net.pt"
    torch.save(two_layers().state_dict(), path)
    net = two_layers()
    net.load_state_dict(torch.load(path, mmap=mmap), assign=True)
    assert type(net[0].weight) is nn.Parameter
    class_n(net)
    class_n(copy.deepcopy(net))
