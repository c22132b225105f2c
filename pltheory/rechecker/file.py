"""Reading a certificate without trusting a byte of it: schema, hashes, numbers, arrays, as docs/certificate.md has it.

Shares no code with what writes certificates. Whatever is wrong becomes one `Stop` that names the field.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from .arrays import Shape, array_hash, open_arrays
from .cost import Cost
from .fields import AT_WEIGHTS, SCHEMAS, STATEMENT, Array, damaged, keys_of, list_of, number, one_of
from .statements import STATEMENTS, Statement

KEYS = (
    "schema", "theorem", "conclusion", "citation", "statement", "network", "loss", "optimizer", "arrays", "bounds",
    "hypotheses", "assumptions", "sha256",
)  # fmt: skip
"""Keys of every certificate's text, in either schema, but for `OF_STEPS`."""
OF_STEPS = ("loss", "optimizer")
"""Keys that a certificate of weights alone has not."""
SECTIONS = {"steps": "trajectory", "eps": "trajectory", "radius": "ball"}
"""Where schema 1 keeps the numbers that schema 2 keeps in the witness."""
FIRST = ("A", "A'", "B", "B+", "C", "D")
"""Theorems of schema 1."""
ACTIVATIONS = ("tanh", "sigmoid", "softplus", "erf", "gelu", "silu", "mish", "sin")
MOST_LAYERS = 1000


class Admit(Protocol):
    """Stops what would cost too much, before any array is read."""

    def __call__(self, theorem: str, shapes: dict[str, Shape], cost: Cost | None = None) -> None:
        """The theorem, the arrays' shapes, and the cost where it follows from more than these."""
        ...


@dataclass(frozen=True)
class Common:
    """What every certificate holds, of either class of networks; attributes as in the file.

    Attributes:
        in_doubles: whether its recheck computes with doubles, to which no bits can be added.
    """

    in_doubles: ClassVar[bool] = False

    theorem: str
    loss: str
    optimizer: str
    eta: float
    gamma: float
    delta: float


@dataclass(frozen=True)
class Stored(Common):
    """What the certificates of all theorems hold about a fully connected network, class N.

    Attributes:
        more: the theorem's own arrays by name.
    """

    activation: str
    kappas: list[float]
    taus: list[float]
    weights: list[Array]
    biases: list[Array | None]
    x: Array
    y: Array
    more: dict[str, Array]


def read_stored(
    text: dict[str, Any], path: Path, admit: Admit, more: dict[str, int], numbers: Collection[str] = ()
) -> Stored:
    """The part of a certificate that all theorems share, every field and hash checked.

    Args:
        text: from `read_text`, its theorem known.
        path: of the text.
        admit: is told the sizes before they are allocated.
        more: the theorem's own arrays, name to number of dimensions.
        numbers: the theorem's own numbers, to be read by `read_witness`.

    Raises:
        Stop: with code DAMAGED, or as `admit`.
    """
    loss, rule, eta, gamma, delta = read_frame(text, numbers)
    network = keys_of(text["network"], "network", ("activation", "kappas", "taus", "layers"))
    layers = network["layers"]
    if type(layers) is not int or not 2 <= layers <= MOST_LAYERS:
        damaged("network.layers", f"not a number of layers from 2 to {MOST_LAYERS}")
    kappas, taus = (
        [number(v, f"network.{key}[{i}]") for i, v in enumerate(list_of(network[key], f"network.{key}", layers))]
        for key in ("kappas", "taus")
    )
    activation = one_of(network["activation"], "network.activation", ACTIVATIONS)
    a = _arrays(text, path, admit, taus, more)
    weights, biases = [a[f"W{l}"] for l in range(1, layers + 1)], [a.get(f"b{l}") for l in range(1, layers + 1)]
    return Stored(
        text["theorem"], loss, rule, eta, gamma, delta, activation, kappas, taus, weights, biases, a["x"], a["y"],
        {name: a[name] for name in more},
    )  # fmt: skip


def read_frame(text: dict[str, Any], numbers: Collection[str]) -> tuple[str, str, float, float, float]:
    """The text's keys and sentences, and its loss and step rule: loss, rule, eta, gamma, delta.

    Args:
        text: from `read_text`, its theorem known.
        numbers: the theorem's own numbers, to be read by `read_witness`.

    Raises:
        Stop: with code DAMAGED.
    """
    known = read_words(text, numbers, KEYS, STATEMENT)
    loss = one_of(text["loss"], "loss", known.losses)
    return loss, *_optimizer(text["optimizer"], known.steps)


def read_weights_frame(text: dict[str, Any]) -> None:
    """The same of a theorem that speaks of the weights alone: neither a loss nor a step rule, and no numbers.

    Raises:
        Stop: with code DAMAGED.
    """
    read_words(text, (), [key for key in KEYS if key not in OF_STEPS], AT_WEIGHTS)


def read_words(text: dict[str, Any], numbers: Collection[str], keys: Collection[str], about: str) -> Statement:
    """The theorem, once the text has these keys, the theorem's sentences and that sentence of what it is about.

    Raises:
        Stop: with code DAMAGED.
    """
    old = text["schema"] == SCHEMAS[0]
    if old and text["theorem"] not in FIRST:
        damaged("schema", f"{SCHEMAS[0]} has no certificates of Theorem {text['theorem']}")
    own = sorted({SECTIONS[name] for name in numbers}) if old else ["witness"]
    keys_of(text, "certificate", [*keys, *own])
    for key in own:
        keys_of(text[key], key, [name for name in numbers if key in ("witness", SECTIONS.get(name))])
    # The sentences are part of the claim, so a doctored one is refused.
    known = STATEMENTS[text["theorem"]]
    one_of(text["conclusion"], "conclusion", [known.conclusion])
    one_of(text["citation"], "citation", [known.citation])
    one_of(text["statement"], "statement", [about])
    if text["assumptions"] != []:
        damaged("assumptions", "must be an empty list: this schema knows of none")
    return known


