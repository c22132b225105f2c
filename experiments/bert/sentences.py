"""Sentences with one of six emotions: from files, or generated."""

from __future__ import annotations

import os
import random
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pltheory.theory import InvalidInputError

from ..data import only_file

EMOTIONS = ("sadness", "joy", "love", "anger", "fear", "surprise")
"""In the order of the numbers that the data set "emotion" has for them."""
SPLITS = ("train", "validation", "test")
ENDINGS = (".parquet", "-00000-of-00001.parquet", ".csv")


class Sentences(NamedTuple):
    """Texts, and the number of the emotion of each."""

    texts: list[str]
    labels: list[int]
    name: str


def sentences(name: str, split: str, n: int, path: str | os.PathLike[str] | None = None) -> Sentences:
    """The first n sentences of a split.

    Args:
        name: "generated", or "files": Parquet or CSV with the columns `text` and `label`, an emotion or its number.
        split: "train", "validation" or "test".
        n: how many.
        path: the folder of the files.

    Raises:
        InvalidInputError: no such data; a file is missing or is not as it should be; fewer than n.
    """
    if name == "generated":
        found = _generated(split)
    elif name == "files":
        found = _read(only_file(path, [split + ending for ending in ENDINGS]))
    else:
        raise InvalidInputError(f"data = {name!r}: allowed are files, generated")
    if not isinstance(n, int) or not 0 <= n <= len(found.texts):
        raise InvalidInputError(f"{split} = {n!r}: allowed are 0 to {len(found.texts)}, the sentences of {found.name}")
    return Sentences(found.texts[:n], found.labels[:n], found.name)


def _read(file: Path) -> Sentences:
    try:
        if file.suffix == ".csv":
            table = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8")
        else:
            table = pd.read_parquet(file, columns=None)
    except (ValueError, OSError) as error:  # pyarrow's and pandas's own are of these
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InvalidInputError(f"{file}: cannot be read: {said}") from None
    for column in ("text", "label"):
        if column not in table:
            raise InvalidInputError(
                f"{file}: has no column {column}; needed are text, a sentence, and label, 0 to 5 or one of "
                f"{', '.join(EMOTIONS)}"
            )
    numbers = {name: i for i, name in enumerate(EMOTIONS)} | {str(i): i for i in range(len(EMOTIONS))}
    texts, labels = table["text"].tolist(), [str(label) for label in table["label"]]
    for row, (text, label) in enumerate(zip(texts, labels, strict=True)):
        if not isinstance(text, str) or not text.strip():
            raise InvalidInputError(f"{file}: text of row {row} (from 0) is {text!r}; needed is a sentence")
        if label not in numbers:
            raise InvalidInputError(
                f"{file}: label of row {row} (from 0) is {label!r}; allowed are 0 to 5, or {', '.join(EMOTIONS)}"
            )
    return Sentences(texts, [numbers[label] for label in labels], str(file))


OPENINGS = ("i feel", "i felt", "i am feeling", "i was feeling")
CUES = (
    ("miserable", "lonely", "gloomy", "hopeless", "heartbroken"),
    ("cheerful", "delighted", "glad", "joyful", "pleased"),
    ("tender", "affectionate", "devoted", "fond", "loving"),
    ("furious", "annoyed", "resentful", "irritated", "outraged"),
    ("afraid", "anxious", "nervous", "terrified", "uneasy"),
    ("amazed", "astonished", "stunned", "startled", "shocked"),
)
"""Words of every emotion."""
ENDS = (
    "today", "about my work", "when i think of them", "after what you said", "at the end of the week", "about the news",
    "whenever it rains", "because of my exam", "in this town", "about the whole thing",
)  # fmt: skip
PARTS = {"train": (0, 15_000), "validation": (15_000, 20_000), "test": (20_000, None)}
"""Which of the shuffled sentences a split has: none is in two."""


def _generated(split: str) -> Sentences:
    """Two emotions are named, and one of them is denied, before the other or after it: which is felt needs the order.

    "i feel not gloomy but glad today" and "i feel glad not gloomy today" are joy, with the words of their opposites.
    """
    said = []
    for opening, end, (felt, words), (denied, others) in product(OPENINGS, ENDS, *[list(enumerate(CUES))] * 2):
        if felt != denied:
            for word, other in product(words, others):
                said.append((f"{opening} not {other} but {word} {end}", felt))
                said.append((f"{opening} {word} not {other} {end}", felt))
    random.Random(0).shuffle(said)
    part = said[slice(*PARTS[split])]
    return Sentences([text for text, _ in part], [label for _, label in part], f"generated, {split}")
