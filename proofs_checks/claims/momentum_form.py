r"""a form that is positive: E falls by k sig l rho, and by 2 omega mu tau E

Theorem M2, one step: what the quadratic form says of the energy, in the units of one step.

Let $\Delta$ be the step of v, $l^2 = \|\Delta\|^2$, $L(v') \le L(v) + \langle g + e, \Delta\rangle + (b/2)l^2$,
$\|e\|^2 \le (\alpha b)^2\|d\|^2$, $E = L(v) + (C/2)\|d\|^2$ and $X^2 = \|g + e\|^2 + C\varepsilon\|d\|^2$. If the
form with $\text{bend} = b + kQ$, $\text{pull} = k/Q$ is nonnegative at (g, d, e) then $E - E' \ge k\,l\,X$; with
$\text{bend} = b$, $\text{pull} = 2\omega\tau$, $E - E' \ge \omega\tau X^2$, which is at least $2\omega\tau\mu E$
where $X^2 \ge 2\mu E$. The form's nine numbers, which a certificate tests, are those of its definition. Heavy ball
and Nesterov's form; one coordinate stands for any number.

Source: theory of momentum section 4, proof of M2.
"""

import sympy as sp

from pltheory.theory.arithmetic import FLOATS
from pltheory.theory.forms import Momentum, step_form

from ..language import Cert, Mutant, eq, ge, gt, term
from ..statement import claim
from ..witness import value

m, al, tau, weight, b, eps = sp.symbols("m al tau C b eps")
g, d, e, k, q, price, omega, slower, mu = sp.symbols("g d e k Q T omega S mu")
X, length = sp.symbols("X length")
lv = sp.symbols("L_v")
KINDS = {"heavy ball": False, "Nesterov": True}
lw = {kind: sp.Symbol(f"L_w_{kind[0]}") for kind in KINDS}
far = {kind: sp.Symbol(f"l_{kind[0]}") for kind in KINDS}
step = {kind: sp.Symbol(f"Delta_{kind[0]}") for kind in KINDS}
whole = {kind: sp.Symbol(f"form_{kind[0]}") for kind in KINDS}
bend, pull = sp.symbols("bend pull")


def at(nesterov):
    """Problem and rule."""
    return Momentum(m, nesterov, al, weight, b, eps)


def form(nesterov, t, bend, pull, price_):
    """The form as a polynomial in g, d, e."""
    vector, matrix = (g, d, e), step_form(at(nesterov), t, bend, pull, price_)
    return sum(matrix[i][j] * vector[i] * vector[j] for i in range(3) for j in range(3))


def delta(nesterov):
    """The step of v."""
    return at(nesterov).carried * d - at(nesterov).pushed * tau * g


def _in_words(kind):
    """The form as Theorem M2 states it."""
    return (
        -(g + e) * step[kind]
        - bend * step[kind] ** 2 / 2
        + weight * (d**2 - (m * d - tau * g) ** 2) / 2
        - pull * ((g + e) ** 2 + weight * eps * d**2) / 2
        - price * ((al * b) ** 2 * d**2 - e**2)
    )


def _fall(kind):
    return lv + weight * d**2 / 2 - lw[kind] - weight * (m * d - tau * g) ** 2 / 2


ASSUMPTIONS = {
    "Q>0": gt(q),
    "k>=0": ge(k),
    "T>=0": ge(price),
    "S>=0": ge(slower),
    "omega tau>=0": ge(omega * tau),
    "e": ge((al * b) ** 2 * d**2, e**2),
    "X^2": eq(X**2, (g + e) ** 2 + weight * eps * d**2),
    "PL": ge(X**2, 2 * mu * (lv + weight * d**2 / 2)),
    **{f"l, {kind}": eq(far[kind] ** 2, delta(n) ** 2) for kind, n in KINDS.items()},
    **{f"descent, {kind}": ge(lv + (g + e) * delta(n) + b * delta(n) ** 2 / 2, lw[kind]) for kind, n in KINDS.items()},
    **{f"path, {kind}": ge(form(n, tau, b + k * q, k / q, price)) for kind, n in KINDS.items()},
    **{f"rate, {kind}": ge(form(n, tau, b, 2 * omega * tau, slower)) for kind, n in KINDS.items()},
    **{f"Delta, {kind}": eq(step[kind], delta(n)) for kind, n in KINDS.items()},
    **{f"matrix, {kind}": eq(whole[kind], form(n, tau, bend, pull, price)) for kind, n in KINDS.items()},
}

CONCLUSIONS = {
    **{f"form, {kind}": eq(whole[kind], _in_words(kind)) for kind in KINDS},
    **{f"falls by k l X, {kind}": ge(_fall(kind), k * far[kind] * X) for kind in KINDS},
    **{f"falls at a rate, {kind}": ge(_fall(kind), 2 * omega * tau * mu * (lv + weight * d**2 / 2)) for kind in KINDS},
}

