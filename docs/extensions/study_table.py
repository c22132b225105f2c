"""The directive `study-table`: medians over the seeds of a study's table, a row for each step and width."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

COLUMNS = {
    "lambda_min": "NTK gap",
    "parameter_drift": "parameter drift",
    "kernel_drift": "kernel drift",
    "pl_least": "least PL\\* ratio",
    "pl_over_gap": "over the gap",
    "decay_rate": "decay a step",
    "decay_fit": "$R^2$",
}


class StudyTable(SphinxDirective):
    """The argument is a CSV file beside the page, as `pltheory sweep` writes it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table, as Markdown that the page's parser reads."""
        file = Path(self.env.srcdir) / self.arguments[0]
        self.env.note_dependency(str(file))
        groups: dict[tuple[float, int], list[dict[str, str]]] = defaultdict(list)
        with file.open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                groups[-float(row["optimizer.eta"]), int(row["width"])].append(row)
        head = ["step", "width", *COLUMNS.values(), "verdicts"]
        lines = [f"| {' | '.join(head)} |", "|" + "---:|" * (len(head) - 1) + "---|"]
        for (eta, width), found in sorted(groups.items()):
            middle = [f"{median(float(r[name]) for r in found):.3g}" for name in COLUMNS]
            verdicts = sorted({r["verdict"] for r in found})
            lines.append(f"| {' | '.join([f'{-eta:g}', str(width), *middle, ', '.join(verdicts)])} |")
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("study-table", StudyTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
