"""`pltheory env`: what a result depends on besides the configuration."""

from __future__ import annotations

import json

import click
from rich import box
from rich.markup import escape
from rich.table import Table

from .options import out

WORDS = {
    "cuda": "CUDA device",
    "threads": "threads of torch",
    "tf32": "TF32 in products on CUDA",
    "flush_to_zero": "subnormal numbers become zero",
}
"""What the keys of `environment` are called in the table; the others say it themselves."""


@click.command(name="env")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON on standard output.")
def command(as_json: bool) -> None:
    """Say what a result depends on besides the configuration: versions, device and floating-point switches.

    \b
      pltheory env
      pltheory env --json     what a run folder's manifest.json holds of it

    Exit code: 0.
    """
    from pltheory.study.store import environment

    found = environment()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = Table(box=box.SIMPLE, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in {**found.pop("packages"), **found}.items():
        table.add_row(WORDS.get(name, name), escape(_shown(value)))
    out.print(table)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
