"""What the rounding of a run can account for, where the run is held against a promise about exact iterates.

The derivation is in the documentation, "What the run is granted for rounding"; its symbols are used here. For a smooth
network of class N every number is a bound: the forward error of inner products summed in any order, carried
through the layers, over the whole ball that the run stayed in. For any other network the numbers are an
estimate, from evaluations in another order and with the weights moved in their last place, and say so.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import torch
from torch import Tensor

from ..certification.profile import Profile
from ..measure.autodiff import gradient
from ..measure.spectrum import spectral_norm
from ..nets.activations import activation
from ..nets.activations.protocol import SLOPE, VALUE
from ..problem.batches import Batches
from ..problem.evaluation import call_with
from ..problem.gauge import Gauge, SquareGauge
from ..problem.networks import ClassN
from ..problem.problem import Problem
from ..theory import NotAvailableError

FEW = 8
"""Roundings beside those of an inner product: kappa, tau, bias, target, and those of the bounds themselves."""
SPREAD = 16
"""An estimate is so many times the largest disagreement that was measured."""
ROWS = 32
"""Samples that are evaluated one at a time for an estimate."""

Array = np.ndarray


@dataclass(frozen=True)
class RoundOff:
    """What rounding can do to a run, in the scale of the loss in use; rho = sqrt(2 L).

    Attributes:
        outputs: e_F, error of a computed rho that does not shrink with rho.
        share: error of a computed rho relative to rho.
        jacobian: e_J, error of the computed J in J^T r, spectral.
        lipschitz: L_F, bound of ||J|| where the run was.
        update: error of w - h g per step that does not shrink with the step.
        norm: relative error of ||g|| as computed and of the step as applied.
        start: rho_0 of the run against rho_0 of what the promise was computed from: the other order, coordinates.
        kernel: error of the kernel's eigenvalues that the promise was computed from.
        unit: unit roundoff of the run.
        how: where the numbers come from; an estimate says that it is one.
        batch: largest share of a batch's terms in its loss, over that of all samples; 1 without batches.
    """

    outputs: float
    share: float
    jacobian: float
    lipschitz: float
    update: float
    norm: float
    start: float
    kernel: float
    unit: float
    how: str
    batch: float = 1.0

    @property
    def floor(self) -> float:
        """A loss at or below this cannot be told from zero at the start."""
        return 0.5 * (self.outputs + self.start) ** 2

    def residual(self, rho: Array) -> Array:
        """Bound of |computed rho - rho|, an array as rho."""
        return self.outputs + self.share * rho

    def value(self, loss: Array) -> Array:
        """Bound of |computed L - L|, an array as loss."""
        e = self.residual(np.sqrt(2 * loss))
        return np.sqrt(2 * loss) * e + 0.5 * e**2

    def of_batch(self, rho: Array) -> Array:
        """The same where 1/2 rho^2 is the loss of a batch."""
        return math.sqrt(self.batch) * self.outputs + self.share * rho

    def gradient(self, rho: Array, norm: Array) -> Array:
        """Bound of ||g - grad L|| plus the error of the computed ||g||; of a batch, rho that of all samples."""
        e = self.residual(rho)
        return self.batch * (self.jacobian * (rho + e) + self.lipschitz * e) + self.norm * norm

    def step(self, h: Array, rho: Array, norm: Array) -> Array:
        """Bound of ||w_{t+1} - (w_t - h grad L(w_t))||."""
        return h * self.gradient(rho, norm) + self.update + 4 * self.unit * h * norm


@dataclass(frozen=True)
class GaugedRoundOff(RoundOff):
    """The same of a loss with a gauge: F and J are not scaled, `outputs` and `start` are errors of F.

    Attributes:
        gauge: of the loss in use.
        terms: error of the computed loss at exact outputs that does not shrink with it; of its slope it is relative.
        relative: error of the sum over its terms, relative.
        share: of the loss in use in the sum.
    """

    gauge: Gauge = field(default_factory=SquareGauge)
    terms: float = 0.0
    relative: float = 0.0

    def value(self, loss: Array) -> Array:
        """Bound of |computed L - L|."""
        return self._at(loss, self.outputs)

    @property
    def floor(self) -> float:
        """A loss at or below this cannot be told from zero at the start."""
        return float(self._at(np.zeros(1), self.outputs + self.start)[0])

    def residual(self, rho: Array) -> Array:
        """Bound of |computed sqrt(2 L) - sqrt(2 L)|: of two numbers, |a - b| is |a^2 - b^2| / (a + b)."""
        off = 2 * self.value(0.5 * rho**2)
        return np.minimum(np.sqrt(off), off / np.maximum(rho, np.finfo(float).tiny))

    def of_batch(self, rho: Array) -> Array:
        """The same where 1/2 rho^2 is the loss of a batch, in the batch's share a loss of all samples."""
        root = math.sqrt(self.batch)
        return root * self.residual(rho / root)

    def gradient(self, rho: Array, norm: Array) -> Array:
        """Bound of ||g - grad L|| plus the error of the computed ||g||; of a batch, rho that of all samples."""
        loss = 0.5 * rho**2
        slope = self.gauge.upper(loss + self._own(loss))
        own = 2 * (self.terms + self.relative) * slope
        moved = float(self.gauge.curvature) * self.outputs
        return self.batch * (self.jacobian * (slope + own) + self.lipschitz * (moved + own)) + self.norm * norm

    def _own(self, loss: Array) -> Array:
        """Of the loss at the outputs as computed."""
        return self.share * self.terms + self.relative * loss

    def _at(self, loss: Array, off: float) -> Array:
        """The same at outputs that are off by so much."""
        own = self._own(loss)
        return own + self.gauge.upper(loss + own) * off + 0.5 * float(self.gauge.curvature) * off * off


