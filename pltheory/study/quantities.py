"""What a study measures at each of its points: one list, read by records, table, CSV, figure, slopes and docs.

A package of somebody else adds an entry under the entry point group `pltheory.quantities`: the entry point's name is
the quantity's, its object a `Quantity`. What such code answers is a number, or None where it does not exist there;
anything else is an error that names the package.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

from .. import packages
from ..measure.hessian import largest_hessian_norm
from ..optim import StepSettings
from ..problem.problem import Problem, in_span_of_data
from ..runs.loop import Run
from ..theorems.ladder import WEAKEST_DEMAND
from ..theory import ExtensionError, NotAvailableError
from ..verification.report import VerifyReport
from .config import Config, clipped
from .infinite_width import limit_of_lambda_min

GROUP = "pltheory.quantities"
"""The entry point group."""
PARTS_OF_A_RECORD = (
    "schema",
    "point",
    "values",
    "width",
    "seed",
    "status",
    "error",
    "device",
    "verdict",
    "evidence",
    "reason",
    "steps",
    "spectrum",
    "pl_ratio",
    "seconds",
    "sha256",
)
"""What a record says beside its quantities: names that no quantity can take."""


@dataclass(frozen=True)
class Point:
    """A point of a study when its run has ended.

    Attributes:
        config: its configuration.
        problem: its network, at the weights it started from, and data.
        settings: its step rule.
        report: what was measured and checked.
        run: what the optimizer did.
    """

    config: Config
    problem: Problem
    settings: StepSettings
    report: VerifyReport
    run: Run


@dataclass(frozen=True)
class Quantity:
    """One number of every point.

    Attributes:
        name: its key in records, its column in table and CSV.
        meaning: what it is, in a line.
        unit: in weights, outputs and loss; "1" for a number without one.
        measure: the number at a point, None where it does not exist; a NotAvailableError says the same.
        expected: its exponent in the width, None where the theory says none.
        log_power: the power of log(width) beside it, as a function of the settings of a study by dotted key; None for
            0.
        source: where the theory says so.
        title: of its panel in the figure; one without has no panel.
        needed: a level that it has to pass, drawn as a line.
        limit: its value at infinite width, for a study's configuration; None where it is not known.
        origin: whose code it is; empty for those of this project.
    """

    name: str
    meaning: str
    unit: str
    measure: Callable[[Point], float | None]
    expected: float | None = None
    title: str = ""
    needed: float | None = None
    limit: Callable[[Config], float | None] | None = None
    log_power: Callable[[Mapping[str, Any]], float] | None = None
    source: str = ""
    origin: str = ""


def _hessian_norm(point: Point) -> float:
    # Directions orthogonal to the data meet no second derivative, so the norms are the same in their span.
    small = in_span_of_data(point.problem) or point.problem
    return largest_hessian_norm(small.network, small.x).value.value


def _certificate_ratio(point: Point) -> float | None:
    bounds = point.report.measured.profile
    if bounds is None or not point.problem.square or WEAKEST_DEMAND.uncovered(point.settings):
        return None
    return WEAKEST_DEMAND.search_radius(bounds, point.settings).ratio


def largest_output_weight(settings: Mapping[str, Any]) -> float:
    """The power of log m in max_k |v_k| of m output weights: 1/2 of Gaussian ones, 0 of signs.

    With one hidden layer the output's Hessian is m^(-1/2) diag(v_k sigma''(z_k)) times x x^T, of norm about
    m^(-1/2) max_k |v_k|, and E max_k |v_k| = (2 log m)^(1/2) (1 + o(1)). With more layers there are terms without this
    maximum, and no power is known.
    """
    depth = settings.get("depth", len(settings.get("network.hidden", ())))
    gaussian = settings.get("network.output_init") == "gaussian"
    return 0.5 if depth == 1 and gaussian else 0.0


# The kernel can drift by m^(-1/2) inside a ball; along gradient descent from symmetric output weights the terms of that
# order cancel on average over the neurons and 1/m remains.
BUILT_IN: tuple[Quantity, ...] = (
    Quantity(
        "lambda_min",
        "smallest eigenvalue of the tangent kernel at w_0, in the scale of the loss",
        "output^2 / weight^2",
        lambda point: point.report.measured.lambda_min.value,
        expected=0.0,
        title=r"$\lambda_{\min}(K(w_0))$",
        source="the kernel has a limit [Jacot, Gabriel, Hongler 2018, arXiv:1806.07572]",
        limit=limit_of_lambda_min,
    ),
    Quantity(
        "hessian_norm",
        "largest spectral norm of the Hessian of one output at one sample, at w_0",
        "output / weight^2",
        _hessian_norm,
        expected=-0.5,
        title=r"largest output Hessian $\|\nabla^2 f\|$",
        log_power=largest_output_weight,
        source="[Liu, Zhu, Belkin 2020, arXiv:2010.01092], up to powers of log m",
    ),
    Quantity(
        "kernel_drift",
        "change of the tangent kernel along the run, over its norm at w_0",
        "1",
        lambda point: point.run.kernel_drift,
        expected=-1.0,
        title="kernel drift after training",
        source="along the run, conjectured and measured [Dyer, Gur-Ari 2020, arXiv:1909.11304]; in a ball m^(-1/2)",
    ),
    Quantity(
        "path_length",
        "length of the path of the run",
        "weight",
        lambda point: float(point.run.trace.path[-1]),
        expected=0.0,
        source="at most the radius, which does not grow: residual over smallest singular value [Liu, Zhu, Belkin 2022]",
    ),
    Quantity(
        "certificate_ratio",
        "what Theorem B has over what it needs",
        "1",
        _certificate_ratio,
        expected=0.5,
        title="certificate ratio, Theorem B",
        needed=1.0,
        log_power=lambda settings: -largest_output_weight(settings),
        source="Theorem B asks a bound of the Hessian in the ball, m^(-1/2) up to powers of log m",
    ),
)
"""The quantities of this project, in the order in which they are shown."""


def quantities() -> tuple[Quantity, ...]:
    """The quantities in force: this project's, then those of installed packages by name.

    Raises:
        InvalidInputError: a package claims a name that is taken.
        ExtensionError: a package cannot be loaded, or what it gives is no quantity.
    """
    taken = {*PARTS_OF_A_RECORD, *(q.name for q in BUILT_IN)}
    found = []
    for name, points in sorted(packages.installed(GROUP).items()):
        what = f"quantity {name!r}"
        if name in taken:
            packages.refuse_taken(points, what, "name")
        point = packages.only(points, what)
        made = _described(packages.loaded(point, "quantity"), packages.origin(point))
        packages.require_named(point, "quantity", made.name)
        found.append(made)
    return (*BUILT_IN, *found)


def _described(made: object, origin: str) -> Quantity:
    """The quantity of a package, with its origin, if every part is what it has to be."""
    if not isinstance(made, Quantity):
        raise ExtensionError(f"{origin}: not a quantity, which is a pltheory.study.quantities.Quantity")
    texts = [made.name, made.meaning, made.unit]
    if not all(isinstance(t, str) and t.strip() for t in texts) or not isinstance(made.title, str):
        raise ExtensionError(f"{origin}: name, meaning and unit of a quantity are texts, and its title too")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", made.name):
        raise ExtensionError(f"{origin}: the name {made.name!r} is not of small letters, digits and _")
    if not callable(made.measure) or not (made.limit is None or callable(made.limit)):
        raise ExtensionError(f"{origin}: measure and limit of quantity {made.name!r} are functions")
    for part in ("expected", "needed"):
        value = getattr(made, part)
        if value is not None and _number(value) is None:
            raise ExtensionError(f"{origin}: {part} = {value!r} of quantity {made.name!r} is no finite number")
    return replace(made, origin=origin)


def measured(among: Sequence[Quantity], point: Point) -> dict[str, float | None]:
    """Every quantity at a point; None for one that does not exist there, or is infinite or NaN as a diverged run is.

    Raises:
        ExtensionError: a package's quantity failed, is no number, or changed the network or the data.
        PltheoryError: what one of this project's quantities raises.
    """
    return {q.name: _asked(q, q.measure, point, point.problem) for q in among}


def limits(among: Sequence[Quantity], config: Config) -> dict[str, float | None]:
    """The values at infinite width, by name, of the quantities that have one.

    Raises:
        ExtensionError: a package's quantity failed, or its limit is no number.
    """
    return {q.name: _asked(q, q.limit, config, None) for q in among if q.limit is not None}


def _asked(quantity: Quantity, function: Callable[[Any], Any], about: Any, problem: Problem | None) -> float | None:
    who = f"quantity {quantity.name!r} of {quantity.origin}"
    state = (lambda: []) if problem is None else problem.tensors
    passes = (NotAvailableError, MemoryError)
    try:
        with packages.watched(who, state, passes) if quantity.origin else nullcontext():
            value = function(about)
    except NotAvailableError:
        return None
    if value is None:
        return None
    if not isinstance(value, Real) or isinstance(value, bool):
        raise ExtensionError(f"{who} is {clipped(repr(value))}, which is no number")
    return _number(value)


def _number(value: object) -> float | None:
    """A finite number as a float; None for any other: JSON has no NaN."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (OverflowError, ValueError):
        return None
    return found if math.isfinite(found) else None
