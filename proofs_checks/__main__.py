"""`python -m proofs_checks`: check every claim and print the table.

Exit code 0 only if all that could run hold; 1 if something does not; 2 for bad input.
"""

from __future__ import annotations

import json
import math
import sys

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from .claims import NAMES, load
from .table import run


def _opinion(counts: dict | str) -> str:
    if isinstance(counts, str):
        return f"[dim]{counts}[/]"
    asked = sum(counts[k] for k in ("agree", "disagree", "unknown"))
    text = f"{counts['agree']}/{asked}"
    return f"[bold red]{counts['disagree']} AGAINST[/]" if counts["disagree"] else text


def _coq(row: dict) -> str:
    """Status of the theorem by hand, and of the one written from the claim where it differs or is missing."""
    if not row["coq_generated"]:
        return f"{row['coq']}, by hand"
    other = row["coq_generated_status"]
    return row["coq"] if other == row["coq"] else f"{row['coq']}, from claim {other}"


WIDE = 130
"""Columns of a terminal from which on the table also says in words what each claim states."""


def _claims_table(report: dict, solvers: list[str], *, wide: bool) -> Table:
    table = Table(title="Claims", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    words = ["statement"] if wide else []
    for column in ("claim", *words, "kernel", "ms", "Coq", *solvers, "mutants", "cited"):
        longest = max(len(row["name"]) for row in report["claims"]) if column == "claim" else None
        table.add_column(column, justify="right" if column in ("ms", "cited") else "left", min_width=longest)
    for row in report["claims"]:
        kernel = f"[green]ok[/] {row['certificates']}" if row["accepted"] else "[bold red]REJECTED[/]"
        false = min(row["mutants_rejected"], row["mutants_refuted"])
        mutants = f"{false}/{row['mutants']}"
        table.add_row(
            row["name"],
            *([row["title"].replace("[", r"\[")] if wide else []),
            kernel,
            f"{row['milliseconds']:.0f}",
            _coq(row),
            *[_opinion(row["opinions"][s]) for s in solvers],
            mutants if false == row["mutants"] else f"[bold red]{mutants}[/]",
            str(len(row["cited"])),
        )
    return table


def _suprema_table(suprema: list[dict]) -> Table:
    table = Table(title="Suprema of activation derivatives", title_justify="left", box=SIMPLE_HEAD)
    for column in ("activation", "order", "supremum", "stored", "stored >= sup", "closed form", "stored >= sup in Coq"):
        table.add_column(column)
    for s in suprema:
        form = {True: "agrees", False: "[bold red]DIFFERS[/]", None: "none"}[s["closed_form_agrees"]]
        table.add_row(
            s["activation"],
            str(s["order"]),
            s["upper"][:20] + ("" if s["attained"] else " (not attained)"),
            repr(s["stored"]),
            "[green]yes[/]" if s["stored_is_upper"] else "[bold red]NO[/]",
            form,
            s["coq"],
        )
    return table


def _positive(ctx: click.Context, param: click.Parameter, value: float) -> float:
    if not 0 < value < math.inf:
        raise click.BadParameter(f"{value} is not a positive finite number", ctx, param)
    return value


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The whole report as JSON on stdout.")
@click.option("--solvers/--no-solvers", default=True, help="Ask z3 and cvc5 where installed.")
@click.option(
    "--seconds", default=0.5, show_default=True, callback=_positive, help="A solver's time for one obligation."
)
@click.option("--claim", "only", multiple=True, type=click.Choice(NAMES), help="Only this claim (repeatable).")
@click.pass_context
def main(ctx: click.Context, as_json: bool, solvers: bool, seconds: float, only: tuple[str, ...]) -> None:
    """Check every derivation and print what was found."""
    claims = [c for c in load() if not only or c.name in only]

    def progress(name: str) -> None:
        # No live display: its thread and the solvers' forked processes do not mix.
        if sys.stderr.isatty():
            click.echo(f"\r\033[Kchecking {name}", err=True, nl=False)

    report = run(claims, solvers, seconds, progress)
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)
    if as_json:
        click.echo(json.dumps(report, indent=1))
        ctx.exit(0 if report["holds"] else 1)
    console = Console()
    asked = list(report["claims"][0]["opinions"])
    console.print(_claims_table(report, asked, wide=console.width >= WIDE))
    for row in report["claims"]:
        if not row["accepted"]:
            console.print(f"[red]{row['name']}[/]: {row['reason']}", markup=True)
    if isinstance(report["suprema"], str):
        console.print(f"Suprema: python-flint {report['suprema']}")
    else:
        console.print(_suprema_table(report["suprema"]))
    kinds = [c["kind"] for c in report["cited"].values()]
    console.print(
        f"Cited, not checked by the kernel: {len(kinds)} lemmas"
        f" ({', '.join(f'{kinds.count(k)} {k}' for k in sorted(set(kinds)))}): {', '.join(report['cited'])}."
    )
    counts = report["counts"]
    console.print(
        f"In Coq: {counts['in Coq']} of {counts['claims']} claims, {counts['generated']} as theorems written from the"
        f" claim, {counts['generated on cited lemmas']} of these with cited lemmas as hypotheses; in no Coq file:"
        f" {counts['not in Coq']}."
    )
    verdict = "[green]all that could run hold[/]" if report["holds"] else "[bold red]NOT ALL HOLD[/]"
    console.print(f"{verdict} ({report['seconds']:.1f} s)")
    ctx.exit(0 if report["holds"] else 1)


if __name__ == "__main__":
    main()
