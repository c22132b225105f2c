"""The no-exit argument, once for every theorem: one step of positive length stays in S.

The theorems differ in how they bound the length of a step up to s by the fall of a potential, k (a - b_s);
the argument that the step does not leave S is the same, so it is written here and each claim passes its own
bound.
"""

from __future__ import annotations

from collections.abc import Callable

from ..cited import CONTINUATION, LAST_POINT, PL_AT_A_POINT
from ..language import Cert, Use, eq, ge, gt, term
from ..notation import (
    G,
    P,
    R,
    a,
    a0,
    a1,
    b,
    beta,
    curvature,
    decrease,
    delta,
    eta,
    gradient,
    h,
    inside,
    level,
    m,
    moved,
    mu,
    pl_star,
    s,
    slack,
    w,
    w0,
    w1,
    within,
    x,
    y,
)
from .monotone_root import CLAIM as MONOTONE_ROOT

CONSTANTS = {
    "mu>0": gt(mu),
    "m>0": gt(m),
    "m^2": eq(m**2, 2 * mu),
    "beta>0": gt(beta),
    "eta>0": gt(eta),
    "delta>0": gt(delta),
    "slack>0": gt(slack(beta, eta)),
    "a0>0": gt(a0),
    "hess": curvature(beta),
    "pl": pl_star(mu),
    "start": level(w0, a0),
}
"""What is fixed along the run."""

STATE = {"inside": inside(w), "distance": within(w, P), "below": ge(a0, a)}
"""What holds at every iterate, beside the bound on the path."""

STEP = {
    "level": level(w, a),
    "gradient": gradient(w, G),
    "moved": moved(w, h, w1),
    "next level": level(w1, a1),
    "G>=0": ge(G),
    "a>=0": ge(a),
    "a1>=0": ge(a1),
    "h>=eta delta": ge(h, eta * delta),
    "h<=eta": ge(eta, h),
}
"""One step: names for what it starts from and leads to, and its interval (A3)."""

POSITIVE_STEP = (
    Cert("h>0", gt(h), sum=(term("h>=eta delta"), term("eta>0", "delta>0"))),
    Cert("h>=0", ge(h), sum=(term("h>0"),)),
)
"""A step is positive."""

NO_INCREASE = (
    *POSITIVE_STEP,
    Cert(
        "decrease>=0",
        ge(decrease(beta, h)),
        sum=(term("h>=0", "slack>0"), term("beta>0", "h>=0", "h<=eta", c="1/2")),
    ),
)
"""And its guaranteed decrease nonnegative."""


def arrives(descent: str) -> tuple:
    """Steps from a > 0, G > 0, "far" (LAST_POINT), "s>=0", "s<=eta", "strictly inside" and the descent up to s to
    "arrive/inside", "arrive/distance", "arrive/same end".

    Args:
        descent: the lemma's use that proves "descent/descent" for the segment up to s.
    """
    return (
        Cert(
            "partial decrease>0",
            gt(decrease(beta, s)),
            sum=(term("far/s>0", "slack>0"), term("beta>0", "s>=0", "s<=eta", c="1/2")),
        ),
        Cert("a0+b>0", gt(a0 + b), sum=(term("a0>0"), term("far/b>=0"))),
        Cert(
            "strictly below",
            gt(a0, b),
            times=("a0+b>0",),
            sum=(
                term(f"{descent}/descent"),
                term("partial decrease>0", "G>0", "G>0"),
                term("below", "below"),
                term("below", "a>0", c=2),
            ),
        ),
        Use("arrive", CONTINUATION),
    )


def stays(bound: Callable) -> tuple:
    """Steps from a > 0, the constants, the state and "path" (P <= k (a0 - a)), "k>=0", "R" (R > k a0) to the next
    state; k is the constant of the potential.

    Args:
        bound: (prefix, s, b) -> steps that prove "prefix descent/..." and "prefix path": s G <= k (a - b), for the
            segment up to s that ends at a root b of the loss.

    Returns:
        Steps that end with "arrive/inside", "arrive/distance", "whole path", "whole descent/...", "a1<a0".
    """
    return (
        Use("here", PL_AT_A_POINT),
        Cert("pl m", ge(G**2, (m * a) ** 2), sum=(term("here/pl"),), mod={"m^2": -(a**2)}),
        Cert("ma>0", gt(m * a), sum=(term("m>0", "a>0"),)),
        Use("G>=ma", MONOTONE_ROOT, {x: m * a, y: G}),
        Cert("G>0", gt(G), sum=(term("G>=ma/x<=y"), term("ma>0"))),
        *POSITIVE_STEP,
        Cert("P<R", gt(R, P), sum=(term("R"), term("path"), term("k>=0", "a>0"))),
        Use("far", LAST_POINT),
        Cert("s<=eta", ge(eta, s), sum=(term("h<=eta"), term("far/s<=h"))),
        Cert("s>=0", ge(s), sum=(term("far/s>0"),)),
        *bound("partial", s, b),
        Cert(
            "strictly inside",
            gt(R, P + s * G),
            sum=(term("R"), term("path"), term("partial path"), term("k>=0", "far/b>=0")),
        ),
        *arrives("partial descent"),
        *bound("whole", h, a1),
        Cert("a1<a0", gt(a0, a1), sum=(term("strictly below"),), mod={"arrive/same end": -1}),
    )
