"""The terminal's view of an audit."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..runs.audit import Array, Audit, Reach


def print_audit(console: Console, audit: Audit) -> None:
    """Counts, what would engage, and the conclusion."""
    title = f"{audit.steps} logged steps, gamma = {shown_range(audit.gamma)}, delta = {shown_range(audit.delta)}"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("step", "when", "steps", "share"):
        table.add_column(name, justify="right" if name in ("steps", "share") else "left", no_wrap=name != "when")
    for name, when, count in (
        ("full", "||g|| <= gamma: h = eta", audit.full),
        ("clipped", "gamma < ||g|| <= gamma / delta: h = eta gamma / ||g||", audit.clipped),
        ("floored", "||g|| > gamma / delta: h = eta delta", audit.floored),
    ):
        table.add_row(name, when, f"{count}", f"{count / audit.steps:.1%}")
    console.print(table)
    times = f"{audit.above_gamma:.4g} gamma = {audit.above_floor:.4g} gamma / delta"
    console.print(f"[bold]largest ||g||:[/] {times}; above 1 the one clips, the other floors", highlight=False)
    for name, side, reaches, does in (
        ("gamma", "<", audit.gammas, "clips"),
        ("delta", ">", audit.deltas, "floors"),
    ):
        said = "; ".join(reached(name, side, does, reach) for reach in reaches)
        console.print(f"[bold]{name} that engages:[/] {said}", highlight=False)
    console.print("[dim]had the norms been the same: another gamma or delta makes another run[/]", highlight=False)
    held = audit.off_rule
    if held is not None:
        console.print(
            f"[bold]logged step sizes:[/] {audit.steps - held} of {audit.steps} are the rule's", highlight=False
        )
    console.print(f"[bold]conclusion:[/] {escape(audit.conclusion)}", highlight=False)


def reached(name: str, side: str, does: str, reach: Reach) -> str:
    """What it takes to engage, in a clause; `name` of gamma or delta, `side` the one on which it `does` so."""
    if reach.value is None:
        return f"none {does} {reach.share:.0%}"
    return f"{name} {side} {reach.value:.4g} {does} {reach.share:.0%}"


def shown_range(values: Array) -> str:
    """The one value, or the least and the largest."""
    low, high = values.min(), values.max()
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
