"""The long attack on Theorem T: `python -m tests.finite_attack --count 360` writes docs/finite_attack.txt.

Random networks, batches and rules. The exact run at 200 bits, with torch's buffer, beside the certified one: distances
in the norm of pairs against eps_t, what is enclosed at the end. And the derivative of a step at points of balls of
three sizes against Lip_t.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

from tests.oracles.finite_runs import drawn, expanded, followed_exactly

RADII = (1e-6, 0.01, 0.1)


def table(ratios: dict[tuple[str, str], list[float]], count: int, broken: list[str]) -> str:
    """The page."""
    lines = [
        "Attack on Theorem T: `python -m tests.finite_attack`.",
        "",
        f"{count} random problems (tanh and sigmoid, one or two hidden layers, with and without biases; square loss,",
        "cross-entropy, logistic; sum and mean; momentum 0 to 0.9; every branch of the clip), batches at random;",
        f"violations: {len(broken)}. Bound over attained, minimum / median / how often: $\\varepsilon_t$ over the "
        "distance",
        "of the exact from the computed pair at every step; $\\mathrm{Lip}_t$ over the norm of the step's derivative "
        "at points of",
        f"balls of radius {', '.join(map(str, RADII))}; the upper end of the gradient's norm over the exact one.",
        "",
        r"| recursion | $\varepsilon_t$ | $\mathrm{Lip}_t$ | gradient |",
        "|---|---|---|---|",
    ]
    for kind in ("plain", "heavy ball", "nesterov"):
        cells = [kind]
        for name in ("eps", "Lip", "gradient"):
            values = ratios[kind, name]
            cells.append(f"{min(values):.6f} / {median(values):.3g} / {len(values)}" if values else "-")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *broken]).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Run, and write the table; 1 where a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=360)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--out", type=Path, default=Path("docs/finite_attack.txt"))
    args = parser.parse_args(arguments)
    ratios: dict[tuple[str, str], list[float]] = defaultdict(list)
    broken: list[str] = []
    for seed in range(args.first, args.first + args.count):
        kind = drawn(seed).kind
        # Three seeds in turn have the three recursions.
        for found in (followed_exactly(drawn(seed)), expanded(seed, RADII[seed // 3 % len(RADII)])):
            for name, values in found.ratios.items():
                ratios[kind, name] += values
            broken += [f"seed {seed}, {kind}: {what}" for what in found.broken]
    args.out.write_text(table(ratios, args.count, broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
