"""Formulas.v, written from `pltheory.theory.formulas`: each function is run on terms that print themselves.

The terms keep the expression as its author wrote it, and a call from one formula to another stays a call.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from pltheory.theory import formulas
from pltheory.theory.arithmetic import Arithmetic

HEAD = """(** * Steps, rates and radii, each written once

    Written by [make coq] from [pltheory/theory/formulas.py]: the expressions that are
    proved are those that ship.  Every theorem of this folder refers to them and none states its own copy. *)

From Coq Require Import Reals.
Open Scope R_scope.

"""

_SUM, _PRODUCT, _POWER, _CALL, _ATOM = range(5)  # how tightly a term binds, loosest first


@dataclass(frozen=True)
class Term:
    """A term of Coq's real numbers, with the strength of its outermost operation."""

    text: str
    binds: int = _ATOM

    def inside(self, least: int) -> str:
        """The text, in parentheses where the context binds more tightly than it does."""
        return self.text if self.binds >= least else f"({self.text})"

    def _join(self, other: Any, sign: str, binds: int, swapped: bool = False) -> Term:
        left, right = (term(other), self) if swapped else (self, term(other))
        return Term(f"{left.inside(binds)} {sign} {right.inside(binds + 1)}", binds)

    def __add__(self, other: Any) -> Term:
        return self._join(other, "+", _SUM)

    def __radd__(self, other: Any) -> Term:
        return self._join(other, "+", _SUM, swapped=True)

    def __sub__(self, other: Any) -> Term:
        return self._join(other, "-", _SUM)

    def __rsub__(self, other: Any) -> Term:
        return self._join(other, "-", _SUM, swapped=True)

    def __mul__(self, other: Any) -> Term:
        return self._join(other, "*", _PRODUCT)

    def __rmul__(self, other: Any) -> Term:
        return self._join(other, "*", _PRODUCT, swapped=True)

    def __truediv__(self, other: Any) -> Term:
        return self._join(other, "/", _PRODUCT)

    def __rtruediv__(self, other: Any) -> Term:
        return self._join(other, "/", _PRODUCT, swapped=True)

    def __neg__(self) -> Term:
        return 0 - self

    def __pow__(self, other: Any) -> Term:
        return Term(f"{self.inside(_CALL)} ^ {term(other).inside(_CALL)}", _POWER)


def term(x: Any) -> Term:
    """A term of a formula: a term already, or one of the integers written in it.

    Raises:
        TypeError: neither; a float in a formula has no exact meaning here.
    """
    if isinstance(x, Term):
        return x
    if type(x) is not int or x < 0:
        raise TypeError(f"{x!r} in a formula is neither a term nor a natural number")
    return Term(str(x))


def _call(name: str) -> Callable:
    return lambda *args: Term(" ".join([name, *[term(a).inside(_ATOM) for a in args]]), _CALL)


def _no_matrices(rows: Any) -> Any:
    raise NotImplementedError("no formula of Formulas.v is a spectral norm")


COQ = Arithmetic(_call("sqrt"), _call("Rmin"), _call("Rmax"), _no_matrices)


def shipped() -> dict[str, FunctionType]:
    """The formulas by name, in an order in which each follows those that it calls."""
    found = {n: f for n, f in vars(formulas).items() if inspect.isfunction(f) and f.__module__ == formulas.__name__}
    ordered: dict[str, FunctionType] = {}

    def place(name: str) -> None:
        for called in found[name].__code__.co_names:
            if called in found and called not in ordered:
                place(called)
        ordered.setdefault(name, found[name])

    for name in found:
        place(name)
    return ordered


def parameters(formula: FunctionType) -> dict[str, str]:
    """Arguments but the arithmetic, with their types in Coq."""
    signature = inspect.signature(formula).parameters.values()
    return {p.name: "nat" if p.annotation == "int" else "R" for p in signature if p.name != "ops"}


def _formula_call(name: str, formula: FunctionType) -> Callable:
    """What a call of a formula from another one leaves in the text: all its arguments but the arithmetic."""

    def call(*args: Any, **named: Any) -> Term:
        given = inspect.signature(formula).bind(*args, **named).arguments
        return _call(name)(*[given[p] for p in parameters(formula)])

    return call


def body(formula: FunctionType) -> str:
    """The expression of a formula, calls to other formulas left as calls."""
    calls = {name: _formula_call(name, called) for name, called in shipped().items()}
    traced = FunctionType(formula.__code__, {**vars(formulas), **calls}, formula.__name__)
    extra = {"ops": COQ} if "ops" in inspect.signature(formula).parameters else {}
    return term(traced(*map(Term, parameters(formula)), **extra)).text


def definition(name: str) -> str:
    """Comment and definition of one formula."""
    formula = shipped()[name]
    words = inspect.getdoc(formula) or ""
    words = re.sub(r"\*\)|\(\*", "* )", words).replace("~", " ")
    comment = "\n    ".join(words.splitlines()).replace("\n    \n", "\n\n")
    typed = parameters(formula)
    groups = [(t, [n for n, u in typed.items() if u == t]) for t in dict.fromkeys(typed.values())]
    one_type = f" ({' '.join(typed)} : R)" if len(groups) == 1 else "".join(f" ({n} : {t})" for n, t in typed.items())
    return f"(** {comment} *)\nDefinition {name}{one_type} : R :=\n  {body(formula)}.\n"


def text() -> str:
    """The whole file."""
    names = list(shipped())
    unfold = f"(** Every formula replaced by its expression. *)\nLtac expand := cbv beta delta [{' '.join(names)}].\n"
    return HEAD + "\n".join(definition(n) for n in names) + "\n" + unfold
