"""The templates of pages: escaped by default, and an error where a name is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from .figures import svg


def rendered(template: str, filters: dict[str, Callable[..., Any]], **values: Any) -> str:
    """A template of this folder with these values.

    Args:
        template: its file's name.
        filters: that it uses.
        values: by name.
    """
    environment = Environment(
        loader=PackageLoader("pltheory", "report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(filters)
    return environment.get_template(template).render(values)


def inline(figure: Figure) -> Markup:
    """A figure as an element of a page."""
    text = svg(figure)
    return Markup(text[text.index("<svg") :])
