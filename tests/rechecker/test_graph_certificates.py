"""Certificates about networks of class G: true ones are accepted, forged and damaged ones refused by name."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pltheory.rechecker import ball_bounds, recheck
from pltheory.rechecker.ball import BOUNDS, HYPOTHESES
from tests.forge import (
    DAMAGED,
    FALSE,
    UNSURE,
    Arrays,
    Forge,
    Text,
    all_numbers,
    at,
    dotted,
    number,
    numeric_fields,
    refused,
    value,
)
from tests.rechecker.graphs import Builder, Naive, flat, jacobian, outputs, parameters_of, write
from tests.rechecker.naive_recursion import NaiveBounds
from tests.rechecker.small_graphs import SMALL, data

SLACK = 1e-6
"""What every claim gives away, relative."""


@cache
def figures(name: str) -> tuple[float, float, list[float], list[float], float]:
    """sigma_min and norm of J, grid, dJ on it, ell at its end; plain doubles."""
    graph = SMALL[name]()
    x, _ = data(graph)
    naive = NaiveBounds(Naive(graph, x))
    sizes = torch.linalg.svdvals(jacobian(graph, x)).tolist()
    radius = 1.0
    while naive.change(radius) > 0.4 * sizes[-1]:
        radius /= 2
    grid = np.linspace(0, radius, 4).tolist()
    moved = [0.0]
    for a, b in itertools.pairwise(grid):
        moved.append(min(naive.change(b), moved[-1] + (b - a) * naive.steepness(b)))
    return sizes[-1], sizes[0], grid, moved, naive.steepness(radius)


def certificate(folder: Path, name: str, theorem: str = "B", loss: str = "sum") -> Forge:
    """A true certificate, its targets as near the outputs as the theorem needs."""
    graph = SMALL[name]()
    x, y = data(graph)
    low, top, grid, moved, ell = figures(name)
    share = 1 / len(x) if loss == "mean" else 1.0
    scale, up, down = math.sqrt(share), 1 + SLACK, 1 - SLACK
    lam = (low * down) ** 2
    sigma = [max(math.sqrt(lam) - d * up, 0.0) * scale for d in moved]
    lipschitz, ell = (top + moved[-1]) * scale * up, ell * scale * up
    size = 0.4 * grid[-1] * sigma[-1] / scale
    centre = outputs(graph, x, flat(parameters_of(graph))).numpy().reshape(y.shape)
    y = centre + size * y / np.linalg.norm(y)
    residual = size * scale * up
    beta = (lipschitz**2 + residual * ell) * up
    eta = 0.5 / beta
    left = (1 - beta * eta / 2) * down
    names = [name for name, _ in HYPOTHESES[theorem]]
    if theorem in ("A", "A'"):
        j, mu = len(grid) - 1, sigma[-1] ** 2
        required = residual / (sigma[-1] * left)
        if theorem == "A'":
            required *= (1 + math.sqrt(1 - 2 * mu * eta * left)) / 2
        third = (names[2], required * up, grid[-1])
        required *= up
    else:
        sums = list(itertools.accumulate([(b - a) * s for a, b, s in zip(grid, grid[1:], sigma[1:], strict=False)]))
        j = next(i for i, total in enumerate(sums, 1) if left * total > residual)
        required, third = grid[j], (names[2], residual * up, left * sums[-1] * down)
    mu = sigma[j] ** 2 * down
    rate = 1 - 2 * mu * eta * left * down
    bounds = {
        "residual": ("upper", residual), "lambda_min": ("lower", lam * share * down), "lipschitz": ("upper", lipschitz),
        "ell": ("upper", ell), "beta": ("upper", beta), "required": ("upper", required), "mu": ("lower", mu),
        "floor": ("lower", 1.0), "rate": ("upper", rate),
    }  # fmt: skip
    hypotheses = [(names[0], 0.0, lam * down), (names[1], beta * eta * up, 2.0), third]
    return write(
        folder, graph, x, y, theorem, bounds, hypotheses, eta, np.array(grid), np.array(sigma) * down, loss
    )  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_certificates_are_accepted(tmp_path: Path, name: str) -> None:
    result = recheck(certificate(tmp_path, name).path)
    assert result.accepted, result.message
    assert len(result.checks) > 15


@pytest.mark.parametrize("theorem", ["A", "A'", "C"])
@pytest.mark.parametrize("loss", ["sum", "mean"])
def test_of_every_theorem_and_loss(tmp_path: Path, theorem: str, loss: str) -> None:
    result = recheck(certificate(tmp_path, "residual", theorem, loss).path)
    assert result.accepted, result.message


@pytest.mark.slow
@pytest.mark.parametrize(("name", "theorem"), [("residual", "B"), ("conv_pool", "A'"), ("attention", "A")])
def test_every_number_inflated_is_rejected_by_name(tmp_path: Path, name: str, theorem: str) -> None:
    forge = certificate(tmp_path, name, theorem)
    honest = json.dumps(forge.text)
    for path, sign in numeric_fields(forge.text):
        forge.text = json.loads(honest)
        old = value(at(forge.text, path))
        at(forge.text, path).update(number(old * (1 + sign * 1e-4) if old else sign * 1e-4))
        if path[-1] == "rate":
            at(forge.text, path).update(number(1 - (1 - old) * (1 + 1e-4)))
        field = "bounds.required" if path[-1] == "required" else dotted(path)
        refused(recheck(forge.write_text()), FALSE, field)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Theorem E, which proves more than the recursions in a network as small as these."""
    monkeypatch.setattr(ball_bounds, "covered", lambda *_: False)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("j", range(4))
