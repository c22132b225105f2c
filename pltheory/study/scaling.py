"""Power laws in the width: what the theory expects of a quantity, held against what a study measured.

The law is q = c m^expected (log m)^log_power, with its source. A straight line is fitted to log q - log_power log log m
against log m, over all seeds, for each value of whatever else varies; its slope is tested against the expected
exponent, and its curvature against none. Where the curvature is significant the widths are not yet asymptotic, and the
slope is no exponent. Consistent means that the test did not reject, not that the law is shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from .grid import group_of
from .quantities import BUILT_IN, Quantity
from .regression import Line, fitted_line

LEVEL = 0.05
"""Of both tests."""


class Consistency(StrEnum):
    """How a fitted law stands to the expected one."""

    CONSISTENT = "consistent"
    NOT = "not consistent"
    NOT_YET = "not yet asymptotic"
    NOTHING_EXPECTED = "nothing expected"


@dataclass(frozen=True)
class Fit:
    """A fitted power law.

    Attributes:
        quantity: the name of one.
        group: what else varies, with its values here.
        plain: line of log q against log m.
        law: line of log q - log_power log log m; the same where log_power is 0.
        expected: the exponent that the theory says, None where it says none.
        log_power: the power of log m that stands beside it.
        source: where the theory says so.
        widths: how many.
        left_out: points at which the quantity is missing or not positive.
    """

    quantity: str
    group: dict[str, Any]
    plain: Line
    law: Line
    expected: float | None
    log_power: float
    source: str
    widths: int
    left_out: int

    @property
    def slope(self) -> float:
        """Of log q against log m."""
        return self.plain.slope.value

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of `slope`."""
        return self.plain.slope.interval()

    @property
    def p_expected(self) -> float | None:
        """Probability of a slope of `law` at least as far from the expected exponent, were that true."""
        return None if self.expected is None else self.law.slope.p_value(self.expected)

    @property
    def p_straight(self) -> float | None:
        """Probability of at least that curvature, were there none; None with too few widths to see one."""
        return None if self.law.curvature is None else self.law.curvature.p_value(0.0)

    @property
    def verdict(self) -> Consistency:
        """By both tests at `LEVEL`."""
        p = self.p_expected
        if p is None:
            return Consistency.NOTHING_EXPECTED
        if self.p_straight is not None and self.p_straight < LEVEL:
            return Consistency.NOT_YET
        return Consistency.CONSISTENT if p >= LEVEL else Consistency.NOT

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        low, high = self.interval
        law_low, law_high = self.law.slope.interval()
        return {
            "quantity": self.quantity,
            "group": self.group,
            "slope": self.slope,
            "low": low,
            "high": high,
            "expected": self.expected,
            "log_power": self.log_power,
            "slope_beside_log": self.law.slope.value,
            "low_beside_log": law_low,
            "high_beside_log": law_high,
            "p_expected": self.p_expected,
            "p_straight": self.p_straight,
            "verdict": self.verdict.value,
            "source": self.source,
            "errors_over": "seeds" if self.plain.replicated else "residuals",
            "points": self.plain.points,
            "left_out": self.left_out,
            "widths": self.widths,
        }


def fit_laws(
    records: Sequence[Mapping[str, Any]],
    quantities: Sequence[Quantity] = BUILT_IN,
    fixed: Mapping[str, Any] | None = None,
    *,
    least_width: int = 1,
) -> list[Fit]:
    """Fit every quantity that is positive at two widths or more, with at least three points.

    Args:
        records: of a study.
        quantities: those that are fitted.
        fixed: what is the same at every point, by dotted key: a law may hang on it.
        least_width: narrower points are left out.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for r in records:
        if r["width"] is not None and r["width"] >= least_width:
            groups.setdefault(json.dumps(group_of(r["values"]), default=str), []).append(r)
    fits = []
    for members in groups.values():
        group = group_of(members[0]["values"])
        settings = {**(fixed or {}), **members[0]["values"]}
        fits += [fit for q in quantities if (fit := _fit(q, group, members, settings)) is not None]
    return fits


def _fit(
    quantity: Quantity, group: dict[str, Any], records: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]
) -> Fit | None:
    found = [(r["width"], r.get(quantity.name)) for r in records]
    pairs = np.array([(m, value) for m, value in found if value is not None and value > 0], dtype=float).reshape(-1, 2)
    x, y = np.log(pairs).T
    log_power = 0.0 if quantity.log_power is None or not np.all(x > 0) else quantity.log_power(settings)
    plain = fitted_line(x, y)
    law = fitted_line(x, y - log_power * np.log(x)) if log_power else plain
    if plain is None or law is None:
        return None
    widths, left_out = len(np.unique(x)), len(found) - len(pairs)
    return Fit(quantity.name, group, plain, law, quantity.expected, log_power, quantity.source, widths, left_out)
