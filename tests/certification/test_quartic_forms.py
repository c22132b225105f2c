"""Forms in a unit vector q: bounds of quartic forms, of products and of norms: they hold and are attained."""

from __future__ import annotations

import inspect
import math
import sys
import types

import numpy as np
import pytest

from pltheory.certification.kernel_profile import quartic as quartic_module
from pltheory.certification.kernel_profile.quartic import Pairs, norm_of_forms, product_of_forms, quartic_bound
from pltheory.nets.fields import FLOATS, VERIFIED

FIELDS = {"floats": FLOATS, "verified": VERIFIED}


def weights(pairs):
    """How often a pair stands in a double sum."""
    return np.where(pairs.first == pairs.second, 1.0, 2.0)


@pytest.mark.parametrize("field", FIELDS)
def test_pairs_stand_for_double_sums(field):
    f, rng = FIELDS[field], np.random.default_rng(9)
    y, z, m = rng.standard_normal((3, 4)), rng.standard_normal((3, 4)), rng.standard_normal((3, 3, 4))
    pairs = Pairs.of(3)

    def plain(values_found):
        return values_found if f is FLOATS else values_found.mid

    both = np.einsum("ki,li->kli", y, z)
    for found, wanted in (
        (pairs.products(f, f.constant(y), f.constant(z)), both),
        (pairs.symmetrised(f, f.constant(m)), m),
    ):
        symmetric = 0.5 * (wanted + wanted.transpose(1, 0, 2))
        assert plain(found) == pytest.approx(symmetric[pairs.first, pairs.second], rel=1e-14, abs=1e-15)
        norms = np.sqrt(np.square(symmetric).sum((0, 1)))
        assert pairs.lengths(f, found) == pytest.approx(norms, rel=1e-12)
        assert (pairs.lengths(f, found) >= norms * (1 - 1e-15)).all()


def rank_one_forms(module):
    """S_kl = a_k a_l v: the supremum is |a|^2 |v|, and each of the three matrices gives it."""
    a, v = np.array([1.0, -2.0, 0.5]), np.array([3.0, 4.0])
    pairs = module.Pairs.of(3)
    s = (a[pairs.first] * a[pairs.second])[:, None] * v
    for field in (FLOATS, VERIFIED):
        found = module.quartic_bound(field, field.constant(s @ s.T), pairs)
        assert found == pytest.approx(5.25 * 5.0, rel=1e-6)
        assert found >= 5.25 * 5.0 * (1 - 1e-14)


def test_the_quartic_bound_is_attained():
    rank_one_forms(quartic_module)


def test_the_quartic_bound_is_a_bound():
    rng = np.random.default_rng(2)
    for n in (2, 4):
        pairs = Pairs.of(n)
        s = rng.standard_normal((len(pairs.first), 5))
        q = rng.standard_normal((20000, n))
        q /= np.linalg.norm(q, axis=1, keepdims=True)
        values_found = np.linalg.norm((q[:, pairs.first] * q[:, pairs.second] * weights(pairs)) @ s, axis=1)
        for field in (FLOATS, VERIFIED):
            assert values_found.max() <= quartic_bound(field, field.constant(s @ s.T), pairs)


QUARTIC_MUTANTS = {
    "a pairing is left out": (
        "f.add(whole, f.add(f.transpose(whole, 0, 2, 1, 3), f.transpose(whole, 0, 3, 2, 1)))",
        "f.add(whole, f.transpose(whole, 0, 2, 1, 3))",
    ),
    "a summand of the partial sum is left out": ("(by_first, np.arange(n)", "(by_first, np.arange(1, n)"),
    "the mean divides by more": ("f.reciprocal(3.0)", "f.reciprocal(4.0)"),
    "pairs stand in one order only": ("where[first, second] = where[second, first] =", "where[first, second] ="),
}


@pytest.mark.parametrize("name", QUARTIC_MUTANTS)
def test_no_part_of_the_quartic_bound_can_be_left_out(name):
    mutant = mutated(quartic_module, *QUARTIC_MUTANTS[name])
    with pytest.raises(AssertionError):
        rank_one_forms(mutant)


@pytest.mark.parametrize("field", FIELDS)
def test_the_product_of_two_forms_is_bounded_and_attained(field):
    """No unit q exceeds it, and the q between the two vectors, one of them turned if need be, reaches it."""
    f, rng = FIELDS[field], np.random.default_rng(10)
    y, z = rng.standard_normal((3, 40)), rng.standard_normal((3, 40))
    found = product_of_forms(f, f.constant(y), f.constant(z))
    q = rng.standard_normal((2000, 3))
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    assert (np.abs((q @ y) * (q @ z)).max(0) <= found).all()
    a, b = y / np.linalg.norm(y, axis=0), z / np.linalg.norm(z, axis=0)
    between = a + np.sign((y * z).sum(0)) * b
    between /= np.linalg.norm(between, axis=0)
    reached = np.abs((between * y).sum(0) * (between * z).sum(0))
    assert found == pytest.approx(reached, rel=1e-11)
    assert (found >= reached * (1 - 1e-14)).all()


@pytest.mark.parametrize("field", FIELDS)
def test_the_norm_of_forms_is_a_bound_and_attained(field):
    f, rng = FIELDS[field], np.random.default_rng(4)
    forms = rng.standard_normal((2, 3, 4, 5))
    q = rng.standard_normal((4000, 3))
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    largest = max(np.linalg.norm(np.einsum("bk,kmn->bmn", q, form), 2, axis=(1, 2)).max() for form in forms)
    assert largest <= norm_of_forms(f, f.constant(forms))
    a, b, c = rng.standard_normal(3), rng.standard_normal(4), rng.standard_normal(5)
    one = np.einsum("i,j,k->ijk", a, b, c)[None]
    wanted = math.prod(np.linalg.norm(part) for part in (a, b, c))
    assert norm_of_forms(f, f.constant(one)) == pytest.approx(wanted, rel=1e-6)


def mutated(module, old, new):
    """A copy of the module with one piece of its source replaced."""
    source = inspect.getsource(module)
    assert source.count(old) == 1
    mutant = types.ModuleType(f"{module.__package__}.mutant")
    mutant.__package__ = module.__package__
    sys.modules[mutant.__name__] = mutant
    try:
        exec(compile(source.replace(old, new), "mutant", "exec"), mutant.__dict__)
    finally:
        del sys.modules[mutant.__name__]
    return mutant
