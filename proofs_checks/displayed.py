"""Relations of claims and shipped formulas as a page displays them: in its own letters, written out, with numbers.

A claim speaks of roots of the loss and of named integrals, because the kernel knows polynomials; a page writes what
they stand for. `Letters` says how, once for a page; what is displayed is still the expression that is checked.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sympy as sp
from sympy.core.function import AppliedUndef

from pltheory.theory import batches, formulas
from pltheory.theory.digits import shown

from .formula import readable
from .kernel import OPS
from .language import GREATEST, LEAST, ROOT, Rel
from .render import Printer, relation

_VALUE = re.compile(r"L_|L\(|\\(?:int|sum|lVert|varphi)(?![a-z])")
_ORDER = {name: k for k, name in enumerate(["k", "mu", "beta", "h", "s", "eta", "delta", "gamma"])}
_SIGNS = {">": (">", "<"), ">=": (r"\ge", r"\le"), "=": ("=", "=")}
DIGITS = 4
"""Of the numbers that are inserted."""
SHIPPED = {
    name: body
    for module in (batches, formulas)
    for name, body in vars(module).items()
    if inspect.isfunction(body) and body.__module__ == module.__name__
}
"""The formulas of certificates and reports, by name."""


@dataclass(frozen=True)
class Letters:
    """What a page writes for the symbols of claims.

    Attributes:
        latex: name of a letter of the page -> its LaTeX.
        meaning: name of a symbol of the claims -> an expression in the page's letters.
    """

    latex: dict[str, str] = field(default_factory=dict)
    meaning: dict[str, sp.Expr] = field(default_factory=dict)

    def extended(self, lines: Iterable[str]) -> Letters:
        r"""With more of them: "g: \lVert g\rVert" gives a letter its LaTeX, "a = sqrt(L)" a symbol its meaning.

        Raises:
            ValueError: a line is neither.
        """
        latex, meaning = dict(self.latex), dict(self.meaning)
        for line in filter(None, map(str.strip, lines)):
            found = re.fullmatch(r"([A-Za-z]\w*)\s*([:=])\s*(.+)", line)
            if found is None:
                raise ValueError(f"{line!r} is neither 'letter: LaTeX' nor 'symbol = expression'")
            if found[2] == ":":
                latex[found[1]] = found[3]
                meaning.pop(found[1], None)
            else:
                meaning[found[1]] = expression(found[3])
        return Letters(latex, meaning)

    def said(self, rel: Rel) -> str:
        """A relation in a line, propositions in words."""
        if rel.op == "holds":
            meant = rel.at({s: self.meaning[s.name] for s in rel.expr.free_symbols if s.name in self.meaning})
            return relation(meant, InLetters(self).doprint)
        return f"${related(rel, self).latex(self)}$"

    def written(self, e: sp.Expr) -> sp.Expr:
        """The expression in the page's letters, its shipped formulas written out."""
        return _written_out(e.xreplace({s: self.meaning[s.name] for s in e.free_symbols if s.name in self.meaning}))


def expression(text: str) -> sp.Expr:
    """An expression as Python writes it; every name is a symbol, but those of shipped formulas that are called.

    Raises:
        ValueError: it is none.
    """
    names = {name: sp.Symbol(name) for name in re.findall(r"[A-Za-z]\w*", text) if name != "sqrt"}
    names |= {name: sp.Function(name) for name in re.findall(r"([A-Za-z]\w*)\(", text) if name in SHIPPED}
    try:
        return sp.sympify(text, locals=names)
    except (sp.SympifyError, SyntaxError, TypeError) as error:
        raise ValueError(f"{text!r} is no expression: {error}") from None


def _written_out(e: sp.Expr) -> sp.Expr:
    args = [_written_out(a) for a in e.args]
    if e.is_Pow and args[1] == 2 and args[0].func == ROOT:
        return args[0].args[0]
    if not isinstance(e, AppliedUndef):
        return e.func(*args) if args else e
    body = SHIPPED.get(e.func.__name__)
    if body is None:
        return e.func(*args)
    return _written_out(body(*args, **({"ops": OPS} if "ops" in inspect.signature(body).parameters else {})))


@dataclass(frozen=True)
class Shown:
    """Two sides and the sign between them, in a page's letters.

    Attributes:
        left, sign, right: the relation.
        short: name of a letter -> the part of the relation that it stands for.
    """

    left: sp.Expr
    sign: str
    right: sp.Expr
    short: Mapping[str, sp.Expr] = field(default_factory=dict)

    def latex(self, letters: Letters, values: Mapping[str, float] | None = None, between: str = " ") -> str:
        """The relation, or what it is with numbers for its letters."""
        printer = InLetters(letters, values)
        left, right = (readable(printer.doprint(side)) for side in (self.left, self.right))
        return f"{left}{between}{self.sign} {right}"

    def sides(self, values: Mapping[str, float]) -> tuple[float, float]:
        """Both sides in floats.

        Raises:
            ValueError: a letter has no value.
        """
        values = self.known(values)
        return evaluated(self.left, values), evaluated(self.right, values)

    def known(self, values: Mapping[str, float]) -> dict[str, float]:
        """The values, with those of the short letters.

        Raises:
            ValueError: a letter has no value.
        """
        return {**values, **{name: evaluated(part, values) for name, part in self.short.items()}}


