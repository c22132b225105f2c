"""Expressions and relations of claims as text of Coq.

Roots, least and greatest become sqrt, Rmin and Rmax, the shipped formulas their names in Formulas.v. The opaque
propositions and terms of claims become variables of a section; what an argument of one of them is, a number or a
thing of which nothing is known (weights, a matrix), is inferred from its uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import sympy as sp
from sympy.core.function import AppliedUndef

from pltheory.theory import formulas

from .language import GREATEST, LEAST, ROOT, Rel

_NODES = {ROOT: "sqrt", LEAST: "Rmin", GREATEST: "Rmax"}
_RESERVED = {"R": "ball"}  # R is the type of real numbers
_WORDS = 6  # of a proposition's text, in the name of its variable


def variable(symbol: sp.Symbol) -> str:
    """The name of a symbol.

    Raises:
        ValueError: Coq has no such name.
    """
    name = _RESERVED.get(symbol.name, symbol.name)
    if not re.fullmatch(r"[A-Za-z]\w*", name) or re.fullmatch(r"(fact|given|some)\d+|lemma|both", name):
        raise ValueError(f"the symbol {symbol.name} cannot be a variable of Coq")
    return name


def is_opaque(e: sp.Basic) -> bool:
    """Whether an expression is an application that the kernel does not look into."""
    return isinstance(e, AppliedUndef) and e.func not in _NODES and not hasattr(formulas, e.func.__name__)


def opaque_name(text: str) -> str:
    """A name made of the first words of an opaque text, which says in {0}, {1}, .. where its arguments stand."""
    words = re.findall(r"[A-Za-z]+", re.sub(r"\{\d+\}", " ", text.replace("'", "_prime ")))
    signs = {"+": "plus", "": "times", "*": "rows"}
    return "_".join(words[:_WORDS]) if words else "op_" + signs[re.sub(r"[\s(){}\d]", "", text)]


def term(e: sp.Expr) -> str:
    """A term, in parentheses unless it is a name or a natural number."""
    if e.is_Symbol:
        return variable(e)
    if e.is_Integer and e >= 0:
        return str(e)
    return f"({_open(e)})"


def _open(e: sp.Expr) -> str:
    if e.is_Symbol or (e.is_Integer and e >= 0):
        return term(e)
    if e.is_Rational:
        return f"- {-e.p} / {e.q}".removesuffix(" / 1") if e < 0 else f"{e.p} / {e.q}"
    if e.is_Add:
        first, *rest = e.as_ordered_terms()
        text = _open(first)
        for summand in rest:
            negative = summand.as_coeff_Mul()[0] < 0
            text += f" - {_factor(-summand)}" if negative else f" + {_factor(summand)}"
        return text
    if e.is_Mul:
        c, rest = e.as_coeff_Mul()
        factors = [_factor(f) for f in rest.as_ordered_factors()]
        if c < 0:
            return f"- ({_open(-e)})"
        return " * ".join(([term(c)] if c != 1 else []) + factors)
    if e.is_Pow:
        power = f"{term(e.base)} ^ {abs(int(e.exp))}" if abs(e.exp) != 1 else term(e.base)
        return power if e.exp > 0 else f"/ {power}" if abs(e.exp) == 1 else f"/ ({power})"
    head = opaque_name(e.func.__name__) if is_opaque(e) else _NODES.get(e.func, e.func.__name__)
    return " ".join([head, *map(term, e.args)])


def _factor(e: sp.Expr) -> str:
    """A factor, or summand after a sign: sums in parentheses, products and powers without."""
    return term(e) if e.is_Add or (e.is_Rational and not e.is_Integer) else _open(e)


def relation(rel: Rel) -> str:
    """A proposition of Coq."""
    if rel.op == "holds":
        return _open(rel.expr)
    return f"{_open(rel.expr)} = 0" if rel.op == "=" else f"0 {'<' if rel.op == '>' else '<='} {_open(rel.expr)}"


class Types:
    """Number or thing, for the arguments of opaque applications: classes of places that share a type."""

    def __init__(self) -> None:
        self._parent: dict = {"R": "R"}
        self.texts: dict[str, tuple[int, bool]] = {}  # text -> (arguments, whether a proposition)

    def _root(self, place: object) -> object:
        self._parent.setdefault(place, place)
        while self._parent[place] != place:
            place = self._parent[place]
        return place

    def _join(self, a: object, b: object) -> None:
        a, b = self._root(a), self._root(b)
        if a == "R":
            a, b = b, a
        self._parent[a] = b

    def read(self, scope: str, e: sp.Expr, place: object) -> None:
        """Take in that an expression stands at a place; symbols of one scope are told from those of others."""
        if e.is_Symbol:
            self._join((scope, e), place)
        elif is_opaque(e):
            text = e.func.__name__
            self.texts.setdefault(text, (len(e.args), place is None))
            if place is not None:
                self._join((text, "value"), place)
            for k, a in enumerate(e.args):
                self.read(scope, a, (text, k))
        else:
            self._join(place, "R")
            for a in e.args:
                self.read(scope, a, "R")

    def relations(self, scope: str, rels: Iterable[Rel]) -> None:
        """Read the relations of a claim or cited lemma."""
        for rel in rels:
            self.read(scope, rel.expr, None if rel.op == "holds" else "R")

    def of(self, place: object) -> str:
        """R, or one of T1, T2, ..."""
        root = self._root(place)
        if root == "R":
            return "R"
        places = [
            (t, k) for t, (n, proposition) in self.texts.items() for k in [*range(n), *["value"] * (not proposition)]
        ]
        things = [r for r in dict.fromkeys(map(self._root, places)) if r != "R"]
        return f"T{things.index(root) + 1}"

    def declarations(self) -> list[str]:
        """The variables of the section."""
        lines, things = [], []
        if len({opaque_name(text) for text in self.texts}) < len(self.texts):
            raise ValueError("two opaque texts begin with the same words")
        for text, (count, proposition) in self.texts.items():
            types = [self.of((text, k)) for k in range(count)]
            types.append("Prop" if proposition else self.of((text, "value")))
            things += [t for t in types if t not in ("R", "Prop", *things)]
            lines += [f"(** {text} *)", f"Variable {opaque_name(text)} : {' -> '.join(types)}."]
        return [f"Variables {' '.join(sorted(things))} : Type.", *lines]
