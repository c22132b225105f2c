"""Where the public code of delta-GClip differs from the paper: each a switch."""
