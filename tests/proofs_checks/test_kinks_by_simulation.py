"""Networks with kinks as a slow oracle sees them: every bound of the claims about them looked at on small networks."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from pltheory.theory.formulas import rate_with_jumps, slope_with_jumps

# -- the constants of the nodes, against the derivatives that torch returns


def leaky(z):
    return functional.leaky_relu(z, 0.3)


ENTRYWISE = {
    # name: (map, s1, s2, js, breakpoints)
    "relu": (functional.relu, 1, 0, 1, (0,)),
    "leaky": (leaky, 1, 0, 0.7, (0,)),
    "relu6": (functional.relu6, 1, 0, 1, (0, 6)),
    "hardtanh": (functional.hardtanh, 1, 0, 1, (-1, 1)),
    "modulus": (torch.abs, 1, 0, 2, (0,)),
    "hardswish": (functional.hardswish, 1.5, 1 / 3, 0.5, (-3, 3)),
    "softshrink": (lambda z: functional.softshrink(z, 0.5), 1, 0, 1, (-0.5, 0.5)),
    "elu": (functional.elu, 1, 1, 0, ()),
    "elu of 0.4": (lambda z: functional.elu(z, 0.4), 1, 0.4, 0.6, (0,)),
    "elu of 1.7": (lambda z: functional.elu(z, 1.7), 1.7, 1.7, 0.7, (0,)),
    "celu": (lambda z: functional.celu(z, 0.4), 1, 2.5, 0, ()),
}


def derivative(f, z):
    z = z.clone().requires_grad_(True)
    return torch.autograd.grad(f(z).sum(), z)[0]


@pytest.mark.parametrize("name", sorted(ENTRYWISE))
def test_constants_of_a_node_of_one_number(name):
    f, s1, s2, js, kinks = ENTRYWISE[name]
    g = torch.Generator().manual_seed(7)
    z = 8 * torch.rand(4000, generator=g, dtype=torch.float64) - 4
    # Kinks themselves, points beside them, and far ones.
    near = torch.tensor([k + e for k in (*kinks, 0) for e in (0, 1e-9, -1e-9)], dtype=torch.float64)
    z = torch.cat([z, near, 3 * z])
    z1 = z + torch.randn(len(z), generator=g, dtype=torch.float64) * 10 ** -torch.randint(0, 9, z.shape, generator=g)
    distance = (z1 - z).abs()
    jump = (derivative(f, z1) - derivative(f, z)).abs()
    assert bool(((f(z1) - f(z)).abs() <= s1 * distance + 1e-14).all())
    assert bool((jump <= s2 * distance + js + 1e-14).all())
    margin = torch.stack([(z - k).abs() for k in kinks]).amin(0) if kinks else torch.full_like(z, math.inf)
    kept = distance < margin
    assert bool((jump[kept] <= s2 * distance[kept] + 1e-14).all())
    # No constant can be lowered, and no margin doubled.
    assert float(derivative(f, z).abs().max()) > 0.999 * s1 - 1e-9
    if js:
        assert float(jump.max()) > 0.99 * js
        assert bool((jump > s2 * distance + 1e-9)[distance < 2 * margin].any())


WINDOWS = {
    # name: (map, margin of z1 >= z2 as a function of both)
    "max": (lambda z: z.amax(-1), lambda z1, z2: (z1 - z2) / math.sqrt(2)),
    "relu, max": (
        lambda z: functional.relu(z).amax(-1),
        lambda z1, z2: torch.where(z1 > 0, torch.minimum(z1, (z1 - z2) / math.sqrt(2)), -z1),
    ),
    "leaky, max": (lambda z: leaky(z).amax(-1), lambda z1, z2: torch.minimum(z1.abs(), (z1 - z2) / math.sqrt(2))),
}


@pytest.mark.parametrize("name", sorted(WINDOWS))
def test_constants_of_a_window(name):
    f, margin_of = WINDOWS[name]
    g = torch.Generator().manual_seed(7)
    z = torch.randn(20000, 4, generator=g, dtype=torch.float64)
    z[::3] = torch.randint(-2, 3, z[::3].shape, generator=g).to(torch.float64)  # ties and zeros
    top = z.topk(2, -1).values
    margin = margin_of(top[:, 0], top[:, 1])
    direction = torch.randn(z.shape, generator=g, dtype=torch.float64)
    # Some moves are the shortest that make the two largest entries change places, or the largest one change its sign.
    first, second = z.topk(2, -1).indices.unbind(-1)
    rows = torch.arange(len(z))
    worst = torch.zeros_like(z)
    worst[rows, first] = torch.where(top[:, 0] > 0, -1.0, 1.0).to(z.dtype)
    worst[rows[::2], first[::2]] = -1
    worst[rows[::2], second[::2]] = 1
    direction = torch.where(torch.rand(len(z), 1, generator=g) < 0.5, worst, direction)
    size = margin[:, None] * (0.9999 + 0.0002 * torch.randint(0, 2, (len(z), 1), generator=g))
    z1 = z + direction / direction.norm(dim=-1, keepdim=True) * size
    change = (derivative(f, z1) - derivative(f, z)).norm(dim=-1)
    distance = (z1 - z).norm(dim=-1)
    assert bool(((f(z1) - f(z)).abs() <= distance + 1e-14).all())
    assert bool((change <= math.sqrt(2) + 1e-14).all())
    assert bool((change[distance < margin] == 0).all())
    beyond = change[(distance > margin) & (margin > 0)]
    assert float(beyond.max()) > 1.4
    assert float((beyond > 0).double().mean()) > 0.1


# -- one hidden layer of ReLU units, all weights trained


class OneLayer:
    """F_i = sum_k a_k relu(w_k . x_i) / sqrt m with its Jacobian as back-propagation has it."""

    def __init__(self, rng, n, d, m):
        self.x = rng.normal(size=(n, d))
        self.x /= np.linalg.norm(self.x, axis=1, keepdims=True)
        self.w, self.a = rng.normal(size=(m, d)), rng.choice((-1.0, 1.0), size=m)
        self.kappa = 1 / math.sqrt(m)

    def start(self):
        return np.concatenate([self.w.ravel(), self.a])

    def split(self, p):
        return p[: self.w.size].reshape(self.w.shape), p[self.w.size :]

    def output(self, p):
        w, a = self.split(p)
        return self.kappa * np.maximum(self.x @ w.T, 0) @ a

    def jacobian(self, p):
        w, a = self.split(p)
        z = self.x @ w.T
        rows = (a * (z > 0))[:, :, None] * self.x[:, None, :]
        return self.kappa * np.concatenate([rows.reshape(len(z), -1), np.maximum(z, 0)], axis=1)

    def mean_jacobian(self, p, q):
        """The mean over the segment, exactly: J is affine in t between the kinks."""
        z, z1 = (self.x @ self.split(e)[0].T for e in (p, q))
        cross = -z / np.where(z1 == z, np.inf, z1 - z)
        times = np.unique(np.concatenate([[0.0, 1.0], cross[(cross > 0) & (cross < 1)]]))
        parts = [(b - a) * self.jacobian(p + (a + b) / 2 * (q - p)) for a, b in itertools.pairwise(times)]
        return sum(parts), [self.jacobian(p + t * (q - p)) for t in (times[:-1] + times[1:]) / 2]


def norm(m):
    return float(np.linalg.norm(m, 2))


@pytest.mark.parametrize("seed", range(60))
def test_one_step_of_theorem_n(seed):
    """The Jacobian's jumps along the step itself are kappa; sigma is what the matrix between needs."""
    rng = np.random.default_rng(seed)
    net = OneLayer(rng, int(rng.integers(1, 4)), 3, int(rng.integers(3, 30)))
    p = net.start()
    here = net.jacobian(p)
    r = net.output(p) - rng.normal(size=len(net.x))
    r *= 10 ** rng.uniform(-2, 0.5)
    g, a = here.T @ r, float(np.linalg.norm(r))
    size = float(np.linalg.norm(g))
    ell = net.kappa * norm(net.x)
    h = rng.uniform(0.05, 1) / (norm(here) ** 2 + ell * a)
    mean, seen = net.mean_jacobian(p, p - h * g)
    after = r + net.output(p - h * g) - net.output(p)
    assert np.allclose(after, r - h * mean @ g, atol=1e-12)  # the chain rule over kinks
    b = float(np.linalg.norm(after))
    lipschitz = max(map(norm, [here, mean, *seen]))
    beta = lipschitz**2 + ell * a
    error = (mean - here).T @ r
    kappa = max(0.0, float(np.linalg.norm(error)) / a - ell * h * size / 2)
    whole = kappa + ell * h * size / 2
    share = kappa / whole if whole else 0.0
    sigma = float(np.linalg.norm(g + share * error / 2)) / a
    psi = slope_with_jumps(sigma, kappa, beta, h)
    if psi <= 0 or beta * h >= 2:
        return
    assert a - b >= h * size * psi - 1e-12
    assert b**2 <= (1 - 2 * h * (sigma + kappa / 2) * psi) * a**2 + 1e-12
    assert size >= (sigma - kappa / 2) * a - 1e-12


