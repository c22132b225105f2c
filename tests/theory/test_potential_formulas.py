"""The formulas of Theorems S, M and Mb against their definitions; a wrong one is noticed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from pltheory.certification import any_steps, steps
from pltheory.certification.steps import AnySteps, At, Inside, Outside
from pltheory.optim import DeltaGClipSettings
from pltheory.optim.recursion import Recursion
from pltheory.optim.schedule import Cosine, Warmup
from pltheory.rigor.scalar import interval
from pltheory.theory import potential
from pltheory.theory.potential import Constants, Setting, search
from tests.formula_mutants import held_to
from tests.nets.graph_mutants import Mutant
from tests.oracles.potential_forms import behind, circle_limit, left_over, longest_buffer

HOW = {
    "M": (Inside(), Recursion(0.75)),
    "M Nesterov": (Inside(), Recursion(0.75, nesterov=True)),
    "Mb": (Outside(), Recursion(0.75, clip="buffer")),
}
"""Laws and recursions; 1 - m is a double."""


def drawn(seed: int) -> At:
    """Numbers whose beta eta lies well within what is allowed, ||J_0|| below L_F."""
    rng = np.random.default_rng(seed)
    lipschitz = float(rng.uniform(0.5, 2))
    beta = lipschitz**2 * float(rng.uniform(1, 1.3))
    eta = float(rng.uniform(0.01, 0.9)) * float(potential.limit(0.75, 0.75)) / beta
    sigma, residual = lipschitz * float(rng.uniform(0.05, 0.6)), float(rng.uniform(0.5, 2))
    return At(beta, eta, sigma, lipschitz * 0.9, lipschitz, residual)


def wrong_inequalities() -> list[str]:
    """What (M') and (R') say of numbers that are drawn, against the form itself; both ends rounded outward."""
    rng, found = np.random.default_rng(0), []
    for name, (law, how) in HOW.items():
        for seed in range(6):
            at = drawn(seed)
            xi, c, c_rate = (float(x) for x in rng.uniform(0.3, 1, 3))
            centre = law.setting(how, at).closed
            k, omega = xi * float(rng.uniform(0.1, 1)), float(rng.uniform(0.02, 0.9))
            n = Constants(k, xi, c * centre, omega, c_rate * centre)
            said = {i.name: i for i in law.inequalities(how, at, n)}
            m, eta, beta, sigma, k_, x, omega_ = (
                Fraction(v) for v in (how.momentum, at.eta, at.beta, at.sigma, n.k, n.xi, n.omega)
            )
            common = (m, how.nesterov, law.outside, eta, beta, sigma)
            true = {
                "path": left_over(*common, Fraction(n.c), k_ * x / 2, k_ / (2 * x)),
                "rate": left_over(*common, Fraction(n.c_rate), Fraction(0), omega_),
            }
            for what, (v, margin) in true.items():
                left = Fraction(said[f"0 < V of the {what}"].right)
                if not v - abs(v) / 10**9 <= left <= v:
                    found.append(f"{name}: V of the {what}: {float(left)} for {float(v)}")
                if v > 0:
                    i = said.get(f"potential of the {what}")
                    if i is None:
                        found.append(f"{name}: {what}: not asked")
                        continue
                    room = Fraction(i.right) - Fraction(i.left)
                    if not margin - (1 + abs(margin)) / 10**9 <= room <= margin:
                        found.append(f"{name}: {what}: {float(room)} for {float(margin)}")
            if law.outside:
                lag = said["eta C ||J_0||^2 / (1 - m) <= m"]
                # One linear mode from rest: ||y_0|| = ||J_0|| ||r_0|| / a.
                above = eta * (1 - m) * Fraction(n.c) * (Fraction(at.largest) / (1 - m)) ** 2
                if not above <= Fraction(lag.left) <= above * (1 + Fraction(1, 10**9)) or lag.right != how.momentum:
                    found.append(f"{name}: the start, {lag.left} for {float(above)}")
    at = At(1.0, 1.5, 0.5, 1.0, 1.0, 1.0)
    said = {i.name: i for i in AnySteps().inequalities(Recursion(), at, Constants(0.3, 1.0, 0.0, 1.0, 0.0))}
    if abs(said["beta eta < 2"].left - 1.5) > 1e-9 or said["k <= 1 - beta eta / 2"].holds:
        found.append("S: what is asked")
    return found


def wrong_search() -> list[str]:
    """Where a search finds what is not confirmed, or less than the prototype of the theory and its closed form."""
    found = []
    for name, (law, how) in HOW.items():
        for seed in range(4):
            at = drawn(seed)
            n = law.find(how, at)
            found += [f"{name}: {i.name}: {i.left} {i.right}" for i in law.inequalities(how, at, n) if not i.holds]
    for m, step, k, omega in ((0.5, 0.1, 0.943, 0.87), (0.9, 0.05, 0.865, 0.68)):
        n = search(Setting(m, m, step / (1 - m), 1e-12))
        if abs(n.k - k) > 6e-4 or abs(n.omega - omega) > 6e-3:
            found.append(f"m = {m}: k = {n.k} for {k}, omega = {n.omega} for {omega}")
    return found


def wrong_closed() -> list[str]:
    """Where b* is not the circle criterion's, or k = 1 - beta eta / b* is not allowed with the closed form's C."""
    found = []
    for name, (law, how) in HOW.items():
        m, ap = Fraction(how.momentum), Fraction(how.momentum) ** (2 if how.nesterov else 1)
        b = potential.limit(m, ap)
        if abs(float(b) / circle_limit(how.momentum, nesterov=how.nesterov) - 1) > 1e-5:
            found.append(f"{name}: b* = {float(b)}")
        for share in (Fraction(1, 10), Fraction(99, 100)):
            eta, k = b * share, 1 - share
            c = Fraction(Setting(m, ap, eta / (1 - m) ** 2, 0, law.outside).closed)
            common = (m, how.nesterov, law.outside, eta, Fraction(1), Fraction(0), c)
            for own, pull in ((k / 2, k / 2), (Fraction(0), k / 2)):
                v, margin = left_over(*common, own, pull)
                if not v > 0 or margin < -Fraction(1, 10**12):
                    found.append(f"{name}: closed form at {float(share)}: {float(margin)}")
    return found


def wrong_bounds() -> list[str]:
    """Start, distance of w from z and the clipped norm against the worst that is attained; the factor of a step."""
    found = []

    def compare(what: str, said: float, true: float) -> None:
        if not true * (1 - 1e-12) <= said <= true * (1 + 1e-6):
            found.append(f"{what}: {said} for {true}")

    n = Constants(0.4, 1.0, 0.3, 0.2, 0.5)
    for name, (law, how) in HOW.items():
        at, m = drawn(5), how.momentum
        weight = at.eta * (1 - m) * n.c if law.outside else n.c / at.eta
        start = 1.0
        if law.outside:
            start = float(np.sqrt(1 + weight * (at.largest / (1 - m)) ** 2))
            clipped = longest_buffer(m, at.lipschitz, weight) * start
            if law.excess(how) != m:
                found.append(f"{name}: excess {law.excess(how)}")
            highest = at.residual * float(np.sqrt(1 + m))
            compare(f"{name}: the highest start", law.start(how, at, law.most(how, at)).hi, highest)
        else:
            apart = behind(m, how.nesterov, at.lipschitz, weight)
            compare(f"{name}: apart", law.apart(how, at, n.c).hi, apart)
            clipped = at.lipschitz * float(np.sqrt(apart))
        compare(f"{name}: start", law.start(how, at, n.c).hi, start * at.residual)
        compare(f"{name}: clipped norm", law.gradient(how, at, n).hi, clipped * at.residual)
        factor = law.factor(how, at, n, 0.1, interval(0.2), interval(0.4)).hi
        compare(f"{name}: factor", factor, max(1 - 2 * n.omega * 0.1 * h / (1 - m) for h in np.linspace(0.2, 0.4, 9)))
    compare("S: clipped norm", AnySteps().gradient(Recursion(), at, n).hi, at.lipschitz * at.residual)
    for h in ((0.1, 0.3), (0.5, 1.8), (1.0, 1.2)):  # beta = 1, mu = 0.3
        one = At(1.0, 1.9, 0.5, 1.0, 1.0, 1.0)
        said = AnySteps().factor(Recursion(), one, n, 0.3, *(interval(x) for x in h)).hi
        compare(f"S: factor at {h}", said, max(1 - 0.6 * (x - x * x / 2) for x in np.linspace(*h, 200)))
    return found


def wrong_product() -> list[str]:
    """The loss at the end of a schedule, step by step; what is said of the steps after it."""
    found = []
    n = Constants(0.8, 1.0, 0.0, 1.0, 0.0)
    for eta, schedule, floor in ((0.4, Cosine(7), 0.3), (0.4, Warmup(5), 0.5), (1.9, Warmup(5), 0.5)):
        at = At(1.0, eta, 0.5, 1.0, 1.0, 1.0)
        rule = DeltaGClipSettings(eta=eta, gamma=0.5, delta=0.1, schedule=schedule)
        factors, tail = any_steps.horizon(rule)
        later = [schedule.at(t) for t in range(schedule.horizon, schedule.horizon + 50)]
        if len(factors) != schedule.horizon or not min(later) - 1e-9 <= tail <= min(later):
            found.append(f"{schedule}: {len(factors)} factors, then {tail}")
        true = 1.0
        for t in range(schedule.horizon):
            ends = (eta * floor * schedule.at(t), eta * schedule.at(t))
            true *= max(1 - 2 * 0.2 * (h - h * h / 2) for h in ends)
        said = any_steps.loss_at_end(AnySteps(), rule, at, n, 0.2, floor, factors).hi
        if not true * (1 - 1e-12) <= said <= true * (1 + 1e-9):
            found.append(f"{schedule} at beta eta = {eta}: {said} for {true}")
    # At beta eta = 1.9 the longest of the later steps is the worst, at 0.4 the shortest.
    for eta, floor, tail in ((1.9, 0.75, 0.5), (0.4, 0.5, 0.5)):
        at = At(1.0, eta, 0.5, 1.0, 1.0, 1.0)
        true = max(1 - 0.4 * (h - h * h / 2) for h in np.linspace(floor * tail * eta, eta, 200))
        said = any_steps.later_rate(AnySteps(), DeltaGClipSettings(eta=eta), at, n, 0.2, floor, tail)
        if not true * (1 - 1e-12) <= said <= true * (1 + 1e-9):
            found.append(f"later factors in [{tail}, 1] at beta eta = {eta}: {said} for {true}")
    if any_steps.later_rate(AnySteps(), DeltaGClipSettings(eta=eta), at, n, 0.2, floor, 0.0) != 1:
        found.append("a rate where nothing is known of the later steps")
    return found


CHECKS = {
    "inequalities": wrong_inequalities,
    "search": wrong_search,
    "closed": wrong_closed,
    "bounds": wrong_bounds,
    "product": wrong_product,
}
S, N, Q = Setting, steps.Momentum, "inequalities"
MUTANTS = [
    Mutant("V of Mb does not shrink", S, "value", "return c * (1 - m * m) - q * (", "return c - q * (", Q),
    Mutant("V of Mb without m^2", S, "value", "(m * m + c * self.eps / a)", "(c * self.eps / a)", Q),
    Mutant("V of Mb without eps", S, "value", "(m * m + c * self.eps / a)", "(m * m)", Q),
    Mutant("V of Mb, eps undivided", S, "value", "c * self.eps / a)", "c * self.eps)", Q),
    Mutant("V of M does not shrink", S, "value", "c * (1 - m * m) - q / a", "c - q / a", Q),
    Mutant("V of M, q undivided", S, "value", "- q / a * (", "- q * (", Q),
    Mutant("V of M without e", S, "value", "lead * lead + ", "", Q),
    Mutant("V of M without eps", S, "value", " + c * self.eps)\n", ")\n", Q),
    Mutant("V of M, e without a", S, "value", "self.s * a * self.ap", "self.s * a * a * self.ap", Q),
    Mutant("rest of Mb without the bend", S, "rest", "sa / 2 + c * sa * sa / 2", "c * sa * sa / 2", Q),
    Mutant("rest of Mb without the lag", S, "rest", "+ c * sa * sa / 2 ", "", Q),
    Mutant("rest of Mb without its square", S, "rest", " + cross * cross / (2 * v)\n    cross", "\n    cross", Q),
    Mutant("cross of Mb without m", S, "rest", "m * (abs(1 - q) + c * sa)", "m * m * (abs(1 - q) + c * sa)", Q),
    Mutant("cross of Mb without y", S, "rest", "(abs(1 - q) + c * sa)", "(c * sa)", Q),
    Mutant("cross of Mb without the lag", S, "rest", "(abs(1 - q) + c * sa)", "abs(1 - q)", Q),
    Mutant("cross with its sign", S, "rest", "abs(1 - q) * self.ap * self.s", "(1 - q) * self.ap * self.s", Q),
    Mutant("cross of M without ap", S, "rest", "abs(1 - q) * self.ap * self.s", "abs(1 - q) * self.s / 2", Q),
    Mutant("cross of M without d", S, "rest", "self.s + m * c", "self.s", Q),
    Mutant("cross of M without e", S, "rest", "abs(1 - q) * self.ap * self.s + ", "", Q),
    Mutant("rest of M without C", S, "rest", "a * (self.s + c) / 2", "a * self.s / 2", Q),
    Mutant("rest of M without the bend", S, "rest", "a * (self.s + c) / 2", "a * c / 2", Q),
    Mutant("rest of M, half a square", S, "rest", "a * cross * cross / (2 * v)", "a * cross * cross / (4 * v)", Q),
    Mutant("rest of M, a twice", S, "rest", "+ a * cross", "+ a * a * cross", Q),
    Mutant("s with one a", N, "exact", "/ (1 - m) ** 2", "/ (1 - m)", Q),
    Mutant("sigma for its square", N, "exact", "eta * Fraction(at.sigma) ** 2", "eta * Fraction(at.sigma) ** 3", Q),
    Mutant("Nesterov as heavy ball", N, "exact", "m * m if how.nesterov else m", "m", Q),
    Mutant("heavy ball as Nesterov", N, "exact", "m * m if how.nesterov else m", "m * m", Q),
    Mutant("p without 1 / xi", N, "inequalities", "(xi + 1 / xi)", "(xi + 1)", Q),
    Mutant("p halved", N, "inequalities", "k / 2 * (xi", "k / 4 * (xi", Q),
    Mutant("q is k", N, "inequalities", "k / xi, Fraction(found.c)", "k, Fraction(found.c)", Q),
    Mutant("q of the rate is omega", N, "inequalities", "2 * omega, Fraction", "omega, Fraction", Q),
    Mutant("p of the rate halved", N, "inequalities", "exact, omega, 2", "exact, omega / 2, 2", Q),
    Mutant("C of the path for the rate", N, "inequalities", "Fraction(found.c_rate)", "Fraction(found.c)", Q),
    Mutant("rest rounded down", steps, "_fulfilled", "at.rest(q, c)).hi", "at.rest(q, c)).lo - 1e-15", Q),
    Mutant("1 - p rounded up", steps, "_fulfilled", "interval(1 - p).lo", "interval(1 - p).hi + 1e-15", Q),
    Mutant("V rounded up", steps, "_fulfilled", "interval(v).lo", "interval(v).hi * (1 + 1e-15)", Q),
    Mutant("S: a step twice as long", AnySteps, "inequalities", "1 - product / 2", "1 - product / 4", Q),
    Mutant("S: half of beta eta", AnySteps, "inequalities", "interval(product).hi", "interval(product / 2).hi", Q),
    Mutant("k is q", potential, "_k_of", "q * (2 * p - q)", "q * q", "search"),
    Mutant("k is p", potential, "_k_of", "np.sqrt(np.maximum(q * (2 * p - q), 0.0))", "np.maximum(p, 0.0)", "search"),
    Mutant("p without rest", potential, "_k_of", "1 - at.rest(q, c)", "1 - 0 * q * c", "search"),
    Mutant("omega without rest", potential, "_omega_of", "- at.rest(2 * omega, c)", "- 0 * c", "search"),
    Mutant("omega at its own q", potential, "_omega_of", "at.rest(2 * omega, c)", "at.rest(omega, c)", "search"),
    Mutant("xi inverted", potential, "_k_and_xi", "k, k / q", "k, q", "search"),
    Mutant("s of the search with one a", N, "setting", "/ (1 - m) ** 2", "/ (1 - m)", "search"),
    Mutant("no eps in the search", N, "setting", "at.eta * at.sigma**2", "0.0", "search"),
    Mutant("any C", Outside, "most", "how.momentum * (1 - how.momentum)", "1e6 * (1 - how.momentum)", "bounds"),
    Mutant("b* with one a", potential, "limit", "2 * (1 - m) * (1 - m)", "2 * (1 - m)", "closed"),
    Mutant("b* with one ap", potential, "limit", "2 * ap", "ap", "closed"),
    Mutant("closed C of Mb without a", S, "closed", "(self.s * (1 - self.m))", "self.s", "closed"),
    Mutant("closed C of M without ap", S, "closed", "self.ap * self.s)", "self.s)", "closed"),
    Mutant("no way from z to w", Inside, "apart", "1 + lipschitz", "1 + 0 * lipschitz", "bounds"),
    Mutant("one alpha", Inside, "apart", "* alpha * alpha", "* alpha", "bounds"),
    Mutant("Nesterov as far ahead", steps, "ahead", "(m * m if nesterov else m)", "m", "bounds"),
    Mutant("ahead without a", steps, "ahead", ") / (1 - m)", ")", "bounds"),
    Mutant("the clip sees z", Inside, "gradient", " * INTERVALS.sqrt(self.apart(how, at, found.c))", "", "bounds"),
    Mutant("no excess", Outside, "excess", "return how.momentum + ", "return ", "bounds"),
    Mutant("the start is the loss", Outside, "start", "sqrt(1 + lag)", "sqrt(1 + 0 * lag)", "bounds"),
    Mutant("a start without a", Outside, "start", "largest / a", "largest", "bounds"),
    Mutant("the clip sees no lag", Outside, "gradient", "m * m / c + ", "", "bounds"),
    Mutant("the clip sees the gradient", Outside, "gradient", "(at.lipschitz) / a", "(at.lipschitz)", "bounds"),
    Mutant("a clip from the loss", Outside, "gradient", "self.start(how, at, found.c)", "at.residual", "bounds"),
    Mutant("the longest step's factor", N, "factor", "low / a", "high / a", "bounds"),
    Mutant("omega twice", N, "factor", "1 - 2 *", "1 - 4 *", "bounds"),
    Mutant("a twice", N, "factor", "low / a", "low / (a * a)", "bounds"),
    Mutant("no omega", N, "factor", "interval(found.omega) * ", "", "bounds"),
    Mutant("S: the best end", AnySteps, "factor", "minimum(*ends)", "ends[1]", "bounds"),
    Mutant("S: the clip at half", AnySteps, "gradient", "interval(at.residual)", "interval(at.residual / 2)", "bounds"),
    Mutant("a factor too many", any_steps, "loss_at_end", "* known[f]", "* known[f] * known[f]", "product"),
    Mutant("the last factor alone", any_steps, "loss_at_end", "(product * known[f]).hi", "known[f].hi", "product"),
    Mutant("no floor", any_steps, "step_between", " * interval(floor)", "", "product"),
    Mutant("a floor of the longest", any_steps, "step_between", "(most)", "(most) * interval(floor)", "product"),
    Mutant("steps of eta", any_steps, "step_between", "interval(eta) * interval(most)", "interval(eta)", "product"),
    Mutant("later steps are the shortest", any_steps, "later_rate", "tail, 1.0)", "tail, tail)", "product"),
    Mutant("later steps are the longest", any_steps, "later_rate", "tail, 1.0)", "1.0, 1.0)", "product"),
    Mutant("a step before the end", any_steps, "horizon", "factors(steps)", "factors(steps - 1)", "product"),
    Mutant("steps that never end", any_steps, "horizon", "float(rule.schedule.least_from(steps))", "1.0", "product"),
]  # fmt: skip


(
    test_the_formulas_as_they_stand_pass,
    test_a_wrong_formula_is_noticed,
    test_mutants_have_names_of_their_own,
) = held_to(CHECKS, MUTANTS)
