"""The long attack on Theorem F1: `python -m tests.batch_attack` writes docs/batch_attack.txt.

With `--workers` it is on Theorem F4, local steps that are averaged, and writes docs/local_steps_attack.txt.

Linear problems, where all of it is exact but the factor of an epoch: every order up to 24, step sizes by coordinate
ascent. Small tanh networks from starts at and below the largest distance at which the program closes: each epoch the
worst of a dozen orders and patterns of step sizes, by distance to the zeros, by distance to the centre, or at random.
The same linear problems against wrong versions of the theorem, which are to be refuted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import numpy as np

from pltheory.certification.batches import conditions, parts, workers
from pltheory.theory import batches
from tests.oracles.batch_attack import (
    Linear,
    Outcome,
    adversarial_run,
    claimed,
    linear,
    network,
    shared_linear,
    worst,
)

WRONG: dict[str, tuple[tuple[Any, str, Callable[..., Any]], ...]] = {
    "sg doubled": ((conditions, "seen", lambda eta, delta, sg, om, ops: batches.seen(eta, delta, 2 * sg, om, ops)),),
    "a = 2": ((conditions, "gap", lambda eta, beta: 2.0),),
    "Om = 1": (
        (workers, "truncation", lambda *args: 0.0),
        (parts.Parts, "pairs", lambda *args: 0.0),
    ),
}
"""Versions of the theorem that are false, by what replaces a formula of the program."""
WRONG_OF_WORKERS = {**WRONG, "rate without 1/K": ((conditions, "shared", lambda om, workers, ops: om),)}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The program with that wrong version."""
    (where, what, instead), *rest = WRONG_OF_WORKERS[name]
    with mock.patch.object(where, what, instead):
        if rest:
            with mock.patch.object(*rest[0]):
                yield
        else:
            yield


def linear_ratios(
    seeds: range, make: Callable[[np.random.Generator], Linear] = linear, orders: int = 24
) -> tuple[list[float], dict[str, list[float]]]:
    """Attained over claimed decrease of D^2 per epoch or round, and the same of the wrong versions."""
    false = WRONG if make is linear else WRONG_OF_WORKERS
    right, wrong = [], {name: [] for name in false}
    for seed in seeds:
        rng = np.random.default_rng([seed, 1])
        problem = make(rng)
        fall = 1 - worst(problem, rng, orders)
        right.append(fall / (1 - claimed(problem).rate))
        for name in false:
            with planted(name):
                wrong[name].append(fall / (1 - claimed(problem).rate))
    return right, wrong


def network_runs(seeds: range, runs: int, *, workers: bool = False) -> list[Outcome]:
    """Adversarial runs of small networks."""
    found = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 2])
        at = network(rng, float(rng.choice([1.0, 0.3])), workers=workers)
        found += [] if at is None else [adversarial_run(at, rng) for _ in range(runs)]
    return found


def _line(name: str, ratios: list[float]) -> str:
    return (
        f"| {name} | {len(ratios)} | {sum(r < 1 - 1e-9 for r in ratios)} | {min(ratios):.4f} | {median(ratios):.3g} |"
    )


def table(right: list[float], wrong: dict[str, list[float]], runs: list[Outcome], said: str, *, workers: bool) -> str:
    """The page; `said` is what was called."""
    one = "a round" if workers else "an epoch"
    named = {
        f"decrease of D^2 per {one.split()[1]}": "rate",
        "distance to the centre, V + eps over it": "stay",
        f"growth within {one}, g over it": "growth",
        f"||r|| at {one}'s start over sg D": "residual",
        "path, bound over it": "path",
    }
    return "\n".join(
        [
            f"Attack on Theorem {'F4' if workers else 'F1'}: `{said}`.",
            "",
            f"Linear problems: {len(right)}; adversarial runs of small networks: {len(runs)}.",
            "Bound over attained (of a decrease, attained over bound): below 1 is a violation.",
            "",
            "| what | cases | violated | smallest | median |",
            "|---|---|---|---|---|",
            _line(f"linear, decrease of D^2 per {one.split()[1]}", right),
            *(_line(f"networks, {what}", [getattr(r, key) for r in runs]) for what, key in named.items()),
            *(_line(f"wrong version, {name} (linear)", ratios) for name, ratios in wrong.items()),
            "",
        ]
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--linear", type=int, default=1600)
    parser.add_argument("--networks", type=int, default=240)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--orders", type=int, default=24)
    parser.add_argument("--workers", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    right, wrong = linear_ratios(range(args.linear), shared_linear if args.workers else linear, args.orders)
    runs = network_runs(range(args.networks), args.runs, workers=args.workers)
    out = args.out or Path("docs/local_steps_attack.txt" if args.workers else "docs/batch_attack.txt")
    said = " ".join(["python -m tests.batch_attack", *sys.argv[1:]])
    out.write_text(table(right, wrong, runs, said, workers=args.workers))
    if any(r < 1 - 1e-9 for r in right) or any(r.broken for r in runs):
        raise SystemExit("violated")


if __name__ == "__main__":
    main()
