"""The long attack on Theorem F1: `python -m tests.batch_attack` writes docs/batch_attack.txt.

Linear problems, where all of it is exact but the factor of an epoch: every order up to 24, step sizes by coordinate
ascent. Small tanh networks from starts at and below the largest distance at which the program closes: each epoch the
worst of a dozen orders and patterns of step sizes, by distance to the zeros, by distance to the centre, or at random.
The same linear problems against wrong versions of the theorem, which are to be refuted.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import numpy as np

from pltheory.certification.batches import conditions, parts
from pltheory.theory import batches
from tests.oracles.batch_attack import Outcome, adversarial_run, claimed, linear, network, worst

WRONG: dict[str, tuple[tuple[Any, str, Callable[..., Any]], ...]] = {
    "sg doubled": ((conditions, "seen", lambda eta, delta, sg, om, ops: batches.seen(eta, delta, 2 * sg, om, ops)),),
    "a = 2": ((conditions, "gap", lambda eta, beta: 2.0),),
    "Om = 1": (
        (conditions, "truncation", lambda *args: 0.0),
        (parts.Parts, "pairs", lambda self, change: 0.0),
    ),
}
"""Versions of the theorem that are false, by what replaces a formula of the program."""


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The program with that wrong version."""
    (where, what, instead), *rest = WRONG[name]
    with mock.patch.object(where, what, instead):
        if rest:
            with mock.patch.object(*rest[0]):
                yield
        else:
            yield


def linear_ratios(seeds: range) -> tuple[list[float], dict[str, list[float]]]:
    """Attained over claimed decrease of D^2 per epoch, and the same of the wrong versions."""
    right, wrong = [], {name: [] for name in WRONG}
    for seed in seeds:
        rng = np.random.default_rng([seed, 1])
        problem = linear(rng)
        fall = 1 - worst(problem, rng)
        right.append(fall / (1 - claimed(problem).rate))
        for name in WRONG:
            with planted(name):
                wrong[name].append(fall / (1 - claimed(problem).rate))
    return right, wrong


def network_runs(seeds: range, runs: int) -> list[Outcome]:
    """Adversarial runs of small networks."""
    found = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 2])
        at = network(rng, float(rng.choice([1.0, 0.3])))
        found += [] if at is None else [adversarial_run(at, rng) for _ in range(runs)]
    return found


def _line(name: str, ratios: list[float]) -> str:
    return (
        f"| {name} | {len(ratios)} | {sum(r < 1 - 1e-9 for r in ratios)} | {min(ratios):.4f} | {median(ratios):.3g} |"
    )


def table(right: list[float], wrong: dict[str, list[float]], runs: list[Outcome]) -> str:
    """The page."""
    named = {
        "decrease of D^2 per epoch": "rate",
        "distance to the centre, V + eps over it": "stay",
        "growth within an epoch, g over it": "growth",
        "||r|| at an epoch's start over sg D": "residual",
        "path, bound over it": "path",
    }
    return "\n".join(
        [
            "Attack on Theorem F1: `python -m tests.batch_attack`.",
            "",
            f"Linear problems: {len(right)}; adversarial runs of small networks: {len(runs)}.",
            "Bound over attained (of a decrease, attained over bound): below 1 is a violation.",
            "",
            "| what | cases | violated | smallest | median |",
            "|---|---|---|---|---|",
            _line("linear, decrease of D^2 per epoch", right),
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
    parser.add_argument("--out", type=Path, default=Path("docs/batch_attack.txt"))
    args = parser.parse_args()
    right, wrong = linear_ratios(range(args.linear))
    runs = network_runs(range(args.networks), args.runs)
    args.out.write_text(table(right, wrong, runs))
    if any(r < 1 - 1e-9 for r in right) or any(r.broken for r in runs):
        raise SystemExit("violated")


if __name__ == "__main__":
    main()
