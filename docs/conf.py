"""Sphinx configuration: `make docs` builds with warnings as errors and needs no network."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent / "extensions"), str(Path(__file__).parent)]

project = "pltheory"
release = version = installed("pltheory")
extensions = [
    "mathml",
    "claims",
    "theorem_pages",
    "proved_by",
    "formula_check",
    "inventories",
    "keys",
    "networks",
    "quantities",
    "runs",
    "study_table",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "sphinx_click",
    "sphinxcontrib.bibtex",
    "matplotlib.sphinxext.plot_directive",
    "sphinx_gallery.gen_gallery",
]
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
bibtex_bibfiles = ["references.bib"]
html_theme = "pydata_sphinx_theme"
html_title = "pltheory"
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "show_prev_next": False,
    "header_links_before_dropdown": 6,
}
html_sidebars = {"**": []}
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["page.css"]
smartquotes = False  # an option is --json, on the page too
exclude_patterns = ["_build"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
napoleon_google_docstring = True
plot_formats = ["svg"]
plot_html_show_source_link = False
plot_html_show_formats = False
html_math_renderer = "mathml"
# A script that has not changed is not run again: docs/gallery keeps what came out.
sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "executed_examples.order",
    "image_scrapers": ("executed_examples.figures", "matplotlib"),
    "image_srcset": ["2x"],
    "ignore_repr_types": r"matplotlib",
    "write_computation_times": False,
    "min_reported_time": 600,  # the time of whoever built the page
    "show_signature": False,
}


def _plain_bars(app, what, name, obj, options, lines):
    """Docstrings write moduli and norms as |x|, which reStructuredText would read as a substitution."""
    lines[:] = [line.replace("|", "\\|") if "``" not in line else line for line in lines]


def _verbatim(app, ctx, lines):
    """The exit codes and examples below a help text are laid out by hand: columns and double hyphens stay."""
    if any(line.startswith("| ") for line in lines):
        lines[:] = [".. code-block:: text", "", *["   " + line.removeprefix("| ") for line in lines], ""]


def setup(app):
    """Called by Sphinx."""
    app.connect("sphinx-click-process-epilog", _verbatim)
    app.connect("autodoc-process-docstring", _plain_bars)
