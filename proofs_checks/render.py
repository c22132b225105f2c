"""LaTeX of a claim for the docs: statement, assumptions, conclusions, proof with its certificates, what is cited.

Formulas keep their names; roots, least and greatest are written out. No step is computed here: a page shows what
the kernel was given, and the numbers of `worked`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter, greek_letters_set, other_symbols

from .formula import formula
from .language import Assume, Cases, Cert, Cited, Claim, Define, Induction, Rel, Use
from .typeset import sentence
from .worked import Sides, split

_LETTERS = {"eps": r"\epsilon", "rbar": r"\bar r"}
_RELATION = {">": ">", ">=": r"\ge", "=": "="}
_TURNED = {">": "<", ">=": r"\le", "=": "="}
_RELATES = re.compile(r"[<>=^_]|\w\*")


class Printer(LatexPrinter):
    """sympy's printer with the names of this project."""

    def _print_Symbol(self, expr: sp.Symbol, *args: Any, **kwargs: Any) -> str:
        """A name of several letters upright, so that it is not read as a product."""
        if expr.name in _LETTERS:
            return _LETTERS[expr.name]
        head, _, tail = expr.name.partition("_")
        letters = head.rstrip("0123456789")
        if len(letters) < 2 or letters in greek_letters_set or letters in other_symbols:
            return super()._print_Symbol(expr, *args, **kwargs)
        below = [part for part in (head[len(letters) :], self.doprint(sp.Symbol(tail)) if tail else "") if part]
        return rf"\mathrm{{{letters}}}" + (f"_{{{', '.join(below)}}}" if below else "")

    def _print_Function(self, expr: sp.Expr, exp: Any = None) -> str:
        if not isinstance(expr, AppliedUndef):
            return super()._print_Function(expr, exp)
        args = [self._print(a) for a in expr.args]
        name = expr.func.__name__
        if name == "root":
            text = rf"\sqrt{{{args[0]}}}"
        elif name in ("least", "greatest"):
            word = {"least": "min", "greatest": "max"}[name]
            text = rf"\{word}\left({args[0]}, {args[1]}\right)"
        elif "{" in name:  # an opaque term such as a product of matrices
            text = name.format(*args)
        else:
            label = name.replace("_", r"\_")
            text = rf"\mathrm{{{label}}}\left({', '.join(args)}\right)"
        return rf"\left({text}\right)^{{{exp}}}" if exp else text


def tex(e: Any) -> str:
    """LaTeX of an expression."""
    # Without a space between factors m u would read as mu.
    return Printer({"mul_symbol": r" \, "}).doprint(sp.sympify(e))


def relation(rel: Rel, write: Callable[[Any], str] = tex) -> str:
    """A relation: in mathematics, its terms on the side where they are positive, or the words of a proposition.

    Args:
        rel: the relation.
        write: LaTeX of an expression.
    """
    if rel.op != "holds":
        left, right = map(write, split(rel.expr))
        return f"${left} {_RELATION[rel.op]} {right}$"
    places = [f"\0{k}\0" for k in range(len(rel.expr.args))]
    return sentence(rel.expr.func.__name__.format(*places), [write(a) for a in rel.expr.args])


def label(name: str) -> str:
    """The name of a fact, set as a formula where it is one or has a relation in it; other names stay as words."""
    whole = formula(name) if _RELATES.search(name) else None
    if whole is not None:
        return f"${whole}$"
    # "lemma/conclusion" is a conclusion of a lemma that is used under that name.
    lemma, slash, rest = name.partition("/")
    if slash and not _RELATES.search(lemma):
        return f"{sentence(lemma)}: {label(rest)}"
    if not _RELATES.search(name):
        return sentence(name)
    pieces = re.split(r"(<=|>=|<|>|=)", name)
    signs = {"<=": r"\le", ">=": r"\ge"}
    return f"${' '.join(signs.get(p, p) if k % 2 else _side(p) for k, p in enumerate(pieces))}$"


def _words(text: str) -> str:
    return re.sub(r"[^\n]+", lambda line: sentence(line[0]), text)


def _side(text: str) -> str:
    return (formula(text) or rf"\text{{{text.strip()}}}") if text.strip() else r"\cdot"


def named(name: str, rel: Rel) -> str:
    """A fact with its name before it, unless the name says it already."""
    shown, said = label(name), relation(rel)
    if rel.op != "holds":
        left, right = map(tex, split(rel.expr))
        turned = rf"{right} {_TURNED[rel.op]} {left}"
        if re.sub(r" |\\,|\$", "", shown) in [re.sub(r" |\\,|\$", "", s) for s in (said, turned)]:
            return shown
    return f"**{shown}**: {said}"


