"""Mini-batch SGD under interpolation: a theorem that another package brings to pltheory.

Setting: L = sum_i l_i with l_i = 1/2 ||r_i||^2 (times 1/n for a mean loss), J_i the rows of the Jacobian of sample i.
A step draws s of the n samples without replacement and takes w - eta G, G = (n/s) sum over the batch of grad l_i, so
that the mean of G is grad L, and for s = n there is nothing random. With

    a = (n - s) / (s (n - 1)),   b = n (s - 1) / (s (n - 1))      (a = 0, b = 1 for n = 1),

suppose on B = B(w_0, R): mu-PL*, max_i ||J_i||^2 <= lam, ||J|| <= L_F, and
lambda_max(Hess L) <= beta with beta >= L_F^2. If

    eta < 2 mu / (beta (a n lam + b mu)),   R >= P / p,
    q = 1 - 2 mu eta (1 - beta eta b / 2) + beta eta^2 a n lam,
    P = eta sqrt(2 (a n lam + b L_F^2) L_0) / (1 - sqrt(q)),

then with probability at least 1 - p every iterate stays in B, and E[L_t; w_0 .. w_t in B] <= q^t L_0. For s = n it
holds for certain with R >= P: L_{t+1} <= q L_t, and the path is no longer than P.

Source: the SGD theorem of C. Liu, L. Zhu, M. Belkin, arXiv:2003.00307, for the idea, and R. Bassily, M. Belkin, S. Ma,
arXiv:1811.02564, for the step size; constants and proof are in pltheory's documentation, "Add a theorem of your own".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from pltheory.runs.promise import Promise
from pltheory.theorems.guard import options_of
from pltheory.theorems.hypotheses import POSITIVE
from pltheory.theorems.measured import Measured
from pltheory.theorems.protocol import Hypothesis, Question, Theorem
from pltheory.theory import InvalidInputError, NotAvailableError
from pltheory.theory.bound import given, lower, upper
from pltheory.theory.verdict import Comparison, Fact, Row


@dataclass(frozen=True)
class Constants:
    """The theorem's constants on balls about w_0, in the scale of the loss in use; arrays over the radii, shape (N,).

    Attributes:
        radii: R.
        mu: lower bounds of the PL* constant.
        beta: upper bounds of lambda_max(Hess L) on the whole ball, where L may exceed L_0.
        lam: upper bounds of max_i ||J_i||^2.
        lipschitz: upper bounds of ||J||.
    """

    radii: np.ndarray
    mu: np.ndarray
    beta: np.ndarray
    lam: np.ndarray
    lipschitz: np.ndarray


def constants(at: Measured) -> Constants:
    """The constants from what was measured at w_0, float64, round-off not counted.

    Raises:
        NotAvailableError: there are no bounds over a ball for this network.
    """
    if at.profile is None or at.linearization is None:
        raise NotAvailableError(at.unavailable or "no bounds over a ball")
    p, (n, c) = at.profile, at.problem.y.shape
    blocks = at.linearization.kernel.reshape(n, c, n, c)
    own = torch.stack([blocks[i, :, i, :] for i in range(n)])  # (n, C, C): the kernel of each sample with itself
    largest = at.problem.scale * float(torch.linalg.eigvalsh(own)[:, -1].max())
    moved = p.lipschitz - p.lipschitz[0]  # ||J(w) - J(w_0)|| on the ball, a bound for every J_i too
    residual = p.residual + p.lipschitz * p.radii  # on the whole ball: an SGD step may go up
    return Constants(
        radii=p.radii,
        mu=p.sig**2,
        beta=p.lipschitz**2 + residual * p.ell,
        lam=(np.sqrt(largest) + moved) ** 2,
        lipschitz=p.lipschitz,
    )


def shares(n: int, s: int) -> tuple[float, float]:
    """a and b with E||G||^2 = a n sum_i ||grad l_i||^2 + b ||grad L||^2."""
    return (0.0, 1.0) if n == 1 else ((n - s) / (s * (n - 1)), n * (s - 1) / (s * (n - 1)))


def largest_step(k: Constants, n: int, s: int) -> np.ndarray:
    """The eta below which q < 1."""
    a, b = shares(n, s)
    return np.divide(2 * k.mu, k.beta * (a * n * k.lam + b * k.mu), where=k.mu > 0, out=np.zeros_like(k.mu))


def rate(k: Constants, eta: np.ndarray, n: int, s: int) -> np.ndarray:
    """q, the factor of the mean loss per step."""
    a, b = shares(n, s)
    return 1 - 2 * k.mu * eta * (1 - k.beta * eta * b / 2) + k.beta * eta**2 * a * n * k.lam


def mean_path(k: Constants, eta: np.ndarray, n: int, s: int, loss: float) -> np.ndarray:
    """P, infinite where q is not below 1."""
    a, b = shares(n, s)
    q = rate(k, eta, n, s)
    below = (eta < largest_step(k, n, s)) & (q < 1)
    left = np.where(below, 1 - np.sqrt(np.clip(q, 0, 1)), 1.0)
    return np.where(below, eta * np.sqrt(2 * (a * n * k.lam + b * k.lipschitz**2) * loss) / left, np.inf)


@dataclass(frozen=True)
class Found:
    """The ball with the most room, and what the theorem asks for there.

    Attributes:
        batch, failure: s, and the probability p of leaving the ball, 1 where nothing is drawn.
        n: samples.
        radius, eta: of the ball; the step size.
        allowed: the eta below which q < 1, float64.
        path: P.
        rate: q.
        where: the constants in words.
    """

    batch: int
    failure: float
    n: int
    radius: float
    eta: float
    allowed: float
    path: float
    rate: float
    where: str


def _plain(question: Question, found: Found) -> Row:
    name = question.settings.name
    if name != "gd":
        return Row(Fact("gd", name, False), "the theorem is silent about this optimizer")
    return Row(Fact("gd", name, True), f"batches of {found.batch} of {found.n}")


def _step_size(question: Question, found: Found) -> Row:
    return Row(Comparison(given(found.eta), "<", lower(found.allowed, "float64")), found.where)


def _radius(question: Question, found: Found) -> Row:
    needed = upper(found.path / found.failure, "float64")
    return Row(Comparison(given(found.radius), ">=", needed, "R"), f"P = {found.path:.4g}, p = {found.failure}")


class StochasticGradientDescent(Theorem):
    """The theorem, for `pltheory verify CONFIG --theorem SGD`.

    Options: batch, the samples per step (0 for all n); failure, the probability p of leaving the ball.
    """

    id = "SGD"
    title = "mini-batch SGD under interpolation"
    citation = "after the SGD theorem of C. Liu, L. Zhu, M. Belkin, arXiv:2003.00307, with constants of its own"
    hypotheses = (
        Hypothesis("plain steps h_t = eta on batches drawn without replacement", _plain),
        POSITIVE,
        Hypothesis("eta < 2 mu / (beta (a n lam + b mu))", _step_size),
        Hypothesis("R >= P / p, P the mean path", _radius),
    )
    conclusion = "with probability at least 1 - p every iterate stays in B(w_0, R), where E L_t <= q^t L_0"

    def search(self, question: Question) -> Found:
        """The ball with the most room."""
        options = options_of(question, {"batch": 0, "failure": 0.1})
        n = len(question.problem.x)
        s, p = options["batch"] or n, options["failure"]
        if not 1 <= s <= n:
            raise InvalidInputError(f"theorem.options.batch = {s}: must lie in 1 .. n = {n}, or be 0 for n")
        if not 0 < p < 1:
            raise InvalidInputError(f"theorem.options.failure = {p}: must lie in (0, 1)")
        if s == n:
            p = 1.0  # nothing is drawn, so nothing fails
        k = constants(question.at)
        assert question.at.profile is not None
        loss, settings = question.at.profile.loss, question.settings
        eta = settings.multiple / k.beta if settings.multiple else np.full_like(k.radii, float(settings.eta))
        allowed, path = largest_step(k, n, s), mean_path(k, eta, n, s, loss)
        # At a start without loss the path is 0 and any ball has room.
        room = np.divide(p * k.radii, path, where=path > 0, out=np.full_like(path, np.inf))
        i = int(np.argmax(np.where(np.isfinite(path), room, 0.0)))
        where = f"R = {k.radii[i]:.4g}: mu ≥ {k.mu[i]:.3g}, beta ≤ {k.beta[i]:.4g}, lam ≤ {k.lam[i]:.4g}"
        q = float(rate(k, eta, n, s)[i])
        return Found(s, p, n, float(k.radii[i]), float(eta[i]), float(allowed[i]), float(path[i]), q, where)

    def step(self, question: Question, found: Found) -> float:
        """Eta on that ball."""
        return found.eta

    def promise(self, question: Question, found: Found) -> Promise | None:
        """Of a single run only where nothing is drawn."""
        if found.batch < found.n:
            return None
        return Promise(eta=found.eta, rate=found.rate, radius=found.path)
