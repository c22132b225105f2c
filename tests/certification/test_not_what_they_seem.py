"""Every network of the battery is certified with numbers that hold for its training, or refused by name."""

from __future__ import annotations

import dataclasses
import warnings

import pytest

import pltheory as pl
from tests.masquerades import computed, hooks, modules, surroundings, tensors  # noqa: F401
from tests.masquerades.battery import BATTERY, FIXED, RULE, ask, broken_promise, calls, data, plain

CALLS = calls()
REFUSALS = ("NotAvailableError: not available for this network: ", "InvalidInputError: ", "UNDECIDED: ")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(BATTERY))
def test_certified_with_what_training_does_or_refused_by_name(name):
    which = BATTERY[name]
    for how, call in CALLS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            said, net, x, y = ask(which, call)
        if which.part is None:
            assert said.certificate is not None, (how, said.words)
        if said.certificate is not None:
            # What is not of class N may be of class G: then its own graph is what is certified.
            settings = FIXED if "0.001" in how else RULE
            assert broken_promise(net, x, y, said.certificate, settings) is None, how
        else:
            unproved = said.words == "does not hold"
            assert unproved or said.words.startswith(REFUSALS) or which.part in said.words, (how, said.words)
            assert "\n" not in said.words, how


WRONG = [
    "parametrizations.weight_norm, directions 100 times longer",
    "register_parametrization: one degree of freedom for a matrix",
    "a parametrised ParameterList",
    "a frozen weight",
    "tensor hooks that turn gradients round",
    "post-accumulate hook that freezes a weight",
    "pre-hook on the node that accumulates a gradient",
    "full backward pre-hook",
    "forward hook",
    "global forward hook that is silent at the start",
    "global full backward hook",
    "a bias of shape (1,)",
    "an expanded weight: one row for all units",
    "two biases in one place",
    "_compiled_call_impl that detaches",
    "torch's derivative of tanh replaced in the dispatcher",
    "a __torch_function__ mode",
]
"""Mechanisms whose networks do not do what the plain network's certificate says."""


@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG)
def test_the_judge_finds_a_wrong_certificate(name):
    """What certifying the masquerade by its plain twin would have been: the comparison with training must notice."""
    which = BATTERY[name]
    start = which.start()
    x, y = data(start)
    c = pl.certify(pl.Problem(start, x, y), RULE)
    assert c.holds
    net = which.make(start) or start
    with which.around(net), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert broken_promise(net, x, y, c, RULE) is not None


def test_the_judge_lets_a_right_certificate_pass():
    net = plain()
    x, y = data(net)
    c = pl.certify(pl.Problem(net, x, y), RULE)
    assert c.holds
    assert broken_promise(net, x, y, c, RULE) is None
    low, high = {"lambda_min": 2 * c["lipschitz"] ** 2}, {"lipschitz": c["lambda_min"] ** 0.5 / 2}
    for wrong in (low, high, {"rate": 0.5}, {"required": 0.0}):
        net = plain()
        changed = {name: dataclasses.replace(c.bounds[name], value=value) for name, value in wrong.items()}
        doctored = dataclasses.replace(c, bounds={**c.bounds, **changed})
        assert "is certified, it is" in broken_promise(net, x, y, doctored, RULE)


def test_there_are_enough_of_them():
    assert len(BATTERY) >= 150
    assert sum(which.part is None for which in BATTERY.values()) >= 25
