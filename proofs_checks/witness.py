"""Values of claims at a point: exact, to refute a mutant, or in floating point, to sample a statement."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from fractions import Fraction
from math import isqrt
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from pltheory.theory import formulas
from pltheory.theory.arithmetic import FLOATS, Arithmetic

from .language import Claim, Mutant, Rel


def _exact_root(x: Any) -> Fraction:
    """The root of the square of a rational; a witness is chosen so that no other root occurs."""
    x = Fraction(x)
    root = Fraction(isqrt(abs(x.numerator)), isqrt(x.denominator))
    if root * root != x:
        raise ValueError(f"{x} has no rational root")
    return root


def _no_norm(rows: Any) -> Any:
    raise NotImplementedError("spectral norm of rationals")


EXACT = Arithmetic(_exact_root, min, max, _no_norm)
_NODES = {"root": "sqrt", "least": "minimum", "greatest": "maximum"}


def value(e: sp.Expr, point: Mapping, ops: Arithmetic) -> Any:
    """The value of an expression, the shipped formulas being called on numbers of the arithmetic.

    Raises:
        KeyError: a symbol has no value.
    """
    if e.is_Symbol:
        return point[e]
    if e.is_Rational:
        return Fraction(e.p, e.q) if ops is EXACT else float(e)
    args = [value(a, point, ops) for a in e.args]
    if isinstance(e, AppliedUndef):
        name = e.func.__name__
        if name in _NODES:
            return getattr(ops, _NODES[name])(*args)
        body = getattr(formulas, name)
        extra = {"ops": ops} if "ops" in inspect.signature(body).parameters else {}
        return body(*args, **extra)
    if e.is_Pow:
        return args[0] ** int(e.exp)
    total = args[0]
    for a in args[1:]:
        total = total * a if e.is_Mul else total + a
    return total


def holds(rel: Rel, point: Mapping, ops: Arithmetic = EXACT, tolerance: float = 0) -> bool:
    """Whether the relation holds at the point, up to the tolerance."""
    x = value(rel.expr, point, ops)
    if rel.op == "=":
        return abs(x) <= tolerance
    return x > -tolerance if rel.op == ">" and tolerance == 0 else x >= -tolerance


def violated(claim: Claim, point: Mapping, ops: Arithmetic = EXACT, tolerance: float = 0) -> list[str]:
    """Names of conclusions that fail at a point where the hypotheses hold; raises ValueError where they do
    not.

    Propositions, and conclusions about symbols without a value (they exist, their value is not known), are
    skipped.
    """
    for name, rel in claim.hypotheses.items():
        if rel.op != "holds" and not holds(rel, point, ops, tolerance):
            raise ValueError(f"hypothesis {name} does not hold at {dict(point)}")
    known = {
        name: rel
        for name, rel in claim.conclusions.items()
        if rel.op != "holds" and rel.expr.free_symbols <= set(point)
    }
    return [name for name, rel in known.items() if not holds(rel, point, ops, tolerance)]


def refutes(mutant: Mutant) -> bool:
    """Whether the mutant is false by its own exact witness."""
    if callable(mutant.refuted):
        return bool(mutant.refuted())
    point = {k: Fraction(str(v)) for k, v in mutant.refuted.items()}
    return bool(violated(mutant.claim, point))


def sample(claim: Claim, rng: Any, count: int) -> tuple[int, list[dict]]:
    """Draw points; returns how many met the hypotheses and those at which a conclusion failed by more than
    1e-9."""
    met, bad = 0, []
    for _ in range(count):
        point = claim.example(rng)
        try:
            failed = violated(claim, point, FLOATS, 1e-9)
        except ValueError:
            continue
        met += 1
        if failed:
            bad.append(point)
    return met, bad
