"""Wheel and sdist, and a first hour with the wheel where nothing of this tree is: `python -m tests.release [DIST]`.

The sdist is made of the tree and the wheel of the sdist, so that neither can hold what lies about here. The wheel is
installed into an empty environment, with the dependencies of constraints.txt or, with --dependencies-of, those of
another environment; the commands of TRIED must then end there as they say.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = (
    "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in", "Makefile", "README.md",
    "constraints.txt", "docs", "examples", "experiments", "pltheory", "proofs_checks", "pyproject.toml", "setup.cfg",
    "tests",
)  # fmt: skip
"""What an sdist is made of: this alone is copied before it is built."""
BUILT = shutil.ignore_patterns("__pycache__", "*.py[cod]", "_build", "*.egg-info", "*.vo", "*.vok", "*.vos", "*.glob")
CONFIG = """\
[network]
hidden = [2000]
[data]
source = "sphere"
n = 2
d = 10
labels = "sign"
[optimizer]
eta = "0.1/beta"
gamma = 0.5
delta = 0.1
[theorem]
name = "B"
"""
TRIED: tuple[tuple[int, str], ...] = (
    (0, "pltheory --version"),
    (0, "pltheory datasets"),
    (0, "pltheory examples"),
    (0, "pltheory examples get own_module --out copied"),
    (0, "pltheory config show copied/own_module/config.toml"),
    (2, "pltheory examples get nothing"),
    (0, "pltheory init first.toml --n 2 --hidden 16"),
    (0, "pltheory config show first.toml"),
    (0, "pltheory verify small.toml --out run --save-certificate basin.cert.json"),
    (0, "pltheory recheck basin.cert.json"),
    (0, "pltheory report run"),
    (3, "pltheory check small.toml --set network.hidden=[8]"),
    (2, "pltheory check missing.toml"),
    (0, "pltheory proofs --claim theorem_b --no-solvers"),
)
"""Exit code and command, in this order, in a folder that holds small.toml alone."""


def sdist_and_wheel(dist: Path, python: str = sys.executable) -> tuple[Path, Path]:
    """Build both into a folder, with the setuptools of that Python.

    Raises:
        subprocess.CalledProcessError: a build failed; what it said is in `stderr`.
    """
    dist.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch, "tree")
        tree.mkdir()
        for name in SOURCES:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, tree / name, ignore=BUILT)
            else:
                shutil.copy2(ROOT / name, tree / name)
        made = _built(python, "sdist", tree, dist)
        shutil.unpack_archive(made, scratch)
        return made, _built(python, "wheel", Path(scratch, made.name.removesuffix(".tar.gz")), dist)


def _built(python: str, kind: str, tree: Path, dist: Path) -> Path:
    hook = f"import sys; from setuptools import build_meta as b; print(b.build_{kind}(sys.argv[1]))"
    words = [python, "-c", hook, str(dist.absolute())]
    done = subprocess.run(words, cwd=tree, check=True, capture_output=True, text=True)
    return dist / done.stdout.splitlines()[-1]


def environment(folder: Path, wheel: Path, python: str, dependencies_of: str | None) -> Path:
    """An environment with the wheel in it; returns its folder of scripts."""
    inside, install = str(folder / "bin" / "python"), ["install", "--quiet", str(wheel)]
    if dependencies_of is None:
        _timed([python, "-m", "venv", str(folder)])
        _timed([inside, "-m", "pip", *install, "-c", str(ROOT / "constraints.txt")])
        return folder / "bin"
    _timed([python, "-m", "venv", "--without-pip", str(folder)])
    _timed([dependencies_of, "-m", "pip", "--python", inside, *install, "--no-deps", "--ignore-installed"])
    # What a .pth file names comes after the environment's own packages, so that the wheel is what is imported.
    (site,) = folder.glob("lib/python3*/site-packages")
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    theirs = subprocess.check_output([dependencies_of, "-c", ask], text=True).strip()
    (site / "dependencies.pth").write_text(f"import site; site.addsitedir({theirs!r})\n", encoding="utf-8")
    return folder / "bin"


def tried(scripts: Path, folder: Path, commands: Sequence[tuple[int, str]] = TRIED) -> list[str]:
    """Run the commands in a folder; what did not end as it should, in a line each."""
    (folder / "small.toml").write_text(CONFIG, encoding="utf-8")
    wrong = []
    for code, command in commands:
        name, *words = command.split()
        start = time.monotonic()
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        done = subprocess.run(
            [scripts / name, *words], cwd=folder, env=clean, capture_output=True, text=True, check=False
        )
        last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:]
        _say(f"{done.returncode:3} {time.monotonic() - start:6.1f} s  {command}\n{'':14}{''.join(last)[:100]}")
        if done.returncode != code:
            wrong.append(f"{command}: exit code {done.returncode}, not {code}\n{done.stderr[-2000:]}")
    return wrong


def _timed(words: Sequence[str]) -> None:
    start = time.monotonic()
    subprocess.run(words, check=True)
    _say(f"{'':3} {time.monotonic() - start:6.1f} s  {' '.join(words)}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Build, install, try; 1 if something did not end as it should."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("dist", nargs="?", type=Path, default=ROOT / "dist", help="folder for both; default dist")
    said.add_argument("--python", default=sys.executable, help="what the environment is made with")
    said.add_argument("--dependencies-of", metavar="PYTHON", help="take them from there instead of the registry")
    given = said.parse_args()
    sdist, wheel = sdist_and_wheel(given.dist)
    for made in (sdist, wheel):
        _say(f"{made.stat().st_size / 2**20:10.1f} MiB  {made}")
    with tempfile.TemporaryDirectory() as scratch:
        scripts = environment(Path(scratch, "env"), wheel, given.python, given.dependencies_of)
        folder = Path(scratch, "first")
        folder.mkdir()
        wrong = tried(scripts, folder)
    _say("\n".join(wrong) or "every command ended as it should")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