class Rounding:
    """The rounding of one run, read at its start.

    Args:
        problem: what the promise is about.
        work: what is run, with its weights at the start: `problem`, or the same in the span of its data.
        plain: whether the run computes what the layers of class N say.
        kernel: K(w_0) of `work` for the summed loss.
        bounds: around w_0, where there are any.
        batches: what a step sees; None for all samples.
    """

    def __init__(
        self,
        problem: Problem,
        work: Problem,
        plain: bool,
        kernel: Tensor,
        bounds: Profile | None = None,
        batches: Batches | None = None,
    ) -> None:
        loss, shape = work.objective, work.y.shape
        self._batch = 1.0 if batches is None else float(batches.shares(loss, *shape)[1] / loss.share(*shape))
        derived = _derived(problem, work, bounds) if plain else None
        bounded = derived is not None and _says_something(derived, work)
        at = derived if bounded and derived is not None else _estimated(problem, work, kernel)
        self._at = at if problem.square else _gauged(at, work)

    def along(self, path: float, steps: int = 0) -> RoundOff:
        """The numbers on the ball around the start that so many steps of that length in all stay in, as computed."""
        at = self._at(path)
        at = self._at((1 + 8 * at.unit) * path + 2 * steps * at.update) if steps else at
        return replace(at, batch=self._batch)


def _gauged(at: Callable[[float], RoundOff], work: Problem) -> Callable[[float], RoundOff]:
    """The numbers of another loss than the square one."""
    (n, c), loss = work.y.shape, work.objective
    gauge, share, terms = loss.gauge(n, c), float(loss.share(n, c)), loss.count(n, c)
    with torch.no_grad():
        size = float(work.outputs().abs().max() + work.y.abs().max())

    def along(path: float) -> RoundOff:
        found = at(path)
        named = {f.name: getattr(found, f.name) for f in fields(found)}
        # The exponents are differences of outputs, and sums of C terms are taken of their exponentials.
        each = gamma(c + FEW, found.unit) + 4 * found.unit * (size + found.lipschitz * path)
        return GaugedRoundOff(
            **{**named, "share": share * terms}, gauge=gauge, terms=each, relative=gamma(n * c + FEW, found.unit)
        )

    return along


def gamma(k: int, unit: float) -> float:
    """k u / (1 - k u), the relative error after k roundings in any order; infinite where that says nothing."""
    return k * unit / (1 - k * unit) if k * unit < 1 else math.inf


def _says_something(derived: Callable[[float], RoundOff], work: Problem) -> bool:
    """Whether the bound of the outputs' error is below half of their digits: k u is not for long sums of floats."""
    with torch.no_grad():
        size = float(work.outputs().norm() + work.y.norm())
    return derived(0.0).outputs <= torch.finfo(work.x.dtype).eps ** 0.5 * size * math.sqrt(work.unit)


@dataclass(frozen=True)
class _Layer:
    """Of one affine layer at the start: upper bounds in both coordinates, Frobenius unless said otherwise."""

    terms: int  # of an inner product, m_{l-1}
    width: int  # m_l
    kappa: float
    tau: float
    weight: float
    spectral: float  # of the weight; of the first layer it is never read
    bias: float
    inputs: float  # A_{l-1}


@dataclass(frozen=True)
class _Carried:
    """Errors carried through the layers on a ball, for the summed loss."""

    outputs: float
    jacobian: float
    lipschitz: float
    first: float  # Lipschitz constant from Z_1 to F


