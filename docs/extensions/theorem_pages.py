r"""Directives of the pages about theorems: formulas of the claims, each with its check folded below, and with numbers.

`letters` says what the page writes for symbols of the claims, beside `letters.py`. `formula CLAIM RELATION` displays a
relation of a claim, `step` the same with its check, `formula NAME` a formula of `pltheory.theory` as the
definition of the letter `:as:`; `cited` a lemma that a step rests on, `paper` a step that no claim covers, with its
argument. `worked MODULE` takes the numbers of a module of `docs/worked`; `inserted` displays as `formula` does, then
the same with numbers, and ends the build where it is not true of them.

`derived` displays in that way what shipped code came to when it was run on letters.

Options of a relation: `:alone:` what stands on the left; `:times:` a factor of both sides; lines "letter = expression",
in the claim's symbols, abbreviate parts of it and are displayed below it, but with `:known:`; `:as:` a letter for what
is on the other side of `:alone:`. Arguments of a formula that are not the
letters of its parameters are lines "parameter = expression".
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import sympy as sp
from checked import Checked, checked, named
from docutils import nodes
from docutils.parsers.rst import directives
from letters import letters
from mathml import width
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from proofs_checks import coq_text
from proofs_checks.displayed import InLetters, Letters, Shown, defined, evaluated, number, related
from proofs_checks.language import Cases, Cert, Claim, Induction
from proofs_checks.render import certificate, tex
from proofs_checks.typeset import sentence

WIDE = 92
"""Signs of a displayed line beyond which it is wider than the column of a page 1000 pixels wide."""
_CLOSE = 1e-9
"""Relative, within which both sides of an equation are taken for equal: its numbers are doubles."""


class _OfPage(SphinxDirective):
    """What a page has said so far."""

    @property
    def page(self) -> dict[str, Any]:
        return self.env.current_document.setdefault("theorem_page", {"letters": letters(), "values": {}})

    @property
    def letters(self) -> Letters:
        return self.page["letters"]


class SetLetters(_OfPage):
    """Lines as `Letters.extended` reads them; with the argument "only", those of other pages are forgotten."""

    optional_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Nothing is shown."""
        if self.arguments not in ([], ["only"]):
            raise self.error(f"{self.arguments[0]!r} is not 'only'")
        before = Letters() if self.arguments else self.letters
        self.page["letters"] = before.extended(self.content)
        return []


class LettersOfClaims(_OfPage):
    """The table of symbols of claims and what pages write for them, without what a page adds."""

    def run(self) -> list[nodes.Node]:
        """A table."""
        printer = InLetters(letters())
        lines = ["| in claims | on pages |", "|---|---|"]
        lines += [f"| ${tex(sp.Symbol(n))}$ | ${printer.doprint(e)}$ |" for n, e in letters().meaning.items()]
        return self.parse_text_to_nodes("\n".join(lines))


class Worked(_OfPage):
    """The values of the letters from here on: `VALUES` of a module of `docs/worked`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Nothing is shown."""
        module = importlib.import_module(f"worked.{self.arguments[0]}")
        self.env.note_dependency(module.__file__)
        self.page["values"] = module.values()
        self.page["derived"] = module.derived() if hasattr(module, "derived") else {}
        return []


