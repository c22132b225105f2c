r"""B+ (SC3): E_t <= eps, lambda_min(K) >= (1 - eps) l_1

Theorem B+: (SC3) closes the induction, ||E_t|| <= eps, and gives the bound of the kernel.

$E = Q_0 De^T + \bar{De}\,Q_0^T + \bar{De}\,De^T$ with $\|De\,Q_0^T\|, \|\bar{De}\,Q_0^T\| \le c1g + eb\,ce + d2$ and
$\|De\|, \|\bar{De}\| \le dl = d1g + eb\,de + d2$. Then (SC3), $\epsilon \ge 2(c1g + eb\,ce + d2) + dl^2$, gives
$\|E\| \le \epsilon$; and as $x^TKx \ge (1 - \|E\|)x^TK_0x$ for $K = K_0^{1/2}(I + E)K_0^{1/2}$, $\lambda_{\min}(K)
\ge (1 - \epsilon)l_1$. Transposes have the same norm and are not written.

Source: Theorem B+, (L7), (SC3) and the proof.
"""

import sympy as sp

from ..language import Cert, Mutant, Use, ge, gt, said, term
from ..matrices import SPECTRAL_PRODUCT, SPECTRAL_SUM, X, Y, nx, ny, nz, plus, spectral, times
from ..statement import claim

Q0, De, Debar = sp.symbols("Q_0 De De_bar")
eps, c1g, d1g, eb, ce, de, d2 = sp.symbols("eps c1g d1g eb ce de d2")
first, second, third, two_terms, norm, moved, average = sp.symbols("first second third two_terms norm moved average")
form, form0, l1, square = sp.symbols("form form0 l1 square")
_MIXED, _ALONE = c1g + eb * ce + d2, d1g + eb * de + d2
_F, _S, _T = times(Q0, De), times(Debar, Q0), times(Debar, De)

ASSUMPTIONS = {
    "SC3": ge(eps, 2 * _MIXED + _ALONE**2),
    "eps<1": gt(1, eps),
    "mixed": ge(_MIXED, first),
    "mixed average": ge(_MIXED, second),
    "alone": ge(_ALONE, moved),
    "alone average": ge(_ALONE, average),
    "moved>=0": ge(moved),
    "average>=0": ge(average),
    "De": spectral(De, moved),
    "De bar": spectral(Debar, average),
    "Q0 De": spectral(_F, first),
    "De bar Q0": spectral(_S, second),
    "De bar De": spectral(_T, third),
    "two terms": spectral(plus(_F, _S), two_terms),
    "E": spectral(plus(plus(_F, _S), _T), norm),
    "form": said(
        "x^T K x is {0} where x^T K_0 x is {1} and |x|^2 is {2}, and the norm of E is {3}",
        form,
        form0,
        square,
        norm,
    ),
    "Weyl": ge(form, (1 - norm) * form0),
    "l1": ge(form0, l1 * square),
    "form0>=0": ge(form0),
}

CONCLUSIONS = {"E<=eps": ge(eps, norm), "kernel": ge(form, (1 - eps) * l1 * square)}

PROOF = (
    Use("product", SPECTRAL_PRODUCT, {X: Debar, Y: De, nx: average, ny: moved, nz: third}),
    Use("sum", SPECTRAL_SUM, {X: _F, Y: _S, nx: first, ny: second, nz: two_terms}),
    Use("all", SPECTRAL_SUM, {X: plus(_F, _S), Y: _T, nx: two_terms, ny: third, nz: norm}),
    Cert("alone>=0", ge(_ALONE), sum=(term("alone"), term("moved>=0"))),
    Cert(
        "E<=eps",
        CONCLUSIONS["E<=eps"],
        sum=(
            term("SC3"),
            term("all/bound"),
            term("sum/bound"),
            term("product/bound"),
            term("mixed"),
            term("mixed average"),
            term("alone average", "moved>=0"),
            term("alone>=0", "alone"),
        ),
    ),
    Cert(
        "kernel",
        CONCLUSIONS["kernel"],
        sum=(term("Weyl"), term("E<=eps", "form0>=0"), term("eps<1", "l1")),
    ),
)


def _mutants(c):
    # On the line with Q_0 = 1 and De = Debar = 1/2: E = 1/2 + 1/2 + 1/4.
    yield Mutant(
        "one of the mixed terms",
        c.but(swap={c.hypotheses["SC3"]: ge(eps, _MIXED + _ALONE**2)}),
        lambda: sp.Rational(5, 4) > sp.Rational(1, 2) + sp.Rational(1, 4),
    )
    yield Mutant(
        "no second-order term",
        c.but(swap={c.hypotheses["SC3"]: ge(eps, 2 * _MIXED)}),
        lambda: sp.Rational(5, 4) > 2 * sp.Rational(1, 2),
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants)