def test_a_profile_above_the_recursions_is_refused(tmp_path: Path, j: int) -> None:
    forge = certificate(tmp_path, "residual")
    forge.arrays["sigma"][j] *= 1 + 1e-4
    refused(recheck(forge.write()), FALSE, f"arrays.sigma[{j}]")


def _weight(scale: float) -> Callable[[Text, Arrays], Any]:
    return lambda t, a: a.update(W2=a["W2"] * scale)


FORGED: list[tuple[str, Callable[[Text, Arrays], Any], str]] = [
    ("weights", _weight(1.1), "arrays.sigma"),
    ("bias", lambda t, a: a.update(b1=a["b1"] + 0.1), "bounds.residual"),
    ("data", lambda t, a: a.update(x=1.1 * a["x"]), "bounds.residual"),
    ("targets", lambda t, a: a.update(y=a["y"] + 0.1), "bounds.residual"),
    ("kappa", lambda t, a: t["network"]["nodes"][3].update(kappa=number(1.2)), "arrays.sigma"),
    ("tau", lambda t, a: t["network"]["nodes"][1].update(tau=number(0.5)), "bounds.residual"),
    ("activation", lambda t, a: t["network"]["nodes"][2].update(activation="erf"), "arrays.sigma"),
    ("the sum's other part", lambda t, a: t["network"]["nodes"][4].update(inputs=[3, 3]), "arrays.sigma"),
    ("a patch", lambda t, a: a["n3.patches"].__setitem__((0, 0, slice(None)), a["n3.patches"][0, 1]), "arrays.sigma"),
    ("mean loss", lambda t, a: t.update(loss="mean"), "arrays.sigma"),
]


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(("what", "change", "field"), FORGED, ids=[f[0] for f in FORGED])
def test_another_network_is_refused(tmp_path: Path, what: str, change: Callable[..., Any], field: str) -> None:
    forge = certificate(tmp_path, "residual")
    change(forge.text, forge.arrays)
    refused(recheck(forge.write()), FALSE, field)


def nodes(t: Text) -> list[Any]:
    return t["network"]["nodes"]


