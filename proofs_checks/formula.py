"""LaTeX of a formula in plain characters, as titles and propositions of claims write it.

`sqrt(2 L_0 / mu) / (1 - beta eta / 2)` becomes a fraction with a root. A slash divides the product before it by the one
factor behind it, so `1/2 ||r||^2` is half of a square. What is not known to be mathematics is refused and stays as it
is: a word that is no symbol here, or a sign that does not fit.
"""

from __future__ import annotations

import re

_GREEK = {
    "alpha", "beta", "gamma", "delta", "zeta", "eta", "theta", "kappa", "mu", "nu", "xi", "pi", "rho", "sigma", "tau",
    "phi", "psi", "omega", "lambda", "Gamma", "Delta", "Phi", "Psi", "Omega", "Lambda",
}  # fmt: skip
_SYMBOLS = {
    **{name: rf"\{name}" for name in _GREEK},
    "ell": r"\ell", "eps": r"\epsilon", "inf": r"\infty", "oo": r"\infty", "grad": r"\nabla", "Hess": r"\nabla^2",
    "rbar": r"\bar r", "Jbar": r"\bar J", "Lam": r"\Lambda",
    "tr": r"\operatorname{tr}", "diag": r"\operatorname{diag}", "erf": r"\operatorname{erf}",
    "erfc": r"\operatorname{erfc}", "nC": "n C",
}  # fmt: skip
_SYMBOLS |= {name: rf"\{name}" for name in ("min", "max", "sup", "log", "ln", "exp", "tanh", "sum", "int", "prod")}
# Names of several letters that claims give to numbers, matrices and functions.
_UPRIGHT = {
    "dZ", "dA", "dB", "dU", "dJ", "dF", "dP", "dQ", "dS", "dT", "dz", "da", "du", "db", "ds", "dw", "DF", "DJ", "al",
    "act", "sig", "Lip", "contraction", "slope", "mean", "Gram", "low", "high", "area", "edge", "mass",
}  # fmt: skip
_SUB = {"min": r"\min", "max": r"\max", "inf": r"\infty", "cell": r"\mathrm{cell}", "mean": r"\mathrm{mean}"}
_SUB |= {w: rf"\mathrm{{{w}}}" for w in ("now", "eff", "classic", "end", "lin", "star")}
RELATIONS = {
    "<=": r"\le", ">=": r"\ge", "<": "<", ">": ">", "=": "=", ":=": ":=", "->": r"\to", "<-": r"\leftarrow",
    "in": r"\in", "~": r"\sim", ":": ":",
}  # fmt: skip
BEFORE_ONE = {"min", "max", "sup", "inf", "grad", "Hess", "tr", "log", "ln", "exp", "tanh", "erf", "erfc"}
"""Operators of the one factor behind them."""
BEFORE_ALL = {"sum", "int", "prod"}
"""Operators of the product behind them: under a slash they would be read in two ways."""
_BETWEEN = {
    "*": r"\cdot", "o": r"\circ", "cap": r"\cap", ".": r"\cdot", "(x)": r"\otimes", "(*)": r"\ast",
}  # fmt: skip
_THIN = r" \, "
_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z]+\d*)(?P<tilde>~)?(?P<prime>'*)|(?P<number>\d+(?:\.\d+)?(?:e-?\d+)?)"
    r"|(?P<sign>\|\||<=|>=|:=|->|<-|\.\.+|(?<=\s)\(x\)(?=\s)|\(\*\)|[-+*/^_()\[\]{}|,;<>=:.~]|\x00\d+\x00))"
)


class _Refused(Exception):
    """Not a formula."""