class Value(_OfPage):
    """The numbers of letters, as a displayed formula each."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """A line with all of them."""
        values, letter = self.page["values"], InLetters(self.letters)
        shown = []
        for name in " ".join(self.content).split():
            if name not in values:
                raise self.error(f"no value for {name}")
            shown.append(f"{letter.doprint(sp.Symbol(name))} = {number(values[name])}")
        return [_math(r", \qquad ".join(shown))]


class Formula(_OfPage):
    """A displayed relation or definition."""

    required_arguments = 1
    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = {  # noqa: RUF012
        "alone": directives.unchanged,
        "times": directives.unchanged,
        "as": directives.unchanged,
        "known": directives.flag,
    }

    def shown(self) -> Shown:
        """What is displayed, from the claim or the formula."""
        try:
            if len(self.arguments) == 1:
                return self._defined()
            claim = named(self.arguments[0]).claim
            rels = {**claim.hypotheses, **claim.process, **claim.conclusions}
            if self.arguments[1] not in rels:
                raise self.error(f"{claim.name} has no {self.arguments[1]!r}, but {', '.join(rels)}")
            rel = rels[self.arguments[1]]
            alone, times = self.options.get("alone", ""), self.options.get("times", "1")
            found = related(rel, self.letters, alone, times, self._equations())
            if "as" in self.options:
                return Shown(sp.Symbol(self.options["as"]), "=", found.right, found.short)
            return found
        except ValueError as error:
            raise self.error(str(error)) from None

    def _equations(self) -> dict[str, str]:
        of = {}
        for line in filter(None, map(str.strip, self.content)):
            left, sign, text = line.partition("=")
            if not sign:
                raise self.error(f"{line!r} is not 'letter = expression'")
            of[left.strip()] = text.strip()
        return of

    def _defined(self) -> Shown:
        return defined(self.arguments[0], self.options.get("as", ""), self._equations())

    def parts(self, shown: Shown) -> list[Shown]:
        """What the short letters stand for, where the page has not said it."""
        if "known" in self.options:
            return []
        return [Shown(sp.Symbol(name), "=", part) for name, part in shown.short.items()]

    def run(self) -> list[nodes.Node]:
        """One formula, and those that abbreviate it."""
        shown = self.shown()
        return [_math(each.latex(self.letters)) for each in (shown, *self.parts(shown))]


class Step(Formula):
    """A conclusion of a claim, and folded below it how it is checked."""

    def run(self) -> list[nodes.Node]:
        """Formula and fold."""
        if len(self.arguments) == 1:
            return self.fold(named(self.arguments[0]), None)
        of = named(self.arguments[0])
        rel = of.claim.conclusions.get(self.arguments[1])
        if rel is None:
            raise self.error(f"{of.claim.name} does not conclude {self.arguments[1]!r}")
        shown = [] if rel.op == "holds" else super().run()
        return [*shown, *self.fold(of, self.arguments[1])]

    def fold(self, of: Checked, conclusion: str | None) -> list[nodes.Node]:
        """What is checked, by whom, in what time."""
        claim, row = of.claim, of.row
        coq = claim.coq.removeprefix("PLTheory.")
        head = (
            f'<details class="checked"><summary>checked: <code>{claim.name}</code>, exact kernel '
            f"{row.milliseconds:.0f} ms, Coq <code>{coq}</code></summary>"
        )
        lines = [f"[{claim.name}](/derivations/claims/{claim.name}.md): {sentence(claim.title)}.", ""]
        if conclusion is None:
            lines += self._listed("Concludes", claim.conclusions)
        lines += self._listed("From", {**claim.hypotheses, **claim.process})
        step = _certificate(claim.steps, claim, conclusion)
        if step is not None:
            lines += [f"- **Certificate**, in the claim's own letters: {certificate(step)}."]
        lines += [
            f"- **Exact kernel**: {row.certificates} certificates expanded over the rationals in "
            f"{row.milliseconds:.0f} ms at this build; {row.mutants_rejected} of {row.mutants} false variants rejected."
        ]
        if of.cited:
            lines += ["- **Cited**, not checked by the kernel:"]
            lines += [f"  - [{c.name}](/derivations/proved_by.md#cited): {c.statement}" for c in of.cited]
        lines += [f"- **Coq**, `{coq}`, which `make coq` compiles:", "", "```coq", coq_text.statement(claim), "```"]
        return [_raw(head), *self.parse_text_to_nodes("\n".join(lines)), _raw("</details>")]

    def _listed(self, head: str, rels: dict) -> list[str]:
        said = dict.fromkeys(self.letters.said(rel) for rel in rels.values())
        return [f"- **{head}** {'; '.join(said)}."]


def _certificate(steps: tuple, claim: Claim, conclusion: str | None) -> Cert | None:
    """The certificate of a conclusion, where one by itself proves it."""
    if conclusion is None:
        return None
    for s in steps:
        if isinstance(s, Cert) and s.goal == claim.conclusions[conclusion]:
            return s
        inner = (*s.left, *s.right) if isinstance(s, Cases) else s.step if isinstance(s, Induction) else ()
        found = _certificate(inner, claim, conclusion)
        if found is not None:
            return found
    return None


class OnCited(_OfPage):
    """A lemma that a step rests on and the kernel does not check, folded."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Its exact statement."""
        name = self.arguments[0]
        found = next((c for of in checked().values() for c in of.cited if c.name == name), None)
        if found is None:
            raise self.error(f"no claim cites {name!r}")
        head = f'<details class="checked cited"><summary>cited: <code>{name}</code>, {found.kind}</summary>'
        text = f"{found.statement}\n\nNot checked by the exact kernel."
        return [_raw(head), *self.parse_text_to_nodes(text), _raw("</details>")]


