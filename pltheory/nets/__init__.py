"""What a network may be made of, each kind one file; activations; graphs, and the reading of modules as graphs."""
