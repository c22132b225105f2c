"""Figures of a study; every function draws on axes that it is given, from records alone, and measures nothing.

A group is what varies beside width and seed, with its values. A band is from the least to the largest of all seeds of
a width, its line their median.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from ..study.grid import group_of, said
from ..study.quantities import BUILT_IN, Quantity
from ..study.scaling import Fit
from .figures import FIXED, MEASURED, PROVEN, STYLE, plain_ticks

VERDICT_COLORS = {"CERTIFIED": "#1a7f4b", "HOLDS": "#1a7f4b", "UNDECIDED": "#b58900", "REFUTED": "#b3261e"}
GROUP_COLORS = (MEASURED, "#1a7f4b", "#8e44ad", "#b58900", "#0e8a8a", "#7a5230")
"""Of the groups of a panel; further groups are not drawn, and the legend says so."""
WIDTHS_SHOWN = 3
"""Of a spectrum and of a ratio along runs: the narrowest, a middle one, the widest."""
BINS = 18
SMALL: Any = {"fontsize": 8}
BELOW: Any = {"loc": "upper left", "bbox_to_anchor": (0, -0.2)}
"""A legend below the axes."""

Records = Sequence[Mapping[str, Any]]


def sweep_figure(
    records: Records,
    fits: Sequence[Fit],
    limits: Mapping[str, float | None] | None = None,
    quantities: Sequence[Quantity] = BUILT_IN,
) -> Figure:
    """Every quantity that has a title against the width, two panels a row: `width_panel`.

    Args:
        records: points of a sweep.
        fits: of their laws; a panel has one line for each value of what varies beside width and seed.
        limits: values at infinite width by name of the quantity, drawn where known.
        quantities: those of the sweep.
    """
    drawn = [q for q in quantities if q.title]
    rows = -(-len(drawn) // 2)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.2 * rows), layout="constrained")
        axes = list(figure.subplots(rows, 2, squeeze=False).flat)
        for ax, quantity in zip(axes, drawn, strict=False):
            width_panel(ax, records, quantity, fits, (limits or {}).get(quantity.name))
        for ax in axes[len(drawn) :]:
            ax.remove()
    return figure


def width_panel(
    ax: Axes, records: Records, quantity: Quantity, fits: Sequence[Fit], limit: float | None = None
) -> None:
    """One quantity against the width, a point per seed, coloured by verdict, with fitted and expected power laws.

    Args:
        ax: the axes.
        records: points of a study.
        quantity: what is drawn.
        fits: laws of the study; those of other quantities are passed over.
        limit: its value at infinite width, where it is known.
    """
    # A logarithmic axis has no place for what is missing or zero.
    points = [(r["width"], r[quantity.name], r["verdict"]) for r in records if r["width"] and r.get(quantity.name)]
    for verdict, color in VERDICT_COLORS.items():
        some = [(w, v) for w, v, said_there in points if said_there == verdict]
        if some:
            ax.plot(*zip(*some, strict=True), "o", ms=4, color=color, alpha=0.8, label=verdict)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_title(quantity.title or quantity.name.replace("_", " "))
    x = np.array(sorted({w for w, _, _ in points}), dtype=float)
    laws = [fit for fit in fits if fit.quantity == quantity.name]
    for k, fit in enumerate(laws):
        low, high = fit.interval
        # Of many groups a legend would hide the points.
        one = f"slope {fit.slope:.2f} [{low:.2f}, {high:.2f}]"
        name = one if len(laws) == 1 else f"fitted, one line for each of {len(laws)}" if k == 0 else None
        ax.plot(x, np.exp(fit.plain.intercept) * x**fit.slope, color=MEASURED, lw=1, label=name)
        _draw_expected(ax, x, fit, records, named=k == 0)
    if limit is not None:
        ax.axhline(limit, color=PROVEN, ls="--", lw=1, label=f"infinite width, {limit:.3g}")
    if quantity.needed is not None:
        ax.axhline(quantity.needed, color=PROVEN, ls="--", lw=1, label=f"needed: {quantity.needed:g}")
    values = [v for _, v, _ in points]
    if values and max(values) < 3 * min(values):
        # Less than a decade: plain ticks around the data read better than powers of ten.
        ax.set_yscale("linear")
        ax.set_ylim(0, 1.3 * max(values))
    elif values:
        plain_ticks(ax.yaxis)
    _width_axis(ax, x.tolist())
    _legend(ax)


def _draw_expected(ax: Axes, x: Any, fit: Fit, records: Records, *, named: bool) -> None:
    """The expected law, dotted, through the middle of the group's points."""
    if fit.expected is None or (fit.log_power and not x.min() > 1):
        return
    mine = [(r["width"], r.get(fit.quantity)) for r in records if group_of(r["values"]) == fit.group]
    here = np.array([(w, v) for w, v in mine if w and v and v > 0], dtype=float)
    if not len(here):
        return

    def shape(m: Any) -> Any:
        return m**fit.expected * (np.log(m) ** fit.log_power if fit.log_power else 1.0)

    scale = np.exp(np.mean(np.log(here[:, 1] / shape(here[:, 0]))))
    factor = rf"\,(\log m)^{{{fit.log_power:g}}}" if fit.log_power else ""
    power = f"m^{{{fit.expected:g}}}{factor}" if fit.expected or factor else "m^0"
    ax.plot(x, scale * shape(x), color=PROVEN, lw=1, ls=":", label=f"expected ${power}$" if named else None)


