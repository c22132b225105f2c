"""What is checked of an activation before it is believed, on a grid: that its parts are of one function.

A part that contradicts another is refused; a bound is not proved by it. That s1, s2, s3 and the tails hold between the
points of the grid is for the author.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

from ...packages import said
from ...rigor import roundoff
from ...rigor.errors import NoVerdictError
from ...rigor.midrad import Ball
from ...rigor.tables import Shape, taylor
from ...theory import ExtensionError
from .protocol import SLOPE, VALUE, Activation

STEP = 2.0**-10
"""Step of the differences."""
MOST_CELLS = 2**17
"""Cells of a table, at most; each takes some tens of microseconds to build."""
_BITS = 120
_DYADIC = [k / 4 for k in range(-40, 41)]
"""Where values are compared with ball arithmetic; the grid's other points are between them."""
_POINTS = [*_DYADIC, *(k / 8 + 0.01 for k in range(-80, 81)), *(s * x for x in (15.5, 25.25, 41.0) for s in (-1, 1))]
_UNIT = roundoff.U


def guarded(candidate: object, who: str) -> Activation:
    """The activation itself, once nothing here contradicts it.

    Args:
        candidate: an instance of a subclass of `Activation`.
        who: its name and whose it is, for the message.

    Raises:
        ExtensionError: in one line, what is missing, of the wrong type, or contradicts what.
    """

    def refuse(why: str) -> NoReturn:
        raise ExtensionError(f"{who}: {why}")

    if not isinstance(candidate, Activation):
        refuse(f"is a {type(candidate).__name__}, not a pltheory.nets.activations.Activation")
    try:
        _Guard(candidate, refuse).all()
    except ExtensionError:
        raise
    except NotImplementedError as error:
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        refuse(f"{'a method' if where is None else where.tb_frame.f_code.co_name} is not written")
    except (Exception, SystemExit) as error:
        refuse(f"fails on the points where it is checked: {said(error)}")
    return candidate


