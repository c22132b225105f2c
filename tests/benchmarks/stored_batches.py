"""Certificates of Theorem F3: `python -m tests.benchmarks.stored_batches --recheck --page docs/stored_batches.md`."""

from __future__ import annotations

import pltheory as pl
from pltheory.optim import DeltaGClipSettings
from pltheory.problem.batches import Batches
from tests.benchmarks.certified import Proved, Row, Table, main

RULE = DeltaGClipSettings(eta="0.5/beta", gamma=1.0, delta=0.1)
SIZES = {10: (2, 128), 50: (10, 512), 100: (20, 2048)}
"""n to b and the width."""


def initial(n: int, width: int) -> pl.Problem:
    """Digits labelled +-1, output weights +-1."""
    data = pl.datasets.digits(n, labels="low-high")
    net = pl.fully_connected([64, width, 1], activation="tanh", seed=0, output_init="rademacher")
    return pl.Problem(net, data.x, data.y)


def proved(problem: pl.Problem) -> Proved:
    """Theorem F3, every partition."""
    claim = pl.certify(problem, RULE, theorem="F3", batches=Batches(SIZES[len(problem.x)][0], "shuffle"))
    return Proved(claim, int(claim.numbers["steps"]))


TABLE = Table(
    "tests.benchmarks.stored_batches",
    {
        f"n{n}": Row(
            f"n = {n}, b = {b}, width {width}",
            lambda n=n, width=width: initial(n, width),  # type: ignore[misc]
            prove=proved,
        )
        for n, (b, width) in SIZES.items()
    },
    "Certificates of stored mini-batches",
    (
        "Written by `python -m tests.benchmarks.stored_batches --recheck --page docs/stored_batches.md`; round-off",
        "counted. Theorem F3 at widths far below those of [Theorem F1](batches.md): *steps* mini-batch steps from the",
        "initialisation are enclosed, and from where they end every order of every partition is certified. Digits",
        "labelled +-1, one hidden layer of tanh units in the NTK parametrisation, output weights +-1, seed 0, and",
        'delta-GClip with `eta = "0.5/beta"`, gamma = 1 and delta = 0.1.',
        "",
        "*eps*: bound of the distance of the exact from the computed iterate after these steps; *growth*: the factor",
        "by which an error of the first step can have grown; *x* and *q* as [there](batches.md). Times are on loaded",
        "cores; a recheck that may take more than an hour of processor time by its sizes is refused.",
    ),
    columns={"eps": "apart", "growth": "growth", "*x*": "then_lost", "*q*": "then_rate"},
)

if __name__ == "__main__":
    main(TABLE, __doc__)
