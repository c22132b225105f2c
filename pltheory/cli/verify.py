"""`pltheory verify`: measure, check, run, confirm, report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pltheory.theory import InvalidInputError

from .options import (
    certificate_option,
    config_arguments,
    err,
    exit_code,
    load,
    out,
    progress_bar,
    require_certificate,
    save_certificate_of,
    say_precision,
    say_reading,
)

if TYPE_CHECKING:
    from pltheory.study.config import Config
    from pltheory.verification.report import VerifyReport


@click.command(name="verify")
@config_arguments
@click.option("--level", type=click.Choice(["holds", "certified"]), help="Verdict needed for exit code 0.")
@click.option("--out", "folder", type=click.Path(path_type=Path), help="Run folder; default runs/<config name>.")
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
    folder: Path | None,
    certificate: Path | None,
    as_json: bool,
) -> None:
    """Measure, check a theorem, run the optimizer and report.

    Writes a run folder (manifest.json, report.json, trace.csv, report.html), whole or not at all.
    """
    settings = load(config, overrides, device, theorem)
    if folder is not None and folder.exists():
        # Said again when writing; here it saves the run that would be lost.
        raise InvalidInputError(f"--out {folder}: exists already")
    from pltheory.report.text import print_report
    from pltheory.study.build import answer
    from pltheory.study.store import free_name, write_folder

    require_certificate(certificate, settings, level or settings.level)
    with progress_bar("verifying", "measuring, proving") as progress:
        report = answer(settings, level=level, progress=progress, loaded=say_reading)
    say_precision(settings, report.measured.problem)
    target = folder or free_name(Path("runs"), "stdin" if config == "-" else Path(config).stem)
    write_folder(target, files_of(report, settings))
    if as_json:
        click.echo(report.to_json())
    else:
        print_report(out, json.loads(report.to_json()))
    err.print(f"[dim]run folder: {target}  (open {target}/report.html)[/dim]", highlight=False, soft_wrap=True)
    save_certificate_of(report, certificate)
    ctx.exit(exit_code(report, level or settings.level))


def files_of(report: VerifyReport, config: Config) -> dict[str, str]:
    """The files of a run folder."""
    from pltheory.report.html import render_page
    from pltheory.study.build import device_of
    from pltheory.study.store import manifest, trace_to_csv

    dtype = str(report.measured.problem.x.dtype).removeprefix("torch.")
    origin = manifest(config, str(device_of(config)), dtype)
    files = {"manifest.json": json.dumps(origin, indent=2), "report.json": report.to_json()}
    if report.run is not None:
        files["trace.csv"] = trace_to_csv(report.run.trace)
    trace = None if report.run is None else report.run.trace
    return {**files, "report.html": render_page(origin, json.loads(report.to_json()), trace)}
