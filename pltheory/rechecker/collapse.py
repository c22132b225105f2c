"""Theorem NC rechecked: the features at the stored weights, the last two layers, and what follows for class means.

Values of the nodes are enclosed in doubles, from the data up. What the theorem makes of them is computed in balls: with
W the last layer, V = [W_{L-1}, b_{L-1}] and H what V reads, `e2 = ||W^T W - V V^T||`, and with s and S the least and
largest singular value of W

    ||Z - class means|| <= sqrt((||F - class means|| / s)^2 + e2 ||H - class means||^2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from flint import arb, arb_mat, ctx

from .arithmetic import matrix, root, spectrum, symmetric_norm
from .arrays import Shape
from .checks import Checks, Comparison, Tick, positive
from .class_means import Classes, norm, size
from .cost import Cost
from .fields import Array, damaged
from .file import Admit, read_bounds, read_hypotheses, read_weights_frame
from .graph.centre import values_of
from .graph.cost import forward_cost
from .graph.file import read_kinds
from .graph.kinds import Kind
from .graph.kinds.affine import Affine
from .graph.kinds.stored import NodeText
from .midpoint import require_rounding

BOUNDS = {
    "gain": "lower", "largest": "upper", "condition": "upper", "imbalance": "upper", "fit": "upper",
    "features": "upper", "outputs_within": "upper", "features_within": "upper", "within": "upper", "apart": "upper",
    "stated": "upper", "misfit": "upper",
}  # fmt: skip
POSITIVE, FITTED, ALIGNED = "0 < s_min(W_L)", "||F - Y|| < ||Y - mean of Y||", "||W M - I|| < 1"
WHERE: dict[str, dict[str, str]] = {FITTED: {"nc1": "upper"}, ALIGNED: {"nc2": "upper", "nc3": "lower"}}
"""Bounds more where there is that hypothesis more."""
_PART = 200_000
"""Entries of a matrix that are balls at a time."""


@dataclass(frozen=True)
class CollapseClaim:
    """What a certificate of Theorem NC says.

    Attributes:
        in_doubles: as of `file.Common`.
        kinds: of all nodes, the input first; the last is W, and what it reads V.
        x: (n, N_0).
        y: (n, C), rows of zeros and a one.
    """

    in_doubles: ClassVar[bool] = True

    kinds: list[Kind]
    x: Array
    y: Array
    bounds: dict[str, float]
    hypotheses: list[tuple[float, str, float]]
    known: list[tuple[str, str]]
    directions: dict[str, str]

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return len(self.kinds) + 3


def read_collapse(text: dict[str, Any], path: Path, admit: Admit) -> CollapseClaim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    read_weights_frame(text)
    said = [name for name in WHERE if name in _named(text["hypotheses"])]
    known = [(name, "<") for name in (POSITIVE, *said)]
    directions = BOUNDS | {key: kind for name in said for key, kind in WHERE[name].items()}
    hypotheses, bounds = read_hypotheses(text, known), read_bounds(text, directions)
    network = text["network"]
    if not (isinstance(network, dict) and "nodes" in network):
        damaged("network", "not a graph: with one activation after every layer no network ends in two linear layers")
    kinds, _, arrays = read_kinds(text, path, admit, {}, _cost)
    require_head(kinds)
    require_labels(arrays["y"])
    return CollapseClaim(kinds, arrays["x"], arrays["y"], bounds, hypotheses, known, directions)


def _named(hypotheses: Any) -> Iterator[str]:
    for h in hypotheses if isinstance(hypotheses, list) else ():
        if isinstance(h, dict) and isinstance(h.get("name"), str):
            yield h["name"]


def require_head(kinds: list[Kind]) -> None:
    """Refuse a graph that does not end in two dense layers.

    Raises:
        Stop: with code DAMAGED.
    """
    v = len(kinds) - 1
    for _ in range(2):
        kind = kinds[v]
        if not isinstance(kind, Affine) or not _plain(kind):
            damaged(f"network.nodes[{v}]", "not a dense layer: two are needed at the end, W a + b of all entries of a")
        v = kind.inputs[0]


def _plain(kind: Affine) -> bool:
    every = np.arange(kind.width)[None, None]
    unscaled = kind.kappa == 1 and (kind.bias is None or kind.tau == 1)
    return unscaled and kind.patches.shape == every.shape and bool((kind.patches == every).all())


def require_labels(y: Array) -> None:
    """Refuse targets that are not rows of zeros and a one, of two classes or more.

    Raises:
        Stop: with code DAMAGED.
    """
    wrong = np.flatnonzero(~(np.isin(y, (0.0, 1.0)).all(axis=1) & (y.sum(axis=1) == 1)))
    if wrong.size:
        damaged("arrays.y", f"row {wrong[0]} is not zeros and a one")
    if np.count_nonzero(y.any(axis=0)) < 2:
        damaged("arrays.y", "names one class only")


def check_collapse(c: CollapseClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem NC."""
    require_rounding()
    values, _ = values_of(c.kinds, c.x, tick)
    last, claimed = c.kinds[-1], Comparison(c, c.directions, c.known, checks)
    under = c.kinds[last.inputs[0]]
    assert isinstance(last, Affine)
    assert isinstance(under, Affine)
    z, h, f = values[last.inputs[0]], values[under.inputs[0]], values[-1]
    biased = under.bias is not None
    w, v = matrix(last.weight[0]), matrix(_with_bias(under))

    tick("singular values of the last layer")
    gram = w * w.transpose() if w.nrows() <= w.ncols() else w.transpose() * w
    least, largest = (root(e) for e in spectrum(gram, arb(c.bounds["gain"]) ** 2))
    claimed.bounds(gain=least, largest=largest)
    claimed.hypothesis(POSITIVE, arb(0), least)
    tick("imbalance")
    imbalance = symmetric_norm(w.transpose() * w - v * v.transpose())

    tick("distances from class means")
    classes, blind = Classes(c.y.argmax(axis=1)), root(imbalance)
    fit, features = size(f, c.y), size(h, more=len(c.x) if biased else 0)
    outputs_within, features_within = classes.deviation(f), classes.deviation(h)
    claimed.bounds(
        imbalance=imbalance, fit=fit, features=features, outputs_within=outputs_within,
        features_within=features_within, within=classes.deviation(z),
    )  # fmt: skip
    positive("s_min(W_L)", least)
    apart = root((outputs_within / least) ** 2 + imbalance * features_within**2)
    claimed.bounds(condition=largest / least, apart=apart, stated=fit / least + blind * features)

    tick("class means")
    means, off = classes.means(z)
    misfit = norm(means * w.transpose() - _targets(classes.present, w.nrows()), largest.upper() * off)
    claimed.bounds(misfit=misfit)
    if "nc1" in c.bounds:
        claimed.hypothesis(FITTED, fit, classes.spread)
        left = classes.spread - fit
        positive("||Y - mean of Y|| - ||F - Y||", left)
        claimed.bounds(nc1=(apart * largest / left) ** 2)
    if "nc2" in c.bounds:
        claimed.hypothesis(ALIGNED, misfit, arb(1))
        left = 1 - misfit
        positive("1 - ||W M - I||", left)
        read, off = classes.means(h)
        across = blind * norm(_with_ones(read) if biased else read, off)
        most = root(((1 + misfit) / least) ** 2 + across**2) * largest / left
        claimed.bounds(nc2=most, nc3=1 / most)


