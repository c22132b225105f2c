"""The centre of a claim about mini-batches, a zero of the loss nearby: its numbers, its kernel, moduli of the layer."""

from __future__ import annotations

from typing import Any

from flint import arb, arb_mat

from .arithmetic import ACTIVATIONS, largest_of, root, spectrum
from .batch_parts import largest_eigenvalue, length
from .checks import Tick, positive
from .fields import damaged, number
from .file import Stored, names_hashed, read_witness
from .hidden import Hidden

HYPOTHESES = [
    ("0 < lambda_min(K(c))", "<"),
    ("alpha + int_0^eps dJ / sigma_min(J(c)) <= eps", "<="),
    ("|w_0 - c| + eps <= D", "<="),
    ("eta beta < 2", "<"),
    ("0 < delta", "<"),
]
"""With which those of every theorem about mini-batches begin."""
RISING = ("tanh", "sigmoid", "softplus", "erf")
"""Their slopes are not negative, and so differ by s1 at most."""


def own_arrays(text: dict[str, Any]) -> dict[str, int]:
    """The arrays of Theorem F1 in a text, name to number of dimensions."""
    own = {"c_W1": 2, "c_W2": 2, "multiplier": 2}
    return own | {f"c_{b}": 1 for b in ("b1", "b2") if f"c_{b}" in names_hashed(text)}


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


def away(c: Stored) -> arb:
    """|w_0 - c|."""
    stored = {f"c_W{l}": w for l, w in enumerate(c.weights, 1)}
    stored |= {f"c_b{l}": b for l, b in enumerate(c.biases, 1) if b is not None}
    squares = arb(0)
    for name, one in stored.items():
        for p, q in zip(one.ravel().tolist(), c.more[name].ravel().tolist(), strict=True):
            squares += (arb(p) - arb(q)) ** 2
    return root(squares)
