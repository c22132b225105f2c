"""`python -m experiments NAME`: make the runs of a folder here, then its figures and its page.

A folder is a package with `full.toml` and `smoke.toml`, and with a module `experiment` that has two functions:

    run(config, folder)            make the runs that are not in the folder yet, one file each
    page(config, folder, name)     figures and page from those files, as docs/NAME.md and docs/images/NAME_*

Runs that are there with the same settings are kept: an experiment that was stopped goes on.
"""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import click

from pltheory.theory import PltheoryError

HERE = Path(__file__).parent
NAMES = sorted(path.parent.name for path in HERE.glob("*/full.toml"))


class Refused(click.ClickException):
    """Wrong settings or missing data: one line, exit 2."""

    exit_code = 2


@click.command()
@click.argument("name", type=click.Choice(NAMES))
@click.option("--smoke", is_flag=True, help="The small settings, smoke.toml, which write no page.")
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Settings of your own.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Default build/experiments/NAME.")
@click.option("--page", is_flag=True, help="Write docs/NAME.md and its figures from the runs.")
def main(name: str, smoke: bool, config: Path | None, out: Path | None, page: bool) -> None:
    """Make the runs of the experiment NAME."""
    chosen = config or HERE / name / ("smoke.toml" if smoke else "full.toml")
    folder = out or HERE.parent / "build" / "experiments" / (f"{name}-smoke" if smoke else name)
    experiment = import_module(f"experiments.{name}.experiment")
    try:
        settings = tomllib.loads(chosen.read_text(encoding="utf-8"))
        folder.mkdir(parents=True, exist_ok=True)
        experiment.run(settings, folder)
        if page:
            experiment.page(settings, folder, name)
    except (PltheoryError, tomllib.TOMLDecodeError, OSError) as error:
        raise Refused(f"{name}: {error}") from error
    click.echo(f"runs in {folder}" + (f"; wrote docs/{name}.md" if page else ""))


if __name__ == "__main__":
    main()