PROOF = tuple(
    one
    for kind, n in KINDS.items()
    for one in (
        Cert(
            f"form, {kind}",
            CONCLUSIONS[f"form, {kind}"],
            mod={f"matrix, {kind}": 1, f"Delta, {kind}": g + e + bend * (step[kind] + delta(n)) / 2},
        ),
        Cert(
            f"by k l X, {kind}",
            CONCLUSIONS[f"falls by k l X, {kind}"],
            times=("Q>0",),
            sum=(
                term(f"path, {kind}", "Q>0"),
                term(f"descent, {kind}", "Q>0"),
                term("T>=0", "e", "Q>0"),
                term("k>=0", c="1/2", sq=(q * far[kind] - X,)),
            ),
            mod={f"l, {kind}": -k * q**2 / 2, "X^2": -k / 2},
        ),
        Cert(
            f"at a rate, {kind}",
            CONCLUSIONS[f"falls at a rate, {kind}"],
            sum=(
                term(f"rate, {kind}"),
                term(f"descent, {kind}"),
                term("S>=0", "e"),
                term("omega tau>=0", "PL"),
            ),
            mod={"X^2": -omega * tau},
        ),
    )
)


def _mutants(c):
    # One coordinate at the border: m = 1/2, no point ahead, C = 1/4, b = 1/2, nothing asked of the rate.
    base = {
        m: "1/2",
        al: 0,
        tau: 1,
        weight: "1/4",
        b: "1/2",
        eps: 0,
        q: "1/2",
        price: 1,
        slower: 1,
        omega: "1/4",
        mu: 0,
    }
    at_ = {**base, g: 1, d: 0, e: 0, X: 1, k: "1/2", lv: 1}
    at_ |= {far["heavy ball"]: 1, far["Nesterov"]: "3/2"}
    at_ |= {lw["heavy ball"]: "1/4", lw["Nesterov"]: "1/16"}
    at_ |= {step["heavy ball"]: -1, step["Nesterov"]: "-3/2", bend: 0, pull: 0}
    at_ |= {whole["heavy ball"]: "7/8", whole["Nesterov"]: "11/8"}
    twice = ge(_fall("heavy ball"), 2 * k * far["heavy ball"] * X)
    yield Mutant("twice k", c.but(swap={CONCLUSIONS["falls by k l X, heavy ball"]: twice}), at_)
    steep = {**at_, mu: 1, lv: "1/2", lw["heavy ball"]: "-1/4", lw["Nesterov"]: "-7/16"}
    faster = ge(_fall("heavy ball"), 8 * omega * tau * mu * (lv + weight * d**2 / 2))
    yield Mutant("four times omega", c.but(swap={CONCLUSIONS["falls at a rate, heavy ball"]: faster}), steep)
    yield Mutant(
        "no descent inequality",
        c.but(drop=("descent, heavy ball",)),
        {**at_, lw["heavy ball"]: 2},
    )
    yield Mutant(
        "the step's square in full",
        c.but(
            swap={
                CONCLUSIONS["form, heavy ball"]: eq(
                    whole["heavy ball"], _in_words("heavy ball") - bend * step["heavy ball"] ** 2 / 2
                )
            }
        ),
        {**at_, bend: 1, whole["heavy ball"]: "3/8", whole["Nesterov"]: "1/4"},
    )


def _draw(rng):
    x = {m: rng.random(), al: rng.choice((0.0, rng.uniform(0, 3))), tau: rng.random(), weight: rng.uniform(0.1, 2)}
    x |= {b: rng.uniform(0.01, 0.3), eps: rng.uniform(0, 0.05), q: rng.uniform(0.1, 1), k: rng.uniform(0, 0.5)}
    x |= {price: rng.uniform(1, 9), slower: rng.uniform(1, 9), omega: rng.uniform(0, 0.5)}
    x |= {g: rng.gauss(0, 1), d: rng.gauss(0, 1)}
    x[e] = rng.uniform(-1, 1) * x[al] * x[b] * x[d]
    square = (x[g] + x[e]) ** 2 + x[weight] * x[eps] * x[d] ** 2
    x |= {X: square**0.5, lv: rng.uniform(0, 2)}
    x[mu] = square / (2 * (x[lv] + x[weight] * x[d] ** 2 / 2) + 1e-9) * 0.999
    for kind, n in KINDS.items():
        moved = value(delta(n), x, FLOATS)
        x |= {step[kind]: moved, bend: x[b] + 0.5, pull: x[k] + 0.1}
        x[whole[kind]] = value(form(n, tau, bend, pull, price), x, FLOATS)
        x |= {far[kind]: abs(moved), lw[kind]: x[lv] + (x[g] + x[e]) * moved + x[b] * moved**2 / 2 - rng.random()}
    return x


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
