"""The short tier of the fuzz: hypothesis draws cases from every surface, and the harness finds what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pltheory.theory.errors import InvalidInputError
from tests.forge import number, value
from tests.fuzz.__main__ import SURFACES, surface
from tests.fuzz.certificates import TEXT, Certificates, falsehood, unpack
from tests.fuzz.surface import Files, Finding, case, examine, fuzz

CASES = 60
"""Examples of each surface."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SURFACES))
def test_no_mutant_is_treated_wrongly(name: str, tmp_path: Path) -> None:
    target = surface(name)
    seeds = target.seeds()

    @settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**32), st.integers(0, 2**32))
    def one(seed: int, index: int) -> None:
        examine(target, tmp_path, case(target, seeds, seed, index))

    one()


@pytest.mark.parametrize("name", sorted(SURFACES))
def test_seeds_are_read(name: str, tmp_path: Path) -> None:
    target = surface(name)
    for files in target.seeds():
        assert examine(target, tmp_path, files)[0].startswith(("read", "accepted"))


@pytest.mark.parametrize("name", sorted(SURFACES))
def test_a_case_is_its_number_and_nothing_else(name: str) -> None:
    target = surface(name)
    seeds = target.seeds()
    assert case(target, seeds, 3, 5) == case(target, seeds, 3, 5)
    assert any(case(target, seeds, 3, i) != case(target, seeds, 4, i) for i in range(5))


class Careless:
    """A surface whose program does what no program may."""

    name = "careless"

    def __init__(self, fault: Any) -> None:
        self.fault = fault

    def seeds(self) -> list[Files]:
        return [{"a": b"1"}]

    def mutate(self, rng: Random, files: Files) -> Files:
        return files

    def run(self, folder: Path, files: Files) -> str:
        if isinstance(self.fault, BaseException):
            raise self.fault
        return self.fault()


@pytest.mark.parametrize(
    "fault", [ValueError("x"), MemoryError(), RecursionError(), SystemExit(0), InvalidInputError("x")]
)
def test_every_exception_is_a_finding(fault: BaseException, tmp_path: Path) -> None:
    tally = fuzz(Careless(fault), tmp_path, range(3), 0)
    assert [index for index, _ in tally.findings] == [0, 1, 2]


def test_time_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.surface.MOST_SECONDS", 1e-9)
    assert fuzz(Careless(lambda: str(sum(range(10**5)))), tmp_path, range(1), 0).findings


@pytest.fixture(scope="module")
def certificates() -> list[Files]:
    return Certificates().originals()


@pytest.mark.parametrize("index", range(6))
def test_the_oracle_of_certificates_knows_a_lie(index: int, certificates: list[Files]) -> None:
    """Each number a reader relies on, made better than true by a thousandth: floats or a run contradict."""
    honest, arrays = unpack(certificates[index])
    assert arrays is not None
    assert falsehood(honest, arrays) == ""
    for name, better in (
        ("residual", 0.999),
        ("lambda_min", 1.001),
        ("lipschitz", 0.5),
        ("beta", 0.1),
        ("floor", 100.0),
    ):
        if name not in honest["bounds"]:
            continue
        text = json.loads(json.dumps(honest))
        text["bounds"][name].update(number(better * value(text["bounds"][name])))
        assert falsehood(text, arrays), name
    text = json.loads(json.dumps(honest))
    text["bounds"]["rate"].update(number(0.0))
    assert "claimed rate" in falsehood(text, arrays)
    text = json.loads(json.dumps(honest))
    text["hypotheses"][1]["left"].update(number(3.0))
    assert "beta eta" in falsehood(text, arrays) or "lambda_max" in falsehood(text, arrays)


def test_an_accepted_lie_is_a_finding(
    tmp_path: Path, certificates: list[Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Accepted:
        code, field, message, accepted = 0, "", "fine", True

    monkeypatch.setattr("tests.fuzz.certificates.recheck", lambda *_, **__: Accepted())
    text, _ = unpack(certificates[0])
    text["bounds"]["rate"].update(number(0.0))
    with pytest.raises(Finding, match="accepted and false"):
        examine(Certificates(), tmp_path, {**certificates[0], TEXT: json.dumps(text).encode()})
