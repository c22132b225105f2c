"""Networks that are not what they seem: how one is described, asked about, and judged by what its training does.

A masquerade takes a plain network of class N and turns it, by one mechanism of torch, into one that may compute or
train something else than its layers say. The package must either refuse it in one line that names the part, or certify
it with numbers that hold for the training of the live module: gradients by `backward`, steps on `parameters()`.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import pltheory as pl
from pltheory.problem.networks import fully_connected
from pltheory.theory import PltheoryError
from tests.cases import draws, sequential

RULE = pl.DeltaGClipSettings(eta="0.5/beta", gamma=0.5, delta=0.1)
FIXED = pl.DeltaGClipSettings(eta=1e-3, gamma=0.5, delta=0.1)
STEPS = 200
WIDTHS = [8, 32, 1]

Make = Callable[[nn.Module], nn.Module | None]
Around = Callable[[nn.Module], contextlib.AbstractContextManager[None]]


@dataclass(frozen=True)
class Masquerade:
    """One mechanism.

    Attributes:
        name: what it does.
        make: changes a plain network, or returns another in its place.
        around: what is active around every call, and around the training that judges it.
        part: what a refusal must name; None where the network is to be certified.
        start: the plain network.
    """

    name: str
    make: Make
    around: Around
    part: str | None
    start: Callable[[], nn.Module]


BATTERY: dict[str, Masquerade] = {}


def plain() -> nn.Sequential:
    """nn.Linear, nn.Tanh, nn.Linear in float64."""
    return sequential(WIDTHS, "tanh", seed=3)


def own() -> nn.Module:
    """The same shape as this package's own module, with biases."""
    return fully_connected(WIDTHS, bias=True, seed=3)


@contextlib.contextmanager
def nothing(_: nn.Module) -> Iterator[None]:
    """No surroundings."""
    yield


def masquerade(name: str, part: str | None, *, start: Callable[[], nn.Module] = plain) -> Callable[[Make], Make]:
    """Enter a function that changes a network, or returns another, into the battery."""

    def enter(make: Make) -> Make:
        assert name not in BATTERY
        BATTERY[name] = Masquerade(name, make, nothing, part, start)
        return make

    return enter


def surrounding(name: str, part: str | None, *, start: Callable[[], nn.Module] = plain) -> Callable[[Any], Any]:
    """Enter a generator that switches something on around every call: yields once, with it on."""

    def enter(around: Callable[[nn.Module], Iterator[None]]) -> Callable[[nn.Module], Iterator[None]]:
        assert name not in BATTERY
        BATTERY[name] = Masquerade(name, lambda net: None, contextlib.contextmanager(around), part, start)
        return around

    return enter


def data(net: nn.Module) -> tuple[Tensor, Tensor]:
    """Three inputs, and targets 1e-4 from the plain network's outputs there."""
    x, away = draws(7, (3, WIDTHS[0]), (3, WIDTHS[-1]))
    with torch.no_grad():
        return x, net(x) + 1e-4 * away / away.norm()


@dataclass(frozen=True)
class Answer:
    """What one call said: a certificate with its promise, or the words of a refusal."""

    call: str
    certificate: Any
    words: str


def calls() -> dict[str, Callable[[pl.Problem], Answer]]:
    """The public calls that can say CERTIFIED."""

    def certify(theorem: str) -> Callable[[pl.Problem], Answer]:
        def call(problem: pl.Problem) -> Answer:
            c = pl.certify(problem, RULE, theorem=theorem)
            return Answer(f"certify {theorem}", c if c.holds else None, "" if c.holds else "does not hold")

        return call

    def verify(settings: pl.DeltaGClipSettings, steps: int) -> Callable[[pl.Problem], Answer]:
        def call(problem: pl.Problem) -> Answer:
            report = pl.verify(problem, settings, theorem="B", steps=steps)
            certified = report.verdict is pl.Verdict.CERTIFIED
            rows = "; ".join(dict.fromkeys(row.how for row in report.hypotheses if row.verdict.value == "UNDECIDED"))
            words = "" if certified else f"{report.verdict.value}: {report.measured.unavailable or rows}"
            return Answer("verify", report.main.certificate if certified else None, words)

        return call

    return {
        "certify B": certify("B"),
        "verify, eta = 0.5/beta": verify(RULE, 10),
        "verify, eta = 0.001": verify(FIXED, 5),
    }


def ask(which: Masquerade, call: Callable[[pl.Problem], Answer]) -> tuple[Answer, nn.Module, Tensor, Tensor]:
    """Build the network, ask, and give back what is needed to judge the answer.

    Any error that is not one of the package's own passes through.
    """
    start = which.start()
    x, y = data(start)
    net = which.make(start) or start
    if which.part is None:
        x, y = data(net)  # what was made may have outputs of its own, and is to start near its targets
    with which.around(net):
        try:
            said = call(pl.Problem(net, x, y))
        except PltheoryError as error:
            said = Answer("", None, f"{type(error).__name__}: {error}")
    return said, net, x, y


def jacobian(net: nn.Module, x: Tensor) -> Tensor:
    """Rows of dF/dw as training meets them: each output's own `backward`, through every hook, into `grad`."""
    params = [p for p in net.parameters() if p.requires_grad]
    rows = []
    for k in range(net(x).numel()):
        for p in params:
            p.grad = None
        net(x).reshape(-1)[k].backward()
        rows.append(torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).reshape(-1) for p in params]))
    for p in params:
        p.grad = None
    return torch.stack(rows).double()


def broken_promise(net: nn.Module, x: Tensor, y: Tensor, c: Any, settings: pl.DeltaGClipSettings) -> str | None:
    """Hold a certificate of Theorem B against the live module; the first number of it that is wrong, in words."""
    j = jacobian(net, x)
    values = torch.linalg.eigvalsh(j @ j.T)
    if not c["lambda_min"] <= float(values[0]) * (1 + 1e-9):
        return f"lambda_min >= {c['lambda_min']:.4g} is certified, it is {float(values[0]):.4g}"
    if not c["lipschitz"] >= math.sqrt(float(values[-1])) * (1 - 1e-9):
        return f"||J|| <= {c['lipschitz']:.4g} is certified, it is {math.sqrt(float(values[-1])):.4g}"
    params = [p for p in net.parameters() if p.requires_grad]
    first, path = math.nan, 0.0
    for t in range(STEPS + 1):
        for p in params:
            p.grad = None
        loss = 0.5 * (net(x) - y).square().sum()
        value = float(loss.detach())
        first = value if t == 0 else first
        # Losses below this are rounding: outputs are of size 1.
        if not value <= c["rate"] ** t * first + 1e-26:
            return f"L_{t} / L_0 <= {c['rate'] ** t:.4g} is certified, it is {value / first:.4g}"
        if not path <= c["required"] * (1 + 1e-9) + 1e-12:
            return f"a path within {c['required']:.4g} is certified, it is {path:.4g} after {t} steps"
        loss.backward()
        grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in params]
        norm = math.sqrt(sum(float(g.square().sum()) for g in grads))
        step = c.eta * (1.0 if norm == 0 else min(1.0, max(settings.delta, settings.gamma / norm)))
        before = [p.detach().clone() for p in params]
        with torch.no_grad():
            for p, g in zip(params, grads, strict=True):
                p -= step * g
        # What moved, not what was asked to move: a post-accumulate hook, or shared memory, shows here.
        path += math.sqrt(sum(float((p.detach() - b).square().sum()) for p, b in zip(params, before, strict=True)))
    return None
