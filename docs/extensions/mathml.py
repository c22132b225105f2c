"""Formulas as MathML, which browsers draw themselves: pages need neither a network nor a script."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator

SIGNS = {
    '<mi mathvariant="double-struck">R</mi>': "<mi>\u211d</mi>",
    '<mn mathvariant="bold">1</mn>': "<mn>\U0001d7cf</mn>",
    "<mi>:</mi><mo>&#x0003D;</mo>": "<mo>\u2254</mo>",
    "<mo>&#x0003D;</mo><mi>:</mi>": "<mo>\u2255</mo>",
    "<mo>&#x02016;</mo>": '<mo stretchy="false" lspace="0" rspace="0">&#x02016;</mo>',
    '<mo stretchy="false">&#x0007C;</mo>': '<mo stretchy="false" lspace="0" rspace="0">&#x0007C;</mo>',
    "<mo>&#x0007C;</mo>": '<mo stretchy="false" lspace="0" rspace="0">&#x0007C;</mo>',
    "<mo>&#x0221E;</mo>": "<mi>&#x0221E;</mi>",
    "<mi>&#x02032;</mi>": '<mi class="prime">&#x02032;</mi>',
    "<mi>&#x02033;</mi>": '<mi class="prime">&#x02033;</mi>',
    "<mi>&#x02034;</mi>": '<mi class="prime">&#x02034;</mi>',
}
"""What the converter writes and browsers draw otherwise than meant."""
SIGNED = r"(<mo[^>]*>(?:\[|&#x0007B;|&#x00028;|&#x0002C;|&#x0003D;|&#x0226[45];)</mo>)<mo>&#x02212;"
"""A minus behind a bracket, a comma or a relation is no difference, and stands close to what it negates."""
LONG = 60
"""Characters of LaTeX beyond which a formula in a line may be wider than a phone, and scrolls by itself."""


def _mathml(latex: str, **options: str) -> str:
    """The formula, with words in it escaped: the converter leaves "rho<R" as it is, and a browser reads a tag there.

    Raises:
        ExtensionError: what came out is not well formed, and would spoil the rest of the page.
    """
    text = re.sub(
        "<mtext>(.*?)</mtext>",
        lambda found: f"<mtext>{found[1].replace('<', '&lt;')}</mtext>",
        convert(latex, **options),
    )
    for written, sign in SIGNS.items():
        text = text.replace(written, sign)
    text = re.sub(SIGNED, r'\1<mo form="prefix">&#x02212;', text)
    try:
        ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ExtensionError(f"formula {latex}: {error}") from None
    return text


def _inline(self: HTML5Translator, node: nodes.math) -> None:
    text = _mathml(node.astext())
    if len(node.astext()) > LONG:
        text = f'<span class="long">{text}</span>'
    self.body.append(text)
    raise nodes.SkipNode


def _block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(f'<div class="math">{_mathml(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
