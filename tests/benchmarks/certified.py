"""Certificates of networks, row by row: what proof and recheck take, and the page that says so.

Every row is a process of its own, so that its peak memory is its own. A row at initialisation proves a theorem there; a
row after Gauss-Newton steps proves Theorem C where they end.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pltheory as pl
from pltheory.certificates.basin import certify_basin
from pltheory.certification.claim import Claim
from pltheory.rechecker import MOST_GIB, MOST_SECONDS

SETTINGS = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)


COLUMNS = {"needed": "needed", "available": "available", "`ell`": "ell"}
"""Numbers of a row, by the heading of their column: the sides of the last inequality, or bounds and numbers of a claim
by name; `width` is the units or channels of the first layer."""


@dataclass(frozen=True)
class Proved:
    """What the proof of a row came to.

    Attributes:
        claim: the proof; None where no numbers were found.
        steps: Gauss-Newton steps that were taken; None where they failed.
        shortfall: why there is no proof, where the claim does not say it.
    """

    claim: Claim | None
    steps: int | None
    shortfall: str | None = None


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        what: network and data, in words.
        problem: makes them.
        steps: most Gauss-Newton steps; None for a theorem at initialisation.
        theorem: its id there.
        settings: the step rule.
        prove: in place of these three.
    """

    what: str
    problem: Callable[[], pl.Problem]
    steps: int | None = 8
    theorem: str = "B"
    settings: pl.DeltaGClipSettings = SETTINGS
    prove: Callable[[pl.Problem], Proved] | None = None

    def proved(self, problem: pl.Problem) -> Proved:
        """The proof."""
        if self.prove is not None:
            return self.prove(problem)
        if self.steps is None:
            return Proved(pl.certify(problem, self.settings, theorem=self.theorem), 0)
        basin = certify_basin(problem, self.settings, limit=self.steps)
        return Proved(basin.certificate, len(basin.polished.steps) - 1 if basin.polished else None, basin.shortfall)


@dataclass(frozen=True)
class Table:
    """Rows, and the page that they are shown on.

    Attributes:
        module: that is run for a row, of `python -m`.
        rows: by name.
        title: of the page.
        text: above the table, lines.
        notes: below it, lines.
        columns: as `COLUMNS`.
    """

    module: str
    rows: Mapping[str, Row]
    title: str
    text: tuple[str, ...]
    notes: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=lambda: COLUMNS)


def measure(
    name: str, row: Row, *, limits: tuple[float, float] | None, columns: Mapping[str, str] = COLUMNS
) -> dict[str, object]:
    """Prove a row and say what it took.

    Args:
        name: of the row.
        row: what is proved.
        limits: most processor seconds and GiB of its recheck; None for no recheck.
        columns: as `COLUMNS`.
    """
    problem = row.problem()
    start, begun = time.perf_counter(), time.process_time()
    weights = list(problem.parameters())
    found: dict[str, object] = {"row": name, "what": row.what, "parameters": sum(p.numel() for p in weights)}
    proved = row.proved(problem)
    claim = proved.claim
    found |= {"steps": proved.steps, "shortfall": proved.shortfall}
    found |= {"proof_s": round(time.perf_counter() - start, 1), "proof_cpu_s": round(time.process_time() - begun, 1)}
    found["certified"] = claim is not None and claim.holds
    if claim is not None and not claim.holds:
        found["shortfall"] = claim.shortfall or proved.shortfall
    if claim is not None and claim.inequalities:
        left, right = claim.inequalities[-1].left, claim.inequalities[-1].right
        known = {"needed": left, "available": right, "width": len(weights[0]), **claim.numbers}
        known |= {name: bound.value for name, bound in claim.bounds.items()}
        found |= {key: known[key] for key in columns.values() if key in known}
    found["proof_mib"] = _peak()
    if limits is not None and claim is not None and claim.holds:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "of.cert.json")
            claim.save(path)
            start = time.perf_counter()
            said = pl.recheck(path, most_seconds=limits[0], most_gib=limits[1])
            found |= {"recheck_s": round(time.perf_counter() - start, 1), "recheck": said.message}
    found["peak_mib"] = _peak()
    return found


def _peak() -> int:
    """MiB that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _number(value: float) -> str:
    """Three digits, of a factor those of what it is short of 1; counts in full."""
    if isinstance(value, int):
        return str(value)
    return f"1−{1 - value:.2g}" if 0.99 < value < 1 else f"{value:.3g}"


def page(table: Table, found: Mapping[str, dict[str, Any]], before: str = "") -> str:
    """The table as a page of the docs.

    Args:
        table: of which rows.
        found: what was measured, by the row's name.
        before: the page as it was, whose rows stand where none was measured.
    """
    head = ["network and data", "parameters", "steps", "verdict", *table.columns, "proof s", "recheck s", "MiB"]
    lines = [
        f"# {table.title}",
        "",
        *table.text,
        "",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
    ]
    kept = {line.split(" | ")[0].removeprefix("| "): line for line in before.splitlines() if line.startswith("| ")}
    for name, row in table.rows.items():
        if name not in found:
            lines += [kept[row.what]] if row.what in kept else []
            continue
        r = found[name]
        verdict = "CERTIFIED" if r["certified"] else f"open: {r.get('shortfall') or 'short of what is needed'}"
        numbers = [_number(r[key]) if key in r else "" for key in table.columns.values()]
        said = r.get("recheck", "")
        recheck = f"{r['recheck_s']:.3g}" if "confirmed" in said else said.split(":")[0]
        cells = [
            row.what,
            str(r["parameters"]),
            str(r["steps"] or ""),
            verdict,
            *numbers,
            f"{r['proof_s']:.3g}",
            recheck,
        ]
        lines.append("| " + " | ".join([*cells, str(r["peak_mib"])]) + " |")
    if table.notes:
        lines += ["", *table.notes]
    return "\n".join([*lines, ""])


def main(table: Table, doc: str | None) -> None:
    """One line of JSON a row, and the page."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--rows", default=",".join(table.rows), help="names, separated by commas")
    parser.add_argument("--recheck", action="store_true", help="save each certificate and recheck it")
    parser.add_argument("--here", action="store_true", help="in this process")
    parser.add_argument("--most-seconds", type=float, default=MOST_SECONDS, help="processor time of a recheck")
    parser.add_argument("--most-gib", type=float, default=MOST_GIB, help="memory of a recheck")
    parser.add_argument("--of", type=Path, nargs="*", default=[], help="lines of earlier runs, in place of runs")
    parser.add_argument("--page", type=Path, help="write the table there; its other rows stay")
    asked = parser.parse_args()
    said_before = [json.loads(line) for path in asked.of for line in path.read_text().splitlines()]
    found: dict[str, dict[str, Any]] = {r["row"]: r for r in said_before}
    for name in filter(None, asked.rows.split(",")):
        if asked.here:
            limits = (asked.most_seconds, asked.most_gib) if asked.recheck else None
            said = json.dumps(measure(name, table.rows[name], limits=limits, columns=table.columns))
        else:
            more = [f"--most-seconds={asked.most_seconds}", f"--most-gib={asked.most_gib}"]
            more += ["--recheck"] if asked.recheck else []
            command = [sys.executable, "-m", table.module, "--here", "--rows", name, *more]
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        found[name] = json.loads(said)
        sys.stdout.write(said + "\n")
        sys.stdout.flush()
    if asked.page is not None:
        before = asked.page.read_text() if asked.page.exists() else ""
        asked.page.write_text(page(table, found, before))
