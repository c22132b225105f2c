"""Theorems A, A', B and C rechecked: the network, its kernel and the bounds over the ball, from the stored arrays."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from flint import arb, arb_mat

from .arithmetic import ACTIVATIONS, Row, blocks, floats_of, largest_of, matrix, root, spectrum
from .checks import Check, Checks, Tick, clipping_floor, loss_factor, positive
from .cost import Cost, used
from .fields import ACCEPTED, FALSE, SCHEMAS, UNSURE, Array, Stop, damaged, number
from .file import Admit, Common, Stored, read_bounds, read_hypotheses, read_stored, read_witness
from .graph.ball import GraphBall
from .graph.centre import graph_centre
from .graph.chain import chain, chain_cost
from .graph.cost import direction_cost
from .graph.direction.kept import covered, kept_shares
from .graph.file import GraphStored, read_graph
from .midpoint import require_rounding
from .spread import FromWithin, outward

BOUNDS = {
    "residual": "upper", "lambda_min": "lower", "lipschitz": "upper", "ell": "upper", "beta": "upper",
    "required": "upper", "mu": "lower", "floor": "lower", "rate": "upper",
}  # fmt: skip
KINKS = ("arguments that may meet a kink on B(w_0, R)", "<=")
"""A hypothesis more of a network with kinks, the third: then its pieces are frozen on the ball (Theorem P)."""


@dataclass(frozen=True)
class BallClaim(Common):
    """What a certificate of Theorem A, A', B or C says, as numbers; attributes as in its file."""

    radius: float
    bounds: dict[str, float]
    hypotheses: list[tuple[float, str, float]]
    grid: list[float]
    sigma: list[float]
    admit: Admit | None = None
    """Asked before Theorem E is computed; the rest was admitted when the claim was read."""
    spread: float = 0.0
    """The run starts anywhere within that of the stored weights."""
    beyond: float = 0.0
    """L_F and ell hold on a ball that is by so much larger than that of the profile."""


@dataclass(frozen=True)
class Claim(BallClaim, Stored):
    """About a fully connected network."""

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        # With more hidden layers than one also the nodes of the chain.
        layers = len(self.weights)
        return (2 if layers == 2 else 6) * layers + len(self.grid)


@dataclass(frozen=True)
class GraphClaim(BallClaim, GraphStored):
    """About a network of class G."""

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return 2 * len(self.kinds) + len(self.grid)


def read_ball(text: dict[str, Any], path: Path, admit: Admit) -> Claim | GraphClaim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    arrays, numbers = {"grid": 1, "sigma": 1}, ["radius"]
    layered = isinstance(text.get("network"), dict) and "nodes" in text["network"]
    stored: Stored | GraphStored
    if layered and text["schema"] != SCHEMAS[0]:
        stored = read_graph(text, path, admit, arrays, numbers)
    else:
        stored = read_stored(text, path, admit, arrays, numbers)
    known = [(name, "<") for name in HYPOTHESES[stored.theorem]]
    if isinstance(stored, GraphStored) and stored.kinks:
        known.insert(2, KINKS)
    return claim_of(stored, text, 0.0, read_bounds(text, BOUNDS), read_hypotheses(text, known), "", admit)


def claim_of(
    stored: Stored | GraphStored,
    text: dict[str, Any],
    spread: float,
    bounds: dict[str, float],
    hypotheses: list[tuple[float, str, float]],
    prefix: str,
    admit: Admit,
) -> Claim | GraphClaim:
    """What a text claims of a ball about its weights.

    Args:
        stored: the start, with `grid` and `sigma`; its theorem is A, A', B or C.
        text: with a number `radius`.
        spread: radius of the ball of starts.
        bounds, hypotheses: of the theorem.
        prefix: before the name of its number.
        admit: asked before Theorem E is computed.

    Raises:
        Stop: with code DAMAGED.
    """
    radius = number(*read_witness(text, f"{prefix}radius"))
    grid, sigma = read_profile(stored.more, radius)
    if spread < 0:
        damaged("bounds.apart", f"{spread} is not allowed")
    claim = GraphClaim if isinstance(stored, GraphStored) else Claim
    return claim(
        **vars(stored), radius=radius, bounds=bounds, hypotheses=hypotheses, grid=grid.tolist(),
        sigma=sigma.tolist(), admit=admit, spread=spread,
    )  # fmt: skip


