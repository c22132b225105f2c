r"""optimal split over layers; ||M|| bounds

The optimal split of the radius over layers, and two upper bounds of the spectral norm that realises it.

Over $\sum_l t_l^2 \le s^2$ a linear bound $\sum_l c_l t_l$ is at most $s\|c\|$ (attained at $t \propto c$), and
$\|Mt\| \le \|M\|s$ with $\|M\| \le \|M\|_F$ and, for nonnegative M, $\|M\|^2 \le \|M\|_1\|M\|_\infty$ (Schur's test).
Expanded for 3 layers; every size has the same certificate with more pairs.

Source: theory section 5, Lipschitz constant of J.
"""

import sympy as sp

from ..language import Cert, Mutant, ge, term
from ..statement import claim

N = 3
_R = range(N)
c, t = sp.symbols(f"c1:{N + 1}"), sp.symbols(f"t1:{N + 1}")
radius = sp.Symbol("radius")
M = [[sp.Symbol(f"m{i}{j}") for j in range(1, N + 1)] for i in range(1, N + 1)]
row, column = sp.symbols("row column")
_DOT = sum(a * b for a, b in zip(c, t, strict=True))
_IMAGE = sum(sum(M[i][j] * t[j] for j in _R) ** 2 for i in _R)

ASSUMPTIONS = {
    "split": ge(radius**2, sum(v**2 for v in t)),
    **{f"m{i + 1}{j + 1}>=0": ge(M[i][j]) for i in _R for j in _R},
    "row>=0": ge(row),
    **{f"row {i + 1}": ge(row, sum(M[i])) for i in _R},
    **{f"column {j + 1}": ge(column, sum(M[i][j] for i in _R)) for j in _R},
}

CONCLUSIONS = {
    "split": ge(radius**2 * sum(a**2 for a in c), _DOT**2),
    "Frobenius": ge(sum(M[i][j] ** 2 for i in _R for j in _R) * sum(v**2 for v in t), _IMAGE),
    "Schur's test": ge(row * column * sum(v**2 for v in t), _IMAGE),
}


def _pairs():
    return [(j, k) for j in _R for k in range(j)]


PROOF = (
    # Lagrange's identity.
    Cert(
        "split bound",
        CONCLUSIONS["split"],
        sum=(
            *[term("split", sq=(a,)) for a in c],
            *[term(sq=(c[j] * t[k] - c[k] * t[j],)) for j, k in _pairs()],
        ),
    ),
    Cert(
        "Frobenius",
        CONCLUSIONS["Frobenius"],
        sum=tuple(term(sq=(M[i][j] * t[k] - M[i][k] * t[j],)) for i in _R for j, k in _pairs()),
    ),
    # (sum_j m_ij t_j)^2 <= (sum_j m_ij)(sum_j m_ij t_j^2), the gap being a sum over pairs of m m (t -
    # t)^2.
    Cert(
        "Schur's test",
        CONCLUSIONS["Schur's test"],
        sum=(
            *[term(f"m{i + 1}{j + 1}>=0", f"m{i + 1}{k + 1}>=0", sq=(t[j] - t[k],)) for i in _R for j, k in _pairs()],
            *[term(f"row {i + 1}", f"m{i + 1}{j + 1}>=0", sq=(t[j],)) for i in _R for j in _R],
            *[term("row>=0", f"column {j + 1}", sq=(t[j],)) for j in _R],
        ),
    ),
)


def _mutants(claim):
    at = {radius: 1, row: 1, column: 1, **{s: 0 for r in M for s in r}, **{M[i][i]: 1 for i in _R}}
    at |= {c[0]: 1, c[1]: 0, c[2]: 0, t[0]: 1, t[1]: 0, t[2]: 0}
    yield Mutant(
        "half the split",
        claim.but(swap={CONCLUSIONS["split"]: ge(CONCLUSIONS["split"].expr - radius**2 * c[0] ** 2 / 2)}),
        at,
    )
    yield Mutant("a negative entry", claim.but(drop=("m12>=0",)), {**at, M[0][1]: -1, t[0]: 1, t[1]: -1, radius: 2})
    largest = ge(sum(M[i][i] ** 2 for i in _R) / 3 * sum(v**2 for v in t), _IMAGE)
    ones = {M[i][j]: 1 for i in _R for j in _R}
    yield Mutant(
        "the diagonal alone",
        claim.but(swap={CONCLUSIONS["Frobenius"]: largest}),
        {**at, **ones, row: 3, column: 3, t[0]: 1},
    )


CLAIM = claim(
    __name__,
    __doc__,
    ASSUMPTIONS,
    CONCLUSIONS,
    PROOF,
    mutants=_mutants,
    example=lambda rng: (
        lambda m, v: {
            **{M[i][j]: m[i][j] for i in _R for j in _R},
            **dict(zip(t, v, strict=True)),
            **{s: rng.uniform(-1, 1) for s in c},
            radius: sum(q * q for q in v) ** 0.5 + 1e-9,
            row: max(map(sum, m)),
            column: max(sum(r[j] for r in m) for j in _R),
        }
    )([[rng.uniform(0, 1) for _ in _R] for _ in _R], [rng.uniform(-1, 1) for _ in _R]),
)
