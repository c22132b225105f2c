"""Batches of samples in the recheck: their norms, and those of every subset of so many samples, from the kernel.

Of workers that average also what each of them sees of its part.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from flint import arb, arb_mat

from .arithmetic import Row, largest_of, root, spectrum


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
        each = sum((norm**2 for norm in self.counted(self.moved(change))), arb(0))
        return each.min(self.count * self.largest(change))

    def spread(self) -> arb:
        """Root of the sum of the squared shares."""
        squares = sum((s * s for s in self.counted(self.shares)), arb(0))
        return root(squares.min(self.count * largest_of(share**2 for _, share in self.tops)))

    def pairs(self, change: arb, passes: int = 1) -> arb:
        """The second form of (T1), or (T3): of the steps of so many passes.

        Of two passes every two batches meet in both orders, and every batch meets itself.
        """
        off = self.counted([s * change for s in self.shares])
        norms, rows = self.counted(self.moved(change)), self.counted(self.rows)
        two, twice = passes**2, passes * (passes - 1) // 2
        coherent = sum((norms[k] ** 2 * norms[j] ** 2 for k, j in _two_of(norms)), arb(0)) * two
        near = self.apart(off, norms) * two
        for row, d, norm in zip(rows, off, norms, strict=True):
            coherent += twice * norm**4
            near += twice * (row**2 + 2 * d * norm) ** 2
        return root(coherent.min(near))

    def moved(self, change: arb) -> Row:
        """The norms of all rows where the Jacobian has changed by so much for a share of 1."""
        return [b + s * change for b, s in zip(self.rows, self.shares, strict=True)]

    def counted(self, each: Row) -> Row:
        """Of one number for each row, those that a sum runs over."""
        return each

    def apart(self, off: Row, norms: Row) -> arb:
        """Sum over pairs of (||K_kj(c)|| + d_k b_j + b_k d_j)^2."""
        found = ((self.blocks[k, j] + off[k] * norms[j] + off[j] * norms[k]) ** 2 for k, j in _two_of(norms))
        return sum(found, arb(0))


def _two_of(these: Row) -> Iterator[tuple[int, int]]:
    return itertools.combinations(range(len(these)), 2)


@dataclass(frozen=True)
class AnyPart(Parts):
    """Of every part of so many samples: the largest norms, rows, shares and blocks in order.

    `table[r][j]`: of the j-th largest ||K_ij(c)|| of every sample i with others, the r-th largest. A norm, row and
    share together, is ranked as one: a sum of products of norms of two samples may be larger than of rows and shares
    ranked apart.
    """

    table: list[Row]

    def counted(self, each: Row) -> Row:
        """The largest of them, as many as a part has samples."""
        return _ranked(each)[: len(self.table)]

    def apart(self, off: Row, norms: Row) -> arb:
        """As of `Parts`, every pair counted from both ends, and halved."""
        found = arb(0)
        for r, line in enumerate(self.table):
            for j, one in enumerate(line):
                found += (one + off[r] * norms[j] + norms[r] * off[j]) ** 2
        return found / 2


@dataclass(frozen=True)
class Worker:
    """The batches of one pass through a worker's part; norm of the part's rows, and its share."""

    parts: Parts
    row: arb
    share: arb

    def truncation(self, passes: int, eta: arb, near: arb, far: arb, ell: arb, tau: arb) -> arb:
        """Om / sqrt(mu) of the first pass, or of all of them, whichever is less.

        Args:
            passes: of a round.
            eta: step size.
            near, far: change of the Jacobian for a share of 1 where the iterates are, and in the ball.
            ell: its Lipschitz constant there.
            tau: all iterates of a round are within this of a zero.
        """
        one, found = self.parts, []
        for mu in (1, passes):
            om = arb(1)
            if mu * one.count > 1:
                whole = mu * (self.row + self.share * far) ** 2
                halved = (mu * one.count - 1).bit_length() * whole / 2
                halved += root(2 * mu * one.summed(far)) * tau * root(arb(mu)) * one.spread() * ell
                coherent = 2 / arb.pi() * mu * one.summed(near)
                om += eta * coherent.min(halved).min(one.pairs(near, mu))
            found.append(om / root(arb(mu)))
        return found[0].min(found[1])


def batches_of(
    shape: tuple[int, ...],
    batch: int,
    workers: int,
    kernel: arb_mat,
    gram: arb_mat,
    norms: tuple[arb, arb],
    *,
    every: bool,
) -> tuple[Parts, list[Worker]]:
    """All batches of a pass, and the workers of a round, or one that none exceeds where any part may be theirs.

    Args:
        shape: of y.
        batch: samples a batch.
        workers: how many.
        kernel, gram: K(c), and that of the inputs.
        norms: ||J(c)|| and the share of all samples.
        every: every partition, or consecutive samples.
    """
    n, outputs = shape
    part = n // workers
    if every:
        parts = every_subset(shape, batch, kernel, gram, workers)
        return parts, [Worker(parts, *norms) if workers == 1 else _any(parts, part, batch, gram, norms)]
    found = []
    for low in range(0, n, part):
        own, wide = range(low, low + part), range(low * outputs, (low + part) * outputs)
        one = fixed_parts(shape, batch, kernel, gram, own)
        theirs = [root(largest_eigenvalue(block(m, b, b))) for m, b in ((kernel, wide), (gram, own))]
        found.append(Worker(one, *(norms if workers == 1 else theirs)))
    each = [worker.parts for worker in found]
    rows = [row for one in each for row in one.rows]
    shares = [share for one in each for share in one.shares]
    return Parts(len(rows), rows, shares, list(zip(rows, shares, strict=True)), {}), found


def _any(parts: Parts, part: int, batch: int, gram: arb_mat, norms: tuple[arb, arb]) -> Worker:
    n = gram.nrows()
    others = [_ranked([parts.blocks[min(i, j), max(i, j)] for j in range(n) if j != i])[: part - 1] for i in range(n)]
    columns = [_ranked(list(column))[:part] for column in zip(*others, strict=True)]
    table = [[column[r] for column in columns] for r in range(part)]
    own = AnyPart(-(-part // batch), parts.rows, parts.shares, parts.tops, {}, table)
    inputs = {(i, j): abs(gram[i, j]) for i, j in itertools.combinations(range(n), 2)}
    row = _of_batch(part, [v**2 for v in parts.rows], parts.blocks)
    share = _of_batch(part, [gram[i, i] for i in range(n)], inputs)
    return Worker(own, row.min(norms[0]), share.min(norms[1]))


def _ranked(values: Row) -> Row:
    """From the largest on: the r-th is between the r-th of the lower and the r-th of the upper ends."""
    low, high = (sorted(ends, reverse=True) for ends in ([v.lower() for v in values], [v.upper() for v in values]))
    return [one.union(other) for one, other in zip(low, high, strict=True)]


def length(entries: Row) -> arb:
    """Euclidean, enclosed: what is too coarse to decide a claim must not refute it."""
    return root(sum((v * v for v in entries), arb(0)))


def block(m: arb_mat, rows: range, columns: range) -> arb_mat:
    """Some of its rows and columns."""
    return arb_mat([[m[i, j] for j in columns] for i in rows])


def largest_eigenvalue(m: arb_mat) -> arb:
    """Of a symmetric matrix, enclosed."""
    return spectrum(m)[1]


def _norm(m: arb_mat) -> arb:
    return root(largest_eigenvalue(m * m.transpose()))


def _modulus(m: arb_mat) -> arb:
    """The smaller of the Frobenius norm and the root of the largest row sum times the largest column sum."""
    rows = [[abs(v) for v in row] for row in m.tolist()]
    sums = (largest_of(sum(line, arb(0)) for line in lines) for lines in (rows, zip(*rows, strict=True)))
    high, wide = sums
    return length(m.entries()).min(root(high * wide))


def fixed_parts(shape: tuple[int, ...], batch: int, kernel: arb_mat, gram: arb_mat, samples: range) -> Parts:
    """Of batches of consecutive samples out of these: y of this shape."""
    outputs = shape[1]
    cut = [range(k, min(k + batch, samples.stop)) for k in range(samples.start, samples.stop, batch)]
    wide = [range(b.start * outputs, b.stop * outputs) for b in cut]
    rows = [root(largest_eigenvalue(block(kernel, b, b))) for b in wide]
    shares = [root(largest_eigenvalue(block(gram, b, b))) for b in cut]
    pairs = itertools.combinations(range(len(cut)), 2)
    blocks = {(k, j): _norm(block(kernel, wide[k], wide[j])) for k, j in pairs}
    return Parts(len(cut), rows, shares, list(zip(rows, shares, strict=True)), blocks)


def every_subset(shape: tuple[int, ...], batch: int, kernel: arb_mat, gram: arb_mat, workers: int = 1) -> Parts:
    """Of every subset of b samples, or fewer, in equal parts of so many workers: y of this shape."""
    n, outputs = shape
    own = [range(i * outputs, (i + 1) * outputs) for i in range(n)]
    squares = [largest_eigenvalue(block(kernel, b, b)) for b in own]
    blocks = {(i, j): _modulus(block(kernel, own[i], own[j])) for i, j in itertools.combinations(range(n), 2)}
    inputs = {(i, j): abs(gram[i, j]) for i, j in itertools.combinations(range(n), 2)}
    diagonal = [gram[i, i] for i in range(n)]
    top = (_of_batch(batch, squares, blocks), _of_batch(batch, diagonal, inputs))
    count = workers * -(-(n // workers) // batch)
    return Parts(count, [root(v) for v in squares], [root(v) for v in diagonal], [top], blocks)


def _of_batch(batch: int, diagonal: Row, others: dict[tuple[int, int], arb]) -> arb:
    """Norm of a batch: root of the largest diagonal entry with the largest others of its row."""
    sums = []
    for i, own in enumerate(diagonal):
        row = [others[min(i, j), max(i, j)] for j in range(len(diagonal)) if j != i]
        row.sort(key=lambda v: float(v.upper()), reverse=True)
        sums.append(own + sum(row[: batch - 1], arb(0)))
    return root(largest_of(sums))
