"""[TMSSR25]: delta-GClip by the classical route, as published, with its constants made explicit."""

from __future__ import annotations

import numpy as np

from ..certification.profile import Array, Profile
from ..optim import StepSettings
from ..optim.guard import uniform_floor
from ..theory.arithmetic import ARRAYS
from ..theory.formulas import radius_classic, rate_classic
from .ball import UniformTheorem
from .hypotheses import CLIPPED, POSITIVE, SMOOTH, fits_into_ball, step_below
from .sources import TMSSR25


class ClassicalRoute(UniformTheorem):
    """Linear convergence of delta-GClip in a ball that grows as delta falls."""

    id = "TMSSR25"
    title = "delta-GClip, classical route"
    citation = f"{TMSSR25}, constants made explicit"
    hypotheses = (
        SMOOTH,
        POSITIVE,
        CLIPPED,
        step_below("eta <= 1/beta", 1.0, "<="),
        fits_into_ball("R > L_F sqrt(2 L_0) (1 + sqrt(1 - eta delta mu)) / (delta mu)"),
    )
    conclusion = "L_t <= (1 - eta delta mu)^t L_0 inside B(w_0, R)"
    claims = ("classical_step", "theorem_classical")
    step_numerator = 1.0
    step_closed = True

    def radius(self, p: Profile, eta: Array, delta: Array) -> Array:
        """L_F sqrt(2 L_0) (1 + sqrt(1 - eta delta mu)) / (delta mu)."""
        mu = np.minimum(p.sig**2, p.beta)
        return np.asarray(radius_classic(p.loss, mu, eta, delta, p.lipschitz, ARRAYS))

    def floors(self, p: Profile, settings: StepSettings) -> Array:
        """Delta itself, as published, where there is one."""
        delta = uniform_floor(settings)
        return np.full_like(p.radii, delta) if delta > 0 else super().floors(p, settings)

    def rate(self, mu: float, beta: float, eta: float, delta: float) -> float:
        """1 - eta delta mu."""
        return float(rate_classic(mu, eta, delta))


THEOREM = ClassicalRoute()
