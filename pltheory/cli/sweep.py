"""`pltheory sweep`: a study over a grid, which resumes where it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from pltheory.theory import InvalidInputError

from .options import config_arguments, err, load, out, progress_bar

if TYPE_CHECKING:
    from pltheory.study.config import Config
    from pltheory.study.engine import Engine
    from pltheory.study.folder import Study
    from pltheory.study.quantities import Quantity
    from pltheory.study.sweep import Planned

MISSING, SOME_FAILED = 3, 4
"""Exit codes of a study that is not complete, and of one with points that failed."""


@click.command(name="sweep")
@config_arguments
@click.option("--out", "folder", type=click.Path(path_type=Path), help="Folder; default runs/<config name>.")
@click.option("--dry-run", is_flag=True, help="Print the grid with an estimate of time and memory; compute nothing.")
@click.option("--status", is_flag=True, help="Print how far the study in the folder is; compute nothing.")
@click.option("--retry-failed", is_flag=True, help="Compute the points again that failed.")
@click.option(
    "--workers",
    type=click.IntRange(0),
    metavar="N",
    help="Worker processes; 0: this one. Default: one a core, or a GPU, where the study takes half a minute or more.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Compute on a dask scheduler, e.g. tcp://host:8786.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads of each worker.")
@click.option("--json", "as_json", is_flag=True, help="Records and fitted laws as JSON on standard output.")
@click.pass_context
def command(
    ctx: click.Context,
    config: str,
    overrides: tuple[str, ...],
    device: str | None,
    theorem: str | None,
    folder: Path | None,
    dry_run: bool,
    status: bool,
    retry_failed: bool,
    workers: int | None,
    scheduler: str | None,
    threads: int,
    as_json: bool,
) -> None:
    """Verify at every point of a grid, and gather the answers in one folder.

    The section [sweep] of CONFIG says what varies. A key of another section takes a list, or a range of which both ends
    are in: {from, to, step} is linear, {from, to, factor} logarithmic. The axes width and depth make the hidden layers.

    \b
      [sweep]
      width = {from = 64, to = 4096, factor = 2}
      depth = [1, 2]
      run.seed = {from = 0, to = 4, step = 1}
      data.n = [10, 20]
      network.activation = ["tanh", "gelu"]
      optimizer.eta = ["0.1/beta", "0.5/beta"]
      theorem.name = ["B", "D"]

    \b
      pltheory sweep examples/widths.toml --dry-run    what it will cost
      pltheory sweep examples/widths.toml              compute it; the same again resumes it
      pltheory sweep examples/widths.toml --status     how far it is

    Each point is one record, written whole. The same command computes what is missing, and more values of what varies
    make the study grow; another configuration needs another folder. A point that fails (an error, no memory) has a
    record that says why, and the study goes on. The folder holds study.json, points/, limits.json, study.csv,
    study.parquet, study.svg and the page study.html, which `pltheory report` writes again.

    Exit codes: 0 all points are there, also those that are UNDECIDED; 3 points are missing (--status); 4 points failed;
    2 bad input.
    """
    if dry_run and status:
        raise InvalidInputError("--dry-run, --status: give one of them")
    if workers is not None and scheduler is not None:
        raise InvalidInputError("--workers, --scheduler: give one of them")
    settings = load(config, overrides, device, theorem)
    from pltheory.report.figures import svg
    from pltheory.report.study import Study
    from pltheory.report.study_figures import sweep_figure
    from pltheory.report.study_html import render_study
    from pltheory.report.study_text import print_plan, print_status, print_sweep
    from pltheory.study.limits import agreed, limits_of, write_limits
    from pltheory.study.machine import memory
    from pltheory.study.quantities import quantities
    from pltheory.study.store import write_file
    from pltheory.study.sweep import fill, gpus_for, measured_speed, plan, require_memory
    from pltheory.study.table import frame, to_csv, to_parquet

    _require_fixed(settings, {"--device": (device, "run.device"), "--theorem": (theorem, "theorem.name")})
    among = quantities()
    target = folder or Path("runs") / ("stdin" if config == "-" else Path(config).stem)
    at, points = plan(settings, target, retry_failed=retry_failed and not status)
    rate = measured_speed(points)
    if status:
        print_status(out, points, rate)
        ctx.exit(_exit_code(points))
    if workers is None:
        workers = 0 if scheduler is not None else _workers(points, rate)
    if dry_run:
        at_a_time, there = max(workers, 1), memory() / max(workers, 1)
        if scheduler is not None:
            with _engine(0, scheduler, ()) as engine:
                at_a_time, there = max(engine.workers(), 1), engine.memory
        print_plan(out, points, rate, at_a_time)
        require_memory(points, there)
        return
    with _engine(workers, scheduler, gpus_for(points)) as engine, progress_bar("sweep") as progress:
        computed = fill(at, points, engine=engine, quantities=among, threads=threads, progress=progress)
    write_limits(target, computed.identity.hash, limits_of(settings, among))
    study = Study.read(target)
    fits, at_infinity = study.laws, agreed(study.limits)
    table = frame(study.records, list(dict.fromkeys([*(q.name for q in among), *study.names])))
    write_file(target / "study.csv", to_csv(table))
    write_file(target / "study.parquet", to_parquet(table))
    write_file(target / "study.svg", svg(sweep_figure(study.done, fits, at_infinity, among)))
    write_file(target / "study.html", render_study(study))
    if as_json:
        summary = {
            "schema": "pltheory-sweep/2",
            "study": study.identity.hash,
            "records": study.records,
            "fits": [fit.to_dict() for fit in fits],
            **{f"{name}_infinite_width": value for name, value in at_infinity.items()},
        }
        click.echo(json.dumps(summary, indent=2))
    else:
        print_sweep(out, study.records, fits, among)
    _say_lacking(study, among)
    err.print(f"[dim]study folder: {target}  (page {target}/study.html)[/dim]", highlight=False, soft_wrap=True)
    ctx.exit(SOME_FAILED if study.failed else 0)


def _engine(workers: int, scheduler: str | None, places: Sequence[str]) -> AbstractContextManager[Engine]:
    from pltheory.study.engine import in_process, local_cluster, scheduler_at

    if scheduler is not None:
        return scheduler_at(scheduler)
    return local_cluster(workers, places) if workers else in_process()


def _workers(points: Sequence[Planned], rate: float) -> int:
    """Worker processes where --workers says nothing; where they would be of use and cannot be, that is said."""
    from pltheory.study.engine import has_workers
    from pltheory.study.machine import cores, workers_for
    from pltheory.study.sweep import gpus_for, time_of

    left = [p.cost for p in points if p.record is None]
    seconds = time_of([cost.operations for cost in left], rate, 1)
    workers = workers_for([cost.memory for cost in left], seconds, len(gpus_for(points)) or cores())
    if workers and not has_workers():
        err.print("computed by one process; pip install 'pltheory[sweep]' for one a core", markup=False, soft_wrap=True)
        return 0
    return workers


def _require_fixed(settings: Config, options: dict[str, tuple[str | None, str]]) -> None:
    """Refuse an option that says one value of what varies."""
    from pltheory.study.grid import axes

    for option, (given, key) in options.items():
        if given is not None and key in axes(settings):
            raise InvalidInputError(f"{option} {given}: contradicts sweep.{key}, which varies it; give one of them")


def _exit_code(points: Sequence[Planned]) -> int:
    if any(p.record is None for p in points):
        return MISSING
    return SOME_FAILED if any(p.failed for p in points) else 0


def _say_lacking(study: Study, among: Sequence[Quantity]) -> None:
    """On standard error: points that failed, and quantities that older points lack."""
    from pltheory.study.grid import said

    for quantity in among:
        without = sum(quantity.name not in r for r in study.done)
        if without:
            err.print(f"{without} points were stored without {quantity.name}; it is measured where a point is run anew")
    for r in study.failed:
        err.print(f"[red]failed[/] {escape(said(r['values']) + ': ' + r['error'])}", highlight=False, soft_wrap=True)
    if study.failed:
        err.print(f"{len(study.failed)} of {len(study.records)} points failed; --retry-failed computes them again")
