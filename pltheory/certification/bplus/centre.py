"""The network and its kernel at w_0 as Theorem B+ reads them: neuron by neuron, and in a reference eigenbasis.

The theorem compares the run with the flow of a kernel whose spectral decomposition is known exactly. Floating point
gives none, so the reference is K~ = V~ Lam V~^T with Lam the computed eigenvalues taken as exact and V~ the orthogonal
polar factor of the computed eigenvectors V; the true kernel enters through one number, e_0 = ||K~^-1/2 (K_0 - K~)
K~^-1/2||, which (SC3) carries (docs/derivations/bplus.md, section 5). In a float64 run V is taken as orthogonal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from ...nets.activations import Activation, activation
from ...problem.problem import Problem
from ...rigor.errors import NoVerdictError
from ...rigor.roundoff import Array
from ...theory import NotAvailableError, NumericalFailureError
from ..stored import Arrays, stored_arrays
from .arrays import (
    MOST_TERMS,
    Field,
    ceiling,
    field,
    product,
    raised,
    row_norms,
    smooth,
    spread,
    take_rows,
    top,
    top_symmetric,
)

CHUNK = 2**16
"""Entries of a (neurons, n) piece worked on at a time, so that the passes of ball arithmetic stay in the cache."""


@dataclass(frozen=True)
class Centre:
    """Everything Theorem B+ needs of w_0, the neurons along the first axis.

    Attributes:
        act: the activation.
        rigorous: whether fields are balls.
        kappa: scale of the output layer (1/sqrt(m) in the theorem), exact, nonnegative.
        a: (m, 1) output weights, exact.
        s: (m, n) activations.
        d: (m, n) first derivatives.
        d2: (m, n) second derivatives.
        gram: (n, n) of the inputs xh, scale and bias column included.
        row: (n,) upper bounds of |xh_i|.
        xs: upper bound of ||Xh||.
        lam: (n,) eigenvalues of the reference kernel, ascending, exact.
        vectors: (n, n) its eigenvectors as columns.
        whiten: (n, n) W = Lam^(-1/2) V~^T, for which ||K~^(-1/2) M|| = ||W M||.
        root: (n, n) K~^(-1/2).
        c: (n, 1) r_0 in the eigenbasis.
        residual: upper bound of |r_0|.
        e0: upper bound of ||K~^(-1/2) (K_0 - K~) K~^(-1/2)||; 0 in a float64 run.
        arrays: the stored doubles that all of this is of.
    """

    act: Activation
    rigorous: bool
    kappa: float
    a: Array
    s: Field
    d: Field
    d2: Field
    gram: Field
    row: Array
    xs: float
    lam: Array
    vectors: Field
    whiten: Field
    root: Field
    c: Field
    residual: float
    e0: float
    arrays: Arrays

    @property
    def width(self) -> int:
        """m."""
        return int(self.a.shape[0])

    @property
    def samples(self) -> int:
        """n."""
        return int(self.lam.size)

    def local_suprema(self, index: slice, zeta: Array) -> tuple[Array, Array, Array]:
        """Upper bounds over |x| <= zeta of |s'(z + x) - s'(z)|, |s''(z + x)|, |s'''(z + x)|, each (neurons, n).

        Args:
            index: neurons.
            zeta: (neurons, n) nonnegative.
        """
        return self.act.local_suprema(self.s.mid[index], spread(self.s), self.d2.mid[index], spread(self.d2), zeta)

    def chunks(self, entries_per_neuron: int) -> Iterator[slice]:
        """Slices of neurons whose pieces have about CHUNK entries."""
        return pieces(self.width, max(1, CHUNK // entries_per_neuron))


def pieces(total: int, size: int) -> Iterator[slice]:
    """Consecutive slices of that size."""
    return (slice(start, min(start + size, total)) for start in range(0, total, size))


def centre(problem: Problem, *, rigorous: bool) -> Centre:
    """Measure a one-hidden-layer, one-output network of class N at its weights.

    The loss is 1/2 ||F - y||^2 whatever the problem's scale; `certify_bplus` converts.

    Raises:
        NotAvailableError: more layers or outputs, or an activation that is not smooth.
        NoVerdictError: rigorous, and a number overflows or the width exceeds what the rounding bounds allow.
        NumericalFailureError: the kernel is not finite or not positive definite in floating point.
    """
    net = problem.class_n()
    if net.hidden_layers != 1 or net.widths[-1] != 1:
        raise NotAvailableError(
            f"Theorem B+ is for one hidden layer and one output, this network has widths {net.widths}"
        )
    act = activation(net.activation)
    if not act.smooth:
        raise NotAvailableError(f"Theorem B+ needs a smooth activation, {act.name} is not")
    first, last = net.layers
    m = first.weight.shape[0]
    if rigorous and m > MOST_TERMS:
        raise NoVerdictError(f"width {m} is beyond the rounding bounds of the certificate")

    arrays = stored_arrays(problem)
    biases = arrays.biases
    x = field(arrays.x, rigorous) * float(first.kappa)
    weight, a = arrays.weights[0], arrays.weights[1].reshape(m, 1)
    z_parts, gram = [], x @ x.T
    for piece in pieces(m, max(1, CHUNK // len(problem.x))):
        z = field(weight[piece], rigorous) @ x.T
        if biases[0] is not None:
            z = z + field(biases[0][piece, None], rigorous) * float(first.tau)
        z_parts.append(z)
    if biases[0] is not None:  # the bias is the weight of one more input, tau
        tau = field(np.full((1, 1), float(first.tau)), rigorous)
        gram = gram + tau * tau
    s, d, d2 = (_stack([smooth(act, z, order) for z in z_parts], rigorous) for order in (0, 1, 2))
    kappa, a_field = float(last.kappa), field(a, rigorous)
    ad = d * a_field
    kernel = ((s.T @ s) + (ad.T @ ad) * gram) * kappa * kappa
    outputs = (s.T @ a_field) * kappa
    if biases[1] is not None:
        tau = field(np.full((1, 1), float(last.tau)), rigorous)
        kernel = kernel + tau * tau
        outputs = outputs + field(biases[1].reshape(1, 1), rigorous) * tau
    r0 = outputs - field(arrays.y, rigorous)
    lam, vectors, whiten, root, e0 = _reference(kernel, rigorous)
    return Centre(
        act, rigorous, abs(kappa), a, s, d, d2, gram,
        raised(np.sqrt(ceiling(gram).diagonal())), float(raised(np.sqrt(top_symmetric(gram)))),
        lam, vectors, whiten, root, vectors.T @ r0, float(raised(np.linalg.norm(ceiling(r0)))), e0,
        arrays,
    )  # fmt: skip


def _stack(parts: list[Field], rigorous: bool) -> Field:
    """One field of pieces stacked, with the largest of their radii."""
    return field(np.concatenate([p.mid for p in parts]), rigorous, max(spread(p) for p in parts))


def _reference(kernel: Field, rigorous: bool) -> tuple[Array, Field, Field, Field, float]:
    """lam, V~, W, K~^(-1/2) and e_0 (class docstring)."""
    mid = 0.5 * (kernel.mid + kernel.mid.T)
    if not np.isfinite(mid).all():
        raise NumericalFailureError("the tangent kernel has a NaN or an infinity")
    lam, v = scipy.linalg.eigh(mid)
    n = lam.size
    if not float(lam[0]) > np.finfo(float).eps * n * float(lam[-1]):
        raise NumericalFailureError(f"the tangent kernel is singular in floating point: lambda_min = {lam[0]:.2e}")
    if not rigorous:
        vectors = field(v, False)
        whiten = field(v.T / np.sqrt(lam)[:, None], False)
        return lam, vectors, whiten, vectors @ whiten, 0.0
    exact = field(v, True)
    # V^T V = I + X, ||X|| <= w: V~ = V (I + X)^(-1/2), and |1 - (1 + x)^(-1/2)| <= |x| for |x| <= 1/2, so every entry
    # of V~ - V is at most ||V|| w <= sqrt(1.5) w.
    w = top(exact.T @ exact - field(np.eye(n), True))
    if not w <= 0.5:
        raise NoVerdictError("the computed eigenvectors are not nearly orthogonal")
    vectors = field(v, True, float(raised(1.5 * w)))
    scale = 1.0 / np.sqrt(lam)
    whiten = vectors.T * field(scale[:, None], True, 2.0**-50 * scale[:, None])
    # W K_0 W^T - I, rows and columns scaled before the norm is taken.
    apart = product(product(whiten, kernel), whiten.T) - field(np.eye(n), True)
    e0 = top(apart)
    if not e0 < 0.5:
        raise NoVerdictError(f"the computed spectral decomposition of the kernel is off by {e0:.1e}")
    return lam, vectors, whiten, vectors @ whiten, e0


def norms_of_rows(x: Field, index: slice, right: Field) -> Array:
    """Upper bounds of the norms of the rows of (x[index] @ right)."""
    return row_norms(take_rows(x, index) @ right)
