"""The two kinds of numbers in which a graph is linearised: floats, and arrays that count their own rounding."""

from .floats import Floats
from .protocol import Field
from .verified import Verified

FLOATS = Floats()
VERIFIED = Verified()

__all__ = ["FLOATS", "VERIFIED", "Field"]
