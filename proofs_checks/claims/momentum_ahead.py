r"""a step of v = w + al d, and r(w) against E

How far ahead of the weights the point moves that Theorem M2 follows, and what its energy says of the residual.

Heavy ball $d' = md - hg$, $w' = w + d'$ moves $v = w + \alpha d$ by $(m - (1-m)\alpha)d - (1+\alpha)hg$; Nesterov's
form $w' = w + md' - hg$ by $(m(m+\alpha) - \alpha)d - (1+m+\alpha)hg$. If $\|r(w)\| \le \|r(v)\| + L_F\alpha\|d\|$
then $\|r(w)\|^2 \le (1 + L_F^2\alpha^2/c)(\|r(v)\|^2 + c\|d\|^2)$. One coordinate stands for any number.

Source: theory of momentum section 4.
"""

import sympy as sp

from pltheory.theory import formulas
from pltheory.theory.forms import Momentum

from ..language import Cert, Mutant, eq, ge, gt, shipped, term
from ..statement import claim

slowed = shipped(formulas.slowed)
m, al, h, g, d, w, d1, w1, n1, c, lipschitz, dist, rw, rv = sp.symbols("m al h g d w d1 w1 n1 c L_F D r_w r_v")


def _at(nesterov):
    return Momentum(m, nesterov, al, 0, 0, 0)


def _moved(nesterov):
    return _at(nesterov).carried * d - _at(nesterov).pushed * h * g


ASSUMPTIONS = {
    "d'": eq(d1, m * d - h * g),
    "w'": eq(w1, w + d1),
    "n'": eq(n1, w + m * d1 - h * g),
    "c>0": gt(c),
    "L_F>=0": ge(lipschitz),
    "al>=0": ge(al),
    "D>=0": ge(dist),
    "r_v>=0": ge(rv),
    "r_w>=0": ge(rw),
    "r_w": ge(rv + lipschitz * al * dist, rw),
}

CONCLUSIONS = {
    "heavy ball": eq(w1 + al * d1 - (w + al * d), _moved(False)),
    "Nesterov": eq(n1 + al * d1 - (w + al * d), _moved(True)),
    "residual": ge(slowed(lipschitz, al, c) * (rv**2 + c * dist**2), rw**2),
}

_SUM = rv + lipschitz * al * dist

PROOF = (
    Cert("heavy ball", CONCLUSIONS["heavy ball"], mod={"w'": 1, "d'": 1 + al}),
    Cert("Nesterov", CONCLUSIONS["Nesterov"], mod={"n'": 1, "d'": m + al}),
    Cert("sum>=0", ge(_SUM), sum=(term("r_v>=0"), term("L_F>=0", "al>=0", "D>=0"))),
    Cert("squares", ge(_SUM**2, rw**2), sum=(term("r_w", "sum>=0"), term("r_w", "r_w>=0"))),
    Cert(
        "residual",
        CONCLUSIONS["residual"],
        times=("c>0",),
        sum=(term("squares", "c>0"), term(sq=(c * dist - lipschitz * al * rv,))),
    ),
)


def _mutants(c_):
    at = {m: "1/2", al: 1, h: 1, g: 1, d: 2, w: 0, d1: 0, w1: 0, n1: -1, c: 1, lipschitz: 1, dist: 1, rv: 1, rw: 2}
    ahead = eq(w1 + al * d1 - (w + al * d), (m - al) * d - (1 + al) * h * g)
    yield Mutant("al without its damping", c_.but(swap={CONCLUSIONS["heavy ball"]: ahead}), at)
    plain = eq(n1 + al * d1 - (w + al * d), _moved(False))
    yield Mutant("Nesterov's form as heavy ball", c_.but(swap={CONCLUSIONS["Nesterov"]: plain}), at)
    yield Mutant(
        "the residual at v for that at w",
        c_.but(swap={CONCLUSIONS["residual"]: ge(rv**2 + c * dist**2, rw**2)}),
        at,
    )


def _draw(rng):
    x = {s: rng.gauss(0, 1) for s in (g, d, w)} | {m: rng.random(), al: rng.uniform(0, 5), h: rng.uniform(0, 2)}
    after = x[m] * x[d] - x[h] * x[g]
    x |= {d1: after, w1: x[w] + after, n1: x[w] + x[m] * after - x[h] * x[g]}
    x |= {c: rng.uniform(0.1, 3), lipschitz: rng.uniform(0, 2), dist: abs(x[d]), rv: rng.random()}
    return {**x, rw: rng.uniform(0, 1) * (x[rv] + x[lipschitz] * x[al] * x[dist])}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
