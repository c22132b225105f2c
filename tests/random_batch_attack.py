"""The long attack on Theorem F2: `python -m tests.random_batch_attack` writes docs/random_batch_attack.txt.

Linear problems and quadratic maps whose curvatures are aligned, from starts at and below the largest distance at which
the program closes with p = .05: at every step of a run the exact mean over all subsets, each with its worst step size.
The same against wrong versions of the theorem, which are to be refuted.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median

import numpy as np

from tests.oracles.random_batch_attack import Outcome, Wrong, attack, drawn

WRONG = {
    "sg doubled": (Wrong(sg=2.0), "rate"),
    "G = exp(xi / 4)": (Wrong(exponent=0.5), "growth"),
    "half of ell in W_t": (Wrong(ell=0.5), "growth"),
    "half of Lam": (Wrong(lam=0.5), "drift"),
}
"""Versions that are false, and the claim in which they fail."""


def runs(seeds: range, *, bent: bool, wrong: Wrong | None = None, each: int = 2) -> list[Outcome]:
    """Runs of drawn problems."""
    found: list[Outcome] = []
    for seed in seeds:
        rng = np.random.default_rng([seed, int(bent), 7])
        at = drawn(rng, bent=bent)
        if at is not None:
            found += [attack(at, rng, wrong=wrong) for _ in range(each)]
    return found


def _line(name: str, ratios: list[float]) -> str:
    seen = [r for r in ratios if np.isfinite(r)]
    return f"| {name} | {len(seen)} | {sum(r < 1 - 1e-9 for r in seen)} | {min(seen):.4f} | {median(seen):.3g} |"


def table(linear: list[Outcome], bent: list[Outcome], wrong: dict[str, list[float]]) -> str:
    """The page."""
    named = {
        "mean decrease of D_t^2": "rate",
        "mean increase of |w - z_0|^2": "drift",
        "growth of |w_t - z_0|, exp(W_t / 2)": "growth",
        "||r|| over sg D_t": "residual",
        "mean of exp(al dW + nu dD), at most 1": "exponential",
    }
    return "\n".join(
        [
            "Attack on Theorem F2: `python -m tests.random_batch_attack`.",
            "",
            f"Runs of linear problems: {len(linear)}; of quadratic maps: {len(bent)}.",
            "Bound over attained (of a decrease, attained over bound): below 1 is a violation.",
            "",
            "| what | runs | violated | smallest | median |",
            "|---|---|---|---|---|",
            _line("linear, mean decrease of D_t^2", [r.rate for r in linear]),
            *(_line(f"quadratic, {what}", [getattr(r, key) for r in bent]) for what, key in named.items()),
            *(_line(f"wrong version, {name}", ratios) for name, ratios in wrong.items()),
            "",
        ]
    )


def wrong_versions(seeds: range) -> dict[str, list[float]]:
    """Of each wrong version, its claim's ratios."""
    return {
        name: [getattr(r, key) for r in runs(seeds, bent=key != "rate", wrong=false)]
        for name, (false, key) in WRONG.items()
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--out", type=Path, default=Path("docs/random_batch_attack.txt"))
    args = parser.parse_args()
    linear, bent = (runs(range(args.problems), bent=b) for b in (False, True))
    args.out.write_text(table(linear, bent, wrong_versions(range(args.problems // 4))))
    if any(r.broken for r in (*linear, *bent)):
        raise SystemExit("violated")


if __name__ == "__main__":
    main()
