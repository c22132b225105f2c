"""`pltheory check`: the hypotheses only."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .options import (
    certificate_option,
    config_arguments,
    exit_code,
    load,
    out,
    require_certificate,
    save_certificate_of,
    say_precision,
    say_reading,
)


@click.command(name="check")
@config_arguments
@click.option("--level", type=click.Choice(["holds", "certified"]), help="Verdict needed for exit code 0.")
@certificate_option
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on standard output.")
@click.pass_context
def command(
    ctx: click.Context,
    config: str,
    overrides: tuple[str, ...],
    device: str | None,
    theorem: str | None,
    level: str | None,
    certificate: Path | None,
    as_json: bool,
) -> None:
    """Check a theorem's hypotheses on a configuration; nothing is run, and nothing but a certificate written."""
    settings = load(config, overrides, device, theorem)
    from pltheory.report.text import print_report
    from pltheory.study.build import answer

    require_certificate(certificate, settings, level or settings.level)
    report = answer(settings, level=level, run=False, loaded=say_reading)
    say_precision(settings, report.measured.problem)
    if as_json:
        click.echo(report.to_json())
    else:
        print_report(out, json.loads(report.to_json()))
    save_certificate_of(report, certificate)
    ctx.exit(exit_code(report, level or settings.level))
