"""What is not machine-checked by the kernel: steps of real analysis and linear algebra, and definitions
spelt out.

Each has its exact statement and the relations it contributes; the table counts them, the docs print them.
"""

from __future__ import annotations

import sympy as sp

from .language import Cited, eq, ge, gt, said, sequence
from .notation import (
    PROFILE,
    G,
    P,
    R,
    a,
    a0,
    apart,
    area,
    area1,
    b,
    beta,
    c,
    components,
    converges,
    curvature,
    d,
    decays,
    derivative_at_most,
    e,
    ell,
    eta,
    expansion_constant,
    gradient,
    h,
    hull,
    inside,
    integral,
    jacobian_at_most,
    k,
    kappa,
    kinked,
    last,
    level,
    lip,
    moved,
    mu,
    nu,
    pl_star,
    residual_at_start,
    residual_nearby,
    rho,
    rho0,
    s,
    segment,
    sigma,
    slack,
    slope_with_jumps,
    smoothness,
    start_nearby,
    tau,
    total,
    value,
    w,
    w0,
    w1,
    within,
    x,
    y,
    z,
)
from .notation import a1 as b1

al = sp.Symbol("al")

PL_AT_A_POINT = Cited(
    "pl_at_a_point",
    "definition",
    r"PL* with constant $\mu$ on S, at a point $w \in S$: $\|\nabla L(w)\|^2 \ge 2\mu L(w)$.",
    {"pl": pl_star(mu), "inside": inside(w), "level": level(w, a), "gradient": gradient(w, G)},
    {"pl": ge(G**2, 2 * mu * a**2)},
)

TAYLOR = Cited(
    "taylor",
    "analysis",
    r"Taylor's formula with the integral remainder along a segment: if $\varphi(\tau) = L(w - \tau g)$"
    r" is $C^2$ on"
    r" $[0, s]$ with $\varphi'(0) = -\|g\|^2$ and $\varphi'' \le \beta \|g\|^2$ there, then"
    r" $\varphi(s) \le \varphi(0) - s\|g\|^2 + \beta s^2 \|g\|^2/2$. Here $\varphi'' = g^T \nabla^2 L\, g"
    r" \le \lambda_{\max}(\nabla^2 L)\|g\|^2$.",
    {"hess": curvature(beta), "segment": segment(w, s, a, b, G), "s>=0": ge(s)},
    {"taylor": ge(a**2 - s * G**2 + beta * s**2 * G**2 / 2, b**2)},
)

LAST_POINT = Cited(
    "last_point",
    "analysis",
    r"S is closed, so among the $s \in [0, h]$ whose segment from $w$ along $-\nabla L(w)$ lies in S"
    r" there is a"
    r" largest, $s$. It is positive when $w$ is strictly inside the ball and $\nabla L(w) \ne 0$: both"
    r" $\|\cdot - w_0\|"
    r" < R$ and, as $\varphi'(0) = -\|\nabla L(w)\|^2 < 0$ and $L(w) \le L(w_0)$, $L \le L(w_0)$"
    r" persist for a while.",
    {
        "inside": inside(w),
        "level": level(w, a),
        "gradient": gradient(w, G),
        "distance": within(w, P),
        "P<R": gt(R, P),
        "G>0": gt(G),
        "h>0": gt(h),
        "a0>=a": ge(a0, a),
        "start": level(w0, a0),
    },
    {
        "s>0": gt(s),
        "s<=h": ge(h, s),
        "b>=0": ge(b),
        "segment": segment(w, s, a, b, G),
        "last": last(w, s, h),
    },
    exists=(s, b),
)

CONTINUATION = Cited(
    "continuation",
    "analysis",
    r"If the end of the largest segment in S is strictly inside the ball and has $L < L(w_0)$, then by"
    r" continuity"
    r" the segment extends unless $s = h$; so $s = h$, and the end is the next iterate: it lies in S,"
    r" the whole step"
    r" does, and its distance from $w_0$ is at most the path.",
    {
        "last": last(w, s, h),
        "segment": segment(w, s, a, b, G),
        "distance": within(w, P),
        "start": level(w0, a0),
        "strictly inside": gt(R, P + s * G),
        "strictly below": gt(a0, b),
        "moved": moved(w, h, w1),
        "level": level(w1, b1),
    },
    {
        "inside": inside(w1),
        "segment": segment(w, h, a, b1, G),
        "distance": within(w1, P + h * G),
        "same end": eq(b1, b),
    },
)

