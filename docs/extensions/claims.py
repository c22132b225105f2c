"""Derivation pages written from the claims at every build, each with the answer the kernel gave a moment before.

A page cannot be stale: a claim that the kernel rejects stops the build.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from proofs_checks.claims import load
from proofs_checks.render import markdown
from proofs_checks.table import run_claim


def _write(app: Sphinx) -> None:
    folder = Path(app.srcdir) / "derivations" / "claims"
    folder.mkdir(exist_ok=True)
    lines = [
        "# Checked claims",
        "",
        "| claim | what it says | certificates | mutants rejected | Coq |",
        "|---|---|---|---|---|",
    ]
    names = []
    for claim in load():
        row, cited = run_claim(claim, use_solvers=False)
        if not row.holds:
            raise ExtensionError(f"claim {claim.name} does not check: {row.reason}")
        status = (
            f"Checked at this build: {row.certificates} certificates expanded, "
            f"{row.mutants_rejected} of {row.mutants} false variants rejected, {len(row.cited)} lemmas cited."
        )
        title, _, rest = markdown(claim, tuple(cited)).partition("\n")
        page = f"# {title.lstrip('# ')}\n\n{status}\n{rest}"
        _update(folder / f"{claim.name}.md", page)
        coq = f"`{row.coq_theorem.removeprefix('PLTheory.')}`" if row.coq_theorem else "no counterpart"
        mutants = f"{row.mutants_rejected} of {row.mutants}"
        escaped = claim.title.replace("|", "\\|")
        lines.append(f"| [{claim.name}]({claim.name}.md) | {escaped} | {row.certificates} | {mutants} | {coq} |")
        names.append(claim.name)
    toc = ["", "```{toctree}", ":hidden:", *names, "```", ""]
    _update(folder / "index.md", "\n".join(lines + toc))


def _update(path: Path, text: str) -> None:
    """Write only what changed, so that an incremental build stays one."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before the sources are read."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
