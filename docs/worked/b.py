"""Theorem B on six digits: the numbers of its certificate, the root rho, and the run."""

from functools import cache

from scipy.optimize import brentq
from worked import six_digits as six

from pltheory.theory.formulas import slack


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    found = six.bounds("B")
    radius, target = found["R"], found["r0"] / slack(found["beta"], found["eta"])
    rho = float(brentq(lambda s: six.integral(s) - target, 0, radius, xtol=1e-14))
    areas = {"total": six.integral(radius), "area_rho": six.integral(rho)}
    ends = {"sig0": six.value(0.0), "sigR": six.value(radius), "tau": six.value(rho), "rho": rho}
    return {**found, **areas, **ends, **six.step(six.followed("B"), 100)}
