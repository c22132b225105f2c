"""The kernel under attack: whatever is not a proof is rejected."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from pltheory.theory import formulas
from proofs_checks import kernel
from proofs_checks.claims import load
from proofs_checks.language import (
    LEAST,
    ROOT,
    Assume,
    Cases,
    Cert,
    Cited,
    Claim,
    Define,
    Induction,
    Rel,
    Use,
    eq,
    ge,
    gt,
    said,
    shipped,
    term,
)

x, y, z, t = sp.symbols("x y z t")


def claim(hypotheses, steps, conclusions, **more):
    return Claim("test", "", "", "", "", hypotheses, tuple(steps), conclusions, **more)


def accepted(*args, **more):
    try:
        kernel.check(claim(*args, **more))
    except kernel.Rejected:
        return False
    return True


SQUARE = Cert("g", ge(x**2 + y**2, 2 * x * y), sum=(term(sq=(x - y,)),))


def test_a_square_is_accepted():
    assert accepted({}, [SQUARE], {"g": SQUARE.goal})


@pytest.mark.parametrize(
    "steps",
    [
        [replace(SQUARE, sum=(term(sq=(x + y,)),))],
        [replace(SQUARE, sum=(term(c=-1, sq=(x - y,)),))],
        [replace(SQUARE, sum=(term(sq=(x - y,)), term(c=sp.Rational(1, 10**9))))],
        [replace(SQUARE, sum=())],
        [replace(SQUARE, goal=gt(x**2 + y**2, 2 * x * y))],
        [replace(SQUARE, goal=eq(x**2 + y**2, 2 * x * y))],
        [replace(SQUARE, goal=Rel((x - y) ** 2, "<="))],
        [replace(SQUARE, goal=Rel((x - y) ** 2, "holds"))],
        [replace(SQUARE, sum=((0.5, (), (x - y,)), (0.5, (), (x - y,))))],
        [replace(SQUARE, sum=((sp.pi, (), (x - y,)),))],
        [replace(SQUARE, sum=((sp.sqrt(2) ** 2 - 1 + 0 * sp.I, ("nothing",), (x - y,)),))],
    ],
)
def test_tampered_certificates(steps):
    assert not accepted({}, steps, {})


def test_unlisted_and_misnamed_facts():
    goal = ge(x * y)
    steps = [Cert("g", goal, sum=(term("x>=0", "y>=0"),))]
    assert accepted({"x>=0": ge(x), "y>=0": ge(y)}, steps, {"g": goal})
    assert not accepted({"x>=0": ge(x)}, steps, {"g": goal})
    assert not accepted({"x>=0": ge(x), "y>=0": eq(y, 1)}, steps, {"g": goal})


def test_a_name_cannot_be_taken_twice():
    assert not accepted({"x>=0": ge(x)}, [Cert("x>=0", ge(x**2), sum=(term(sq=(x,)),))], {})


def test_multipliers_must_be_strict():
    goal = ge(x)
    steps = [Cert("g", goal, sum=(term("xy"),), times=("y",))]
    assert accepted({"y": gt(y), "xy": ge(x * y)}, steps, {"g": goal})
    assert not accepted({"y": ge(y), "xy": ge(x * y)}, steps, {"g": goal})


def test_equations_need_a_strict_multiplier_too():
    steps = [Cert("g", eq(x), times=("y",), mod={"xy": 1})]
    assert accepted({"y": gt(y), "xy": eq(x * y)}, steps, {"g": eq(x)})
    assert not accepted({"y": ge(y), "xy": eq(x * y)}, steps, {"g": eq(x)})
    assert not accepted({"xy": ge(x * y)}, [Cert("g", eq(x * y), mod={"xy": 1})], {})


def test_strict_goals_need_a_strict_term():
    assert accepted({"x": gt(x)}, [Cert("g", gt(2 * x), sum=(term("x", c=2),))], {})
    assert not accepted({"x": ge(x)}, [Cert("g", gt(2 * x), sum=(term("x", c=2),))], {})
    assert not accepted({"x": gt(x)}, [Cert("g", gt(y**2), sum=(term("x", c=0), term(sq=(y,))))], {})
    assert not accepted({"x": gt(x)}, [Cert("g", gt(x * y**2), sum=(term("x", sq=(y,)),))], {})


def test_denominators_must_be_positive():
    goal = ge(1 / x)
    assert accepted({"x": gt(x)}, [Cert("g", goal, sum=(term(),), times=("x",))], {"g": goal})
    assert not accepted({"x": ge(x)}, [Cert("g", goal, sum=(term(sq=(1 / x,)),))], {})
    assert not accepted({}, [Cert("g", ge(1 / x**2), sum=(term(sq=(1 / x,)),))], {})
    assert not accepted({"x": gt(-x)}, [Cert("g", goal, sum=(term(sq=(1,)),), times=())], {})
    assert not accepted({"h": ge(y / x)}, [], {})
    assert not accepted({"h": gt(1 / x)}, [], {})
    # x > 0 says nothing of x - 1.
    assert not accepted({"x": gt(x)}, [Cert("g", ge(1 / (x - 1) ** 2), sum=(term(sq=(1 / (x - 1),)),))], {})
    # A denominator in a cofactor counts too, although it cancels.
    assert not accepted({"e": eq(y)}, [Cert("g", eq(x * y / x), mod={"e": x / x * z / z + 0 / t})], {"g": eq(y, 1)})
    assert not accepted({"e": eq(y * z)}, [Cert("g", eq(y), mod={"e": 1 / z})], {})


@pytest.mark.parametrize(
    "e",
    [
        sp.Float(0.5) * x**2,
        sp.sqrt(x) ** 3,
        sp.exp(x) ** 2,
        sp.Abs(x),
        sp.pi * x**2,
        sp.I * x,
        sp.Max(x, 0),
        x ** sp.Rational(2, 3),
        x**y,
        sp.Function("unknown")(x),
        sp.Function("Arithmetic")(x),
        sp.Function("FLOATS")(x),
        sp.oo * x,
        sp.nan,
        sp.zoo,
    ],
)
def test_what_is_not_rational_over_q(e):
    assert not accepted({}, [Cert("g", ge(e), sum=(term(sq=(x,)),))], {})
    assert not accepted({"h": Rel(sp.sympify(e), ">=")}, [], {})


@pytest.mark.parametrize("s", [sp.Symbol("x", positive=True), sp.Symbol("x", real=True), sp.Dummy("x")])
def test_symbols_carry_no_assumptions(s):
    assert not accepted({"h": ge(s)}, [], {})


def test_python_floats_and_strings_are_refused():
    assert not accepted({}, [Cert("g", Rel(sp.sympify(0.5), ">"), sum=(term(c="1/2"),))], {})
    with pytest.raises((kernel.Rejected, sp.SympifyError)):
        kernel.check(claim({}, [replace(SQUARE, sum=(("1", (), (x - y,)),))], {}))


def test_define_root():
    root = ROOT(x)
    use = Cert("g", ge(root**2, x), mod={"u/square": 1})
    u = sp.Symbol("u")
    assert accepted({"x": ge(x)}, [Define(u, root), use], {"g": ge(ROOT(x) ** 2, x)})
    assert not accepted({}, [Define(u, root), use], {})
    assert not accepted({"x": ge(x)}, [use], {})
    # A name that something has spoken of would be a hypothesis in disguise.
    assert not accepted({"x": ge(x), "u": ge(u, 5)}, [Define(u, root)], {})
    assert not accepted({"x": ge(x)}, [Define(x, root)], {})
    assert not accepted({"x": ge(x)}, [Define(x + 1, root)], {})
    assert not accepted({"x": ge(x)}, [Define(u, sp.sqrt(x))], {})


def test_a_defined_name_cannot_escape_into_the_conclusion():
    u = sp.Symbol("u")
    steps = [Define(u, ROOT(x))]
    assert not accepted({"x": ge(x)}, steps, {"g": ge(u)})
    assert accepted({"x": ge(x)}, steps, {"g": ge(u)}, exists=(u,))


def test_define_least_is_not_a_third_value():
    u = sp.Symbol("u")
    steps = [Define(u, LEAST(x, y)), Cert("g", ge(u, x), mod={"u/either": 1})]
    assert not accepted({}, steps, {})


def test_cases_need_both_branches():
    goal = ge(x**2, x)
    low = Cert("l", goal, sum=(term("c", sq=(x,)), term(sq=(x,))))
    assert not accepted({}, [Cases("c", goal, on=-x, left=(low,), right=())], {})
    assert not accepted({}, [Cases("c", goal, on=-x, left=(), right=())], {})
    # Facts of a branch stay there.
    both = Cases(
        "c",
        ge(x**2),
        on=x,
        left=(Cert("s", ge(x**2), sum=(term(sq=(x,)),)),) * 1,
        right=(Cert("s", ge(x**2), sum=(term(sq=(x,)),)),),
    )
    assert accepted({}, [both], {"g": ge(x**2)})
    assert not accepted({}, [both], {"g": ge(x)})
    assert not accepted({}, [both, Cert("t", ge(x), sum=(term("s"),))], {})


def test_zero_product_needs_the_factors():
    goal = ge(x)
    branch = (Cert("g", goal, mod={"c": 1}),)
    assert not accepted({"e": eq(x * y)}, [Cases("c", goal, on=(x, x), zero="e", left=branch, right=branch)], {})
    assert not accepted({"e": ge(x * y)}, [Cases("c", goal, on=(x, y), zero="e", left=branch, right=branch)], {})
    assert not accepted({"e": eq(x * y)}, [Cases("c", goal, on=(x, y), zero="e", left=branch, right=())], {})


LEMMA = Cited("lemma", "analysis", "", {"h": ge(x)}, {"c": ge(t, x)}, exists=(t,))


def test_lemmas_need_their_hypotheses_and_fresh_witnesses():
    assert accepted({"y": ge(y)}, [Use("l", LEMMA, {x: y})], {"c": ge(t, y)}, exists=(t,))
    assert not accepted({}, [Use("l", LEMMA, {x: y})], {})
    assert not accepted({"y": ge(-y)}, [Use("l", LEMMA, {x: y})], {})
    assert not accepted({"y": ge(y)}, [Use("l", LEMMA, {x: y, t: y})], {})
    assert not accepted({"y": ge(y), "t": ge(t)}, [Use("l", LEMMA, {x: y})], {})
    assert not accepted({"y": ge(y)}, [Use("l", LEMMA, {x: y, t: y + 1})], {})
    # The witness of one instance is not that of another.
    twice = [Use("l", LEMMA, {x: y}), Use("k", LEMMA, {x: y})]
    assert not accepted({"y": ge(y)}, twice, {})
    # A universal symbol of the lemma must not be captured by its witness.
    bad = Cited("bad", "analysis", "", {}, {"c": gt(t, z)}, exists=(t,))
    assert not accepted({}, [Use("l", bad, {t: z})], {})
    assert not accepted({}, [Use("l", bad, {z: t})], {})


def test_a_false_claim_cannot_be_used():
    false = claim({}, [], {"c": ge(x)})
    assert not accepted({}, [Use("l", false)], {"g": ge(x)})


def test_propositions_match_word_for_word():
    lemma = Cited("lemma", "analysis", "", {"h": said("{0} lies in S", x)}, {"c": ge(x)})
    assert accepted({"h": said("{0} lies in S", y)}, [Use("l", lemma, {x: y})], {"g": ge(y)})
    assert not accepted({"h": said("{0} lies in T", y)}, [Use("l", lemma, {x: y})], {})
    assert not accepted({"h": said("{0} lies in S", z)}, [Use("l", lemma, {x: y})], {})


def _decay(**changes):
    """a_{t+1} <= a_t/2 gives a_t <= a_0."""
    a, a0, a1 = sp.symbols("a a0 a1")
    parts = {
        "process": {"half": ge(a, 2 * a1), "a1>=0": ge(a1)},
        "state": {a: (a0, a1)},
        "invariant": {"inv": ge(a0, a), "a>=0": ge(a)},
        "base": (Cert("0", ge(sp.Integer(0))),),
        "step": (Cert("s", ge(a0, a1), sum=(term("inv"), term("half", c="1/2"), term("a>=0", c="1/2"))),),
        "conclusions": {"g": ge(a0, a)},
    } | changes
    induction = Induction(parts["state"], parts["invariant"], parts["base"], parts["step"])
    return accepted(
        {"a0": ge(a0), **parts.get("more", {})}, [induction], parts["conclusions"], process=parts["process"]
    )


def test_induction():
    a, a0, a1, h = sp.symbols("a a0 a1 h")
    assert _decay()
    assert not _decay(process={"a1>=0": ge(a1)})
    assert not _decay(step=())
    assert not _decay(base=())
    assert not _decay(conclusions={"g": ge(a0, 2 * a)})
    # The next state must be what the process says, not a witness of the step's own proof.
    assert not _decay(state={a: (a0, z)}, step=(Cert("s", ge(a0, z), sum=()),))
    # A hypothesis about the generic state would be one about every t.
    assert not _decay(more={"a small": ge(a0, a)})
    # An invariant must not speak of what changes with t without being state.
    assert not _decay(
        process={"half": ge(a, 2 * a1), "a1>=0": ge(a1), "h": ge(h, 1)},
        invariant={"inv": ge(a0, a), "a>=0": ge(a), "h": ge(h, 1)},
    )


def test_process_claims_cannot_be_instantiated():
    theorem = next(c for c in load() if c.name == "theorem_a")
    assert not accepted(dict(theorem.hypotheses), [Use("a", theorem)], {})


def test_assume_only_what_is_listed():
    assert not accepted({}, [Assume("R")], {})


def test_shipped_refuses_other_functions():
    def decrease(beta, h):
        return h

    with pytest.raises(ValueError, match="not a formula"):
        shipped(decrease)
    assert shipped(formulas.decrease)(x, y).func.__name__ == "decrease"


@pytest.mark.slow
def test_every_certificate_coefficient_matters():
    """Flip or change, one at a time, a coefficient of every certificate of every claim: all are rejected."""
    rng, tried = random.Random(3), 0
    for c in load():
        indices = [i for i, s in enumerate(c.steps) if isinstance(s, Cert) and s.sum]
        for i in rng.sample(indices, min(2, len(indices))):
            step = c.steps[i]
            j = rng.randrange(len(step.sum))
            coefficient, facts, squares = step.sum[j]
            for new in (-coefficient, coefficient + sp.Rational(1, 7), sp.Float(coefficient)):
                changed = (*step.sum[:j], (new, facts, squares), *step.sum[j + 1 :])
                steps = (*c.steps[:i], replace(step, sum=changed), *c.steps[i + 1 :])
                tried += 1
                with pytest.raises(kernel.Rejected):
                    kernel.check(replace(c, steps=steps))
    assert tried > 80


# -- random statements with known answers

coefficients = st.integers(-4, 4)
polynomials = st.builds(
    lambda cs: sum((c * m for c, m in zip(cs, (1, x, y, x * y, x**2, y**2), strict=True)), sp.Integer(0)),
    st.lists(coefficients, min_size=6, max_size=6),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(polynomials, min_size=1, max_size=3), st.integers(0, 5), polynomials)
def test_random_sums_of_squares(squares, constant, other):
    """c + sum of squares >= 0 is accepted with its certificate, and with nothing else's."""
    total = sp.expand(constant + sum(q**2 for q in squares))
    certificate = (*[term(sq=(q,)) for q in squares], term(c=constant))
    assert accepted({}, [Cert("g", ge(total), sum=certificate)], {"g": ge(total)})
    changed = sp.expand(total - other**2)
    assert accepted({}, [Cert("g", ge(changed), sum=certificate)], {}) == (sp.expand(other) == 0)


