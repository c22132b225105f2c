"""What is proved is of the network at the start of the call; one that changes meanwhile is not spoken of."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from torch import nn

import pltheory as pl
from pltheory.certification.bplus import certify_bplus
from pltheory.certification.bplus.centre import centre
from pltheory.certification.trajectory import certify_trajectory
from pltheory.problem.networks import class_n, fully_connected
from pltheory.problem.snapshot import snapshot
from pltheory.theorems.guard import guarded
from pltheory.theorems.protocol import Hypothesis, Theorem
from pltheory.theory import ExtensionError, InvalidInputError, NotAvailableError
from pltheory.theory.verdict import Fact, Row, Verdict
from tests.by_name import bplus_claim
from tests.cases import draws, sequential

RULE = pl.DeltaGClipSettings(eta="0.5/beta", gamma=0.5, delta=0.1)


def problem(kind="sequential"):
    net = sequential([8, 32, 1], "tanh", seed=3) if kind == "sequential" else fully_connected([8, 32, 1], bias=True)
    x, away = draws(7, (3, 8), (3, 1))
    with torch.no_grad():
        return pl.Problem(net, x, net(x) + 1e-4 * away)


def once(change):
    """A progress callback that changes something at its first call."""
    seen = []

    def progress(*_):
        if not seen:
            seen.append(1)
            with torch.no_grad():
                change()

    return progress


def hook(p):
    p.network[0].register_forward_hook(lambda module, args, out: 2 * out)


def swap(p):
    p.network[0].weight = nn.Parameter(p.network[0].weight * 2)


def from_a_thread(p):
    thread = threading.Thread(target=lambda: p.network[0].weight.detach().mul_(0.5))
    thread.start()
    thread.join()


CHANGES = {
    "a weight": (lambda p: p.network[0].weight.mul_(0.01), "0.weight"),
    "one bit of a bias": (lambda p: p.network[2].bias.view(torch.int64).add_(1), "2.bias"),
    "the sign of a zero": (lambda p: p.network[0].bias[0].neg_(), "0.bias"),
    "another parameter of the same name": (swap, "0.weight"),
    "a parameter is frozen": (lambda p: p.network[2].weight.requires_grad_(False), "2.weight is frozen"),
    "a hook appears": (hook, "layer 0 has hooks"),
    "a layer is replaced": (lambda p: p.network.__setitem__(1, nn.Sigmoid()), "activation"),
    "an input": (lambda p: p.x[0].add_(1), "x changed"),
    "a target": (lambda p: p.y[0].add_(1), "y changed"),
    "by another thread": (from_a_thread, "0.weight"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", list(CHANGES))
def test_a_change_while_the_run_goes_on_is_an_error(what):
    p = problem()
    p.network[0].bias.data[0] = 0.0
    change, words = CHANGES[what]
    with pytest.raises(InvalidInputError, match="changed while it was being read") as refusal:
        pl.verify(p, RULE, steps=60, progress=once(lambda: change(p)))
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_change_that_is_taken_back_is_nobodys_business():
    p = problem()
    untouched = pl.verify(p, RULE, steps=60)
    kept = p.network[0].weight.detach().clone()
    calls = []

    def progress(done, steps, note):
        calls.append(done)
        with torch.no_grad():
            p.network[0].weight.copy_(kept if len(calls) == 2 else 0 * kept)

    touched = pl.verify(p, RULE, steps=60, progress=progress)
    assert len(calls) == 2
    assert touched.to_json() == untouched.to_json()
    assert touched.verdict is Verdict.CERTIFIED


@pytest.mark.parametrize("theorem", ["A", "B"])
def test_a_change_while_certify_works_is_an_error(monkeypatch, theorem):
    p = problem()
    change = once(lambda: p.network[0].weight.mul_(0.01))
    from pltheory.certification import balls

    real = balls.enclose
    monkeypatch.setattr(balls, "enclose", lambda *a, **k: (change(), real(*a, **k))[1])
    with pytest.raises(InvalidInputError, match=r"0\.weight changed"):
        pl.certify(p, RULE, theorem=theorem)


def small(distance=1e-4):
    net = fully_connected([3, 6, 1], seed=1, bias=True)
    x, away = draws(1, (2, 3), (2, 1))
    with torch.no_grad():
        return pl.Problem(net, x, net(x) + distance * away)


@pytest.mark.slow
def test_theorem_b_plus_computes_from_copies_and_compares():
    p = small()
    at = centre(p, rigorous=True)
    live = [w.detach().numpy() for w in p.network.parameters()] + [p.x.numpy(), p.y.numpy()]
    held = [at.a, *at.arrays.weights, *at.arrays.biases, at.arrays.x, at.arrays.y]
    assert not any(np.shares_memory(a, b) for a in held for b in live)
    with pytest.raises(InvalidInputError, match="W2 changed"):
        certify_bplus(p, RULE, rigorous=True, progress=once(lambda: p.network.weights[1].mul_(0.01)))


@pytest.mark.slow
def test_a_certificate_of_theorem_b_plus_is_of_the_weights_it_was_found_for(tmp_path):
    p = small()
    found = certify_bplus(p, RULE, rigorous=True)
    first = p.network.weights[1].detach().clone()
    with torch.no_grad():
        p.network.weights[1].mul_(0.01)
    c = bplus_claim(p, RULE, found)
    assert (c.arrays.weights[1] == first.numpy()).all()
    assert c.holds
    c.save(tmp_path / "of.cert.json")
    assert pl.recheck(tmp_path / "of.cert.json").accepted


def test_theorem_d_compares():
    p = small(0.1)
    with pytest.raises(InvalidInputError, match="b1 changed"):
        certify_trajectory(p, RULE, steps_limit=3, progress=once(lambda: p.network.biases[0].add_(1e-9)))


class Writing(Theorem):
    """A theorem of one's own that writes to a network."""

    id, title, citation, conclusion = "mine", "mine", "nobody", "nothing"
    hypotheses = (Hypothesis("holds", lambda question, found: Row(Fact("-", "-", True), "said so")),)

    def __init__(self, live=None):
        self.live = live

    def search(self, question):
        with torch.no_grad():
            (self.live or question.problem).network[0].weight.mul_(2)


