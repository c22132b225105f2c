"""Theorem F1 rechecked: mini-batches in every order, from the numbers eps, D, V and g of a certificate.

One hidden layer alone (THEORY_BATCH 7). A batch's Jacobian is within share * change(s) of the centre's in a ball of
radius s, its share the norm of its inputs; for every partition the samples stand for the batches.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flint import arb, arb_mat

from .arithmetic import ACTIVATIONS, Row, largest_of, root, spectrum
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
NUMBERS = ("eps", "start", "stay", "growth", "spread")
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

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return 4

    @property
    def sizes(self) -> list[int]:
        """Of the batches that occur."""
        rest = len(self.x) % self.batch
        return [self.batch, rest] if rest else [self.batch]

    @property
    def units(self) -> tuple[arb, arb]:
        """Smallest and largest factor of the loss of a batch."""
        if self.loss == "sum":
            return arb(1), arb(1)
        return 1 / arb(max(self.sizes)), 1 / arb(min(self.sizes))


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


@dataclass(frozen=True)
class Parts:
    """Norms of rows and shares of the batches, or of the samples; of the largest batch; and of blocks of the kernel."""

    count: int
    rows: Row
    shares: Row
    tops: list[tuple[arb, arb]]
    blocks: dict[tuple[int, int], arb]

    def largest(self, change: arb) -> arb:
        """beta, where the Jacobian has changed by so much for a share of 1."""
        return largest_of((row + share * change) ** 2 for row, share in self.tops)

    def summed(self, change: arb) -> arb:
        """Gam, likewise."""
        each = sum(((b + s * change) ** 2 for b, s in zip(self.rows, self.shares, strict=True)), arb(0))
        return each.min(self.count * self.largest(change))

    def spread(self) -> arb:
        """Root of the sum of the squared shares."""
        squares = sum((s * s for s in self.shares), arb(0))
        return root(squares.min(self.count * largest_of(share**2 for _, share in self.tops)))

    def pairs(self, change: arb) -> arb:
        """The second form of (T1), or (T3)."""
        off = [s * change for s in self.shares]
        norms = [b + d for b, d in zip(self.rows, off, strict=True)]
        coherent = near = arb(0)
        for k, j in itertools.combinations(range(len(norms)), 2):
            coherent += norms[k] ** 2 * norms[j] ** 2
            near += (self.blocks[k, j] + off[k] * norms[j] + off[j] * norms[k]) ** 2
        return root(coherent.min(near))


def _length(entries: Row) -> arb:
    """Euclidean, enclosed: what is too coarse to decide a claim must not refute it."""
    return root(sum((v * v for v in entries), arb(0)))


def _block(m: arb_mat, rows: range, columns: range) -> arb_mat:
    return arb_mat([[m[i, j] for j in columns] for i in rows])


def _largest_eigenvalue(m: arb_mat) -> arb:
    """Of a symmetric matrix, enclosed."""
    return spectrum(m)[1]


def _norm(m: arb_mat) -> arb:
    return root(_largest_eigenvalue(m * m.transpose()))


def _modulus(m: arb_mat) -> arb:
    """The smaller of the Frobenius norm and the root of the largest row sum times the largest column sum."""
    rows = [[abs(v) for v in row] for row in m.tolist()]
    sums = (largest_of(sum(line, arb(0)) for line in lines) for lines in (rows, zip(*rows, strict=True)))
    high, wide = sums
    return _length(m.entries()).min(root(high * wide))


def _fixed(c: Claim, kernel: arb_mat, gram: arb_mat) -> Parts:
    n, outputs = c.y.shape
    cut = [range(k, min(k + c.batch, n)) for k in range(0, n, c.batch)]
    wide = [range(b.start * outputs, b.stop * outputs) for b in cut]
    rows = [root(_largest_eigenvalue(_block(kernel, b, b))) for b in wide]
    shares = [root(_largest_eigenvalue(_block(gram, b, b))) for b in cut]
    pairs = itertools.combinations(range(len(cut)), 2)
    blocks = {(k, j): _norm(_block(kernel, wide[k], wide[j])) for k, j in pairs}
    return Parts(len(cut), rows, shares, list(zip(rows, shares, strict=True)), blocks)


def every_subset(shape: tuple[int, ...], batch: int, kernel: arb_mat, gram: arb_mat) -> Parts:
    """Of every subset of b samples, or fewer: y of this shape."""
    n, outputs = shape
    own = [range(i * outputs, (i + 1) * outputs) for i in range(n)]
    squares = [_largest_eigenvalue(_block(kernel, b, b)) for b in own]
    blocks = {(i, j): _modulus(_block(kernel, own[i], own[j])) for i, j in itertools.combinations(range(n), 2)}
    inputs = {(i, j): abs(gram[i, j]) for i, j in itertools.combinations(range(n), 2)}
    diagonal = [gram[i, i] for i in range(n)]
    top = (_of_batch(batch, squares, blocks), _of_batch(batch, diagonal, inputs))
    return Parts(-(-n // batch), [root(v) for v in squares], [root(v) for v in diagonal], [top], blocks)


def _of_batch(batch: int, diagonal: Row, others: dict[tuple[int, int], arb]) -> arb:
    """Norm of a batch: root of the largest diagonal entry with the largest others of its row."""
    sums = []
    for i, own in enumerate(diagonal):
        row = [others[min(i, j), max(i, j)] for j in range(len(diagonal)) if j != i]
        row.sort(key=lambda v: float(v.upper()), reverse=True)
        sums.append(own + sum(row[: batch - 1], arb(0)))
    return root(largest_of(sums))


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
    norm, rest = _length(r.entries()), _length((r - kernel * v).entries())
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
        self.layer, self.share = _Layer(c, at, self.gram), root(_largest_eigenvalue(self.gram))
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
    """Recompute every claim of a certificate of Theorem F1."""
    at = Centre(c, c.bounds["lambda_min"], tick)
    tick("batches")
    parts = every_subset(c.y.shape, c.batch, at.kernel, at.gram) if c.every else _fixed(c, at.kernel, at.gram)
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
    whole = at.norm(radius)
    share, om = parts.spread(), arb(1)
    if parts.count > 1:
        halved = (parts.count - 1).bit_length() * whole**2 / 2
        halved += root(2 * parts.summed(far)) * tau * share * layer.curvature(radius)
        coherent = 2 / arb.pi() * parts.summed(near)
        om = 1 + eta * coherent.min(halved).min(parts.pairs(near))
    of_epoch, of_zero = share * layer.remainder(tau, inner), share * layer.remainder(v, eps)
    ratio = small / most
    floor = arb(c.delta) * ratio
    if arb(c.gamma).is_finite():
        floor = floor.max(ratio.min(arb(c.gamma) / most / (parts.largest(far) * tau)))
    positive("delta", floor)
    kap = root(eta * floor) * sg / om
    x = root(eta) * of_epoch * g / (a * kap)
    positive("1 - x", 1 - x)
    allowed = root(eta) * of_zero * v / (a * kap * d)
    right = d * d * (1 + allowed**2 / (1 - x)) + eta * of_zero**2 * v * v / (4 * a)
    for i, (low, high) in enumerate((
        (arb(0), at.least),
        (at.nearest(eps), eps),
        (away(c) + eps + arb(c.spread), d),
        (eta * beta, arb(2)),
        (arb(0), floor),
        (arb(1), g * g * (1 - eta * of_epoch**2 / (4 * a))),
        (arb(0), sg),
        (x, arb(1)),
        (right, v * v),
    )):  # fmt: skip
        checks.hypothesis(i, c.hypotheses[i], HYPOTHESES[i][0], low, high)
    found = {
        "lambda_min": at.least, "beta": beta, "floor": floor, "profile": sg, "truncation": om, "lost": x,
        "rate": 1 - a * kap * kap * (1 - x), "lipschitz": whole,
        "required": 2 * root(eta * parts.summed(near)) * d / (a * kap * (1 - x)),
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