def _derived(problem: Problem, work: Problem, bounds: Profile | None) -> Callable[[float], RoundOff] | None:
    """Bounds, or None for a network that is not smooth or not of class N."""
    try:
        full, net = problem.class_n(), work.class_n()
    except NotAvailableError:
        return None
    act = activation(net.activation)
    if not act.smooth:
        return None
    n, c = work.y.shape
    unit, tiny = torch.finfo(work.x.dtype).eps / 2, torch.finfo(work.x.dtype).tiny
    spectral = [0.0, *(spectral_norm(layer.weight.detach()) for layer in full.layers[1:])]
    layers = _layers(full, net, problem, work, spectral)
    moved, gram = _between(full, net, problem, work, layers[0], unit)
    weights = [float(p.detach().double().norm()) for p in work.parameters()]
    size, root = math.hypot(*weights), math.sqrt(work.unit)
    longest = max(layer.terms for layer in layers)
    relative = _of_norm([p.numel() for p in work.parameters()], unit)

    def along(path: float) -> RoundOff:
        run = _carry(layers, act.s1, act.s2, n, path, unit, 0.0)
        # What the promise was computed from: other coordinates, at the start.
        other = _carry(layers, act.s1, act.s2, n, path, unit, moved)
        lipschitz = root * run.lipschitz
        if bounds is not None and path <= bounds.radii[-1]:
            covering = int(np.searchsorted(bounds.radii, path))  # the first ball of the grid that holds the path
            lipschitz = min(lipschitz, float(bounds.lipschitz[covering]))
        outputs = root * run.outputs + math.sqrt(n * c * tiny)
        return RoundOff(
            outputs=outputs,
            share=gamma(n * c + FEW, unit),
            jacobian=root * run.jacobian,
            lipschitz=lipschitz,
            update=unit * (size + path),
            norm=relative,
            start=outputs + root * run.first * moved,
            kernel=2 * lipschitz * root * other.jacobian
            + work.unit * (run.first * layers[0].kappa) * (run.first * layers[0].kappa) * gram
            + (gamma(longest + FEW, unit) + 4 * n * c * unit) * lipschitz * lipschitz,
            unit=unit,
            how="bound, from the sizes of layers, weights and activations",
        )

    return along


def _layers(full: ClassN, net: ClassN, problem: Problem, work: Problem, spectral: Sequence[float]) -> list[_Layer]:
    found, n = [], len(work.x)
    value = activation(net.activation).value
    a = work.x
    with torch.no_grad():
        for l, (wide, layer) in enumerate(zip(full.layers, net.layers, strict=True)):
            found.append(
                _Layer(
                    terms=wide.weight.shape[1],
                    width=wide.weight.shape[0],
                    kappa=abs(wide.kappa),
                    tau=abs(wide.tau) * math.sqrt(n),
                    weight=float(wide.weight.norm()),
                    spectral=spectral[l],
                    bias=0.0 if wide.bias is None else float(wide.bias.norm()),
                    inputs=float(problem.x.norm()) if l == 0 else float(a.norm()),
                )
            )
            if l < len(net.layers) - 1:
                a = value(layer.apply(a))
    return found


def _between(
    full: ClassN, net: ClassN, problem: Problem, work: Problem, first: _Layer, unit: float
) -> tuple[float, float]:
    """How far apart the two coordinate systems are at the start: Z_1 and X X^T, all that the run depends on."""
    if work.x.shape == problem.x.shape and torch.equal(work.x, problem.x):
        return 0.0, 0.0
    with torch.no_grad():
        z = float((full.layers[0].apply(problem.x) - net.layers[0].apply(work.x)).norm())
        gram = float((problem.x @ problem.x.T - work.x @ work.x.T).norm())
    error = 2 * gamma(first.terms + FEW, unit)
    z += error * (first.kappa * first.inputs * first.weight + first.tau * first.bias)
    return z, gram + error * first.inputs**2


def _carry(layers: list[_Layer], s1: float, s2: float, n: int, path: float, unit: float, moved: float) -> _Carried:
    """The error terms of the forward and the backward pass, layer by layer.

    Args:
        path: no layer has moved further than this.
        moved: ||Z_1' - Z_1||, counted as an error of the first layer.
    """
    inputs, drift, error = [], 0.0, 0.0  # ||A||, ||A - A at the start||, ||computed A - A||
    errors = []  # of A_{l-1} and of Z_l
    for l, at in enumerate(layers):
        size = at.inputs + drift
        rounded = at.kappa * (size + error) * (at.weight + path) + at.tau * (at.bias + path)
        z = at.kappa * (at.spectral + path) * error + gamma(at.terms + FEW, unit) * rounded + (moved if l == 0 else 0.0)
        inputs.append(size)
        errors.append((error, z))
        drift = s1 * (at.kappa * ((at.spectral + path) * drift + at.inputs * path) + at.tau * path)
        if l < len(layers) - 1:
            error = s1 * z + VALUE * unit * (layers[l + 1].inputs + drift + math.sqrt(n * at.width))
    # Backward from a unit vector: ||B_l|| and its error.
    rows, wrong = 1.0, 0.0
    square_error = square = 0.0
    for l in reversed(range(len(layers))):
        at, (error, _) = layers[l], errors[l]
        product = gamma(n + FEW, unit)
        weight = at.kappa * (
            wrong * (inputs[l] + error) + rows * error + product * (rows + wrong) * (inputs[l] + error)
        )
        bias = at.tau * (wrong + product * (rows + wrong))
        # Products, infinite where they overflow: a power would raise.
        square_error += weight * weight + bias * bias
        square += rows * rows * (at.kappa * inputs[l] * at.kappa * inputs[l] + at.tau * at.tau)
        if l > 0:
            up = at.kappa * (at.spectral + path)
            wrong = up * wrong + gamma(at.width + FEW, unit) * at.kappa * (rows + wrong) * (at.weight + path)
            rows = up * rows
            slope = (s2 + 2 * s1) * errors[l - 1][1] + SLOPE * unit
            wrong = s1 * wrong + (rows + wrong) * slope
            rows = s1 * rows
    return _Carried(errors[-1][1], math.sqrt(square_error), math.sqrt(square), rows)


