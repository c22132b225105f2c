"""Theorem N: a ball in which arguments cross kinks, the jumps of the Jacobian counted as a perturbation."""
