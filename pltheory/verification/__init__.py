"""A theorem held against a problem: hypotheses, verdicts, and a run checked step by step."""
