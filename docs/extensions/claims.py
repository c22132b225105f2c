"""Derivation pages written from the claims at every build: the kernel's answer, numbers on an example, a figure.

A page cannot be stale: a claim that the kernel rejects, or that an example contradicts, stops the build.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import matplotlib as mpl
from checked import checked
from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from proofs_checks.language import Claim
from proofs_checks.render import example, markdown
from proofs_checks.typeset import sentence
from proofs_checks.worked import Sides, nearly, points, sides


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
    for claim, row, cited in ((c.claim, c.row, c.cited) for c in checked().values()):
        status = (
            f"Checked at this build: {row.certificates} certificates expanded, "
            f"{row.mutants_rejected} of {row.mutants} false variants rejected, {len(row.cited)} lemmas cited."
        )
        title, _, rest = markdown(claim, cited).partition("\n")
        # The name of a browser's tab has words only: formulas stand below it.
        head = f"# {claim.name.replace('_', ' ')}\n\n**{title.lstrip('# ')}**"
        page = f"{head}\n\n{status}\n{rest}{_numbers(claim, folder)}"
        _update(folder / f"{claim.name}.md", page)
        coq = f"`{row.coq_theorem.removeprefix('PLTheory.')}`" if row.coq_theorem else "no counterpart"
        mutants = f"{row.mutants_rejected} of {row.mutants}"
        escaped = sentence(claim.title).replace("|", "\\|")
        lines.append(f"| [{claim.name}]({claim.name}.md) | {escaped} | {row.certificates} | {mutants} | {coq} |")
        names.append(claim.name)
    toc = ["", "```{toctree}", ":hidden:", *names, "```", ""]
    _update(folder / "index.md", "\n".join(lines + toc))


def _numbers(claim: Claim, folder: Path) -> str:
    """The section with both sides of each conclusion at one point, and their slack at all of them."""
    at = points(claim)
    found = sides(claim, at)
    if not found:
        return ""
    for s in found:
        for point in at:
            if not nearly(claim.conclusions[s.name], point):
                raise ExtensionError(f"claim {claim.name}: {s.name} fails at {point}")
    i = len(at) // 2
    text = f"\n**On an example**\n\n{example(at[i], found, i)}"
    drawn = [s for s in found if s.op != "=" and s.right.any()]
    if not drawn:
        return text
    _update(folder / f"{claim.name}.svg", _slack_figure(drawn))
    names = ", ".join(s.name for s in drawn)
    return text + (
        f"\n```{{figure}} {claim.name}.svg\n:alt: Slack of {names} at {len(at)} points\n\n"
        f"Slack (left - right) / max at {len(at)} points where the hypotheses hold; at 0 the bound is attained.\n```\n"
    )


def _slack_figure(drawn: list[Sides]) -> str:
    """One row of dots per inequality, spread within its row so that each can be seen, with the median marked."""
    with mpl.rc_context({"svg.hashsalt": "claims", "svg.fonttype": "path", "font.size": 12}):
        figure = Figure(figsize=(5.6, 0.8 + 0.42 * len(drawn)), layout="constrained")
        ax = figure.subplots()
        for row, s in enumerate(reversed(drawn)):
            # The golden ratio spreads n points evenly without a generator.
            spread = [row + 0.6 * ((k * 0.6180339887) % 1 - 0.5) for k in range(len(s.slack))]
            ax.plot(s.slack, spread, ".", ms=3, alpha=0.5, color="C0")
            middle = sorted(s.slack)[len(s.slack) // 2]
            ax.plot([middle, middle], [row - 0.36, row + 0.36], color="C1", lw=2)
        ax.set_yticks(range(len(drawn)), [s.name.replace("$", r"\$") for s in reversed(drawn)])
        ax.set_xlim(left=-0.02)
        ax.set_xlabel("slack; bar: median")
        ax.spines[["top", "right"]].set_visible(False)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def _update(path: Path, text: str) -> None:
    """Write only what changed, so that an incremental build stays one."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before the sources are read."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