def test_a_theorem_of_ones_own_cannot_change_what_is_certified():
    with pytest.raises(ExtensionError, match="changed the network or the data"):
        pl.verify(problem(), RULE, theorem=guarded(Writing(), "here"), steps=0)
    p = problem()
    with pytest.raises(InvalidInputError, match=r"0\.weight changed while it was being read"):
        pl.verify(p, RULE, theorem=guarded(Writing(p), "here"), steps=0)


@pytest.mark.parametrize("kind", ["sequential", "own"])
@pytest.mark.parametrize("loss", ["sum", "mean"])
def test_what_is_held_is_the_same_problem_in_memory_of_its_own(kind, loss):
    p = pl.Problem(*(getattr(problem(kind), name) for name in ("network", "x", "y")), loss)
    held = snapshot(p)
    held.require_readable()
    assert held.problem.loss == loss
    assert type(held.problem.network) is type(p.network)
    pairs = zip(held.problem.network.named_parameters(), p.network.named_parameters(), strict=True)
    for (name, a), (same, b) in [*pairs, (("x", held.problem.x), ("x", p.x)), (("y", held.problem.y), ("y", p.y))]:
        assert name == same
        assert torch.equal(a, b)
        assert a.data_ptr() != b.data_ptr()
    assert class_n(held.problem.network).activation == class_n(p.network).activation


def test_weights_that_lie_in_the_data_are_refused():
    """Training would move the data; that the targets are the inputs moves nothing."""
    p = problem()
    both = torch.zeros(24 + 32, dtype=torch.float64)
    both[:24] = p.x.view(-1)
    p.network[2].weight.data = both[20:52].view(1, 32)
    q = pl.Problem(p.network, both[:24].view(3, 8), p.y)
    with pytest.raises(NotAvailableError, match="the same memory"):
        pl.certify(q, RULE)
    square = fully_connected([4, 64, 4], seed=1)
    (x,) = draws(3, (2, 4))
    pl.certify(pl.Problem(square, x, x), RULE)
