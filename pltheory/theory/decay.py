"""What weight decay adds to the theorems: Theorem W2's residual and floor.

Lambda is the decay, W bounds the norm of the weights, P the sum of the shares lambda h_t (decoupled lambda eta_t) by
which the steps so far have shrunk them. Scale: for c L, multiply lambda and mu by c, and divide the steps by c.
"""

from __future__ import annotations

from .arithmetic import Scalar


def reached(residual: Scalar, lipschitz: Scalar, weights: Scalar, shrunk: Scalar) -> Scalar:
    """The largest residual on the way, ||r_0|| + L_F W P: what decay moves, the Jacobian turns into residual."""
    return residual + lipschitz * weights * shrunk


def stretched(residual: Scalar, lipschitz: Scalar, strength: Scalar, weights: Scalar) -> Scalar:
    """The norm of a gradient with the decay's term, at most L_F ||r|| + lambda W."""
    return lipschitz * residual + strength * weights


def loss_floor(strength: Scalar, weights: Scalar, mu: Scalar) -> Scalar:
    """F = (lambda W)^2 / (2 mu): below it the gradient may be no longer than the decay's term."""
    return strength * weights * (strength * weights) / (2 * mu)


def excess_factor(mu: Scalar, h: Scalar) -> Scalar:
    """1 - mu h: what a step leaves of the loss above F."""
    return 1 - mu * h
