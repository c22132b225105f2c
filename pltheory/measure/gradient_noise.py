"""The noise of batch gradients at given weights: its size, and the index of its tail.

With g_B the gradient of the loss of a batch drawn from the samples and G that of the loss over all of them, the noise
is X = ||g_B - G||. Theorems of stochastic steps ask of it, at every w,

    bounded noise      X <= theta               almost surely
    bounded variance   E X^2 <= sigma^2
    bounded moment     E X^alpha <= sigma^alpha,  alpha in (1, 2]: heavy tails

Over n samples there are finitely many batches, so that at any one w all three hold with some constant; what grows with
a heavy tail is that constant. Batches of one sample are all looked at, larger ones drawn.

The tail index a, P(X > x) ~ x^-a, is estimated by Hill's estimator on the k largest of N values [Hill, Annals of
Statistics 3, 1975], 1/a = mean of log(X_(i) / X_(k+1)) over i <= k: E X^alpha is finite below a and infinite above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import chdtri

from ..problem.problem import Problem
from ..problem.surroundings import undisturbed
from ..theory import Bound, InvalidInputError, NumericalFailureError
from ..theory.bound import estimate, given, lower
from ..theory.verdict import Comparison, Row
from .arguments import require_seed
from .autodiff import gradient

Array = np.ndarray
FEWEST = 10
"""Values in a tail: the confidence interval of fewer says nothing."""


@dataclass(frozen=True)
class TailIndex:
    """Hill's estimate from the k largest of N values.

    Attributes:
        index: a.
        low, high: confidence interval of `level`, exact where the k largest are Pareto above the next one.
        k: of how many values.
        level: of confidence.
        threshold: X_(k+1).
    """

    index: Bound
    low: float
    high: float
    k: int
    level: float
    threshold: float

    def __str__(self) -> str:
        return f"{self.index.value:.3g} ({self.level:.0%} interval {self.low:.3g} to {self.high:.3g}, {self.k} largest)"


def tail_index(values: Array, *, share: float = 0.1, level: float = 0.95) -> TailIndex:
    """Hill's estimator on the largest values.

    The interval counts the spread of k exponential variables and no bias: of a tail that is Pareto only in the limit
    the estimate is off at any k, and of one that is not, such as a Gaussian's, it grows as k falls (`hill_curve`).

    Args:
        values: positive numbers, (N,), independent draws.
        share: k / N, in (0, 1).
        level: of confidence, in (0, 1).

    Raises:
        InvalidInputError: a value is not positive and finite in the tail, the tail is shorter than `FEWEST`, share or
            level is not in (0, 1), or the k largest are all equal to the next one.
    """
    for name, value in (("share", share), ("level", level)):
        if not 0 < value < 1:
            raise InvalidInputError(f"{name} = {value!r}: allowed is a number in (0, 1)")
    found = np.sort(np.asarray(values, dtype=float).reshape(-1))[::-1]
    if not np.isfinite(found).all():
        raise InvalidInputError("values: allowed are finite numbers")
    k = math.floor(share * len(found))
    if k < FEWEST:
        raise InvalidInputError(f"values: the largest {share:g} of {len(found)} are {k}; at least {FEWEST} are needed")
    if not found[k] > 0:
        raise InvalidInputError(f"values: the {k} largest are not all above a positive one")
    mean = float(np.log(found[:k] / found[k]).mean())
    if not mean > 0:
        raise InvalidInputError(f"values: the {k + 1} largest are equal: there is no tail")
    # 2 k a times the mean of the logarithms is chi-square with 2 k degrees of freedom: they are exponential variables.
    low, high = (float(chdtri(2 * k, above)) / (2 * k * mean) for above in ((1 + level) / 2, (1 - level) / 2))
    return TailIndex(estimate(1 / mean, "Hill's estimator"), low, high, k, level, float(found[k]))


def hill_curve(values: Array, shares: Array) -> Array:
    """Hill's estimate of the index at each share, (len(shares),): level where the tail is Pareto.

    Raises:
        InvalidInputError: as `tail_index`.
    """
    return np.array([tail_index(values, share=float(s)).index.value for s in shares])


@dataclass(frozen=True)
class GradientNoise:
    """Noise at given weights.

    Attributes:
        norms: X of each batch, (N,).
        gradient: ||G||.
        batch: samples a batch.
        every: whether these are all batches there are; else they were drawn.
    """

    norms: Array
    gradient: float
    batch: int
    every: bool

    @property
    def largest(self) -> Bound:
        """Theta at these weights: any bound for all w is at least that."""
        return lower(float(self.norms.max()), "largest of all batches" if self.every else "largest that was drawn")

    @property
    def variance(self) -> Bound:
        """E X^2 at these weights: of all batches a lower bound of any sigma^2 for all w, of drawn ones an estimate."""
        return self.moment(2.0)

    def moment(self, alpha: float) -> Bound:
        """E X^alpha at these weights.

        Raises:
            InvalidInputError: alpha is not positive and finite.
        """
        if not 0 < alpha < math.inf:
            raise InvalidInputError(f"alpha = {alpha!r}: allowed is a positive number")
        mean = float((self.norms**alpha).mean())
        if self.every:
            return lower(mean, "mean over all batches")
        return estimate(mean, f"mean over {len(self.norms)} drawn batches")

    def held_against(self, theta: float | None = None, sigma: float | None = None) -> tuple[Row, Row]:
        """Bounded noise and bounded variance for all w, as far as these weights tell: never more than UNDECIDED.

        Args:
            theta: the bound of X that a theorem is given; None where it names none.
            sigma: the bound of the root of E X^2, likewise.
        """
        square = None if sigma is None else sigma * sigma
        bounded = _at_most("X", self.largest, theta, "bounded noise, X <= theta for all w")
        return bounded, _at_most("E X^2", self.variance, square, "bounded variance, E X^2 <= sigma^2 for all w")

    def tail(self, *, share: float = 0.1, level: float = 0.95) -> TailIndex:
        """As `tail_index`."""
        return tail_index(self.norms, share=share, level=level)


@undisturbed
def gradient_noise(problem: Problem, batch: int = 1, *, draws: int = 1000, seed: int = 0) -> GradientNoise:
    """The noise of batch gradients at the problem's weights, in the loss in use: of a batch, over its samples.

    With the loss "mean" g_B is unbiased; with "sum" it is n/b times too short, and X is taken of (n/b) g_B.

    Args:
        problem: network, data, loss.
        batch: b, from 1 to n; with 1 every sample is looked at, once.
        draws: how many batches are drawn without replacement, for b > 1.
        seed: of the draws.

    Raises:
        InvalidInputError: a number out of its range.
        NumericalFailureError: a gradient is not finite.
    """
    n = len(problem.x)
    for name, count, most in (("batch", batch, n), ("draws", draws, math.inf)):
        if type(count) is not int or not 1 <= count <= most:
            raise InvalidInputError(f"{name} = {count!r}: allowed are whole numbers from 1" + f" to {n}" * (most == n))
    require_seed(seed)
    params = list(problem.parameters())
    whole = _flat(problem.value(), params)
    draw = torch.Generator().manual_seed(seed)
    rows = torch.arange(n).split(1) if batch == 1 else [torch.randperm(n, generator=draw)[:batch] for _ in range(draws)]
    share, norms = problem.objective.share(*problem.y.shape), []
    for some in rows:
        of_rows = problem.objective.of_rows(some)
        value = of_rows.value(problem.network(problem.x[some]).flatten(1), problem.y[some])
        # Of a mean the shares are n : b, and the factor is 1; of a sum they are alike.
        unbiased = float(share / problem.objective.share(batch, problem.y.shape[1])) * n / batch
        norms.append(float(torch.linalg.vector_norm(unbiased * _flat(value, params) - whole)))
    if not np.isfinite(norms).all():
        raise NumericalFailureError("a gradient is not finite")
    return GradientNoise(np.array(norms), float(torch.linalg.vector_norm(whole)), batch, batch == 1)


def _at_most(symbol: str, found: Bound, most: float | None, name: str) -> Row:
    if most is None:
        return Row(None, f"at these weights {symbol} {found}; constant not given", name)
    # A number from some weights is a lower bound of that over all: no bound of it from above is fulfilled by it.
    return Row(Comparison(found, "<=", given(most), symbol), "at these weights; of others nothing is known", name)


def _flat(value: torch.Tensor, params: list[torch.nn.Parameter]) -> torch.Tensor:
    parts = gradient(value, params, torch.ones_like(value))
    return torch.cat([g.detach().reshape(-1).double() for g in parts])
