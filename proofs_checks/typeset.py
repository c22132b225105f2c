"""Sentences with the formulas in them set as mathematics: titles and propositions of claims."""

from __future__ import annotations

import re

from .formula import BEFORE_ALL, BEFORE_ONE, formula

_OPERATORS = BEFORE_ONE | BEFORE_ALL | {"in", "o"}
_ALONE = _OPERATORS | {"act", "sig", "a", "x", "contraction", "slope", "area", "edge", "mass", "high", "low", "mean"}
"""What says nothing by itself, or is a word of English."""


def sentence(text: str, held: list[str] | None = None) -> str:
    """A text with its formulas set in mathematics, between dollars; the words stay.

    A formula is set whole or not at all: what stands beside a sign of arithmetic that stays is left as it is too.

    Args:
        text: words and formulas.
        held: as in `formula`.
    """
    words, out, i = text.split(" "), [], 0
    while i < len(words):
        for j in range(len(words), i, -1):
            core = " ".join(words[i:j]).rstrip(",;:.")
            latex = formula(core, held) if _may_be_formula(words, i, j, core) else None
            if latex is not None:
                out.append(f"${latex}${words[j - 1][len(words[j - 1].rstrip(',;:.')) :]}")
                i = j
                break
        else:
            out.append(re.sub(r"\0(\d+)\0", lambda found: f"${(held or [])[int(found[1])]}$", words[i]))
            i += 1
    return " ".join(out)


def _may_be_formula(words: list[str], i: int, j: int, core: str) -> bool:
    """Whether words[i:j] are one formula, no part of a larger one, and no name, number or word of English."""
    before, after = words[i - 1] if i else "", words[j] if j < len(words) else ""
    first, last = words[i], words[j - 1].rstrip(",;:.")
    if _operates(before[-1:]) or _operates(after[:1]) or before.startswith("Theorem"):
        return False
    if core in _ALONE or re.fullmatch(r"[\d.,]+|\([A-Z]+\d\)|[A-Z]\+", core) or first == "B+" or last in _OPERATORS:
        return False
    if first in ("a", "o", "in", "x") and not _operates(words[i + 1][:1] if i + 1 < j else "") and first != core:
        return first == "x" and last == "x"
    if _operates(first[:1]) and not re.match(r"-\w|-\0", first):
        return False
    # A comma or semicolon outside of brackets, or a colon, ends a formula.
    depth = 0
    for word in words[i : j - 1]:
        depth += sum(word.count(c) for c in "([{") - sum(word.count(c) for c in ")]}")
        if word[-1:] == ":" or (depth == 0 and word[-1:] in (",", ";")):
            return False
    return True


def _operates(sign: str) -> bool:
    return sign != "" and sign in "+-*/=<>"
