"""Directives of the page "what is proved by what": from the ladder's theorems, their claims and what those cite.

`proved-by` is a row for each theorem, `cited-lemmas` every statement that no checker here looks into, with the theorems
that rest on it, `trusted-base` the sizes of what is believed, `unnamed-claims` the claims that no theorem names.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from checked import Checked, checked
from docutils import nodes
from lemma_map import THEOREMS
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import proofs_checks
from proofs_checks.coq_generated import FILES, FOLDER
from proofs_checks.dependencies import closure
from proofs_checks.typeset import sentence


def _below(name: str) -> list[Checked]:
    """The claims that a theorem rests on, lemmas first."""
    return [checked()[c.name] for c in closure(checked()[n].claim for n in THEOREMS[name].claims)]


def _links(found: Iterable[Checked]) -> str:
    return ", ".join(f"[{c.claim.name}](/derivations/claims/{c.claim.name}.md)" for c in found)


def _by_hand(found: Checked) -> bool:
    return not found.claim.coq.startswith("PLTheory.Claims.")


class ProvedBy(SphinxDirective):
    """A row for each theorem."""

    def run(self) -> list[nodes.Node]:
        """The table, as Markdown that the page's parser reads."""
        lines = ["| theorem | kernel: claims, certificates, time | induction over the run | Coq, by hand | cited |"]
        lines += ["|---|---|---|---|---:|"]
        for name in THEOREMS:
            found = _below(name)
            if not found:
                lines.append(f"| {name} | none: {THEOREMS[name].title} | | | |")
                continue
            certificates = sum(c.row.certificates for c in found)
            time = sum(c.row.milliseconds for c in found)
            whole = _links(c for c in found if c.claim.process) or "on paper"
            coq = ", ".join(f"`{c.claim.coq.removeprefix('PLTheory.')}`" for c in found if _by_hand(c))
            cited = {c.name for f in found for c in f.cited}
            kernel = f"{_links(found)}: {certificates} certificates, {time:.0f} ms"
            coq = coq or "steps only, written from the claims"
            lines.append(f"| {name} | {kernel} | {whole} | {coq} | {len(cited)} |")
        return self.parse_text_to_nodes("\n".join(lines))


class CitedLemmas(SphinxDirective):
    """Every cited lemma, with its statement."""

    def run(self) -> list[nodes.Node]:
        """A list, in the alphabet's order."""
        users: dict[str, list[str]] = {}
        for name in THEOREMS:
            for lemma in dict.fromkeys(c.name for f in _below(name) for c in f.cited):
                users.setdefault(lemma, []).append(name)
        every = {c.name: c for f in checked().values() for c in f.cited}
        lines = []
        for lemma in sorted(every.values(), key=lambda c: c.name):
            under = ", ".join(users.get(lemma.name, [])) or "no theorem of the ladder"
            lines.append(f"- **{lemma.name}** ({lemma.kind}; under {under}). {lemma.statement}")
        return self.parse_text_to_nodes("\n".join(lines))


class UnnamedClaims(SphinxDirective):
    """Claims that no theorem names: bounds over balls, which hypotheses are made of, and facts."""

    def run(self) -> list[nodes.Node]:
        """A table."""
        named = {c.claim.name for name in THEOREMS for c in _below(name)}
        rest = [c for c in checked().values() if c.claim.name not in named]
        lines = ["| claim | what it says |", "|---|---|"]
        bar = r"\|"
        lines += [f"| {_links([c])} | {sentence(c.claim.title).replace('|', bar)} |" for c in rest]
        return self.parse_text_to_nodes("\n".join(lines))


class TrustedBase(SphinxDirective):
    """What is believed: lines of each part, counted."""

    def run(self) -> list[nodes.Node]:
        """A table."""
        folder = Path(proofs_checks.__file__).parent
        by_hand = sum(_lines(f) for f in FOLDER.glob("*.v") if f.name not in FILES)
        every = checked().values()
        mutants = sum(c.row.mutants for c in every)
        kernel = sum(_lines(folder / name) for name in ("kernel.py", "language.py"))
        rows = (
            (
                "exact kernel",
                f"{kernel} lines (`kernel.py`, `language.py`) and sympy's ring of polynomials over the rationals",
                f"{len(every)} claims, {sum(c.row.certificates for c in every)} certificates; "
                f"{mutants} of {mutants} false variants rejected at this build",
            ),
            (
                "Coq",
                "its kernel, and the four axioms of its library of real numbers; `coqchk` reports any other",
                f"{by_hand} lines written by hand, the rest from the claims and formulas",
            ),
            ("z3, cvc5", "nothing rests on them", "second opinions on the steps that are polynomial"),
            ("ball arithmetic (python-flint)", "the suprema of the activations' derivatives", "also in Coq"),
            ("paper", f"{len({c.name for f in every for c in f.cited})} cited lemmas", "listed below with statements"),
        )
        lines = ["| checker | what it rests on | what it has checked |", "|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
        return self.parse_text_to_nodes("\n".join(lines))


def _lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("proved-by", ProvedBy)
    app.add_directive("cited-lemmas", CitedLemmas)
    app.add_directive("unnamed-claims", UnnamedClaims)
    app.add_directive("trusted-base", TrustedBase)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
