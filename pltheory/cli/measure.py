"""`pltheory measure`: the numbers at the weights, each with its direction."""

from __future__ import annotations

import json
import math

import click
from rich import box
from rich.table import Table

from pltheory.theory import Bound, InvalidInputError
from pltheory.theory.bound import upper

from .options import config_arguments, load, out, progress_bar, say_precision, say_reading


@click.command(name="measure")
@config_arguments
@click.option(
    "--ball", type=click.FloatRange(min=0, min_open=True), help="Search the ball of this radius for smaller constants."
)
@click.option(
    "--search-steps",
    type=click.IntRange(min=0),
    default=30,
    show_default=True,
    help="Gradient steps of the search, per start.",
)
@click.option("--json", "as_json", is_flag=True, help="The numbers as JSON on standard output.")
def command(
    config: str,
    overrides: tuple[str, ...],
    device: str | None,
    theorem: str | None,
    ball: float | None,
    search_steps: int,
    as_json: bool,
) -> None:
    """Measure kernel, spectrum, Hessian norms and PL* ratio; with --ball also search for where they fail.

    A number found by search can refute a constant on the ball, never prove one.
    """
    if ball is not None and not math.isfinite(ball):
        raise InvalidInputError(f"--ball = {ball}: allowed is a finite positive number")
    settings = load(config, overrides, device, theorem)
    from pltheory.measure.ball_search import attack_lambda_min, attack_pl_ratio
    from pltheory.measure.hessian import largest_hessian_norm, loss_hessian_norm
    from pltheory.measure.pl_ratio import pl_ratio
    from pltheory.problem.problem import in_span_of_data
    from pltheory.study.build import problem_and_reading
    from pltheory.theorems.measured import measure

    problem, reading = problem_and_reading(settings)
    # Kernel, gradients and Hessians are the same in the span of the data, and smaller there.
    small = in_span_of_data(problem) or problem
    found: dict[str, tuple[str, Bound]] = {}
    with progress_bar("measuring") as progress:
        progress(0, 4, "kernel")
        at = measure(problem)
        found["lambda_min(K)"] = ("smallest eigenvalue of the tangent kernel", at.lambda_min)
        found["lambda_max(K)"] = ("largest eigenvalue of the tangent kernel", at.lambda_max)
        found["PL* ratio"] = ("||grad L||^2 / (2 L) at the weights", pl_ratio(problem))
        progress(1, 4, "Hessian of the loss")
        found["||Hess L||"] = ("spectral norm of the loss Hessian", loss_hessian_norm(small).value)
        progress(2, 4, "Hessians of the outputs")
        largest = largest_hessian_norm(small.network, small.x).value
        found["max ||Hess f||"] = ("largest spectral norm over samples and outputs", largest)
        if ball is not None:
            progress(3, 4, f"search in the ball of radius {ball:g}")
            attack = attack_lambda_min(small, ball, steps=search_steps)
            lam = upper(problem.unit * attack.value.value, attack.value.method)
            found[f"inf lambda_min, R = {ball:g}"] = (f"found at distance {attack.distance:.3g}", lam)
            attack = attack_pl_ratio(small, ball, steps=search_steps)
            found[f"inf PL* ratio, R = {ball:g}"] = (f"found at distance {attack.distance:.3g}", attack.value)
    if reading is not None:
        say_reading(reading)
    say_precision(settings, problem)
    if as_json:
        click.echo(
            json.dumps({k: {"value": b.value, "kind": b.kind, "method": b.method} for k, (_, b) in found.items()})
        )
        return
    loss = problem.objective
    title = f"Measured, loss = {loss.words}, {loss.reduction}"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("quantity", no_wrap=True)
    table.add_column("value", justify="right")
    for name in ("direction", "what", "how"):
        table.add_column(name, overflow="fold")
    for name, (what, b) in found.items():
        table.add_row(name, f"{b.value:.6g}", b.kind, what, b.method)
    out.print(table)