STATIONARY = Cited(
    "stationary",
    "analysis",
    r"L is nonnegative on all of $\mathbb{R}^p$, so where it is 0 its gradient is 0 and no step moves.",
    {
        "zero": ge(-a),
        "level": level(w, a),
        "gradient": gradient(w, G),
        "moved": moved(w, h, w1),
        "next level": level(w1, b1),
        "inside": inside(w),
        "distance": within(w, P),
    },
    {"G": eq(G), "a1": eq(b1, a), "inside": inside(w1), "distance": within(w1, P + h * G)},
)

LIMIT = Cited(
    "limit",
    "analysis",
    r"Let $k \ge 0$, $x_t \ge 0$ and $\|w_{t+1} - w_t\| = h_t \|\nabla L(w_t)\| \le k(x_t - x_{t+1})$"
    r" for all t, and"
    r" $L(w_t) \le q^t L(w_0)$ with $0 \le q < 1$, L continuous. Telescoping, the path from t on is at"
    r" most $k x_t$;"
    r" $\mathbb{R}^p$ is complete; $q^t \to 0$. So $w_t$ converges to some $w_\infty$ with $L(w_\infty)"
    r" = 0$ and"
    r" $\|w_t - w_\infty\| \le k x_t$.",
    {
        "sequence": sequence(x, z, y),
        "step": ge(k * (x - y), h * G),
        "x>=0": ge(x),
        "k>=0": ge(k),
        "decay": decays(e),
        "q>=0": ge(e),
        "q<1": gt(1, e),
        "moved": moved(w, h, w1),
        "gradient": gradient(w, G),
    },
    {
        "limit": converges(d, w),
        "d>=0": ge(d),
        "tail": ge(k * x, d),
    },
    exists=(d,),
)

POWERS = Cited(
    "powers",
    "definition",
    r"A sequence with $Q_0 = 1$, $Q_{t+1} = q Q_t$ is $q^t$; so $a_t^2 \le Q_t a_0^2$ for all t reads"
    r" $L(w_t) \le q^t L(w_0)$.",
    {"decay": ge(y * a0**2, a**2), "powers": sequence(y, 1, e * y)},
    {"decay": decays(e)},
)

GRADIENT_FLOW = Cited(
    "gradient_flow",
    "analysis",
    r"Let L be $C^2$ and $\mu$-PL* on S with $L_0 > 0$, $R \ge \sqrt{2L_0/\mu}$. Along the gradient flow"
    r" $-d\sqrt{L} = \|\nabla L\|^2/(2\sqrt{L})\,d\tau \ge \sqrt{\mu/2}\,\|\nabla L\|\,d\tau$, so its"
    r" length up to a"
    r" point is at most $\sqrt{2/\mu}(\sqrt{L_0} - \sqrt{L})$, less than R while $L > 0$: it stays in S,"
    r" $L \to 0$"
    r" exponentially, and it converges to some $w^* \in S$ with $L = 0$, never reaching it. From a point"
    r" w of the flow"
    r" the remaining length bounds $d = \|w - w^*\| > 0$ by $\sqrt{2L(w)/\mu}$; d takes arbitrarily"
    r" small values."
    r" Taylor at $w^*$, where $L$ and $\nabla L$ vanish and (A2) holds: for every $e > 0$ some such w has"
    r" $L(w) \le (\beta + e)d^2/2$.",
    {
        "pl": pl_star(mu),
        "hess": curvature(beta),
        "start": level(w0, a0),
        "mu>0": gt(mu),
        "a0>0": gt(a0),
        "R>=0": ge(R),
        "radius": ge(mu * R**2, 2 * a0**2),
        "e>0": gt(e),
    },
    {"d>0": gt(d), "flow": ge(2 * x**2, mu * d**2), "taylor": ge((beta + e) * d**2, 2 * x**2)},
    exists=(d, x),
)

SQUARE_LOSS_GRADIENT = Cited(
    "square_loss_gradient",
    "linear algebra",
    r"For $L = \frac12\|r\|^2$: $\nabla L = J^T r$, so $\|\nabla L(w)\|^2 \le \|J(w)\|^2\,2L(w)$, and"
    r" $\|J\| \le L_F$"
    r" on S.",
    {
        "jacobian": jacobian_at_most(ell),
        "inside": inside(w),
        "level": level(w, a),
        "gradient": gradient(w, G),
    },
    {"upper": ge(2 * ell**2 * a**2, G**2)},
)

SQUARE_LOSS_CURVATURE = Cited(
    "square_loss_curvature",
    "linear algebra",
    r"For $L = \frac12\|r\|^2$: $v^T \nabla^2 L\, v = \|Jv\|^2 + r^T (DJ[v])v \le (L_F^2 +"
    r" \|r\|\,\beta_F)\|v\|^2$ by"
    r" Cauchy and Schwarz where $\|J\| \le L_F$ and $\|DJ\| \le \beta_F$, and $\|r\| \le \|r_0\|$ on S.",
    {
        "jacobian": jacobian_at_most(ell),
        "smooth": derivative_at_most(k),
        "residual": residual_at_start(rho0),
        "bound": ge(y, smoothness(rho0, ell, k)),
    },
    {"hess": curvature(y)},
)

