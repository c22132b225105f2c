"""What the Coq development says of a theorem, read off its folder: built, stated only, or not there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

FOLDER = Path(__file__).parent / "coq"


def status(theorem: str, folder: Path = FOLDER) -> str:
    """The state of a theorem named PLTheory.Module.theorem.

    "built" means that the module's .vo is at least as new as its .v; whether it is free of admitted steps is
    what `make coq` prints. An empty name is a claim that the development does not state.
    """
    if not theorem:
        return "no counterpart"
    _, module, name = theorem.split(".")
    source, compiled = folder / f"{module}.v", folder / f"{module}.vo"
    if not source.exists():
        return "Coq not installed" if shutil.which("coqc") is None else "not built"
    text = re.sub(r"\(\*.*?\*\)", "", source.read_text(), flags=re.DOTALL)
    if not re.search(rf"^\s*(Theorem|Lemma|Corollary|Proposition)\s+{re.escape(name)}\b", text, re.MULTILINE):
        return "no such theorem"
    if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
        return "built"
    return "Coq not installed" if shutil.which("coqc") is None else "not built"
