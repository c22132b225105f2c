"""The long attack on class G: `python -m tests.graph_attack --count 400` writes docs/graph_attack.txt.

Random graphs of every kind, radii from 0.01 to 3, every third graph with weights of a tenth. Gradient ascent in the
ball on what each bound forbids (tests/oracles/graph_attack.py) against the enclosed bound.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

import numpy as np
import torch

from tests.oracles.graph_attack import attack
from tests.oracles.graph_bounds import claims, shrunk, violations
from tests.oracles.random_graphs import KINDS, random_graph

COLUMNS = ("dJ", "ell", "beta")


def one(seed: int) -> tuple[str, dict[str, float], list[str]]:
    """Kind, bound over best attack per column (and the share of dJ that sigma_min lost, where sig > 0), violations."""
    rng = np.random.default_rng([seed, 1])
    drawn = random_graph(seed)
    graph = shrunk(drawn.graph, 0.1) if (seed // len(KINDS)) % 3 == 2 else drawn.graph
    radius = float(10 ** rng.uniform(-2, np.log10(3)))
    claimed = claims(graph, drawn.x, drawn.y, radius)
    found = attack(graph, drawn.x, drawn.y, radius, starts=2, steps=12, seed=seed)
    ratios = {
        "dJ": claimed.change / found.change if found.change else np.inf,
        "ell": claimed.lipschitz / found.derivative if found.derivative else np.inf,
        "beta": claimed.curvature / found.curvature if found.curvature > 0 else np.inf,
    }
    if claimed.change < found.least_at_centre:
        ratios["sigma"] = (found.least_at_centre - found.least) / claimed.change
    return drawn.kind, ratios, violations(found, claimed)


def row(name: str, results: list[dict[str, float]]) -> str:
    """One line of the table."""
    cells = [name, str(len(results))]
    for column in COLUMNS:
        values = [r[column] for r in results]
        cells.append(f"{min(values):.2f} / {median(values):.3g}")
    lost = [r["sigma"] for r in results if "sigma" in r]
    cells.append(f"{max(lost):.2f} of {len(lost)}" if lost else "-")
    return "| " + " | ".join(cells) + " |"


def table(results: dict[str, list[dict[str, float]]], broken: list[str]) -> str:
    """The page."""
    every = [r for rows in results.values() for r in rows]
    lines = [
        "Attack on the bounds of class G: `python -m tests.graph_attack`.",
        "",
        f"{len(every)} random graphs at one radius each, 0.01 to 3; violations: {len(broken)}.",
        "Bound over best attack, minimum / median; last: largest loss of sigma_min found over dJ, where sig > 0.",
        "",
        "| kind | graphs | dJ | ell | beta | sigma |",
        "|---|---|---|---|---|---|",
        *(row(kind, results[kind]) for kind in KINDS if results[kind]),
        row("all", every),
        "",
        *broken,
    ]
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Run, and write the table; 1 where a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--out", type=Path, default=Path("docs/graph_attack.txt"))
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    results: dict[str, list[dict[str, float]]] = defaultdict(list)
    broken: list[str] = []
    for seed in range(args.first, args.first + args.count):
        kind, ratios, bad = one(seed)
        results[kind].append(ratios)
        broken += [f"violated: seed {seed}, {kind}: {', '.join(bad)}"] if bad else []
        args.out.write_text(table(results, broken), encoding="utf-8")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