INDEX = "n3.patches"
BROKEN: list[tuple[str, str, Callable[[Text, Arrays], Any], str]] = [
    ("residual", "no nodes", lambda t, a: t["network"].update(nodes=[]), "network.nodes"),
    ("residual", "nodes no list", lambda t, a: t["network"].update(nodes={}), "network.nodes"),
    ("residual", "a node no object", lambda t, a: nodes(t).__setitem__(1, 7), "network.nodes[1]"),
    ("residual", "extra key", lambda t, a: t["network"].update(layers=3), "network"),
    ("residual", "groups", lambda t, a: t["network"].update(groups=True), "network.groups"),
    ("residual", "more groups", lambda t, a: t["network"].update(groups=4), "network.groups"),
    ("residual", "fewer groups", lambda t, a: t["network"].update(groups=2), "network.nodes[6].group"),
    ("residual", "kind", lambda t, a: nodes(t)[2].update(kind="relu"), "network.nodes[2].kind"),
    ("residual", "input again", lambda t, a: nodes(t)[2].update(kind="input"), "network.nodes[2].kind"),
    ("residual", "no input", lambda t, a: nodes(t)[0].update(kind="sum"), "network.nodes[0].kind"),
    ("residual", "a key of another kind", lambda t, a: nodes(t)[2].update(scale=1), "network.nodes[2]"),
    ("residual", "reads itself", lambda t, a: nodes(t)[2].update(inputs=[2]), "network.nodes[2].inputs"),
    ("residual", "reads what comes later", lambda t, a: nodes(t)[2].update(inputs=[5]), "network.nodes[2].inputs"),
    ("residual", "reads -1", lambda t, a: nodes(t)[2].update(inputs=[-1]), "network.nodes[2].inputs"),
    ("residual", "reads two", lambda t, a: nodes(t)[2].update(inputs=[1, 1]), "network.nodes[2].inputs"),
    ("residual", "a sum of one", lambda t, a: nodes(t)[4].update(inputs=[1]), "network.nodes[4].inputs"),
    ("residual", "a sum of two sizes", lambda t, a: nodes(t)[4].update(inputs=[1, 0], size=9), "network.nodes[4].size"),
    ("residual", "size", lambda t, a: nodes(t)[2].update(size=9), "network.nodes[2].size"),
    ("residual", "size true", lambda t, a: nodes(t)[2].update(size=True), "network.nodes[2].size"),
    ("residual", "affine size", lambda t, a: nodes(t)[6].update(size=3), "network.nodes[6].size"),
    ("residual", "group 0", lambda t, a: nodes(t)[1].update(group=0), "network.nodes[1].group"),
    ("residual", "activation", lambda t, a: nodes(t)[2].update(activation="relu"), "network.nodes[2].activation"),
    ("residual", "kappa infinite", lambda t, a: nodes(t)[1].update(kappa=number(np.inf)), "network.nodes[1].kappa"),
    ("residual", "an index too large", lambda t, a: a[INDEX].__setitem__((0, 0, 4), 8), f"arrays.{INDEX}"),
    ("residual", "an index below -1", lambda t, a: a[INDEX].__setitem__((0, 0, 4), -2), f"arrays.{INDEX}"),
    ("residual", "half an index", lambda t, a: a[INDEX].__setitem__((0, 0, 4), 0.5), f"arrays.{INDEX}"),
    ("residual", "NaN index", lambda t, a: a[INDEX].__setitem__((0, 0, 4), np.nan), f"arrays.{INDEX}"),
    ("residual", "two axes", lambda t, a: a.update({INDEX: a[INDEX][0]}), f"arrays.{INDEX}"),
    ("residual", "patches too short", lambda t, a: a.update({INDEX: a[INDEX][..., :-1].copy()}), "arrays.W2"),
    ("residual", "no patches", lambda t, a: a.pop(INDEX), "arrays.sha256"),
    ("residual", "an array too many", lambda t, a: a.update({"n2.index": a["x"]}), "arrays.sha256"),
    ("residual", "bias of another shape", lambda t, a: a.update(b2=a["b2"][:, :1].copy()), "arrays.b2"),
    ("residual", "a bias too few", lambda t, a: a.pop("b2"), "network.nodes[3].tau"),
    ("residual", "x narrower", lambda t, a: a.update(x=a["x"][:, :-1].copy()), "network.nodes[0].size"),
    ("residual", "y narrower", lambda t, a: a.update(y=a["y"][:, :1].copy()), "arrays.y"),
    ("residual", "schema 1", lambda t, a: t.update(schema="pltheory-certificate/1"), "certificate"),
    ("selected", "a factor without an index", lambda t, a: a["n2.index"].__setitem__((0, 0), -1), "arrays.n2.factor"),
    ("selected", "index too large", lambda t, a: a["n2.index"].__setitem__((0, 0), 4), "arrays.n2.index"),
    ("selected", "offset longer", lambda t, a: a.update({"n2.offset": np.zeros(6)}), "arrays.n2.offset"),
    ("attention", "a token twice", lambda t, a: a["n1.tokens"].__setitem__((0, 0), 1), "arrays.n1.tokens"),
    ("attention", "a token less", lambda t, a: a.update({"n1.tokens": a["n1.tokens"][:2]}), "network.nodes[1].size"),
    ("attention", "an entry twice", lambda t, a: a["n5.left"].__setitem__((0, 0, 0), 1), "arrays.n5.left"),
    ("attention", "epsilon 0", lambda t, a: nodes(t)[1].update(epsilon=number(0.0)), "network.nodes[1].epsilon"),
    ("attention", "epsilon 1", lambda t, a: nodes(t)[6].update(epsilon=number(1.0)), "network.nodes[6].epsilon"),
    ("attention", "a map", lambda t, a: nodes(t)[6].update(map="max"), "network.nodes[6].map"),
    ("attention", "sides that do not meet", lambda t, a: a.update({"n5.right": a["n5.right"][:, :1].copy()}),
     "arrays.n5.right"),
    ("positions", "no entries and no bias", lambda t, a: (a.pop("b2"), nodes(t)[2].update(tau=number(0.0))),
     "arrays.W2"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "what", "change", "field"), BROKEN, ids=[f"{b[0]}-{b[1]}" for b in BROKEN])
