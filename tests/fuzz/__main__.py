"""`python -m tests.fuzz`: mutate files of one surface by the thousand, write what became of them."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from functools import cache
from importlib import import_module
from pathlib import Path

import torch

from .surface import Surface, Tally, case, fuzz

SURFACES = {
    "certificates": ("certificates", "Certificates"),
    "graph-certificates": ("graph_certificates", "GraphCertificates"),
    "collapse-certificates": ("collapse_certificates", "CollapseCertificates"),
    "configs": ("configs", "Configs"),
    "checkpoints": ("checkpoints", "Checkpoints"),
    "data": ("data", "DataFiles"),
}


@cache
def surface(name: str) -> Surface:
    """A surface by its name, its seeds made."""
    module, kind = SURFACES[name]
    found: Surface = getattr(import_module(f"tests.fuzz.{module}"), kind)()
    found.seeds()
    return found


def main() -> None:
    """Run cases from --start on, --count of them, and write a JSON record."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("surface", choices=sorted(SURFACES))
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    target, began = surface(given.surface), time.perf_counter()

    def keep(tally: Tally) -> None:
        index, words = tally.findings[-1]
        sys.stderr.write(f"{index}: {words}\n")
        for name, content in case(target, target.seeds(), given.seed, index).items():
            folder = given.out / f"{given.surface}-{given.seed}-{index}"
            folder.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)

    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        tally = fuzz(target, Path(folder), range(given.start, given.start + given.count), given.seed, keep)
    record = {
        "surface": given.surface, "seed": given.seed, "start": given.start, "count": given.count,
        "outcomes": dict(tally.outcomes.most_common()), "findings": tally.findings,
        "slowest": tally.slowest, "growth_mib": tally.growth // 2**20, "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip
    (given.out / f"{given.surface}-{given.seed}-{given.start}.json").write_text(json.dumps(record, indent=1))
    sys.stdout.write(json.dumps(record) + "\n")
    sys.exit(1 if tally.findings else 0)


if __name__ == "__main__":
    main()
