r"""B+ (I4): solving for I_t

Theorem B+ (I4): the perturbation integral, solved for.

$I_t = \sum h_s\|E_s\||q_s|$ with $\|E_s\| \le \epsilon_l$ on phase l, nondecreasing in l, and $|q_s| \le |q^{lin}_s|
+ |K_0^{1/2}d_s|$. The linear parts integrate to mass on each phase (shifted by a step: edge, compared with the flow:
Dq), the others sum to at most $c_1 I_t$ by (I2). If $c_1\epsilon_g < 1$ then $I_t \le [\sum_l \epsilon_l mass_l +
\epsilon_g(edge + Dq)]/(1 - c_1\epsilon_g)$. Written for two phases.

Source: Theorem B+, (I4).
"""

import sympy as sp

from ..language import Cert, Mutant, ge, gt, term
from ..statement import claim

total, c1, Dq = sp.symbols("total c1 Dq")
eps, mass, lin, dev = (sp.symbols(f"{n}1:3") for n in ("eps", "mass", "lin", "dev"))
edge, moved = sp.symbols("edge moved")
_TOP = eps[1]
_RIGHT = (eps[0] * mass[0] + eps[1] * mass[1] + _TOP * (edge + Dq)) / (1 - c1 * _TOP)

ASSUMPTIONS = {
    "gap": gt(1, c1 * _TOP),
    "eps1>=0": ge(eps[0]),
    "eps1<=eps2": ge(eps[1], eps[0]),
    "dev1>=0": ge(dev[0]),
    "dev2>=0": ge(dev[1]),
    # The sums over a phase of h |q| and of h |K^(1/2) d|; the comparison with the flow moves mass by edge and Dq.
    "split": ge(eps[0] * lin[0] + eps[1] * lin[1], total),
    "q 1": ge(mass[0] + dev[0], lin[0] - moved),
    "q 2": ge(mass[1] + edge + Dq + dev[1], lin[1] + moved),
    "moved>=0": ge(moved),
    "response": ge(c1 * total, dev[0] + dev[1]),
}

CONCLUSIONS = {"solved": ge(_RIGHT, total)}

PROOF = (
    Cert("eps2>=0", ge(_TOP), sum=(term("eps1>=0"), term("eps1<=eps2"))),
    Cert(
        "solved",
        CONCLUSIONS["solved"],
        times=("gap",),
        sum=(
            term("split"),
            term("eps1>=0", "q 1"),
            term("eps2>=0", "q 2"),
            term("eps2>=0", "response"),
            term("eps1<=eps2", "dev1>=0"),
            term("eps1<=eps2", "moved>=0"),
        ),
    ),
)


def _mutants(c):
    at = {total: 2, c1: 1, Dq: 0, edge: 0, eps[0]: 0, eps[1]: "1/2", mass[0]: 0, mass[1]: 2}
    yield Mutant(
        "the response of the run left out",
        c.but(swap={CONCLUSIONS["solved"]: ge(_RIGHT * (1 - c1 * _TOP), total)}),
        {**at, lin[0]: 0, lin[1]: 4, dev[0]: 0, dev[1]: 2, moved: 0},
    )
    yield Mutant(
        "c1 eps above 1",
        c.but(drop=("gap",)),
        {**at, c1: 4, total: 2, lin[0]: 0, lin[1]: 4, dev[0]: 0, dev[1]: 2, moved: 0},
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants)
