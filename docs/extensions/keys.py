"""The directive `keys`: every key of a configuration, from the models that the program reads."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pltheory.study.key_table import lines

BAR, TAB = r"\|", "\t"
LONG = 30
"""Characters of an example beyond which the middle is left out: one long cell would push the others off the page."""


class Keys(SphinxDirective):
    """One table per section."""

    def run(self) -> list[nodes.Node]:
        """The tables, as Markdown that the page's parser reads."""
        text: list[str] = []
        shown = [line for line in lines() if line.name != "sweep"]
        for section, keys in groupby(shown, key=lambda line: line.section):
            text += ["", f"**`[{section}]`**" if section else "**Before the first section**", ""]
            text += ["| key | what it is | type | range | default | example |", "|---|---|---|---|---|---|"]
            for line in keys:
                of = f" Of {', '.join(line.of)}." if line.of else ""
                example = line.example if len(line.example) <= LONG else f"{line.example[:6]}..{line.example[-2:]}"
                code = [f"`{cell}`" if cell else "" for cell in (line.range, line.default, example)]
                code[1] = line.default if line.default in ("required", "not set") else code[1]
                cells = [f"`{line.name}`", f"{line.says[0].upper()}{line.says[1:]}.{of}", line.type, *code]
                # A bar would end the cell, and a tab cannot be seen.
                text.append(f"| {' | '.join(c.replace('|', BAR).replace(TAB, 'tab') for c in cells)} |")
        parsed = self.parse_text_to_nodes("\n".join(text))
        for part in parsed:
            for table in part.findall(nodes.table):
                table["classes"].append("keys")
        return parsed


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("keys", Keys)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
