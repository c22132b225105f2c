"""A second opinion on a certificate: everything recomputed from its stored arrays in ball arithmetic (python-flint).

Nothing is shared with what made the certificate but the documented file format and the theorems' names: the forward
pass, kernel, eigenvalue bounds, the recursion over the ball and the theorems' inequalities are written again here. NumPy
supplies guesses (eigenvalues, approximate factors), none of which is believed. Every recomputed number is an enclosure,
so a claim is confirmed, refuted, or beyond the precision in use.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import math
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from flint import arb, arb_mat, ctx, fmpz_mat

from ..theory.errors import InvalidInputError
from ..theory.theorems import THEOREMS

SCHEMA = "pltheory-certificate/1"
STATEMENT = "exact-arithmetic iteration from the stored float64 weights on the stored float64 data"
ACCEPTED, FALSE, DAMAGED, UNSURE, FAILED = range(5)
"""Exit codes: accepted, a claim is false, damaged or unreadable, precision does not decide, numerical failure."""

_BOUNDS = {"residual": "upper", "lambda_min": "lower", "lipschitz": "upper", "ell": "upper", "beta": "upper"}
_BOUNDS |= {"required": "upper", "mu": "lower", "floor": "lower", "rate": "upper"}
_COMMON = ("0 < lambda_min(K(w_0))", "beta eta < 2")
_LAST = {t: f"radius of Theorem {t} < R" for t in ("A", "A'")}
_LAST |= dict.fromkeys(("B", "C"), "||r_0|| < (1 - beta eta / 2) int_0^R sig")
_BLOCK = 200_000
"""Matrix entries turned into balls at a time."""
_MARGINS = [2.0**-k for k in (38, 34, 30, 26, 22, 16, 8, 1)]
"""Relative distances from a guessed eigenvalue at which a factor is tried, in turn."""

Tick = Callable[[str], None]


@dataclass(frozen=True)
class Check:
    """One comparison: a claimed number against the enclosure of what it bounds; verdict is an exit code."""

    field: str
    claim: str
    recomputed: str
    verdict: int


@dataclass(frozen=True)
class RecheckResult:
    """What came of a recheck.

    Attributes:
        code: 0 accepted, 1 a claim is false, 2 damaged or unreadable, 3 precision does not decide, 4 numerical failure.
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


class _Stop(Exception):
    def __init__(self, code: int, field: str, message: str) -> None:
        super().__init__(message)
        self.code, self.field = code, field


def recheck(
    path: str | Path, *, bits: int = 128, progress: Callable[[int, int, str], None] | None = None
) -> RecheckResult:
    """Recompute every claim of a certificate file from the arrays beside it.

    Args:
        path: the JSON text of a certificate.
        bits: precision of the ball arithmetic, at least 24.
        progress: called as (done, total, what) on the way.

    Returns:
        The verdict; whatever the files hold, it is a verdict and not an exception.

    Raises:
        InvalidInputError: bits out of range.
    """
    if not 24 <= bits <= 100_000:
        raise InvalidInputError(f"bits = {bits}: allowed are 24 to 100000")
    checks: list[Check] = []
    name = ""
    try:
        with ctx.workprec(bits), np.errstate(all="ignore"):
            claim = _read(Path(path))
            name = claim.theorem
            total = 3 * len(claim.weights) + len(claim.grid)
            steps = itertools.count(1)
            tick: Tick = (lambda note: progress(next(steps), total, note)) if progress else lambda note: None
            _examine(claim, _centre(claim, tick), checks, tick)
    except _Stop as stop:
        return RecheckResult(stop.code, stop.field, f"{stop.field}: {stop}", name, bits, tuple(checks))
    except (MemoryError, np.linalg.LinAlgError, ZeroDivisionError, OverflowError) as error:
        return RecheckResult(FAILED, "", f"numerical failure: {error or 'out of memory'}", name, bits, tuple(checks))
    for verdict in (FALSE, UNSURE):
        for c in checks:
            if c.verdict == verdict:
                how = "is false" if verdict == FALSE else f"is not decided with {bits} bits; try --bits {2 * bits}"
                message = f"{c.field}: the claim {c.claim} {how}, recomputed {c.recomputed}"
                return RecheckResult(verdict, c.field, message, name, bits, tuple(checks))
    return RecheckResult(ACCEPTED, "", f"Theorem {name}: all {len(checks)} claims confirmed", name, bits, tuple(checks))


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Claim:
    theorem: str
    loss: str
    optimizer: str
    activation: str
    eta: float
    gamma: float
    delta: float
    radius: float
    bounds: dict[str, float]
    hypotheses: list[tuple[float, float]]
    kappas: list[float]
    taus: list[float]
    weights: list[np.ndarray]
    biases: list[np.ndarray | None]
    x: np.ndarray
    y: np.ndarray
    grid: list[float]
    sigma: list[float]


