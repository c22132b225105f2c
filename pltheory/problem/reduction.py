"""What becomes of a sum over samples: it stays, or is divided by the number of its terms."""

from __future__ import annotations

from typing import Literal

Reduction = Literal["sum", "mean"]
REDUCTIONS: tuple[Reduction, ...] = ("sum", "mean")
