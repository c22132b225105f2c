"""One self-contained page of an audit: branches, what would engage, and what was measured along the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.figure import Figure

from ..runs.audit import Audit, RunOf
from ..runs.reading import HeldTheorem, Reading
from .audit_figures import norms_panel, share_panel
from .audit_text import reached, shown_range
from .figures import STYLE
from .probe_figures import probe_panels, step_after
from .rows import number
from .templates import inline, rendered

HOLDING = ("HOLDS", "CERTIFIED")
_CLASS = {RunOf.DELTA_GCLIP: "HOLDS", RunOf.ANOTHER: "REFUTED"}


@dataclass(frozen=True)
class Along:
    """A theorem along the readings of a run.

    Attributes:
        id: the theorem's.
        readings: at how many it was held against the probe.
        held: at how many of them all its hypotheses held.
        first: its verdict at the first one.
        last: what was said at the last one.
        rows: of every hypothesis, how often it held; its name, then what the last reading says.
    """

    id: str
    readings: int
    held: int
    first: str
    last: HeldTheorem
    rows: tuple[tuple[str, int, str, str], ...]


def along(read: Sequence[Reading]) -> list[Along]:
    """The theorems that were held against the probe, each over all readings, in the order of the last ones."""
    found: dict[str, list[HeldTheorem]] = {}
    for reading in read:
        for held in reading.theorems:
            found.setdefault(held.theorem, []).append(held)
    return [_along(name, several) for name, several in found.items()]


def _along(name: str, several: Sequence[HeldTheorem]) -> Along:
    last = several[-1]
    counts = {row[0]: 0 for row in last.rows}
    for held in several:
        for hypothesis, verdict, _ in held.rows:
            if hypothesis in counts and verdict in HOLDING:
                counts[hypothesis] += 1
    rows = tuple((hypothesis, counts[hypothesis], verdict, says) for hypothesis, verdict, says in last.rows)
    whole = sum(held.verdict in HOLDING for held in several)
    return Along(name, len(several), whole, several[0].verdict, last, rows)


def render_audit(audit: Audit, read: Sequence[Reading] = (), *, source: str = "") -> str:
    """The page.

    Args:
        audit: of the logged steps.
        read: what a monitor measured.
        source: the log, in a few words.
    """
    branches = (
        ("full", "||g|| ≤ γ: h = η", audit.full),
        ("clipped", "γ < ||g|| ≤ γ / δ: h = η γ / ||g||", audit.clipped),
        ("floored", "||g|| > γ / δ: h = η δ", audit.floored),
    )
    edges = [(r.sharpness.value, r.eta, step_after(audit, r)) for r in read if r.sharpness is not None]
    with_step = [sharp * h > 2 for sharp, _, h in edges if h is not None]
    return rendered(
        "audit.html.jinja",
        {"number": number},
        audit=audit,
        verdict=_CLASS.get(audit.run_of, "UNDECIDED"),
        branches=branches,
        gamma=shown_range(audit.gamma),
        delta=shown_range(audit.delta),
        eta=None if audit.eta is None else shown_range(audit.eta),
        engaging=(
            ("gamma", [reached("γ", "<", "clips", r) for r in audit.gammas]),
            ("delta", [reached("δ", ">", "floors", r) for r in audit.deltas]),
        ),
        source=source,
        norms=[inline(_small(panel, audit)) for panel in (norms_panel, share_panel)],
        read=read,
        panels=[inline(f) for f in probe_panels(read, audit)] if read else [],
        edge=(sum(sharp * eta > 2 for sharp, eta, _ in edges), len(edges)),
        edge_of_step=(sum(with_step), len(with_step)),
        least=min((r.pl_ratio.value for r in read if r.pl_ratio is not None), default=None),
        theorems=along(read),
    )


def _small(panel: object, audit: Audit) -> Figure:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.8, 3.1), layout="constrained")
        panel(figure.subplots(), audit)  # type: ignore[operator]
    return figure
