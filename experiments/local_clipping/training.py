"""What workers do: train on samples of all, or by rounds on parts of their own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch

import pltheory as pl
from pltheory.measure.autodiff import gradient, norm
from pltheory.measure.relaxed_smoothness import smoothness_at
from pltheory.optim import LocalClipping
from pltheory.runs.local import batches_of, local_run

from .workers import MINUTES

Asked = Mapping[str, Any]


def on_all(asked: Asked) -> pl.Problem:
    """Ten outputs, one layer of tanh, half the mean square: every worker has all samples."""
    data = pl.datasets.named(asked["data"], asked["n"], labels="one-hot")
    net = pl.fully_connected(
        [data.x.shape[1], asked["hidden"], data.y.shape[1]],
        activation="tanh",
        parametrization="ntk",
        seed=asked["seed"],
    )
    return pl.Problem(net, data.x, data.y, "mean", data=data.name)


def in_parts(asked: Asked) -> pl.Problem:
    """One output +-1, a wide layer of tanh, half the sum of squares."""
    data = pl.datasets.named(asked["data"], asked["n"], labels="low-high")
    net = pl.fully_connected(
        [data.x.shape[1], asked["hidden"], 1],
        activation="tanh", parametrization="ntk", output_init="rademacher", seed=asked["seed"],
    )  # fmt: skip
    return pl.Problem(net, data.x, data.y, data=data.name)


def drawn(rank: int, asked: Asked) -> dict[str, Any]:
    """Steps on batches drawn from all samples; the first worker looks at the averaged weights."""
    problem = on_all(asked)
    optimizer = LocalClipping(
        problem.parameters(),
        asked["lr"],
        asked["gamma"],
        asked["delta"],
        interval=asked["interval"],
        timeout=60.0 * MINUTES,
    )
    draw = torch.Generator().manual_seed(1000 * asked["seed"] + rank)
    looks: list[dict[str, float]] = []
    shortened, spent = 0, time.process_time()
    for step in range(asked["steps"] + 1):
        if rank == 0 and step % asked["every"] == 0:
            looks.append({"step": step, **_look(problem, curvature=asked["curvature"])})
        if step == asked["steps"]:
            break
        rows = torch.randint(len(problem.x), (asked["batch"],), generator=draw)
        optimizer.zero_grad()
        outputs = problem.network(problem.x[rows]).flatten(1)
        problem.objective.of_rows(rows).value(outputs, problem.y[rows]).backward()
        optimizer.step()
        shortened += float(optimizer.step_size) < asked["lr"]
    return {
        "looks": {key: [look[key] for look in looks] for key in looks[0]} if looks else {},
        "clipped": shortened / asked["steps"],
        "averages": optimizer.averages,
        "sent": optimizer.sent,
        "processor": time.process_time() - spent,
        "data": problem.data,
    }


def _look(problem: pl.Problem, *, curvature: bool) -> dict[str, float]:
    value = problem.value()
    found = {"loss": float(value.detach())}
    if curvature:
        found["norm"], found["curvature"] = smoothness_at(problem)
    else:
        found["norm"] = norm(gradient(value, list(problem.parameters()), torch.ones_like(value)))
    return found


def by_rounds(rank: int, asked: Asked) -> dict[str, Any]:
    """Rounds of whole passes through a part of one's own."""
    spent, problem = time.process_time(), in_parts(asked)
    optimizer = LocalClipping(
        problem.parameters(),
        asked["eta"],
        asked["gamma"],
        asked["delta"],
        interval=asked["interval"],
        timeout=60.0 * MINUTES,
    )
    batches = batches_of(optimizer, asked["n"], asked["batch"])
    trace = local_run(problem, optimizer, batches, asked["rounds"])
    names = ("loss", "batch_loss", "grad_norm", "step_size", "path", "recorded", "distance", "lambda_min", "epoch")
    found = {name: getattr(trace, name).tolist() for name in names} if rank == 0 else {}
    counts = {"averages": optimizer.averages, "sent": optimizer.sent}
    return {"trace": found, **counts, "processor": time.process_time() - spent}
