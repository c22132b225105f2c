"""One file a theorem: hypotheses, search, proof, promise, words. Nothing outside names a theorem's id."""
