"""Fully connected networks along a trajectory on whole arrays: `path` on pairs, `curvature` and `norms` in doubles."""
