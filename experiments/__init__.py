"""Experiments: one folder each, with its runs, its figures, its page and its settings in TOML."""
