"""`pltheory check`: the hypotheses only."""

from __future__ import annotations

import json

import click

from pltheory.report.text import print_report
from pltheory.study.build import answer

from .options import config_arguments, exit_code, load, out


@click.command(name="check")
@config_arguments
@click.option("--level", type=click.Choice(["holds", "certified"]), help="Verdict needed for exit code 0.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on standard output.")
@click.pass_context
def command(
    ctx: click.Context,
    config: str,
    overrides: tuple[str, ...],
    device: str | None,
    theorem: str | None,
    level: str | None,
    as_json: bool,
) -> None:
    """Check a theorem's hypotheses on a configuration; nothing is run and nothing is written."""
    settings = load(config, overrides, device, theorem)
    report = answer(settings, level=level, run=False)
    if as_json:
        click.echo(report.to_json())
    else:
        print_report(out, json.loads(report.to_json()))
    ctx.exit(exit_code(report, level or settings.level))
