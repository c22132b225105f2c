"""Reading a certificate without trusting a byte of it: schema, hashes, numbers, arrays, as docs/certificate.md has it.

Shares no code with what writes certificates. Whatever is wrong becomes one `Stop` that names the field.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import math
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ..theory.theorems import THEOREMS

SCHEMA = "pltheory-certificate/1"
STATEMENT = "exact-arithmetic iteration from the stored float64 weights on the stored float64 data"
ACCEPTED, FALSE, DAMAGED, UNSURE, FAILED = range(5)
"""Exit codes: accepted, a claim fails, damaged or unreadable, precision does not decide, numerical failure."""
BOUNDS = {
    "residual": "upper", "lambda_min": "lower", "lipschitz": "upper", "ell": "upper", "beta": "upper",
    "required": "upper", "mu": "lower", "floor": "lower", "rate": "upper",
}  # fmt: skip
HYPOTHESES = {t: ["0 < lambda_min(K(w_0))", "beta eta < 2"] for t in ("A", "A'", "B", "C")}
for _name, _texts in HYPOTHESES.items():
    uniform = _name in ("A", "A'")
    _texts.append(f"radius of Theorem {_name} < R" if uniform else "||r_0|| < (1 - beta eta / 2) int_0^R sig")
ACTIVATIONS = ("tanh", "sigmoid", "softplus", "erf", "gelu", "silu")

Array = np.ndarray


class Stop(Exception):
    """The end of a recheck: an exit code, the field at fault, and one line."""

    def __init__(self, code: int, field: str, message: str) -> None:
        super().__init__(message)
        self.code, self.field = code, field


@dataclass(frozen=True)
class Claim:
    """What a certificate says, as numbers; attributes as in its file."""

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
    weights: list[Array]
    biases: list[Array | None]
    x: Array
    y: Array
    grid: list[float]
    sigma: list[float]


def read_claim(path: Path) -> Claim:
    """The claim of a certificate file, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    text = _text(path)
    theorem = _one_of(text["theorem"], "theorem", HYPOTHESES)
    # The sentences are part of the claim, so a doctored one is refused.
    _one_of(text["conclusion"], "conclusion", [THEOREMS[theorem].conclusion])
    _one_of(text["citation"], "citation", [THEOREMS[theorem].citation])
    _one_of(text["statement"], "statement", [STATEMENT])
    if text["assumptions"] != []:
        _damaged("assumptions", "must be an empty list: this schema knows of none")
    network = _keys(text["network"], "network", ("activation", "kappas", "taus", "layers"))
    layers = network["layers"]
    if type(layers) is not int or not 2 <= layers <= 10_000:
        _damaged("network.layers", "not a number of layers from 2 to 10000")
    kappas, taus = (
        [_number(v, f"network.{key}[{i}]") for i, v in enumerate(_list(network[key], f"network.{key}", layers))]
        for key in ("kappas", "taus")
    )
    rule, eta, gamma, delta = _optimizer(text["optimizer"])
    bounds = {}
    for key, value in _keys(text["bounds"], "bounds", BOUNDS).items():
        _keys(value, f"bounds.{key}", ("kind", "hex", "decimal"))
        _one_of(value["kind"], f"bounds.{key}.kind", [BOUNDS[key]])
        bounds[key] = _number({k: v for k, v in value.items() if k != "kind"}, f"bounds.{key}")
    hypotheses = []
    for i, h in enumerate(_list(text["hypotheses"], "hypotheses", 3)):
        _keys(h, f"hypotheses[{i}]", ("name", "left", "relation", "right"))
        _one_of(h["name"], f"hypotheses[{i}].name", [HYPOTHESES[theorem][i]])
        _one_of(h["relation"], f"hypotheses[{i}].relation", ["<"])
        left, right = (_number(h[side], f"hypotheses[{i}].{side}") for side in ("left", "right"))
        hypotheses.append((left, right))
    radius = _number(_keys(text["ball"], "ball", ["radius"])["radius"], "ball.radius")
    loss = _one_of(text["loss"], "loss", ("sum", "mean"))
    activation = _one_of(network["activation"], "network.activation", ACTIVATIONS)
    a = _arrays(text["arrays"], path, layers)
    weights, biases = [a[f"W{l}"] for l in range(1, layers + 1)], [a.get(f"b{l}") for l in range(1, layers + 1)]
    _shapes(a, weights, biases, taus)
    grid, sigma = a["grid"].tolist(), a["sigma"].tolist()
    if grid[0] != 0 or not all(p < q for p, q in itertools.pairwise(grid)) or grid[-1] != radius:
        _damaged("arrays.grid", f"must start at 0, increase strictly and end at ball.radius, {radius!r}")
    return Claim(
        theorem, loss, rule, activation, eta, gamma, delta, radius, bounds, hypotheses,
        kappas, taus, weights, biases, a["x"], a["y"], grid, sigma,
    )  # fmt: skip


def _damaged(field: str, message: str) -> NoReturn:
    raise Stop(DAMAGED, field, message)


def _keys(value: Any, field: str, keys: Collection[str]) -> dict[str, Any]:
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


