"""What momentum costs: `python -m tests.benchmarks.momentum --page docs/momentum_costs.md` writes it.

The constant k in rho_0 < k int sig by the momentum, for Theorems B, M and M2, and what Theorems B and M prove from
initialisation at one width, for three seeds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pltheory as pl
from pltheory.certification.quadratic.search import closed_form
from pltheory.certification.quadratic.search import find as forms_for
from pltheory.optim import DeltaGClipSettings
from pltheory.theory.potential import Setting, limit, search
from tests.benchmarks.acceleration import confirmed, problem_of

EPS = 2.0**-40
"""eta sig(0)^2 as small as it is where a network is wide."""
FLOORS = (1.0, 0.7, 0.5)
POINTS = {0.5: (0.02, 0.1, 0.3, 0.6, 1.0, 1.5), 0.9: (0.02, 0.05, 0.1, 0.3, 1.0, 1.5)}
"""Values of beta eta / (1 - m), by m."""
RULES = {
    "B": DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1),
    "M, m = 0.5": DeltaGClipSettings(eta="0.05/beta", gamma=0.5, delta=0.1, momentum=0.5),
    "M, m = 0.9": DeltaGClipSettings(eta="0.005/beta", gamma=0.5, delta=0.1, momentum=0.9),
}
"""eta / (1 - m) is 0.1, 0.1 and 0.05 over beta."""
WIDTH = 6500


def shown(value: float) -> str:
    """A constant, rounded to nearest; a dash where there is none."""
    return f"{value:.2f}" if value > 0 else "-"


def constants(m: float, step: float) -> str:
    """The row of one momentum and beta eta / (1 - m)."""
    a, smooth = 1 - m, step * (1 - m)
    best = search(Setting(m, m, smooth / a**2, EPS))
    forms = [forms_for(m, False, smooth, EPS, floor) for floor in FLOORS]
    cells = (
        f"{1 - step / 2:.2f}",
        shown(best.k),
        f"({shown(1 - smooth / limit(m, m))})",
        *("-" if w is None else shown(w.k) for w in forms),
        f"({shown(closed_form(m, smooth, EPS))})",
        shown(best.omega if best.k > 0 else 0.0),
        "-" if forms[0] is None else shown(a * forms[0].omega),  # of h, not of h / a
    )
    return f"| {m} | {step} | " + " | ".join(cells) + " |"


def proved(name: str, seed: int) -> str:
    """The row of one rule and seed."""
    problem = problem_of(10, "low-high", WIDTH, seed, "rademacher")
    claim = pl.certify(problem, RULES[name], theorem=name.split(",")[0])
    k = claim.numbers.get("k", 1 - claim["beta"] * claim.eta / 2)
    room = claim.inequalities[-1]
    said = "CERTIFIED" if claim.holds else "open"
    return (
        f"| {name} | {seed} | {k:.3f} | {room.left:.4f} | {room.right:.4f} | {claim['required']:.3g} | {said} | "
        f"{confirmed(claim)} |"
    )


def page() -> str:
    """The tables."""
    table = "\n".join(constants(m, step) for m, steps in POINTS.items() for step in steps)
    rows = "\n".join(proved(name, seed) for name in RULES for seed in (0, 1, 2))
    return TEXT.format(k=table, width=WIDTH, proved=rows)


TEXT = r"""# What momentum costs

Written by `python -m tests.benchmarks.momentum --page docs/momentum_costs.md`.

Theorem B closes where $\rho_0 < k \int_0^R \sigma$ with $k = 1 - \beta\eta/2$, and has the factor
$1 - 2\mu h k$ a step at $h = \eta$. With momentum $m$ a step moves the weights by $h/(1-m)$ in the end. At the same
$\eta/(1-m)$ Theorems M and M2 ask for the same with a smaller $k$, with the factor $1 - 2\omega\mu h/(1-m)$; the width
at which they close grows like $1/k^2$.

```{{eval-rst}}
.. plot:: plots/momentum.py
   :include-source: false
   :alt: k by the step size for momentum 0.5 and 0.9, of Theorem B without momentum, of M and of M2.
```

Heavy ball, $\eta\,\sigma(0)^2 = 2^{{-40}}$; $x = \beta\eta/(1-m)$. M holds for any steps in $(0, \eta]$, M2 for steps
in $[\delta\eta, \eta]$; closed forms are in brackets, that of M2 for $h = \eta$. Each $\omega$ is that of the potential
with the best $k$, of M2 at $\delta = 1$.

| $m$ | $x$ | $k$ of B | of M | (closed) | of M2, $\delta = 1$ | 0.7 | 0.5 | (closed) | $\omega$ of M | of M2 |
|---|---|---|---|---|---|---|---|---|---|---|
{k}

## From initialisation at width {width}

Ten scikit-learn digits labelled +-1, one hidden layer of tanh units in the
NTK parametrisation, output weights +-1, clip with delta = 0.1 and gamma = 0.5; eta / (1 - m) is 0.1/beta for B and for
M at m = 0.5, 0.05/beta for M at m = 0.9. Round-off counted, each certificate rechecked.

| theorem | seed | k | rho_0 | k int_0^R sig | path at most | verdict | recheck |
|---|---|---|---|---|---|---|---|
{proved}
"""


def main() -> None:
    """Print the page, or write it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--page", type=Path)
    given = options.parse_args()
    text = page()
    if given.page is not None:
        given.page.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
