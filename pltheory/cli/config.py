"""`pltheory config`: what a configuration may say, and what one says with every default filled in."""

from __future__ import annotations

import json

import click

from .options import read, set_option


@click.group(name="config", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Say what a configuration may hold (`schema`), and what one holds with every default (`show`)."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)


@command.command(name="schema", short_help="Print the JSON Schema of a configuration, for editors.")
def schema() -> None:
    """Print the JSON Schema of a configuration, so that an editor completes keys and names.

    \b
      pltheory config schema > pltheory.schema.json

    An editor with a TOML language server reads it where the first line of a configuration is

    \b
      #:schema ./pltheory.schema.json

    What it refuses, `check` refuses. What hangs on several keys, on files or on the data is said by `check` alone.
    """
    from pltheory.study.schema import config_schema

    click.echo(json.dumps(config_schema(), indent=2, ensure_ascii=False))


@command.command(name="show", short_help="Print CONFIG with every default filled in, as TOML.")
@click.argument("config", metavar="CONFIG")
@set_option
@click.option("--json", "as_json", is_flag=True, help="The configuration and its hash as JSON on standard output.")
def show(config: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Print CONFIG with every default filled in, as TOML that is the same configuration, with the same hash.

    \b
      pltheory config show examples/digits.toml
      pltheory config show examples/digits.toml --set network.hidden=[256] > small.toml
      pltheory config show examples/digits.toml | pltheory check -

    Paths are printed as from the folder where the command runs. Nothing is computed, and no code of yours is run.

    Exit codes: 0, or 2 for bad input.
    """
    settings = read(config, overrides)
    from pltheory.study.config_text import to_toml
    from pltheory.study.store import config_hash

    if as_json:
        said = {"schema": "pltheory-config/1", "hash": config_hash(settings), "config": settings.model_dump()}
        click.echo(json.dumps(said, indent=2, ensure_ascii=False))
        return
    click.echo(
        f"# SHA-256 of this configuration without its sweep: {config_hash(settings)}\n{to_toml(settings)}", nl=False
    )
