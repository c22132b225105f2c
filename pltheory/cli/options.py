"""The arguments that subcommands share: a configuration with overrides, device, JSON, progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pltheory.theory import InvalidInputError
from pltheory.theory.verdict import Verdict

if TYPE_CHECKING:
    from pltheory.problem.checkpoint import Reading
    from pltheory.problem.problem import Problem
    from pltheory.study.config import Config
    from pltheory.verification.report import VerifyReport

F = TypeVar("F", bound=Callable[..., None])
# A pipe has no width of its own; 100 columns keep every table whole.
out = Console(width=None if sys.stdout.isatty() else 100)
err = Console(stderr=True)


set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, e.g. --set network.hidden=[4096]. May be repeated.",
)


def config_option(f: F) -> F:
    """--config and --set, for commands whose argument is something else."""
    return set_option(click.option("--config", required=True, metavar="CONFIG", help="Problem and step rule.")(f))


def config_arguments(f: F) -> F:
    """CONFIG, --set, --device, --theorem."""
    for decorate in (
        click.option("--theorem", help="The theorem to check, 'best' (default) or 'all'; short for theorem.name."),
        click.option("--device", help="auto, cpu or cuda; short for run.device."),
        set_option,
        click.argument("config", metavar="CONFIG"),
    ):  # fmt: skip
        f = decorate(f)
    return f


certificate_option = click.option(
    "--save-certificate",
    "certificate",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Write the certificate of a CERTIFIED verdict there, its arrays beside it; `pltheory recheck` reads it.",
)


def require_certificate(path: Path | None, settings: Config, level: str) -> None:
    """Refuse a --save-certificate that cannot be fulfilled, before anything is computed.

    Raises:
        InvalidInputError: the level leaves round-off out, the theorem has no certificate, or a file exists.
    """
    if path is None:
        return
    from pltheory.certification.claim import require_free
    from pltheory.theorems.ladder import ALL, BEST, CERTIFIABLE

    if level != "certified":
        raise InvalidInputError(f"--save-certificate {path}: needs --level certified, not {level}")
    name = settings.theorem.name
    if name not in (ALL, BEST) and name not in CERTIFIABLE:
        raise InvalidInputError(
            f"--save-certificate {path}: Theorem {name} has no certificate; "
            f"allowed are {', '.join(CERTIFIABLE)}, all, best"
        )
    require_free(path)


def save_certificate_of(report: VerifyReport, path: Path | None) -> None:
    """Write the certificate of a report's main theorem, or say why there is none."""
    if path is None:
        return
    main, claim = report.main, report.main.certificate
    if claim is None or not claim.holds or claim.unwritten:
        said = main.shortfall or ("" if claim is None else claim.shortfall or claim.unwritten)
        why = f": {said}" if said else ""
        line = f"no certificate written to {path}, Theorem {main.theorem.id} is {main.verdict.value}{why}"
        err.print(f"[yellow]{escape(line)}[/]", highlight=False, soft_wrap=True)
        return
    claim.save(path)
    err.print(f"[dim]wrote {path} and {path.with_suffix('.npz').name}[/dim]", highlight=False, soft_wrap=True)


def load(config: str, overrides: tuple[str, ...], device: str | None, theorem: str | None) -> Config:
    """The configuration of a file, or of standard input where the name is "-".

    Whose code it runs, if any, is said on standard error.

    Raises:
        InvalidInputError: no such file, or what `read_config` refuses.
    """
    from pltheory.study.network_section import ModuleSection

    # JSON's quoting is TOML's, so that whatever was typed arrives as one text.
    more = [f"run.device={json.dumps(device)}"] if device is not None else []
    more += [f"theorem.name={json.dumps(theorem)}"] if theorem is not None else []
    settings = read(config, [*overrides, *more])
    network = settings.network
    if isinstance(network, ModuleSection) and network.sha256 is not None:
        code = f"this runs code: {network.function} of {network.file}, SHA-256 {network.sha256}"
        err.print(f"[dim]{escape(code)}[/dim]", highlight=False, soft_wrap=True)
    return settings


def read(config: str, overrides: Sequence[str]) -> Config:
    """The configuration of a file, or of standard input where the name is "-"; nothing is said.

    Raises:
        InvalidInputError: no such file, or what `read_config` refuses.
    """
    from pltheory.study.config import read_config

    path = Path(config)
    try:
        if config == "-":
            if sys.stdin is None:
                raise InvalidInputError("CONFIG -: standard input is closed")
            text = sys.stdin.buffer.read().decode("utf-8")  # TOML is, whatever the terminal's encoding
        else:
            # Not as lines, whose endings Python would change before TOML sees them.
            text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise InvalidInputError(f"CONFIG {config}: {reason}") from None
    return read_config(text, overrides, folder=Path() if config == "-" else path.parent)


def say_reading(reading: Reading) -> None:
    """One line on standard error: how a checkpoint was read."""
    err.print(f"[dim]{escape(f'checkpoint {reading.path}: {reading}')}[/dim]", highlight=False, soft_wrap=True)


def say_precision(config: Config, problem: Problem) -> None:
    """One line on standard error where the user's own module is not in float64."""
    from pltheory.study.network import precision_note

    note = precision_note(config, problem)
    if note is not None:
        err.print(f"[yellow]{escape(note)}[/]", highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(title: str, begins: str = "") -> Iterator[Callable[[int, int, str], None]]:
    """A bar on standard error that a long step feeds; silent where that is not a terminal.

    Args:
        title: what is done in all.
        begins: the phase before the first that is told; later ones are named by the notes.
    """
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(), TextColumn("{task.fields[note]}"),
        console=err, transient=True, disable=not err.is_terminal,
    ) as bar:  # fmt: skip
        # Before a total is known there is nothing to count.
        task = bar.add_task(title, total=None, note=begins, count="")

        def told(done: int, total: int, note: str) -> None:
            bar.update(task, completed=done, total=total, note=note, count=f"{done}/{total}")

        yield told


def exit_code(report: VerifyReport, level: str) -> int:
    """0 reached and not contradicted, 1 refuted or contradicted, 3 undecided or below the level."""
    from pltheory.study.build import LEVELS
    from pltheory.verification.evidence import Evidence

    if report.verdict is Verdict.REFUTED or report.evidence is Evidence.CONTRADICTS:
        return 1
    return 0 if report.verdict.rank >= LEVELS[level].rank else 3
