"""Theorem M2: momentum by a quadratic form, found in floating point and checked over the rationals."""
