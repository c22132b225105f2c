"""A study in Python: its table, its laws, its figures."""

from __future__ import annotations

from functools import cached_property

from matplotlib.axes import Axes

from ..study import folder
from ..study.limits import agreed
from ..study.quantities import Quantity, quantities
from ..study.scaling import Fit, fit_laws
from ..theory import InvalidInputError
from . import phase, study_figures
from .law_rows import COLUMNS, law_rows
from .study_words import endings, thresholds, varied
from .templates import rendered


class Study(folder.Study):
    """A study as its folder tells it: `Study.read("runs/widths")`; nothing is computed anew.

    Every figure is drawn on axes that are given: `study.spectrum(ax)`. `study.where({"depth": 2})` is the part of a
    study in which these have these values, a study too; `study.to_frame()` is its table.
    """

    def __repr__(self) -> str:
        """How many points, and what varies."""
        axes = "; ".join(f"{key} = {values}" for key, values in varied(self.records))
        return f"Study({len(self.records)} points, {len(self.failed)} failed; {axes})"

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """The quantities in force: those of this project and of installed packages."""
        return quantities()

    @cached_property
    def laws(self) -> list[Fit]:
        """Power laws in the width, fitted for each value of what varies beside width and seed, as `pltheory fit`."""
        return fit_laws(self.done, self.quantities, self.identity.fixed)

    @property
    def widths(self) -> list[int]:
        """All widths of the points that were computed to their end, ascending; none of networks without a width."""
        return sorted({r["width"] for r in self.done if r["width"] is not None})

    def width_law(self, ax: Axes, name: str) -> None:
        """A quantity against the width with its fitted and its expected law: `study_figures.width_panel`.

        Raises:
            InvalidInputError: no quantity of that name.
        """
        known = {q.name: q for q in self.quantities}
        if name not in known:
            raise InvalidInputError(f"name = {name!r}: allowed are {', '.join(known)}")
        study_figures.width_panel(ax, self.done, known[name], self.laws, agreed(self.limits).get(name))

    def spectrum(self, ax: Axes) -> None:
        """Eigenvalues of the tangent kernel at the start, with the limit's: `study_figures.spectrum_panel`.

        All points of a width are pooled; the limit is drawn where there is one.
        """
        several = [limit.spectrum for limit in self.limits]
        one = several[0] if several and all(spectrum == several[0] for spectrum in several) else []
        study_figures.spectrum_panel(ax, self.done, one)

    def certificate(self, ax: Axes) -> None:
        """The certificate ratio of Theorem B against the width: `study_figures.certificate_panel`."""
        study_figures.certificate_panel(ax, self.done)

    def drift(self, ax: Axes) -> None:
        """The kernel's drift along the run against the width: `study_figures.drift_panel`."""
        study_figures.drift_panel(ax, self.done)

    def pl_ratio(self, ax: Axes) -> None:
        """The PL* ratio along the runs: `study_figures.ratio_panel`."""
        study_figures.ratio_panel(ax, self.done)

    def verdicts(self, ax: Axes, key: str) -> None:
        """The verdicts over the width and one other axis, failed points too: `phase.verdict_panel`.

        Raises:
            InvalidInputError: nothing of that name varies.
        """
        if not any(key in r["values"] for r in self.records):
            varies = ", ".join(self.identity.varies)
            raise InvalidInputError(f"key = {key!r}: does not vary in this study, which varies {varies}")
        phase.verdict_panel(ax, self.records, key)

    def _repr_html_(self) -> str:
        return rendered("study_summary.html.jinja", {"law_rows": law_rows}, **summary(self))


def summary(study: Study) -> dict[str, object]:
    """What the head of a study's page is written from, by the names of its template."""
    return {
        "study": study,
        "endings": endings(study.records),
        "varied": varied(study.records),
        "thresholds": thresholds(study.records),
        "columns": COLUMNS,
    }
