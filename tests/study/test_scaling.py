"""Power laws of a study: synthetic laws are found, log factors are taken off, and what is not asymptotic is said so."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from pltheory.study.quantities import BUILT_IN, Quantity, largest_output_weight
from pltheory.study.scaling import Consistency, fit_laws

WIDTHS = [64, 128, 256, 512, 1024, 2048]
GAUSSIAN = {"network.hidden": [64], "network.output_init": "gaussian"}


def records(law, seeds=4, noise=0.05, widths=WIDTHS, **more):
    """Points of a made-up study in which every quantity follows a law of the width, with log-normal noise."""
    rng = np.random.default_rng(1)
    made = []
    for m in widths:
        for s in range(seeds):
            value = law(m) * math.exp(noise * rng.standard_normal())
            made.append(
                {"values": {"width": m, "run.seed": s, **more}, "width": m, **{q.name: value for q in BUILT_IN}}
            )
    return made


def only(quantity, made, **settings):
    (fit,) = (f for f in fit_laws(made, BUILT_IN, settings) if f.quantity == quantity)
    return fit


@pytest.mark.parametrize(("quantity", "slope"), [(q.name, q.expected) for q in BUILT_IN])
def test_the_expected_law_is_consistent_and_another_is_not(quantity, slope):
    fit = only(quantity, records(lambda m: 3.0 * m**slope))
    low, high = fit.interval
    assert low <= slope <= high
    assert high - low < 0.1
    assert (fit.verdict, fit.plain.points, fit.widths) == (Consistency.CONSISTENT, 24, 6)
    other = only(quantity, records(lambda m: 3.0 * m ** (slope - 0.2)))
    assert other.verdict is Consistency.NOT
    assert other.slope == pytest.approx(slope - 0.2, abs=0.05)
    assert other.p_expected < 1e-3


def test_a_factor_of_log_is_taken_off_before_the_test():
    """m^(-1/2) (log m)^(1/2), the Hessian of one hidden layer with Gaussian outputs: the plain exponent is not -1/2."""
    made = records(lambda m: m**-0.5 * math.log(m) ** 0.5, noise=0.005)
    with_log = only("hessian_norm", made, **GAUSSIAN)
    assert with_log.log_power == 0.5
    assert with_log.verdict is Consistency.CONSISTENT
    assert with_log.law.slope.value == pytest.approx(-0.5, abs=0.01)
    assert with_log.slope > -0.45
    without = only("hessian_norm", made, **{**GAUSSIAN, "network.output_init": "rademacher"})
    assert without.log_power == 0.0
    assert without.verdict is not Consistency.CONSISTENT


@pytest.mark.parametrize(
    ("settings", "power"),
    [
        (GAUSSIAN, 0.5),
        ({**GAUSSIAN, "network.output_init": "rademacher"}, 0.0),
        ({**GAUSSIAN, "network.hidden": [64, 64]}, 0.0),
        ({**GAUSSIAN, "depth": 2}, 0.0),
        ({**GAUSSIAN, "network.hidden": [8, 8], "depth": 1}, 0.5),
        ({"network.channels": [4]}, 0.0),
    ],
)
def test_the_log_factor_is_known_of_one_layer_with_gaussian_outputs(settings, power):
    assert largest_output_weight(settings) == power


def test_the_largest_output_weight_has_that_power_of_log():
    """The median of max_k |v_k| of m Gaussian weights is the quantile of 2^(-1/m): its exponent in log m nears 1/2."""
    widths = np.array([2.0**k for k in (10, 13, 16)])
    median = stats.norm.isf(-np.expm1(-math.log(2) / widths) / 2)
    powers = np.diff(np.log(median)) / np.diff(np.log(np.log(widths)))
    assert np.all(np.abs(powers - 0.5) < 0.1), powers


def test_a_law_that_bends_is_not_yet_asymptotic():
    """1/m with a correction of the next order is called curved on narrow networks, and consistent on wide ones."""
    made = records(lambda m: 1 / m + 20 / m**2, noise=0.05, widths=[2**k for k in range(4, 16)])
    assert only("kernel_drift", made).verdict is Consistency.NOT_YET
    (wide,) = (f for f in fit_laws(made, least_width=2048) if f.quantity == "kernel_drift")
    assert wide.verdict is Consistency.CONSISTENT
    assert wide.widths == 5


def test_what_else_varies_is_fitted_for_each_of_its_values():
    made = [
        *records(lambda m: m**-1.0, **{"optimizer.eta": 0.1}),
        *records(lambda m: m**-0.5, **{"optimizer.eta": 0.2}),
    ]
    fits = [f for f in fit_laws(made) if f.quantity == "kernel_drift"]
    assert [f.group for f in fits] == [{"optimizer.eta": 0.1}, {"optimizer.eta": 0.2}]
    assert [f.verdict for f in fits] == [Consistency.CONSISTENT, Consistency.NOT]


def test_layers_of_given_widths_are_told_apart_by_their_number():
    made = records(lambda m: 1.0)
    for r in made:
        m = r["values"].pop("width")
        r["values"]["network.hidden"] = [m] if r["values"]["run.seed"] < 2 else [m, m]
    assert {str(f.group) for f in fit_laws(made)} == {"{'depth': 1}", "{'depth': 2}"}


def test_what_cannot_be_fitted_is_left_out_and_counted():
    assert fit_laws([]) == []
    assert fit_laws(records(lambda m: 1.0, widths=[64])) == []
    assert fit_laws(records(lambda m: 1.0, seeds=1, widths=[64, 128])) == []
    assert fit_laws([{**r, "width": None} for r in records(lambda m: 1.0)]) == []
    made = records(lambda m: 1.0)
    made[0]["path_length"], made[1]["path_length"] = 0.0, None
    fit = only("path_length", made)
    assert (fit.plain.points, fit.left_out) == (22, 2)


def test_nothing_expected_is_no_verdict():
    quantity = Quantity("path_length", "made up", "1", lambda point: None)
    (fit,) = fit_laws(records(lambda m: 1.0), [quantity])
    assert fit.p_expected is None
    assert fit.verdict is Consistency.NOTHING_EXPECTED


def test_a_fit_is_plain_json():
    said = only("hessian_norm", records(lambda m: m**-0.5), **GAUSSIAN).to_dict()
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert (said["errors_over"], said["log_power"], said["expected"]) == ("seeds", 0.5, -0.5)
