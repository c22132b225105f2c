"""The tests by tier as a page: `python -m tests.tiers build/tests.xml build/slow.xml > FILE.md`.

Reads the JUnit records of `make test-all`: of the tests that `make test` runs, and of those marked `slow`.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

from tests.benchmarks.machine import ran

TIERS = ("`make test`", "marked `slow`")
LONGEST = 10


def page(files: list[Path]) -> str:
    """Markdown: each tier with its tests and time, and what takes longest in the first.

    Args:
        files: a record for each tier, or for the first alone.

    Raises:
        ValueError: a test failed: then there is nothing to publish.
    """
    lines = ["| tier | passed | skipped | minutes |", "|---|---:|---:|---:|"]
    functions: list[dict[str, float]] = []
    for tier, file in zip(TIERS, files, strict=False):
        root = ElementTree.parse(file).getroot()
        counts: Counter[str] = Counter()
        seconds: dict[str, float] = defaultdict(float)
        for case in root.iter("testcase"):
            name = f"{case.get('classname')}::{case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                raise ValueError(f"{name} failed")
            counts["skipped" if case.find("skipped") is not None else "passed"] += 1
            seconds[name.partition("[")[0]] += float(case.get("time", 0))
        minutes = sum(float(suite.get("time", 0)) for suite in root.iter("testsuite")) / 60
        lines.append(f"| {tier} | {counts['passed']:,} | {counts['skipped']} | {minutes:.1f} |")
        functions.append(seconds)
    longest = sorted(functions[0].items(), key=lambda f: -f[1])[:LONGEST]
    lines += ["", ran(), ""]
    lines += ["| longest in `make test` | seconds |", "|---|---:|"]
    lines += [f"| `{name}` | {spent:.0f} |" for name, spent in longest]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page([Path(file) for file in sys.argv[1:]]))
