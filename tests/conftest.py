"""No deadlines, the warm process of the command line, and the count of differential cases in a test's record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from pltheory.verification import contract
from tests import last_place
from tests.cli.program import Warm

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

if last_place.SEED:
    # Before any test module takes it by name.
    made = contract.near_solution
    contract.near_solution = lambda *args, **named: last_place.move(made(*args, **named))


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    process = Warm(tmp_path_factory.mktemp("streams"))
    yield process
    process.close()


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `tests.small_study`."""
    from tests import small_study

    return small_study.made(tmp_path_factory.mktemp("study") / "s")


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Iterator[Callable[..., None]]:
    """count("add"): one more case of a primitive was compared with the truth; `tests.rigor.counts` reads the totals."""
    seen: Counter[str] = Counter()

    def one_more(*primitives: str, cases: int = 1) -> None:
        for primitive in primitives:
            seen[primitive] += cases

    yield one_more
    for primitive, cases in seen.items():
        request.node.user_properties.append(("cases: " + primitive, int(cases)))
