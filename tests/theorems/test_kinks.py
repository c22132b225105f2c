"""Networks with kinks, asked about as a user asks: N across kinks, A, B and C between them, D from a random start."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import pltheory as pl
from pltheory.certificates.basin import certify_basin
from pltheory.theory import InvalidInputError, NotAvailableError
from pltheory.theory.verdict import Verdict
from pltheory.verification.evidence import Evidence
from tests.cases import Case, draws

RELU = Case((200,), 1, "relu", "ntk", False, n=3, d=8)
TANH = Case((200,), 1, "tanh", "ntk", False, n=3, d=8)
RULE = pl.GradientDescentSettings(eta="0.1/beta")
CLIPPED = pl.DeltaGClipSettings(eta="0.1/beta", gamma=1e-3, delta=0.5)


def pooling(n: int = 2) -> pl.Problem:
    torch.manual_seed(3)
    net = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(24, 1)).double()
    return pl.Problem(net, *draws(7, (n, 1, 6, 6), (n, 1)))


def row(report, name):
    return next(r for r in report.hypotheses if r.hypothesis.startswith(name))


# Across kinks


@pytest.mark.slow
@pytest.mark.parametrize("rule", [RULE, CLIPPED], ids=["gd", "delta-gclip"])
def test_n_is_certified_where_no_ball_without_kinks_is_large_enough(rule):
    problem = RELU.near(0.1)
    report = pl.verify(problem, rule, theorem="N", steps=400)
    assert (report.verdict, report.evidence) == (Verdict.CERTIFIED, Evidence.AGREES)
    assert all(r.verdict is Verdict.CERTIFIED for r in report.hypotheses)
    assert report.trace.pieces.sum() > 0, "kinks are crossed on the way"
    assert report.trace.path[-1] <= report.main.ball_constants.required
    assert {name.split(",")[0] for name in report.run.checked} >= {"rate", "envelope"}
    assert pl.verify(problem, rule, theorem="B", steps=0).verdict is Verdict.UNDECIDED


@pytest.mark.slow
def test_n_has_a_certificate_of_its_own():
    found = pl.certify(RELU.near(0.03), RULE, theorem="N")
    assert found.holds
    names = [i.name for i in found.inequalities]
    assert any("kap" in name for name in names)
    assert 0 < found["rate"] < 1
    assert math.sqrt(found["mu"]) > found["kap"] / 2
    assert not pl.certify(RELU.problem(), RULE, theorem="N").holds


def test_best_goes_on_to_n_and_stops_there():
    report = pl.verify(RELU.near(0.03), RULE, steps=0)
    assert [r.theorem.id for r in report.ladder] == ["B", "A'", "N"]
    assert report.main.theorem.id == "N"


def test_n_leaves_smooth_networks_to_b():
    report = pl.verify(TANH.near(1e-3), RULE, theorem="N", steps=0)
    assert report.verdict is Verdict.UNDECIDED
    assert "no kinks: Theorem B says the same" in report.main.shortfall
    with pytest.raises(NotAvailableError, match="no kinks: Theorem B says the same"):
        pl.certify(TANH.near(1e-3), RULE, theorem="N")


# Between kinks


@pytest.mark.slow
@pytest.mark.parametrize("theorem", ["A", "A'", "B"])
def test_a_start_near_a_solution_is_certified_between_kinks(theorem):
    report = pl.verify(RELU.near(1e-5), RULE, theorem=theorem, steps=20)
    assert (report.verdict, report.evidence) == (Verdict.CERTIFIED, Evidence.AGREES)
    smooth = row(report, "smooth")
    assert (smooth.says.measured.value, smooth.says.measured.rounded) == (0.0, True)
    assert "no argument meets one on the ball R = " in smooth.how
    assert ", verified; nearest: sample " in smooth.how
    assert report.trace.pieces.sum() == 0
    assert pl.certify(RELU.near(1e-5), RULE, theorem=theorem).holds


def test_c_is_certified_at_weights_that_are_loaded():
    report = pl.verify(RELU.near(1e-5), RULE, steps=0, checkpoint="w.pt")
    assert (report.main.theorem.id, report.verdict) == ("C", Verdict.CERTIFIED)


def test_a_dead_unit_is_no_obstacle():
    problem = RELU.near(1e-5)
    before = pl.verify(problem, RULE, theorem="B", steps=0)
    first = next(iter(problem.parameters()))
    away = -problem.x.sum(0)
    assert bool((problem.x @ away < 0).all())
    with torch.no_grad():
        out = problem.network(problem.x)
        first[5] = 3 * away
        problem = pl.Problem(problem.network, problem.x, problem.y + problem.network(problem.x) - out)
    report = pl.verify(problem, RULE, theorem="B", steps=0)
    assert (before.verdict, report.verdict) == (Verdict.CERTIFIED, Verdict.CERTIFIED)


# From a random start


@pytest.mark.slow
@pytest.mark.parametrize("problem", [Case((60,), 1, "relu", "ntk", False, n=3, d=8).problem(), pooling()],
                         ids=["relu", "max pooling"])  # fmt: skip
def test_d_follows_a_run_across_kinks(problem):
    report = pl.verify(problem, RULE, theorem="D", steps=2000)
    assert (report.verdict, report.evidence) == (Verdict.CERTIFIED, Evidence.AGREES), report.main.shortfall
    assert row(report, "smooth").says.measured.value == 0
    assert report.main.promise.since > 0


# What is told of kinks that cannot be passed


def test_a_tie_in_a_window_is_named_with_its_place():
    """The largest two entries of a window are equal, and move differently."""
    problem = pooling()
    conv = problem.network[0]
    with torch.no_grad():
        conv.weight[2], conv.bias[2] = 0.0, 1.0
        conv.weight[2, 0, 1, 1] = 0.5
        problem.x[1, 0, 1:3, 1:3] = 2.0
    report = pl.verify(problem, RULE, theorem="B", steps=0)
    assert report.verdict is Verdict.UNDECIDED
    smooth = row(report, "smooth")
    assert smooth.says.measured.value > 0
    assert smooth.how.startswith("1 argument may meet one on the ball R = ")
    named = "nearest: sample 1, unit 2 at place 0 of node 2 (2 max_pool2d), at the weights themselves"
    assert smooth.how.endswith(named)


class Through(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.first, self.last = (nn.Linear(4, 4, dtype=torch.float64) for _ in range(2))
        self.function = function

    def forward(self, x):
        return self.last(self.function(self.first(x)))


REFUSED = {
    "hardshrink": (nn.functional.hardshrink, "it jumps from 0 to 0.5 at 0.5: softshrink, which does not, is read"),
    "hardsigmoid": (nn.functional.hardsigmoid, "torch differentiates it with a sixth of single precision"),
    "topk": (lambda z: z.topk(4).values, "topk chooses among entries by their values"),
    "sort": (lambda z: z.sort().values, "sort chooses among entries by their values"),
    "argmax": (lambda z: z * z.argmax(1, keepdim=True), "argmax is not continuous"),
    "places": (lambda z: z * z.max(1, keepdim=True).indices, "where a maximum stands is read nowhere: that jumps"),
    "sign": (lambda z: z * z.sign(), "sign is not continuous"),
    "where": (lambda z: torch.where(z > 0, z, 0.1 * z), "is not continuous"),
    "two moving": (lambda z: torch.maximum(z, z.flip(1)), "read are a tensor of the data's and a constant"),
    "steep": (lambda z: nn.functional.leaky_relu(z, 2.0), "its slope below 0 is 2.0: read are slopes from 0 to 1"),
    "trained slope": (nn.PReLU(dtype=torch.float64), "a kink with a parameter of its own"),
    "jump": (lambda z: nn.functional.threshold(z, 0.0, 1.0), "it jumps from 1.0 to its threshold 0.0"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_an_operation_that_is_no_kind_of_kink_is_refused_in_one_line(name):
    function, line = REFUSED[name]
    torch.manual_seed(0)
    problem = pl.Problem(Through(function), *draws(3, (3, 4), (3, 4)))
    report = pl.verify(problem, pl.GradientDescentSettings(eta=1e-3), steps=0)
    assert report.verdict is Verdict.UNDECIDED
    assert report.main.shortfall.startswith("not available for this network: ")
    assert line in report.main.shortfall
    assert "\n" not in report.main.shortfall
    with pytest.raises(InvalidInputError, match="not available for this network"):
        pl.verify(problem, RULE, steps=0)


@pytest.mark.slow
@pytest.mark.parametrize("function", [nn.ELU(0.4), nn.Hardswish(), nn.Softshrink(0.3), nn.CELU(3.0)], ids=repr)
def test_networks_of_other_functions_are_certified_after_steps_and_rechecked(function, tmp_path):
    torch.manual_seed(0)
    x, y = draws(3, (3, 4), (3, 1))
    net = nn.Sequential(nn.Linear(4, 24), function, nn.Linear(24, 1)).double()
    basin = certify_basin(pl.Problem(net, x, y), RULE, limit=12)
    assert basin.certificate is not None
    assert basin.certificate.holds
    basin.certificate.save(tmp_path / "of.cert.json")
    said = pl.recheck(tmp_path / "of.cert.json")
    assert said.accepted, said.message
