"""A class-N network at its weights, enclosed: activations, backward rows and kernel as balls, norms as upper bounds.

The exact network is the one whose weights, biases, kappas, taus, data and targets are the stored doubles (float32 and
float16 weights are the doubles they widen to), evaluated in real arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..nets.activations import activation
from ..rigor.eigen import lambda_max_upper, lambda_min_lower, spectral_norm_upper
from ..rigor.midrad import Ball, as_ball, matmul, multiply
from ..rigor.norms import frobenius_upper, inf_norm_upper, row_norms_upper
from ..rigor.roundoff import sqrt_up
from ..theory.perturbation import CentreNorms
from .centre import Centre
from .class_n import ClassNBounds
from .stored import Arrays


def enclose_layers(a: Arrays, *, spectrum: tuple[float | None, float | None] = (None, None)) -> Centre:
    """Verified numbers of a network at its weights.

    Args:
        a: the network and data.
        spectrum: guesses at the smallest and largest kernel eigenvalue, trusted for nothing; found here if None.

    Raises:
        NoVerdictError: an overflow, or no eigenvalue bound could be verified.
        RoundingEnvironmentError: see `pltheory.rigor.environment`.
    """
    forward = _forward(a)
    backward = _backward(a, forward.slopes)
    n, c = a.y.shape
    grams = [matmul(x, x.T) for x in forward.inputs]  # (n, n) each
    row_grams = [matmul(b, b.T) for b in backward.rows]  # (n C, n C) each
    row_max = [_block_norm(g, c) for g in row_grams]
    kernel = _kernel(grams, row_grams, c)
    del row_grams  # as large as the kernel, each
    residual = frobenius_upper(forward.outputs - as_ball(a.y))
    act = activation(a.activation)
    norms = CentreNorms(
        kappa=[abs(k) for k in a.kappa],
        # The first layer's weights meet no perturbed input, so their norm is never read.
        weight=[0.0, *(spectral_norm_upper(as_ball(w)) for w in a.weights[1:])],
        inputs=[spectral_norm_upper(x) for x in forward.inputs],
        input_max=[float(row_norms_upper(x).max()) for x in forward.inputs],
        rows=[*(spectral_norm_upper(b) for b in backward.rows), float(sqrt_up(float(n)))],
        row_max=[*row_max, 1.0],
        entry_max=backward.entries,
        s1=act.s1,
        s2=act.s2,
    )
    lowest, highest = spectrum
    smallest, largest = lambda_min_lower(kernel, estimate=lowest), lambda_max_upper(kernel, estimate=highest)
    return Centre(a, ClassNBounds(norms), smallest, largest, residual, forward.outputs)


@dataclass(frozen=True)
class _Forward:
    inputs: list[Ball]  # A~_{l-1}, (n, m_{l-1} + 1)
    slopes: list[Ball]  # act'(Z_l), (n, m_l)
    outputs: Ball  # (n, C)


def _forward(a: Arrays) -> _Forward:
    value, inputs, slopes, act = as_ball(a.x), [], [], activation(a.activation)
    for l, (w, b, kappa, tau) in enumerate(zip(a.weights, a.biases, a.kappa, a.tau, strict=True)):
        scaled = multiply(value, as_ball(np.full((1, 1), kappa)))
        inputs.append(scaled if b is None else _with_column(scaled, tau))
        z = matmul(scaled, as_ball(w.T))
        if b is not None:
            z = z + multiply(as_ball(b[None, :]), as_ball(np.full((1, 1), tau)))
        if l < len(a.weights) - 1:
            slopes.append(act.enclose(z, 1))
            value = act.enclose(z, 0)
    return _Forward(inputs, slopes, z)


def _with_column(x: Ball, tau: float) -> Ball:
    """[x, tau 1]."""
    return Ball(np.hstack([x.mid, np.full((x.shape[0], 1), tau)]), x.rad)


@dataclass(frozen=True)
class _Backward:
    rows: list[Ball]  # B_l for l = 1..L, (n C, m_l)
    entries: list[float]  # U^max_l


def _backward(a: Arrays, slopes: list[Ball]) -> _Backward:
    n, c = a.y.shape
    # The output layer's rows are the unit vectors, so its product is the weights themselves, n times.
    u = _repeat(multiply(as_ball(a.weights[-1]), as_ball(np.full((1, 1), a.kappa[-1]))), n)
    rows, entries = [], []
    for l in reversed(range(len(slopes))):
        m = u.shape[1]
        entries.append(_largest_column(u, n, c, m))
        b = multiply(u, _each_output(slopes[l], c))
        rows.append(b)
        if l > 0:
            u = matmul(multiply(b, as_ball(np.full((1, 1), a.kappa[l]))), as_ball(a.weights[l]))
    return _Backward(rows[::-1], entries[::-1])


def _repeat(x: Ball, n: int) -> Ball:
    """The rows of x, n times over, sample-major."""
    return Ball(np.tile(x.mid, (n, 1)), x.rad if x.rad.ndim == 0 else np.tile(x.rad, (n, 1)))


def _each_output(x: Ball, c: int) -> Ball:
    """Every row of x, c times in a row."""
    if c == 1:
        return x
    return Ball(np.repeat(x.mid, c, axis=0), x.rad if x.rad.ndim == 0 else np.repeat(x.rad, c, axis=0))


def _largest_column(u: Ball, n: int, c: int, m: int) -> float:
    """Upper bound of max over i, k of the Euclidean norm over c of u_{ick}."""
    columns = u.mid.reshape(n, c, m).transpose(0, 2, 1).reshape(n * m, c)
    rad = u.rad if u.rad.ndim == 0 else np.broadcast_to(u.rad, u.shape).reshape(n, c, m).transpose(0, 2, 1)
    return float(row_norms_upper(Ball(columns, rad if rad.ndim == 0 else rad.reshape(n * m, c))).max())


def _kernel(grams: list[Ball], row_grams: list[Ball], c: int) -> Ball:
    """Sum over layers of (B_l B_l^T) o (A~ A~^T (x) 1 1^T); the output layer's rows give A~ A~^T (x) identity."""
    kernel = multiply(row_grams[0], _spread(grams[0], c))
    for rows, gram in zip(row_grams[1:], grams[1:-1], strict=True):
        kernel = kernel + multiply(rows, _spread(gram, c))
    mid, rad = kernel.mid, kernel.rad
    for k in range(c):
        same = np.s_[k::c, k::c]
        part = Ball(kernel.mid[same], kernel.rad) + grams[-1]
        mid[same] = part.mid
        rad = np.maximum(rad, part.rad)
    return Ball(mid, rad)


def _spread(gram: Ball, c: int) -> Ball:
    """gram (x) 1 1^T: every entry as a block of c x c equal ones."""
    if c == 1:
        return gram
    rad = gram.rad if gram.rad.ndim == 0 else np.repeat(np.repeat(gram.rad, c, axis=0), c, axis=1)
    return Ball(np.repeat(np.repeat(gram.mid, c, axis=0), c, axis=1), rad)


def _block_norm(gram: Ball, c: int) -> float:
    """Upper bound of max_i ||b_i||, spectral over the c outputs, from the diagonal blocks of B B^T."""
    full = np.broadcast_to(gram.rad, gram.shape)
    best = 0.0
    for start in range(0, gram.shape[0], c):
        here = np.s_[start : start + c, start : start + c]
        block = Ball(gram.mid[here].copy(), full[here].copy())
        # The largest row sum bounds the largest eigenvalue, is it for c = 1, and rules most blocks out.
        bound = inf_norm_upper(block)
        if bound > best and c > 1:
            bound = min(bound, lambda_max_upper(block).at_most())
        best = max(best, bound)
    return float(sqrt_up(best))
