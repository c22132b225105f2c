r"""||P o A A^T|| <= ||P|| max |a_i|^2 (Schur, Khatri-Rao)

The Schur product theorem in the form used: ||P o (A A^T)|| <= ||P|| max_i |a_i|^2, hence Khatri-Rao's bound.

For symmetric P with $y^T P y \le c\|y\|^2$ and rows $\|a_i\| \le \bar a$: $x^T(P \circ AA^T)x \le c\,\bar
a^2\|x\|^2$, since with $y_k = x \circ a_{\cdot k}$ the form is $\sum_k y_k^T P y_k$. With $P = BB^T$ this is $\|B *
A\| \le \|B\|\max_i\|a_i\|$ for the matrix with rows $b_i \otimes a_i$. Expanded for 3 rows and 2 columns; the
identity is one exchange of finite sums at any size.

Source: theory section 5, Jacobian.
"""

import numpy as np
import sympy as sp

from ..language import Cert, Mutant, eq, ge, term
from ..samplers import generator, spectral_norm
from ..statement import claim

ROWS, COLUMNS = 3, 2
c, top = sp.symbols("c top")
x = sp.symbols(f"x1:{ROWS + 1}")
A = [[sp.Symbol(f"a{i}{k}") for k in range(1, COLUMNS + 1)] for i in range(1, ROWS + 1)]
P = [[sp.Symbol(f"p{min(i, j)}{max(i, j)}") for j in range(1, ROWS + 1)] for i in range(1, ROWS + 1)]
_N = range(ROWS)


def _gap(y):
    """c |y|^2 - y^T P y."""
    return c * sum(v**2 for v in y) - sum(y[i] * P[i][j] * y[j] for i in _N for j in _N)


_GRAM = [[sum(A[i][k] * A[j][k] for k in range(COLUMNS)) for j in _N] for i in _N]
_FORM = sum(x[i] * x[j] * P[i][j] * _GRAM[i][j] for i in _N for j in _N)

ASSUMPTIONS = {
    "c>=0": ge(c),
    **{f"row {i + 1}": ge(top**2, _GRAM[i][i]) for i in _N},
    **{f"column {k + 1}": ge(_gap([x[i] * A[i][k] for i in _N])) for k in range(COLUMNS)},
}

CONCLUSIONS = {
    "identity": eq(
        c * sum(x[i] ** 2 * _GRAM[i][i] for i in _N) - _FORM,
        sum(_gap([x[i] * A[i][k] for i in _N]) for k in range(COLUMNS)),
    ),
    "bound": ge(c * top**2 * sum(v**2 for v in x), _FORM),
}

PROOF = (
    Cert("identity", CONCLUSIONS["identity"]),
    Cert(
        "bound",
        CONCLUSIONS["bound"],
        sum=(
            *[term(f"column {k + 1}") for k in range(COLUMNS)],
            *[term("c>=0", f"row {i + 1}", sq=(x[i],)) for i in _N],
        ),
    ),
)


def _mutants(claim):
    at = {c: 1, top: 1, **dict.fromkeys(x, 1), **{s: 0 for row in (*A, *P) for s in row}}
    at |= {A[i][0]: 1 for i in _N} | {P[i][i]: 1 for i in _N}
    at[x[0]] = 1
    half = ge(c * top**2 * sum(v**2 for v in x) / 2, _FORM)
    yield Mutant("half the bound", claim.but(swap={CONCLUSIONS["bound"]: half}), at)
    yield Mutant("P not below c", claim.but(drop=("column 1",)), {**at, P[0][0]: 9})


def _numbers(rng):
    """A positive matrix with largest eigenvalue c against rows of two entries."""
    g = generator(rng)
    root, rows, x = g.normal(size=(3, 3)), g.normal(size=(3, 2)), g.normal(size=3)
    p = root @ root.T
    yield {
        **{f"p{i + 1}{j + 1}": float(p[i, j]) for i in range(3) for j in range(i, 3)},
        **{f"a{i + 1}{j + 1}": float(rows[i, j]) for i in range(3) for j in range(2)},
        **{f"x{i + 1}": float(x[i]) for i in range(3)},
        "c": spectral_norm(p), "top": float(np.linalg.norm(rows, axis=1).max()),
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, numbers=_numbers)
