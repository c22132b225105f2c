"""A fully connected network at its stored weights in balls: values, backward rows, the kernel and the norms of all."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from flint import arb, arb_mat

from ..arithmetic import ACTIVATIONS, blocks, largest_of, matrix, root, spectrum
from ..checks import Tick
from ..fields import Array
from ..file import Stored


@dataclass(frozen=True)
class Norms:
    """Norms of a fully connected network at its weights."""

    # One entry per layer l = 1..L+1; `top` for l = 1..L. Names as in THEORY section 5: al, bo are the per-sample norms.
    kappa: list[arb]
    weight: list[arb]
    inputs: list[arb]
    al: list[arb]
    rows: list[arb]
    bo: list[arb]
    top: list[arb]
    s1: arb
    s2: arb


@dataclass(frozen=True)
class Centre:
    """Norms at the weights, enclosures of the kernel's extreme eigenvalues, the residual's norm, outputs."""

    norms: Norms
    least: arb
    largest: arb
    residual: arb
    outputs: list[list[arb]]


def centre(c: Stored, hint: float, tick: Tick) -> Centre:
    """The network, its backward rows and its kernel at the stored weights, summed loss.

    Args:
        c: the network and its data.
        hint: a guess at the smallest eigenvalue, which is not believed.
        tick: called before each part.
    """
    (n, _), (_, outputs), last = c.x.shape, c.y.shape, len(c.weights) - 1
    evaluate, s1, s2 = ACTIVATIONS[c.activation]
    value, grams, slopes = matrix(c.x), [], []
    for l, (w, b) in enumerate(zip(c.weights, c.biases, strict=True)):
        tick(f"forward, layer {l + 1}")
        scaled = value * arb(c.kappas[l])
        square = arb(c.taus[l]) ** 2 if b is not None else arb(0)
        grams.append(arb_mat(n, n, [g + square for g in (scaled * scaled.transpose()).entries()]))
        z: list[list[arb]] = [[] for _ in range(n)]
        for block in blocks(w, 0):
            for row, more in zip(z, (scaled * matrix(block).transpose()).tolist(), strict=True):
                row.extend(more)
        if b is not None:
            shift = [arb(c.taus[l]) * v for v in b.tolist()]
            z = [[p + q for p, q in zip(row, shift, strict=True)] for row in z]
        if l < last:
            pairs = [[evaluate(v) for v in row] for row in z]
            value = arb_mat([[p[0] for p in row] for row in pairs])
            slopes.append([[p[1] for p in row] for row in pairs])
    residual = sum(((p - q) ** 2 for p, q in zip(itertools.chain(*z), c.y.ravel().tolist(), strict=True)), arb(0))
    u = [[arb(c.kappas[last]) * v for v in row] for row in c.weights[last].tolist()] * n  # rows (i, c), i major
    top, row_grams = [arb(0)] * last, [arb_mat(0, 0)] * last
    for l in reversed(range(last)):
        tick(f"backward, layer {l + 1}")
        samples = n if l < last - 1 else 1  # the output layer's rows are the same for every sample
        columns = (zip(*u[i * outputs : (i + 1) * outputs], strict=True) for i in range(samples))
        top[l] = largest_of(sum((v * v for v in column), arb(0)) for column in itertools.chain(*columns)).sqrt()
        rows = arb_mat([[p * q for p, q in zip(row, slopes[l][i // outputs], strict=True)] for i, row in enumerate(u)])
        row_grams[l] = rows * rows.transpose()
        if l:
            parts = [(rows * matrix(block)).tolist() for block in blocks(c.weights[l], 1)]
            u = [[arb(c.kappas[l]) * v for v in itertools.chain(*row)] for row in zip(*parts, strict=True)]
    size = n * outputs
    kernel = [arb(0)] * size**2
    for gram, row_gram in zip(grams, row_grams, strict=False):
        spread = [g for row in gram.tolist() for g in [v for v in row for _ in range(outputs)] * outputs]
        kernel = [k + g * r for k, g, r in zip(kernel, spread, row_gram.entries(), strict=True)]
    for i, j, k in itertools.product(range(n), range(n), range(outputs)):
        kernel[(i * outputs + k) * size + j * outputs + k] += grams[last][i, j]
    tick("smallest and largest eigenvalue")
    least, largest = spectrum(arb_mat(size, size, kernel), arb(hint))
    norms = Norms(
        kappa=[abs(arb(k)) for k in c.kappas],
        weight=[arb(0), *(_weight_norm(w) for w in c.weights[1:])],  # the first meets no perturbed input
        inputs=[root(spectrum(g)[1]) for g in grams],
        al=[largest_of(g[i, i] for i in range(n)).sqrt() for g in grams],
        rows=[*(root(spectrum(g)[1]) for g in row_grams), arb(n).sqrt()],
        bo=[*(root(largest_of(spectrum(b)[1] for b in _diagonal(g, outputs))) for g in row_grams), arb(1)],
        top=top,
        s1=s1(),
        s2=s2(),
    )
    return Centre(norms, least, largest, root(residual), z)


def _diagonal(gram: arb_mat, size: int) -> Iterator[arb_mat]:
    for i in range(0, gram.nrows(), size):
        yield arb_mat([[gram[i + p, i + q] for q in range(size)] for p in range(size)])


def _weight_norm(w: Array) -> arb:
    axis = 0 if w.shape[0] > w.shape[1] else 1
    gram = arb_mat(w.shape[1 - axis], w.shape[1 - axis])
    for block in blocks(w, axis):
        part = matrix(block)
        gram += part.transpose() * part if axis == 0 else part * part.transpose()
    return root(spectrum(gram)[1])
