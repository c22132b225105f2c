"""A stored run and a theorem about a ball from its end: starts all over the ball, the run, the file, forgeries."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

import pltheory as pl
from pltheory.certification import centre as centre_parts
from pltheory.certification import end
from pltheory.certification.end import centre_at, followed_by, problem_at
from pltheory.certification.level import NAMES
from pltheory.certification.stored import stored_arrays
from pltheory.optim import DeltaGClipSettings, certifiable
from pltheory.problem.batches import Batches
from pltheory.problem.problem import Problem
from pltheory.rechecker import recheck
from pltheory.runs.handover import HandoverPromise
from pltheory.runs.loop import run
from pltheory.theorems import l, t_b, t_l
from pltheory.theorems.measured import measure
from pltheory.theorems.protocol import Question
from pltheory.theory import InvalidInputError, NotAvailableError
from pltheory.theory.verdict import Verdict
from pltheory.verification.evidence import Evidence
from tests.forge import ACCEPTED, DAMAGED, FALSE, Forge, number, refused, value
from tests.rechecker.test_schema import PUBLISHED, wrong

RULE = DeltaGClipSettings(eta="0.1/beta", gamma=1.0, delta=0.1)


@cache
def problem():
    """Two orthogonal samples of two classes at width 64: too narrow for Theorem L from the start."""
    x = torch.from_numpy(np.linalg.qr(np.random.default_rng(0).standard_normal((4, 2)))[0].T * 2.0)
    net = pl.fully_connected([4, 64, 2], activation="tanh", seed=0)
    return Problem(net, x, torch.eye(2, dtype=torch.float64), "cross-entropy, sum")


@cache
def report():
    return pl.verify(problem(), RULE, theorem="T+L", steps=200, target=1e-9)


@cache
def found():
    return t_l.THEOREM.search(question())


@cache
def of_squares():
    """Theorem B after a run on the same samples, targets +1 and -1."""
    return pl.verify(square(), RULE, theorem="T+B", steps=400, target=1e-9)


@cache
def square():
    net = pl.fully_connected([4, 32, 1], activation="tanh", seed=0)
    return Problem(net, problem().x, torch.tensor([[1.0], [-1.0]], dtype=torch.float64))


def question():
    return Question(measure(problem()), RULE)


def from_ball(spread):
    """Theorem L proved for every start within so much of the end of the run."""
    at = found()
    wide = replace(at.run, eps=spread)
    assert wide.apart >= spread
    there, settings = problem_at(problem(), at.run.final.w), replace(certifiable(RULE), eta=at.eta)
    return l.THEOREM.proved_near(there, settings, l.THEOREM.near(there, settings, {"level": 0.95}), centre_at(wide))


def slope(w):
    """Loss and gradient on all samples, cross-entropy on one tanh layer; NumPy alone."""
    a = stored_arrays(problem())
    hidden = np.tanh(a.kappa[0] * a.x @ w[0].T)
    u = a.kappa[1] * hidden @ w[1].T
    p = np.exp(u - u.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    back = a.kappa[1] * (p - a.y) @ w[1] * (1 - hidden**2)
    loss = -float(np.sum(np.log(p[a.y == 1])))
    return loss, (a.kappa[0] * back.T @ a.x, a.kappa[1] * (p - a.y).T @ hidden)


def size(parts):
    return float(np.sqrt(sum(np.sum(p**2) for p in parts)))


@pytest.mark.slow
@pytest.mark.parametrize("spread", [1e-9, 0.02])
def test_every_start_of_the_ball_comes_down_to_the_level(spread):
    """From the sphere, steps at either end of their band by turns: the level in time, and the path up to it short."""
    ball = from_ball(spread)
    c, rng = ball.certificate, np.random.default_rng(0)
    centre = found().run.final.w
    for start in range(6):
        away = [rng.standard_normal(p.shape) for p in centre]
        if start == 0:
            away = slope(centre)[1]  # where the loss rises fastest
        w = [p + spread / size(away) * v for p, v in zip(centre, away, strict=True)]
        assert slope(w)[0] <= c["loss"]
        length, steps = 0.0, 0
        while slope(w)[0] > ball.way.level:
            loss, g = slope(w)
            h = c.eta * (1.0 if start % 2 else (c["floor"], 1.0)[steps % 2])
            after = [p - h * v for p, v in zip(w, g, strict=True)]
            if slope(after)[0] > ball.way.level:
                length += h * size(g)
            w, steps = after, steps + 1
            assert slope(w)[0] < loss
            assert length <= c["required"]
        assert steps <= c["steps"]


@pytest.mark.slow
def test_a_wider_ball_of_starts_says_less():
    near, wide = from_ball(1e-9).certificate, from_ball(0.02).certificate
    assert wide["loss"] > near["loss"]
    assert wide["slope"] >= near["slope"]
    assert wide["required"] > near["required"]
    assert wide["lipschitz"] > near["lipschitz"]
    j = np.arange(1, 20)
    assert (wide.witness["sigma"][j] / near.witness["sigma"][j] < 1).all()


@pytest.mark.slow
def test_what_is_too_narrow_at_the_start_is_certified_after_stored_steps():
    assert not l.THEOREM.certify(problem(), RULE).holds
    r = report()
    assert r.verdict is Verdict.CERTIFIED
    assert r.evidence is Evidence.AGREES, r.run.violation
    promise = r.main.promise
    assert isinstance(promise, HandoverPromise)
    assert min(check.step for check in r.run.checks) == promise.since
    assert "training accuracy 1" in " ".join(row.hypothesis for row in r.main.consequences)


@pytest.mark.slow
@pytest.mark.parametrize(("part", "change", "broken"), [
    ("then", {"radius": 1e-3}, "path length above"),
    ("then", {"mu": 4.0}, "steps to a loss"),
    ("first", {"since": 4}, "loss after T steps"),
])  # fmt: skip
def test_each_part_of_the_promise_can_be_broken(part, change, broken):
    promise = report().main.promise
    bad = replace(promise, **{part: replace(getattr(promise, part), **change)})
    got = run(problem(), replace(RULE, eta=promise.eta), promise.eta, steps=60, target=1e-9, promise=bad)
    names = {c.name for c in got.checks if not c.left <= c.right + c.granted}
    assert any(name.startswith(broken) for name in names), names


def test_the_basin_of_a_zero_is_certified_after_stored_steps():
    r = of_squares()
    assert not pl.certify(square(), RULE, theorem="B").holds
    assert r.verdict is Verdict.CERTIFIED
    assert r.evidence is Evidence.AGREES, r.run.violation
    promise = r.main.promise
    assert {c.step for c in r.run.checks} > {promise.since}
    for change in ({"rate": 0.9 * promise.then.rate}, {"radius": 1e-3}):
        bad = replace(promise, then=replace(promise.then, **change))
        got = run(square(), replace(RULE, eta=promise.eta), promise.eta, steps=200, target=1e-9, promise=bad)
        assert got.violation is not None


@pytest.mark.slow
def test_mini_batches_first(tmp_path):
    """Five steps on one sample each, then all samples: the file has the batches, and the run keeps the promise."""
    r = pl.verify(problem(), RULE, theorem="T+L", batches=Batches(1, until=5), steps=200, target=1e-9)
    assert r.verdict is Verdict.CERTIFIED
    assert r.evidence is Evidence.AGREES, r.run.violation
    claim = r.main.certificate
    assert ((claim.witness["batches"] >= 0).sum(axis=1) == [1] * 5 + [2] * (claim.numbers["steps"] - 5)).all()
    claim.save(tmp_path / "c.json")
    assert recheck(tmp_path / "c.json").accepted


@pytest.mark.slow
@pytest.mark.parametrize("name", ["residual", "lipschitz", "ell", "beta", "mu", "rate"])
def test_a_bound_of_the_basin_that_says_too_much_is_refused(tmp_path, name):
    claim = of_squares().main.certificate
    f = Forge(tmp_path, claim.text("c.cert.npz"), claim.arrays_bytes())
    assert wrong(f.text, PUBLISHED) == []
    bound = f.text["bounds"][f"then_{name}"]
    bound.update(number(value(bound) * (1 + (1e-3 if bound["kind"] == "lower" else -1e-3))))
    refused(recheck(f.write()), FALSE, f"bounds.then_{name}")


@pytest.mark.slow
@pytest.mark.parametrize("theorem", ["T+B", "T+L"])
def test_a_true_file_is_accepted_and_not_with_another_error_of_the_run(tmp_path, theorem):
    """With a ball of starts of .01 what is claimed for a smaller one is false."""
    claim = {"T+B": of_squares, "T+L": report}[theorem]().main.certificate
    f = Forge(tmp_path, claim.text("c.cert.npz"), claim.arrays_bytes())
    assert recheck(f.path).accepted
    f.text["bounds"]["apart"].update(number(0.01))
    result = recheck(f.write_text())
    assert result.code == FALSE
    assert {"arrays.sigma[0]", "bounds.then_lipschitz"} <= {c.field for c in result.checks if c.code == FALSE}


@pytest.fixture
def forged(tmp_path):
    claim = report().main.certificate
    return Forge(tmp_path, claim.text("c.cert.npz"), claim.arrays_bytes())


def test_a_true_certificate_is_accepted(forged):
    assert wrong(forged.text, PUBLISHED) == []
    result = recheck(forged.path)
    assert result.accepted, result.message
    fields = {check.field for check in result.checks}
    assert {"bounds.apart", "bounds.then_steps", "bounds.then_accuracy", "hypotheses[5].left"} <= fields


@pytest.mark.slow
@pytest.mark.parametrize("name", ["loss", "slope", "lipschitz", "ell", "beta", "length", "mu", "floor", "steps"])
def test_a_bound_that_says_too_much_is_refused(forged, name):
    bound = forged.text["bounds"][f"then_{name}"]
    bound.update(number(value(bound) * (1 + (1e-3 if bound["kind"] == "lower" else -1e-3))))
    if name == "loss":
        forged.arrays["levels"][-1] = value(bound)
    refused(recheck(forged.write()), FALSE, f"bounds.then_{name}")


@pytest.mark.slow
def test_numbers_without_the_error_of_the_run_are_refused(tmp_path):
    """Theorem L about the computed end alone: false as soon as the error is seen in its digits."""
    at = found()
    wide = replace(at.run, eps=1e-3, outcome=replace(at.run.outcome, apart=1e-3))
    settings = replace(certifiable(RULE), eta=at.eta)
    claim = followed_by(t_l.THEOREM.statement, "cross-entropy, sum", settings, wide, at.then.certificate)
    result = recheck(Forge(tmp_path, claim.text("c.cert.npz"), claim.arrays_bytes()).path)
    assert result.code == FALSE
    fields = {check.field for check in result.checks if check.code != ACCEPTED}
    assert {"bounds.then_loss", "bounds.then_lipschitz", "bounds.then_ell", "arrays.sigma[0]"} <= fields


def plain_change(of, s, ops, number):
    return of.of.change(s, ops, number)


def plain_ell(of, radius, ops, number):
    return of.of.lipschitz(radius, ops, number)


def without_outputs(centre, spread, right=centre_parts.from_within):
    return replace(right(centre, spread), outputs=centre.outputs)


def without_residual(centre, spread, right=centre_parts.from_within):
    return replace(right(centre, spread), residual=centre.residual)


MUTANTS = {
    "change from the start on": (centre_parts.FromWithin, "change", plain_change, ("T+L", "T+B")),
    "ell without the spread": (centre_parts.FromWithin, "lipschitz", plain_ell, ("T+L", "T+B")),
    "outputs at the end alone": (end, "from_within", without_outputs, ("T+L",)),
    "residual at the end alone": (end, "from_within", without_residual, ("T+B",)),
}


def wide_claim(theorem):
    """A true certificate whose run is said to be known within .01 only."""
    of = {"T+L": t_l.THEOREM, "T+B": t_b.THEOREM}[theorem]
    at = {"T+L": found, "T+B": found_square}[theorem]()
    p = {"T+L": problem, "T+B": square}[theorem]()
    o = replace(at.run.outcome, apart=0.01, lipschitz=1.5 * at.run.outcome.lipschitz)
    wide = replace(at.run, eps=0.01, outcome=o)
    there, settings = problem_at(p, wide.final.w), replace(certifiable(RULE), eta=at.eta)
    near = of.then.near(there, settings, {})
    then = of.then.proved_near(there, settings, near, end.centre_at(wide))
    return followed_by(of.statement, str(p.objective), settings, wide, then.certificate)


@cache
def found_square():
    return t_b.THEOREM.search(Question(measure(square()), RULE))


@pytest.mark.slow
@pytest.mark.parametrize("theorem", ["T+L", "T+B"])
def test_a_true_certificate_of_a_wide_ball_is_accepted(tmp_path, theorem):
    wide_claim(theorem).save(tmp_path / "c.json")
    result = recheck(tmp_path / "c.json")
    assert result.accepted, result.message


@pytest.mark.slow
@pytest.mark.parametrize(("name", "theorem"), [(name, theorem) for name, m in MUTANTS.items() for theorem in m[3]])
def test_a_formula_that_forgets_the_spread_is_refused(tmp_path, monkeypatch, name, theorem):
    where, what, wrong_, _ = MUTANTS[name]
    monkeypatch.setattr(where, what, wrong_)
    claim = wide_claim(theorem)
    result = recheck(Forge(tmp_path, claim.text("c.cert.npz"), claim.arrays_bytes()).path)
    assert not result.accepted
    assert any(c.field.startswith(("bounds.then_", "arrays.sigma")) for c in result.checks if c.code != ACCEPTED)


@pytest.mark.parametrize(("change", "field"), [
    (lambda f: f.text["witness"].update(then_level=number(0.0)), "arrays.levels"),
    (lambda f: f.text["hypotheses"][5].update(name=NAMES[4]), "hypotheses[5].name"),
    (lambda f: f.text.update(conclusion=l.THEOREM.conclusion), "conclusion"),
    (lambda f: f.text.update(schema="pltheory-certificate/1"), "schema"),
])  # fmt: skip
def test_what_is_not_of_the_form_is_damaged(forged, change, field):
    change(forged)
    refused(recheck(forged.write_text()), DAMAGED, field)


def test_what_it_does_not_speak_of_is_refused():
    with pytest.raises(InvalidInputError, match=r"run\.batch_until is missing"):
        pl.certify(problem(), RULE, theorem="T+L", batches=Batches(1))
    for theorem in ("L", "F1"):
        with pytest.raises((InvalidInputError, NotAvailableError), match=r"run\.batch_until is given"):
            pl.certify(square(), RULE, theorem=theorem, batches=Batches(1, until=4))
    with pytest.raises(InvalidInputError, match=r"run\.batch_until = 9"):
        t_l.THEOREM.search(replace(question(), batches=Batches(1, until=9), options={"steps": 8}))
    with pytest.raises(InvalidInputError, match="momentum"):
        pl.certify(problem(), replace(RULE, momentum=0.5), theorem="T+L")
    with pytest.raises(NotAvailableError, match="after 1 stored steps: the loss at the start"):
        t_l.THEOREM.search(replace(question(), options={"level": 5.0}))
