"""Certificates of Theorem NC: what is proved is accepted, what is doctored, or of other features, is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from flint import arb, ctx
from mpmath import mp
from torch import nn

from pltheory.certificates.prove import certify
from pltheory.certification.claim import Claim
from pltheory.optim import GradientDescentSettings
from pltheory.problem.problem import Problem
from pltheory.rechecker import recheck
from pltheory.rechecker.arithmetic import matrix, symmetric_norm
from pltheory.rechecker.class_means import Classes, size
from pltheory.rechecker.midpoint import Approx, Upper
from pltheory.theory import InvalidInputError, NotAvailableError
from tests.forge import DAMAGED, FALSE, UNSURE, Arrays, Forge, Text, all_numbers, at, dotted, number, refused, value
from tests.fuzz.collapse_certificates import NETWORKS, claim, collapse_falsehood, trained
from tests.oracles import collapse as slow
from tests.rechecker.test_schema import PUBLISHED, wrong

RULE = GradientDescentSettings(eta=0.1)


def forged(folder: Path, name: str) -> Forge:
    return write(folder, claim(name))


def write(folder: Path, c: Claim) -> Forge:
    return Forge(folder, c.text("c.cert.npz"), c.arrays_bytes())


def proved(net: nn.Sequential, x: torch.Tensor, labels: torch.Tensor) -> Claim:
    y = torch.eye(net[-1].out_features, dtype=x.dtype)[labels]
    return certify(Problem(net, x, y), RULE, theorem="NC")


def inputs(n: int = 9, d: int = 4) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def balanced() -> Claim:
    """V = W^T to the last bit but one: sqrt(e2) has half of the digits."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 5, bias=False), nn.Linear(5, 3, bias=False)).double()
    with torch.no_grad():
        net[1].weight.copy_(net[2].weight.T * (1 + 2.0**-51))
    return proved(net, inputs(), torch.arange(9) % 3)


def exactly_balanced() -> Claim:
    net = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)).double()
    with torch.no_grad():
        for layer in net:
            layer.weight.copy_(torch.diag(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)))
    return proved(net, inputs(6, 3), torch.arange(6) % 3)


def collapsed() -> Claim:
    """Samples of a class differ in an input that nothing reads: every distance from class means is 0."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 7), nn.ReLU(), nn.Linear(7, 5), nn.Linear(5, 3)).double()
    x = inputs(3).repeat(3, 1)
    x[:, 3] = torch.arange(9)
    with torch.no_grad():
        net[0].weight[:, 3] = 0
    return proved(net, x, torch.arange(9) % 3)


def cancelling() -> Claim:
    """A shift of 1e7 leaves nine digits of the features to their class means."""
    p = trained("biases")
    last, under = p.network[-1], p.network[-2]
    with torch.no_grad():
        under.bias += 1e7
        last.bias -= last.weight @ torch.full((5,), 1e7, dtype=torch.float64)
    return certify(p, RULE, theorem="NC")


def single() -> Claim:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 7), nn.ReLU(), nn.Linear(7, 5), nn.Linear(5, 3))
    return proved(net, inputs().float(), torch.arange(9) % 3)


def unequal() -> Claim:
    """Classes of 6, 2 and 1."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 7), nn.Sigmoid(), nn.Linear(7, 5), nn.Linear(5, 3)).double()
    return proved(net, inputs(), torch.tensor([0, 0, 1, 0, 0, 2, 0, 1, 0]))


def tiny() -> Claim:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 7), nn.ReLU(), nn.Linear(7, 5), nn.Linear(5, 3)).double()
    with torch.no_grad():
        net[3].weight *= 1e-150
    return proved(net, inputs(), torch.arange(9) % 3)


