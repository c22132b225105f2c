"""Certificates of class G, and one of class N by Theorem E, against a dense evaluation of their graphs in floats."""

from __future__ import annotations

import json
import math
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.kinks import PiecewiseLinear
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.product import Product
from pltheory.nets.kinds.sums import Sum
from pltheory.nets.kinds.tokens import Tokens
from tests.forge import number, value
from tests.oracles.graphs import jacobian, outputs, parameters
from tests.oracles.plain import sigma_max, sigma_min

from .certificates import ARRAYS, LIMITS, SLACK, STEPS, TEXT, Certificates, _false, falsehood, hashed
from .surface import Files

STORED = Path(__file__).parent.parent / "rechecker" / "stored_2"
ACTIVATIONS = ["tanh", "sigmoid", "softplus", "erf", "gelu", "silu", "mish", "sin", "relu"]


class GraphCertificates(Certificates):
    """JSON texts and their arrays."""

    name = "graph-certificates"
    # An estimate of memory has more than half a GiB for the parts that larger arrays are worked on in.
    limits = LIMITS | {"most_gib": 2.0}

    @cache  # noqa: B019 - one object a process
    def seeds(self) -> list[Files]:
        found = []
        for path in sorted(STORED.glob("*.cert.json")):
            text = path.read_text().replace(f'"{path.stem}.npz"', f'"{ARRAYS}"')
            found.append({TEXT: hashed(json.loads(text)), ARRAYS: path.with_suffix(".npz").read_bytes()})
        return found

    @staticmethod
    def _meaning(rng: Random, text: dict[str, Any]) -> None:
        """Another node, or what the other surface changes."""
        nodes = text["network"].get("nodes") if isinstance(text.get("network"), dict) else None
        if not isinstance(nodes, list) or not nodes or rng.random() < 0.3:
            Certificates._meaning(rng, text)
            return
        node = rng.choice(nodes)
        if not isinstance(node, dict):
            return
        match rng.randrange(5):
            case 0:
                node["inputs"] = [rng.randrange(-1, len(nodes)) for _ in node.get("inputs", [])]
            case 1:
                node["size"] = rng.choice([0, 1, -1, True, 2.0, node.get("size"), 10**6])
            case 2:
                node["kind"] = rng.choice(["affine", "fixed", "sum", "pointwise", "tokens", "product", "input", "max"])
            case 3:
                other = {"activation": ACTIVATIONS, "map": ["softmax", "layer-norm", "rms-norm"], "group": [0, 1, 2, 3]}
                key = rng.choice([k for k in other if k in node] or ["group"])
                node[key] = rng.choice(other[key])
            case _:
                key = rng.choice(["kappa", "tau", "epsilon", "scale"])
                node[key] = number(rng.choice([0.0, 1.0, -1.0, 2.0, 1e-9, 1e300]))

    def false(self, text: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
        """What floats say against a certificate; "" if nothing."""
        return graph_falsehood(text, arrays) if "nodes" in text["network"] else falsehood(text, arrays)


def read_graph(network: dict[str, Any], arrays: dict[str, np.ndarray]) -> Graph:
    """The graph of an accepted text."""
    nodes = []
    for v, t in enumerate(network["nodes"]):
        own = {k.partition(".")[2]: a for k, a in arrays.items() if k.startswith(f"n{v}.")}
        whole = {k: a if k in ("factor", "offset") else a.astype(np.int64) for k, a in own.items()}
        match t["kind"]:
            case "input":
                kind: Any = Input()
            case "affine":
                kind = Affine(t["group"] - 1, whole["patches"], value(t["kappa"]), value(t["tau"]))
            case "fixed":
                kind = Fixed(whole["index"], whole["factor"], whole.get("offset"))
            case "sum":
                kind = Sum()
            case "pointwise":
                kind = Pointwise(t["activation"])
            case "tokens":
                kind = Tokens(t["map"], whole["tokens"], value(t["epsilon"]))
            case "piecewise-linear":
                kind = PiecewiseLinear(own["breaks"], own["slopes"], own["intercepts"])
            case other:
                assert other == "product"
                kind = Product(whole["left"], whole["right"], value(t["scale"]))
        nodes.append(Node(kind, tuple(t["inputs"]), t["size"]))
    groups = [Group(arrays[f"W{g}"], arrays.get(f"b{g}")) for g in range(1, network["groups"] + 1)]
    return Graph(tuple(nodes), tuple(groups))


def graph_falsehood(text: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """What floats, points of the ball and a run say against a certificate of class G; "" if nothing."""
    graph = read_graph(text["network"], arrays)
    x, y, w = torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["y"]), parameters(graph)
    scale = 1 / len(x) if text["loss"] == "mean" else 1.0
    bounds = {k: (b["kind"], value(b)) for k, b in text["bounds"].items()}
    for h in text["hypotheses"]:
        if not value(h["left"]) < value(h["right"]):
            return f"{h['name']}: {value(h['left'])} and {value(h['right'])}"
    jac = jacobian(graph, w, x)
    low, high = sigma_min(jac) ** 2 * scale, sigma_max(jac) ** 2 * scale
    known = {
        "residual": float((outputs(graph, w, x) - y).norm()) * scale**0.5, "lambda_min": low, "lipschitz": high**0.5,
        "beta": high,
    }  # fmt: skip
    for name, true in known.items():
        if _false(*bounds[name], true, high):
            return f"{name} {bounds[name]}, in floats {true}"
    gen = torch.Generator().manual_seed(0)
    for radius, claim in zip(arrays["grid"].tolist(), arrays["sigma"].tolist(), strict=True):
        way = torch.randn(len(w), generator=gen, dtype=torch.float64)
        true = sigma_min(jacobian(graph, w + radius * way / way.norm(), x)) * scale**0.5
        if claim > true * (1 + SLACK) + 1e-7:
            return f"sigma {claim} on the ball of radius {radius}, a point has {true}"
    return _run(text, graph, w, x, y, scale, bounds)


def _run(
    text: dict[str, Any], graph: Graph, w: torch.Tensor, x: torch.Tensor, y: torch.Tensor, scale: float,
    bounds: dict[str, tuple[str, float]],
) -> str:  # fmt: skip
    """Follow the step rule; "" if nothing contradicts."""
    eta, gamma, delta = (value(text["optimizer"][k]) for k in ("eta", "gamma", "delta"))
    length, losses, least = 0.0, [], math.inf
    for _ in range(STEPS // 10):
        w = w.detach().requires_grad_()
        loss = 0.5 * scale * (outputs(graph, w, x) - y).square().sum()
        (gradient,) = torch.autograd.grad(loss, w)
        losses.append(float(loss.detach()))
        size = float(gradient.norm())
        share = min(1.0, max(delta, gamma / size)) if size else 1.0
        least, length = min(least, share), length + eta * share * size
        w = w - eta * share * gradient
    if bounds["floor"][1] > least * (1 + SLACK):
        return f"a step of {least} eta, claimed at least {bounds['floor'][1]}"
    if length > bounds["required"][1] * (1 + SLACK) + 1e-9:
        return f"required {bounds['required'][1]}, a run has {length}"
    for t, (p, q) in enumerate(pairwise(losses)):
        if q > p * max(bounds["rate"][1], 0.0) * (1 + SLACK) + 1e-24:
            return f"step {t}: loss from {p} to {q}, claimed rate {bounds['rate'][1]}"
    return ""
