"""Arithmetic that counts its own rounding: balls, certified functions, verified norms and eigenvalues.

What is trusted: IEEE 754 binary64 to nearest with gradual underflow, which `environment.require` tests at
run time (call it first and last in a certified run); that a matrix product is made of inner products in
some order, fused operations allowed; python-flint, when a table for `enclosure` is built. What is not:
LAPACK, libm, blocking, thread counts. In place of a number it cannot vouch for, everything here raises
`NoVerdictError`.
"""
