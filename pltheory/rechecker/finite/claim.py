"""Reading a certificate of Theorem T: every field and hash checked, none of it recomputed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..fields import Array, damaged, number
from ..file import MOST_LAYERS, Admit, Stored, names_hashed, read_bounds, read_hypotheses, read_stored, read_witness
from .losses import fits

BOUNDS = {
    "growth": "upper", "apart": "upper", "lipschitz": "upper", "loss_low": "lower", "loss_high": "upper",
    "margin": "lower", "distance_low": "lower", "distance_high": "upper", "path_low": "lower", "path_high": "upper",
}  # fmt: skip
HYPOTHESES = [("width of the loss's enclosure after T steps < L(w_0)", "<")]
STEPS = ("rho", "factor", "residual", "lipschitz", "curvature", "bend", "beta", "low", "high", "branches", "eta")
"""Arrays with one number a step."""
BRANCHES = {"full": 1, "band": 2, "floor": 4}
NUMBERS = ("steps", "eps", "momentum", "nesterov", "weight", "right", "wrong")
NO_CLASS = -1
"""What `right` and `wrong` are where targets name no classes."""


@dataclass(frozen=True)
class FiniteClaim(Stored):
    """What a certificate of Theorem T says; steps[name][t] for step t.

    Attributes:
        batches: the samples of each step.
        output_loss: its loss of the outputs.
        mean: whether that is a mean over its terms.
        weight: sqrt c of the norm of pairs.
        right, wrong: samples that are, and are not, classified as their targets say; -1 where these name no classes.
    """

    bounds: dict[str, float]
    hypotheses: list[tuple[float, str, float]]
    eps: list[float]
    steps: dict[str, list[float]]
    batches: list[tuple[int, ...]]
    end: Stored
    output_loss: str
    mean: bool
    momentum: float
    nesterov: bool
    weight: float
    right: int
    wrong: int

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return len(self.batches) + 1

    def branches(self, t: int) -> set[str]:
        """The branches that step t names."""
        return {name for name, bit in BRANCHES.items() if int(self.steps["branches"][t]) & bit}

    def terms(self, count: int) -> int:
        """What divides the loss of so many samples: of the logistic loss every output is a term."""
        own = self.y.shape[1] if self.output_loss == "logistic" else 1
        return count * own if self.mean else 1


def own_arrays(text: dict[str, Any]) -> dict[str, int]:
    """The arrays of Theorem T in a text, name to number of dimensions."""
    count = _layers(text)
    named = names_hashed(text)
    ends = {f"end_W{l}": 2 for l in range(1, count + 1)}
    ends |= {f"end_b{l}": 1 for l in range(1, count + 1) if f"b{l}" in named}
    return {**dict.fromkeys(("eps", *STEPS), 1), "batches": 2, **ends}


def _layers(text: dict[str, Any]) -> int:
    network = text.get("network")
    layers = network.get("layers") if isinstance(network, dict) else None
    return layers if type(layers) is int and 0 < layers <= MOST_LAYERS else 0


def read_finite(text: dict[str, Any], path: Path, admit: Admit) -> FiniteClaim:
    """The claim of a certificate of Theorem T.

    Raises:
        Stop: with code DAMAGED.
    """
    stored = read_stored(text, path, admit, own_arrays(text), NUMBERS)
    return finite_of(stored, text, read_bounds(text, BOUNDS), read_hypotheses(text, HYPOTHESES))


def finite_of(
    stored: Stored, text: dict[str, Any], bounds: dict[str, float], hypotheses: list[tuple[float, str, float]]
) -> FiniteClaim:
    """What a text claims of its stored steps.

    Args:
        stored: with the arrays of `own_arrays`.
        text: with the numbers of `NUMBERS`.
        bounds, hypotheses: of Theorem T.

    Raises:
        Stop: with code DAMAGED.
    """
    count = _layers(text)
    more = stored.more
    weights = [more[f"end_W{l}"] for l in range(1, count + 1)]
    biases = [more.get(f"end_b{l}") for l in range(1, count + 1)]
    for prefix, ends_, starts in (("W", weights, stored.weights), ("b", biases, stored.biases)):
        for l, (end, start) in enumerate(zip(ends_, starts, strict=True), 1):
            if end is not None and start is not None and end.shape != start.shape:
                damaged(f"arrays.end_{prefix}{l}", f"has the shape {end.shape}, the start {start.shape}")
    steps = _whole(text, "steps", 1)
    for name in STEPS:
        if len(more[name]) != steps:
            damaged(f"arrays.{name}", f"does not have {steps} numbers, one for each step")
        if not np.isfinite(more[name]).all():
            damaged(f"arrays.{name}", "has a number that is not finite")
    eps = more["eps"]
    if len(eps) != steps + 1 or not (eps >= 0).all() or eps[0] != 0:
        damaged("arrays.eps", f"not {steps + 1} nonnegative numbers, the first 0")
    last, field = read_witness(text, "eps")
    if number(last, field) != eps[-1]:
        damaged(field, f"is not the last of arrays.eps, {eps[-1]!r}")
    for name in ("rho", "eta"):
        if not (more[name] > 0).all():
            damaged(f"arrays.{name}", "must be positive")
    if not np.isin(more["branches"], range(1, 8)).all():
        damaged("arrays.branches", "must be whole numbers from 1 to 7")
    momentum, field = _number(text, "momentum")
    if not 0 <= momentum < 1:
        damaged(field, f"{momentum} is not in [0, 1)")
    nesterov = _whole(text, "nesterov", 0)
    if nesterov > int(momentum > 0):
        damaged("witness.nesterov", "must be 0, or 1 with momentum")
    weight, field = _number(text, "weight")
    if not (weight > 0 if momentum else weight == 0):
        damaged(field, "must be positive with momentum and 0 without")
    if momentum and not (more["eta"] == more["eta"][0]).all():
        damaged("arrays.eta", "must be constant with momentum")
    if more["eta"].max() != stored.eta:
        damaged("arrays.eta", f"has not optimizer.eta = {stored.eta!r} as its largest")
    name, mean = _loss(stored)
    return FiniteClaim(
        **vars(stored),
        bounds=bounds,
        hypotheses=hypotheses,
        eps=eps.tolist(),
        steps={key: more[key].tolist() for key in STEPS},
        batches=_batches(more["batches"], steps, len(stored.x)),
        end=replace(stored, weights=weights, biases=biases),
        output_loss=name,
        mean=mean,
        momentum=momentum,
        nesterov=bool(nesterov),
        weight=weight,
        right=_whole(text, "right", NO_CLASS),
        wrong=_whole(text, "wrong", NO_CLASS),
    )


def _loss(stored: Stored) -> tuple[str, bool]:
    """The loss of the outputs, and whether it is a mean over its terms."""
    name, mean = f"square, {stored.loss}".split(", ")[-2:]
    if not fits(name, stored.y.tolist()):
        damaged("arrays.y", f"are no targets of the loss {name}")
    return name, mean == "mean"


def _whole(text: dict[str, Any], name: str, least: int) -> int:
    value, field = read_witness(text, name)
    if type(value) is not int or value < least:
        damaged(field, f"not a whole number from {least} on")
    return int(value)


def _number(text: dict[str, Any], name: str) -> tuple[float, str]:
    value, field = read_witness(text, name)
    return number(value, field), field


def _batches(array: Array, steps: int, n: int) -> list[tuple[int, ...]]:
    """Rows of sample numbers, none twice in a row; a shorter batch is filled up with -1."""
    if len(array) != steps or not np.isin(array, range(-1, n)).all():
        damaged("arrays.batches", f"must be {steps} rows of sample numbers from 0 to {n - 1}, filled up with -1")
    found = []
    for row in array.astype(np.int64):
        used = row[row >= 0]
        if not used.size or (row[: used.size] < 0).any() or len(set(used.tolist())) < used.size:
            damaged("arrays.batches", "a row has no sample, one twice, or one after a -1")
        found.append(tuple(used.tolist()))
    return found
