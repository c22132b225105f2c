"""SIGKILL at random moments of `verify`, `certify` and `sweep`: what they leave, and what the same command makes of it.

    python -m tests.study.kills --count 200 --seed 0 --page docs/kills.txt

Half of the kills come at a random time, the others before a random operation on a file in the folder (one is opened,
renamed, made or removed there). After each: every record, run folder and certificate that has its name is whole, and
the same command, not killed, leaves what it leaves in an empty folder, byte for byte, but for the seconds it took.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from pltheory.problem.data import digits
from pltheory.study.point import is_whole
from tests.cli.program import Ended, Warm

CONFIG = """
network = {hidden = [8], parametrization = "standard", bias = true}
data = {source = "digits", n = 2, labels = "one-hot"}
optimizer = {eta = "0.1/beta", gamma = 0.5, delta = 0.1}
"""
RUN = '\nlevel = "holds"\ntheorem.name = "B"\nrun.steps = 3\n'
COMMANDS = {
    "verify": ["verify", "run.toml", "--out", "run"],
    "certify": ["certify", "fitted.pt", "--config", "fitted.toml"],
    "sweep": ["sweep", "run.toml", "--set", "sweep.run.seed=[0, 1, 2]", "--out", "study"],
}
ORDINARY = {"verify": 3, "certify": 0, "sweep": 0}
WITH_WORKERS = 40
"""Each so manieth kill is of a sweep with a worker process."""
FILES = """
import os, signal
left = {number}
there = os.open("../{log}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def audit(event, arguments):
    global left
    if event not in ("open", "os.rename", "os.mkdir", "os.chmod", "os.remove", "os.rmdir"):
        return
    path = os.fspath(arguments[0]) if isinstance(arguments[0], (str, os.PathLike)) else ""
    if not path or (os.path.isabs(path) and not path.startswith(os.getcwd())):
        return
    os.write(there, b".")
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
import sys
sys.addaudithook(audit)
"""
"""The program counts the operations on files in its folder, and is killed before one of them."""


@dataclass
class Tally:
    """What came of the kills of one command.

    Attributes:
        kills: at a random time, and before an operation on a file.
        left: what was there afterwards: nothing, a part (some points), or all.
        findings: what should not have been, in words.
    """

    kills: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


Contents = dict[str, bytes]


class Killer:
    """Kills commands, each in a folder of its own."""

    def __init__(self, scratch: Path) -> None:
        self.scratch, self.calls = scratch, 0
        (scratch / "inputs").mkdir()
        write_inputs(scratch / "inputs")
        self.warm = Warm(scratch)
        self.whole: dict[str, Contents] = {}
        self.seconds: dict[str, float] = {}
        self.operations: dict[str, int] = {}
        for name in COMMANDS:
            folder, log = self._folder(), f"{name}.operations"
            began = time.perf_counter()
            end = self._call(name, folder, before=FILES.format(number=0, log=log))
            self.seconds[name] = time.perf_counter() - began
            self.operations[name] = (scratch / log).stat().st_size
            assert end.code == ORDINARY[name], end.stderr
            self.whole[name] = _results(name, folder)
            shutil.rmtree(folder)

    def kill(self, name: str, draw: random.Random, tally: Tally, *, workers: bool, by_file: bool) -> bool:
        """Kill one command and run it again; whether it was killed before it ended."""
        folder = self._folder()
        meanwhile: Callable[[int], None] | None = None
        if by_file:
            at = draw.randint(1, self.operations[name])
            before, moment = FILES.format(number=at, log="operations"), f"before operation {at} on a file"
        else:
            later = draw.uniform(0.0, self.seconds[name] * (3 if workers else 1))
            before, moment = "", f"after {later:.3f} s"

            def meanwhile(child: int) -> None:
                time.sleep(later)
                # It may have ended, and been waited for.
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)

        more = ["--workers", "1"] if workers else []
        end = self._call(name, folder, *more, before=before, meanwhile=meanwhile)
        if end.code != -signal.SIGKILL:
            shutil.rmtree(folder)
            return False
        what = f"{name}{' with a worker' if workers else ''} {moment}"
        tally.kills["by file" if by_file else "by time"] += 1
        left = _results(name, folder)
        tally.left["nothing" if not left else "all" if left == self.whole[name] else "a part"] += 1
        tally.findings += [f"{what}: left {why}" for why in self._wrong(name, left)]
        if name == "sweep" or not left:
            again = self._call(name, folder)
            if again.code != ORDINARY[name]:
                tally.findings.append(f"{what}: the same command again: exit {again.code}, {again.stderr.strip()}")
        if _results(name, folder) != self.whole[name]:
            tally.findings.append(f"{what}: the same command again made something else")
        shutil.rmtree(folder)
        return True

    def _wrong(self, name: str, left: Contents) -> list[str]:
        """What is left that should not be: of a study any points, else all or nothing."""
        if name != "sweep":
            return [] if not left or left == self.whole[name] else [f"a part: {', '.join(left)}"]
        return [file for file, content in left.items() if self.whole[name].get(file) != content]

    def _call(self, name: str, folder: Path, *more: str, **named: object) -> Ended:
        return self.warm(*COMMANDS[name], *more, folder=folder, **named)  # type: ignore[arg-type]

    def _folder(self) -> Path:
        self.calls += 1
        folder = self.scratch / f"kill-{self.calls}"
        shutil.copytree(self.scratch / "inputs", folder)
        return folder


def _results(name: str, folder: Path) -> Contents:
    """What has the name of a result, by file."""
    if name == "verify":
        return {p.name: p.read_bytes() for p in sorted((folder / "run").glob("*"))}
    if name == "certify":
        text, arrays = folder / "fitted.cert.json", folder / "fitted.cert.npz"
        # Arrays without their text are no certificate, and nobody reads them.
        return {p.name: p.read_bytes() for p in (text, arrays)} if text.exists() else {}
    return {p.name: _without_time(p) for p in sorted((folder / "study/points").glob("[!.]*.json"))}


def _without_time(file: Path) -> bytes:
    record = json.loads(file.read_text(encoding="utf-8"))
    if not is_whole(record, record["point"]):
        return b"not as it was written"
    return json.dumps({k: v for k, v in record.items() if k not in ("seconds", "sha256")}).encode()


def write_inputs(folder: Path) -> None:
    """A configuration for `verify` and `sweep`, and a network that was trained for `certify`."""
    (folder / "run.toml").write_text(CONFIG + RUN, encoding="utf-8")
    (folder / "fitted.toml").write_text(CONFIG.replace("[8]", "[32]"), encoding="utf-8")
    x, y = digits(2, labels="one-hot")
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10)).double()
    adam = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(300):
        adam.zero_grad()
        (net(x) - y).square().mean().backward()
        adam.step()
    torch.save(net.state_dict(), folder / "fitted.pt")


def kills(count: int, seed: int, after: Callable[[dict[str, Tally]], None] = lambda tallies: None) -> dict[str, Tally]:
    """So many kills, shared by the commands in turn; those that come after a command has ended are not counted."""
    draw, tallies = random.Random(seed), {name: Tally() for name in COMMANDS}
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as scratch:
        killer = Killer(Path(scratch))
        try:
            names, k = list(COMMANDS), 0
            while k < count:
                workers = k % WITH_WORKERS == WITH_WORKERS - 1
                name = "sweep" if workers else names[k % len(names)]
                by_file = not workers and k // len(names) % 2 == 1
                if killer.kill(name, draw, tallies[name], workers=workers, by_file=by_file):
                    k += 1
                    after(tallies)
        finally:
            killer.warm.close()
    return tallies


def page(tallies: dict[str, Tally], seed: int) -> str:
    """The counts as a table."""
    columns = ["killed at a random time", "before an operation on a file", "left nothing", "a part", "all", "findings"]
    rows = [f"| command | {' | '.join(columns)} |", "|---" * 7 + "|"]
    for name, t in tallies.items():
        numbers = (t.kills["by time"], t.kills["by file"], t.left["nothing"], t.left["a part"], t.left["all"])
        rows.append(f"| {name} | {' | '.join(map(str, numbers))} | {len(t.findings)} |")
    total = sum(t.kills.total() for t in tallies.values())
    return "\n".join([*rows, "", f"{total} kills, seed {seed}."]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", type=Path, help="where the counts are written, after each kill")
    given = parser.parse_args()
    torch.set_num_threads(1)

    def keep(tallies: dict[str, Tally]) -> None:
        if given.page is not None:
            given.page.write_text(page(tallies, given.seed), encoding="utf-8")

    tallies = kills(given.count, given.seed, keep)
    sys.stdout.write(page(tallies, given.seed))
    findings = [finding for t in tallies.values() for finding in t.findings]
    sys.stderr.writelines(f"{finding}\n" for finding in findings)
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
