"""Second opinions: z3 and cvc5 on every obligation of the kernel and on the obligation at which a mutant
fails.

A solver never decides: z3's nonlinear engine has given wrong answers and neither emits a proof that can be
re-checked. Disagreement with the kernel is an error; a solver that is not installed, or gives up in its
time, is shown as such.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from sympy.polys.rings import PolyElement

from .kernel import Rejected

Obligation = list[tuple[PolyElement, str]]
"""Premises and, last, the goal: polynomials over Q with the relation to 0."""

NOT_INSTALLED = "not installed"


def _terms(poly: PolyElement, names: dict, const: Callable, mul: Callable, add: Callable) -> Any:
    """Rebuild a polynomial with a solver's constructors; `names` collects its variables by symbol."""
    summands = []
    for exponents, coefficient in poly.terms():
        factors = [const(coefficient)]
        for symbol, power in zip(poly.ring.symbols, exponents, strict=True):
            factors += [names(symbol)] * power
        summands.append(mul(factors))
    return add(summands) if summands else const(0)


def _z3(obligation: Obligation) -> str:
    import z3

    variables: dict = {}

    def name(symbol: Any) -> Any:
        return variables.setdefault(symbol, z3.Real(f"x{len(variables)}"))

    def const(q: Any) -> Any:
        return z3.RealVal(str(q))

    solver = z3.Tactic("qfnra-nlsat").solver()
    relation = {">": lambda e: e > 0, ">=": lambda e: e >= 0, "=": lambda e: e == 0}
    *premises, goal = [relation[op](_terms(p, name, const, z3.Product, z3.Sum)) for p, op in obligation]
    solver.add(*premises, z3.Not(goal))
    return str(solver.check())


def _cvc5(obligation: Obligation) -> str:
    import cvc5
    from cvc5 import Kind

    solver = cvc5.Solver()
    solver.setLogic("QF_NRA")
    solver.setOption("nl-cov", "true")
    variables: dict = {}

    def name(symbol: Any) -> Any:
        if symbol not in variables:
            variables[symbol] = solver.mkConst(solver.getRealSort(), f"x{len(variables)}")
        return variables[symbol]

    def many(kind: Any) -> Callable:
        return lambda args: args[0] if len(args) == 1 else solver.mkTerm(kind, *args)

    def const(q: Any) -> Any:
        return solver.mkReal(str(q))

    zero = solver.mkReal("0")
    kind = {">": Kind.GT, ">=": Kind.GEQ, "=": Kind.EQUAL}
    formulas = [
        solver.mkTerm(kind[op], _terms(p, name, const, many(Kind.MULT), many(Kind.ADD)), zero) for p, op in obligation
    ]
    for premise in formulas[:-1]:
        solver.assertFormula(premise)
    solver.assertFormula(solver.mkTerm(Kind.NOT, formulas[-1]))
    result = solver.checkSat()
    return "unsat" if result.isUnsat() else "sat" if result.isSat() else "unknown"


SOLVERS: dict[str, tuple[str, Callable[[Obligation], str]]] = {
    "z3": ("z3", _z3),
    "cvc5": ("cvc5", _cvc5),
}
"""Name -> (module to look for, question)."""


def installed() -> list[str]:
    """The solvers at hand."""
    return [name for name, (module, _) in SOLVERS.items() if find_spec(module)]


def _worth_asking(obligation: Obligation) -> bool:
    """Not the obligations about constants alone, which every solver gets right."""
    return any(not p.is_ground for p, _ in obligation)


def ask(name: str, obligations: list[Obligation], seconds: float) -> list[str]:
    """A solver's answers, "unknown" where it took longer than the time.

    The questions go to a child process, because neither solver keeps to its own time limit; after a
    question that took too long the child is killed and another one continues.
    """
    module, question = SOLVERS[name]
    import_module(module)  # before the fork, so that no child pays for it
    context = multiprocessing.get_context("fork")
    answers: list[str] = []
    while len(answers) < len(obligations):
        receiver, sender = context.Pipe(duplex=False)
        rest = obligations[len(answers) :]
        child = context.Process(target=lambda s, q: [s.send(question(o)) for o in q], args=(sender, rest))
        child.start()
        sender.close()
        try:
            while len(answers) < len(obligations) and receiver.poll(seconds):
                answers.append(receiver.recv())
        except EOFError:  # the solver failed in the child
            pass
        finally:
            child.kill()
            child.join()
            receiver.close()
        if len(answers) < len(obligations):
            answers.append("unknown")
    return answers


def opinion(name: str, log: Iterable[Callable[[], Obligation]], expected: str, seconds: float = 0.5) -> dict[str, int]:
    """Counts of a solver's answers on obligations: "agree", "disagree" and "unknown" (time ran out).

    Args:
        expected: "unsat" for obligations the kernel accepted, "sat" for one at which a false claim fails.
    """
    counts = {"agree": 0, "disagree": 0, "unknown": 0}
    obligations = []
    for thunk in log:
        try:
            obligations.append(thunk())
        except Rejected:  # a goal that is no polynomial (a denominator of unknown sign) cannot be asked
            counts["unknown"] += 1
    for answer in ask(name, [o for o in obligations if _worth_asking(o)], seconds):
        key = "agree" if answer == expected else "disagree" if answer in ("sat", "unsat") else "unknown"
        counts[key] += 1
    return counts
