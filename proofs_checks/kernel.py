"""An exact checker for polynomial proofs, small enough to be audited in one sitting.

Everything is decided by one question: does a polynomial over Q expand to 0? Nothing here calls a simplifier
or an assumption of sympy; a number that is not rational, a function that is not a shipped formula and a
denominator that is not a strict fact (hence positive) are refused. The language of claims is in `language`.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from functools import cache

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.polys.rings import ring

from pltheory.theory import formulas
from pltheory.theory.arithmetic import symbols

from .language import GREATEST, LEAST, ROOT, Assume, Cases, Cert, Claim, Define, Induction, Rel, Use, sequence

# The shipped formulas on symbols with sqrt, min and max opaque: sympy's own rewrite by assumptions.
OPS = replace(symbols(), sqrt=ROOT, minimum=LEAST, maximum=GREATEST)

SPARE = sp.Dummy()  # a ring needs a generator, and a constant has none


class Rejected(Exception):
    """The proof does not check; the message says which step and why."""


def demand(condition, message, *about):
    """Reject unless the condition holds; never an assert, which -O would remove."""
    if not condition:
        raise Rejected(message.format(*about) if about else message)


def free(*things):
    """All symbols of some relations or expressions."""
    return set().union(*[sp.sympify(getattr(t, "expr", t)).free_symbols for t in things])


@cache
def check(claim):
    """The finished Proof of a claim, or Rejected."""
    proof = Proof(claim)
    later = {s.name for s in claim.steps if isinstance(s, Assume)}
    try:
        for name, rel in claim.hypotheses.items():
            if name not in later:
                proof.add(name, rel)
        proof.run(claim.steps)
        for name, rel in claim.conclusions.items():
            proof.require(rel, f"conclusion {name}")
    except Rejected as reason:
        reason.log = proof.log
        raise
    return proof


class Proof:
    """The facts so far, by name; `log` keeps the obligation of each certificate for second opinions."""

    def __init__(self, claim):
        self.claim, self.facts, self.nodes, self.log = claim, {}, [], []
        self.cited, self.positives = set(), set()
        # A symbol of the statement is universal and never fresh, unless the claim says that it exists.
        given = [*claim.hypotheses.values(), *claim.process.values()]
        self.seen = free(*given) | free(*claim.conclusions.values()) - set(claim.exists)

    def note(self, premises, goal):
        """What a solver may be asked: numerators (denominators are positive) of premises and goal, on
        demand."""
        premises = [r for r in premises if r.op != "holds"]
        self.log.append(lambda: [(self.fraction(r.expr)[0], r.op) for r in (*premises, goal)])

    def branch(self):
        """A copy whose facts do not flow back; what it cites and logs does."""
        new = object.__new__(type(self))
        new.__dict__ = {k: v.copy() if isinstance(v, dict | set | list) else v for k, v in vars(self).items()}
        new.log, new.cited = self.log, self.cited
        return new

    def resolve(self, e):
        """Fetch the shipped bodies of formulas; replace root, least, greatest by the symbols naming them."""
        e = sp.sympify(e, strict=True)
        args = [self.resolve(a) for a in e.args]
        if not isinstance(e, AppliedUndef):
            return e.func(*args) if args else e
        if e.func in (ROOT, LEAST, GREATEST):
            for func, known, symbol in self.nodes:
                if func == e.func and all(self.is_zero(a - b) for a, b in zip(args, known, strict=True)):
                    return symbol
            raise Rejected(f"{e.func(*args)} has no name here")
        body = vars(formulas).get(e.func.__name__)
        demand(inspect.isfunction(body), "unknown function {}", e.func)
        return self.resolve(body(*args, **({"ops": OPS} if "ops" in inspect.signature(body).parameters else {})))

    def fraction(self, e):
        """Numerator and positive denominator of a resolved expression, expanded over Q."""
        names = sorted(e.free_symbols, key=lambda s: s.name)
        plain = all(type(s) is sp.Symbol and len(s.assumptions0) == 1 for s in names)
        demand(plain, "symbols with assumptions in {}", e)
        poly, *gens = ring([*names, SPARE], sp.QQ)
        known = dict(zip(names, gens, strict=False))

        def walk(e):
            if e.is_Symbol:
                return known[e], poly.one
            if e.is_Rational:
                return poly(sp.QQ(e.p, e.q)), poly.one
            if e.is_Add or e.is_Mul:
                a, b = walk(e.args[0])
                for n, d in map(walk, e.args[1:]):
                    a, b = (a * n, b * d) if e.is_Mul else (a + n, b) if b == d else (a * d + n * b, b * d)
                return a, b
            demand(e.is_Pow and e.exp.is_Integer, "not a rational expression over Q: {}", e)
            n, d = walk(e.base)
            sign = e.exp > 0 or self.is_positive(e.base)
            demand(sign, "the denominator {} is not a strict fact", e.base)
            power = abs(int(e.exp))
            return (n**power, d**power) if e.exp > 0 else (d**power, n**power)

        return walk(e)

    def is_zero(self, e):
        """Whether a resolved expression is identically zero."""
        return self.fraction(e)[0] == 0

    def is_positive(self, e):
        """Whether a resolved expression is a positive rational, or that times a strict fact."""
        for f in () if e in self.positives else [sp.S.One, *[f.expr for f in self.facts.values() if f.op == ">"]]:
            if f.free_symbols == e.free_symbols and e not in self.positives:
                (a, b), (c, d) = self.fraction(f), self.fraction(e)
                x, y = a * d, c * b  # of the signs of f and e
                if y != 0 and x * y.LC == y * x.LC and x.LC * y.LC > 0:
                    self.positives.add(e)
        return e in self.positives

    def add(self, name, rel):
        """Record a fact under a name of its own; its denominators must be positive already."""
        demand(
            name not in self.facts and rel.op in (">", ">=", "=", "holds"),
            f"{name}: name taken or bad relation",
        )
        self.seen |= free(rel)
        if rel.op != "holds":
            rel = Rel(self.resolve(rel.expr), rel.op)
            self.fraction(rel.expr)
        self.facts[name] = rel

    def require(self, rel, what):
        """Reject unless the relation, or a stronger one about the same expression, is a fact."""
        goal = rel if rel.op == "holds" else Rel(self.resolve(rel.expr), rel.op)
        stronger = {">": (">",), ">=": (">", ">=", "="), "=": ("=",), "holds": ()}[rel.op]
        if goal in self.facts.values():
            return
        same = [f for f in self.facts.values() if f.op in stronger and free(f) == free(goal)]
        if not any(self.is_zero(f.expr - goal.expr) for f in same):
            self.note(self.facts.values(), goal)
            raise Rejected(f"{what}: {rel.expr} {rel.op} 0 is not a fact")

    def fact(self, name, *ops):
        """The expression of a fact that has one of the relations asked for."""
        demand(name in self.facts and self.facts[name].op in ops, f"no fact {name} with {' or '.join(ops)}")
        return self.facts[name].expr

    def fresh(self, symbol):
        """Take a symbol of which nothing has spoken yet."""
        demand(type(symbol) is sp.Symbol and symbol not in self.seen, "{} is not fresh", symbol)
        self.seen.add(symbol)

    def run(self, steps):
        """Check the steps in order, each by the method of its name."""
        for s in steps:
            demand(type(s) in (Assume, Cert, Define, Cases, Use, Induction), "no rule for {}", type(s))
            getattr(self, type(s).__name__.lower())(s)

    def assume(self, s):
        """A hypothesis of the claim that could not be read before its roots had names."""
        demand(s.name in self.claim.hypotheses, f"no hypothesis is called {s.name}")
        self.add(s.name, self.claim.hypotheses[s.name])

    def cert(self, s):
        """goal * (strict facts) - (nonnegative sum) - (multiples of equations) must expand to zero."""
        goal, strict = Rel(self.resolve(s.goal.expr), s.goal.op), False
        self.note(self.facts.values(), goal)
        total = sp.prod([self.fact(n, ">") for n in s.times]) * goal.expr
        for c, names, squares in s.sum:
            c, squares = sp.sympify(c, strict=True), [self.resolve(q) for q in squares]
            demand(c.is_Rational and c >= 0, "the coefficient {} is not a nonnegative rational", c)
            total -= sp.prod([c, *[self.fact(n, ">", ">=") for n in names], *[q**2 for q in squares]])
            strict |= bool(c > 0 and not squares and all(self.facts[n].op == ">" for n in names))
            demand(all(self.fraction(q) for q in squares), "fraction() itself rejects bad denominators")
        for name, cofactor in s.mod.items():
            cofactor = self.resolve(cofactor)
            demand(self.fraction(cofactor), "fraction() itself rejects bad denominators")
            total -= cofactor * self.fact(name, "=")
        demand(goal.op in (">=", "=", ">"), f"{s.name}: no certificate proves {goal.op}")
        demand(goal.op != ">" or strict, f"{s.name}: no term of the sum is strictly positive")
        demand(goal.op != "=" or not s.sum, f"{s.name}: an equation follows from equations only")
        demand(self.is_zero(total), f"{s.name}: the certificate does not expand to the goal")
        self.add(s.name, s.goal)
        self.log.pop()
        used = {*s.times, *s.mod, *[n for _, names, _ in s.sum for n in names]}
        self.note([*[self.facts[n] for n in sorted(used)], *[Rel(e, ">") for e in self.positives]], goal)

    def define(self, s):
        """Name a root, least or greatest by a fresh symbol: it exists and its facts determine it."""
        demand(s.node.func in (ROOT, LEAST, GREATEST), "cannot define {}", s.node)
        args, u = [self.resolve(a) for a in s.node.args], s.symbol
        self.seen |= free(*args)
        self.fresh(u)
        if s.node.func == ROOT:
            self.require(Rel(args[0], ">="), f"root {u} of a number that may be negative")
            new = {"nonneg": Rel(u, ">="), "square": Rel(u**2 - args[0], "=")}
        else:
            (a, b), sign = args, 1 if s.node.func == LEAST else -1
            new = {"first": Rel(sign * (a - u), ">="), "second": Rel(sign * (b - u), ">=")}
            new["either"] = Rel((u - a) * (u - b), "=")
        self.nodes.append((s.node.func, args, u))
        for name, rel in new.items():
            self.add(f"{u}/{name}", rel)

    def cases(self, s):
        """Both branches must arrive at the goals."""
        goals = s.goal if isinstance(s.goal, dict) else {s.name: s.goal}
        self.seen |= free(*goals.values())
        if s.zero:
            p, q = (self.resolve(e) for e in s.on)
            demand(self.is_zero(p * q - self.fact(s.zero, "=")), f"{s.name}: not the factors of {s.zero}")
        split = (Rel(p, "="), Rel(q, "=")) if s.zero else (Rel(s.on, ">="), Rel(-s.on, ">"))
        for rel, steps in zip(split, (s.left, s.right), strict=True):
            inner = self.branch()
            inner.add(s.name, rel)
            inner.run(steps)
            for goal in goals.values():
                inner.require(goal, f"a branch of {s.name}")
        for name, goal in goals.items():
            self.add(name, goal)

    def use(self, s):
        """Instantiate a cited lemma, or another claim, which is checked first."""
        lemma, given = s.lemma, [*s.lemma.hypotheses.values(), *s.lemma.conclusions.values()]
        if isinstance(lemma, Claim):
            demand(not lemma.process, f"{s.name}: a claim about a process cannot be instantiated")
            self.cited |= check(lemma).cited
        else:
            self.cited.add(lemma)
        for name, rel in lemma.hypotheses.items():
            self.require(rel.at(s.to), f"{s.name}, hypothesis {name}")
        self.seen |= free(*[s.to.get(v, v) for v in free(*given) - set(lemma.exists)])
        for e in lemma.exists:
            self.fresh(s.to.get(e, e))
        for name, rel in lemma.conclusions.items():
            self.add(f"{s.name}/{name}", rel.at(s.to))

    def induction(self, s):
        """Base (with the process at t = 0) and step must hold; then both are facts about a generic t."""
        first, after = ({k: sp.sympify(v[i]) for k, v in s.state.items()} for i in (0, 1))
        fixed = free(*self.facts.values(), *first.values())
        demand(not fixed & set(first), "a fixed fact speaks of the state")
        known = fixed | set(first) | free(*self.claim.process.values())
        demand(free(*after.values()) <= known, "the next state is not given by state and process")
        demand(free(*s.invariant.values()) <= fixed | set(first), "an invariant speaks of what may change")
        base, step = self.branch(), self.branch()
        for name, rel in self.claim.process.items():
            base.add(name, rel.at(first))
        base.run(s.base)
        for name, rel in [*s.invariant.items(), *self.claim.process.items()]:
            step.add(name, rel)
        step.run(s.step)
        for name, rel in s.invariant.items():
            base.require(rel.at(first), f"start of {name}")
            step.require(rel.at(after), f"step of {name}")
        for name, rel in [*s.invariant.items(), *self.claim.process.items()]:
            self.add(name, rel)
        for x in first:
            self.add(f"{x}/sequence", sequence(x, first[x], after[x]))
