"""`pltheory sweep`: a grid of widths and seeds with fitted slopes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from pltheory.measure.infinite_width import infinite_width_ntk
from pltheory.measure.spectrum import lambda_min
from pltheory.report.figures import svg, sweep_figure
from pltheory.report.text import print_sweep
from pltheory.study.build import data_of
from pltheory.study.config import Config
from pltheory.study.scaling import fit_slopes
from pltheory.study.store import write_file
from pltheory.study.sweep import run_sweep
from pltheory.theory import NotAvailableError, NumericalFailureError

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

    Writes points/HASH.json, sweep.json and sweep.svg, each whole.
    """
    settings = load(config, overrides, device, theorem)
    target = folder or Path("runs") / ("stdin" if config == "-" else Path(config).stem)
    with progress_bar("sweep") as progress:
        records = run_sweep(settings, target, progress=progress)
    slopes = fit_slopes(records)
    limit = infinite_width_limit(settings)
    summary = {
        "schema": "pltheory-sweep/1",
        "records": records,
        "slopes": [asdict(s) for s in slopes],
        "lambda_min_infinite_width": limit,
    }
    text = json.dumps(summary, indent=2)
    write_file(target / "sweep.json", text)
    write_file(target / "sweep.svg", svg(sweep_figure(records, slopes, limit)))
    if as_json:
        click.echo(text)
    else:
        print_sweep(out, records, slopes)
    err.print(f"[dim]sweep folder: {target}  (figure {target}/sweep.svg)[/dim]", highlight=False, soft_wrap=True)


def infinite_width_limit(config: Config) -> float | None:
    """lambda_min of the limit kernel, where depth, activation and data are the same at every point."""
    n = config.network
    varies = {k for section in ("data", "network") for k in config.sweep.get(section, {})} - {"hidden"}
    varies |= {"loss"} & set(config.sweep)
    depths = {len(hidden) for hidden in config.sweep.get("network", {}).get("hidden", [n.hidden])}
    if (
        len(depths) > 1
        or n.parametrization != "ntk"
        or n.bias
        or n.checkpoint is not None
        or varies
        or config.data.source == "sphere"
    ):
        return None
    try:
        kernel = infinite_width_ntk(data_of(config).x, hidden_layers=depths.pop(), activation=n.activation)
    except (NotAvailableError, NumericalFailureError):
        return None  # the line is left out of the figure
    return lambda_min(kernel / (data_of(config).n if config.loss == "mean" else 1)).value
