"""`python -m tests.fuzz.counts build/fuzz`: the records of fuzz runs as the table of the docs."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

SURFACES = ("certificates", "graph-certificates", "collapse-certificates", "configs", "checkpoints", "data")


def table(folder: Path) -> str:
    """A row for each surface: files, what became of them, the slowest case."""
    lines = [
        "| surface | files | refused | read, and the oracle agrees | findings | slowest, s |",
        "|---|---|---|---|---|---|",
    ]
    for surface in SURFACES:
        outcomes: Counter[str] = Counter()
        slowest = 0.0
        for path in sorted(folder.glob(f"{surface}-*.json")):
            record = json.loads(path.read_text())
            outcomes.update(record["outcomes"])
            slowest = max(slowest, record["slowest"][0])
        refused = sum(count for name, count in outcomes.items() if name.startswith("refused"))
        found, files = outcomes["finding"], sum(outcomes.values())
        lines.append(f"| {surface} | {files} | {refused} | {files - refused - found} | {found} | {slowest:.1f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table(Path(sys.argv[1])))
