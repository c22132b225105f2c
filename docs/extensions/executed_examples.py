"""What sphinx-gallery is told of examples/gallery: the order of the scripts, and the figures that pyplot lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from weakref import WeakSet

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

ORDER = (
    "first_certificate",
    "narrow_to_wide",
    "phase_diagram",
    "what_the_floor_buys",
    "audit_a_run",
    "checkpoint_to_basin",
    "certificate_and_forgery",
    "conv_net",
    "relu_breaks",
    "mini_batches",
    "heavy_ball",
    "decay_and_minimiser",
    "cross_entropy_loss",
    "edge_of_stability",
    "infinite_width",
    "neural_collapse",
    "refute_a_claim",
    "theorem_of_your_own",
)
"""Every script, as a newcomer would read them."""

_seen: WeakSet[Figure] = WeakSet()


def order(script: str) -> int:
    """A script's place on the page.

    Raises:
        ValueError: it stands nowhere in `ORDER`.
    """
    return ORDER.index(Path(script).stem)


def figures(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """The figures of the package that a block has made, as images; those of pyplot are left to its own scraper."""
    paths = []
    for figure in block_vars["example_globals"].values():
        if isinstance(figure, Figure) and figure not in _seen:
            _seen.add(figure)
            if figure.canvas.manager is None:
                paths.append(next(block_vars["image_path_iterator"]))
                figure.savefig(paths[-1], dpi=150)
    return figure_rst(paths, gallery_conf["src_dir"])
