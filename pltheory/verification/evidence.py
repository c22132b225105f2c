"""What a run says beside a verdict."""

from __future__ import annotations

from enum import StrEnum


class Evidence(StrEnum):
    """What a run says beside the verdict; it never lifts one."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    EMPIRICAL = "empirical only"
    NOT_RUN = "not run"
