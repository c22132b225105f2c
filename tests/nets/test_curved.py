"""Functions of one entry with curved pieces: constants, enclosures in prover and rechecker, and what torch returns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from flint import arb, ctx

from pltheory.nets.fields import FLOATS, VERIFIED
from pltheory.nets.fields.extended import EXTENDED
from pltheory.nets.fields.verified import Near
from pltheory.nets.kinds.curved import Curved, elu, hardswish
from pltheory.nets.tape import Tape
from pltheory.rechecker.graph.kinds.curved import Curved as Again
from pltheory.rechecker.midpoint import Approx, Upper
from pltheory.theory import InvalidInputError, NotAvailableError
from tests.nets.test_kinks import on_top

KINDS = {"elu": elu(), "elu 0.4": elu(0.4), "elu 1.7": elu(1.7), "hardswish": hardswish()}
TORCH = {
    "elu": F.elu,
    "elu 0.4": lambda z: F.elu(z, 0.4),
    "elu 1.7": lambda z: F.elu(z, 1.7),
    "hardswish": F.hardswish,
}
CONSTANTS = {"elu": (1, 1, 0), "elu 0.4": (1, 0.4, 0.6), "elu 1.7": (1.7, 1.7, 0.7), "hardswish": (1.5, 1 / 3, 0.5)}
"""s1, s2, js."""
BREAKS = {"elu": (), "elu 0.4": (0,), "elu 1.7": (0,), "hardswish": (-3, 3)}
POINTS = np.array([0.0, -0.0, 1e-300, -1e-300, 3.0, -3.0, np.nextafter(3, 9), np.nextafter(-3, -9), -700.0, -50.0, 1e3,
                   *np.linspace(-6.0, 6.0, 81)])  # fmt: skip


def exact(kind: Curved, z: float, piece: float) -> tuple[arb, arb]:
    """Value at z, and the derivative there of the piece that a number `piece` is on, continued constantly."""
    at, on = arb(z), piece
    if kind.map == "elu":
        value = at if z > 0 else kind.alpha * at.expm1()
        slope = arb(1) if on > 0 else kind.alpha * arb(min(z, 0.0)).exp()
        return value, slope
    value = at if z > 3 else at * (at + 3) / 6 if z > -3 else arb(0)
    middle = arb(min(max(z, -3.0), 3.0)) / 3 + arb(1) / 2
    return value, arb(1) if on > 3 else middle if on > -3 else arb(0)


def one_node(field, kind: Curved, z, rows) -> tuple[object, object]:
    tape = Tape(field, [], 1, 1)
    tape.values.append(z)
    tape.rows[1] = rows
    return kind.forward(tape, 1, (0,)), kind.backward(tape, 1, (0,))[0]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("rad", [0.0, 1e-9, 0.02])
def test_values_and_derivatives_are_enclosed(name, rad):
    """Also where the argument is known up to a radius that reaches over a kink."""
    kind, rng = KINDS[name], np.random.default_rng(1)
    b = rng.standard_normal((1, len(POINTS)))
    with ctx.workprec(200):
        value, rows = one_node(VERIFIED, kind, Near(POINTS[None], rad), Near(b, 0.0))
        again = Again(len(POINTS), (0,), kind.map, kind.alpha)
        z, flat = Approx(POINTS[None], Upper(np.full(1, rad))), Approx(b[None], Upper(np.zeros(1)))
        own = again.forward([z])
        found = [(value.mid[0], value.rad), (own.mid[0], (own.err + again.carried([z])).value[0])]
        (back,) = again.backward(flat, [z], own)
        sent = [(rows.mid[0], rows.rad), (back.mid[0, 0], back.err.value[0])]
        for sign in (-1, 1):
            shift = sign * rad * np.sqrt(1.0 / len(POINTS)) * np.ones(len(POINTS)) * (1 - 1e-12)
            for k in (None, *range(8)) if rad else (None,):
                move = shift if k is None else sign * rad * (1 - 1e-12) * np.eye(len(POINTS))[k]
                true = [exact(kind, float(p + m), float(p)) for p, m in zip(POINTS, move, strict=True)]
                for (mid, off), which in itertools.product((*found, *sent), (0, 1)):
                    if (which == 0) != any(mid is f[0] for f in found):
                        continue
                    wanted = [t[which] * (1 if which == 0 else float(c)) for t, c in zip(true, b[0], strict=True)]
                    off_by = [arb(float(m)) - w for m, w in zip(mid, wanted, strict=True)]
                    apart = sum((e * e for e in off_by), arb(0))
                    most = arb(float(off)) * (1 + arb(2.0**-40)) + arb(2.0**-500)
                    assert bool(apart <= most * most)


@pytest.mark.parametrize("name", KINDS)
def test_enclosures_are_no_wider_than_rounding(name):
    value, rows = one_node(VERIFIED, KINDS[name], Near(POINTS[-81:][None], 0.0), Near(np.ones((1, 81)), 0.0))
    plain = one_node(FLOATS, KINDS[name], POINTS[-81:][None], np.ones((1, 81)))
    assert value.rad < 2e-14
    assert rows.rad < 2e-14
    np.testing.assert_allclose(value.mid, plain[0], atol=1e-14)
    np.testing.assert_allclose(rows.mid, plain[1], atol=1e-14)


@pytest.mark.parametrize("name", KINDS)
def test_constants_hold_and_none_can_be_lowered(name):
    kind, (s1, s2, js) = KINDS[name], CONSTANTS[name]
    again = Again(1, (0,), kind.map, kind.alpha)
    for own in ((kind.slope(), kind.bend(), kind.jump()),
                tuple(float(u.value) for u in (again.steepest, again.bend, again.jump))):  # fmt: skip
        assert own == pytest.approx((s1, s2, js), rel=1e-15)
        assert all(have >= want for have, want in zip(own, (s1, s2 * (1 - 1e-16), js), strict=True))
    assert tuple(kind.breaks) == tuple(again.breaks) == BREAKS[name]
    near = [b + e for b in BREAKS[name] for e in (-1e-9, 0.0, 1e-9)]
    z = torch.cat([torch.linspace(-5, 5, 1201, dtype=torch.float64), torch.tensor(near, dtype=torch.float64)])
    d = torch.func.vmap(torch.func.grad(TORCH[name]))(z)
    apart, distance = (d[:, None] - d[None]).abs(), (z[:, None] - z[None]).abs()
    assert bool((apart <= s2 * distance + js + 1e-12).all())
    crossed = torch.bucketize(z, torch.tensor(kind.breaks))
    inside = torch.isin(z, torch.tensor(kind.breaks)).logical_not()
    same = (crossed[:, None] == crossed[None]) & inside & inside[:, None]
    assert bool((apart <= s2 * distance + 1e-12)[same].all())
    close = distance < 0.02
    assert float(d.abs().max()) > 0.999 * s1
    assert float((apart / distance)[same & close & (distance > 0)].max()) > 0.98 * s2
    assert js == 0 or float(apart[close].max()) > 0.98 * js


@pytest.mark.parametrize("name", KINDS)
def test_torch_takes_a_derivative_between_those_of_the_pieces_at_a_kink(name):
    kind = KINDS[name]
    for at, sides in zip(kind.breaks, kind.sides, strict=True):
        z = torch.tensor(float(at), dtype=torch.float64, requires_grad=True)
        (d,) = torch.autograd.grad(TORCH[name](z), z)
        assert min(sides) <= float(d) <= max(sides)
        ours = one_node(FLOATS, kind, np.array([[float(at)]]), np.ones((1, 1)))[1]
        assert float(ours[0, 0]) == pytest.approx(sides[0])


def test_without_kinks_no_argument_is_near_one():
    tape = Tape(VERIFIED, [], 1, 1)
    tape.values.append(Near(np.zeros((1, 3)), 0.1))
    assert np.isinf(elu().margins(tape, 0).nearest).all()
    assert (elu(0.5).margins(tape, 0).nearest == 0).all()


@pytest.mark.parametrize("alpha", [0.0, -1.0, np.nan, np.inf])
def test_an_alpha_that_is_none_is_refused(alpha):
    with pytest.raises(InvalidInputError, match="alpha must lie"):
        on_top(elu(alpha), np.ones((1, 1)), 1)


def test_what_is_in_no_list_is_refused():
    for kind, message in ((Curved("swish"), "swish is no curved"), (Curved("hardswish", 0.5), "has no alpha")):
        with pytest.raises(InvalidInputError, match=message):
            on_top(kind, np.ones((1, 1)), 1)


def test_more_digits_are_not_known_of_an_exponential():
    with pytest.raises(NotAvailableError):
        one_node(EXTENDED, elu(0.5), EXTENDED.constant(np.array([[-1.0]])), EXTENDED.constant(np.ones((1, 1))))
    value, _ = one_node(EXTENDED, hardswish(), EXTENDED.constant(np.array([[1.0]])), EXTENDED.constant(np.ones((1, 1))))
    assert abs(float(value.mid[0, 0]) - 2 / 3) < 1e-16
