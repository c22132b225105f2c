"""A claim from its module, which is written in the order of a paper.

The docstring is the statement: a title, the statement in words and LaTeX, and a last paragraph "Source: ... ." that
ends with "In Coq: Module.theorem." where the development has a theorem of its own for it. Then follow what the
statement means to the kernel (assumptions and conclusions), the proof, and false variants. Name, title, statement and
source are read off here and written nowhere else.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

from .language import Claim

_LAST = re.compile(r"Source: (?P<source>.+?)\.(?: In Coq: (?P<coq>\w+\.\w+)\.)?", re.DOTALL)


def claim(
    module: str, text: str | None, assumptions: dict, conclusions: dict, proof: tuple, *, mutants: Callable, **more: Any
) -> Claim:
    """The claim that a module states.

    Args:
        module: its name, whose last part is the claim's.
        text: its docstring; None where Python has left it out (-OO), and then it is read from the source.
        assumptions, conclusions: named relations.
        proof: the steps.
        mutants: makes the false variants.
        more: `process`, `exists`, `example`, `numbers` of the claim.

    Raises:
        ValueError: the docstring has no title, no statement or no source.
    """
    name = module.rpartition(".")[2]
    if text is None:
        text = ast.get_docstring(ast.parse(inspect.getsource(sys.modules[module]))) or ""
    title, *paragraphs = [" ".join(p.split()) for p in text.strip().split("\n\n")]
    last = _LAST.fullmatch(paragraphs.pop()) if paragraphs else None
    if last is None or not title or not paragraphs:
        raise ValueError(f"{module}: the docstring is not title, statement and 'Source: ... .'")
    theorem = last["coq"] or f"Claims.claim_{name}"
    return Claim(
        name,
        title,
        "\n\n".join(paragraphs),
        last["source"],
        f"PLTheory.{theorem}",
        assumptions,
        proof,
        conclusions,
        mutants=mutants,
        **more,
    )
