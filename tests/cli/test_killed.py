"""A run that is killed at any moment leaves no run folder or a whole one; one that is interrupted leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.program import ENVIRONMENT, SCRIPT, everything_in, settings, wait_until

ORDER = ["manifest.json", "report.json", "trace.csv", "report.html"]
ENDLESS = settings("run.steps=1000000", "run.target=1e-300")

PLAIN_PAGE = 'import pltheory.report.html as h\nh.render_page = lambda *_: "<html></html>"\n'

# The program stops in the middle of a moment, says so by a file, and waits there for its end.
STOPPING = """
import pathlib, time
def stop():
    pathlib.Path("stopped").touch()
    time.sleep(600)
"""
IN_THE_RUN = """
import pltheory.runs.loop as c
iterate = c._iterate
def marked(*arguments):
    pathlib.Path("stopped").touch()
    return iterate(*arguments)
c._iterate = marked
"""
IN_A_FILE = """
write = pathlib.Path.write_text
def write_text(self, data, encoding=None):
    if self.name != "FILE":
        return write(self, data, encoding=encoding)
    with self.open("w", encoding=encoding) as file:
        file.write(data[: len(data) // 2])
        file.flush()
        stop()
pathlib.Path.write_text = write_text
"""
BEFORE_THE_NAME = "pathlib.Path.rename = lambda *_: stop()\n"
AFTER_THE_NAME = """
rename = pathlib.Path.rename
pathlib.Path.rename = lambda *arguments: (rename(*arguments), stop())
"""
WRITING = {
    **{f"in {name}": PLAIN_PAGE + STOPPING + IN_A_FILE.replace("FILE", name) for name in ORDER},
    "before the name": PLAIN_PAGE + STOPPING + BEFORE_THE_NAME,
}


def send(number: int, folder: Path, later: float = 0.0):
    """Send a signal to the child once it has stopped."""

    def meanwhile(child: int) -> None:
        wait_until((folder / "stopped").exists, "the moment comes")
        time.sleep(later)
        os.kill(child, number)

    return meanwhile


@pytest.mark.parametrize("later", [0.0, 0.05, 0.2])
def test_killed_while_it_runs_it_leaves_nothing(warm, small, tmp_path, later):
    kill = send(signal.SIGKILL, tmp_path, later)
    before = STOPPING + IN_THE_RUN
    end = warm("verify", small, *ENDLESS, "--out", "run", before=before, meanwhile=kill, folder=tmp_path)
    assert end.code == -signal.SIGKILL
    assert everything_in(tmp_path) == {small.name, "stopped"}


@pytest.mark.slow
@pytest.mark.parametrize("moment", WRITING)
def test_killed_while_it_writes_it_leaves_no_folder_of_that_name(warm, small, tmp_path, moment):
    """The same command, asked again, then gives the whole."""
    kill = send(signal.SIGKILL, tmp_path)
    end = warm("verify", small, "--out", "run", before=WRITING[moment], meanwhile=kill, folder=tmp_path)
    assert end.code == -signal.SIGKILL
    assert not (tmp_path / "run").exists()
    again = warm("verify", small, "--out", "run", before=PLAIN_PAGE, folder=tmp_path)
    assert again.code == 3
    assert {path.name for path in (tmp_path / "run").iterdir()} == set(ORDER)


def test_killed_once_the_folder_has_its_name_it_is_whole(warm, small, tmp_path):
    kill, before = send(signal.SIGKILL, tmp_path), PLAIN_PAGE + STOPPING + AFTER_THE_NAME
    end = warm("verify", small, "--out", "run", before=before, meanwhile=kill, folder=tmp_path)
    assert end.code == -signal.SIGKILL
    (tmp_path / "run/report.html").unlink()
    assert warm("report", "run", folder=tmp_path).code == 0
    assert {path.name for path in (tmp_path / "run").iterdir()} == set(ORDER)


def test_interrupted_while_it_runs_it_says_so_and_leaves_nothing(warm, small, tmp_path):
    interrupt, before = send(signal.SIGINT, tmp_path), STOPPING + IN_THE_RUN
    end = warm("verify", small, *ENDLESS, "--out", "run", before=before, meanwhile=interrupt, folder=tmp_path)
    assert (end.code, end.stdout) == (130, "")
    assert end.stderr.strip() == "interrupted"
    assert everything_in(tmp_path) == {small.name, "stopped"}


# Python drops what is raised in a finalizer.
DROPPED = """
import pltheory.runs.loop as c
class Finalized:
    def __del__(self):
        stop()
iterate = c._iterate
def marked(*arguments):
    Finalized()
    time.sleep(20)
    return iterate(*arguments)
c._iterate = marked
"""


def test_an_interrupt_that_python_dropped_comes_again(warm, small, tmp_path):
    interrupt = send(signal.SIGINT, tmp_path)
    end = warm("verify", small, before=STOPPING + DROPPED, meanwhile=interrupt, folder=tmp_path)
    assert (end.code, end.stdout) == (130, ""), end.stderr
    assert end.stderr.startswith("Exception ignored in")
    assert end.stderr.endswith("interrupted\n")
    assert everything_in(tmp_path) == {small.name, "stopped"}


# As an extension module does.
SLOW = """
import pathlib, time
pathlib.Path("stopped").touch()
try:
    time.sleep(1)
except BaseException:
    raise ImportError("initialization failed")
pathlib.Path("imported").touch()
"""
IN_A_COMMAND = """
import sys
import pltheory.cli
sys.dont_write_bytecode = True
pltheory.cli.COMMANDS["slow"] = "A command that takes a second to import."
pltheory.cli.__path__.append(".")
"""
IN_AN_IMPORT = """
import sys
import pltheory.runs.loop as c
sys.dont_write_bytecode = True
sys.path.insert(0, ".")
iterate = c._iterate
def marked(*arguments):
    import slow
    return iterate(*arguments)
c._iterate = marked
"""


def test_an_interrupt_while_a_command_is_imported_ends_it_at_once(warm, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    end = warm("slow", before=IN_A_COMMAND, meanwhile=send(signal.SIGINT, tmp_path), folder=tmp_path)
    assert (end.code, end.stdout, end.stderr) == (130, "", "\ninterrupted\n")
    assert everything_in(tmp_path) == {"slow.py", "stopped"}


def test_an_interrupt_waits_for_the_end_of_an_import_in_the_run(warm, small, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    interrupt = send(signal.SIGINT, tmp_path)
    end = warm("verify", small, *ENDLESS, before=IN_AN_IMPORT, meanwhile=interrupt, folder=tmp_path)
    assert (end.code, end.stdout) == (130, ""), end.stderr
    assert end.stderr.strip() == "interrupted"
    assert everything_in(tmp_path) == {small.name, "slow.py", "stopped", "imported"}


@pytest.mark.parametrize("moment", ["in trace.csv", "before the name"])
def test_interrupted_while_it_writes_it_leaves_nothing(warm, small, tmp_path, moment):
    interrupt = send(signal.SIGINT, tmp_path)
    end = warm("verify", small, "--out", "run", before=WRITING[moment], meanwhile=interrupt, folder=tmp_path)
    assert (end.code, end.stdout) == (130, "")
    assert everything_in(tmp_path) == {small.name, "stopped"}


@pytest.mark.slow
def test_the_installed_script_is_interrupted_alike(small, tmp_path):
    process = subprocess.Popen(
        [SCRIPT, "verify", small, *ENDLESS],
        cwd=tmp_path,
        env={**ENVIRONMENT, "PYTHONFAULTHANDLER": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # as in `program.WARM`
    )
    # Past the start of the interpreter; wherever it then is, importing, measuring or running, it must end alike.
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # has every thread's stack written
        out, err = process.communicate()
    assert (process.returncode, out) == (130, ""), err
    assert err.endswith("interrupted\n")
    assert "defect" not in err
    assert everything_in(tmp_path) == {small.name}


FULL_DISK = """
import errno, pathlib
def write_text(self, data, encoding=None):
    raise OSError(errno.ENOSPC, "No space left on device")
pathlib.Path.write_text = write_text
"""


def test_a_full_disk_is_named_and_leaves_nothing(warm, small, tmp_path):
    end = warm("verify", small, "--out", "run", before=PLAIN_PAGE + FULL_DISK, folder=tmp_path)
    assert (end.code, end.stdout) == (2, "")
    assert end.stderr == "error: --out run: cannot be written (No space left on device)\n"
    assert everything_in(tmp_path) == {small.name}


TAKEN_MEANWHILE = """
import pathlib
import pltheory.study.build as b
answer = b.answer
def slow(*arguments, **named):
    pathlib.Path("runs/small").mkdir(parents=True)
    return answer(*arguments, **named)
b.answer = slow
"""


def test_two_runs_at_once_get_two_folders(warm, small, tmp_path):
    """The other one took the name while this one ran."""
    end = warm("verify", small, before=PLAIN_PAGE + TAKEN_MEANWHILE, folder=tmp_path)
    assert end.code == 3, end.stderr
    assert {path.name for path in (tmp_path / "runs/small-2").iterdir()} == set(ORDER)
    assert "run folder: runs/small-2" in end.stderr
