"""One self-contained page for a run: no network, no script, figures inline as vector graphics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..optim.registry import DEFAULT
from ..runs.trace import Trace
from .change import what_would_change
from .figures import graph_figure, run_panels
from .graph import kind, percent
from .rows import measured, needed, number, seen
from .templates import inline, rendered
from .text import constants, granted, margin, sides, why_not


def render_page(manifest: dict[str, Any], report: dict[str, Any], trace: Trace | None) -> str:
    """The page of a run folder.

    Args:
        manifest: as written by the store.
        report: of schema `pltheory-report/2`, or of 1.
        trace: the run's trace, or None for a check.
    """
    main = next(t for t in report["theorems"] if t["id"] == report["main_theorem"])
    filters: dict[str, Callable[..., Any]] = {
        "number": number, "margin": margin, "constants": constants, "granted": granted, "sides": sides,
        "why_not": why_not, "needed": needed, "measured": measured, "kind": kind, "percent": percent, "seen": seen,
    }  # fmt: skip
    return rendered(
        "page.html.jinja",
        filters,
        problem=_problem(manifest),
        manifest=manifest,
        report=report,
        main=main,
        change=what_would_change(report),
        graph=inline(graph_figure(report["graph"])) if report.get("graph") else None,
        figures=[] if trace is None else [inline(f) for f in run_panels(report, trace)],
    )


def _problem(manifest: dict[str, Any]) -> str:
    """Data, network and step rule in one sentence; empty for a manifest without a configuration."""
    config = manifest.get("config", {})
    if not {"data", "network", "optimizer"} <= config.keys():
        return ""
    data, network, rule = config["data"], config["network"], config["optimizer"]
    settings = ", ".join(f"{k} = {_said(value)}" for k, value in rule.items() if k != "name" and value is not None)
    named = config.get("loss")  # a text is the scale of the square loss
    loss = f"; loss {named['name']}" if isinstance(named, dict) and "name" in named else ""
    rule = f"{rule.get('name', DEFAULT)} with {settings}"
    return f"{data['source']}, n = {data['n']}; {_network(network)}{loss}; {rule}."


def _said(value: object) -> str:
    """A value as a configuration writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k} = {_said(v)}' for k, v in value.items() if v is not None)}}}"
    return str(value)


def _network(network: dict[str, Any]) -> str:
    if "module" in network:
        return f"network of the code {network['module']}, SHA-256 {network['sha256']}"
    if "hidden" in network:
        key, what, kind = "hidden", "hidden widths", "network"
    else:
        key, what, kind = "channels", "channels", f"{network['architecture']} network"
    return f"{network.get('activation', 'tanh')} {kind} with {what} {', '.join(map(str, network[key]))}"
