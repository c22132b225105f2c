"""A monitor's probe that holds theorems against its samples, at the weights of a step and under the run's step rule."""

from __future__ import annotations

import math
from typing import Any

from torch.optim import SGD, Optimizer

from ..optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings, StepSettings
from ..optim.citizens import DeltaGClip, GClip
from ..problem.problem import Problem
from ..runs.probe import Probe
from ..runs.reading import HeldTheorem
from ..theorems.guard import theorem_of
from ..theorems.names import ALL, BEST
from ..theory import InvalidInputError
from ..theory.verdict import Row, Verdict
from .report import verify


class TheoremProbe(Probe):
    """A `Probe` that also says which hypotheses of which theorem hold at the weights of a step.

    The question is put as `verify(.., steps=0, level=HOLDS)` puts it: would training on the probe's samples alone, all
    at once, from these weights, by this rule with the learning rate of now, be covered? HOLDS leaves round-off out.
    That a theorem holds on the probe is no verdict about the data it was taken from, and nothing that the run promises;
    that its kernel is singular, with smallest eigenvalue zero, goes over to every larger set.

    Args:
        problem: as of `Probe`.
        theorem: an id of the ladder, "all" for the ladder, "best" for the first that holds: seconds each time.
        settings: the step rule that the theorems are asked about; None for the optimizer's own, where it is
            `DeltaGClip`, `GClip` or `torch.optim.SGD`, the last one with `Monitor(gamma=)` where clipping comes before.
        kernel: as of `Probe`.
        sharpness: as of `Probe`.

    Raises:
        InvalidInputError: an argument is not of these.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        theorem: str = ALL,
        settings: StepSettings | None = None,
        kernel: bool = True,
        sharpness: bool = True,
    ) -> None:
        super().__init__(problem, kernel=kernel, sharpness=sharpness)
        if theorem not in (ALL, BEST):
            theorem_of(theorem)
        if settings is not None and not isinstance(settings, StepSettings):
            raise InvalidInputError(f"settings: a {type(settings).__name__} is no step rule of pltheory.optim")
        self._theorem, self._settings = theorem, settings

    def held(self, optimizer: Optimizer, before: float) -> tuple[HeldTheorem, ...]:
        """The theorems held against the probe now.

        Raises:
            InvalidInputError: settings are needed, or the theorem does not speak of the loss or the rule.
        """
        settings = settings_of(optimizer, before) if self._settings is None else self._settings
        report = verify(self.problem, settings, theorem=self._theorem, steps=0, level=Verdict.HOLDS)
        return tuple(
            HeldTheorem(
                theorem=r.theorem.id,
                verdict=r.verdict.value,
                rows=tuple(_said(row) for row in r.rows),
            )
            for r in report.ladder
        )


def _said(row: Row) -> tuple[str, str, str]:
    return row.hypothesis, row.verdict.value, row.how if row.says is None else str(row.says)


def settings_of(optimizer: Optimizer, before: float = math.inf) -> StepSettings:
    """The step rule of an optimizer as it is now, a learning rate that changes counted as one that does not.

    Args:
        optimizer: whose groups have one rule.
        before: the threshold of `clip_grad_norm_` before the step, infinite without, NaN where it is not known.

    Raises:
        InvalidInputError: its rule is none of these, or its groups differ in it.
    """
    first, *others = optimizer.param_groups
    if any(group.get(key) != first[key] for group in others for key in first if key != "params"):
        raise InvalidInputError("settings: the optimizer's groups differ: give the step rule, settings=")
    if math.isnan(before):
        raise InvalidInputError("settings: clipped() says no threshold: Monitor(gamma=) does, or give settings=")
    shared: dict[str, Any] = {
        "momentum": float(first.get("momentum", 0.0)),
        "nesterov": bool(first.get("nesterov", False)),
        "weight_decay": float(first.get("weight_decay", 0.0)),
    }
    eta, plain = float(first["lr"]), not first.get("dampening") and not first.get("maximize")
    if isinstance(optimizer, DeltaGClip | GClip) and plain:
        shared |= {"clip": first["clip"], "decoupled_weight_decay": bool(first["decoupled_weight_decay"])}
        if isinstance(optimizer, DeltaGClip):
            return DeltaGClipSettings(eta, gamma=float(first["gamma"]), delta=float(first["delta"]), **shared)
        return GClipSettings(eta, gamma=float(first["gamma"]), **shared)
    if type(optimizer) is SGD and plain and before == math.inf:
        return GradientDescentSettings(eta, **shared)
    if type(optimizer) is SGD and plain and not shared["weight_decay"]:  # SGD decays after the clip, GClip before it
        return GClipSettings(eta, gamma=before, **shared)
    raise InvalidInputError(f"settings: the rule of {type(optimizer).__name__} is not known here: give it, settings=")
