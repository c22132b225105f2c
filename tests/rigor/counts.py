"""The counts of the soundness battery as a page: `python -m tests.rigor.counts build/soundness*.xml > FILE.md`.

Reads the JUnit records of `make soundness`: the differential cases that each primitive was compared on, and the mutants
of the gate in `test_error_terms` with the attack that killed each.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree

from tests.benchmarks.machine import ran

MUTANT = re.compile(r"test_a_weakened_term_is_caught\[(?P<module>\w+)-(?P<term>\w+)-(?P<factor>[\d.]+)\]")


def _cases(files: Iterable[Path]) -> Iterator[ElementTree.Element]:
    for file in files:
        yield from ElementTree.parse(file).iter("testcase")


def page(files: Iterable[Path]) -> str:
    """Markdown tables of the records in these files.

    Raises:
        ValueError: a test failed: then there is nothing to publish.
    """
    records: dict[str, dict[str, int]] = {}
    killed: dict[tuple[str, str], set[str]] = {}
    for case in _cases(files):
        name = case.get("name", "")
        if case.find("failure") is not None or case.find("error") is not None:
            raise ValueError(f"{name} failed")
        if case.find("skipped") is not None:
            continue
        # The draws are seeded: a test in two records, run to different lengths, counts once, with the longer run.
        longest = records.setdefault(f"{case.get('classname')}::{name}", {})
        for record in case.iter("property"):
            if record.get("name", "").startswith("cases: "):
                primitive = record.get("name", "").removeprefix("cases: ")
                longest[primitive] = max(longest.get(primitive, 0), int(record.get("value", "0")))
        if mutant := MUTANT.fullmatch(name):
            killed.setdefault((mutant["module"], mutant["term"]), set()).add(mutant["factor"])
    compared: Counter[str] = Counter()
    for one in records.values():
        compared.update(one)
    fewest = min((cases for primitive, cases in compared.items() if not primitive.startswith("planted")), default=0)
    lines = [f"Tests passed: {len(records)}; violations: 0; differential cases: {sum(compared.values()):,}, "]
    lines += [f"at least {fewest:,} for each primitive.", ""]
    lines += ["| primitive | cases |", "|---|---:|"]
    lines += [f"| {primitive} | {cases:,} |" for primitive, cases in sorted(compared.items())]
    mutants = sum(map(len, killed.values()))
    lines += ["", f"Mutants killed: {mutants} of {mutants}, over {len(killed)} error terms.", ""]
    lines += ["| error term | killed when scaled by | by the test |", "|---|---|---|"]
    for (module, term), factors in sorted(killed.items()):
        test = f"test_a_weakened_term_is_caught[{module}-{term}-..]"
        lines.append(f"| {module}.{term} | {', '.join(sorted(factors))} | `{test}` |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(f"{page(map(Path, sys.argv[1:]))}\n{ran()}\n")
