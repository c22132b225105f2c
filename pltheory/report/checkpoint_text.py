"""The terminal's view of a checkpoint's report, from its JSON form."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .text import STYLES, number


def print_checkpoint(console: Console, report: dict[str, Any]) -> None:
    """Print a report of schema `pltheory-certify/1`, a warning first."""
    if report["warning"] is not None:
        _warn(console, report["warning"])
    console.print(_settings(report))
    console.print(_fits(report))
    if report["polish"] is not None:
        _polish(console, report["polish"])
    if report["certificate"] is not None:
        _certificate(console, report["certificate"], report["verdict"] == "CERTIFIED")
    if report["shortfall"]:
        _line(console, "open", report["shortfall"])
    _line(console, "about", report["about"])
    style = STYLES[report["verdict"]]
    more = "" if report["warning"] is None else "   see the WARNING at the top"
    console.print(f"[bold]verdict:[/] [{style}]{report['verdict']}[/]{more}", highlight=False)


def _line(console: Console, topic: str, words: str) -> None:
    console.print(f"[bold]{topic}:[/] {escape(words)}", highlight=False, soft_wrap=True)


def _warn(console: Console, warning: dict[str, Any]) -> None:
    console.print(
        "[bold red]WARNING:[/] these weights do not look trained under the settings in force", highlight=False
    )
    lines = Table(box=None, show_header=False, padding=(0, 1))
    for _ in range(2):
        lines.add_column()
    for reason in (*warning["reasons"], warning["cause"]):
        lines.add_row("-", escape(reason))
    console.print(lines)
    console.print()


def _settings(report: dict[str, Any]) -> Table:
    table = Table(title="In force", box=box.SIMPLE, show_header=False, title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("checkpoint", escape(report["checkpoint"]["path"]))
    table.add_row("", escape(report["checkpoint"]["said"]))
    for topic, words in report["in_force"].items():
        table.add_row(topic, escape(words))
    return table


def _fits(report: dict[str, Any]) -> Table:
    table = Table(title="Fit to the targets", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("at the weights", "loss", "||r||", "share of the variation left"):
        table.add_column(name, justify="left" if name == "at the weights" else "right")
    fits = {"as loaded": report["loaded"]}
    if report["polish"] is not None and report["polish"]["moved"]:
        fits["polished"] = report["polish"]["fit"]
    if report["loaded"]["right"] is not None:
        table.add_column("classified right", justify="right")
    for name, f in fits.items():
        right = [] if f["right"] is None else [f"{f['right']} of {f['samples']}, {f['right'] / f['samples']:.1%}"]
        table.add_row(name, number(f["loss"]), number(f["residual"]), number(f["unexplained"], 3), *right)
    return table


def _polish(console: Console, polish: dict[str, Any]) -> None:
    steps = Table(title="Kernel Gauss-Newton polish", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("point", "||r||", "ratio, needs > 1", "step taken", "damping"):
        steps.add_column(name, justify="right")
    for i, s in enumerate(polish["steps"]):
        step = f"{s['step']:g}" if s["step"] else "-"
        damping = f"{s['damping']:.1g}" if s["damping"] else "-"
        steps.add_row(str(i), f"{s['residual']:.3e}", number(s["ratio"], 3), step, damping)
    console.print(steps)
    share = "" if polish["moved_share"] is None else f", {polish['moved_share']:.2g} of ||w|| = {polish['norm']:.4g}"
    _line(console, "polish", f"weights moved by {polish['moved']:.4g} in all{share}")


def _certificate(console: Console, claim: dict[str, Any], holds: bool) -> None:
    rows = Table(title=f"Theorem {claim['theorem']}, round-off included", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("hypothesis", "left at most", "", "right at least", "proved"):
        rows.add_column(name)
    for h in claim["hypotheses"]:
        left, right = (float.fromhex(h[side]["hex"]) for side in ("left", "right"))
        proved = left < right if h["relation"] == "<" else left <= right
        rows.add_row(h["name"], f"{left:.8g}", h["relation"], f"{right:.8g}", "yes" if proved else "[red]no[/]")
    console.print(rows)
    if holds:
        eta, required, rate = (
            float.fromhex(v["hex"])
            for v in (claim["optimizer"]["eta"], claim["bounds"]["required"], claim["bounds"]["rate"])
        )
        _line(
            console,
            "conclusion",
            f"from these weights {claim['optimizer']['name']} with eta = {eta:.4g} reaches a zero of L within distance "
            f"{required:.4g}; {claim['conclusion']}; 1 - rate = {1 - rate:.3g}",
        )
