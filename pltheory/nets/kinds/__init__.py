"""What a node of a certified network can be, one file a kind: its data and its rules."""

from .affine import Affine
from .curved import Curved
from .fixed import Fixed
from .input import Input
from .kind import Kind as Kind
from .kinks import Maximum, PiecewiseLinear
from .pointwise import Pointwise
from .product import Product
from .sums import Sum
from .tokens import Tokens

KINDS: tuple[type[Kind], ...] = (
    Input, Affine, Fixed, Sum, Pointwise, Tokens, Product, PiecewiseLinear, Maximum, Curved,
)  # fmt: skip
"""The kinds of this project, in the order in which they are listed."""
