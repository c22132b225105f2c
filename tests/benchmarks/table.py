"""The committed page of figures, written from what was measured."""

from __future__ import annotations

from interleave import Measured, Spread
from rows import Cell

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
SIZES = ((2.0**30, "GiB"), (2.0**20, "MiB"))


def page(facts: dict[str, str], cells: list[tuple[Cell, list[Measured]]], sections: list[str]) -> str:
    """The whole page in Markdown: machine, one table per row, further sections."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; the same numbers are in `benchmarks.json`. Every comparison runs in one go: each "
        "solver stays warm in a process of its own, and rounds alternate ours, peer, ours, peer, every other round in "
        "the reverse order. A figure is the median over the rounds with the smallest and largest; the ratio is ours "
        "over the peer's, formed round by round, so below 1 we are faster (or need less).",
        "",
        "| machine | |",
        "|---|---|",
        *(f"| {key} | {value} |" for key, value in facts.items()),
    ]
    for row in dict.fromkeys(cell.row for cell, _ in cells):
        lines += ["", f"## {TITLES[row]}", "", *NOTES.get(row, [])]
        for cell, found in cells:
            if cell.row == row:
                lines += ["", f"**{cell.title[0].upper()}{cell.title[1:]}**", "", *_table(cell, found)]
    return "\n".join([*lines, *sections]).rstrip() + "\n"


TITLES = {
    "kernel": "Tangent kernel, float32",
    "kernel64": "Tangent kernel, float64",
    "memory": "Memory of a kernel",
    "cnn": "Tangent kernel of a convolutional network",
    "lambda_min": "Smallest eigenvalue",
    "hessian": "Hessian norms",
    "step": "Optimizer step",
    "proof": "What a proof costs",
}
NOTES = {
    "kernel": [
        "neural-tangents 0.6.5 by structured derivatives, jitted, weights stored (in, out) as it is fastest; "
        "nngeometry by its layer rules; torch.func by Jacobian contraction as in torch's tutorial. *Difference* is the "
        "largest difference of an entry over the largest entry of our kernel.",
    ],
    "memory": ["What one call adds to the resident memory at its peak, in a fresh process after a tiny call."],
    "proof": [
        "The float64 path is linearisation, kernel, all eigenvalues, profile and radius search; the proof is the "
        "enclosure, verified eigenvalue bounds and the certificate. Both in turn in one process.",
    ],
    "lambda_min": [
        "*Difference* is the relative error against the eigenvalue that the matrix was made with; rounding of the "
        "matrix alone moves it by about 1e-16 times the condition. *lambda_min verified* is the proved lower bound.",
    ],
    "hessian": [
        "*Difference* is the relative error on the first sample against Lanczos in float64 to 1e-7. PyHessian stops on "
        "relative change between iterations, which is not accuracy.",
    ],
    "step": [
        "*Published logic* follows the published delta-GClip code: one norm per group read on the host, every gradient "
        "copied. *Flat* is one norm and one update of a single vector, the least there is to do. *Norm* is "
        "get_total_norm, which scales nothing. All in one process.",
    ],
}


def _table(cell: Cell, found: list[Measured]) -> list[str]:
    unit = "memory" if cell.memory else "time"
    lines = [f"| solver | {unit} | ours / peer | difference |", "|---|---|---|---|"]
    for i, m in enumerate(found):
        name = f"**{m.solver}** (ours)" if i == 0 else m.solver
        value = m.note if m.value is None else _spread(m.value, cell.memory)
        ratio = "" if m.ratio is None else _ratio(m.ratio)
        error = "" if m.error is None else f"{m.error:.1e}"
        lines.append(f"| {name} | {value} | {ratio} | {error} |")
    return lines


def _spread(s: Spread, memory: bool) -> str:
    units = SIZES if memory else UNITS
    scale, unit = next(((k, u) for k, u in units if s.median >= k), units[-1])
    if s.least == s.most:
        return f"{_digits(s.median / scale)} {unit}"
    return f"{_digits(s.median / scale)} {unit} ({_digits(s.least / scale)} to {_digits(s.most / scale)})"


def _digits(number: float) -> str:
    return f"{number:.3g}" if number < 1000 else f"{number:.0f}"


def _ratio(s: Spread) -> str:
    return f"{s.median:.3g}" if s.least == s.most else f"{s.median:.3g} ({s.least:.3g} to {s.most:.3g})"
