"""Certificates of Theorem D about graphs of one convolution: accepted as made, refused where they are doctored."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from flint import arb

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.optim import DeltaGClipSettings, GClipSettings, StepSettings
from pltheory.problem.architectures import convolutional
from pltheory.problem.problem import Problem
from pltheory.rechecker import RecheckResult, recheck
from pltheory.rechecker.graph.iterate import Chain, group_weights
from pltheory.rechecker.trajectory import BOUNDS, read_trajectory
from tests import forge
from tests.forge import ACCEPTED, DAMAGED, FALSE, UNSURE, number, value
from tests.oracles.channel_graphs import second_part
from tests.oracles.exact_graph_trajectory import ExactGraph
from tests.oracles.graphs import parameters


def problem(n: int, outputs: int = 1, loss: Any = "sum", pull: float = 1.0, **more: Any) -> Problem:
    net = convolutional(shape=(1, 4, 4), outputs=outputs, seed=0, **more)
    gen = torch.Generator().manual_seed(3)
    x = torch.randn(n, 1, 4, 4, generator=gen, dtype=torch.float64)
    return Problem(net, x, pull * torch.randn(n, outputs, generator=gen, dtype=torch.float64), loss)


RUNS: dict[str, tuple[Callable[[], Problem], StepSettings]] = {
    "full": (lambda: problem(2, channels=[6], pull=4.0), DeltaGClipSettings("1/beta", 1e3, 0.1)),
    "clipped": (lambda: problem(2, channels=[6], pull=5.0, loss="mean"), DeltaGClipSettings("1/beta", 0.4, 0.5)),
    "two-outputs": (
        lambda: problem(2, 2, channels=[32], bias=True, stride=2),
        GClipSettings("1/beta", 1.0),
    ),
}


@cache
def claimed(name: str) -> Claim:
    make, rule = RUNS[name]
    claim = pl.certify(make(), rule, theorem="D")
    assert claim.holds, claim.shortfall
    return claim


class Forge(forge.Forge):
    def __init__(self, folder: Path, name: str = "full") -> None:
        made = claimed(name)
        super().__init__(folder, made.text("c.cert.npz"), made.arrays_bytes())

    def set(self, key: str, name: str, x: float) -> None:
        self.text[key][name].update(number(x))


def refused(result: RecheckResult, code: int, *words: str) -> None:
    assert not result.accepted
    assert result.code == code, result.message
    for word in words:
        assert word in result.message


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_certificates_are_accepted(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path, name)
    steps = len(forged.arrays["rho"])
    assert 3 < steps < 100
    result = recheck(forged.path)
    assert result.accepted, result.message
    assert len(result.checks) > 10 * steps + len(forged.arrays["grid"])
    assert {c.code for c in result.checks} == {ACCEPTED}


@pytest.mark.slow
def test_branches_of_every_kind_are_among_the_runs() -> None:
    met = {int(b) for name in RUNS for b in claimed(name).witness["branches"]}
    assert {1, 2} <= met


@pytest.mark.parametrize("name", RUNS)
def test_claims_are_true_of_the_exact_iterates(name: str) -> None:
    """A third program, at 900 bits, at x_t itself."""
    claim = claimed(name)
    graph, x, y, w = claim.arrays.graph, claim.arrays.x, claim.arrays.y, claim.witness
    share = RUNS[name][0]().share
    exact = ExactGraph.of(graph, x, y, share)
    for t in range(min(claim.numbers["steps"], 10)):
        at = torch.tensor([float(v) for pair in zip(exact.weights, exact.biases, strict=True) for part in pair
                           if part is not None for v in part.ravel()])  # fmt: skip
        bends = torch.linalg.eigvalsh(second_part(graph, at.double(), x, y))
        assert -float(bends[0]) <= w["concave"][t]
        assert max(-float(bends[0]), float(bends[-1])) <= w["curvature"][t]
        branch = exact.step(claim.eta, claim.rule.gamma, claim.rule.delta)
        assert int(w["branches"][t]) & {"full": 1, "band": 2, "floor": 4}[branch]


def test_the_rechecks_pass_is_the_graphs(tmp_path: Path) -> None:
    """Gradient and curvature of the second program at the start, against the oracle's gradient and autograd's E."""
    forged = Forge(tmp_path, "two-outputs")
    c = read_trajectory(forged.text, forged.path, lambda *a: None)
    chain, claim = Chain(c), claimed("two-outputs")
    graph, x, y = claim.arrays.graph, claim.arrays.x, claim.arrays.y
    at = group_weights(*c.parameters)
    seen = chain.forward(at)
    found = chain.gradient(at, seen, arb(1))
    gw, gb = ExactGraph.of(graph, x, y).gradient()
    for mine, theirs in zip([*found.weights, *found.biases], [*gw, *gb], strict=True):
        for a, b in zip(mine.entries(), theirs.ravel(), strict=True):
            assert abs(a - b) < 1e-25
    values = torch.linalg.eigvalsh(second_part(graph, parameters(graph), x, y))
    norm, concave = chain.curvature(at, seen, arb(0), arb(0))
    assert -float(values[0]) * (1 - 1e-12) <= float(concave) <= -float(values[0]) * (1 + 1e-6)
    assert float(norm) == pytest.approx(float(values.abs().max()), rel=1e-6)
    # A ball of weights holds more.
    wide = chain.curvature(at, seen, arb(1e-3), arb(5))
    assert wide[1] > concave


def test_weaker_claims_are_true(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    for name, b in forged.text["bounds"].items():
        if name not in ("required", "rate", "distance"):
            forged.set("bounds", name, value(b) * (1.01 if b["kind"] == "upper" else 0.99))
    forged.set("bounds", "distance", 2 * value(forged.text["bounds"]["distance"]))
    forged.arrays["residual"] *= 1.01
    forged.arrays["sigma"] *= 0.9999999
    assert recheck(forged.write()).accepted


@pytest.mark.slow
@pytest.mark.parametrize("name", BOUNDS)
def test_an_inflated_bound(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    bound = forged.text["bounds"][name]
    change = {"rate": 1 - 1e-5, "floor": 1.5, "required": 0.97}.get(
        name, 1 - 1e-6 if bound["kind"] == "upper" else 1 + 1e-6
    )
    forged.set("bounds", name, value(bound) * change)
    refused(recheck(forged.write()), FALSE, f"bounds.{name}")


STEP_CLAIMS = {
    "residual": (1 - 1e-9, "residual"), "lipschitz": (0.5, "lipschitz"), "curvature": (0.99, "curvature"),
    "concave": (0.99, "concave"), "beta": (1 - 1e-9, "beta"), "low": (1 + 1e-9, "low"), "high": (1 - 1e-9, "high"),
    "factor": (1 - 1e-6, "factor"), "rho": (1.1, "eps of the next"),
}  # fmt: skip


@pytest.mark.parametrize("name", STEP_CLAIMS)
def test_a_claim_of_a_step_beyond_the_truth(tmp_path: Path, name: str) -> None:
    change, field = STEP_CLAIMS[name]
    forged = Forge(tmp_path, "clipped")
    t = 2
    forged.arrays[name][t] *= change
    refused(recheck(forged.write()), FALSE, f"step {t}, {field}")


def test_errors_shrunken_alike_are_below_the_distance_of_the_stored_end(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    for name in ("rho", "eps"):
        forged.arrays[name] *= 2.0**-24
    forged.arrays["grid"][0] = forged.arrays["eps"][-1]
    forged.set("witness", "eps", forged.arrays["eps"][-1])
    refused(recheck(forged.write()), FALSE, "arrays.eps[", "distance of the stored end")


@pytest.mark.parametrize("name", ["W1", "W2", "x", "y"])
def test_another_network_or_other_data(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    forged.arrays[name] = forged.arrays[name] * 1.5
    refused(recheck(forged.write()), FALSE, "step 0, ")


@pytest.mark.parametrize("name", ["end_W1", "end_W2"])
def test_another_end(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    forged.arrays[name].flat[0] += 3 * forged.arrays["eps"][-1]
    refused(recheck(forged.write()), FALSE, "arrays.eps[")


def test_too_little_precision_is_no_verdict(tmp_path: Path) -> None:
    refused(recheck(Forge(tmp_path).path, bits=40), UNSURE, "step ")


UNREADABLE: dict[str, tuple[str, Callable[[Forge], Any]]] = {
    "no steps": ("witness.steps", lambda f: f.text["witness"].update(steps=0)),
    "more steps than numbers": ("arrays.", lambda f: f.text["witness"].update(steps=99)),
    "an end of another shape": ("arrays.end_W1", lambda f: f.arrays.update(end_W1=f.arrays["end_W1"][:, :-1])),
    "an end with other axes": ("arrays.end_W1", lambda f: f.arrays.update(end_W1=f.arrays["end_W1"][0])),
    "no concave": ("concave", lambda f: f.arrays.pop("concave")),
    "no end": ("end_W2", lambda f: f.arrays.pop("end_W2")),
    "groups are a text": ("network.groups", lambda f: f.text["network"].update(groups="2")),
    "no nodes": ("network", lambda f: f.text["network"].update(nodes=[])),
    "another activation twice": ("network.nodes", lambda f: f.text["network"]["nodes"][1].update(kind="pointwise")),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_does_not_fit_the_schema(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    field, change = UNREADABLE[name]
    change(forged)
    refused(recheck(forged.write()), DAMAGED, field)


def test_a_graph_in_which_channels_meet_is_not_spoken_of(tmp_path: Path) -> None:
    """The flattening, replaced by one that reads two channels at a place."""
    forged = Forge(tmp_path)
    v = next((v for v, node in enumerate(forged.text["network"]["nodes"]) if node["kind"] == "fixed"), None)
    if v is None:
        nodes = forged.text["network"]["nodes"]
        size = nodes[2]["size"]
        nodes.insert(3, {"kind": "fixed", "inputs": [2], "size": size})
        nodes[4]["inputs"] = [3]
        forged.arrays["n4.patches"] = forged.arrays.pop("n3.patches")
        index = np.stack([np.arange(size), (np.arange(size) + 16) % size], axis=1).astype(float)
        forged.arrays |= {"n3.index": index, "n3.factor": np.ones_like(index)}
    refused(recheck(forged.write()), DAMAGED, "network.nodes", "channels meet")