@settings(max_examples=60, deadline=None)
@given(polynomials, polynomials, st.fractions(-3, 3), st.fractions(-3, 3))
def test_nothing_false_is_accepted(p, q, at_x, at_y):
    """Whatever certificate is offered from p >= 0, q > 0: if accepted, the goal holds where the facts do."""
    goal = sp.expand(p * q + q**2 * x**2 - p)
    offered = [(term("p", "q"), term(sq=(q * x,))), (term("p", "q"),), (term("p"), term("q", sq=(x,)))]
    point = {
        x: sp.Rational(*Fraction(at_x).as_integer_ratio()),
        y: sp.Rational(*Fraction(at_y).as_integer_ratio()),
    }
    for certificate in offered:
        if accepted({"p": ge(p), "q": gt(q)}, [Cert("g", ge(goal), sum=certificate)], {}):
            meets = p.subs(point) >= 0 and q.subs(point) > 0
            assert not meets or goal.subs(point) >= 0


@settings(max_examples=40, deadline=None)
@given(polynomials, polynomials)
def test_equations_modulo_an_equation(p, q):
    e = sp.expand(p * (x * y - 1) + q)
    ok = accepted({"e": eq(x * y, 1)}, [Cert("g", eq(e, q), mod={"e": p})], {"g": eq(e, q)})
    assert ok
    wrong = accepted({"e": eq(x * y, 1)}, [Cert("g", eq(e + 1, q), mod={"e": p})], {})
    assert not wrong
