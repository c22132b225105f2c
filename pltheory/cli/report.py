"""`pltheory report`: render the page of a run folder again."""

from __future__ import annotations

from pathlib import Path

import click

from .options import err, out


@click.command(name="report")
@click.argument("run", type=click.Path(path_type=Path))
def command(run: Path) -> None:
    """Print the report of a run folder and write its report.html again."""
    from pltheory.report.html import render_page
    from pltheory.report.text import print_report
    from pltheory.study.store import read_run, write_file

    origin, report, trace = read_run(run)
    write_file(run / "report.html", render_page(origin, report, trace))
    print_report(out, report)
    err.print(f"[dim]wrote {run}/report.html[/dim]", highlight=False, soft_wrap=True)
