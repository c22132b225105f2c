"""Ways to call the command line: the installed script, and the same program forked from a process that is warm.

Importing torch takes seconds. A warm process has imported every subcommand and has drawn a page; for each call it forks
a child with a folder, streams and arguments of its own, which ends through `pltheory.cli.main` with the exit code that
a shell sees.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

SCRIPT = Path(sys.executable).with_name("pltheory")
EXAMPLES = Path(__file__).parents[2] / "examples"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "COLUMNS": "100"}

WARM = """
import importlib, json, os, signal, sys
# A shell that runs the tests in the background has its children ignore interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
import pltheory.cli
for name in pltheory.cli.COMMANDS:
    importlib.import_module(f"pltheory.cli.{name}")
# What a command imports when it is called.
for name in (
    "certificates.apriori", "certificates.width", "measure.ball_search", "report.checkpoint_text", "report.figures",
    "report.study_text", "study.checkpoint_report", "study.engine", "study.sweep", "study.table",
):
    importlib.import_module(f"pltheory.{name}")
from pltheory.cli.verify import files_of
from pltheory.study.build import answer
from pltheory.study.config import from_tree
tree = {"network": {"hidden": [4]}, "data": {"source": "digits", "n": 1}, "optimizer": {"name": "gd", "eta": 0.1}}
first = from_tree({**tree, "run": {"steps": 2}})
files_of(answer(first), first)
print("ready", flush=True)
for line in iter(sys.stdin.readline, ""):
    job = json.loads(line)
    child = os.fork()
    if child:
        print(child, flush=True)
        status = os.waitpid(child, 0)[1]
        print(os.waitstatus_to_exitcode(status), flush=True)
        continue
    code = 99
    try:
        os.chdir(job["folder"])
        os.dup2(os.open(job["stdin"], os.O_RDONLY), 0)
        for name, number in (("stdout", 1), ("stderr", 2)):
            os.dup2(os.open(job[name], os.O_WRONLY | os.O_CREAT), number)
        sys.stdin = open(0, encoding="utf-8")
        sys.argv = ["pltheory", *job["arguments"]]
        exec(job["before"], {})
        pltheory.cli.main()
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        import traceback
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
"""


@dataclass(frozen=True)
class Ended:
    """How a call ended; `code` is minus the signal's number for a process that a signal ended."""

    code: int
    stdout: str
    stderr: str

    def answer(self) -> Any:
        """Standard output as JSON: fails where anything else was printed."""
        return json.loads(self.stdout)


class Warm:
    """The warm process; call it with the arguments of `pltheory`."""

    def __init__(self, scratch: Path) -> None:
        self.scratch, self.calls = scratch, 0
        self.process = subprocess.Popen(
            [sys.executable, "-c", WARM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True
        )
        assert _open(self.process.stdout).readline() == "ready\n"

    def __call__(
        self,
        *arguments: object,
        folder: Path,
        text: str = "",
        before: str = "",
        meanwhile: Callable[[int], None] | None = None,
    ) -> Ended:
        """Run `pltheory` with these arguments.

        Args:
            arguments: of the command line.
            folder: the working folder.
            text: standard input.
            before: Python that the child runs first, to change the program.
            meanwhile: called with the child's process id as soon as it runs.
        """
        self.calls += 1
        streams = {name: self.scratch / f"{self.calls}.{name}" for name in ("stdin", "stdout", "stderr")}
        streams["stdin"].write_text(text, encoding="utf-8")
        job: dict[str, Any] = {"folder": str(folder), "arguments": [str(a) for a in arguments], "before": before}
        job |= {name: str(path) for name, path in streams.items()}
        print(json.dumps(job), file=_open(self.process.stdin), flush=True)
        answers = _open(self.process.stdout)
        child = int(answers.readline())
        if meanwhile is not None:
            meanwhile(child)
        code = int(answers.readline())
        said = [streams[name].read_text(encoding="utf-8") for name in ("stdout", "stderr")]
        return Ended(code, *said)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        _open(self.process.stdin).close()
        _open(self.process.stdout).close()


def _open(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def script(*arguments: object, folder: Path, text: str = "") -> Ended:
    """Run the installed `pltheory` script."""
    done = subprocess.run(
        [SCRIPT, *map(str, arguments)],
        cwd=folder,
        env=ENVIRONMENT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def finding(*folders: Path) -> str:
    """What the warm process' child runs first, to find packages in these folders."""
    return f"import sys; sys.path[:0] = {[str(folder) for folder in folders]!r}"


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.002)


def settings(*overrides: str) -> list[str]:
    """`--set a=1 --set b=2` from "a=1", "b=2"."""
    return [word for item in overrides for word in ("--set", item)]


def everything_in(folder: Path) -> set[str]:
    """Every file and folder below, hidden ones too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
