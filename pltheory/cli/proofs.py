"""`pltheory proofs`: check the derivations themselves."""

from __future__ import annotations

from proofs_checks.__main__ import main as command

__all__ = ["command"]