def certificate(step: Cert) -> str:
    """The identity that the kernel expands, with facts in quotation marks."""

    def fact(name: str) -> str:
        pieces = label(name).split("$")
        set_ = "".join(p if k % 2 else rf"\text{{{p}}}" for k, p in enumerate(pieces) if p)
        return rf"\text{{“}}{set_}\text{{”}}"

    left = " \\cdot ".join([*map(fact, step.times), "g"])
    terms = []
    for c, names, squares in step.sum:
        factors = ([] if c == 1 and (names or squares) else [tex(c)]) + [fact(n) for n in names]
        terms.append(r" \cdot ".join([*factors, *[rf"\left({tex(q)}\right)^2" for q in squares]]))
    terms += [rf"\left({tex(q)}\right) \cdot {fact(n)}" for n, q in step.mod.items()]
    return f"${left} = {' + '.join(terms) or '0'}$, where $g = {tex(step.goal.expr)}$"


def _steps(steps: tuple, depth: int = 0) -> list[str]:
    pad, lines = "  " * depth, []
    for s in steps:
        if isinstance(s, Cert):
            lines.append(f"{pad}- {named(s.name, s.goal)}. Certificate: {certificate(s)}.")
        elif isinstance(s, Define):
            lines.append(f"{pad}- Let ${tex(s.symbol)} = {tex(s.node)}$.")
        elif isinstance(s, Assume):
            lines.append(f"{pad}- By hypothesis, **{label(s.name)}**.")
        elif isinstance(s, Use):
            kind = "cited" if isinstance(s.lemma, Cited) else "claim"
            at = ", ".join(f"${tex(k)} \\to {tex(v)}$" for k, v in s.to.items())
            lines.append(f"{pad}- **{label(s.name)}**: {kind} `{s.lemma.name}`{' with ' + at if at else ''}.")
        elif isinstance(s, Cases):
            goals = s.goal if isinstance(s.goal, dict) else {s.name: s.goal}
            lines.append(f"{pad}- **{label(s.name)}**, two cases, for {'; '.join(map(relation, goals.values()))}:")
            heads = [f"${tex(e)} = 0$" for e in s.on] if s.zero else [f"${tex(s.on)} \\ge 0$", f"${tex(s.on)} < 0$"]
            for head, branch in zip(heads, (s.left, s.right), strict=True):
                lines += [f"{pad}  - {head}:", *_steps(branch, depth + 2)]
        elif isinstance(s, Induction):
            lines.append(f"{pad}- By induction over t, with the invariant:")
            lines += [f"{pad}  - {named(n, r)}" for n, r in s.invariant.items()]
            lines += [f"{pad}  - start:", *_steps(s.base, depth + 2)]
            lines += [f"{pad}  - step:", *_steps(s.step, depth + 2)]
    return lines


def markdown(claim: Claim, cited: tuple[Cited, ...] = ()) -> str:
    """A page section in Markdown with LaTeX, as MyST reads it.

    Args:
        claim: the claim.
        cited: the cited lemmas its check reported, shown with their exact statements.
    """

    def listed(rels: dict) -> list[str]:
        return [f"- {named(name, rel)}" for name, rel in rels.items()]

    coq = f"`{claim.coq}`" if claim.coq else "no counterpart"
    # Between formulas that are LaTeX already some stand in plain characters.
    parts = claim.statement.split("$")
    statement = "$".join(part if k % 2 else _words(part) for k, part in enumerate(parts))
    lines = [f"### {sentence(claim.title)}", "", statement, "", f"Source: {claim.source}. Coq: {coq}."]
    lines += ["", "**Assumptions**", "", *listed(claim.hypotheses)]
    if claim.process:
        lines += ["", "**At every step**", "", *listed(claim.process)]
    lines += ["", "**Conclusions**", "", *listed(claim.conclusions), "", "**Proof**", "", *_steps(claim.steps)]
    if cited:
        lines += ["", "**Cited, not checked by the kernel**", ""]
        lines += [f"- `{c.name}` ({c.kind}): {c.statement}" for c in sorted(cited, key=lambda c: c.name)]
    return "\n".join(lines) + "\n"


def example(point: dict, sides: list[Sides], i: int) -> str:
    """The values of the symbols at one point, and both sides of each conclusion there, in Markdown.

    Args:
        point: symbol to value.
        sides: as `worked.sides` found them.
        i: which of their points this is.
    """
    ordered = sorted(point.items(), key=lambda v: str(v[0]))
    values = ", ".join(f"${tex(symbol)} = {_number(x)}$" for symbol, x in ordered)
    lines = [f"At {values}:", "", "| conclusion | left | | right | slack |", "|---|---:|:-:|---:|---:|"]
    for s in sides:
        # What the two sides of an equation differ by is round-off.
        slack = "0" if s.op == "=" else f"{max(0.0, s.slack[i]):.2g}"
        left, right = _number(s.left[i]), _number(s.right[i])
        name = label(s.name).replace("|", r"\|")
        lines.append(f"| {name} | ${left}$ | ${_RELATION[s.op]}$ | ${right}$ | {slack} |")
    return "\n".join(lines) + "\n"


def _number(x: Any) -> str:
    """Four digits, as LaTeX."""
    mantissa, _, exponent = f"{float(x):.4g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa
