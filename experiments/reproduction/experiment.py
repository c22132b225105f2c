"""Every switch on and off, a record a run, and its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pltheory.theory import InvalidInputError

from ..classify import classify
from ..grid import Run, recorded
from ..vae.training import train
from .switches import variant

NO_PROBLEM = ("about", "variants", "variant", "optimizer", "seed")


def one(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A run, or the error that it ends with where a parameter has no gradient and that is a failure."""
    problem = {key: value for key, value in asked.items() if key not in NO_PROBLEM}
    problem |= asked["variant"]
    settings = problem.pop("optimizer")
    if problem.get("network") is None:
        return train(problem, settings, asked["seed"])
    try:
        return classify(
            problem,
            settings,
            asked["seed"],
            make=lambda net: variant(net, settings, problem),
        )
    except AttributeError as error:
        if not problem.get("none_fails"):
            raise
        return {"error": f"{type(error).__name__}: {error}"}


def runs(config: Mapping[str, Any]) -> Iterator[Run]:
    """Every variant of every switch from every seed.

    Raises:
        InvalidInputError: a setting is missing.
    """
    for key in ("seeds", "switches"):
        if key not in config:
            raise InvalidInputError(f"{key} is missing")
    for switch, group in config["switches"].items():
        if len(group.get("variants", {})) < 2:
            raise InvalidInputError(f"{switch}.variants: needed are at least two, one of them as in the paper")
        shared = {key: value for key, value in group.items() if key not in NO_PROBLEM}
        for kind, changed in group["variants"].items():
            if "optimizer" not in changed:
                raise InvalidInputError(f"{switch}.{kind}.optimizer is missing")
            for seed in config["seeds"]:
                asked = {**shared, "variant": changed, "seed": seed}
                yield Run(f"{switch}-{kind}-{seed}", switch, kind, asked)


def run(config: Mapping[str, Any], folder: Path) -> None:
    """Make the runs that are not there with the same settings."""
    recorded(runs(config), folder, one)


def page(config: Mapping[str, Any], folder: Path, name: str) -> None:
    """Figures and page from the files."""
    from . import report

    report.write(recorded(runs(config), folder, one), config, name)
