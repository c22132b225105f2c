"""`pltheory sweep`: a grid of widths and seeds with fitted slopes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from pltheory.report.figures import svg, sweep_figure
from pltheory.report.text import print_sweep
from pltheory.study.quantities import limits, quantities
from pltheory.study.scaling import fit_slopes
from pltheory.study.store import records_to_csv, write_file
from pltheory.study.sweep import run_sweep

from .options import config_arguments, err, load, out, progress_bar


@click.command(name="sweep")
@config_arguments
@click.option("--out", "folder", type=click.Path(path_type=Path), help="Folder; default runs/<config name>.")
@click.option("--json", "as_json", is_flag=True, help="Records and slopes as JSON on standard output.")
def command(
    config: str,
    overrides: tuple[str, ...],
    device: str | None,
    theorem: str | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Run every point of the [sweep] section; points that are there already are not run again.

    Writes points/HASH.json, sweep.json, sweep.csv and sweep.svg, each whole.
    """
    settings = load(config, overrides, device, theorem)
    among = quantities()
    target = folder or Path("runs") / ("stdin" if config == "-" else Path(config).stem)
    with progress_bar("sweep") as progress:
        records = run_sweep(settings, target, quantities=among, progress=progress)
    slopes = fit_slopes(records, among)
    at_infinity = limits(among, settings)
    summary = {
        "schema": "pltheory-sweep/1",
        "records": records,
        "slopes": [asdict(s) for s in slopes],
        **{f"{name}_infinite_width": value for name, value in at_infinity.items()},
    }
    text = json.dumps(summary, indent=2)
    write_file(target / "sweep.json", text)
    write_file(target / "sweep.csv", records_to_csv(records, [q.name for q in among]))
    write_file(target / "sweep.svg", svg(sweep_figure(records, slopes, at_infinity, among)))
    if as_json:
        click.echo(text)
    else:
        print_sweep(out, records, slopes, among)
    for quantity in among:
        without = sum(quantity.name not in r for r in records)
        if without:
            err.print(f"{without} points were stored without {quantity.name}; it is measured where a point is run anew")
    err.print(f"[dim]sweep folder: {target}  (figure {target}/sweep.svg)[/dim]", highlight=False, soft_wrap=True)
