"""`pltheory certify`: prove that a checkpoint lies in the basin of a global minimum."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich import box
from rich.table import Table

from pltheory.certification.certificate import Certificate, certify
from pltheory.certification.certificate_file import document, save_certificate
from pltheory.certification.polish import Polished, polish
from pltheory.study.build import problem_of, settings_of
from pltheory.theory import InvalidInputError

from .options import config_option, err, load, out, progress_bar


@click.command(name="certify")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@config_option
@click.option(
    "--polish", "limit", default=12, show_default=True, help="Most Gauss-Newton steps; 0 takes the weights as they are."
)
@click.option(
    "--out", "target", type=click.Path(path_type=Path), help="Certificate to write; default CHECKPOINT with .cert.json."
)
@click.option("--json", "as_json", is_flag=True, help="The certificate as JSON on standard output.")
@click.pass_context
def command(
    ctx: click.Context,
    checkpoint: Path,
    config: str,
    overrides: tuple[str, ...],
    limit: int,
    target: Path | None,
    as_json: bool,
) -> None:
    """Certify Theorem C at CHECKPOINT, a state_dict saved by torch.save, for the problem of --config.

    Kernel Gauss-Newton steps first bring the weights into the basin; the certificate is about the weights they end at,
    which are stored beside it. `pltheory recheck` checks it again with other code.
    """
    file = checkpoint.with_suffix(".cert.json") if target is None else target
    if file.exists():
        raise InvalidInputError(f"--out {file}: exists already")
    settings = load(config, (*overrides, f"network.checkpoint={json.dumps(str(checkpoint.absolute()))}"), None, "C")
    rule, problem = settings_of(settings), problem_of(settings)
    with progress_bar("polishing") as progress:
        polished = polish(problem, rule, limit=limit, progress=progress)
        progress(limit, limit, "verifying")
        certificate = certify(polished.problem, rule, polished.profile, theorem="C")
    if certificate.holds:
        save_certificate(certificate, file)
    if as_json:
        click.echo(document(certificate).text(file.with_suffix(".npz").name))
    else:
        _print(polished, certificate)
    if certificate.holds:
        err.print(f"[dim]wrote {file} and {file.with_suffix('.npz').name}[/dim]", highlight=False, soft_wrap=True)
    ctx.exit(0 if certificate.holds else 3)


def _print(polished: Polished, c: Certificate) -> None:
    steps = Table(title="Kernel Gauss-Newton polish", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("point", "||r||", "ratio, needs > 1", "step taken", "damping"):
        steps.add_column(name, justify="right")
    for i, s in enumerate(polished.steps):
        step = f"{s.step:g}" if s.step else "-"
        steps.add_row(str(i), f"{s.residual:.3e}", f"{s.ratio:.3g}", step, f"{s.damping:.1g}" if s.damping else "-")
    out.print(steps)
    out.print(f"weights moved by {polished.moved:.4g} in all", highlight=False)
    rows = Table(title="Theorem C, round-off included", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("hypothesis", "left at most", "", "right at least", "proved"):
        rows.add_column(name)
    for h in c.inequalities:
        rows.add_row(h.name, f"{h.left:.8g}", h.relation, f"{h.right:.8g}", "yes" if h.holds else "[red]no[/]")
    out.print(rows)
    if c.holds:
        out.print(
            f"from these weights {c.optimizer} with eta = {c.eta:.4g} reaches a zero of L within distance "
            f"{c.required:.4g}, L_t <= q^t L_0 with 1 - q = {1 - c.rate:.3g}",
            highlight=False,
        )
    out.print(f"[bold]verdict:[/] {'[bold green]CERTIFIED[/]' if c.holds else '[yellow]UNDECIDED[/]'}", highlight=False)
