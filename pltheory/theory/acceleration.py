"""Theorem M3: gains of heavy ball about a constant Jacobian, and what a change of the Jacobian adds.

The residual obeys `r_{t+1} = r_t - eta (K_0 c_t + v_t + J_0 p_t)` with v, p small where J stays near J_0. In norms
weighted by q^-t the linear part has gains, each a supremum over the circle |z| = q and the eigenvalues kap of eta K_0
(THEORY_MOMENTUM section 5). In the units of one step, eta = 1. What a gain has to fulfil is a polynomial in kap,
concave, so that both ends of the spectrum decide it: exactly, for rational numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from .arithmetic import FLOATS, Arithmetic, Scalar


@dataclass(frozen=True)
class Circle:
    """The circle |z| = q for momentum m, and one eigenvalue.

    Attributes:
        m: momentum in (0, 1).
        q: with sqrt m < q < 1.
        kap: eta times an eigenvalue of the kernel.
    """

    m: Scalar
    q: Scalar
    kap: Scalar

    @property
    def be(self) -> Scalar:
        """1 + m - kap: z^2 - be z + m is the mode's polynomial D."""
        return 1 + self.m - self.kap

    @property
    def v(self) -> Scalar:
        """4 m - be^2, positive exactly where (1 - sqrt m)^2 < kap < (1 + sqrt m)^2: the mode oscillates."""
        return 4 * self.m - self.be * self.be

    @property
    def half_sum(self) -> Scalar:
        """A = q + m / q."""
        return self.q + self.m / self.q

    @property
    def half_difference(self) -> Scalar:
        """B = q - m / q."""
        return self.q - self.m / self.q

    def quotient(self, l0: Scalar, l1: Scalar, square: Scalar) -> Scalar:
        """Nonnegative, with square > 0, exactly where square q^-2 |D|^2 >= l0 - l1 x for all real x = cos phi."""
        b = self.half_difference
        middle = 4 * self.m * l0 - self.half_sum * self.be * l1
        return b * b * self.v * square * square - middle * square - l1 * l1 / 4

    def least_quotient(self, l0: Scalar, l1: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
        """The smallest square of which `quotient` is not negative, for v > 0."""
        b = self.half_difference
        middle = 4 * self.m * l0 - self.half_sum * self.be * l1
        curve = b * b * self.v
        return (middle + ops.sqrt(middle * middle + curve * l1 * l1)) / (2 * curve)

    # Each gain in two forms: what its square has to fulfil, nonnegative, and the least square.

    def step_to_residual(self, square: Scalar) -> Scalar:
        """Of q^2 g_1^2: |z - m| <= g_1 |D|."""
        return self.quotient(self.q * self.q + self.m * self.m, 2 * self.m * self.q, square)

    def least_step_to_residual(self, ops: Arithmetic = FLOATS) -> Scalar:
        """Of q^2 g_1^2."""
        return self.least_quotient(self.q * self.q + self.m * self.m, 2 * self.m * self.q, ops)

    def across(self, square: Scalar) -> Scalar:
        """Of g_2^2: |z| sqrt kap <= g_2 |D|, from the step to the buffer and from the gradient to the residual."""
        b = self.half_difference
        return square * b * b * self.v - 4 * self.m * self.kap

    def least_across(self) -> Scalar:
        """Of g_2^2."""
        b = self.half_difference
        return 4 * self.m * self.kap / (b * b * self.v)

    def gradient_to_buffer(self, square: Scalar) -> Scalar:
        """Of g_4^2: |z| |z - 1| <= g_4 |D|, on the row space of J_0."""
        return self.quotient(self.q * self.q + 1, 2 * self.q, square)

    def least_gradient_to_buffer(self, ops: Arithmetic = FLOATS) -> Scalar:
        """Of g_4^2."""
        return self.least_quotient(self.q * self.q + 1, 2 * self.q, ops)

    @property
    def _weighted(self) -> Scalar:
        """m / q^2."""
        return self.m / (self.q * self.q)

    @property
    def _undamped(self) -> Scalar:
        """(1 - mp) ((1 + mp)^2 - be^2 p), p = q^-2."""
        mp = self._weighted
        return (1 - mp) * ((1 + mp) * (1 + mp) - self.be * self.be / (self.q * self.q))

    def free_residual(self, square: Scalar) -> Scalar:
        """Of (R_f / ||r_0||)^2: sum q^-2t (psi_t - m psi_{t-1})^2 <= square, D's power series psi."""
        mp = self._weighted
        return square * self._undamped - ((1 + mp) * (1 + self.m * mp) - 2 * mp * self.be)

    def least_free_residual(self) -> Scalar:
        """Of (R_f / ||r_0||)^2."""
        mp = self._weighted
        return ((1 + mp) * (1 + self.m * mp) - 2 * mp * self.be) / self._undamped

    def free_buffer(self, square: Scalar) -> Scalar:
        """Of (U_f / ||r_0||)^2: kap sum q^-2t psi_t^2 <= square."""
        return square * self._undamped - self.kap * (1 + self._weighted)

    def least_free_buffer(self) -> Scalar:
        """Of (U_f / ||r_0||)^2."""
        return self.kap * (1 + self._weighted) / self._undamped


@dataclass(frozen=True)
class Gains:
    """Gains of the linear part for all modes, and its free response to ||r_0|| = 1, in norms weighted by q^-t.

    Attributes:
        step_to_residual: g_1.
        across: g_2.
        gradient_to_buffer: g_4, off the row space of J_0 too.
        free_residual: R_f.
        free_buffer: U_f.
    """

    step_to_residual: Scalar
    across: Scalar
    gradient_to_buffer: Scalar
    free_residual: Scalar
    free_buffer: Scalar

    def closed(self, change: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
        """om (g_2 + sqrt(g_1 g_4)), below 1 where a change om of the Jacobian is allowed.

        Args:
            change: sqrt(eta) sup ||J(w) - J_0||.
        """
        return change * (self.across + ops.sqrt(self.step_to_residual * self.gradient_to_buffer))

    def weighted(self, change: Scalar, residual: Scalar, buffer: Scalar) -> tuple[Scalar, Scalar]:
        """(N, U): bounds of the weighted norms of r and sqrt(eta) u from what enters beside the change.

        Args:
            change: as in `closed`.
            residual: what enters into r, R_f ||r_0|| for the run itself.
            buffer: what enters into sqrt(eta) u, U_f ||r_0|| for the run itself.
        """
        a, b, c = (change * g for g in (self.across, self.step_to_residual, self.gradient_to_buffer))
        det = (1 - a) * (1 - a) - b * c
        return ((1 - a) * residual + b * buffer) / det, ((1 - a) * buffer + c * residual) / det


def travelled(buffer: Scalar, q: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """Sum of ||u_t|| from its norm weighted by q^-t; times eta, a bound of the path (Cauchy and Schwarz)."""
    return buffer / ops.sqrt(1 - q * q)
