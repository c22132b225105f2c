"""Certificates of Theorems M2 and M3: true ones accepted, forged and damaged ones not; the second opinion has teeth."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import pltheory as pl
from pltheory.certification.accelerated import Spectrum
from pltheory.certification.claim import Claim
from pltheory.certification.quadratic.search import find
from pltheory.certification.quadratic.witness import Witness
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.problem.problem import Problem
from pltheory.rechecker import accelerated, quadratic, recheck
from pltheory.rechecker.fields import ACCEPTED, DAMAGED, FALSE
from pltheory.verification.contract import near_solution
from tests.forge import Forge, all_numbers, at, number, value
from tests.nets.graph_mutants import Mutant
from tests.rechecker.test_schema import PUBLISHED, wrong

RULES = {
    "M2": GradientDescentSettings(eta="0.06/beta", momentum=0.8),
    "M2, Nesterov, mean": GradientDescentSettings(eta="0.06/beta", momentum=0.8, nesterov=True),
    "M2, clip that never acts": DeltaGClipSettings(eta="0.06/beta", gamma=1.0, delta=0.5, momentum=0.8),
    "M3": GradientDescentSettings(eta="1/beta", momentum=0.7),
    "M3, mean, clip that never acts": DeltaGClipSettings(eta="1/beta", gamma=1.0, delta=0.5, momentum=0.7),
}


@cache
def made(name: str) -> Claim:
    near = near_solution(12, 1e-4)
    problem = Problem(near.network, near.x, near.y, "mean" if "mean" in name else "sum")
    return pl.certify(problem, RULES[name], theorem=name[:2])


def forge(folder: Path, name: str) -> Forge:
    return Forge(folder, made(name).text("c.cert.npz"), made(name).arrays_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_true_certificates_are_accepted_and_of_the_published_form(tmp_path: Path, name: str) -> None:
    assert made(name).holds
    forged = forge(tmp_path, name)
    assert wrong(forged.text, PUBLISHED) == []
    result = recheck(forged.path)
    assert result.accepted, result.message


WORSE = {
    "M2": {
        "bounds.rate": 0.99, "bounds.mu": 1.01, "bounds.beta": 0.99, "bounds.lipschitz": 0.99, "bounds.residual": 0.9,
        "bounds.required": 0.5, "witness.k": 1.01, "witness.omega": 1.05, "witness.weight": 1.05,
        "witness.ahead": 0.9, "witness.edge": 0.99, "optimizer.eta": 1.1, "optimizer.momentum": 1.1,
    },
    "M3": {
        "bounds.rate": 0.99, "bounds.envelope": 0.99, "bounds.required": 0.99, "bounds.change": 0.99,
        "bounds.norm": 0.99, "witness.q": 0.999, "witness.low": 1.001, "witness.high": 0.999,
        "witness.step_to_residual": 0.999, "witness.across": 0.999, "witness.gradient_to_buffer": 0.999,
        "witness.free_residual": 0.999, "witness.free_buffer": 0.999, "optimizer.eta": 1.1, "optimizer.momentum": 1.1,
    },
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "field"), [(n, f) for n, fields in WORSE.items() for f in fields])
def test_what_says_more_is_refused(tmp_path: Path, name: str, field: str) -> None:
    forged = forge(tmp_path, name)
    section, key = field.split(".")
    held = forged.text[section][key]
    changed = number(WORSE[name][field] * value(held))
    forged.text[section][key] = {**held, **changed}
    assert recheck(forged.write_text()).code in (FALSE, DAMAGED)


@pytest.mark.parametrize("name", ["M2", "M3"])
def test_no_number_may_be_missing_or_unknown(tmp_path: Path, name: str) -> None:
    for change in ("momentum", "nesterov", "clip"):
        forged = forge(tmp_path / change, name) if (tmp_path / change).mkdir() is None else None
        assert forged is not None
        forged.text["optimizer"].pop(change)
        assert wrong(forged.text, PUBLISHED) != []
        assert recheck(forged.write_text()).code == DAMAGED
    for i, (key, said) in enumerate((("clip", "buffer"), ("momentum", number(0.0)), ("nesterov", 1))):
        folder = tmp_path / str(i)
        folder.mkdir()
        forged = forge(folder, name)
        forged.text["optimizer"][key] = said
        assert recheck(forged.write_text()).code == DAMAGED


def test_theorem_m3_is_not_claimed_of_nesterov(tmp_path: Path) -> None:
    forged = forge(tmp_path, "M3")
    forged.text["optimizer"]["nesterov"] = True
    assert recheck(forged.write_text()).code == DAMAGED


def test_an_old_theorem_is_not_claimed_of_momentum(tmp_path: Path) -> None:
    near = near_solution(12, 1e-4)
    claim = pl.certify(near, GradientDescentSettings(eta="0.5/beta"), theorem="B")
    forged = Forge(tmp_path, claim.text("c.cert.npz"), claim.arrays_bytes())
    forged.text["optimizer"] |= {"momentum": number(0.5), "nesterov": False, "clip": "gradient"}
    assert wrong(forged.text, PUBLISHED) != []
    assert recheck(forged.write_text()).code == DAMAGED


@pytest.mark.parametrize("name", ["M2", "M3"])
def test_the_sections_are_read_exactly(tmp_path: Path, name: str) -> None:
    forged = forge(tmp_path, name)
    numbers = all_numbers(forged.text)
    sections = {tuple(path[:n]) for path in numbers for n in range(len(path) + 1)}
    assert {("optimizer",), ("witness",), ("bounds", "rate"), ("hypotheses", 0)} <= sections

    def refused(where: list[Any]) -> None:
        result = recheck(forged.write_text())
        assert (result.code, result.accepted) == (DAMAGED, False), (where, result.message)

    for path in sections:
        section = at(forged.text, list(path))
        if isinstance(section, dict):
            section["more"] = 1
            refused([*path, "more"])
            del section["more"]
    for path in numbers:
        held = at(forged.text, path)
        for other in ({"hex": held["hex"]}, {**held, "decimal": "0.125001"}, {**held, "hex": f"{held['hex']} "}):
            at(forged.text, path[:-1])[path[-1]] = other
            refused([*path, other])
        at(forged.text, path[:-1])[path[-1]] = held
    forged.write_text()
    assert forged.text == json.loads(made(name).text("c.cert.npz")), "all is as it was"


def claim_of(witness: Witness, m: float, nesterov: bool, beta: float, eta: float, sigma: float) -> Any:
    """What the recheck of the forms reads of a certificate."""
    at = {name: getattr(witness, name) for name in ("ahead", "weight", "k", "omega")}
    on = SimpleNamespace(bounds={"beta": beta}, eta=eta, sigma=[sigma, 0.0])
    return SimpleNamespace(on=on, momentum=m, nesterov=nesterov, pieces=witness.pieces, at=at)


@cache
def witnesses() -> list[tuple[Witness, float, bool, float, float, float]]:
    found = []
    for m, ba, nesterov in ((0.5, 0.3, False), (0.9, 0.3, False), (0.8, 0.2, True)):
        beta, sigma = 2.0, 0.05
        eta = ba * (1 - m) / beta
        witness = find(m, nesterov, beta * eta, eta * sigma**2, 1.0)
        assert witness is not None
        found.append((witness, m, nesterov, beta, eta, sigma))
    return found


def disagreements() -> list[str]:
    """Where the recheck of the forms differs from the proof's, which is written otherwise."""
    found = []
    for witness, m, nesterov, beta, eta, sigma in witnesses():
        smooth = Fraction(beta) * Fraction(eta)
        stiff = Fraction(eta) * Fraction(sigma) ** 2
        one = witness.least_pivot(m, nesterov, smooth, stiff)
        two = quadratic.smallest_pivot(claim_of(witness, m, nesterov, beta, eta, sigma))
        if Fraction(int(two.p), int(two.q)) != one or not two > 0:
            found.append(f"{float(one)} and {float(two.p) / float(two.q)}")
        for more in (replace(witness, k=1.01 * witness.k), replace(witness, omega=1.01 * witness.omega)):
            if quadratic.smallest_pivot(claim_of(more, m, nesterov, beta, eta, sigma)) > 0:
                found.append("a witness that says more")
    rng = np.random.default_rng(0)
    for _ in range(20):
        m = float(rng.uniform(0.1, 0.9))
        q = float(m**0.5 + (1 - m**0.5) * rng.uniform(0.1, 0.9))
        ends = sorted(rng.uniform((1 - m**0.5) ** 2 + 0.02, (1 + m**0.5) ** 2 - 0.02, 2))
        at_ = Spectrum(m, q, float(ends[0]), float(ends[1]))
        squares = at_.squares()
        for name in (None, *squares):
            changed = squares if name is None else {**squares, name: squares[name] * 0.99}
            both = all(
                accelerated.gains_hold(
                    quadratic.rational(m), quadratic.rational(q), quadratic.rational(float(kap)),
                    {n: quadratic.rational(v) for n, v in changed.items()},
                )
                for kap in ends
            )  # fmt: skip
            off = changed["gradient_to_buffer"] * (q - m) ** 2 >= q * q
            if (both and off) is not at_.holds(changed):
                found.append(f"{name} at m = {m}, q = {q}, {ends}")
    return found