PROFILE_VALUES = Cited(
    "profile_values",
    "definition",
    r"A profile has a value $\mathrm{sig}(y) \ge 0$ and an integral $\int_0^y \mathrm{sig}$ at every $y"
    r" \ge 0$.",
    {"profile": PROFILE, "y>=0": ge(y)},
    {"value": value(y, sigma), "integral": integral(y, area), "sigma>=0": ge(sigma)},
    exists=(sigma, area),
)

PROFILE_DECREASES = Cited(
    "profile_decreases",
    "definition",
    r"A profile is nonincreasing: $x \le y$ gives $\mathrm{sig}(x) \ge \mathrm{sig}(y)$.",
    {"profile": PROFILE, "x<=y": ge(y, x), "at x": value(x, sigma), "at y": value(y, tau)},
    {"order": ge(sigma, tau)},
)

INTEGRAL_COMPARISON = Cited(
    "integral_comparison",
    "analysis",
    r"The integral of a nonincreasing function over $[x, y]$ lies between its length times the right and"
    r" its length"
    r" times the left end value.",
    {
        "profile": PROFILE,
        "x<=y": ge(y, x),
        "at x": value(x, sigma),
        "at y": value(y, tau),
        "to x": integral(x, area),
        "to y": integral(y, area1),
    },
    {"left": ge((y - x) * sigma, area1 - area), "right": ge(area1 - area, (y - x) * tau)},
)

PROFILE_BOUND = Cited(
    "profile_bound",
    "linear algebra",
    r"For $L = \frac12\|r\|^2$, $\nabla L = J^T r$ has norm at least $\sigma_{\min}(J(w))\|r\| \ge"
    r" \mathrm{sig}(\|w - w_0\|)\|r\|$, and sig is nonincreasing: with $\|w - w_0\| \le P$, $c = \sqrt2$"
    r" and the root a"
    r" of the loss, $\|r\| = c a$ and $\|\nabla L(w)\| \ge \mathrm{sig}(P)\,c\,a$.",
    {
        "profile": PROFILE,
        "inside": inside(w),
        "distance": within(w, P),
        "level": level(w, a),
        "gradient": gradient(w, G),
        "at P": value(P, sigma),
        "c>0": gt(c),
        "c^2": eq(c**2, 2),
    },
    {"gradient": ge(G, sigma * c * a)},
)

ROOT_OF_INTEGRAL = Cited(
    "root_of_integral",
    "analysis",
    r"Intermediate value: $\rho \mapsto \int_0^\rho \mathrm{sig}$ is continuous from 0 to its value at"
    r" R, so it takes"
    r" every value in between, at some $\rho \in [0, R]$.",
    {
        "profile": PROFILE,
        "R>=0": ge(R),
        "to R": integral(R, total),
        "y>=0": ge(y),
        "y<total": gt(total, y),
    },
    {
        "rho>=0": ge(rho),
        "rho<=R": ge(R, rho),
        "value": value(rho, tau),
        "tau>=0": ge(tau),
        "integral": integral(rho, area),
        "area": eq(area, y),
    },
    exists=(rho, tau, area),
)

CURVATURE_BETWEEN = said("H is symmetric with spectrum between -{0} and {1}", nu, beta)
CLIPPED_DERIVATIVE = said("D = I - {0} (I - u u^T) H for a unit vector u", s)

CLIPPED_BLOCKS = Cited(
    "clipped_blocks",
    "linear algebra",
    r"Let $P = I - uu^T$. The component of $Dx$ along u is that of x, and across it $PDx = -s(PHu)\langle u, x\rangle +"
    r" P(I - sH)P x$. Here $\|PHu\| \le (\beta + \nu)/2$, as P kills the multiple of u by which H differs from $H -"
    r" \frac{\beta - \nu}2 I$, of norm at most $(\beta + \nu)/2$; and $\|P(I - sH)P\| \le \|I - sH\|$, the largest"
    r" $|1 - s\lambda|$, at most $\max(1 + s\nu, s\beta - 1) \le al$.",
    {
        "spectrum": CURVATURE_BETWEEN,
        "derivative": CLIPPED_DERIVATIVE,
        "vector": components(x, y, z),
        "s>0": gt(s),
        "al": ge(al, expansion_constant(s, beta, nu)),
    },
    {"bound": ge(s * (beta + nu) / 2 * x + al * y, z), "z>=0": ge(z)},
)

