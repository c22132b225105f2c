"""`pltheory measure`: the numbers at the weights, each with its direction."""

from __future__ import annotations

import json
import math
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich import box
from rich.table import Table

from pltheory.theory import Bound, InvalidInputError
from pltheory.theory.bound import upper

from .options import config_arguments, load, out, progress_bar, say_precision, say_reading

if TYPE_CHECKING:
    from pltheory.problem.problem import Problem
    from pltheory.study.engine import Engine

SMALLEST = "smallest eigenvalue of the tangent kernel"
LARGEST = "largest eigenvalue of the tangent kernel"
RATIO = "||grad L||^2 / (2 L) at the weights"


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
@click.option(
    "--kernel-store",
    "store",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Put the kernel into a folder, tile by tile, and measure it there; the same command resumes it.",
)
@click.option("--verified", is_flag=True, help="With --kernel-store: lambda_min as a verified lower bound.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="With --kernel-store: worker processes for tiles.")
@click.option("--scheduler", metavar="ADDRESS", help="With --kernel-store: tiles by the workers of a dask scheduler.")
@click.option("--json", "as_json", is_flag=True, help="The numbers as JSON on standard output.")
def command(
    config: str,
    overrides: tuple[str, ...],
    device: str | None,
    theorem: str | None,
    ball: float | None,
    search_steps: int,
    store: Path | None,
    verified: bool,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Measure kernel, spectrum, Hessian norms and PL* ratio; with --ball also search for where they fail.

    A number found by search can refute a constant on the ball, never prove one.

    With --kernel-store the kernel's eigenvalues and the PL* ratio alone are measured, of kernels that do not fit into
    memory: an nC x nC kernel needs 8 (n C)^2 bytes of disk, and as much again while its smallest eigenvalue is found.
    """
    if ball is not None and not math.isfinite(ball):
        raise InvalidInputError(f"--ball = {ball}: allowed is a finite positive number")
    _require_fitting(store, {"--ball": ball}, {"--verified": verified, "--workers": workers, "--scheduler": scheduler})
    settings = load(config, overrides, device, theorem)
    from pltheory.study.build import problem_and_reading

    problem, reading = problem_and_reading(settings)
    if store is not None:
        found = _stored(problem, store, verified=verified, workers=workers, scheduler=scheduler)
    else:
        found = _measured(problem, ball, search_steps)
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


def _require_fitting(store: Path | None, without: dict[str, object], only_with: dict[str, object]) -> None:
    for option, given in (without if store is not None else only_with).items():
        if given:
            needs = "is measured in memory, not with" if store is not None else "needs"
            raise InvalidInputError(f"{option}: {needs} --kernel-store")
    if only_with["--workers"] and only_with["--scheduler"]:
        raise InvalidInputError("--workers, --scheduler: give one of them")


def _measured(problem: Problem, ball: float | None, search_steps: int) -> dict[str, tuple[str, Bound]]:
    from pltheory.measure.ball_search import attack_lambda_min, attack_pl_ratio
    from pltheory.measure.hessian import largest_hessian_norm, loss_hessian_norm
    from pltheory.measure.pl_ratio import pl_ratio
    from pltheory.problem.problem import in_span_of_data
    from pltheory.theorems.measured import measure

    # Kernel, gradients and Hessians are the same in the span of the data, and smaller there.
    small = in_span_of_data(problem) or problem
    found: dict[str, tuple[str, Bound]] = {}
    with progress_bar("measuring") as progress:
        progress(0, 4, "kernel")
        at = measure(problem)
        found["lambda_min(K)"] = (SMALLEST, at.lambda_min)
        found["lambda_max(K)"] = (LARGEST, at.lambda_max)
        found["PL* ratio"] = (RATIO, pl_ratio(problem))
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
    return found


def _stored(
    problem: Problem, folder: Path, *, verified: bool, workers: int | None, scheduler: str | None
) -> dict[str, tuple[str, Bound]]:
    from pltheory.measure.pl_ratio import pl_ratio
    from pltheory.study.cost import span, speed
    from pltheory.study.stored_ntk import in_loss, stored_ntk

    with _engine(workers, scheduler) as engine, progress_bar("kernel, by tiles") as progress:
        kernel = stored_ntk(problem.network, problem.x, folder, engine=engine, progress=progress)
    found: dict[str, tuple[str, Bound]] = {}
    with progress_bar("measuring") as progress:
        progress(0, 2, "largest eigenvalue")
        largest = kernel.lambda_max()
        factors = (2 if verified else 1) * len(kernel.matrix) ** 3 / 3
        progress(1, 2, f"smallest eigenvalue, {span(factors / speed(()))} or more")
        found["lambda_min(K)"] = (SMALLEST, in_loss(problem, kernel.lambda_min(rigorous=verified)))
        found["lambda_max(K)"] = (LARGEST, in_loss(problem, largest))
        found["PL* ratio"] = (RATIO, pl_ratio(problem))
    return found


def _engine(workers: int | None, scheduler: str | None) -> AbstractContextManager[Engine]:
    from pltheory.study.engine import in_process, local_cluster, scheduler_at

    if scheduler is not None:
        return scheduler_at(scheduler)
    return local_cluster(workers) if workers else in_process()
