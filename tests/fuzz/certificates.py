"""Certificates of every theorem in the hands of one who recomputes the hashes, against what is true of their networks.

An accepted mutant must hold what an accepted original holds, or be true: its numbers are held against a network
evaluated densely in floats, points of its balls, and a run of the step rule. None of that is the rechecker's code.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from scipy.special import erf, expit, ndtr

from pltheory.certification import certificate as ball
from pltheory.certification.bplus import certify_bplus
from pltheory.certification.claim import Claim
from pltheory.certification.profile import profile
from pltheory.certification.trajectory import certify_trajectory
from pltheory.measure.linearization import linearize
from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings, StepSettings
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.rechecker import recheck
from tests.by_name import THEOREMS, bplus_claim, certify, trajectory_claim
from tests.cases import Case, draws
from tests.forge import all_numbers, at, number, value
from tests.oracles.plain import Plain, sigma_max, sigma_min

from .mutate import number_near, some_archive, some_array, some_bytes, some_tree
from .surface import Files, Finding, line

TEXT, ARRAYS = "c.cert.json", "c.cert.npz"
LIMITS = {"most_seconds": 30.0, "most_gib": 1.0}
STEPS = 200
"""Steps of a run that an accepted mutant's promises are held against."""
SLACK = 1e-6
"""Relative error granted to floats."""

ON_BALLS: list[tuple[Case, StepSettings, str]] = [
    (Case((4,), 1, "tanh", "ntk", False), DeltaGClipSettings("0.5/beta", gamma=0.01, delta=0.1), "B"),
    (Case((4,), 1, "erf", "ntk", True, n=2, d=2, loss="mean"), GClipSettings("0.3/beta", gamma=1e-4), "A'"),
    (Case((3,), 2, "silu", "ntk", True, n=2, d=2, loss="mean"), GradientDescentSettings("0.9/beta"), "A"),
    (Case((2, 2), 1, "gelu", "standard", False, n=2, d=2), DeltaGClipSettings("0.5/beta", gamma=0.01, delta=0.1), "C"),
]


def _on_ball(case: Case, rule: StepSettings, theorem: str) -> Claim:
    for distance in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7):
        problem = case.near(distance)
        guess = profile(linearize(problem.network, problem.x), distance, problem.scale)
        # Few radii: a recheck then takes milliseconds.
        with patch.object(ball, "POINTS", 6):
            found = certify(problem, rule, guess, theorem=theorem)
        if found.holds:
            return found
    raise AssertionError(f"no certificate for {case.name}")


def _near(width: int, distance: float) -> Problem:
    net = fully_connected([3, width, 1], activation="tanh", seed=0)
    x, away = draws(0, (2, 3), (2, 1))
    x = 2 * x / x.norm(dim=1, keepdim=True)
    with torch.no_grad():
        return Problem(net, x, net(x) + distance * away, "sum")


def _claims() -> list[Claim]:
    problem, rule = _near(8, 1e-4), DeltaGClipSettings("0.1/beta", gamma=0.5, delta=0.1)
    bplus = bplus_claim(problem, rule, certify_bplus(problem, rule, rigorous=True, cells=4, phases=2))
    problem, rule = _near(32, 0.1), DeltaGClipSettings("1/beta", gamma=0.02, delta=0.1)
    run = trajectory_claim(problem, rule, certify_trajectory(problem, rule, steps_limit=100))
    return [*(_on_ball(*case) for case in ON_BALLS), bplus, run]


def pack(text: dict[str, Any], arrays: dict[str, np.ndarray] | None, files: Files) -> Files:
    """Both files with every hash right; the arrays as they are where None."""
    files = dict(files)
    if arrays is not None:
        buffer = io.BytesIO()
        np.savez(buffer, **{k: v if v.dtype != object else v.astype("U") for k, v in arrays.items()})
        files[ARRAYS] = buffer.getvalue()
        if isinstance(text.get("arrays"), dict):
            text["arrays"]["sha256"] = {k: array_hash(v) for k, v in arrays.items()}
    files[TEXT] = hashed(text)
    return files


def array_hash(array: np.ndarray) -> str:
    return hashlib.sha256((",".join(map(str, array.shape)) + ":").encode() + array.tobytes()).hexdigest()


def hashed(text: Any) -> bytes:
    """The JSON of a text, its hash right if it can have one."""
    if isinstance(text, dict):
        rest = {k: v for k, v in text.items() if k != "sha256"}
        canonical = json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()
        text["sha256"] = hashlib.sha256(canonical).hexdigest()
    return json.dumps(text, indent=1).encode()


