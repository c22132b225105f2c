"""What the recheck of Theorem NC computes of matrices of every kind and scale holds the truth in many digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb, ctx
from mpmath import mp

from pltheory.rechecker import class_means, collapse
from pltheory.rechecker.arithmetic import spectrum
from pltheory.rechecker.checks import Checks, Comparison
from pltheory.rechecker.fields import FAILED, UNSURE, Stop
from pltheory.rechecker.graph.kinds.affine import Affine
from pltheory.rechecker.graph.kinds.input import Input
from tests.oracles import collapse as slow

CASES = 150
DIGITS = 120
Array = np.ndarray
Drawn = tuple[Array, Array, Array | None, Array | None, Array, Array]


class Spy(Comparison):
    """Keeps what is recomputed, compares nothing."""

    found: dict[str, arb]

    def bounds(self, **found: arb) -> None:
        self.found.update(found)

    def hypothesis(self, name: str, low: arb, high: arb) -> None: ...


def drawn(rng: np.random.Generator) -> Drawn:
    """W, V, biases or None, H and labels: balanced, dependent, collapsed, integral, far from 0 or of far scales."""
    c, d, k, n = (int(rng.integers(low, high)) for low, high in ((2, 5), (1, 6), (1, 6), (2, 9)))
    size = 10.0 ** (rng.uniform(-120, 60, 3) if rng.random() < 0.3 else rng.uniform(-3, 3, 3))
    w, v, h = (s * rng.normal(size=shape) for s, shape in zip(size, ((c, d), (d, k), (n, k)), strict=True))
    labels = rng.integers(0, c, n)
    labels[:2] = 0, 1
    under = size[0] * 10.0 ** rng.uniform(-2, 8) * rng.normal(size=d) if rng.random() < 0.5 else None
    last = rng.normal(size=c) if rng.random() < 0.5 else None
    match rng.integers(10):
        case 0 | 1 | 2 | 3:  # balanced, and perhaps interpolating, up to a last digit or a first one
            _, s, rows = np.linalg.svd(w, full_matrices=False)
            turn = np.linalg.qr(rng.normal(size=(max(k, len(s)),) * 2))[0][: len(s), :k]
            v = rows.T @ np.diag(s) @ turn * (1 + 10.0 ** rng.uniform(-16, 0) * rng.normal())
            if rng.random() < 0.8:
                last = None
                under = under if under is None else rng.normal(size=d)
                off = 1 + 10.0 ** rng.uniform(-16, 0) * rng.normal(size=h.shape)
                shift = 0.0 if under is None else w @ under
                h = (np.eye(c)[labels] - shift) @ np.linalg.pinv(w @ v).T * off
        case 4:
            w[-1] = w[0] * (1 + 10.0 ** rng.uniform(-17, -1))
        case 5:
            h[labels == 0] = h[0]
        case 6:
            w, v, h = (np.round(2 * a / s) for a, s in zip((w, v, h), size, strict=True))
        case 7:
            w = np.zeros_like(w)
            w[0, 0] = size[0]
        case 8:
            h = h + 10.0 ** rng.uniform(0, 9)
        case _:
            pass
    return w, v, under, last, h, labels


def truth(w: Array, v: Array, under: Array | None, last: Array | None, h: Array, labels: Array) -> dict[str, Any]:
    """By their definitions."""
    classes = labels.tolist()
    present = sorted(set(classes))
    inner, outer, seen = slow.matrix(v), slow.matrix(w), slow.matrix(h).T
    targets, ends = mp.matrix(len(w), len(classes)), mp.matrix(len(w), len(present))
    for j, c in enumerate(classes):
        targets[c, j] = 1
    for j, c in enumerate(present):
        ends[c, j] = 1
    z = _shifted(inner * seen, under)
    f = _shifted(outer * z, last)
    gap = outer.T * outer - inner * inner.T
    if under is not None:
        column = slow.matrix(under[:, None])
        gap, seen = gap - column * column.T, slow.with_ones(seen)
    gains = slow.singular(outer)
    s, most = gains[-1], gains[0]
    imbalance, fit = slow.spectral(gap), slow.frobenius(f - targets)
    outputs, features, size = slow.within(f, classes), slow.within(seen, classes), slow.frobenius(seen)
    misfit, spread = slow.spectral(outer * slow.means(z, classes) - ends), slow.between(targets, classes)
    found = {
        "gain": s, "largest": most, "imbalance": imbalance, "fit": fit, "features": size, "outputs_within": outputs,
        "features_within": features, "within": slow.within(z, classes), "misfit": misfit,
    }  # fmt: skip
    if s > 0:
        apart = mp.sqrt((outputs / s) ** 2 + imbalance * features**2)
        found |= {"condition": most / s, "apart": apart, "stated": fit / s + mp.sqrt(imbalance) * size}
        if fit < spread:
            found["nc1"] = (apart * most / (spread - fit)) ** 2
        if misfit < 1:
            across = mp.sqrt(imbalance) * slow.spectral(slow.means(seen, classes))
            found["nc2"] = mp.sqrt(((1 + misfit) / s) ** 2 + across**2) * most / (1 - misfit)
            found["nc3"] = 1 / found["nc2"]
    return found


def _shifted(z: mp.matrix, bias: Array | None) -> mp.matrix:
    for i in range(0 if bias is None else z.rows):
        for j in range(z.cols):
            z[i, j] += mp.mpf(float(bias[i]))
    return z


def dense(below: int, group: int, weight: Array, bias: Array | None) -> Affine:
    order = np.arange(weight.shape[1])
    shift = (0.0, None) if bias is None else (1.0, bias[None])
    return Affine(len(weight), (below,), group, order[None, None], 1.0, shift[0], weight[None], shift[1], len(order))


def recomputed(case: Drawn, guess: dict[str, Any], bits: int) -> dict[str, arb]:
    """What the recheck finds before it stops, if it does: at a number that is not decided to be positive."""
    w, v, under, last, h, labels = case
    kinds = [Input(h.shape[1]), dense(0, 0, v, under), dense(1, 1, w, last)]
    claimed = {name: min(float(x), 1e300) for name, x in guess.items()} | {"gain": float(guess["gain"])}
    Spy.found = {}
    claim = collapse.CollapseClaim(kinds, h, np.eye(len(w))[labels], claimed, [], [], {})
    try:
        with ctx.workprec(bits), np.errstate(all="ignore"):
            collapse.check_collapse(claim, Checks(), lambda note: None)
    except Stop as stop:
        if stop.code not in (UNSURE, FAILED) and guess["gain"] != 0:
            raise
    return Spy.found


def ends(x: arb) -> list[mp.mpf]:
    return [mp.mpf(int(m)) * mp.mpf(2) ** int(e) for m, e in (x.lower().man_exp(), x.upper().man_exp())]


def attack(cases: int) -> tuple[list[str], dict[str, int], int]:
    """Names of what the truth was outside of, how often each was compared, and how many enclosures were narrow."""
    rng, outside, compared, narrow = np.random.default_rng(5), list[str](), dict[str, int](), 0
    with mp.workdps(DIGITS):
        for _ in range(cases):
            case = drawn(rng)
            exact = truth(*case)
            found = recomputed(case, exact, int(rng.choice([53, 128, 300])))
            for name in exact.keys() & found.keys():
                low, high = ends(found[name])
                room = abs(exact[name]) * mp.mpf(10) ** (-DIGITS // 3)
                if not low - room <= exact[name] <= high + room:
                    outside.append(name)
                compared[name] = compared.get(name, 0) + 1
                narrow += high - low <= 1e-6 * abs(exact[name])
    return outside, compared, narrow


def test_the_truth_is_always_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collapse, "Comparison", Spy)
    outside, compared, narrow = attack(CASES)
    assert outside == []
    assert len(compared) == 15
    assert min(compared.values()) > CASES // 20
    assert narrow > 0.8 * sum(compared.values())


WRONG: dict[str, tuple[Any, str, Any, str]] = {
    "no bias in V": (collapse, "_with_bias", lambda kind: kind.weight[0], "imbalance"),
    "no ones in H": (collapse, "_with_ones", lambda m: m, "nc2"),
    "a norm without the error": (class_means, "around", lambda size, off: size, "within"),
    "the balance of traces": (collapse, "symmetric_norm", lambda m: abs(m[0, 0]), "imbalance"),
    "the largest for the least": (collapse, "spectrum", lambda m, hint=None: (spectrum(m)[1],) * 2, "gain"),
}


@pytest.mark.parametrize("what", WRONG)
def test_and_outside_of_what_is_wrong(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collapse, "Comparison", Spy)
    module, name, broken, seen = WRONG[what]
    monkeypatch.setattr(module, name, broken)
    assert seen in attack(60)[0]
