"""A study in words: what varies, how its points ended, from which width on they hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..study.grid import group_of
from ..study.point import FAILED, Record
from ..theory.verdict import Verdict
from .study_figures import label_of

LISTED = 8
"""Values of an axis beyond which only the ends are named."""


@dataclass(frozen=True)
class Threshold:
    """From which width on every point of a group has a theorem that holds.

    Attributes:
        group: what varies beside width and seed.
        width: the least such width of the study; None where the widest has a point without.
        word: the weakest verdict from there on; of all points of the widest where there is no such width.
        points: how many there are from there on.
        widest: width of the study.
    """

    group: str
    width: int | None
    word: str
    points: int
    widest: int


def endings(records: Sequence[Record]) -> dict[str, int]:
    """How many points have each verdict, strongest first, and how many failed."""
    found = Counter(FAILED if r["status"] == FAILED else r["verdict"] for r in records)
    order = [v.value for v in sorted(Verdict, key=lambda v: -v.rank)]
    return {word: found[word] for word in (*order, FAILED) if found[word]}


def headline(records: Sequence[Record]) -> str:
    """The endings in a line."""
    return ", ".join(f"{count} {word}" for word, count in endings(records).items())


def varied(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Each key that varies with the values that it takes in these records."""
    return [(key, _listed([r["values"][key] for r in records])) for key in records[0]["values"]]


def _listed(values: Sequence[Any]) -> str:
    each = list(dict.fromkeys(value if isinstance(value, str) else json.dumps(value) for value in values))
    if len(each) <= LISTED:
        return ", ".join(each)
    return f"{each[0]}, {each[1]}, .., {each[-1]} ({len(each)} values)"


def thresholds(records: Sequence[Record]) -> list[Threshold]:
    """For every group, from which of its widths on each point has a theorem that holds; a failed point has none."""
    several: dict[str, list[Mapping[str, Any]]] = {}
    for r in records:
        if r["width"] is not None:
            several.setdefault(json.dumps(group_of(r["values"]), default=str), []).append(r)
    groups = [group_of(members[0]["values"]) for members in several.values()]
    pairs = zip(groups, several.values(), strict=True)
    return [_threshold(label_of(group, groups), members) for group, members in pairs]


def _threshold(group: str, members: Sequence[Mapping[str, Any]]) -> Threshold:
    widths = sorted({r["width"] for r in members}, reverse=True)
    least, here = None, widths[0]
    for width in widths:
        if any(_rank(r) < Verdict.HOLDS.rank for r in members if r["width"] == width):
            break
        least = here = width
    counted = [r for r in members if r["width"] >= here]
    weakest = min(counted, key=_rank)
    return Threshold(group, least, weakest["verdict"] or FAILED, len(counted), widths[0])


def _rank(record: Mapping[str, Any]) -> int:
    return -1 if record["verdict"] is None else Verdict(record["verdict"]).rank
