"""The theorems of Coq are those that ship: certificates of Theorem D meet the hypotheses of `theorem_D_certified`.

Documentation names each of them, and models show that the hypotheses of A, B and D can be met.
"""

import dataclasses
import re
from functools import reduce
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from flint import arb, ctx

from pltheory.certification.trajectory import certify_trajectory
from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.theory.arithmetic import Arithmetic
from pltheory.theory.formulas import effective_delta, expansion_band, expansion_constant, rate, slack, smoothness
from proofs_checks.coq_generated import FOLDER
from proofs_checks.coq_status import status

README = (FOLDER / "README.md").read_text()
PAGE = (Path(__file__).parents[2] / "docs/derivations/trajectory.md").read_text()
ASSUMPTIONS = (FOLDER / "Assumptions.v").read_text()


def no_norm(rows):
    raise AssertionError("no formula here has a matrix")


BALLS = Arithmetic(lambda x: arb(x).sqrt(), lambda x, y: arb(x).min(arb(y)), lambda x, y: arb(x).max(arb(y)), no_norm)


def record_fields(name: str) -> list[str]:
    """The fields of a record of Certified.v."""
    body = re.search(
        rf"^Record {name} .*?:= \{{(.*?)\}}\.", (FOLDER / "Certified.v").read_text(), re.DOTALL | re.MULTILINE
    )
    assert body is not None
    return re.findall(r"^  (\w+) :", body[1], re.MULTILINE)


# -- the numbers of a certificate, against the hypotheses of the theorem, in ball arithmetic of 200 bits


def violated_in_step(found, t: int) -> list[str]:
    """Which hypotheses of `checked_step`, and of the recursion, the numbers of step t do not meet."""
    r = found.records[t]
    scale = arb(found.scale.numerator) / found.scale.denominator
    eta, gamma, delta = arb(found.eta), arb(found.gamma), arb(found.delta)
    if not gamma.is_finite():  # delta = 1, and then any gamma
        gamma, delta = arb(1), arb(1)
    beta, nu, factor = arb(r.beta), scale * r.curvature, arb(r.factor)
    low, high = arb(r.gradient.lo), arb(r.gradient.hi)
    after = found.records[t + 1].eps if t + 1 < found.steps else found.eps
    least = BALLS.maximum(low, gamma)
    fields = {
        "cs_signs": arb(0) <= nu and nu <= beta and arb(0) <= factor,
        "cs_spectrum": scale * smoothness(r.curvature, arb(r.lipschitz), 1) <= beta,
        "cs_full": low > gamma or expansion_constant(eta, beta, nu, BALLS) <= factor,
        "cs_floor": delta * high < gamma or expansion_constant(eta * delta, beta, nu, BALLS) <= factor,
        "cs_band": high <= gamma
        or delta * low >= gamma
        or delta >= 1
        or expansion_band(BALLS.minimum(eta, eta * gamma / least), beta, nu, BALLS) <= factor,
        "recursion": factor * r.eps + r.rho <= arb(after),
    }
    return [name for name, met in fields.items() if not met]


def violated_at_end(found) -> list[str]:
    """Which hypotheses of `checked_end` and of the theorem, or conclusions, the last numbers do not meet."""
    b = found.basin
    scale = arb(found.scale.numerator) / found.scale.denominator
    eta, gamma, delta = arb(found.eta), arb(found.gamma), arb(found.delta)
    if not gamma.is_finite():
        gamma, delta = arb(1), arb(1)
    grid, sig = [arb(g) for g in b.grid], [arb(s) for s in b.sig]
    reached = max(i for i, g in enumerate(grid) if g <= arb(b.eps) + b.rho)
    widths = [q - p for p, q in pairwise(grid)]
    cells = [width * s for width, s in zip(widths, sig[1:], strict=True)]
    beta = smoothness(arb(b.residual), arb(b.lipschitz), arb(b.ell))
    left = slack(beta, scale * eta)
    floor = effective_delta(gamma, delta, scale * b.lipschitz * b.residual, BALLS)
    fields = {
        "ce_signs": arb(0) <= b.eps and grid[-1] > b.eps,
        "ce_table": arb(b.eps) <= grid[0] and all(width >= 0 for width in widths) and min(sig) >= 0,
        "ce_beta": beta > 0 and left > 0,
        "ce_slack": arb(b.residual) < left * sum(cells),
        "ce_path": arb(b.residual) <= left * sum(cells[:reached]),
        "ce_mu": arb(0) < b.mu and arb(b.mu) <= sig[reached] ** 2,
        "floor": arb(b.floor) <= floor,
        "rate": rate(scale * b.mu, scale * beta, eta, floor, BALLS) <= arb(b.rate),
        "distance": arb(found.displacement) + b.eps + b.rho <= arb(found.distance),
    }
    return [name for name, met in fields.items() if not met]


def problem(width: int, loss: str, pull: float) -> Problem:
    generator = torch.Generator().manual_seed(8)
    x = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    y = pull * torch.randn(3, 1, generator=generator, dtype=torch.float64)
    return Problem(fully_connected([3, width, 1], activation="tanh", seed=1), x, y, loss)