class _Guard:
    def __init__(self, act: Activation, refuse: Callable[[str], NoReturn]) -> None:
        self.act, self.refuse = act, refuse

    def all(self) -> None:
        self.described()
        for dtype in (torch.float32, torch.float64):
            self.functions(torch.tensor(_POINTS, dtype=torch.float64).to(dtype))
        if self.act.shape is not None:
            self.enclosures(self.act.shape)
        if self.act.smooth:
            self.differences(torch.tensor(_POINTS, dtype=torch.float64))
        if self.act.split is not None:
            self.limit()

    # --- attributes ---

    def described(self) -> None:
        act = self.act
        name = getattr(act, "name", None)
        if not isinstance(name, str) or not re.fullmatch(r"[\w.+-]{1,64}", name):
            self.refuse(f"name = {name!r} is not a word of at most 64 letters")
        if not isinstance(act.smooth, bool) or not isinstance(act.odd, bool):
            self.refuse(f"smooth = {act.smooth!r}, odd = {act.odd!r}: both are true or false")
        for key in ("s1", "s2", "s3", "bound", "stretch"):
            value = getattr(act, key, None)
            finite = key in ("s1", "stretch") or (act.smooth and key != "bound")
            if type(value) is not float or not value > 0 or (finite and math.isinf(value)):
                self.refuse(f"{key} = {value!r} is not a positive {'finite ' if finite else ''}float")
        forms = act.closed_forms
        if type(forms) is not tuple or len(forms) != 3 or not all(f is None or isinstance(f, str) for f in forms):
            self.refuse(f"closed_forms = {forms!r} are not three texts or None")
        for key in ("module", "calls"):
            self.found(key)
        if act.shape is not None:
            self.shape_described(act.shape)

    def found(self, key: str) -> None:
        value = getattr(self.act, key)
        for place in value if key == "calls" else [] if value is None else [value]:
            try:
                what = resolve_name(place)
            except Exception as error:
                self.refuse(f"{key}: {place!r} is not to be found: {said(error)}")
            if key == "module" and not (isinstance(what, type) and issubclass(what, torch.nn.Module)):
                self.refuse(f"{key}: {place!r} is no class of modules")

    def shape_described(self, shape: Shape) -> None:
        if not isinstance(shape, Shape):
            self.refuse(f"shape is a {type(shape).__name__}, not a Shape")
        whole = type(shape.bits) is int and type(shape.reach) is int
        if not whole or not 0 < shape.bits <= 16 or shape.reach < 1 or shape.reach << shape.bits > MOST_CELLS // 2:
            self.refuse(f"shape: bits = {shape.bits!r}, reach = {shape.reach!r} are not 2 reach 2^bits <= {MOST_CELLS}")
        for key in ("right", "left"):
            lines = getattr(shape, key)
            if type(lines) is not tuple or len(lines) != 3 or not all(_line(line) for line in lines):
                self.refuse(f"shape.{key} = {lines!r} is not (1, 0) or (0, a whole number), thrice")
        if type(shape.tails) is not tuple or len(shape.tails) != 3 or not all(map(callable, shape.tails)):
            self.refuse("shape.tails are not three functions")

    # --- the functions of torch ---

    def functions(self, z: Tensor) -> None:
        act, eps = self.act, torch.finfo(z.dtype).eps / 2
        before = z.clone()
        value, slope, bend = self.one("value", z), self.one("derivative", z), self.one("second", z)
        pair = act.with_derivative(z)
        self.near("with_derivative()[0]", pair[0], "value", value, VALUE * eps, z)
        self.near("with_derivative()[1]", pair[1], "derivative", slope, SLOPE * eps, z)
        if act.odd:
            self.near("-value(-z) of an odd function", -act.value(-z), "value", value, VALUE * eps, z)
        live = z.clone().requires_grad_()
        (auto,) = torch.autograd.grad(act.value(live).sum(), live)
        self.near("autograd's derivative of value", auto, "derivative", slope, SLOPE * eps, z)
        written = act.stretch * z
        kept = act.overwrite(written)
        self.near("what overwrite writes", written, "value", value, VALUE * eps, z)
        product = torch.ones_like(z)
        act.times_slope(product, kept, written)
        self.near("1 after times_slope", product, "derivative", slope, SLOPE * eps, z)
        if not torch.equal(z, before):
            self.refuse("a function changes its argument")
        for what, values, sup in (("value", value, act.bound), ("derivative", slope, act.s1), ("second", bend, act.s2)):
            self.below(what, values, sup, SLOPE * eps, z)

    def one(self, method: str, z: Tensor) -> Tensor:
        found = getattr(self.act, method)(z)
        if not isinstance(found, Tensor) or found.shape != z.shape or found.dtype != z.dtype:
            self.refuse(f"{method}() does not map a tensor to one of its shape and dtype")
        if not bool(torch.isfinite(found).all()):
            self.refuse(f"{method}() is not finite at {float(z[~torch.isfinite(found)][0]):.6g}")
        return found

    def near(self, left: str, found: Tensor, right: str, wanted: Tensor, units: float, z: Tensor) -> None:
        off = (found - wanted).abs() > 2 * units * (1 + wanted.abs())
        if bool(off.any()):
            at = int(off.to(torch.int8).argmax())
            self.refuse(f"{left} is {float(found[at]):.8g} and {right} {float(wanted[at]):.8g} at {float(z[at]):.6g}")

    def below(self, what: str, values: Tensor, supremum: float, slack: float, z: Tensor) -> None:
        over = values.abs() > supremum + slack * (1 + values.abs())
        if bool(over.any()):
            at = int(over.to(torch.int8).argmax())
            key = {"value": "bound", "derivative": "s1", "second": "s2"}.get(what, "s3")
            self.refuse(f"{key} = {supremum!r} is below |{what}| = {float(values[at].abs()):.8g} at {float(z[at]):.6g}")

    def differences(self, z: Tensor) -> None:
        """Central differences, which the mean value theorem keeps within s3 STEP^2 / 6 and s3 STEP / 2."""
        act = self.act
        high, low = z + STEP, z - STEP
        third = (act.second(high) - act.second(low)) / (high - low)
        self.below("third derivative", third, act.s3, 4 * SLOPE * _UNIT * (1 + act.s2) / STEP, z)
        for method, of, far, units in (
            ("derivative", "value", min(act.s2 * STEP / 2, act.s3 * STEP**2 / 6), VALUE),
            ("second", "derivative", act.s3 * STEP / 2, SLOPE),
        ):
            up, down = getattr(act, of)(high), getattr(act, of)(low)
            found = (up - down) / (high - low)
            rounding = units * _UNIT * (2 + up.abs() + down.abs()) / STEP
            wanted = getattr(act, method)(z)
            off = (found - wanted).abs() > far + 2 * rounding + 2 * SLOPE * _UNIT * (1 + wanted.abs())
            if bool(off.any()):
                at = int(off.to(torch.int8).argmax())
                self.refuse(
                    f"{method} is {float(wanted[at]):.8g} at {float(z[at]):.6g}, differences of {of} say "
                    f"{float(found[at]):.8g}"
                )

    def limit(self) -> None:
        """Beyond the split's reach nothing is left of act - S."""
        split = self.act.split
        assert split is not None
        u = torch.tensor([s * (split.reach + k / 2 + 0.01) for k in range(20) for s in (-1, 1)], dtype=torch.float64)
        scaled = u / split.tau if split.tau else u.sign() * math.inf
        smooth = split.alpha + split.beta * torch.special.ndtr(scaled)
        if split.form == "wave":
            if split.reach > 0:
                self.refuse(f"reach = {split.reach!r} of a wave: it has no rest")
            smooth = u.sin()
        if split.form == "ramp":
            density = torch.exp(-0.5 * scaled * scaled) / math.sqrt(2 * math.pi)
            smooth = u * torch.special.ndtr(scaled) + split.tau * density
        self.near("the split's S", smooth, "value", self.act.value(u), SLOPE * _UNIT, u)

    # --- ball arithmetic ---

    def enclosures(self, shape: Shape) -> None:
        from flint import ctx

        before, ctx.prec = ctx.prec, _BITS
        try:
            rows = [self.derivatives(shape, x) for x in _DYADIC]
            self.against_balls(shape, rows)
            self.tails(shape)
        finally:
            ctx.prec = before
        self.balls_of_its_own(rows)

    def derivatives(self, shape: Shape, x: float) -> list[Any]:
        """The function and its first three derivatives at a point, as balls."""
        from flint import arb

        try:
            series = taylor(shape, 0, arb(x), 4)
        except NoVerdictError as error:
            self.refuse(f"shape.series at {x:.6g}: {error}")
        found = [c * math.factorial(k) for k, c in enumerate(series)]
        if not all(v.is_finite() and float(v.rad()) < 1e-20 * (1 + abs(float(v.mid()))) for v in found):
            self.refuse(f"shape.series at {x:.6g} encloses nothing: a ball is not finite, or wide")
        return found

    def against_balls(self, shape: Shape, rows: list[list[Any]]) -> None:
        act, z = self.act, torch.tensor(_DYADIC, dtype=torch.float64)
        computed = [act.value(z), act.derivative(z), act.second(z)]
        for k, (method, units) in enumerate((("value", VALUE), ("derivative", SLOPE), ("second", 2 * SLOPE))):
            exact = torch.tensor([float(row[k]) for row in rows], dtype=torch.float64)
            # `near` allows twice that, for two computed numbers; here one of them is exact.
            self.near(f"{method}()", computed[k], "shape.series has", exact, units * _UNIT / 2, z)
        for k, key in enumerate(("bound", "s1", "s2", "s3")):
            start = max(range(len(rows)), key=lambda i: float(abs(rows[i][k]).lower()))
            near = [_DYADIC[start] + j / 512 for j in range(-128, 129)]
            for x in near if math.isfinite(getattr(act, key)) else []:
                seen = float(abs(self.derivatives(shape, x)[k]).lower())
                if seen > getattr(act, key):
                    self.refuse(f"{key} = {getattr(act, key)!r} is below {seen:.17g} at {x:.6g}")

    def tails(self, shape: Shape) -> None:
        from flint import arb

        for order, tail in enumerate(shape.tails):
            allowed = tail(arb(shape.reach))
            for far in (0.0, 0.5, 1.25, 3.0, float(shape.reach)):
                for sign, (slope, constant) in ((1, shape.right[order]), (-1, shape.left[order])):
                    x = sign * (shape.reach + far)
                    apart = abs(taylor(shape, order, arb(x), 1)[0] - slope * arb(x) - constant)
                    if not apart.lower() <= allowed.upper():
                        self.refuse(f"shape.tails[{order}] is below what its asymptote is off by at {x:.6g}")

    def balls_of_its_own(self, rows: list[list[Any]]) -> None:
        """What a class encloses by itself and not by the table."""
        act, kind = self.act, type(self.act)
        exact = [np.array([float(row[k]) for row in rows]) for k in range(3)]
        close = np.array(2.0**-52)
        balls = [Ball(v, close * max(1.0, float(np.max(np.abs(v))))) for v in exact]
        at = Ball(np.array(_DYADIC))
        own: list[tuple[str, int, Ball]] = []
        if kind.slope_from is not Activation.slope_from:
            own.append(("slope_from", 1, act.slope_from(at, balls[0])))
        if kind.second_from is not Activation.second_from:
            own.append(("second_from", 2, act.second_from(at, balls[0], balls[1])))
        if kind.enclose is not Activation.enclose:
            own += [("enclose", k, act.enclose(at, k)) for k in range(3)]
        for method, k, ball in own:
            outside = np.abs(ball.mid - exact[k]) > ball.rad + 2 * balls[k].rad
            if outside.any():
                self.refuse(
                    f"{method}() of derivative {k} does not hold the value at {_DYADIC[int(outside.argmax())]:.6g}"
                )
        if kind.local_suprema is not Activation.local_suprema:
            self.suprema(exact, float(close))

    def suprema(self, exact: list[Any], close: float) -> None:
        z = torch.tensor(_DYADIC, dtype=torch.float64)
        for zeta in (0.0, 0.01, 0.3, 2.0):
            bounds = self.act.local_suprema(exact[0], close, exact[2], close, np.full(len(z), zeta))
            for share in (-1.0, -0.5, -0.1, 0.1, 0.5, 1.0):
                there = z + share * zeta
                change = self.act.derivative(there) - self.act.derivative(z)
                for k, (moved, bound) in enumerate(zip((change, self.act.second(there)), bounds, strict=False)):
                    over = moved.abs().numpy() > bound + 4 * SLOPE * _UNIT
                    if over.any():
                        where = _DYADIC[int(over.argmax())]
                        self.refuse(f"local_suprema()[{k}] is exceeded at {where:.6g} with zeta = {zeta:.6g}")


def _line(line: Any) -> bool:
    # The tables read x itself where the slope is 1.
    whole = type(line) is tuple and len(line) == 2 and all(type(v) is int for v in line)
    return whole and (line == (1, 0) or line[0] == 0)