MUTANTS = [
    Mutant("Delta without w", quadratic, "forms_of", "(1 + al) * p - al", "al * p - al", ""),
    Mutant("Nesterov without its step", quadratic, "forms_of", "- al * q_ - tau * r", "- al * q_", ""),
    Mutant("the buffer without m", quadratic, "forms_of", "(-tau, m, zero)", "(-tau, one, zero)", ""),
    Mutant("the gradient at w", quadratic, "forms_of", "(one, zero, one)", "(one, zero, zero)", ""),
    Mutant("no energy before", quadratic, "forms_of", "_square(d, d, weight / 2, into)", "pass", ""),
    Mutant("no energy after", quadratic, "forms_of", "_square(after, after, -weight / 2, into)", "pass", ""),
    Mutant("nothing asked of the path", quadratic, "forms_of", "smooth + k * q, k / q", "smooth, k / q", ""),
    Mutant("half of omega", quadratic, "forms_of", "2 * omega * tau", "omega * tau", ""),
    Mutant("sig unknown", quadratic, "forms_of", "-pull * weight * stiff / 2", "0 * pull", ""),
    Mutant("e without al", quadratic, "forms_of", "(al * smooth) ** 2", "smooth ** 2", ""),
    Mutant("the largest minor", quadratic, "smallest_minor_ratio", "min(first, second", "max(first, second", ""),
    Mutant("no discriminant", accelerated, "nowhere_negative", "b * b <= 4 * a * c", "b * b <= 8 * a * c", ""),
    Mutant("be", accelerated, "gains_hold", "1 + m - kap", "1 - kap", ""),
    Mutant("P without B", accelerated, "gains_hold", "be**2 + half_difference**2", "be**2", ""),
    Mutant("through m", accelerated, "gains_hold", "q * q + m * m, 2 * m * q", "q * q + m * m, m * q", ""),
    Mutant("back", accelerated, "gains_hold", "q * q + 1, 2 * q", "q * q, 2 * q", ""),
    Mutant("S_1", accelerated, "gains_hold", "be * p / (1 + m * p)", "be * p", ""),
    Mutant("free residual", accelerated, "gains_hold", "1 + m * m * p - 2 * m * ratio", "1 - 2 * m * ratio", ""),
    Mutant("free buffer", accelerated, "gains_hold", "free_buffer = kap * s_0", "free_buffer = s_0 / 2", ""),
]  # fmt: skip


def test_both_codes_agree_to_the_last_digit():
    assert disagreements() == []


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_wrong_recheck_is_noticed(monkeypatch, mutant):
    mutant.plant(monkeypatch)
    assert disagreements()


def test_a_certificate_survives_its_own_files(tmp_path: Path) -> None:
    target = tmp_path / "a.cert.json"
    made("M2").save(target)
    assert recheck(target).code == ACCEPTED
