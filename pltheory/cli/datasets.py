"""`pltheory datasets`: what data.source may be, and how a file is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich import box
from rich.markup import escape
from rich.table import Table

from .options import out

if TYPE_CHECKING:
    from pltheory.problem.reading import Reading

_ROWS, _COLUMNS, _TARGETS, _LABELS = 5, 4, 2, 12  # what fits on a screen of 80 columns


@click.group(name="datasets", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="The list as JSON on standard output.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the named data sets and the file formats that data.source accepts; `show` reads a file.

    \b
      pltheory datasets
      pltheory datasets show measured.csv

    Exit codes: 0, or 2 for bad input.
    """
    if ctx.invoked_subcommand is not None:
        if as_json:
            raise click.UsageError(f"--json goes behind {ctx.invoked_subcommand}", ctx)
        return
    from pltheory.problem.data import catalogue
    from pltheory.problem.files import FILE_FORMATS

    if as_json:
        said = {
            "schema": "pltheory-datasets/1",
            "sources": [entry._asdict() for entry in catalogue()],
            "formats": [{"pattern": pattern, "what": what} for pattern, what in FILE_FORMATS],
        }
        click.echo(json.dumps(said, indent=2, ensure_ascii=False))
        return
    table = Table("source", "points", "d", "classes", "where from", "here", title="Data sets")
    for e in catalogue():
        cells = ["any" if v is None else f"{v}" for v in (e.size, e.d, e.classes)]
        table.add_row(e.name, *cells, e.origin, "yes" if e.available else "no")
    out.print(table)
    formats = "; ".join(f"{pattern} ({what})" for pattern, what in FILE_FORMATS)
    out.print(f"or a path to a file: {formats}", highlight=False)
    out.print("pltheory datasets show FILE says how a file is read", highlight=False)


@command.command(name="show", short_help="Say how FILE is read, and show its first rows.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--header/--no-header", default=None, help="Whether line 1 names the columns; data.header.")
@click.option(
    "--label",
    metavar="COLUMN",
    help="The label's column, by name or number from 1 ('3' in quotes: a name); data.label.",
)
@click.option("--index", metavar="COLUMN", help="The index to leave out: a name, a number, true or false; data.index.")
@click.option("--target-columns", type=int, help="How many last columns are targets; data.target_columns.")
@click.option("--delimiter", help="What separates the cells of a text, , ; | or tab; data.delimiter.")
@click.option("--decimal", help="The decimal sign of a text, . or , ; data.decimal.")
@click.option("--label-file", type=click.Path(path_type=Path), help="IDX only: the label file; data.label_file.")
@click.option("--json", "as_json", is_flag=True, help="The reading as JSON on standard output.")
def show(
    file: Path,
    header: bool | None,
    label: str | None,
    index: str | None,
    target_columns: int | None,
    delimiter: str | None,
    decimal: str | None,
    label_file: Path | None,
    as_json: bool,
) -> None:
    """Say how FILE is read: header, label, index, rows and columns, classes, and its first rows."""
    from pltheory.problem.data import read

    reading = read(
        file,
        header=header,
        label=_column(label),
        index={"true": True, "false": False}.get(index or "", _column(index)),
        target_columns=target_columns,
        delimiter="\t" if delimiter in ("tab", "\\t") else delimiter,
        decimal=decimal,
        label_file=label_file,
    )
    if as_json:
        click.echo(json.dumps(reading.to_dict(), indent=2, ensure_ascii=False))
        return
    out.print(escape(reading.described), highlight=False, soft_wrap=True)
    labels = _labels(reading)
    if labels:
        out.print(f"labels: {escape(labels)}", highlight=False)
    out.print(_first_rows(reading))


def _column(given: str | None) -> str | int | None:
    if given is not None and len(given) > 2 and given[0] == given[-1] and given[0] in "'\"":
        return given[1:-1]  # '3' is the name, 3 the number
    return int(given) if given is not None and given.isascii() and given.isdigit() and len(given) < 10 else given


def _labels(reading: Reading) -> str:
    counts = reading.counts
    if counts is None:
        return ""
    shown = [f"{name} ({count})" for name, count in list(counts.items())[:_LABELS]]
    more = len(counts) - len(shown)
    source = reading.source
    rule = "" if source.classes in (None, 1) else source.targets(1, source.own_rule)[1]
    said = ", ".join(shown) + (f" and {more} more" if more else "")
    return said + (f"; by default {rule}" if rule else "")


def _first_rows(reading: Reading) -> Table:
    """The first rows as they are used: features, then targets."""
    source, names = reading.source, reading.names
    d, outputs = source.x.shape[1], source.target.shape[1]
    columns, targets = min(d, _COLUMNS), min(outputs, _TARGETS)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("row", justify="right")
    for j in range(columns):
        table.add_column(_name(names, reading.features, j, f"x{j}"), justify="right", max_width=14)
    if d > columns:
        table.add_column(f"{d - columns} more")
    for j in range(targets):
        table.add_column(_name(names, reading.label, j, f"y{j}" if outputs > 1 else "y"), justify="right", max_width=20)
    if outputs > targets:
        table.add_column(f"{outputs - targets} more")
    for i in range(min(reading.rows, _ROWS)):
        cells = [_shown(v) for v in source.x[i, :columns].tolist()] + ([""] if d > columns else [])
        if source.names is not None:
            cells.append(escape(source.names[int(source.target[i, 0])]))
        else:
            cells += [_shown(v) for v in source.target[i, :targets].tolist()]
        table.add_row(f"{i}", *cells, *([""] if outputs > targets else []))
    return table


def _name(names: tuple[str, ...], columns: tuple[int, ...], j: int, otherwise: str) -> str:
    if not columns:
        return otherwise
    # A name may hold line ends and what a terminal obeys: shown as Python writes it, without the quotes.
    return escape(repr(names[columns[j]])[1:-1]) if names and names[columns[j]] else f"column {columns[j] + 1}"


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