def _one_of(value: Any, field: str, allowed: Collection[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        _damaged(field, f"not {' or '.join(map(repr, allowed))}")
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
        _damaged(field, f"decimal is not {x:.6g}, as hex says")
    if not (math.isfinite(x) or (infinite and x > 0)):
        _damaged(field, f"{x} is not allowed")
    return x


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({k for k, _ in pairs}) < len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def _text(path: Path) -> dict[str, Any]:
    try:
        text: Any = json.loads(path.read_bytes(), object_pairs_hook=_unique)
        rest = {k: v for k, v in text.items() if k != "sha256"} if isinstance(text, dict) else {}
        canonical = json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()
    except OSError as error:
        _damaged(path.name, f"cannot be read: {error.strerror}")
    except (ValueError, RecursionError) as error:
        _damaged(path.name, f"not the JSON of a certificate: {_line(error)}")
    if not isinstance(text, dict) or text.get("schema") != SCHEMA:
        _damaged("schema", f"not {SCHEMA!r}")
    keys = "schema theorem conclusion citation statement network loss optimizer arrays ball bounds hypotheses"
    _keys(text, "certificate", [*keys.split(), "assumptions", "sha256"])
    if hashlib.sha256(canonical).hexdigest() != text["sha256"]:
        _damaged("sha256", "the text does not have this hash")
    return text


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:100]


def _optimizer(value: Any) -> tuple[str, float, float, float]:
    _keys(value, "optimizer", ("name", "eta", "gamma", "delta"))
    rule = _one_of(value["name"], "optimizer.name", ("gd", "gclip", "delta-gclip"))
    eta, delta = _number(value["eta"], "optimizer.eta"), _number(value["delta"], "optimizer.delta")
    gamma = _number(value["gamma"], "optimizer.gamma", infinite=True)
    for name, number in (("eta", eta), ("gamma", gamma)):
        if not number > 0:
            _damaged(f"optimizer.{name}", f"{number} is not positive")
    if not {"gd": delta == 1, "gclip": delta == 0, "delta-gclip": 0 < delta < 1}[rule]:
        _damaged("optimizer.delta", f"{delta} does not belong to {rule}")
    return rule, eta, gamma, delta


def _arrays(value: Any, path: Path, layers: int) -> dict[str, Array]:
    _keys(value, "arrays", ("file", "sha256"))
    name, hashes = value["file"], value["sha256"]
    if not isinstance(name, str) or not name.isprintable() or name != Path(name).name:
        _damaged("arrays.file", "not the name of a file beside the certificate")
    optional = {f"b{l}" for l in range(1, layers + 1)} & set(hashes if isinstance(hashes, dict) else ())
    wanted = [*(f"W{l}" for l in range(1, layers + 1)), *sorted(optional), "x", "y", "grid", "sigma"]
    _keys(hashes, "arrays.sha256", wanted)
    arrays = {}
    try:
        with zipfile.ZipFile(path.with_name(name)) as archive:
            if sorted(archive.namelist()) != sorted(f"{key}.npy" for key in wanted):
                _damaged("arrays.file", f"{name} does not hold exactly {', '.join(wanted)}")
            for key in wanted:
                content = io.BytesIO(archive.read(f"{key}.npy"))
                arrays[key] = np.lib.format.read_array(content, allow_pickle=False)
    except Stop:
        raise
    except OSError as error:
        _damaged("arrays.file", f"{name} cannot be read: {error.strerror or _line(error)}")
    except Exception as error:  # the parsers of zip and npy raise a dozen types on garbage
        _damaged("arrays.file", f"{name} is not an .npz of plain arrays: {type(error).__name__}, {_line(error)}")
    for key, array in arrays.items():
        if array.dtype != np.dtype("<f8"):
            _damaged(f"arrays.{key}", f"holds {array.dtype}, not little-endian float64")
        if not array.size or not np.isfinite(array).all():
            _damaged(f"arrays.{key}", "is empty or holds a NaN or an infinity")
        if _hash(array) != hashes[key]:
            _damaged(f"arrays.{key}", "does not have the hash that the text names")
    return arrays


def _hash(array: Array) -> str:
    return hashlib.sha256((",".join(map(str, array.shape)) + ":").encode() + array.tobytes()).hexdigest()


def _shapes(a: dict[str, Array], weights: list[Array], biases: list[Array | None], taus: list[float]) -> None:
    for name, array in a.items():
        if array.ndim != (1 if name[0] in "bgs" else 2):
            _damaged(f"arrays.{name}", f"has the shape {array.shape}")
    widths = [a["x"].shape[1], *(w.shape[0] for w in weights)]
    for l, (w, b, tau) in enumerate(zip(weights, biases, taus, strict=True), 1):
        if w.shape[1] != widths[l - 1]:
            _damaged(f"arrays.W{l}", f"has the shape {w.shape}, its layer has {widths[l - 1]} inputs")
        if b is not None and b.shape != (widths[l],):
            _damaged(f"arrays.b{l}", f"has the shape {b.shape}, its layer has {widths[l]} outputs")
        if b is None and tau != 0:
            _damaged(f"network.taus[{l - 1}]", f"is {tau}, but no b{l} is stored")
    if a["y"].shape != (a["x"].shape[0], widths[-1]):
        _damaged("arrays.y", f"has the shape {a['y'].shape}, not {(a['x'].shape[0], widths[-1])}")
    if a["sigma"].shape != a["grid"].shape or a["grid"].size < 2 or (a["sigma"] < 0).any():
        _damaged("arrays.sigma", "must have one nonnegative number for each of two or more radii")
