"""What the sections of a configuration have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MOST_SHOWN = 160
"""Characters of a value or key that a message repeats."""
Count = Annotated[int, Field(ge=1, le=10**9)]
Word = Annotated[str, Field(max_length=MOST_SHOWN)]
"""A text that is no path."""


class Section(BaseModel):
    """A section: fixed keys, values of the type that is said and of no other, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, str_max_length=4096)


def clipped(text: str) -> str:
    """A text as a message can repeat it: printable, on one line, not too long."""
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}.."
