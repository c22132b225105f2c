"""Reading a certificate without trusting a byte of it: schema, hashes, numbers, arrays, as docs/certificate.md has it.

Shares no code with what writes certificates. Whatever is wrong becomes one `Stop` that names the field.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ...theory.theorems import THEOREMS

SCHEMA = "pltheory-certificate/1"
STATEMENT = "exact-arithmetic iteration from the stored float64 weights on the stored float64 data"
ACCEPTED, FALSE, DAMAGED, UNSURE, FAILED = range(5)
"""Exit codes: accepted, a claim fails, damaged or unreadable, precision does not decide, numerical failure."""
KEYS = (
    "schema", "theorem", "conclusion", "citation", "statement", "network", "loss", "optimizer", "arrays", "bounds",
    "hypotheses", "assumptions", "sha256",
)  # fmt: skip
"""Keys of every certificate's text."""
ACTIVATIONS = ("tanh", "sigmoid", "softplus", "erf", "gelu", "silu")

Array = np.ndarray


class Stop(Exception):
    """The end of a recheck: an exit code, the field at fault, and one line."""

    def __init__(self, code: int, field: str, message: str) -> None:
        super().__init__(message)
        self.code, self.field = code, field


@dataclass(frozen=True)
class Stored:
    """What the certificates of all theorems hold, as numbers; attributes as in the file.

    Attributes:
        more: the theorem's own arrays by name.
    """

    theorem: str
    loss: str
    optimizer: str
    eta: float
    gamma: float
    delta: float
    activation: str
    kappas: list[float]
    taus: list[float]
    weights: list[Array]
    biases: list[Array | None]
    x: Array
    y: Array
    more: dict[str, Array]


def read_stored(text: dict[str, Any], path: Path, more: dict[str, int], own_keys: Collection[str] = ()) -> Stored:
    """The part of a certificate that all theorems share, every field and hash checked.

    Args:
        text: from `read_text`, its theorem known.
        path: of the text.
        more: the theorem's own arrays, name to number of dimensions.
        own_keys: keys of the text beyond those of every certificate.

    Raises:
        Stop: with code DAMAGED.
    """
    keys_of(text, "certificate", [*KEYS, *own_keys])
    # The sentences are part of the claim, so a doctored one is refused.
    theorem = THEOREMS[text["theorem"]]
    one_of(text["conclusion"], "conclusion", [theorem.conclusion])
    one_of(text["citation"], "citation", [theorem.citation])
    one_of(text["statement"], "statement", [STATEMENT])
    if text["assumptions"] != []:
        damaged("assumptions", "must be an empty list: this schema knows of none")
    network = keys_of(text["network"], "network", ("activation", "kappas", "taus", "layers"))
    layers = network["layers"]
    if type(layers) is not int or not 2 <= layers <= 10_000:
        damaged("network.layers", "not a number of layers from 2 to 10000")
    kappas, taus = (
        [number(v, f"network.{key}[{i}]") for i, v in enumerate(list_of(network[key], f"network.{key}", layers))]
        for key in ("kappas", "taus")
    )
    rule, eta, gamma, delta = _optimizer(text["optimizer"])
    loss = one_of(text["loss"], "loss", ("sum", "mean"))
    activation = one_of(network["activation"], "network.activation", ACTIVATIONS)
    a = _arrays(text["arrays"], path, layers, more)
    weights, biases = [a[f"W{l}"] for l in range(1, layers + 1)], [a.get(f"b{l}") for l in range(1, layers + 1)]
    _shapes(a, weights, biases, taus, more)
    return Stored(
        text["theorem"], loss, rule, eta, gamma, delta, activation, kappas, taus, weights, biases, a["x"], a["y"],
        {name: a[name] for name in more},
    )  # fmt: skip


