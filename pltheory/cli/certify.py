"""`pltheory certify`: prove that a checkpoint lies in the basin of a global minimum."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pltheory.theory import InvalidInputError

from .options import config_option, err, load, out, progress_bar


@click.command(name="certify")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@config_option
@click.option(
    "--polish", "limit", type=click.IntRange(min=0), help="Most Gauss-Newton steps; default 12, 0 is --no-polish."
)
@click.option("--no-polish", "as_is", is_flag=True, help="Prove at the weights as they are, or say UNDECIDED.")
@click.option(
    "--theorem",
    default="C",
    show_default=True,
    help="What is proved; S is about schedules, M, MB, M2 and M3 are about momentum.",
)
@click.option(
    "--out", "target", type=click.Path(path_type=Path), help="Certificate to write; default CHECKPOINT with .cert.json."
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on standard output.")
@click.pass_context
def command(
    ctx: click.Context,
    checkpoint: Path,
    config: str,
    overrides: tuple[str, ...],
    limit: int | None,
    as_is: bool,
    theorem: str,
    target: Path | None,
    as_json: bool,
) -> None:
    """Certify Theorem C, or another, at CHECKPOINT, a state_dict of torch or safetensors, for the problem of --config.

    The report begins with how the weights fit as loaded. Kernel Gauss-Newton steps then bring a copy into the basin;
    the certificate is about the weights they end at, which are stored beside it. `pltheory recheck` checks it again
    with other code.
    """
    if as_is and limit:
        raise InvalidInputError(f"--polish {limit}: with --no-polish only 0")
    at = f"network.checkpoint={json.dumps(str(checkpoint.absolute()))}"
    settings = load(config, (*overrides, at), None, theorem)
    from pltheory.certification.claim import require_free
    from pltheory.report.checkpoint_text import print_checkpoint
    from pltheory.study.checkpoint_report import at_checkpoint
    from pltheory.theorems.ladder import BASINS

    if theorem not in BASINS:
        raise InvalidInputError(f"--theorem {theorem}: allowed are {', '.join(BASINS)}")
    file = checkpoint.with_suffix(".cert.json") if target is None else target
    require_free(file)
    steps = 0 if as_is else 12 if limit is None else limit
    with progress_bar("certifying", "reading the weights") as progress:
        report = at_checkpoint(settings, theorem=BASINS[theorem], limit=steps, progress=progress)
    basin = report.basin
    if basin.certificate is not None and basin.holds:
        basin.certificate.save(file)
    said = report.to_dict(file.with_suffix(".npz").name)
    if as_json:
        click.echo(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        print_checkpoint(out, said)
    if basin.failure is not None:
        raise basin.failure
    if basin.holds:
        err.print(f"[dim]wrote {file} and {file.with_suffix('.npz').name}[/dim]", highlight=False, soft_wrap=True)
    ctx.exit(0 if basin.holds else 3)
