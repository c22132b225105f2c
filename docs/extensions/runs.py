"""The directives `step-rules` and `trace-columns`: tables from the lists that the program reads."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pltheory.optim.registry import BUILT_IN
from pltheory.runs.trace import COLUMNS


class StepRules(SphinxDirective):
    """One row per step rule of this project."""

    def run(self) -> list[nodes.Node]:
        """The table, as Markdown that the page's parser reads."""
        lines = ["| name | what it is | keys beside `eta` | settings |", "|---|---|---|---|"]
        for rule in BUILT_IN:
            keys = ", ".join(f"`{key}`" for key in rule.keys)
            lines.append(f"| `{rule.name}` | {rule.words} | {keys} | `{rule.__name__}` |")
        return self.parse_text_to_nodes("\n".join(lines))


class TraceColumns(SphinxDirective):
    """One row per column of a trace."""

    def run(self) -> list[nodes.Node]:
        """The table, as Markdown that the page's parser reads."""
        lines = ["| column | what it is | unit | measured |", "|---|---|---|---|"]
        lines += [f"| `{c.name}` | {c.meaning} | {c.unit} | {c.at} |" for c in COLUMNS.values()]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("step-rules", StepRules)
    app.add_directive("trace-columns", TraceColumns)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
