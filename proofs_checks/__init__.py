"""Machine-checked lemmas: every derivation of the theory as a claim that an exact checker decides."""
