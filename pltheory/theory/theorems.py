"""The registry of theorems: what each assumes, what it concludes, where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import InvalidInputError

LZB22 = (
    "C. Liu, L. Zhu, M. Belkin, Loss landscapes and optimization in over-parameterized non-linear systems and neural "
    "networks, ACHA 2022, arXiv:2003.00307"
)
TMSSR25 = (
    "M. Tucat, A. Mukherjee, P. Sen, M. Sun, O. Rivasplata, Regularized Gradient Clipping Provably Trains Wide and "
    "Deep Neural Networks, TMLR 2025, arXiv:2404.08624"
)
PROJECT = "this project's sharpening of TMSSR25, proved in its derivations"


@dataclass(frozen=True)
class Theorem:
    """A theorem as it is shown and looked up.

    Attributes:
        id: the name used in configurations.
        title: a few words.
        citation: where it comes from.
        hypotheses: each in a phrase, in the order in which they are checked.
        conclusion: what follows for the iterates.
    """

    id: str
    title: str
    citation: str
    hypotheses: tuple[str, ...]
    conclusion: str


SMOOTH = "smooth activation"
POSITIVE = "lambda_min(K(w_0)) > 0"
CLIPPED = "h_t in [eta delta, eta]"
PLAIN = "plain gradient descent, h_t = eta"
CHECKPOINT = "a checkpoint to start from"
WIDTH = "width = Omega~(n R^(6L+2) / (lambda_0 - mu)^2), constant not given"
STEP = "eta < 2/beta"
STEP_CLASSIC = "eta <= 1/beta"
STEP_LZB = "eta <= 1/(L_F^2 + beta_F ||r_0||)"
RADIUS_LZB = "R >= 2 L_F ||r_0|| / mu"
RADIUS_CLASSIC = "R > L_F sqrt(2 L_0) (1 + sqrt(1 - eta delta mu)) / (delta mu)"
RADIUS_SHARP = "R > sqrt(2 L_0 / mu) / (1 - beta eta / 2)"
RADIUS_TIGHT = "R > R*, mu <= beta"
INTEGRAL = "||r_0|| < (1 - beta eta / 2) int_0^R sig"
_COMMON = (SMOOTH, POSITIVE)
THEOREMS = {
    t.id: t
    for t in [
        Theorem(
            "LZB22-4",
            "wide networks are PL*",
            f"{LZB22}, Theorem 4",
            (*_COMMON, WIDTH),
            "the square loss is mu-PL* in B(w_0, R)",
        ),
        Theorem(
            "LZB22-6",
            "gradient descent under PL*",
            f"{LZB22}, Theorem 6",
            (*_COMMON, PLAIN, STEP_LZB, RADIUS_LZB),
            "L_t <= (1 - eta mu)^t L_0 and w_t converges to a zero of L in B(w_0, R)",
        ),
        Theorem(
            "TMSSR25",
            "delta-GClip, classical route",
            f"{TMSSR25}, constants made explicit",
            (*_COMMON, CLIPPED, STEP_CLASSIC, RADIUS_CLASSIC),
            "L_t <= (1 - eta delta mu)^t L_0 inside B(w_0, R)",
        ),
        Theorem(
            "A",
            "sharp radius, free of delta and gamma",
            PROJECT,
            (*_COMMON, CLIPPED, STEP, RADIUS_SHARP),
            "L_t <= q^t L_0, path length at most R, w_t converges to a zero of L",
        ),
        Theorem(
            "A'",
            "tight radius",
            PROJECT,
            (*_COMMON, CLIPPED, STEP, RADIUS_TIGHT),
            "as Theorem A, with path length at most R*",
        ),
        Theorem(
            "B",
            "integrated PL* along the path",
            PROJECT,
            (*_COMMON, CLIPPED, STEP, INTEGRAL),
            "L_t <= q^t L_0 with mu = sig(rho)^2, path length at most rho, w_t converges to a zero of L",
        ),
        Theorem(
            "C",
            "Theorem B from a checkpoint",
            PROJECT,
            (CHECKPOINT, *_COMMON, CLIPPED, STEP, INTEGRAL),
            "as Theorem B: the checkpoint lies in the basin of a global minimum",
        ),
        Theorem(
            "B+",
            "per-neuron regions and the residual's own direction",
            PROJECT,
            (
                "one hidden layer, one output, smooth activation",
                POSITIVE,
                CLIPPED,
                STEP,
                "self-consistency (SC1), (SC2), (SC3) in every phase",
            ),
            "L_t <= q^t L_0, lambda_min(K(w_t)) >= mu along the run, w_t converges to a zero of L",
        ),
        Theorem(
            "D",
            "verified trajectory from the initialisation",
            PROJECT,
            (
                SMOOTH,
                "lambda_min(K(w_T)) > 0",
                "the error recursion closes over T steps",
                "Theorem C at w_T from every start in B(w_T, eps_T)",
            ),
            "exact iterates from w_0 stay within eps_t of the computed ones for t <= T and converge to a zero of L "
            "at rate q from then on",
        ),
    ]
}


def theorem(name: str) -> Theorem:
    """The theorem of that id.

    Raises:
        InvalidInputError: no such theorem is registered.
    """
    try:
        return THEOREMS[name]
    except KeyError:
        raise InvalidInputError(f"theorem = {name!r}: allowed are {', '.join(THEOREMS)}, all") from None
