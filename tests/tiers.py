"""The tests by tier as a page: `python -m tests.tiers build/tests.xml > FILE.md`.

Reads the JUnit record of `make test-all`. A test marked `slow` is left out by `make test`.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

from tests.benchmarks.machine import facts

TIERS = {"": "`make test`", "slow": "marked slow"}
LONGEST = 10


def page(file: Path) -> str:
    """Markdown: each tier with its tests and seconds, and what takes longest in the default one.

    Raises:
        ValueError: a test failed: then there is nothing to publish.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    seconds: dict[str, float] = defaultdict(float)
    functions: dict[str, float] = defaultdict(float)
    for case in ElementTree.parse(file).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            raise ValueError(f"{name} failed")
        tier = next((p.get("value", "") for p in case.iter("property") if p.get("name") == "tier"), "")
        counts[tier]["skipped" if case.find("skipped") is not None else "passed"] += 1
        seconds[tier] += float(case.get("time", 0))
        if not tier:
            functions[name.partition("[")[0]] += float(case.get("time", 0))
    machine = facts()
    lines = ["| tier | passed | skipped | seconds, all processes |", "|---|---:|---:|---:|"]
    for tier, said in TIERS.items():
        lines.append(f"| {said} | {counts[tier]['passed']:,} | {counts[tier]['skipped']} | {seconds[tier]:,.0f} |")
    lines += ["", f"Run on {machine['date']}, {machine['cores']} cores of {machine['processor']}."]
    lines += ["What takes longest in `make test`:"]
    longest = sorted(functions.items(), key=lambda f: -f[1])[:LONGEST]
    lines += ["", "| test | seconds |", "|---|---:|"]
    lines += [f"| `{name}` | {spent:.0f} |" for name, spent in longest]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(Path(sys.argv[1])))
