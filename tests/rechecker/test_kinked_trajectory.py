"""Certificates of Theorem D about networks with kinks: accepted as made, refused where they are doctored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx

from pltheory.rechecker import RecheckResult, recheck
from pltheory.rechecker.checks import Checks
from pltheory.rechecker.graph import selections
from pltheory.rechecker.graph.kinked_path import KinkedPath
from pltheory.rechecker.graph.kinked_reference import KinkedReference
from pltheory.rechecker.graph.margins import Margins
from pltheory.rechecker.graph.selections import Selections, contracted
from pltheory.rechecker.in_pairs import by_groups
from pltheory.rechecker.kinked_trajectory import KinkedReplay
from pltheory.rechecker.midpoint import Upper
from pltheory.rechecker.pairs.step import PairWeights
from pltheory.rechecker.trajectory import BOUNDS, KinkedTrajectoryClaim, read_trajectory
from tests import forge
from tests.forge import ACCEPTED, DAMAGED, FALSE, UNSURE, number, value
from tests.rechecker.kinked_graphs import CELLS, NETWORKS, RUNS, Network, evaluated, flat, followed, moved
from tests.rechecker.test_kinked_bounds import pieces, points, stored, units_at


class Forge(forge.Forge):
    def __init__(self, folder: Path, name: str = "one") -> None:
        made = followed(name)
        super().__init__(folder, made.text("c.cert.npz"), made.arrays_bytes())

    def set(self, key: str, name: str, x: float) -> None:
        self.text[key][name].update(number(x))

    def read(self) -> KinkedTrajectoryClaim:
        claim = read_trajectory(self.text, self.path, lambda *a: None)
        assert isinstance(claim, KinkedTrajectoryClaim)
        return claim


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
    assert steps > 20
    result = recheck(forged.path)
    assert result.accepted, result.message
    assert len(result.checks) > 11 * steps + 2 * len(forged.arrays["grid"])
    assert {c.code for c in result.checks} == {ACCEPTED}


@pytest.mark.slow
def test_clipped_steps_and_changes_of_pieces_are_among_the_runs() -> None:
    met = {int(b) for name in RUNS for b in followed(name).witness["branches"]}
    assert {1, 2} <= met
    claim = followed("one")
    graph, x = claim.arrays.graph, claim.arrays.x
    ends = [claim.witness["end_W1"], claim.witness["end_W2"]]
    end = moved(graph, np.concatenate([w.ravel() for w in ends]))
    z, z_end = (evaluated(g, x)[2][1] for g in (graph, end))
    assert ((z > 0) != (z_end > 0)).any()


def test_the_replay_follows_the_iteration(tmp_path: Path) -> None:
    """Beside plain gradient descent in extended precision."""
    forged = Forge(tmp_path, "one")
    c = forged.read()
    replay = KinkedReplay(c)
    graph = followed("one").arrays.graph
    w = [g.weight[0].astype(np.longdouble) for g in graph.groups]
    x, y, eta = c.x.astype(np.longdouble), c.y.astype(np.longdouble), np.longdouble(c.eta)
    kappas = [np.longdouble(node.kind.kappa) for node in graph.nodes if hasattr(node.kind, "kappa")]
    for t in range(25):
        checks = Checks()
        with ctx.workprec(128):
            replay.step(t, checks)
        assert {check.code for check in checks} == {ACCEPTED}
        z = kappas[0] * x @ w[0].T
        r = kappas[1] * np.maximum(z, 0) @ w[1].T - y
        back = kappas[1] * r @ w[1] * (z > 0)
        w = [w[0] - eta * kappas[0] * back.T @ x, w[1] - eta * kappas[1] * r.T @ np.maximum(z, 0)]
        at = replay.at
        assert isinstance(at, PairWeights)
        for mine, theirs in zip(at.weights, w, strict=True):
            assert float(np.abs(mine.high.astype(np.longdouble) + mine.low - theirs).max()) < 1e-16
    assert replay.apart < 1e-21


@pytest.mark.parametrize("name", [name for name in NETWORKS if not name.startswith(("elu", "hardswish"))])
def test_the_gradient_is_the_graphs(name: str) -> None:
    net = NETWORKS[name]()
    c = stored(net)
    path, at = KinkedPath(c), by_groups(*c.parameters)
    seen = path.forward(at)
    out, jac, _ = evaluated(net.graph, net.x)
    assert np.allclose(seen.residual.high, out - net.y, atol=1e-13)
    assert seen.residual.err.value < 1e-22
    found = path.gradient(at, seen, path.sent_back(at, seen), arb(1) / 3)
    mine = [p for w, b in zip(found.weights, found.biases, strict=True) for p in (w, b) if p is not None]
    expected = jac.T @ (out - net.y).ravel() / 3
    assert np.allclose(np.concatenate([p.high.ravel() for p in mine]), expected, atol=1e-13)


# --- the part of the Hessian that products of parameters make ---------------------------------------------------------


def second_part(net: Network) -> float:
    """||sum_i r_i Hess f_i|| by differences of the Jacobian along a power iteration, so from below."""
    w, rng = flat(net.graph), np.random.default_rng(1)
    out, _, _ = evaluated(net.graph, net.x)
    r, h = (out - net.y).ravel(), 1e-6
    v, size = rng.normal(size=len(w)), 0.0
    for _ in range(30):
        v = v / np.linalg.norm(v)
        ends = [evaluated(moved(net.graph, w + sign * h * v), net.x)[1].T @ r for sign in (1.0, -1.0)]
        v = (ends[0] - ends[1]) / (2 * h)
        size = max(size, float(np.linalg.norm(v)))
    return size


@pytest.mark.parametrize("name", ["one", "leaky", "clipped", "pool", "overlap", "convolved", "residual"])
def test_the_curvature_bounds_the_second_part(name: str) -> None:
    net = NETWORKS[name]()
    c = stored(net)
    path, at = KinkedPath(c), by_groups(*c.parameters)
    seen = path.forward(at)
    true = second_part(net)
    ref = KinkedReference(c, at, 1e-9)
    size = Upper(float(np.linalg.norm(seen.residual.high)) * (1 + 1e-12))
    general = float(contracted(c.kinds, ref, path.sent_back(at, seen), size, Upper(0.0)))
    assert true <= general * (1 + 1e-6)
    assert true <= float(size.value) * float(ref.ell) * (1 + 1e-6)
    blocks = Selections.of(c)
    assert (blocks is None) == (name == "residual")
    if blocks is not None:
        exact = float(blocks.norm(seen, arb(0)))
        assert exact == pytest.approx(true, rel=0.06)
        assert exact < general
        assert float(blocks.norm(seen, arb(0.1))) > exact


def test_the_curvature_holds_on_a_ball() -> None:
    """At points of a ball in which no piece changes."""
    net = NETWORKS["one"]()
    c = stored(net)
    path, at, rng = KinkedPath(c), by_groups(*c.parameters), np.random.default_rng(0)
    seen, s = path.forward(at), 1e-4
    ref = KinkedReference(c, at, s)
    assert not ref.meeting({v: seen.near(c.kinds[v].inputs[0]) for v in c.kinks}, arb(s))
    blocks = Selections.of(c)
    assert blocks is not None
    bound = float(blocks.norm(seen, ref.lipschitz * s))
    _, jac, _ = evaluated(net.graph, net.x)
    step = jac.T @ seen.residual.high.ravel()
    for way in (step, -step, rng.normal(size=len(step))):
        near = moved(net.graph, flat(net.graph) + way * s / np.linalg.norm(way))
        assert second_part(Network(near, net.x, net.y)) <= bound * (1 + 1e-6)


# --- doctored ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", BOUNDS)
def test_an_inflated_bound(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    bound = forged.text["bounds"][name]
    change = {"lipschitz": 0.6, "beta": 0.5, "rate": 0.9, "floor": 1.5, "required": 0.9}.get(
        name, 1 - 1e-3 if bound["kind"] == "upper" else 1 + 1e-3
    )
    forged.set("bounds", name, value(bound) * change)
    refused(recheck(forged.write()), FALSE, f"bounds.{name}")


STEP_CLAIMS = {
    "residual": (1 - 1e-9, "residual"), "lipschitz": (0.5, "lipschitz"), "curvature": (0.9, "curvature"),
    "concave": (0.9, "concave"), "beta": (1 - 1e-9, "beta"), "low": (1 + 1e-9, "low"), "high": (1 - 1e-9, "high"),
    "factor": (1 - 1e-4, "factor"), "rho": (1.1, "eps of the next"), "branches": (2.0, "branches"),
}  # fmt: skip


@pytest.mark.parametrize(("run", "name"), [*(("one", name) for name in STEP_CLAIMS), ("two", "curvature")])
def test_a_claim_of_a_step_beyond_the_truth(tmp_path: Path, run: str, name: str) -> None:
    change, field = STEP_CLAIMS[name]
    forged = Forge(tmp_path, run)
    t = 2
    forged.arrays[name][t] *= change
    refused(recheck(forged.write()), FALSE, f"step {t}, {field}")


@pytest.mark.parametrize(("name", "change"), [("sigma", 1 + 1e-4), ("kappa", 1 - 2e-2)])
def test_a_profile_at_the_end_beyond_the_truth(tmp_path: Path, name: str, change: float) -> None:
    forged = Forge(tmp_path, "pool")
    forged.arrays[name][CELLS - 3] *= change
    refused(recheck(forged.write()), FALSE, f"arrays.{name}[{CELLS - 3}]")


def test_errors_shrunken_alike_are_below_the_distance_of_the_stored_end(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    for name in ("rho", "eps"):
        forged.arrays[name] *= 2.0**-24
    forged.arrays["grid"][0] = forged.arrays["eps"][-1]
    forged.set("witness", "eps", forged.arrays["eps"][-1])
    refused(recheck(forged.write()), FALSE, "arrays.eps[", "distance of the stored end")


def test_a_ball_that_reaches_a_kink() -> None:
    """Tokens are named from a radius on that some point of the ball needs to move them."""
    net = NETWORKS["pool"]()
    c = stored(net)
    at = by_groups(*c.parameters)
    seen, ref = KinkedPath(c).forward(at), KinkedReference(c, at, 0.05)
    read = {v: seen.near(c.kinds[v].inputs[0]) for v in c.kinks}
    start, w = pieces(net, flat(net.graph)), flat(net.graph)
    rng, named = np.random.default_rng(3), 0
    for s in (1e-4, 1e-3, 1e-2, 0.05):
        found = ref.meeting(read, arb(s))
        named += sum(int(tokens.sum()) for tokens in found.values())
        for step in points(net, s, rng, 6):
            for v, piece in pieces(net, w + step).items():
                assert not (piece != start[v])[~found.get(v, np.zeros_like(piece, dtype=bool))].any()
    assert named > 0
    # On a kink itself nothing is decided, be the weights known exactly.
    unit = units_at([0.0, 1.0], [1.0, 1.0])
    still = stored(unit)
    there = by_groups(*still.parameters)
    seen = KinkedPath(still).forward(there)
    tokens = KinkedReference(still, there, 1e-6).meeting({2: seen.near(1)}, arb(0))
    assert tokens[2].tolist() == [[True, False]]


def test_a_margin_that_is_not_there_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    true = Margins.kept

    def kept(self: Margins, whole: float, entries: Any) -> Any:
        found = true(self, whole, entries).copy()
        found[0, 3] = found[0, 3] and whole > 1e-3  # balls of a reference aside
        return found

    monkeypatch.setattr(Margins, "kept", kept)
    refused(recheck(Forge(tmp_path).path), FALSE, "step 0, kinks")


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


def test_other_patterns(tmp_path: Path) -> None:
    """The same weights with another slope below 0."""
    forged = Forge(tmp_path)
    forged.arrays["n2.slopes"][0] = 0.5
    refused(recheck(forged.write()), FALSE, "step 0, ")


MUTANTS: dict[str, Callable[[pytest.MonkeyPatch], Any]] = {
    "blocks without the residual's move": lambda m: m.setattr(
        selections.Selections, "norm", lambda self, seen, moved: _NORM(self, seen, arb(0))
    ),
}
_NORM = Selections.norm


def test_blocks_count_the_way_of_the_residual(monkeypatch: pytest.MonkeyPatch) -> None:
    net = NETWORKS["one"]()
    c = stored(net)
    seen = KinkedPath(c).forward(by_groups(*c.parameters))
    blocks = Selections.of(c)
    assert blocks is not None
    true = float(blocks.norm(seen, arb("0.01")))
    MUTANTS["blocks without the residual's move"](monkeypatch)
    assert float(blocks.norm(seen, arb("0.01"))) < true


UNREADABLE: dict[str, tuple[str, Callable[[Forge], Any]]] = {
    "no steps": ("witness.steps", lambda f: f.text["witness"].update(steps=0)),
    "more steps than numbers": ("arrays.", lambda f: f.text["witness"].update(steps=99)),
    "an end of another shape": ("arrays.end_W1", lambda f: f.arrays.update(end_W1=f.arrays["end_W1"][:, :-1].copy())),
    "no concave": ("concave", lambda f: f.arrays.pop("concave")),
    "no kappa": ("kappa", lambda f: f.arrays.pop("kappa")),
    "kappa shorter": ("arrays.kappa", lambda f: f.arrays.update(kappa=f.arrays["kappa"][1:].copy())),
    "kappa negative": ("arrays.kappa", lambda f: f.arrays["kappa"].__setitem__(2, -1.0)),
    "theorem C's hypothesis": ("hypotheses[2].name", lambda f: f.text["hypotheses"][2].update(
        name="norm of r on B(w_T, eps_T) < (1 - beta eta / 2) int sig")),
    "a smooth node": ("network.nodes", lambda f: f.text["network"]["nodes"].append(
        {"kind": "pointwise", "inputs": [3], "size": 1, "activation": "tanh"})),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_does_not_fit_the_schema(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    field, change = UNREADABLE[name]
    change(forged)
    refused(recheck(forged.write()), DAMAGED, field)


@pytest.mark.parametrize("limit", ["most_seconds", "most_gib"])
def test_what_costs_more_than_allowed_is_not_read(tmp_path: Path, limit: str) -> None:
    assert recheck(Forge(tmp_path).path, **{limit: 1e-3}).code == UNSURE
