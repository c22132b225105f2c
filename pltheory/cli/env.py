"""`pltheory env`: what a result depends on besides the configuration."""

from __future__ import annotations

import json

import click


@click.command(name="env")
def command() -> None:
    """Print versions, device and floating-point switches as JSON."""
    from pltheory.study.store import environment

    click.echo(json.dumps(environment(), indent=2))