def evaluated(e: sp.Expr, values: Mapping[str, float]) -> float:
    """The value of an expression in a page's letters.

    Raises:
        ValueError: a letter has no value.
    """
    missing = sorted(s.name for s in e.free_symbols if s.name not in values)
    if missing:
        raise ValueError(f"no value for {', '.join(missing)}")
    known = {LEAST: sp.Min, GREATEST: sp.Max, ROOT: sp.sqrt}
    numeric = e.replace(lambda x: x.func in known, lambda x: known[x.func](*x.args))
    return float(numeric.evalf(30, subs={s: values[s.name] for s in numeric.free_symbols}))


def related(
    rel: Rel, letters: Letters, alone: str = "", times: str = "1", short: Mapping[str, str] | None = None
) -> Shown:
    """A relation with what is bounded alone on the left.

    Args:
        rel: of a claim, no proposition.
        letters: of the page.
        alone: what stands on the left, in the page's letters; its coefficient in the relation decides whether the sign
            is turned. Empty: positive terms left, negative ones right.
        times: a positive factor of both sides.
        short: letter -> a sum or a call of a shipped formula within the relation, in the claim's symbols, for which it
            is written.

    Raises:
        ValueError: the relation is a proposition, or does not contain what is to stand alone or what is to be short.
    """
    if rel.op == "holds":
        raise ValueError("a proposition has no sides")
    brief, parts = rel.expr, {}
    for name, text in (short or {}).items():
        part = expression(text)
        brief, parts[name] = _shortened(brief, part, sp.Symbol(name)), letters.written(part)
    written = letters.written(brief)
    whole = sp.Add(*[_distributed(t * expression(times)) for t in sp.Add.make_args(written)])
    greater, smaller = _SIGNS[rel.op]
    if not alone:
        terms = sp.Add.make_args(whole)
        right = [t for t in terms if t.could_extract_minus_sign()]
        return Shown(sp.Add(*[t for t in terms if t not in right]), greater, sp.Add(*[-t for t in right]), parts)
    left = expression(alone)
    above, below = whole - left, whole + left
    if _length(above) < _length(whole):
        return Shown(left, greater, -above, parts)
    if _length(below) < _length(whole):
        return Shown(left, smaller, below, parts)
    raise ValueError(f"{alone} is no part of {whole} = 0")


def _shortened(e: sp.Expr, part: sp.Expr, letter: sp.Symbol) -> sp.Expr:
    """A letter in place of a shipped formula, or of a sum and its rational multiples, which sympy multiplies out."""
    if isinstance(part, AppliedUndef) and e.has(part):
        return e.xreplace({part: letter})
    factor, primitive = part.primitive()
    found = {s: s.primitive()[0] / factor * letter for s in e.atoms(sp.Add) if s.primitive()[1] == primitive}
    if not found:
        raise ValueError(f"{part} is no part of {e}")
    return e.xreplace(found)


def _distributed(e: sp.Expr) -> sp.Expr:
    """Without the brackets of a sum that has a constant before it; other brackets stay."""
    constant, rest = e.as_independent(*e.free_symbols, as_Add=False)
    return sp.Add(*[constant * t for t in rest.args]) if rest.is_Add else e


def _length(e: sp.Expr) -> int:
    return 0 if e == 0 else len(sp.Add.make_args(e))


def defined(formula: str, name: str, of: Mapping[str, str]) -> Shown:
    """A shipped formula as the definition of a letter.

    Args:
        formula: its name in `pltheory.theory.formulas` or `pltheory.theory.batches`.
        name: the letter.
        of: parameter -> expression in the page's letters, where it is not the letter of that name.

    Raises:
        ValueError: there is no such formula.
    """
    body = SHIPPED.get(formula)
    if body is None:
        raise ValueError(f"{formula} is no formula of pltheory.theory.formulas or pltheory.theory.batches")
    args = [expression(of.get(p, p)) for p in inspect.signature(body).parameters if p != "ops"]
    # What is put in for a parameter is in the page's letters already.
    return Shown(sp.Symbol(name), "=", _written_out(sp.Function(formula)(*args)))


def number(x: float) -> str:
    """A value in few digits, as LaTeX."""
    mantissa, _, exponent = shown(x, DIGITS).partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _primitive(product: sp.Mul) -> list[sp.Expr]:
    """Its factors, the number that sympy has multiplied into a sum before the product again."""
    coefficient, factors = sp.Integer(1), []
    for f in product.args:
        base, exponent = f.as_base_exp()
        content, primitive = base.primitive() if base.is_Add and exponent.is_Integer else (sp.Integer(1), base)
        if f.is_Rational:
            coefficient *= f
        elif content.is_Integer and content != 1:
            coefficient *= content**exponent
            factors.append(primitive**exponent)
        else:
            factors.append(f)
    return [coefficient, *factors] if coefficient != 1 else factors