def read_witness(text: dict[str, Any], name: str) -> tuple[Any, str]:
    """One of the theorem's own numbers as it stands in a text that `read_stored` let pass, and its field."""
    section = SECTIONS[name] if text["schema"] == SCHEMAS[0] else "witness"
    return text[section][name], f"{section}.{name}"


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


def read_recursion(text: dict[str, Any]) -> tuple[float, bool, str]:
    """Momentum, whether Nesterov's, and what is clipped, of a text that `read_stored` let pass.

    Raises:
        Stop: with code DAMAGED.
    """
    value = text["optimizer"]
    m = number(value["momentum"], "optimizer.momentum")
    if not 0 <= m < 1:
        damaged("optimizer.momentum", f"{m} is not in [0, 1)")
    if type(value["nesterov"]) is not bool:
        damaged("optimizer.nesterov", "must be true or false")
    return m, value["nesterov"], one_of(value["clip"], "optimizer.clip", ("gradient", "buffer"))


def read_decay(text: dict[str, Any]) -> tuple[float, bool]:
    """The weight decay, and whether it is decoupled, of a text that `read_stored` let pass.

    Raises:
        Stop: with code DAMAGED.
    """
    value = text["optimizer"]
    decay = number(value["weight_decay"], "optimizer.weight_decay")
    if not decay > 0:
        damaged("optimizer.weight_decay", f"{decay} is not positive")
    if type(value["decoupled_weight_decay"]) is not bool:
        damaged("optimizer.decoupled_weight_decay", "must be true or false")
    return decay, value["decoupled_weight_decay"]


def _optimizer(value: Any, more: tuple[str, ...]) -> tuple[str, float, float, float]:
    keys_of(value, "optimizer", ("name", "eta", "gamma", "delta", *more))
    rule = one_of(value["name"], "optimizer.name", ("gd", "gclip", "delta-gclip"))
    eta, delta = number(value["eta"], "optimizer.eta"), number(value["delta"], "optimizer.delta")
    gamma = number(value["gamma"], "optimizer.gamma", infinite=True)
    for name, given in (("eta", eta), ("gamma", gamma)):
        if not given > 0:
            damaged(f"optimizer.{name}", f"{given} is not positive")
    if not {"gd": delta == 1, "gclip": delta == 0, "delta-gclip": 0 < delta < 1}[rule]:
        damaged("optimizer.delta", f"{delta} does not belong to {rule}")
    return rule, eta, gamma, delta


def _arrays(
    text: dict[str, Any], path: Path, admit: Admit, taus: list[float], more: dict[str, int]
) -> dict[str, Array]:
    """All arrays, their shapes and hashes checked."""
    layers = len(taus)
    optional = {f"b{l}" for l in range(1, layers + 1)} & names_hashed(text)
    wanted = [*(f"W{l}" for l in range(1, layers + 1)), *sorted(optional), "x", "y", *more]

    def fit(shapes: dict[str, Shape]) -> None:
        _shapes(shapes, taus, more)
        admit(text["theorem"], shapes)

    return read_arrays(text, path, wanted, fit)


def names_hashed(text: dict[str, Any]) -> set[str]:
    """The arrays that a text names, whatever else is wrong with it."""
    value = text.get("arrays")
    hashes = value.get("sha256") if isinstance(value, dict) else None
    return set(hashes) if isinstance(hashes, dict) else set()


def read_arrays(
    text: dict[str, Any], path: Path, wanted: list[str], fit: Callable[[dict[str, Shape]], None]
) -> dict[str, Array]:
    """Exactly the arrays wanted, their hashes checked.

    Args:
        text: from `read_text`.
        path: of the text.
        wanted: names of the arrays.
        fit: called with the shapes before any array is read; stops where they are not allowed.

    Raises:
        Stop: with code DAMAGED, or as `fit`.
    """
    value = keys_of(text["arrays"], "arrays", ("file", "sha256"))
    hashes = keys_of(value["sha256"], "arrays.sha256", wanted)
    arrays = {}
    with open_arrays(path, value["file"], wanted) as stored:
        fit(stored.shapes)
        for name in wanted:
            arrays[name] = stored.read(name)
            if array_hash(arrays[name]) != hashes[name]:
                damaged(f"arrays.{name}", "does not have the hash that the text names")
    return arrays


def _shapes(shapes: dict[str, Shape], taus: list[float], more: dict[str, int]) -> None:
    for name, shape in shapes.items():
        if len(shape) != more.get(name, 1 if name[0] == "b" else 2):
            damaged(f"arrays.{name}", f"has the shape {shape}")
    inputs = shapes["x"][1]
    for l, tau in enumerate(taus, 1):
        w, b = shapes[f"W{l}"], shapes.get(f"b{l}")
        if w[1] != inputs:
            damaged(f"arrays.W{l}", f"has the shape {w}, its layer has {inputs} inputs")
        inputs = w[0]
        if b not in (None, (inputs,)):
            damaged(f"arrays.b{l}", f"has the shape {b}, its layer has {inputs} outputs")
        if b is None and tau != 0:
            damaged(f"network.taus[{l - 1}]", f"is {tau}, but no b{l} is stored")
    if shapes["y"] != (shapes["x"][0], inputs):
        damaged("arrays.y", f"has the shape {shapes['y']}, not {(shapes['x'][0], inputs)}")
