r"""expansion of the clipped step

Theorem D: the clipped step turns the gradient's direction, and expands by at most the norm of a 2 x 2 matrix.

For symmetric H with spectrum in $[-\nu, \beta]$, a unit vector u and $s > 0$, the derivative $D = I - s(I - uu^T)H$
of the clipped step has $\|D\| \le N(v, al)$, the norm of the matrix with rows (1, 0) and (v, al), with $v = s(\beta +
\nu)/2$ and $al = \max(1, 1 + s\nu, s\beta - 1)$; so also $\|D\| \le (v + \sqrt{v^2 + 4al^2})/2$.

Source: theory section 4, Theorem D, clipped band. In Coq: ClippedBand.band_derivative_bound.
"""

import sympy as sp

from ..cited import CLIPPED_BLOCKS, CLIPPED_DERIVATIVE, CURVATURE_BETWEEN
from ..language import GREATEST, ROOT, Cert, Define, Mutant, Use, ge, gt, term
from ..notation import beta, components, expansion_band, expansion_constant, nu, s, v, x, y, z
from ..statement import claim
from .block_norm import CLAIM as BLOCK_NORM
from .block_norm import al, p, q, r

_V = s * (beta + nu) / 2
_AL = GREATEST(expansion_constant(s, beta, nu), 1)

ASSUMPTIONS = {
    "beta>0": gt(beta),
    "nu>=0": ge(nu),
    "s>0": gt(s),
    "spectrum": CURVATURE_BETWEEN,
    "derivative": CLIPPED_DERIVATIVE,
    "vector": components(x, y, z),
}

CONCLUSIONS = {
    "expansion": ge(expansion_band(s, beta, nu) ** 2 * (x**2 + y**2), x**2 + z**2),
    "simple": ge((_V + ROOT(_V * _V + 4 * _AL**2)) / 2, expansion_band(s, beta, nu)),
}

inner = sp.Symbol("inner")


def _roots():
    for name, root, radicand, squares in (
        ("p", p, _V * _V + (al + 1) ** 2, ((_V,), (al + 1,))),
        ("q", q, _V * _V + (al - 1) ** 2, ((_V,), (al - 1,))),
        ("r", r, _V * _V + 4 * al**2, ((_V,), (2 * al,))),
    ):
        yield Cert(f"{name}^2>=0", ge(radicand), sum=tuple(term(sq=sq) for sq in squares))
        yield Define(root, ROOT(radicand))


PROOF = (
    Define(inner, GREATEST(1 + s * nu, s * beta - 1)),
    Define(al, _AL),
    *_roots(),
    Cert(
        "v>0",
        gt(_V),
        sum=(term("s>0", "beta>0", c="1/2"), term("s>0", "nu>=0", c="1/2")),
    ),
    Use("block", BLOCK_NORM, {v: _V}),
    Use("blocks", CLIPPED_BLOCKS),
    Cert(
        "squares",
        ge((_V * x + al * y) ** 2, z**2),
        sum=(term("blocks/bound", "blocks/bound"), term("blocks/bound", "blocks/z>=0", c=2)),
    ),
    Cert("expansion", CONCLUSIONS["expansion"], sum=(term("block/norm"), term("squares"))),
)


def _mutants(c):
    wrong = ge(expansion_constant(s, beta, nu) ** 2 * (x**2 + y**2), x**2 + z**2)
    yield Mutant("the factor of a constant step", c.but(swap={CONCLUSIONS["expansion"]: wrong}), _turning)


def _turning():
    """H = [[1, 1], [1, 1]] has spectrum [0, 2]; s = 1/2, u = (1, 0): D = [[1, 0], [-1/2, 1/2]] takes (1, 0) to a vector
    of squared length 5/4, more than the square 1 of the constant step's factor."""
    step = sp.Rational(1, 2)
    return 1 + step**2 > max(sp.Integer(1), 2 * step - 1) ** 2


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants)