_EXACT, _EXACT1, _APART1, _BOUND, _NEAR, _EPS = sp.symbols("exact exact1 apart1 bound near eps")

PERTURBED_STEP = Cited(
    "perturbed_step",
    "definition",
    r"The triangle inequality through the exact step from the computed point: $\|w_1 - G(x)\| \le \|w_1 - G(w)\| +"
    r" \|G(w) - G(x)\|$, where the first is at most $\rho$ and the second at most $\mathrm{Lip}\,\|w - x\|$, x lying in"
    r" the ball on which Lip holds.",
    {
        "apart": apart(w, _EXACT, d),
        "next": apart(w1, _EXACT1, _APART1),
        "in the ball": ge(_BOUND, d),
        "error": said("{1} is within {2} of the exact step from {0}", w, w1, rho),
        "exact": said("{1} is the exact step from {0}", _EXACT, _EXACT1),
        "expansion": said(
            "the exact step expands distances from {0} by at most {1} up to distance {2}", w, lip, _BOUND
        ),
    },
    {"bound": ge(rho + lip * d, _APART1)},
)

NEARBY_RESIDUAL = Cited(
    "nearby_residual",
    "analysis",
    r"Mean value: where $\|J\| \le L_F$ on the segment, $\|r(x)\| \le \|r(w_T)\| + L_F\|x - w_T\|$.",
    {
        "near": residual_nearby(_NEAR),
        "start": start_nearby(_EPS),
        "residual": residual_at_start(rho0),
        "jacobian": jacobian_at_most(ell),
    },
    {"bound": ge(_NEAR + ell * _EPS, rho0)},
)

JUMP_VALUES = Cited(
    "jump_values",
    "definition",
    r"Where $\psi_+$ is positive it is $\psi = \sigma(1 - \beta\eta/2) - (\kappa/2)(1 + \beta\eta/2)$ with values of"
    r" the hull profile and of the bound of the jumps, both nonnegative.",
    {"kinked": kinked(beta, eta), "at x": value(x, tau), "tau>0": gt(tau)},
    {
        "hull": hull(x, sigma, kappa),
        "sigma>=0": ge(sigma),
        "kappa>=0": ge(kappa),
        "psi": eq(tau, slope_with_jumps(sigma, kappa, beta, eta)),
    },
    exists=(sigma, kappa),
)

_PSI = slope_with_jumps(sigma, kappa, beta, s)

JUMP_SEGMENT = Cited(
    "jump_segment",
    "analysis",
    r"Claim jump_step on a segment in S, with $\|r\| = ca$, $c = \sqrt2$: Lipschitz maps are the integrals of the"
    r" program's derivatives, so $r' = r - s\bar Jg$ with $\bar J$ in the hull; the bounds at a radius $x \ge P$ hold"
    r" at $\|w - w_0\| \le P$.",
    {
        "kinked": kinked(beta, eta),
        "segment": segment(w, s, a, b, G),
        "distance": within(w, P),
        "x>=P": ge(x, P),
        "hull": hull(x, sigma, kappa),
        "s>=0": ge(s),
        "s<=eta": ge(eta, s),
        "a>0": gt(a),
        "a0>=a": ge(a0, a),
        "start": level(w0, a0),
        "slack>0": gt(slack(beta, s)),
        "psi>0": gt(_PSI),
        "c>0": gt(c),
        "c^2": eq(c**2, 2),
    },
    {
        "length": ge(c * (a - b), s * G * _PSI),
        "rate": ge((1 - 2 * s * (sigma + kappa / 2) * _PSI) * a**2, b**2),
        "G>0": gt(G),
    },
)

KINKED_LAST_POINT = Cited(
    "kinked_last_point",
    "analysis",
    r"S is closed, so among the $s \in [0, h]$ whose segment from $w$ along $-J^Tr$ lies in S there is a largest, $s$."
    r" It is positive when $w$ is strictly inside the ball: $\|\cdot - w_0\| < R$ persists for a while, and on"
    r" segments in the ball L falls (claim jump_step).",
    {
        "kinked": kinked(beta, eta),
        "inside": inside(w),
        "level": level(w, a),
        "gradient": gradient(w, G),
        "distance": within(w, P),
        "at P": value(P, sigma),
        "psi>0": gt(sigma),
        "P<R": gt(R, P),
        "a>0": gt(a),
        "h>0": gt(h),
        "h<=eta": ge(eta, h),
        "a0>=a": ge(a0, a),
        "start": level(w0, a0),
    },
    {
        "s>0": gt(s),
        "s<=h": ge(h, s),
        "b>=0": ge(b),
        "segment": segment(w, s, a, b, G),
        "last": last(w, s, h),
    },
    exists=(s, b),
)
