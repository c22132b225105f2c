"""What an activation calls in torch is watched: replaced, no network of its is read."""

from __future__ import annotations

import pytest
import torch

from pltheory.nets.activations import ACTIVATIONS
from pltheory.problem.exact import _place
from pltheory.problem.networks import class_n, fully_connected
from pltheory.theory import NotAvailableError

CALLS = [(name, place) for name, act in ACTIVATIONS.items() for place in act.calls]


@pytest.mark.parametrize(("name", "place"), CALLS)
def test_a_function_that_is_called_and_was_replaced_is_named(monkeypatch, name, place):
    net = fully_connected([3, 4, 1], activation=name)
    class_n(net)
    home, last = _place(place)
    monkeypatch.setattr(home, last, lambda *a, **k: torch.ones(()))
    with pytest.raises(NotAvailableError, match=rf"{last} was replaced"):
        class_n(net)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_module_that_computes_it_is_there_or_it_is_read_by_name_alone(name):
    act = ACTIVATIONS[name]
    assert (act.module is None) == (name in ("erf", "sin"))
    assert act.calls