class Jumps:
    """The root of N2(s): the best of some multipliers, any of which is a bound."""

    def __init__(self, net):
        self.moves = np.abs(net.x @ net.w.T)  # |x_i| = 1
        within = self.moves[:, None, :] <= self.moves[None, :, :]  # sample, up to sample, unit
        sets, which = np.unique(within.reshape(len(net.x), -1).T, axis=0, return_inverse=True)
        weight = np.array([norm(net.x[m]) ** 2 for m in sets])[which.reshape(within.shape[1:])]
        self.prices = []
        for lam in [0.0, *np.geomspace(1e-3, 1e4, 40)]:
            gain = np.maximum(weight - lam * self.moves**2, 0)
            most = [np.where(self.moves >= row, gain, 0).max(axis=0).sum() for row in self.moves]
            self.prices.append((lam, max(most)))

    def __call__(self, s):
        return math.sqrt(min(lam * s**2 + most for lam, most in self.prices))


@pytest.mark.parametrize("seed", range(20))
def test_flips_against_n2(seed):
    """Units moved as little as flips their samples, over all choices: the jump is never above N2 at that distance."""
    rng = np.random.default_rng(seed)
    net = OneLayer(rng, 2, 2, 3)
    z, jumps = net.x @ net.w.T, Jumps(net)
    attained = 0.0
    for choice in itertools.product(((), (0,), (1,), (0, 1)), repeat=3):
        w = net.w.copy()
        for k, flipped in enumerate(choice):
            if flipped:
                rows = net.x[list(flipped)]
                w[k] -= np.linalg.pinv(rows) @ (z[list(flipped), k] * (1 + 1e-9))
        s = float(np.linalg.norm(w - net.w))
        if s == 0:
            continue
        change = ((net.x @ w.T > 0) ^ (z > 0)) * net.a
        rows = (change[:, :, None] * net.x[:, None, :]).reshape(2, -1)
        bound = jumps(s)
        assert norm(rows) <= bound * (1 + 1e-9)
        attained = max(attained, norm(rows) / bound)
    assert attained > 0.5


