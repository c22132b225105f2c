"""A residual network, a vision transformer and a KAN at the numbers of the paper's runs, on digits."""
