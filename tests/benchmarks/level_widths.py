"""Smallest width certified by Theorem L: `python -m tests.benchmarks.level_widths` writes docs/level_widths.md.

Cross-entropy from a random initialisation on the first six digits in three classes (digit modulo 3), one hidden layer
of tanh units, NTK parametrisation, delta-GClip with eta = 0.1/beta, gamma = 1, delta = 0.1, down to a loss that forces
accuracy 1. The width is searched in floats by bisection, as `pltheory width` does, and then proved; every width is a
draw of its own, so that a width above the smallest one need not be certified.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from pltheory.certificates.width import smallest_width
from pltheory.optim import DeltaGClipSettings
from pltheory.problem.data import digits
from pltheory.problem.networks import OutputInit, fully_connected
from pltheory.problem.problem import Problem
from pltheory.theorems.l import THEOREM

RULE = DeltaGClipSettings(eta="0.1/beta", gamma=1.0, delta=0.1)
FIRST = {
    ("gaussian", False): 130_000,
    ("rademacher", False): 60_000,
    ("gaussian", True): 30_000,
    ("rademacher", True): 9_000,
}
"""Width at which a search begins, by output weights and whether the profile is sharpened."""
LARGEST = 2_000_000


def at(width: int, head: OutputInit, seed: int) -> Problem:
    """The problem at a width."""
    net = fully_connected([64, width, 3], activation="tanh", seed=seed, output_init=head)
    return Problem(net, digits(6, labels="one-hot").x, torch.arange(6) % 3, "cross-entropy")


def row(head: OutputInit, sharp: bool, seed: int) -> str:
    """One line of the table."""

    def ratio(width: int) -> float:
        return THEOREM.found_at(at(width, head, seed), RULE, sharp=sharp).constants.ratio

    width = smallest_width(ratio, FIRST[head, sharp], LARGEST)
    while width is not None:
        problem = at(width, head, seed)
        claim = THEOREM.certified_on(problem, RULE, THEOREM.found_at(problem, RULE, sharp=sharp))
        if claim.holds:
            break
        width = int(1.01 * width) + 1
    profile = "Theorem E" if sharp else "plain"
    if width is None:
        return f"| {head} | {profile} | {seed} | none below {LARGEST} | | | | |"
    cells = [head, profile, str(seed), str(width), f"{claim['loss']:.4g}", f"{claim['length']:.4g}"]
    cells += [f"{claim['required']:.4g}", f"{claim['steps']:.3g}"]
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str]) -> int:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--heads", nargs="*", default=["rademacher", "gaussian"])
    parser.add_argument("--out", type=Path, default=Path("docs/level_widths.md"))
    asked = parser.parse_args(arguments)
    lines = [
        "| output weights | profile | seed | smallest certified width | $L_0$ | $\\Phi$ | $\\rho$ | T |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for head in asked.heads:
        for sharp in (False, True):
            for seed in range(asked.seeds):
                lines.append(row(head, sharp, seed))
                sys.stdout.write(lines[-1] + "\n")
                sys.stdout.flush()
                asked.out.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
