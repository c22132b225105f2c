"""What an optimizer really does with a network: the loop, what is observed, and what a theorem promised of it."""
