"""Formulas as MathML, which browsers draw themselves: pages need neither a network nor a script."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

LONG = 60
"""Characters of LaTeX beyond which a formula in a line may be wider than a phone, and scrolls by itself."""


def _inline(self: HTML5Translator, node: nodes.math) -> None:
    text = convert(node.astext())
    if len(node.astext()) > LONG:
        text = f'<span class="long">{text}</span>'
    self.body.append(text)
    raise nodes.SkipNode


def _block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
