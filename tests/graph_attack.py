"""The long attack on class G: `python -m tests.graph_attack --count 400` writes docs/graph_attack.txt.

Random graphs of every kind, radii from 0.01 to 3, every third graph with weights of a tenth. Gradient ascent in the
ball on what each bound forbids (tests/oracles/graph_attack.py) against the enclosed bound. With `--rows all`, or names,
the rows of docs/class_g.md instead: each is proved and its certified ball searched (tests/oracles/row_attack.py), which
writes docs/row_attack.txt.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import defaultdict
from pathlib import Path
from statistics import median

import numpy as np
import torch

import pltheory as pl
from pltheory.certificates.basin import certify_basin
from tests.benchmarks.class_g import ROWS
from tests.oracles.graph_attack import attack
from tests.oracles.graph_bounds import claims, shrunk, violations
from tests.oracles.random_graphs import KINDS, random_graph
from tests.oracles.row_attack import certified_ball, ratios, search

COLUMNS = ("dJ", "ell", "beta")
OF_A_ROW = ("dJ", "ell", "L_F", "beta", "residual", "sigma")


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


def certified(name: str) -> tuple[str, list[str]]:
    """The line of a row of docs/class_g.md, and what of its claim is broken."""
    row = ROWS[name]
    problem = row.problem()
    if row.steps is None:
        claim = pl.certify(problem, row.settings, theorem=row.theorem)
    else:
        basin = certify_basin(problem, row.settings, limit=row.steps)
        claim, problem = basin.certificate, basin.polished.problem if basin.polished else problem
    if claim is None or not claim.holds:
        return f"| {row.what} | open | | | | | | | |", []
    begun = time.perf_counter()
    net, radius, off = certified_ball(claim, problem)
    found, broken = ratios(claim, search(net, radius, restarts=2, steps=3), radius, off)
    cells = [row.what, f"{radius:.3g}", *(f"{found[c]:.4g}" for c in OF_A_ROW), f"{time.perf_counter() - begun:.0f}"]
    return "| " + " | ".join(cells) + " |", broken


def row_page(lines: list[str], broken: list[str]) -> str:
    """What the search of the certified balls found."""
    head = [
        "Attack on the certified balls of class G: `python -m tests.graph_attack --rows all`.",
        "",
        f"{len(lines)} of {len(ROWS)} rows, two restarts of three moves a quantity; violations: {len(broken)}.",
        "dJ, ell by pairs, L_F, beta, residual: bound over the worst found; dJ is held against ell R.",
        "sigma: largest share of sigma_min(J_0) - sig that was lost at a radius of the ball, at most 1.",
        "",
        "| network and data | R | dJ | ell | L_F | beta | residual | sigma | s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *lines, "", *broken]).rstrip() + "\n"


def rows(names: list[str], out: Path) -> int:
    """Search the balls of these rows, and write the page after each; 1 where a claim is broken."""
    warnings.simplefilter("ignore", UserWarning)  # of torch, about the speed of batching attention
    lines, broken = [], []
    for name in names:
        line, bad = certified(name)
        lines.append(line)
        broken += [f"violated: {name}: {', '.join(bad)}"] if bad else []
        out.write_text(row_page(lines, broken), encoding="utf-8")
    return int(bool(broken))


def main(arguments: list[str]) -> int:
    """Run, and write the table; 1 where a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--out", type=Path, default=Path("docs/graph_attack.txt"))
    parser.add_argument("--rows", help="names of rows of docs/class_g.md, separated by commas, or all")
    parser.add_argument("--rows-out", type=Path, default=Path("docs/row_attack.txt"))
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if args.rows:
        return rows(list(ROWS) if args.rows == "all" else args.rows.split(","), args.rows_out)
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
