"""A report as a notebook shows it, and its rows as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..runs.loop import Run
from ..theorems.protocol import TheoremReport
from ..theory.digits import shown
from ..theory.display import ROWS, cells, page, table
from ..theory.verdict import Comparison, Verdict
from .evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]


def line(verdict: Verdict, main: TheoremReport, evidence: Evidence, run: Run | None) -> str:
    """The answer in one line."""
    went = "" if run is None else f", {len(run.trace.step_size)} steps, {_ended(run)}"
    return f"{verdict.value}, Theorem {main.theorem.id}, {len(main.rows)} hypotheses; run: {evidence.value}{went}"


def as_html(
    verdict: Verdict, ladder: Iterable[TheoremReport], main: TheoremReport, evidence: Evidence, run: Run | None
) -> str:
    """Verdict first, then the main theorem's hypotheses, the other theorems, and the run."""
    others = [(r.theorem.id, r.theorem.title, r.verdict.value, r.shortfall) for r in ladder if r is not main]
    about = [("missing", main.shortfall)] if main.shortfall else []
    about.append(("conclusion", main.concluded or main.theorem.conclusion))
    if run is not None:
        loss = run.trace.loss
        about.append(("run", f"{_ended(run)} after {len(run.trace.step_size)} steps"))
        about.append(("loss", f"{shown(float(loss[0]), 4)} to {shown(float(loss[-1]), 4)}"))
        about.append(("checked at every step", "; ".join(run.checked) or "nothing"))
    return page(
        verdict.value,
        f"Theorem {main.theorem.id}: {main.theorem.title}; run: {evidence.value}",
        table(ROWS, map(cells, main.rows)),
        table(("", ""), about),
        table(("theorem", "title", "verdict", "missing"), others),
    )


def as_frame(ladder: Iterable[TheoremReport]) -> pd.DataFrame:
    """One row per hypothesis of every theorem: both sides as numbers with their directions, margin and verdict."""
    import pandas as pd  # slow to import, so not at the top

    found = []
    for r in ladder:
        for row in r.rows:
            says = row.says if isinstance(row.says, Comparison) else None
            found.append(
                {
                    "theorem": r.theorem.id,
                    "hypothesis": row.hypothesis,
                    "measured": None if says is None else says.measured.value,
                    "direction": None if says is None else says.measured.kind.value,
                    "relation": None if says is None else says.relation,
                    "needed": None if says is None else says.needed.value,
                    "margin": row.margin,
                    "verdict": row.verdict.value,
                    "how": row.how,
                }
            )
    return pd.DataFrame(found)


def _ended(run: Run) -> str:
    return run.reason.value.replace("_", " ")
