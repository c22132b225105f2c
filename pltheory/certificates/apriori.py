"""A width that is enough before anything is drawn: Theorem B with probability at least 1 - p over the initialisation.

One hidden layer, NTK parametrisation, no biases, one output, an activation bounded by 1. Five events, each of
probability at least 1 - p/5, bound what Theorem B reads at the weights; inside all of them the certificate of a drawn
network could only be better. Statement, constants and proofs: docs/derivations/apriori_width.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from scipy.optimize import brentq
from torch import Tensor

from ..certification.profile import profile_from_bounds
from ..measure.gaussian_errors import gaussian_expectations
from ..nets.activations import activation
from ..optim import StepSettings
from ..theorems.ladder import WEAKEST_DEMAND
from ..theory import InvalidInputError, NotAvailableError
from ..theory.bound import lower
from ..theory.perturbation import CentreNorms, NormBounds

EVENTS = 5
TRUNCATIONS = (1.0, 2.0, 4.0, 6.0, 9.0, 12.0)
"""Levels T tried for min(a_j^2, T): a smaller T concentrates better and keeps less of the kernel."""


@dataclass(frozen=True)
class Limit:
    """What the limit of infinite width says of the data.

    Attributes:
        gram: X X^T / d, (n, n).
        features: E act act^T, (n, n).
        slopes: gram o E act' act'^T, (n, n).
        targets: ||y||.
        off: upper bound of the spectral norm of the errors of features and slopes together.
    """

    gram: Tensor
    features: Tensor
    slopes: Tensor
    targets: float
    off: float


def limit_of(x: Tensor, y: Tensor, name: str) -> Limit:
    """Expectations over one neuron, in closed form or by quadrature in float64.

    Raises:
        NotAvailableError: several outputs, or an activation that is not bounded by 1.
    """
    if not activation(name).bound <= 1:
        raise NotAvailableError(f"not available for {name}: the a-priori width needs an activation bounded by 1")
    if y.shape[1] != 1:
        raise NotAvailableError("not available for several outputs: the a-priori width is for one")
    gram = x @ x.T / x.shape[1]
    features, slopes = gaussian_expectations(gram, activation(name))
    off = features.norm_of_error + replace(slopes, error=gram.abs() * slopes.error).norm_of_error
    return Limit(gram, features.value, gram * slopes.value, float(y.norm()), off)


def kept_square(level: float) -> float:
    """E min(a^2, T) for a standard normal a."""
    root = math.sqrt(level / 2)
    inside = math.erf(root) - math.sqrt(2 * level / math.pi) * math.exp(-level / 2)
    return inside + level * math.erfc(root)


def smallest_eigenvalue(limit: Limit, width: int, p: float, s1: float, *, rademacher: bool) -> float:
    """A lower bound of lambda_min(K(w_0)) that holds with probability at least 1 - p; 0 if none is found.

    K is at least a sum of m independent positive semidefinite matrices, each at most (n + T s1^2 ||G||) / m; the matrix
    Chernoff bound [Tropp 2012, Theorem 1.1] gives lambda_min > (1 - e) mu but for n (e^-e / (1-e)^(1-e))^(mu / R).
    """
    n = len(limit.gram)
    top = float(torch.linalg.eigvalsh(limit.gram)[-1])
    best = 0.0
    for level in (1.0,) if rademacher else TRUNCATIONS:
        kept = 1.0 if rademacher else kept_square(level)
        mu = float(torch.linalg.eigvalsh(limit.features + kept * limit.slopes)[0]) - limit.off
        if mu <= 0:
            continue
        exponent = math.log(n / p) * (n + level * s1**2 * top) / (width * mu)
        if exponent < 1:
            e = float(brentq(lambda t, q=exponent: t + (1 - t) * math.log1p(-t) - q, 0.0, 1 - 1e-12))
            best = max(best, (1 - e) * mu)
    return best


def apriori_ratio(
    limit: Limit, width: int, d: int, settings: StepSettings, name: str, p: float, *, rademacher: bool = False
) -> float:
    """Theorem B's available over required, at least, with probability at least 1 - p over the initialisation.

    Args:
        limit: from `limit_of`.
        width: m.
        d: input dimension.
        settings: step rule.
        name: activation.
        p: probability of failure, in (0, 1).
        rademacher: output weights of modulus 1 and random sign, else standard normal.

    Raises:
        InvalidInputError: p outside (0, 1).
    """
    if not 0 < p < 1:
        raise InvalidInputError(f"probability of failure = {p!r}: must lie in (0, 1)")
    act = activation(name)
    n, each = len(limit.gram), math.log(EVENTS / p)
    lam = smallest_eigenvalue(limit, width, p / EVENTS, act.s1, rademacher=rademacher)
    if lam <= 0:
        return 0.0
    a_norm = math.sqrt(width) + (0.0 if rademacher else math.sqrt(2 * each))
    a_max = 1.0 if rademacher else math.sqrt(2 * (each + math.log(width)))
    trace = min(float(n), float(limit.features.trace()) + n * limit.off + n * math.sqrt(each / (2 * width)))
    spread = math.sqrt(2 * (n if rademacher else trace) * each)
    residual = limit.targets + math.sqrt(trace) + spread
    per_root = a_norm / math.sqrt(width)
    gram_top = float(torch.linalg.eigvalsh(limit.gram)[-1])
    norms = CentreNorms(
        kappa=[1 / math.sqrt(d), 1 / math.sqrt(width)],
        weight=[0.0, a_norm],
        inputs=[math.sqrt(gram_top), math.sqrt(trace)],
        input_max=[math.sqrt(float(limit.gram.diagonal().max())), 1.0],
        rows=[math.sqrt(n) * act.s1 * per_root, math.sqrt(n)],
        row_max=[act.s1 * per_root, 1.0],
        entry_max=[a_max / math.sqrt(width)],
        s1=act.s1,
        s2=act.s2,
    )
    top = math.sqrt(n + act.s1**2 * gram_top * per_root**2)
    bounds = profile_from_bounds(NormBounds(norms), math.sqrt(lam), top, residual, lower(lam, "matrix Chernoff"))
    return WEAKEST_DEMAND.search_radius(bounds, settings).ratio


def apriori_width(
    x: Tensor, y: Tensor, settings: StepSettings, name: str, p: float, *, rademacher: bool = False
) -> int | None:
    """A width, to 5%, at which `apriori_ratio` exceeds 1; None if none below 1e15 does.

    Raises:
        NotAvailableError: as `limit_of`.
        InvalidInputError: p outside (0, 1).
    """
    WEAKEST_DEMAND.require_covers(settings)
    limit = limit_of(x, y, name)

    def ratio(width: int) -> float:
        return apriori_ratio(limit, width, x.shape[1], settings, name, p, rademacher=rademacher)

    high = 64
    while ratio(high) <= 1:
        high *= 4
        if high > 10**15:
            return None
    low = high // 4
    while high > 1.05 * low:
        middle = int(math.sqrt(low * high))
        low, high = (low, middle) if ratio(middle) > 1 else (middle, high)
    return high
