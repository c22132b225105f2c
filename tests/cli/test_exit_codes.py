"""Every way of ending has its exit code, and a crash never looks like a verdict."""

from __future__ import annotations

import errno
import sys

import click
import pytest
import torch

import pltheory.cli
from pltheory.cli import _exit_code
from pltheory.theory.errors import InvalidInputError, NotAvailableError, NumericalFailureError, PltheoryError
from tests.cli.program import settings

ENDS = [
    (PltheoryError("of no kind"), 4, "no verdict: of no kind\n"),
    (None, 0, ""),
    (InvalidInputError("key = 3: allowed is 4"), 2, "error: key = 3: allowed is 4\n"),
    (NotAvailableError("not available for this network: x"), 2, "error: not available for this network: x\n"),
    (click.BadParameter("no good"), 2, "error: Invalid value: no good\n"),
    (NumericalFailureError("NaN in K"), 4, "numerical failure: NaN in K\n"),
    (MemoryError("big"), 4, "numerical failure: out of memory (big)\n"),
    (
        torch.OutOfMemoryError("CUDA out of memory.\nmore"),
        4,
        "numerical failure: out of memory (CUDA out of memory.)\n",
    ),
    (
        RuntimeError("CPUAllocator: can't allocate memory: 8 bytes"),
        4,
        "numerical failure: out of memory (CPUAllocator: can't allocate memory: 8 bytes)\n",
    ),
    (click.Abort(), 130, "interrupted\n"),
]


def end_with(error: BaseException | None, monkeypatch: pytest.MonkeyPatch) -> int:
    def program(**_: object) -> None:
        if error is not None:
            raise error

    monkeypatch.setattr(pltheory.cli.cli, "main", program)
    return _exit_code()


@pytest.mark.parametrize(("error", "code", "said"), ENDS, ids=lambda v: type(v).__name__)
def test_every_foreseen_end_has_its_code_and_one_line(error, code, said, monkeypatch, capsys):
    assert end_with(error, monkeypatch) == code
    out, err = capsys.readouterr()
    assert (out, err) == ("", said)


UNFORESEEN = [
    ZeroDivisionError("division by zero"),
    RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
    AssertionError("never"),
    KeyError("main"),
    RecursionError("too deep"),
    OSError(errno.EIO, "Input/output error"),
    StopIteration(3),
]


@pytest.mark.parametrize("error", UNFORESEEN, ids=lambda v: type(v).__name__)
def test_an_unforeseen_end_is_70_with_its_traceback(error, monkeypatch, capsys):
    assert end_with(error, monkeypatch) == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" in err
    assert type(error).__name__ in err
    assert err.endswith("this is a defect of pltheory, not a verdict\n")


def test_a_command_that_returns_a_code_keeps_it(monkeypatch):
    for code in (0, 1, 3):
        monkeypatch.setattr(pltheory.cli.cli, "main", lambda code=code, **_: code)
        assert _exit_code() == code


@pytest.mark.parametrize("command", ["verify", "check"])
def test_a_defect_in_a_command_is_70_and_leaves_nothing(warm, small, tmp_path, command):
    before = "import pltheory.study.build as b\nb.answer = lambda *_, **__: [][0]"
    end = warm(command, small, before=before, folder=tmp_path)
    assert end.code == 70
    assert end.stdout == ""
    assert "IndexError" in end.stderr
    assert not (tmp_path / "runs").exists()


def test_a_defect_of_the_page_is_70_and_leaves_nothing(warm, small, tmp_path):
    before = "import pltheory.report.html as h\nh.render_page = lambda *_: 1 / 0"
    assert warm("verify", small, before=before, folder=tmp_path).code == 70
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("words", [["--json"], []], ids=["json", "table"])
def test_output_that_nobody_reads_does_not_end_in_a_verdict(warm, small, tmp_path, words):
    """`pltheory check .. | head -1`: a broken pipe must not end in 1, which would say REFUTED."""
    before = "import os\nr, w = os.pipe()\nos.close(r)\nos.dup2(w, 1)"
    end = warm("check", small, *words, before=before, folder=tmp_path)
    assert end.code == 141, end.stderr


LITTLE_MEMORY = """
import resource
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + 2**29
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits its own memory as Linux allows")
def test_no_memory_for_the_kernel_is_4(warm, small, tmp_path):
    words = settings("data.source=sphere", "data.labels=sign", "data.d=3", "data.n=10000")
    end = warm("check", small, *words, folder=tmp_path, before=LITTLE_MEMORY)
    assert end.code == 4
    assert end.stderr.startswith("numerical failure: out of memory")
    assert end.stderr.count("\n") == 1
