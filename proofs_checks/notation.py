"""Symbols, shipped formulas and propositions shared by the claims, under the names of the theory page.

a, b are square roots of the loss at both ends of a step, G the norm of the gradient, m the root of 2 mu, P
the path so far; a subscript 0 is the start, 1 the next iterate. Symbols carry no assumptions: what is known
of a symbol is what a claim lists.
"""

from __future__ import annotations

import sympy as sp

from pltheory.theory import formulas

from .language import said, shipped

mu, beta, eta, gamma, delta, h, s = sp.symbols("mu beta eta gamma delta h s")
a, b, a0, a1, G, m, P, P1, R, w, w0, w1, Q, Q1, q = sp.symbols("a b a0 a1 G m P P1 R w w0 w1 Q Q1 q")
L, L0, phi, rho, rho0, rho1, ell, x, y, d, e, k = sp.symbols("L L0 phi rho rho0 rho1 ell x y d e k")
u, v, z = sp.symbols("u v z")

step_size = shipped(formulas.step_size)
effective_delta = shipped(formulas.effective_delta)
decrease = shipped(formulas.decrease)
contraction = shipped(formulas.contraction)
rate = shipped(formulas.rate)
slack = shipped(formulas.slack)
slope_with_jumps = shipped(formulas.slope_with_jumps)
rate_with_jumps = shipped(formulas.rate_with_jumps)
radius_sharp = shipped(formulas.radius_sharp)
radius_tight = shipped(formulas.radius_tight)
rate_classic = shipped(formulas.rate_classic)
radius_classic = shipped(formulas.radius_classic)
radius_gradient_descent = shipped(formulas.radius_gradient_descent)
max_step_gradient_descent = shipped(formulas.max_step_gradient_descent)
smoothness = shipped(formulas.smoothness)
expansion_constant = shipped(formulas.expansion_constant)
block_norm = shipped(formulas.block_norm)
expansion_band = shipped(formulas.expansion_band)


def pl_star(mu):
    """(A1)."""
    return said("L is {0}-PL* on S: half the squared norm of grad L is at least {0} L", mu)


def curvature(beta):
    """(A2)."""
    return said("lambda_max(Hess L) <= {0} on S", beta)


def inside(w):
    """S is the part of the closed R-ball about w_0 where L <= L(w_0)."""
    return said("{0} lies in S", w)


def within(w, d):
    """Distance from the start."""
    return said("the distance of {0} from w_0 is at most {1}", w, d)


def level(w, a):
    """a is the root of the loss."""
    return said("the square root of L({0}) is {1}", w, a)


def gradient(w, G):
    """G is the norm of the gradient."""
    return said("the norm of grad L({0}) is {1}", w, G)


def moved(w, h, w1):
    """A gradient step."""
    return said("{2} = {0} - {1} grad L({0})", w, h, w1)


def segment(w, s, a, b, G):
    """The step up to s, in S, with the values at its ends."""
    return said(
        "the segment from {0} to {0} - {1} g with g = grad L({0}), |g| = {4}, lies in S;"
        " the roots of L at its ends are {2} and {3}",
        w,
        s,
        a,
        b,
        G,
    )


def last(w, s, h):
    """s is as far as the step stays in S."""
    return said("{1} is the largest number up to {2} whose segment from {0} along -grad L lies in S", w, s, h)


def jacobian_at_most(ell):
    """L_F."""
    return said("the spectral norm of J is at most {0} on S", ell)


def derivative_at_most(k):
    """beta_F."""
    return said("the spectral norm of DJ is at most {0} on S", k)


def residual_at_start(rho0):
    """The norm of r_0."""
    return said("the residual at w_0 has norm {0}", rho0)


def residual_nearby(x):
    """Theorem D: the residual at w_T."""
    return said("the residual at the computed point has norm {0}", x)


def start_nearby(eps):
    """Theorem D: a start in B(w_T, eps)."""
    return said("the start is within {0} of the computed point", eps)


def decays(q):
    """Linear convergence of the loss."""
    return said("L at time t is at most {0}^t L(w_0), for every t", q)


def converges(d, w):
    """The limit of the run, d away from w."""
    return said("w_t converges to a point with L = 0, at distance {0} from {1}", d, w)


# Theorem B: c is the root of 2, area and area1 integrals of the profile, sigma and tau its values.
c, sigma, tau, area, area1, total = sp.symbols("c sigma tau area area1 total")

PROFILE = said(
    "sig is nonincreasing and nonnegative on [0, inf), 0 beyond R, and sigma_min(J(v)) >= sig(|v - w_0|) on S"
)


def value(x, y):
    """A value of the profile."""
    return said("sig({0}) = {1}", x, y)


def integral(x, y):
    """An integral of the profile."""
    return said("the integral of sig from 0 to {0} is {1}", x, y)


# Theorem D: H is the Hessian, u the direction of the gradient, nu a bound of the negative curvature.
nu = sp.Symbol("nu")


def components(x, y, z):
    """A vector split by u, and its image."""
    return said(
        "a vector has component {0} >= 0 along u and norm {1} >= 0 across it; its image under D has {0} along u and"
        " norm {2} across",
        x,
        y,
        z,
    )


lip = sp.Symbol("lip")

# Theorem N: sigma is a value of the hull profile, kappa one of the bound of J's jumps.
kappa = sp.Symbol("kappa")


def apart(w, x, d):
    """A distance."""
    return said("{0} and {1} are {2} apart", w, x, d)


def kinked(beta, eta):
    """(N0) to (N2)."""
    return said("J changes and jumps on B as Theorem N allows, with beta = {0} and steps up to {1}", beta, eta)


def hull(x, sigma, kappa):
    """Values of the hull profile and of the bound of the jumps."""
    return said("at radius {0} the hull profile is {1} and the jumps are at most {2}", x, sigma, kappa)
