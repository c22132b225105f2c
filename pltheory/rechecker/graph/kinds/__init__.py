"""The kinds of nodes, one a file: what a node computes, its transpose, and its part in the recursions over a ball."""

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

KINDS: dict[str, type[Kind]] = {
    kind.name: kind
    for kind in (Input, Affine, Fixed, Sum, Pointwise, Tokens, Product, PiecewiseLinear, Maximum, Curved)
}
"""The kinds that a certificate can name; any other name is refused."""
