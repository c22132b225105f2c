"""The pass of Theorem B+ over whole arrays against the pass in balls: never below it, and near it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_mat, ctx

from pltheory.rechecker import neuron_arrays, suprema
from pltheory.rechecker.arithmetic import ACTIVATIONS
from pltheory.rechecker.fields import Stop
from pltheory.rechecker.midpoint import Upper
from pltheory.rechecker.network import CURVATURES, Suprema
from pltheory.rechecker.neuron_arrays import ArrayPass, Near, Total
from pltheory.rechecker.neurons import Pass
from pltheory.rechecker.suprema import ArraySuprema
from tests.rechecker.test_bplus_agreement import Both

# --- local suprema ----------------------------------------------------------------------------------------------------


def places() -> tuple[np.ndarray, np.ndarray]:
    """z, and how far it moves: small, large, saturated, across 0 and where a derivative is largest."""
    rng = np.random.default_rng(0)
    z = np.concatenate(
        [rng.normal(size=400), 8 * rng.normal(size=100), [0.0, 0.6584789, -0.6584789, 1.1462158, 19.5, -40.0]]
    )
    zeta = np.concatenate([10.0 ** rng.uniform(-9, 1, 500), [0.0, 1e-12, 0.3, 1e-3, 1e-8, 50.0]])
    return z, zeta


def found(name: str, z: np.ndarray, zeta: np.ndarray, off: float = 0.0) -> list[np.ndarray]:
    with ctx.workprec(200):
        s = np.array([float(ACTIVATIONS[name][0](arb(v))[0]) for v in z.tolist()])
        bent = Upper(np.array([float(Upper.of(CURVATURES[name][0](arb(v))).value) for v in z.tolist()]))
    error = Upper(2.0**-53 * float(np.abs(s).max()) + abs(off))
    return [u.value for u in ArraySuprema(name).over(Upper(zeta), s + off, error, bent)]


def in_balls(name: str, z: np.ndarray, zeta: np.ndarray) -> list[list[arb]]:
    values = []
    with ctx.workprec(300):
        local = Suprema(name)
        for v, w in zip(z.tolist(), zeta.tolist(), strict=True):
            values.append(local.over(arb(w), ACTIVATIONS[name][0](arb(v))[0], CURVATURES[name][0](arb(v))))
    return [list(column) for column in zip(*values, strict=True)]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_local_suprema_are_not_below_those_in_balls(name: str) -> None:
    z, zeta = places()
    for mine, theirs in zip(found(name, z, zeta), in_balls(name, z, zeta), strict=True):
        for a, b in zip(mine.tolist(), theirs, strict=True):
            assert arb(a) >= b.lower()
            assert a <= float(b) * (1 + 1e-6) + 1e-13


def test_local_suprema_hold_where_the_value_is_known_less_well() -> None:
    z, zeta = places()
    for off in (1e-3, -1e-3):
        for mine, theirs in zip(found("tanh", z, zeta, off), in_balls("tanh", z, zeta), strict=True):
            assert all(arb(a) >= b.lower() for a, b in zip(mine.tolist(), theirs, strict=True))


@pytest.mark.parametrize("name", ["tanh", "gelu"])
def test_local_suprema_are_attained_nowhere_above(name: str) -> None:
    z, zeta = (v[::17] for v in places())
    change, second, third = found(name, z, zeta)
    with ctx.workprec(200):
        slope, bend = (lambda v: ACTIVATIONS[name][0](v)[1]), CURVATURES[name][0]
        for k, (v, w) in enumerate(zip(z.tolist(), zeta.tolist(), strict=True)):
            for part in np.linspace(-1, 1, 41):
                x = arb(v) + arb(w) * arb(float(part))
                assert abs(slope(x) - slope(arb(v))) <= change[k]
                assert abs(bend(x)) <= second[k]
                h = arb(2) ** -60
                assert abs((bend(x + h) - bend(x - h)) / (2 * h)) <= third[k] + 1e-30


def exactly_below() -> int:
    """How often a bound is below that in balls where tanh is a double that is exact."""
    rng = np.random.default_rng(1)
    t = np.concatenate([rng.uniform(-1, 1, 3000), 1 - 10.0 ** rng.uniform(-15, 0, 1000), rng.uniform(-0.6, 0.6, 1000)])
    zeta = 10.0 ** rng.uniform(-6, 1, t.size)
    mine = ArraySuprema("tanh").over(Upper(zeta), t, Upper(0.0), Upper(np.ones_like(t)))
    count = 0
    with ctx.workprec(300):
        local = Suprema("tanh")
        for k, (v, w) in enumerate(zip(t.tolist(), zeta.tolist(), strict=True)):
            theirs = local.over(arb(w), arb(v), arb(1))
            count += sum(not arb(float(a.value[k])) >= b.lower() for a, b in zip(mine, theirs, strict=True))
    return count


@pytest.mark.parametrize("name", [None, "_up", "_FEW"])
def test_rounding_of_local_suprema_is_needed(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if name is not None:
        # The table's own error bound, 2^-50 and more, hides what rounding loses after it.
        monkeypatch.setattr(suprema, name, 1.0 if name == "_FEW" else lambda x: x)
    real = suprema.activation("tanh")[0]
    with ctx.workprec(300):

        def table(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            exact = [arb(v).tanh() for v in x.tolist()]
            near = np.array([float(v) for v in exact])
            short = [bool(e > v) for e, v in zip(exact, near.tolist(), strict=True)]
            return np.where(short, np.nextafter(near, 2), near), np.zeros_like(x)

        monkeypatch.setattr(suprema, "activation", lambda name: (table, real, real))
        assert (exactly_below() > 0) == (name is not None)


@pytest.mark.parametrize("name", [None, "_up", "_down"])
def test_the_sum_of_two_tangents_is_rounded_up(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if name is not None:
        monkeypatch.setattr(suprema, name, lambda x: x)
    rng = np.random.default_rng(0)
    t = np.concatenate([rng.uniform(-1, 1, 3000), -1 + 10.0 ** rng.uniform(-12, -1, 3000), [1.0, -1.0, 0.0]])
    tau = np.concatenate([rng.uniform(0, 1, 3000), 1 - 10.0 ** rng.uniform(-12, -1, 3000), [1.0, 1.0, 0.0]])
    below = 0
    with np.errstate(all="ignore"):
        bounds = suprema._added(t, tau).tolist()
    for a, b, bound in zip(t.tolist(), tau.tolist(), bounds, strict=True):
        x, y = Fraction(a), Fraction(b)
        below += 1 + x * y > 0 and Fraction(bound) < (x + y) / (1 + x * y)
    assert (below > 0) == (name is not None)


# --- sums -------------------------------------------------------------------------------------------------------------


def test_sums_are_enclosed_and_every_error_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)

    def holds(x_off: float, y_off: float) -> bool:
        total, exact = Total(), arb_mat(3, 2)
        for _ in range(5):
            x, y = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
            dx, dy = np.full(x.shape, x_off), np.full(y.shape, y_off)
            total.add(
                x, Upper(float(np.linalg.norm(dx)) * (1 + 1e-12)), y, Upper(float(np.linalg.norm(dy)) * (1 + 1e-12))
            )
            moved = [arb_mat(m.tolist()) + arb_mat(d.tolist()) for m, d in ((x, dx), (y, dy))]
            exact += moved[0].transpose() * moved[1]
        return all(a.overlaps(b) for a, b in zip(total.balls.entries(), exact.entries(), strict=True))

    with ctx.workprec(200):
        assert all(holds(*offs) for offs in ((0.0, 0.0), (1e-3, 0.0), (0.0, 1e-3), (1.0, 1.0)))
        monkeypatch.setattr(neuron_arrays, "gamma", lambda count: 0.0)
        monkeypatch.setattr(neuron_arrays, "UNIT", 0.0)
        assert not holds(0.0, 0.0)


# --- the pass ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["plain", "far", "bias-mean", "gelu"])
def both(request: pytest.FixtureRequest) -> Iterator[Both]:
    with ctx.workprec(128):
        yield Both(request.param)


def arrays(both: Both) -> ArrayPass:
    c = both.claim
    run = ArrayPass(both.net, both.at, both.given, c.ends, both.phases, c.ew, c.ea, c.activation)
    for part in both.net.neurons():
        run.take(part)
    run.close()
    return run


def numbers(run: Pass) -> list[arb]:
    """Everything that the conditions are made of."""
    first = run.first_order()
    values = [first.ce, first.de, *first.c1, *first.d1]
    for g, sums in enumerate(run.sums):
        values += [run.second_order(g), sums.p, sums.o, sums.largest, *(q for q, _ in sums.asked)]
    return values


def below(mine: list[arb], theirs: list[arb]) -> int:
    return sum(not a.upper() >= b.lower() for a, b in zip(mine, theirs, strict=True))


def eighth_power(stack: np.ndarray) -> Upper:
    """The bound of the largest eigenvalue that the pass in balls uses."""
    power = stack
    for _ in range(3):
        power = power @ power
    return Upper(np.linalg.norm(power, axis=(1, 2)) ** 0.125 * (1 + 1e-12))


@pytest.mark.slow
def test_the_pass_is_not_below_that_in_balls(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    named = [[s.asked[k][1] for s in run.sums for k in (0, 1)] for run in (arrays(both), both.neurons)]
    assert named[0] == named[1]
    for a, b in zip(numbers(arrays(both)), numbers(both.neurons), strict=True):
        assert b.lower() * 0.98 <= a.upper() <= b.upper() * (1 + 1e-6)  # N_j is an eigenvalue here
    monkeypatch.setattr(neuron_arrays, "largest", eighth_power)
    run = arrays(both)
    monkeypatch.undo()
    assert not below(numbers(run), numbers(both.neurons))


INPUTS = ["whiten", "gram", "points", "lengths", "travels", "s", "d", "d2"]


def spoiled(both: Both, name: str, part: float, monkeypatch: pytest.MonkeyPatch, *, said: bool) -> list[arb]:
    """The numbers where one input's doubles are wrong by that part, and the bound of its error says so or does not."""
    order = itertools.chain(INPUTS, itertools.cycle(INPUTS[5:]))
    real = Near.of

    def wrong(rows: Any) -> Near:
        near = real(rows)
        if next(order) != name:
            return near
        return Near(
            near.mid * (1 + part), near.off + Upper(abs(part) * float(np.abs(near.mid).max())) if said else near.off
        )

    with monkeypatch.context() as patch:
        patch.setattr(neuron_arrays, "largest", eighth_power)
        patch.setattr(Near, "of", wrong)
        run = arrays(both)
    return numbers(run)


@pytest.mark.slow
@pytest.mark.parametrize("name", INPUTS)
def test_doubles_that_are_wrong_are_counted(both: Both, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, noticed = numbers(both.neurons), 0
    for part in (1e-4, -1e-4, -1e-2):
        assert not below(spoiled(both, name, part, monkeypatch, said=True), theirs)
        noticed += below(spoiled(both, name, part, monkeypatch, said=False), theirs)
    assert noticed


def test_numbers_that_are_not_finite_end_the_pass() -> None:
    for value in (arb("nan"), arb.pos_inf()):
        with pytest.raises(Stop, match="not finite"):
            Near.of([[arb(1), value]])
    wide = Near.of([[arb(1), arb(2, 0.5)]])
    assert float(wide.off.value) >= 0.5
