"""`pltheory examples`: the examples that come with the package, and a copy of one."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.markup import escape

from .options import err

HEADS = {
    "script": "Scripts, run by python; the gallery of the documentation shows what they print and draw",
    "configuration": "Configurations, for pltheory verify unless their first lines say another command",
    "folder": "Folders, with code of their own",
}


@click.group(name="examples", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="The list as JSON on standard output.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the examples that come with the package; `get` copies one.

    \b
      pltheory examples
      pltheory examples get first_certificate
      pltheory examples get own_theorem --out work

    Exit codes: 0, or 2 for bad input.
    """
    if ctx.invoked_subcommand is not None:
        if as_json:
            raise click.UsageError(f"--json goes behind {ctx.invoked_subcommand}", ctx)
        return
    from pltheory.study.examples import examples

    found = examples()
    if as_json:
        told = [{"name": e.name, "kind": e.kind, "title": e.title, "files": e.files} for e in found]
        said = {"schema": "pltheory-examples/1", "examples": told}
        click.echo(json.dumps(said, indent=2, ensure_ascii=False))
        return
    width = max(len(e.name) for e in found)
    for kind, head in HEADS.items():
        click.echo(f"{head}\n")
        for e in (e for e in found if e.kind == kind):
            click.echo(f"  {e.name:{width}}  {e.title}")
        click.echo()
    click.echo("pltheory examples get NAME copies one")


@command.command(name="get", short_help="Copy the example NAME, with all its files.")
@click.argument("name")
@click.option(
    "--out", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(),
    help="The folder to copy into; default the current one.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.option("--json", "as_json", is_flag=True, help="What was written as JSON on standard output.")
def get(name: str, folder: Path, force: bool, as_json: bool) -> None:
    """Copy the example NAME, with all its files.

    A script or a configuration becomes a file in the folder, a folder becomes a folder in it. Where a file of that name
    is there already nothing is written, unless --force is given.
    """
    from pltheory.study.examples import copy, example

    found = example(name)
    written = copy(found, folder, force=force)
    if as_json:
        said = {"schema": "pltheory-example/1", "name": name, "written": [str(path) for path in written]}
        click.echo(json.dumps(said, indent=2, ensure_ascii=False))
        return
    err.print(f"wrote {escape(', '.join(map(str, written)))}", highlight=False, soft_wrap=True)
