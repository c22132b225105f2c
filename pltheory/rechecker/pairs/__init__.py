"""Whole arrays of unevaluated sums of two doubles, of 80 bits and more, with a bound of how far the exact numbers are.

They follow an iteration far below the rounding of doubles. `pair` has the numbers and what is done entry by entry,
`products` matrix products, `functions` activations, `maps` linear maps that pick entries, `step` a step of the rule.
Trusted is what `..midpoint` trusts of NumPy, and no more.
"""
