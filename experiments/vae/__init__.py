"""A variational autoencoder on Fashion-MNIST, as in the paper of delta-GClip."""
