"""Theorem D: the distance of the computed from the exact trajectory stays below the error recursion."""

import sympy as sp

from ..cited import PERTURBED_STEP
from ..language import Cert, Claim, Induction, Mutant, Use, ge, term
from ..notation import apart, d, lip, rho, w, w1

apart1, bound, bound1, exact, exact1 = sp.symbols("apart1 bound bound1 exact exact1")


def _diverges():
    """On the line both steps are x -> 2 x, one of them with error 1: after two steps the distance is 3, not 2."""
    distance = 0
    for _ in range(2):
        distance = 2 * distance + 1
    return distance > 2


def _mutants(c):
    yield Mutant(
        "errors added up without expansion",
        c.but(process={**c.process, "recursion": ge(bound1, bound + rho)}),
        _diverges,
    )


CLAIM = Claim(
    name="trajectory_error",
    title="error recursion of a computed trajectory",
    statement=r"If $\epsilon_0 = 0$, the computed step errs by at most $\rho_t$, the exact step expands distances on"
    r" the ball about the computed point by at most $\mathrm{Lip}_t$, and $\epsilon_{t+1} \ge"
    r" \mathrm{Lip}_t\,\epsilon_t + \rho_t$, then the exact iterate is within $\epsilon_t$ of the computed one for"
    r" every t.",
    source="theory section 4, Theorem D, error recursion",
    coq="PLTheory.TheoremD.trajectory_error",
    hypotheses={"0>=0": ge(sp.Integer(0))},
    process={
        "apart": apart(w, exact, d),
        "next": apart(w1, exact1, apart1),
        "lip>=0": ge(lip),
        "recursion": ge(bound1, lip * bound + rho),
        **{n: r for n, r in PERTURBED_STEP.hypotheses.items() if n not in ("apart", "next", "in the ball")},
    },
    steps=(
        Induction(
            state={
                d: (sp.Integer(0), apart1),
                bound: (sp.Integer(0), bound1),
                w: (sp.Symbol("start"), w1),
                exact: (sp.Symbol("start"), exact1),
            },
            invariant={"bound": ge(bound, d)},
            base=(),
            step=(
                Use("step", PERTURBED_STEP),
                Cert(
                    "next bound",
                    ge(bound1, apart1),
                    sum=(term("recursion"), term("step/bound"), term("lip>=0", "bound")),
                ),
            ),
        ),
    ),
    conclusions={"bound": ge(bound, d)},
    mutants=_mutants,
)
