"""The long attack on Theorems S, M and Mb: `python -m tests.step_attack --count 75` writes docs/step_attack.txt.

Random linear and curved problems whose constants are exact, certificates that close amply or just so, eight adversaries
that choose the step sizes (tests/oracles/step_attack.py); every inequality of the proof is checked at every step.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from tests.oracles.step_attack import LAWS, WAYS, Outcome, attacked

WRONG = {
    "k one and a half times as large": lambda f: replace(f, k=min(1.5 * f.k, 0.999 * f.xi if f.c else 1.5 * f.k)),
    "omega twice as large": lambda f: replace(f, omega=2 * f.omega),
    "C ten times as small": lambda f: replace(f, c=f.c / 10, c_rate=f.c_rate / 10),
    "C ten times as large": lambda f: replace(f, c=f.c * 10, c_rate=f.c_rate * 10),
}
"""Wrong versions of what is claimed, which the attack has to refute; of S, the first alone."""


def row(name: str, results: list[Outcome]) -> str:
    """One line of the table."""
    cells = [name, str(len(results)), str(sum(bool(r.broken) for r in results))]
    for key in ("path", "step", "rate"):
        values = [v for v in (getattr(r, key) for r in results) if v < 1e6]
        cells.append(f"{min(values):.4f} / {median(values):.3g}" if values else "-")
    return "| " + " | ".join(cells) + " |"


def refuted(theorem: str, change: Any, seeds: range) -> int:
    """How many runs break a wrong version."""
    return sum(bool(o.broken) for seed in seeds for o in attacked(seed, theorem, change))


def table(results: dict[str, list[Outcome]], wrong: dict[tuple[str, str], int]) -> str:
    """The page."""
    every = [o for rows in results.values() for o in rows]
    broken = [f"{name}: {o.way}: {o.broken}" for name, rows in results.items() for o in rows if o.broken]
    heads = ("runs", "violated", "path, rho over true", "step, fall over k sig l rho_t", "rate, fall over the bound")
    lines = [
        "Attack on Theorems S, M and Mb: `python -m tests.step_attack`.",
        "",
        f"{len(every)} runs of random problems with exact constants; violations: {len(broken)}.",
        "Bound over attained, minimum / median over the runs.",
        "",
        "| theorem | " + " | ".join(heads) + " |",
        "|" + "---|" * 6,
        *(row(name, rows) for name, rows in results.items()),
        "",
        "| step sizes | " + " | ".join(heads) + " |",
        "|" + "---|" * 6,
        *(row(way, [o for o in every if o.way == way]) for way in WAYS),
        "",
        "| wrong version | theorem | runs that refute it |",
        "|" + "---|" * 3,
        *(f"| {what} | {name} | {count} |" for (name, what), count in wrong.items()),
        "",
        *broken,
    ]
    return "\n".join(lines).rstrip() + "\n"


def wrong_versions(theorem: str) -> dict[str, Any]:
    """Those that say something of that theorem."""
    return dict(list(WRONG.items())[: 1 if theorem == "S" else len(WRONG)])


def _refuted(wrong: dict[tuple[str, str], int]) -> list[bool]:
    """Of each wrong version, whether some theorem's runs refute it."""
    return [any(count for (_, said), count in wrong.items() if said == what) for what in WRONG]


def main(arguments: list[str]) -> int:
    """Run, and write the table; 1 where a bound is broken, or a wrong version is by no theorem's runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=75, help="problems of each theorem, eight runs each")
    parser.add_argument("--out", type=Path, default=Path("docs/step_attack.txt"))
    args = parser.parse_args(arguments)
    results = {name: [o for seed in range(args.count) for o in attacked(seed, name)] for name in LAWS}
    wrong = {
        (name, what): refuted(name, change, range(args.count // 5))
        for name in LAWS
        for what, change in wrong_versions(name).items()
    }
    args.out.write_text(table(results, wrong), encoding="utf-8")
    return int(any(o.broken for rows in results.values() for o in rows) or not all(_refuted(wrong)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
