r"""a step with the buffer clipped: the potential falls by k sig l rho

Theorem Mb, one step: loss and lag of the buffer fall together, and the rate.

$E = L(w) + \frac c2\|y\|^2$, $y = b - g/a$, $w' = w - hb'$, $0 \le h \le \eta$, $c = a^2u$; Y and B' are the norms of y
and $b' = my + g/a$, s their inner product. Smoothness of L along the step and $\|y'\| \le mY + (\beta h/a)B'$ give the
fall below, and $X^2 = \|g\|^2 + c\sigma^2Y^2$. In proportion $k = q\xi$: if $V > 0$ and $2VA \ge \eta B^2$ then $E -
E' \ge khB'X$ for any step up to $\eta$; with $q = 2\omega$, $W \ge |1 - q|$ in place of $1 - q$ and 0 in place of
$\xi$, $E' \le (1 - 2\omega\sigma^2h/a)E$.

Source: theory of momentum section 3, Theorem Mb.
"""

import sympy as sp

from pltheory.theory.arithmetic import FLOATS

from ..language import Cert, Mutant, eq, ge, gt, term
from ..notation import beta, eta, h, m, q, sigma
from ..statement import claim
from ..witness import value

Y, P, X, xi, u, W, s, fall, level = sp.symbols("Y P X xi u W s fall level")
a = 1 - m
V = a**2 * u * (1 - m**2) - q * eta * a * (m**2 + u * sigma**2)
SHAPE = beta + u * beta**2
A = a * (1 - q / 2 * (xi**2 + 1)) - eta / 2 * SHAPE
B = a * m * (1 - q + u * beta)
A_RATE = a * (1 - q / 2) - eta / 2 * SHAPE
B_RATE = a * m * (W + u * beta)
LEAST = h * (a * P**2 - a * m * s) - beta / 2 * h**2 * P**2 + u / 2 * (a**2 * Y**2 - (a * m * Y + beta * h * P) ** 2)
SQUARED = a**2 * (P**2 - 2 * m * s + m**2 * Y**2) + a**2 * u * sigma**2 * Y**2

ASSUMPTIONS = {
    "0<=m": ge(m),
    "m<1": gt(1, m),
    "h>=0": ge(h),
    "h<=eta": ge(eta, h),
    "eta>0": gt(eta),
    "beta>=0": ge(beta),
    "u>=0": ge(u),
    "fall": ge(fall, LEAST),
    "X^2": eq(X**2, SQUARED),
    "V>0": gt(V),
    "q>=0": ge(q),
    "below": ge(Y * P, s),
    "above": ge(s, -Y * P),
    "q<=1": ge(1, q),
    "potential": ge(2 * V * A, eta * B**2),
    "W above": ge(W, 1 - q),
    "W below": ge(W, q - 1),
    "potential of the rate": ge(2 * V * A_RATE, eta * B_RATE**2),
    "PL*": ge(X**2, 2 * sigma**2 * level),
}

CONCLUSIONS = {
    "length": ge(fall, q * xi * h * P * X),
    "rate": ge((1 - q * sigma**2 * h / a) * level, level - fall),
}

UP = ("V>0", "eta>0")


def _shorter(name, bracket):
    return (
        term("h<=eta", "beta>=0", "h>=0", *UP, c="1/2", sq=(P,)),
        term("h<=eta", "u>=0", "h>=0", *UP, c="1/2", sq=(P, beta)),
        term("h<=eta", "u>=0", "1-m^2>=0", "V>0", c="1/2", sq=(Y, a)),
        term(name, "h>=0", "eta>0", c="1/2", sq=(P,)),
        term("h>=0", c="1/2", sq=(V * Y - eta * bracket * P,)),
    )


PROOF = (
    Cert("1-m^2>=0", ge(1, m**2), sum=(term("m<1"), term("m<1", "0<=m"))),
    Cert(
        "length",
        CONCLUSIONS["length"],
        times=(*UP, "m<1"),
        sum=(
            term("fall", *UP, "m<1"),
            term("q>=0", "h>=0", *UP, c="1/2", sq=(xi * a * P - X,)),
            term("below", "q<=1", "0<=m", "h>=0", "m<1", "m<1", *UP),
            *((c, (*facts, "m<1"), sq) for c, facts, sq in _shorter("potential", B)),
        ),
        mod={"X^2": -q * h * V * eta / 2},
    ),
    Cert(
        "rate",
        CONCLUSIONS["rate"],
        times=(*UP, "m<1"),
        sum=(
            term("fall", *UP, "m<1"),
            term("PL*", "q>=0", "h>=0", *UP, c="1/2"),
            term("W above", "above", "0<=m", "h>=0", "m<1", "m<1", *UP, c="1/2"),
            term("W below", "below", "0<=m", "h>=0", "m<1", "m<1", *UP, c="1/2"),
            *((c, (*facts, "m<1"), sq) for c, facts, sq in _shorter("potential of the rate", B_RATE)),
        ),
        mod={"X^2": -q * h * V * eta / 2},
    ),
)


def _draw(rng):
    mv, be = rng.choice((0.3, 0.6, 0.9)), rng.uniform(0.5, 2)
    av = 1 - mv
    ev = rng.uniform(0.005, 0.2) * av / be
    uv, sg = mv / (be * av) * rng.uniform(0.8, 1.5), rng.uniform(0.1, 0.3) * be**0.5
    yv, pv = rng.uniform(0, 1), rng.uniform(0, 1)
    hv, sv, qv = rng.uniform(0, ev), rng.uniform(-1, 1) * yv * pv, rng.uniform(0, 0.7)
    at = {m: mv, beta: be, eta: ev, u: uv, sigma: sg, Y: yv, P: pv, h: hv, s: sv, q: qv, xi: rng.uniform(0.5, 1)}
    size = value(SQUARED, at, FLOATS)
    return {
        **at,
        W: abs(1 - qv),
        fall: value(LEAST, at, FLOATS),
        X: max(size, 0.0) ** 0.5,
        level: size / (2 * sg**2) * rng.uniform(0, 1),
    }


def _mutants(c):
    # No curvature and no buffer before: the fall is h.
    at = {m: 0, beta: 0, eta: 1, u: 1, sigma: "1/2", Y: 0, P: 1, s: 0, h: "1/8", fall: "1/8", X: 1, xi: 1, q: 1, W: 0}
    at |= {level: 2}
    yield Mutant("twice the length", c.but(swap={CONCLUSIONS["length"]: ge(fall, 2 * q * xi * h * P * X)}), at)
    doubled = ge((1 - 3 * q * sigma**2 * h / a) * level, level - fall)
    yield Mutant("three times the rate", c.but(swap={CONCLUSIONS["rate"]: doubled}), at)


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
