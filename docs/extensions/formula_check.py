"""No formula of a derivation is left in plain characters: a warning names it, and a warning ends the build.

Looked at is what is shown, the doctree: code in a line that reads as a formula, and words between which one stands.
How many formulas are set is counted page by page and printed with `--verbose`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from proofs_checks.formula import formula
from proofs_checks.typeset import sentence

PAGES = "derivations/"
_NO_FORMULA = re.compile(
    r"(?:\\frac|\\cdot|[-+{}\d.,;/^ ()]|\\left|\\right|\\,|(?<= )e(?= \+ \d))*"  # numbers
    r"|(?:\\sum \\in |\d \\cdot )?(?:\\left\()?[A-Z]_\{\d+\}(?: \\, [a-e])?(?:\\right\))?(?:' \\, s)?"  # F1, (I3), L1a
    r"|[A-Z] \+ [A-Z]|z_\{3\}|\w( \\cdot \w)+"  # T+M; the solver; abbreviations
)
LOGGER = logging.getLogger(__name__)
_SIGNS = re.compile(r"\^|\|\||<=|>=|\bsqrt\(|[A-Za-z]_\{|\blambda_m|(?<=\w)\*(?=\w)|\bint_")
_RELATES = re.compile(r"\\(?:le|ge|frac|sqrt|nabla|int|sum|cdot|\|)(?![a-z])|[=<>^_|]| [-+] ")


def left_in_code(text: str) -> bool:
    """Whether a span of code is a formula."""
    return formula(" ".join(text.split())) is not None or bool(re.search(r"\^|\|\||<=|>=", text))


def left_in_words(text: str) -> list[str]:
    """The formulas that stand in a piece of text: several signs, not a letter by itself."""
    words = " ".join(text.split())
    set_ = sentence(words.replace("$", "")).split("$")[1::2]
    return [p for p in set_ if _RELATES.search(p) and not _NO_FORMULA.fullmatch(p)] or _SIGNS.findall(words)


def formulas(doctree: nodes.document) -> int:
    """How many formulas are set as mathematics."""
    return sum(1 for node in doctree.findall() if isinstance(node, nodes.math | nodes.math_block))


def left(doctree: nodes.document, page: str) -> Iterator[tuple[nodes.Node, str]]:
    """What is not, of a page: where it stands, and what it is."""
    for node in doctree.findall(nodes.literal):
        if left_in_code(node.astext()):
            yield node, f"code {node.astext()!r} reads as a formula"
    for node in doctree.findall(nodes.Text):
        # A page about a claim is headed by the claim's name.
        if isinstance(node.parent, nodes.title) and node.astext().replace(" ", "_") == page.rpartition("/")[2]:
            continue
        if not isinstance(node.parent, nodes.literal | nodes.FixedTextElement | nodes.math | nodes.raw):
            for found in left_in_words(node.astext()):
                yield node.parent, f"{found!r} in {node.astext()!r} is a formula in words"


def _check(app: Sphinx, doctree: nodes.document) -> None:
    page = app.env.current_document.docname
    if not page.startswith(PAGES):
        return
    LOGGER.verbose("%s: %d formulas", page, formulas(doctree))
    for node, what in left(doctree, page):
        LOGGER.warning("%s", what, location=node, type="formula")


def setup(app: Sphinx) -> dict[str, Any]:
    """Look at every page that is read."""
    app.connect("doctree-read", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
