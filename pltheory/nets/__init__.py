"""What a network may be made of, each kind one file; so far the activations."""
