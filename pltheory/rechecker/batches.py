"""Theorems F1 and F4 rechecked: mini-batches in every order, from the numbers eps, D, V and g of a certificate.

One hidden layer alone (THEORY_BATCH 7). A batch's Jacobian is within share * change(s) of the centre's in a ball of
radius s, its share the norm of its inputs; for every partition the samples stand for the batches. F1 is F4 with one
worker and one pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from flint import arb, arb_mat

from .arithmetic import ACTIVATIONS, largest_of, root, spectrum
from .batch_parts import batches_of, largest_eigenvalue, length
from .checks import Checks, Tick, positive
from .fields import damaged, number
from .file import Admit, Stored, names_hashed, read_bounds, read_hypotheses, read_stored, read_witness
from .hidden import Hidden

BOUNDS = {
    "lambda_min": "lower", "beta": "upper", "floor": "lower", "profile": "lower", "truncation": "upper",
    "lost": "upper", "rate": "upper", "required": "upper", "lipschitz": "upper",
}  # fmt: skip
HYPOTHESES = [
    ("0 < lambda_min(K(c))", "<"),
    ("alpha + int_0^eps dJ / sigma_min(J(c)) <= eps", "<="),
    ("|w_0 - c| + eps <= D", "<="),
    ("eta beta < 2", "<"),
    ("0 < delta", "<"),
    ("1 <= g^2 (1 - eta M(g D)^2 / (4 a))", "<="),
    ("0 < sg", "<"),
    ("x < 1", "<"),
    ("D^2 (1 + A^2 / (1 - x)) + eta M0(V)^2 V^2 / (4 a) <= V^2", "<="),
]
OF_WORKERS = [
    *HYPOTHESES[:5],
    ("1 <= g^2 (1 - eta Mx(g D)^2 / (4 a))", "<="),
    *HYPOTHESES[6:8],
    ("D^2 (1 + A^2 / (1 - x)) + eta M0x(V)^2 V^2 / (4 a) <= V^2", "<="),
]
"""Those of Theorem F4."""
NUMBERS = ("eps", "start", "stay", "growth", "spread")
MOST_PASSES = 10**6
RISING = ("tanh", "sigmoid", "softplus", "erf")
"""Their slopes are not negative, and so differ by s1 at most."""


@dataclass(frozen=True)
class Claim(Stored):
    """What a certificate of Theorem F1 says; attributes as in its file."""

    bounds: dict[str, float]
    hypotheses: list[tuple[float, str, float]]
    batch: int
    every: bool
    eps: float
    start: float
    stay: float
    growth: float
    spread: float
    workers: int = 1
    passes: int = 1

    named: ClassVar[list[tuple[str, str]]] = HYPOTHESES

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return 4

    @property
    def sizes(self) -> list[int]:
        """Of the batches that occur."""
        rest = len(self.x) // self.workers % self.batch
        return [self.batch, rest] if rest else [self.batch]

    @property
    def units(self) -> tuple[arb, arb]:
        """Smallest and largest factor of the loss of a batch."""
        if self.loss == "sum":
            return arb(1), arb(1)
        return 1 / arb(max(self.sizes)), 1 / arb(min(self.sizes))


@dataclass(frozen=True)
class OfWorkers(Claim):
    """What a certificate of Theorem F4 says."""

    named: ClassVar[list[tuple[str, str]]] = OF_WORKERS


def own_arrays(text: dict[str, Any]) -> dict[str, int]:
    """The arrays of Theorem F1 in a text, name to number of dimensions."""
    own = {"c_W1": 2, "c_W2": 2, "multiplier": 2}
    return own | {f"c_{b}": 1 for b in ("b1", "b2") if f"c_{b}" in names_hashed(text)}


def read_batches(text: dict[str, Any], path: Path, admit: Admit) -> Claim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    stored = read_stored(text, path, admit, own_arrays(text), ("batch", "every_partition", *NUMBERS))
    spread, field = read_witness(text, "spread")
    return claim_of(stored, text, number(spread, field), read_bounds(text, BOUNDS), read_hypotheses(text, HYPOTHESES))


def read_workers(text: dict[str, Any], path: Path, admit: Admit) -> OfWorkers:
    """The same of Theorem F4.

    Raises:
        Stop: with code DAMAGED.
    """
    own = ("batch", "every_partition", "workers", "passes", *NUMBERS[:-1])
    stored = read_stored(text, path, admit, own_arrays(text), own)
    counts: dict[str, int] = {}
    for name in ("workers", "passes"):
        value, field = read_witness(text, name)
        if type(value) is not int or not 1 <= value <= MOST_PASSES:
            damaged(field, f"not a whole number from 1 to {MOST_PASSES}")
        counts[name] = value
    n = len(stored.x)
    if counts["workers"] > n or n % counts["workers"]:
        damaged("witness.workers", f"does not divide {n}, the number of samples")
    claim = claim_of(stored, text, 0.0, read_bounds(text, BOUNDS), read_hypotheses(text, OF_WORKERS))
    if claim.batch > n // counts["workers"]:
        damaged("witness.batch", f"more than {n // counts['workers']}, the samples of a worker")
    return OfWorkers(**{**vars(claim), **counts})


def claim_of(
    stored: Stored,
    text: dict[str, Any],
    spread: float,
    bounds: dict[str, float],
    hypotheses: list[tuple[float, str, float]],
    prefix: str = "",
) -> Claim:
    """What a text claims of every order of its batches.

    Args:
        stored: the start, with the arrays of `own_arrays`.
        text: with the numbers of `NUMBERS`, batch and every_partition.
        spread: radius of the ball of starts.
        bounds, hypotheses: of Theorem F1.
        prefix: before the names of its numbers.

    Raises:
        Stop: with code DAMAGED.
    """
    values, batch = numbers_at_centre(stored, text, NUMBERS[:-1], prefix)
    if spread < 0:
        damaged("witness.spread", f"{spread} is not allowed")
    every, field = read_witness(text, f"{prefix}every_partition")
    if type(every) is not int or every not in (0, 1):
        damaged(field, "neither 0 nor 1")
    return Claim(
        **vars(stored), bounds=bounds, hypotheses=hypotheses, batch=batch, every=bool(every), spread=spread, **values
    )


def numbers_at_centre(
    stored: Stored, text: dict[str, Any], numbers: tuple[str, ...], prefix: str = ""
) -> tuple[dict[str, Any], int]:
    """Numbers of the witness, of which only eps may be zero, and b; the arrays of the centre fit the network's.

    Args:
        stored: the start, with the arrays of `own_arrays`.
        text: with the numbers.
        numbers: their names.
        prefix: before the names.

    Raises:
        Stop: with code DAMAGED.
    """
    if len(stored.weights) != 2:
        damaged("network.layers", f"Theorem {stored.theorem} is rechecked for one hidden layer")
    for l, (w, b) in enumerate(zip(stored.weights, stored.biases, strict=True), 1):
        found = {f"c_W{l}": w.shape} | ({} if b is None else {f"c_b{l}": b.shape})
        for name, shape in found.items():
            if name not in stored.more or stored.more[name].shape != shape:
                damaged(f"arrays.{name}", f"does not have the shape {shape}")
        if b is None and f"c_b{l}" in stored.more:
            damaged(f"arrays.c_b{l}", f"is stored, and no b{l}")
    if stored.more["multiplier"].shape != stored.y.shape:
        damaged("arrays.multiplier", f"does not have the shape {stored.y.shape}")
    values: dict[str, Any] = {}
    for name in numbers:
        value, field = read_witness(text, prefix + name)
        values[name] = number(value, field)
        if values[name] < 0 or (values[name] == 0 and name != "eps"):
            damaged(field, f"{values[name]} is not allowed")
    batch, field = read_witness(text, f"{prefix}batch")
    if type(batch) is not int or not 1 <= batch <= len(stored.x):
        damaged(field, f"not a number of samples from 1 to {len(stored.x)}")
    return values, batch


class _Layer:
    """The moduli of the layer, for shares of 1."""

    def __init__(self, c: Stored, at: Hidden, gram: arb_mat) -> None:
        _, s1, s2 = ACTIVATIONS[c.activation]
        self._s1, self._s2, self._kappa = s1(), s2(), abs(arb(c.kappas[1]))
        self._swing = self._s1 if c.activation in RISING else 2 * self._s1
        self._column, self._longest = at.column(), root(largest_of(gram[i, i] for i in range(gram.nrows())))

    def curvature(self, u: arb) -> arb:
        """Lipschitz constant of the Jacobian where U is within u of the centre's."""
        p = self._s2 * (self._column + u) * self._longest
        return self._kappa * (p + root(p * p + 4 * self._s1 * self._s1)) / 2

    def change(self, s: arb) -> arb:
        """Of the Jacobian, within s of the centre."""
        return self.curvature(arb(0)) * s

    def remainder(self, t: arb, reach: arb) -> arb:
        """m(t), one of both points within reach of the centre."""
        far = self.change(t) + 2 * self._kappa * self._swing * reach
        return (self.curvature(reach) * t).min(far)


