"""Pages are followed: files are written, commands run, and what a page shows of their words is what they say."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import ENVIRONMENT, EXAMPLES, SCRIPT

ROOT = EXAMPLES.parent
PAGES = {
    "README.md": 0.05,
    "docs/howto/certify_your_network.md": 0.25,
    "docs/howto/checkpoint.md": 0.25,
    # Which kinks a step crosses hangs on the last digits of weights trained in float32.
    "docs/howto/certify_relu.md": 0.8,
}
"""How much a number may differ, relative."""
BLOCK = re.compile(
    r"^```(?P<language>[^\n]*)\n(?P<body>.*?)^```$|^`(?P<line>pltheory [^`]*)`:", re.MULTILINE | re.DOTALL
)
FILE = re.compile(r"`([\w.]+\.(?:py|toml))`")
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
COMMANDS = ("pltheory ", "python ", "cp ", "cd ")
OF_THE_PROJECT = "make "
ENDS = (0, 3)
"""An undecided question is an answer."""


class Reader:
    """Follows a page in a folder that has the examples.

    Attributes:
        said: what the last commands wrote.
        compared: how many blocks were held against it.
    """

    def __init__(self, folder: Path, tolerance: float) -> None:
        self.folder, self.tolerance, self.said, self.compared = folder, tolerance, "", 0
        shutil.copytree(EXAMPLES, folder / "examples")

    def follow(self, page: str) -> None:
        for block in BLOCK.finditer(page):
            body = block["body"] if block["line"] is None else block["line"]
            name = FILE.search(page[: block.start()].rstrip().rpartition("\n\n")[2])
            if block["language"] in ("python", "toml"):
                if name:
                    (self.folder / name[1]).write_text(body, encoding="utf-8")
            elif body.startswith(COMMANDS):
                self.run(body)
            elif block["language"] == "" and not body.startswith(OF_THE_PROJECT):
                assert shown(body, self.said, self.tolerance), f"not what the commands said:\n{body}\n---\n{self.said}"
                self.compared += 1

    def run(self, commands: str) -> None:
        where = self.folder / "where"
        environment = {**ENVIRONMENT, "PATH": f"{SCRIPT.parent}:{ENVIRONMENT['PATH']}"}
        self.said = ""
        for line in filter(None, commands.splitlines()):
            done = subprocess.run(
                ["bash", "-c", f"{line}\ncode=$?; pwd > {where}; exit $code"],
                cwd=self.folder, env=environment, capture_output=True, text=True, timeout=600,
            )  # fmt: skip
            assert done.returncode in ENDS, f"{line}: exit code {done.returncode}\n{done.stderr}"
            self.folder = Path(where.read_text().strip())
            self.said += (done.stdout + done.stderr).replace(f"{self.folder}/", "")


def shown(excerpt: str, whole: str, tolerance: float) -> bool:
    """Whether the paragraphs of an excerpt stand in a whole in their order, words as they are and numbers nearly."""
    there = words(whole)
    for paragraph in excerpt.split("\n\n"):
        wanted = words(paragraph)
        for k in range(len(there) - len(wanted) + 1):
            if all(alike(a, b, tolerance) for a, b in zip(wanted, there[k:], strict=False)):
                there = there[k + len(wanted) :]
                break
        else:
            return False
    return True


def words(text: str) -> list[str]:
    return [w for w in text.split() if w.strip("─")]


def alike(a: str, b: str, tolerance: float) -> bool:
    if NUMBER.sub("#", a) != NUMBER.sub("#", b):
        return False
    pairs = zip(map(float, NUMBER.findall(a)), map(float, NUMBER.findall(b)), strict=True)
    return all(abs(x - y) <= tolerance * max(abs(x), abs(y)) for x, y in pairs)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Of a short name: a long one breaks where a table shows it."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.slow
@pytest.mark.parametrize(("page", "tolerance"), PAGES.items())
def test_what_a_page_shows_is_what_its_commands_say(folder: Path, page: str, tolerance: float) -> None:
    reader = Reader(folder, tolerance)
    reader.follow((ROOT / page).read_text(encoding="utf-8"))
    assert reader.compared


def test_what_was_not_said_is_noticed() -> None:
    said = "Run of gd\n\nverdict: CERTIFIED\n 1 - q = 0.00118"
    assert shown("1 - q = 0.00117", said, 0.05)
    assert shown("Run of gd\n\n1 - q = 0.00118", said, 0.05)
    assert not shown("1 - q = 0.0118", said, 0.05)
    assert not shown("verdict: HOLDS", said, 0.05)
    assert not shown("q = 0.00118 -", said, 0.05)
    assert not shown("1 - q = 0.00118\n\nRun of gd", said, 0.05)
