"""Claims.v: every claim without an induction as a theorem of Coq, and its proof, written from the claim itself.

Statements name the shipped formulas (Formulas.v). The proof is the claim's own: each certificate becomes the identity
that Coq's `field` checks and the signs of its terms, so that Coq repeats what the kernel did with its own rules. The
propositions that the kernel does not look into are variables of a section and the cited lemmas its hypotheses; when
the section ends each theorem is a statement about any propositions that satisfy the lemmas it uses.
"""

from __future__ import annotations

import itertools
import textwrap
from functools import cache

import sympy as sp

from .claims import load
from .coq_terms import Types, relation, term, variable
from .kernel import Proof, Rejected, free
from .language import ROOT, Cases, Cited, Claim, Induction, Rel, Use

_SAME = {(">", ">"): "same_gt", (">", ">="): "same_gt_ge", (">=", ">="): "same_ge", ("=", ">="): "same_eq_ge"}
_AND = " /\\ "
_SAME["=", "="] = "same_eq"
_NAMED = {"root": "root_named", "least": "least_named", "greatest": "greatest_named"}


def _steps(steps: tuple) -> list:
    inner = [_steps((*s.left, *s.right)) for s in steps if isinstance(s, Cases)]
    return [*steps, *itertools.chain(*inner)]


def generated(claim: Claim) -> bool:
    """Whether Claims.v has the claim: one about a process, or with an induction, has its theorem by hand alone."""
    return not claim.process and not any(isinstance(s, Induction) for s in _steps(claim.steps))


def universals(lemma: Claim | Cited) -> list[sp.Symbol]:
    """The symbols over which a lemma is quantified."""
    rels = [*lemma.hypotheses.values(), *lemma.conclusions.values()]
    return sorted(free(*rels) - set(lemma.exists), key=lambda s: s.name)


def statement(lemma: Claim | Cited, types: Types) -> str:
    """forall symbols, hypotheses -> exists symbols, conclusions."""
    typed = [f"({variable(s)} : {types.of((lemma.name, s))})" for s in universals(lemma)]
    lines = [f"forall {' '.join(typed)},"] if typed else []
    lines += [f"{relation(r)} ->" for r in lemma.hypotheses.values()]
    found = [f"({variable(s)} : {types.of((lemma.name, s))})" for s in lemma.exists]
    lines += [f"exists {' '.join(found)},"] if found else []
    return "\n".join([*lines, " /\\\n".join(map(relation, lemma.conclusions.values()))])


def _destruct(name: str, parts: list[str]) -> str:
    return f"destruct {name} as ({' & '.join(parts)})" if len(parts) > 1 else f"rename {name} into {parts[0]}"


