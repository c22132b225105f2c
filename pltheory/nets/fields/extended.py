"""Arrays near exact ones with 64 binary digits in place of 53, where the processor has such an arithmetic.

It is that of x87, as `numpy.longdouble`, without BLAS: for networks that are small and pass so near to kinks that
doubles do not say on which side. Weights may have the same digits.
"""

from __future__ import annotations

import numpy as np

from ...rigor.roundoff import Array, add_up, gamma, mul_up, quiet, sqrt_up
from ...theory import NotAvailableError
from .verified import Near, Verified, copies, frobenius, largest_frobenius, product_error

AVAILABLE = np.finfo(np.longdouble).nmant == 63
"""Whether long doubles are those of 64 binary digits."""
_ONLY = "a function of this network is known to the digits of doubles only"


class Extended(Verified):
    """As `Verified`, for affine maps, sums and functions with kinks."""

    digits = 64
    unit = 2.0**-11

    def constant(self, x: Array) -> Near:
        """Exact."""
        return Near(x.astype(np.longdouble))

    def settled(self, x: Near) -> Near:
        """Exact."""
        return Near(x.mid)

    @quiet
    def product(self, x: Near, y: Near) -> Near:
        """In whatever order."""
        k, c = x.mid.shape[-1], np.matmul(x.mid, y.mid)
        stacks = int(np.prod(c.shape[:-2]))
        left, right = largest_frobenius(x.mid), largest_frobenius(y.mid)
        moved = [copies(z.rad, int(np.prod(z.mid.shape[:-2])), stacks) for z in (x, y)]
        error = mul_up(self.unit * gamma(k), left, right, sqrt_up(float(stacks)))
        return Near(c, float(add_up(error, product_error(left, right, *moved), 2.0**-1000)))

    # --- by doubles near it ---

    def _doubles(self, x: Near) -> Near:
        mid = x.mid.astype(np.float64)
        return Near(mid, float(add_up(x.rad, mul_up(2.0**-52, frobenius(mid)), 2.0**-1000)))

    def norm(self, x: Near) -> float:
        """Spectral norm."""
        return super().norm(self._doubles(x))

    def largest_norm(self, x: Near) -> float:
        """Largest spectral norm of a stack."""
        return super().largest_norm(self._doubles(x))

    # --- not known to more digits ---

    def activation(self, name: str, z: Near, order: int) -> Near:
        """Refused."""
        raise NotAvailableError(_ONLY)

    def centred(self, x: Near) -> Near:
        """Refused."""
        raise NotAvailableError(_ONLY)

    def normalised(self, x: Near, epsilon: float) -> tuple[Near, Near]:
        """Refused."""
        raise NotAvailableError(_ONLY)

    def softmax(self, z: Near) -> Near:
        """Refused."""
        raise NotAvailableError(_ONLY)

    def exponential(self, z: Near) -> Near:
        """Refused."""
        raise NotAvailableError(_ONLY)


EXTENDED = Extended()
