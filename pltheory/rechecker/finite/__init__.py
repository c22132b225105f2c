"""Theorem T rechecked: the exact iteration over stored batches followed step by step, and its end enclosed.

`losses` has the losses of the outputs, `expansion` the norm of pairs, `engines` what is computed in balls or in pairs
of doubles, `claim` the reading, `replay` the checks.
"""
