"""From a configuration to a problem, a step rule and an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from ..certificates.width import sufficient_width
from ..certification.profile import Profile
from ..optim import StepSettings
from ..optim.guard import made
from ..optim.registry import rule
from ..optim.schedule import schedule
from ..problem.batches import Batches
from ..problem.checkpoint import Reading, load_checkpoint
from ..problem.data import Data, named
from ..problem.problem import Problem
from ..runs.loop import Progress
from ..theorems.ball import BallTheorem
from ..theorems.measured import profile_at
from ..theory import InvalidInputError
from ..theory.verdict import Verdict
from ..verification.report import VerifyReport, verify
from .config import Config, OptimizerSection, loss_in, with_values
from .network import bytes_needed, memory, network_of, require_fully_connected, sample_shape
from .network_section import FullyConnectedSection

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
    for key in sorted(given.keys() - {*chosen.keys, *chosen.options}):
        raise InvalidInputError(f"optimizer.{key} = {given[key]!r}: {o.name} has no {key}")
    for key in sorted(set(chosen.keys) - given.keys()):
        raise InvalidInputError(f"optimizer.{key}: missing; {o.name} needs it")
    if "schedule" in given:
        said = given["schedule"]
        arguments = {} if isinstance(said, str) else {key: value for key, value in said.items() if key != "name"}
        given["schedule"] = schedule(said if isinstance(said, str) else said["name"], arguments, steps=config.run.steps)
    return made(chosen, o.eta, given)


def batches_of(config: Config) -> Batches | None:
    """What each step sees; None for all samples.

    Raises:
        InvalidInputError: what is said of batches where there are none, or batches and workers that do not fit the
            data set.
    """
    run = config.run
    if run.batch is None:
        for key in ("order", "batch_until", "workers", "passes"):
            if getattr(run, key) is not None:
                raise InvalidInputError(f"run.{key} = {getattr(run, key)!r}: needs run.batch")
        return None
    batches = Batches(run.batch, run.order or "shuffle", run.seed, run.batch_until, run.workers, run.passes or 1)
    batches.require_fits(config.data.n)
    return batches


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
    """The data, float64 on the CPU, in samples of the shape that the network takes.

    Raises:
        InvalidInputError: unknown source, labels or scale, data that no theorem can start from, or a shape that they or
            the network do not have.
    """
    options = config.data.model_dump(exclude={"source", "n", "shape"})
    d, outputs = config.data.d or 1, config.data.outputs or 1
    if config.data.source == "sphere" and 8.0 * config.data.n * (3.0 * d + 2.0 * outputs) > 0.8 * memory(_CPU):
        raise InvalidInputError(f"data.n = {config.data.n}, d = {d}, outputs = {outputs}: more than the memory here")
    try:
        data = named(config.data.source, config.data.n, seed=config.run.seed, **options)
    except InvalidInputError as error:
        raise InvalidInputError(f"data: {error}") from None
    shape = sample_shape(config, data)
    if len(shape) == 1:
        return data
    name = f"{data.name}, samples of shape {' x '.join(map(str, shape))}"
    return replace(data, x=data.x.reshape(-1, *shape), name=name)


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
    device, n = device_of(config), config.network
    network = network_of(config, data.x, data.outputs, device)
    names = n.checkpoint_names if isinstance(n, FullyConnectedSection) else None
    reading = None
    if n.checkpoint is not None:
        reading = load_checkpoint(Path(n.checkpoint), network, names=names, key=n.checkpoint_key)
    for name, given in (("checkpoint_names", names), ("checkpoint_key", n.checkpoint_key)):
        if given is not None and n.checkpoint is None:
            raise InvalidInputError(f"network.{name} = {given}: needs network.checkpoint")
    # The user's own module is taken in its own precision, and the data follow.
    dtype = next(network.parameters()).dtype
    x, y = data.x.to(device, dtype), data.y.to(device, dtype)
    return Problem(network, x, y, loss_in(config), data.described), reading


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
    settings, batches = settings_of(config), batches_of(config)
    problem, reading = problem_and_reading(config)
    report = verify(
        problem,
        settings,
        theorem=config.theorem.name,
        batches=batches,
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
    # At another width another network would be drawn, which a module of the user's own does not say how to do.
    if not isinstance(config.network, FullyConnectedSection):
        return report
    if not isinstance(theorem, BallTheorem) or found is None or not found.ratio > 0:
        return report
    width = _closing_width(config, settings, theorem, found.ratio)
    return replace(report, closing_width=width)


def _closing_width(config: Config, settings: StepSettings, theorem: BallTheorem, ratio: float) -> int | None:
    widths = Widths(config, settings, theorem)
    # A quarter of the memory: the search is a convenience and must not push the machine to its limit.
    return sufficient_width(widths.ratio_at, widths.first, ratio, widths.limit(0.25))


class Widths:
    """The networks of a configuration at other widths: all hidden widths scaled alike, the first one named.

    Raises:
        InvalidInputError: the network is not fully connected.

    Args:
        config: its seed and data are used at every width.
        settings: step rule.
        theorem: whose ratio is read.
    """

    def __init__(self, config: Config, settings: StepSettings, theorem: BallTheorem) -> None:
        self._hidden_there = require_fully_connected(config, "widths are searched for").hidden
        outside = theorem.outside(batches_of(config), loss_in(config))
        if outside:
            raise InvalidInputError(outside)
        self._config, self._settings, self._theorem = config, settings, theorem
        self.data = data_of(config)

    @property
    def first(self) -> int:
        """The first hidden width that is configured."""
        return self._hidden_there[0]

    def _hidden(self, width: int) -> list[int]:
        hidden = self._hidden_there
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
        limit, d, c = self._hidden_there[0], self.data.x.shape[1], self.data.y.shape[1]
        budget = part * memory(device_of(self._config))
        while bytes_needed([d, *self._hidden(2 * limit), c], len(self.data.x), 8) < budget:
            limit *= 2
        return limit
