"""What each worker does in the tests of rounds that are held against a promise."""

from __future__ import annotations

import torch

from pltheory.optim import LocalClipping
from pltheory.runs.local import batches_of, local_run, settings_of
from pltheory.runs.trace import COLUMNS
from pltheory.theory import PltheoryError
from tests.certification.test_every_order import near

N = 4


def rounds(rank, world, *, eta, gamma, delta, size, order, interval, many, wrong=""):
    """The trace of a run; `wrong` says what the last worker does otherwise."""
    problem = near(n=N, outputs=1)
    opt = LocalClipping(problem.parameters(), eta, gamma, delta, interval=interval)
    batches = batches_of(opt, N, size, order, seed=3)
    if wrong == "steps" and rank:
        opt.param_groups[0]["lr"] = 1.01 * eta
    if wrong == "targets" and rank:
        problem.y.add_(0.01)
    trace = local_run(problem, opt, batches, many)
    found = {name: getattr(trace, name).tolist() for name in (*COLUMNS, "recorded")}
    return {**found, "averages": opt.averages, "sum": float(sum(p.detach().sum() for p in problem.parameters()))}


def refusals(rank, world):
    """Runs that F4 does not speak of, in a line each."""
    found = {}

    def refused(name, *, change=None, size=2, n=N, rule=None):
        problem = near(n=N, outputs=1)
        opt = LocalClipping(problem.parameters(), **{"lr": 0.1, "gamma": 1.0, "interval": 2, **(rule or {})})
        try:
            settings_of(opt)
            batches = batches_of(opt, n, size)
            if change is not None:
                change(opt)
            local_run(problem, opt, batches, 1)
        except PltheoryError as error:
            found[name] = str(error)

    refused("momentum", rule={"momentum": 0.9})
    refused("decay", rule={"weight_decay": 0.1})
    refused("within a pass", size=1, rule={"interval": 3})
    refused("unequal parts", n=5)
    refused("larger than a part", size=3)
    refused("within a round", change=lambda opt: opt.param_groups[0].update(steps=1))
    refused("other rounds", change=lambda opt: opt.param_groups[0].update(interval=4))
    refused("other weights", change=lambda opt: opt.add_param_group({"params": [torch.nn.Parameter(torch.ones(1))]}))
    return found