def _with_bias(kind: Affine) -> Array:
    return kind.weight[0] if kind.bias is None else np.column_stack([kind.weight[0], kind.bias[0]])


def _with_ones(m: arb_mat) -> arb_mat:
    return arb_mat([[*row, arb(1)] for row in m.tolist()])


def _targets(present: Array, outputs: int) -> arb_mat:
    return matrix(np.eye(outputs)[present])


def _cost(nodes: list[NodeText], shapes: dict[str, Shape]) -> Cost:
    """Seconds and bytes at most: the nodes' values in doubles, the rest in balls."""
    forward, n, outputs = forward_cost(nodes, shapes), *shapes["y"]
    z = nodes[nodes[-1].inputs[0]]
    d, k = z.size, nodes[z.inputs[0]].size if z.inputs else 1
    slower, short = (ctx.prec / 128) ** 1.25, min(outputs, d)
    seconds = 4e-6 * n * (2 * d + 2 * k + 3 * outputs) + 3e-8 * d**2 * (outputs + k)
    seconds += 4e-5 * d**2 + 5e-8 * d**3 + 3 * (4e-5 * short**2 + 5e-8 * short**3) + 4e-6 * outputs * (d + k)
    balls = 8.0 * d**2 + d * (k + 2) + 4.0 * max(_PART, d, k) + outputs * (d + k)
    return Cost(forward.seconds + slower * seconds, forward.bytes + (100 + ctx.prec / 4) * balls)