SETTINGS = {
    "all branches": (8, "sum", 3.0, DeltaGClipSettings("0.9/beta", 1.2, 0.7)),
    "gclip": (64, "sum", 1.0, GClipSettings("0.9/beta", 0.5)),
    "delta-gclip": (64, "mean", 1.0, DeltaGClipSettings("0.9/beta", 0.2, 0.1)),
    "gd": (64, "sum", 1.0, GradientDescentSettings("0.9/beta")),
}


@pytest.fixture(scope="module", params=SETTINGS)
def certificate(request):
    width, loss, pull, settings = SETTINGS[request.param]
    return request.param, certify_trajectory(problem(width, loss, pull), settings, steps_limit=400)


@pytest.fixture(autouse=True)
def precise():
    before, ctx.prec = ctx.prec, 200
    yield
    ctx.prec = before


@pytest.mark.slow
def test_numbers_of_a_certificate_meet_the_hypotheses(certificate):
    name, found = certificate
    assert found.steps >= 3
    assert {t: bad for t in range(found.steps) if (bad := violated_in_step(found, t))} == {}
    if name == "all branches":
        assert {b for r in found.records for b in r.branches} == {"full", "band", "floor"}
    else:
        assert found.status == "CERTIFIED", found.obstruction
        assert violated_at_end(found) == []


@pytest.mark.slow
def test_smaller_numbers_do_not(certificate):
    """Every number that the hypotheses bound from below is too small once a little is taken off."""
    name, found = certificate
    at = found.steps - 1
    assert violated_in_step(dataclasses.replace(found, eps=found.eps * (1 - 1e-9)), at) == ["recursion"]
    for field, broken in (("factor", "cs_"), ("beta", "cs_spectrum")):
        smaller = dataclasses.replace(found.records[at], **{field: getattr(found.records[at], field) * (1 - 1e-9)})
        bad = violated_in_step(dataclasses.replace(found, records=(*found.records[:at], smaller)), at)
        assert any(b.startswith(broken) for b in bad), (field, bad)
    if name == "all branches":
        return
    b = found.basin
    for field, value, broken in (
        ("rho", 0.5 * b.rho, "ce_path"),
        ("mu", b.mu * (1 + 1e-9), "ce_mu"),
        ("rate", b.rate * (1 - 1e-9), "rate"),
        ("residual", b.available, "ce_slack"),
    ):
        assert broken in violated_at_end(dataclasses.replace(found, basin=dataclasses.replace(b, **{field: value})))


# -- what documentation says of the theorem


def test_every_hypothesis_has_its_line_of_code():
    fields = [*record_fields("checked_step"), *record_fields("checked_end")]
    assert {"cs_band", "ce_slack"} <= set(fields)
    assert [f for f in fields if f"`{f}`" not in PAGE] == []


HOMES = {
    "recheck": "pltheory.rechecker",
    **{name: f"pltheory.certification.{name}" for name in ("trajectory", "certificate", "conclusion", "stored")},
}


def test_the_lines_of_code_exist():
    table = [line for line in PAGE.splitlines() if line.startswith("|") and "`" in line]
    named = {n for line in table for n in re.findall(rf"`((?:{'|'.join(HOMES)})\.[\w.]+)`", line)}
    assert len(named) > 20
    for name in sorted(named - {"trajectory.eps"}):
        home, *parts = name.split(".")
        depth = 1 if home in ("trajectory", "recheck") else 0
        module = import_module(".".join([HOMES[home], *parts[:depth]]))
        assert callable(reduce(getattr, parts[depth:], module)), name


def hand_written() -> list[str]:
    """PLTheory.Module.theorem for every theorem in the README's table."""
    rows, module, found = README.split("## The theorems")[1].split("\n## ")[0].splitlines(), "", []
    for row in rows:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        if len(cells) < 4 or "`" not in cells[0]:
            continue
        module = cells[1].removesuffix(".v") or module
        names = re.findall(r"`(\w+)`", cells[0])
        names = [names[0] + n if n.startswith("_") else n for n in names]
        found += [f"PLTheory.{module}.{n}" for n in names if ".." not in cells[0]]
    return found


@pytest.mark.parametrize("theorem", hand_written())
def test_theorems_of_the_readme_are_there_and_their_assumptions_printed(theorem):
    assert status(theorem) != "no such theorem"
    assert re.search(rf"@{theorem.split('.')[-1]}\b", ASSUMPTIONS)


def test_hypotheses_of_a_b_and_d_can_be_met():
    named = hand_written()
    for model in ("hypotheses_A_can_hold", "hypotheses_B_can_hold", "hypotheses_D_can_hold"):
        assert any(n.endswith(f".{model}") for n in named)
    for instance, theorem in (
        ("theorem_B_has_instances", "theorem_B_effective"),
        ("theorem_D_has_instances", "theorem_D_certified"),
    ):
        proof = re.search(
            rf"^Theorem {instance} .*?^Qed\.", (FOLDER / "Models.v").read_text(), re.DOTALL | re.MULTILINE
        )
        assert proof is not None
        assert theorem in proof[0]
