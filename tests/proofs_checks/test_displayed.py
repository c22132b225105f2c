"""Formulas of claims in the letters of a page: what is displayed is what is checked."""

import itertools
import math
import random

import pytest
import sympy as sp

from pltheory.theory import batches, formulas
from proofs_checks.claims import load
from proofs_checks.coq_text import statement
from proofs_checks.dependencies import closure, lemmas
from proofs_checks.displayed import InLetters, Letters, Shown, defined, evaluated, expression, number, related
from proofs_checks.language import Cited, Claim, ge, gt

CLAIMS = {c.name: c for c in load()}
LETTERS = Letters().extended(
    [
        r"r0: \lVert r_0\rVert",
        r"total: \int_0^R \mathrm{sig}(s)\,ds",
        "a0 = r0/sqrt(2)",
        "c = sqrt(2)",
        "a1 = sqrt(Ln)",
        "a = sqrt(Lt)",
        "Lt: L_t",
        "Ln: L_{t+1}",
    ]
)


def test_a_relation_is_displayed_with_what_is_bounded_alone():
    shown = related(CLAIMS["theorem_b"].hypotheses["ratio"], LETTERS, "r0")
    assert shown.sign == "<"
    assert shown.latex(LETTERS) == (
        r"\lVert r_0\rVert < \left(1 - \frac{\beta \, \eta}{2}\right) \, \int_0^R \mathrm{sig}(s)\,ds"
    )
    turned = related(CLAIMS["theorem_b"].conclusions["factor"], LETTERS, "Ln")
    assert turned.latex(LETTERS).startswith(r"L_{t+1} \le \left(1 - 2 \, h \, \tau^{2}")


def test_numbers_are_put_in_for_the_letters():
    shown = related(CLAIMS["theorem_b"].hypotheses["ratio"], LETTERS, "r0")
    values = {"r0": 2.0, "beta": 4.0, "eta": 0.1, "total": 3.0}
    assert shown.latex(LETTERS, values) == r"2 < \left(1 - \frac{4 \cdot 0.1}{2}\right) \cdot 3"
    assert shown.sides(values) == (2.0, pytest.approx(2.4))
    with pytest.raises(ValueError, match="no value for total"):
        shown.sides({k: v for k, v in values.items() if k != "total"})


def test_displayed_sides_are_those_of_the_claim():
    """At random points, whatever stands alone: left minus right has the sign and size of the claim's expression."""
    rng = random.Random(1)
    for name, fact, alone, times in (
        ("potential_step", "potential", "sqrt(Lt) - sqrt(phi)", "1/2"),
        ("descent_rate", "rate", "phi", "1"),
        ("theorem_a", "tail", "d", "1"),
        ("theorem_c", "mu", "", "1"),
    ):
        rel = CLAIMS[name].conclusions[fact]
        letters = LETTERS.extended(["b = sqrt(phi)", "m = sqrt(2*mu)"])
        shown = related(rel, letters, alone, times)
        letters_used = sorted((shown.left.free_symbols | shown.right.free_symbols), key=str)
        for _ in range(20):
            values = {s.name: rng.uniform(0.1, 0.9) for s in letters_used}
            left, right = shown.sides(values)
            claimed = evaluated(letters.written(rel.expr), values) * evaluated(expression(times), {})
            sign = -1 if shown.sign in ("<", r"\le") else 1
            assert math.isclose(sign * (left - right), claimed, abs_tol=1e-12)


def test_a_shipped_formula_is_written_out():
    shown = defined("rate", "q", {"mu": "tau**2"})
    values = {"tau": 0.4, "beta": 2.0, "eta": 0.3, "delta": 0.1}
    assert evaluated(shown.right, values) == pytest.approx(formulas.rate(0.16, 2.0, 0.3, 0.1))
    letters = Letters().extended([r"tau: \mathrm{sig}(\rho)"])
    assert shown.latex(letters).startswith(r"q = 1 - 2 \, \mathrm{sig}(\rho)^{2} \, \min\left(\eta \, \delta")
    with pytest.raises(ValueError, match="no formula"):
        defined("Scalar", "q", {})


def test_a_letter_stands_for_a_shipped_formula_that_is_called():
    short = {"psi": "slope_with_jumps(sigma, kappa, beta, h)"}
    rel = CLAIMS["jump_step"].conclusions["length"]
    shown = related(rel, LETTERS, short=short)
    assert {s.name for s in shown.left.free_symbols | shown.right.free_symbols} >= {"psi"}
    assert "sigma" not in {s.name for s in shown.right.free_symbols}
    values = {"sigma": 0.5, "kappa": 0.1, "beta": 2.0, "h": 0.3}
    assert evaluated(shown.short["psi"], values) == pytest.approx(formulas.slope_with_jumps(0.5, 0.1, 2.0, 0.3))
    with pytest.raises(ValueError, match="no part"):
        related(rel, LETTERS, short={"psi": "slope_with_jumps(kappa, sigma, beta, h)"})


