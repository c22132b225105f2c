"""`pltheory report`: render the page of a run's folder, or of a study's, again."""

from __future__ import annotations

from pathlib import Path

import click

from pltheory.theory import InvalidInputError

from .options import err, out


@click.command(name="report")
@click.argument("folder", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Print what a folder holds and write its page again: report.html of a run, study.html of a study.

    A folder with a study.json is that of a study. Nothing is computed anew: the page is made from what is stored.
    """
    study = (folder / "study.json").exists()
    if not study and not any((folder / name).exists() for name in ("manifest.json", "report.json")):
        raise InvalidInputError(
            f"{folder}: not a run folder, manifest.json is missing, and not a study's, study.json is missing"
        )
    page = _of_study(folder) if study else _of_run(folder)
    err.print(f"[dim]wrote {page}[/dim]", highlight=False, soft_wrap=True)


def _of_run(folder: Path) -> Path:
    from pltheory.report.html import render_page
    from pltheory.report.text import print_report
    from pltheory.study.store import read_run, write_file

    origin, report, trace = read_run(folder)
    write_file(folder / "report.html", render_page(origin, report, trace))
    print_report(out, report)
    return folder / "report.html"


def _of_study(folder: Path) -> Path:
    from pltheory.report.study import Study
    from pltheory.report.study_html import render_study
    from pltheory.report.study_text import print_sweep
    from pltheory.study.store import write_file

    study = Study.read(folder)
    write_file(folder / "study.html", render_study(study))
    print_sweep(out, study.records, study.laws, study.quantities)
    return folder / "study.html"
