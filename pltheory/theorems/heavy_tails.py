"""[ZM26]: SGD, delta-GClip and GClip under heavy-tailed noise and Hölder smoothness, as its abstract states it."""

from __future__ import annotations

from .stated import MOMENT, RATE, SMOOTH_EVERYWHERE, TAIL, StatedRate, steps_of

ZM26 = (
    "M. U. Zaman, A. Mukherjee, Convergence of Stochastic Gradient Methods under Heavy-Tailed Noise and Hölder "
    "Smoothness, 2026, arXiv:2609.12785, abstract"
)


def rate_exponent(rule: str, alpha: float, s: float) -> float:
    """The e of O(T^-e), by the abstract; of which quantity at which T it does not say.

    Args:
        rule: "gd", "delta-gclip" or "gclip".
        alpha: moment of the noise that is bounded, in (1, 2].
        s: Hölder exponent of the gradient, in (0, 1].

    Raises:
        ValueError: a number out of its range, or a rule and numbers of which nothing is stated: alpha < 1 + s but for
            "gclip".
    """
    if not (1 < alpha <= 2 and 0 < s <= 1):
        raise ValueError(f"alpha = {alpha!r}, s = {s!r}: allowed are (1, 2] and (0, 1]")
    heavy = alpha < 1 + s
    if heavy and rule == "gclip":
        return 2 * s * (alpha - 1) / ((alpha - 1) + s * (2 * alpha - 1))
    if heavy or rule not in ("gd", "delta-gclip", "gclip"):
        raise ValueError(f"rule = {rule!r} at alpha = {alpha!r}, s = {s!r}: nothing is stated")
    return s / (1 + s) if rule == "gd" else 2 * s * (alpha - 1) / ((1 + s) * (2 * alpha - 1))


class HeavyTails(StatedRate):
    """What the three have in common."""

    citation = ZM26
    orders = ("random",)


class OfSGD(HeavyTails):
    """Plain stochastic steps."""

    id = "ZM26-1"
    title = "SGD under heavy-tailed noise"
    hypotheses = (steps_of("gd"), SMOOTH_EVERYWHERE, MOMENT, TAIL, RATE)
    conclusion = "stationarity at rate O(T^(-s/(1+s)))"


class OfDeltaGClip(HeavyTails):
    """Clipped with a floor."""

    id = "ZM26-2"
    title = "delta-GClip under heavy-tailed noise"
    hypotheses = (steps_of("delta-gclip"), SMOOTH_EVERYWHERE, MOMENT, TAIL, RATE)
    conclusion = "stationarity at rate O(T^(-2s(alpha-1)/((1+s)(2 alpha-1))))"


class OfGClip(HeavyTails):
    """Clipped; the one that says something of alpha < 1 + s."""

    id = "ZM26-3"
    title = "GClip under heavy-tailed noise"
    hypotheses = (steps_of("gclip"), SMOOTH_EVERYWHERE, MOMENT, RATE)
    conclusion = (
        "stationarity at rate O(T^(-2s(alpha-1)/((1+s)(2 alpha-1)))) for alpha >= 1 + s, else "
        "O(T^(-2s(alpha-1)/((alpha-1)+s(2 alpha-1))))"
    )


THEOREMS = (OfSGD(), OfDeltaGClip(), OfGClip())