class Script(Proof):
    """The kernel's proof, writing down for Coq what it checks."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(claim)
        self.lines: list[str] = []
        self.labels: dict[str, str] = {}  # fact -> its name in Coq
        self.given: dict[str, str] = {}  # hypothesis not read yet -> its name in Coq
        self.found: list[tuple[Rel, str]] = []  # what was required -> a term or tactic that proves it
        self.branches: list[Script] = []
        self.count = itertools.count(1)

    def branch(self) -> Script:
        """A copy with lines and requirements of its own; the names of facts go on."""
        new = super().branch()
        new.count, new.lines, new.found = self.count, [], []
        self.branches.append(new)
        return new

    def add(self, name: str, rel: Rel) -> None:
        """Give the fact its name in Coq."""
        super().add(name, rel)
        self.labels[name] = f"fact{next(self.count)}"

    def require(self, rel: Rel, what: str) -> None:
        """Note the tactic that proves what is required."""
        super().require(rel, what)
        self.found.append((rel, self._because(rel)))

    def _because(self, rel: Rel) -> str:
        """The tactic that proves a relation just required, with formulas and roots written out or not."""
        if rel.op == "holds":
            return f"exact {next(self.labels[n] for n, f in self.facts.items() if f == rel)}"
        goal = Rel(self.resolve(rel.expr), rel.op)
        for name, fact in self.facts.items():
            same = (fact.op, rel.op) in _SAME and free(fact) == free(goal)
            if same and (fact == goal or self.is_zero(fact.expr - goal.expr)):
                return f"apply ({_SAME[fact.op, rel.op]} _ _ {self.labels[name]}); named"
        raise Rejected(f"{rel.expr} has lost its reason")

    def _known(self, name: str, proof: str) -> None:
        """State a fact as the kernel keeps it, from a term that proves it as it was written."""
        rel, label = self.facts[name], self.labels[name]
        if rel.op == "holds":
            self.lines.append(f"pose proof {proof} as {label}.")
        else:
            self.lines.append(
                f"assert ({label} : {relation(rel)}) by (apply ({_SAME[rel.op, rel.op]} _ _ {proof}); named)."
            )

    def assume(self, s) -> None:
        """State the hypothesis as the kernel reads it now."""
        super().assume(s)
        self._known(s.name, self.given[s.name])

    def cert(self, s) -> None:
        """The identity, and the signs of its terms."""

        # The facts that a certificate uses, before its own goal joins them.
        def known(n: str) -> str:
            return term(self.facts[n].expr)

        super().cert(s)
        goal = self.facts[s.name]
        terms = []
        for c, names, squares in s.sum:
            strict = c > 0 and not squares and all(self.facts[n].op == ">" for n in names)
            factors = [term(sp.sympify(c))] * (c != 1 or not (names or squares))
            factors += [known(n) for n in names] + [f"{term(self.resolve(q))} ^ 2" for q in squares]
            terms.append((not strict, " * ".join(factors)))
        total = [text for _, text in sorted(terms, key=lambda t: t[0])]
        zeros = [f"{term(self.resolve(q))} * {known(n)}" for n, q in s.mod.items()]
        left = " * ".join(known(n) for n in s.times) or "1"
        rule = {">": "certified_gt", ">=": "certified_ge", "=": "certified_eq"}[goal.op]
        self.lines += [
            f"assert ({self.labels[s.name]} : {relation(goal)}).",
            f"{{ apply ({rule} ({left})",
            f"    ({' + '.join(total) or '0'})",
            f"    ({' + '.join(zeros) or '0'})); [positive | signs | zeros | rational]. }}",
        ]

    def define(self, s) -> None:
        """Take the number that has the name and its defining facts."""
        before = len(self.found)
        super().define(s)
        u, kind = s.symbol, s.node.func.__name__
        args = " ".join(term(self.resolve(a)) for a in s.node.args)
        names = [n for n in self.facts if n.startswith(f"{u}/")]
        temporary = [f"some{next(self.count)}" for _ in names]
        origin = f"some{next(self.count)}"
        if s.node.func == ROOT:
            needed = f"some{next(self.count)}"
            self.lines.append(f"assert ({needed} : 0 <= {args}) by ({self.found[before][1]}).")
            args += f" {needed}"
        self.lines.append(f"{_destruct(f'({_NAMED[kind]} {args})', [variable(u), origin, *temporary])}.")
        for name, proof in zip(names, temporary, strict=True):
            self._known(name, proof)

    def cases(self, s) -> None:
        """Decide the case and prove the goals in both."""
        first = len(self.branches)
        super().cases(s)
        goals = s.goal if isinstance(s.goal, dict) else {s.name: s.goal}
        shown = [relation(self.facts[n]) for n in goals]
        left, right = self.branches[first:]
        split = [b.labels[s.name] for b in (left, right)]
        self.lines += [f"assert (both : {_AND.join(shown)}).", "{"]
        if s.zero:
            p, q = (term(self.resolve(e)) for e in s.on)
            self.lines.append(f"  destruct (Rmult_integral {p} {q}) as [{split[0]} | {split[1]}].")
            self.lines.append(f"  {{ apply (same_eq _ _ {self.labels[s.zero]}); rational. }}")
        else:
            on, other = term(self.resolve(s.on)), right.facts[s.name]
            negative = f"some{next(self.count)}"
            self.lines.append(f"  destruct (Rle_lt_dec 0 {on}) as [{split[0]} | {negative}].")
            right.lines.insert(0, f"assert ({split[1]} : {relation(other)}) by lra.")
        for b in (left, right):
            proofs = [proof for _, proof in b.found[-len(goals) :]]
            body = [*b.lines, *_conjunction(proofs)]
            self.lines += ["  {", *[f"    {line}" for line in body], "  }"]
        self.lines.append("}")
        self.lines.append(f"{_destruct('both', [self.labels[n] for n in goals])}.")

    def use(self, s: Use) -> None:
        """Instantiate the theorem or the cited lemma, meet its premises, take its conclusions."""
        before = len(self.found)
        super().use(s)
        head = f"{'cited' if isinstance(s.lemma, Cited) else 'claim'}_{s.lemma.name}"
        values = [term(sp.sympify(s.to.get(v, v))) for v in universals(s.lemma)]
        fresh = [variable(s.to.get(e, e)) for e in s.lemma.exists]
        results = [f"some{next(self.count)}" for _ in s.lemma.conclusions]
        self.lines.append(f"pose proof ({' '.join([head, *values])}) as lemma.")
        self.lines += [f"feed lemma ltac:({proof})." for _, proof in self.found[before:]]
        self.lines.append(f"{_destruct('lemma', [*fresh, *results])}.")
        for name, proof in zip(s.lemma.conclusions, results, strict=True):
            self._known(f"{s.name}/{name}", proof)


def _conjunction(proofs: list[str]) -> list[str]:
    """A conjunction by its parts."""
    if len(proofs) == 1:
        return [f"{proofs[0]}."]
    return [line for p in proofs[:-1] for line in ("split.", f"{{ {p}. }}")] + [f"{proofs[-1]}."]


def script(claim: Claim) -> list[str]:
    """The proof of a claim, line by line; the kernel checks it on the way."""
    proof = Script(claim)
    later = {s.name for s in claim.steps if type(s).__name__ == "Assume"}
    proof.given = {name: f"given{next(proof.count)}" for name in claim.hypotheses}
    symbols = [variable(s) for s in universals(claim)]
    proof.lines.append(f"intros {' '.join([*symbols, *proof.given.values()])}.")
    for name, rel in claim.hypotheses.items():
        if name not in later:
            proof.add(name, rel)
            proof._known(name, proof.given[name])
    proof.run(claim.steps)
    proof.found.clear()
    for name, rel in claim.conclusions.items():
        proof.require(rel, f"conclusion {name}")
    if claim.exists:
        proof.lines.append(f"exists {', '.join(map(variable, claim.exists))}.")
    return [*proof.lines, *_conjunction([p for _, p in proof.found])]


def cited_by(claims: list[Claim]) -> list[Cited]:
    """The cited lemmas that these claims use themselves, in order."""
    uses = [s.lemma for c in claims for s in _steps(c.steps) if isinstance(s, Use)]
    return list(dict.fromkeys(u for u in uses if isinstance(u, Cited)))


HEAD = """(** * The claims, and the proofs of their claims, as the exact kernel has them

    Written by [make coq] from [proofs_checks/claims]: nothing here is edited by hand.
    Propositions that the kernel does not look into are variables and cited lemmas hypotheses of the section: a
    theorem holds of whatever satisfies those it uses. *)