def read_profile(more: dict[str, Array], radius: float) -> tuple[Array, Array]:
    """The grid and the profile on it.

    Raises:
        Stop: with code DAMAGED.
    """
    grid, sigma = more["grid"], more["sigma"]
    if sigma.shape != grid.shape or grid.size < 2 or (sigma < 0).any():
        damaged("arrays.sigma", "must have one nonnegative number for each of two or more radii")
    if grid[0] != 0 or not (np.diff(grid) > 0).all() or grid[-1] != radius:
        damaged("arrays.grid", f"must start at 0, increase strictly and end at the radius, {radius!r}")
    return grid, sigma


@dataclass(frozen=True)
class Norms:
    """Norms of a fully connected network at its weights."""

    # One entry per layer l = 1..L+1; `top` for l = 1..L. Names as in THEORY section 5: al, bo are the per-sample norms.
    kappa: list[arb]
    weight: list[arb]
    inputs: list[arb]
    al: list[arb]
    rows: list[arb]
    bo: list[arb]
    top: list[arb]
    s1: arb
    s2: arb


@dataclass(frozen=True)
class Centre:
    """Norms at the weights, enclosures of the kernel's extreme eigenvalues, the residual's norm, outputs."""

    norms: Norms
    least: arb
    largest: arb
    residual: arb
    outputs: list[list[arb]]


