"""pltheory."""
