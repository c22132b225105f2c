"""`pltheory audit`: what a log of gradient norms says of clipping and of the floor."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .options import err, out


@click.command(name="audit")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--column", metavar="NAME", help="The norms' column; else the one called grad_norm or the like.")
@click.option("--gamma", metavar="VALUE|COLUMN", help="The threshold; else the column gamma. inf never clips.")
@click.option("--delta", metavar="VALUE|COLUMN", help="The floor in [0, 1), 0 for GClip; else the column delta.")
@click.option("--eta", metavar="VALUE|COLUMN", help="The learning rate; else the column eta, lr or learning_rate.")
@click.option("--figure", type=click.Path(path_type=Path), metavar="SVG", help="Draw the norms into this file.")
@click.option("--html", type=click.Path(path_type=Path), metavar="PAGE", help="Write a page of it into this file.")
@click.option("--json", "as_json", is_flag=True, help="The audit as JSON on standard output.")
@click.pass_context
def command(
    ctx: click.Context,
    log: Path,
    column: str | None,
    gamma: str | None,
    delta: str | None,
    eta: str | None,
    figure: Path | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Say in how many steps of LOG the step of delta-GClip was full, clipped, floored, and what the run tests then.

    \b
      pltheory audit run.csv --gamma 0.25 --delta 1e-3
      pltheory audit run.csv --html run.html
      pltheory audit wandb.csv --column train/grad_norm --gamma 1 --delta 0 --json

    LOG is a table of text whose first line names the columns, with the norm of the whole gradient before clipping in
    each row; pl.Monitor writes one, and so does a run's folder (trace.csv). Where a column step_size is beside eta, the
    steps are held against the rule. What a monitor measured along the run stands on the page of --html.

    \b
    exit code 0   delta held up a step: the run is evidence about delta-GClip
              1   the logged step sizes are another rule's
              3   it never did, or that is undecided: nothing of delta-GClip is tested
    """
    from pltheory.runs.audit import RunOf
    from pltheory.runs.monitor_log import readings
    from pltheory.runs.norm_log import read_log

    read = read_log(log, column)
    found, measured = read.audit(gamma, delta, eta), readings(read)
    if read.left_out:
        rows = "1 row" if read.left_out == 1 else f"{read.left_out} rows"
        err.print(f"{rows} without a norm left out", highlight=False)
    if figure is not None:
        from pltheory.report.audit_figures import audit_figure
        from pltheory.report.figures import svg
        from pltheory.study.store import write_file

        write_file(figure, svg(audit_figure(found)))
    if html is not None:
        from pltheory.report.audit_page import render_audit
        from pltheory.study.store import write_file

        write_file(html, render_audit(found, measured, source=f"{read.path}, column {read.column}"))
    if as_json:
        said = {**found.to_dict(), "log": str(read.path), "column": read.column, "rows_without_norm": read.left_out}
        click.echo(json.dumps(said, indent=2))
    else:
        from pltheory.report.audit_text import print_audit

        print_audit(out, found)
    code = {RunOf.DELTA_GCLIP: 0, RunOf.ANOTHER: 1}
    ctx.exit(code.get(found.run_of, 3))
