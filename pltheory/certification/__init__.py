"""From numbers at a point to bounds over a region, and to proofs with round-off counted; their file format."""
