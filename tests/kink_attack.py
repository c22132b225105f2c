"""The long attack on networks with kinks: `python -m tests.kink_attack --count 5000` writes docs/kink_attack.txt.

Random networks of every kind, tokens put at their kinks or near them in half of them; radii at which some tokens can
flip. Greedy flipping at the least cost and ascent (tests/oracles/kink_attack.py) against the bounds, those of every
fifth network enclosed. Several runs side by side, each with `--lines FILE`, make one page: `--of FILE FILE ..`.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from statistics import median

import numpy as np

from tests.oracles.kink_attack import Attack, crossings
from tests.oracles.kink_bounds import Arithmetic, Compared, compared
from tests.oracles.random_kinks import KINDS, MORE, random_kinks

COLUMNS = ("dJ0", "dJ1", "dJ2", "rows", "pairs", "steps", "pair rows", "N2", "N2 pairs")
HEADINGS = ("dJ", "without units", "without groups", *COLUMNS[3:])


def one(seed: int, kind: str | None = None) -> tuple[str, Compared]:
    """Kind, and what came of it."""
    drawn = random_kinks(seed, kind)
    rng = np.random.default_rng([seed, 3])
    attack = Attack(drawn.graph, drawn.x, 1.0, rng)
    every = crossings(drawn.graph, attack.centre)
    costs = sorted(abs(c.off(attack.centre)) / np.linalg.norm(c.slope(attack.centre)) for c in every)
    few = costs[: max(1, len(costs) // 2)] or [0.3]
    base = max(float(rng.choice(few)), 1e-3)
    attack.radius = base * float(rng.choice([1.0001, 1.05, 1.5, 3.0]))
    return drawn.kind, compared(attack, Arithmetic(seed % 5 == 4))


def row(name: str, results: list[Compared]) -> str:
    """One line of the table."""
    cells = [name, str(len(results)), str(sum(bool(r.broken) for r in results))]
    for column in COLUMNS:
        values = [r.ratios[column] for r in results if column in r.ratios]
        cells.append(f"{min(values):.4f} / {median(values):.3g}" if values else "-")
    return "| " + " | ".join(cells) + " |"


def table(results: dict[str, list[Compared]], broken: list[str]) -> str:
    """The page."""
    every = [r for rows in results.values() for r in rows]
    lines = [
        "Attack on the bounds of networks with kinks: `python -m tests.kink_attack`.",
        "",
        f"{len(every)} random networks at one radius each; violations: {len(broken)}.",
        "Bound over best attack, minimum / median: of ||J(w) - J_0||, with all columns, without those of units that",
        "may flip, without groups below, and by parameter groups; of ||J(w') - J(w)||, anywhere in the ball, for steps",
        "of a given length, and by groups; of the sharp form of one layer. A bound counts where something was found.",
        "",
        "| " + " | ".join(("kind", "networks", "violated", *HEADINGS)) + " |",
        "|" + "---|" * (3 + len(HEADINGS)),
        *(row(kind, results[kind]) for kind in KINDS | MORE if results[kind]),
        row("all", every),
        "",
        *broken,
    ]
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Run, and write the table; 1 where a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2160)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--out", type=Path, default=Path("docs/kink_attack.txt"))
    parser.add_argument("--kind", nargs="*", choices=[*KINDS, *MORE], help="these in turn in place of all but the rare")
    parser.add_argument("--lines", type=Path, help="append one line of JSON for each network")
    parser.add_argument("--of", type=Path, nargs="*", help="write the page of such lines, and attack nothing")
    args = parser.parse_args(arguments)
    results: dict[str, list[Compared]] = defaultdict(list)
    broken: list[str] = []
    for line in (line for path in args.of or [] for line in path.read_text().splitlines()):
        said = json.loads(line)
        found = Compared(said["ratios"], said["broken"])
        results[said["kind"]].append(found)
        broken += [f"violated: seed {said['seed']}, {said['kind']}: {', '.join(found.broken)}"] if found.broken else []
    if args.of is not None:
        args.out.write_text(table(results, broken), encoding="utf-8")
        return int(bool(broken))
    for seed in range(args.first, args.first + args.count):
        try:
            kind, found = one(seed, args.kind[seed % len(args.kind)] if args.kind else None)
        except Exception:
            kind, found = "failed", Compared({}, [traceback.format_exc().splitlines()[-1]])
        results[kind].append(found)
        broken += [f"violated: seed {seed}, {kind}: {', '.join(found.broken)}"] if found.broken else []
        if args.lines is not None:
            with args.lines.open("a") as file:
                file.write(json.dumps({"seed": seed, "kind": kind, **asdict(found)}) + "\n")
        if seed % 20 == 19 or seed == args.first + args.count - 1:
            args.out.write_text(table(results, broken), encoding="utf-8")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
