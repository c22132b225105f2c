"""What a node of a certified network can be, one file a kind: its data and its rules."""
