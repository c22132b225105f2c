"""`pltheory recheck`: an independent check of a certificate file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.markup import escape

from pltheory.rechecker import MOST_GIB, MOST_SECONDS, recheck

from .options import err, out, progress_bar


@click.command(name="recheck")
@click.argument("cert", type=click.Path(path_type=Path))
@click.option("--bits", type=click.IntRange(24, 100_000), default=128, show_default=True, help="Precision.")
@click.option(
    "--most-seconds",
    type=click.FloatRange(0, min_open=True),
    default=MOST_SECONDS,
    show_default=True,
    help="Processor time; a recheck that its sizes say takes more is not begun.",
)
@click.option(
    "--most-gib",
    type=click.FloatRange(0, min_open=True),
    default=MOST_GIB,
    show_default=True,
    help="Memory, likewise.",
)
@click.option("--json", "as_json", is_flag=True, help="Every comparison as JSON on standard output.")
@click.pass_context
def command(ctx: click.Context, cert: Path, bits: int, most_seconds: float, most_gib: float, as_json: bool) -> None:
    """Recompute a certificate's claims from its stored arrays, in ball arithmetic, by a second implementation.

    Exit codes: 0 accepted, 1 a claim fails, 2 damaged or unreadable, 3 the precision or the limits do not decide, 4
    numerical failure.
    """
    with progress_bar("rechecking", "reading the file") as progress:
        result = recheck(cert, bits=bits, most_seconds=most_seconds, most_gib=most_gib, progress=progress)
    if as_json:
        click.echo(json.dumps({"accepted": result.accepted, **asdict(result)}, indent=1))
    elif result.accepted:
        out.print(f"[green]accepted[/green]  {escape(result.message)}", highlight=False, soft_wrap=True)
    else:
        err.print(f"[red]rejected[/red]  {escape(result.message)}", highlight=False, soft_wrap=True)
    ctx.exit(result.code)
