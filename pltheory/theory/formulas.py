"""Steps, rates and radii of the theorems, each written once.

Scale: L = 1/2 ||r||^2 is the summed square loss and mu, beta, eta refer to it. For c L, as a mean loss, multiply mu
and beta by c and divide eta by c: every formula here is invariant under that change, and radii do not move.

Nothing here checks a hypothesis: a formula evaluated outside its theorem's hypotheses is a number without meaning.
"""

from __future__ import annotations

from .arithmetic import FLOATS, Arithmetic, Scalar


def step_size(eta: Scalar, gamma: Scalar, delta: Scalar, grad_norm: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """Step of delta-GClip, h = eta min(1, max(delta, gamma / ||grad L||)), for ||grad L|| > 0 [TMSSR25]."""
    return eta * ops.minimum(1, ops.maximum(delta, gamma / grad_norm))


def effective_delta(gamma: Scalar, delta: Scalar, grad_bound: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """The factor with h_t >= eta delta_eff wherever ||grad L|| <= grad_bound: max(delta, min(1, gamma / bound)).

    With delta = 0 this is the rate factor of GClip, which depends on gamma and on the starting loss.
    """
    return ops.maximum(delta, ops.minimum(1, gamma / grad_bound))


def decrease(beta: Scalar, h: Scalar) -> Scalar:
    """Guaranteed decrease of L along a step h, per ||grad L||^2: h (1 - beta h / 2) (Theorem A, step 1)."""
    return h * (1 - beta * h / 2)


def contraction(mu: Scalar, beta: Scalar, h: Scalar) -> Scalar:
    """One-step factor of the loss, 1 - 2 mu h (1 - beta h / 2) (Theorem A, step 2)."""
    return 1 - 2 * mu * decrease(beta, h)


def rate(mu: Scalar, beta: Scalar, eta: Scalar, delta: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """Factor q of the loss per step for any h in [eta delta, eta], eta < 2 / beta (Theorem A)."""
    return 1 - 2 * mu * ops.minimum(decrease(beta, eta * delta), decrease(beta, eta))


def slack(beta: Scalar, eta: Scalar) -> Scalar:
    """What the step size leaves of the potential, 1 - beta eta / 2; positive exactly when eta < 2 / beta."""
    return 1 - beta * eta / 2


def slope_with_jumps(sig: Scalar, kap: Scalar, beta: Scalar, h: Scalar) -> Scalar:
    """psi_h = sig (1 - beta h / 2) - (kap / 2) (1 + beta h / 2): the potential's fall per length (Theorem N).

    Args:
        sig: lower bound of |M^T u| over unit u and the hull of the Jacobians along a step.
        kap: how far the Jacobian jumps along a step.
        beta: L_F^2 + ||r_0|| ell.
        h: the step size.
    """
    return sig * (1 - beta * h / 2) - kap * (1 + beta * h / 2) / 2


def rate_with_jumps(
    sig: Scalar, kap: Scalar, beta: Scalar, eta: Scalar, delta: Scalar, ops: Arithmetic = FLOATS
) -> Scalar:
    """Factor of the loss per step for any h in [eta delta, eta], 1 - 2 (sig + kap / 2) min h psi_h (Theorem N)."""
    low, high = eta * delta, eta
    least = ops.minimum(low * slope_with_jumps(sig, kap, beta, low), high * slope_with_jumps(sig, kap, beta, high))
    return 1 - 2 * (sig + kap / 2) * least


def radius_sharp(loss: Scalar, mu: Scalar, beta: Scalar, eta: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """R_A = sqrt(2 L_0 / mu) / (1 - beta eta / 2) (Theorem A); free of gamma and delta."""
    return ops.sqrt(2 * loss / mu) / slack(beta, eta)


def radius_tight(loss: Scalar, mu: Scalar, beta: Scalar, eta: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """R* = sqrt(L_0 / (2 mu)) (1 + sqrt(contraction at eta)) / (1 - beta eta / 2), for mu <= beta (Theorem A')."""
    return ops.sqrt(loss / (2 * mu)) * (1 + ops.sqrt(contraction(mu, beta, eta))) / slack(beta, eta)


def rate_classic(mu: Scalar, eta: Scalar, delta: Scalar) -> Scalar:
    """Factor 1 - eta delta mu of the classical route, eta <= 1 / beta [TMSSR25]; delta = 1 is gradient descent.

    Of the loss above F, where weight decay is added (Theorem W2).
    """
    return 1 - eta * delta * mu


def radius_classic(
    loss: Scalar, mu: Scalar, eta: Scalar, delta: Scalar, lipschitz: Scalar, ops: Arithmetic = FLOATS
) -> Scalar:
    """R_classic = L_F sqrt(2 L_0) (1 + sqrt(1 - eta delta mu)) / (delta mu) [TMSSR25, constants made explicit].

    Args:
        lipschitz: L_F, an upper bound of ||J|| on the ball.
    """
    return lipschitz * ops.sqrt(2 * loss) * (1 + ops.sqrt(rate_classic(mu, eta, delta))) / (delta * mu)


def radius_gradient_descent(residual: Scalar, mu: Scalar, lipschitz: Scalar) -> Scalar:
    """R = 2 L_F ||r_0|| / mu [LZB22, Theorem 6]."""
    return 2 * lipschitz * residual / mu


def max_step_gradient_descent(residual: Scalar, lipschitz: Scalar, jacobian_lipschitz: Scalar) -> Scalar:
    """Largest eta of [LZB22, Theorem 6], 1 / (L_F^2 + beta_F ||r_0||)."""
    return 1 / smoothness(residual, lipschitz, jacobian_lipschitz)


def smoothness(residual: Scalar, lipschitz: Scalar, jacobian_lipschitz: Scalar) -> Scalar:
    """beta = L_F^2 + ||r_0|| ell, an upper bound of lambda_max(Hess L) where ||r|| <= ||r_0|| (section 5).

    Args:
        residual: ||r_0||.
        lipschitz: L_F, upper bound of ||J|| on the ball.
        jacobian_lipschitz: ell, Lipschitz constant of J on the ball, spectral against Euclidean norm.
    """
    return lipschitz * lipschitz + residual * jacobian_lipschitz


def expansion_constant(h: Scalar, beta: Scalar, negative: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """||I - h H|| for symmetric H with spectrum in [-negative, beta]: max(1 + h negative, h beta - 1) (Theorem D)."""
    return ops.maximum(1 + h * negative, h * beta - 1)


def block_norm(v: Scalar, al: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """Spectral norm of [[1, 0], [v, al]], whose singular values have product |al| and squares of sum 1 + v^2 + al^2."""
    return (ops.sqrt(v * v + (al + 1) ** 2) + ops.sqrt(v * v + (al - 1) ** 2)) / 2


def expansion_band(s: Scalar, beta: Scalar, negative: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """Upper bound of ||I - s (I - u u^T) H|| for a unit vector u and H as in `expansion_constant` (Theorem D)."""
    al = ops.maximum(expansion_constant(s, beta, negative, ops), 1)
    return block_norm(s * (beta + negative) / 2, al, ops)


def bordered_norm(p: Scalar, s: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """Spectral norm of [[p, s], [s, 0]], p >= 0: of a hidden layer's curvature with the output weights beside it."""
    return (p + ops.sqrt(p * p + 4 * s * s)) / 2


def width_scale_lzb(n: Scalar, radius: Scalar, depth: int, lambda_0: Scalar, mu: Scalar) -> Scalar:
    """n R^(6L+2) / (lambda_0 - mu)^2, the width scale of [LZB22, Theorem 4]: asymptotic, constant not given."""
    return n * radius ** (6 * depth + 2) / (lambda_0 - mu) ** 2


def slowed(lipschitz: Scalar, al: Scalar, weight: Scalar) -> Scalar:
    """1 + L_F^2 al^2 / c: ||r(w_t)||^2 is at most that times 2 E_t, E_t = L(w_t + al d_t) + (c/2) ||d_t||^2 (M, M2).

    Args:
        lipschitz: L_F.
        al: alpha >= 0, how far v is ahead of w.
        weight: c.
    """
    return 1 + lipschitz * lipschitz * al * al / weight


def loss_floor(decay: Scalar, weights: Scalar, mu: Scalar) -> Scalar:
    """F = (lambda W)^2 / (2 mu): below it the gradient may be no longer than the decay's term (Theorem W2)."""
    return decay * weights * (decay * weights) / (2 * mu)


def within_class(fit: Scalar, gain: Scalar, imbalance: Scalar, features: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """e1 / s + sqrt(e2) ||H||_F: how far last-layer features are from their class means, in Frobenius norm (NC).

    Args:
        fit: e1 = ||F - Y||_F.
        gain: s > 0, the smallest singular value of the last layer.
        imbalance: e2, the spectral norm of the imbalance of the last two layers.
        features: ||H||_F, of what the layer before the last reads.
    """
    return fit / gain + ops.sqrt(imbalance) * features


def within_class_apart(
    fit: Scalar, gain: Scalar, imbalance: Scalar, features: Scalar, ops: Arithmetic = FLOATS
) -> Scalar:
    """The same with both parts at a right angle: sqrt((e1 / s)^2 + e2 ||H||_F^2) (NC)."""
    return ops.sqrt(fit * fit / (gain * gain) + imbalance * features * features)


def class_variability(within: Scalar, largest: Scalar, between: Scalar, fit: Scalar) -> Scalar:
    """NC1 <= (within S / (||Y - mean||_F - e1))^2 for e1 < ||Y - mean||_F, S = ||W|| (NC)."""
    return (within * largest / (between - fit)) ** 2


def condition_of_means(
    misfit: Scalar, gain: Scalar, largest: Scalar, across: Scalar, ops: Arithmetic = FLOATS
) -> Scalar:
    """Condition number of the class means, and 1 / cosine with the last layer's rows (NC).

    Args:
        misfit: ||W M - I|| < 1, spectral, M the class means.
        gain, largest: smallest and largest singular value of W.
        across: bound of the part of M across the row space of W.
    """
    return within_class_apart(1 + misfit, gain, across * across, 1, ops) * largest / (1 - misfit)


def least_gain(product: Scalar, imbalance: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """Lower bound of s^2 from the smallest singular value of the product of two layers and their imbalance (NC)."""
    return (ops.sqrt(imbalance * imbalance + 4 * product * product) - imbalance) / 2


def greatest_gain(product: Scalar, imbalance: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """Upper bound of ||W||^2 from the largest singular value of the product of two layers (NC)."""
    return (ops.sqrt(imbalance * imbalance + 4 * product * product) + imbalance) / 2