def _projected(kernel: arb_mat, r: arb_mat, v: arb_mat, least: arb) -> arb:
    """|J^+ r|: its square is r^T v + r^T K^{-1} (r - K v)."""
    norm, rest = length(r.entries()), length((r - kernel * v).entries())
    plain = norm * norm / least
    return root(((r.transpose() * v)[0, 0] + norm * rest / least).min(plain))


class Centre:
    """The centre of a claim: the kernel with its extreme eigenvalues, and the Gram matrix of the inputs."""

    def __init__(self, c: Stored, lambda_min: float, tick: Tick) -> None:
        more = c.more
        at = Hidden(
            c.activation, c.kappas, c.taus, more["c_W1"], more.get("c_b1"), more["c_W2"], more.get("c_b2"), c.x, c.y
        )
        tick("kernel at the centre")
        self.kernel, self._residual = at.kernel()
        inputs = at.inputs()
        self.gram = inputs * inputs.transpose()
        tick("smallest and largest eigenvalue")
        self.least, self._largest = spectrum(self.kernel, arb(lambda_min))
        positive("lambda_min(K(c))", self.least)
        self.layer, self.share = _Layer(c, at, self.gram), root(largest_eigenvalue(self.gram))
        self._multiplier = arb_mat(self._residual.nrows(), 1, more["multiplier"].ravel().tolist())

    def profile(self, s: arb) -> arb:
        """sigma_min of the Jacobian, within s of the centre."""
        return root(self.least) - self.share * self.layer.change(s)

    def norm(self, s: arb) -> arb:
        """||J||, likewise."""
        return root(self._largest) + self.share * self.layer.change(s)

    def nearest(self, eps: arb) -> arb:
        """alpha + int_0^eps dJ / sigma."""
        alpha = _projected(self.kernel, self._residual, self._multiplier, self.least)
        return alpha + self.share * self.layer.change(eps) * eps / 2 / root(self.least)


