"""The tests with other versions: `nox` with every Python that is here, `nox -s lowest` with the oldest dependencies.

Tests to run may follow: `nox -s lowest -- tests/theory`.
"""

import re
from pathlib import Path

import nox

nox.options.sessions = ["tests"]
SELECTED = ("-m", "not slow", "tests")


def _torch(session: nox.Session) -> None:
    """First and alone: its CPU build has to be in place before anything asks for a torch."""
    session.install("-c", "constraints.txt", "torch")


@nox.session(python=["3.11", "3.12", "3.13"], venv_backend="venv")
def tests(session: nox.Session) -> None:
    """With the versions of constraints.txt."""
    _torch(session)
    session.install("-c", "constraints.txt", "-e", ".[test,dev,sweep,experiments]")
    session.run("pytest", *(session.posargs or SELECTED), env={"OMP_NUM_THREADS": "1"})


@nox.session(python="3.11", venv_backend="venv")
def lowest(session: nox.Session) -> None:
    """With the oldest versions that pyproject.toml allows, torch's apart; experiments are no part of the package."""
    _torch(session)
    session.install("uv")
    pin = Path(session.create_tmp()) / "pinned.txt"
    pinned = re.findall(r"^torch==.*$", Path("constraints.txt").read_text(), re.MULTILINE)
    # The oldest matplotlib calls what a later pyparsing warns of.
    pin.write_text("\n".join([*pinned, "pyparsing<3.3"]))
    oldest = ("--resolution", "lowest-direct", "--constraint", str(pin), "--python", "python")
    session.run("uv", "pip", "install", *oldest, "-e", ".[test,dev,sweep]")
    selected = ("--ignore-glob=tests/test_experiments*", *SELECTED)
    session.run("pytest", *(session.posargs or selected), env={"OMP_NUM_THREADS": "1"})
