r"""change of J, the profile sigma_min(J_0) - dJ, L_F

From the layers' recursions to the Jacobian's change, the profile, and the smoothness of the loss.

Rows $b \otimes \tilde a$ change by $(b' - b) \otimes \tilde a' + b \otimes (\tilde a' - \tilde a)$, so $dJ_l \le
dB_l(\max_i\|\tilde a_i\| + \kappa\,dA) + \max_i\|b_i\|\,\kappa\,dA$; over layers $dJ^2 = \sum_l dJ_l^2$ (Cauchy and
Schwarz, two layers expanded); $\sigma_{\min}(J) \ge \sigma_{\min}(J_0) - dJ$ and $\|J\| \le \|J_0\| + dJ$.

Source: theory section 5, Jacobian.
"""

import numpy as np
import sympy as sp

from ..language import Cert, Mutant, Use, eq, ge, term
from ..matrices import SPECTRAL_BOUND, jacobian_change, nx, ny, nz, rows_against
from ..samplers import generator, rowwise, spectral_norm
from ..statement import claim

b, b1, act, act1 = sp.symbols("b b1 act act1")
dB, abar, kdA, bbar, first, second, dJl = sp.symbols("dB abar kdA bbar first second dJl")
j1, j2, v1, v2, dJ, floor, whole = sp.symbols("j1 j2 v1 v2 dJ floor whole")

ASSUMPTIONS = {
    # By khatri_rao, with the activations in the ball and with the change of the activations.
    "first": ge(dB * (abar + kdA), first),
    "second": ge(bbar * kdA, second),
    "sum": ge(first + second, dJl),
    "dJ": ge(dJ, nz),
    "sigma_min": ge(nx, floor),
    "norm": ge(whole, nx),
    "at": rows_against(nx, ny),
    "change": jacobian_change(nz),
}

CONCLUSIONS = {
    "entry": eq(b1 * act1 - b * act, (b1 - b) * act1 + b * (act1 - act)),
    "layer": ge(dB * (abar + kdA) + bbar * kdA, dJl),
    "layers": ge((j1**2 + j2**2) * (v1**2 + v2**2), (j1 * v1 + j2 * v2) ** 2),
    "profile": ge(ny, floor - dJ),
    "L_F": ge(whole + dJ, ny),
}

PROOF = (
    Cert("entry", CONCLUSIONS["entry"]),
    Cert("layer", CONCLUSIONS["layer"], sum=(term("first"), term("second"), term("sum"))),
    Cert("layers", CONCLUSIONS["layers"], sum=(term(sq=(j1 * v2 - j2 * v1,)),)),
    Use("vector", SPECTRAL_BOUND),
    Cert("profile", CONCLUSIONS["profile"], sum=(term("vector/lower"), term("sigma_min"), term("dJ"))),
    Cert("L_F", CONCLUSIONS["L_F"], sum=(term("vector/upper"), term("norm"), term("dJ"))),
)


def _mutants(c):
    at = {b: 1, b1: 2, act: 1, act1: 2, dB: 1, abar: 1, kdA: 1, bbar: 1, first: 2, second: 1, dJl: 3}
    at |= {j1: 1, j2: 1, v1: 1, v2: 1, dJ: 1, floor: 1, whole: 2, nx: 1, ny: 1, nz: 0}
    yield Mutant(
        "the activations at the centre only",
        c.but(swap={CONCLUSIONS["layer"]: ge(dB * abar + bbar * kdA, dJl)}),
        lambda: at[dJl] == 2 * 2 - 1 and at[dB] * at[abar] + at[bbar] * at[kdA] < at[dJl],
    )
    yield Mutant(
        "the largest layer instead of the root of the sum of squares",
        c.but(swap={CONCLUSIONS["layers"]: ge((j1**2 + j2**2) * (v1**2 + v2**2) / 2, (j1 * v1 + j2 * v2) ** 2)}),
        lambda: (1 + 1) * (1 + 1) / 2 < (1 + 1) ** 2,
    )


def _numbers(rng):
    """The Jacobian of one layer, rows b_i (x) a_i, with both factors perturbed."""
    g = generator(rng)
    b, a = g.normal(size=(4, 3)), g.normal(size=(4, 5))
    db, da = 0.05 * g.normal(size=(4, 3)), 0.05 * g.normal(size=(4, 5))
    jacobian, changed = rowwise(b, a), rowwise(b + db, a + da)
    u = g.normal(size=4)
    u /= np.linalg.norm(u)
    first, second = spectral_norm(rowwise(db, a + da)), spectral_norm(rowwise(b, da))
    change = spectral_norm(changed - jacobian)
    scalars = dict(zip(("b", "b1", "act", "act1", "j1", "j2", "v1", "v2"), g.normal(size=8).tolist(), strict=True))
    yield {
        **scalars, "dB": spectral_norm(db), "abar": float(np.linalg.norm(a, axis=1).max()),
        "kdA": float(np.linalg.norm(da)), "bbar": float(np.linalg.norm(b, axis=1).max()), "first": first,
        "second": second, "dJl": change, "dJ": change, "nz": change, "nx": float(np.linalg.norm(jacobian.T @ u)),
        "ny": float(np.linalg.norm(changed.T @ u)), "whole": spectral_norm(jacobian),
        "floor": float(np.linalg.svd(jacobian, compute_uv=False)[-1]),
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, numbers=_numbers)