@pytest.mark.slow
def test_theorem_n_along_trajectories():
    """From a residual just below what closes: the path, the rate and the distance to the limit."""
    assert sum(map(_pieces_changed_on_the_way, range(8))) > 0


def _pieces_changed_on_the_way(seed):
    rng = np.random.default_rng(seed)
    net = OneLayer(rng, 2, 3, 1500)
    jumps = Jumps(net)
    p = net.start()
    here, ell = net.jacobian(p), net.kappa * norm(net.x)
    sigma_0 = float(np.linalg.svd(here)[1][-1])
    radius = 0.5
    grid = np.linspace(0, radius, 60)

    def change(s):
        return net.kappa * jumps(s) + ell * s

    lipschitz = norm(here) + change(radius)
    residual = 0.5 * sigma_0 * radius
    for _ in range(12):
        beta = lipschitz**2 + ell * residual
        eta = 0.1 / beta
        nu = eta * lipschitz * residual
        sigma = np.array([sigma_0 - change(min(s + nu, radius)) for s in grid])
        kappa = np.array([net.kappa * (jumps(s + nu) + s * norm(net.x)) for s in grid])
        psi = np.maximum(slope_with_jumps(sigma, kappa, beta, eta), 0)
        area = np.concatenate([[0.0], np.cumsum(psi[1:] * np.diff(grid))])  # psi falls: right ends are below
        if residual < area[-1]:
            break
        residual *= 0.8
    assert residual < area[-1]
    at = int(np.argmax(area > residual))
    rho, low, jump = grid[at], sigma[at], kappa[at]
    assert jump > 0.05 * low
    direction = rng.normal(size=2)
    target = net.output(p) - residual * direction / np.linalg.norm(direction)

    delta, w, path, flips = 0.3, p, 0.0, 0
    factor = rate_with_jumps(low, jump, beta, eta, delta)
    points, sizes = [], []
    for t in range(200):
        r = net.output(w) - target
        size = float(np.linalg.norm(r))
        points.append(w)
        sizes.append(size)
        assert size**2 <= factor**t * residual**2 * (1 + 1e-9) + 1e-24
        assert path <= rho
        h = (eta, eta * delta, eta * rng.uniform(delta, 1))[t % 3]
        g = net.jacobian(w).T @ r
        before = net.x @ net.split(w)[0].T > 0
        w = w - h * g
        flips += int((before ^ (net.x @ net.split(w)[0].T > 0)).sum())
        path += h * float(np.linalg.norm(g))
    tail = psi[at]
    for q, size in zip(points, sizes, strict=True):
        assert np.linalg.norm(q - w) <= size / tail * (1 + 1e-9)
    return flips


@pytest.mark.parametrize("seed", range(40))
def test_recursion_over_kinks(seed):
    """Two starts, hovering about kinks or not: after one step they are as near as the recursion says."""
    rng = np.random.default_rng(seed)
    net = OneLayer(rng, 3, 3, 20)
    p = net.start()
    w, a = net.split(p)
    hover = rng.integers(0, 20, size=6)
    for k in hover:  # a unit on the kink of one sample
        i = rng.integers(0, 3)
        w[k] -= (w[k] @ net.x[i]) * net.x[i]
    p = np.concatenate([w.ravel(), a])
    move = rng.normal(size=p.shape)
    eps = 10 ** rng.uniform(-9, -1)
    q = p + eps * move / np.linalg.norm(move)
    target = rng.normal(size=3)
    r, r1 = net.output(p) - target, net.output(q) - target
    here, there = net.jacobian(p), net.jacobian(q)
    mean, _ = net.mean_jacobian(p, q)
    change = max(norm(mean - there), norm(there - here))
    lipschitz = max(norm(here), norm(there), norm(mean))
    h = rng.uniform(0.1, 2) / lipschitz**2
    after = np.linalg.norm((q - h * there.T @ r1) - (p - h * here.T @ r))
    size = float(np.linalg.norm(r))
    assert after <= (1 + h * lipschitz * change) * eps + h * change * size + 1e-12
