r"""(1 + sqrt(contraction))/(1 - beta h/2) grows with h

Theorem A', third lemma: the constant of the tight radius grows with the step; algebra, no derivative.

For $0 \le h \le \eta < 2/\beta$, $0 < \mu \le \beta$, c(h) = $1 - \beta h/2$, u(h) = $\sqrt{1 - 2\mu h c(h)}$: $(1 +
u(h))/c(h) \le (1 + u(\eta))/c(\eta)$.

Source: theory section 3, Theorem A'. In Coq: Steps.tight_monotone.
"""

from ..language import ROOT, Cases, Cert, Define, Mutant, Use, ge, gt, term
from ..notation import beta, contraction, eta, h, mu, slack, u, v, x, y
from ..statement import claim
from .monotone_root import CLAIM as MONOTONE_ROOT
from .tight_contraction import CLAIM as TIGHT_CONTRACTION

_U, _V = ROOT(contraction(mu, beta, h)), ROOT(contraction(mu, beta, eta))
_P, _R = slack(beta, h), slack(beta, eta)

ASSUMPTIONS = {
    "mu>0": gt(mu),
    "beta>0": gt(beta),
    "mu<=beta": ge(beta, mu),
    "h>=0": ge(h),
    "h<=eta": ge(eta, h),
    "slack>0": gt(_R),
}

CONCLUSIONS = {"monotone": ge((1 + _V) * _P, (1 + _U) * _R)}

_W = v * _P + _P - _R
_THIRD = ge(beta * (1 + v), 2 * mu * _R)

PROOF = (
    Use("at h", TIGHT_CONTRACTION),
    Use("at eta", TIGHT_CONTRACTION, {h: eta}),
    Define(u, _U),
    Define(v, _V),
    Cert("p>0", gt(_P), sum=(term("slack>0"), term("beta>0", "h<=eta", c="1/2"))),
    Cert("p>=r", ge(_P, _R), sum=(term("beta>0", "h<=eta", c="1/2"),)),
    Cases(
        "size",
        _THIRD,
        on=2 * mu * _R - beta,
        left=(
            Cert("bv>=0", ge(beta * v), sum=(term("beta>0", "v/nonneg"),)),
            Cert(
                "squares",
                ge((beta * v) ** 2, (2 * mu * _R - beta) ** 2),
                sum=(term("mu>0", "mu<=beta", "slack>0", "slack>0", c=4),),
                mod={"v/square": beta**2},
            ),
            Use("root", MONOTONE_ROOT, {x: 2 * mu * _R - beta, y: beta * v}),
            Cert("third", _THIRD, sum=(term("root/x<=y"),)),
        ),
        right=(Cert("third", _THIRD, sum=(term("size"), term("beta>0", "v/nonneg"))),),
    ),
    Cert("W>=0", ge(_W), sum=(term("p>=r"), term("v/nonneg", "p>0"))),
    Cert("ur>=0", ge(u * _R), sum=(term("u/nonneg", "slack>0"),)),
    Cert(
        "W^2>=(ur)^2",
        ge(_W**2, (u * _R) ** 2),
        times=("beta>0",),
        sum=(term("p>=r", "p>0", "size", c=2),),
        mod={"v/square": beta * _P**2, "u/square": -beta * _R**2},
    ),
    Use("W>=ur", MONOTONE_ROOT, {x: u * _R, y: _W}),
    Cert("monotone", CONCLUSIONS["monotone"], sum=(term("W>=ur/x<=y"),)),
)


def _draw(rng):
    be = rng.uniform(0.1, 3)
    et = rng.uniform(0, 2) / be
    return {beta: be, eta: et, h: rng.uniform(0, et), mu: rng.uniform(0.01, 1) * be}


def _mutants(c):
    at = {mu: "1/2", beta: "1/2", h: 1, eta: 2}
    yield Mutant(
        "strictly more than twice", c.but(swap={CONCLUSIONS["monotone"]: ge((1 + _V) * _P, 2 * (1 + _U) * _R)}), at
    )
    yield Mutant("h above eta", c.but(drop=("h<=eta",)), {mu: 1, beta: 1, h: "3/2", eta: 1})


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