def read_bounds(text: dict[str, Any], kinds: dict[str, str]) -> dict[str, float]:
    """The bounds of a certificate, name to number; kinds names them with their directions."""
    bounds = {}
    for key, value in keys_of(text["bounds"], "bounds", kinds).items():
        keys_of(value, f"bounds.{key}", ("kind", "hex", "decimal"))
        one_of(value["kind"], f"bounds.{key}.kind", [kinds[key]])
        bounds[key] = number({k: v for k, v in value.items() if k != "kind"}, f"bounds.{key}")
    return bounds


def read_hypotheses(text: dict[str, Any], known: list[tuple[str, str]]) -> list[tuple[float, str, float]]:
    """The hypotheses as (left, relation, right); known lists the name and relation that each must have."""
    hypotheses = []
    for i, (h, (name, relation)) in enumerate(
        zip(list_of(text["hypotheses"], "hypotheses", len(known)), known, strict=True)
    ):
        keys_of(h, f"hypotheses[{i}]", ("name", "left", "relation", "right"))
        one_of(h["name"], f"hypotheses[{i}].name", [name])
        one_of(h["relation"], f"hypotheses[{i}].relation", [relation])
        left, right = (number(h[side], f"hypotheses[{i}].{side}") for side in ("left", "right"))
        hypotheses.append((left, relation, right))
    return hypotheses


def damaged(field: str, message: str) -> NoReturn:
    """Stop with code DAMAGED."""
    raise Stop(DAMAGED, field, message)


def keys_of(value: Any, field: str, keys: Collection[str]) -> dict[str, Any]:
    """An object with exactly those keys."""
    if not isinstance(value, dict):
        damaged(field, "not an object")
    for key in sorted(set(keys) - value.keys()):
        damaged(field, f"key {key!r} is missing")
    for key in sorted(value.keys() - set(keys)):
        damaged(field, f"unknown key {key[:60]!r}")
    return value


def list_of(value: Any, field: str, length: int) -> list[Any]:
    """A list of that length."""
    if not isinstance(value, list) or len(value) != length:
        damaged(field, f"not a list of {length}")
    return value


def one_of(value: Any, field: str, allowed: Collection[str]) -> str:
    """One of the strings allowed."""
    if not isinstance(value, str) or value not in allowed:
        damaged(field, f"not {' or '.join(map(repr, allowed))}")
    return value


def number(value: Any, field: str, *, infinite: bool = False) -> float:
    """A double in its two notations, which must agree."""
    keys_of(value, field, ("hex", "decimal"))
    try:
        x = float.fromhex(value["hex"])
    except (TypeError, ValueError, OverflowError):
        damaged(field, "hex is not a hexadecimal double")
    if x.hex() != value["hex"]:
        damaged(field, f"hex is not written as {x.hex()}")
    if f"{x:.6g}" != value["decimal"]:
        damaged(field, f"decimal is not {x:.6g}, as hex says")
    if not (math.isfinite(x) or (infinite and x > 0)):
        damaged(field, f"{x} is not allowed")
    return x


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({k for k, _ in pairs}) < len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def read_text(path: Path) -> dict[str, Any]:
    """The JSON text of a certificate, its schema and hash checked.

    Raises:
        Stop: with code DAMAGED.
    """
    try:
        text: Any = json.loads(path.read_bytes(), object_pairs_hook=_unique)
        rest = {k: v for k, v in text.items() if k != "sha256"} if isinstance(text, dict) else {}
        canonical = json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()
    except OSError as error:
        damaged(path.name, f"cannot be read: {error.strerror}")
    except (ValueError, RecursionError) as error:
        damaged(path.name, f"not the JSON of a certificate: {_line(error)}")
    if not isinstance(text, dict) or text.get("schema") != SCHEMA:
        damaged("schema", f"not {SCHEMA!r}")
    if hashlib.sha256(canonical).hexdigest() != text.get("sha256"):
        damaged("sha256", "the text does not have this hash")
    return text


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:100]


