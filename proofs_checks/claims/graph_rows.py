r"""rows of a layered graph: (change)(new) + (old)(change)

The change of every product in a layered graph, and what the rows of forward, backward and Jacobian say of it.

A node's values are products, and the difference of two products is $x'y' - xy = (x' - x)y' + x(y' - y)$: patches and
weights, signals and weights, signals and slopes, the two factors of a product node, signals and patches; of three
factors likewise. With $|x' - x| \le dx$, $|x| \le nx$ and so on: $|x'y' - xy| \le (ny + dy)dx + nx\,dy$.

Source: theory of layered graphs sections 3 and 5.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, term
from ..statement import claim

x, x1, y, y1, z, z1 = sp.symbols("x x1 y y1 z z1")
w, dw, c, dc, kappa, tau = sp.symbols("w dw c dc kappa tau")
nx, ny, dx, dy = sp.symbols("nx ny dx dy")
_CHANGE = x1 * y1 - x * y

ASSUMPTIONS = {
    "x<=": ge(nx, x),
    "x>=": ge(x, -nx),
    "y<=": ge(ny, y),
    "y>=": ge(y, -ny),
    "dx<=": ge(dx, x1 - x),
    "dx>=": ge(x1 - x, -dx),
    "dy<=": ge(dy, y1 - y),
    "dy>=": ge(y1 - y, -dy),
}

CONCLUSIONS = {
    "affine": eq(
        kappa * (w + dw) * x1 + tau * (c + dc) - kappa * w * x - tau * c,
        kappa * dw * x + tau * dc + kappa * (w + dw) * (x1 - x),
    ),
    "two factors": eq(_CHANGE, (x1 - x) * y1 + x * (y1 - y)),
    "three factors": eq(
        x1 * y1 * z1 - x * y * z,
        x1 * (y * (z1 - z) + (y1 - y) * z + (y1 - y) * (z1 - z)) + (x1 - x) * y * z,
    ),
    "row above": ge((ny + dy) * dx + nx * dy, _CHANGE),
    "row below": ge(_CHANGE, -((ny + dy) * dx + nx * dy)),
}


PROOF = (
    Cert("affine", CONCLUSIONS["affine"]),
    Cert("two factors", CONCLUSIONS["two factors"]),
    Cert("three factors", CONCLUSIONS["three factors"]),
    Cert("y1<=", ge(ny + dy, y1), sum=(term("y<="), term("dy<="))),
    Cert("y1>=", ge(y1, -ny - dy), sum=(term("y>="), term("dy>="))),
    # A B - p q with |p| <= A, |q| <= B is half of (A - p)(B + q) + (A + p)(B - q).
    Cert(
        "row above",
        CONCLUSIONS["row above"],
        sum=(
            term("dx<=", "y1>=", c="1/2"),
            term("dx>=", "y1<=", c="1/2"),
            term("x<=", "dy>=", c="1/2"),
            term("x>=", "dy<=", c="1/2"),
        ),
    ),
    Cert(
        "row below",
        CONCLUSIONS["row below"],
        sum=(
            term("dx<=", "y1<=", c="1/2"),
            term("dx>=", "y1>=", c="1/2"),
            term("x<=", "dy<=", c="1/2"),
            term("x>=", "dy>=", c="1/2"),
        ),
    ),
)


def _mutants(claim):
    at = {x: 1, x1: 2, y: 1, y1: 2, z: 1, z1: 2, w: 1, dw: 1, c: 1, dc: 1, kappa: 1, tau: 1}
    at |= {nx: 1, ny: 1, dx: 1, dy: 1}
    swap = {CONCLUSIONS["row above"]: ge(ny * dx + nx * dy, _CHANGE)}
    yield Mutant("the second factor at the centre only", claim.but(swap=swap), at)
    swap = {CONCLUSIONS["two factors"]: eq(_CHANGE, (x1 - x) * y + x * (y1 - y))}
    yield Mutant("old times change, twice", claim.but(swap=swap), at)
    three = eq(x1 * y1 * z1 - x * y * z, x1 * (y * (z1 - z) + (y1 - y) * z) + (x1 - x) * y * z)
    yield Mutant("three factors without change times change", claim.but(swap={CONCLUSIONS["three factors"]: three}), at)


def _draw(rng):
    values = {s: rng.uniform(-1, 1) for s in (x, x1, y, y1, z, z1, w, dw, c, dc, kappa, tau)}
    return values | {
        nx: abs(values[x]),
        ny: abs(values[y]),
        dx: abs(values[x1] - values[x]),
        dy: abs(values[y1] - values[y]),
    }


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
