"""From one step to all of them: the induction and the limit shared by Theorems A and A'."""

from __future__ import annotations

import sympy as sp

from ..cited import LIMIT, POWERS, STATIONARY
from ..language import LEAST, Cases, Cert, Claim, Define, Induction, Use, ge, gt, term
from ..notation import (
    G,
    P,
    Q,
    a,
    a0,
    a1,
    beta,
    contraction,
    decrease,
    delta,
    e,
    eta,
    h,
    inside,
    k,
    mu,
    rate,
    w,
    w0,
    w1,
    within,
    x,
    y,
    z,
)
from .concave_minimum import CLAIM as CONCAVE_MINIMUM
from .shared_step import NO_INCREASE

WORST = sp.Symbol("worst")
FACTOR = rate(mu, beta, eta, delta)


def _one_step(potential: sp.Expr, step: Claim) -> Cases:
    """What a step does, whether or not the loss is 0 already."""
    goals = {
        "next inside": inside(w1),
        "next distance": within(w1, P + h * G),
        "length": ge(potential * (a - a1), h * G),
        "factor": ge(contraction(mu, beta, h) * a**2, a1**2),
        "next below": ge(a0, a1),
    }
    at_zero = (
        Use("still", STATIONARY),
        *NO_INCREASE,
        Cert("length", goals["length"], mod={"still/G": -h, "still/a1": -potential}),
        Cert(
            "factor",
            goals["factor"],
            sum=(term("mu>0", "decrease>=0", "at zero", "a>=0", c=2),),
            mod={"still/a1": -(a1 + a)},
        ),
        Cert("next below", goals["next below"], sum=(term("below"),), mod={"still/a1": -1}),
    )
    moving = (
        Use("step", step),
        Cert("next below", goals["next below"], sum=(term("step/below"),)),
    )
    return Cases("at zero", goals, on=-a, left=at_zero, right=moving)


def run(potential: sp.Expr, step: Claim) -> tuple:
    """Steps from the constants, "path constant" (potential >= 0), "R" to the theorem's conclusions.

    Args:
        potential: k with (length of a step) <= k (a - a1).
        step: the claim about one step with a > 0.
    """
    state = {
        "inside": inside(w),
        "distance": within(w, P),
        "below": ge(a0, a),
        "path": ge(potential * (a0 - a), P),
        "decay": ge(Q * a0**2, a**2),
        "Q>=0": ge(Q),
        "q>=0": ge(FACTOR),
    }
    one_step = _one_step(potential, step)
    return (
        Define(WORST, LEAST(decrease(beta, eta * delta), decrease(beta, eta))),
        Cert("0>=0", ge(sp.Integer(0))),
        Cert("eta>=eta delta", ge(eta, eta * delta), sum=(term("eta>0", "delta<1"),)),
        Use("rate", CONCAVE_MINIMUM, {h: eta}),
        Induction(
            state={w: (w0, w1), a: (a0, a1), P: (0, P + h * G), Q: (1, FACTOR * Q)},
            invariant=state,
            base=(
                Cert("1>=0", ge(sp.Integer(1)), sum=(term(),)),
                Use("first", step, {w: w0, a: a0, P: sp.Integer(0)}),
                Use("worst first", CONCAVE_MINIMUM),
                # q L_0 >= L_1 >= 0: no hypothesis says that q is nonnegative, the first step does.
                Cert(
                    "q>=0",
                    ge(FACTOR),
                    times=("a0>0", "a0>0"),
                    sum=(term("worst first/rate", sq=(a0,)), term("first/rate"), term(sq=(a1,))),
                ),
            ),
            step=(
                one_step,
                Use("worst step", CONCAVE_MINIMUM),
                Cert("next path", ge(potential * (a0 - a1), P + h * G), sum=(term("path"), term("length"))),
                Cert(
                    "next decay",
                    ge(FACTOR * Q * a0**2, a1**2),
                    sum=(term("q>=0", "decay"), term("worst step/rate", sq=(a,)), term("factor")),
                ),
                Cert("next Q", ge(FACTOR * Q), sum=(term("q>=0", "Q>=0"),)),
            ),
        ),
        one_step,
        Use("powers", POWERS, {y: Q, e: FACTOR}),
        Use("limit", LIMIT, {k: potential, e: FACTOR, x: a, y: a1, z: a0}),
    )


PROCESS_CONCLUSIONS = {
    "inside": inside(w),
    "factor": ge(contraction(mu, beta, h) * a**2, a1**2),
    "q<1": gt(1, FACTOR),
}
"""What Theorems A and A' say alike of every t."""