def _optimizer(value: Any) -> tuple[str, float, float, float]:
    keys_of(value, "optimizer", ("name", "eta", "gamma", "delta"))
    rule = one_of(value["name"], "optimizer.name", ("gd", "gclip", "delta-gclip"))
    eta, delta = number(value["eta"], "optimizer.eta"), number(value["delta"], "optimizer.delta")
    gamma = number(value["gamma"], "optimizer.gamma", infinite=True)
    for name, given in (("eta", eta), ("gamma", gamma)):
        if not given > 0:
            damaged(f"optimizer.{name}", f"{given} is not positive")
    if not {"gd": delta == 1, "gclip": delta == 0, "delta-gclip": 0 < delta < 1}[rule]:
        damaged("optimizer.delta", f"{delta} does not belong to {rule}")
    return rule, eta, gamma, delta


def _arrays(value: Any, path: Path, layers: int, more: Collection[str]) -> dict[str, Array]:
    keys_of(value, "arrays", ("file", "sha256"))
    name, hashes = value["file"], value["sha256"]
    if not isinstance(name, str) or not name.isprintable() or name != Path(name).name:
        damaged("arrays.file", "not the name of a file beside the certificate")
    optional = {f"b{l}" for l in range(1, layers + 1)} & set(hashes if isinstance(hashes, dict) else ())
    wanted = [*(f"W{l}" for l in range(1, layers + 1)), *sorted(optional), "x", "y", *more]
    keys_of(hashes, "arrays.sha256", wanted)
    arrays = {}
    try:
        with zipfile.ZipFile(path.with_name(name)) as archive:
            if sorted(archive.namelist()) != sorted(f"{key}.npy" for key in wanted):
                damaged("arrays.file", f"{name} does not hold exactly {', '.join(wanted)}")
            for key in wanted:
                content = io.BytesIO(archive.read(f"{key}.npy"))
                arrays[key] = np.lib.format.read_array(content, allow_pickle=False)
    except Stop:
        raise
    except OSError as error:
        damaged("arrays.file", f"{name} cannot be read: {error.strerror or _line(error)}")
    except Exception as error:  # the parsers of zip and npy raise a dozen types on garbage
        damaged("arrays.file", f"{name} is not an .npz of plain arrays: {type(error).__name__}, {_line(error)}")
    for key, array in arrays.items():
        if array.dtype != np.dtype("<f8"):
            damaged(f"arrays.{key}", f"holds {array.dtype}, not little-endian float64")
        if not array.size or not np.isfinite(array).all():
            damaged(f"arrays.{key}", "is empty or holds a NaN or an infinity")
        if _hash(array) != hashes[key]:
            damaged(f"arrays.{key}", "does not have the hash that the text names")
    return arrays


def _hash(array: Array) -> str:
    return hashlib.sha256((",".join(map(str, array.shape)) + ":").encode() + array.tobytes()).hexdigest()


def _shapes(
    a: dict[str, Array],
    weights: list[Array],
    biases: list[Array | None],
    taus: list[float],
    more: dict[str, int],
) -> None:
    for name, array in a.items():
        if array.ndim != more.get(name, 1 if name[0] == "b" else 2):
            damaged(f"arrays.{name}", f"has the shape {array.shape}")
    widths = [a["x"].shape[1], *(w.shape[0] for w in weights)]
    for l, (w, b, tau) in enumerate(zip(weights, biases, taus, strict=True), 1):
        if w.shape[1] != widths[l - 1]:
            damaged(f"arrays.W{l}", f"has the shape {w.shape}, its layer has {widths[l - 1]} inputs")
        if b is not None and b.shape != (widths[l],):
            damaged(f"arrays.b{l}", f"has the shape {b.shape}, its layer has {widths[l]} outputs")
        if b is None and tau != 0:
            damaged(f"network.taus[{l - 1}]", f"is {tau}, but no b{l} is stored")
    if a["y"].shape != (a["x"].shape[0], widths[-1]):
        damaged("arrays.y", f"has the shape {a['y'].shape}, not {(a['x'].shape[0], widths[-1])}")
