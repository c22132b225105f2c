"""One self-contained page for a study: no network, no script, figures inline as vector graphics."""

from __future__ import annotations

import json
from typing import Any

from ..study.grid import said
from ..study.point import FAILED
from ..study.scaling import Fit
from .gallery import FIGURES, MOST, StudyFigure
from .law_rows import law_rows
from .rows import number
from .study import Study, summary
from .study_text import SEEDS_LACKING
from .templates import inline, rendered

MOST_ROWS = 500
"""Points in the page's table; all are in study.csv."""


def render_study(study: Study) -> str:
    """The page of a study's folder, from what is stored there.

    Args:
        study: as read from its folder.
    """
    drawn = [(f, f.panels(study)) for f in FIGURES if not f.lacks(study)]
    return rendered(
        "study.html.jinja",
        {"law_rows": law_rows, "number": number, "written": _written},
        **summary(study),
        laws=_by_group(study),
        sources={fit.quantity: fit.source for fit in study.laws if fit.source},
        unreplicated=SEEDS_LACKING if any(not fit.plain.replicated for fit in study.laws) else "",
        figures=[_figure(figure, panels) for figure, panels in drawn if panels],
        lacking=[(f.title, why) for f in FIGURES if (why := f.lacks(study))],
        unknown=sorted({limit.unknown for limit in study.limits if limit.unknown}),
        records=study.records[:MOST_ROWS],
        failed=study.failed,
        FAILED=FAILED,
    )


def _figure(figure: StudyFigure, panels: list[Any]) -> dict[str, Any]:
    shown = panels[:MOST] if any(panel.part for panel in panels) else panels
    return {
        "title": figure.title,
        "caption": figure.caption,
        "panels": [(panel.part, inline(panel.figure())) for panel in shown],
        "left_out": len(panels) - len(shown),
    }


def _by_group(study: Study) -> list[tuple[str, list[Fit]]]:
    """The laws of each group, under its words, in the order of the table."""
    found: dict[str, list[Fit]] = {}
    for fit in study.laws:
        found.setdefault(said(fit.group), []).append(fit)
    return list(found.items())


def _written(value: object) -> str:
    """A value as a configuration writes it."""
    return value if isinstance(value, str) else json.dumps(value)