def spectrum_panel(ax: Axes, records: Records, limit: Sequence[float] = ()) -> None:
    """Eigenvalues of the tangent kernel at w_0, a histogram for each of three widths, with the limit kernel's.

    Args:
        ax: the axes.
        records: of one network and data set, at any widths and seeds: seeds are pooled.
        limit: eigenvalues of the kernel of infinite width, shape (n C,); they are drawn as marks too.
    """
    spectra: dict[float, list[list[float]]] = {}
    for r in records:
        if r.get("spectrum") and r["width"]:
            spectra.setdefault(r["width"], []).append(r["spectrum"])
    known = np.array([v for of_width in spectra.values() for s in of_width for v in s] + [*limit])
    seen = known[known > 0]
    ends = (0.9 * float(seen.min()), 1.1 * float(seen.max())) if len(seen) else (0.1, 1.0)
    bins = np.geomspace(*ends, BINS + 1).tolist()
    shown = _spread(sorted(spectra))
    for color, width in zip(_ordered(len(shown)), shown, strict=True):
        pooled = np.concatenate([np.array(s) for s in spectra[width]])
        seeds = len(spectra[width])
        name = f"m = {width}" + (f", {seeds} runs" if seeds > 1 else "")
        share = np.full(len(pooled), 1 / len(pooled))
        ax.hist(pooled, bins, weights=share, histtype="stepfilled", fc=(*to_rgb(color), 0.3), ec=color, label=name)
    if len(limit):
        values = np.asarray(limit, dtype=float)
        ax.hist(values, bins, weights=np.full(len(values), 1 / len(values)), histtype="step", color=PROVEN, ls="--",
                lw=1.2, label="infinite width")  # fmt: skip
        ax.plot(values, np.full(len(values), 0.02), "|", ms=9, color=PROVEN, transform=ax.get_xaxis_transform())
    below = int((known <= 0).sum())
    if below:
        ax.plot([], [], " ", label=f"{below} at or below 0 are not drawn")
    ax.set_xscale("log")
    ax.set_xlim(bins[0], bins[-1])
    plain_ticks(ax.xaxis)
    ax.set_xlabel(r"eigenvalue of $K(w_0)$")
    ax.set_ylabel("share")
    ax.set_title("Spectrum of the tangent kernel")
    _legend(ax, **BELOW, ncols=2)


