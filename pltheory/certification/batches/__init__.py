"""Theorem F1: mini-batches in every order, certified from the zero of the loss that is near the start."""
