"""Formulas of the derivation pages, written there as code, set as mathematics where `proofs_checks.formula` can.

The sources stay readable as plain text; names of files, functions and theorems are no formulas and stay code.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from proofs_checks.formula import formula


class Typeset(SphinxTransform):
    """Replaces what is a formula among the code in the lines of a derivation page."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        """Called by Sphinx for every page."""
        if not self.env.docname.startswith("derivations/"):
            return
        for node in list(self.document.findall(nodes.literal)):
            # An index keeps the words of a title only.
            if isinstance(node.parent, nodes.title):
                continue
            latex = formula(" ".join(node.astext().split()))
            if latex is not None:
                node.replace_self(nodes.math(node.rawsource, latex))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(Typeset)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