class OnPaper(_OfPage):
    """A step that no claim covers: what the page argues in words, folded where it has a name."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """A line below the step, or a fold."""
        if not self.content:
            raise self.error("a step on paper without its argument")
        if not self.arguments:
            line = nodes.container(classes=["on-paper"])
            line += self.parse_text_to_nodes("on paper: " + " ".join(self.content))
            return [line]
        head = f'<details class="checked paper"><summary>on paper: {self.arguments[0]}</summary>'
        return [_raw(head), *self.parse_content_to_nodes(), _raw("</details>")]


class Inserted(Formula):
    """A relation or definition with the numbers of the worked example in it."""

    def run(self) -> list[nodes.Node]:
        """In letters, in numbers, and what both sides are.

        Raises:
            ExtensionError: it is not true of the numbers.
        """
        shown, values = self.shown(), self.page["values"]
        if "as" in self.options:
            # The letter is defined here.
            values = {k: v for k, v in values.items() if k != self.options.get("as")}
            value = evaluated(shown.right, values)
            self.page["values"] = {**values, self.options["as"]: value}
            sides = value, value
        else:
            sides, values = shown.sides(values), shown.known(values)
        holds = {
            "=": math.isclose(*sides, rel_tol=_CLOSE),
            ">": sides[0] > sides[1],
            "<": sides[0] < sides[1],
            r"\ge": sides[0] >= sides[1],
            r"\le": sides[0] <= sides[1],
        }[shown.sign]
        if not holds:
            raise ExtensionError(f"{self.arguments}: {sides[0]} {shown.sign} {sides[1]} is not true")
        lines = [shown.latex(self.letters, between=" & "), shown.latex(self.letters, values, between=" & ")]
        left, right = map(number, sides)
        last = f"{left} & {shown.sign} {right}"
        if shown.sign == "=":
            lines[1] = f"& {lines[1].partition(' & ')[2]}"
            last = f"& = {right}"
        if last.split() != lines[1].split():
            lines.append(last)
        for part in self.parts(shown):
            inserted = part.latex(self.letters, values, between=" & ").partition(" & ")[2]
            lines += [part.latex(self.letters, between=" & "), f"& {inserted}", f"& = {number(values[part.left.name])}"]
        return [_math(r"\begin{align*} " + r" \\ ".join(_within(lines)) + r" \end{align*}")]


class Derived(Inserted):
    """An expression that shipped code gave when it was run on letters, from `derived` of the worked module."""

    has_content = False
    option_spec = {}  # noqa: RUF012

    def shown(self) -> Shown:
        """The letter and its expression."""
        name, found = self.arguments[0], self.page.get("derived", {})
        if name not in found:
            raise self.error(f"the worked example derives no {name}")
        self.options["as"] = name
        return Shown(sp.Symbol(name), "=", self.letters.written(sp.sympify(found[name])))


def _within(lines: list[str]) -> list[str]:
    """The same lines, and where one is too wide all from one edge, its right side in a line of its own."""

    def wide(line: str) -> bool:
        return width(line.replace("&", "")) > WIDE

    if not any(wide(line) and line.partition(" & ")[0].strip("& ") for line in lines):
        return lines
    found = []
    for line in lines:
        left, _, right = line.partition(" & ")
        found.append(rf"& {left} \\ & \quad {right}" if wide(line) else f"& {line.replace('&', '')}")
    return found


def _math(latex: str) -> nodes.Node:
    return nodes.math_block(latex, latex, number=None, label=None, nowrap=False)


def _raw(html: str) -> nodes.Node:
    return nodes.raw("", html, format="html")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    for name, directive in {
        "letters": SetLetters,
        "letters-of-claims": LettersOfClaims,
        "worked": Worked,
        "numbers": Value,
        "formula": Formula,
        "step": Step,
        "inserted": Inserted,
        "derived": Derived,
        "cited": OnCited,
        "paper": OnPaper,
    }.items():
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
