"""What momentum costs: `python -m tests.benchmarks.momentum --page docs/momentum_costs.md` writes it.

The constant k in rho_0 < k int sig by the momentum, for Theorems M and M2, beside the figures of a prototype from
before the program; and what Theorems B and M prove from initialisation at one width, for three seeds.
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
PROTOTYPE: dict[tuple[float, float], tuple[str, str, str, str, str, str]] = {
    (0.5, 0.02): ("0.97", "0.990", "0.86", "0.99 0.97 0.93", "0.97", "0.97"),
    (0.5, 0.1): ("0.85", "0.943", "0.84", "0.94 0.92 0.88", "0.87", "0.87"),
    (0.5, 0.3): ("0.55", "0.781", "0.78", "0.81 0.78 0.73", "0.68", "0.70"),
    (0.5, 0.6): ("0.10", "0.25", "0.67", "0.67 0.62 0.55", "0.51", "0.54"),
    (0.5, 1.0): ("-", "-", "0.50", "0.50 0.47 0.41", "-", "0.37"),
    (0.5, 1.5): ("-", "-", "-", "0.25 0.25 0.24", "-", "0.25"),
    (0.9, 0.02): ("0.81", "0.973", "0.43", "0.97 0.94 0.89", "0.84", "0.85"),
    (0.9, 0.05): ("0.53", "0.865", "0.43", "0.89 0.84 0.77", "0.68", "0.71"),
    (0.9, 0.1): ("0.05", "0.30", "0.42", "0.76 0.69 0.61", "0.51", "0.57"),
    (0.9, 0.3): ("-", "-", "0.40", "0.52 0.40 0.29", "-", "0.29"),
    (0.9, 1.0): ("-", "-", "0.30", "0.30 0.16 0.03", "-", "0.10"),
    (0.9, 1.5): ("-", "-", "0.20", "0.20 0.09 0", "-", "0.06"),
}
"""By (m, beta eta / (1 - m)): k of M closed, M, M2 closed, M2 at the floors; omega of M and of M2 at delta = 1."""
RULES = {
    "B": DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1),
    "M, m = 0.5": DeltaGClipSettings(eta="0.05/beta", gamma=0.5, delta=0.1, momentum=0.5),
    "M, m = 0.9": DeltaGClipSettings(eta="0.005/beta", gamma=0.5, delta=0.1, momentum=0.9),
}
"""eta / (1 - m) is 0.1, 0.1 and 0.05 over beta."""
WIDTH = 6500


def shown(value: float, digits: int) -> str:
    """A constant to some digits, rounded to nearest; a dash where there is none."""
    return f"{value:.{digits}f}" if value > 0 else "-"


def computed(m: float, step: float) -> tuple[str, str, str, str, str, str]:
    """The row of one momentum and beta eta / (1 - m), in the order of `PROTOTYPE`."""
    a, smooth = 1 - m, step * (1 - m)
    best = search(Setting(m, m, smooth / a**2, EPS))
    witnesses = [forms_for(m, False, smooth, EPS, floor) for floor in FLOORS]
    decimals = len(PROTOTYPE[m, step][1].split(".")[-1])
    return (
        shown(1 - smooth / limit(m, m), 2),
        shown(best.k, max(2, decimals)),
        shown(closed_form(m, smooth, EPS), 2),
        " ".join("0" if w is None else shown(w.k, 2) for w in witnesses),
        shown(best.omega if best.k > 0 else 0.0, 2),
        "-" if witnesses[0] is None else shown(a * witnesses[0].omega, 2),  # of h, not of h / a,
    )


def apart(ours: str, theirs: str) -> float:
    """The largest difference of two cells, theirs less ours; a dash is 0."""
    pairs = zip(ours.split(), theirs.split(), strict=True)
    return max((float(q.replace("-", "0")) - float(p.replace("-", "0")) for p, q in pairs), key=abs)


NAMES = ("M closed", "M", "M2 closed", "M2", "omega of M", "omega of M2")


def constants() -> tuple[str, str]:
    """The table, and where a figure is not the prototype's to two in the last place."""
    rows, differing = [], []
    for at, theirs in PROTOTYPE.items():
        ours = computed(*at)
        cells = [p if p == q else f"{p} ({q})" for p, q in zip(ours, theirs, strict=True)]
        rows.append(f"| {at[0]} | {at[1]} | " + " | ".join(cells) + " |")
        for name, p, q in zip(NAMES, ours, theirs, strict=True):
            if abs(apart(p, q)) > 0.0101:
                differing.append(f"- {name} at m = {at[0]}, beta eta / (1 - m) = {at[1]}: {p}, prototype {q}")
    return "\n".join(rows), "\n".join(differing) or "- none"


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
    table, differing = constants()
    rows = "\n".join(proved(name, seed) for name in RULES for seed in (0, 1, 2))
    return TEXT.format(k=table, differing=differing, width=WIDTH, proved=rows)


TEXT = """# What momentum costs

Written by `python -m tests.benchmarks.momentum --page docs/momentum_costs.md`.

Theorems M and M2 ask for rho_0 < k int sig where Theorem B has k = 1 - beta eta / 2, and give a rate of
1 - 2 omega mu h / (1 - m) a step. **k and omega** for heavy ball, as found by the search of the program, with
eta sig(0)^2 = 2^-40: M for any steps h_t in (0, eta]; M2 closed for h_t = eta; M2 for h_t in [delta eta, eta] at
delta = 1, 0.7, 0.5; omega of M2 at delta = 1, with the potential of its k. In brackets the figure of the prototype that
the theory was tried with, where it is another.

| m | beta eta / (1 - m) | M closed | M | M2 closed | M2 | omega of M | omega of M2 |
|---|---|---|---|---|---|---|---|
{k}

Differences of more than 0.01:

{differing}

**From initialisation at width {width}**: ten scikit-learn digits labelled +-1, one hidden layer of tanh units in the
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
