"""Tables of text as files, and how they are refused."""

from __future__ import annotations

import re

import pytest

from pltheory.theory import InvalidInputError


def written(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(*parts):
    """One line that holds the parts in this order."""
    return pytest.raises(InvalidInputError, match="^[^\n]*" + "[^\n]*".join(map(re.escape, parts)) + "[^\n]*$")
