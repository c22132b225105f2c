"""Theorem L: the promise kept, Theorem B for the square loss, proof and recheck, and every formula's mutant refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from flint import arb, ctx

import pltheory as pl
from pltheory.certification import level as proof
from pltheory.certification.balls import Balls
from pltheory.certification.claim import Claim
from pltheory.problem.loss import CrossEntropyLoss, WeightedSquareLoss, loss_of
from pltheory.problem.problem import Problem
from pltheory.rechecker.gauges import form_of
from pltheory.rigor.midrad import Ball
from pltheory.runs import level as promise
from pltheory.runs.loop import Reason
from pltheory.theorems.l import THEOREM, way_of
from pltheory.theory import InvalidInputError, NotAvailableError
from pltheory.theory.verdict import Verdict
from pltheory.verification.evidence import Evidence
from pltheory.verification.report import VerifyReport
from tests.forge import DAMAGED, FALSE, Forge, number, refused
from tests.rechecker.test_schema import PUBLISHED, wrong

RULE = pl.DeltaGClipSettings(eta="0.1/beta", gamma=1.0, delta=0.1)
LOSSES = ["cross-entropy", "cross-entropy, mean", "logistic", "logistic, mean", "sum", "mean", "weighted"]


@cache
def near(name: str, n: int = 2, width: int = 1500) -> Problem:
    """A network a short way above the level, so that a small width is enough."""
    gen = torch.Generator().manual_seed(3)
    x = 2 * torch.randn(n, 5, generator=gen, dtype=torch.float64)
    outputs = 2 if name.startswith("cross") else 1
    net = pl.fully_connected([5, width, outputs], activation="tanh", seed=1, output_init="rademacher")
    side = torch.arange(n) % 2
    y = side if outputs == 2 else (2.0 * side - 1)[:, None].double()
    loss = WeightedSquareLoss("mean", tuple(1.0 - 0.2 * i for i in range(n))) if name == "weighted" else loss_of(name)
    if not name.startswith(("cross", "logistic")):
        with torch.no_grad():
            y = net(x) + 0.05 * y
        return Problem(net, x, y, loss)
    return Problem(net, x, _signs(net, x, outputs), loss)


def _signs(net, x, outputs):
    """Targets on the side of the outputs: the loss is then near its level."""
    with torch.no_grad():
        f = net(x)
    return f.argmax(dim=1) if outputs == 2 else torch.where(f >= 0, 1.0, -1.0).double()


def level_of(name: str) -> dict[str, float]:
    problem = near(name)
    start = float(problem.value().detach())
    return {} if problem.objective.gauge(*problem.y.shape).integral(0.0, 1.0) is not None else {"level": 0.9 * start}


@cache
def verified(name: str) -> VerifyReport:
    return pl.verify(near(name), RULE, theorem="L", steps=400, options=level_of(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSES)
def test_it_is_certified_and_the_run_agrees(name):
    report = verified(name)
    assert report.verdict is Verdict.CERTIFIED, report.main.shortfall
    assert report.evidence is Evidence.AGREES, report.run
    if level_of(name):
        assert report.run.reason is Reason.LEVEL
        steps = int(np.argmax(report.trace.loss <= level_of(name)["level"]))
        assert 0 < steps <= report.main.promise.count
        assert report.trace.path[steps - 1] <= report.main.promise.radius
        assert len(report.main.consequences) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSES)
def test_the_recheck_confirms_the_certificate(tmp_path: Path, name):
    claim = verified(name).main.certificate
    assert claim is not None
    claim.save(tmp_path / "c.json")
    result = pl.recheck(tmp_path / "c.json")
    assert result.accepted, result.message
    assert wrong(json.loads((tmp_path / "c.json").read_text()), PUBLISHED) == []
    assert pl.recheck(tmp_path / "c.json", bits=24).code not in (FALSE, DAMAGED), "few bits refute nothing"


@pytest.mark.parametrize("name", ["sum", "mean"])
def test_of_the_square_loss_it_is_theorem_b(name):
    b, l = pl.certify(near(name), RULE, theorem="B"), pl.certify(near(name), RULE, theorem="L")
    assert b.holds
    assert l.holds
    assert l["required"] == pytest.approx(b["required"], rel=0.02)
    share = near(name).scale
    assert share * l["beta"] == pytest.approx(b["beta"] * share, rel=1e-2)
    assert share * l["mu"] == pytest.approx(b["mu"], rel=0.02)
    assert l["length"] * math.sqrt(share) == pytest.approx(b["residual"], rel=1e-5)
    ratio = [r.main.ball_constants.ratio for r in (pl.verify(near(name), RULE, theorem=t, steps=0) for t in ("B", "L"))]
    assert ratio[0] == pytest.approx(ratio[1], rel=1e-3)


def test_the_unit_of_the_loss_changes_nothing():
    whole, mean = (verified(n).main.ball_constants for n in ("cross-entropy", "cross-entropy, mean"))
    assert whole.required == pytest.approx(mean.required, rel=1e-6)
    assert whole.mu == pytest.approx(mean.mu, rel=1e-6)


def test_accuracy_is_certified_where_the_level_forces_it():
    problem = near("cross-entropy")
    sure = problem.objective.level_of_accuracy(*problem.y.shape)
    start = float(problem.value().detach())
    for level, certain in ((min(0.9 * start, sure), True), (0.9 * start, 0.9 * start <= sure)):
        claim = proof.certify_level(Balls(problem, [0.5, 1.0, 2.0]), RULE, THEOREM.statement, level)
        assert claim.holds
        assert claim["accuracy"] == float(certain)


@pytest.mark.parametrize("level", [-1.0, "half", True, math.inf, 0])
def test_a_level_that_is_none_is_refused_in_a_line(level):
    with pytest.raises(InvalidInputError, match=r"theorem.options.level") as refused:
        way_of(near("cross-entropy"), level)
    assert "\n" not in str(refused.value)


def test_a_start_below_the_level_and_an_unknown_option_are_said():
    with pytest.raises(NotAvailableError, match="at most the level"):
        way_of(near("cross-entropy"), 50.0)
    with pytest.raises(InvalidInputError, match="depth"):
        pl.verify(near("cross-entropy"), RULE, theorem="L", steps=0, options={"depth": 1})


@pytest.mark.parametrize("name", ["A", "A'", "B", "C", "D", "B+", "N", "LZB22-4", "TMSSR25"])
def test_theorems_about_the_square_loss_say_that_they_are(name):
    report = pl.verify(near("cross-entropy"), replace(RULE, eta=0.1), theorem=name, steps=0)
    assert report.verdict is Verdict.UNDECIDED
    assert "speaks of the square loss, not of cross-entropy" in report.main.shortfall
    if name in ("A", "B", "C", "D"):
        with pytest.raises(NotAvailableError, match="square"):
            pl.certify(near("cross-entropy"), RULE, theorem=name)
    with pytest.raises(InvalidInputError, match="give eta as a number"):
        pl.verify(near("cross-entropy"), RULE, theorem=name, steps=0)


@pytest.mark.parametrize("asked", ["best", "all"])
def test_of_several_theorems_l_answers(asked):
    report = pl.verify(near("cross-entropy"), RULE, theorem=asked, steps=0, level=Verdict.HOLDS)
    assert [r.theorem.id for r in report.ladder] == ["L"]


@pytest.mark.parametrize(("name", "y"), [("cross-entropy", [[1.0, 0.0], [0.0, 1.0]]), ("logistic", [[1.0], [-1.0]])])
def test_the_loss_at_enclosed_outputs_holds_it_in_balls(name, y):
    y, loss = np.array(y), loss_of(name)
    for size in (1e-3, 1.0, 30.0):
        f = size * np.random.default_rng(0).standard_normal(y.shape)
        found = loss.enclose(Ball(f, np.asarray(1e-9)), y)
        with ctx.workprec(200):
            for shift in (-1e-9, 0.0, 1e-9):
                exact = form_of(str(loss), y, None).value([[arb(v) + shift for v in row] for row in f.tolist()])
                assert arb(found.lo) <= exact
                assert exact <= arb(found.hi)
        assert found.hi - found.lo <= 1e-8 + 1e-12 * size


# --- mutants: each formula of the theorem, made wrong, is refuted -----------------------------------------------------


@cache
def certificate() -> Claim:
    problem = near("cross-entropy")
    return proof.certify_level(
        Balls(problem, [0.5, 1.0]), RULE, THEOREM.statement, 0.9 * float(problem.value().detach())
    )


def forged(folder: Path) -> Forge:
    return Forge(folder, certificate().text("c.cert.npz"), certificate().arrays_bytes())


LIES = {
    "no ell in beta": ("beta", lambda c: 0.5 * c["lipschitz"] ** 2),
    "M of the logistic loss": ("beta", lambda c: 0.25 * c["lipschitz"] ** 2 + c["slope"] * c["ell"]),
    "Gam without its root of two": ("slope", lambda c: c["slope"] / math.sqrt(2)),
    "a gauge of the whole way": ("length", lambda c: (c["loss"] - c.numbers["level"]) / float(c.witness["gauges"][-1])),
    "one step fewer": ("steps", lambda c: 0.9 * (c["steps"] - 1)),
    "the loss as it is at the level": ("loss", lambda c: c.numbers["level"]),
    "mu at the start": ("mu", lambda c: c["lambda_min"]),
    "a floor of one": ("floor", lambda c: 1.0),
    "a shorter path": ("required", lambda c: 0.5 * c["required"]),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_formula_that_is_wrong_is_not_confirmed(tmp_path: Path, lie):
    name, value = LIES[lie]
    forge = forged(tmp_path)
    forge.text["bounds"][name].update(number(value(certificate())))
    assert not pl.recheck(forge.write_text()).accepted


@pytest.mark.parametrize("factor", [1.001, 1.5])
def test_a_gauge_above_the_true_one_fails(tmp_path: Path, factor):
    forge = forged(tmp_path)
    forge.arrays["gauges"] = factor * forge.arrays["gauges"]
    result = pl.recheck(forge.write())
    assert result.code == FALSE
    assert result.field.startswith("arrays.gauges")


def test_accuracy_is_not_claimed_of_a_level_that_does_not_force_it(tmp_path: Path):
    problem = near("cross-entropy", 6, 4000)
    start = float(problem.value().detach())
    assert 0.95 * start > math.log(2)
    claim = proof.certify_level(Balls(problem, [0.25, 0.5, 1.0, 2.0]), RULE, THEOREM.statement, 0.95 * start)
    assert claim.holds
    forge = Forge(tmp_path, claim.text("c.cert.npz"), claim.arrays_bytes())
    forge.text["bounds"]["accuracy"].update(number(1.0))
    result = pl.recheck(forge.write_text())
    assert (result.code, result.field) == (FALSE, "bounds.accuracy")


def test_targets_that_are_no_classes_are_damage(tmp_path: Path):
    forge = forged(tmp_path)
    forge.arrays["y"] = 0.9 * forge.arrays["y"]
    assert pl.recheck(forge.write()).field == "arrays.y"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutant", "breaks"),
    [
        (lambda p: replace(p, beta=0.02 * p.beta), "descent"),
        (lambda p: replace(p, radius=1e-3 * p.radius), "path"),
        (lambda p: replace(p, count=1.0, mu=400 * p.mu), "steps"),
        (lambda p: replace(p, way=replace(p.way, gauges=6 * p.way.gauges)), "gauge"),
        (lambda p: replace(p, floor=1.0), "step floor"),
    ],
)
def test_a_promise_that_is_too_good_is_contradicted_by_the_run(monkeypatch, mutant, breaks):
    made = THEOREM.promise
    monkeypatch.setattr(type(THEOREM), "promise", lambda self, q, f: mutant(made(q, f)))
    rule = replace(RULE, eta="1.5/beta", gamma=0.05)
    report = pl.verify(near("cross-entropy"), rule, theorem="L", steps=400, options=level_of("cross-entropy"))
    assert report.verdict is Verdict.CERTIFIED, report.main.shortfall
    assert report.evidence is Evidence.CONTRADICTS
    assert report.run.violation.inequality.startswith(breaks)


def test_the_gauge_attained_at_one_sample_that_carries_the_loss():
    """The worst spread, as outputs: a gauge of sum f(v / n) at every v would be above the gradient."""
    n, v = 5, 6.0
    even = math.sqrt(2 * n) * (1 - math.exp(-v / n))
    each = torch.tensor([v - (n - 1) * 1e-3] + [1e-3] * (n - 1), dtype=torch.float64)
    f = torch.zeros(n, 2, dtype=torch.float64)
    f[:, 0] = -torch.log(torch.expm1(each))
    y = torch.tensor([[1.0, 0.0]] * n, dtype=torch.float64)
    loss = CrossEntropyLoss()
    assert float(loss.value(f, y)) == pytest.approx(v)
    assert float(loss.slope_(f.clone(), y).norm()) < 0.8 * even
    assert float(loss.gauge(n, 2).lower(np.array([v]))[0]) <= float(loss.slope_(f.clone(), y).norm())


def test_the_promise_is_read_until_the_level_only():
    report = verified("cross-entropy")
    kept = report.main.promise
    full = int(np.argmax(report.trace.loss <= kept.level))
    found = {i.name: i for i in kept.inequalities(report.trace, RULE, _exact())}
    assert all(len(i.left) <= full for i in found.values())
    assert promise.LevelPromise(eta=1.0).inequalities(report.trace, RULE, _exact()) == []


def _exact():
    from pltheory.runs.rounding import RoundOff

    return RoundOff(0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1e-16, "none")


@pytest.mark.slow
def test_it_speaks_of_networks_with_kinks_where_none_is_met(tmp_path: Path):
    x = near("cross-entropy").x
    net = pl.fully_connected([5, 40, 3], activation="relu", seed=1, output_init="rademacher")
    with torch.no_grad():
        y = net(x).argmax(dim=1)
    problem = Problem(net, x, y, "cross-entropy, mean")
    rule = replace(RULE, eta="1e-4/beta", delta=0.5)
    level = 0.999999 * float(problem.value().detach())
    report = pl.verify(problem, rule, theorem="L", steps=20, options={"level": level})
    assert report.verdict is Verdict.CERTIFIED, report.main.shortfall
    report.main.certificate.save(tmp_path / "c.json")
    assert pl.recheck(tmp_path / "c.json").accepted


@pytest.mark.parametrize("steps", [1.0, -5.0])
def test_of_a_way_to_zero_no_number_of_steps_is_claimed(tmp_path: Path, steps):
    claim = verified("sum").main.certificate
    forge = Forge(tmp_path, claim.text("c.cert.npz"), claim.arrays_bytes())
    forge.text["bounds"]["steps"].update(number(steps))
    refused(pl.recheck(forge.write_text()), DAMAGED, "bounds.steps")


def test_down_to_zero_the_gauge_and_the_path_are_held_to_something():
    run = pl.verify(near("weighted"), RULE, theorem="L", steps=30).to_dict()["run"]
    rows = {row["name"].split(",")[0].split(" above")[0]: row for row in run["rounding"]["granted"]}
    assert 0 < rows["gauge"]["left"] < rows["gauge"]["right"]
    assert rows["path length"]["granted"] < 1e-3 * rows["path length"]["right"]
