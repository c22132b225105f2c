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

AS_DRAWN = {
    r'<mi mathvariant="double-struck">R</mi>': "<mi>\u211d</mi>",
    r'<mn mathvariant="bold">1</mn>': "<mn>\U0001d7cf</mn>",
    r"<mi>:</mi><mo>&#x0003D;</mo>": "<mo>\u2254</mo>",
    r"<mo>&#x0003D;</mo><mi>:</mi>": "<mo>\u2255</mo>",
    # Bars of norms and moduli neither grow nor keep their distance; infinity is a number, a prime no small letter.
    r'<mo(?: stretchy="false")?>(&#x02016;|&#x0007C;)</mo>': r'<mo stretchy="false" lspace="0" rspace="0">\1</mo>',
    r"<mo>&#x0221E;</mo>": "<mi>&#x0221E;</mi>",
    r"<mi>(&#x0203[234];)</mi>": r'<mi class="prime">\1</mi>',
    # A minus behind a bracket, a comma or a relation is no difference.
    r"(<mo[^>]*>(?:\[|&#x00(?:07B|028|02C|03D);|&#x0226[45];)</mo>)<mo>(?=&#x02212;)": r'\1<mo form="prefix">',
    r"(?<=</m[in]>)(<mi>(?:ln|log|exp|tanh)</mi>)": r'<mspace width="0.167em" />\1',
    r"(<mi>(?:ln|log|tanh)</mi>)(?=<m[ins])": r'\1<mspace width="0.167em" />',
    r"<mo>(max|min|sup|inf)</mo>(?=<mo[^>]*>&#x000(?:28|7B);)": r'<mo rspace="0">\1</mo>',
}
"""What the converter writes and browsers draw otherwise than meant: pattern and replacement."""
_SPACED = ("=", "<", ">", "+", "\u2212", "\u22c5", "\u2264", "\u2265")
LONG = 60
"""Characters of LaTeX beyond which a formula in a line may be wider than a phone, and scrolls by itself."""


def _mathml(latex: str, **options: str) -> str:
    """The formula, with words in it escaped: the converter leaves "rho<R" as it is, and a browser reads a tag there.

    Raises:
        ExtensionError: a command is not known and would be shown as it is written, or what came out is not well formed
            and would spoil the rest of the page.
    """
    text = re.sub(
        "<mtext>(.*?)</mtext>",
        lambda found: f"<mtext>{found[1].replace('<', '&lt;')}</mtext>",
        convert(latex, **options),
    )
    for written, meant in AS_DRAWN.items():
        text = re.sub(written, meant, text)
    if "\\" in text:
        raise ExtensionError(f"formula {latex}: a command that is not known")
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


def width(latex: str) -> float:
    """About how many signs of a displayed line stand side by side: of a fraction the longer part, exponents smaller."""

    def of(e: ElementTree.Element) -> float:
        parts, name = [of(child) for child in e], e.tag.rpartition("}")[2]
        if not parts:
            return len(e.text or "") if name in ("mi", "mn", "mtext") else 2.0 if e.text in _SPACED else 1.0
        if name == "mfrac":
            return max(parts)
        return parts[0] + 0.7 * max(parts[1:]) if name in ("msub", "msup", "msubsup") else sum(parts)

    return of(ElementTree.fromstring(_mathml(latex)))


def apart(latex: str) -> list[str]:
    r"""The formulas of a displayed line, which stand apart by \qquad, so that they can stand below one another."""
    depth, pieces, at = 0, [""], 0
    while at < len(latex):
        found = re.match(r"\\qquad(?![a-zA-Z])|\\(?:left|right|begin|end)(?![a-zA-Z])|\\.|.", latex[at:], re.DOTALL)
        assert found is not None
        sign = found[0]
        depth += (sign in ("{", r"\left", r"\begin")) - (sign in ("}", r"\right", r"\end"))
        if sign == r"\qquad" and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += sign
        at += len(sign)
    return pieces


def _block(self: HTML5Translator, node: nodes.math_block) -> None:
    pieces = apart(node.astext())
    drawn = "".join(_mathml(piece, display="block") for piece in pieces)
    self.body.append(f'<div class="math{" row" if len(pieces) > 1 else ""}">{drawn}</div>')
    raise nodes.SkipNode


def _join(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Keep a formula and the sign behind it on one line."""
    for node in list(doctree.findall(nodes.math)):
        after = node.next_node(siblings=True, descend=False)
        if not isinstance(after, nodes.Text) or after[:1] not in tuple(",.;:)") or len(node.astext()) > LONG:
            continue
        parent = node.parent
        at = parent.index(node)
        whole = nodes.inline("", "", node, nodes.Text(after[:1]), classes=["whole"])
        parent[at : at + 2] = [whole, nodes.Text(after[1:])]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.connect("doctree-resolved", _join)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
