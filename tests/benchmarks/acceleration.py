"""What momentum's theorems certify: `python -m tests.benchmarks.acceleration --page docs/acceleration.md` writes it.

Theorem M2 from initialisation: the smallest width of a grid at which it is proved, for three seeds. Theorem M3 where
kernel Gauss-Newton steps from an initialisation end, and the factor of the run beside the proved one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

import pltheory as pl
from pltheory.certificates.polish import polish
from pltheory.optim import GradientDescentSettings
from pltheory.problem.data import digits
from pltheory.runs.loop import run
from pltheory.theorems.ladder import BASINS

WIDTHS = [round(6000 * 1.1**k, -2) for k in range(16)]
M2 = GradientDescentSettings(eta="0.03/beta", momentum=0.9)
M3 = ((10, "low-high", 64, 0.503), (100, "low-high", 512, 0.937), (100, "one-hot", 512, 0.952))
"""Samples, labels, width, momentum."""
STEPS = 400


def problem_of(n: int, labels: str, width: int, seed: int, init: str) -> pl.Problem:
    """Digits, one hidden layer of tanh units in the NTK parametrisation."""
    data = digits(n, labels=labels)
    sizes = [data.x.shape[1], width, data.y.shape[1]]
    net = pl.fully_connected(
        sizes, activation="tanh", parametrization="ntk", seed=seed, dtype=torch.float64, output_init=init
    )
    return pl.Problem(net, data.x, data.y)


def confirmed(claim: object) -> str:
    """Whether the recheck accepts a claim's files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.cert.json"
        claim.save(path)  # type: ignore[attr-defined]
        return "accepted" if pl.recheck(path).accepted else "NOT accepted"


def larger_steps(seed: int) -> str:
    """The row of one seed of Theorem M2."""
    for width in WIDTHS:
        claim = pl.certify(problem_of(10, "low-high", int(width), seed, "rademacher"), M2, theorem="M2")
        if claim.holds:
            k, rho, rate = claim.numbers["k"], claim["required"], claim["rate"]
            return f"| {seed} | {int(width)} | {k:.3f} | {rho:.3g} | {1 - rate:.2e} | {confirmed(claim)} |"
    return f"| {seed} | none up to {int(WIDTHS[-1])} | | | | |"


def accelerated(n: int, labels: str, width: int, momentum: float) -> str:
    """The row of one checkpoint of Theorem M3."""
    rule = GradientDescentSettings(eta="1/beta", momentum=momentum)
    polished = polish(problem_of(n, labels, width, 0, "gaussian"), rule, theorem=BASINS["M3"])
    claim = pl.certify(polished.problem, rule, theorem="M3")
    eta, condition = claim.eta, claim["norm"] ** 2 / claim["lambda_min"]
    own, plain = (
        _factor(run(polished.problem, each, eta, steps=STEPS).trace.loss)
        for each in (rule, GradientDescentSettings(eta=eta))
    )
    residual = claim["residual"]
    said = [
        f"{n} x {polished.problem.y.shape[1]}", str(width), str(len(polished.steps) - 1), f"{residual:.1e}",
        f"{condition:.0f}", f"{momentum}", f"{claim['rate']:.4f}", f"{own:.4f}", f"{plain:.4f}",
        f"{1 - 1 / condition:.4f}", f"{claim['envelope'] / residual:.2g}", confirmed(claim),
    ]  # fmt: skip
    return "| " + " | ".join(said) + " |"


def _factor(loss: np.ndarray) -> float:
    """Of the loss a step, over the middle half of a run that rounding has not stopped yet."""
    low, high = len(loss) // 4, 3 * len(loss) // 4
    return float((loss[high] / loss[low]) ** (1 / (high - low)))


def page() -> str:
    """The tables."""
    return TEXT.format(
        m2="\n".join(larger_steps(seed) for seed in (0, 1, 2)), m3="\n".join(accelerated(*row) for row in M3)
    )


TEXT = """# Momentum: larger steps, and acceleration

Written by `python -m tests.benchmarks.acceleration --page docs/acceleration.md`. One hidden layer of tanh units, NTK
parametrisation, scikit-learn digits; round-off counted, every certificate rechecked.

**Theorem M2**, from initialisation with output weights +-1, ten digits labelled +-1, momentum 0.9, nothing clipped,
eta / (1 - m) = 0.3/beta: the smallest width of a grid of factor 1.1 that is certified.

| seed | width | k | path at most | 1 - q | recheck |
|---|---|---|---|---|---|
{m2}

**Theorem M3**, at the weights where kernel Gauss-Newton steps from an initialisation end, eta = 1/beta: the proved
factor of the loss per step, beside that of the run, that of a run without momentum with the same eta, and 1 - 1/cond.

| n x C | width | steps | norm of r | cond | m | proved | run | m = 0 | 1 - 1/cond | N / norm of r | recheck |
|---|---|---|---|---|---|---|---|---|---|---|---|
{m3}
"""


def main() -> None:
    """Print the page, or write it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--page", type=Path)
    given = options.parse_args()
    text = page()
    if given.page is not None:
        given.page.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
