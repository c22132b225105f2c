"""Kills at random moments, a few of those of `python -m tests.study.kills`."""

from __future__ import annotations

import pytest

from tests.study.kills import kills, page


@pytest.mark.slow
def test_what_a_killed_command_leaves_is_whole_and_the_same_command_completes_it():
    tallies = kills(6, seed=3)
    assert {name: t.findings for name, t in tallies.items()} == {"verify": [], "certify": [], "sweep": []}
    assert sum(t.kills.total() for t in tallies.values()) == 6
    assert page(tallies, 3).count("\n") == 7
