"""Theorem M from a state with a buffer, after a stored run: starts all over the ball, the run, the certificate."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

import pltheory as pl
from pltheory.certification.end import centre_at, end_of, problem_at
from pltheory.certification.stored import stored_arrays
from pltheory.optim import DeltaGClipSettings, certifiable
from pltheory.problem.batches import Batches
from pltheory.problem.problem import Problem
from pltheory.rechecker import recheck
from pltheory.rechecker.statements import STATEMENTS
from pltheory.runs.loop import run
from pltheory.theorems import m, t, t_m
from pltheory.theorems.measured import measure
from pltheory.theorems.protocol import Question
from pltheory.theory.potential import ahead
from pltheory.theory.verdict import Verdict
from pltheory.verification.evidence import Evidence
from tests.forge import ACCEPTED, DAMAGED, FALSE, Forge, number, refused, value
from tests.rechecker.test_schema import PUBLISHED, wrong

FORMS = {
    "heavy ball": DeltaGClipSettings(eta="0.05/beta", gamma=1.0, delta=0.1, momentum=0.5),
    "Nesterov": DeltaGClipSettings(eta="0.05/beta", gamma=1.0, delta=0.1, momentum=0.5, nesterov=True),
}


@cache
def problem():
    """Two orthogonal samples at width 64: too narrow for Theorem M from the start."""
    x = torch.from_numpy(np.linalg.qr(np.random.default_rng(0).standard_normal((4, 2)))[0].T * 2.0)
    net = pl.fully_connected([4, 64, 1], activation="tanh", seed=0)
    return Problem(net, x, torch.tensor([[1.0], [-1.0]], dtype=torch.float64))


@cache
def report(form):
    return pl.verify(problem(), FORMS[form], theorem="T+M", steps=200, target=1e-9)


@cache
def found(form):
    return t_m.THEOREM.search(Question(measure(problem()), FORMS[form]))


@cache
def from_state(form, error):
    """Theorem M for every state within so much of the end of the run, in the norm of pairs."""
    at = found(form)
    wide = replace(at.run, eps=error)
    there = problem_at(problem(), end_of(wide).parameters)
    settings = replace(certifiable(FORMS[form], m.THEOREM.forms), eta=at.eta)
    centre = centre_at(wide)
    ball = m.THEOREM.proved_near(there, settings, m.THEOREM.near(there, settings, {}), centre)
    return ball, centre, [p.copy() for p in end_of(wide).parameters]


def slope(w):
    """Half the squared residual and its gradient, NumPy alone."""
    a = stored_arrays(problem())
    hidden = np.tanh(a.kappa[0] * a.x @ w[0].T)
    r = a.kappa[1] * hidden @ w[1].T - a.y
    back = a.kappa[1] * r @ w[1] * (1 - hidden**2)
    return 0.5 * float(np.sum(r**2)), [a.kappa[0] * back.T @ a.x, a.kappa[1] * r.T @ hidden]


def size(parts):
    return float(np.sqrt(sum(np.sum(p**2) for p in parts)))


def plus(a, b, factor=1.0):
    return [p + factor * q for p, q in zip(a, b, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("error", [1e-9, 0.01])
def test_every_state_of_the_ball_comes_to_a_zero(form, error):
    """z_T on the sphere and a buffer of the largest length allowed, any way; steps at either end of their band."""
    ball, centre, z_0 = from_state(form, error)
    c, rng, rule = ball.certificate, np.random.default_rng(1), FORMS[form]
    al, eta = ahead(rule.momentum, rule.nesterov), c.eta
    for start in range(6):
        toward = [slope(z_0)[1], [rng.standard_normal(p.shape) for p in z_0]][start > 1]
        z = plus(z_0, toward, centre.spread / size(toward))
        push = [slope(z)[1], [rng.standard_normal(p.shape) for p in z_0]][start > 2]
        d = [centre.buffer / size(push) * v for v in push]
        w = plus(z, d, -al)
        weight = c.numbers["c_rate"] / eta
        energy = slope(z)[0] + weight / 2 * size(d) ** 2
        assert np.sqrt(2 * (slope(z)[0] + c.numbers["c"] / eta / 2 * size(d) ** 2)) <= c["start"]
        ahead_length = behind_length = 0.0
        for step in range(200):
            g = slope(w)[1]
            h = eta * (1.0 if start % 2 else (c["floor"], 1.0)[step % 2])
            d_1 = [rule.momentum * v - h * q for v, q in zip(d, g, strict=True)]
            by = plus([rule.momentum * v for v in d_1], g, -h) if rule.nesterov else d_1
            w_1 = plus(w, by)
            z_1 = plus(w_1, d_1, al)
            ahead_length += size(plus(z_1, z, -1.0))
            behind_length += size(by)
            after = slope(z_1)[0] + weight / 2 * size(d_1) ** 2
            factor = 1 - 2 * c.numbers["omega"] * c["mu"] * h / (1 - rule.momentum)
            assert after <= factor * energy * (1 + 1e-12)
            w, z, d, energy = w_1, z_1, d_1, after
        assert ahead_length <= c["required"]
        assert behind_length <= c["required"] + al * centre.buffer


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_the_run_keeps_its_buffer_and_the_promise(form):
    assert not pl.certify(problem(), FORMS[form], theorem="M").holds
    r = report(form)
    assert r.verdict is Verdict.CERTIFIED
    assert r.evidence is Evidence.AGREES, r.run.violation
    promise = r.main.promise
    numbers = r.main.certificate.numbers
    assert numbers["then_buffer"] > 0.01
    assert promise.radius > r.main.certificate["then_required"] + 0.9 * numbers["then_buffer"] * ahead(
        0.5, form != "heavy ball"
    )
    for change in ({"mu": 20 * promise.then.mu}, {"radius": 1e-3}):
        bad = replace(promise, then=replace(promise.then, **change))
        got = run(problem(), replace(FORMS[form], eta=promise.eta), promise.eta, steps=100, target=1e-9, promise=bad)
        assert got.violation is not None


@pytest.mark.parametrize("theorem", [t.THEOREM, t_m.THEOREM])
def test_the_stored_steps_begin_with_an_empty_buffer(theorem):
    """Both halves say so, in the same words: d_0 = 0 is what the stored steps are followed from."""
    assert "from an empty buffer, d_0 = 0" in theorem.conclusion
    assert theorem.conclusion == STATEMENTS[theorem.id].conclusion


def test_mini_batches_first():
    r = pl.verify(problem(), FORMS["heavy ball"], theorem="T+M", batches=Batches(1, until=6), steps=200, target=1e-9)
    assert r.verdict is Verdict.CERTIFIED
    assert r.evidence is Evidence.AGREES, r.run.violation


@pytest.fixture(params=FORMS)
def forged(request, tmp_path):
    claim = report(request.param).main.certificate
    return Forge(tmp_path, claim.text("c.cert.npz"), claim.arrays_bytes())


@pytest.mark.slow
def test_a_true_certificate_is_accepted(forged):
    assert wrong(forged.text, PUBLISHED) == []
    result = recheck(forged.path)
    assert result.accepted, result.message
    assert {"witness.then_off", "witness.then_buffer", "bounds.then_rate"} <= {check.field for check in result.checks}


@pytest.mark.slow
def test_what_says_too_much_of_the_state_is_refused(forged):
    """A shorter buffer, a nearer start, and a point ahead of the weights that is another one."""
    for name, factor in (("buffer", 0.999), ("off", 1e-3)):
        kept = forged.text["witness"][f"then_{name}"]
        forged.text["witness"][f"then_{name}"] = number(factor * value(kept))
        result = recheck(forged.write_text())
        assert result.code == FALSE
        assert result.field == f"witness.then_{name}"
        forged.text["witness"][f"then_{name}"] = kept
    forged.arrays["c_W1"] = forged.arrays["end_W1"]
    forged.arrays["c_W2"] = forged.arrays["end_W2"]
    refused(recheck(forged.write()), FALSE, "witness.then_off")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["residual", "start", "lipschitz", "ell", "beta", "mu", "rate", "required", "loss_end"]
)
def test_a_bound_that_says_too_much_is_refused(tmp_path, name):
    claim = report("heavy ball").main.certificate
    f = Forge(tmp_path, claim.text("c.cert.npz"), claim.arrays_bytes())
    bound = f.text["bounds"][f"then_{name}"]
    # Beta has room for a buffer that is longer than this one.
    share = 0.1 if name == "beta" else 1e-3
    bound.update(number(value(bound) * (1 + (share if bound["kind"] == "lower" else -share))))
    result = recheck(f.write())
    assert result.code == FALSE, result.message
    refused = {c.field for c in result.checks if c.code != ACCEPTED} | {result.field}
    # What stops the second half at once is named as in a certificate of its own.
    assert refused & {f"bounds.then_{name}", f"bounds.{name}"}


@pytest.mark.slow
def test_numbers_that_ignore_the_buffer_are_refused(tmp_path):
    """Made for an empty buffer; the point ahead and its length are then named as they are."""
    at, claim = found("heavy ball"), report("heavy ball").main.certificate
    empty = from_state("heavy ball", at.run.eps)[1]
    there = problem_at(problem(), end_of(at.run).parameters)
    settings = replace(certifiable(FORMS["heavy ball"], m.THEOREM.forms), eta=at.eta)
    ball = m.THEOREM.proved_near(there, settings, m.THEOREM.near(there, settings, {}), replace(empty, buffer=None))
    own = {f"then_{name}": b for name, b in ball.certificate.bounds.items()}
    kept = {**claim.numbers, **{f"then_{name}": v for name, v in ball.certificate.numbers.items()}}
    mixed = replace(
        claim, bounds={**claim.bounds, **own}, numbers=kept, witness={**claim.witness, **ball.certificate.witness}
    )
    result = recheck(Forge(tmp_path, mixed.text("c.cert.npz"), mixed.arrays_bytes()).path)
    assert result.code == FALSE
    fields = {check.field for check in result.checks if check.code == FALSE}
    assert {"bounds.then_start", "bounds.then_lipschitz", "bounds.then_ell", "bounds.then_beta"} <= fields


@pytest.mark.parametrize(("change", "field"), [
    (lambda f: f.text["optimizer"].update(momentum=number(0.25)), "witness.momentum"),
    (lambda f: f.text["witness"].update(then_buffer=number(0.0)), "witness.then_buffer"),
    (lambda f: f.text["witness"].update(then_tail=number(0.5)), "arrays.factors"),
    (lambda f: f.text["optimizer"].update(clip="buffer"), "optimizer.momentum"),
])  # fmt: skip
def test_what_is_not_of_the_form_is_damaged(forged, change, field):
    change(forged)
    refused(recheck(forged.write_text()), DAMAGED, field)