class _Reader:
    """Tokens from left to right; `held` are ready pieces of LaTeX that stand between NULs."""

    def __init__(self, text: str, held: list[str]) -> None:
        self.held, self.tokens, at = held, [], 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if not found:
                raise _Refused
            spaced = found.start(found.lastgroup and next(k for k, v in found.groupdict().items() if v)) > at
            self.tokens.append((found, spaced))
            at = found.end()
        self.at = 0

    def sign(self, ahead: int = 0) -> str:
        """The sign or word that comes, empty at the end."""
        if self.at + ahead >= len(self.tokens):
            return ""
        found = self.tokens[self.at + ahead][0]
        return found["sign"] or ("" if found["prime"] or found["tilde"] else found["name"] or "")

    def spaced(self, ahead: int = 0) -> bool:
        """Whether a space comes before the next token, or nothing comes."""
        at = self.at + ahead
        return at >= len(self.tokens) or self.tokens[at][1]

    def take(self, *signs: str) -> str:
        """Go on if one of the signs comes.

        Raises:
            _Refused: another one does.
        """
        sign = self.sign()
        if sign not in signs:
            raise _Refused
        self.at += 1
        return sign

    def chain(self, *ends: str, real: bool = False) -> str:
        """Expressions with relations, commas and dots between them, up to one of the signs, which stays."""
        parts = []
        while self.sign() not in ("", *ends) or (self.sign() == "" and self.at < len(self.tokens)):
            sign = self.sign()
            if sign in RELATIONS and (sign != "in" or parts):
                self.at += 1
                parts.append(RELATIONS[sign])
            elif sign in (",", ";") and parts:
                self.at += 1
                parts.append(rf"{sign}\;")
            elif sign.startswith("..") and parts:
                self.at += 1
                parts.append(r"\ldots")
            else:
                parts.append(self.sum(real or parts[-1:] in ([r"\in"], [":"], [r"\to"])))
        if not parts or parts[-1] in RELATIONS.values():
            raise _Refused
        return " ".join(parts)

    def sum(self, real: bool = False) -> str:
        """Terms with signs between them."""
        text = "-" if self.sign() == "-" and self.take("-") else ""
        text += self.product(real)
        while self.sign() in ("+", "-"):
            text += f" {self.take('+', '-')} {self.product()}"
        return text

    def product(self, real: bool = False) -> str:
        """Factors, and fractions."""
        factors: list[str] = []
        while True:
            sign = self.sign()
            if sign == "/" and factors:
                self.take("/")
                if self.at < len(self.tokens) and self.tokens[self.at][0]["name"] in BEFORE_ALL:
                    raise _Refused
                bottom = self.factor()
                top = _THIN.join(factors)
                factors = [rf"\frac{{{_bare(top) if len(factors) == 1 else top}}}{{{_bare(bottom)}}}"]
            elif sign in _BETWEEN and factors:
                self.take(sign)
                factors = [f"{_THIN.join(factors)} {_BETWEEN[sign]} {self.factor()}"]
            elif sign == "x" and real and factors:
                self.take("x")
                factors = [rf"{_THIN.join(factors)} \times {self.factor()}"]
            elif self._begins():
                factors.append(self.factor(real))
            elif factors:
                return _THIN.join(factors)
            else:
                raise _Refused

    def _begins(self) -> bool:
        sign = self.sign()
        if self.at >= len(self.tokens) or sign in RELATIONS or sign == "cap":
            return False
        if sign in ("|", "||"):
            return sign not in self.open
        found = self.tokens[self.at][0]
        return bool(found["name"] or found["number"] or sign in ("(", "[", "{") or sign.startswith("\0"))

    open: tuple[str, ...] = ()
    small = False

    def factor(self, real: bool = False) -> str:
        """An atom with subscripts, powers and arguments."""
        if self.at >= len(self.tokens):
            raise _Refused
        found = self.tokens[self.at][0]
        sign = self.sign()
        if sign in ("(", "[", "{"):
            text = self._bracket(sign)
        elif sign in ("|", "||"):
            self.take(sign)
            before, self.open = self.open, (*self.open, sign)
            inner = "." if self.sign() == "." and self.take(".") else self.chain(sign)
            self.open = before
            self.take(sign)
            bar = r"\|" if sign == "||" else "|"
            text = rf"{bar}{inner}{bar}" if inner != "." else rf"{bar}\cdot{bar}"
        elif sign.startswith("\0"):
            self.at += 1
            text = self.held[int(sign.strip("\0"))]
            text = text if re.fullmatch(r"\\?\w+(_\{?\w+\}?)?|.", text) or self.sign() not in ("^",) else f"({text})"
        elif found["number"]:
            self.at += 1
            text = found["number"]
            if "e" in text:
                mantissa, _, power = text.partition("e")
                text = rf"{mantissa} \cdot 10^{{{power}}}"
        elif found["name"]:
            self.at += 1
            text = self._after(self._named(found, real))
            if found["name"] in BEFORE_ONE and text[-1] != ")" and self._begins() and text != r"\infty":
                text += f" {self.factor()}"
            return text
        else:
            raise _Refused
        return self._after(text)

    def _named(self, found: re.Match[str], real: bool) -> str:
        name, digits = re.fullmatch(r"([A-Za-z]+)(\d*)", found["name"]).groups()  # type: ignore[union-attr]
        if name == "norm" and self.sign() == "(":
            return rf"\|{_bare(self._bracket('('))}\|"
        if name == "sqrt" and not digits:
            return rf"\sqrt{{{_bare(self.factor())}}}"
        if real and name == "R" and self.sign() == "^":
            text = r"\mathbb{R}"
        elif name == "inf" and self.sign() == "_":
            text = r"\inf"
        elif name in _SYMBOLS:
            text = _SYMBOLS[name]
        elif name in _UPRIGHT:
            text = rf"\mathrm{{{name}}}"
        elif len(name) == 1 or (self.small and len(name) <= 3):
            text = name
        else:
            raise _Refused
        if found["tilde"]:
            text = rf"\tilde{{{text}}}"
        if digits:
            text += f"_{{{digits}}}"
        return text + found["prime"]

    def _after(self, text: str) -> str:
        below, above = "", ""
        while True:
            sign = self.sign()
            if sign == "_" and not below and not self.spaced():
                self.take("_")
                below = self._script()
            elif sign == "^" and not self.spaced():
                if self.spaced(1) or self.sign(1) in ("^", ")", ",", "."):
                    self.take("^")
                    text = rf"\hat{{{text}}}"
                    continue
                if above:
                    raise _Refused
                self.take("^")
                above = self._script(text == r"\mathbb{R}")
            elif sign == "*" and not self.spaced() and self.spaced(1) and not above:
                self.take("*")
                above = "*"
            elif sign == "(" and not self.spaced() and text[-1] != ")":
                head = self._scripts(text, below, above)
                return self._after(head + self._bracket("("))
            else:
                return self._scripts(text, below, above)

    @staticmethod
    def _scripts(text: str, below: str, above: str) -> str:
        if below and re.search(r"_\{\d+\}$", text):  # W2_cj
            text, below = text[: text.rindex("_")], f"{text[text.rindex('_') + 2 : -1]},{below}"
        if above and text.endswith("'"):
            text = f"{{{text}}}"
        return text + (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")

    def _script(self, real: bool = False) -> str:
        sign = self.sign()
        if sign in ("{", "("):
            close = {"{": "}", "(": ")"}[sign]
            self.take(sign)
            before, self.open, self.small = (self.open, self.small), (), True
            text = self.chain(close, real=real)
            self.open, self.small = before
            self.take(close)
            return text
        minus = "-" if sign == "-" and self.take("-") else ""
        if self.at >= len(self.tokens):
            raise _Refused
        found = self.tokens[self.at][0]
        self.at += 1
        if found["number"]:
            return minus + found["number"]
        name = found["name"] or ""
        if not name or found["tilde"]:
            raise _Refused
        word = _SUB.get(name) or (_SYMBOLS.get(name) if name not in ("sum", "int") else None)
        if word is None:
            if len(name) > 3:
                raise _Refused
            word = name
        return minus + word + found["prime"]

    def _bracket(self, sign: str) -> str:
        self.take(sign)
        before, self.open = self.open, ()
        if sign == "[" and self.sign() == "[":
            text = self._matrix()
        else:
            inner = self.chain(")", "]", "}")
            close = self.take(*({"(": (")",), "[": ("]", ")"), "{": ("}",)}[sign]))
            text = rf"\{sign}{inner}\{close}" if sign == "{" else rf"\left{sign}{inner}\right{close}"
        self.open = before
        return text

    def _matrix(self) -> str:
        rows = []
        while True:
            self.take("[")
            cells = [self.sum()]
            while self.sign() == ",":
                self.take(",")
                cells.append(self.sum())
            self.take("]")
            rows.append(" & ".join(cells))
            if self.take(",", "]") == "]":
                return r"\begin{pmatrix}" + r" \\ ".join(rows) + r"\end{pmatrix}"


def _bare(text: str) -> str:
    """Without the parentheses around it, which a fraction or root does not need."""
    if not (text.startswith(r"\left(") and text.endswith(r"\right)")):
        return text
    depth = 0
    for found in re.finditer(r"\\left|\\right", text):
        depth += 1 if found[0] == r"\left" else -1
        if depth == 0 and found.end() < len(text) - 1:
            return text
    return text[len(r"\left(") : -len(r"\right)")]


def _group(text: str, at: int) -> int:
    """The end of the group in braces that begins there."""
    depth = 0
    for k in range(at, len(text)):
        depth += (text[k] == "{") - (text[k] == "}")
        if depth == 0:
            return k + 1
    raise _Refused


def readable(text: str, inner: bool = False) -> str:
    """Fractions within fractions and exponents with a slash, which in a line are too small to read otherwise."""
    out, at = "", 0
    for found in re.finditer(r"\\frac(?=\{)|\^(?=\{)", text):
        if found.start() < at:
            continue
        out += text[at : found.start()]
        end = at = _group(text, found.end())
        first = readable(text[found.end() + 1 : end - 1], True)
        if found[0] == "^":
            out += f"^{{{first}}}"
            continue
        at = _group(text, end)
        second = readable(text[end + 1 : at - 1], True)
        # Before another factor a slash would take that one along.
        if not inner or text.startswith(r" \,", at):
            out += rf"\frac{{{first}}}{{{second}}}"
            continue
        if re.search(r" [-+] ", _outside(first)):
            first = rf"\left({first}\right)"
        if re.search(r" [-+] |\\,|/|\\cdot|\\circ", _outside(second)):
            second = rf"\left({second}\right)"
        out += f"{first} / {second}"
    return out + text[at:]


def _outside(text: str) -> str:
    """What stands outside of all brackets."""
    out, depth = "", 0
    for piece in re.split(r"(\\left.|\\right.|[{}])", text):
        opens, closes = piece.startswith(r"\left") or piece == "{", piece.startswith(r"\right") or piece == "}"
        depth -= closes
        out += piece if depth == 0 and not (opens or closes) else ""
        depth += opens
    return out


def formula(text: str, held: list[str] | None = None) -> str | None:
    """LaTeX of a formula, None where it is not one.

    Args:
        text: the formula.
        held: LaTeX of what stands in it as "\\0k\\0", the number k between NULs.
    """
    try:
        reader = _Reader(text, held or [])
        latex = readable(reader.chain())
    except (_Refused, IndexError):
        return None
    return None if reader.at < len(reader.tokens) else latex