def test_what_is_no_network_of_class_g_is_refused(
    tmp_path: Path, name: str, what: str, change: Callable[..., Any], field: str
) -> None:
    forge = certificate(tmp_path, name)
    change(forge.text, forge.arrays)
    refused(recheck(forge.write()), DAMAGED, field)


def test_class_g_is_not_of_the_other_theorems(tmp_path: Path) -> None:
    forge = certificate(tmp_path, "mlp")
    for theorem in ("B+", "D"):
        forge.text["theorem"] = theorem
        assert recheck(forge.write_text()).code == DAMAGED


def test_every_stored_number_counts(tmp_path: Path) -> None:
    forge = certificate(tmp_path, "attention")
    honest = json.dumps(forge.text)
    for path in all_numbers(forge.text):
        forge.text = json.loads(honest)
        at(forge.text, path)["decimal"] += "1"
        refused(recheck(forge.write_text()), DAMAGED, dotted(path))


@pytest.mark.parametrize("limit", ["most_seconds", "most_gib"])
def test_what_costs_more_than_allowed_is_not_read(tmp_path: Path, limit: str) -> None:
    result = recheck(certificate(tmp_path, "residual").path, **{limit: 1e-3})
    assert result.code == UNSURE
    assert result.field == limit.removeprefix("most_").replace("seconds", "time").replace("gib", "memory")


def test_a_chain_of_sums_that_hold_a_node_twice_ends(tmp_path: Path) -> None:
    g = Builder(2)
    z = g.dense(0, 2)
    for _ in range(60):
        z = g.sum(z, z)
    g.dense(g.act(z), 1)
    graph = g.graph()
    x, y = data(graph)
    lower = ("lambda_min", "mu", "floor")
    bounds = {name: ("lower" if name in lower else "upper", 1.0) for name in BOUNDS}
    hypotheses = [(name, 0.0, 1.0) for name, _ in HYPOTHESES["B"]]
    grid = np.array([0.0, 1.0])
    forge = write(tmp_path, graph, x, y, "B", bounds, hypotheses, 0.1, grid, grid)
    assert recheck(forge.path, most_seconds=60).code == FALSE
