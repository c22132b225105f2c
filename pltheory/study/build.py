"""From a configuration to a problem, a step rule and an answer."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import torch

from ..certificates.width import sufficient_width
from ..certification.profile import Profile
from ..optim import StepSettings
from ..optim.guard import made
from ..optim.registry import rule
from ..problem.checkpoint import Reading, load_checkpoint
from ..problem.data import Data, named
from ..problem.networks import fully_connected
from ..problem.problem import Problem
from ..runs.loop import Progress
from ..theorems.ball import BallTheorem
from ..theorems.measured import profile_at
from ..theory import InvalidInputError
from ..theory.verdict import Verdict
from ..verification.report import VerifyReport, verify
from .config import Config, OptimizerSection, with_values

LEVELS = {"holds": Verdict.HOLDS, "certified": Verdict.CERTIFIED}
_CPU = torch.device("cpu")


def settings_of(config: Config) -> StepSettings:
    """The step rule.

    Raises:
        InvalidInputError: a value outside its range, or one that the rule does not have.
        ExtensionError: a package's rule cannot be loaded, or contradicts itself.
    """
    o: OptimizerSection = config.optimizer
    chosen, given = rule(o.name), {k: v for k, v in o.model_dump(exclude={"name", "eta"}).items() if v is not None}
    for key in given.keys() - set(chosen.keys):
        raise InvalidInputError(f"optimizer.{key} = {given[key]!r}: {o.name} has no {key}")
    for key in sorted(set(chosen.keys) - given.keys()):
        raise InvalidInputError(f"optimizer.{key}: missing; {o.name} needs it")
    return made(chosen, o.eta, given)


def device_of(config: Config) -> torch.device:
    """The device asked for; "auto" is CUDA where there is one.

    Raises:
        InvalidInputError: CUDA is asked for and there is none.
    """
    name = config.run.device
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise InvalidInputError(f"run.device = {name!r}: torch finds no CUDA device; allowed are 'auto', 'cpu'")
    return torch.device(name)


def data_of(config: Config) -> Data:
    """The data, float64 on the CPU.

    Raises:
        InvalidInputError: unknown source, labels or scale, or data that no theorem can start from.
    """
    options = config.data.model_dump(exclude={"source", "n"})
    d, outputs = config.data.d or 1, config.data.outputs or 1
    if config.data.source == "sphere" and 8.0 * config.data.n * (3.0 * d + 2.0 * outputs) > 0.8 * _memory(_CPU):
        raise InvalidInputError(f"data.n = {config.data.n}, d = {d}, outputs = {outputs}: more than the memory here")
    try:
        return named(config.data.source, config.data.n, seed=config.run.seed, **options)
    except InvalidInputError as error:
        raise InvalidInputError(f"data: {error}") from None


def problem_of(config: Config, data: Data | None = None) -> Problem:
    """Network, data and loss of a configuration.

    Raises:
        InvalidInputError: a value that is not allowed, or a network too large for the memory here.
    """
    return problem_and_reading(config, data)[0]


def problem_and_reading(config: Config, data: Data | None = None) -> tuple[Problem, Reading | None]:
    """Network, data and loss of a configuration, and how `network.checkpoint` was read, None where there is none.

    Raises:
        InvalidInputError: as `problem_of`.
    """
    data = data_of(config) if data is None else data
    dtype, device = getattr(torch, config.run.dtype), device_of(config)
    n = config.network
    widths = [data.x.shape[1], *n.hidden, data.y.shape[1]]
    _check_memory(n.hidden, _bytes_needed(widths, data.x.shape[0], dtype.itemsize), device)
    network = fully_connected(
        widths,
        activation=n.activation,
        parametrization=n.parametrization,
        bias=n.bias,
        output_init=n.output_init,
        seed=config.run.seed,
        dtype=dtype,
        device=device,
    )
    reading = None
    if n.checkpoint is not None:
        reading = load_checkpoint(Path(n.checkpoint), network, names=n.checkpoint_names, key=n.checkpoint_key)
    for name, given in (("checkpoint_names", n.checkpoint_names), ("checkpoint_key", n.checkpoint_key)):
        if given is not None and n.checkpoint is None:
            raise InvalidInputError(f"network.{name} = {given}: needs network.checkpoint")
    x, y = data.x.to(device, dtype), data.y.to(device, dtype)
    return Problem(network, x, y, config.loss, data.described), reading


def answer(
    config: Config,
    *,
    level: str | None = None,
    run: bool = True,
    progress: Progress | None = None,
    loaded: Callable[[Reading], None] | None = None,
) -> VerifyReport:
    """Check the configured theorem, run the optimizer unless told not to, and look for a closing width if undecided.

    Args:
        config: what to check.
        level: "holds" or "certified"; None takes the configuration's.
        run: False checks only.
        progress: called as (done, total, note).
        loaded: called with how `network.checkpoint` was read, where there is one.

    Raises:
        InvalidInputError, NumericalFailureError: as `problem_of` and `verify`.
    """
    settings, (problem, reading) = settings_of(config), problem_and_reading(config)
    report = verify(
        problem,
        settings,
        theorem=config.theorem.name,
        options=config.theorem.options,
        steps=config.run.steps if run else 0,
        target=config.run.target,
        checkpoint=config.network.checkpoint,
        level=LEVELS[level or config.level],
        progress=progress,
    )
    if reading is not None and loaded is not None:
        loaded(reading)
    theorem, found = report.main.theorem, report.main.ball_constants
    if report.main.verdict is not Verdict.UNDECIDED or config.network.checkpoint is not None:
        return report
    if not isinstance(theorem, BallTheorem) or found is None or not found.ratio > 0:
        return report
    width = _closing_width(config, settings, theorem, found.ratio)
    return replace(report, closing_width=width)


def _closing_width(config: Config, settings: StepSettings, theorem: BallTheorem, ratio: float) -> int | None:
    widths = Widths(config, settings, theorem)
    # A quarter of the memory: the search is a convenience and must not push the machine to its limit.
    return sufficient_width(widths.ratio_at, config.network.hidden[0], ratio, widths.limit(0.25))


class Widths:
    """The networks of a configuration at other widths: all hidden widths scaled alike, the first one named.

    Args:
        config: its seed and data are used at every width.
        settings: step rule.
        theorem: whose ratio is read.
    """

    def __init__(self, config: Config, settings: StepSettings, theorem: BallTheorem) -> None:
        self._config, self._settings, self._theorem = config, settings, theorem
        self.data = data_of(config)

    def _hidden(self, width: int) -> list[int]:
        hidden = self._config.network.hidden
        return [max(1, round(width * m / hidden[0])) for m in hidden]

    def problem_at(self, width: int) -> Problem:
        """The problem at that width, a fresh draw from the same seed."""
        return problem_of(with_values(self._config, {"network.hidden": self._hidden(width)}), self.data)

    def profile_at(self, width: int) -> tuple[Problem, Profile]:
        """The problem at that width and its float64 profile."""
        problem = self.problem_at(width)
        return problem, profile_at(problem)

    def ratio_at(self, width: int) -> float:
        """The theorem's available over required there, float64."""
        return self._theorem.search_radius(self.profile_at(width)[1], self._settings).ratio

    def certified_at(self, width: int) -> bool:
        """Whether the theorem is proved there, round-off included."""
        problem, bounds = self.profile_at(width)
        return self._theorem.certify_near(problem, self._settings, bounds).holds

    def limit(self, part: float) -> int:
        """A power of two times the configured width that fits into that part of the memory."""
        limit, d, c = self._config.network.hidden[0], self.data.x.shape[1], self.data.y.shape[1]
        budget = part * _memory(device_of(self._config))
        while _bytes_needed([d, *self._hidden(2 * limit), c], len(self.data.x), 8) < budget:
            limit *= 2
        return limit


def _bytes_needed(widths: list[int], n: int, itemsize: int) -> float:
    """Weights with gradient and two copies, and activations with backward rows, in bytes."""
    weights = sum(a * b for a, b in pairwise(widths))
    return itemsize * (4.0 * weights + 6.0 * n * widths[-1] * sum(widths))


def _memory(device: torch.device) -> float:
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[1])
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _check_memory(hidden: list[int], needed: float, device: torch.device) -> None:
    there = _memory(device)
    if needed > 0.8 * there:
        raise InvalidInputError(
            f"network.hidden = {hidden}: needs about {needed / 2**30:.1f} GiB, {device} has {there / 2**30:.1f} GiB"
        )
