"""The command line: one module per subcommand, imported when it is called, and the meaning of exit codes."""

from __future__ import annotations

import difflib
import errno
import importlib
import os
import sys
import traceback

import click

from pltheory.cli import streams
from pltheory.cli.interrupt import ends_the_process, repeated_until_heard
from pltheory.theory.errors import (
    InvalidInputError,
    NotAvailableError,
    NumericalFailureError,
    PltheoryError,
    says_out_of_memory,
)

COMMANDS = {
    "verify": "Measure, check a theorem, run the optimizer, confirm and report: the main job.",
    "check": "The hypotheses only, without a run.",
    "measure": "Kernel, spectrum, Hessian norms and PL* ratio at the weights, and a search in the ball.",
    "certify": "Prove that a checkpoint lies in the basin of a global minimum; writes a certificate.",
    "recheck": "Check a certificate again, with code and arithmetic that share nothing with the first.",
    "width": "The smallest certified width found by search, and the width that is enough a priori.",
    "sweep": "A study: the same over a grid of widths, seeds and anything else; resumes, fits power laws.",
    "fit": "The power laws of a study in the width, against those that the theory expects.",
    "audit": "What a log of gradient norms says of clipping, and whether the floor delta ever mattered.",
    "proofs": "Check the derivations: exact certificates, suprema, second opinions, Coq status.",
    "report": "Render the page of a run's folder, or of a study's, again.",
    "init": "Write a first configuration, with a comment beside every key; also from a checkpoint.",
    "config": "What a configuration may hold, as JSON Schema; what one holds with every default.",
    "examples": "The examples that come with the package, a line each; `get` copies one.",
    "datasets": "The named data sets and file formats; `show` says how a file is read.",
    "env": "Versions, device and floating-point switches.",
}
OUTPUT_FAILED = 74  # EX_IOERR of sysexits.h
READER_GONE = 141
COMPLETION = "_PLTHEORY_COMPLETE"
"""Set by the shell that asks for completions; click answers, and ends the process."""
EPILOG = """\b
Exit codes
  0  the verdict reaches the level asked for and the run agrees
  1  refuted, or the run contradicts the theorem
  2  bad input
  3  undecided, or below the level asked for
  4  numerical failure: NaN, no memory, no convergence
 70  a defect of this program, with its traceback: never a verdict
 74  standard output is closed or cannot be written
130  interrupted; 141  the reader of the output went away

\b
Start here
  pltheory init first.toml
  pltheory examples get digits --out examples
  pltheory verify examples/digits.toml
  pltheory verify examples/digits.toml --theorem all
  pltheory check examples/narrow.toml --set network.hidden=[4096] --json
"""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        with ends_the_process():
            command: click.Command = importlib.import_module(f"pltheory.cli.{name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS:
            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            meant = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(COMMANDS)}"
            raise click.UsageError(f"COMMAND = {args[0]!r}: no such command; {meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # Written from the table so that --help does not import torch.
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Lazy, epilog=EPILOG, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="pltheory", prog_name="pltheory")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Does the convergence theorem apply to my network, and is it true what it says?

    A CONFIG is a TOML file, or - for standard input.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)


def main() -> None:
    """Entry point: maps every way of ending to its exit code."""
    # Read where torch is imported. Threads that wait for one another spin otherwise, and where another program has one
    # of the cores that makes a run several times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if streams.prepare():
        sys.exit(_exit_code())
    sys.exit(_say("error: standard output is closed", OUTPUT_FAILED))


def _exit_code() -> int:
    code = _ended()
    failure = streams.output_failure()
    if failure is None:
        return code
    if failure.errno == errno.EPIPE:
        return READER_GONE
    return _say(f"error: standard output cannot be written ({failure.strerror})", OUTPUT_FAILED)


def _ended() -> int:
    try:
        with repeated_until_heard():
            return cli.main(standalone_mode=False) or 0
    except (click.exceptions.Abort, KeyboardInterrupt):  # the second where it comes as the context ends
        return _say("interrupted", 130)
    except (OSError, SystemExit) as error:
        if COMPLETION in os.environ and getattr(error, "code", None) == 0 and streams.output_failure() is None:
            return 0  # no command was run
        # The second is what click and rich make of a broken pipe; their code 1 would read as a verdict.
        return _unforeseen(error) if streams.output_failure() is None else OUTPUT_FAILED
    except click.ClickException as error:
        return _say(f"error: {_line(error)}", 2)
    except (InvalidInputError, NotAvailableError) as error:
        return _say(f"error: {error}", 2)
    except NumericalFailureError as error:
        return _say(f"numerical failure: {error}", 4)
    except PltheoryError as error:  # rounding that is not to nearest, a bound that cannot be verified
        return _say(f"no verdict: {error}", 4)
    except Exception as error:
        if says_out_of_memory(error):
            return _say(f"numerical failure: out of memory ({''.join(str(error).splitlines()[:1])})", 4)
        return _unforeseen(error)


def _unforeseen(error: BaseException) -> int:
    traceback.print_exception(error)
    return _say("this is a defect of pltheory, not a verdict", 70)


def _line(error: click.ClickException) -> str:
    """A usage error in one line, with where to read on."""
    context = getattr(error, "ctx", None)
    said = " ".join(error.format_message().split()).removesuffix(".")
    return said if context is None else f"{said}; see {context.command_path} --help"


def _say(message: str, code: int) -> int:
    click.echo(message, err=True)
    return code
