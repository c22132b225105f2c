"""`python tests/benchmarks`: run comparisons, growth, profile, and write the page of figures."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import accelerator
import click
import earlier
import few_samples
import growth
import main_job
from interleave import BUDGET, Disagreement, Measured, Runner
from machine import facts
from process import ROOT, SolverError
from rows import ROWS
from rows import chosen as cells_of
from table import page

SECTIONS = ("few-samples", "growth", "main-job")


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes: whether everything works, in a moment.")
@click.option("--rows", help=f"Comma-separated choice of {', '.join((*ROWS, *SECTIONS))}; default all.")
@click.option("--device", default="cpu", show_default=True, help="cuda measures what only a CUDA device can be asked.")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs", help="Folder of the page.")
@click.option("--runs", default=3, show_default=True, help="Whole-process runs of the main job.")
def main(quick: bool, rows: str | None, device: str, out: Path, runs: int) -> None:
    """Compare with peers and write benchmarks.md, benchmarks.json and images/growth.svg.

    Rows that are not chosen keep the figures of an earlier run on this machine with these versions. On a CUDA device it
    writes benchmarks-cuda.md and .json instead.
    """
    picked = tuple((*ROWS, *SECTIONS)) if rows is None else tuple(rows.split(","))
    unknown = [row for row in picked if row not in (*ROWS, *SECTIONS)]
    if unknown:
        raise click.BadParameter(f"{unknown[0]}: allowed are {', '.join((*ROWS, *SECTIONS))}", param_hint="--rows")
    (out / "images").mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()

    def say(text: str) -> None:
        click.echo(f"{time.perf_counter() - start:6.1f} s  {text}", err=True)

    if device != "cpu":
        found = accelerator.measure(device, quick=quick)
        _write(out, "benchmarks-cuda", facts(device), [], {"accelerator": found}, accelerator.section(found))
        return
    machine, measured, failed = facts(), {}, []
    before = earlier.Earlier() if quick else earlier.read(out / "benchmarks.json", machine)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        with Runner(scratch, say, 0.1 if quick else BUDGET) as runner:
            for cell in cells_of(picked, quick=quick):
                try:
                    measured[cell.title] = runner.run(cell)
                except (Disagreement, SolverError) as error:
                    # The other rows are still worth having; the command ends with an error all the same.
                    failed.append(cell.title)
                    say(str(error))
                    measured[cell.title] = [Measured(cell.ours, None, note="failed")]
        grown, job, few = before.growth, before.main_job, before.few_samples
        if "few-samples" in picked:
            say("kernels on few samples")
            few = {"load": few_samples.load(), "found": few_samples.measure(say, quick=quick)}
        if "growth" in picked:
            say("growth")
            grown = growth.measure(scratch, say, quick=quick)
        if "main-job" in picked:
            say("main job")
            config = ROOT / "examples" / ("trajectory.toml" if quick else "digits.toml")
            seconds, phases = main_job.whole(scratch, config, 1 if quick else runs), main_job.phases(scratch, config)
            job = {"seconds": seconds, "phases": phases}
    if not measured and "growth" not in picked and "main-job" not in picked:
        machine |= before.changing  # the others are of that day
    known = {**before.cells, **measured}
    cells = [(cell, known[cell.title]) for cell in cells_of(ROWS, quick=quick) if cell.title in known]
    sections, more = [], {}
    if few:
        sections += few_samples.section(few["found"], few["load"])
        more["few_samples"] = {"load": few["load"], "found": [asdict(f) for f in few["found"]]}
    if grown:
        growth.figure(grown, out / "images/growth.svg")
        sections += growth.section(grown, "images/growth.svg")
        more["growth"] = [asdict(g) for g in grown]
    if job:
        sections += main_job.section(job["phases"], job["seconds"])
        more["main_job"] = job
    if quick:
        sections += accelerator.section(accelerator.measure("cpu", quick=True))
    else:
        sections += accelerator.NOT_MEASURED
    _write(out, "benchmarks", machine, cells, more, sections)
    say("done")
    if failed:
        raise click.ClickException(f"failed: {'; '.join(failed)}")


def _write(out: Path, name: str, machine: dict, cells: list, more: dict, sections: list[str]) -> None:
    (out / f"{name}.md").write_text(page(machine, cells, sections), encoding="utf-8")
    stored = [{"title": cell.title, "row": cell.row, "solvers": [asdict(m) for m in found]} for cell, found in cells]
    (out / f"{name}.json").write_text(json.dumps({"machine": machine, "cells": stored, **more}, indent=2) + "\n")


if __name__ == "__main__":
    main()
