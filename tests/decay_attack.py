"""The long attack on Theorems W1 and W2: `python -m tests.decay_attack --count 150` writes docs/decay_attack.txt.

Random linear and curved problems whose constants are exact, certificates that close amply or just so, eight adversaries
that choose the step sizes (tests/oracles/decay_attack.py, minimiser_attack.py); every inequality is checked at every
step.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from pltheory.certification.conclusion import path_end
from pltheory.theory.formulas import slack
from tests.oracles import minimiser_attack
from tests.oracles.decay_attack import WAYS, Case, Change, Outcome, attacked, unchanged

FORMS = {"coupled": False, "decoupled": True}


def _radius(case: Case, needed: float) -> Case:
    """The radius that the integral from 0 gives."""
    available = float(slack(case.horizon.beta, case.horizon.eta)) * case.on.integral
    return replace(case, horizon=replace(case.horizon, end=path_end(available, needed)))


WRONG: dict[str, tuple[Change, float]] = {
    "the residual as at the start": (lambda c: replace(c, horizon=replace(c.horizon, reached=c.on.residual)), 0.99),
    "the radius of Theorem B": (lambda c: _radius(c, c.on.residual), 0.99),
    "W half as large": (lambda c: replace(c, on=replace(c.on, weights=c.on.weights / 2)), 0.99),
    "F half as large": (
        lambda c: replace(c, horizon=replace(c.horizon, limit=c.horizon.limit / 2, loss=c.horizon.loss / 2)), 0.99,
    ),
    "mu twice as large": (lambda c: replace(c, horizon=replace(c.horizon, mu=2 * c.horizon.mu)), 0.99),
    "ten times as many steps": (lambda c: replace(c, horizon=replace(c.horizon, steps=10 * c.horizon.steps)), 0.99),
    "the rate with steps up to 1.9 / beta": (unchanged, 1.9),
}  # fmt: skip
"""Wrong versions of what is claimed, which the attack has to refute."""


def row(name: str, results: list[Outcome]) -> str:
    """One line of the table."""
    cells = [name, str(len(results)), str(sum(bool(r.broken) for r in results))]
    for key in ("floor", "distance", "residual"):
        values = [v for v in (getattr(r, key) for r in results) if v < 1e6]
        cells.append(f"{min(values):.4f} / {median(values):.3g}" if values else "-")
    return "| " + " | ".join(cells) + " |"


def refuted(decoupled: bool, wrong: tuple[Change, float], seeds: range) -> int:
    """How many runs break a wrong version."""
    change, longest = wrong
    return sum(bool(o.broken) for s in seeds for o in attacked(s, decoupled=decoupled, change=change, longest=longest))


def of_minimiser(count: int) -> tuple[list[str], bool]:
    """The table of Theorem W1, and whether nothing is broken but every wrong version."""
    every = [o for s in range(count) for o in minimiser_attack.attacked(s)]
    broken = [f"{o.way}: {o.broken}" for o in every if o.broken]
    cells = []
    for key in ("contraction", "path", "near"):
        values = [v for v in (getattr(o, key) for o in every) if v < 1e6]
        cells.append(f"{min(values):.4f} / {median(values):.3g}")
    wrong = {
        what: sum(bool(o.broken) for s in range(max(40, count // 5)) for o in minimiser_attack.attacked(s, change))
        for what, change in minimiser_attack.WRONG.items()
    }
    lines = [
        "",
        "Attack on Theorem W1: the loss with its decay, convex where the steps are.",
        "",
        f"{len(every)} runs; violations: {len(broken)}.",
        "",
        "| gradient after a step | path | distance of the minimiser |",
        "|" + "---|" * 3,
        "| " + " | ".join(cells) + " |",
        "",
        "| wrong version | runs that refute it |",
        "|" + "---|" * 2,
        *(f"| {what} | {count} |" for what, count in wrong.items()),
        "",
        *broken,
    ]
    return lines, not broken and all(wrong.values())


def table(results: dict[str, list[Outcome]], wrong: dict[tuple[str, str], int]) -> str:
    """The page of Theorem W2."""
    every = [o for rows in results.values() for o in rows]
    broken = [f"{name}: {o.way}: {o.broken}" for name, rows in results.items() for o in rows if o.broken]
    heads = ("runs", "violated", "loss after a step", "distance from w_0", "residual")
    return "\n".join(
        [
            "Attack on Theorem W2: `python -m tests.decay_attack`.",
            "",
            f"{len(every)} runs of random problems with exact constants; violations: {len(broken)}.",
            "Bound over attained, minimum / median over the runs.",
            "",
            "| weight decay | " + " | ".join(heads) + " |",
            "|" + "---|" * 6,
            *(row(name, rows) for name, rows in results.items()),
            "",
            "| step sizes | " + " | ".join(heads) + " |",
            "|" + "---|" * 6,
            *(row(way, [o for o in every if o.way == way]) for way in WAYS),
            "",
            "| wrong version | weight decay | runs that refute it |",
            "|" + "---|" * 3,
            *(f"| {what} | {name} | {count} |" for (name, what), count in wrong.items()),
            "",
            *broken,
        ]
    ).rstrip() + "\n"  # fmt: skip


def main(arguments: list[str]) -> int:
    """Run, and write the table; 1 where a bound is broken, or a wrong version is by no runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=150, help="problems of each form, eight runs each")
    parser.add_argument("--out", type=Path, default=Path("docs/decay_attack.txt"))
    args = parser.parse_args(arguments)
    with np.errstate(all="ignore"):  # what a wrong version leads to may overflow
        results = {
            name: [o for s in range(args.count) for o in attacked(s, decoupled=form)] for name, form in FORMS.items()
        }
        wrong = {
            (name, what): refuted(form, change, range(max(20, args.count // 5)))
            for name, form in FORMS.items()
            for what, change in WRONG.items()
        }
        lines, right = of_minimiser(args.count)
    args.out.write_text(table(results, wrong) + "\n".join(lines).rstrip() + "\n", encoding="utf-8")
    caught = all(any(count for (_, said), count in wrong.items() if said == what) for what in WRONG)
    return int(any(o.broken for rows in results.values() for o in rows) or not caught or not right)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
