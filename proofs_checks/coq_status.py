"""What the Coq development says of a theorem, read off its folder: built, stated only, out of date, or not there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from .coq_generated import FILES, FOLDER


def status(theorem: str, folder: Path = FOLDER, written: tuple[str, ...] = ()) -> str:
    """The state of a theorem named PLTheory.Module.theorem.

    "built" means that the module's .vo is at least as new as its .v; whether it is free of admitted steps is
    what `make coq` prints. "out of date" means that formulas or constants, which a program writes for Coq, are no
    longer those of the sources. An empty name is a claim that the development does not state.

    Args:
        theorem: the name.
        folder: of the development.
        written: pieces of text that the theorem's file must have to be current.
    """
    if not theorem:
        return "no counterpart"
    _, module, name = theorem.split(".")
    source, compiled = folder / f"{module}.v", folder / f"{module}.vo"
    if not source.exists():
        return _not_built()
    text = source.read_text()
    if any(piece not in text for piece in written) or _outdated(folder):
        return "out of date"
    text = re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL)
    if not re.search(rf"^\s*(Theorem|Lemma|Corollary|Proposition)\s+{re.escape(name)}\b", text, re.MULTILINE):
        return "no such theorem"
    if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
        return "built"
    return _not_built()


def _not_built() -> str:
    return "Coq not installed" if shutil.which("coqc") is None else "not built"


def _outdated(folder: Path) -> bool:
    """Whether formulas or constants that lie there are not what would be written now."""
    files = {folder / name: FILES[name] for name in ("Formulas.v", "Constants.v")}
    return any(path.exists() and path.read_text() != text() for path, text in files.items())
