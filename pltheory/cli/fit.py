"""`pltheory fit`: the power laws of a study, against those that the theory expects."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pltheory.theory import InvalidInputError

from .options import err, out


@click.command(name="fit")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--from", "least_width", type=click.IntRange(1), default=1, metavar="WIDTH", help="Fit widths from this one on."
)
@click.option("--json", "as_json", is_flag=True, help="The fits as JSON on standard output.")
def command(run: Path, least_width: int, as_json: bool) -> None:
    """Fit power laws in the width to a study's folder RUN, and test them.

    \b
      pltheory sweep examples/widths.toml
      pltheory fit runs/widths
      pltheory fit runs/widths --from 512

    For each quantity a straight line is fitted to its logarithm against log m, robustly, over all seeds; its error is
    that of a bootstrap over the seeds of each width. Where the theory has a factor of log m beside the power, a second
    row fits what is left without it, and that row is tested.

    \b
    consistent           the test at 5% does not reject the expected exponent
    not consistent       it does: p, the probability of a slope at least as far away, is below 0.05
    not yet asymptotic   p bent, of at least that curvature, is below 0.05: the slope is no exponent; see --from

    What varies beside width and seed is fitted for each of its values. Points that failed are left out.
    """
    from pltheory.report.study_text import print_fits, print_sources
    from pltheory.study.folder import Study
    from pltheory.study.quantities import quantities
    from pltheory.study.scaling import fit_laws

    study = Study.read(run)
    fits = fit_laws(study.done, quantities(), study.identity.fixed, least_width=least_width)
    if not fits:
        widths = sorted({r["width"] for r in study.done if r["width"] is not None})
        here = ", ".join(map(str, widths)) or "none"
        raise InvalidInputError(
            f"{run}: nothing to fit from width {least_width} on; needed are three points at two widths, there are the "
            f"widths {here}"
        )
    if as_json:
        said = {"schema": "pltheory-fit/1", "study": study.identity.hash, "from": least_width}
        click.echo(json.dumps({**said, "fits": [fit.to_dict() for fit in fits]}, indent=2))
        return
    print_fits(out, fits)
    print_sources(out, fits)
    for fit in fits:
        if fit.left_out:
            err.print(f"{fit.left_out} points without a positive {fit.quantity} are left out", highlight=False)
