"""Figures of a run; every function draws on axes that it is given."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from ..runs.trace import COLUMNS, Array, Trace
from ..theory import InvalidInputError
from ..theory.formulas import rate
from ..verification.report import VerifyReport
from .graph import costliest, label, percent

MEASURED, PROVEN = "#1f5fa8", "#c8442b"
FIXED = "#8a929c"
CROWDED = 40
"""Nodes beyond which a graph is not drawn with its edges: only those that cost the most are listed."""
STYLE: Any = {
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "pltheory",
}


def svg(figure: Figure) -> str:
    """The figure as text: without a date and with names drawn from its content, so that it is the same every time."""
    buffer = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "pltheory"})
    return buffer.getvalue()


def run_figure(report: VerifyReport | dict[str, Any], trace: Trace | None = None) -> Figure:
    """The four panels of a run: loss, distance, step size, lambda_min.

    Args:
        report: what `verify` returned, or its `to_dict` as a run folder has it.
        trace: the run; may be left out where the report is an object that has it.

    Raises:
        InvalidInputError: nothing was run.
    """
    said: dict[str, Any] = json.loads(report.to_json()) if isinstance(report, VerifyReport) else report
    if isinstance(report, VerifyReport) and trace is None:
        trace = report.trace
    if trace is None:
        raise InvalidInputError("run_figure: there is no run to draw; steps = 0 only checks")
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 6.4), layout="constrained")
        for ax, panel in zip(figure.subplots(2, 2).flat, RUN_PANELS, strict=True):
            panel(ax, trace, said)
    return figure


def run_panels(report: dict[str, Any], trace: Trace) -> list[Figure]:
    """The same panels, a figure each, for a page that arranges them by its width."""
    figures = []
    for panel in RUN_PANELS:
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(4.8, 3.1), layout="constrained")
            panel(figure.subplots(), trace, report)
        figures.append(figure)
    return figures


def _certified(report: dict[str, Any]) -> dict[str, Any] | None:
    main = next(t for t in report["theorems"] if t["id"] == report["main_theorem"])
    if main["verdict"] not in ("HOLDS", "CERTIFIED"):
        return None
    promise, reach = main.get("promise"), main["reach"]
    until = None if promise is None else promise.get("until")
    level = None if promise is None else promise.get("level")
    if level is not None and not level > 0:
        level = None
    ends = {"until": until, "level": level}
    if report["optimizer"].get("momentum"):
        # What falls by a factor a step is an energy that no figure shows, and a loss only up to a constant.
        radius = None if promise is None else promise["radius"]
        return {"rate": None, "required": radius, "mu": None, "beta": None, "since": 0, **ends}
    if promise is None:
        return None if reach is None else {**reach, "since": 0, **ends}
    # Without a ball around the start there is no PL* constant that a figure knows.
    mu, beta = (None, None) if reach is None else (reach["mu"], reach["beta"])
    rate, radius = promise["rate"], promise["radius"]
    return {"rate": rate, "required": radius, "mu": mu, "beta": beta, "since": promise["since"], **ends}


def _last(reach: dict[str, Any], trace: Trace) -> int:
    """The last step that is spoken of: where the level is met, or where weight decay is no longer followed."""
    last = len(trace.loss) - 1
    if reach["until"] is not None:
        last = min(last, int(reach["until"]))
    if reach["level"] is not None and trace.loss.min() <= reach["level"]:
        last = min(last, int(np.argmax(trace.loss <= reach["level"])))
    return last


def plain_ticks(axis: Axis) -> None:
    """Numbers, not multiples of powers of ten, on a logarithmic axis of less than two decades."""
    low, high = axis.get_view_interval()
    if high < 100 * low:
        axis.set_major_locator(MaxNLocator(5) if high < 3 * low else LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())


def _eta(report: dict[str, Any]) -> float | None:
    """The ceiling of the steps; None where it was a multiple of 1/beta of a ball that the report does not name."""
    main = next(t for t in report["theorems"] if t["id"] == report["main_theorem"])
    named = main["reach"] or main.get("promise")
    eta = report["optimizer"]["eta"] if named is None else named["eta"]
    return None if isinstance(eta, str) else float(eta)


def _drawable(values: Array) -> Array:
    """NaN, which is not drawn, for what a diverged run takes beyond the reach of an axis."""
    return np.where(np.abs(values) < 1e100, values, np.nan)


def loss_panel(ax: Axes, trace: Trace, report: dict[str, Any]) -> None:
    """Loss against its proven envelope, from the step that it starts at, and against the sharper one by steps taken."""
    reach, t = _certified(report), np.arange(len(trace.loss))
    level = None if reach is None else reach["level"]
    if reach is not None and (reach["rate"] is None or reach["since"] >= len(trace.loss)):
        reach = None
    ax.semilogy(t, _drawable(trace.loss), color=MEASURED, label=COLUMNS["loss"].label)
    ax.set_title("Loss" if reach is None else "Loss under its proven envelope")
    if reach is not None:
        q, since = reach["rate"], reach["since"]
        name = f"$q^t L_0$, 1 - q = {1 - q:.2g}"
        if since:
            name = f"$q^{{t-T}} L_T$, T = {since}, 1 - q = {1 - q:.2g}"
        with np.errstate(under="ignore"):
            ax.semilogy(t[since:], trace.loss[since] * q ** (t[since:] - since), color=PROVEN, ls="--", label=name)
            if reach["mu"] is not None:
                floors = [rate(reach["mu"], reach["beta"], h, 1.0) for h in trace.step_size]
                own = trace.loss[0] * np.cumprod([1.0, *floors])
                ax.semilogy(t, own, color=PROVEN, lw=1, label="the same with the steps taken")
        ax.set_ylim(bottom=0.3 * trace.loss[trace.loss > 0].min(initial=trace.loss[0]))
    if level is not None:
        ax.axhline(level, color=PROVEN, ls="--", label=f"level that is reached, {level:.3g}")
        ax.set_title("Loss, and the level that is proved to be reached")
    plain_ticks(ax.yaxis)
    ax.set_xlabel("step t")
    ax.legend()


def distance_panel(ax: Axes, trace: Trace, report: dict[str, Any]) -> None:
    """Path length and distance from the start against the certified radius, which counts from the step it starts at."""
    reach = _certified(report)
    if reach is not None and (reach["required"] is None or reach["since"] >= len(trace.path)):
        reach = None
    ax.plot(_drawable(trace.path), color=MEASURED, lw=1, ls=":", label=COLUMNS["path"].label)
    ax.plot(trace.recorded, _drawable(trace.distance), color=MEASURED, label=COLUMNS["distance"].label)
    ax.set_title("Distance" if reach is None else "Distance inside the certified ball")
    if reach is not None:
        radius, since, last = reach["required"], reach["since"], _last(reach, trace)
        if since:
            left, name = float(trace.path[since]), f"path at T = {since}, and {radius:.3g} certified"
            ax.plot([since, last], [left + radius] * 2, color=PROVEN, ls="--", label=name)
        elif last < len(trace.path) - 1:
            name = f"certified radius {radius:.3g}, up to t = {last}"
            ax.plot([0, last], [radius] * 2, color=PROVEN, ls="--", label=name)
        else:
            ax.axhline(radius, color=PROVEN, ls="--", label=f"certified radius {radius:.3g}")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("step t")
    ax.legend()


def step_panel(ax: Axes, trace: Trace, report: dict[str, Any]) -> None:
    """The step size between its floor and its ceiling."""
    h, eta = trace.step_size, _eta(report)
    if eta is None:
        eta = float(h[np.isfinite(h)].max(initial=0)) or 1.0
    rule = report["optimizer"]
    delta = rule["floor"] if "floor" in rule else rule["delta"]
    ax.plot(h, color=MEASURED, label=COLUMNS["step_size"].label)
    ax.axhline(eta, color=PROVEN, ls="--", lw=1, label=rf"$\eta$ = {eta:.3g}")
    scheduled = rule.get("schedule", {"name": "constant"})["name"] != "constant"
    if 0 < delta < 1 and not scheduled:
        ax.axhline(eta * delta, color=PROVEN, ls=":", lw=1, label=rf"$\eta\delta$ = {eta * delta:.3g}")
    ax.set_ylim(0, 1.15 * eta)
    ax.set_title(r"Step size in $[\eta\delta,\ \eta]$" if 0 < delta < 1 and not scheduled else "Step size")
    ax.set_xlabel("step t")
    ax.legend(loc="center right")


def lambda_panel(ax: Axes, trace: Trace, report: dict[str, Any]) -> None:
    """Smallest kernel eigenvalue along the run against the certified PL* constant."""
    reach = _certified(report)
    ax.plot(trace.recorded, trace.lambda_min, color=MEASURED, marker=".", ms=4, label=COLUMNS["lambda_min"].label)
    ax.set_title("Tangent kernel along the run")
    if reach is not None and reach["mu"] is not None:
        ax.axhline(reach["mu"], color=PROVEN, ls="--", label=rf"certified $\mu$ = {reach['mu']:.3g}")
    ax.set_ylim(0, 1.25 * np.nanmax(trace.lambda_min, initial=1e-300))
    ax.set_xlabel("step t")
    ax.legend()


def sides_panel(ax: Axes, changed: Array, since: int | None = None) -> None:
    """Arguments that changed their side of a kink at every step, and all changes up to it.

    Args:
        ax: the axes.
        changed: how many are on another side at w_{t+1} than at w_t, shape (T,).
        since: the step from which Theorem N speaks of the run.
    """
    t = np.arange(1, len(changed) + 1)
    some, whole = changed > 0, np.cumsum(changed)
    ax.semilogy(t, np.where(whole > 0, whole, np.nan), color=PROVEN, label="since the start")
    ax.semilogy(t[some], changed[some], ".", ms=3, color=MEASURED, label="at the step")
    _since(ax, since)
    ax.set_ylim(0.7, 3 * max(1.0, float(np.sum(changed))))
    ax.set_title("Changes of side of a kink")
    ax.set_xlabel("step t")
    ax.legend(loc="center right")


def margins_panel(ax: Axes, nearest: Array, moved: Array) -> None:
    """How near the nearest argument is to its kink at every iterate, against how far the proof lets it go there.

    Args:
        ax: the axes.
        nearest: least distance of weights at which an argument meets a kink, shape (T + 1,).
        moved: radius of the ball about an iterate in which no kink may be met, of as many iterates as are certified.
    """
    ax.semilogy(nearest, ".", ms=3, color=MEASURED, label="nearest kink, in weights")
    ax.semilogy(np.where(moved > 0, moved, np.nan), color=PROVEN, label=r"$2\epsilon_t$, what the proof needs")
    _since(ax, len(moved) - 1)
    ax.set_ylim(bottom=0.03 * np.min(moved[moved > 0], initial=np.min(nearest)))
    ax.set_title("Margins over the certified steps")
    ax.set_xlabel("step t")
    ax.legend(loc="lower right")


def _since(ax: Axes, since: int | None) -> None:
    if since is not None:
        ax.axvline(since, color=FIXED, lw=1, ls=":")
        ax.annotate(f"T = {since}", (since, 1), xycoords=("data", "axes fraction"), xytext=(3, -10),
                    textcoords="offset points", fontsize=8, color=FIXED)  # fmt: skip


RUN_PANELS = (loss_panel, distance_panel, step_panel, lambda_panel)


def graph_figure(graph: dict[str, Any]) -> Figure:
    """A network's nodes from the input down, with the edges between them, beside each node's shares of the bounds.

    Args:
        graph: of a report. Of more than `CROWDED` nodes those that cost the most are shown, without edges.
    """
    nodes = graph["nodes"]
    whole = len(nodes) <= CROWDED
    shown = list(range(len(nodes))) if whole else sorted(costliest(graph, CROWDED))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 1.1 + 0.27 * len(shown)), layout="constrained")
        if whole:
            left, right = figure.subplots(1, 2, width_ratios=[1, 7])
            edges_panel(left, graph)
        else:
            right = figure.subplots()
        shares_panel(right, graph, shown)
        where = f"R = {graph['radius']:.3g}"
        more = "" if whole else f": the {len(shown)} that cost the most of {len(nodes)} nodes"
        right.set_title(f"Where the bounds on the ball {where} are lost{more}")
        figure.legend(loc="outside lower right", ncols=2)
    return figure


def edges_panel(ax: Axes, graph: dict[str, Any]) -> None:
    """One mark a node, the input on top; an edge that passes other nodes is an arc, wider the more it passes."""
    nodes = graph["nodes"]
    spans = [1]
    for v, node in enumerate(nodes):
        for u in node["inputs"]:
            spans.append(v - u)
            out = 0.0 if v - u == 1 else -0.9 * (v - u) ** 0.6
            line = Path([(0, u), (out, u + 0.3), (out, v - 0.3), (0, v)], [Path.MOVETO, *[Path.CURVE4] * 3])
            ax.add_patch(PathPatch(line, fill=False, ec=FIXED, lw=1.1, zorder=1))
    for v, node in enumerate(nodes):
        mark, color = {"affine": ("s", MEASURED), "sum": ("P", FIXED)}.get(
            node["kind"], ("o", PROVEN if node["function"] else FIXED)
        )
        ax.plot([0], [v], mark, ms=9 if mark == "P" else 6, mew=0, color=color, zorder=2)
    ax.set_xlim(-0.75 * max(spans) ** 0.6 - 0.3, 0.4)
    ax.set_ylim(len(nodes) - 0.4, -0.6)
    ax.axis("off")


def shares_panel(ax: Axes, graph: dict[str, Any], shown: Sequence[int]) -> None:
    """Two bars a node: its share of the bound of the Jacobian's change, and of that of its derivative."""
    nodes = [graph["nodes"][v] for v in shown]
    at = np.arange(len(nodes))
    bars = {"change": (-0.19, MEASURED, "of the Jacobian's change"), "curvature": (0.19, PROVEN, "of its curvature")}
    for key, (off, color, words) in bars.items():
        shares = [100 * node[key] for node in nodes]
        ax.barh(at + off, shares, height=0.34, color=color, label=words)
        for y, node in zip(at + off, nodes, strict=True):
            if node[key] >= 0.005:
                ax.text(100 * node[key] + 0.6, y, percent(node[key]), va="center", fontsize=7, color=color)
    ax.set_yticks(at, [label(node).replace("$", r"\$") for node in nodes])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(nodes) - 0.4, -0.6)
    ax.set_xlim(0, max(10.0, 112 * max((node[key] for node in nodes for key in bars), default=0.0)))
    ax.set_xlabel("share, per cent")
