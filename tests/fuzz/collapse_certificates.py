"""Certificates of Theorem NC in the hands of one who recomputes the hashes, against their definitions in floats."""

from __future__ import annotations

import math
from functools import cache
from random import Random
from typing import Any

import numpy as np
import torch
from torch import nn

from pltheory.certificates.prove import certify
from pltheory.certification.claim import Claim
from pltheory.optim import GradientDescentSettings
from pltheory.problem.problem import Problem
from tests.forge import number, value
from tests.oracles.graphs import parameters, values

from .certificates import ARRAYS, SLACK, TEXT, unpack
from .graph_certificates import GraphCertificates, read_graph
from .surface import Files

WORDS = ("||F - Y|| < ||Y - mean of Y||", "||W M - I|| < 1")
"""Hypotheses that a certificate may have."""


def network(name: str) -> nn.Sequential:
    """Small, ending in two linear layers."""
    torch.manual_seed(0)
    bodies: dict[str, list[nn.Module]] = {
        "relu": [nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 6, bias=False), nn.Linear(6, 3, bias=False)],
        "biases": [nn.Linear(4, 12), nn.Tanh(), nn.Linear(12, 5), nn.Linear(5, 3)],
        "convolution": [
            nn.Unflatten(1, (1, 4)), nn.Conv1d(1, 3, 2), nn.GELU(), nn.Flatten(), nn.Linear(9, 5), nn.Linear(5, 3)
        ],
        "more classes than features": [nn.Linear(4, 12), nn.Tanh(), nn.Linear(12, 2), nn.Linear(2, 3)],
        "an output that names no class": [nn.Linear(4, 12), nn.ReLU(), nn.Linear(12, 6), nn.Linear(6, 4, bias=False)],
    }  # fmt: skip
    return nn.Sequential(*bodies[name]).double()


NETWORKS = ("relu", "biases", "convolution", "more classes than features", "an output that names no class")


