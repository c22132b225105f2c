"""Runs whose steps see a batch: which samples, their gradient, and what no theorem about full batches says of them."""

from __future__ import annotations

import itertools

import pytest
import torch

from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.problem.batches import ORDERS, Batches
from pltheory.problem.loss import SquareLoss
from pltheory.problem.problem import Problem
from pltheory.runs import loop
from pltheory.runs.batch import MiniBatches
from pltheory.runs.loop import Reason, run
from pltheory.study.build import batches_of
from pltheory.study.config import from_tree
from pltheory.theorems.ladder import ALL, BEST, LADDER
from pltheory.theory import InvalidInputError
from pltheory.theory.verdict import Verdict
from pltheory.verification.contract import near_solution
from pltheory.verification.evidence import Evidence
from pltheory.verification.report import verify
from tests.runs.test_batch import Wrapped

SEVEN = near_solution(12, 0.3, outputs=2, n=7)
RULE = DeltaGClipSettings(eta=0.02, gamma=0.05, delta=0.2)


def steps_of(batches, n, k):
    return [rows.tolist() for rows in itertools.islice(batches.rows(n), k)]


def test_an_epoch_sees_every_sample_once():
    fixed, shuffled = (steps_of(Batches(3, order), 7, 6) for order in ("fixed", "shuffle"))
    assert fixed[:3] == fixed[3:] == [list(part) for part in Batches(3, "fixed").partition(7)]
    for epoch in (shuffled[:3], shuffled[3:]):
        assert [len(batch) for batch in epoch] == [3, 3, 1]
        assert sorted(itertools.chain(*epoch)) == list(range(7))
    assert shuffled[:3] != shuffled[3:]


def test_random_batches_have_no_epochs_and_no_remainder():
    drawn = steps_of(Batches(3, "random"), 7, 400)
    assert all(len(set(batch)) == 3 for batch in drawn)
    seen = torch.bincount(torch.tensor(drawn).flatten(), minlength=7)
    assert seen.min() > 120, "each with probability 3/7 a step"
    assert Batches(3, "random").sizes(7) == (3,)


@pytest.mark.parametrize("loss", ["sum", "mean"])
def test_formulas_and_autograd_agree_on_every_batch(loss):
    named = Problem(SEVEN.network, SEVEN.x, SEVEN.y, loss)
    other = Problem(Wrapped(SEVEN.copy().network), SEVEN.x, SEVEN.y, loss)
    by_formula, by_autograd = MiniBatches(named, Batches(3)), MiniBatches(other, Batches(3))
    assert by_formula.in_place
    assert not by_autograd.in_place
    rows = Batches(3).rows(7)
    for size in (3, 3, 1, 3):
        at = next(rows)
        own = Problem(SEVEN.network, SEVEN.x[at], SEVEN.y[at], loss)
        expected = float(own.value().detach())
        assert len(at) == size
        assert float(by_formula.value().detach()) == pytest.approx(expected, rel=1e-13)
        assert float(by_formula()) == pytest.approx(expected, rel=1e-13)
        assert float(by_autograd()) == pytest.approx(expected, rel=1e-13)
        for p, q in zip(named.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(p.grad, q.grad, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("loss", ["sum", "mean"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_step_rule_is_found_to_be_the_rule(order, loss, dtype):
    problem = Problem(SEVEN.copy().network.to(dtype), SEVEN.x.to(dtype), SEVEN.y.to(dtype), loss)
    got = run(problem, RULE, 0.02, batches=Batches(3, order), steps=60, target=1e-20)
    assert got.violation is None
    assert len(got.own) == 7
    assert len(got.trace.batch_loss) == 60
    if order == "random":
        assert not len(got.trace.epoch)
    else:
        assert got.trace.epoch.tolist() == [t // 3 for t in range(60)]


@pytest.mark.parametrize("loss", ["sum", "mean"])
def test_a_gradient_of_other_samples_is_found(monkeypatch, loss):
    class OtherRows(MiniBatches):
        def __call__(self):
            self._rows = (self._rows + 1) % 7
            return super().__call__()

    monkeypatch.setattr(loop, "MiniBatches", OtherRows)
    problem = Problem(SEVEN.network, SEVEN.x, SEVEN.y, loss)
    got = run(problem, RULE, 0.02, batches=Batches(3), steps=20)
    assert got.reason is Reason.NOT_THE_RULE


FULL = [t.id for t in LADDER if not t.orders]


@pytest.mark.parametrize("name", FULL)
def test_a_theorem_of_full_batches_says_nothing_of_mini_batches(name):
    near = near_solution(40, 1e-6)
    settings = GradientDescentSettings(eta="0.1/beta")
    report = verify(near, settings, theorem=name, batches=Batches(2), steps=5, level=Verdict.HOLDS)
    assert report.verdict is Verdict.UNDECIDED
    assert "speaks of steps that see all samples; run.batch = 2" in report.main.shortfall
    assert report.evidence is Evidence.EMPIRICAL


@pytest.mark.slow
@pytest.mark.parametrize("several", [ALL, BEST])
@pytest.mark.parametrize("order", ORDERS)
def test_of_several_theorems_those_that_speak_of_batches_answer(several, order):
    near = near_solution(6, 0.1)
    batches = Batches(2, order)
    ladder = verify(near, RULE, theorem=several, batches=batches, steps=0, level=Verdict.HOLDS).ladder
    assert all(not r.theorem.outside(batches, SquareLoss()) for r in ladder) or [r.theorem.id for r in ladder] == ["B"]


CONFIG = {
    "network": {"hidden": [8]},
    "data": {"source": "digits", "n": 10},
    "optimizer": {"name": "gd", "eta": 0.1},
}


@pytest.mark.parametrize(("section", "said"), [
    ({"batch": 11}, "run.batch = 11: allowed are 1 to 10"),
    ({"order": "fixed"}, "run.order = 'fixed': needs run.batch"),
    ({"batch": 5, "order": "sorted"}, "run.order = 'sorted': should be 'shuffle', 'fixed' or 'random'"),
    ({"batch": 0}, "run.batch = 0"),
    ({"batch": 5, "drop_last": True}, "run.drop_last = True: leaves samples out: no epoch"),
    ({"workers": 2}, "run.workers = 2: needs run.batch"),
    ({"batch": 2, "passes": 3}, "run.passes = 3: needs run.workers"),
    ({"batch": 2, "workers": 3}, "run.workers = 3: does not divide 10"),
    ({"batch": 1, "workers": 11}, "run.workers = 11: allowed are 1 to 10, the number of samples"),
    ({"batch": 6, "workers": 2}, "run.batch = 6: allowed are 1 to 5, the number of samples of a worker"),
    ({"batch": 2, "workers": 0}, "run.workers = 0: should be greater than or equal to 1"),
    ({"batch": 2, "workers": 2, "passes": 0}, "run.passes = 0: should be greater than or equal to 1"),
    ({"batch": 2, "workers": 2, "batch_until": 4}, "run.batch_until = 4: run.workers go on in batches to the end"),
    ({"batch": 2, "workers": 2, "order": "random"}, "run.order = 'random': of run.workers each goes through its part"),
])  # fmt: skip
def test_a_batch_that_is_none_is_refused_in_a_line(section, said):
    with pytest.raises(InvalidInputError, match=said):
        batches_of(from_tree({**CONFIG, "run": section}))


def test_shuffling_is_the_default_and_has_the_seed_of_the_run():
    assert batches_of(from_tree({**CONFIG, "run": {"batch": 5, "seed": 3}})) == Batches(5, "shuffle", 3)
    assert batches_of(from_tree(CONFIG)) is None
