r"""B+ (I3): discretisation

Theorem B+ (I3): products of 1 - h l against exponentials, the price of finite steps.

With $p = \prod(1 - h_s l)$, $y = lT_t$, $th = -\ln(1 - \eta l)/(\eta l) - 1$: $0 \le e^{-y} - p \le th/e$, so the
k-th component of $K_0^{1/2}(v^{lin}_t - v(T_t))$, which is $l^{-1/2}c_k(e^{-y} - p)$, is at most
$th\,l^{-1/2}|c_k|/e$. For $T - \eta \le T_s \le T$: $|p - e^{-lT}| \le e^{-lT}(e^{\eta l} - 1 + th\,lT)$.

Source: Theorem B+, (I3).
"""

import sympy as sp

from ..bplus import EXPONENTIALS, PRODUCT_BETWEEN, growth, high, inverse_e, p, th, y
from ..language import Cases, Cert, Mutant, Use, ge, term
from ..statement import claim

e, late = sp.symbols("e late")
_INSIDE = ge(e * (growth - 1 + th * late), p - e), ge(e * (growth - 1 + th * late), e - p)

ASSUMPTIONS = {
    "exponentials": EXPONENTIALS,
    "y>=0": ge(y),
    "th>=0": ge(th),
    # T within eta after T_s: e = exp(-l T) and late = l T.
    "e>=0": ge(e),
    "late": ge(late, y),
    "growth": ge(growth, 1),
    "e<=high": ge(high, e),
    "cell": ge(e * growth, high),
}

CONCLUSIONS = {
    "below exp": ge(high, p),
    "gap": ge(th * inverse_e, high - p),
    "above": _INSIDE[0],
    "below": _INSIDE[1],
}

PROOF = (
    Use("between", PRODUCT_BETWEEN),
    Cert(
        "gap",
        CONCLUSIONS["gap"],
        sum=(term("between/low"), term("between/ratio"), term("th>=0", "between/peak")),
    ),
    Cert("late>=0", ge(late), sum=(term("late"), term("y>=0"))),
    Cert(
        "above",
        _INSIDE[0],
        sum=(term("cell"), term("between/high"), term("e>=0", "th>=0", "late>=0")),
    ),
    # p >= high (1 - th y) if that is not negative, and p >= 0 if it is.
    Cases(
        "sign",
        _INSIDE[1],
        on=1 - th * y,
        left=(
            Cert(
                "below",
                _INSIDE[1],
                sum=(
                    term("between/low"),
                    term("between/ratio"),
                    term("e<=high", "sign"),
                    term("e>=0", "th>=0", "late"),
                    term("e>=0", "growth"),
                ),
            ),
        ),
        right=(
            Cert(
                "below",
                _INSIDE[1],
                sum=(
                    term("between/low"),
                    term("between/low>=0"),
                    term("e>=0", "th>=0", "late"),
                    term("e>=0", "sign"),
                    term("e>=0", "growth"),
                ),
            ),
        ),
    ),
)


def _mutants(c):
    # eta l = 1/2, two steps: p = 1/4, exp(-1) > 1/3: the gap is not 0.
    yield Mutant(
        "no gap",
        c.but(swap={CONCLUSIONS["gap"]: ge(p, high)}),
        lambda: sp.Rational(1, 4) < sp.Rational(1, 3) < sp.exp(-1).evalf(30),
    )
    yield Mutant(
        "without the growth inside a cell",
        c.but(swap={_INSIDE[0]: ge(e * th * late, p - e)}),
        # At the end of a first step, T = eta, T_s = 0: p = 1, e = exp(-1/2) < 2/3, th = 2 ln 2 - 1 < 2/5, late = 1/2.
        lambda: sp.Rational(2, 3) * sp.Rational(2, 5) / 2 < 1 - sp.Rational(2, 3),
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants)
