"""`python -m tests.fuzz.guided SURFACE [OPTIONS of libFuzzer]`: the surfaces, led by the branches that a case reaches.

Needs atheris, which the extra `fuzz` installs. Cases are mutated by the surface's own mutations, half of them also byte
by byte; a finding is raised, and libFuzzer keeps the case.
"""

from __future__ import annotations

import json
import sys
import tempfile
from base64 import b64decode, b64encode
from pathlib import Path
from random import Random

import atheris

LED = ("pltheory.border", "pltheory.rechecker", "pltheory.study", "pltheory.problem", "zipfile", "tomllib")
"""Modules whose branches count."""

with atheris.instrument_imports(include=list(LED)):
    import torch

    from tests.fuzz import certificates as certificates
    from tests.fuzz import checkpoints as checkpoints
    from tests.fuzz import configs as configs
    from tests.fuzz import data as data
    from tests.fuzz.__main__ import surface
    from tests.fuzz.surface import Files, Surface, examine


def pack(files: Files) -> bytes:
    """A case as the one string of bytes that libFuzzer keeps."""
    return json.dumps({name: b64encode(content).decode() for name, content in files.items()}).encode()


def unpack(data: bytes, seeds: list[Files]) -> Files:
    """The case again; bytes that are none stand for the first file of a seed."""
    try:
        return {str(name): b64decode(content) for name, content in json.loads(data).items() if "/" not in name}
    except (ValueError, TypeError, AttributeError, RecursionError):
        name = sorted(seeds[0])[0]
        return {**seeds[0], name: data}


def main() -> None:
    """Fuzz until libFuzzer's options say stop, e.g. -runs=10000."""
    name, *options = sys.argv[1:]
    target: Surface = surface(name)
    seeds = target.seeds()
    torch.set_num_threads(1)
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    corpus = Path("build/fuzz/guided") / name
    corpus.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(seeds):
        (corpus / f"seed-{i}").write_bytes(pack(seed))
    names = {frozenset(seed) for seed in seeds}

    def one(data: bytes) -> None:
        files = unpack(data, seeds)
        if frozenset(files) in names:
            examine(target, folder, files)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        rng, files = Random(seed), unpack(data, seeds)
        if frozenset(files) not in names:
            files = seeds[0]
        try:
            changed = pack(target.mutate(rng, files))
        except Exception:  # a mutant need not have what a mutation looks for
            changed = pack(rng.choice(seeds))
        return changed if len(changed) <= most else data

    atheris.Setup([sys.argv[0], "-max_len=2000000", "-timeout=120", *options, str(corpus)], one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
