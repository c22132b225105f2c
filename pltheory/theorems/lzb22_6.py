"""[LZB22, Theorem 6]: gradient descent under PL*."""

from __future__ import annotations

import numpy as np

from ..certification.profile import Array, Profile
from ..theory.formulas import max_step_gradient_descent, radius_gradient_descent, rate_classic
from .ball import UniformTheorem
from .hypotheses import PLAIN, POSITIVE, SMOOTH, fits_into_ball, step_below
from .sources import LZB22


class GradientDescent(UniformTheorem):
    """Linear convergence of gradient descent in a ball of radius 2 L_F ||r_0|| / mu."""

    id = "LZB22-6"
    title = "gradient descent under PL*"
    citation = f"{LZB22}, Theorem 6"
    hypotheses = (
        SMOOTH,
        POSITIVE,
        PLAIN,
        step_below("eta <= 1/(L_F^2 + beta_F ||r_0||)", 1.0, "<="),
        fits_into_ball("R >= 2 L_F ||r_0|| / mu"),
    )
    conclusion = "L_t <= (1 - eta mu)^t L_0 and w_t converges to a zero of L in B(w_0, R)"
    claims = ("lzb22_theorem6",)
    step_closed = True

    def radius(self, p: Profile, eta: Array, delta: Array) -> Array:
        """2 L_F ||r_0|| / mu."""
        return np.asarray(radius_gradient_descent(p.residual, p.sig**2, p.lipschitz))

    def largest_step(self, p: Profile) -> Array:
        """1 / (L_F^2 + beta_F ||r_0||)."""
        return np.asarray(max_step_gradient_descent(p.residual, p.lipschitz, p.ell))

    def rate(self, mu: float, beta: float, eta: float, delta: float) -> float:
        """1 - eta mu."""
        return float(rate_classic(mu, eta, 1.0))


THEOREM = GradientDescent()
