"""What may stand in place of a theorem's id."""

from __future__ import annotations

ALL, BEST = "all", "best"
"""Every theorem, or the strongest that reaches the level asked for."""
