"""Theorems asked of a problem in turn, a run beside them, and one report of both."""
