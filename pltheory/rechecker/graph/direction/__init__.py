"""Theorem E rechecked (THEORY_GRAPHS section 5): how much of sigma_min(J) the kernel's own direction keeps over a ball.

`forms` bounds forms in a unit vector q, `along` follows y, zdot and their derivatives at the weights for all directions
at once, `turning` bounds how they change over balls, and `kept` is the profile that comes of it.
"""
