"""The language of claims: relations, steps, claims. No logic here; `kernel` gives the meaning.

A term is a sympy expression made of rationals, symbols, + * and integer powers, the formulas of
`pltheory.theory.formulas` by name (`shipped`), and root, least, greatest, opaque until a proof names them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from pltheory.theory import formulas

ROOT, LEAST, GREATEST = (sp.Function(name) for name in ("root", "least", "greatest"))


@dataclass(frozen=True)
class Rel:
    """`expr op 0` for op in > >= =, or, for op "holds", the opaque proposition expr."""

    expr: sp.Expr
    op: str

    def at(self, to: dict) -> Rel:
        """The instance under a simultaneous substitution of symbols."""
        return Rel(self.expr.xreplace(to), self.op)


def gt(a: Any, b: Any = 0) -> Rel:
    """a > b."""
    return Rel(sp.sympify(a) - b, ">")


def ge(a: Any, b: Any = 0) -> Rel:
    """a >= b."""
    return Rel(sp.sympify(a) - b, ">=")


def eq(a: Any, b: Any = 0) -> Rel:
    """a = b."""
    return Rel(sp.sympify(a) - b, "=")


def said(text: str, *terms: Any) -> Rel:
    """A proposition that the kernel does not look into; {0}, {1}, ... in the text stand for the terms."""
    return Rel(sp.Function(text)(*terms), "holds")


def sequence(symbol: Any, first: Any, after: Any) -> Rel:
    """What an induction knows of its state, as a proposition for cited lemmas about sequences."""
    return said("{0} is a sequence in t: {1} at 0, {2} after {0}", symbol, first, after)


def shipped(formula: Callable) -> Callable:
    """The shipped formula by name: its body is fetched when a claim is checked, so none has its own copy.

    Raises:
        ValueError: the function is not one of `pltheory.theory.formulas`.
    """
    name = formula.__name__
    if getattr(formulas, name, None) is not formula:
        raise ValueError(f"{name} is not a formula of pltheory.theory.formulas")
    return sp.Function(name)


@dataclass(frozen=True)
class Cert:
    """goal * (product of the strict facts `times`) = sum of c * facts * squares + sum of cofactor * equation.

    Attributes:
        name: name of the fact that the goal becomes.
        goal: an inequality, or an equation (then `sum` is empty).
        sum: triples (nonnegative rational, names of facts, expressions to be squared).
        times: names of strict facts.
        mod: name of an equation -> its cofactor.
    """

    name: str
    goal: Rel
    sum: tuple = ()
    times: tuple = ()
    mod: dict = field(default_factory=dict)


def term(*facts: str, c: Any = 1, sq: tuple = ()) -> tuple:
    """c * (product of facts) * (squares of sq), a term of a certificate."""
    return (sp.Rational(c), facts, sq)


@dataclass(frozen=True)
class Define:
    """Name root(e) (where e >= 0 is a fact), least(a, b) or greatest(a, b) by a fresh symbol.

    New facts for a root u: "u/nonneg" and "u/square" (u^2 = e); for a least or greatest k: "k/first" and
    "k/second" (k against a and b) and "k/either" ((k - a)(k - b) = 0).
    """

    symbol: sp.Symbol
    node: sp.Expr


@dataclass(frozen=True)
class Assume:
    """Take up a hypothesis of the claim here and not at the start, because its roots need names first."""

    name: str


@dataclass(frozen=True)
class Cases:
    """Prove the goal, or each of a dict of named goals, in two branches whose own fact is called `name`.

    Without `zero`: `on` >= 0, then -`on` > 0. With `zero`, the name of an equation that is the product of the
    pair `on`: the first factor is 0, then the second is.
    """

    name: str
    goal: Any
    on: Any
    left: tuple
    right: tuple
    zero: str = ""


@dataclass(frozen=True)
class Use:
    """Instantiate a lemma, cited or claimed, by the substitution `to`; a conclusion c becomes "name/c"."""

    name: str
    lemma: Cited | Claim
    to: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Induction:
    """The invariant at the start, and from invariant and process the invariant of the next state: all t.

    Attributes:
        state: symbol -> (its value at t = 0, its value at t + 1 in terms of those at t and of the process).
        invariant: name -> relation about the state and about what is fixed.
        base, step: the steps of the two proofs.
    """

    state: dict
    invariant: dict
    base: tuple
    step: tuple


@dataclass(frozen=True, eq=False)
class Cited:
    """A lemma of the literature or a definition spelt out: not checked here, shown and counted in the table.

    Attributes:
        statement: the exact statement, in words and LaTeX.
        kind: "analysis" or "linear algebra" for a theorem; "definition" where only a word is unfolded.
    """

    name: str
    kind: str
    statement: str
    hypotheses: dict = field(default_factory=dict)
    conclusions: dict = field(default_factory=dict)
    exists: tuple = ()


@dataclass(frozen=True, eq=False)
class Mutant:
    """A false variant of a claim, with an exact reason why it is false.

    Attributes:
        name: what was changed.
        claim: the false claim; the kernel must reject it.
        refuted: values of the symbols (rational) at which the hypotheses hold and a conclusion fails, or a
            function that computes in exact arithmetic whether an example refutes the statement.
    """

    name: str
    claim: Claim
    refuted: dict | Callable[[], bool]


@dataclass(frozen=True, eq=False)
class Claim:
    """A lemma with its proof.

    For all real values of the symbols the hypotheses imply the conclusions; symbols in `exists` exist.
    Relations in `process` hold at every t >= 0 between the state at t and at t + 1.

    Attributes:
        name: identifier, the module's name in `proofs_checks.claims`.
        title: one line for the table.
        statement: the statement in words and LaTeX.
        source: section of the theory, or paper.
        coq: the theorem of the Coq development that corresponds to it, empty where none does.
        mutants: makes the false variants, at least one.
        example: draws a random point (floats) meant to satisfy the hypotheses; for sampling and the docs.
        numbers: the same where a run or matrices give several points at once, as values by the symbols' names.
    """

    name: str
    title: str
    statement: str
    source: str
    coq: str
    hypotheses: dict
    steps: tuple
    conclusions: dict
    process: dict = field(default_factory=dict)
    exists: tuple = ()
    mutants: Callable[[Claim], tuple] = lambda claim: ()
    example: Callable | None = None
    numbers: Callable | None = None

    def but(self, swap: dict | None = None, drop: tuple = (), **changes: Any) -> Claim:
        """A variant: relations swapped wherever they occur, hypotheses dropped."""
        swap = swap or {}

        def rels(d: dict) -> dict:
            return {k: swap.get(r, r) for k, r in d.items() if k not in drop}

        def step(s: Any) -> Any:
            if isinstance(s, Induction):
                return replace(
                    s,
                    invariant=rels(s.invariant),
                    base=tuple(map(step, s.base)),
                    step=tuple(map(step, s.step)),
                )
            if isinstance(s, Cases):
                left, right = tuple(map(step, s.left)), tuple(map(step, s.right))
                goal = rels(s.goal) if isinstance(s.goal, dict) else swap.get(s.goal, s.goal)
                return replace(s, goal=goal, left=left, right=right)
            return replace(s, goal=swap.get(s.goal, s.goal)) if isinstance(s, Cert) else s

        new = {
            "hypotheses": rels(self.hypotheses),
            "process": rels(self.process),
            "conclusions": rels(self.conclusions),
            "steps": tuple(map(step, self.steps)),
            "mutants": lambda claim: (),
        }
        return replace(self, **{**new, **changes})
