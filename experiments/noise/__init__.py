"""The noise of batch gradients along training: its size and the index of its tail, beside noise of known index."""
