"""The checks that an activation of another package goes through: this project's pass them, a wrong part is named."""

from __future__ import annotations

import math

import pytest
import torch
from flint import arb

from pltheory.nets.activations import ACTIVATIONS, FLAT, RAMP, Activation, Shape, Split
from pltheory.nets.activations.gelu import Gelu
from pltheory.nets.activations.guard import guarded
from pltheory.nets.activations.relu import Relu
from pltheory.nets.activations.sigmoid import Sigmoid
from pltheory.nets.activations.softplus import Softplus
from pltheory.nets.activations.tanh import Tanh
from pltheory.theory import ExtensionError
from tests.nets.activations.sine import Wave

WHO = "activation 'wave' of someone 1.0 (sine:Wave)"


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_activations_of_this_project_pass(name):
    assert guarded(ACTIVATIONS[name], name) is ACTIVATIONS[name]


def test_an_activation_of_another_package_passes():
    sin = Wave()
    assert guarded(sin, WHO) is sin


def test_without_a_shape_the_functions_are_compared_with_each_other():
    class Bare(Wave):
        shape = None

    guarded(Bare(), WHO)


def fails(self, z):
    raise ZeroDivisionError("two\nlines")


WRONG = {
    "no activation": (object(), "is a object, not a pltheory.nets.activations.Activation"),
    "no name": ({"name": "a name"}, "name = 'a name' is not a word"),
    "a constant that is no float": ({"s1": 1}, "s1 = 1 is not a positive finite float"),
    "a constant that is NaN": ({"s3": math.nan}, "s3 = nan is not a positive finite float"),
    "no constant": ({"s2": None}, "s2 = None is not a positive finite float"),
    "an infinite constant": ({"s2": math.inf}, "s2 = inf is not a positive finite float"),
    "smooth is no truth": ({"smooth": 1}, "smooth = 1"),
    "closed forms": ({"closed_forms": ("1", "1")}, "closed_forms = ('1', '1')"),
    "s1 too small": ({"s1": 0.99}, "s1 = 0.99 is below |derivative| = "),
    "s1 too small by an ulp": ({"s1": math.nextafter(1.0, 0)}, "s1 = 0.9999999999999999 is below 1 at 0"),
    "s2 too small": ({"s2": 0.9, "shape": None}, "s2 = 0.9 is below |second| = "),
    "s3 too small": ({"s3": 0.9, "shape": None}, "s3 = 0.9 is below |third derivative| = "),
    "s3 too small, with a shape": ({"s3": 1 - 1e-9}, "s3 = 0.999999999 is below 1 at 0"),
    "bound too small": ({"bound": 0.5}, "bound = 0.5 is below |value|"),
    "not odd": ({"value": lambda self, z: z.sin() + 1, "bound": 2.0}, "-value(-z) of an odd function"),
    "derivative of another function": ({"derivative": lambda self, z: z.sin()}, "autograd's derivative of value is "),
    "a derivative cut off from autograd": (
        {"value": lambda self, z: torch.sin(z.detach()) + 0 * z},
        "autograd's derivative of value is 0 and derivative",
    ),
    "second of another function": (
        {"second": lambda self, z: z.sin(), "shape": None},
        "differences of derivative say",
    ),
    "second of another function than the series": (
        {"second": lambda self, z: z.sin()},
        "second() is 0.54402111 and shape.series has -0.54402111 at -10",
    ),
    "second not written": ({"second": Activation.second}, "second is not written"),
    "a value that is not finite": ({"value": lambda self, z: z.sin() / (z != 0)}, "value() is not finite at 0"),
    "another shape": ({"value": lambda self, z: z.sin()[:1]}, "value() does not map a tensor to one of its shape"),
    "another dtype": ({"value": lambda self, z: z.double().sin()}, "value() does not map a tensor to one of its"),
    "a failure": ({"value": fails}, "fails on the points where it is checked: ZeroDivisionError: two lines"),
    "another pair": ({"with_derivative": lambda self, z: (z.sin(), z.sin())}, "with_derivative()[1] is "),
    "another value in place": ({"overwrite": lambda self, z: z.cos_()}, "what overwrite writes is "),
    "another slope in place": ({"times_slope": lambda self, u, s, v: u.mul_(2)}, "1 after times_slope is 2"),
    "a series of another function": (
        {"shape": Shape(6, 40, lambda x: x.cos(), FLAT, FLAT, (lambda x: x**0,) * 3)},
        "shape.series has",
    ),
    "a series that encloses nothing": (
        {"shape": Shape(6, 40, lambda x: x.sin() + arb(0, 1), FLAT, FLAT, (lambda x: x**0,) * 3)},
        "shape.series at -10",
    ),
    "tails too small": (
        {"shape": Shape(6, 40, lambda x: x.sin(), FLAT, FLAT, (lambda x: x**0, lambda x: x**0, lambda x: 1 / x))},
        "shape.tails[2] is below what its asymptote is off by at ",
    ),
    "another asymptote": (
        {"shape": Shape(6, 40, lambda x: x.sin(), RAMP, FLAT, (lambda x: x**0,) * 3)},
        "shape.tails[0] is below what its asymptote is off by at ",
    ),
    "an asymptote that the tables cannot read": (
        {"shape": Shape(6, 40, lambda x: x.sin(), ((1, 1), (0, 1), (0, 0)), FLAT, (lambda x: x**0,) * 3)},
        "shape.right = ((1, 1), (0, 1), (0, 0)) is not",
    ),
    "a table too large": (
        {"shape": Shape(16, 40, lambda x: x.sin(), FLAT, FLAT, (lambda x: x**0,) * 3)},
        "shape: bits = 16, reach = 40",
    ),
    "two tails": ({"shape": Shape(6, 40, lambda x: x.sin(), FLAT, FLAT, (lambda x: x**0,) * 2)}, "shape.tails are"),
    "a slope from another value": (
        {"slope_from": lambda self, z, value: value},
        "slope_from() of derivative 1 does not hold the value at -10",
    ),
    "local suprema that are global on one point only": (
        {"local_suprema": lambda self, v, e, s, f, zeta: (0 * zeta, 1 + 0 * zeta, 1 + 0 * zeta)},
        "local_suprema()[0] is exceeded",
    ),
    "another split": ({"split": Split("step", 1.0, -1.0, 2.0)}, "the split's S is "),
    "a module that is not there": ({"module": "torch.nn:Sine"}, "module: 'torch.nn:Sine' is not to be found"),
    "a module that is none": ({"module": "torch:sin"}, "module: 'torch:sin' is no class of modules"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_part_is_refused_in_one_line(case):
    change, said = WRONG[case]
    candidate = type("Wrong", (Wave,), change)() if isinstance(change, dict) else change
    with pytest.raises(ExtensionError) as caught:
        guarded(candidate, WHO)
    message = str(caught.value)
    assert message.startswith(f"{WHO}: ")
    assert said in message
    assert "\n" not in message


def test_an_argument_that_is_changed_is_noticed():
    class Careless(Wave):
        def second(self, z):
            found = -z.sin()
            z.mul_(1.5)
            return found

    with pytest.raises(ExtensionError):
        guarded(Careless(), WHO)


@pytest.mark.parametrize("kind", [Tanh, Sigmoid, Softplus, Gelu])
@pytest.mark.parametrize("key", ["s1", "s2", "s3"])
def test_a_constant_that_is_a_thousandth_too_small_is_noticed(kind, key):
    """Where the supremum lies near a point of the grid, which it does for all of these."""
    wrong = type("Wrong", (kind,), {key: getattr(kind, key) * 0.999})
    with pytest.raises(ExtensionError, match=key):
        guarded(wrong(), WHO)


def test_a_kink_that_is_called_smooth_is_refused():
    wrong = type("Wrong", (Relu,), {"smooth": True, "s2": 1.0, "s3": 1.0})
    with pytest.raises(ExtensionError, match="differences"):
        guarded(wrong(), WHO)