def band_panel(ax: Axes, records: Records, name: str) -> None:
    """A quantity against the width, with a band over the seeds for each group.

    Args:
        ax: the axes.
        records: points of a study.
        name: of a quantity.
    """
    groups = _groups(records)
    for color, (label, members) in zip(GROUP_COLORS, groups.items(), strict=False):
        widths, low, middle, high = _band(members, name)
        if len(widths):
            ax.fill_between(widths, low, high, color=color, alpha=0.18, lw=0)
            ax.plot(widths, middle, "o-", ms=3.5, lw=1.2, color=color, label=label)
    if len(groups) > len(GROUP_COLORS):
        ax.plot([], [], " ", label=f"the first {len(GROUP_COLORS)} of {len(groups)}")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    _width_axis(ax, sorted({r["width"] for r in records if r["width"] and r.get(name)}))


def certificate_panel(ax: Axes, records: Records) -> None:
    """What Theorem B has over what it needs, against the width, with a band over the seeds; from 1 on it closes.

    The ratio is found by a search in floating point; what is proved is a verdict CERTIFIED. The width at which the
    median crosses 1 is read off between two widths of the study, on logarithmic axes, and is never extrapolated.
    """
    band_panel(ax, records, "certificate_ratio")
    drawn = list(_groups(records).items())[: len(GROUP_COLORS)]
    for line, (label, members) in zip(ax.lines[: len(drawn)], drawn, strict=False):
        where = _crossing(members)
        line.set_label(f"{label}: {where}" if label else where)
    ax.axhline(1.0, color=PROVEN, ls="--", lw=1, label="needed: 1")
    ax.set_title("Certificate ratio, Theorem B")
    _legend_of_groups(ax, len(drawn))


def drift_panel(ax: Axes, records: Records) -> None:
    """Change of the tangent kernel along the run over its norm at w_0, with a band over the seeds.

    Beside it the two laws that the theory knows: 1/m along the run of gradient descent, conjectured and measured [Dyer,
    Gur-Ari 2020, arXiv:1909.11304], and m^(-1/2), a bound in a ball [Liu, Zhu, Belkin 2020, arXiv:2010.01092]. They are
    drawn through the medians of the narrowest width: they are slopes, no bounds of these numbers.
    """
    band_panel(ax, records, "kernel_drift")
    groups = _groups(records)
    bands = [band for members in groups.values() if len((band := _band(members, "kernel_drift"))[0])]
    if bands:
        widths = np.unique(np.concatenate([band[0] for band in bands]))
        start = np.exp(np.mean([np.log(band[2][0]) for band in bands]))
        for power, style, words in (
            (-1.0, "--", "like $1/m$: along the run"),
            (-0.5, ":", "like $m^{-1/2}$: bounds in a ball"),
        ):
            ax.plot(widths, start * (widths / widths[0]) ** power, color=PROVEN, ls=style, lw=1, label=words)
    ax.set_title("Kernel drift along the run")
    _legend_of_groups(ax, len(groups))


def ratio_panel(ax: Axes, records: Records) -> None:
    """The PL* ratio ||grad L||^2 / (2 L) along runs: for each of three widths the envelope over all its runs.

    The dotted line is the smallest eigenvalue of the kernel at w_0, of the seed that has the least: of the square loss
    the ratio cannot lie below the smallest eigenvalue at the same weights.

    Args:
        ax: the axes.
        records: of one network, data set and step rule, at any widths and seeds.
    """
    runs: dict[float, list[Mapping[str, Any]]] = {}
    for r in records:
        if r.get("pl_ratio") and r["pl_ratio"]["step"] and r["width"]:
            runs.setdefault(r["width"], []).append(r)
    shown = _spread(sorted(runs))
    for color, width in zip(_ordered(len(shown)), shown, strict=True):
        low: dict[int, float] = {}
        high: dict[int, float] = {}
        for r in runs[width]:
            for t, least, largest in zip(*(r["pl_ratio"][k] for k in ("step", "least", "largest")), strict=True):
                low[t], high[t] = min(least, low.get(t, math.inf)), max(largest, high.get(t, 0.0))
        # The last block goes on to the end of the longest run.
        ends = [*sorted(low), max(r["steps"] for r in runs[width])]
        bottom, top = ([side[t] for t in [*ends[:-1], ends[-2]]] for side in (low, high))
        ax.fill_between(ends, bottom, top, step="post", color=color, alpha=0.35, lw=0, label=f"m = {width}")
        for edge in (bottom, top):
            ax.step(ends, edge, where="post", color=color, lw=1)
        smallest = [r["lambda_min"] for r in runs[width] if r.get("lambda_min")]
        if smallest:
            ax.axhline(min(smallest), color=color, ls=":", lw=1)
    ax.plot([], [], color=FIXED, ls=":", lw=1, label=r"$\lambda_{\min}(K(w_0))$")
    ax.set_xscale("symlog", linthresh=1, base=10)
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(left=0)
    ax.set_yscale("log")
    plain_ticks(ax.yaxis)
    ax.set_xlabel("step t")
    ax.set_title(r"PL* ratio $\|\nabla L_t\|^2 / (2 L_t)$")
    _legend(ax, **BELOW, ncols=2)


