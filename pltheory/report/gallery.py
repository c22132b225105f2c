"""The figures of a study's page, in their order: what each shows, and what a study has to vary for it.

A figure has a panel for each part of the study that cannot be pooled with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..study.grid import DEPTH, Values, group_of, said
from ..study.point import Record
from .figures import STYLE
from .study import Study
from .study_figures import GROUP_COLORS, label_of

MOST = 4
"""Panels of one figure on a page."""
WIDTHS = "vary the width, e.g. sweep.width = [64, 256, 1024]"


@dataclass(frozen=True)
class Panel:
    """A panel of a figure.

    Attributes:
        draw: draws it.
        part: of the study, in words; empty for all of it.
        below: lines of the legend below its axes.
    """

    draw: Callable[[Axes], None]
    part: str = ""
    below: int = 0

    def figure(self) -> Figure:
        """The panel alone."""
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(4.8, 3.1 + 0.17 * self.below), layout="constrained")
            self.draw(figure.subplots())
        return figure


@dataclass(frozen=True)
class StudyFigure:
    """A figure of a study's page.

    Attributes:
        title: its heading.
        caption: what is seen in it.
        lacks: what a study would have to vary, or have, for it; empty where it can be drawn.
        panels: its panels; at most `MOST` are drawn on a page.
    """

    title: str
    caption: str
    lacks: Callable[[Study], str]
    panels: Callable[[Study], list[Panel]]


def _no_widths(study: Study) -> str:
    if not study.done:
        return "no point was computed to its end"
    if not study.widths:
        return "the network has no width: it is given by module"
    return WIDTHS if len(study.widths) < 2 else ""


def _no_numbers(study: Study, name: str, why: str) -> str:
    return _no_widths(study) or ("" if any((r.get(name) or 0) > 0 for r in study.done) else why)


def _laws(study: Study) -> list[Panel]:
    measured = {name for name in study.names if any(r.get(name) for r in study.done)}
    shown = [q.name for q in study.quantities if q.title and q.name in measured]
    return [Panel(partial(study.width_law, name=name)) for name in shown]


def _no_spectrum(study: Study) -> str:
    if not study.widths:
        return _no_widths(study)
    return "" if any(r.get("spectrum") for r in study.done) else "its points were stored by an earlier version"


def _spectra(study: Study) -> list[Panel]:
    records = [r for r in study.done if r.get("spectrum")]
    return [Panel(part.spectrum, name, below=2) for name, part in _parts(study, records, _of_the_start)]


def _no_ratio(study: Study) -> str:
    if not study.widths:
        return _no_widths(study)
    if any((r.get("pl_ratio") or {}).get("step") for r in study.done):
        return ""
    if not any("pl_ratio" in r for r in study.done):
        return "its points were stored by an earlier version"
    return "no run has gradients of all samples: leave out run.batch"


def _ratios(study: Study) -> list[Panel]:
    records = [r for r in study.done if r.get("pl_ratio")]
    return [Panel(part.pl_ratio, name, below=2) for name, part in _parts(study, records, lambda key: True)]


def _no_phases(study: Study, key: str, example: str) -> str:
    missing = _no_widths(study)
    values = {str(r["values"].get(key)) for r in study.records}
    if missing not in ("", WIDTHS):
        return missing
    several = len(values) > 1
    return "" if several and not missing else f"vary sweep.width and {example}" if missing else f"vary {example}"


def _phases(study: Study, key: str) -> list[Panel]:
    parts = _parts(study, study.records, lambda other: other != key)
    return [Panel(partial(part.verdicts, key=key), name, below=1) for name, part in parts]


def _bands(draw: Callable[[Study], Callable[[Axes], None]], more: int, study: Study) -> list[Panel]:
    groups = len(study.groups)
    below = min(groups, len(GROUP_COLORS) + 1) + more if groups > 1 else 0
    return [Panel(draw(study), below=below)]


def _of_the_start(key: str) -> bool:
    """Whether the network and its data at the start hang on that key."""
    return key.partition(".")[0] in ("network", "data", "loss", DEPTH)


def _parts(study: Study, records: Sequence[Record], told: Callable[[str], bool]) -> list[tuple[str, Study]]:
    """The study for each value in these records of those keys beside width and seed."""
    found: dict[str, Values] = {}
    for r in records:
        part = {key: value for key, value in group_of(r["values"]).items() if told(key)}
        found[said(part)] = part
    parts = list(found.values())
    return [(label_of(part, parts), study.where(part)) for part in parts]


FIGURES = (
    StudyFigure(
        "Laws in the width",
        "A dot for each point, coloured by its verdict. Full: the fitted power law, with its 95% interval. Dotted: the "
        "expected one, through the middle of the points. Dashed: the value at infinite width, where it is known, or "
        "what is needed.",
        _no_widths,
        _laws,
    ),
    StudyFigure(
        "Certificate ratio",
        "Band: all seeds; line: their median. The ratio is found by a search in floating point and proves nothing by "
        "itself: what is proved is a verdict CERTIFIED. It is that of the bounds before they are sharpened, so that a "
        "point may be CERTIFIED below 1.",
        lambda study: _no_numbers(study, "certificate_ratio", "Theorem B speaks of none of these points"),
        partial(_bands, lambda study: study.certificate, 1),
    ),
    StudyFigure(
        "Verdicts over width and step size",
        "A cell is divided as its points ended, one for each seed; the numbers count them.",
        lambda study: _no_phases(study, "optimizer.eta", 'sweep.optimizer.eta, e.g. ["0.1/beta", "0.5/beta"]'),
        partial(_phases, key="optimizer.eta"),
    ),
    StudyFigure(
        "Verdicts over width and number of samples",
        "A cell is divided as its points ended, one for each seed; the numbers count them.",
        lambda study: _no_phases(study, "data.n", "sweep.data.n, e.g. [5, 10, 20]"),
        partial(_phases, key="data.n"),
    ),
    StudyFigure(
        "Spectrum of the tangent kernel at the start",
        "The share of the eigenvalues in each bin, seeds pooled, for three of the widths; dashed and marked below: the "
        "limit kernel of infinite width, where it is known.",
        _no_spectrum,
        _spectra,
    ),
    StudyFigure(
        "Kernel drift",
        "The change of the tangent kernel along the run over its norm at the start. Band: all seeds; line: their "
        "median. Dashed and dotted: the slopes of the two laws that the theory knows, through the medians of the "
        "narrowest width; they bound nothing that is drawn.",
        lambda study: _no_numbers(study, "kernel_drift", "no kernel moved, or no run was finite"),
        partial(_bands, lambda study: study.drift, 2),
    ),
    StudyFigure(
        "PL* ratio along the run",
        "The envelope, over all seeds, of the gradient's squared norm over twice the loss, for three of the widths. "
        "Dotted: the smallest eigenvalue of the kernel at the start, of the seed that has the least.",
        _no_ratio,
        _ratios,
    ),
)
"""All figures of the page."""
