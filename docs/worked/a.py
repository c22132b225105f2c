"""Theorem A on six digits."""

from functools import cache

from worked import six_digits as six


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    return {**six.bounds("A"), **six.step(six.followed("A"), 100)}