def _legend_of_groups(ax: Axes, many: int) -> None:
    """Beside one group there is room in the axes; several are named below them."""
    _legend(ax, **({} if many == 1 else BELOW))


def _legend(ax: Axes, **place: Any) -> None:
    if ax.get_legend_handles_labels()[0]:
        ax.legend(**SMALL, **place)


def label_of(group: Mapping[str, Any], among: Sequence[Mapping[str, Any]]) -> str:
    """A group by what tells it from the others, with the last part of each key."""
    told = {k: v for k, v in group.items() if any(other.get(k) != v for other in among)}
    return said({key.rpartition(".")[2]: value for key, value in told.items()})


def _groups(records: Records) -> dict[str, list[Mapping[str, Any]]]:
    """The records of each group by its label; the only group has none."""
    several = {json.dumps(group, default=str): group for group in (group_of(r["values"]) for r in records)}
    labels = {key: label_of(group, list(several.values())) for key, group in several.items()}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for r in records:
        found.setdefault(labels[json.dumps(group_of(r["values"]), default=str)], []).append(r)
    return found


def _band(records: Iterable[Mapping[str, Any]], name: str) -> tuple[Any, Any, Any, Any]:
    """Widths with a positive value, and its least, median and largest over the seeds there."""
    found: dict[float, list[float]] = {}
    for r in records:
        if r["width"] and (r.get(name) or 0.0) > 0:
            found.setdefault(r["width"], []).append(r[name])
    widths = sorted(found)
    three = [np.array([f(found[m]) for m in widths]) for f in (min, np.median, max)]
    return np.array(widths, dtype=float), three[0], three[1], three[2]


def _crossing(records: Iterable[Mapping[str, Any]]) -> str:
    """Where the median of the certificate ratio crosses 1 for the last time, in words."""
    widths, _, middle, _ = _band(records, "certificate_ratio")
    below = np.flatnonzero(middle < 1)
    if not len(widths):
        return "not known"
    if not len(below):
        return "above 1 at every width"
    last = int(below[-1])
    if last == len(widths) - 1:
        return "below 1 at the widest"
    x, y = np.log(widths[last : last + 2]), np.log(middle[last : last + 2])
    at = math.exp(x[0] - y[0] * (x[1] - x[0]) / (y[1] - y[0]))
    return f"crosses 1 at m ≈ {float(f'{at:.2g}'):g}"


def _spread(widths: Sequence[Any]) -> list[Any]:
    """At most `WIDTHS_SHOWN`, from the first to the last."""
    places = np.linspace(0, len(widths) - 1, min(len(widths), WIDTHS_SHOWN)).round().astype(int)
    return [widths[k] for k in places]


def _ordered(many: int) -> list[Any]:
    """Colours for what has an order, light to dark."""
    return [MEASURED] if many == 1 else [mpl.colormaps["viridis"](place) for place in np.linspace(0.8, 0.15, many)]


def _width_axis(ax: Axes, widths: Sequence[float]) -> None:
    ax.set_xlabel("width m")
    ax.xaxis.set_major_formatter(ScalarFormatter())
    if 0 < len(widths) <= 6:
        ax.set_xticks(list(widths))
        ax.xaxis.set_minor_formatter(NullFormatter())