def scaled() -> Claim:
    """V = 1.1 W^T: the imbalance has one sign, and is 0 across the row space of W."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 8, bias=False), nn.Linear(8, 3, bias=False)).double()
    with torch.no_grad():
        net[1].weight.copy_(1.1 * net[2].weight.T)
    return proved(net, inputs(), torch.arange(9) % 3)


OTHERS: dict[str, Callable[[], Claim]] = {
    f.__name__: f for f in (balanced, exactly_balanced, scaled, collapsed, cancelling, single, unequal, tiny)
}


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_proved_is_accepted_and_true(name: str, tmp_path: Path) -> None:
    forge = forged(tmp_path, name)
    assert not wrong(forge.text, PUBLISHED)
    result = recheck(forge.path)
    assert result.accepted, result.message
    assert collapse_falsehood(forge.text, forge.arrays) == ""
    assert {"loss", "optimizer"}.isdisjoint(forge.text)


@pytest.mark.parametrize("name", OTHERS)
def test_so_is_what_is_extreme(name: str, tmp_path: Path) -> None:
    forge = write(tmp_path, OTHERS[name]())
    result = recheck(forge.path)
    assert result.accepted, result.message
    assert name == "cancelling" or collapse_falsehood(forge.text, forge.arrays) == ""


def test_the_conditional_bounds_are_there_where_their_hypotheses_are() -> None:
    said = {name: (len(claim(name).inequalities), set(claim(name).bounds) & {"nc1", "nc2", "nc3"}) for name in NETWORKS}
    assert said["relu"] == (3, {"nc1", "nc2", "nc3"})
    assert said["more classes than features"] == (2, {"nc1"})
    assert len({frozenset(bounds) for _, bounds in said.values()}) >= 2


def test_another_validator_agrees() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for name in NETWORKS:
        jsonschema.Draft202012Validator(PUBLISHED).validate(json.loads(claim(name).text("c.cert.npz")))


def test_one_that_was_stored_when_the_form_was_new_is_accepted() -> None:
    result = recheck(Path(__file__).parent / "stored_2" / "weights" / "nc.cert.json")
    assert (result.accepted, len(result.checks)) == (True, 24), result.message


# -- dishonest numbers


def doctored(forge: Forge, path: list[Any], x: float) -> Forge:
    node = at(forge.text, path)
    node.update(number(x))
    return forge


def sides(text: Text) -> list[tuple[list[Any], int]]:
    """Places of numbers, each with the sign of a dishonest change."""
    found: list[tuple[list[Any], int]] = [
        (["bounds", name], 1 if b["kind"] == "lower" else -1) for name, b in text["bounds"].items()
    ]
    for i in range(len(text["hypotheses"])):
        found += [(["hypotheses", i, "left"], -1), (["hypotheses", i, "right"], 1)]
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_every_number_made_better_is_refused_by_name(name: str, tmp_path: Path) -> None:
    honest = json.dumps(forged(tmp_path, name).text)
    for path, sign in sides(json.loads(honest)):
        forge = forged(tmp_path, name)
        x = value(at(forge.text, path))
        # Where ||W M - I|| is near 1 its room of 6e-8 is a hundred times that of what is divided by 1 minus it.
        doctored(forge, path, x + sign * 1e-5 * abs(x) if x else sign * 1e-5)
        refused(recheck(forge.write_text()), FALSE, dotted(path))


IN_MANY_DIGITS = {"relu": lambda t: max(t, mp.mpf(0)), "biases": mp.tanh, "more classes than features": mp.tanh}
"""Networks of dense layers with one function between the first and the last two."""


@pytest.mark.parametrize("name", IN_MANY_DIGITS)
def test_a_bound_beyond_the_truth_by_its_last_digits_is_refused(name: str, tmp_path: Path) -> None:
    """What is proved is true by 6e-8; here the truth in forty digits, a little better than it is, is claimed."""
    for key, truth in exact(name).items():
        worse = 1 if forged(tmp_path, name).text["bounds"][key]["kind"] == "upper" else -1
        for by in (1e-10, 1e-14):
            forge = doctored(forged(tmp_path, name), ["bounds", key], float(truth * (1 - worse * by)))
            result = recheck(forge.write_text())
            assert (result.code in (FALSE, UNSURE), result.field) == (True, f"bounds.{key}"), (key, by, result.message)
            assert result.code == FALSE or by < 1e-10
        forge = doctored(forged(tmp_path, name), ["bounds", key], float(truth * (1 + worse * 1e-9)))
        assert recheck(forge.write_text()).accepted, key


def exact(name: str) -> dict[str, Any]:
    """Numbers of a claim in forty digits, from the stored arrays."""
    a = claim(name).stored
    labels = a["y"].argmax(axis=1).tolist()
    with mp.workdps(40):
        w, v = slow.matrix(a["W3"][0]), slow.matrix(a["W2"][0])
        h = _affine(a, 1, slow.matrix(a["x"]).T).apply(IN_MANY_DIGITS[name])
        z = _affine(a, 2, h)
        f = _affine(a, 3, z)
        gap = w.T * w - v * v.T
        if "b2" in a:
            b = slow.matrix(a["b2"].T)
            gap, h = gap - b * b.T, slow.with_ones(h)
        gains, e2 = slow.singular(w), slow.spectral(gap)
        fit = slow.frobenius(f - slow.matrix(a["y"]).T)
        outputs, features = slow.within(f, labels), slow.within(h, labels)
        return {
            "gain": gains[-1], "largest": gains[0], "condition": gains[0] / gains[-1], "imbalance": e2, "fit": fit,
            "features": slow.frobenius(h), "outputs_within": outputs, "features_within": features,
            "within": slow.within(z, labels), "misfit": slow.spectral(w * slow.means(z, labels) - mp.eye(3)),
            "apart": mp.sqrt((outputs / gains[-1]) ** 2 + e2 * features**2),
            "stated": fit / gains[-1] + mp.sqrt(e2) * slow.frobenius(h),
        }  # fmt: skip


def _affine(a: Arrays, group: int, below: mp.matrix) -> mp.matrix:
    z = slow.matrix(a[f"W{group}"][0]) * below
    for i in range(z.rows):
        for j in range(z.cols):
            z[i, j] += mp.mpf(float(a[f"b{group}"][0, i])) if f"b{group}" in a else 0
    return z


# -- another network, or other features


def _hidden(forge: Forge) -> None:
    """More of what the last layer does not see, in the layer before it: outputs stay, features vary more."""
    w, v = forge.arrays["W3"][0], forge.arrays["W2"][0]
    across = np.linalg.svd(w)[2][-1]
    assert np.abs(w @ across).max() < 1e-12
    forge.arrays["W2"] = (v + 0.01 * np.outer(across, across @ v))[None]


OTHER_FEATURES: dict[str, Callable[[Forge], Any]] = {
    "weights of the body": lambda f: f.arrays.update(W1=1.01 * f.arrays["W1"]),
    "one weight by a hundred thousandth": lambda f: f.arrays["W2"].__setitem__(
        (0, 0, 0), f.arrays["W2"][0, 0, 0] - 1e-5
    ),
    "a layer that the last one does not see": _hidden,
    "the last layer, halved": lambda f: f.arrays.update(W3=0.5 * f.arrays["W3"]),
    "both layers, scaled against each other": lambda f: f.arrays.update(W3=f.arrays["W3"] / 2, W2=f.arrays["W2"] * 2),
    "a sample": lambda f: f.arrays["x"].__setitem__((4, 2), f.arrays["x"][4, 2] + 0.1),
    "two labels exchanged": lambda f: f.arrays.update(y=f.arrays["y"][[1, 0, *range(2, 9)]]),
    "another function": lambda f: f.arrays.update({"n2.slopes": np.array([0.01, 1.0])}),
}


@pytest.mark.parametrize("what", OTHER_FEATURES)
def test_features_that_vary_more_are_refused(what: str, tmp_path: Path) -> None:
    forge = forged(tmp_path, "relu")
    forge.arrays = {name: array.copy() for name, array in forge.arrays.items()}
    OTHER_FEATURES[what](forge)
    result = recheck(forge.write())
    assert result.code == FALSE, result.message
    assert collapse_falsehood(forge.text, forge.arrays) or what.startswith("one weight")


def test_features_of_the_bound_alone_are_refused(tmp_path: Path) -> None:
    """Everything is as claimed, but `within`, whose claim is that of a network nearer to its class means."""
    forge = forged(tmp_path, "relu")
    _hidden(forge)
    honest = forged(tmp_path, "relu").text
    forge.text = honest
    first = recheck(forge.write())
    assert first.field in ("bounds.imbalance", "bounds.within")
    for name in forge.text["bounds"]:
        if name != "within":
            b = forge.text["bounds"][name]
            b.update(number(value(b) * (1.5 if b["kind"] == "upper" else 1 / 1.5)))
    for h in forge.text["hypotheses"]:
        h["left"].update(number(value(h["left"]) * 1.5))
    forge.text["hypotheses"][0]["right"].update(number(0.4))
    refused(recheck(forge.write()), FALSE, "bounds.within")


# -- what is no such certificate

NODES: dict[str, tuple[str, Callable[[Text, Arrays], Any], str]] = {
    "no linear layer before the last": (
        "relu", lambda t, a: t["network"]["nodes"].__setitem__(
            3, {"kind": "affine", "inputs": [1], "size": 6, "group": 2, "kappa": number(0.5), "tau": number(0.0)}
        ), "network.nodes[3]",
    ),
    "a factor": ("relu", lambda t, a: t["network"]["nodes"][4].update(kappa=number(2.0)), "network.nodes[4]"),
    "half a bias": ("biases", lambda t, a: t["network"]["nodes"][3].update(tau=number(0.5)), "network.nodes[3]"),
    "entries in another order": (
        "relu", lambda t, a: a.update({"n4.patches": a["n4.patches"][..., ::-1].copy()}), "network.nodes[4]"
    ),
    "an entry that is not read": ("relu", lambda t, a: a["n4.patches"].__setitem__((0, 0, 1), -1), "network.nodes[4]"),
    "no labels": ("relu", lambda t, a: a.update(y=a["y"] - 1 / 3), "arrays.y"),
    "two ones in a row": ("relu", lambda t, a: a["y"].__setitem__((2, 0), 1.0), "arrays.y"),
    "one class": ("relu", lambda t, a: a.update(y=np.eye(3)[[1] * 9]), "arrays.y"),
    "a row of zeros": ("relu", lambda t, a: a["y"].__setitem__(3, 0.0), "arrays.y"),
    "a step rule": (
        "relu", lambda t, a: t.update(
            optimizer={"name": "gd", "eta": number(1.0), "gamma": number(1.0), "delta": number(1.0)}
        ), "certificate",
    ),
    "a loss": ("relu", lambda t, a: t.update(loss="sum"), "certificate"),
    "a witness": ("relu", lambda t, a: t["witness"].update(radius=number(1.0)), "witness"),
    "words of steps": ("relu", lambda t, a: t.update(
        statement="exact-arithmetic iteration from the stored float64 weights on the stored float64 data"
    ), "statement"),
    "another conclusion": ("relu", lambda t, a: t.update(conclusion=t["conclusion"] + " "), "conclusion"),
    "layers": ("relu", lambda t, a: t.update(
        network={"activation": "tanh", "layers": 3, "kappas": [number(1.0)] * 3, "taus": [number(0.0)] * 3}
    ), "network"),
    "NC1 without its hypothesis": ("relu", lambda t, a: t["hypotheses"].pop(1), "bounds"),
    "NC2 without its hypothesis": ("relu", lambda t, a: t["hypotheses"].pop(2), "bounds"),
    "a hypothesis without NC1": ("relu", lambda t, a: t["bounds"].pop("nc1"), "bounds"),
    "a hypothesis twice": ("relu", lambda t, a: t["hypotheses"].append(t["hypotheses"][2]), "hypotheses"),
    "hypotheses in another order": ("relu", lambda t, a: t["hypotheses"].reverse(), "hypotheses[0].name"),
    "no hypothesis": ("relu", lambda t, a: t["hypotheses"].clear(), "hypotheses"),
    "hypotheses no list": ("relu", lambda t, a: t.update(hypotheses={}), "hypotheses"),
    "hypotheses of numbers": ("relu", lambda t, a: t.update(hypotheses=[1, 2, 3]), "hypotheses"),
    "a lower bound as an upper one": (
        "relu", lambda t, a: t["bounds"]["gain"].update(kind="upper"), "bounds.gain.kind"
    ),
    "an infinite bound": ("relu", lambda t, a: t["bounds"]["nc1"].update(number(np.inf)), "bounds.nc1"),
    "schema 1": ("relu", lambda t, a: t.update(schema="pltheory-certificate/1"), "schema"),
    "an array too many": ("relu", lambda t, a: a.update(grid=np.array([0.0, 1.0])), "arrays.sha256"),
}  # fmt: skip


@pytest.mark.parametrize("what", NODES)
def test_what_is_not_of_the_form_is_damaged(what: str, tmp_path: Path) -> None:
    name, change, field = NODES[what]
    forge = forged(tmp_path, name)
    forge.arrays = {key: array.copy() for key, array in forge.arrays.items()}
    change(forge.text, forge.arrays)
    refused(recheck(forge.write()), DAMAGED, field)


def test_another_theorem_s_certificate_is_not_one_of_weights_alone(tmp_path: Path) -> None:
    forge = forged(tmp_path, "relu")
    for theorem in ("B", "M", "W2", "F1", "T"):
        forge.text["theorem"] = theorem
        assert recheck(forge.write_text()).code == DAMAGED


def test_every_stored_number_counts(tmp_path: Path) -> None:
    honest = json.dumps(forged(tmp_path, "relu").text)
    for path in all_numbers(json.loads(honest)):
        forge = forged(tmp_path, "relu")
        at(forge.text, path)["decimal"] += "1"
        refused(recheck(forge.write_text()), DAMAGED, dotted(path))


@pytest.mark.parametrize("limit", ["most_seconds", "most_gib"])
def test_what_costs_more_than_allowed_is_not_read(tmp_path: Path, limit: str) -> None:
    result = recheck(forged(tmp_path, "relu").path, **{limit: 1e-3})
    assert result.code == UNSURE
    assert result.field == limit.removeprefix("most_").replace("seconds", "time").replace("gib", "memory")


def test_few_bits_refute_nothing(tmp_path: Path) -> None:
    for name in NETWORKS:
        assert recheck(forged(tmp_path, name).path, bits=24).code not in (FALSE, DAMAGED)


def test_numbers_that_overflow_are_said(tmp_path: Path) -> None:
    forge = forged(tmp_path, "relu")
    forge.arrays["W1"] = forge.arrays["W1"] * 1e200
    forge.arrays["W2"] = forge.arrays["W2"] * 1e200
    result = recheck(forge.write())
    assert not result.accepted
    assert "overflow" in result.message


# -- what is computed


@pytest.mark.parametrize("spread", [1.0, 1e-12])
def test_the_norm_of_a_symmetric_matrix_is_enclosed(spread: float) -> None:
    """Both ends of the spectrum; a norm that lies in the rounding of the terms."""
    rng = np.random.default_rng(0)
    for n in (1, 2, 7, 20):
        for shift in (-3.0, 0.0, 2.0):
            a = rng.normal(size=(n, n))
            s = spread * (a + a.T) + shift * np.eye(n)
            with mp.workdps(40):
                truth = max(abs(e) for e in mp.eigsy(slow.matrix(s), eigvals_only=True))
            found = symmetric_norm(matrix(s))
            assert found.lower() <= float(truth) * (1 + 1e-15)
            assert found.upper() >= float(truth) * (1 - 1e-15)
            assert float(found.rad()) <= 1e-8 * float(truth)
    assert symmetric_norm(matrix(np.zeros((4, 4)))) == 0


@pytest.mark.parametrize("sign", [1, -1])
def test_also_of_one_whose_spectrum_ends_at_zero(sign: int) -> None:
    """Layers that differ in scale alone have such an imbalance: of low rank, all its eigenvalues of one sign."""
    a = np.random.default_rng(2).integers(-3, 4, size=(30, 3)).astype(float)
    s = sign * a @ a.T
    with mp.workdps(40):
        truth = float(max(mp.eigsy(slow.matrix(a.T @ a), eigvals_only=True)))
    found = symmetric_norm(matrix(s))
    assert found.lower() <= truth * (1 + 1e-15)
    assert found.upper() >= truth * (1 - 1e-15)
    assert float(found.rad()) <= 1e-8 * truth


def test_distances_from_class_means_hold_everything_within_the_error() -> None:
    """Values that are off by what is allowed, in the direction that matters most."""
    rng = np.random.default_rng(1)
    labels, mid = np.array([0, 0, 0, 2, 2, 5]), rng.normal(size=(6, 3)) + 1e3
    err = rng.uniform(0, 1e-3, 6)
    classes, near = Classes(labels), Approx(mid, Upper(err))
    deviation, (means, off), whole = classes.deviation(near), classes.means(near), size(near, more=6)
    stored = np.array([[float(v.mid()) for v in row] for row in means.tolist()])
    for _ in range(50):
        move = rng.normal(size=mid.shape)
        if rng.random() < 0.5:  # away from the class means, or towards them
            move = mid - stored[np.unique(labels, return_inverse=True)[1]]
            move *= rng.choice([-1, 1])
        x = mid + err[:, None] * move / np.maximum(np.linalg.norm(move, axis=1, keepdims=True), 1e-300)
        own = np.array([x[labels == c].mean(axis=0) for c in (0, 2, 5)])
        within = np.linalg.norm(x - own[np.unique(labels, return_inverse=True)[1]])
        assert deviation.lower() <= within <= deviation.upper()
        assert np.linalg.norm(own - stored) <= float(off.upper()) * (1 + 1e-9)
        assert whole.lower() <= np.sqrt((x**2).sum() + 6) <= whole.upper()
    assert float(deviation.rad()) < 2 * np.linalg.norm(err)
    assert classes.spread.overlaps(arb(6 - (9 + 4 + 1) / 6).sqrt())


def test_more_bits_of_the_balls_leave_what_the_doubles_decide(tmp_path: Path) -> None:
    path = forged(tmp_path, "relu").path
    before = ctx.prec
    for bits in (53, 400):
        assert recheck(path, bits=bits).accepted
    assert ctx.prec == before


# -- what is proved, and what is not


def test_no_certificate_without_its_parts() -> None:
    torch.manual_seed(0)
    x, labels = inputs(), torch.arange(9) % 3
    one = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()
    with pytest.raises(NotAvailableError, match="does not end in two dense layers"):
        proved(one, x, labels)
    two = nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 3)).double()
    with pytest.raises(InvalidInputError, match="is not zeros and a one"):
        certify(Problem(two, x, torch.zeros(9, 3, dtype=torch.float64)), RULE, theorem="NC")


def test_a_last_layer_without_gain_is_not_written(tmp_path: Path) -> None:
    p = trained("biases")
    with torch.no_grad():
        p.network[-1].weight[2] = p.network[-1].weight[1]
    c = certify(p, RULE, theorem="NC")
    assert not c.holds
    with pytest.raises(InvalidInputError, match=r"0 < s_min\(W_L\) fails"):
        c.save(tmp_path / "c.cert.json")
