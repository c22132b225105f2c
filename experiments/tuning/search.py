"""Random search over log-uniform ranges, a record a trial."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna

from pltheory.theory import InvalidInputError

from ..classify import classify
from ..records import made

optuna.logging.set_verbosity(optuna.logging.WARNING)


def drawn(trial: optuna.Trial, space: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of an optimizer in which every pair [low, high] is drawn; a momentum from the range of 1 - momentum.

    Raises:
        InvalidInputError: a range is not of two positive numbers.
    """
    settings: dict[str, Any] = {}
    for key, value in space.items():
        if not isinstance(value, list):
            settings[key] = value
            continue
        if len(value) != 2 or not 0 < value[0] <= value[1]:
            raise InvalidInputError(f"{key} = {value}: a range is [low, high] with 0 < low <= high")
        number = trial.suggest_float(key, *value, log=True)
        if key == "one_minus_momentum":
            settings["momentum"] = 1 - number
        else:
            settings[key] = number
    return settings


def best(
    folder: Path, name: str, group: Mapping[str, Any], space: Mapping[str, Any], trials: int, seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The settings with the least validation loss at the end of one run, and every trial.

    The draws are the same whenever they are asked for again, so that a search that was stopped goes on.

    Args:
        folder: of the records.
        name: of the search, with which the records' names begin.
        group: the problem, as `classify` reads it.
        space: settings of the optimizer, numbers or ranges.
        trials: how many settings are tried.
        seed: of the draws and of the runs.

    Raises:
        InvalidInputError: a setting is not as it should be, or every trial diverged.
    """
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    records = []
    for number in range(trials):
        trial = study.ask()
        settings = drawn(trial, space)
        asked = {**group, "optimizer": settings, "seed": seed}
        record = made(folder, f"{name}-trial-{number:02d}", asked, lambda s=settings: classify(group, s, seed))
        records.append(record)
        study.tell(trial, math.inf if record["diverged"] else record["validation"][-1])
    if not math.isfinite(study.best_value):
        raise InvalidInputError(f"{name}: all {trials} trials diverged")
    return records[study.best_trial.number]["asked"]["optimizer"], records