def _damaged(field: str, message: str) -> NoReturn:
    raise _Stop(DAMAGED, field, message)


def _keys(value: Any, field: str, keys: Iterable[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        _damaged(field, "not an object")
    for key in sorted(set(keys) - value.keys()):
        _damaged(field, f"key {key!r} is missing")
    for key in sorted(value.keys() - set(keys)):
        _damaged(field, f"unknown key {key[:60]!r}")
    return value


def _list(value: Any, field: str, length: int) -> list[Any]:
    if not isinstance(value, list) or len(value) != length:
        _damaged(field, f"not a list of {length}")
    return value


def _number(value: Any, field: str, *, infinite: bool = False) -> float:
    _keys(value, field, ("hex", "decimal"))
    try:
        x = float.fromhex(value["hex"])
    except (TypeError, ValueError, OverflowError):
        _damaged(field, "hex is not a hexadecimal double")
    if x.hex() != value["hex"]:
        _damaged(field, f"hex is not written as {x.hex()}")
    if f"{x:.6g}" != value["decimal"]:
        _damaged(field, f"decimal is not {x:.6g}, which hex says")
    if not (math.isfinite(x) or (infinite and x > 0)):
        _damaged(field, f"{x} is not allowed")
    return x


def _one_of(value: Any, field: str, allowed: Iterable[str]) -> str:
    if not isinstance(value, str) or value not in list(allowed):
        _damaged(field, f"not {' or '.join(map(repr, allowed))}")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({k for k, _ in pairs}) < len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def _read(path: Path) -> _Claim:
    try:
        text: Any = json.loads(path.read_bytes(), object_pairs_hook=_unique)
    except OSError as error:
        _damaged(path.name, f"cannot be read: {error.strerror}")
    except (ValueError, RecursionError) as error:
        _damaged(path.name, f"not the JSON of a certificate: {str(error)[:80]}")
    if not isinstance(text, dict) or text.get("schema") != SCHEMA:
        _damaged("schema", f"not {SCHEMA!r}")
    top = "schema theorem conclusion citation statement network loss optimizer arrays ball bounds hypotheses"
    _keys(text, "certificate", f"{top} assumptions sha256".split())
    rest = {k: v for k, v in text.items() if k != "sha256"}
    written = json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()
    if hashlib.sha256(written).hexdigest() != text["sha256"]:
        _damaged("sha256", "the text does not have this hash")
    theorem = _one_of(text["theorem"], "theorem", _LAST)
    # The sentences are part of the claim, so a doctored one is refused.
    for key, value in (
        ("conclusion", THEOREMS[theorem].conclusion),
        ("citation", THEOREMS[theorem].citation),
        ("statement", STATEMENT),
    ):
        _one_of(text[key], key, (value,))
    loss = _one_of(text["loss"], "loss", ("sum", "mean"))
    if not isinstance(text["assumptions"], list) or text["assumptions"]:
        _damaged("assumptions", "must be an empty list: this schema knows of none")
    network = _keys(text["network"], "network", ("activation", "kappas", "taus", "layers"))
    layers = network["layers"]
    if type(layers) is not int or not 2 <= layers <= 10_000:
        _damaged("network.layers", "not a number of layers from 2 to 10000")
    kappas, taus = (
        [_number(v, f"network.{key}[{i}]") for i, v in enumerate(_list(network[key], f"network.{key}", layers))]
        for key in ("kappas", "taus")
    )
    optimizer = _keys(text["optimizer"], "optimizer", ("name", "eta", "gamma", "delta"))
    rule = _one_of(optimizer["name"], "optimizer.name", ("gd", "gclip", "delta-gclip"))
    eta, gamma, delta = (
        _number(optimizer[k], f"optimizer.{k}", infinite=k == "gamma") for k in ("eta", "gamma", "delta")
    )
    if not eta > 0 or not gamma > 0:
        _damaged("optimizer.eta" if not eta > 0 else "optimizer.gamma", "must be positive")
    if not {"gd": delta == 1, "gclip": delta == 0, "delta-gclip": 0 < delta < 1}[rule]:
        _damaged("optimizer.delta", f"{delta} does not belong to {rule}")
    bounds = {}
    for key, value in _keys(text["bounds"], "bounds", _BOUNDS).items():
        _keys(value, f"bounds.{key}", ("kind", "hex", "decimal"))
        _one_of(value["kind"], f"bounds.{key}.kind", (_BOUNDS[key],))
        bounds[key] = _number({k: value[k] for k in ("hex", "decimal")}, f"bounds.{key}")
    hypotheses = []
    for i, h in enumerate(_list(text["hypotheses"], "hypotheses", 3)):
        _keys(h, f"hypotheses[{i}]", ("name", "left", "relation", "right"))
        _one_of(h["name"], f"hypotheses[{i}].name", ((*_COMMON, _LAST[theorem])[i],))
        _one_of(h["relation"], f"hypotheses[{i}].relation", ("<",))
        left, right = (_number(h[side], f"hypotheses[{i}].{side}") for side in ("left", "right"))
        hypotheses.append((left, right))
    radius = _number(_keys(text["ball"], "ball", ("radius",))["radius"], "ball.radius")
    a = _arrays(text["arrays"], path, layers)
    weights, biases = [a[f"W{l}"] for l in range(1, layers + 1)], [a.get(f"b{l}") for l in range(1, layers + 1)]
    _shapes(a, weights, biases, taus)
    grid, sigma = a["grid"].tolist(), a["sigma"].tolist()
    if grid[0] != 0 or not all(p < q for p, q in itertools.pairwise(grid)) or grid[-1] != radius:
        _damaged("arrays.grid", "must start at 0, increase strictly and end at ball.radius")
    names = (theorem, loss, rule, network["activation"])
    _one_of(names[3], "network.activation", _ACTIVATIONS)
    return _Claim(
        *names,
        eta,
        gamma,
        delta,
        radius,
        bounds,
        hypotheses,
        kappas,
        taus,
        weights,
        biases,
        a["x"],
        a["y"],
        grid,
        sigma,
    )


def _arrays(value: Any, path: Path, layers: int) -> dict[str, np.ndarray]:
    _keys(value, "arrays", ("file", "sha256"))
    name, hashes = value["file"], value["sha256"]
    if not isinstance(name, str) or not name or name != Path(name).name or "\0" in name:
        _damaged("arrays.file", "not the name of a file beside the certificate")
    optional = {f"b{l}" for l in range(1, layers + 1)} & set(hashes if isinstance(hashes, dict) else ())
    wanted = {*(f"W{l}" for l in range(1, layers + 1)), "x", "y", "grid", "sigma"} | optional
    _keys(hashes, "arrays.sha256", wanted)
    arrays = {}
    try:
        with zipfile.ZipFile(path.with_name(name)) as archive:
            if sorted(archive.namelist()) != sorted(f"{key}.npy" for key in wanted):
                _damaged(name, f"does not hold exactly the arrays {', '.join(sorted(wanted))}")
            for key in wanted:
                content = io.BytesIO(archive.read(f"{key}.npy"))
                arrays[key] = np.lib.format.read_array(content, allow_pickle=False)
    except _Stop:
        raise
    except OSError as error:
        _damaged(name, f"cannot be read: {error.strerror or error}")
    except Exception as error:  # the parsers of zip and npy raise a dozen types on garbage
        _damaged(name, f"not an .npz of plain arrays: {type(error).__name__}: {str(error).splitlines()[0][:80]}")
    for key, array in arrays.items():
        if array.dtype != np.dtype("<f8"):
            _damaged(f"arrays.{key}", f"holds {array.dtype}, not little-endian float64")
        if not array.size or not np.isfinite(array).all():
            _damaged(f"arrays.{key}", "is empty or holds a NaN or an infinity")
        digest = hashlib.sha256((",".join(map(str, array.shape)) + ":").encode() + array.tobytes())
        if digest.hexdigest() != hashes[key]:
            _damaged(f"arrays.{key}", "does not have the hash that the text names")
    return arrays


def _shapes(a: dict[str, np.ndarray], weights: list[np.ndarray], biases: list[Any], taus: list[float]) -> None:
    for name, array in a.items():
        if array.ndim != (1 if name[0] in "bgs" else 2):
            _damaged(f"arrays.{name}", f"has the shape {array.shape}")
    widths = [a["x"].shape[1], *(w.shape[0] for w in weights)]
    for l, (w, b, tau) in enumerate(zip(weights, biases, taus, strict=True)):
        if w.shape[1] != widths[l] or (b is not None and b.shape != (widths[l + 1],)):
            _damaged(f"arrays.W{l + 1}", f"shape {w.shape} does not follow from the layer below, or b{l + 1} differs")
        if b is None and tau != 0:
            _damaged(f"network.taus[{l}]", f"is {tau}, but no b{l + 1} is stored")
    if a["y"].shape != (a["x"].shape[0], widths[-1]):
        _damaged("arrays.y", f"has the shape {a['y'].shape}, not {(a['x'].shape[0], widths[-1])}")
    if a["sigma"].shape != a["grid"].shape or a["grid"].size < 2 or (a["sigma"] < 0).any():
        _damaged("arrays.sigma", "must have one nonnegative number for each of two or more radii")


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


def _matrix(values: np.ndarray) -> arb_mat:
    return arb_mat(*values.shape, values.ravel().tolist())


def _blocks(w: np.ndarray, axis: int) -> Iterable[np.ndarray]:
    step = max(1, _BLOCK // w.shape[1 - axis])
    return (w.take(range(k, min(k + step, w.shape[axis])), axis) for k in range(0, w.shape[axis], step))


def _centre(c: _Claim, tick: Tick) -> _Centre:
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


def _diagonal(gram: arb_mat, size: int) -> Iterable[arb_mat]:
    for i in range(0, gram.nrows(), size):
        yield arb_mat([[gram[i + p, i + q] for q in range(size)] for p in range(size)])


def _weight_norm(w: np.ndarray) -> arb:
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
        raise _Stop(FAILED, "arithmetic", "a number is not finite: overflow")
    return x.lower().max(arb(0)).sqrt().union(x.upper().max(arb(0)).sqrt())


def _spectrum(sym: arb_mat, hint: arb | None = None) -> tuple[arb, arb]:
    """Enclosures of the smallest (only with a hint, else 0) and the largest eigenvalue of a positive semidefinite matrix."""
    n = sym.nrows()
    if n == 1:
        return sym[0, 0], sym[0, 0]
    trace = sum((sym[i, i] for i in range(n)), arb(0))
    if not trace.is_finite() or not trace.upper() > 0:
        if trace.is_zero():
            return trace, trace
        raise _Stop(FAILED, "arithmetic", "a matrix is not finite: overflow")
    man, exp = trace.upper().man_exp()
    unit = arb(2) ** (int(exp) + man.bit_length())  # entries below 1: guesses in floats neither over- nor underflow
    sym = sym * (1 / unit)
    floats = np.array([float(v) for v in sym.entries()]).reshape(n, n)
    values, vectors = np.linalg.eigh((floats + floats.T) / 2)

    def quotient(v: np.ndarray) -> arb:
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


def _below(sym: arb_mat, floats: np.ndarray, guess: float, hint: float = math.inf) -> arb:
    """Lower bound of the smallest eigenvalue: c - ||sym - c I - F F^T||_F for c near the guess and some F.

    F starts as a Cholesky factor in floats and is refined in parts, so that its residual drops below their rounding.
    """
    n = len(floats)
    best = -_root(sum((v * v for v in sym.entries()), arb(0))).upper()
    tries = [guess - m * abs(guess) for m in _MARGINS]
    tries += [(guess + hint) / 2, hint] if hint < guess else []
    for shift in tries:
        try:
            factor = np.linalg.cholesky(floats - shift * np.eye(n))
        except np.linalg.LinAlgError:
            continue
        parts = [factor]
        for scale in (60, 110, 110):
            whole = [
                sum(map(int, cell)) for cell in zip(*(np.ldexp(p, scale).ravel().tolist() for p in parts), strict=True)
            ]
            integers = fmpz_mat(n, n, whole)
            rest = sym - arb_mat(integers * integers.transpose()) * arb(2) ** (-2 * scale)
            for i in range(n):
                rest[i, i] -= shift
            entries = rest.entries()
            loss = _root(sum((v * v for v in entries), arb(0))).upper()
            best = best.max((arb(shift) - loss).lower())
            if loss <= abs(guess - shift):
                return best
            error = np.array([float(v) for v in entries]).reshape(n, n)
            half = np.tril(np.linalg.solve(factor, np.linalg.solve(factor, error).T))
            half[np.diag_indices(n)] /= 2
            if not np.abs(half).max() < 0.5:
                break
            parts.append(factor @ half)
    return best


# --- the ball: THEORY section 5 ---------------------------------------------------------------------------------------

Row = list[arb]


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
    """||M||: ell(s) if everywhere, else dJ(s) / s, which measures from the centre only; the worst split of s included."""
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
    norms = []
    for pick in picks:
        m = arb_mat([both[which] for both, which in zip(choices, (*pick, 0), strict=True)])
        norms.append(_root(_spectrum(m * m.transpose())[1]))
    return -_max(-v for v in norms)


# --- the claims -------------------------------------------------------------------------------------------------------


def _examine(c: _Claim, at: _Centre, checks: list[Check], tick: Tick) -> None:
    def compare(field: str, claim: float, value: arb, direction: str) -> None:
        if not value.is_finite():
            raise _Stop(FAILED, field, "the recomputed number is not finite")
        good, bad = (value <= claim, value > claim) if direction == "upper" else (value >= claim, value < claim)
        verdict = ACCEPTED if good else FALSE if bad else UNSURE
        checks.append(Check(field, f"{'<=' if direction == 'upper' else '>='} {claim!r}", value.str(17), verdict))

    def bound(name: str, value: arb) -> None:
        compare(f"bounds.{name}", c.bounds[name], value, _BOUNDS[name])

    zero, one, eta, radius = arb(0), arb(1), arb(c.eta), arb(c.radius)
    share = one / len(c.x) if c.loss == "mean" else one
    scale = share.sqrt()
    residual, sigma_0 = at.residual * scale, _root(at.least)
    sigma, change = [], zero
    for radius_j, claim in zip(c.grid, c.sigma, strict=True):
        tick(f"profile at radius {radius_j:.3g}")
        change = arb(radius_j) * _steepness(at.norms, arb(radius_j), everywhere=False)
        sigma.append(((sigma_0 - change) * scale).max(zero))
        # A profile is never negative, so a claim of 0 says nothing and is true.
        compare(f"arrays.sigma[{len(sigma) - 1}]", claim, sigma[-1], "lower")
    lipschitz = (_root(at.largest) + change) * scale
    ell = _steepness(at.norms, radius, everywhere=True) * scale
    beta = lipschitz**2 + residual * ell
    left = 1 - beta * eta / 2
    bound("residual", residual)
    bound("lambda_min", at.least * share)
    bound("lipschitz", lipschitz)
    bound("ell", ell)
    bound("beta", beta)

    def hypothesis(i: int, low: arb, high: arb) -> None:
        (a, b), name = c.hypotheses[i], f"hypotheses[{i}]"
        compare(f"{name}.left", a, low, "upper")
        compare(f"{name}.right", b, high, "lower")
        verdict = ACCEPTED if a < b else FALSE
        checks.append(Check(name, f"{a!r} < {b!r}", (*_COMMON, _LAST[c.theorem])[i], verdict))

    hypothesis(0, zero, at.least)  # of J J^T itself, in which the loss's 1/n has no part
    hypothesis(1, beta * eta, arb(2))
    if c.theorem in ("B", "C"):
        widths = [arb(q) - arb(p) for p, q in itertools.pairwise(c.grid)]
        sums = [zero, *itertools.accumulate(w * s for w, s in zip(widths, sigma[1:], strict=True))]
        hypothesis(2, residual, left * sums[-1])
        if c.bounds["required"] not in c.grid:
            raise _Stop(FALSE, "bounds.required", f"the claim {c.bounds['required']!r} is not a point of the grid")
        j = c.grid.index(c.bounds["required"])
        # The path ends before g_j if the profile up to there outweighs the residual.
        compare(
            f"bounds.required, ||r_0|| / ((1 - beta eta / 2) int_0^{c.grid[j]!r} sig)",
            1.0,
            _over(residual, left * sums[j]),
            "upper",
        )
        least_sigma = sigma[j]
    else:
        least_sigma = sigma[-1]
        needed = _over(residual, least_sigma * left)
        if c.theorem == "A'":
            mu = least_sigma**2
            compare("mu <= beta, which Theorem A' asks for", 1.0, _over(mu, beta), "upper")
            needed *= (1 + _root(1 - 2 * mu * eta * left)) / 2
        hypothesis(2, needed, radius)
        bound("required", needed)
    bound("mu", least_sigma**2)
    gradient = lipschitz * residual
    ratio = one if math.isinf(c.gamma) or not gradient.upper() > 0 else (arb(c.gamma) / gradient.upper()).min(one)
    floor = ratio.max(arb(c.delta))
    bound("floor", floor)
    step = [h * (1 - beta * h / 2) for h in (eta * floor, eta)]
    bound("rate", 1 - 2 * least_sigma**2 * step[0].min(step[1]))


def _over(x: arb, y: arb) -> arb:
    """x / y, where a y that is not certainly positive leaves no theorem to apply."""
    if not y > 0:
        if x.is_zero():
            return x
        code = FALSE if y <= 0 else UNSURE
        raise _Stop(code, "sig(R) and 1 - beta eta / 2", f"must be positive, their part recomputed is {y.str(10)}")
    return x / y
