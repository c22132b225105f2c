"""Verified numbers at the centre: what the hypotheses of theorems about mini-batches are computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...nets.activations import activation
from ...problem.batches import Batches
from ...rigor.eigen import lambda_max_upper
from ...rigor.midrad import Ball, as_ball, matmul, total
from ...rigor.norms import frobenius_upper, row_norms_upper
from ...rigor.roundoff import Array, add_up, mul_up, quiet, sqrt_down, sqrt_up, sum_up
from ...theory import NotAvailableError
from ...theory.arithmetic import FLOATS, Arithmetic
from ...theory.ball_bounds import BallBounds, Number
from ...theory.batches import HiddenLayer
from ..enclose import enclose
from ..stored import Arrays, Stored
from .moduli import LayerModuli, Moduli, WholeModuli
from .parts import ROOM, Parts, every_parts, fixed_parts
from .workers import Worker, workers_of

MONOTONE = ("tanh", "sigmoid", "softplus", "erf")
"""Activations with act' >= 0, so that two of its values differ by at most s1."""
MOST_SAMPLES = 2000
"""Of every partition: so many pairs a sum over them covers."""


@dataclass(frozen=True, eq=False)
class BatchNumbers:
    """Numbers at the centre c of the summed loss, round-off counted.

    Attributes:
        batches: the setting they are for.
        sigma: lower bound of sigma_min(J(c)).
        lambda_min: lower bound of its square.
        whole: upper bound of ||J(c)||, and `whole_share` of the share of all samples.
        alpha: upper bound of |J(c)^+ r(c)|.
        distance: upper bound of |w_0 - c|.
        multiplier: v near K(c)^{-1} r(c), by which alpha is bounded; (n, C).
        parts: the batches, those of all workers.
        workers: what each sees of them in a round; one with all samples where steps follow one another.
        layer: of one hidden layer, else None.
        bounds: of any network.
    """

    batches: Batches
    sigma: float
    lambda_min: float
    whole: float
    whole_share: float
    alpha: float
    distance: float
    multiplier: Array
    parts: Parts
    workers: tuple[Worker, ...]
    layer: HiddenLayer | None
    bounds: BallBounds

    def moduli(self, ops: Arithmetic = FLOATS, number: Number = float) -> Moduli:
        """The moduli in an arithmetic."""
        if self.layer is None:
            return WholeModuli(self.bounds, ops, number)
        fields = {name: number(value) for name, value in vars(self.layer).items()}
        return LayerModuli(HiddenLayer(**fields), ops, number)


def hidden_layer(a: Stored) -> bool:
    """Whether the moduli of one hidden layer are those of the network."""
    return isinstance(a, Arrays) and a.depth == 2


@quiet
def numbers_at(start: Stored, centre: Stored, batches: Batches) -> BatchNumbers:
    """The numbers at the centre, for runs from the start.

    Args:
        start, centre: the same network and data, at the weights w_0 and c.
        batches: of order "fixed" for that partition; of any other order for every partition.

    Raises:
        InvalidInputError: batches larger than the data set.
        NotAvailableError: a network with kinks, whose bounds hold where no argument meets one, or too many samples for
            bounds of every partition.
        NoVerdictError: an overflow, or an eigenvalue bound that cannot be verified.
        RoundingEnvironmentError: see `pltheory.rigor.environment`.
    """
    (n, outputs), fixed = centre.y.shape, batches.order == "fixed"
    batches.require_fits(n)
    if not fixed and n > MOST_SAMPLES:
        raise NotAvailableError(
            f"bounds of every partition are for at most {MOST_SAMPLES} samples, these are {n}; "
            "Theorems F1 and F3 speak of one partition too: run.order = 'fixed'"
        )
    at = enclose(centre, keep=True)
    if at.bounds.kinked:
        raise NotAvailableError("Theorems about mini-batches speak of smooth networks only")
    assert at.gram is not None
    kernel, away = at.gram
    layer, grams, whole_share = None, None, 1.0
    if hidden_layer(centre):
        assert isinstance(centre, Arrays)
        layer, grams = _layer(centre)
        whole_share = ROOM * float(sqrt_up(max(0.0, lambda_max_upper(grams).value)))
    if fixed:
        parts = fixed_parts(kernel, grams, batches.partition(n), outputs)
    else:
        parts = every_parts(kernel, grams, batches, n, outputs)
    least = max(0.0, at.lambda_min.value) / ROOM
    whole = ROOM * float(sqrt_up(max(0.0, at.lambda_max.value)))
    v = _solve(kernel, away)
    return BatchNumbers(
        batches=batches,
        sigma=float(sqrt_down(least)),
        lambda_min=least,
        whole=whole,
        whole_share=whole_share,
        alpha=_alpha(kernel, away, v, least),
        distance=_distance(start, centre),
        multiplier=v.reshape(n, outputs),
        parts=parts,
        workers=workers_of(parts, kernel, grams, batches, outputs, Worker(parts, whole, whole_share)),
        layer=layer,
        bounds=at.bounds,
    )


def _layer(a: Arrays) -> tuple[HiddenLayer, Ball]:
    """The numbers of the hidden layer, upper bounds, and X^ X^^T."""
    act = activation(a.activation)
    x = as_ball(a.x) * a.kappa[0]
    if a.biases[0] is not None:
        x = Ball(np.hstack([x.mid, np.full((len(a.x), 1), a.tau[0])]), x.rad)
    layer = HiddenLayer(
        kappa=abs(a.kappa[1]),
        s1=act.s1,
        s2=act.s2,
        swing=act.s1 if a.activation in MONOTONE else 2 * act.s1,
        column=ROOM * float(row_norms_upper(as_ball(np.ascontiguousarray(a.weights[1].T))).max()),
        longest=ROOM * float(row_norms_upper(x).max()),
    )
    return layer, matmul(x, x.T)


def _distance(start: Stored, centre: Stored) -> float:
    one, other = start.named(), centre.named()
    norms = [frobenius_upper(_matrix(one[name] - other[name], one[name], other[name])) for name in other]
    return ROOM * float(sqrt_up(sum_up(mul_up(np.array(norms), np.array(norms)))))


def _matrix(apart: Array, one: Array, other: Array) -> Ball:
    """A difference as the ball that holds the exact one, as a matrix."""
    off = np.nextafter(np.abs(apart), np.inf) - np.abs(apart)
    return Ball(apart.reshape(1, -1), off.reshape(1, -1)) if one is not other else Ball(np.zeros((1, 1)))


def _solve(kernel: Ball, away: Ball) -> Array:
    try:
        return np.asarray(np.linalg.solve(kernel.mid, away.mid.reshape(-1)), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.zeros(away.mid.size)


def _alpha(kernel: Ball, away: Ball, v: Array, least: float) -> float:
    """alpha^2 = r^T K^{-1} r <= r^T v + |r| |r - K v| / lambda_min, and at most |r|^2 / lambda_min."""
    norm = frobenius_upper(away)
    if least <= 0:
        return float("inf")
    r = Ball(away.mid.reshape(-1, 1), away.rad if away.rad.ndim == 0 else away.rad.max())
    product = total(r * as_ball(v[:, None]))
    rest = frobenius_upper(r - matmul(kernel, as_ball(v[:, None])))
    square = float(add_up(product.mid, product.rad))
    by_solve = float(add_up(square if not square < 0 else 0.0, mul_up(norm, rest) / least * ROOM))
    plain = float(mul_up(norm, norm)) / least * ROOM
    return ROOM * float(sqrt_up(min(by_solve, plain)))
