"""The kinds of nodes, one a file: what a node computes, its transpose, and its part in the recursions over a ball."""
