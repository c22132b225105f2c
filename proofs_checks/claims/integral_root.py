r"""the path stays below the root of the integral

Theorem B, the integral comparison: a path whose integral is no larger than that of rho is no longer than rho.

Let sig be a profile with $\int_0^\rho \mathrm{sig} < \int_0^R \mathrm{sig}$, $\rho \le R$. Then $\int_0^P
\mathrm{sig} \le \int_0^\rho \mathrm{sig}$ gives $P \le \rho$; $\mathrm{sig}(\rho) > 0$ and $\rho < R$.

Source: theory section 4, Theorem B. In Coq: TheoremB.path_stays_below.
"""

from ..cited import INTEGRAL_COMPARISON, PROFILE_VALUES
from ..language import Cases, Cert, Mutant, Use, ge, gt, term
from ..notation import PROFILE, P, R, area, area1, integral, rho, sigma, sp, tau, total, value, x, y
from ..samplers import profile_run
from ..statement import claim

ASSUMPTIONS = {
    "profile": PROFILE,
    "P>=0": ge(P),
    "rho>=0": ge(rho),
    "rho<=R": ge(R, rho),
    "at rho": value(rho, tau),
    "to rho": integral(rho, area1),
    "to R": integral(R, total),
    "to P": integral(P, area),
    "more": gt(total, area1),
    "no more": ge(area1, area),
    "tau>=0": ge(tau),
}

CONCLUSIONS = {"P<=rho": ge(rho, P), "tau>0": gt(tau), "rho<R": gt(R, rho)}

at_R, at_P = sp.symbols("at_R at_P")


def _between(name, low, high, area_low, area_high, at_low, at_high):
    to = {x: low, y: high, sigma: at_low, tau: at_high, area: area_low, area1: area_high}
    return Use(name, INTEGRAL_COMPARISON, to)


PROOF = (
    Cert("R>=0", ge(R), sum=(term("rho<=R"), term("rho>=0"))),
    Use("R", PROFILE_VALUES, {y: R, sigma: at_R, area: sp.Symbol("total_again")}),
    Use("P", PROFILE_VALUES, {y: P, sigma: at_P, area: sp.Symbol("area_again")}),
    _between("beyond rho", rho, R, area1, total, tau, at_R),
    Cases(
        "order",
        CONCLUSIONS["P<=rho"],
        on=rho - P,
        left=(Cert("P<=rho", CONCLUSIONS["P<=rho"], sum=(term("order"),)),),
        right=(
            Cert("rho<=P", ge(P, rho), sum=(term("order"),)),
            Cases(
                "P in the ball",
                CONCLUSIONS["P<=rho"],
                on=R - P,
                left=(
                    _between("rho to P", rho, P, area1, area, tau, at_P),
                    _between("P to R", P, R, area, total, at_P, at_R),
                    # The mean of sig up to P is no smaller than beyond, where it is positive.
                    Cert(
                        "P<=rho",
                        CONCLUSIONS["P<=rho"],
                        times=("more",),
                        sum=(
                            term("P in the ball", "rho to P/right"),
                            term("rho<=P", "P to R/left"),
                            term("rho<=R", "no more"),
                        ),
                    ),
                ),
                right=(
                    Cert("R<=P", ge(P, R), sum=(term("P in the ball"),)),
                    _between("R to P", R, P, total, area, at_R, at_P),
                    Cert(
                        "P<=rho",
                        CONCLUSIONS["P<=rho"],
                        times=("more",),
                        sum=(
                            term("rho<=P", "no more"),
                            term("rho<=P", "R to P/right"),
                            term("rho<=P", "R<=P", "P/sigma>=0"),
                        ),
                    ),
                ),
            ),
        ),
    ),
    # (R - rho) sig(rho) is at least the integral from rho to R, so neither factor is 0.
    Cases(
        "sig at rho",
        CONCLUSIONS["tau>0"],
        on=-tau,
        left=(
            Cert(
                "positive",
                CONCLUSIONS["tau>0"],
                times=("more",),
                sum=(
                    term("tau>=0", "more"),
                    term("more"),
                    term("beyond rho/left"),
                    term("sig at rho", "rho<=R"),
                ),
            ),
        ),
        right=(Cert("positive", CONCLUSIONS["tau>0"], sum=(term("sig at rho"),)),),
    ),
    Cases(
        "rho in the ball",
        CONCLUSIONS["rho<R"],
        on=rho - R,
        left=(
            Cert(
                "inside",
                CONCLUSIONS["rho<R"],
                times=("more",),
                sum=(
                    term("rho<=R", "more"),
                    term("more"),
                    term("beyond rho/left"),
                    term("rho in the ball", "tau>=0"),
                ),
            ),
        ),
        right=(Cert("inside", CONCLUSIONS["rho<R"], sum=(term("rho in the ball"),)),),
    ),
)


def _flat_profile():
    """sig = 1 on [0, 1], 0 beyond: rho = 1 and P = 2 have the same integral; R = 3 has no larger one."""

    def below(t):
        return min(t, 1)

    return below(2) <= below(1) and below(3) == below(1) and 2 > 1


def _mutants(c):
    yield Mutant("the integral to R may equal that to rho", c.but(drop=("more",)), _flat_profile)


def _numbers(rng):
    for p in profile_run(rng):
        yield {**p, "area1": p["area_rho"]}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, numbers=_numbers)