From Coq Require Import Reals Lra.
From PLTheory Require Import Formulas Certificates.
Open Scope R_scope.
"""


@cache
def _setting() -> tuple[list[Claim], list[Cited], Types]:
    claims = [c for c in load() if generated(c)]
    cited = cited_by(claims)
    types = Types()
    for lemma in [*cited, *claims]:
        types.relations(lemma.name, [*lemma.hypotheses.values(), *lemma.conclusions.values()])
    return claims, cited, types


def preamble() -> str:
    """What comes before the theorems: propositions as variables, cited lemmas as hypotheses."""
    _, cited, types = _setting()
    parts = [HEAD, "Section Claims.\n", "\n".join(types.declarations()) + "\n"]
    for lemma in cited:
        parts.append(f"Hypothesis cited_{lemma.name} :\n{textwrap.indent(statement(lemma, types), '  ')}.\n")
    return "\n".join(parts)


def stated(claim: Claim) -> str:
    """The theorem that says what a claim says."""
    return f"Theorem claim_{claim.name} :\n{textwrap.indent(statement(claim, _setting()[2]), '  ')}."


def theorem(claim: Claim) -> str:
    """A claim and its proof, as they stand in the file."""
    body = textwrap.indent("\n".join(script(claim)), "  ")
    return f"(** {claim.title} *)\n{stated(claim)}\nProof.\n{body}\nQed.\n"


def text() -> str:
    """The whole file; all claims in one term at its end, so that what they rest on can be printed at once."""
    claims = _setting()[0]
    every = textwrap.fill(", ".join(f"@claim_{c.name}" for c in claims), 110)
    together = f"Definition every_claim :=\n  ({textwrap.indent(every, '   ').lstrip()}).\n"
    return "\n".join([preamble(), *map(theorem, claims), "End Claims.\n", together])