def check_batches(c: Claim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem F1 or F4."""
    at = Centre(c, c.bounds["lambda_min"], tick)
    tick("batches")
    norms = (at.norm(arb(0)), at.share)
    parts, workers = batches_of(c.y.shape, c.batch, c.workers, at.kernel, at.gram, norms, every=c.every)
    tick("hypotheses")
    layer = at.layer
    eps, d, v, g = arb(c.eps), arb(c.start), arb(c.stay), arb(c.growth)
    inner, radius, tau = eps + v, eps + v + d, g * d
    small, most = c.units
    eta = arb(c.eta) * most
    near, far = layer.change(inner), layer.change(radius)
    beta = parts.largest(near)
    a = 2 - eta * beta
    positive("2 - eta beta", a)
    sg = at.profile(inner + d / 2)
    positive("sg", sg)
    ell = layer.curvature(radius)
    om = root(arb(c.workers)) * largest_of(w.truncation(c.passes, eta, near, far, ell, tau) for w in workers)
    mean = arb(c.passes) / c.workers
    share = root(mean) * parts.spread()
    most_share = root(arb(c.passes)) * largest_of(w.parts.spread() for w in workers)
    of_epoch, of_zero = layer.remainder(tau, inner), layer.remainder(v, eps)
    ratio = small / most
    floor = arb(c.delta) * ratio
    if arb(c.gamma).is_finite():
        floor = floor.max(ratio.min(arb(c.gamma) / most / (parts.largest(far) * tau)))
    positive("delta", floor)
    kap = root(eta * floor) * sg / om
    x = root(eta) * share * of_epoch * g / (a * kap)
    positive("1 - x", 1 - x)
    allowed = root(eta) * share * of_zero * v / (a * kap * d)
    right = d * d * (1 + allowed**2 / (1 - x)) + eta * (most_share * of_zero) ** 2 * v * v / (4 * a)
    for i, (low, high) in enumerate((
        (arb(0), at.least),
        (at.nearest(eps), eps),
        (away(c) + eps + arb(c.spread), d),
        (eta * beta, arb(2)),
        (arb(0), floor),
        (arb(1), g * g * (1 - eta * (most_share * of_epoch) ** 2 / (4 * a))),
        (arb(0), sg),
        (x, arb(1)),
        (right, v * v),
    )):  # fmt: skip
        checks.hypothesis(i, c.hypotheses[i], c.named[i][0], low, high)
    found = {
        "lambda_min": at.least, "beta": beta, "floor": floor, "profile": sg, "truncation": om, "lost": x,
        "rate": 1 - a * kap * kap * (1 - x), "lipschitz": at.norm(radius),
        "required": 2 * root(eta * mean * parts.summed(near)) * d / (a * kap * (1 - x)),
    }  # fmt: skip
    for name, value in found.items():
        checks.compare(f"bounds.{name}", c.bounds[name], value, BOUNDS[name])


def away(c: Stored) -> arb:
    """|w_0 - c|."""
    stored = {f"c_W{l}": w for l, w in enumerate(c.weights, 1)}
    stored |= {f"c_b{l}": b for l, b in enumerate(c.biases, 1) if b is not None}
    squares = arb(0)
    for name, one in stored.items():
        for p, q in zip(one.ravel().tolist(), c.more[name].ravel().tolist(), strict=True):
            squares += (arb(p) - arb(q)) ** 2
    return root(squares)
