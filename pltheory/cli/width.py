"""`pltheory width`: how wide is wide enough."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING

import click
from rich import box
from rich.table import Table

from pltheory.theory import InvalidInputError, NotAvailableError

from .options import config_arguments, load, out, progress_bar

if TYPE_CHECKING:
    from pltheory.study.config import Config
    from pltheory.theorems.ball import BallTheorem


@click.command(name="width")
@config_arguments
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(min=1), help="Initialisations searched.")
@click.option(
    "--failure", default=0.01, show_default=True, type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Probability of failure allowed to the a-priori width.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The widths as JSON on standard output.")
def command(
    config: str,
    overrides: tuple[str, ...],
    device: str | None,
    theorem: str | None,
    seeds: int,
    failure: float,
    as_json: bool,
) -> None:
    """Find the smallest certified width, by bisection over networks really built, and compare with formulas.

    A width is certified with round-off included. Each width is a fresh draw from the seed.
    """
    settings = load(config, overrides, device, theorem)
    from pltheory.study.build import settings_of
    from pltheory.study.config import with_values
    from pltheory.theorems.ball import BallTheorem
    from pltheory.theorems.ladder import ALL, BEST, LADDER, WEAKEST_DEMAND

    name = WEAKEST_DEMAND.id if settings.theorem.name in (ALL, BEST) else settings.theorem.name
    known = {t.id: t for t in LADDER if isinstance(t, BallTheorem) and t.certifiable and not t.at_checkpoint}
    if name not in known:
        raise InvalidInputError(f"theorem.name = {name!r}: widths can be searched for {', '.join(known)}")
    known[name].require_covers(settings_of(settings))
    found: dict[int, int | None] = {}
    with progress_bar("searching") as progress:
        for k in range(seeds):
            seed = settings.run.seed + k
            progress(k, seeds, f"seed {seed}")
            found[seed] = _search(with_values(settings, {"run.seed": seed}), known[name])
    widths = [w for w in found.values() if w is not None]
    middle = median(widths) if len(widths) == len(found) else None
    summary: dict[str, object] = {
        "schema": "pltheory-width/1",
        "theorem": name,
        "certified": {str(s): w for s, w in found.items()},
        "median": middle,
        "apriori": _apriori(settings, failure),
        "failure_probability": failure,
        "scale_lzb22_4": _scale(settings),
    }
    if as_json:
        click.echo(json.dumps(summary, indent=2))
    else:
        _print(summary)


def _search(config: Config, theorem: BallTheorem) -> int | None:
    from pltheory.certificates.width import smallest_width
    from pltheory.study.build import Widths, settings_of

    widths = Widths(config, settings_of(config), theorem)
    limit = widths.limit(0.25)
    width = smallest_width(widths.ratio_at, widths.first, limit)
    # What holds by a hair as computed may not survive round-off: go up until it is proved.
    while width is not None and not widths.certified_at(width):
        width = int(1.01 * width) + 1
        width = None if width > limit else width
    return width


def _apriori(config: Config, failure: float) -> int | str:
    from pltheory.certificates.apriori import apriori_width
    from pltheory.study.build import Widths, settings_of
    from pltheory.study.network import require_fully_connected
    from pltheory.theorems.ladder import WEAKEST_DEMAND

    network = require_fully_connected(config, "widths are searched for")
    widths = Widths(config, settings_of(config), WEAKEST_DEMAND)
    if len(network.hidden) != 1 or network.parametrization != "ntk" or network.bias or config.loss != "sum":
        return "for one hidden layer, NTK parametrisation, no biases and the summed loss only"
    data = widths.data
    try:
        width = apriori_width(
            data.x,
            data.y,
            settings_of(config),
            network.activation,
            failure,
            rademacher=network.output_init == "rademacher",
        )
    except NotAvailableError as error:
        return str(error)
    return "none below 1e15" if width is None else width


def _scale(config: Config) -> float | None:
    """The width scale of [LZB22, Theorem 4] at the radius of the configured network's profile."""
    from pltheory.study.build import Widths, settings_of
    from pltheory.study.network import require_fully_connected
    from pltheory.theorems.ladder import WEAKEST_DEMAND
    from pltheory.theory.formulas import width_scale_lzb

    hidden = require_fully_connected(config, "widths are searched for").hidden
    problem, bounds = Widths(config, settings_of(config), WEAKEST_DEMAND).profile_at(hidden[0])
    lam = bounds.lambda_0.value
    if lam <= 0:
        return None
    radius = 2 * bounds.residual / (lam / 2) ** 0.5
    return float(width_scale_lzb(len(problem.x), radius, len(hidden), lam, lam / 2))


def _print(summary: dict[str, object]) -> None:
    table = Table(title="How wide is wide enough", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("width", justify="right")
    table.add_column("what it is", overflow="fold")
    found = summary["certified"]
    assert isinstance(found, dict)
    for seed, width in found.items():
        table.add_row(
            _shown(width), f"smallest certified by Theorem {summary['theorem']}, seed {seed}, round-off included"
        )
    table.add_row(_shown(summary["median"]), "median over these seeds")
    apriori = summary["apriori"]
    if isinstance(apriori, int):
        surely = 1 - float(str(summary["failure_probability"]))
        table.add_row(_shown(apriori), f"a priori: Theorem B with probability ≥ {surely:g}, explicit constants")
    else:
        table.add_row("-", f"a priori: {apriori}")
    scale = summary["scale_lzb22_4"]
    formula = "n R^(6L+2) / (lambda_0 - mu)^2 of LZB22 Theorem 4: asymptotic, constant not given"
    table.add_row("-" if scale is None else f"~ {scale:.1e}", formula)
    out.print(table)


def _shown(width: object) -> str:
    return "none fits" if width is None else f"{width:,}"