def unpack(files: Files) -> tuple[Any, dict[str, np.ndarray] | None]:
    """Text and arrays, None for what is broken."""
    try:
        text = json.loads(files[TEXT])
    except (ValueError, RecursionError):
        text = None
    try:
        with np.load(io.BytesIO(files[ARRAYS])) as held:
            arrays = {name: held[name] for name in held.files}
    except Exception:
        arrays = None
    return text, arrays


class Certificates:
    """JSON texts and their arrays."""

    name = "certificates"
    limits = LIMITS

    @cache  # noqa: B019 - one object a process
    def seeds(self) -> list[Files]:
        found = [{TEXT: d.text(ARRAYS).encode(), ARRAYS: d.arrays_bytes()} for d in _claims()]
        for seed in found:
            # Imports and compiles what the oracle needs, so that no case is charged for it.
            text, arrays = unpack(seed)
            assert arrays is not None
            assert not falsehood(text, arrays)
        # The recheck of B+ takes a second where the others take milliseconds, so the others are drawn more often.
        return [*found[:4] * 4, *found[4:5], *found[5:] * 3]

    @cache  # noqa: B019
    def originals(self) -> list[Files]:
        """Every seed once."""
        return list({seed[TEXT]: seed for seed in self.seeds()}.values())

    def mutate(self, rng: Random, files: Files) -> Files:
        text, arrays = unpack(files)
        choice = rng.random()
        if not isinstance(text, dict) or choice < 0.07:
            return {**files, TEXT: some_bytes(rng, files[TEXT])}
        if choice < 0.12:
            return {**files, ARRAYS: some_bytes(rng, files[ARRAYS])}
        if choice < 0.27:
            return {**files, ARRAYS: some_archive(rng, files[ARRAYS])}
        if choice < 0.47 and arrays:
            name = rng.choice(list(arrays))
            arrays[name] = some_array(rng, arrays[name])
            if rng.random() < 0.3:
                other = rng.choice(list(arrays))
                arrays[name], arrays[other] = arrays[other], arrays[name]
            if rng.random() < 0.1:
                arrays[rng.choice(["b1", "W3", "b2", "extra", "end_b1"])] = arrays.pop(name)
            return pack(text, arrays, files)
        if choice < 0.70:
            self._number(rng, text)
        elif choice < 0.80:
            self._meaning(rng, text)
        else:
            changed = some_tree(rng, text)
            content = hashed(changed) if rng.random() < 0.85 else json.dumps(changed).encode()
            return {**files, TEXT: content}
        return {**files, TEXT: hashed(text)}

    @staticmethod
    def _number(rng: Random, text: dict[str, Any]) -> None:
        """Another number, written as numbers are."""
        places = all_numbers(text)
        if not places:
            return
        node, other = at(text, rng.choice(places)), at(text, rng.choice(places))
        try:
            new = value(other) if rng.random() < 0.3 else number_near(rng, value(node))
            node.update(number(float(new)))
        except (TypeError, ValueError, OverflowError):
            node["hex"] = "0x1p+2000"

    @staticmethod
    def _meaning(rng: Random, text: dict[str, Any]) -> None:
        """Another theorem with its sentences, another loss, activation, rule or number of layers."""
        match rng.randrange(6):
            case 0:
                theorem = THEOREMS[rng.choice(["A", "A'", "B", "B+", "C", "D", "LZB22-6"])]
                text.update(theorem=theorem.id, conclusion=theorem.conclusion, citation=theorem.citation)
            case 1:
                text["loss"] = rng.choice(["sum", "mean"])
            case 2:
                if isinstance(text.get("network"), dict):
                    text["network"]["activation"] = rng.choice(
                        ["tanh", "sigmoid", "softplus", "erf", "gelu", "silu", "mish", "sin", "relu"]
                    )
            case 3:
                rule, delta = rng.choice(
                    [("gd", 1.0), ("gclip", 0.0), ("delta-gclip", 0.1), ("gd", 0.0), ("gclip", -0.0)]
                )
                if isinstance(text.get("optimizer"), dict):
                    text["optimizer"].update(name=rule, delta=number(delta))
            case 4:
                if isinstance(text.get("network"), dict):
                    text["network"]["layers"] = rng.choice([0, 1, 2, 3, True, -1, 10**6, 2.0, "2"])
            case _:
                if isinstance(text.get("hypotheses"), list) and text["hypotheses"]:
                    one = rng.choice(text["hypotheses"])
                    if isinstance(one, dict) and {"left", "right"} <= one.keys():
                        one["left"], one["right"] = one["right"], one["left"]

    def false(self, text: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
        """What floats say against a certificate; "" if nothing."""
        return falsehood(text, arrays)

    def run(self, folder: Path, files: Files) -> str:
        result = recheck(folder / TEXT, **self.limits)
        line(result.message)
        if result.code == 2 and not (result.field and result.message.startswith(result.field)):
            raise Finding(f"no field named: {result.message}")
        if not result.accepted:
            return ("", "refused: false", "refused: malformed", "refused: undecided or too large", "refused: overflow")[
                result.code
            ]
        text, arrays = unpack(files)
        if text is None or arrays is None:
            raise Finding("accepted, and Python's own readers cannot read it")
        if any(same(text, arrays, *unpack(seed)) for seed in self.originals()):
            return "accepted: the content of an original"
        untrue = self.false(text, arrays)
        if untrue:
            raise Finding(f"accepted and false: {untrue}")
        return "accepted: another content, true"


def same(text: Any, arrays: Any, text_0: Any, arrays_0: Any) -> bool:
    """Whether two certificates hold the same, hash of the text aside."""
    rest, rest_0 = ({k: v for k, v in t.items() if k != "sha256"} for t in (text, text_0))
    return (
        json.dumps(rest, sort_keys=True) == json.dumps(rest_0, sort_keys=True)
        and arrays.keys() == arrays_0.keys()
        and all(
            arrays[k].dtype == v.dtype and arrays[k].shape == v.shape and arrays[k].tobytes() == v.tobytes()
            for k, v in arrays_0.items()
        )
    )


def falsehood(text: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """What floats, points of the balls and a run say against a certificate; "" if nothing."""
    net = text["network"]
    count = net["layers"]
    if type(count) is not int or any(a.dtype != np.dtype("<f8") for a in arrays.values()):
        return "not of the types that the format names"
    tensors = {k: torch.from_numpy(np.ascontiguousarray(a)) for k, a in arrays.items()}
    plain, w_0 = _network(net, tensors, "")
    x, y = tensors["x"], tensors["y"].reshape(-1)
    scale = 1 / len(x) if text["loss"] == "mean" else 1.0
    eta, gamma, delta = (value(text["optimizer"][k]) for k in ("eta", "gamma", "delta"))
    if not (eta > 0 and gamma > 0 and 0 <= delta <= 1 and len(x) and math.isfinite(eta)):
        return "no step rule"
    bounds = {k: (b["kind"], value(b)) for k, b in text["bounds"].items()}
    for h in text["hypotheses"]:
        left, right = value(h["left"]), value(h["right"])
        if not (left < right or (h["relation"] == "<=" and left == right)):
            return f"{h['name']}: {left} {h['relation']} {right}"
    theorem = text["theorem"]
    start = w_0
    if theorem == "D":
        start = _network(net, tensors, "end_")[1]
    jac = plain.jacobian(start, x)
    residual = float((plain.outputs(start, x) - y).norm())
    low, high = sigma_min(jac) ** 2, sigma_max(jac) ** 2
    own = 1.0 if theorem == "D" else scale
    beta_least = scale * high
    known = {
        "residual": residual * own**0.5,
        "lambda_min": low * own,
        "lipschitz": (high * own) ** 0.5,
        "lambda_max": high * own,
        "beta": beta_least,
    }
    for name, true in known.items():
        if name in bounds and _false(*bounds[name], true, high * own):
            return f"{name} {bounds[name]}, in floats {true}"
    if "grid" in arrays:
        found = _ball(plain, start, x, arrays["grid"], arrays["sigma"], own)
        if found:
            return found
    return _run(text, plain, w_0, tensors, scale, (eta, gamma, delta), bounds)


def _false(kind: str, claim: float, true: float, size: float) -> bool:
    slack = SLACK * abs(true) + 1e-13 * size + 1e-12
    return claim < true - slack if kind == "upper" else claim > true + slack


def _network(net: dict[str, Any], tensors: dict[str, torch.Tensor], prefix: str) -> tuple[Plain, torch.Tensor]:
    layers = range(1, net["layers"] + 1)
    weights = [tensors[f"{prefix}W{l}"] for l in layers]
    biases = [tensors.get(f"{prefix}b{l}") for l in layers]
    plain = Plain(
        (weights[0].shape[1], *(w.shape[0] for w in weights)), tuple(b is not None for b in biases),
        tuple(map(value, net["kappas"])), tuple(map(value, net["taus"])), net["activation"],
    )  # fmt: skip
    pieces = [t.reshape(-1) for pair in zip(weights, biases, strict=True) for t in pair if t is not None]
    return plain, torch.cat(pieces)


def _ball(plain: Plain, w: torch.Tensor, x: torch.Tensor, grid: np.ndarray, sigma: np.ndarray, own: float) -> str:
    gen = torch.Generator().manual_seed(0)
    for radius, claim in zip(grid.tolist(), sigma.tolist(), strict=True):
        for _ in range(2):
            way = torch.randn(len(w), generator=gen, dtype=torch.float64)
            true = sigma_min(plain.jacobian(w + radius * way / way.norm(), x)) * own**0.5
            if claim > true * (1 + SLACK) + 1e-7:
                return f"sigma {claim} on the ball of radius {radius}, a point has {true}"
    return ""


def _run(
    text: dict[str, Any], plain: Plain, w_0: torch.Tensor, tensors: dict[str, torch.Tensor], scale: float,
    rule: tuple[float, float, float], bounds: dict[str, tuple[str, float]],
) -> str:  # fmt: skip
    """Follow the step rule in floats; "" if nothing contradicts."""
    (eta, gamma, delta), length, losses, least = rule, 0.0, [], math.inf
    x, y = tensors["x"].numpy(), tensors["y"].numpy()
    quiet = len(tensors["rho"]) if text["theorem"] == "D" else 0
    start = [(a.numpy(), None if b is None else b.numpy()) for a, b in plain.layers(w_0)]
    layers = start
    for t in range(STEPS):
        slopes, size_2, loss = _gradient(plain, layers, x, y, scale)
        losses.append(loss)
        size = math.sqrt(size_2)
        share = min(1.0, max(delta, gamma / size)) if size else 1.0
        if t < quiet:
            low, high = float(tensors["low"][t]), float(tensors["high"][t])
            if not low * (1 - SLACK) - 1e-9 <= size <= high * (1 + SLACK) + 1e-9:
                return f"gradient {size} at step {t}, claimed {low} to {high}"
        else:
            least, length = min(least, share), length + eta * share * size
        h = eta * share
        layers = [(a - h * p, None if b is None else b - h * q) for (a, b), (p, q) in zip(layers, slopes, strict=True)]
    moved = math.sqrt(sum(
        float(((a - c) ** 2).sum()) + (0.0 if b is None else float(((b - d) ** 2).sum()))
        for (a, b), (c, d) in zip(layers, start, strict=True)
    ))  # fmt: skip
    rate = bounds["rate"][1]
    if bounds["floor"][1] > least * (1 + SLACK):
        return f"a step of {least} eta, claimed at least {bounds['floor'][1]}"
    for name, true in (("required", length), ("distance", moved)):
        if name in bounds and true > bounds[name][1] * (1 + SLACK) + 1e-9:
            return f"{name} {bounds[name][1]}, a run has {true}"
    for t, (p, q) in enumerate(pairwise(losses)):
        if t >= quiet and q > p * max(rate, 0.0) * (1 + SLACK) + 1e-24:
            return f"step {t}: loss from {p} to {q}, claimed rate {rate}"
    return ""


def _gradient(
    plain: Plain, layers: list[Any], x: np.ndarray, y: np.ndarray, scale: float
) -> tuple[list[Any], float, float]:
    """Gradient by layers, its squared norm, and the loss."""
    value, slope = FUNCTIONS[plain.activation]
    inputs, hidden, a = [], [], x
    for l, (w, b) in enumerate(layers):
        inputs.append(plain.kappas[l] * a)
        z = inputs[l] @ w.T + (0.0 if b is None else plain.taus[l] * b)
        hidden.append(z)
        a = value(z)
    v = scale * (z - y)
    loss = 0.5 * scale * float(((z - y) ** 2).sum())
    found: list[Any] = []
    for l in reversed(range(len(layers))):
        w, b = layers[l]
        found.append((v.T @ inputs[l], None if b is None else plain.taus[l] * v.sum(axis=0)))
        if l:
            v = plain.kappas[l] * (v @ w) * slope(hidden[l - 1])
    size = sum(float((p**2).sum()) + (0.0 if q is None else float((q**2).sum())) for p, q in found)
    return found[::-1], size, loss


def _normal(z: np.ndarray) -> np.ndarray:
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _gate(z: np.ndarray) -> np.ndarray:
    return np.tanh(np.logaddexp(z, 0))


FUNCTIONS: dict[str, Any] = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (expit, lambda z: expit(z) * expit(-z)),
    "softplus": (lambda z: np.logaddexp(z, 0), expit),
    "erf": (erf, lambda z: 2 / math.sqrt(math.pi) * np.exp(-z * z)),
    "gelu": (lambda z: z * ndtr(z), lambda z: ndtr(z) + z * _normal(z)),
    "silu": (lambda z: z * expit(z), lambda z: expit(z) * (1 + z * expit(-z))),
    "mish": (lambda z: z * _gate(z), lambda z: _gate(z) + z * (1 - _gate(z) ** 2) * expit(z)),
    "sin": (np.sin, np.cos),
}
"""Activation to value and derivative, in floats."""