def centre(c: Claim, tick: Tick) -> Centre:
    """The network, its backward rows and its kernel at the stored weights, summed loss."""
    (n, _), (_, outputs), last = c.x.shape, c.y.shape, len(c.weights) - 1
    evaluate, s1, s2 = ACTIVATIONS[c.activation]
    value, grams, slopes = matrix(c.x), [], []
    for l, (w, b) in enumerate(zip(c.weights, c.biases, strict=True)):
        tick(f"forward, layer {l + 1}")
        scaled = value * arb(c.kappas[l])
        square = arb(c.taus[l]) ** 2 if b is not None else arb(0)
        grams.append(arb_mat(n, n, [g + square for g in (scaled * scaled.transpose()).entries()]))
        z: list[list[arb]] = [[] for _ in range(n)]
        for block in blocks(w, 0):
            for row, more in zip(z, (scaled * matrix(block).transpose()).tolist(), strict=True):
                row.extend(more)
        if b is not None:
            shift = [arb(c.taus[l]) * v for v in b.tolist()]
            z = [[p + q for p, q in zip(row, shift, strict=True)] for row in z]
        if l < last:
            pairs = [[evaluate(v) for v in row] for row in z]
            value = arb_mat([[p[0] for p in row] for row in pairs])
            slopes.append([[p[1] for p in row] for row in pairs])
    residual = sum(((p - q) ** 2 for p, q in zip(itertools.chain(*z), c.y.ravel().tolist(), strict=True)), arb(0))
    u = [[arb(c.kappas[last]) * v for v in row] for row in c.weights[last].tolist()] * n  # rows (i, c), i major
    top, row_grams = [arb(0)] * last, [arb_mat(0, 0)] * last
    for l in reversed(range(last)):
        tick(f"backward, layer {l + 1}")
        samples = n if l < last - 1 else 1  # the output layer's rows are the same for every sample
        columns = (zip(*u[i * outputs : (i + 1) * outputs], strict=True) for i in range(samples))
        top[l] = largest_of(sum((v * v for v in column), arb(0)) for column in itertools.chain(*columns)).sqrt()
        rows = arb_mat([[p * q for p, q in zip(row, slopes[l][i // outputs], strict=True)] for i, row in enumerate(u)])
        row_grams[l] = rows * rows.transpose()
        if l:
            parts = [(rows * matrix(block)).tolist() for block in blocks(c.weights[l], 1)]
            u = [[arb(c.kappas[l]) * v for v in itertools.chain(*row)] for row in zip(*parts, strict=True)]
    size = n * outputs
    kernel = [arb(0)] * size**2
    for gram, row_gram in zip(grams, row_grams, strict=False):
        spread = [g for row in gram.tolist() for g in [v for v in row for _ in range(outputs)] * outputs]
        kernel = [k + g * r for k, g, r in zip(kernel, spread, row_gram.entries(), strict=True)]
    for i, j, k in itertools.product(range(n), range(n), range(outputs)):
        kernel[(i * outputs + k) * size + j * outputs + k] += grams[last][i, j]
    tick("smallest and largest eigenvalue")
    hint = arb(c.bounds["lambda_min"]) * (n if c.loss == "mean" else 1)
    least, largest = spectrum(arb_mat(size, size, kernel), hint)
    norms = Norms(
        kappa=[abs(arb(k)) for k in c.kappas],
        weight=[arb(0), *(_weight_norm(w) for w in c.weights[1:])],  # the first meets no perturbed input
        inputs=[root(spectrum(g)[1]) for g in grams],
        al=[largest_of(g[i, i] for i in range(n)).sqrt() for g in grams],
        rows=[*(root(spectrum(g)[1]) for g in row_grams), arb(n).sqrt()],
        bo=[*(root(largest_of(spectrum(b)[1] for b in _diagonal(g, outputs))) for g in row_grams), arb(1)],
        top=top,
        s1=s1(),
        s2=s2(),
    )
    return Centre(norms, least, largest, root(residual), z)


def _diagonal(gram: arb_mat, size: int) -> Iterator[arb_mat]:
    for i in range(0, gram.nrows(), size):
        yield arb_mat([[gram[i + p, i + q] for q in range(size)] for p in range(size)])


def _weight_norm(w: Array) -> arb:
    axis = 0 if w.shape[0] > w.shape[1] else 1
    gram = arb_mat(w.shape[1 - axis], w.shape[1 - axis])
    for block in blocks(w, axis):
        part = matrix(block)
        gram += part.transpose() * part if axis == 0 else part * part.transpose()
    return root(spectrum(gram)[1])


# --- the ball: THEORY section 5 ---------------------------------------------------------------------------------------


def _add(a: arb, x: Row, b: arb, y: Row) -> Row:
    return [a * p + b * q for p, q in zip(x, y, strict=True)]


def _pass(at: Norms, inputs: list[arb], rows: list[arb]) -> tuple[list[Row], list[Row], list[Row]]:
    """Changes of A_{l-1}, u^l and b^l as row vectors linear in (t_1, .., t_{L+1}): for the batch, or for one sample."""
    count = len(at.weight)
    e = [[arb(int(k == l)) for k in range(count)] for l in range(count)]
    none = [arb(0)] * count
    xa, xz, xb, xu = [none], [], [none] * count, [none] * count
    for l in range(count - 1):
        xz.append(_add(inputs[l], e[l], at.kappa[l] * at.weight[l], xa[l]))
        xa.append([at.s1 * v for v in xz[l]])
    for l in reversed(range(count - 1)):
        k = at.kappa[l + 1]
        xu[l] = _add(k * at.weight[l + 1], xb[l + 1], k * rows[l + 1], e[l + 1])
        xb[l] = _add(at.s1, xu[l], at.s2 * at.top[l], xz[l])
    return xa, xu, xb


def steepness(at: Norms, s: arb, *, everywhere: bool) -> arb:
    """||M||, the worst split of s over the layers: ell(s) if everywhere, else dJ(s) / s, measured from the centre."""
    at = replace(at, weight=[w + s for w in at.weight])
    batch, single = _pass(at, at.inputs, at.rows), _pass(at, at.al, at.bo)
    # With all t_l = s a change is s times the sum of its row.
    (d_a, d_u, d_b), (s_a, s_u, s_b) = ([[s * sum(row, arb(0)) for row in part] for part in p] for p in (batch, single))
    inputs = [v + k * d for v, k, d in zip(at.inputs, at.kappa, d_a, strict=True)]
    al = [v + k * d.min(e) for v, k, d, e in zip(at.al, at.kappa, d_a, s_a, strict=True)]
    bo = at.bo
    if everywhere:
        bo = [v + d.min(e) for v, d, e in zip(at.bo, d_b, s_b, strict=True)]
        top = [v + d.min(e) for v, d, e in zip(at.top, d_u, s_u, strict=False)]
        at = replace(at, top=top)
        batch = _pass(at, inputs, [v + d for v, d in zip(at.rows, d_b, strict=True)])
        single = _pass(at, al, bo)
    moved = [[k * b * v for v in row] for k, b, row in zip(at.kappa, bo, batch[0], strict=True)]
    one = arb(1)
    choices = [
        (_add(al[l], batch[2][l], one, moved[l]), _add(inputs[l], single[2][l], one, moved[l]))
        for l in range(len(moved))
    ]
    free = len(choices) - 1  # the two rows of the output layer are equal
    picks = itertools.product((0, 1), repeat=free) if free <= 3 else iter([(0,) * free, (1,) * free])
    matrices = [arb_mat([both[which] for both, which in zip(choices, (*pick, 0), strict=True)]) for pick in picks]
    # Floats say which of these upper bounds are in question for the smallest; a wrong one among them does no harm.
    guesses = [float(np.sqrt(np.linalg.eigvalsh(f @ f.T)[-1])) for f in map(floats_of, matrices)]
    near = [m for m, g in zip(matrices, guesses, strict=True) if not g > 1.000001 * min(guesses)]
    return -largest_of(-root(spectrum(m * m.transpose())[1]) for m in near)


# --- the claims -------------------------------------------------------------------------------------------------------


class Bounds(Protocol):
    """What the inequalities need of a network about its weights, summed loss."""

    least: arb
    """lambda_min(J J^T)."""
    largest: arb
    """||J||."""
    residual: arb
    """||F - y||."""

    def change(self, s: float) -> arb:
        """Upper bound of ||J(w) - J(w_0)|| for |w - w_0| <= s, asked for rising radii."""
        ...

    def steepness(self, radius: float) -> arb:
        """Lipschitz constant of J on the ball."""
        ...


class WithOutputs(Bounds, Protocol):
    """The same with F, which theorems about other losses than the square ask for."""

    outputs: list[list[arb]]


class LayerBounds:
    """Of a fully connected network: THEORY section 5, and Theorem G1 on its chain; what is nearer of both."""

    def __init__(self, c: Claim, tick: Tick) -> None:
        at = centre(c, tick)
        self._norms, self.outputs = at.norms, at.outputs
        self.least, self.largest, self.residual = at.least, root(at.largest), at.residual
        self.chain: GraphBall | None = None
        if len(c.weights) > 2:  # with one hidden layer both are the same
            kinds = chain(c.weights, c.biases, c.kappas, c.taus, c.activation)
            if c.admit is not None:
                more = chain_cost(c.weights, c.y.shape, len(c.grid))
                c.admit(c.theorem, {}, Cost(used() + more.seconds, more.bytes))
            self.chain = GraphBall(kinds, len(c.weights), c.x, c.y, tick)
            self.least = _both(self.least, self.chain.least)
            self.largest = self.largest.min(self.chain.largest)
            self.residual = self.residual.min(self.chain.residual)

    def change(self, s: float) -> arb:
        """Of J within s."""
        found = s * steepness(self._norms, arb(s), everywhere=False)
        return found if self.chain is None else found.min(self.chain.change(s))

    def steepness(self, radius: float) -> arb:
        """ell(R)."""
        found = steepness(self._norms, arb(radius), everywhere=True)
        return found if self.chain is None else found.min(self.chain.steepness(radius))


def _both(a: arb, b: arb) -> arb:
    """What two enclosures of one number have in common."""
    try:
        return a.intersection(b)
    except ValueError:
        raise Stop(UNSURE, "arithmetic", "two enclosures of one eigenvalue do not meet") from None


def bounds_of(c: Claim | GraphClaim, tick: Tick) -> WithOutputs:
    """About the stored weights, or about any start near them."""
    at: WithOutputs = GraphBall.of(c, tick) if isinstance(c, GraphClaim) else LayerBounds(c, tick)
    return FromWithin(at, c.spread) if c.spread else at


def kept(c: Claim | GraphClaim, at: Bounds, tick: Tick) -> list[arb] | None:
    """Theorem E: lower bounds of sigma_min(J) / sigma_min(J_0) at every radius; None where there are none."""
    if isinstance(c, GraphClaim):
        kinds, groups = c.kinds, c.groups
    else:
        kinds, groups = chain(c.weights, c.biases, c.kappas, c.taus, c.activation), len(c.weights)
    if not covered(kinds, c.y.size):
        return None
    if c.admit is not None:
        cost = direction_cost(kinds, len(c.x), len(c.grid))
        c.admit(c.theorem, {}, Cost(used() + cost.seconds, cost.bytes))
    own = at.of if isinstance(at, FromWithin) else at
    ball = own.chain if isinstance(own, LayerBounds) else own
    if isinstance(ball, GraphBall):
        centre_ = ball.centre
    else:
        require_rounding()
        centre_ = graph_centre(kinds, c.x, c.y, tick)
    if not c.spread:
        return kept_shares(kinds, groups, centre_, c.grid, tick)
    shares = kept_shares(kinds, groups, centre_, [0.0, *(outward(s, c.spread) for s in c.grid)], tick)
    return None if shares is None else shares[1:]


@dataclass(frozen=True)
class OnBall:
    """What is recomputed on a ball, in the scale of the loss in use but for `at`.

    Attributes:
        at: of the network, summed loss.
        share: of the loss.
        profile: sig at the radii of the grid.
        residual, largest, lipschitz, ell: ||r_0||, ||J(w_0)||, and L_F and ell on the ball.
    """

    at: Bounds
    share: arb
    profile: list[arb]
    residual: arb
    largest: arb
    lipschitz: arb
    ell: arb


def on_ball(c: Claim | GraphClaim, checks: Checks, tick: Tick) -> OnBall:
    """Recompute the bounds over the ball, and compare the stored profile with them."""
    at = bounds_of(c, tick)
    zero, one = arb(0), arb(1)
    share = one / len(c.x) if c.loss == "mean" else one
    scale = share.sqrt()
    sigma_0, changes = root(at.least), []
    profile = []
    for s in c.grid:
        tick(f"profile at radius {s:.3g}")
        changes.append(change := at.change(s))
        profile.append(((sigma_0 - change) * scale).max(zero))
    if any(not sigma >= claim for sigma, claim in zip(profile, c.sigma, strict=True)):
        shares = kept(c, at, tick)
        if shares is not None:
            profile = [sigma.max(sigma_0 * scale * part) for sigma, part in zip(profile, shares, strict=True)]
    for j, (sigma, claim) in enumerate(zip(profile, c.sigma, strict=True)):
        checks.compare(f"arrays.sigma[{j}]", claim, sigma, "lower")
    edge = outward(c.radius, c.beyond)
    # At the start J may have changed already.
    first, lipschitz = changes[0], (at.largest + (at.change(edge) if c.beyond else changes[-1])) * scale
    ell = at.steepness(edge) * scale
    return OnBall(at, share, profile, at.residual * scale, (at.largest + first) * scale, lipschitz, ell)


def check_ball(c: Claim | GraphClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem A, A', B or C."""
    compare = checks.compare

    def bound(name: str, value: arb) -> None:
        compare(f"bounds.{name}", c.bounds[name], value, BOUNDS[name])

    names = list(HYPOTHESES[c.theorem])
    kinks = isinstance(c, GraphClaim) and bool(c.kinks)
    if kinks:
        names.insert(2, KINKS[0])

    def hypothesis(i: int, low: arb, high: arb) -> None:
        checks.hypothesis(i, c.hypotheses[i], names[i], low, high)

    found = on_ball(c, checks, tick)
    at, share, residual, lipschitz, ell = found.at, found.share, found.residual, found.lipschitz, found.ell
    zero, eta = arb(0), arb(c.eta)
    beta = lipschitz**2 + residual * ell
    left = 1 - beta * eta / 2
    bound("residual", residual)
    bound("lambda_min", at.least * share)
    bound("lipschitz", lipschitz)
    bound("ell", ell)
    bound("beta", beta)
    hypothesis(0, zero, at.least)  # of J J^T itself, in which the loss's 1/n has no part
    hypothesis(1, beta * eta, arb(2))
    if isinstance(at, GraphBall) and kinks:
        hypothesis(2, arb(at.meeting(c.radius)), zero)
    _, path = PATHS[c.theorem]
    mu = path(c, found, left, checks, partial(hypothesis, len(names) - 1))
    bound("mu", mu)
    floor = clipping_floor(c, lipschitz * residual)
    bound("floor", floor)
    bound("rate", loss_factor(mu, beta, eta, floor))


Tell = Callable[[arb, arb], None]
"""Compares both sides of the last hypothesis with what is claimed of them."""


def _uniform(c: BallClaim, f: OnBall, left: arb, checks: Checks, last: Tell, *, tight: bool) -> arb:
    """sig(R)^2, where the radius of Theorem A, or the smaller one of A', is below R."""
    sigma = f.profile[-1]
    mu, beta = sigma**2, f.lipschitz**2 + f.residual * f.ell
    positive("sig(R)", sigma)
    positive("1 - beta eta / 2", left)
    needed = f.residual / (sigma * left)
    if tight:
        positive("beta - mu", beta - mu)
        needed *= (1 + root(1 - 2 * mu * arb(c.eta) * left)) / 2
    last(needed, arb(c.radius))
    checks.compare("bounds.required", c.bounds["required"], needed, BOUNDS["required"])
    return mu


def _summed(c: BallClaim, f: OnBall, left: arb, checks: Checks, last: Tell) -> arb:
    """sig(rho)^2, where the profile outweighs the residual up to R, and up to rho."""
    widths = [arb(q) - p for p, q in itertools.pairwise(c.grid)]
    sums = [arb(0), *itertools.accumulate(w * s for w, s in zip(widths, f.profile[1:], strict=True))]
    last(f.residual, left * sums[-1])
    required = c.bounds["required"]
    if required not in c.grid:
        raise Stop(FALSE, "bounds.required", f"the claim {required!r} is not a point of the grid")
    j = c.grid.index(required)
    # The path ends before g_j if the profile up to there outweighs the residual.
    available = left * sums[j]
    code = ACCEPTED if available >= f.residual else FALSE if available < f.residual else UNSURE
    what = f"(1 - beta eta / 2) int sig = {available.str(17)}, ||r_0|| = {f.residual.str(17)}"
    checks.append(Check("bounds.required", f"<= {required!r}", what, code))
    return f.profile[j] ** 2


_SUM = "||r_0|| < (1 - beta eta / 2) int_0^R sig", _summed
PATHS: dict[str, tuple[str, Callable[[BallClaim, OnBall, arb, Checks, Tell], arb]]] = {
    "A": ("radius of Theorem A < R", partial(_uniform, tight=False)),
    "A'": ("radius of Theorem A' < R", partial(_uniform, tight=True)),
    "B": _SUM,
    "C": _SUM,
}
"""Theorem to its last hypothesis, and what confirms it and gives mu."""
HYPOTHESES = {theorem: ["0 < lambda_min(K(w_0))", "beta eta < 2", last] for theorem, (last, _) in PATHS.items()}
