"""A second opinion on a certificate: everything recomputed from its stored arrays in ball arithmetic (python-flint).

Nothing is shared with what made the certificate but the documented file format and the theorems' names: the forward
pass, kernel, eigenvalue bounds, the recursion over the ball and the theorems' inequalities are written again here.
NumPy supplies guesses (eigenvalues, approximate factors), none of which is believed. Every recomputed number is an
enclosure, so a claim is confirmed, fails, or is beyond the precision in use.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from flint import arb, arb_mat, ctx, fmpz_mat

from ..theory.errors import InvalidInputError
from .recheck_file import ACCEPTED, BOUNDS, FAILED, FALSE, HYPOTHESES, UNSURE, Array, Claim, Stop, read_claim

_BLOCK = 200_000
"""Matrix entries turned into balls at a time."""
_MARGINS = [2.0**-k for k in (38, 34, 30, 26, 22, 16, 8, 1)]
"""Relative distances from a guessed eigenvalue at which a factor is tried, in turn."""

Row = list[arb]
Tick = Callable[[str], None]


@dataclass(frozen=True)
class Check:
    """One comparison: a claimed number against the enclosure of what it bounds; `code` is an exit code."""

    field: str
    claim: str
    recomputed: str
    code: int


@dataclass(frozen=True)
class RecheckResult:
    """What came of a recheck.

    Attributes:
        code: 0 accepted, 1 a claim fails, 2 damaged or unreadable, 3 precision does not decide, 4 numerical failure.
        field: the first field that fails, "" if none does.
        message: one line that says so, with both numbers.
        theorem: the theorem, "" where the file could not be read so far.
        bits: precision of the ball arithmetic.
        checks: every comparison made.
    """

    code: int
    field: str
    message: str
    theorem: str
    bits: int
    checks: tuple[Check, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether every claim is confirmed."""
        return self.code == ACCEPTED


def recheck(
    path: str | Path, *, bits: int = 128, progress: Callable[[int, int, str], None] | None = None
) -> RecheckResult:
    """Recompute every claim of a certificate file from the arrays beside it.

    Args:
        path: the JSON text of a certificate.
        bits: precision of the ball arithmetic.
        progress: called as (done, total, what) on the way.

    Returns:
        The verdict; whatever the files hold, it is a verdict and not an exception.

    Raises:
        InvalidInputError: bits out of range.
    """
    if not 24 <= bits <= 100_000:
        raise InvalidInputError(f"bits = {bits}: allowed are 24 to 100000")
    checks: list[Check] = []
    theorem = ""

    def result(code: int, field: str, message: str) -> RecheckResult:
        return RecheckResult(code, field, message, theorem, bits, tuple(checks))

    stop = None
    try:
        with ctx.workprec(bits), np.errstate(all="ignore"):
            claim = read_claim(Path(path))
            theorem = claim.theorem
            steps, total = itertools.count(1), 2 * len(claim.weights) + len(claim.grid)
            tick: Tick = (lambda note: progress(next(steps), total, note)) if progress else lambda note: None
            _examine(claim, _centre(claim, tick), checks, tick)
    except Stop as reason:
        stop = reason
    except (MemoryError, np.linalg.LinAlgError, ZeroDivisionError, OverflowError) as error:
        stop = Stop(FAILED, "arithmetic", str(error) or "out of memory")
    failing = next((c for c in checks if c.code == FALSE), None)
    if stop is not None and failing is None:
        return result(stop.code, stop.field, f"{stop.field}: {stop}")
    if failing is not None:
        message = f"{failing.field}: the claim {failing.claim} fails, recomputed {failing.recomputed}"
        return result(FALSE, failing.field, message)
    unsure = next((c for c in checks if c.code == UNSURE), None)
    if unsure is not None:
        message = f"{unsure.field}: {bits} bits do not decide the claim {unsure.claim}, recomputed {unsure.recomputed}"
        return result(UNSURE, unsure.field, f"{message}; try --bits {2 * bits}")
    return result(ACCEPTED, "", f"Theorem {theorem}: all {len(checks)} claims confirmed")


