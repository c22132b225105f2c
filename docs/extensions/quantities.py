"""The directive `quantities`: the table of what a study measures, from the list that the program reads."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pltheory.study.quantities import BUILT_IN


class Quantities(SphinxDirective):
    """One row per quantity of this project."""

    def run(self) -> list[nodes.Node]:
        """The table, as Markdown that the page's parser reads."""
        lines = ["| name | what it is | unit | expected exponent of the width | source |", "|---|---|---|---:|---|"]
        for q in BUILT_IN:
            expected = "" if q.expected is None else f"{q.expected:g}"
            lines.append(f"| `{q.name}` | {q.meaning} | {q.unit} | {expected} | {q.source} |")
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("quantities", Quantities)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
