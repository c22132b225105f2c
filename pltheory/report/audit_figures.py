"""Figures of an audit; every function draws on axes that it is given."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..runs.audit import Audit
from .figures import FIXED, MEASURED, PROVEN, STYLE, plain_ticks


def audit_figure(audit: Audit) -> Figure:
    """The norms along the log, and the share of them above every value."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        norms_panel(left, audit)
        share_panel(right, audit)
    return figure


def norms_panel(ax: Axes, audit: Audit) -> None:
    """Every norm in the colour of its branch, with gamma, and gamma / delta where delta begins to matter."""
    t = np.arange(audit.steps)
    is_clipped = ~audit.is_full & ~audit.is_floored
    for where, color, name in (
        (audit.is_full, FIXED, "full"),
        (is_clipped, MEASURED, "clipped"),
        (audit.is_floored, PROVEN, "floored"),
    ):
        ax.plot(t[where], audit.norms[where], ".", ms=3, color=color, label=f"{name}, {int(where.sum())}")
    if np.isfinite(audit.gamma).all():
        ax.plot(t, audit.gamma, color=MEASURED, lw=1, ls="--", label=r"$\gamma$")
        if (audit.delta > 0).all():
            ax.plot(t, audit.gamma / audit.delta, color=PROVEN, lw=1, ls="--", label=r"$\gamma / \delta$")
    ax.set_yscale("log", nonpositive="mask")
    plain_ticks(ax.yaxis)
    ax.set_title("Norms before clipping")
    ax.set_ylabel(r"$\|g_t\|$")
    ax.set_xlabel("logged step")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def share_panel(ax: Axes, audit: Audit) -> None:
    """The share of steps whose norm is above x gamma: read at 1 it is clipping's, at 1 / delta the floor's."""
    finite = bool(np.isfinite(audit.gamma).all())
    x = np.sort(audit.norms / audit.gamma if finite else audit.norms)
    x = x[x > 0]
    if len(x):
        above = np.arange(len(x), 0, -1) / audit.steps
        ax.step(np.append(x, x[-1]), np.append(above, 0.0), where="pre", color=MEASURED)
        ax.set_xscale("log")
    ax.set_ylim(0, 1.03)
    ax.set_ylabel("share of the logged steps")
    if finite:
        at = [(1.0, MEASURED, audit.clipped + audit.floored, "not full")]
        if (audit.delta > 0).all() and np.ptp(audit.delta) == 0:
            at.append((1 / float(audit.delta[0]), PROVEN, audit.floored, r"floored, beyond $1/\delta$"))
        for value, color, count, name in at:
            ax.axvline(value, color=color, lw=1, ls="--")
            # On the side of the line where the curve, which falls, leaves room at the top.
            left = not len(x) or value >= x[-1]
            ax.annotate(
                f"{count / audit.steps:.1%} {name}",
                (value, 1.0),
                (-3 if left else 3, 0),
                textcoords="offset points",
                color=color,
                fontsize=8,
                rotation=90,
                ha="right" if left else "left",
                va="top",
            )
    ax.set_title("How many norms are above")
    ax.set_xlabel(r"$\|g_t\| / \gamma$" if finite else r"$\|g_t\|$")
    plain_ticks(ax.xaxis)
