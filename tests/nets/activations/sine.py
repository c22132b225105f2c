"""An activation as another package writes it, with the shortest enclosure that is of use."""

from __future__ import annotations

from pltheory.nets.activations import FLAT, Activation, Shape


class Wave(Activation):
    """sin z, under another name: all suprema are 1; the table ends at 40 and beyond it says no more than |sin| <= 1."""

    name = "wave"
    s1 = s2 = s3 = bound = 1.0
    odd = True
    shape = Shape(6, 40, lambda x: x.sin(), FLAT, FLAT, (lambda x: x**0,) * 3)

    def value(self, z):
        """sin z."""
        return z.sin()

    def derivative(self, z):
        """cos z."""
        return z.cos()

    def second(self, z):
        """-sin z."""
        return -z.sin()
