"""How far the proved rate is from the best one: `python -m proofs_checks.performance_estimation` (extra `peers`).

One step of length h on a loss that is mu-PL* and has |Hess L| <= beta, per L_t. Three numbers:

* proved q, the shipped `contraction`: what Theorem A uses. It needs the upper bound of the Hessian only.
* best known: PEPit's performance estimation over the smooth functions that satisfy a quadratic Lojasiewicz inequality.
  Its conditions are necessary for such functions, not known to be sufficient, so the value is an upper bound of the
  true worst case; a semidefinite solver computed it in floating point, so it is evidence and no part of a proof.
* lower bound: the worst quadratic with curvatures in [mu, beta], max((1 - mu h)^2, (1 - beta h)^2), which is attained.

The true worst case lies between the last two. The performance estimation assumes Hess L >= -beta too, which Theorem A
does not: for Theorem A itself nothing below q is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import click
from rich import box
from rich.console import Console
from rich.table import Table

from pltheory.theory.formulas import contraction

CASES = ((0.2, 1.0), (0.2, 0.5), (0.2, 1.5), (0.05, 1.0), (0.5, 1.0), (0.01, 1.0))
"""(mu / beta, beta h) of the table."""


@dataclass(frozen=True)
class Row:
    """One-step factors of the loss, at beta = 1.

    Attributes:
        proved: q.
        best_known: performance estimation, an upper bound in floating point.
        lower: attained by a quadratic.
    """

    mu: float
    h: float
    proved: float
    best_known: float
    lower: float


def worst_quadratic(mu: float, h: float) -> float:
    """Worst factor over quadratics with curvatures c in [mu, 1]: (1 - c h)^2 is convex in c, so largest at an end."""
    return max((1 - mu * h) ** 2, (1 - h) ** 2)


def performance_estimation(mu: float, h: float) -> float:
    """PEPit's worst case of one gradient step, beta = 1.

    Raises:
        ImportError: PEPit is not installed.
    """
    from PEPit import PEP
    from PEPit.functions import SmoothQuadraticLojasiewiczFunctionExpensive

    problem = PEP()
    loss = problem.declare_function(SmoothQuadraticLojasiewiczFunctionExpensive, L=1.0, mu=mu)
    least = loss(loss.stationary_point())
    start = problem.set_initial_point()
    gradient, value = loss.oracle(start)
    problem.set_initial_condition(value - least <= 1)
    problem.set_performance_metric(loss(start - h * gradient) - least)
    return float(problem.solve(verbose=0))


def rows() -> list[Row]:
    """The three numbers for each (mu / beta, beta h)."""
    return [
        Row(mu, h, contraction(mu, 1.0, h), performance_estimation(mu, h), worst_quadratic(mu, h)) for mu, h in CASES
    ]


@click.command()
def main() -> None:
    """Print proved q, best known value and lower bound for one step."""
    if find_spec("PEPit") is None:
        raise click.ClickException("PEPit is not installed: pip install 'pltheory[peers]'")
    table = Table(title="Factor of the loss in one step", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("mu/beta", "beta h", "proved q", "best known", "lower bound"):
        table.add_column(name, justify="right")
    for r in rows():
        table.add_row(f"{r.mu:g}", f"{r.h:g}", f"{r.proved:.4f}", f"{r.best_known:.4f}", f"{r.lower:.4f}")
    Console().print(table)


if __name__ == "__main__":
    main()
