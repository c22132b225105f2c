"""Workers that clip their own steps and average their weights: speed-up, relaxed smoothness, Theorem F4 beside it."""
