"""Neural collapse from its definitions, sample by sample in many digits; and what Theorem NC bounds it by."""

from __future__ import annotations

from mpmath import mp, mpf


def matrix(rows) -> mp.matrix:
    """A matrix of the exact doubles."""
    return mp.matrix([[mpf(float(x)) for x in row] for row in rows])


def features(layers, x) -> list[mp.matrix]:
    """What each layer (weight, bias or None, whether ReLU follows) answers with; x first. Samples are columns."""
    found = [matrix(x).T]
    for weight, bias, rectified in layers:
        z = matrix(weight) * found[-1]
        for i in range(z.rows):
            for j in range(z.cols):
                z[i, j] += 0 if bias is None else mpf(float(bias[i]))
                if rectified and z[i, j] < 0:
                    z[i, j] = mpf(0)
        found.append(z)
    return found


def within(z, labels) -> mpf:
    """||Z - class means||_F."""
    total = mpf(0)
    for c in set(labels):
        columns = [j for j, label in enumerate(labels) if label == c]
        for i in range(z.rows):
            mean = sum((z[i, j] for j in columns), mpf(0)) / len(columns)
            total += sum((z[i, j] - mean) ** 2 for j in columns)
    return mp.sqrt(total)


def between(z, labels) -> mpf:
    """||class means - mean||_F, each counted with every sample."""
    total = mpf(0)
    for i in range(z.rows):
        mean = sum(z[i, j] for j in range(z.cols)) / z.cols
        for c in set(labels):
            columns = [j for j, label in enumerate(labels) if label == c]
            total += len(columns) * (sum(z[i, j] for j in columns) / len(columns) - mean) ** 2
    return mp.sqrt(total)


def means(z, labels) -> mp.matrix:
    """Class means as columns, classes in order."""
    found = mp.matrix(z.rows, len(set(labels)))
    for k, c in enumerate(sorted(set(labels))):
        columns = [j for j, label in enumerate(labels) if label == c]
        for i in range(z.rows):
            found[i, k] = sum((z[i, j] for j in columns), mpf(0)) / len(columns)
    return found


def singular(a) -> list[mpf]:
    """Singular values, falling."""
    return sorted((abs(s) for s in mp.svd_r(a, compute_uv=False)), reverse=True)


def spectral(a) -> mpf:
    """Largest singular value."""
    return singular(a)[0]


def frobenius(a) -> mpf:
    """Root of the sum of squares."""
    return mp.sqrt(sum(x**2 for x in a))


def with_ones(h) -> mp.matrix:
    """A row of ones below."""
    found = mp.ones(h.rows + 1, h.cols)
    for i in range(h.rows):
        for j in range(h.cols):
            found[i, j] = h[i, j]
    return found
