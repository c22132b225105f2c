"""The terminal's view of a report, from its JSON form."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .graph import costliest, label, percent
from .rows import measured, needed, number, seen

STYLES = {
    "CERTIFIED": "bold green",
    "HOLDS": "green",
    "UNDECIDED": "yellow",
    "REFUTED": "red",
    "agrees": "green",
    "contradicts": "red",
}


def margin(value: float | None) -> str:
    """Available over required."""
    return "" if value is None else f"x {value:.3g}"


def constants(theorem: dict[str, Any]) -> str:
    """The rate and PL* constant of a theorem that holds, as a clause; empty where it has none."""
    reach, promise = theorem["reach"], theorem.get("promise")
    if reach is None and promise is not None and promise["rate"] is not None:
        return f"; 1 - q = {number(1 - promise['rate'], 3, 'lower')}"
    if reach is None or reach["rate"] is None:
        return ""
    if reach["rate"] == 1:  # the steps of a schedule may end: no factor a step is claimed
        return f"; mu = {number(reach['mu'], 3, 'lower')}"
    return f"; mu = {number(reach['mu'], 3, 'lower')}, 1 - q = {number(1 - reach['rate'], 3, 'lower')}"


def print_report(console: Console, report: dict[str, Any]) -> None:
    """Print the tables of a report of schema `pltheory-report/2`, or of 1."""
    by_id = {t["id"]: t for t in report["theorems"]}
    main = by_id[report["main_theorem"]]
    if report.get("data"):
        console.print(f"[bold]data:[/] {escape(report['data'])}", highlight=False)
    console.print(_hypotheses(main))
    if len(by_id) > 1:
        console.print(_tried(report) if report.get("asked") == "best" else _ladder(report["theorems"]))
    if report["run"] is not None:
        console.print(_run(report, main))
    if report.get("graph") and costliest(report["graph"], 1):  # a folder of an earlier version has no graph
        console.print(_lost(report["graph"]))
    if main["shortfall"]:
        console.print(f"[bold]open:[/] {escape(main['shortfall'])}", highlight=False)
    if report["closing_width"] is not None:
        console.print(
            f"[bold]a width that would do:[/] {report['closing_width']} (built with this seed; not the smallest)",
            highlight=False,
        )
    if main["verdict"] in ("HOLDS", "CERTIFIED"):
        console.print(f"[bold]conclusion:[/] {escape(main['conclusion'])}{constants(main)}", highlight=False)
    for row in main.get("consequences", []):
        said = f"{measured(row)}, {row['how']}"
        console.print(f"[bold]{escape(row['name'])}:[/] {_styled(row['verdict'])} ({escape(said)})", highlight=False)
    if main.get("origin"):
        console.print(f"[bold]rows by:[/] {escape(main['origin'])}, not by this project", highlight=False)
    if report.get("evidence_untold"):
        console.print(f"[bold]the run says nothing:[/] {escape(report['evidence_untold'])}", highlight=False)
    console.print(
        f"[bold]verdict:[/] {_styled(report['verdict'])}   [bold]run:[/] {_styled(report['evidence'])}", highlight=False
    )


def _styled(word: str) -> str:
    style = STYLES.get(word)
    return f"[{style}]{word}[/]" if style else word


def _hypotheses(theorem: dict[str, Any]) -> Table:
    table = Table(title=f"Theorem {theorem['id']}: {theorem['title']}", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("hypothesis", overflow="fold", max_width=44)
    for name in ("needed", "measured"):
        table.add_column(name, overflow="fold", max_width=16)
    table.add_column("margin", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for r in theorem["hypotheses"]:
        first = f"{escape(r['name'])}\n  [dim]{escape(r['how'])}[/]"
        table.add_row(first, escape(needed(r)), escape(measured(r)), margin(r["margin"]), _styled(r["verdict"]))
    return table


def _ladder(theorems: list[dict[str, Any]]) -> Table:
    table = Table(title="The ladder: one problem, every theorem", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("theorem", no_wrap=True)
    for name in ("ball R", "R asked for", "ratio", "eta", "eta up to", "1 - rate"):
        table.add_column(name, justify="right")
    table.add_column("verdict", no_wrap=True)
    for t in theorems:
        r = t["reach"] or {}
        gap = None if r.get("rate") is None else 1 - r["rate"]
        table.add_row(
            t["id"],
            number(r.get("radius"), 3),
            number(r.get("required"), 3),
            number(r.get("ratio"), 3),
            number(r.get("eta"), 2),
            number(r.get("eta_limit") or None, 2),
            number(gap, 2),
            _styled(t["verdict"]),
        )
    return table


def _tried(report: dict[str, Any]) -> Table:
    table = Table(title="Tried in order of cost", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("theorem", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("what it lacks", overflow="fold")
    for t in report["theorems"]:
        table.add_row(t["id"], _styled(t["verdict"]), escape(why_not(t, report)))
    return table


def why_not(theorem: dict[str, Any], report: dict[str, Any]) -> str:
    """What a theorem that was tried fell short of; the one that answers says so."""
    if theorem["id"] == report["main_theorem"]:
        return theorem["shortfall"] or "nothing: shown above"
    return str(theorem["shortfall"])


def _run(report: dict[str, Any], main: dict[str, Any]) -> Table:
    run, reach, promise = report["run"], main["reach"], main.get("promise")
    rule = report["optimizer"]
    title = f"Run of {rule['name']}" + (f", {rule['origin']}" if "origin" in rule else "")
    table = Table(title=title, box=box.SIMPLE, show_header=False, title_justify="left")
    held = main["verdict"] in ("HOLDS", "CERTIFIED")
    ratio = None if run["loss_end"] is None or not run["loss_start"] else run["loss_end"] / run["loss_start"]
    batches = report.get("batches")
    if batches is not None:
        table.add_row("steps see", seen(batches))
        if batches.get("workers") is not None:
            rounds = f"passes through its part in a round: {batches['passes']}"
            table.add_row("workers", f"{batches['workers']}, averaged; {rounds}; run one after another")
    table.add_row("ended", f"{run['reason']} after {run['steps']} steps, {run['note']}")
    table.add_row("loss", f"{number(run['loss_start'])} to {number(run['loss_end'])}, {number(ratio, 2)} of its start")
    ball = (
        f" of {number(reach['required'], kind='upper')} certified"
        if held and reach and reach["required"] is not None
        else ""
    )
    since = promise.get("since", 0) if held and promise else 0
    # With momentum the ball is one for the point ahead of the weights.
    alone = not reach or bool(rule.get("momentum"))
    ball = "" if alone else ball
    if held and alone and promise and promise["radius"] is not None and not since:
        ball = f" of {number(promise['radius'], kind='upper')} promised"
    if ball and promise and promise.get("level"):
        ball += " down to the level"  # a run may go on below it
    whose = " of all workers together" if batches is not None and batches.get("workers") is not None else ""
    table.add_row("path", f"{number(run['path_length'])}{whose}{ball}; distance {number(run['distance'])}")
    table.add_row("kernel drift", number(run["kernel_drift"], 3))
    if run.get("pieces"):
        table.add_row("pieces", sides(run["pieces"]))
    broken, own = run["first_violation"], run.get("reported_against_measured", [])
    by_itself = broken is not None and broken["inequality"] in {c["name"] for c in own}
    fails = "" if broken is None else (
        f"step {broken['step']}: {broken['inequality']} fails, {broken['left']:.6g} > {broken['right']:.6g}"
    )  # fmt: skip
    if own:
        whole = f"{len(own)} inequalities between what it reports and its weights and gradients, no violation"
        table.add_row("optimizer", escape(fails if by_itself else whole))
    if run["checked_every_step"] and not by_itself:
        steps = f"every step from {since} on" if since else "every step"
        said = f"{len(run['checked_every_step'])} inequalities at {steps}, no violation" if broken is None else fails
        table.add_row("checked", escape(said))
        table.add_row("for rounding", escape(granted(run)))
    elif by_itself:
        table.add_row("checked", "no further: this is no run of the step rule")
    elif since:
        table.add_row("checked", f"nothing: what is promised begins at step {since}")
    return table


def _lost(graph: dict[str, Any]) -> Table:
    """The three nodes that cost the most, a line each."""
    title = f"Where the bounds on the ball R = {number(graph['radius'])} are lost"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("node (kind, size)", no_wrap=True)
    for name in ("of the Jacobian's change", "of its curvature"):
        table.add_column(name, justify="right")
    for v in costliest(graph, 3):
        node = graph["nodes"][v]
        table.add_row(escape(label(node)), percent(node["change"]), percent(node["curvature"]))
    return table


def sides(pieces: dict[str, int]) -> str:
    """How many arguments changed their side of a kink on the way, in one line."""
    return (
        f"{pieces['changes']} changes of side among {pieces['arguments']} arguments of functions with kinks, "
        f"counted between {pieces['recorded']} recorded iterates"
    )


def granted(run: dict[str, Any]) -> str:
    """What the checks were granted for rounding, in one line."""
    found = run.get("rounding")
    residual = f"{number(run['round_off_granted_to_residual'], 2)} of ||r||"
    if found is None:  # a folder of an earlier version
        return residual
    path = next((f", {number(c['granted'], 2)} of the path" for c in found["granted"] if c["name"][:4] == "path"), "")
    return f"{residual}{path}: {found['how']}"