def trained(name: str, steps: int = 300) -> Problem:
    """Nine points of three classes, which most of the networks fit so that ||W M - I|| < 1."""
    net = network(name)
    x = torch.randn(9, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    labels = torch.arange(9) % 3
    y = torch.eye(net[-1].out_features, dtype=torch.float64)[labels]
    rule = torch.optim.SGD(net.parameters(), lr=0.02, weight_decay=1e-2)
    for _ in range(steps):
        rule.zero_grad()
        (0.5 * (net(x) - y).square().sum()).backward()
        rule.step()
    return Problem(net, x, y)


@cache
def claim(name: str) -> Claim:
    """The certificate of a trained network."""
    return certify(trained(name), GradientDescentSettings(eta=0.1), theorem="NC")


class CollapseCertificates(GraphCertificates):
    """JSON texts and their arrays."""

    name = "collapse-certificates"

    @cache  # noqa: B019 - one object a process
    def seeds(self) -> list[Files]:
        found = [{TEXT: claim(n).text(ARRAYS).encode(), ARRAYS: claim(n).arrays_bytes()} for n in NETWORKS]
        for seed in found:
            text, arrays = unpack(seed)
            assert arrays is not None
            assert not collapse_falsehood(text, arrays)
        return found

    @staticmethod
    def _meaning(rng: Random, text: dict[str, Any]) -> None:
        """A conditional part dropped, or claimed where it was not; a step rule; or what the other surface changes."""
        rows, bounds = text.get("hypotheses"), text.get("bounds")
        choice = rng.random()
        if choice < 0.6 or not (isinstance(rows, list) and isinstance(bounds, dict)):
            GraphCertificates._meaning(rng, text)
        elif choice < 0.75 and len(rows) > 1:
            rows.pop(rng.randrange(1, len(rows)))
        elif choice < 0.9:
            row = {"name": rng.choice(WORDS), "left": number(0.5), "relation": "<", "right": number(1.0)}
            rows.insert(rng.randrange(len(rows) + 1), row)
            name = rng.choice(["nc1", "nc2", "nc3"])
            bounds[name] = {"kind": rng.choice(["upper", "lower"]), **number(rng.choice([1e-3, 1.0, 1e3]))}
        else:
            text["loss"] = "sum"
            text["optimizer"] = {"name": "gd", "eta": number(0.1), "gamma": number(1.0), "delta": number(1.0)}

    def false(self, text: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
        """What floats say against a certificate; "" if nothing."""
        return collapse_falsehood(text, arrays)


def collapse_falsehood(text: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """What floats say against a certificate of Theorem NC; "" if nothing."""
    for h in text["hypotheses"]:
        if not value(h["left"]) < value(h["right"]):
            return f"{h['name']}: {value(h['left'])} and {value(h['right'])}"
    true = measured(text, arrays)
    for name, b in text["bounds"].items():
        claimed, slack = value(b), SLACK * abs(true[name]) + 1e-9
        if claimed < true[name] - slack if b["kind"] == "upper" else claimed > true[name] + slack:
            return f"{name} {b['kind']} {claimed}, in floats {true[name]}"
    sides = {WORDS[0]: (true["fit"], true["spread"]), WORDS[1]: (true["misfit"], 1.0)}
    for h in text["hypotheses"]:
        left, right = sides.get(h["name"], (0.0, true["gain"]))
        if value(h["left"]) < left - SLACK * abs(left) - 1e-9 or value(h["right"]) > right * (1 + SLACK) + 1e-9:
            return f"{h['name']}: {value(h['left'])}, {value(h['right'])}, in floats {left}, {right}"
    return ""


def measured(text: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, float]:
    """What each name bounds, in floats: of `apart` and `stated` the distance from class means itself."""
    graph = read_graph(text["network"], arrays)
    found = [a.numpy() for a in values(graph, parameters(graph), torch.from_numpy(arrays["x"]))]
    last = graph.nodes[-1]
    under = graph.nodes[last.inputs[0]]
    w, v = (graph.groups[node.kind.group].weight[0] for node in (last, under))
    bias, h = graph.groups[under.kind.group].bias, found[under.inputs[0]]
    z, f, y = found[last.inputs[0]], found[-1], arrays["y"]
    if bias is not None:
        v, h = np.concatenate([v, bias[0][:, None]], axis=1), np.concatenate([h, np.ones((len(h), 1))], axis=1)
    labels = y.argmax(axis=1)
    present = sorted(set(labels.tolist()))

    def means(a: np.ndarray) -> np.ndarray:
        return np.array([a[labels == c].mean(axis=0) for c in present])

    def apart(a: np.ndarray) -> float:
        return float(np.linalg.norm(a - means(a)[[present.index(c) for c in labels]]))

    m, gains = means(z), np.linalg.svd(w, compute_uv=False)
    counts = [int((labels == c).sum()) for c in present]
    between = math.sqrt(sum(k * np.sum((r - z.mean(axis=0)) ** 2) for k, r in zip(counts, m, strict=True)))
    off = np.linalg.norm(m @ w.T - np.eye(len(w))[present], 2)
    sizes = np.linalg.svd(m, compute_uv=False)
    cosines = [r @ s / (np.linalg.norm(r) * np.linalg.norm(s)) for r, s in zip(m, w[present], strict=True)]
    condition = float(sizes[0] / sizes[-1]) if len(present) <= m.shape[1] and sizes[-1] > 0 else math.inf
    return {
        "gain": float(gains[-1]), "largest": float(gains[0]), "condition": float(gains[0] / gains[-1]),
        "imbalance": float(np.linalg.norm(w.T @ w - v @ v.T, 2)), "fit": float(np.linalg.norm(f - y)),
        "features": float(np.linalg.norm(h)), "outputs_within": apart(f), "features_within": apart(h),
        "within": apart(z), "apart": apart(z), "stated": apart(z), "misfit": float(off),
        "nc1": (apart(z) / between) ** 2 if between else math.inf, "nc2": condition, "nc3": float(min(cosines)),
        "spread": math.sqrt(len(y) - sum(k**2 for k in counts) / len(y)),
    }  # fmt: skip
