r"""jumps of one group's rows: weighted Cauchy and Schwarz over the units that flip

The part of the Jacobian's change that flipped tokens of the node above make in the group's own weights.

Sample i has $\|(NV)_i\| \le \sum_k \mu_{ik}\,js\,|c_{ik}|$ over its flipped tokens, $c_{ik}$ the change of token k's
argument by V. With $\sum_i c_{ik}^2 \le \xi_k^2\|v_k\|^2$ (the data restricted to the samples of unit k that flip)
and $T^2 \ge \sum_k \mu_{ik}^2\xi_k^2$ for every sample: $\sum_i\|(NV)_i\|^2 \le js^2T^2\|V\|^2$. A token that does
not flip has $\mu_{ik}$ replaced by 0. Two samples and two units stand for any number.

Source: theory of networks with kinks section 4, group constant, own.
"""

import sympy as sp

from ..language import Cert, Mutant, eq, ge, gt, term
from ..statement import claim

_R = range(2)
mu = [[sp.Symbol(f"mu{i}{k}") for k in (1, 2)] for i in (1, 2)]
c = [[sp.Symbol(f"c{i}{k}") for k in (1, 2)] for i in (1, 2)]
g = [[sp.Symbol(f"g{i}{k}") for k in (1, 2)] for i in (1, 2)]
xi, v, image = sp.symbols("xi1:3"), sp.symbols("v1:3"), sp.symbols("n1:3")
js, top = sp.symbols("js top")
_WEIGHTS = [sum(mu[i][k] ** 2 * xi[k] ** 2 for k in _R) for i in _R]
_SIZE = sum(e**2 for e in v)

ASSUMPTIONS = {
    **{f"xi{k + 1}>0": gt(xi[k]) for k in _R},
    # g = c/xi, by which the inequality is one of Cauchy and Schwarz.
    **{f"c{i + 1}{k + 1}": eq(c[i][k], xi[k] * g[i][k]) for i in _R for k in _R},
    **{f"unit {k + 1}": ge(xi[k] ** 2 * v[k] ** 2, sum(c[i][k] ** 2 for i in _R)) for k in _R},
    **{f"sample {i + 1}": ge(js**2 * sum(mu[i][k] * c[i][k] for k in _R) ** 2, image[i] ** 2) for i in _R},
    **{f"top {i + 1}": ge(top**2, _WEIGHTS[i]) for i in _R},
}

CONCLUSIONS = {
    **{f"of sample {i + 1}": ge(js**2 * _WEIGHTS[i] * sum(e**2 for e in g[i]), image[i] ** 2) for i in _R},
    **{f"of unit {k + 1}": ge(v[k] ** 2, sum(g[i][k] ** 2 for i in _R)) for k in _R},
    "own": ge(js**2 * top**2 * _SIZE, sum(e**2 for e in image)),
}


def _of_sample(i):
    dot = sum(mu[i][k] * c[i][k] for k in _R)
    exact = sum(mu[i][k] * xi[k] * g[i][k] for k in _R)
    return Cert(
        f"of sample {i + 1}",
        CONCLUSIONS[f"of sample {i + 1}"],
        sum=(
            term(f"sample {i + 1}"),
            term(sq=(js, mu[i][0] * xi[0] * g[i][1] - mu[i][1] * xi[1] * g[i][0])),
        ),
        mod={f"c{i + 1}{k + 1}": -(js**2) * mu[i][k] * (dot + exact) for k in _R},
    )


def _of_unit(k):
    return Cert(
        f"of unit {k + 1}",
        CONCLUSIONS[f"of unit {k + 1}"],
        times=(f"xi{k + 1}>0", f"xi{k + 1}>0"),
        sum=(term(f"unit {k + 1}"),),
        mod={f"c{i + 1}{k + 1}": c[i][k] + xi[k] * g[i][k] for i in _R},
    )


PROOF = (
    *map(_of_sample, _R),
    *map(_of_unit, _R),
    Cert(
        "own",
        CONCLUSIONS["own"],
        sum=(
            *[term(f"of sample {i + 1}") for i in _R],
            *[term(f"top {i + 1}", sq=(js, g[i][k])) for i in _R for k in _R],
            *[term(f"of unit {k + 1}", sq=(js, top)) for k in _R],
        ),
    ),
)


def _mutants(claim):
    at = {s: 0 for row in (*mu, *c, *g) for s in row} | {js: 1, top: 1, xi[0]: 1, xi[1]: 1}
    at |= {mu[0][0]: 1, c[0][0]: 1, g[0][0]: 1, v[0]: 1, v[1]: 0, image[0]: 1, image[1]: 0}
    half = ge(js**2 * top**2 * _SIZE / 2, sum(e**2 for e in image))
    yield Mutant("half the bound", claim.but(swap={CONCLUSIONS["own"]: half}), at)
    # Two units of weight 1 in one sample: the norm of the sum is that of (1, 1), not 1.
    both = {**at, mu[0][1]: 1, c[0][1]: 1, g[0][1]: 1, v[1]: 1, image[0]: 2}
    one = ge(top**2, mu[0][0] ** 2 * xi[0] ** 2)
    yield Mutant("the largest unit alone", claim.but(swap={claim.hypotheses["top 1"]: one}), both)


def _draw(rng):
    values = [[rng.gauss(0, 1) for _ in _R] for _ in _R]
    weights = [[rng.choice((0.0, rng.random())) for _ in _R] for _ in _R]
    norms = [rng.uniform(0.2, 2) for _ in _R]
    if rng.random() < 0.4:  # aligned with the weights of the first sample: attained if the second does not flip
        weights[1] = [0.0, 0.0]
        values = [[weights[0][k] * norms[k] ** 2 for k in _R], [0.0, 0.0]]
    sizes = [sum(values[i][k] ** 2 for i in _R) ** 0.5 / norms[k] * (1 + 1e-12) for k in _R]
    jump = rng.uniform(0.5, 2)
    squares = [sum((weights[i][k] * norms[k]) ** 2 for k in _R) for i in _R]
    return {
        **{mu[i][k]: weights[i][k] for i in _R for k in _R},
        **{c[i][k]: values[i][k] for i in _R for k in _R},
        **{g[i][k]: values[i][k] / norms[k] for i in _R for k in _R},
        **dict(zip((*xi, *v), (*norms, *sizes), strict=True)),
        **{image[i]: jump * abs(sum(weights[i][k] * values[i][k] for k in _R)) for i in _R},
        js: jump,
        top: max(squares) ** 0.5,
    }


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