def test_the_square_of_a_root_is_what_is_under_it():
    shown = defined("largest_share", "k", {})
    values = {"eta": 0.1, "a": 1.9, "ell": 0.2, "g": 2.0, "d": 0.3}
    assert evaluated(shown.right, values) == pytest.approx(batches.largest_share(*values.values()))
    assert r"\right)^{2}" not in shown.latex(LETTERS)


def test_formulas_of_mini_batches_are_shipped_formulas_too():
    shown = defined("seen", "kappa", {"om": "Om"})
    values = {"eta": 0.1, "delta": 0.5, "sg": 2.0, "Om": 1.25}
    assert math.isclose(evaluated(shown.right, values), batches.seen(0.1, 0.5, 2.0, 1.25))
    with pytest.raises(ValueError, match="no formula"):
        defined("halved", "x", {})


def test_brackets_roots_and_bars():
    write = InLetters(LETTERS).doprint
    assert write(expression("sqrt(2)*sqrt(x)*(1 - x)/y")) == r"\frac{\sqrt{2 \, x} \, \left(1 - x\right)}{y}"
    assert write(expression("-a*b/c")) == r"- \frac{a \, b}{c}"
    assert write(expression("(a - b)**2/3")) == r"\frac{\left(a - b\right)^{2}}{3}"
    assert write(expression("r0**2")) == r"\lVert r_0\rVert^{2}"
    assert write(expression("1 - x/2 + y")) == r"1 + y - \frac{x}{2}"
    within = InLetters(LETTERS, {"x": -0.5, "y": 3.0}).doprint
    assert within(expression("x*y")) == r"\left(-0.5\right) \cdot 3"
    assert number(4.7329e-12) == r"4.733 \cdot 10^{-12}"


@pytest.mark.parametrize("line", ["g", "a = 1 +", "a = (", "2 : x"])
def test_what_is_no_letter_is_refused(line):
    with pytest.raises(ValueError, match=r"neither|no expression"):
        Letters().extended([line])


def test_what_is_not_in_a_relation_cannot_stand_alone():
    with pytest.raises(ValueError, match="is no part of"):
        related(ge(sp.Symbol("x"), 1), Letters(), "y")
    with pytest.raises(ValueError, match="proposition"):
        related(CLAIMS["theorem_b"].conclusions["inside"], Letters())
    assert related(gt(sp.Symbol("x"), 1), Letters(), "x") == Shown(sp.Symbol("x"), ">", sp.Integer(1))


def test_every_claim_has_its_statement_in_coq():
    for claim in CLAIMS.values():
        assert claim.coq.rpartition(".")[2] in statement(claim).partition(":")[0]


def test_lemmas_come_before_what_rests_on_them():
    order = closure(CLAIMS.values())
    assert set(order) == set(CLAIMS.values())
    place = {claim: k for k, claim in enumerate(order)}
    for claim in order:
        assert all(place[u] < place[claim] for u in lemmas(claim) if isinstance(u, Claim))
    used = set(itertools.chain(*[lemmas(c) for c in order]))
    assert CLAIMS["potential_step"] in used
    assert any(isinstance(u, Cited) for u in used)


def test_a_part_of_a_relation_may_have_a_letter_of_its_own():
    rel = CLAIMS["momentum_limit"].hypotheses["k>0"]
    part = {"K": "1 - beta*r_max*(1 - m + 2*a_p)/(2 - 2*m)"}
    shown, whole = related(rel, Letters(), short=part), related(rel, Letters())
    assert (str(shown.left), shown.sign, str(shown.right)) == ("K", ">", "0")
    values = {"beta": 1.5, "r_max": 0.1, "m": 0.5, "a_p": 0.25}
    at = whole.sides(values)
    assert shown.sides(values)[0] == pytest.approx(at[0] - at[1])
    assert shown.known(values)["K"] == pytest.approx(at[0] - at[1])
    with pytest.raises(ValueError, match="is no part of"):
        related(rel, Letters(), short={"K": "1 - beta*r_max"})


def test_a_number_that_a_sum_was_multiplied_by_stands_before_the_product():
    m, x = sp.symbols("m x")
    assert InLetters(Letters()).doprint((2 - 2 * m) * x) == r"2 \, x \, \left(1 - m\right)"
    assert InLetters(Letters()).doprint((1 - m / 2) * x) == r"x \, \left(1 - \frac{m}{2}\right)"


def test_a_multiple_of_a_part_is_the_multiple_of_its_letter():
    x, y = sp.symbols("x y")
    # sympy multiplies 2 (x + y) out.
    assert str(related(ge(2 * (x + y) * x), Letters(), short={"A": "x + y"}).left) == "2*A*x"