def _of_norm(sizes: list[int], unit: float) -> float:
    """Relative error of a gradient's norm: the optimizer sums at most 2^15 squares at once, and the rest in float64."""
    return gamma(min(max(sizes), 2**15) + FEW, unit) + gamma(sum(sizes), 2.0**-53)


def _estimated(problem: Problem, work: Problem, kernel: Tensor) -> Callable[[float], RoundOff]:
    """An estimate for any network, from evaluations that differ in rounding alone."""
    n, c = work.y.shape
    eps, root = torch.finfo(work.x.dtype).eps, math.sqrt(work.unit)
    params = {name: p.detach() for name, p in work.network.named_parameters() if p.requires_grad}
    outputs, rows = _evaluated(work, params, whole=True)
    other_outputs, other_rows = _evaluated(work, params, whole=False)
    moved_outputs, moved_rows = _evaluated(work, _last_place(params), whole=True)
    with torch.no_grad():
        own = problem.outputs()
    apart = [float((outputs - f).norm()) for f in (other_outputs, moved_outputs, own)]
    apart_rows = [_distance(rows, g) for g in (other_rows, moved_rows)]
    size = math.sqrt(n * c) + float(outputs.norm()) + float(work.y.norm())
    lipschitz = 2 * root * math.sqrt(float(torch.linalg.matrix_norm(kernel, 2)))
    e_f = SPREAD * max(root * max(apart), 4 * eps * size * root)
    e_j = SPREAD * max(root * max(apart_rows), 4 * eps * lipschitz)
    weights = math.hypot(*(float(p.double().norm()) for p in params.values()))
    relative = _of_norm([p.numel() for p in params.values()], eps / 2)
    at_start = RoundOff(
        outputs=e_f,
        share=gamma(n * c + FEW, eps / 2),
        jacobian=e_j,
        lipschitz=lipschitz,
        update=0.5 * eps * weights,
        norm=relative,
        start=e_f,
        kernel=2 * lipschitz * e_j + 2 * n * c * eps * lipschitz**2,
        unit=eps / 2,
        how=f"estimate, {SPREAD} times the disagreement of evaluations in another order and with weights moved in "
        "their last place",
    )

    def along(path: float) -> RoundOff:
        return replace(at_start, update=at_start.update + 0.5 * eps * path)

    return along


def _evaluated(work: Problem, params: dict[str, Tensor], *, whole: bool) -> tuple[Tensor, list[Tensor]]:
    """F of shape (n, C) and J^T v for one unit vector v: all samples at once, or the first ones one at a time."""
    n = len(work.x)
    ends = [0, n] if whole else [*range(min(n, ROWS)), *([ROWS, n] if n > ROWS else [n])]
    leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
    v = torch.full_like(work.y, 1 / math.sqrt(work.y.numel()))
    outputs, total = [], [torch.zeros_like(p) for p in params.values()]
    for low, high in itertools.pairwise(ends):
        f = call_with(work.network, leaves, work.x[low:high]).flatten(1)
        grads = gradient(f, leaves.values(), v[low:high])
        outputs.append(f.detach())
        for held, g in zip(total, grads, strict=True):
            held += g
    return torch.cat(outputs), total


def _last_place(params: dict[str, Tensor]) -> dict[str, Tensor]:
    """Every weight moved to one of its two neighbours, by a draw of this call's own."""
    gen = torch.Generator().manual_seed(0)
    moved = {}
    for name, p in params.items():
        sign = torch.randint(0, 2, p.shape, generator=gen).to(p) * 2 - 1
        moved[name] = torch.nextafter(p, sign * math.inf)
    return moved


def _distance(one: list[Tensor], two: list[Tensor]) -> float:
    return math.hypot(*(float((a - b).double().norm()) for a, b in zip(one, two, strict=True)))
