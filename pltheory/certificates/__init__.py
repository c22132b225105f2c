"""Certificates as people ask for them: by a theorem's name, at a checkpoint, at the smallest width."""