# --- the network at its weights ---------------------------------------------------------------------------------------


def _tanh(z: arb) -> tuple[arb, arb]:
    t = z.tanh()
    return t, 1 - t * t


def _sigmoid(z: arb) -> tuple[arb, arb]:
    e = (-abs(z)).exp()
    s = 1 / (1 + e) if z >= 0 else e / (1 + e) if z <= 0 else 1 / (1 + (-z).exp())
    return s, s * (1 - s)


def _softplus(z: arb) -> tuple[arb, arb]:
    return (z + (-z).exp().log1p() if z > 0 else z.exp().log1p()), _sigmoid(z)[0]


def _erf(z: arb) -> tuple[arb, arb]:
    return z.erf(), 2 / arb.pi().sqrt() * (-z * z).exp()


def _gelu(z: arb) -> tuple[arb, arb]:
    phi = (-z / arb(2).sqrt()).erfc() / 2
    return z * phi, phi + z * (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


def _silu(z: arb) -> tuple[arb, arb]:
    s, slope = _sigmoid(z)
    return z * s, s + z * slope


def _silu_s1() -> arb:
    # act'' = s (1 - s) (2 - z tanh(z/2)) changes sign once for z > 0, at a root where act' = 1/2 + z/4; bisection.
    low, high = arb(2), arb(3)
    for _ in range(ctx.prec):
        mid = ((low + high) / 2).mid()
        value = 2 - mid * (mid / 2).tanh()
        if not (value > 0 or value < 0):
            break
        low, high = (mid, high) if value > 0 else (low, mid)
    return arb(1) / 2 + low.union(high) / 4


_ACTIVATIONS: dict[str, tuple[Callable[[arb], tuple[arb, arb]], Callable[[], arb], Callable[[], arb]]] = {
    "tanh": (_tanh, lambda: arb(1), lambda: 4 / (3 * arb(3).sqrt())),
    "sigmoid": (_sigmoid, lambda: arb(1) / 4, lambda: 1 / (6 * arb(3).sqrt())),
    "softplus": (_softplus, lambda: arb(1), lambda: arb(1) / 4),
    "erf": (_erf, lambda: 2 / arb.pi().sqrt(), lambda: 2 * arb(2).sqrt() * (-arb(1) / 2).exp() / arb.pi().sqrt()),
    "gelu": (
        _gelu,
        lambda: (1 + arb(1).erf()) / 2 + (-arb(1)).exp() / arb.pi().sqrt(),
        lambda: (2 / arb.pi()).sqrt(),
    ),
    "silu": (_silu, _silu_s1, lambda: arb(1) / 2),
}
"""Name to (value and derivative, s1, s2): THEORY's table of suprema."""


@dataclass(frozen=True)
class _Norms:
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
class _Centre:
    norms: _Norms
    least: arb
    largest: arb
    residual: arb


def _matrix(values: Array) -> arb_mat:
    rows, columns = values.shape
    return arb_mat(rows, columns, values.ravel().tolist())


def _blocks(w: Array, axis: int) -> Iterator[Array]:
    step = max(1, _BLOCK // w.shape[1 - axis])
    return (w.take(range(k, min(k + step, w.shape[axis])), axis) for k in range(0, w.shape[axis], step))


def _centre(c: Claim, tick: Tick) -> _Centre:
    (n, _), (_, outputs), last = c.x.shape, c.y.shape, len(c.weights) - 1
    evaluate, s1, s2 = _ACTIVATIONS[c.activation]
    value, grams, slopes = _matrix(c.x), [], []
    for l, (w, b) in enumerate(zip(c.weights, c.biases, strict=True)):
        tick(f"forward, layer {l + 1}")
        scaled = value * arb(c.kappas[l])
        square = arb(c.taus[l]) ** 2 if b is not None else arb(0)
        grams.append(arb_mat(n, n, [g + square for g in (scaled * scaled.transpose()).entries()]))
        z: list[list[arb]] = [[] for _ in range(n)]
        for block in _blocks(w, 0):
            for row, more in zip(z, (scaled * _matrix(block).transpose()).tolist(), strict=True):
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
        top[l] = _max(sum((v * v for v in column), arb(0)) for column in itertools.chain(*columns)).sqrt()
        rows = arb_mat([[p * q for p, q in zip(row, slopes[l][i // outputs], strict=True)] for i, row in enumerate(u)])
        row_grams[l] = rows * rows.transpose()
        if l:
            parts = [(rows * _matrix(block)).tolist() for block in _blocks(c.weights[l], 1)]
            u = [[arb(c.kappas[l]) * v for v in itertools.chain(*row)] for row in zip(*parts, strict=True)]
    size = n * outputs
    kernel = [arb(0)] * size**2
    for gram, row_gram in zip(grams, row_grams, strict=False):
        spread = [g for row in gram.tolist() for g in [v for v in row for _ in range(outputs)] * outputs]
        kernel = [k + g * r for k, g, r in zip(kernel, spread, row_gram.entries(), strict=True)]
    for i, j, k in itertools.product(range(n), range(n), range(outputs)):
        kernel[(i * outputs + k) * size + j * outputs + k] += grams[last][i, j]
    tick("smallest and largest eigenvalue")
    hint = arb(c.bounds["lambda_min"]) * (n if c.loss == "mean" else 1)
    least, largest = _spectrum(arb_mat(size, size, kernel), hint)
    norms = _Norms(
        kappa=[abs(arb(k)) for k in c.kappas],
        weight=[arb(0), *(_weight_norm(w) for w in c.weights[1:])],  # the first meets no perturbed input
        inputs=[_root(_spectrum(g)[1]) for g in grams],
        al=[_max(g[i, i] for i in range(n)).sqrt() for g in grams],
        rows=[*(_root(_spectrum(g)[1]) for g in row_grams), arb(n).sqrt()],
        bo=[*(_root(_max(_spectrum(b)[1] for b in _diagonal(g, outputs))) for g in row_grams), arb(1)],
        top=top,
        s1=s1(),
        s2=s2(),
    )
    return _Centre(norms, least, largest, _root(residual))


def _diagonal(gram: arb_mat, size: int) -> Iterator[arb_mat]:
    for i in range(0, gram.nrows(), size):
        yield arb_mat([[gram[i + p, i + q] for q in range(size)] for p in range(size)])


def _weight_norm(w: Array) -> arb:
    axis = 0 if w.shape[0] > w.shape[1] else 1
    gram = arb_mat(w.shape[1 - axis], w.shape[1 - axis])
    for block in _blocks(w, axis):
        part = _matrix(block)
        gram += part.transpose() * part if axis == 0 else part * part.transpose()
    return _root(_spectrum(gram)[1])


# --- eigenvalues and small helpers ------------------------------------------------------------------------------------


def _max(values: Iterable[arb]) -> arb:
    values = iter(values)
    best = next(values)
    for v in values:
        best = best.max(v)
    return best


def _root(x: arb) -> arb:
    """Square root of a nonnegative number whose enclosure may reach below 0."""
    if not x.is_finite():
        raise Stop(FAILED, "arithmetic", "a number is not finite: overflow")
    return x.lower().max(arb(0)).sqrt().union(x.upper().max(arb(0)).sqrt())


def _floats(m: arb_mat) -> Array:
    values = np.array([float(v) for v in m.entries()]).reshape(m.nrows(), m.ncols())
    if not np.isfinite(values).all():
        raise Stop(FAILED, "arithmetic", "a matrix leaves the range of numbers; more bits may help")
    return values


def _spectrum(sym: arb_mat, hint: arb | None = None) -> tuple[arb, arb]:
    """Enclosures of the smallest (0 without a hint) and the largest eigenvalue of a positive semidefinite matrix."""
    n = sym.nrows()
    if n == 1:
        return sym[0, 0], sym[0, 0]
    trace = sum((sym[i, i] for i in range(n)), arb(0))
    if not trace.is_finite() or not trace.upper() > 0:
        if trace.is_zero():
            return trace, trace
        raise Stop(FAILED, "arithmetic", "a matrix is not finite: overflow")
    man, exp = trace.upper().man_exp()
    unit = arb(2) ** (int(exp) + man.bit_length())  # entries below 1: guesses in floats neither over- nor underflow
    sym = sym * (1 / unit)
    floats = _floats(sym)
    values, vectors = np.linalg.eigh((floats + floats.T) / 2)

    def quotient(v: Array) -> arb:
        column = arb_mat(n, 1, v.tolist())
        return (column.transpose() * (sym * column))[0, 0] / (column.transpose() * column)[0, 0]

    # The row sums bound the largest eigenvalue too, and for some matrices they and the trace are it.
    sums = _max(sum((abs(v) for v in row), arb(0)).upper() for row in sym.tolist())
    high = (-_below(-sym, -floats, -float(values[-1]))).upper().min(sums).min((trace / unit).upper())
    largest = quotient(vectors[:, -1]).lower().union(high) * unit
    if hint is None:
        return arb(0), largest
    least = _below(sym, floats, float(values[0]), float(hint / unit)).lower()
    return least.union(quotient(vectors[:, 0]).upper()) * unit, largest


def _below(sym: arb_mat, floats: Array, guess: float, hint: float = -math.inf) -> arb:
    """Lower bound of the smallest eigenvalue, near the guess, or if that falls short of the hint just above it."""
    best = -_frobenius(sym.entries())
    # Closer than the rounding of a factorisation in floats nothing can be gained (entries are below 1).
    tries = [m * abs(guess) for m in _MARGINS if m * abs(guess) > len(floats) * 2.0**-54]
    for distance in tries:
        bound = _from_factor(sym, floats, guess - distance, distance)
        best = best.max(bound)
        if bound >= guess - 2 * distance:
            break
    for distance in (abs(hint) * 2.0**-k for k in (30, 26) if math.isfinite(hint)):
        if not best >= hint:
            best = best.max(_from_factor(sym, floats, hint + distance, distance))
    return best


def _from_factor(sym: arb_mat, floats: Array, shift: float, loss: float) -> arb:
    """Lower bound shift - ||sym - shift I - F F^T||_F of the smallest eigenvalue, for a good F; -inf if none is found.

    F starts as a Cholesky factor in floats and gains parts until its residual drops below the loss allowed.
    """
    n, best = len(floats), arb.neg_inf()
    try:
        factor = np.linalg.cholesky(floats - shift * np.eye(n))
    except np.linalg.LinAlgError:
        return best
    parts = [factor]
    for scale in (60, 110, 110):
        cells = zip(*(np.ldexp(p, scale).ravel().tolist() for p in parts), strict=True)
        integers = fmpz_mat(n, n, [sum(map(int, cell)) for cell in cells])
        rest = sym - arb_mat(integers * integers.transpose()) * arb(2) ** (-2 * scale)
        for i in range(n):
            rest[i, i] -= shift
        entries = rest.entries()
        residual = _frobenius(entries)
        best = best.max((shift - residual).lower())
        if residual <= loss:
            break
        half = np.tril(np.linalg.solve(factor, np.linalg.solve(factor, _floats(rest)).T))
        half[np.diag_indices(n)] /= 2
        if not np.abs(half).max() < 0.5:
            break
        parts.append(factor @ half)
    return best


def _frobenius(entries: Row) -> arb:
    return _root(sum((v * v for v in entries), arb(0))).upper()


# --- the ball: THEORY section 5 ---------------------------------------------------------------------------------------


def _add(a: arb, x: Row, b: arb, y: Row) -> Row:
    return [a * p + b * q for p, q in zip(x, y, strict=True)]


def _pass(at: _Norms, inputs: list[arb], rows: list[arb]) -> tuple[list[Row], list[Row], list[Row]]:
    """Changes of A_{l-1}, u^l and b^l as row vectors linear in (t_1, .., t_{L+1}): for the batch, or for one sample."""
    count = len(at.weight)
    e = [[arb(int(k == l)) for k in range(count)] for l in range(count)]
    none = [arb(0)] * count
    xa, xz, xb, xu = [none], [], [none] * count, [none] * count
    for l in range(count - 1):
        xz.append(_add(inputs[l], e[l], at.kappa[l] * at.weight[l], xa[l]))
        xa.append([at.s1 * v for v in xz[l]])
    for l in reversed(range(count - 1)):
        k = at.kappa[l + 1]
        xu[l] = _add(k * at.weight[l + 1], xb[l + 1], k * rows[l + 1], e[l + 1])
        xb[l] = _add(at.s1, xu[l], at.s2 * at.top[l], xz[l])
    return xa, xu, xb


def _steepness(at: _Norms, s: arb, *, everywhere: bool) -> arb:
    """||M||, the worst split of s over the layers: ell(s) if everywhere, else dJ(s) / s, measured from the centre."""
    at = replace(at, weight=[w + s for w in at.weight])
    batch, single = _pass(at, at.inputs, at.rows), _pass(at, at.al, at.bo)
    # With all t_l = s a change is s times the sum of its row.
    (d_a, d_u, d_b), (s_a, s_u, s_b) = ([[s * sum(row, arb(0)) for row in part] for part in p] for p in (batch, single))
    inputs = [v + k * d for v, k, d in zip(at.inputs, at.kappa, d_a, strict=True)]
    al = [v + k * d.min(e) for v, k, d, e in zip(at.al, at.kappa, d_a, s_a, strict=True)]
    bo = at.bo
    if everywhere:
        bo = [v + d.min(e) for v, d, e in zip(at.bo, d_b, s_b, strict=True)]
        top = [v + d.min(e) for v, d, e in zip(at.top, d_u, s_u, strict=False)]
        at = replace(at, top=top)
        batch = _pass(at, inputs, [v + d for v, d in zip(at.rows, d_b, strict=True)])
        single = _pass(at, al, bo)
    moved = [[k * b * v for v in row] for k, b, row in zip(at.kappa, bo, batch[0], strict=True)]
    one = arb(1)
    choices = [
        (_add(al[l], batch[2][l], one, moved[l]), _add(inputs[l], single[2][l], one, moved[l]))
        for l in range(len(moved))
    ]
    free = len(choices) - 1  # the two rows of the output layer are equal
    picks = itertools.product((0, 1), repeat=free) if free <= 3 else iter([(0,) * free, (1,) * free])
    matrices = [arb_mat([both[which] for both, which in zip(choices, (*pick, 0), strict=True)]) for pick in picks]
    # Floats say which of these upper bounds are in question for the smallest; a wrong one among them does no harm.
    guesses = [float(np.sqrt(np.linalg.eigvalsh(f @ f.T)[-1])) for f in map(_floats, matrices)]
    near = [m for m, g in zip(matrices, guesses, strict=True) if not g > 1.000001 * min(guesses)]
    return -_max(-_root(_spectrum(m * m.transpose())[1]) for m in near)


# --- the claims -------------------------------------------------------------------------------------------------------


def _examine(c: Claim, at: _Centre, checks: list[Check], tick: Tick) -> None:
    def compare(field: str, claim: float, value: arb, direction: str) -> None:
        if not value.is_finite():
            raise Stop(FAILED, field, "the recomputed number is not finite")
        upper = direction == "upper"
        good, bad = (value <= claim, value > claim) if upper else (value >= claim, value < claim)
        code = ACCEPTED if good else FALSE if bad else UNSURE
        checks.append(Check(field, f"{'<=' if upper else '>='} {claim!r}", value.str(20), code))

    def bound(name: str, value: arb) -> None:
        compare(f"bounds.{name}", c.bounds[name], value, BOUNDS[name])

    def hypothesis(i: int, low: arb, high: arb) -> None:
        (a, b), field = c.hypotheses[i], f"hypotheses[{i}]"
        compare(f"{field}.left", a, low, "upper")
        compare(f"{field}.right", b, high, "lower")
        checks.append(Check(field, f"{a!r} < {b!r}", HYPOTHESES[c.theorem][i], ACCEPTED if a < b else FALSE))

    zero, one, eta = arb(0), arb(1), arb(c.eta)
    share = one / len(c.x) if c.loss == "mean" else one
    scale = share.sqrt()
    residual, sigma_0, change = at.residual * scale, _root(at.least), zero
    profile = []
    for j, (s, claim) in enumerate(zip(c.grid, c.sigma, strict=True)):
        tick(f"profile at radius {s:.3g}")
        change = s * _steepness(at.norms, arb(s), everywhere=False)
        profile.append(((sigma_0 - change) * scale).max(zero))
        compare(f"arrays.sigma[{j}]", claim, profile[j], "lower")
    lipschitz = (_root(at.largest) + change) * scale
    ell = _steepness(at.norms, arb(c.radius), everywhere=True) * scale
    beta = lipschitz**2 + residual * ell
    left = 1 - beta * eta / 2
    bound("residual", residual)
    bound("lambda_min", at.least * share)
    bound("lipschitz", lipschitz)
    bound("ell", ell)
    bound("beta", beta)
    hypothesis(0, zero, at.least)  # of J J^T itself, in which the loss's 1/n has no part
    hypothesis(1, beta * eta, arb(2))
    if c.theorem in ("A", "A'"):
        sigma = profile[-1]
        mu = sigma**2
        _positive("sig(R)", sigma)
        _positive("1 - beta eta / 2", left)
        needed = residual / (sigma * left)
        if c.theorem == "A'":
            _positive("beta - mu", beta - mu)
            needed *= (1 + _root(1 - 2 * mu * eta * left)) / 2
        hypothesis(2, needed, arb(c.radius))
        bound("required", needed)
    else:
        widths = [arb(q) - p for p, q in itertools.pairwise(c.grid)]
        sums = [zero, *itertools.accumulate(w * s for w, s in zip(widths, profile[1:], strict=True))]
        hypothesis(2, residual, left * sums[-1])
        required = c.bounds["required"]
        if required not in c.grid:
            raise Stop(FALSE, "bounds.required", f"the claim {required!r} is not a point of the grid")
        j = c.grid.index(required)
        # The path ends before g_j if the profile up to there outweighs the residual.
        available, sigma = left * sums[j], profile[j]
        code = ACCEPTED if available >= residual else FALSE if available < residual else UNSURE
        what = f"(1 - beta eta / 2) int sig = {available.str(17)}, ||r_0|| = {residual.str(17)}"
        checks.append(Check("bounds.required", f"<= {required!r}", what, code))
        mu = sigma**2
    bound("mu", mu)
    gradient = lipschitz * residual
    clipped = arb(c.gamma) < gradient.upper()
    floor = (arb(c.gamma) / gradient).min(one).max(arb(c.delta)) if clipped else one
    bound("floor", floor)
    shortest, longest = ((h * eta) * (1 - beta * h * eta / 2) for h in (floor, one))
    bound("rate", 1 - 2 * mu * shortest.min(longest))


def _positive(name: str, value: arb) -> None:
    if not value > 0:
        code, how = (FALSE, "must be positive") if value <= 0 else (UNSURE, "is not decided to be positive")
        raise Stop(code, name, f"{how}, recomputed {value.str(17)}")
