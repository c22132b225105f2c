"""Arithmetic that counts its own rounding: balls, certified functions, verified norms and eigenvalues."""