def _flat(e: sp.Expr) -> list[sp.Expr]:
    """The arguments of a least or greatest, those of one within it in its place."""
    return [b for a in e.args for b in (_flat(a) if a.func == e.func else [a])]


class InLetters(Printer):
    """LaTeX in a page's letters: a constant before what is subtracted from it, one bar for a fraction, one root.

    In a product numbers come first, then letters, roots, brackets, and last what is a value of the run: a loss, a norm,
    an integral.
    """

    def __init__(self, letters: Letters, values: Mapping[str, float] | None = None) -> None:
        super().__init__({"mul_symbol": r" \, "})
        self.letters, self.values = letters, values

    def _print_Symbol(self, expr: sp.Symbol, *args: object, **kwargs: object) -> str:
        if self.values is not None and expr.name in self.values:
            return number(self.values[expr.name])
        return self.letters.latex.get(expr.name) or super()._print_Symbol(expr, *args, **kwargs)

    def _print_Add(self, expr: sp.Add, *args: object, **kwargs: object) -> str:
        def place(t: sp.Expr) -> tuple:
            return t.could_extract_minus_sign(), not t.is_Rational, sp.default_sort_key(t)

        out = ""
        for t in sorted(expr.args, key=place):
            minus = t.could_extract_minus_sign()
            out += (" - " if out else "- ") if minus else (" + " if out else "")
            out += self.doprint(-t if minus else t)
        return out

    def _print_Mul(self, expr: sp.Mul) -> str:
        if expr.could_extract_minus_sign():
            return f"- {self.doprint(-expr)}"
        above, below = [], []
        for f in _primitive(expr):
            if f.is_Rational:
                above += [sp.Integer(f.p)] * (f.p != 1)
                below += [sp.Integer(f.q)] * (f.q != 1)
            elif f.is_Pow and f.exp.could_extract_minus_sign():
                below.append(f.base**-f.exp)
            else:
                above.append(f)
        top = self._product(above, alone=bool(below))
        return rf"\frac{{{top}}}{{{self._product(below, alone=True)}}}" if below else top

    def _print_Pow(self, expr: sp.Pow) -> str:
        if expr.exp.could_extract_minus_sign():
            return rf"\frac{{1}}{{{self.doprint(expr.base**-expr.exp)}}}"
        if expr.exp == sp.Rational(1, 2):
            return rf"\sqrt{{{self.doprint(expr.base)}}}"
        base = self.doprint(expr.base)
        plain = expr.base.is_Symbol and not re.search(r"[ ^]|^-", re.sub(r"\\lVert.*\\rVert", "", base))
        return f"{base if plain else self._bracket(base)}^{{{self.doprint(expr.exp)}}}"

    def _print_Function(self, expr: sp.Expr, exp: object = None) -> str:
        if expr.func in (LEAST, GREATEST):
            word = r"\min" if expr.func == LEAST else r"\max"
            text = rf"{word}\left({', '.join(map(self.doprint, _flat(expr)))}\right)"
            return rf"\left({text}\right)^{{{exp}}}" if exp else text
        # A norm is no negative number.
        if expr.func == ROOT and expr.args[0].is_Pow and expr.args[0].exp == 2 and self._norm(expr.args[0].base):
            return self.doprint(expr.args[0].base ** (exp or 1))
        return super()._print_Function(expr, exp)

    def _norm(self, e: sp.Expr) -> bool:
        return e.is_Symbol and self.letters.latex.get(e.name, "").startswith(r"\lVert")

    def _product(self, factors: list[sp.Expr], alone: bool) -> str:
        if not factors:
            return "1"
        roots = [f for f in factors if f.is_Pow and f.exp == sp.Rational(1, 2)]
        if len(roots) > 1:
            under = sp.Mul(*[f.base for f in roots])
            factors = [*[f for f in factors if f not in roots], sp.Pow(under, sp.Rational(1, 2), evaluate=False)]
        parts = []
        for f in factors:
            text = self.doprint(f)
            bracketed = f.is_Add and not (alone and len(factors) == 1)
            negative = text.startswith("-") and len(factors) > 1
            parts.append((self._place(f), self._bracket(text) if bracketed or negative else text))
        texts = [text for _, text in sorted(parts, key=lambda part: part[0])]
        dot = r" \cdot " if self.values is not None else r" \, "
        # Before a bracket nothing is needed.
        return re.sub(r" \\cdot (?=\\left\()", r" \\, ", dot.join(texts))

    def _place(self, f: sp.Expr) -> tuple:
        base = f.base if f.is_Pow else f
        name = base.name if base.is_Symbol else ""
        value = bool(_VALUE.match(self.letters.latex.get(name, "")))
        letter = name and f.as_base_exp()[1].is_Integer
        kind = 0 if f.is_Rational else 4 if value else 3 if f.is_Add else 1 if letter else 2
        return kind, _ORDER.get(name, len(_ORDER)), sp.default_sort_key(f)

    @staticmethod
    def _bracket(text: str) -> str:
        return rf"\left({text}\right)"
