"""The runs of local clipping, one file each, and its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import pltheory as pl
from pltheory.optim import ClippedSettings, DeltaGClipSettings, GClipSettings
from pltheory.problem.batches import Batches
from pltheory.runs.epochs import EpochPromise
from pltheory.runs.local import held
from pltheory.runs.trace import Trace
from pltheory.theory import InvalidInputError

from ..records import made
from .training import by_rounds, drawn, in_parts
from .workers import together

SPEEDUP = ("data", "n", "hidden", "batch", "gamma", "delta", "lr", "cases", "seeds", "steps", "every", "target")
PARTS = ("data", "n", "hidden", "workers", "passes", "batch", "eta", "gamma", "delta", "rounds", "seed")


@dataclass(frozen=True)
class Case:
    """So many workers, averaged every so many steps, at one step size.

    Attributes:
        runs: a record a seed.
    """

    workers: int
    interval: int
    lr: float
    runs: list[dict[str, Any]]


def require(config: Mapping[str, Any]) -> None:
    """Refuse settings that are not there, and looks that are not at averages.

    Raises:
        InvalidInputError: one is missing, or `every` is no multiple of an interval.
    """
    sections = {f"parts.{name}": (group, PARTS) for name, group in config.get("parts", {}).items()}
    for section, (group, keys) in {"speedup": (config.get("speedup", {}), SPEEDUP), **sections}.items():
        for key in keys:
            if key not in group:
                raise InvalidInputError(f"{section}.{key} is missing")
    every = config["speedup"]["every"]
    for _, interval in config["speedup"]["cases"]:
        if every % interval:
            raise InvalidInputError(
                f"speedup.every = {every}: allowed are multiples of every interval, here {interval}"
            )


def cases(config: Mapping[str, Any], folder: Path) -> Iterator[Case]:
    """The runs on samples of all, made where they are not there with the same settings."""
    group = config["speedup"]
    common = {key: group[key] for key in ("data", "n", "hidden", "batch", "gamma", "delta", "steps", "every")}
    most = max(workers for workers, _ in group["cases"])
    for workers, interval in group["cases"]:
        for lr in group["lr"]:
            runs = []
            for seed in group["seeds"]:
                # Hessians are looked at along the paper's own case alone: they take longer than the run.
                paper = [workers, interval] == [most, group["cases"][0][1]] and seed == group["seeds"][0]
                asked = {**common, "interval": interval, "lr": lr, "seed": seed, "curvature": paper, "workers": workers}
                runs.append(
                    made(
                        folder,
                        f"{workers}-workers-{interval}-lr-{lr:g}-{seed}",
                        asked,
                        lambda asked=asked: of_first(together(drawn, asked["workers"], asked)),
                    )
                )
            yield Case(workers, interval, lr, runs)


def of_first(found: list[dict[str, Any]]) -> dict[str, Any]:
    """What the first worker saw, and the processor seconds of all."""
    return {**found[0], "processor": sum(worker["processor"] for worker in found)}


def parts(config: Mapping[str, Any], folder: Path) -> dict[str, dict[str, Any]]:
    """Certificates and the runs held against them, by name."""
    return {
        name: made(folder, f"parts-{name}", group, lambda group=group: certified_and_run(group))
        for name, group in config.get("parts", {}).items()
    }


def rule(eta: str | float, gamma: float, delta: float) -> ClippedSettings:
    """The paper's steps, or with a floor."""
    return DeltaGClipSettings(eta=eta, gamma=gamma, delta=delta) if delta > 0 else GClipSettings(eta=eta, gamma=gamma)


def certified_and_run(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Theorem F4 proved at w_0 where it can be, then its rounds by processes, held against what it promises.

    Raises:
        InvalidInputError: F4 does not speak of these rounds.
    """
    problem = in_parts(asked)
    batches = Batches(asked["batch"], "fixed", workers=asked["workers"], passes=asked["passes"])
    wanted = rule(asked["eta"], asked["gamma"], asked["delta"])
    report = pl.verify(problem, wanted, theorem="F4", batches=batches, steps=0, level=pl.Verdict.CERTIFIED)
    found = {"data": problem.data, "verdict": report.verdict.value, "shortfall": report.main.shortfall}
    claim, promise = report.main.certificate, report.main.promise
    if claim is None or not isinstance(promise, EpochPromise):
        return found
    names = {"rate": "q", "required": "R", "lost": "x", "truncation": "Om"}
    found |= {"numbers": {short: claim[name] for name, short in names.items()} | promise.numbers()}
    found["envelope"] = promise.slope * promise.growth * promise.start  # of ||r|| in the first round
    interval = batches.count(asked["n"]) // asked["workers"]
    ran = together(by_rounds, asked["workers"], {**asked, "eta": promise.eta, "interval": interval})
    trace = Trace(**{name: np.array(values) for name, values in ran[0]["trace"].items()})
    settings = rule(promise.eta, asked["gamma"], asked["delta"])
    against = held(problem, settings, batches, trace, promise)
    starts = trace.recorded
    return found | {
        "violation": None if against.violation is None else against.violation.inequality,
        "checked": [check.name for check in against.checks],
        "tells": against.tells,
        "rounding": against.rounding,
        "loss": trace.loss[starts].tolist(),
        "distance": trace.distance.tolist(),
        "clipped": float((trace.step_size < promise.eta * (1 - 1e-12)).mean()),
        "averages": ran[0]["averages"],
        "sent": ran[0]["sent"],
        "processor": sum(worker["processor"] for worker in ran),
    }


def run(config: Mapping[str, Any], folder: Path) -> None:
    """Make the runs that are not there with the same settings."""
    require(config)
    for _ in cases(config, folder):
        pass
    parts(config, folder)


def page(config: Mapping[str, Any], folder: Path, name: str) -> None:
    """Figures and page from the files."""
    from . import report

    require(config)
    report.write(list(cases(config, folder)), parts(config, folder), config, name)
