"""The directive `keys`: every key of a configuration, from the models that the program reads."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pltheory.study.key_table import lines

BAR, TAB = r"\|", "\t"


class Keys(SphinxDirective):
    """One table per section."""

    def run(self) -> list[nodes.Node]:
        """The tables, as Markdown that the page's parser reads."""
        text: list[str] = []
        shown = [line for line in lines() if line.name != "sweep"]
        for section, keys in groupby(shown, key=lambda line: line.section):
            text += ["", f"**`[{section}]`**" if section else "**Before the first section**", ""]
            text += ["| key | type | range | default | example | |", "|---|---|---|---|---|---|"]
            for line in keys:
                of = f" Of {', '.join(line.of)}." if line.of else ""
                code = [f"`{cell}`" if cell else "" for cell in (line.range, line.default, line.example)]
                code[1] = line.default if line.default in ("required", "not set") else code[1]
                cells = [f"`{line.name}`", line.type, *code, f"{line.says[0].upper()}{line.says[1:]}.{of}"]
                text.append(
                    f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(9), 'tab') for cell in cells)} |"
                )
        return self.parse_text_to_nodes("\n".join(text))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("keys", Keys)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
