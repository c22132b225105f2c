"""`pltheory datasets`: what data.source may be."""

from __future__ import annotations

import click
from rich.table import Table

from pltheory.problem.data import catalogue
from pltheory.problem.files import FILE_FORMATS

from .options import out


@click.command(name="datasets")
def command() -> None:
    """List the named data sets and the file formats that data.source accepts."""
    table = Table("source", "points", "d", "classes", "where from", "here", title="Data sets")
    for e in catalogue():
        cells = ["any" if v is None else f"{v}" for v in (e.size, e.d, e.classes)]
        table.add_row(e.name, *cells, e.origin, "yes" if e.available else "no")
    out.print(table)
    formats = "; ".join(f"{pattern} ({what})" for pattern, what in FILE_FORMATS)
    out.print(f"or a path to a file: {formats}", highlight=False)
